"""Reading a table so that every fault in it is told at once, each with its place and way out."""

from __future__ import annotations

import datetime
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pprl.errors import AgreementError


class Table:
    """One table of a TOML document, read key by key.

    A fault is kept, a stand-in of the right type is returned, and reading goes on; `finish` tells
    the keys that nobody asked for. The list of faults is shared by all tables of a document.
    """

    def __init__(self, content: Mapping[str, Any], place: str, faults: list[str]) -> None:
        """Read `content`, which stands at `place` ("[agreement]", "party 2") of its document."""
        self._content = content
        self._asked: set[str] = set()
        self.place = place
        self.faults = faults

    def __iter__(self) -> Iterator[str]:
        """The keys that are there."""
        return iter(self._content)

    def fault(self, key: str, message: str) -> None:
        """Keep a fault of `key`; the message says what is wrong and what would be right."""
        told = f"{self.place} {key}: {message}".lstrip()
        # A manifest's keys are a stranger's: they must not write to anybody's terminal.
        self.faults.append("".join(c if c.isprintable() else ascii(c)[1:-1] for c in told))

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        self._asked.add(key)
        return key in self._content

    def text(self, key: str, default: str | None = None, choices: Sequence[str] = ()) -> str:
        """A non-empty string; the default makes it optional; `choices` bounds it."""
        value = self._get(key, str, "a text in quotes", default)
        if choices and isinstance(value, str) and value not in choices:
            self.fault(key, f"{value!r} is not known; one of: {', '.join(choices)}")
        elif value == "" and default is None:
            self.fault(key, "is empty; write a text in quotes")
        return str(value or "")

    def whole(self, key: str, default: int | None = None, least: int = 0) -> int:
        """A whole number of at least `least`."""
        value = self._get(key, int, "a whole number", default)
        if isinstance(value, int) and value < least:
            self.fault(key, f"{value} is too small; at least {least}")
        return int(value or 0)

    def number(self, key: str, default: float | None = None, *, above: float) -> float:
        """A finite number greater than `above`."""
        value = self._get(key, (int, float), "a number", default)
        # A whole number may lie beyond all floats, but compares with them.
        if isinstance(value, (int, float)) and not above < value <= sys.float_info.max:
            self.fault(key, f"{value} is out of range; greater than {above:g}")
            return 0.0
        return float(value or 0)

    def flag(self, key: str, default: bool) -> bool:
        """`true` or `false`."""
        return bool(self._get(key, bool, "true or false", default))

    def date(self, key: str) -> datetime.date | None:
        """An optional date, written without quotes."""
        value = self._get(key, datetime.date, "a date without quotes (2026-07-01)", "")
        return value if isinstance(value, datetime.date) else None

    def texts(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of strings."""
        value = self._get(key, list, 'a list of texts (["a", "b"])', default)
        items = value if isinstance(value, (list, tuple)) else ()
        if not all(isinstance(item, str) for item in items):
            self.fault(key, 'holds something else than texts; write ["a", "b"]')
        return tuple(str(item) for item in items)

    def anything(self, key: str) -> object:
        """Whatever stands there; None if nothing does."""
        self._asked.add(key)
        return self._content.get(key)

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        value = self._get(key, list, "a list of whole numbers ([16, 9])", None)
        items = value if isinstance(value, list) else []
        if not all(isinstance(item, int) and not isinstance(item, bool) for item in items):
            self.fault(key, "holds something else than whole numbers; write [16, 9]")
            return ()
        return tuple(items)

    def table(self, key: str, required: bool = True) -> Table:
        """A table inside this one; an empty one stands in where it is missing."""
        value = self._get(key, dict, f"a table [{key}]", None if required else {})
        return Table(value if isinstance(value, dict) else {}, f"[{key}]", self.faults)

    def tables(self, key: str, name: str) -> list[Table]:
        """An array of tables, each called "`name` 1", "`name` 2", ... in faults."""
        value = self._get(key, list, f"one or more tables [[{key}]]", None)
        items = value if isinstance(value, list) else []
        if not all(isinstance(item, dict) for item in items):
            self.fault(key, f"holds something else than tables; write [[{key}]]")
            return []
        return [Table(v, f"{name} {n}", self.faults) for n, v in enumerate(items, 1)]

    def finish(self) -> None:
        """Tell the keys that are there but mean nothing (a misspelt key is a silent default)."""
        for key in sorted(self._content.keys() - self._asked):
            self.fault(key, f"is not known here; known: {', '.join(sorted(self._asked))}")

    def _get(self, key: str, kind: type | tuple[type, ...], form: str, default: Any) -> Any:
        """The value if it is of the kind; otherwise a fault, or the default where it is missing."""
        self._asked.add(key)
        if key not in self._content:
            if default is None:
                self.fault(key, f"is missing; write {form}")
            return default
        value = self._content[key]
        surprising = isinstance(value, bool) and kind is not bool
        if surprising or not isinstance(value, kind) or isinstance(value, datetime.datetime):
            self.fault(key, f"must be {form}")
            return default
        return value


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file.

    Raises:
        AgreementError: the file is missing, unreadable, not UTF-8 or not TOML.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise AgreementError(f"{path}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise AgreementError(f"{path}: is not UTF-8; save it as UTF-8 text.") from None
    return parse_toml(text, str(path))


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """Parse TOML.

    Raises:
        AgreementError: it is not TOML; the message names the source.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise AgreementError(f"{source}: is nested too deeply.") from None
    except ValueError as error:
        raise AgreementError(f"{source}: is not TOML: {error}.") from None


def refuse(faults: Sequence[str], source: str) -> None:
    """Raise one AgreementError that lists all faults, if there are any."""
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        listed = "".join(f"\n  {fault}" for fault in faults)
        raise AgreementError(f"{source}: {count}:{listed}", faults)
