"""Claims about what two submissions of one institution under one state tell together.

How many of a record's entries stay in each pass shows, and in which segments they differ. Whether
an entry is a student's or a decoy does not: not at all where a key stays or changes as a whole, and
not for certain where it changes in part.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import pprl
from benchmarks.two_years import Persistence, of_change
from pprl import Agreement, LinkageKey, State, Submission
from pprl.audit.distinguisher import area, bits_of, classifier_area
from tests.rosters import LAST_NAMES, agreement_on, crowded, little_rosters, roster

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


def submissions(
    years: list[pd.DataFrame], secret: bytes, agreement: Agreement = AGREEMENT
) -> list[Submission]:
    """All years under one state."""
    state = State.in_memory(secret)
    return [
        pprl.encode(rows, agreement, KEY, "fresno", state=state, progress=False).submission
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
    assert np.isin(kept, (0, quota)).all()


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


@pytest.mark.parametrize("change", ["nothing changed", "all changed"])
def test_a_classifier_only_guesses_which_entries_of_two_years_are_decoys(change: str) -> None:
    """It sees what differs, what the rest of the record does, and every bit, in either year.

    Of what changed and what did not apart: values of this year are new to the ledger, and so are
    withheld more often.
    """
    first = crowded(1500, seed=4)
    years = [first, moved(first)]
    seen, other = submissions(years, bytes(32)), submissions(years, bytes([1] * 32))
    rng = np.random.default_rng(1)
    judged = 0
    for one, two in ((0, 1), (1, 0)):
        compared = Persistence(seen[one], seen[two])
        for item in AGREEMENT.linkage.passes:
            tokens = seen[one].passes[item.name].tokens
            real = np.isin(tokens, other[one].passes[item.name].tokens)
            some = of_change(compared.kept_of(item.name), item.quota)[change]
            rows = compared.features(AGREEMENT.linkage, item)
            told = classifier_area(rows[some & real], rows[some & ~real], rng)
            judged += told.error < 0.1
            assert told.is_guessing, (item.name, told)
    assert judged


def test_the_classifier_would_tell_decoys_that_stand_still() -> None:
    """The measure is sharp: were decoys the same whatever happens, what changes would be real."""
    first = crowded(600, seed=4)
    one, two = submissions([first, moved(first)], bytes(32))
    compared, item = Persistence(two, one), AGREEMENT.linkage.passes[2]
    real = ~compared.stays[item.name]
    rows = compared.features(AGREEMENT.linkage, item)
    assert classifier_area(rows[real], rows[~real], np.random.default_rng(1)).value > 0.99


def test_a_key_that_changes_in_part_does_not_tell_what_is_real() -> None:
    """What stays stands for a value that stays, which may be withheld as before."""
    rows = crowded(1500, seed=4)
    later = rows.copy()
    for index in later.index[later.index % 3 == 0]:
        first, *more = later.loc[index, "last_name"].split()
        later.loc[index, "last_name"] = first if more else f"{first} {LAST_NAMES[index % 9]}"
    agreement = agreement_on(("month-day+name", "birth-date+middle-initial+last"))
    seen, other = (submissions([rows, later], bytes([n] * 32), agreement) for n in (0, 1))
    for one, two in ((0, 1), (1, 0)):
        compared = Persistence(seen[one], seen[two])
        for item in agreement.linkage.passes:
            tokens = seen[one].passes[item.name].tokens
            real = np.isin(tokens, other[one].passes[item.name].tokens)
            partly = of_change(compared.kept_of(item.name), item.quota)["part changed"]
            assert partly.sum() > 500
            for side in (compared.stays[item.name], ~compared.stays[item.name]):
                assert 0.2 < real[partly & side].mean() < 0.8


LITTLE = agreement_on(("birth-date+last-sound", "month-day+name", "name-sound+zip"))


@settings(max_examples=15, deadline=None)
@given(rows=little_rosters(9), data=st.data())
def test_a_student_whose_row_stays_keeps_every_entry(
    rows: pd.DataFrame, data: st.DataObject
) -> None:
    """Whatever others do, whose blocks nearly all collide: not a token of the record changes."""
    rows = rows.drop_duplicates(["last_name", "birth_date"]).reset_index(drop=True)
    there = st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))
    state = State.in_memory(bytes(32))
    seen: dict[str, set[frozenset[int]]] = {}
    for _ in range(3):
        # The first two stay: a file of fewer is refused.
        present = np.array(data.draw(there)) | (np.arange(len(rows)) < 2)
        made = pprl.encode(rows[present], LITTLE, KEY, "fresno", state=state, progress=False)
        for record, local_id in made.id_map.itertuples(index=False):
            tokens = frozenset(
                token
                for entries in made.submission.passes.values()
                for token in entries.tokens[entries.records == record].tolist()
            )
            seen.setdefault(local_id, set()).add(tokens)
    assert all(len(entries) == 1 for entries in seen.values())


def test_others_coming_and_going_change_nothing_of_a_record() -> None:
    """Who shares a block with a newcomer keeps it; who shared one with a leaver stays without."""
    rows = crowded(300, seed=2)
    double = {**STUDENT, "local_id": "N1", "middle_name": "Zeno", "sex": "M", "zip": "10001"}
    there = pd.concat([rows, roster({**STUDENT, "sex": "F"})], ignore_index=True)
    crowd = pd.concat([there, roster(double)], ignore_index=True)
    for years in ([there, crowd], [crowd, there]):
        before, after = submissions(years, bytes(32))
        for name, entries in before.passes.items():
            both = np.intersect1d(entries.tokens, after.passes[name].tokens)
            shorter = min(len(entries), len(after.passes[name]))
            assert len(both) == shorter
