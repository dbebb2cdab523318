"""Claims about what two submissions of one institution under one state tell together.

Which records and which values of a blocking key changed shows. Whether an entry of a key that
changed as a whole is a student's or a decoy does not.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import pprl
from pprl import LinkageKey, State, Submission
from pprl.audit.distinguisher import area, bits_of
from tests.rosters import agreement_on, crowded, roster

KEY = LinkageKey(bytes(range(32)))
PASSES = ("birth-date+first", "first-last", "name-sound+zip")
AGREEMENT = agreement_on(PASSES)
LEVEL = 1e-4
STUDENT = {
    "local_id": "L1",
    "first_name": "Thelonious",
    "last_name": "Quartermain",
    "birth_date": "2005-10-17",
    "zip": "90210",
}
"""One whose blocks are nobody else's."""


def submissions(years: list[pd.DataFrame], secret: bytes) -> list[Submission]:
    """All years under one state."""
    state = State.in_memory(secret)
    return [
        pprl.encode(rows, AGREEMENT, KEY, "fresno", state=state, progress=False).submission
        for rows in years
    ]


def moved(rows: pd.DataFrame) -> pd.DataFrame:
    """A year later: a third have another ZIP, and a tenth are gone."""
    later = rows.copy()
    movers = later.index % 3 == 0
    later.loc[movers, "zip"] = [f"95{n % 40:03}" for n in later.index[movers]]
    return later[later.index % 10 != 7].reset_index(drop=True)


Changed = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def changed() -> Changed:
    """Of the second year's entries that the first did not have: decoys or not, bits, places."""
    first = crowded(1500, seed=4)
    years = [first, moved(first)]
    earlier, later = submissions(years, bytes(32))
    # Real entries hang on the linkage key alone, decoys on the state's secret as well.
    other = submissions(years, bytes([1] * 32))[1]
    entries, name = later.passes[PASSES[2]], PASSES[2]
    new = ~np.isin(entries.tokens, earlier.passes[name].tokens)
    decoy = ~np.isin(entries.tokens, other.passes[name].tokens)
    return decoy[new], bits_of(entries.filters)[new], np.flatnonzero(new)


def test_no_bit_and_no_place_tells_decoys_among_changed_entries(changed: Changed) -> None:
    """Ranks of their tokens, and how often each position is set."""
    decoy, bits, place = changed
    assert min(decoy.sum(), (~decoy).sum()) > 50
    told = area(place[decoy], place[~decoy])
    assert told.is_guessing, told
    share = bits.mean(axis=0)
    scale = np.sqrt(share * (1 - share) * (1 / decoy.sum() + 1 / (~decoy).sum()))
    z = np.abs(bits[decoy].mean(axis=0) - bits[~decoy].mean(axis=0)) / np.maximum(scale, 1e-9)
    assert min(1.0, 2 * stats.norm.sf(z.max()) * len(z)) > LEVEL


def test_a_key_that_changes_as_a_whole_changes_decoys_as_often_as_students() -> None:
    """Of the movers' entries in a pass on ZIP all change, and of others' none, decoys included."""
    first = crowded(500, seed=4).assign(zip="90001")
    later = first.copy()
    later.loc[later.index % 3 == 0, "zip"] = "95012"
    earlier, second = submissions([first, later], bytes(32))
    name = PASSES[2]
    one, other = earlier.passes[name], second.passes[name]
    same = np.isin(other.tokens, one.tokens)
    kept = np.bincount(other.records, same, minlength=second.records)
    quota = AGREEMENT.linkage.passes[[p.name for p in AGREEMENT.linkage.passes].index(name)].quota
    # A withheld block may be free once one of its two holders has moved.
    assert np.isin(kept, (0, quota)).mean() > 0.9


def test_a_file_sent_again_is_the_same_file() -> None:
    """A resubmission of the same students shows nothing at all."""
    rows = crowded(200, seed=2)
    one, again = submissions([rows, rows.iloc[::-1].reset_index(drop=True)], bytes(32))
    for name, entries in one.passes.items():
        assert (entries.tokens == again.passes[name].tokens).all()
        assert (entries.records == again.passes[name].records).all()
        assert (entries.filters == again.passes[name].filters).all()


def test_blocks_of_a_withdrawn_student_never_come_back_for_another() -> None:
    """Not even for a newcomer of the same name, birthday and home; for the student they do."""
    rows = crowded(200, seed=2)
    there = pd.concat([rows, roster(STUDENT)], ignore_index=True)
    double = pd.concat([rows, roster({**STUDENT, "local_id": "N1"})], ignore_index=True)
    secret = bytes(32)
    with_leaver, without, newcomer = submissions([there, rows, double], secret)
    returned = submissions([there, rows, there], secret)[2]
    for name, entries in with_leaver.passes.items():
        theirs = np.setdiff1d(entries.tokens, without.passes[name].tokens)
        assert len(theirs)
        assert not np.isin(theirs, newcomer.passes[name].tokens).any()
        assert np.isin(theirs, returned.passes[name].tokens).all()


def test_a_key_that_changes_in_part_tells_what_stays_is_real() -> None:
    """The limit of the claim: of a record's several blocks one stays, and decoys never do."""
    rows = crowded(200, seed=2)
    years = [
        pd.concat([rows, roster({**STUDENT, "last_name": last})], ignore_index=True)
        for last in ("Quartermain", "Quartermain Obregon")
    ]
    earlier, later = submissions(years, bytes(32))
    other = submissions(years, bytes([1] * 32))[1]
    name = "name-sound+zip"
    entries = later.passes[name]
    persons = np.setdiff1d(
        earlier.passes[name].tokens, submissions([rows], bytes(32))[0].passes[name].tokens
    )
    stays = np.isin(entries.tokens, persons)
    assert stays.any()
    assert np.isin(entries.tokens[stays], other.passes[name].tokens).all()
