"""anonlink itself, in an environment of its own: a line of JSON in, a line of JSON out.

A question names what to do: `candidates` of datasets of base64 filters with `threshold`, `k` and
`blocks`; `groups` of candidate pairs. Answers are the results as lists.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from array import array
from typing import Any

import anonlink
from bitarray import bitarray


def filters(coded: list[str]) -> list[Any]:
    """Base64 to bitarrays."""
    made = []
    for text in coded:
        made.append(bitarray())
        made[-1].frombytes(base64.b64decode(text))
    return made


def listed(candidates: Any) -> list[Any]:
    """Candidate pairs as lists."""
    return [list(candidates[0]), *([list(side) for side in sides] for sides in candidates[1:])]


def answer(question: dict[str, Any]) -> Any:
    """What anonlink says."""
    if question["do"] == "candidates":
        blocks = question["blocks"]
        blocking = anonlink.blocking.list_blocking(blocks) if blocks else None
        candidates = anonlink.candidate_generation.find_candidate_pairs(
            [filters(coded) for coded in question["datasets"]],
            getattr(anonlink.similarities, question["measure"]),
            question["threshold"],
            k=question["k"],
            blocking_f=blocking,
        )
        written = io.BytesIO()
        anonlink.serialization.dump_candidate_pairs(candidates, written)
        return [listed(candidates), base64.b64encode(written.getvalue()).decode()]
    similarities, datasets, records = question["candidates"]
    candidates = (
        array("d", similarities),
        tuple(array("I", side) for side in datasets),
        tuple(array("I", side) for side in records),
    )
    if question["threshold"] is None:
        return anonlink.solving.greedy_solve(candidates)
    return anonlink.solving.probabilistic_greedy_solve(
        candidates,
        merge_threshold=question["threshold"],
        deduplicated=question["deduplicated"],
    )


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
