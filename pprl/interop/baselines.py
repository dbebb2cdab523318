"""Exact keys of hashed fields, as some registries use them: to compare with, never to use.

A hash of a few letters and a birth date is a number that whoever knows the name can find by trying
all dates: some 22,000 for sixty years, a fraction of a second. What is hashed without a key anybody
can try; with a key, whoever holds it. And one slip of the pen makes another key. `BaselineKeys`
therefore has no way into a file or a submission: it can be compared, measured and broken.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import jellyfish
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.errors import UsageError

_DAY = timedelta(days=1)


@dataclass(frozen=True, eq=False)
class BaselineKeys:
    """Keys of some records by a method that does not protect them.

    Attributes:
        method: which.
        rounds: for each round of matching, most exact first, the key of each record as an object
            array of bytes; None where a field is missing.
    """

    method: str
    rounds: tuple[NDArray[np.object_], ...]

    def __len__(self) -> int:
        """How many records."""
        return len(self.rounds[0])

    def __repr__(self) -> str:
        """Counts only."""
        return f"<{self.method} baseline of {len(self):,} records; not an encoding to use>"

    def pairs(self, other: BaselineKeys) -> pd.DataFrame:
        """Pairs of records that have a key of any round in common: `i, j, round`, the earliest.

        Raises:
            UsageError: the methods differ.
        """
        if (self.method, len(self.rounds)) != (other.method, len(other.rounds)):
            raise UsageError("keys of different methods cannot be compared.")
        found = []
        for place, (mine, theirs) in enumerate(zip(self.rounds, other.rounds, strict=True)):
            sides = [
                pd.DataFrame({"key": keys, name: np.arange(len(keys))}).dropna()
                for keys, name in ((mine, "i"), (theirs, "j"))
            ]
            found.append(sides[0].merge(sides[1], on="key")[["i", "j"]].assign(round=place))
        pairs = pd.concat(found, ignore_index=True)
        return pairs.drop_duplicates(["i", "j"], ignore_index=True)


def cal_pass_keys(students: pd.DataFrame) -> BaselineKeys:
    """Inter-segment keys after Cal-PASS Plus: SHA-512 of letters and a date, without any key.

    The text is the first three letters of first and last name, the first of the sex, in capitals,
    and the birth date as YYYYMMDD, in UTF-16LE. (Implementations differ where a name is shorter
    than three letters; here it is taken as it is.)

    Args:
        students: `first_name, last_name, sex, birth_date` (YYYY-MM-DD), "" for missing.

    Raises:
        UsageError: a column is missing.
    """
    columns = _columns(students, ("first_name", "last_name", "sex", "birth_date"))
    keys = [_cal_pass(*values) if all(values) else None for values in zip(*columns, strict=True)]
    return BaselineKeys("Cal-PASS Plus", (_objects(keys),))


def birth_date_of(
    key: bytes, first_name: str, last_name: str, sex: str, years: range = range(1950, 2010)
) -> date | None:
    """Find the birth date in the Cal-PASS key of somebody whose name is known, by trying all dates.

    Args:
        key: the key, 64 bytes.
        first_name: the person's.
        last_name: the person's.
        sex: the person's.
        years: the years of birth to try.
    """
    day, last = date(years[0], 1, 1), date(years[-1], 12, 31)
    while day <= last:
        if _cal_pass(first_name, last_name, sex, day.isoformat()) == key:
            return day
        day += _DAY
    return None


def hashed_linkage_keys(students: pd.DataFrame, secret: bytes) -> BaselineKeys:
    """Rounds of exact keys after the California Policy Lab's hashed linkage, without its SSNs.

    Its published rounds all demand the whole Social Security number, which schools seldom have.
    These are made of its derived fields: both names and the birth date; then one name and the
    date with the Soundex code, or the first four letters, of the other; then both Soundex codes
    and the date.

    Args:
        students: `first_name, last_name, birth_date`, "" for missing.
        secret: the partners' salt, here the key of an HMAC-SHA-256.

    Raises:
        UsageError: a column is missing.
    """
    first, last, born = _columns(students, ("first_name", "last_name", "birth_date"))
    first, last = _letters(first), _letters(last)
    rounds: list[tuple[Sequence[str], Sequence[str]]] = [
        (first, last),
        (first, _each(jellyfish.soundex, last)),
        (_each(jellyfish.soundex, first), last),
        (first, _each(lambda name: name[:4], last)),
        (_each(lambda name: name[:4], first), last),
        (_each(jellyfish.soundex, first), _each(jellyfish.soundex, last)),
    ]
    keys = tuple(
        _objects(
            [
                hmac.digest(secret, "\x1f".join(values).encode(), "sha256") if all(values) else None
                for values in zip(a, b, born, strict=True)
            ]
        )
        for a, b in rounds
    )
    return BaselineKeys("hashed linkage", keys)


def _cal_pass(first_name: str, last_name: str, sex: str, birth_date: str) -> bytes:
    """The key of one record."""
    letters = f"{first_name[:3]}{last_name[:3]}{sex[:1]}".upper()
    text = f"{letters}{birth_date.replace('-', '')}"
    return hashlib.sha512(text.encode("utf-16-le")).digest()


def _columns(students: pd.DataFrame, names: tuple[str, ...]) -> list[list[str]]:
    """Columns as text."""
    missing = [name for name in names if name not in students.columns]
    if missing:
        raise UsageError(f"the students lack the columns {', '.join(missing)}.")
    return [students[name].fillna("").astype(str).tolist() for name in names]


def _letters(names: Sequence[str]) -> list[str]:
    """Names in small letters a to z only; accents are taken off."""
    plain = [unicodedata.normalize("NFKD", name.lower()) for name in names]
    return ["".join(filter(_is_letter, name)) for name in plain]


def _is_letter(character: str) -> bool:
    """Whether a character is one of a to z."""
    return "a" <= character <= "z"


def _each(derive: Callable[[str], str], names: Sequence[str]) -> list[str]:
    """A derived field of each name; "" of none."""
    derived = {name: derive(name) if name else "" for name in set(names)}
    return [derived[name] for name in names]


def _objects(keys: list[bytes | None]) -> NDArray[Any]:
    """Keys as an object array, whatever their number."""
    made = np.empty(len(keys), object)
    made[:] = keys
    return made
