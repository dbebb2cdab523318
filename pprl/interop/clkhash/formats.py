"""What the values of a feature must look like, and the text of them that is hashed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

_ISO = re.compile("[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}")


class Format(Protocol):
    """The form of a feature's values."""

    @property
    def takes_all(self) -> bool:
        """Whether every value conforms and is hashed as it is."""
        ...

    def hashed(self, value: str, *, validate: bool) -> str:
        """The text that stands for the value, alike for all ways of writing it.

        Raises:
            ValueError: the value does not conform, if `validate`; or cannot be rewritten. The
                message does not hold it.
        """
        ...


@dataclass(frozen=True)
class Text:
    """A string.

    Attributes:
        pattern: what the whole of it must match, or None.
        case: "upper", "lower" or "mixed".
        shortest: fewest characters.
        longest: most characters, or None.
    """

    pattern: re.Pattern[str] | None = None
    case: str = "mixed"
    shortest: float = 0
    longest: float | None = None

    @property
    def takes_all(self) -> bool:
        """As `Format.takes_all`."""
        return self == Text()

    def hashed(self, value: str, *, validate: bool) -> str:
        """The value itself."""
        if not validate:
            return value
        if self.pattern is not None and not self.pattern.fullmatch(value):
            raise ValueError("does not match the pattern")
        if len(value) < self.shortest:
            raise ValueError(f"has fewer than {self.shortest:g} characters")
        if self.longest is not None and len(value) > self.longest:
            raise ValueError(f"has more than {self.longest:g} characters")
        if self.case == "upper" and value != value.upper():
            raise ValueError("is not upper case")
        if self.case == "lower" and value != value.lower():
            raise ValueError("is not lower case")
        return value


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds, either of which may be None."""

    least: float | None = None
    most: float | None = None

    takes_all = False

    def hashed(self, value: str, *, validate: bool) -> str:
        """The number without spaces, plus sign or leading zeros."""
        try:
            number = int(value)
        except ValueError:
            raise ValueError("is not a whole number") from None
        if validate and self.least is not None and number < self.least:
            raise ValueError(f"is below {self.least}")
        if validate and self.most is not None and number > self.most:
            raise ValueError(f"is above {self.most}")
        return str(number)


@dataclass(frozen=True)
class Date:
    """A date as `strptime` reads it."""

    format: str

    takes_all = False

    def hashed(self, value: str, *, validate: bool) -> str:
        """Year, month and day, digits only."""
        try:
            if self.format == "%Y-%m-%d" and _ISO.fullmatch(value):
                # A quarter of the time; strftime does not pad years below 1000.
                date.fromisoformat(value)
                return value.replace("-", "")
            return datetime.strptime(value, self.format).strftime("%Y%m%d")
        except ValueError:
            raise ValueError(f"is not a date of the form {self.format}") from None


@dataclass(frozen=True)
class Choice:
    """One of a few strings."""

    values: frozenset[str]

    takes_all = False

    def hashed(self, value: str, *, validate: bool) -> str:
        """The value itself."""
        if validate and value not in self.values:
            raise ValueError("is not one of the values listed in the schema")
        return value


def value_format(table: Mapping[str, Any]) -> Format:
    """Make the format that a checked version 3 schema describes.

    Raises:
        ValueError: a pattern is no regular expression, or a date format has a directive that
            `strptime` does not know.
    """
    kind = table["type"]
    if kind == "integer":
        return Whole(table.get("minimum"), table.get("maximum"))
    if kind == "enum":
        return Choice(frozenset(table["values"]))
    if kind == "date":
        try:
            datetime.strptime("", table["format"])
        except (ValueError, re.error) as error:
            if "does not match format" not in str(error):
                raise ValueError("format is none that strptime can read") from None
        return Date(table["format"])
    if "pattern" not in table:
        longest = table.get("maxLength")
        return Text(None, table.get("case", "mixed"), table.get("minLength") or 0, longest)
    try:
        return Text(re.compile(table["pattern"]))
    except (re.error, RecursionError, OverflowError):
        raise ValueError("pattern is no regular expression that Python can read") from None
