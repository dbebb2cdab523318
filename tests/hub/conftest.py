"""What the tests of the hub share: a small agreement, random submissions and real rosters."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import pprl
from pprl.agreement import Agreement, LinkageSection, Party, Pass, RecordRules, Segment
from pprl.agreement.blocking import BlockingPart
from pprl.exchange import Entries, Manifest, Submission
from pprl.hub import Linkage
from pprl.hub.scoring import Candidates
from pprl.institution import LinkageKey, State

SECTION = LinkageSection(
    partnership="00000000-0000-4000-8000-000000000000",
    fields=("first_name", "last_name", "birth_date"),
    segments=(
        Segment("first_name", 128, 32, (32, 24, 17)),
        Segment("last_name", 128, 32, (32, 24, 15)),
        Segment("birth_date", 64, 16, (16, 11, 8)),
    ),
    passes=(
        Pass("birth", (BlockingPart("birth_date"),), 1),
        Pass("names", (BlockingPart("first_last_pair"),), 2),
    ),
)
IDS = ("city-college", "county-college", "orchard-usd", "riverbend-usd")
FIRST = ("Ana", "Ben", "Carla", "Dmitri", "Elena", "Farid", "Grace", "Hmong", "Ivan", "Jade")
LAST = ("Alvarez", "Brown", "Cha", "Dubois", "Escobar", "Fong", "Grant", "Herrera", "Ito", "Jung")


def small_agreement(minimum: int = 2) -> Agreement:
    """Four parties, three segments, two passes."""
    parties = tuple(Party(identifier) for identifier in IDS)
    return Agreement("Compact", parties, SECTION, records=RecordRules(minimum=minimum))


def random_filters(
    count: int, segments: Sequence[Segment], rng: np.random.Generator
) -> NDArray[np.uint64]:
    """Filters with exactly the agreed number of bits in each segment, at random places."""
    columns = []
    for segment in segments:
        order = rng.random((count, segment.bits)).argsort(axis=1)
        bits = (order < segment.insertions).astype(np.uint8)
        columns.append(np.packbits(bits, axis=1, bitorder="little").view("<u8"))
    return np.concatenate(columns, axis=1)


def random_entries(
    section: LinkageSection, linkage_pass: Pass, records: int, seed: int, tokens: int = 1 << 62
) -> Entries:
    """Entries in the right form: each record's quota, tokens drawn below a bound."""
    rng = np.random.default_rng(seed)
    count = records * linkage_pass.quota
    drawn: set[int] = set()
    while len(drawn) < count:
        drawn.update(rng.integers(0, tokens, count - len(drawn)).tolist())
    return Entries(
        np.array(sorted(drawn), np.uint64),
        rng.permutation(np.repeat(np.arange(records, dtype=np.uint32), linkage_pass.quota)),
        random_filters(count, section.segments_of(linkage_pass), rng),
    )


def random_submission(
    institution: str, records: int = 4, seed: int = 1, tokens: int = 1 << 62
) -> Submission:
    """A submission that the small agreement admits; a low bound of tokens makes blocks meet."""
    passes = {
        linkage_pass.name: random_entries(SECTION, linkage_pass, records, seed + place, tokens)
        for place, linkage_pass in enumerate(SECTION.passes)
    }
    manifest = Manifest(
        institution=institution,
        agreement="a" * 64,
        linkage=SECTION.digest,
        key_check="c" * 32,
        records=records,
        sequence=1,
        software="pprl 0",
        epsilon=1.0,
        completeness={},
        unplaced=0.0,
    )
    return Submission(manifest, passes)


def candidate_pairs(rows: Sequence[tuple[int, int, int, float]]) -> Candidates:
    """Candidates of (group, left, right, log-odds), in the order of their tokens."""
    group, left, right, log_odds = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Candidates(
        group=np.array(group, np.int16),
        left=np.array(left, np.uint32),
        right=np.array(right, np.uint32),
        token=np.arange(len(rows), dtype=np.uint64) * np.uint64(1000),
        log_odds=np.array(log_odds, np.float64),
        best=np.zeros(len(rows), np.int64),
        passes=np.ones(len(rows), np.int64),
    )


def population(people: int, seed: int) -> pd.DataFrame:
    """People with a name and a birth date: `person, first_name, last_name, birth_date, zip`."""
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2006-01-01") + pd.to_timedelta(rng.integers(0, 1500, people), "D")
    middle = rng.choice(list("ABCDEFGHIJKLM"), people)
    return pd.DataFrame(
        {
            "person": np.arange(people),
            "first_name": rng.choice(FIRST, people).astype(object),
            "middle_name": middle.astype(object),
            "last_name": rng.choice(LAST, people).astype(object),
            "birth_date": np.array([day.strftime("%Y-%m-%d") for day in days], object),
            "sex": rng.choice(["F", "M"], people).astype(object),
            "zip": rng.choice(["93701", "93702", "93706", "93722"], people).astype(object),
        }
    )


def roster(people: pd.DataFrame, institution: str, share: float, seed: int) -> pd.DataFrame:
    """A share of the people as one institution writes them down: one in five with a slip."""
    rng = np.random.default_rng(seed)
    chosen = people.sample(frac=share, random_state=seed).reset_index(drop=True)
    chosen["local_id"] = [f"{institution}/{person}" for person in chosen["person"]]
    slip = rng.random(len(chosen))
    chosen.loc[slip < 0.1, "last_name"] = chosen["last_name"] + "s"
    chosen.loc[(slip > 0.1) & (slip < 0.15), "zip"] = "93650"
    chosen.loc[slip > 0.95, "middle_name"] = ""
    return chosen


@pytest.fixture
def agreement() -> Agreement:
    """The small agreement."""
    return small_agreement()


@pytest.fixture
def make_submission() -> Callable[..., Submission]:
    """`random_submission`."""
    return random_submission


@pytest.fixture
def make_candidates() -> Callable[..., Candidates]:
    """`candidate_pairs`."""
    return candidate_pairs


@pytest.fixture
def two(agreement: Agreement) -> list[Submission]:
    """Two submissions that the small agreement admits."""
    return [random_submission("orchard-usd", 4, 1), random_submission("county-college", 3, 10)]


@pytest.fixture(scope="session")
def rosters() -> dict[str, pd.DataFrame]:
    """What three institutions hold of one population, with `person` as truth."""
    people = population(260, 31)
    return {
        "orchard-usd": roster(people, "orchard-usd", 0.7, 32),
        "county-college": roster(people, "county-college", 0.6, 33),
        "city-college": roster(people, "city-college", 0.5, 34),
    }


@pytest.fixture(scope="session")
def students_agreement() -> Agreement:
    """The default profile, for three parties; the third pools and may hold a person twice."""
    parties = [Party(i) for i in IDS[:3]]
    return Agreement.students(parties, "students-1", minimum=20)


def hasty_roster(people: pd.DataFrame, institution: str, share: float, seed: int) -> pd.DataFrame:
    """A roster in which many fields are somebody else's, so that many pairs stay doubtful."""
    chosen = roster(people, institution, share, seed)
    rng = np.random.default_rng(seed + 100)
    for column, rate in (("last_name", 0.25), ("first_name", 0.2), ("zip", 0.5), ("sex", 0.1)):
        other = people[column].sample(len(chosen), replace=True, random_state=seed).to_numpy()
        chosen[column] = np.where(rng.random(len(chosen)) < rate, other, chosen[column])
    year = rng.random(len(chosen)) < 0.2
    chosen.loc[year, "birth_date"] = "2005" + chosen["birth_date"].str[4:]
    return chosen


@pytest.fixture(scope="session")
def submissions(students_agreement: Agreement) -> list[Submission]:
    """Hasty rosters of three institutions, encoded, each under a secret of its own."""
    people = population(400, 37)
    rosters = {
        name: hasty_roster(people, name, 0.7, 38 + place) for place, name in enumerate(IDS[:3])
    }
    key = LinkageKey(bytes(range(32)))
    return [
        pprl.encode(
            roster.drop(columns="person"),
            students_agreement,
            key,
            institution,
            state=State.in_memory(bytes([number] * 32)),
            progress=False,
        ).submission
        for number, (institution, roster) in enumerate(rosters.items(), 1)
    ]


@pytest.fixture(scope="session")
def linked(submissions: list[Submission], students_agreement: Agreement) -> Linkage:
    """The rosters, linked."""
    return pprl.link(submissions, students_agreement, progress=False)


@pytest.fixture(scope="session")
def with_rules() -> Callable[..., Agreement]:
    """An agreement with other output rules, which leave encodings as they are."""

    def changed(agreement: Agreement, **rules: bool) -> Agreement:
        return dataclasses.replace(agreement, output=dataclasses.replace(agreement.output, **rules))

    return changed
