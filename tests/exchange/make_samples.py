"""Make the sample files of every format of pprl's own.

Run: python -m tests.exchange.make_samples

They are stored, never remade: what a released version wrote must stay readable. A new version of a
format gets samples of its own beside them.
"""

from __future__ import annotations

import dataclasses
import datetime
import shutil
from pathlib import Path

import pandas as pd

from pprl.agreement.signatures import Signature, lines
from pprl.exchange import Payload, Submission
from pprl.institution import LinkageKey
from pprl.institution.sent_key import send_key
from tests.partners import HUB, KEYS, OTHER_HUB, UNSIGNED, submission

SAMPLES = Path(__file__).parent / "samples"
RANDOM = ("match-file-1-sealed.pprl", "sent-linkage-key-1.age")
"""Samples that hold random numbers of age's and cannot be made again bit for bit."""

TRIAL = dataclasses.replace(
    UNSIGNED,
    trial=True,
    parties=(
        UNSIGNED.parties[0],
        dataclasses.replace(UNSIGNED.parties[1], recipient=OTHER_HUB.recipient),
    ),
)


def sample_submission() -> Submission:
    """A submission that depends on no agreement's digest and not on the software's version."""
    return submission(UNSIGNED, agreement="a" * 64, linkage="b" * 64, recipient="")


def sample_payload() -> Payload:
    """A payload, likewise."""
    rows = pd.DataFrame(
        {
            "study_id": ["K7Q2M0ZJ4X8R1TBW5G", "B7Q2M0ZJ4X8R1TBW5G", "B7Q2M0ZJ4X8R1TBW5G"],
            "enrolled_on": [datetime.date(2026, 8, 24), None, datetime.date(2027, 1, 11)],
            "units": [12.0, 3.5, None],
            "pell": [True, False, None],
        }
    )
    payload = Payload.of(rows, TRIAL, "reedley", sequence=2)
    return dataclasses.replace(payload, agreement="a" * 64, recipient="", software="pprl 0")


def make_samples(folder: Path) -> None:
    """Write every sample into an empty folder."""
    made = sample_submission()
    made.write(folder / "match-file-1-unsigned.pprl")
    made.write(folder / "match-file-1.pprl", signing_key=KEYS["fresno"])
    made.write(
        folder / "match-file-1-sealed.pprl",
        signing_key=KEYS["fresno"],
        recipient=HUB.recipient,
    )
    sample_payload().write(folder / "payload-file-1.pprl", signing_key=KEYS["reedley"])
    unsigned = Signature("fresno", "a" * 64, {"linkage": "b" * 64}, datetime.date(2027, 3, 1), "")
    value = KEYS["fresno"].sign("agreement", unsigned.content()).hex()
    signature = dataclasses.replace(unsigned, value=value)
    (folder / "agreement-1.toml.sig").write_bytes(lines([signature]))
    linkage_key = LinkageKey(bytes(range(32)))
    linkage_key.save(folder / "linkage-key-1.key")
    KEYS["fresno"].save(folder / "signing-key-1.key")
    HUB.save(folder / "identity-1.key")
    sent = send_key(linkage_key, TRIAL, "fresno", "reedley", KEYS["fresno"])
    (folder / "sent-linkage-key-1.age").write_bytes(sent)


def own_copy(sample: Path, folder: Path) -> Path:
    """A sample as a file in a folder that its owner alone can read."""
    copy = folder / sample.name
    shutil.copyfile(sample, copy)
    copy.chmod(0o600)
    return copy


if __name__ == "__main__":
    shutil.rmtree(SAMPLES, ignore_errors=True)
    SAMPLES.mkdir()
    make_samples(SAMPLES)
