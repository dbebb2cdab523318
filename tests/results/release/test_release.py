"""Claims about releases: what leaves, what stays hidden, and that all forms tell the same."""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pprl.errors import ReleaseError, UsageError
from pprl.results.disclosure import Release, attack, read_release
from pprl.results.release import Compilation, compilation, compile_release, folder
from pprl.results.release.contents import cells_of
from pprl.results.release.figures import IndicatorReport, Rate
from pprl.results.release.folder import forms_of, write_compilation
from pprl.results.release.sankey import specification
from pprl.synthetic.outcomes import THROUGH
from tests.results.release import valley


@pytest.fixture(scope="module")
def forms(compiled: Compilation) -> dict[str, str]:
    """The report in all of its forms."""
    return forms_of(compiled.report)


def body(page: str) -> ElementTree.Element:
    """The body of a page."""
    return ElementTree.fromstring(page.split("</head>")[1].removesuffix("</html>\n"))


def tables_of_page(page: str) -> dict[str, list[tuple[str, ...]]]:
    """Caption -> rows of cells."""
    return {
        "".join(table.find("caption").itertext()): [  # type: ignore[union-attr]
            tuple("".join(cell.itertext()) for cell in row) for row in table.iter("tr")
        ][1:]
        for table in body(page).iter("table")
    }


def tables_of_markdown(text: str) -> dict[str, list[tuple[str, ...]]]:
    """The same of Markdown."""
    plain = re.sub(r"\\([\\`*_{}\[\]<>#|~])", r"\1", text)
    found = re.findall(r"^\*([^*].*)\*\n\n((?:\|.*\n?)+)", plain, re.MULTILINE)
    return {
        caption: [
            tuple(cell.strip() for cell in line.strip("|").split("|"))
            for line in lines.strip().splitlines()[2:]
        ]
        for caption, lines in found
    }


def rates_of(report: IndicatorReport) -> dict[str, list[tuple[str, ...]]]:
    """Caption -> rows, as the JSON's figures say that they must be told."""
    told = {}
    for one in json.loads(json.dumps(dataclasses.asdict(report)))["indicators"]:
        for part in one["breakdowns"]:
            for year in sorted({rate["year"] for rate in part["rates"]}):
                own = [rate for rate in part["rates"] if rate["year"] == year]
                by = f"by {part['by']}, {year}" if part["by"] else "all"
                caption = f"{one['title']}, {by}"
                first = "code" if part["by"] else "year"
                told.setdefault(caption, []).extend(
                    (rate[first], *cells_of(Rate(**rate))) for rate in own
                )
    return told


def test_page_markdown_and_json_tell_equal_numbers(
    compiled: Compilation, forms: dict[str, str]
) -> None:
    """Every table of one is a table of the others, cell by cell."""
    page, text = (
        tables_of_page(forms["indicators.html"]),
        tables_of_markdown(forms["indicators.md"]),
    )
    assert page == text
    figures = json.loads(forms["indicators.json"])
    assert figures == json.loads(json.dumps(dataclasses.asdict(compiled.report)))
    rates = rates_of(compiled.report)
    assert rates.items() <= page.items()
    flows = {
        f"{flow['title']}, {flow['year']}": [link["persons"] for link in flow["links"]]
        for flow in figures["flows"]
    }
    assert set(page) == set(rates) | set(flows)
    for caption, counts in flows.items():
        cells = [row[-1] for row in page[caption]][-len(counts) :]
        assert cells == ["hidden" if n is None else f"{n:,}" for n in counts]


def test_a_rate_and_its_band_follow_from_the_counts_beside_them(compiled: Compilation) -> None:
    """A rate is the rounded share; its band is around what links make of it; hidden is hidden."""
    rates = [r for i in compiled.report.indicators for b in i.breakdowns for r in b.rates]
    told = [rate for rate in rates if rate.counted is not None and rate.of]
    assert told
    for rate in told:
        assert rate.counted is not None
        assert rate.of is not None
        share = 100 * rate.counted / rate.of
        assert rate.rate in (f"{int(share + 0.5)}%", ">95%", "<5%")
        if rate.low is not None:
            assert rate.high is not None
            assert 0 <= rate.low <= rate.high <= 100
            assert rate.low - 4 <= share <= rate.high
    for rate in rates:
        if rate.counted is None:
            assert rate.rate in ("", ">95%", "<5%")
            assert rate.low is None


def test_no_count_below_the_smallest_cell_is_told_anywhere(
    compiled: Compilation, forms: dict[str, str]
) -> None:
    """In no table, no form, and by nothing that the attacker can work out."""
    for table in compiled.release.tables:
        shown = table.counts.loc[~table.counts["hidden"], "count"]
        assert not shown.between(1, 10).any()
    assert len(compiled.protected.reasons)
    assert not attack([compiled.release], exact=False)["at_risk"].any()
    for rows in tables_of_page(forms["indicators.html"]).values():
        assert not [row for row in rows if any(re.fullmatch(r"[1-9]|10", cell) for cell in row)]


def test_nobody_is_said_not_to_have_enrolled(forms: dict[str, str]) -> None:
    """Who is not found may be elsewhere."""
    for text in forms.values():
        assert "not found among participating colleges" in text
        assert "did not enrol" not in text.lower()
        assert "not enrolled" not in text.lower()


def test_no_table_ranks(compiled: Compilation, forms: dict[str, str]) -> None:
    """No table names institutions; groups stand as an alphabet has them, whatever the rates."""
    assert "institution" not in {dimension.name for dimension in compiled.release.dimensions}
    assert "orchard-usd" not in str(tables_of_page(forms["indicators.html"]))
    for one in compiled.report.indicators:
        for part in one.breakdowns:
            keys = [(rate.year, rate.code) for rate in part.rates]
            assert keys == sorted(keys)


def test_who_sent_outcomes_and_who_did_not_is_told(rows: pd.DataFrame) -> None:
    """In every form: without a party's rows, its students seem not to be found."""
    some = valley.some()
    only = {"ready": some.outcomes["ready"]}
    indicators = {name: one for name, one in some.indicators.items() if one.outcome in only}
    made = compile_release(
        rows[rows["institution"].isin(["orchard-usd", "foothill-usd"])],
        valley.agreement(),
        valley.quality(),
        THROUGH,
        definitions=dataclasses.replace(some, outcomes=only, indicators=indicators, flows={}),
    )
    assert made.report.sent_by == ("foothill-usd", "orchard-usd")
    assert "riverbend-usd" in made.report.silent
    assert not set(made.report.sent_by) & set(made.report.silent)
    told = forms_of(made.report)
    for name in ("indicators.html", "indicators.md"):
        assert "Outcomes were sent by foothill-usd, orchard-usd." in told[name]
        assert f"Nothing was sent by {', '.join(made.report.silent)}: " in told[name]
    assert json.loads(told["indicators.json"])["silent"] == list(made.report.silent)


def test_an_outcome_is_missed_where_its_columns_are_agreed_or_it_was_asked_for() -> None:
    """Most customary outcomes are about columns that no party of this agreement is to send."""
    agreement, chosen = valley.agreement(), valley.some()
    assert not compilation._is_expected("enrolled", agreement, chosen)
    columns = tuple((name, "text") for name in chosen.columns_of("enrolled"))
    payload = dataclasses.replace(agreement.payload, columns=columns)
    agreed = dataclasses.replace(agreement, payload=payload)
    assert compilation._is_expected("enrolled", agreed, chosen)
    own = {**chosen.outcomes, "asked_for": chosen.outcomes["enrolled"]}
    added = dataclasses.replace(chosen, outcomes=own)
    assert compilation._is_expected("asked_for", agreement, added)


def test_institutions_are_named_where_the_agreement_says_so(rows: pd.DataFrame) -> None:
    """In the order of the alphabet."""
    some = valley.some()
    one = {"enrolled_16_months": some.indicators["enrolled_16_months"]}
    outcomes = {"enrolled": some.outcomes["enrolled"]}
    small = dataclasses.replace(some, outcomes=outcomes, indicators=one, flows={})
    made = compile_release(
        rows,
        dataclasses.replace(valley.agreement(rank_institutions=True), payload=valley.nothing()),
        valley.quality(),
        THROUGH,
        since=2024,
        definitions=small,
    )
    (indicator,) = made.report.indicators
    codes = [rate.code for rate in indicator.breakdowns[-1].rates]
    assert indicator.breakdowns[-1].by == "institution"
    assert codes == sorted(codes)
    assert "orchard-usd" in codes


def test_a_release_does_not_depend_on_the_order_of_rows(
    compiled: Compilation, rows: pd.DataFrame
) -> None:
    """Equal bytes in all forms but the page's charts, which are drawn from them."""
    again = compile_release(
        rows.sample(frac=1, random_state=2).reset_index(drop=True),
        valley.agreement(),
        valley.quality(),
        THROUGH,
        since=valley.SINCE,
        definitions=valley.some(),
    )
    assert again.report == compiled.report


def test_a_release_is_read_again_as_it_was_written(compiled: Compilation, tmp_path: Path) -> None:
    """Tables for the audit, and three forms of the report."""
    write_compilation(compiled, tmp_path / "release")
    again = read_release(tmp_path / "release")
    for one, other in zip(compiled.release.tables, again.tables, strict=True):
        pd.testing.assert_frame_equal(one.counts, other.counts, check_dtype=False)
    names = {path.name for path in (tmp_path / "release").iterdir()}
    assert {"indicators.html", "indicators.md", "indicators.json", "release.json"} <= names


def test_what_was_released_is_not_released_again(
    compiled: Compilation, rows: pd.DataFrame, tmp_path: Path
) -> None:
    """A year told before is taken from there; the report tells both."""
    write_compilation(compiled, tmp_path / "first")
    before = read_release(tmp_path / "first")

    def later(since: int) -> Compilation:
        return compile_release(
            rows,
            valley.agreement(),
            valley.quality(),
            THROUGH,
            since=since,
            definitions=valley.some(),
            earlier=[before],
        )

    with pytest.raises(UsageError, match="nothing new"):
        later(valley.SINCE)
    second = later(valley.SINCE - 1)
    years = {table.name.rpartition("_")[2] for table in second.release.tables}
    assert years == {str(valley.SINCE - 1)}
    told = {r.year for i in second.report.indicators for b in i.breakdowns for r in b.rates}
    assert {str(valley.SINCE), str(valley.SINCE - 1)} <= told


def test_what_only_an_earlier_release_told_is_told_again(
    compiled: Compilation, rows: pd.DataFrame
) -> None:
    """An outcome of which nobody sent anything this year keeps its rates, without a band."""
    later = rows.drop(columns=["enrolled_on"])
    made = compile_release(
        later,
        valley.agreement(),
        valley.quality(),
        THROUGH,
        since=valley.SINCE - 8,
        definitions=valley.some(),
        earlier=[compiled.release],
    )
    told = {one.name: one for one in made.report.indicators}
    rates = told["enrolled_12_months"].breakdowns[0].rates
    assert {rate.year for rate in rates} == {"2023", "2024"}
    assert all(rate.low is None for rate in rates)


def test_a_cohort_that_was_revised_is_left_out_and_named(
    compiled: Compilation, rows: pd.DataFrame
) -> None:
    """The difference of two releases would say who came and went."""
    name = f"enrolled_by_income_{valley.SINCE}"
    table = next(t for t in compiled.release.tables if t.name == name)
    changed = table.counts.assign(count=table.counts["count"] + 40)
    other = dataclasses.replace(table, name="another_by_income", counts=changed)
    before = dataclasses.replace(compiled.release, tables=(other,), rates=())
    kept, revised = compilation._not_told_before(compiled.release.tables, [before])
    assert "enrolled" in revised
    assert "counts otherwise than was released before" in revised["enrolled"]
    assert not [one for one in kept if one.measure == table.measure]
    assert [one for one in kept if one.measure != table.measure]


def test_what_the_attacker_works_out_is_not_released(
    compiled: Compilation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all hidden counts but one laid open, that one follows from them."""
    table = next(t for t in compiled.release.tables if t.counts["hidden"].any())
    true = next(t for t in compiled.protected.tables if t.name == table.name)
    merged = table.counts.merge(true.counts, on=list(table.dimensions), suffixes=("", "_true"))
    hidden = table.counts["hidden"].to_numpy()
    but_one = hidden & (np.arange(len(hidden)) != hidden.argmax())
    opened = table.counts.assign(
        count=table.counts["count"].mask(but_one, merged["count_true"]), hidden=hidden & ~but_one
    )
    tables = tuple(
        dataclasses.replace(t, counts=opened) if t.name == table.name else t
        for t in compiled.release.tables
    )
    leaking = dataclasses.replace(
        compiled.protected,
        release=dataclasses.replace(compiled.release, tables=tables),
        reasons=compiled.protected.reasons[:0],
    )
    with pytest.raises(ReleaseError, match="hidden counts can be worked out"):
        compilation.refuse_unsafe(leaking, [])
    hopeless = dataclasses.replace(
        compiled.protected,
        unprotectable=pd.DataFrame([{"measure": "completers", "why": "was told earlier"}]),
    )
    with pytest.raises(ReleaseError, match="1 small counts cannot be hidden"):
        compilation.refuse_unsafe(hopeless, [])


def test_where_nothing_can_be_counted_the_reason_is_told(rows: pd.DataFrame) -> None:
    """The columns that are missing."""
    with pytest.raises(UsageError, match=r"Nothing can be counted. .*nobody sent"):
        compile_release(
            rows[["person", "institution", "ethnicity"]],
            valley.agreement(),
            valley.quality(),
            THROUGH,
            definitions=valley.some(),
        )


def test_a_hidden_flow_has_no_ribbon_and_moves_none(compiled: Compilation) -> None:
    """Ribbons are as thick as the counts that are told; a bar is never thicker than its count."""
    for flow in compiled.report.flows:
        made: dict[str, Any] = specification(flow)
        data = {one["name"]: one["values"] for one in made["data"]}
        assert [link["persons"] for link in data["links"]] == [
            link.persons for link in flow.links if link.persons
        ]
        for node, told in zip(data["nodes"], flow.nodes, strict=True):
            assert told.persons is None or node["size"] == told.persons
            ends = [n["persons"] for n in data["links"] if n["source"] == node["key"]]
            assert sum(ends) <= node["size"]


def test_every_chart_has_its_table_and_words(forms: dict[str, str]) -> None:
    """A picture is followed by a sentence and by the figures that it was drawn from."""
    page = body(forms["indicators.html"])
    figures = list(page.iter("figure"))
    assert figures
    captions = set(tables_of_page(forms["indicators.html"]))
    for figure in figures:
        assert "".join(figure.find("figcaption").itertext()) in captions  # type: ignore[union-attr]
        assert figure.find("p").text  # type: ignore[union-attr]


def test_without_the_extra_the_page_has_no_charts(
    compiled: Compilation, forms: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All tables are there."""
    monkeypatch.setattr(folder, "can_draw", lambda: False)
    plain = forms_of(compiled.report)["indicators.html"]
    assert "<svg" not in plain
    assert tables_of_page(plain) == tables_of_page(forms["indicators.html"])


def test_a_page_is_small_enough_to_be_sent(forms: dict[str, str]) -> None:
    """Two megabytes at most."""
    assert len(forms["indicators.html"].encode()) < 2_000_000


def test_releases_are_what_the_audit_takes(compiled: Compilation) -> None:
    """Nothing but counts, rates and their trees."""
    assert isinstance(compiled.release, Release)
