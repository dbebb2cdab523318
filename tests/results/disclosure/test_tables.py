"""Dimensions, tables, rates and the files that they become."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pprl.cli import run
from pprl.errors import UsageError
from pprl.results.disclosure import (
    TOTAL,
    CountTable,
    Dimension,
    Protected,
    RateTable,
    attack,
    protect,
    read_release,
    rounded,
    write_release,
)
from pprl.results.disclosure.dimension import united
from pprl.results.disclosure.rates import interval_of

PLACE = Dimension("place", {"p0": TOTAL, "p1": TOTAL, "p2": TOTAL, "p3": TOTAL})
OUTCOME = Dimension("outcome", {"yes": TOTAL, "no": TOTAL}, is_outcome=True)


@pytest.fixture
def protected() -> Protected:
    """Four places: nearly all, all, half and hardly any have the outcome."""
    yes, all_ = (
        {"p0": 200, "p1": 30, "p2": 55, "p3": 7},
        {"p0": 203, "p1": 30, "p2": 110, "p3": 300},
    )
    yes[TOTAL], all_[TOTAL] = sum(yes.values()), sum(all_.values())
    rows = [
        (place, outcome, count)
        for place in yes
        for outcome, count in (
            ("yes", yes[place]),
            ("no", all_[place] - yes[place]),
            (TOTAL, all_[place]),
        )
    ]
    counts = pd.DataFrame(rows, columns=["place", "outcome", "count"])
    table = CountTable("enrolled", "enrolled", ("place", "outcome"), counts)
    asked = pd.DataFrame({"place": list(yes)})
    rates = RateTable("enrolled-rates", "enrolled", ("place",), "outcome", "yes", asked)
    return protect([table], [PLACE, OUTCOME], rates=[rates])


def test_a_rate_is_told_where_its_counts_are(protected: Protected) -> None:
    """And coded where that says no more than which counts are small."""
    rates = protected.release.rates[0].rates.set_index("place")["rate"]
    assert rates.to_dict() == {"p0": ">95%", "p1": "", "p2": "50%", "p3": "<5%", TOTAL: "45%"}
    assert not attack([protected.release])["at_risk"].any()


def test_a_text_that_is_no_rate_is_refused() -> None:
    """An attacker does not guess what it means."""
    with pytest.raises(UsageError, match="is no rate"):
        interval_of("many")


def test_nothing_is_coded_for_whoever_must_not_know_why(protected: Protected) -> None:
    """Without the guarantee for those who know the reasons, a code beside them could tell."""
    table = protected.tables[0]
    bare = CountTable(table.name, table.measure, table.dimensions, table.counts)
    asked = RateTable(
        "r", "enrolled", ("place",), "outcome", "yes", pd.DataFrame({"place": ["p0"]})
    )
    told = protect([bare], [PLACE, OUTCOME], rates=[asked], reasons_known=False)
    assert told.release.rates[0].rates["rate"].tolist() == [""]


def test_rates_are_rounded_half_up() -> None:
    """In whole numbers, so that it is the same on every machine."""
    assert [rounded(n, 200) for n in (9, 10, 33, 191, 190)] == ["<5%", "5%", "17%", ">95%", "95%"]
    assert rounded(1, 3, 1) == "33.3%"
    assert rounded(0, 0) == ""


@pytest.mark.parametrize("decimals", [0, 1])
def test_the_interval_of_a_rate_holds_it(decimals: int) -> None:
    """Whatever the counts are."""
    for whole in range(1, 60):
        for part in range(whole + 1):
            low, high = interval_of(rounded(part, whole, decimals))
            assert low - 1e-12 <= part / whole <= high + 1e-12


def test_a_release_reads_as_it_was_written(protected: Protected, tmp_path: Path) -> None:
    """Hidden counts are in no file; writing it again gives the same bytes."""
    for name in ("one", "two"):
        write_release(protected.release, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["enrolled-rates.csv", "enrolled.csv", "release.json"]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert "p1,yes,,1" in (tmp_path / "one" / "enrolled.csv").read_text(encoding="utf-8")
    again = read_release(tmp_path / "one")
    pd.testing.assert_frame_equal(
        again.tables[0].counts, protected.release.tables[0].counts, check_dtype=False
    )
    pd.testing.assert_frame_equal(attack([again]), attack([protected.release]))


def test_what_is_hidden_is_not_written(protected: Protected, tmp_path: Path) -> None:
    """Tables that stay at the hub are refused."""
    release = protected.release
    bare = type(release)(release.dimensions, protected.tables)
    with pytest.raises(UsageError, match="has counts that are hidden"):
        write_release(bare, tmp_path / "bare")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("release.json", '"smallest": 11', '"smallest": null'),
        ("release.json", "{", "["),
        ("release.json", '"format": "pprl-release-1"', '"format": "pprl-release-9"'),
        ("enrolled.csv", "count,hidden", "count"),
        ("enrolled.csv", "p1,yes,,1", "p1,yes,30,1"),
        ("enrolled.csv", "p1,yes,,1", "p1,yes,,0"),
        ("enrolled.csv", "p1,yes,,1", "p9,yes,,1"),
        ("enrolled.csv", "p1,yes,,1", "p0,yes,,1"),
        ("release.json", '"enrolled": {', '"../enrolled": {'),
        ("release.json", '"enrolled": {', '"gone": {'),
    ],
)
def test_an_altered_release_is_refused(
    protected: Protected, tmp_path: Path, file: str, old: str, new: str
) -> None:
    """With a message, whatever is wrong with it."""
    write_release(protected.release, tmp_path / "r")
    path = tmp_path / "r" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="")
    with pytest.raises(UsageError):
        read_release(tmp_path / "r")


def test_names_that_are_no_files_are_refused(protected: Protected, tmp_path: Path) -> None:
    """A table's name is its file's."""
    one = protected.release.tables[0]
    table = CountTable("Enrolled 2026", one.measure, one.dimensions, one.counts)
    with pytest.raises(UsageError, match="cannot be a file"):
        write_release(type(protected.release)((PLACE, OUTCOME), (table,)), tmp_path / "r")
    with pytest.raises(UsageError, match="cannot be read"):
        read_release(tmp_path / "nowhere")


def test_the_command_tells_what_can_be_worked_out(
    protected: Protected, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its exit code is 0 if nothing can, and 1 if anything can."""
    write_release(protected.release, tmp_path / "safe")
    assert run(["results", "audit", str(tmp_path / "safe")]) == 0
    assert capsys.readouterr().out.startswith("SAFE: none of 6 hidden counts")
    write_release(protected.release, tmp_path / "unsafe")
    path = tmp_path / "unsafe" / "enrolled.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("p1,yes,,1", "p1,yes,30,0"), encoding="utf-8", newline="")
    assert run(["results", "audit", str(tmp_path / "unsafe")]) == 1
    told = capsys.readouterr().out
    assert "  enrolled (outcome=no, place=p1) is 0\n" in told
    assert "UNSAFE: " in told
    assert run(["results", "audit", str(tmp_path / "safe"), "--protection", "400"]) == 1
    assert " lies in " in capsys.readouterr().out


def test_a_dimension_is_a_tree() -> None:
    """From every code a way leads to the total."""
    with pytest.raises(UsageError, match="needs codes"):
        Dimension("place", {})
    with pytest.raises(UsageError, match="does not lead"):
        Dimension("place", {"a": "b", "b": "a"})
    with pytest.raises(UsageError, match="does not lead"):
        Dimension("place", {"a": "nowhere"})
    with pytest.raises(UsageError, match="is_outcome=True"):
        Dimension("outcome", {"yes": TOTAL})
    with pytest.raises(UsageError, match="outcome in one release"):
        united([PLACE, Dimension("place", {"p0": TOTAL}, is_outcome=True)])


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"place": ["p0", "p0"], "count": [1, 2]}, "a cell twice"),
        ({"place": ["p0"], "number": [1]}, "lacks the column count"),
        ({"place": ["p9"], "count": [1]}, "no code of"),
        ({"place": ["p0"], "count": [-1]}, "no whole numbers"),
        ({"place": ["p0"], "count": [1.5]}, "no whole numbers"),
    ],
)
def test_faulty_tables_are_refused(counts: dict[str, list[object]], told: str) -> None:
    """Each with the table's name."""
    with pytest.raises(UsageError, match=told):
        protect([CountTable("t", "m", ("place",), pd.DataFrame(counts))], [PLACE])


def test_tables_and_rates_that_do_not_go_together_are_refused() -> None:
    """Names twice, dimensions that are none, rates without counts."""
    table = CountTable("t", "m", (), pd.DataFrame({"count": np.array([50])}))
    with pytest.raises(UsageError, match="Two tables are called t"):
        protect([table, table], [PLACE])
    with pytest.raises(UsageError, match="Two dimensions"):
        protect([table], [PLACE, PLACE])
    strange = CountTable("s", "m", ("year",), pd.DataFrame({"year": ["1"], "count": [1]}))
    with pytest.raises(UsageError, match="which is no dimension"):
        protect([strange], [PLACE])
    rates = RateTable("r", "m", (), "outcome", "yes", pd.DataFrame(index=[0]))
    with pytest.raises(UsageError, match="of counts that no table has"):
        protect([table], [PLACE, OUTCOME], rates=[rates])


def test_the_description_says_what_the_attacker_needs(protected: Protected, tmp_path: Path) -> None:
    """Trees, outcomes, subsets and the rules."""
    write_release(protected.release, tmp_path / "r")
    told = json.loads((tmp_path / "r" / "release.json").read_text(encoding="utf-8"))
    assert told["dimensions"]["outcome"] == {
        "is_outcome": True,
        "parents": {"no": "total", "yes": "total"},
    }
    assert (told["smallest"], told["protection"]) == (11, 5)
