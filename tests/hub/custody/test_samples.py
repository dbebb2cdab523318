"""Claims about the formats of what is kept: stored samples stay readable and are made alike."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from pprl.exchange.closing import Certificate
from pprl.hub.custody import CustodyKey, CustodyLedger
from pprl.hub.custody.blinded_file import read_blinded
from pprl.institution import DisclosureLog
from pprl.institution.disclosure import RELEASED
from tests.exchange.make_samples import own_copy
from tests.hub.custody.make_samples import (
    KEY,
    ONCE,
    SAMPLES,
    blinded_sample,
    make_repeatable,
    sample_agreement,
)

KEPT = "bbb7e6ab6d0b5d53279137c673e6cea5d8ae9468c10cfb8f294bee2bea7ac621"
HEADS = {
    "disclosures-1.sqlite": "b508ef7ffaf73a4ab3f95052cb834dbffe2022fbc71b905d334ecf256969afc8",
    "custody-1.sqlite": "a6089f91c876035fbf896483afc3248e991f7873358802577e1362ecf63e3e61",
}
"""The heads of the stored logs."""


def test_samples_are_made_again_byte_for_byte(tmp_path: Path) -> None:
    """But the logs, which hold a moment and a random number."""
    make_repeatable(tmp_path)
    stored = {p.name: p.read_bytes() for p in SAMPLES.iterdir() if p.name not in ONCE}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == stored


def test_a_stored_blinded_file_is_read() -> None:
    """It holds what was blinded, and says under which key."""
    read = read_blinded(SAMPLES / "blinded-1.blinded", KEPT)
    expected = blinded_sample()
    assert read.blinding == expected.blinding == KEY.check_value
    for part in ("tokens", "records", "filters"):
        one, other = (getattr(item.passes["birth"], part) for item in (read, expected))
        assert np.array_equal(one, other)


def test_a_stored_certificate_and_key_are_read(tmp_path: Path) -> None:
    """The signature stands."""
    certificate = Certificate.open(SAMPLES / "certificate-1.json", sample_agreement())
    (item,) = certificate.content["destroyed"]
    assert (item["item"], item["name"], item["bytes"]) == ("id-maps", "fresno-id-map.csv", 16)
    key = CustodyKey.load(own_copy(SAMPLES / "linkage-store-1.key", tmp_path), "linkage store")
    assert key.check_value == KEY.check_value


def test_stored_logs_are_whole_and_answer(tmp_path: Path) -> None:
    """Their heads are those that were noted when they were made."""
    with closing(DisclosureLog.open(own_copy(SAMPLES / ONCE[0], tmp_path), make=False)) as log:
        assert log.verify(HEADS[ONCE[0]]) == 2 and log.head == HEADS[ONCE[0]]
        (found,) = log.of_student("S17")
        assert (found.outcome, found.file, found.sequence) == (RELEASED, "fresno.pprl", 3)
        assert log.of_student("S19") == []
    with closing(CustodyLedger.open(own_copy(SAMPLES / ONCE[1], tmp_path), make=False)) as ledger:
        assert ledger.verify(HEADS[ONCE[1]]) == 1 and ledger.head == HEADS[ONCE[1]]
        assert next(iter(ledger.links())).body["institution"] == "fresno"
