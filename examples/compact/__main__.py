"""A compact: one large district and eight universities, its first year from template to crosswalks.

python -m examples.compact --out compact-run
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

import pprl
from examples.signing_day import Room, sign_all
from pprl.cli import run as pprl_command
from pprl.synthetic import population

TEMPLATE = Path(__file__).parent / "agreement.toml"
DISTRICT = "orchard-usd"
UNIVERSITIES = 8


def rosters(persons: int, seed: int) -> dict[str, pd.DataFrame]:
    """The invented students of the district and of eight universities.

    The region has four colleges; each is parted in two campuses, as the universities of a compact.
    """
    region = population(persons, seed=seed)
    found = {DISTRICT: region.pool("district").students}
    colleges = [name for name, role in region.roles.items() if role == "college"]
    for number in range(UNIVERSITIES):
        students = region.institutions[colleges[number // 2]]
        _, campus = divmod(pd.factorize(students["local_id"])[0], 2)
        found[f"university-{number + 1}"] = students[campus == number % 2]
    return found


def encode(name: str, students: pd.DataFrame, room: Room, folder: Path) -> str:
    """What one institution does: read, encode, keep the id map, send the match file."""
    own = folder / name
    own.mkdir()
    students.to_csv(own / "students.csv", index=False)
    state = pprl.State.open(own / "state.sqlite")
    read = pprl.read_students(own / "students.csv")
    encoded = pprl.encode(read, room.agreement, room.linkage_key, name, state=state)
    encoded.submission.write(folder / f"{name}.pprl", signing_key=room.signing_keys[name])
    encoded.write_id_map(own / "id-map.csv")
    state.close()
    return f"{name}: {encoded.submission.manifest.records:,} students"


def main() -> None:
    """Run the compact's first year."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("compact-run"))
    asked = parser.parse_args()
    asked.out.mkdir()

    room = sign_all(TEMPLATE, asked.out, minimum=100 if asked.persons >= 6_000 else 2)
    print(f"{len(room.agreement.parties)} parties signed {room.agreement.title}")

    found = rosters(asked.persons, asked.seed)
    export = asked.out / "export.csv"
    found[DISTRICT].assign(year="2025-26").to_csv(export, index=False)
    pprl_command(
        [
            *("data-map", str(export), "--institution", DISTRICT, "--year", "year"),
            *("--form", "markdown", "--out", str(asked.out / "data-map.md")),
        ]
    )

    for name, students in found.items():
        print(encode(name, students, room, asked.out))

    submissions = [
        pprl.Submission.open(asked.out / f"{name}.pprl", identity=room.hub, signers=room.agreement)
        for name in found
    ]
    linkage = pprl.link(submissions, room.agreement)
    for name in found:
        linkage.crosswalk(name).to_csv(asked.out / name / "crosswalk.csv", index=False)
    print(f"{len(linkage.pairs):,} pairs, {linkage.study_ids['study_id'].nunique():,} persons")
    quality = linkage.quality
    print(f"expected precision {quality.expected_precision:.3f}")
    print(f"expected recall {quality.expected_recall:.3f}")

    together = linkage.study_ids.groupby("study_id")["source"].agg(set)
    graduates = together[[DISTRICT in sources for sources in together]]
    went_on = sum(len(sources) > 1 for sources in graduates)
    share = went_on / len(graduates)
    print(f"{share:.0%} of the district's students are found at one of the eight universities")
    print("which of them sent how many is for nobody to read: rank_institutions = false")


if __name__ == "__main__":
    main()
