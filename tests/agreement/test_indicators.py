"""Claims about definitions: what they may say, and that a name keeps its meaning."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from pprl.agreement import Agreement
from pprl.agreement.changes import changes
from pprl.agreement.indicators import customary, definitions_table, with_file
from pprl.errors import AgreementError

ROOT = Path(__file__).parent.parent.parent
OUTCOME = """
[outcome.late]
cohort = "completers"
title = "Late"
otherwise = "no"
[[outcome.late.code]]
name = "some"
title = "some"
[[outcome.late.code]]
name = "yes"
title = "yes"
part_of = "some"
date = "enrolled_on"
until_months = 60
where = { level = [2, 4] }
"""
INDICATOR = """
[indicator.lateness]
title = "Late"
sentence = "Of all, the share."
outcome = "late"
numerator = ["some"]
linked = "numerator"
"""
FLOW = """
[flow.after]
title = "After"
sentence = "Shows it."
[[flow.after.stage]]
outcome = "enrolled"
codes = ["within_16_months", "otherwise"]
[[flow.after.stage]]
outcome = "late"
codes = ["some", "otherwise"]
"""


def faults(text: str, folder: Path) -> str:
    """What is wrong with a file of definitions."""
    (folder / "own.toml").write_text(text, encoding="utf-8")
    with pytest.raises(AgreementError) as refused:
        with_file(folder / "own.toml", customary())
    return str(refused.value)


def test_the_documentation_has_the_definitions_as_they_are() -> None:
    """The table is made from the TOML."""
    page = (ROOT / "docs" / "indicators.md").read_text(encoding="utf-8")
    begins, ends = page.index("customary.toml -->\n"), page.index("\n<!-- end of definitions")
    assert page[begins:ends].partition("\n")[2] == definitions_table(customary())


def test_every_customary_definition_is_told_to_the_reader() -> None:
    """A title, a sentence that says of whom, a source; and no code that nobody can have."""
    known = customary()
    for one in known.indicators.values():
        assert one.title
        assert one.sentence.startswith("Of those")
        assert one.sentence.endswith(".")
    assert all(cohort.source for cohort in known.cohorts.values())
    assert "not found among participating colleges" in known.outcomes["enrolled"].title_of(
        "otherwise"
    )
    assert "did not enrol" not in str(known).lower()


def test_a_partnership_adds_its_own_to_the_customary_ones(tmp_path: Path) -> None:
    """A file may use what is known already."""
    (tmp_path / "own.toml").write_text(OUTCOME + INDICATOR + FLOW, encoding="utf-8")
    both = with_file(tmp_path / "own.toml", customary())
    assert set(customary().indicators) | {"lateness"} == set(both.indicators)
    assert both.outcomes["late"].parts("total") == {"yes", "otherwise"}
    assert both.flows["after"].stages[0].codes == ("within_16_months", "otherwise")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (OUTCOME.replace("outcome.late", "outcome.enrolled"), "is a name already taken"),
        (OUTCOME.replace("outcome.late", "outcome.year"), "is a name already taken"),
        (OUTCOME.replace("outcome.late", "outcome.Late"), "must be lower-case letters"),
        (OUTCOME.replace('"completers"', '"nobody"'), "'nobody' is not known"),
        (OUTCOME.replace("until_months = 60", ""), "until_months: must be given"),
        (OUTCOME.replace('date = "enrolled_on"', ""), "name the date that lies in the window"),
        (OUTCOME.replace('date = "enrolled_on"\nuntil_months = 60', ""), "is one of a date"),
        (OUTCOME.replace('name = "yes"', 'name = "some"'), "names must differ"),
        (OUTCOME.replace('part_of = "some"', ""), "has neither a condition nor"),
        (OUTCOME.replace("[2, 4]", "[[2]]"), "write a value, a list of values"),
        (OUTCOME.replace("[2, 4]", "{ most = 2 }"), "most: is not known here"),
        (OUTCOME + INDICATOR.replace('"some"', '"all"'), "'all' is no code of late"),
        (OUTCOME + INDICATOR.replace('["some"]', '["some", "yes"]'), "a code and a part of it"),
        (OUTCOME + INDICATOR.replace('["some"]', '["total"]'), "and not all of it"),
        (OUTCOME + INDICATOR.replace('"numerator"', '"perhaps"'), "'perhaps' is not known"),
        (OUTCOME + FLOW.replace('["some", "otherwise"]', '["some"]'), "leave somebody out"),
        (OUTCOME + FLOW.replace('"late"', '"enrolled"'), "two or more, of different outcomes"),
        (OUTCOME + FLOW.replace('"late"', '"ready"'), "outcomes of different cohorts"),
        ('[cohort.c]\ntitle = "t"\nsource = "s"', "a column of school years"),
    ],
)
def test_what_would_count_something_else_is_refused(text: str, told: str, tmp_path: Path) -> None:
    """Each fault is told with its place."""
    assert told in faults(text, tmp_path)


def with_results(folder: Path, results: str, columns: str) -> Agreement:
    """A trial agreement with definitions of its own."""
    own = results.replace("[outcome", "[results.outcome").replace(
        "[indicator", "[results.indicator"
    )
    text = f"""
[agreement]
title = "t"
trial = true
[[party]]
id = "a"
role = "district"
[[party]]
id = "b"
role = "college"
[payload.columns]
{columns}
{own}
[linkage]
partnership = "6f1c2a0e-9d1b-4c56-8a53-3e0f7a1d9b42"
profile = "students-1"
"""
    (folder / "compact.toml").write_text(text, encoding="utf-8")
    return Agreement.load(folder / "compact.toml")


def test_an_agreements_own_definitions_are_signed_with_it(tmp_path: Path) -> None:
    """They change its digest, and what changed is told; without any, nothing does."""
    columns = 'completed_on = "date"\nenrolled_on = "date"\nlevel = "whole"'
    plain = with_results(tmp_path, "", columns)
    assert "results" not in plain.sections
    agreed = with_results(tmp_path, OUTCOME + INDICATOR, columns)
    assert "lateness" in agreed.definitions.indicators
    assert agreed.digest != plain.digest
    assert any(line.startswith("[results] indicators") for line in changes(plain, agreed))
    other = dataclasses.replace(agreed, results=plain.results)
    assert other.digest == plain.digest


def test_definitions_may_use_only_columns_that_the_agreement_declares(tmp_path: Path) -> None:
    """Otherwise they could never be counted."""
    with pytest.raises(AgreementError, match="level: is not among the columns"):
        with_results(tmp_path, OUTCOME, 'enrolled_on = "date"')
