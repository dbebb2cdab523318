"""A year's report of a partnership: from invented students to indicators that may be published.

Needs nothing but pprl; with charts if its extra is there:

    pip install "pprl-edu[report]"
    python examples/yearly_report.py yearly-report

Four districts and four colleges encode their students, the hub links them, each institution sends
its outcomes by the study IDs that it was given, and the hub releases indicators by ethnicity,
income and gender. Everybody stands in one program here; in earnest each has its own machine.
"""

from __future__ import annotations

import datetime
import sys
import tempfile
from pathlib import Path

import pandas as pd

import pprl
from pprl.results.disclosure import attack
from pprl.results.indicators.rows import rows_of_payloads
from pprl.results.release import compile_release, quality_of, write_compilation
from pprl.synthetic import outcomes, population

PERSONS = 2_500
FIRST_YEAR = 2024
THROUGH = datetime.date(2025, 12, 31)
KINDS = {
    **{"school_year": "whole", "grade": "whole", "first_time": "flag", "absence": "number"},
    **{"kindergarten_ready": "flag", "engaged": "flag", "completed_on": "date"},
    **{"enrolled_on": "date", "level": "whole", "remedial": "flag"},
    **{"degree": "text", "degree_on": "date"},
    **{"ethnicity": "text", "income": "text", "gender": "text"},
}
AGREEMENT = """
[agreement]
title = "Four Valleys"
trial = true
{parties}
[records]
minimum = 50
[payload]
report_groups = ["ethnicity", "income", "gender"]
[payload.columns]
{columns}
[linkage]
partnership = "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b"
profile = "students-1"
"""


def agreed(roles: dict[str, str], folder: Path) -> pprl.Agreement:
    """The agreement: who takes part, and which columns may follow once records are linked."""
    parties = [f'[[party]]\nid = "{name}"\nrole = "{role}"' for name, role in roles.items()]
    columns = [f'{name} = "{kind}"' for name, kind in KINDS.items()]
    path = folder / "compact.toml"
    text = AGREEMENT.format(parties="\n".join(parties), columns="\n".join(columns))
    path.write_text(text, encoding="utf-8")
    return pprl.Agreement.load(path)


def payload(
    told: pd.DataFrame,
    encoded: pprl.Encoded,
    crosswalk: pd.DataFrame,
    agreement: pprl.Agreement,
    institution: str,
) -> pprl.Payload:
    """What one institution sends: outcomes by study ID, its own ids left behind."""
    names = encoded.id_map.merge(crosswalk, on="record")[["local_id", "study_id"]]
    rows = told.merge(names, on="local_id").drop(columns="local_id")
    return pprl.Payload.of(rows, agreement, institution)


def main(out: Path) -> None:
    """Link, count, protect, and write the report."""
    region = population(PERSONS, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        agreement = agreed(dict(region.roles), Path(folder))

    # The institutions, each for itself, and the hub.
    key = pprl.LinkageKey.generate()
    encoded = {
        name: pprl.encode(roster, agreement, key, name)
        for name, roster in region.institutions.items()
    }
    linkage = pprl.link([one.submission for one in encoded.values()], agreement)

    # Each institution again: it has its crosswalk, and sends outcomes under those names.
    payloads = [
        payload(told, encoded[name], linkage.crosswalk(name), agreement, name)
        for name, told in outcomes(region, seed=1, through=THROUGH).items()
    ]

    # The hub: who is who by its own names, how good the links are, and then what may leave.
    rows = rows_of_payloads(payloads, linkage.study_ids)
    quality = quality_of(linkage, rows, agreement.payload.report_groups)
    made = compile_release(rows, agreement, quality, THROUGH, since=FIRST_YEAR)
    write_compilation(made, out)

    for indicator in made.report.indicators:
        for rate in indicator.breakdowns[0].rates:
            print(f"{indicator.title}, {rate.year}: {rate.rate or 'hidden'}")
    at_risk = attack([made.release], exact=False)["at_risk"].sum()
    print(f"{made.report.hidden} counts are hidden; of these can be worked out: {at_risk}")
    print(out / "indicators.html")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "yearly-report"))
