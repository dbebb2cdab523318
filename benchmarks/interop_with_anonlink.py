"""Random filters and candidate pairs, through pprl and through anonlink: must agree throughout.

Run `python benchmarks/interop_with_anonlink.py [CASES]` (`make interop`); anonlink gets an
environment of its own. Candidate pairs must be equal in order and similarity, groups as sets, files
byte for byte.
"""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from environments import environment
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pprl.interop import Clks, anonlink

HERE = Path(__file__).parent


def thresholds() -> st.SearchStrategy[float]:
    """Floats, and those at which coefficients lie. Below a millionth anonlink's bound overflows."""
    return st.one_of(st.floats(1e-6, 1), st.sampled_from([0.0, 0.5, 2 / 3, 5 / 6, 0.8, 1.0]))


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    """Two or three small datasets whose filters are often alike, so that ties abound."""
    size = draw(st.sampled_from([8, 16, 24, 128]))
    pool = draw(st.lists(st.binary(min_size=size, max_size=size), min_size=1, max_size=4))
    flips = st.tuples(st.integers(0, len(pool) - 1), st.integers(0, 8 * size - 1), st.booleans())
    datasets = []
    for _ in range(draw(st.integers(2, 3))):
        rows = []
        for origin, place, is_flipped in draw(st.lists(flips, max_size=8)):
            row = bytearray(pool[origin])
            row[place // 8] ^= is_flipped << place % 8
            rows.append(base64.b64encode(bytes(row)).decode())
        datasets.append(rows)
    blocks = None
    if draw(st.booleans()):
        blocks = [[draw(st.sampled_from("ab")) for _ in rows] for rows in datasets]
    return {
        "do": "candidates",
        "datasets": datasets,
        "measure": draw(st.sampled_from(["dice_coefficient", "simple_matching_coefficient"])),
        "threshold": draw(thresholds()),
        "k": draw(st.one_of(st.none(), st.integers(1, 3))),
        "blocks": blocks,
    }


@st.composite
def solvings(draw: st.DrawFn) -> dict[str, Any]:
    """Candidate pairs among a few records of a few datasets, in any order."""
    record = st.tuples(st.integers(0, draw(st.integers(1, 3))), st.integers(0, 4))
    pairs = draw(st.lists(st.tuples(record, record), max_size=30))
    if draw(st.booleans()):
        pairs = [((0, i), (1, j)) for (_, i), (_, j) in pairs]
    sides = list(zip(*pairs, strict=True)) or [(), ()]
    return {
        "do": "groups",
        "candidates": [
            [1.0] * len(pairs),
            [[dataset for dataset, _ in side] for side in sides],
            [[number for _, number in side] for side in sides],
        ],
        "threshold": draw(st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))),
        "deduplicated": draw(st.booleans()),
    }


def ours(question: dict[str, Any]) -> Any:
    """What pprl says."""
    if question["do"] == "candidates":
        blocks, coded = question["blocks"], question["datasets"]
        candidates = anonlink.candidate_generation.find_candidate_pairs(
            [Clks.from_base64(rows).to_bitarrays() if rows else [] for rows in coded],
            getattr(anonlink.similarities, question["measure"]),
            question["threshold"],
            k=question["k"],
            blocking_f=anonlink.blocking.list_blocking(blocks) if blocks else None,
        )
        written = io.BytesIO()
        anonlink.serialization.dump_candidate_pairs(candidates, written)
        listed = [list(candidates[0]), *([list(side) for side in c] for c in candidates[1:])]
        return [listed, base64.b64encode(written.getvalue()).decode()]
    if question["threshold"] is None:
        return anonlink.solving.greedy_solve(question["candidates"])
    return anonlink.solving.probabilistic_greedy_solve(
        question["candidates"],
        merge_threshold=question["threshold"],
        deduplicated=question["deduplicated"],
    )


def as_sets(groups: Any) -> set[frozenset[tuple[int, int]]]:
    """Groups without their order."""
    return {frozenset(map(tuple, group)) for group in groups}


def main(number: int) -> None:
    """Compare `number` cases of either kind."""
    peer = subprocess.Popen(
        [str(environment("anonlink")), "-W", "ignore", str(HERE / "anonlink_oracle.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert peer.stdin and peer.stdout
    outcomes: Counter[str] = Counter()

    @settings(
        max_examples=2 * number,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(comparisons(), solvings()))
    def compare(question: dict[str, Any]) -> None:
        """One case."""
        assert peer.stdin and peer.stdout
        peer.stdin.write(json.dumps(question) + "\n")
        peer.stdin.flush()
        theirs, made = json.loads(peer.stdout.readline()), ours(question)
        if question["do"] == "candidates":
            # With k and the matching coefficient anonlink does not sort; its merge then is not one.
            assume(question["k"] is None or question["measure"] == "dice_coefficient")
            assert made == theirs
        else:
            assert as_sets(made) == as_sets(theirs)
            assert len(made) == len(theirs)
        outcomes[question["do"]] += 1

    compare()
    peer.stdin.close()
    peer.wait()
    print(f"{sum(outcomes.values()):,} cases, 0 differences: {dict(outcomes)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2500)
