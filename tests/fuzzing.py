"""Hostile files: what each reader is handed, and all that it may do: read it or refuse it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from pprl.agreement import Agreement
from pprl.agreement.signatures import lines, read_signatures
from pprl.canonical_json import canonical
from pprl.errors import PPRLError
from pprl.exchange import Identity, Payload, SigningKey, Submission
from pprl.exchange.container import PAYLOAD_MAGIC, container, read_head
from pprl.exchange.origin import MATCH_FILE, PAYLOAD_FILE
from pprl.exchange.sealing import mapped
from pprl.institution import LinkageKey
from pprl.institution.sent_key import receive_key, send_key
from tests.partners import HUB, KEYS, OTHER_HUB, TODAY, UNSIGNED, signed, submission

Reader = Callable[[Path], object]

AGREEMENT = signed()
_WORDS = (
    b"\xff" * 8,
    b"\x00" * 8,
    b"\x80\0\0\0",
    b"\x7f\xff\xff\xff",
    b"1e999",
    b"null",
    b"{}",
    b"\n",
)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """A file with one to four faults: bits, bytes, cuts, copies, numbers at their bounds."""
    spoilt = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(spoilt) + 1)
        far = rng.randrange(len(spoilt) + 1)
        low, high = sorted((place, far))
        match rng.randrange(7):
            case 0 if place < len(spoilt):
                spoilt[place] ^= 1 << rng.randrange(8)
            case 1 if place < len(spoilt):
                spoilt[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            case 2:
                del spoilt[low : min(high, low + rng.choice((1, 4, 64, 1 << 20)))]
            case 3:
                spoilt[place:place] = spoilt[low : min(high, low + 64)]
            case 4:
                word = rng.choice(_WORDS)
                spoilt[place : place + len(word)] = word
            case 5:
                spoilt[place:place] = rng.choice(_WORDS)
            case _:
                number = rng.choice((0, 1, -1, 1 << 30, -(1 << 30))).to_bytes(
                    4, "little", signed=True
                )
                start = place - place % 4
                spoilt[start : start + 4] = number
    return bytes(spoilt)


def samples(folder: Path) -> dict[str, bytes]:
    """A sound file of every kind, by the name of its reader."""
    path = folder / "sample"
    submission(AGREEMENT).write(path, signing_key=KEYS["fresno"])
    found = {"sealed": path.read_bytes(), "signed": bytes(mapped(path, HUB)[0])}
    match_file = memoryview(found["signed"])
    head = read_head(match_file, "x")
    found["manifest"] = head.manifest
    found["table"] = bytes(match_file[head.size + -head.size % 64 :])
    rows = pd.DataFrame(
        {
            "study_id": ["K7Q2M0ZJ4X8R1TBW5G", "B7Q2M0ZJ4X8R1TBW5G"],
            "units": [3.5, None],
            "pell": [True, None],
        }
    )
    Payload.of(rows, AGREEMENT, "reedley", today=TODAY).write(path, signing_key=KEYS["reedley"])
    payload = mapped(path, HUB)[0]
    head = read_head(payload, "x", PAYLOAD_MAGIC)
    found["payload"] = bytes(payload)
    found["payload table"] = bytes(payload[head.size + -head.size % 64 :])
    found["signatures"] = lines(AGREEMENT.signatures)
    template = Path(__file__).parent.parent / "examples" / "compact.toml"
    found["agreement"] = template.read_bytes()
    for name, key in (
        ("signing key", SigningKey(bytes(32))),
        ("identity", HUB),
        ("linkage key", LinkageKey(bytes(32))),
    ):
        path.unlink()
        key.save(path)
        found[name] = path.read_bytes()
    path.unlink()
    found["sent key"] = send_key(
        LinkageKey(bytes(32)), _EXCHANGED, "fresno", "reedley", KEYS["fresno"]
    )
    return found


def _rejoined(table: bytes) -> bytes:
    """A match file of one hostile table whose digest and signature are right."""
    manifest = json.loads(submission(AGREEMENT).manifest.to_bytes())
    part = {"pass": "birth", "entries": 4, "words": 3, "bytes": len(table)}
    manifest["parts"] = [part | {"sha256": hashlib.sha256(table).hexdigest()}]
    text = json.dumps(manifest).encode("ascii")
    return b"".join(container(text, [table], KEYS["fresno"].sign(MATCH_FILE, text)))


def payload_rejoined(table: bytes, **changed: Any) -> bytes:
    """A payload file of one hostile table whose digest and signature are right.

    Args:
        table: its part.
        changed: keys of the manifest that are changed, or left out if None.
    """
    said = {
        "format": 1,
        "institution": "reedley",
        "agreement": AGREEMENT.digest,
        "recipient": HUB.recipient,
        "sequence": 1,
        "software": "x",
        "rows": 2,
        "columns": {"study_id": "text", "units": "number", "pell": "flag"},
        "bytes": len(table),
        "sha256": hashlib.sha256(table).hexdigest(),
    }
    text = canonical({k: v for k, v in (said | changed).items() if v is not None})
    signature = KEYS["reedley"].sign(PAYLOAD_FILE, text)
    return b"".join(container(text, [table], signature, PAYLOAD_MAGIC))


def _with_manifest(manifest: bytes) -> bytes:
    """A match file with a hostile manifest whose digest and signature are right."""
    return b"".join(container(manifest, [], KEYS["fresno"].sign(MATCH_FILE, manifest)))


def _open(path: Path) -> object:
    """The hub opens a match file."""
    return Submission.open(path, identity=HUB, signers=AGREEMENT, today=TODAY)


def _open_payload(path: Path) -> object:
    """The hub opens a payload file."""
    return Payload.open(path, identity=HUB, signers=AGREEMENT, today=TODAY)


_EXCHANGED = signed(
    UNSIGNED,
    parties=(
        UNSIGNED.parties[0],
        dataclasses.replace(UNSIGNED.parties[1], recipient=OTHER_HUB.recipient),
    ),
)

READERS: dict[str, tuple[Callable[[bytes], bytes], Reader]] = {
    "sealed": (bytes, _open),
    "signed": (bytes, _open),
    "manifest": (_with_manifest, _open),
    "table": (_rejoined, _open),
    "payload": (bytes, _open_payload),
    "payload table": (payload_rejoined, _open_payload),
    "signatures": (bytes, read_signatures),
    "agreement": (bytes, Agreement.load),
    "signing key": (bytes, SigningKey.load),
    "identity": (bytes, Identity.load),
    "linkage key": (bytes, LinkageKey.load),
    "sent key": (
        bytes,
        lambda path: receive_key(path.read_bytes(), _EXCHANGED, "reedley", OTHER_HUB),
    ),
}
"""What is made of a hostile content before it is read, and what reads it."""


ALWAYS_TOLD = ("sealed", "signed", "payload")
"""Readers that refuse any change at all; elsewhere the change itself is signed, or it is a text."""


def read(name: str, content: bytes, folder: Path) -> bool:
    """Let a reader read a hostile file: True if it takes it, False if it refuses it.

    Raises:
        AssertionError: it did something other than refuse by an error of pprl, on one line, or it
            left a file behind.
    """
    wrap, reader = READERS[name]
    path = folder / "hostile"
    path.unlink(missing_ok=True)
    path.write_bytes(wrap(content))
    path.chmod(0o600)
    try:
        reader(path)
    except PPRLError as error:
        text = str(error)
        assert text and all(c.isprintable() or c == "\n" for c in text), (name, text)
        taken = False
    else:
        taken = True
    assert [item.name for item in folder.iterdir()] == ["hostile"], name
    return taken
