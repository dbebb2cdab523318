"""Claims about the formats: stored samples stay readable, are made alike, and are as documented."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pprl.agreement.signatures import read_signatures, verify
from pprl.errors import SubmissionError
from pprl.exchange import Identity, Payload, SigningKey, Submission
from pprl.exchange.sealing import mapped
from pprl.institution import LinkageKey
from pprl.institution.sent_key import receive_key
from tests import age_oracle
from tests.exchange.make_samples import (
    RANDOM,
    SAMPLES,
    TRIAL,
    make_samples,
    own_copy,
    sample_payload,
    sample_submission,
)
from tests.partners import HUB, KEYS, OTHER_HUB

VECTORS = json.loads((Path(__file__).parent / "vectors" / "age.json").read_text(encoding="ascii"))
LENIENT = {"stanza_missing_body", "stanza_missing_final_line"}
"""Vectors that must fail and that the age library of pprl reads, as files of age's first versions
are written; their header is authenticated all the same, so nothing is believed that was altered."""
FIRST_LINE = b"pprl match file 1\n"


def test_samples_are_made_again_byte_for_byte(tmp_path: Path) -> None:
    """But those that hold age's random numbers, which are as long as before."""
    make_samples(tmp_path)
    stored = {path.name: path.read_bytes() for path in SAMPLES.iterdir()}
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made.keys() == stored.keys()
    assert {name for name in made if made[name] != stored[name]} == set(RANDOM)


@pytest.mark.parametrize(
    "name", ["match-file-1.pprl", "match-file-1-unsigned.pprl", "match-file-1-sealed.pprl"]
)
def test_a_stored_match_file_is_read(name: str) -> None:
    """Signed, unsigned and sealed, it holds the entries that were put in."""
    read = Submission.open(SAMPLES / name, identity=HUB, allow_unverified=True)
    expected = sample_submission()
    assert read.institution == "fresno"
    for linkage_pass, entries in expected.passes.items():
        assert np.array_equal(read.passes[linkage_pass].filters, entries.filters)


def test_a_stored_payload_file_is_read() -> None:
    """With its kinds and its gaps."""
    read = Payload.open(SAMPLES / "payload-file-1.pprl", signers=TRIAL)
    assert read.table.equals(sample_payload().table)
    assert (read.institution, read.sequence) == ("reedley", 2)


def test_stored_keys_and_signatures_are_read(tmp_path: Path) -> None:
    """Key files, a key that was sent, signatures under an agreement."""
    assert (
        SigningKey.load(own_copy(SAMPLES / "signing-key-1.key", tmp_path)).public_key
        == KEYS["fresno"].public_key
    )
    assert Identity.load(own_copy(SAMPLES / "identity-1.key", tmp_path)).recipient == HUB.recipient
    key = LinkageKey.load(own_copy(SAMPLES / "linkage-key-1.key", tmp_path))
    assert key.exported() == bytes(range(32))
    sent = (SAMPLES / "sent-linkage-key-1.age").read_bytes()
    received, sender = receive_key(sent, TRIAL, "reedley", OTHER_HUB)
    assert (received.exported(), sender) == (bytes(range(32)), "fresno")
    (signature,) = read_signatures(SAMPLES / "agreement-1.toml.sig")
    value = bytes.fromhex(signature.value)
    verify(KEYS["fresno"].public_key, "agreement", signature.content(), value)


def documented(content: bytes) -> dict[str, Any]:
    """A match file as `docs/format.md` describes it, read without pprl."""
    assert content.startswith(FIRST_LINE)
    at = len(FIRST_LINE)
    length = int.from_bytes(content[at : at + 4], "little")
    manifest = content[at + 4 : at + 4 + length]
    at += 4 + length
    assert hashlib.sha256(content[:at]).digest() == content[at : at + 32]
    at += 32
    length = int.from_bytes(content[at : at + 4], "little")
    signature = content[at + 4 : at + 4 + length]
    at += 4 + length
    said = json.loads(manifest)
    tables = {}
    for part in said["parts"]:
        gap = -at % 64
        assert content[at : at + gap] == bytes(gap)
        at += gap
        table = content[at : at + part["bytes"]]
        assert hashlib.sha256(table).hexdigest() == part["sha256"]
        at += part["bytes"]
        tables[part["pass"]] = pa.ipc.open_file(table).read_all()
    assert at == len(content)
    return {"manifest": manifest, "said": said, "signature": signature, "tables": tables}


def test_another_implementation_reads_the_sealed_sample() -> None:
    """Unsealed, verified and read by the documentation alone."""
    sealed = (SAMPLES / "match-file-1-sealed.pprl").read_bytes()
    secret = (SAMPLES / "identity-1.key").read_text(encoding="ascii").splitlines()[-1]
    found = documented(age_oracle.unsealed(sealed, secret))
    key = Ed25519PublicKey.from_public_bytes(
        bytes.fromhex(KEYS["fresno"].public_key.removeprefix("ed25519:"))
    )
    key.verify(found["signature"], b"pprl signature 1: match file 1\n" + found["manifest"])
    assert found["said"]["recipient"] == HUB.recipient
    expected = sample_submission()
    for name, entries in expected.passes.items():
        table = found["tables"][name]
        assert table.column_names == ["token", "record", "filter"]
        assert table["token"].to_pylist() == entries.tokens.tolist()
        assert table["record"].to_pylist() == entries.records.tolist()
        filters = [row.tobytes() for row in entries.filters.astype("<u8")]
        assert table["filter"].to_pylist() == filters


def test_the_unsigned_sample_differs_in_its_signature_alone() -> None:
    """What is signed is the manifest, and nothing else changes."""
    one = documented((SAMPLES / "match-file-1.pprl").read_bytes())
    other = documented((SAMPLES / "match-file-1-unsigned.pprl").read_bytes())
    assert one["manifest"] == other["manifest"]
    assert (len(one["signature"]), other["signature"]) == (64, b"")


@pytest.mark.parametrize("name", ["match-file-1.pprl", "payload-file-1.pprl"])
def test_a_newer_version_is_refused_with_the_way_out(name: str, tmp_path: Path) -> None:
    """Of the container, told by its first line."""
    content = (SAMPLES / name).read_bytes().replace(b" 1\n", b" 2\n", 1)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SubmissionError, match="another format version; upgrade pprl"):
        if name.startswith("match"):
            Submission.open(tmp_path / name, allow_unverified=True)
        else:
            Payload.open(tmp_path / name, signers=TRIAL)


def test_one_kind_of_file_is_not_taken_for_the_other() -> None:
    """A payload where a match file is wanted, and the other way round."""
    with pytest.raises(SubmissionError, match="is a pprl payload file, not a match file"):
        Submission.open(SAMPLES / "payload-file-1.pprl", allow_unverified=True)
    with pytest.raises(SubmissionError, match="is a pprl match file, not a payload file"):
        Payload.open(SAMPLES / "match-file-1.pprl", signers=TRIAL)


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: str(vector["name"]))
def test_ages_own_vectors_are_decided_as_published(vector: dict[str, Any], tmp_path: Path) -> None:
    """What succeeds gives the published payload; what fails gives nothing and leaves nothing."""
    content = base64.b64decode(vector["age"])
    if vector["compressed"]:
        content = zlib.decompress(content)
    path = tmp_path / "vector.age"
    path.write_bytes(content)
    identity = Identity(vector["identities"][0])
    if vector["expect"] == "success" and vector["payload"] != age_oracle.sha256(b""):
        view, sealed = mapped(path, identity)
        assert sealed
        assert hashlib.sha256(view).hexdigest() == vector["payload"]
        assert age_oracle.unsealed(content, vector["identities"][0]) == view
    elif vector["name"] in LENIENT:
        assert mapped(path, identity)[1]
    elif content.startswith(b"age-encryption.org/v1\n"):
        with pytest.raises(SubmissionError):
            mapped(path, identity)
    else:
        # Without age's first line a file is not taken for an age file at all.
        with pytest.raises(SubmissionError):
            Submission.open(path, identity=identity, allow_unverified=True)
    assert [item.name for item in tmp_path.iterdir()] == ["vector.age"]
