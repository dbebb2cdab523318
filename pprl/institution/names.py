"""What blocking keys take from a first or last name: canonical form, sound, parts.

`nicknames-1.csv` maps each nickname to one canonical name. It is reduced from the many-to-many
table of the `nicknames` package 1.0.1 (Carlton Northern and Nick Crews, Apache-2.0) and frozen:
institutions with different tables would block differently.
"""

from __future__ import annotations

import csv
import functools
from importlib import resources

import jellyfish
import numpy as np
import numpy.typing as npt

from pprl.agreement.linkage import NICKNAMES
from pprl.institution.columns import Texts
from pprl.institution.normalise import distinct, per_distinct


def canonical_first_name(first: Texts) -> Texts:
    """`object[n]`: the first part of each first name, a nickname replaced by its canonical name.

    Idempotent; "" stays "".
    """
    return per_distinct(first, lambda name: canonical_word(name.partition(" ")[0]))


def canonical_word(word: str) -> str:
    """The canonical form of one part of a name: a nickname's full name, or the part itself."""
    return _nicknames().get(word, word)


def soundex(names: Texts) -> Texts:
    """`object[n]`: American Soundex (as jellyfish has it) of each single-part name; "" stays ""."""
    return per_distinct(names, jellyfish.soundex)


def name_parts(names: Texts) -> tuple[npt.NDArray[np.int64], Texts]:
    """Distinct parts of each name, in order of appearance, as compressed sparse rows.

    Returns:
        `indptr`, `int64[n + 1]`, and `parts`, `object[indptr[-1]]`: those of name i are
        `parts[indptr[i]:indptr[i + 1]]`.
    """
    codes, uniques = distinct(names)
    split = [list(dict.fromkeys(name.split())) for name in uniques]
    flat = np.array([part for parts in split for part in parts], dtype=object)
    lengths = np.array([len(parts) for parts in split], dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    indptr = np.zeros(len(codes) + 1, dtype=np.int64)
    np.cumsum(lengths[codes], out=indptr[1:])
    within = np.arange(indptr[-1]) - np.repeat(indptr[:-1], lengths[codes])
    return indptr, flat[np.repeat(starts[codes], lengths[codes]) + within]


@functools.cache
def _nicknames() -> dict[str, str]:
    """Nickname -> canonical name, as shipped."""
    table = resources.files("pprl.institution").joinpath(f"{NICKNAMES}.csv")
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    return {row["nickname"]: row["canonical"] for row in rows}
