"""Two institutions and a hub with fixed keys, and an agreement that they have signed."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import numpy as np

from pprl.agreement import Agreement, Destruction, LinkageSection, Party, Pass, Segment, Use
from pprl.agreement.blocking import BlockingPart
from pprl.agreement.rules import Payload
from pprl.exchange import Entries, Identity, Manifest, SigningKey, Submission

TODAY = datetime.date(2027, 3, 1)
HUB = Identity("AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0")
OTHER_HUB = Identity("AGE-SECRET-KEY-1XMWWC06LY3EE5RYTXM9MFLAZ2U56JJJ36S0MYPDRWSVLUL66MV4QX3S7F6")
KEYS = {name: SigningKey(bytes([place]) * 32) for place, name in enumerate(("fresno", "reedley"))}
STRANGER = SigningKey(b"s" * 32)

SECTION = LinkageSection(
    partnership="6f1c2a0e-9d1b-4c56-8a53-3e0f7a1d9b42",
    fields=("first_name", "last_name", "birth_date"),
    segments=(
        Segment("first_name", 128, 32, (32, 24, 17)),
        Segment("birth_date", 64, 16, (16, 11, 8)),
    ),
    passes=(
        Pass("birth", (BlockingPart.parse("birth_date"),), 1),
        Pass("first", (BlockingPart.parse("first_name:3"),), 2),
    ),
    hub_key=HUB.recipient,
)

UNSIGNED = Agreement(
    title="Two of us",
    parties=tuple(
        Party(name, name.title(), role, public_key=KEYS[name].public_key)
        for name, role in (("fresno", "district"), ("reedley", "college"))
    ),
    linkage=SECTION,
    convener="The hub",
    purpose="To improve instruction",
    scope="Grades 9 to 14",
    exception="studies",
    legal_basis="34 CFR 99.31(a)(6)(i)(C)",
    effective=datetime.date(2026, 7, 1),
    expires=datetime.date(2029, 6, 30),
    trial=False,
    use=Use(("The analyst: all of it",), "Nothing about a single student"),
    payload=Payload((("enrolled_on", "date"), ("units", "number"), ("pell", "flag")), ("pell",)),
    destruction=Destruction(datetime.date(2029, 12, 31), "pprl close"),
)


def signed(agreement: Agreement = UNSIGNED, **changed: Any) -> Agreement:
    """An agreement signed by both parties, after these changes."""
    changed_one = dataclasses.replace(agreement, **changed)
    signatures = tuple(changed_one.sign(name, key, today=TODAY) for name, key in KEYS.items())
    return dataclasses.replace(changed_one, signatures=signatures)


def submission(agreement: Agreement, /, records: int = 4, **changed: Any) -> Submission:
    """A submission of fresno under an agreement, of random bits that are always the same."""
    rng = np.random.default_rng(7)
    passes = {}
    for linkage_pass in agreement.linkage.passes:
        count = records * linkage_pass.quota
        words = agreement.linkage.words_of(linkage_pass)
        passes[linkage_pass.name] = Entries(
            np.sort(rng.choice(1 << 40, count, replace=False).astype(np.uint64)),
            np.repeat(np.arange(records, dtype=np.uint32), linkage_pass.quota),
            rng.integers(0, 1 << 64, (count, words), np.uint64),
        )
    manifest = Manifest(
        institution="fresno",
        recipient=agreement.hub_key,
        agreement=agreement.digest,
        linkage=agreement.linkage_digest,
        key_check="c" * 32,
        records=records,
        sequence=3,
        software="pprl 0",
        epsilon=1.0,
        completeness={"first_name": 1.0, "birth_date": 0.5},
        unplaced=0.25,
    )
    return Submission(dataclasses.replace(manifest, **changed), passes)
