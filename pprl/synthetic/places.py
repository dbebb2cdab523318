"""Where the people live and study: the region's ZIPs, school districts and colleges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.synthetic.name_tables import ETHNICITIES

ZIPS_OF_DISTRICTS = {"orchard-usd": 24, "riverbend-usd": 16, "foothill-usd": 8, "valley-usd": 12}
"""Districts, and how many of the region's 60 ZIPs each serves."""

COLLEGES = {
    "county-college": 0.38,
    "city-college": 0.27,
    "state-university": 0.25,
    "tech-university": 0.10,
}
"""Colleges, and the share of the students who begin at each."""

PREFIXES = ("909", "929")
"""Beginnings of the region's ZIPs, which the Postal Service does not use."""

FAR = 400
"""How many ZIPs there are outside the region."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The places of a region and beyond.

    Attributes:
        zips: `object[z]`, the region's ZIPs and then those outside it.
        district: `int64[z]`, the index of the district that serves each; -1 outside.
        settled: `float64[groups, z]`, the share of each ethnic group that lives at each.
    """

    zips: NDArray[np.object_]
    district: NDArray[np.int64]
    settled: NDArray[np.float64]

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Places:
        """A region whose ZIPs differ in size by a factor of thirty and in who lives there."""
        counts = list(ZIPS_OF_DISTRICTS.values())
        inside = sum(counts)
        near = [f"{prefix}{number:02d}" for prefix in PREFIXES for number in range(1, 100)]
        chosen = np.sort(rng.choice(len(near), size=inside, replace=False))
        far = 90001 + rng.choice(6100, size=FAR, replace=False)
        far = far[~np.isin(far // 100, [int(prefix) for prefix in PREFIXES])]
        zips = [near[place] for place in chosen] + [str(zip_code) for zip_code in far]
        district = np.r_[np.repeat(np.arange(len(counts)), counts), np.full(len(far), -1)]
        size = rng.lognormal(0.0, 0.8, len(zips))
        settled = size * rng.lognormal(0.0, 0.6, (len(ETHNICITIES), len(zips)))
        return cls(np.array(zips, dtype=object), district.astype(np.int64), settled)

    def homes(
        self, ethnicity: NDArray[np.int64], outside: NDArray[np.bool_], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """`int64[n]`: a home for each, in the region or outside it, where their group lives."""
        homes = np.empty(len(ethnicity), dtype=np.int64)
        for code in range(len(ETHNICITIES)):
            for beyond in (False, True):
                theirs = (ethnicity == code) & (outside == beyond)
                share = self.settled[code] * ((self.district < 0) == beyond)
                homes[theirs] = rng.choice(
                    len(share), size=int(theirs.sum()), p=share / share.sum()
                )
        return homes
