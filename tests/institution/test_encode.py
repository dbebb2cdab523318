"""Claims about a whole submission: bit for bit the slow encoder's, and by the four rules."""

from __future__ import annotations

import contextlib
import dataclasses
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pprl
from pprl import Agreement, Encoded, LinkageKey, State, Submission
from pprl.agreement.profiles import PROFILES, profile
from pprl.errors import AgreementError, StateError, StudentsError, UsageError
from pprl.institution.filling import KernelName
from pprl.institution.normalise import normalise
from tests.oracle import Institution, Tables, tables_of
from tests.rosters import agreement_on, crowded, little_rosters, roster, varied

SHARED = bytes(range(32))
OWN = bytes([1] * 32)
FEW_PASSES = ("birth-date", "first-last", "month-day+name", "name-sound+zip", "middle-initial+last")
ANA = {"local_id": "1", "first_name": "Ana", "last_name": "Lee", "birth_date": "2005-03-04"}
UMA = {"local_id": "9", "first_name": "Uma", "last_name": "Orr", "birth_date": "2006-01-01"}
BILL = {"local_id": "2", "first_name": "Bill", "last_name": "Kim", "birth_date": "2005-03-04"}
EVERY_PASS = [(name, item["name"]) for name in PROFILES for item in profile(name)["pass"]]

Wholes = list[tuple[Agreement, Submission]]


def submitted(
    rows: pd.DataFrame,
    agreement: Agreement,
    state: State | None = None,
    *,
    secret: bytes = OWN,
    key: bytes = SHARED,
    institution: str = "fresno",
) -> Encoded:
    """Encode under fixed keys."""
    state = state or State.in_memory(secret)
    return pprl.encode(rows, agreement, LinkageKey(key), institution, state=state, progress=False)


def holders(encoded: Encoded) -> dict[str, dict[int, frozenset[str]]]:
    """Pass -> token -> the local ids of the record that it belongs to."""
    ids = encoded.id_map.groupby("record").local_id.agg(frozenset)
    return {
        name: {
            token: ids[record]
            for token, record in zip(entries.tokens.tolist(), entries.records, strict=True)
        }
        for name, entries in encoded.submission.passes.items()
    }


@pytest.fixture(scope="module")
def wholes() -> Wholes:
    """A submission of students with every oddity under each profile, state IDs agreed."""
    agreements = [agreement_on(profile=name, state_id=True) for name in PROFILES]
    rows = varied(60, seed=2)
    return [(agreement, submitted(rows, agreement).submission) for agreement in agreements]


def real_entries(rows: pd.DataFrame, agreement: Agreement) -> Tables:
    """The entries that are no decoys, as the slow encoder knows them."""
    institution = Institution(SHARED, OWN)
    tables = institution.encode(rows, agreement)
    return {
        name: {token: entry for token, entry in table.items() if token not in decoys}
        for (name, table), decoys in zip(tables.items(), institution.decoys.values(), strict=True)
    }


@pytest.mark.parametrize("name", PROFILES)
def test_every_bit_is_what_the_slow_encoder_sets(name: str) -> None:
    """All passes of both profiles, on students with every oddity; the state ID agreed or not."""
    rows = varied(90, seed=3)
    agreement = agreement_on(profile=name, state_id=name == "students-1")
    expected = Institution(SHARED, OWN).encode(rows, agreement)
    assert tables_of(submitted(rows, agreement).submission) == expected


@settings(max_examples=25)
@given(rows=little_rosters(), named=st.sampled_from(EVERY_PASS))
def test_little_rosters_are_encoded_as_the_slow_encoder_does(
    rows: pd.DataFrame, named: tuple[str, str]
) -> None:
    """Any pass on students so alike that most of their blocks collide."""
    name, linkage_pass = named
    agreement = agreement_on([linkage_pass], name)
    expected = Institution(SHARED, OWN).encode(rows, agreement)
    assert tables_of(submitted(rows, agreement).submission) == expected


def test_both_kernels_encode_the_same() -> None:
    """The compiled one is an option for speed, nothing that partners must agree on."""
    pytest.importorskip("numba")
    rows, agreement = varied(80, seed=4), agreement_on(state_id=True)
    one, other = (
        pprl.encode(
            rows,
            agreement,
            LinkageKey(SHARED),
            "fresno",
            state=State.in_memory(OWN),
            kernel=kernel,
            progress=False,
        )
        for kernel in ("numpy", "numba")
    )
    assert one.submission.manifest == other.submission.manifest
    assert tables_of(one.submission) == tables_of(other.submission)


@pytest.mark.parametrize("kernel", ["numpy", "numba"])
def test_any_number_of_workers_encodes_the_same(kernel: KernelName, tmp_path: Path) -> None:
    """Two years of it: the ledger that they leave is the same too."""
    if kernel == "numba":
        pytest.importorskip("numba")
    rows, agreement = varied(80, seed=4), agreement_on(state_id=True)
    files: dict[int, list[bytes]] = {}
    for workers in (1, 2, 40):
        state = State.in_memory(OWN)
        for year in (rows.iloc[:60], rows.iloc[20:].assign(zip="90002")):
            encoded = pprl.encode(
                year,
                agreement,
                LinkageKey(SHARED),
                "fresno",
                state=state,
                kernel=kernel,
                workers=workers,
                progress=False,
            )
            encoded.submission.write(tmp_path / "file.pprl")
            files.setdefault(workers, []).append((tmp_path / "file.pprl").read_bytes())
    assert files[1] == files[2] == files[40]


def test_no_workers_are_refused() -> None:
    """Before anything is read."""
    with pytest.raises(UsageError, match="workers is 0"):
        pprl.encode(roster(ANA, UMA), agreement_on(), LinkageKey(SHARED), "fresno", workers=0)


def test_two_years_are_encoded_as_the_slow_encoder_does() -> None:
    """The second year has leavers, newcomers and students who moved, under the first's ledger."""
    agreement = agreement_on(FEW_PASSES[:3])
    rows = varied(44, seed=4)
    moved = rows.iloc[15:].assign(zip="90002")
    years = [rows, pd.concat([moved, crowded(100, seed=5).iloc[80:]]), rows]
    state, slow = State.in_memory(OWN), Institution(SHARED, OWN)
    for year in years:
        expected = slow.encode(year, agreement)
        assert tables_of(submitted(year, agreement, state).submission) == expected


def test_decoys_follow_a_student_who_moves_as_real_entries_do() -> None:
    """A moved ZIP changes every entry, decoys too: what stands still does not give them away."""
    agreement = agreement_on(["birth-date", "first+zip", "last-sound+zip"])
    rows = crowded(60, seed=6).assign(zip="90001")
    state = State.in_memory(OWN)
    years = [
        submitted(year, agreement, state).submission.passes
        for year in (rows, rows.assign(zip="93650"))
    ]
    assert any(real_entries(rows, agreement).values())
    for name, before in years[0].items():
        after = years[1][name]
        _, i, j = np.intersect1d(before.tokens, after.tokens, return_indices=True)
        assert len(i) == (0 if "zip" in name else len(before))
        assert (before.filters[i] != after.filters[j]).any(axis=1).all()


def test_no_two_entries_of_a_pass_share_a_token(wholes: Wholes) -> None:
    """Tokens rise strictly, so that no two students of a submission can be compared."""
    for _, submission in wholes:
        for entries in submission.passes.values():
            assert (entries.tokens[1:] > entries.tokens[:-1]).all()


def test_a_block_of_two_students_is_emitted_by_neither() -> None:
    """Ana and Bill share a birth date; either alone emits in that block."""
    agreement = agreement_on(["birth-date"])
    alone = {
        token
        for token, ids in holders(submitted(roster(ANA, UMA), agreement))["birth-date"].items()
        if "1" in ids
    }
    assert alone <= set(holders(submitted(roster(BILL, UMA), agreement))["birth-date"])
    together = submitted(roster(ANA, BILL, UMA), agreement).submission
    assert alone.isdisjoint(together.passes["birth-date"].tokens.tolist())
    assert len(together.passes["birth-date"]) == 3


def test_a_block_counts_even_where_the_quota_would_have_dropped_it() -> None:
    """A student of four surnames emits two of them, and holds all four against the others."""
    agreement = agreement_on(["last-sound+zip"])
    many = {"local_id": "1", "first_name": "Ana", "last_name": "Lee Kim Diaz Orr", "zip": "90001"}
    others = [
        {"local_id": str(i), "first_name": "Bo", "last_name": name, "zip": "90001"}
        for i, name in enumerate(("Lee", "Kim", "Diaz", "Orr"), 2)
    ]
    uma = {"local_id": "9", "first_name": "Uma", "last_name": "Pym", "zip": "90002"}
    with_all = real_entries(roster(many, *others, uma), agreement)["last-sound+zip"]
    assert len(with_all) == 1
    sent = submitted(roster(many, *others, uma), agreement).submission
    for other in others:
        without = submitted(roster(other, uma), agreement).submission
        real = set(real_entries(roster(other, uma), agreement)["last-sound+zip"])
        assert real <= set(without.passes["last-sound+zip"].tokens.tolist())
        theirs = real - set(with_all)
        assert len(theirs) == 1
        assert theirs.isdisjoint(sent.passes["last-sound+zip"].tokens.tolist())


def test_a_block_sent_last_year_is_kept_for_the_student_who_had_it() -> None:
    """The newcomer who alone holds it this year emits a decoy; its old holder repeats it."""
    agreement = agreement_on(["birth-date"])
    state = State.in_memory(OWN)
    years = [
        holders(submitted(roster(student, UMA), agreement, state))["birth-date"]
        for student in (ANA, BILL, {**ANA, "last_name": "Kim"})
    ]
    of_ana = {token for token, ids in years[0].items() if "1" in ids}
    assert len(of_ana) == 1
    assert of_ana.isdisjoint(years[1])
    assert of_ana <= {token for token, ids in years[2].items() if "1" in ids}


def test_a_block_stays_with_a_student_who_is_found_under_a_further_local_id() -> None:
    """Two local ids that become one student may repeat what either of them sent before."""
    agreement = agreement_on(["birth-date"])
    ana = {**ANA, "local_id": "5", "zip": "90001"}
    state = State.in_memory(OWN)
    first = holders(submitted(roster(ana, UMA), agreement, state))["birth-date"]
    both = submitted(roster(ana, {**ana, "local_id": "3"}, UMA), agreement, state)
    (token,) = (token for token, ids in first.items() if "5" in ids)
    assert holders(both)["birth-date"][token] == {"3", "5"}


@settings(max_examples=15)
@given(first=little_rosters(8), second=little_rosters(8), third=little_rosters(8))
def test_over_the_years_only_a_student_can_be_compared_with_themselves(
    first: pd.DataFrame, second: pd.DataFrame, third: pd.DataFrame
) -> None:
    """In the union of three submissions, entries that share a token share a local id."""
    agreement = agreement_on(["birth-date", "month-day+name"])
    state = State.in_memory(OWN)
    years = [holders(submitted(rows, agreement, state)) for rows in (first, second, third)]
    for name in years[0]:
        for one, other in ((0, 1), (0, 2), (1, 2)):
            for token in years[one][name].keys() & years[other][name].keys():
                assert years[one][name][token] & years[other][name][token]


def test_every_record_emits_exactly_its_quota(wholes: Wholes) -> None:
    """Whatever a student lacks or shares with others, decoys fill up what is left."""
    for agreement, submission in wholes:
        for linkage_pass in agreement.linkage.passes:
            emitted = Counter(submission.passes[linkage_pass.name].records.tolist())
            assert set(emitted) == set(range(submission.records))
            assert set(emitted.values()) == {linkage_pass.quota}


def test_every_segment_has_exactly_its_insertions(wholes: Wholes) -> None:
    """Names long or short, fields there or missing, students or decoys."""
    for agreement, submission in wholes:
        for linkage_pass in agreement.linkage.passes:
            filters = submission.passes[linkage_pass.name].filters
            start = 0
            for segment in agreement.linkage.segments_of(linkage_pass):
                words = filters[:, start : start + segment.words]
                assert (np.bitwise_count(words).sum(axis=1) == segment.insertions).all()
                start += segment.words
            assert start == filters.shape[1]


def segments_of_ana(rows: pd.DataFrame, secret: bytes) -> dict[str, bytes]:
    """The segments of Ana's one entry in the pass of birth date and first name."""
    agreement = agreement_on(["birth-date+first"])
    encoded = submitted(rows, agreement, secret=secret)
    (record,) = encoded.id_map.record[encoded.id_map.local_id == "1"]
    entries = encoded.submission.passes["birth-date+first"]
    filter_bytes = entries.filters[entries.records == record][0].astype("<u8").tobytes()
    cut, start = {}, 0
    for segment in agreement.linkage.segments_of(agreement.linkage.passes[0]):
        cut[segment.name] = filter_bytes[start : start + segment.bits // 8]
        start += segment.bits // 8
    return cut


def test_a_missing_field_is_filled_with_the_institutions_own_positions() -> None:
    """Two institutions agree on what is there and on nothing that is missing."""
    one, other = (segments_of_ana(roster(ANA, UMA), bytes([n] * 32)) for n in (1, 2))
    agreeing = {name for name in one if one[name] == other[name]}
    assert agreeing == {"first_name", "last_name", "names", "given_names"}
    assert segments_of_ana(roster(ANA, UMA), bytes([1] * 32)) == one


def test_decoys_and_missing_fields_repeat_under_one_secret_and_differ_under_another() -> None:
    """Unchanged data tells nothing new, and no institution guesses another's decoys."""
    agreement = agreement_on(FEW_PASSES[1:4])
    rows = varied(34, seed=6)
    real = {(name, t) for name, table in real_entries(rows, agreement).items() for t in table}
    sent = [
        {(name, t) for name, table in tables_of(encoded.submission).items() for t in table}
        for encoded in (
            submitted(rows, agreement),
            submitted(rows, agreement),
            submitted(rows, agreement, secret=bytes([2] * 32)),
        )
    ]
    assert sent[0] == sent[1]
    assert sent[0] & sent[2] == real
    assert len(sent[0]) > len(real) > 0


def test_unchanged_data_are_the_same_file_and_the_same_number(tmp_path: Path) -> None:
    """Sent again under one state, the file is the same to the byte."""
    agreement = agreement_on(FEW_PASSES[:2])
    rows = varied(40, seed=7)
    with_state = State.open(tmp_path / "state")
    files = [tmp_path / "first.pprl", tmp_path / "again.pprl"]
    for file in files:
        encoded = submitted(rows, agreement, with_state)
        encoded.submission.write(file)
        assert encoded.submission.manifest.sequence == 1
    assert files[0].read_bytes() == files[1].read_bytes()
    with_state.close()


def test_changed_data_have_the_next_number() -> None:
    """Numbers count what differs from the submission before it, one institution at a time."""
    agreement = agreement_on(["birth-date"])
    state = State.in_memory(OWN)
    rows, fewer = crowded(10, seed=1), crowded(10, seed=1).iloc[:8]
    numbers = [
        submitted(year, agreement, state).submission.manifest.sequence
        for year in (rows, fewer, fewer, rows)
    ]
    assert numbers == [1, 2, 2, 3]


@settings(max_examples=6)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_says_nothing(seed: int) -> None:
    """Shuffled rows of distinct local ids make the same submission and the same map."""
    agreement = agreement_on(["name-sound+zip"])
    rows = crowded(20, seed=8)
    shuffled = rows.sample(frac=1, random_state=seed)
    one, other = submitted(rows, agreement), submitted(shuffled, agreement)
    assert one.submission.manifest == other.submission.manifest
    assert tables_of(one.submission) == tables_of(other.submission)
    pd.testing.assert_frame_equal(one.id_map, other.id_map)


def test_records_are_numbered_in_no_order_of_the_roster() -> None:
    """Numbers follow a keyed hash of the local id, which differs between institutions."""
    agreement = agreement_on(["birth-date"])
    orders = [
        submitted(crowded(40, seed=1), agreement, secret=bytes([n] * 32)).id_map.local_id.tolist()
        for n in (1, 2)
    ]
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]
    assert sorted(orders[0]) != orders[0]


def test_a_field_that_the_agreement_lacks_changes_nothing() -> None:
    """The state ID, where it is not agreed, and columns that nobody knows."""
    agreement = agreement_on(FEW_PASSES[:2])
    rows = varied(30, seed=9)
    other = rows.assign(state_id="7", nickname="x", suffix="")
    assert tables_of(submitted(rows, agreement).submission) == tables_of(
        submitted(other, agreement).submission
    )
    assert tables_of(submitted(rows, agreement).submission) == tables_of(
        submitted(rows.drop(columns="state_id"), agreement).submission
    )


def test_a_middle_name_that_the_agreement_lacks_is_never_read() -> None:
    """Not even to tell whether two rows are one student."""
    agreement = agreement_on(["birth-date", "first-last"])
    linkage = agreement.linkage
    without = dataclasses.replace(
        linkage,
        fields=tuple(name for name in linkage.fields if name != "middle_name"),
        segments=tuple(item for item in linkage.segments if item.name != "middle_name"),
    )
    agreement = dataclasses.replace(agreement, linkage=without)
    again = {**ANA, "local_id": "2", "middle_name": "Quinn"}
    rows = roster({**ANA, "middle_name": "Rose"}, again, UMA).assign(zip="90001")
    assert submitted(rows, agreement).submission.records == 2


def test_one_state_gives_two_institutions_no_entry_in_common_but_students() -> None:
    """A county office's own state, used by mistake for two districts that number alike.

    Decoys of the same local id would meet at the hub as a perfect match of two strangers.
    """
    agreement = agreement_on(["last-sound+zip"])
    state = State.in_memory(OWN)
    rows = roster(ANA, UMA), roster({**ANA, "last_name": "Kim"}, {**UMA, "last_name": "Pym"})
    one = submitted(rows[0], agreement, state).submission
    with contextlib.suppress(StateError):
        other = submitted(rows[1], agreement, state, institution="reedley").submission
        shared = tables_of(one)["last-sound+zip"].keys() & tables_of(other)["last-sound+zip"]
        assert not shared


@pytest.mark.parametrize("changed", ["key", "partnership"])
def test_another_key_or_partnership_shares_no_token(changed: str) -> None:
    """Nor the value by which two files tell that they were made alike."""
    rows = crowded(30, seed=1)
    agreement = agreement_on(FEW_PASSES[:2])
    elsewhere = Agreement.students(["fresno", "clovis"], minimum=2)
    one = submitted(rows, agreement).submission
    other = submitted(
        rows,
        elsewhere if changed == "partnership" else agreement,
        key=bytes(32) if changed == "key" else SHARED,
        secret=bytes([2] * 32),
    ).submission
    assert one.manifest.key_check != other.manifest.key_check
    for name, entries in one.passes.items():
        assert not np.intersect1d(entries.tokens, other.passes[name].tokens).size


def test_a_new_linkage_key_gives_no_decoy_away() -> None:
    """Under one state, what stayed the same while every student's token changed was a decoy."""
    agreement = agreement_on(["first-last"])
    state = State.in_memory(OWN)
    rows = crowded(30, seed=1)
    old, new = (
        submitted(rows, agreement, state, key=key).submission.passes["first-last"].tokens
        for key in (SHARED, bytes(32))
    )
    assert not np.intersect1d(old, new).size


def test_two_institutions_share_exactly_the_blocks_that_both_hold_alone() -> None:
    """The same students at both: all real entries meet, with equal filters of what is there."""
    agreement = agreement_on(FEW_PASSES[1:4])
    rows = crowded(40, seed=2).assign(sex="M", zip="90001", middle_name="Ada")
    one = tables_of(submitted(rows, agreement).submission)
    other = tables_of(
        submitted(rows, agreement, secret=bytes([2] * 32), institution="reedley").submission
    )
    real = real_entries(rows, agreement)
    for name, table in one.items():
        assert table.keys() & other[name].keys() == real[name].keys()
        for token in real[name]:
            assert table[token].filter == other[name][token].filter


def test_the_map_names_every_local_id_once() -> None:
    """Local ids that became one student share its record."""
    rows = varied(40, seed=1)
    encoded = submitted(rows, agreement_on(["birth-date"]))
    assert sorted(encoded.id_map.local_id) == sorted(set(rows.local_id))
    assert set(encoded.id_map.record) == set(range(encoded.submission.records))
    assert encoded.submission.records == len(set(rows.local_id)) - 2


def test_a_student_without_any_key_is_told_of_and_looks_like_any_other() -> None:
    """Notes count those who emit nowhere; the file shows them as full of entries as the rest."""
    nobody = {"local_id": "5"}
    encoded = submitted(roster(ANA, UMA, nobody), agreement_on(["birth-date", "first-last"]))
    assert any(note.startswith("1 of 3 students emit in no pass") for note in encoded.notes)
    assert any("zip is empty in every row" in note for note in encoded.notes)
    assert encoded.submission.records == 3


def test_a_pass_in_which_nobody_has_a_key_is_all_decoys() -> None:
    """No ZIP anywhere: the pass has its entries all the same."""
    encoded = submitted(roster(ANA, UMA), agreement_on(["last-sound+zip"]))
    assert len(encoded.submission.passes["last-sound+zip"]) == 4


def test_progress_is_told_for_every_pass() -> None:
    """A function is called before the first pass and behind each."""
    told: list[tuple[str, int, int]] = []
    pprl.encode(
        roster(ANA, UMA),
        agreement_on(["birth-date", "first-last"]),
        LinkageKey(SHARED),
        "fresno",
        progress=lambda *step: told.append(step),
    )
    assert told == [("encoding", 0, 2), ("encoding", 1, 2), ("encoding", 2, 2)]


def test_without_a_state_nothing_repeats_but_what_is_shared() -> None:
    """A state in memory has a fresh secret."""
    agreement = agreement_on(["birth-date"])
    rows = roster(ANA, {**UMA, "birth_date": ""})
    one, other = (
        pprl.encode(rows, agreement, LinkageKey(SHARED), "fresno", progress=False).submission
        for _ in range(2)
    )
    shared = np.intersect1d(one.passes["birth-date"].tokens, other.passes["birth-date"].tokens)
    assert len(shared) == 1


def test_an_institution_outside_the_agreement_is_refused() -> None:
    """Before anything is read of its students."""
    with pytest.raises(AgreementError, match="'clovis' is not a party"):
        submitted(roster(ANA, UMA), agreement_on(["birth-date"]), institution="clovis")


def test_too_few_students_are_refused() -> None:
    """A handful hides nobody; duplicates do not count twice."""
    agreement = agreement_on(["birth-date"], minimum=3)
    with pytest.raises(StudentsError, match="There are 2 students; the agreement asks for at"):
        submitted(roster(ANA, UMA), agreement)
    with pytest.raises(StudentsError, match="There are 0 students"):
        submitted(roster(ANA).iloc[:0], agreement)


def test_a_required_field_that_is_empty_throughout_is_refused() -> None:
    """With the field's name and the way out, and without a trace in the state."""
    agreement = Agreement.students(["fresno", "reedley"], minimum=2)
    state = State.in_memory(OWN)
    rows = roster(ANA, UMA).assign(birth_date="")
    with pytest.raises(StudentsError, match="birth_date is empty or unreadable in every row"):
        submitted(rows, agreement, state)


def test_a_missing_column_is_told() -> None:
    """By name."""
    with pytest.raises(UsageError, match="no column last_name"):
        submitted(roster(ANA, UMA).drop(columns="last_name"), agreement_on(["birth-date"]))


def test_a_fault_halfway_leaves_the_ledger_as_it_was() -> None:
    """What was never sent is not held against anyone next year."""
    agreement = agreement_on(["birth-date", "first-last"])
    state = State.in_memory(OWN)

    def interrupt(step: str, done: int, number: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pprl.encode(
            roster(ANA, UMA),
            agreement,
            LinkageKey(SHARED),
            "fresno",
            state=state,
            progress=interrupt,
        )
    newcomer = roster({**ANA, "local_id": "7"}, UMA)
    again = submitted(newcomer, agreement, state).submission
    assert tables_of(again) == tables_of(submitted(newcomer, agreement).submission)
    assert again.manifest.sequence == 1


def test_normalised_alike_is_encoded_alike() -> None:
    """Case, accents and padding are gone before anything is derived."""
    rows = roster(ANA, UMA)
    shouted = roster({**ANA, "first_name": " ANA ", "last_name": "LÉE"}, UMA)
    assert (normalise(rows).first == normalise(shouted).first).all()
    agreement = agreement_on(["birth-date", "first-last"])
    assert tables_of(submitted(rows, agreement).submission) == tables_of(
        submitted(shouted, agreement).submission
    )


CANARY = {
    "local_id": "Zzyzxcanary17",
    "first_name": "Zzyzxcanary",
    "middle_name": "Zzyzxcanary",
    "last_name": "Zzyzxcanary",
    "birth_date": "2003-11-29",
    "zip": "98765",
    "state_id": "7766554433",
}
"""A student of whom nothing may be seen anywhere but in the map that stays at the institution."""

TRACES = ("zzyzx", "2003-11-29", "20031129", "2003, 11, 29", "98765", "7766554433")


def traces_in(text: str) -> list[str]:
    """What of the canary a text gives away."""
    return [trace for trace in TRACES if trace in text.lower()]


def spelled(trace: str) -> list[bytes]:
    """A trace in each encoding and case in which it could lie in a file."""
    forms = {trace, trace.upper(), trace.capitalize()}
    return [form.encode(e) for form in forms for e in ("utf-8", "utf-16-le", "utf-16-be")]


def test_what_encode_returns_shows_nobody() -> None:
    """Counts only, in every text of the result and its parts."""
    encoded = submitted(roster(CANARY, ANA, UMA), agreement_on(FEW_PASSES[:3], state_id=True))
    submission = encoded.submission
    for shown in (encoded, submission, submission.manifest, encoded.notes, submission.passes):
        assert not traces_in(repr(shown) + str(shown))


def test_no_file_of_the_institution_holds_an_identifier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the match file, the state or anything left in the folder for temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(tmp_path)
    state = State.open(tmp_path / "fresno.state")
    encoded = submitted(
        roster(CANARY, ANA, UMA), agreement_on(FEW_PASSES[:3], state_id=True), state
    )
    encoded.submission.write(tmp_path / "fresno.pprl")
    state.close()
    files = sorted(file for file in tmp_path.rglob("*") if file.is_file())
    assert [file.name for file in files] == ["fresno.pprl", "fresno.state"]
    for file in files:
        content = file.read_bytes()
        found = [trace for trace in TRACES for form in spelled(trace) if form in content]
        # Five digits of a ZIP turn up in random bytes too seldom to look for another canary.
        assert not found


FAULTS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "a column is missing": lambda rows: rows.drop(columns="last_name"),
    "a column stands twice": lambda rows: pd.concat([rows, rows[["last_name"]]], axis=1),
    "a column of numbers": lambda rows: rows.assign(zip=98765),
    "a column of dates": lambda rows: rows.assign(birth_date=pd.Timestamp("2003-11-29")),
    "a column of bytes": lambda rows: rows.assign(last_name=b"Zzyzxcanary"),
    "a column of lists": lambda rows: rows.assign(first_name=[["Zzyzxcanary"]] * len(rows)),
    "a local ID is blank": lambda rows: rows.assign(local_id=["", *rows.local_id[1:]]),
    "local IDs are numbers": lambda rows: rows.assign(local_id=range(len(rows))),
    "a local ID that is no Unicode": lambda rows: rows.assign(
        local_id=["Zzyzxcanary\ud800", *rows.local_id[1:]]
    ),
    "one local ID of two people": lambda rows: rows.assign(local_id="Zzyzxcanary17"),
    "too few students": lambda rows: rows.iloc[:1],
    "no students": lambda rows: rows.iloc[:0],
    "a required field is empty": lambda rows: rows.assign(birth_date=""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_refusal_names_nobody(fault: str) -> None:
    """On every path that refuses a roster: one of our own errors, its traceback without a value."""
    agreement = Agreement.students(["fresno", "reedley"], minimum=2, state_id=True)
    rows = FAULTS[fault](roster(CANARY, ANA, UMA))
    with pytest.raises((UsageError, StudentsError)) as caught:
        submitted(rows, agreement)
    told = [*traceback.format_exception(caught.value), repr(caught.value), str(caught.value)]
    assert not traces_in("".join(line for line in told if "tests" not in line))
    chained = caught.value.__cause__ or caught.value.__context__
    assert chained is None or caught.value.__suppress_context__


def test_renumbered_local_ids_stop_the_encoding_instead_of_emptying_it() -> None:
    """Ids that gained a zero would withhold every block from its own holder."""
    rows = varied(120, seed=3)
    agreement = agreement_on()
    state = State.in_memory(bytes(32))
    key = LinkageKey(bytes(32))
    first = pprl.encode(rows, agreement, key, "fresno", state=state, progress=False)
    renumbered = rows.assign(local_id="0" + rows["local_id"])
    with pytest.raises(StudentsError, match="Were local ids renumbered"):
        pprl.encode(renumbered, agreement, key, "fresno", state=state, workers=3, progress=False)
    again = pprl.encode(rows, agreement, key, "fresno", state=state, progress=False)
    assert again.submission.manifest.sequence == first.submission.manifest.sequence
