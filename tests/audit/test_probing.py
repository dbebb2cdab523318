"""Claims about a partner that invents records: what its crosswalk tells."""

from __future__ import annotations

import pandas as pd

import pprl
from pprl import Agreement, LinkageKey, Party, State
from tests.rosters import crowded, roster

KEY = LinkageKey(bytes(range(32)))
VICTIM = {
    "local_id": "V1",
    "first_name": "Thelonious",
    "middle_name": "Sphere",
    "last_name": "Quartermain",
    "birth_date": "2005-10-17",
    "sex": "M",
    "zip": "90210",
}


def crosswalk(probes: list[dict[str, str]], victim_there: bool, sole: bool) -> pd.DataFrame:
    """What a partner is given for its invented records: `local_id, study_id`."""
    parties = [Party("prober", one_record_per_person=sole), Party("school")]
    agreement = Agreement.students(parties, minimum=10)
    everyone = crowded(60, seed=3)
    here = pd.concat(
        [crowded(40, seed=9).assign(local_id=lambda t: "P" + t.local_id), roster(*probes)]
    )
    there = pd.concat([everyone, roster(VICTIM)]) if victim_there else everyone
    made = [
        pprl.encode(
            rows.reset_index(drop=True),
            agreement,
            KEY,
            name,
            state=State.in_memory(),
            progress=False,
        )
        for name, rows in (("prober", here), ("school", there))
    ]
    linkage = pprl.link([m.submission for m in made], agreement, progress=False)
    if victim_there:
        assert len(linkage.pairs)
    return linkage.crosswalk("prober").merge(made[0].id_map, on="record")


def test_one_invented_record_gets_one_random_id_whether_or_not_its_person_is_there() -> None:
    """The crosswalk has the same records, and no ID of it is anybody else's."""
    for there in (True, False):
        table = crosswalk([{**VICTIM, "local_id": "X1"}], there, sole=True)
        assert (table.local_id == "X1").sum() == 1
        assert table.study_id.is_unique


TWO = [
    {**VICTIM, "local_id": "X1", "zip": "", "middle_name": ""},
    {
        "local_id": "X2",
        "first_name": "Thelonius",
        "last_name": "Quartermaine",
        "zip": "90210",
        "birth_date": "2005-10-17",
        "middle_name": "Sphere",
        "sex": "M",
    },
]
"""Two inventions of one victim."""


def test_two_inventions_of_one_victim_tell_nothing_where_each_person_has_one_record() -> None:
    """No two records of such a source get one study ID."""
    for there in (True, False):
        assert crosswalk(TWO, there, sole=True).study_id.is_unique
