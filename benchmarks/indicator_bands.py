"""How often the truth lies within the linkage-error band of a rate.

Run `python benchmarks/indicator_bands.py`. Invented regions are encoded and linked as partnerships
do it, without truth; every rate by year and report group that rests on links is counted by the
hub's study IDs and again by the true persons. Rates of fewer than eleven are left out, as they are
in a release. Writes `results/indicator_bands.json`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd

import pprl
from pprl.agreement.indicators import customary
from pprl.results.indicators.counting import Counts, count
from pprl.results.indicators.linkage_error import LinkQuality, band
from pprl.results.indicators.rows import outcome_rows
from pprl.synthetic import outcomes, population
from pprl.synthetic.outcomes import THROUGH

HERE = Path(__file__).parent
GROUPS = ("ethnicity", "income", "gender")
SMALLEST = 11
TINY = 1e-9


def counted(tables: dict[str, pd.DataFrame], by: str, roles: dict[str, str]) -> Counts:
    """All counts, persons being told by one of the columns `study_id` and `person`."""
    other = {"study_id": "person", "person": "study_id"}[by]
    named = {
        name: table.drop(columns=[other, "local_id"]).rename(columns={by: "person"})
        for name, table in tables.items()
    }
    return count(outcome_rows(named), customary(), THROUGH, groups=GROUPS, roles=roles)


def region(persons: int, seed: int) -> pd.DataFrame:
    """Each rate of one region: as counted, as true, and its band."""
    made_up = population(persons, seed=seed)
    agreement = pprl.Agreement.students(sorted(made_up.roles), minimum=2)
    key = pprl.LinkageKey.generate()
    encoded = {
        name: pprl.encode(roster, agreement, key, name)
        for name, roster in made_up.institutions.items()
    }
    linkage = pprl.link([one.submission for one in encoded.values()], agreement)
    tables = {}
    for name, told in outcomes(made_up, seed=seed).items():
        of_source = linkage.study_ids[linkage.study_ids["source"] == name]
        whose = encoded[name].id_map.merge(of_source[["record", "study_id"]], on="record")
        true = made_up.truth[made_up.truth["institution"] == name][["local_id", "person"]]
        both = whose.drop(columns="record").merge(true, on="local_id")
        tables[name] = told.merge(both, on="local_id")
    roles = dict(made_up.roles)
    found, true_counts = (counted(tables, by, roles) for by in ("study_id", "person"))
    return rates(found, true_counts, LinkQuality(linkage.quality.by_sources))


def rates(found: Counts, true: Counts, quality: LinkQuality) -> pd.DataFrame:
    """Rates that rest on links, with the true ones and their bands."""
    truth = {table.name: table.counts for table in true.tables}
    rows = []
    for one in customary().indicators.values():
        if one.linked == "none":
            continue
        for table in found.tables:
            if table.dimensions[-1] != one.outcome or table.dimensions[0] not in GROUPS:
                continue
            group = table.dimensions[0]
            for code, own in table.counts.groupby(group):
                others = truth[table.name][truth[table.name][group] == code]
                n, of, n_true, of_true = (
                    int(cells.loc[cells[one.outcome].isin(codes), "count"].sum())
                    for cells in (own, others)
                    for codes in (one.numerator, one.denominator)
                )
                error = quality.of(*found.told_by[one.outcome], "", "total")
                repeated = code == "total" and group != GROUPS[0]
                if repeated or error is None or n < SMALLEST or of_true < SMALLEST:
                    continue
                low, high = band(n, of, one.linked, error)
                share = n_true / of_true
                held = low - TINY <= share <= high + TINY
                rows.append(
                    {"indicator": one.name, "all": code == "total", "held": held}
                    | {"width": high - low, "shift": n / of - share}
                )
    return pd.DataFrame(rows)


def main() -> None:
    """Measure regions of several seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, nargs="+", default=[6_000, 12_000, 12_000])
    chosen = parser.parse_args()
    every = pd.concat([region(n, seed) for seed, n in enumerate(chosen.persons, 1)])
    told = {
        "persons": chosen.persons,
        "rates": len(every),
        "held": round(float(every["held"].mean()), 4),
        "held of all": round(float(every.loc[every["all"], "held"].mean()), 4),
        "mean width": round(float(every["width"].mean()), 4),
        "mean of counted less true": round(float(every["shift"].mean()), 4),
        "by indicator": every.groupby("indicator")["held"].mean().round(3).to_dict(),
    }
    text = json.dumps(told, indent=1) + "\n"
    (HERE / "results" / "indicator_bands.json").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
