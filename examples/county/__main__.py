"""A county partnership over two years: pooling, linking, study IDs that stay, a yearly report.

python -m examples.county --out county-run
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import pprl
from examples.signing_day import Room, sign_all
from pprl.cli import run as pprl_command
from pprl.hub.custody import AnalysisStore, CustodyKey
from pprl.results import write_linkage
from pprl.synthetic import Population, two_years

TEMPLATE = Path(__file__).parent / "agreement.toml"
OFFICE = "county-office"
JUNE, SEPTEMBER = datetime.date(2025, 6, 5), datetime.date(2025, 9, 1)


@dataclass(frozen=True)
class Year:
    """What the institutions know in one year.

    Attributes:
        name: such as "2025".
        rosters: party -> its students; the county office's are those of its four districts.
        persons: party -> `local_id, person`, which only invented data can tell.
        attributes: `person, ethnicity, income, gender`.
    """

    name: str
    rosters: Mapping[str, pd.DataFrame]
    persons: Mapping[str, pd.DataFrame]
    attributes: pd.DataFrame


def year_of(name: str, region: Population) -> Year:
    """Pool the four districts at the county office; colleges send for themselves.

    A student whom two districts have on record is in the pooled file twice, under both districts'
    IDs; the agreement says that this may be (one_record_per_person = false).
    """
    districts = [which for which, role in region.roles.items() if role == "district"]
    pooled = pd.concat(
        region.institutions[district].assign(
            local_id=district + ":" + region.institutions[district]["local_id"]
        )
        for district in districts
    )
    rosters = {OFFICE: pooled} | {
        which: region.institutions[which] for which in region.roles if which not in districts
    }
    truth = region.truth
    pools = truth["institution"].isin(districts)
    known = truth.assign(
        party=truth["institution"].mask(pools, OFFICE),
        local_id=truth["local_id"].mask(pools, truth["institution"] + ":" + truth["local_id"]),
    )
    persons = {party: part[["local_id", "person"]] for party, part in known.groupby("party")}
    attributes = region.persons[["person", "ethnicity", "income", "gender"]]
    return Year(name, rosters, persons, attributes)


class Institution:
    """One party's desk: its state and id maps stay here."""

    def __init__(self, party: str, room: Room, folder: Path) -> None:
        """Set the desk up."""
        self.party = party
        self._room = room
        self._folder = folder / party
        self._folder.mkdir()

    def encode(self, students: pd.DataFrame, year: str) -> Path:
        """Encode a year's students with the same key and state; the match file is what leaves."""
        state = pprl.State.open(self._folder / "state.sqlite")
        encoded = pprl.encode(
            students, self._room.agreement, self._room.linkage_key, self.party, state=state
        )
        state.close()
        path = self._folder / f"{year}.pprl"
        encoded.submission.write(path, signing_key=self._room.signing_keys[self.party])
        encoded.write_id_map(self._folder / f"{year}-id-map.csv")
        return path

    def outcomes(self, year: Year, crosswalk: pd.DataFrame) -> Path:
        """Send what the agreement declares, by study ID, once the crosswalk is here.

        The county office tells who completed school in June of that year; a college, who enrolled
        in September.
        """
        id_map = pd.read_csv(
            self._folder / f"{year.name}-id-map.csv", dtype=str, keep_default_na=False
        )
        id_map["record"] = id_map["record"].astype("uint32")
        known = id_map.merge(crosswalk, on="record").merge(year.persons[self.party], on="local_id")
        known = known.drop_duplicates("study_id").merge(year.attributes, on="person")
        if self.party == OFFICE:
            seniors = known[known["person"] % 2 == 0]
            rows = seniors[["study_id", "ethnicity", "income", "gender"]].assign(completed_on=JUNE)
        else:
            level = 4 if "university" in self.party else 2
            rows = known[["study_id"]].assign(enrolled_on=SEPTEMBER, level=level)
        payload = pprl.Payload.of(rows, self._room.agreement, self.party)
        path = self._folder / "outcomes.pprl"
        payload.write(path, signing_key=self._room.signing_keys[self.party])
        return path


class Hub:
    """The hub's desk: a store of encodings, a registry of study IDs, a store of outcomes."""

    def __init__(self, room: Room, folder: Path) -> None:
        """Set the desk up; in earnest the keys lie elsewhere."""
        self._room = room
        self._folder = folder / "hub"
        self._folder.mkdir()
        self._key = CustodyKey.generate("analysis store")
        self._key.save(self._folder / "outcomes.key")
        self._store = pprl.LinkageStore.open(
            self._folder / "encodings", CustodyKey.generate("linkage store"), make=True
        )

    def link(self, files: list[Path]) -> pprl.Linkage:
        """Check and blind what came, then link it, last year's departed students included."""
        agreement = self._room.agreement
        for file in files:
            self._store.add(file, agreement=agreement, identity=self._room.hub)
        return pprl.link(
            self._store.submissions(agreement),
            agreement,
            registry=self._folder / "registry.sqlite",
            earlier=self._store.earlier(agreement),
        )

    def keep(self, files: list[Path]) -> AnalysisStore:
        """Seal the encodings to a key that is elsewhere, then open outcomes and keep them."""
        self._store.seal(pprl.Identity.generate().recipient)
        outcomes = AnalysisStore.open(self._folder / "outcomes", self._key, self._store)
        registry = pprl.Registry.open(self._folder / "registry.sqlite")
        for file in files:
            payload = pprl.Payload.open(file, signers=self._room.agreement, identity=self._room.hub)
            told = registry.translation(payload.institution)
            outcomes.keep(payload, dict(zip(told["recipient_id"], told["study_id"], strict=True)))
        registry.close()
        self._store.close()
        return outcomes

    def release(self, linkage: pprl.Linkage, folder: Path) -> None:
        """Count, protect, attack and publish: what leaves the hub leaves by this command."""
        write_linkage(linkage, self._folder / "linkage")
        code = pprl_command(
            [
                *("results", "release", "--agreement", str(self._folder.parent / "agreement.toml")),
                *("--linkage", str(self._folder / "linkage")),
                *("--store", str(self._folder / "encodings")),
                *("--outcomes", str(self._folder / "outcomes")),
                *("--outcomes-key", str(self._folder / "outcomes.key")),
                *("--through", "2026-10-31", "--out", str(folder)),
            ]
        )
        if code:
            raise SystemExit(code)


def main() -> None:
    """Run both years."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path, default=Path("county-run"))
    asked = parser.parse_args()
    asked.out.mkdir()

    room = sign_all(TEMPLATE, asked.out, minimum=100 if asked.persons >= 6_000 else 2)
    regions = two_years(asked.persons, seed=asked.seed)
    first, second = (
        year_of(name, region) for name, region in zip(("2025", "2026"), regions, strict=True)
    )
    hub = Hub(room, asked.out)
    desks = {party: Institution(party, room, asked.out) for party in first.rosters}

    linkages: list[pprl.Linkage] = []
    for year in (first, second):
        files = [desk.encode(year.rosters[party], year.name) for party, desk in desks.items()]
        linkage = hub.link(files)
        print(f"{year.name}: {sum(linkage.records.values()):,} records")
        print(f"  expected precision {linkage.quality.expected_precision:.3f}")
        print(f"  expected recall    {linkage.quality.expected_recall:.3f}")
        linkages.append(linkage)
    before, after = (set(linkage.study_ids["study_id"]) for linkage in linkages)
    print(f"{len(before & after):,} of {len(after):,} persons of 2026 were known in 2025")

    # The county office tells of last June's seniors, by the study IDs of the year when it sent
    # them; the colleges of their students now. The registry knows that some are one person.
    files = [
        desk.outcomes(year, linkage.crosswalk(party))
        for party, desk in desks.items()
        for year, linkage in (
            [(first, linkages[0])] if party == OFFICE else [(second, linkages[1])]
        )
    ]
    outcomes = hub.keep(files)
    print(f"outcomes of {', '.join(outcomes.institutions())}, encodings sealed")
    hub.release(linkages[1], asked.out / "yearly-report")


if __name__ == "__main__":
    main()
