"""Claims about the counts that a manifest publishes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pprl
from pprl import LinkageKey, State
from pprl.agreement.levels import LEVELS, Comparison
from pprl.exchange import Manifest, PassProfile
from pprl.institution import published
from pprl.institution.blocks import Blocking
from pprl.institution.filling import Filling
from pprl.institution.name_words import NameWords
from pprl.institution.normalise import normalise
from pprl.institution.prf import Prf
from pprl.institution.published import completeness, pass_profile
from pprl.institution.tokens import token_table
from tests.rosters import agreement_on, crowded, little_rosters, roster

KEY = bytes(range(32))
WITHOUT_NOISE = 1e9
"""A budget so wide that the noise of every count is nought."""

PASSES = (
    ("students-1", "last-sound+zip"),
    ("students-1", "month-day+name"),
    ("students-1", "middle-initial+last"),
    ("students-1-strict", "zip+name-sounds"),
)


def profile_of(
    rows: pd.DataFrame, name: tuple[str, str], epsilon: float = WITHOUT_NOISE
) -> PassProfile:
    """The non-match profile of one pass."""
    section = agreement_on([name[1]], name[0]).linkage
    (linkage_pass,) = section.passes
    students = normalise(rows)
    words = NameWords.of(students)
    tables = {
        s.name: token_table(s.name, students, words, s.name.encode()) for s in section.segments
    }
    values = Blocking(students, words, KEY, KEY).values(linkage_pass, KEY)
    filling = Filling(section, section.segments_of(linkage_pass), tables, Prf(KEY), Prf(KEY))
    return pass_profile(filling, linkage_pass, values, bytes(32), epsilon, KEY)


def changes(one: PassProfile, other: PassProfile) -> dict[str, int]:
    """For each attribute, by how much its counts differ in sum."""
    return {
        name: sum(abs(a - b) for a, b in zip(one.levels[name], other.levels[name], strict=True))
        for name in one.levels
    }


def test_the_pairs_of_blocks_of_two_are_counted_by_level() -> None:
    """Two pairs share a birth date; three students who share one are no pair."""
    rows = roster(
        {"local_id": "1", "first_name": "Ana", "last_name": "Lee", "birth_date": "2005-01-02"},
        {"local_id": "2", "first_name": "Ana", "last_name": "Lee", "birth_date": "2005-01-02"},
        {"local_id": "3", "first_name": "Bill", "last_name": "Lee", "birth_date": "2005-03-04"},
        {"local_id": "4", "first_name": "Uma", "last_name": "Orr", "birth_date": "2005-03-04"},
        *({"local_id": f"9{n}", "last_name": n, "birth_date": "2006-05-06"} for n in "abc"),
        {"local_id": "8", "first_name": "Ivo", "last_name": "Pym", "birth_date": "2007-07-08"},
    )
    profile = profile_of(rows, ("students-1", "birth-date"))
    assert profile.pairs == 2
    first_name = dict(zip(LEVELS["first_name"], profile.levels["first_name"], strict=True))
    assert first_name == dict.fromkeys(LEVELS["first_name"], 0) | {"exact": 1, "different": 1}
    assert "birth_date" not in profile.levels


def test_a_missing_value_compares_as_a_strangers_does() -> None:
    """Two students who both lack a ZIP do not agree in it."""
    rows = roster(
        *({"local_id": n, "last_name": "Lee", "birth_date": "2005-01-02"} for n in "12"),
        {"local_id": "3", "last_name": "Orr", "birth_date": "2005-03-04"},
    )
    levels = profile_of(rows, ("students-1", "birth-date")).levels
    assert levels["last_name"] == (1, 0, 0, 0, 0)
    assert (levels["zip"], levels["first_name"][-1]) == ((0, 0, 1), 1)


@settings(max_examples=60)
@given(
    rows=little_rosters(9),
    name=st.sampled_from(PASSES),
    place=st.integers(0, 8),
    last_name=st.sampled_from(["Abe Lee Ray Kim Orr Pym", "Orr", "Zed Kim", "Kim Lee", ""]),
    first_name=st.sampled_from(["Ada Bo", "Ana", ""]),
)
def test_replacing_a_student_changes_no_more_counts_than_the_noise_is_made_for(
    rows: pd.DataFrame, name: tuple[str, str], place: int, last_name: str, first_name: str
) -> None:
    """At most twice the quota in each attribute, which is the sensitivity that is claimed."""
    (linkage_pass,) = agreement_on([name[1]], name[0]).linkage.passes
    replaced = rows.copy()
    place %= len(rows)
    replaced.loc[place, ["first_name", "last_name", "zip", "middle_name", "birth_date"]] = [
        first_name,
        last_name,
        "90001",
        "Ada",
        "2005-03-04",
    ]
    changed = changes(profile_of(rows, name), profile_of(replaced, name))
    assert max(changed.values()) <= 2 * linkage_pass.quota


def test_which_values_count_does_not_depend_on_who_else_is_there() -> None:
    """Beyond the quota a choice is made, and a newcomer must not turn that of all the others."""
    rows = [{"local_id": "0", "middle_name": "A", "last_name": "Zed"}]
    for letter in "bcdfghjk":
        for number, third in enumerate("oy"):
            last_name = f"{letter}ax {letter}ex {letter}{third}x"
            rows.append(
                {"local_id": f"{letter}{number}", "middle_name": "A", "last_name": last_name}
            )
    thirds = " ".join(f"{letter}{third}x" for letter in "bcdfghjk" for third in "oy")
    one, other = (
        profile_of(roster({**rows[0], "last_name": name}, *rows[1:]), PASSES[2])
        for name in ("Zed", thirds)
    )
    assert one.pairs > 0
    assert max(changes(one, other).values()) <= 2 * 2


def test_pairs_beyond_the_most_are_left_out_by_keyed_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """About half of them where half may stay; the same ones when the same data are sent again."""
    rows = roster(
        *(
            {"local_id": f"{i}{side}", "first_name": name, "birth_date": f"2005-01-{i:02}"}
            for i in range(1, 21)
            for side, name in (("a", "Ana"), ("b", "Ana" if i % 2 else "Uma"))
        )
    )
    assert profile_of(rows, ("students-1", "birth-date")).pairs == 20
    monkeypatch.setattr(published, "MOST_PAIRS", 10)
    sampled = profile_of(rows, ("students-1", "birth-date"))
    assert 4 < sampled.pairs < 16
    assert 0 < sampled.levels["first_name"][0] < sampled.pairs
    assert profile_of(rows, ("students-1", "birth-date")) == sampled


def test_a_pass_without_pairs_has_a_profile_of_noise_alone() -> None:
    """Small sources say nothing and look like others."""
    rows = crowded(3, seed=1)
    assert profile_of(rows, ("students-1", "birth-date")).pairs == 0
    noisy = profile_of(rows, ("students-1", "birth-date"), epsilon=0.01)
    assert sum(map(sum, noisy.levels.values())) > 0
    section = agreement_on(["birth-date"]).linkage
    assert set(noisy.levels) == set(Comparison.of(section, section.passes[0]).attributes)


def test_noise_is_made_for_the_pass_share_of_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine tenths over the passes, twice the quota for each attribute; one tenth for the rest."""
    asked = []
    monkeypatch.setattr(
        published,
        "noised",
        lambda counts, sensitivity, epsilon, key, label: (
            asked.append((label, sensitivity, round(epsilon, 9))) or list(counts)
        ),
    )
    agreement = agreement_on(["birth-date", "month-day+name"], epsilon=2.0)
    encoded_manifest(agreement, crowded(10, seed=1))
    assert sorted(asked) == [
        ("completeness", 7, 0.2),
        ("profile/birth-date", 2 * 1 * 5, 0.9),
        ("profile/month-day+name", 2 * 3 * 6, 0.9),
    ]


def encoded_manifest(agreement: pprl.Agreement, rows: pd.DataFrame) -> Manifest:
    """The manifest of an encoding under fixed keys."""
    state = State.in_memory(KEY)
    key = LinkageKey(KEY)
    encoded = pprl.encode(rows, agreement, key, "fresno", state=state, progress=False)
    return encoded.submission.manifest


def test_completeness_counts_each_field_once_a_student() -> None:
    """Shares of collapsed students, and of those without any blocking key."""
    section = agreement_on().linkage
    students = normalise(
        roster(
            {"local_id": "1", "first_name": "Ana", "last_name": "Lee", "birth_date": "2005-01-02"},
            {"local_id": "2", "first_name": "Bo", "last_name": "Kim", "sex": "F", "zip": "90001"},
            {"local_id": "3", "last_name": "Orr", "middle_name": "A", "birth_date": "2005-02-30"},
            {"local_id": "4", "last_name": "Pym"},
        )
    )
    shares, unplaced = completeness(
        section.fields, students, np.array([True, True, True, False]), WITHOUT_NOISE, KEY
    )
    assert shares == {
        "first_name": 0.5,
        "middle_name": 0.25,
        "last_name": 1.0,
        "birth_date": 0.25,
        "sex": 0.25,
        "zip": 0.25,
    }
    assert unplaced == 0.25


@settings(max_examples=20)
@given(epsilon=st.floats(0.02, 1), count=st.integers(1, 30))
def test_published_shares_lie_between_none_and_all(epsilon: float, count: int) -> None:
    """Whatever the noise."""
    students = normalise(crowded(count, seed=1))
    section = agreement_on(state_id=True).linkage
    shares, unplaced = completeness(section.fields, students, np.zeros(count, bool), epsilon, KEY)
    assert set(shares) == set(section.fields)
    assert all(0 <= share <= 1 for share in (*shares.values(), unplaced))


def test_the_manifest_publishes_nothing_exact_but_the_number_of_records() -> None:
    """Under the default budget, no count of a small roster is what it is."""
    agreement = agreement_on(["birth-date", "first-last"])
    rows = crowded(40, seed=1)
    manifest = encoded_manifest(agreement, rows)
    exact = encoded_manifest(agreement_on(["birth-date", "first-last"], epsilon=1e12), rows)
    assert manifest.records == exact.records == 40
    assert exact.completeness["last_name"] == 1
    assert manifest.completeness != exact.completeness
    for name, profile in exact.non_match_profile.items():
        assert profile.levels != manifest.non_match_profile[name].levels


def test_records_without_a_block_are_counted_by_what_they_are_themselves() -> None:
    """Replacing one student does not place or displace others in the published share."""
    agreement = agreement_on(["birth-date", "last-sound+zip"], epsilon=1e12)
    ana = {"local_id": "1", "first_name": "Ana", "last_name": "Diaz Lopez Kim", "zip": "90001"}
    others = [
        {"local_id": str(i), "first_name": "Bo", "last_name": name, "zip": "90001"}
        for i, name in enumerate(("Diaz", "Lopez", "Kim"), 2)
    ]
    with_ana, without = (
        encoded_manifest(agreement, roster({**ana, "last_name": name}, *others)).unplaced
        for name in ("Diaz Lopez Kim", "Orr")
    )
    assert abs(with_ana - without) <= 1 / 4
