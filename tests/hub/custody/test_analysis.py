"""Claims about outcomes, which are kept apart from encodings."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from pprl import Agreement, Identity
from pprl.agreement.rules import Payload as PayloadRules
from pprl.errors import CustodyError
from pprl.exchange import Payload
from pprl.hub.custody import AnalysisStore, CustodyKey, LinkageStore
from pprl.hub.study_ids import new_study_ids

GIVEN, OURS = new_study_ids(3), new_study_ids(3)
NAMES = dict(zip(GIVEN, OURS, strict=True))


@pytest.fixture
def analysis_key() -> CustodyKey:
    """The analysis store's key."""
    return CustodyKey(bytes(32), "analysis store")


@pytest.fixture
def payload(keeping: Agreement) -> Payload:
    """Outcomes of three students."""
    rules = PayloadRules((("graduated", "flag"),))
    agreement = dataclasses.replace(keeping, payload=rules)
    rows = pd.DataFrame({"study_id": GIVEN, "graduated": [True, False, True]})
    return Payload.of(rows, agreement, "orchard-usd")


def test_outcomes_open_only_once_encodings_are_sealed_or_gone(
    store: LinkageStore,
    files: list[Path],
    keeping: Agreement,
    analysis_key: CustodyKey,
    tmp_path: Path,
) -> None:
    """Nobody works on both at a time."""
    store.add(files[0], keeping)
    with pytest.raises(CustodyError, match="holds encodings unsealed"):
        AnalysisStore.open(tmp_path / "analysis", analysis_key, store)
    assert not (tmp_path / "analysis").exists()
    identity = Identity.generate()
    store.seal(identity.recipient)
    AnalysisStore.open(tmp_path / "analysis", analysis_key, store)
    store.unseal(identity)
    with pytest.raises(CustodyError, match="holds encodings unsealed"):
        AnalysisStore.open(tmp_path / "analysis", analysis_key, store)
    store.purge()
    AnalysisStore.open(tmp_path / "analysis", analysis_key, store)


def test_persons_bear_other_names_there_than_at_the_hub_or_at_their_institution(
    store: LinkageStore, analysis_key: CustodyKey, payload: Payload, tmp_path: Path
) -> None:
    """One person the same from all institutions; and no study ID is in the file."""
    analysis = AnalysisStore.open(tmp_path / "analysis", analysis_key, store)
    analysis.keep(payload, NAMES)
    table = analysis.table("orchard-usd").to_pandas()
    assert table["graduated"].tolist() == [True, False, True]
    assert not set(table["person"]) & {*GIVEN, *OURS} and table["person"].is_unique
    elsewhere = dict(zip(GIVEN, reversed(OURS), strict=True))
    analysis.keep(dataclasses.replace(payload, institution="city-college"), elsewhere)
    other = analysis.table("city-college").to_pandas()
    assert other["person"].tolist() == table["person"].tolist()[::-1]
    assert analysis.institutions() == ["city-college", "orchard-usd"]
    for path in analysis.files():
        content = path.read_bytes()
        assert not any(name.encode() in content for name in (*GIVEN, *OURS, "graduated"))
    assert repr(analysis) == "<AnalysisStore analysis>"


def test_a_study_id_of_no_crosswalk_is_refused_and_not_named(
    store: LinkageStore, analysis_key: CustodyKey, payload: Payload, tmp_path: Path
) -> None:
    """The message counts."""
    analysis = AnalysisStore.open(tmp_path / "analysis", analysis_key, store)
    with pytest.raises(CustodyError, match="1 of 3 study IDs") as caught:
        analysis.keep(payload, dict(list(NAMES.items())[:2]))
    assert GIVEN[2] not in str(caught.value)
    assert analysis.institutions() == []


def test_outcomes_altered_or_under_another_key_are_told(
    store: LinkageStore, analysis_key: CustodyKey, payload: Payload, tmp_path: Path
) -> None:
    """So is another institution's file under this one's name, and one that is not there."""
    analysis = AnalysisStore.open(tmp_path / "analysis", analysis_key, store)
    analysis.keep(payload, NAMES)
    other = AnalysisStore.open(tmp_path / "analysis", CustodyKey.generate("analysis store"), store)
    with pytest.raises(CustodyError, match="under another key"):
        other.table("orchard-usd")
    (path,) = analysis.files()
    path.with_name("city-college.outcomes").write_bytes(path.read_bytes())
    with pytest.raises(CustodyError, match="was altered"):
        analysis.table("city-college")
    with pytest.raises(CustodyError, match="cannot be read"):
        analysis.table("county-college")


def test_the_two_stores_are_kept_apart(
    store: LinkageStore, key: CustodyKey, analysis_key: CustodyKey, tmp_path: Path
) -> None:
    """Neither key nor folder of the one serves the other."""
    with pytest.raises(CustodyError, match="key of another store"):
        AnalysisStore.open(tmp_path / "analysis", key, store)
    for inside in (store.folder, store.folder / "analysis"):
        with pytest.raises(CustodyError, match="lies in the linkage store"):
            AnalysisStore.open(inside, analysis_key, store)
    with pytest.raises(CustodyError, match="cannot be made"):
        AnalysisStore.open(tmp_path / "a" / "b", analysis_key, store)
