"""Study IDs: random names for persons, made from nothing that is known of them.

A study ID is a letter, sixteen symbols of Crockford's base 32 and a check symbol, for example
`K7Q2M0ZJ4X8R1TBW5G`: 80 random bits and more, no symbol that is mistaken for another, nothing that
a spreadsheet reads as a number.
"""

from __future__ import annotations

import secrets

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LETTERS = ALPHABET[10:]
SYMBOLS = 16
TILE = 1 << 14


def new_study_ids(count: int) -> list[str]:
    """So many different study IDs, from the operating system's random numbers."""
    length = SYMBOLS + 2
    names = drawn_study_ids(count).tobytes().decode("ascii")
    return [names[start : start + length] for start in range(0, count * length, length)]


def drawn_study_ids(count: int) -> NDArray[np.bytes_]:
    """The same, in ASCII: `S18[count]`, a quarter of what they take as texts."""
    drawn = _drawn(count)
    while (again := _repeated(drawn)).any():
        drawn[again] = _drawn(int(again.sum()))
    names = np.empty(count, f"S{SYMBOLS + 2}")
    symbols = np.frombuffer(ALPHABET.encode("ascii"), "S1")
    for start in range(0, count, TILE):
        tile = drawn[start : start + TILE]
        whole = symbols[np.column_stack((tile, _check_values(tile)))]
        names[start : start + TILE] = whole.view(names.dtype).ravel()
    return names


def as_texts(names: NDArray[np.bytes_] | NDArray[np.object_]) -> pd.Series:
    """Study IDs as a column of strings, kept by Arrow.

    Args:
        names: `S18[n]`, or the same as texts, `object[n]`.
    """
    characters = np.ascontiguousarray(names, f"S{SYMBOLS + 2}")
    ends = np.arange(len(names) + 1, dtype=np.int64) * (SYMBOLS + 2)
    column = pa.LargeStringArray.from_buffers(
        len(names), pa.py_buffer(ends), pa.py_buffer(characters)
    )
    texts: pd.Series = column.to_pandas(types_mapper=lambda _: pd.StringDtype("pyarrow"))
    return texts


def check_symbol(name: str) -> str:
    """The Luhn check symbol in base 32: it tells any single wrong symbol."""
    values = np.array([[ALPHABET.index(symbol) for symbol in name]], np.uint8)
    return ALPHABET[int(_check_values(values)[0])]


def _drawn(count: int) -> NDArray[np.uint8]:
    """A letter and sixteen symbols each, as places in the alphabet: `uint8[count, 17]`."""
    letters = np.empty(0, np.uint8)
    even = 256 - 256 % len(LETTERS)
    while len(letters) < count:
        more = np.frombuffer(secrets.token_bytes(count), np.uint8)
        letters = np.concatenate((letters, more[more < even]))
    symbols = np.frombuffer(secrets.token_bytes(SYMBOLS * count), np.uint8) & 31
    first = len(ALPHABET) - len(LETTERS)
    return np.column_stack(
        (letters[:count] % len(LETTERS) + first, symbols.reshape(count, SYMBOLS))
    ).astype(np.uint8)


def _repeated(names: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which names share their first twelve symbols, 60 bits, with an earlier one: `bool[n]`."""
    key = np.zeros(len(names), np.uint64)
    for column in range(1, 13):
        key = key << np.uint64(5) | names[:, column].astype(np.uint64)
    repeated: NDArray[np.bool_] = pd.Series(key).duplicated().to_numpy()
    return repeated


def _check_values(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The place of each name's check symbol: `uint8[n]` for `uint8[n, symbols]`."""
    weighted = values.astype(np.uint16)
    weighted[:, ::-2] *= 2
    total = (weighted // 32 + weighted % 32).sum(axis=1, dtype=np.uint16)
    check: NDArray[np.uint8] = (-total % 32).astype(np.uint8)
    return check


def is_study_id(text: str) -> bool:
    """Whether a text has the form of a study ID and its check symbol is right."""
    return (
        len(text) == SYMBOLS + 2
        and text[0] in LETTERS
        and all(symbol in ALPHABET for symbol in text)
        and check_symbol(text[:-1]) == text[-1]
    )
