"""Aliases and preferred names as further words of the names they stand beside.

A student may be Yer in one file and Lisa in another, or have married between two. The further words
stand behind the legal ones: the first word of the first name, which passes and comparisons take for
the first name, stays what it was, and every rule for names of several words holds. Each segment has
as many bits as ever, and the cap counts the further block values like all others.
"""

from __future__ import annotations

import pandas as pd

from pprl.institution.columns import Texts, text_column

BESIDE = {"other_first_name": "first_name", "other_last_name": "last_name"}
"""Where each further name belongs. A middle name is one value, so that none is added to it."""


def with_other_names(students: pd.DataFrame) -> pd.DataFrame:
    """The students with the words of their aliases behind their first and last names.

    Words that a name has already are not added again. The columns of the further names are blank
    then, so that doing it twice is doing it once.

    Args:
        students: as from `read_students`.

    Raises:
        UsageError: a column holds something other than text.
    """
    changed = students.copy()
    for further, column in BESIDE.items():
        if further in students.columns:
            changed[column] = _joined(text_column(students, column), text_column(students, further))
            changed[further] = ""
    return changed


def _joined(names: Texts, further: Texts) -> list[str]:
    """Names with the further words that they lack."""
    return [
        _with_words(name, more) if more.strip() else name
        for name, more in zip(names, further, strict=True)
    ]


def _with_words(name: str, further: str) -> str:
    """One name with the further words that it lacks."""
    has = {word.casefold() for word in name.replace("-", " ").split()}
    lacking = [word for word in further.replace("-", " ").split() if word.casefold() not in has]
    return " ".join([name, *lacking]).strip()
