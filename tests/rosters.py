"""Small rosters for tests: generated, crowded on purpose, and with every oddity a name may have.

The names are drawn from short lists, so that blocks collide as they do in a large district.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

import pandas as pd
from hypothesis import strategies as st

from pprl import Agreement

COLUMNS = (
    "local_id",
    "first_name",
    "middle_name",
    "last_name",
    "birth_date",
    "sex",
    "zip",
    "state_id",
)

FIRST_NAMES = ("Ana", "Liam", "Noah", "Mía", "William", "Bill", "Katherine", "Kate", "Jo", "Minh")
FURTHER_NAMES = ("Ana Luísa", "Jean-Paul", "Mary Kate", "J", "Nguyễn Văn", "D'Andre", "Zoë", "明")
MIDDLE_NAMES = ("", "", "A", "B.", "Rose", "James", "Van Anh")
LAST_NAMES = ("Garcia", "Lee", "Nguyen", "Smith", "Diaz", "de la Cruz", "O'Brien", "Lopez", "Kim")
ODDITIES: tuple[dict[str, str], ...] = (
    {"last_name": "Garcia Lopez"},
    {"last_name": "Garcia-Lopez"},
    {"last_name": "Lopez Garcia Diaz Smith"},
    {"first_name": "Maria", "middle_name": "Garcia", "last_name": "Garcia Garcia"},
    {"first_name": "J", "last_name": "O"},
    {"first_name": "X"},
    {"first_name": "明", "last_name": "王"},
    {"first_name": "Анна", "last_name": "Ли"},
    {"first_name": "Anna Maria Luisa", "last_name": "von der Leyen"},
    {"first_name": "", "last_name": "Only"},
    {"last_name": ""},
    {"birth_date": ""},
    {"zip": ""},
    {"sex": "", "middle_name": "", "zip": ""},
    {"first_name": "", "last_name": "", "birth_date": "", "zip": "", "sex": "", "middle_name": ""},
    {"birth_date": "2005-02-30"},
    {"birth_date": "2007-07-07"},
    {"zip": "90001-1234"},
    {"zip": "501"},
    {"last_name": "Wolfeschlegelsteinhausenbergerdorff Featherstonehaugh Cholmondeley"},
)
"""What differs in turn from an ordinary student, so that no branch of the encoder goes unseen."""


def roster(*rows: dict[str, str]) -> pd.DataFrame:
    """The rows as `read_students` would give them: text columns, "" for what is missing."""
    full = [{name: row.get(name, "") for name in COLUMNS} for row in rows]
    return pd.DataFrame(full, columns=list(COLUMNS), dtype=object)


def crowded(count: int, seed: int) -> pd.DataFrame:
    """So many ordinary students, each under a local ID of their own."""
    return roster(*_ordinary(count, random.Random(seed)))


def varied(count: int, seed: int) -> pd.DataFrame:
    """Ordinary students, every oddity, twins, duplicates and several rows of one local ID."""
    rng = random.Random(seed)
    rows = _ordinary(count, rng)
    for row, oddity in zip(rows, ODDITIES, strict=False):
        row.update(oddity)
    for row, first in zip(rows[-12:-8], rows[-8:-4], strict=True):
        first.update({k: v for k, v in row.items() if k not in ("local_id", "first_name")})
    for row, again in zip(rows[-4:-2], rows[-2:], strict=True):
        again.update({k: v for k, v in row.items() if k not in ("local_id", "zip")})
        again.update(zip="90001", middle_name="Rose")
        row.update(zip="90001", middle_name="R", birth_date="2006-11-05")
        again["birth_date"] = "2006-11-05"
    return roster(*rows, {**rows[5], "zip": "90210"}, {**rows[6], "middle_name": "Quinn"})


def _ordinary(count: int, rng: random.Random) -> list[dict[str, str]]:
    """Rows drawn from the lists above."""
    return [
        {
            "local_id": f"S{1000 + 7 * number}",
            "first_name": rng.choice(FIRST_NAMES if rng.random() < 0.8 else FURTHER_NAMES),
            "middle_name": rng.choice(MIDDLE_NAMES),
            "last_name": " ".join(rng.sample(LAST_NAMES, 1 if rng.random() < 0.7 else 2)),
            "birth_date": f"{rng.randint(2004, 2007)}-{rng.randint(1, 12):02}-"
            f"{rng.randint(1, 28):02}",
            "sex": rng.choice(("M", "F", "X", "")),
            "zip": rng.choice(("90001", "90002", "90210", "")),
            "state_id": f"{rng.randint(10**9, 10**10 - 1)}",
        }
        for number in range(count)
    ]


def agreement_on(
    passes: Sequence[str] = (),
    profile: str = "students-1",
    *,
    state_id: bool = False,
    minimum: int = 2,
    epsilon: float = 1.0,
) -> Agreement:
    """An agreement of two institutions, "fresno" and "reedley", on some passes of a profile."""
    agreement = Agreement.students(
        ["fresno", "reedley"], profile, state_id=state_id, minimum=minimum
    )
    linkage = agreement.linkage
    if passes:
        chosen = tuple(item for item in linkage.passes if item.name in passes)
        assert len(chosen) == len(passes)
        linkage = dataclasses.replace(linkage, passes=chosen)
    records = dataclasses.replace(agreement.records, epsilon=epsilon, required_fields=())
    return dataclasses.replace(agreement, linkage=linkage, records=records)


def little_rosters(most: int = 6) -> st.SearchStrategy[pd.DataFrame]:
    """Rosters of two or more students, so alike that most of their blocks collide.

    The first two students have first and last names that no other has, so that no roster is so
    small, once its duplicates have become one, that an agreement refuses it.
    """
    name = st.sampled_from(["Ana", "Bill", "William", "Ann Lee", "J", ""])
    student = st.fixed_dictionaries(
        {
            "local_id": st.sampled_from([f"L{number}" for number in range(12)]),
            "first_name": name,
            "middle_name": st.sampled_from(["", "A", "Ada"]),
            "last_name": st.sampled_from(["Lee", "Lee Kim", "Kim Lee Ray", "Ana", "Diaz", ""]),
            "birth_date": st.sampled_from(["2005-03-04", "2005-04-03", "2005-03-03", ""]),
            "sex": st.sampled_from(["F", "M", ""]),
            "zip": st.sampled_from(["90001", "90002", ""]),
        }
    )
    rows = st.lists(student, max_size=most - 2, unique_by=lambda row: row["local_id"])
    always = (
        {"local_id": "K1", "first_name": "Uma", "last_name": "Orr", "birth_date": "2004-01-02"},
        {"local_id": "K2", "first_name": "Ivo", "last_name": "Pym", "birth_date": "2006-05-17"},
    )
    return rows.map(lambda drawn: roster(*always, *drawn))
