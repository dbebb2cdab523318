"""Claims about the technical appendix: figures filled in, works cited, guidance mapped."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

import pprl
from pprl.errors import UsageError
from pprl.page import as_markdown
from pprl.results.appendix import write_appendix
from pprl.results.appendix.guidance import GUILD, RECORD
from pprl.results.appendix.methods import methods
from pprl.results.appendix.references import REFERENCES
from pprl.results.report import Figures, account
from pprl.results.report.account import agreed
from pprl.results.report.figures import AttackFigures, AuditFigures
from pprl.results.report.figures_file import digest_of
from tests.results.conftest import TODAY


@pytest.fixture(scope="module")
def figures(linked: pprl.Linkage) -> Figures:
    """A linkage's figures."""
    return account(linked, today=TODAY)


@pytest.fixture(scope="module")
def written(figures: Figures, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The appendix and its references, without the marks of Markdown."""
    path = tmp_path_factory.mktemp("appendix") / "appendix.md"
    references = write_appendix(figures, path)
    text = re.sub(r"\\([\\`*_{}\[\]<>#|~])", r"\1", path.read_text(encoding="utf-8"))
    return text, references.read_text(encoding="utf-8")


def test_the_figures_are_those_of_the_report(figures: Figures, written: tuple[str, str]) -> None:
    """Filled in, digest and all."""
    text, _ = written
    quality = figures.quality
    for told in (
        f"3 institutions sent {figures.records:,} records",
        f"Expected precision is {quality.precision:.4f}",
        f"expected recall {quality.recall:.4f}",
        f"a probability of {figures.threshold:g} or more",
        "(profile students-1-strict), joined",
        figures.agreement.digest,
        figures.agreement.linkage_digest,
        digest_of(figures),
        "pprl: privacy-preserving record linkage",
        f"| Persons with records at 2 institutions | {figures.persons[0].persons:,} |",
        "| Persons with records at 3 institutions | hidden |",
    ):
        assert told in text, told


def test_every_work_that_is_listed_is_cited_and_has_an_entry(written: tuple[str, str]) -> None:
    """And every entry has its braces closed."""
    text, bibtex = written
    before, _, listed = text.partition("## References")
    for reference in REFERENCES:
        assert reference.cited in before
        assert str(reference) in listed
        assert f"{{{reference.key},\n" in bibtex
    assert bibtex.count("{") == bibtex.count("}")
    keys = re.findall(r"(?m)^@\w+\{([^,]+),$", bibtex)
    assert len(set(keys)) == len(keys) == len(REFERENCES) + 2


def test_no_work_is_cited_that_is_not_listed(written: tuple[str, str]) -> None:
    """Each name with a year in the text is one of the references."""
    before = written[0].partition("## References")[0]
    known = {reference.cited for reference in REFERENCES}
    for cited in re.findall(r"(?:[A-Z]\w+(?:, | and | et al\. ?)?)+ (?:19|20)\d\d\b", before):
        assert any(cited.strip() in work or work.endswith(cited) for work in known), cited


def test_every_item_of_the_guidance_says_where_it_is_answered(
    figures: Figures, written: tuple[str, str]
) -> None:
    """RECORD has thirteen items, GUILD four steps; sections that are named are there."""
    text, _ = written
    assert len(RECORD) == 13
    assert sum(step.startswith("Step") for step, _, _ in GUILD) == 4
    for row in (*RECORD, *GUILD):
        assert f"| {' | '.join(row)} |" in text
    sections = set(re.findall(r"(?m)^## (.*)$", text))
    named = {"Data sources", "Preparation and encoding", "Comparison and classification"}
    named |= {"Quality", "Results", "Limitations", "Privacy", "Software and digests"}
    assert named <= sections
    assert list(methods(figures))


def test_a_title_that_would_break_bibtex_is_made_plain(figures: Figures) -> None:
    """An ampersand is escaped; braces are not let through."""
    from pprl.results.report.citation import bibtex

    assert r"A \& B <compact>: linkage report" in bibtex(figures)


def test_where_nothing_is_hidden_nothing_is_said_of_it(figures: Figures) -> None:
    """No word of rounding where counts are exact."""
    agreement = dataclasses.replace(figures.agreement, smallest_cell=1)
    exact = dataclasses.replace(figures, agreement=agreement)
    assert "rounded down" in as_markdown("t", methods(figures))
    assert "rounded down" not in as_markdown("t", methods(exact))


def test_the_noise_stands_beside_what_is_noised(figures: Figures) -> None:
    """A reader sees whether a share says anything."""
    told = as_markdown("t", methods(figures)).replace("\\", "")
    assert "| Institution | Records | In no pass (with noise) | Mean size of that noise |" in told
    for file in figures.files:
        assert f"| {file.unplaced:.4f} | {file.noise:.4f} |" in told


def test_findings_of_an_audit_stand_with_their_limits(figures: Figures) -> None:
    """Those that are green are counted; what was not run is told."""
    attacks = tuple(
        AttackFigures(f"Could {light}?", light, f"{light} figure", f"{light} above 1", "")
        for light in ("green", "amber", "red")
    )
    audit = AuditFigures("red", "Do not send.", attacks, ("No roster was given.",))
    text = as_markdown("t", methods(dataclasses.replace(figures, audit=audit)))
    assert "Of 3 questions that an audit put to the files" in text
    assert "among others, 1 found no more than the limits" in text
    assert "| Could red? | red figure | red | red above 1 |" in text
    assert "Could green" not in text
    assert "- No roster was given." in text
    calm = AuditFigures("green", "No attack did better.", attacks[:1], ())
    text = as_markdown("t", methods(dataclasses.replace(figures, audit=calm)))
    assert "The others:" not in text and "Not examined" not in text


def test_the_ground_is_told_with_its_legal_basis_and_a_trial_as_one(figures: Figures) -> None:
    """Whichever of them the agreement states."""

    def told(**changes: object) -> str:
        agreement = dataclasses.replace(figures.agreement, **changes)
        return as_markdown("t", methods(dataclasses.replace(figures, agreement=agreement)))

    both = {"ground": "studies", "legal_basis": "a statute"}
    assert ", resting on studies (a statute). Scope" in told(**both)
    assert ", resting on studies. Scope" in told(ground="studies", legal_basis="")
    assert ", resting on a statute. Scope" in told(ground="", legal_basis="a statute")
    assert "resting" not in told(ground="", legal_basis="")
    assert "a trial with invented students" in told(trial=True)
    assert "a trial with invented students" not in told(trial=False)


def test_a_field_that_is_not_compared_is_not_said_to_be(figures: Figures) -> None:
    """A state student ID without a segment and a pass is read, and told apart."""
    agreement = agreed(pprl.Agreement.students(["a", "b"], state_id=True))
    assert agreement.apart == ("state student ID",)
    assert agreement.profile == "students-1"
    text = as_markdown("t", methods(dataclasses.replace(figures, agreement=agreement)))
    assert "Read and encoded nowhere: state student ID" in text
    assert "encoded nowhere" not in as_markdown("t", methods(figures))


def test_an_appendix_is_markdown(figures: Figures, tmp_path: Path) -> None:
    """Another suffix is refused, and a folder that is not there."""
    with pytest.raises(UsageError, match=r"ends in \.md"):
        write_appendix(figures, tmp_path / "appendix.html")
    with pytest.raises(UsageError, match="cannot be written"):
        write_appendix(figures, tmp_path / "nowhere" / "appendix.md")
