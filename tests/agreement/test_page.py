"""Claims about the template and the page for counsel."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from pprl.agreement import Agreement
from pprl.agreement.enforcement import missing_lines
from pprl.agreement.legal import EXCEPTIONS
from pprl.agreement.page import NO_ADVICE, page
from pprl.agreement.template import template
from pprl.errors import UsageError
from pprl.page import as_html, as_markdown
from tests.partners import UNSIGNED, signed

COMPACT = Path(__file__).parents[2] / "examples" / "compact.toml"
FILLED = {
    'purpose = ""': 'purpose = "p"',
    'scope = ""': 'scope = "s"',
    "# effective = ": "effective = ",
    "# expires = ": "expires = ",
    "may_see = []": 'may_see = ["a"]',
    'limits = ""': 'limits = "l"',
    "# by = ": "by = ",
    'method = ""': 'method = "m"',
    'legal_basis = ""': 'legal_basis = "b"',
    'hub_key = ""': f'hub_key = "{UNSIGNED.hub_key}"',
}
"""What a reader fills in."""


def loaded(text: str, folder: Path) -> Agreement:
    """A text as an agreement."""
    path = folder / "a.toml"
    path.write_text(text, encoding="utf-8")
    return Agreement.load(path)


@pytest.mark.parametrize("exception", EXCEPTIONS)
def test_the_template_is_complete_once_its_empty_lines_are_filled(
    exception: str, tmp_path: Path
) -> None:
    """It loads as it is, and asks for every line that its exception needs."""
    text = template(exception, ["a", "b", "c"])
    empty = loaded(text, tmp_path)
    assert [party.id for party in empty.parties] == ["a", "b", "c"]
    missing = list(missing_lines(empty))
    lines = set(EXCEPTIONS[exception].lines)
    assert len(missing) == len(lines) + 1
    for before, after in FILLED.items():
        text = text.replace(before, after)
    assert list(missing_lines(loaded(text, tmp_path))) == []


def test_the_template_says_what_it_is_not_and_cites_its_ground() -> None:
    """No legal advice; every line within the page's width."""
    for name, exception in EXCEPTIONS.items():
        text = template(name, ["a", "b"])
        assert "THIS IS NO LEGAL ADVICE" in text
        assert exception.citation in text or name == "other"
        assert max(map(len, text.splitlines())) <= 100
        assert "@" not in text


def test_each_partnership_is_its_own() -> None:
    """Two templates never share encodings."""
    found = {
        re.search(r'(?m)^partnership = "(.*)"', template("studies", ["a", "b"]))[1]  # type: ignore[index]
        for _ in range(3)
    }
    assert len(found) == 3


@pytest.mark.parametrize(
    ("exception", "parties", "told"),
    [
        ("research", ["a", "b"], "is not known; one of: school-official"),
        ("studies", ["a"], "at least two parties"),
        ("studies", ["a", "a"], "at least two parties"),
        ("studies", ["a", "B"], "an id is lower case"),
        ("studies", ["a", "hub"], "not 'hub'"),
    ],
)
def test_a_template_that_cannot_be_is_refused(
    exception: str, parties: list[str], told: str
) -> None:
    """With what would be right."""
    with pytest.raises(UsageError, match=told):
        template(exception, parties)


def test_the_page_names_what_is_read_and_never_compared() -> None:
    """A state student ID that is in no segment and no pass is no element of an encoding."""
    text = as_markdown("t", page(Agreement.students(["a", "b"], state_id=True)))
    assert "between institutions: state student ID. This only tells" in text
    assert "- state student ID" not in text
    assert "Read besides" not in as_markdown("t", page(Agreement.students(["a", "b"])))


def test_the_page_tells_what_leaves_what_is_learnt_and_what_comes_back() -> None:
    """Every statement that counsel looks for stands on it, and that it is no advice."""
    text = as_markdown("Two of us", page(signed())).replace("\\", "")
    for told in (
        NO_ADVICE,
        "studies (34 CFR 99.31(a)(6))",
        "To improve instruction",
        "Grades 9 to 14",
        "| Begins | 2026-07-01 |",
        "| Ends | 2029-06-30 |",
        "| Fresno | district | no other | yes |",
        "The analyst: all of it",
        "Limits of use: Nothing about a single student",
        "- date of birth",
        "- the first 3 letters of first name (nicknames counted as the name)",
        "| enrolled_on | date |",
        "different for each party",
        "does not tell which students were found elsewhere",
        "counts below 11 are hidden; they may not compare institutions",
        "broken down by: pell",
        "| By | 2029-12-31 |",
        "as soon as it has taken it in",
        UNSIGNED.digest,
        UNSIGNED.hub_key,
        "pseudonymous and not anonymous",
    ):
        assert told in text, told


def test_the_page_of_a_bare_trial_says_what_is_not_stated() -> None:
    """And nothing is made up for it."""
    trial = Agreement.students(["fresno", "reedley"])
    open_rules = dataclasses.replace(
        trial,
        output=dataclasses.replace(
            trial.output, rank_institutions=True, reveal_matches=True, common_study_ids=True
        ),
        destruction=dataclasses.replace(trial.destruction, match_files_on_ingest=False),
    )
    text = as_markdown(open_rules.title, page(open_rules))
    assert "A trial, for invented students only." in text
    assert text.count("(not stated)") > 5
    assert "the same for all parties; the list does tell" in text
    assert "they may compare institutions" in text
    assert "by study ID and never" not in text
    assert "the sound of a part of the last name" in as_markdown(
        "A compact", page(Agreement.load(COMPACT))
    )


def test_the_page_is_sound_html_that_loads_nothing_and_runs_nothing() -> None:
    """Whatever the agreement's texts hold."""
    hostile = dataclasses.replace(
        UNSIGNED, title="<script>x</script>", purpose='a & b | "c" <img src=x> *d*\n# e'
    )
    text = as_html(hostile.title, page(hostile))
    assert "<script" not in text and "<img" not in text and "://" not in text
    body = text.split("</head>")[1].removesuffix("</html>\n")
    tree = ElementTree.fromstring(body)
    assert tree.find("header/h1").text == "<script>x</script>"  # type: ignore[union-attr]
    markdown = as_markdown(hostile.title, page(hostile))
    assert "\n# e" not in markdown
    assert markdown.count("\n# ") == 0
