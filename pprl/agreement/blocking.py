"""What a blocking key can be made of.

A pass names a *blocking key*: one or more parts, each derived by the institution from one student.
A part with several values (a student with two surnames has two last parts) multiplies the key; a
key with a missing part is no key, and the student emits nothing there.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_LETTERS = 8


@dataclass(frozen=True)
class Source:
    """Where a part's value comes from.

    Attributes:
        fields: the roster fields that it is made from.
        fixes: the segment that says nothing further once two students agree on the whole part.
        letters: whether `:N` (first N letters) and `:soundex` may follow.
        welcome: roster fields that it is made from as well, if they are declared.
    """

    fields: tuple[str, ...]
    fixes: str | None = None
    letters: bool = False
    welcome: tuple[str, ...] = ()


SOURCES = {
    "birth_date": Source(("birth_date",), fixes="birth_date"),
    "birth_month_day_sorted": Source(("birth_date",)),
    "birth_year_month": Source(("birth_date",)),
    "birth_year_day": Source(("birth_date",)),
    "first_name": Source(("first_name",), fixes="canonical_first_name", letters=True),
    "last_part": Source(("last_name",), letters=True),
    "name_part": Source(("first_name", "last_name"), letters=True, welcome=("middle_name",)),
    "first_last_pair": Source(("first_name", "last_name"), letters=True),
    "name_pair": Source(("first_name", "last_name"), letters=True, welcome=("middle_name",)),
    "middle_initial": Source(("middle_name",)),
    "sex": Source(("sex",), fixes="sex"),
    "zip": Source(("zip",), fixes="zip"),
    "state_id": Source(("state_id",), fixes="state_id"),
}
"""The parts by name. `first_name` is the canonical first name; `last_part` is any part of the last
name; `name_part` is any part of the first, middle (initials apart) or last name; `first_last_pair`
is the first name and a part of the last, in either order; `name_pair` is any two different name
parts, in either order."""


@dataclass(frozen=True)
class BlockingPart:
    """One part of a blocking key.

    Attributes:
        source: a key of `SOURCES`.
        transform: "" (the whole value), "soundex", or the number of letters as text.
    """

    source: str
    transform: str = ""

    @classmethod
    def parse(cls, text: str) -> BlockingPart:
        """Read `birth_date`, `first_name:3` or `last_part:soundex`.

        Raises:
            ValueError: the source or the transform is unknown; the message says which are known.
        """
        name, _, transform = text.partition(":")
        if name not in SOURCES:
            raise ValueError(f"{name!r} is no part of a blocking key; known: {', '.join(SOURCES)}")
        lettered = transform.isascii() and transform.isdigit()
        if transform and not SOURCES[name].letters:
            raise ValueError(f"{name!r} takes no transform; write it without {':' + transform!r}")
        if lettered and not 1 <= int(transform) <= MOST_LETTERS:
            raise ValueError(f"{text!r}: letters go from 1 to {MOST_LETTERS}")
        if transform not in ("", "soundex") and not lettered:
            raise ValueError(f"{text!r}: a name may be followed by :soundex or a number of letters")
        return cls(name, str(int(transform)) if lettered else transform)

    def __str__(self) -> str:
        """The text that `parse` reads."""
        return f"{self.source}:{self.transform}" if self.transform else self.source

    @property
    def fields(self) -> tuple[str, ...]:
        """The roster fields that the part is made from."""
        return SOURCES[self.source].fields

    @property
    def welcome(self) -> tuple[str, ...]:
        """The roster fields that it is made from as well, if they are declared."""
        return SOURCES[self.source].welcome

    @property
    def fixes(self) -> str | None:
        """The segment on which two students of one block must agree, if there is one."""
        return None if self.transform else SOURCES[self.source].fixes
