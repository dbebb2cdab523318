"""What aliases do to linking: read and left aside, or taken in as further words of names.

Districts' records get as a preferred first name the Western name that some people of the region use
beside their own; colleges' records get the surname of school days as a former last name where
theirs is another. Told are the figures over all pairs, and over those of people who have either.

    python -m benchmarks.further_names --persons 20000
"""

from __future__ import annotations

import argparse

import pandas as pd

import pprl
from pprl.institution.other_names import with_other_names
from pprl.synthetic import Roster, population


def with_aliases(roster: Roster, persons: pd.DataFrame, *, district: bool) -> pd.DataFrame:
    """The students with the aliases that their system knows."""
    person = roster.truth.set_index("local_id")["person"]
    known = persons.set_index("person").loc[roster.students["local_id"].map(person)]
    known.index = roster.students.index
    if district:
        return roster.students.assign(other_first_name=known["western_name"])
    same = [
        bool({*was.casefold().split()} & {*now.casefold().replace("-", " ").split()})
        for was, now in zip(known["last_name"], roster.students["last_name"], strict=True)
    ]
    former = known["last_name"].where(~pd.Series(same, index=known.index), "")
    return roster.students.assign(other_last_name=former)


def main() -> None:
    """Tell the figures of each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--profile", default="students-1")
    arguments = parser.parse_args()
    for seed in range(1, arguments.seeds + 1):
        region = population(arguments.persons, seed=seed)
        pools = {"district": region.pool("district"), "college": region.pool("college")}
        rosters = {
            name: with_aliases(pool, region.persons, district=name == "district")
            for name, pool in pools.items()
        }
        having = {
            person
            for name, field in (("district", "other_first_name"), ("college", "other_last_name"))
            for person, alias in zip(
                rosters[name]["local_id"].map(pools[name].truth.set_index("local_id")["person"]),
                rosters[name][field],
                strict=True,
            )
            if alias
        }
        agreement = pprl.Agreement.students(list(pools), arguments.profile)
        key = pprl.LinkageKey(bytes(range(32)))
        for way in ("left aside", "taken in"):
            encoded = {
                name: pprl.encode(
                    with_other_names(rows) if way == "taken in" else rows,
                    agreement,
                    key,
                    name,
                    progress=False,
                )
                for name, rows in rosters.items()
            }
            submissions = [item.submission for item in encoded.values()]
            linkage = pprl.link(submissions, agreement, progress=False)
            truth = pd.concat(
                item.id_map.assign(source=name).merge(pools[name].truth, on="local_id")
                for name, item in encoded.items()
            )
            own = truth[truth["person"].isin(having)]
            print(f"seed {seed}, {way}: {pprl.evaluate(linkage, truth)}")
            print(f"    {len(having)} people with an alias: {pprl.evaluate(linkage, own)}")


if __name__ == "__main__":
    main()
