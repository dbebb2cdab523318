"""What `pprl encode` tells: in words, or for machines."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pprl import Encoded
    from pprl.institution import Inspection


def summary(encoded: Encoded) -> Iterator[str]:
    """What was encoded, in counts."""
    submission = encoded.submission
    entries = sum(len(item) for item in submission.passes.values())
    yield (
        f"{submission.institution}: {submission.records:,} students under "
        f"{len(encoded.id_map):,} local ids, {entries:,} entries in {len(submission.passes)} passes"
    )
    if submission.manifest.sequence == 1:
        yield (
            "note: this is the first submission under this state and key. If it is not your first, "
            "find the state file of the last one and pass --state."
        )
    else:
        yield f"submission {submission.manifest.sequence} under this state and key"


def learnt() -> Iterator[str]:
    """What the hub can learn of the file, for whoever sends it."""
    yield (
        "In the file: random-looking entries, no field of a student. The hub learns how many "
        "records there are,"
    )
    yield (
        "the noised counts of its manifest and, beside other institutions' files, which entries "
        "share a block"
    )
    yield "and how alike they are. It is pseudonymous data of persons, not anonymous."


def tell_only(found: Inspection, as_json: bool) -> None:
    """Tell what would be encoded."""
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found), indent=2))
        return
    for line in found.lines():
        typer.echo(line)
    typer.echo("A dry run: nothing was encoded or written.")


def tell_in_json(
    encoded: Encoded, notes: Sequence[str], keep: Sequence[Path], send: Path, head: str
) -> None:
    """Tell what was encoded, for machines."""
    submission = encoded.submission
    told = {
        "institution": submission.institution,
        "students": submission.records,
        "local_ids": len(encoded.id_map),
        "entries": {name: len(entries) for name, entries in submission.passes.items()},
        "sequence": submission.manifest.sequence,
        "notes": list(notes),
        "head_of_disclosure_log": head,
        "keep": [str(path) for path in keep],
        "send": str(send),
    }
    typer.echo(json.dumps(told, indent=2))
