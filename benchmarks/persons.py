"""How well do the records of eight institutions become persons, and do their study IDs stay?

    python benchmarks/persons.py clusters 301 302 303
    python benchmarks/persons.py years 401 402 403

`clusters`: pairwise F1 of the persons, persons with two records of an institution that holds each
once, and twins: pairs of one birth date, last name, home and family, both on record at both of two
institutions. They are swapped if a record of one has the study ID of a record of the other.

With `--splink`, the persons that the same clustering makes of Splink's plaintext pairs, at
p >= 0.5, are measured beside them (`splink_persons.py`).

`years`: the rosters of two years, linked one after the other with a registry. A record that is sent
again continues; a student who leaves school for college and is in no roster twice moves on.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

import pprl
from pprl.hub.clusters import clusters as cluster
from pprl.institution import LinkageKey, State
from pprl.synthetic import Population, population, two_years
from pprl.synthetic.region import COLUMNS

RESULTS = Path(__file__).parent / "results"
KEY = LinkageKey(bytes(range(32)))


def agreement_of(region: Population) -> pprl.Agreement:
    """The default profile, for the region's institutions."""
    return pprl.Agreement.students(list(region.institutions), "students-1")


def encoded(
    region: Population, agreement: pprl.Agreement, states: Mapping[str, State]
) -> tuple[list[pprl.Submission], pd.DataFrame]:
    """All submissions, and `source, record, local_id, person`."""
    submissions, truth = [], []
    for name, roster in region.institutions.items():
        made = pprl.encode(
            roster.drop(columns="state_id"),
            agreement,
            KEY,
            name,
            state=states[name],
            progress=False,
        )
        submissions.append(made.submission)
        known = region.truth[region.truth["institution"] == name]
        truth.append(made.id_map.merge(known, on="local_id").assign(source=name))
    return submissions, pd.concat(truth, ignore_index=True)


def states_of(region: Population) -> dict[str, State]:
    """A secret and a ledger for each institution."""
    return {
        name: State.in_memory(bytes([number] * 32))
        for number, name in enumerate(region.institutions, 1)
    }


def twins(named: pd.DataFrame, persons: pd.DataFrame) -> tuple[int, int, int]:
    """Twin pairs on record at both of two institutions; swapped among them; others taken for one.

    Args:
        named: `source, person, study_id`, a row for each record.
        persons: what is true of them.
    """
    alike = persons.groupby(["family", "birth_date", "last_name", "zip"])["person"].apply(list)
    pairs = [pair for group in alike if len(group) > 1 for pair in itertools.combinations(group, 2)]
    held: dict[int, dict[str, set[str]]] = {}
    for row in named.itertuples(index=False):
        held.setdefault(row.person, {}).setdefault(row.source, set()).add(row.study_id)
    both = swapped = merged = 0
    for one, two in pairs:
        first, second = held.get(one, {}), held.get(two, {})
        common = sorted(set(first) & set(second))
        for a, b in itertools.combinations(common, 2):
            both += 1
            swapped += bool(first[a] & second[b] or first[b] & second[a])
        ids = set().union(*first.values(), *second.values()) if first and second else set()
        apart = set().union(*first.values()) & set().union(*second.values()) if ids else set()
        merged += bool(apart) and len(common) < 2
    return both, swapped, merged


def splink_f1(region: Population, python: str) -> float:
    """Pairwise F1 of the persons that our clustering makes of Splink's pairs."""
    rows = pd.concat(
        [
            roster.drop_duplicates("local_id", keep="last").assign(institution=name)
            for name, roster in sorted(region.institutions.items())
        ]
    ).merge(region.truth, on=["institution", "local_id"])
    with tempfile.TemporaryDirectory() as folder:
        for name, roster in rows.groupby("institution"):
            roster[[*COLUMNS[:-1]]].to_csv(Path(folder) / f"{name}.csv", index=False)
        out = Path(folder) / "pairs"
        script = str(Path(__file__).with_name("splink_persons.py"))
        subprocess.run([python, script, folder, str(out)], check=True)
        names = ["weight", "source_l", "id_l", "source_r", "id_r"]
        pairs = pd.read_csv(out, names=names, dtype=str)
    place = pd.Series(np.arange(len(rows)), [rows["institution"], rows["local_id"]])
    ends = [
        place.loc[pd.MultiIndex.from_frame(pairs[[f"source_{side}", f"id_{side}"]])].to_numpy()
        for side in "lr"
    ]
    source, institutions = pd.factorize(rows["institution"])
    sole = np.ones(len(institutions), bool)
    label = cluster(source, sole, *ends, pairs["weight"].astype(float).to_numpy())
    found = pd.DataFrame({"source": source, "person": rows["person"], "label": label})
    true, said, both = (
        pairs_within(found, columns) for columns in (["person"], ["label"], ["person", "label"])
    )
    return round(2 * both / (true + said), 4)


def pairs_within(table: pd.DataFrame, columns: list[str]) -> int:
    """Pairs of records of different sources that agree in the columns."""
    counts = [table.groupby(names).size() for names in (columns, [*columns, "source"])]
    together, same_source = (int((n * (n - 1) // 2).sum()) for n in counts)
    return together - same_source


def clusters(seed: int, persons: int, errors: str, splink: str | None = None) -> dict[str, object]:
    """One region, linked."""
    region = population(persons, seed=seed, errors=errors)
    agreement = agreement_of(region)
    submissions, truth = encoded(region, agreement, states_of(region))
    linkage = pprl.link(submissions, agreement, progress=False)
    found = pprl.evaluate(linkage, truth)
    named = linkage.study_ids.merge(truth, on=["source", "record"])
    records = linkage.study_ids.drop_duplicates(["source", "record"])
    both, swapped, merged = twins(named, region.persons)
    return {
        "seed": seed,
        "precision": round(found.precision, 4),
        "recall": round(found.recall, 4),
        "F1": round(found.f1, 4),
        "persons with two records of one institution": int(
            records.duplicated(["source", "study_id"]).sum()
        ),
        "twin pairs at both": both,
        "swapped": swapped,
        "other twins taken for one": merged,
        **({"F1 of Splink's pairs": splink_f1(region, splink)} if splink else {}),
    }


def years(seed: int, persons: int, errors: str) -> dict[str, object]:
    """One region's two years, with a registry, with and without the first year's files."""
    then, now = two_years(persons, seed=seed, errors=errors)
    agreement, states = agreement_of(then), states_of(then)
    past, truth_then = encoded(then, agreement, states)
    present, truth_now = encoded(now, agreement, states)
    figures: dict[str, object] = {"seed": seed}
    for label, earlier in (("this year's files alone", []), ("with last year's files", past)):
        with tempfile.TemporaryDirectory() as folder:
            registry = Path(folder) / "registry.sqlite"
            first = pprl.link(past, agreement, registry=registry, progress=False)
            second = pprl.link(
                present, agreement, registry=registry, earlier=earlier, progress=False
            )
            again = pprl.link(
                present, agreement, registry=registry, earlier=earlier, progress=False
            )
            assert again.study_ids.equals(second.study_ids)
        before = first.study_ids.merge(truth_then, on=["source", "record"])
        after = second.study_ids.merge(truth_now, on=["source", "record"])
        figures[label] = compared(before, after)
        figures[label]["F1"] = round(pprl.evaluate(second, truth_now).f1, 4)
    return figures


def compared(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, float]:
    """What became of study IDs, in shares."""
    sent = before.merge(after, on=["source", "local_id"], suffixes=("_then", "_now"))
    owners = before.groupby("study_id")["person"].agg(set)
    ids = before.groupby("person")["study_id"].agg(set)
    stayed = set(sent["person_then"])
    moved = after[after["person"].isin(ids.index) & ~after["person"].isin(stayed)]
    new = after[~after["person"].isin(ids.index)]
    return {
        "records sent again": len(sent),
        "told the same ID": share(sent["recipient_id_then"] == sent["recipient_id_now"]),
        "same ID at the hub": share(sent["study_id_then"] == sent["study_id_now"]),
        "records of students who moved on": len(moved),
        "found under last year's ID": share(
            pd.Series(
                [i in ids[p] for i, p in zip(moved["study_id"], moved["person"], strict=True)]
            )
        ),
        "records of newcomers": len(new),
        "newcomers under another's ID": share(
            pd.Series([i in owners.index for i in new["study_id"]])
        ),
    }


def share(flags: pd.Series) -> float:
    """The share of flags that are set."""
    return round(float(flags.mean()), 4)


def main() -> None:
    """Write the figures and print them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=["clusters", "years"])
    parser.add_argument("seeds", nargs="+", type=int)
    parser.add_argument("--persons", type=int, default=20_000)
    parser.add_argument("--errors", default="customary")
    parser.add_argument("--splink", metavar="PYTHON", help="an interpreter that has Splink")
    given = parser.parse_args()
    with_splink = functools.partial(clusters, splink=given.splink)
    measure = {"clusters": with_splink, "years": years}[given.what]
    figures = []
    for seed in given.seeds:
        figures.append(measure(seed, given.persons, given.errors))
        print(json.dumps(figures[-1], indent=1), flush=True)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"persons-{given.what}-{given.errors}.json"
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(path, file=sys.stderr)


if __name__ == "__main__":
    main()
