"""A blinded submission as a file: a container as match files are, with a magic of its own.

What is the place for a signature there (`pprl.exchange.container`) holds the check value of the key
that blinded it here.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pprl.errors import CustodyError, SubmissionError
from pprl.exchange import Manifest, Submission
from pprl.exchange.container import container, read_head
from pprl.exchange.sealing import mapped, write_pieces
from pprl.exchange.submission import describe, read_passes, to_arrow

MAGIC = b"pprl blinded file 1\n"


def write_blinded(submission: Submission, path: Path) -> str:
    """Write a blinded submission, whole or not at all.

    Returns:
        SHA-256 of its manifest, which holds the digests of everything else.

    Raises:
        SubmissionError: it cannot be written.
    """
    parts = [describe(name, entries) for name, entries in submission.passes.items()]
    content = dataclasses.replace(submission.manifest, parts=tuple(parts)).to_bytes()
    tables = map(to_arrow, submission.passes.values())
    pieces = container(content, tables, submission.blinding.encode("ascii"), MAGIC)
    write_pieces(path, pieces, "")
    return hashlib.sha256(content).hexdigest()


def read_blinded(path: Path, kept: str) -> Submission:
    """Read what `write_blinded` wrote; its arrays stay on the disk until they are used.

    Args:
        path: the file.
        kept: the digest of its manifest, from the ledger.

    Raises:
        SubmissionError: it is damaged, or not what the ledger says was kept.
    """
    name = path.name
    view, _ = mapped(path, None)
    head = read_head(view, name, MAGIC)
    if hashlib.sha256(head.manifest).hexdigest() != kept:
        raise SubmissionError(f"{name}: is not the file that the ledger says was kept here.")
    manifest = Manifest.from_bytes(head.manifest, name)
    passes = read_passes(view, head, manifest, name)
    return Submission(manifest, passes, head.signature.decode("ascii", "replace"), [view])


def read_kept(folder: Path, received: Mapping[str, Any]) -> Submission:
    """Read a submission from a store's folder.

    Args:
        folder: the store's.
        received: what its ledger says of when it was taken in.

    Raises:
        CustodyError: it was sealed or destroyed.
        SubmissionError: it is damaged, or not what was kept.
    """
    path = folder / received["file"]
    if not path.exists():
        raise CustodyError(
            f"{path}: was sealed or destroyed. The ledger says which: pprl store show. What was "
            "sealed is opened by pprl store unseal."
        )
    return read_blinded(path, received["kept"])


def name_of(manifest: Manifest) -> str:
    """A submission's file, apart from others of its institution under another section or key."""
    context = hashlib.sha256(f"{manifest.linkage}/{manifest.key_check}".encode()).hexdigest()
    return f"{manifest.institution}.{manifest.sequence}.{context[:12]}"
