"""What two submissions of one institution tell of which entries are students' and which decoys.

Run from the root of the repository, in an environment with the test requirements:

    python -m benchmarks.two_years [persons [seed [profile...]]]

The largest institution of the synthetic region sends its rosters of two years under one state: as
they are recorded, and again with every fifth student's last name changed in part, which few of the
region's are. A gradient-boosted classifier is shown, of each entry, whether it stays, in which
segments it differs where it does, how many of its record's entries stay in each pass, and all bits,
and learns from half of the entries which are real. Figures are written to `results/two_years.json`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import pprl
from benchmarks.kept import keep_each
from pprl import Agreement, LinkageKey, State, Submission
from pprl.agreement import LinkageSection, Pass
from pprl.audit.distinguisher import Area, Features, bits_of, classifier_area
from pprl.filters import segment_ones
from pprl.synthetic import two_years

RESULTS = Path(__file__).parent / "results" / "two_years.json"
KEY = LinkageKey(bytes(range(32)))
WIDEST = 0.1
"""Standard error from which on an area is not judged: too few entries of one kind."""
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]


def submissions(
    years: list[pd.DataFrame], agreement: Agreement, name: str, secret: bytes
) -> list[Submission]:
    """All years of one institution under one state."""
    state = State.in_memory(secret)
    return [
        pprl.encode(rows, agreement, KEY, name, state=state, progress=False).submission
        for rows in years
    ]


class Persistence:
    """What two submissions of one state show of each other, entry by entry.

    Attributes:
        stays: for each pass, `bool[n]`, whether the entry of `one` is in `other` as well.
        kept: `int64[records, passes]`, how many entries of each record of `one` stay.
    """

    def __init__(self, one: Submission, other: Submission) -> None:
        """Compare the tokens."""
        self.one, self.other = one, other
        self.stays: dict[str, Flags] = {}
        kept = []
        for name, entries in one.passes.items():
            stays = np.isin(entries.tokens, other.passes[name].tokens)
            self.stays[name] = stays
            kept.append(np.bincount(entries.records, stays, minlength=one.records))
        self.kept = np.stack(kept, axis=1).astype(np.int64)

    def kept_of(self, name: str) -> Integers:
        """`int64[n]`, how many of its record's entries of the pass stay, for each entry."""
        place = list(self.one.passes).index(name)
        found: Integers = self.kept[self.one.passes[name].records, place]
        return found

    def differing(self, section: LinkageSection, linkage_pass: Pass) -> Integers:
        """`int64[n, segments]`, bits in which an entry that stays differs; -1 where it does not."""
        ours, theirs = (s.passes[linkage_pass.name] for s in (self.one, self.other))
        widths = [segment.words for segment in section.segments_of(linkage_pass)]
        out = np.full((len(ours), len(widths)), -1, np.int64)
        stays = self.stays[linkage_pass.name]
        place = np.searchsorted(theirs.tokens, ours.tokens[stays])
        out[stays] = segment_ones(ours.filters[stays] ^ theirs.filters[place], widths)
        return out

    def features(self, section: LinkageSection, linkage_pass: Pass) -> Features:
        """What the classifier is shown of each entry of a pass: `float32[n, features]`."""
        name = linkage_pass.name
        entries = self.one.passes[name]
        tokens = np.ascontiguousarray(entries.tokens, "<u8").view(np.uint8)
        columns = [
            self.stays[name],
            self.kept_of(name),
            self.kept[entries.records],
            self.differing(section, linkage_pass),
            bits_of(entries.filters),
            np.unpackbits(tokens.reshape(-1, 8), axis=1),
        ]
        return np.column_stack(columns).astype(np.float32)


def of_change(kept: Integers, quota: int) -> dict[str, Flags]:
    """Entries by what became of their record's key in the pass."""
    return {
        "nothing changed": kept == quota,
        "all changed": kept == 0,
        "part changed": (kept > 0) & (kept < quota),
    }


def told(stays: Flags, kept: Integers, real: Flags, chosen: Flags) -> dict[str, float]:
    """What the pattern of persistence says of some entries: how often they are real."""
    group = kept[chosen] * 2 + stays[chosen]
    count = np.bincount(group)
    ones = np.bincount(group, real[chosen])
    present = count > 0
    share = ones[present] / count[present]
    weight = count[present] / max(1, count.sum())
    base = float(real[chosen].mean()) if chosen.any() else 0.0
    return {
        "entries": int(chosen.sum()),
        "real": round(base, 4),
        "real of those that stay": _share(real[chosen & stays]),
        "real of those that do not": _share(real[chosen & ~stays]),
        "best guess right": round(float((np.maximum(share, 1 - share) * weight).sum()), 4),
        "guess without looking": round(max(base, 1 - base), 4),
    }


def _share(flags: Flags) -> float:
    """The share that is set; nan for none."""
    return round(float(flags.mean()), 4) if len(flags) else float("nan")


def judged(rows: Features, real: Flags, rng: np.random.Generator) -> dict[str, float]:
    """The classifier's area under the curve."""
    found: Area = classifier_area(rows[real], rows[~real], rng, most=20_000)
    return {"area under the curve": round(found.value, 4), "its error": round(found.error, 4)}


def renamed_in_part(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Every fifth student has gained a further last name, or lost one of several."""
    later = rows.copy()
    places = np.flatnonzero(rng.random(len(rows)) < 0.2)
    others = rows["last_name"].to_numpy()[rng.integers(0, len(rows), len(places))]
    names = later["last_name"].to_numpy().copy()
    for place, other in zip(places, others, strict=True):
        first, *more = names[place].split(" ", 1) if names[place] else ["", ""]
        names[place] = first if more else f"{first} {other}".strip()
    later["last_name"] = names
    return later


def measured(persons: int, seed: int, profile: str) -> dict[str, object]:
    """All figures of one profile."""
    start = time.perf_counter()
    regions = two_years(persons, seed=seed)
    name = max(regions[0].institutions, key=lambda n: len(regions[0].institutions[n]))
    years = [region.institutions[name] for region in regions]
    changed = [years[0], renamed_in_part(years[1], np.random.default_rng(seed))]
    return {
        "persons": persons,
        "seed": seed,
        "profile": profile,
        "as recorded": of_years(years, name, profile, seed),
        "names changed in part": of_years(changed, name, profile, seed),
        "seconds": round(time.perf_counter() - start),
    }


def of_years(
    years: list[pd.DataFrame], name: str, profile: str, seed: int
) -> dict[str, dict[str, object]]:
    """What either of two years shows of its entries beside the other."""
    agreement = Agreement.students([name, "another"], profile, minimum=10)
    seen = submissions(years, agreement, name, bytes(32))
    # Real entries hang on the linkage key alone, decoys on the state's secret as well.
    other = submissions(years, agreement, name, bytes([1] * 32))
    rng = np.random.default_rng(seed)
    section = agreement.linkage
    found: dict[str, dict[str, object]] = {}
    for year, (one, two) in {"then": (0, 1), "now": (1, 0)}.items():
        compared = Persistence(seen[one], seen[two])
        in_both = compared.kept.sum(axis=1) > 0
        passes = {}
        pooled: dict[str, list[dict[str, float]]] = {}
        for item in section.passes:
            entries = seen[one].passes[item.name]
            real = np.isin(entries.tokens, other[one].passes[item.name].tokens)
            stays, kept = compared.stays[item.name], compared.kept_of(item.name)
            here = in_both[entries.records]
            row: dict[str, object] = {}
            rows = compared.features(section, item)
            for change, chosen in of_change(kept, item.quota).items():
                some = chosen & here
                figures = told(stays, kept, real, some) | judged(rows[some], real[some], rng)
                row[change] = figures
                pooled.setdefault(change, []).append(figures)
            passes[item.name] = row
        found[year] = {
            "passes": passes,
            "together": {change: summed(rows) for change, rows in pooled.items()},
        }
    return found


def summed(rows: list[dict[str, float]]) -> dict[str, float]:
    """Figures of all passes together, by entries."""
    count = np.array([row["entries"] for row in rows], float)
    total = max(1.0, count.sum())
    return (
        {"entries": int(count.sum())}
        | {
            name: round(float((np.array([row[name] for row in rows]) * count).sum() / total), 4)
            for name in ("real", "best guess right", "guess without looking")
        }
        | areas(rows)
    )


def areas(rows: list[dict[str, float]]) -> dict[str, float]:
    """How far the areas of the passes are from 0.5 together: their chi-square, and of how many."""
    judged = [row for row in rows if row["its error"] < WIDEST]
    z = [(row["area under the curve"] - 0.5) / row["its error"] for row in judged]
    return {"passes judged": len(z), "chi-square of the areas": round(sum(v * v for v in z), 1)}


if __name__ == "__main__":
    keep_each(RESULTS, measured, sys.argv[1:], seed=11)
