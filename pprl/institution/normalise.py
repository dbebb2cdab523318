"""Bring what two institutions write of one student to one form, before anything is derived from it.

Each rule is a pure function of one cell and runs once per distinct value, so the result does not
depend on row order. Every rule is idempotent. The rules are frozen under the name that
`pprl.agreement.linkage.NORMALISER` gives them: institutions that normalise differently find
different tokens, so a changed rule is a new name.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.institution.columns import Texts, text_column
from pprl.institution.dates import PLACEHOLDERS, is_birth_date
from pprl.institution.students import STUDENT_COLUMNS

SUFFIXES = {name: name for name in ("jr", "sr", "ii", "iii", "iv")} | {"2nd": "ii", "3rd": "iii"}
"""Generation suffixes that may stand at the end of a name. "v" and "i" are initials too often."""
SURNAME_PARTICLES = frozenset(
    {
        *("de", "del", "dela", "della", "la", "las", "le", "los", "el", "da", "das", "di", "dos"),
        *("du", "van", "vander", "von", "der", "den", "ter", "mc", "mac", "st", "o", "al", "bin"),
        *("ibn", "abu"),
    }
)
"""Joined to the word that follows. Not "do", which is more often the surname Do."""

GIVEN_NAME_PARTICLES = frozenset({"de", "del", "la", "las", "los", "da", "dos", "mc"})
"""Fewer than for surnames: in "Van Anh", "Le My" or "Al Amin" the first word is a name."""

PLACEHOLDER_NAMES = frozenset(
    {
        *("unknown", "unk", "test", "student", "none", "n a", "fnu", "lnu", "nfn", "nln", "nmn"),
        *("nmi", "no name", "no first name", "no middle name", "no last name", "none given"),
        *("not applicable", "not available", "not provided", "baby boy", "baby girl"),
    }
)
"""Whole names that stand for "not known". "Na" and "Nan" are people's names and stay; so does a
surname written "Null" or "null", while "NULL" and "NaN" are what databases and pandas write."""

_APOSTROPHES = re.compile("['`´‘’‚‛′‵ʹʻʼʽʾʿˈꞋꞌ＇]")
_NICKNAME = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\"[^\"]*\"|“[^“”]*”|(?<!\w)['‘][^'‘’]*['’](?!\w)")
_INITIAL_DOT = re.compile(r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)")
_LATIN = str.maketrans(
    {
        **{"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"},
        **{"ħ": "h", "ı": "i", "ŋ": "ng", "ŧ": "t", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y"},
        **{"ə": "a", "ǝ": "e", "ɛ": "e", "ɔ": "o", "ɖ": "d", "ƒ": "f", "ɨ": "i", "ʉ": "u"},
    }
)
_SEXES = {
    **{"m": "m", "male": "m", "boy": "m", "f": "f", "female": "f", "girl": "f"},
    **{"x": "x", "nonbinary": "x", "nb": "x"},
}


@dataclass(frozen=True, eq=False, repr=False)
class NormalisedStudents:
    """Rows in normal form, in the order they were given. All arrays have length n.

    Attributes:
        local_id: `object[n]`, stripped and otherwise as given.
        first: `object[n]`, parts a-z joined by one space.
        middle: `object[n]`, like `first`; an initial is one letter.
        last: `object[n]`, like `first`, particles joined to the part they precede.
        suffix: `object[n]`, jr, sr, ii, iii, iv or "".
        birth: `int32[n, 3]`, year, month, day; 0, 0, 0 for missing.
        sex: `object[n]`, m, f, x or "".
        zip: `object[n]`, five digits in the US, else upper case without spaces.
        state_id: `object[n]`, upper-case letters and digits, leading zeros kept.
        row: `int64[n]`, where the row stands in its file, for messages.
    """

    local_id: Texts
    first: Texts
    middle: Texts
    last: Texts
    suffix: Texts
    birth: npt.NDArray[np.int32]
    sex: Texts
    zip: Texts
    state_id: Texts
    row: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.local_id)

    def __repr__(self) -> str:
        """Tell the number of rows, never what they hold."""
        return f"<NormalisedStudents: {len(self)} rows>"

    @property
    def born(self) -> npt.NDArray[np.int64]:
        """`int64[n]`: each birth date as one number, YYYYMMDD; 0 for missing."""
        year, month, day = self.birth.T.astype(np.int64)
        born: npt.NDArray[np.int64] = year * 10000 + month * 100 + day
        return born

    def take(self, rows: npt.NDArray[np.int64]) -> NormalisedStudents:
        """The rows `int64[k]`, in their order."""
        return NormalisedStudents(
            **{f.name: getattr(self, f.name)[rows] for f in dataclasses.fields(self)}
        )


def normalise(students: pd.DataFrame, *, country: str = "US") -> NormalisedStudents:
    """Normalise the columns of `read_students`.

    Args:
        students: at least local_id, first_name and last_name; an absent column, None and NaN are
            missing values. An index named `row` tells where each row stands in its file.
        country: ISO 3166 code that decides how postal codes are read.

    Raises:
        UsageError: a needed column is absent, or a column holds something other than text.
    """
    n = len(students)
    text = {name: text_column(students, name) for name in STUDENT_COLUMNS}
    last, last_suffix = _names(text["last_name"], _last_name)
    first, first_suffix = _names(text["first_name"], _given_name)
    middle, middle_suffix = _names(text["middle_name"], _given_name)
    suffix = per_distinct(text["suffix"], _suffix)
    for found in (last_suffix, first_suffix, middle_suffix):
        suffix = np.where(suffix == "", found, suffix)
    codes, dates = distinct(text["birth_date"])
    birth = np.array([_birth(date) for date in dates], dtype=np.int32).reshape(-1, 3)[codes]
    row = students.index if students.index.name == "row" else pd.RangeIndex(2, n + 2)
    return NormalisedStudents(
        local_id=per_distinct(text["local_id"], str.strip),
        first=first,
        middle=middle,
        last=last,
        suffix=suffix,
        birth=birth,
        sex=per_distinct(text["sex"], _sex),
        zip=per_distinct(text["zip"], _zip_us if country == "US" else _alphanumeric),
        state_id=per_distinct(text["state_id"], _alphanumeric),
        row=np.asarray(row, dtype=np.int64),
    )


def per_distinct(values: Texts, function: Callable[[str], str]) -> Texts:
    """`object[n]`: `function` of each value, called once per distinct value."""
    codes, uniques = distinct(values)
    mapped = np.empty(len(uniques), dtype=object)
    mapped[:] = [function(value) for value in uniques]
    return mapped[codes]


def distinct(values: Texts) -> tuple[npt.NDArray[np.int64], Texts]:
    """Codes `int64[n]` and distinct values `object[k]` in order of first appearance."""
    codes, uniques = pd.factorize(values)
    return codes.astype(np.int64), np.asarray(uniques, dtype=object)


def _names(values: Texts, rule: Callable[[str], tuple[str, str]]) -> tuple[Texts, Texts]:
    """Names and the suffixes taken out of them, each `object[n]`."""
    codes, uniques = distinct(values)
    pairs = np.array([rule(value) for value in uniques], dtype=object).reshape(-1, 2)
    return pairs[codes, 0], pairs[codes, 1]


def _last_name(raw: str) -> tuple[str, str]:
    """Last name and the suffix at its end."""
    return ("", "") if raw.strip() == "NULL" else _name(raw, SURNAME_PARTICLES)


def _given_name(raw: str) -> tuple[str, str]:
    """First or middle name without a nickname in brackets or quotes, and the suffix at its end."""
    bare = _NICKNAME.sub(" ", raw)
    name, suffix = _name(bare if bare.strip() else raw, GIVEN_NAME_PARTICLES)
    return "" if name == "null" else name, suffix


def _name(raw: str, particles: frozenset[str]) -> tuple[str, str]:
    """Parts of a name joined by single spaces, and the generation suffix at its end."""
    if raw.strip() == "NaN":
        return "", ""
    parts = _words(raw)
    suffix = ""
    while len(parts) > 1 and parts[-1] in SUFFIXES:
        suffix = SUFFIXES[parts.pop()]
    parts = _only_letters(parts)
    while len(parts) > 1 and parts[-1] in SUFFIXES:
        suffix = SUFFIXES[parts.pop()]
    parts = _join_particles(parts, particles)
    name = " ".join(parts)
    if name in PLACEHOLDER_NAMES or re.fullmatch("x{2,}", name):
        return "", suffix
    return name, suffix


def _words(raw: str) -> list[str]:
    """Words of a name in plain lower case, digits still in them."""
    if raw.isascii() and raw.replace(" ", "").isalnum():  # nothing that the rules below are about
        return raw.lower().split()
    text = _INITIAL_DOT.sub("", _APOSTROPHES.sub("", raw))
    return "".join(c if c.isalnum() else " " if _divides(c) else "" for c in _plain(text)).split()


def _plain(text: str) -> str:
    """Case folded, decomposed for compatibility, without marks, Latin letters brought to a-z.

    Folding can yield what decomposes and the reverse, hence twice.
    """
    if text.isascii():
        return text.lower()
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(c for c in text if not unicodedata.category(c).startswith("M"))
        text = text.translate(_LATIN)
    return _APOSTROPHES.sub("", text)


def _divides(character: str) -> bool:
    """Whether a character that is no letter parts two words, as a hyphen, slash or dot does."""
    return character.isspace() or unicodedata.category(character)[0] in "PZ"


def _only_letters(words: list[str]) -> list[str]:
    """Words reduced to a-z; if that leaves nothing, to the letters of whatever script."""
    if all(word.isascii() and word.isalpha() for word in words):
        return words
    latin = [re.sub("[^a-z]", "", word) for word in words]
    if any(latin):
        return [word for word in latin if word]
    letters = ("".join(c for c in word if c.isalpha()) for word in words)
    return [word for word in letters if word]


def _join_particles(parts: list[str], particles: frozenset[str]) -> list[str]:
    """Join each particle to the part after it, until no particle has one: de la cruz, delacruz."""
    if particles.isdisjoint(parts):
        return parts
    joined: list[str] = []
    for part in reversed(parts):
        if joined and part in particles:
            joined[-1] = part + joined[-1]
        else:
            joined.append(part)
    joined.reverse()
    return joined if len(joined) == len(parts) else _join_particles(joined, particles)


def _suffix(raw: str) -> str:
    """The suffix column's generation suffix, if it is one."""
    return (SUFFIXES | {"junior": "jr", "senior": "sr"}).get("".join(_words(raw)), "")


def _birth(iso: str) -> tuple[int, int, int]:
    """Year, month, day; zeros unless a possible date that is no placeholder."""
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", iso) or iso in PLACEHOLDERS:
        return 0, 0, 0
    year, month, day = (int(part) for part in iso.split("-"))
    return (year, month, day) if is_birth_date(year, month, day) else (0, 0, 0)


def _sex(raw: str) -> str:
    """M, f or x. Digits are not read: systems disagree on which sex is 1."""
    return _SEXES.get("".join(_words(raw)), "")


def _alphanumeric(raw: str) -> str:
    """Letters and digits in upper case, all else dropped."""
    if raw.isascii():
        upper = raw.upper()
        return upper if upper.isalnum() else "".join(c for c in upper if c.isalnum())
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", raw).upper())
    return "".join(c for c in text if c.isalnum())


def _zip_us(raw: str) -> str:
    """Five digits of a ZIP or ZIP+4, leading zeros that a spreadsheet dropped put back."""
    text = re.sub(r"\.0+$", "", unicodedata.normalize("NFKC", raw).strip())
    if match := re.fullmatch(r"([0-9]{5})(?:[^0-9A-Za-z].*)?", text):
        digits = match[1]
    elif re.search("[A-Za-z]", text):
        return ""
    else:
        digits = re.sub("[^0-9]", "", text)
        if len(digits) not in (3, 4, 5, 8, 9):
            return ""
        digits = digits.zfill(9 if len(digits) > 5 else 5)[:5]
    return "" if digits in ("00000", "99999") else digits
