"""The filters that are compared: random ones, and classical encodings of synthetic students."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.synthetic import population

Words = NDArray[np.uint64]

BITS = 1024
BITS_A_TOKEN = 10
DENSITY = 0.4


def random_filters(rows: int, seed: int) -> tuple[Words, Words]:
    """Two files of random filters at the density of a CLK; half of the second are spoilt copies.

    A copy has up to an eighth of its bits turned over, so that Dice lies between 0.7 and 1.
    """
    rng = np.random.default_rng(seed)
    a, b = (_random(rows, DENSITY, rng) for _ in range(2))
    copied = rows // 2
    b[:copied] = a[rng.permutation(rows)[:copied]]
    b[:copied] ^= _random(copied, rng.uniform(0, 0.125, (copied, 1)), rng)
    return a, b


def _random(rows: int, density: float | NDArray[np.float64], rng: np.random.Generator) -> Words:
    """Filters each bit of which is set independently."""
    parts = []
    for start in range(0, rows, 1 << 14):
        part = slice(start, min(start + (1 << 14), rows))
        wanted = density if isinstance(density, float) else density[part]
        drawn = rng.random((part.stop - part.start, BITS), np.float32) < wanted
        parts.append(np.packbits(drawn, axis=1).view(np.uint64))
    return np.concatenate(parts)


def student_rosters(rows: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Students of districts and of colleges, `rows` of each; some nine in sixteen are in both."""
    region = population(rows * 2, seed=seed)
    district, college = (region.pool(role).students for role in ("district", "college"))
    return district.head(rows), college.head(rows)


def encoded(students: pd.DataFrame) -> Words:
    """One CLK a student: bigrams of the names, digits of birth date and ZIP, and sex.

    As clkhash does it in the essentials: each token sets some bits by double hashing, whatever
    field it comes from (Schnell, Bachteler and Reiher, "A novel error-tolerant anonymous linking
    code", 2011). Without a key: these are synthetic students.
    """
    filters = np.zeros((len(students), BITS // 64), np.uint64)
    fields = students[["first_name", "last_name", "birth_date", "zip", "sex"]]
    for row, values in enumerate(fields.itertuples(index=False)):
        positions = np.array([p for token in tokens(*values) for p in token_positions(token)])
        np.bitwise_or.at(
            filters[row], positions // 64, np.uint64(1) << (positions % 64).astype("u8")
        )
    return filters


def tokens(first: str, last: str, birth_date: str, zip_code: str, sex: str) -> Iterable[str]:
    """The tokens of a student."""
    for field, name in (("first", first), ("last", last)):
        padded = f" {name.upper()} " if name else ""
        yield from (f"{field} {padded[i : i + 2]}" for i in range(len(padded) - 1))
    yield from (f"date {place} {digit}" for place, digit in enumerate(birth_date))
    yield from (f"zip {place} {digit}" for place, digit in enumerate(zip_code))
    if sex:
        yield f"sex {sex}"


@cache
def token_positions(token: str) -> tuple[int, ...]:
    """The bits that a token sets."""
    digest = hashlib.blake2b(token.encode(), digest_size=16).digest()
    one, other = (int.from_bytes(half, "little") for half in (digest[:8], digest[8:]))
    return tuple((one + turn * (other | 1)) % BITS for turn in range(BITS_A_TOKEN))
