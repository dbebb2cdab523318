"""Writes the stored samples of what is kept; logs and certificates are of one moment for ever.

python -m tests.hub.custody.make_samples
"""

from __future__ import annotations

import datetime
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from pprl import Agreement, SigningKey
from pprl.agreement import Party
from pprl.canonical_json import canonical
from pprl.chain import Chain
from pprl.exchange import Entries, Manifest, Submission
from pprl.exchange.closing import PURPOSE, Certificate, close
from pprl.hub.custody import CustodyKey
from pprl.hub.custody.blinded_file import write_blinded
from pprl.hub.custody.blinding import blind
from pprl.hub.custody.ledger import CustodyLedger
from pprl.institution import DisclosureLog, Encoded

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime.datetime(2030, 7, 1, 12, 0, tzinfo=datetime.UTC)
SIGNER = SigningKey(bytes(range(32)))
KEY = CustodyKey(bytes(range(32)), "linkage store")
WIDTHS = (2, 1)
ONCE = ("disclosures-1.sqlite", "custody-1.sqlite")
"""They hold a moment and a random number, so that they are made once."""


def sample_agreement() -> Agreement:
    """Two parties, one of which signs."""
    return Agreement.students([Party("fresno", public_key=SIGNER.public_key), Party("reedley")])


def sample_submission() -> Submission:
    """Two records in one pass."""
    filters = np.arange(6, dtype=np.uint64).reshape(2, 3)
    entries = Entries(np.array([5, 9], np.uint64), np.array([1, 0], np.uint32), filters)
    manifest = Manifest(
        institution="fresno",
        agreement="a" * 64,
        linkage="b" * 64,
        key_check="c" * 32,
        records=2,
        sequence=3,
        software="pprl 0",
        epsilon=1.0,
        completeness={},
        unplaced=0.0,
    )
    return Submission(manifest, {"birth": entries})


def blinded_sample() -> Submission:
    """The same, blinded."""
    submission = sample_submission()
    passes = {"birth": blind(submission.passes["birth"], WIDTHS, bytes(32))}
    return Submission(submission.manifest, passes, KEY.check_value)


def make_repeatable(folder: Path) -> None:
    """Write the samples that are the same each time."""
    KEY.save(folder / "linkage-store-1.key")
    write_blinded(blinded_sample(), folder / "blinded-1.blinded")
    doomed = folder / "fresno-id-map.csv"
    doomed.write_bytes(b"record,local_id\n")
    with closing(Chain.open(folder / "log.sqlite", "disclosure log")) as log:
        made = close(
            log,
            sample_agreement(),
            "fresno",
            {"id-maps": [doomed]},
            folder / "certificate-1.json",
            signing_key=SIGNER,
            now=NOW,
        )
    (folder / "log.sqlite").unlink()
    # The digests of an agreement in memory change with what an agreement may say.
    content = {**made.content, "agreement_digest": "a" * 64, "linkage": "b" * 64}
    certificate = Certificate(content, SIGNER.sign(PURPOSE, canonical(content)), SIGNER.public_key)
    (folder / "certificate-1.json").write_bytes(certificate.to_bytes())


def make_once(folder: Path) -> None:
    """Write the logs."""
    id_map = pd.DataFrame({"record": [0, 1], "local_id": ["S17", "S18"]})
    encoded = Encoded(sample_submission(), id_map, ())
    with closing(DisclosureLog.open(folder / ONCE[0])) as log:
        log.release(encoded, sample_agreement(), folder / "fresno.pprl")
    (folder / "fresno.pprl").unlink()
    with closing(CustodyLedger.open(folder / ONCE[1])) as ledger:
        ledger.log("received", institution="fresno", sequence=3, sha256="d" * 64)


if __name__ == "__main__":
    SAMPLES.mkdir(exist_ok=True)
    for path in SAMPLES.iterdir():
        path.unlink()
    make_repeatable(SAMPLES)
    make_once(SAMPLES)
