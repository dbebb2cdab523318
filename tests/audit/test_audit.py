"""Claims about the audit as a whole, its page, and what it is not fooled by."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import pprl
from pprl import Agreement, LinkageKey, State, Submission
from pprl.agreement import Pass
from pprl.agreement.blocking import SOURCES, BlockingPart
from pprl.audit import Audit, Finding, RosterView, audit, simulate
from pprl.audit.distinguisher import area, classifier_area, features, p_values
from pprl.audit.findings import loose_finding
from pprl.audit.looseness import AGREEMENT_BY_CHANCE, chance_of, looseness
from pprl.audit.page import page
from pprl.errors import UsageError
from pprl.exchange import Entries
from pprl.institution.leaked_roster import leaked_roster
from pprl.synthetic import population

PASSES = ("birth-date+first-3", "year-day+name-sounds")


@dataclasses.dataclass(frozen=True)
class Partners:
    """Two sources of one region, encoded, and the first one's plaintext as an attacker has it."""

    agreement: Agreement
    submissions: list[Submission]
    view: RosterView


@pytest.fixture(scope="module")
def partners() -> Partners:
    """Some hundred students at each of two institutions."""
    region = population(1200, seed=2)
    agreement = Agreement.students(["district", "college"], "students-2", minimum=10)
    chosen = tuple(p for p in agreement.linkage.passes if p.name in PASSES)
    section = dataclasses.replace(agreement.linkage, passes=chosen)
    agreement = dataclasses.replace(agreement, linkage=section)
    submissions, view = [], None
    for role in ("district", "college"):
        students = region.pool(role).students.head(500)
        encoded = pprl.encode(
            students,
            agreement,
            LinkageKey(bytes(range(32))),
            role,
            state=State.in_memory(role.encode().ljust(32)),
            progress=False,
        )
        submissions.append(encoded.submission)
        if view is None:
            emitted, likeness, records = leaked_roster(students, agreement, encoded.id_map, 100)
            view = RosterView(role, emitted, likeness, records)
    assert view is not None
    return Partners(agreement, submissions, view)


@pytest.fixture(scope="module")
def found(partners: Partners) -> Audit:
    """The audit of both."""
    return audit(
        partners.submissions,
        partners.agreement,
        roster=partners.view,
        rng=np.random.default_rng(1),
        progress=False,
    )


def light_of(found: Audit, words: str) -> str:
    """The light of the finding whose name has these words."""
    lights = [f.light for f in found.findings if words in f.name]
    assert lights, words
    return lights[0]


@pytest.mark.parametrize("words", ["random bits", "classifier", "compared", "patterns", "graphs"])
def test_nothing_is_found_in_one_submission(found: Audit, words: str) -> None:
    """Neither statistics, nor a classifier, nor similarities, nor patterns."""
    assert light_of(found, words) == "green"


def test_what_two_submissions_show_is_told(found: Audit) -> None:
    """The bound for who holds both rosters, and the guess of who holds one."""
    table = found.tables["across sources"]
    assert 0 < table["guess right, without levels"] <= table["guess right, with levels"] <= 1
    assert any("plaintext find" in f.name and f.value > 0 for f in found.findings)


def test_the_roster_view_counts_what_is_emitted(partners: Partners) -> None:
    """No record shares more entries than the plaintext says that it emits."""
    one, other = partners.submissions
    for column, linkage_pass in enumerate(partners.agreement.linkage.passes):
        mine, theirs = (s.passes[linkage_pass.name] for s in (one, other))
        shared = np.isin(mine.tokens, theirs.tokens)
        counts = np.bincount(mine.records[shared], minlength=one.records)
        assert (counts <= partners.view.emitted[:, column]).all()
    assert f"{one.records:,}" in repr(partners.view)


def with_filters(submission: Submission, change: str) -> Submission:
    """The submission as a faulty encoder would have made it."""
    passes = {}
    for name, entries in submission.passes.items():
        filters, tokens = entries.filters.copy(), entries.tokens.copy()
        if change == "missing shown":
            filters[::5, 0] = 0
        if change == "no salts":
            filters[::3] = filters[0]
        if change == "no cap":
            tokens = np.sort(np.repeat(tokens[::2], 2)[: len(tokens)])
        if change == "low tokens":
            tokens = np.sort((tokens.astype(np.float64) / 2.0**64) ** 1.3 * 2.0**64).astype("u8")
        passes[name] = Entries(tokens, entries.records, filters)
    return Submission(submission.manifest, passes)


@pytest.mark.parametrize("change", ["missing shown", "no salts", "no cap", "low tokens"])
def test_a_file_made_against_the_rules_is_stopped(partners: Partners, change: str) -> None:
    """Whichever rule is broken, the light is red and the sentence says so."""
    spoilt = with_filters(partners.submissions[0], change)
    found = audit([spoilt], partners.agreement, rng=np.random.default_rng(1), progress=False)
    assert found.light == "red"
    assert found.headline.startswith("Do not send")


def test_a_trained_classifier_learns_what_can_be_learnt(partners: Partners) -> None:
    """Entries of an encoder that left a bit unset are told from random ones."""
    submission, rng = partners.submissions[0], np.random.default_rng(1)
    entries = submission.passes[PASSES[1]]
    biased = entries.filters & ~np.uint64(1 << 5)
    random = simulate(submission.manifest, partners.agreement.linkage, rng).passes[PASSES[1]]
    told = classifier_area(
        features(Entries(entries.tokens, entries.records, biased), submission.records),
        features(random, submission.records),
        rng,
    )
    assert told.value > 0.55
    assert not told.is_guessing


def test_areas_are_those_of_all_pairs() -> None:
    """Against counting pairs; nobody against nobody is a guess."""
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 5, 30).astype(float), rng.integers(1, 6, 20).astype(float)
    slow = np.mean([(a > b) + 0.5 * (a == b) for a in one for b in other])
    assert area(one, other).value == pytest.approx(slow)
    assert area(one[:0], other).is_guessing
    assert (
        classifier_area(np.zeros((1, 2), np.float32), np.zeros((9, 2), np.float32), rng).value
        == 0.5
    )


def test_without_scikit_learn_the_audit_says_what_it_left_out(
    partners: Partners, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is done all the same."""
    monkeypatch.setitem(__import__("sys").modules, "sklearn.ensemble", None)
    found = audit(
        partners.submissions[:1], partners.agreement, rng=np.random.default_rng(1), progress=False
    )
    assert any("pip install 'pprl-edu[audit]'" in note for note in found.notes)
    assert not any("classifier" in f.name for f in found.findings)


def test_large_passes_are_sampled(partners: Partners, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample of a good file is a good file."""
    monkeypatch.setattr("pprl.audit.distinguisher.MOST_ENTRIES", 200)
    found = p_values(partners.submissions[0], partners.agreement.linkage, np.random.default_rng(1))
    assert min(found.values()) > 1e-4


def test_an_audit_needs_a_submission_and_its_own_roster(partners: Partners) -> None:
    """What does not belong together is refused."""
    rng = np.random.default_rng(1)
    with pytest.raises(UsageError, match="at least one"):
        audit([], partners.agreement, rng=rng)
    with pytest.raises(UsageError, match="sent no submission"):
        audit(partners.submissions[1:], partners.agreement, roster=partners.view, rng=rng)


def finding(light: str, name: str = "Could who holds it find it?") -> Finding:
    """A finding of that light."""
    return Finding(name, light, "<b>1%</b>", 0.01, "none", "nothing")


@pytest.mark.parametrize(
    ("lights", "worst", "sentence"),
    [
        (["green"], "green", "No attack did better"),
        (["green", "amber"], "amber", "Within the design"),
        (["amber", "red", "green"], "red", "Do not send"),
    ],
)
def test_the_headline_is_that_of_the_worst_finding(
    lights: list[str], worst: str, sentence: str
) -> None:
    """One sentence, one light."""
    found = Audit("A & B", {"a": 3}, tuple(finding(light) for light in lights), {}, ())
    assert found.light == worst
    assert found.headline.startswith(sentence)
    assert json.loads(json.dumps(found.as_json()))["light"] == worst


def test_the_page_is_whole_escaped_and_loads_nothing(found: Audit) -> None:
    """One file: no script, no link, no address to fetch from."""
    spiked = dataclasses.replace(found, title="<script>", findings=(finding("amber"),))
    written = page(spiked)
    assert "<script" not in written
    assert "<b>1%" not in written
    for loading in ("://", "src=", "<link", "url("):
        assert loading not in written
    assert written.startswith("<!doctype html>")
    assert written.rstrip().endswith("</html>")
    assert "Not examined" not in page(dataclasses.replace(found, notes=()))
    assert "once" in page(dataclasses.replace(found, notes=("once", "once")))


def test_the_table_of_chances_knows_every_part() -> None:
    """A part that is new to agreements needs a line there."""
    for name, source in SOURCES.items():
        assert name in AGREEMENT_BY_CHANCE
        if source.letters:
            for transform in ("soundex", "1", "5", "8"):
                assert chance_of(Pass("p", (BlockingPart(name, transform),), 1)) > 0


def loose(*parts: str) -> Agreement:
    """An agreement whose passes block on one part each."""
    agreement = Agreement.students(["a", "b"])
    passes = tuple(Pass(part, (BlockingPart.parse(part),), 1) for part in parts)
    section = dataclasses.replace(agreement.linkage, passes=passes)
    return dataclasses.replace(agreement, linkage=section)


def test_loose_passes_are_warned_of_with_the_figure() -> None:
    """The lights of the shipped profiles, and of one that links strangers at every turn."""
    figures = {
        profile: loose_finding(Agreement.students(["a", "b"], profile).linkage)
        for profile in ("students-1", "students-1-strict", "students-2")
    }
    assert [f.light for f in figures.values()] == ["amber", "green", "green"]
    hostile = loose(
        "birth_date",
        "first_name",
        "last_part",
        "zip",
        "name_part",
        "first_last_pair",
        "birth_year_month",
        "birth_year_day",
        "birth_month_day_sorted",
        "first_name:3",
        "last_part:3",
        "name_pair",
        "last_part:soundex",
        "first_name:soundex",
    )
    found = loose_finding(hostile.linkage)
    assert found.light == "red"
    assert "links to strangers" in found.figure


def test_links_to_strangers_are_those_of_a_simulation() -> None:
    """Against sources drawn at random whose students hold one of so many blocks each."""
    section = loose("birth_date").linkage
    chance = chance_of(section.passes[0])
    rng, blocks = np.random.default_rng(1), round(1 / chance)
    estimate = looseness(section)
    shared = []
    for _ in range(20):
        one, other = rng.integers(0, blocks, (2, estimate.size))
        sole = np.bincount(one, minlength=blocks) == 1
        sole &= np.bincount(other, minlength=blocks) == 1
        shared.append(sole.sum() / estimate.size)
    assert estimate.links == pytest.approx(np.mean(shared), rel=0.05)
