"""Claims about the linkage report: one set of figures in three forms, and nobody in any of them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pprl
from pprl.agreement.blocking import BlockingPart
from pprl.agreement.reading import profile_of
from pprl.errors import UsageError
from pprl.page import as_markdown
from pprl.results.report import account, read_figures, with_audit, write_report
from pprl.results.report.account import agreed
from pprl.results.report.contents import contents, title
from pprl.results.report.curve import thresholds
from pprl.results.report.figures import Figures
from pprl.results.report.figures_file import as_json, digest_of
from pprl.results.report.rounding import Rounding
from tests.partners import UNSIGNED, signed
from tests.results.conftest import SOURCES, TODAY

SMALLEST = 11
MOST_BYTES = 2_000_000
AUDIT = {
    "title": "A & B <compact>",
    "light": "amber",
    "headline": "Within the design, but not nothing.",
    "sources": dict.fromkeys(SOURCES, 200),
    "findings": [
        {
            "name": "Could who holds a roster find it again?",
            "light": "amber",
            "figure": "a guess is 1.2 times as good as a blind one",
            "value": 1.2,
            "threshold": "amber above 1",
            "meaning": "One <leaked> roster.",
        }
    ],
    "tables": {},
    "notes": ["too few records", "too few records"],
}


@pytest.fixture(scope="session")
def figures(linked: pprl.Linkage, groups: pd.DataFrame) -> Figures:
    """All that a report can tell, groups included."""
    return account(linked, groups, TODAY)


@pytest.fixture(scope="session")
def forms(figures: Figures, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The report in its three forms."""
    folder = tmp_path_factory.mktemp("reports")
    out = {}
    for suffix in ("html", "md", "json"):
        write_report(figures, folder / f"report.{suffix}")
        out[suffix] = (folder / f"report.{suffix}").read_text(encoding="utf-8")
    return out


def body(page: str) -> ElementTree.Element:
    """The body of a page."""
    return ElementTree.fromstring(page.split("</head>")[1].removesuffix("</html>\n"))


def rows_of_html(page: str) -> set[tuple[str, ...]]:
    """Every row of every table."""
    return {tuple("".join(c.itertext()) for c in row) for row in body(page).iter("tr")}


def rows_of_markdown(text: str) -> set[tuple[str, ...]]:
    """Every row of every table, rules apart."""
    lines = [line[2:-2] for line in text.splitlines() if line.startswith("| ")]
    plain = [re.sub(r"\\([\\`*_{}\[\]<>#|~])", r"\1", line) for line in lines]
    return {tuple(line.split(" | ")) for line in plain}


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a JSON tree, with the names that lead to it."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from leaves(value, f"{path}.{name}")
    elif isinstance(tree, list):
        for value in tree:
            yield from leaves(value, path)
    else:
        yield path, tree


COUNTS = (
    "records",
    "links",
    "candidates",
    "pairs",
    "matches",
    "unseen",
    "persons",
    "found",
    "accepted",
    "rejected",
    "alone",
)


def counts(tree: Any) -> list[int | None]:
    """The counts among the leaves of the JSON form."""
    return [
        v
        for path, v in leaves(tree)
        if path.rpartition(".")[2].removesuffix("_pairs") in COUNTS or path == ".doubtful_pairs"
    ]


def test_the_page_and_the_markdown_tell_the_same_rows(forms: dict[str, str]) -> None:
    """Cell by cell."""
    html, markdown = rows_of_html(forms["html"]), rows_of_markdown(forms["md"])
    assert html == markdown - {("", "")}
    assert len(html) > 100


NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")


def ways(value: float) -> set[str]:
    """How a figure may be told: a count, a share, a weight, a threshold."""
    return {f"{value:,}", f"{value:.4f}", f"{value:+.1f}", f"{value:g}"}


def test_every_number_of_the_json_is_on_the_page(forms: dict[str, str]) -> None:
    """As it is rounded there, thousands apart."""
    numbers = set(NUMBER.findall(" ".join(body(forms["html"]).itertext())))
    for path, value in leaves(json.loads(forms["json"])):
        if isinstance(value, int | float) and path not in (".format", ".agreement.trial"):
            assert ways(value) & numbers or path == ".rounded_to", path


def test_every_number_in_a_table_of_the_page_is_in_the_json(forms: dict[str, str]) -> None:
    """The page makes none of its own: each is a figure, told in one of the ways of figures."""
    told = {"95", "-256"}  # of the headers: an interval of 95%, SHA-256
    for _, value in leaves(json.loads(forms["json"])):
        told |= set(NUMBER.findall(value)) if isinstance(value, str) else ways(value or 0)
    for row in rows_of_html(forms["html"]):
        for cell in row[1:]:
            assert set(NUMBER.findall(cell)) <= told, row


def test_no_form_tells_a_count_below_the_smallest_cell(
    forms: dict[str, str], linked: pprl.Linkage
) -> None:
    """Seven are at two of the sources and three are doubtful: neither number is anywhere."""
    shared = linked.matrix().loc["county-college", "reedley-college"]
    assert 0 < shared < SMALLEST
    tree = json.loads(forms["json"])
    told = [count for count in counts(tree) if count is not None]
    assert min(told) >= SMALLEST
    assert tree["by_sources"][1]["of"] == ["county-college", "reedley-college"]
    hidden = [value for path, value in leaves(tree["by_sources"][1]) if path != ".of"]
    assert set(hidden) == {None}
    assert tree["by_group"][2]["of"] == ["few"]
    assert tree["by_group"][2]["links"] is None
    assert ("county-college – reedley-college", *["hidden"] * 6) in rows_of_html(forms["html"])
    table = linked.quality.by_sources
    lost = float(table["expected_matches"].iloc[1])
    assert f"{lost:.4f}" not in forms["html"]


def test_expected_matches_follow_from_what_is_told(figures: Figures) -> None:
    """So that they are no second view of a count that was rounded."""
    for part in (figures.quality, *figures.by_sources, *figures.by_group):
        if part.links is not None and part.recall and part.precision is not None:
            assert part.matches == int(part.links * part.precision / part.recall) // 11 * 11


def test_rounded_counts_are_multiples_of_the_smallest_cell(forms: dict[str, str]) -> None:
    """All but the records that institutions state."""
    tree = json.loads(forms["json"])
    for path, value in leaves(tree):
        if path.rpartition(".")[2] in COUNTS and not path.endswith("records"):
            assert value is None or value % SMALLEST == 0, path


def test_institutions_stand_in_the_order_of_the_alphabet(figures: Figures) -> None:
    """Nobody is ranked."""
    assert [file.institution for file in figures.files] == sorted(SOURCES)
    assert [party.id for party in figures.agreement.parties] == sorted(SOURCES)
    parts = [part.of for part in figures.by_sources]
    assert parts == sorted(parts)


def test_a_report_loads_nothing_and_is_small(forms: dict[str, str]) -> None:
    """One file, of less than two megabytes, without an address to fetch from."""
    page = forms["html"]
    assert len(page.encode("utf-8")) < MOST_BYTES
    assert "://" not in page
    assert not re.search(r"<(?:script|link|img|iframe|object)|url\((?!#)|@import|\ssrc=", page)


def test_a_report_names_no_study_id_and_no_record(
    forms: dict[str, str], linked: pprl.Linkage
) -> None:
    """Neither the hub's names of persons nor those that sources are given."""
    for text in forms.values():
        for column in ("study_id", "recipient_id"):
            assert not any(name in text for name in linked.study_ids[column])


def test_the_same_linkage_gives_the_same_report(
    linked: pprl.Linkage,
    groups: pd.DataFrame,
    figures: Figures,
    tmp_path: Path,
    forms: dict[str, str],
) -> None:
    """Byte for byte, charts included."""
    write_report(
        account(linked, groups.sample(frac=1, random_state=1), TODAY), tmp_path / "again.html"
    )
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == forms["html"]


def test_every_chart_has_a_name_and_its_table_beneath(forms: dict[str, str]) -> None:
    """What is drawn can be read."""
    page = body(forms["html"])
    pictures = list(page.iter("svg"))
    assert len(pictures) == 6
    assert len({picture.get("aria-label") for picture in pictures}) == 6
    elements = list(next(page.iter("main")))
    for place, element in enumerate(elements):
        if element.tag == "figure":
            assert elements[place + 1].tag == "details"
            assert next(elements[place + 1].iter("table")) is not None


def test_the_overall_figures_are_those_of_the_summary(
    figures: Figures, linked: pprl.Linkage
) -> None:
    """Precision, recall and their intervals, rounded alike."""
    q = figures.quality
    told = f"precision {q.precision:.4f} ({q.precision_low:.4f} to {q.precision_high:.4f})"
    assert told in linked.summary()
    assert f"recall {q.recall:.4f} ({q.recall_low:.4f} to {q.recall_high:.4f})" in linked.summary()


def test_at_the_decision_the_curve_is_the_decision(figures: Figures) -> None:
    """Precision and recall at the threshold are those of the accepted pairs; recall never rises."""
    at = {told.threshold: told for told in figures.thresholds}[figures.threshold]
    assert at.precision == figures.quality.precision
    assert at.recall == figures.quality.recall
    recalls = [told.recall for told in figures.thresholds]
    assert recalls == sorted(recalls, reverse=True)


def slowly_allowed(table: pd.DataFrame, threshold: float) -> set[int]:
    """The pairs that a threshold would accept, one by one."""
    rows = table.to_dict("records")
    taken = set()
    for place, row in enumerate(rows):
        rivals = [
            r["probability"]
            for r in rows
            for own, other in (("a", "b"), ("b", "a"))
            if all(r[c] == row[c] for c in (f"source_{own}", f"record_{own}", f"source_{other}"))
        ]
        best = row["probability"] >= max(rivals)
        if row["accepted"] or (best and row["probability"] < threshold):
            taken.add(place)
    return taken


def test_below_the_decision_only_the_best_of_rivals_are_added(linked: pprl.Linkage) -> None:
    """Against a slow comparison of every pair with every other."""
    table = linked.candidates[linked.candidates["probability"] >= 0.05]
    table = table.sort_values("probability").head(120).reset_index(drop=True)
    some = dataclasses.replace(linked, candidates=table)
    taken = table.loc[sorted(slowly_allowed(table, linked.threshold))]
    matches = linked.quality.expected_matches + linked.quality.unseen_matches
    for told in thresholds(some, Rounding(1)):
        above = taken[taken["probability"] >= told.threshold]["probability"]
        if len(above):
            assert told.pairs == len(above)
            assert told.recall == round(above.sum() / matches, 4)


def test_levels_are_told_as_they_were_learned_but_for_the_few(
    linked: pprl.Linkage, figures: Figures
) -> None:
    """M is at most two smallest cells over the matches below what the model holds."""
    assert linked.reasons is not None
    judged = linked.reasons.passes[0]
    matches = float(
        linked.candidates["probability"][(linked.judgement.found & np.uint64(1)) != 0].sum()  # type: ignore[union-attr]
    )
    own = [told for told in figures.levels if told.on == judged.linkage_pass.name]
    learned = [m for column in judged.model.m for m in column.tolist() if m > 0]
    assert len(own) == len(learned)
    for told, m in zip(own, learned, strict=True):
        assert 0 <= m - (told.m or 0.0) + 5e-5 < 2 * SMALLEST / matches
        assert told.bits is None or told.bits == pytest.approx(np.log2(told.m / told.u), abs=0.05)


def test_a_linkage_that_kept_nothing_tells_what_it_can(
    linked: pprl.Linkage, tmp_path: Path
) -> None:
    """Without what it was estimated from there are no passes and no parameters."""
    bare = dataclasses.replace(linked, judgement=None, reasons=None, manifests=())
    bare.report(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The linkage did not keep them." in text
    with pytest.raises(UsageError, match="Link the submissions again"):
        bare.report(tmp_path / "r.md", groups=pd.DataFrame(columns=["source", "record", "group"]))


def test_a_report_has_the_groups_and_the_audit_that_it_is_given(
    linked: pprl.Linkage, groups: pd.DataFrame, tmp_path: Path
) -> None:
    """By the linkage's own method and by the function of the face."""
    (tmp_path / "audit.json").write_text(json.dumps(AUDIT), encoding="utf-8")
    linked.report(tmp_path / "a.md", groups=groups, audit=tmp_path / "audit.json")
    pprl.report(linked, tmp_path / "b.md", groups=groups, audit=tmp_path / "audit.json")
    text = (tmp_path / "a.md").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.md").read_text(encoding="utf-8")
    assert "### By group" in text
    assert "Know this. Within the design, but not nothing." in text
    assert "One \\<leaked\\> roster." in text
    assert text.count("- too few records") == 1
    assert "were not audited" not in text


def test_institutions_that_an_audit_did_not_see_are_named(
    linked: pprl.Linkage, tmp_path: Path
) -> None:
    """Under what was not examined."""
    first, *others = sorted(linked.records)
    (tmp_path / "audit.json").write_text(json.dumps({**AUDIT, "sources": {first: 200}}), "utf-8")
    linked.report(tmp_path / "a.md", audit=tmp_path / "audit.json")
    text = (tmp_path / "a.md").read_text(encoding="utf-8")
    assert f"- The files of {', '.join(others)} were not audited." in text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read"),
        ("[]", "holds no figures of pprl audit"),
        ("{", "holds no figures of pprl audit"),
        (json.dumps({**AUDIT, "title": "Another"}), "is an audit of other files"),
        (json.dumps({**AUDIT, "sources": {"elsewhere": 3}}), "is an audit of other files"),
    ],
)
def test_an_audit_of_something_else_is_refused(
    figures: Figures, tmp_path: Path, content: str | None, told: str
) -> None:
    """With what is wrong with it."""
    path = tmp_path / "audit.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        with_audit(figures, path)


def test_figures_are_read_as_they_were_written(figures: Figures, tmp_path: Path) -> None:
    """And their digest is that of their canonical form, whatever the order of keys."""
    path = tmp_path / "figures.json"
    path.write_text(as_json(figures), encoding="utf-8")
    assert read_figures(path) == figures
    tree = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(dict(sorted(tree.items()))), encoding="utf-8")
    assert read_figures(path) == figures
    digest = tree.pop("digest")
    assert digest == digest_of(figures)
    canonical = json.dumps(tree, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode("ascii")).hexdigest() == digest


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"records": 12}, "was altered since"),
        ({"format": 2}, "newer format"),
        ({"records": "many"}, "does not hold a linkage report's figures"),
        ({"more": 1}, "does not hold a linkage report's figures"),
        ({"files": [{}]}, "does not hold a linkage report's figures"),
        ({"doubtful": [0.1]}, "does not hold a linkage report's figures"),
    ],
)
def test_altered_figures_are_refused(
    figures: Figures, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    """With the way out."""
    path = tmp_path / "figures.json"
    tree = json.loads(as_json(figures)) | change
    path.write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        read_figures(path)


@pytest.mark.parametrize("content", [b"[]", b"\xff", b"{}", None])
def test_what_is_no_figures_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """Not JSON, not figures, not there."""
    path = tmp_path / "figures.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"figures\.json"):
        read_figures(path)


def test_a_form_that_is_not_known_is_refused_before_any_work(tmp_path: Path) -> None:
    """The three that there are, are told."""
    nothing: Any = None
    with pytest.raises(UsageError, match=r"ends in \.html, \.md, \.json"):
        pprl.report(nothing, tmp_path / "report.pdf")


def test_a_report_that_cannot_be_written_says_so(figures: Figures, tmp_path: Path) -> None:
    """The file, and why."""
    with pytest.raises(UsageError, match="cannot be written"):
        write_report(figures, tmp_path / "nowhere" / "report.md")


def test_without_the_extra_a_page_is_refused_and_the_other_forms_are_written(
    figures: Figures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the name of the extra."""
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(UsageError, match=r"pprl-edu\[report\]"):
        write_report(figures, tmp_path / "report.html")
    write_report(figures, tmp_path / "report.md")
    write_report(figures, tmp_path / "report.json")


def test_an_agreement_that_hides_nothing_tells_exact_counts(linked: pprl.Linkage) -> None:
    """A smallest cell of one: what the linkage holds, to the last pair."""
    output = dataclasses.replace(linked.agreement.output, smallest_cell=1)
    agreement = dataclasses.replace(linked.agreement, output=output)
    exact = account(dataclasses.replace(linked, agreement=agreement), today=TODAY)
    assert exact.candidates == len(linked.candidates)
    assert sum(band.accepted or 0 for band in exact.bands) == len(linked.pairs)
    assert exact.by_sources[1].links == linked.matrix().loc["county-college", "reedley-college"]
    alone = np.bitwise_count(linked.judgement.found) == 1  # type: ignore[union-attr]
    accepted = linked.candidates["accepted"].to_numpy()
    assert sum(told.alone or 0 for told in exact.passes) == int((alone & accepted).sum())


@pytest.mark.parametrize(
    ("base", "told"),
    [
        (SMALLEST, "numbers of records are exact."),
        (55, "are rounded down to multiples of 55, or small counts could be worked out"),
        (0, "are not told: small counts could be worked out from them."),
    ],
)
def test_a_report_says_how_its_counts_are_told(
    figures: Figures, tmp_path: Path, base: int, told: str
) -> None:
    """Rounded as usual, more coarsely, or not at all."""
    write_report(dataclasses.replace(figures, rounded_to=base), tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert told in text
    assert ("Persons with records at several institutions" in text) == bool(base)


def test_a_report_says_that_nothing_is_hidden(figures: Figures, tmp_path: Path) -> None:
    """Where the agreement wants it so, and the persons are not said to be invented if they are."""
    agreement = dataclasses.replace(figures.agreement, smallest_cell=1, trial=False)
    write_report(dataclasses.replace(figures, agreement=agreement), tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "all counts are exact" in text
    assert "invented" not in text


def test_what_was_agreed_is_told_with_its_ground_and_its_signatures() -> None:
    """The exception with its citation; the day on which each party signed this very text."""
    told = agreed(signed())
    assert told.ground == "studies (34 CFR 99.31(a)(6))"
    assert {party.signed for party in told.parties} == {"2027-03-01"}
    changed = dataclasses.replace(signed(), purpose="something else")
    assert {party.signed for party in agreed(changed).parties} == {""}
    assert agreed(dataclasses.replace(UNSIGNED, exception="other")).ground == "another law"


def test_a_field_that_is_only_read_is_not_said_to_be_compared(figures: Figures) -> None:
    """A state student ID in no segment and no pass; a middle name in any part of a name is."""
    agreement = agreed(pprl.Agreement.students(["a", "b"], "students-1-strict", state_id=True))
    assert "state student ID" not in agreement.fields
    text = as_markdown(
        "t", contents(dataclasses.replace(figures, agreement=agreement), charts=False)
    )
    assert "Read and not compared: state student ID." in text
    assert "Read and not compared" not in as_markdown("t", contents(figures, charts=False))
    section = pprl.Agreement.students(["a", "b"]).linkage
    blocks = tuple(
        dataclasses.replace(section.passes[0], block=(BlockingPart.parse(part),))
        for part in ("last_part", "name_part")
    )
    last, any_part = (
        dataclasses.replace(section, segments=(), passes=(block,)) for block in blocks
    )
    assert profile_of(section) == "students-1" and profile_of(last) == ""
    assert last.compared == ("last_name",) and "middle_name" in last.apart
    assert any_part.compared == ("first_name", "middle_name", "last_name")


def test_where_everything_is_small_everything_is_hidden(
    linked: pprl.Linkage, tmp_path: Path
) -> None:
    """A smallest cell above all counts: no number is left, the records' included; it is drawn."""
    output = dataclasses.replace(linked.agreement.output, smallest_cell=5000)
    agreement = dataclasses.replace(linked.agreement, output=output)
    figures = account(dataclasses.replace(linked, agreement=agreement), today=TODAY)
    write_report(figures, tmp_path / "report.html")
    tree = json.loads(as_json(figures))
    assert set(counts(tree)) == {None}
    assert {file.noise for file in figures.files} == {None}
    assert {told.m for told in figures.levels} == {None}


def test_an_earlier_file_is_told_as_such(linked: pprl.Linkage) -> None:
    """After this year's, without persons found."""
    earlier = dataclasses.replace(
        linked, manifests=(*linked.manifests, dataclasses.replace(linked.manifests[0], sequence=9))
    )
    figures = account(earlier, today=TODAY)
    assert [file.earlier for file in figures.files] == [False, False, False, True]
    assert figures.files[3].found is None
    assert "(earlier file)" in as_markdown(title(figures), contents(figures, charts=False))
