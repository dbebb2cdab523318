"""Study IDs: random names for persons, made from nothing that is known of them.

A study ID is a letter, sixteen symbols of Crockford's base 32 and a check symbol, for example
`K7Q2M0ZJ4X8R1TBW5G`: 80 random bits and more, no symbol that is mistaken for another, nothing that
a spreadsheet reads as a number.
"""

from __future__ import annotations

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LETTERS = ALPHABET[10:]
SYMBOLS = 16
_BITS = 5 * SYMBOLS


def new_study_ids(count: int) -> list[str]:
    """So many different study IDs, from the operating system's random numbers."""
    made: set[str] = set()
    names: list[str] = []
    while len(names) < count:
        number = secrets.randbits(_BITS)
        body = "".join(ALPHABET[number >> shift & 31] for shift in range(0, _BITS, 5))
        name = secrets.choice(LETTERS) + body
        if name not in made:
            made.add(name)
            names.append(name + check_symbol(name))
    return names


def check_symbol(name: str) -> str:
    """The Luhn check symbol in base 32: it tells any single wrong symbol."""
    total = 0
    for place, symbol in enumerate(reversed(name)):
        value = ALPHABET.index(symbol)
        doubled = value * (2 if place % 2 == 0 else 1)
        total += doubled // 32 + doubled % 32
    return ALPHABET[-total % 32]


def is_study_id(text: str) -> bool:
    """Whether a text has the form of a study ID and its check symbol is right."""
    return (
        len(text) == SYMBOLS + 2
        and text[0] in LETTERS
        and all(symbol in ALPHABET for symbol in text)
        and check_symbol(text[:-1]) == text[-1]
    )
