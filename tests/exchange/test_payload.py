"""Claims about payload files: outcomes by study ID, what is declared, nothing that identifies."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pprl.agreement.rules import Payload as Rules
from pprl.agreement.rules import column_fault
from pprl.errors import AgreementError, MismatchError, SubmissionError, UsageError
from pprl.exchange import Payload
from pprl.hub.study_ids import new_study_ids
from tests.fuzzing import payload_rejoined
from tests.partners import HUB, KEYS, STRANGER, TODAY, UNSIGNED, signed

AGREEMENT = signed()
CANARY = "Zyxwquibble"
IDENTIFIERS = (
    *("name", "last_name", "home_address", "email", "student_ssn", "dob", "local_student_id"),
    *("token", "birth_date", "zip", "guardian_phone", "filter", "id", "state_id_code"),
)


def rows(count: int = 3, **columns: Any) -> pd.DataFrame:
    """Rows of so many study IDs, and columns."""
    table = {"study_id": new_study_ids(count), **columns}
    return pd.DataFrame(table)


def made(table: pd.DataFrame, agreement: Any = AGREEMENT) -> Payload:
    """A payload of fresno's."""
    return Payload.of(table, agreement, "fresno", today=TODAY)


def opened(path: Path, **options: Any) -> Payload:
    """The hub opens it."""
    return Payload.open(path, **{"signers": AGREEMENT, "identity": HUB, "today": TODAY, **options})


def declaring(**columns: str) -> Any:
    """The agreement, with these columns declared."""
    return signed(payload=Rules(tuple(columns.items())))


def test_outcomes_travel_signed_and_sealed(tmp_path: Path) -> None:
    """Kinds, gaps and repeated study IDs survive; the file is an age file."""
    table = rows(
        4,
        units=[3.5, None, 0.0, 12.0],
        pell=[True, False, None, True],
        enrolled_on=[TODAY, None, datetime.date(2026, 1, 2), TODAY],
    )
    table.loc[3, "study_id"] = table.loc[0, "study_id"]
    payload = made(table)
    payload.write(tmp_path / "f.pprl", signing_key=KEYS["fresno"])
    assert (tmp_path / "f.pprl").read_bytes().startswith(b"age-encryption.org/v1\n")
    read = opened(tmp_path / "f.pprl")
    assert read.table.equals(payload.table)
    assert read.table.column_names == ["study_id", "enrolled_on", "units", "pell"]
    assert read.table["units"].to_pylist() == [3.5, None, 0.0, 12.0]
    assert read.table["study_id"].to_pylist() == table["study_id"].tolist()
    assert repr(read) == "<Payload of fresno: 4 rows of 3 columns>"


def test_a_column_less_is_no_fault(tmp_path: Path) -> None:
    """Not every institution has every outcome."""
    made(rows(units=[1.0, 2.0, 3.0])).write(tmp_path / "f", signing_key=KEYS["fresno"])
    assert opened(tmp_path / "f").table.column_names == ["study_id", "units"]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (pd.DataFrame({"units": [1.0]}), "there is no column study_id"),
        (rows(gpa=[1.0, 2.0, 3.0]), "'gpa' is not declared under"),
        (rows(last_name=["a", "b", "c"]), r"'last_name' looks like an identifier \(last_name\)"),
        (rows(**{"Last Name": ["a", "b", "c"]}), "'Last Name' must be lower-case letters"),
        (rows(**{"x\x1b[2J": [1, 2, 3]}), r"'x\\x1b\[2J' must be lower-case"),
        (rows(units=["a", "b", CANARY]), "units: holds something other than number"),
        (rows(pell=[1, 2, CANARY]), "pell: holds something other than flag"),
        (rows(enrolled_on=["2026-01-01", None, CANARY]), "enrolled_on: holds something other"),
        (
            pd.DataFrame({"study_id": ["1234567890"], "units": [1.0]}),
            "study_id: holds something other than study IDs",
        ),
        (
            pd.DataFrame({"study_id": [None], "units": [1.0]}),
            "study_id: holds something other than study IDs",
        ),
        (pd.concat([rows(units=[1.0] * 3)] * 2, axis=1), "a column stands twice"),
    ],
)
def test_what_is_not_declared_or_identifies_is_refused(table: pd.DataFrame, told: str) -> None:
    """All of it is told, by column, and no value."""
    with pytest.raises(UsageError, match=told) as caught:
        made(table)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_a_column_that_is_called_like_an_identifier_cannot_be_declared(name: str) -> None:
    """Alone or among other words."""
    assert "looks like an identifier" in column_fault(name)


@pytest.mark.parametrize(
    "name", ["term", "sex", "race_ethnicity", "course_name", "enrolled_on", "degree", "zone"]
)
def test_ordinary_columns_can_be_declared(name: str) -> None:
    """Report groups among them."""
    assert column_fault(name) == ""


@pytest.mark.parametrize(
    ("kind", "values", "refused"),
    [
        ("text", [f"V{number}" for number in range(60)], True),
        ("text", [f"V{number}" for number in range(40)] + [None] * 20, False),
        ("text", ["fall", "spring"] * 30, False),
        ("whole", [4_000_000_000 + number for number in range(60)], True),
        ("whole", list(range(60)), False),
        ("whole", [30_000 + 17 * number for number in range(60)], False),
        ("number", [number / 7 for number in range(60)], False),
    ],
)
def test_a_column_whose_values_are_each_their_own_is_refused(
    kind: str, values: list[Any], refused: bool
) -> None:
    """Whatever it is called: texts, and whole numbers as long as student numbers."""
    agreement = declaring(code=kind)
    table = rows(60, code=pd.array(values, "Int64") if kind == "whole" else values)
    if not refused:
        assert made(table, agreement).table.num_rows == 60
        return
    with pytest.raises(UsageError, match="code: nearly every row has a value of its own"):
        made(table, agreement)


def test_the_hub_checks_again_what_the_institution_checked(tmp_path: Path) -> None:
    """A file that another program made and a party signed is refused for its columns."""
    cheat = dataclasses.replace(
        made(rows(units=[1.0, 2.0, 3.0])),
        table=pa.table({"study_id": new_study_ids(3), "gpa": [1.0, 2.0, 3.0]}),
    )
    cheat.write(tmp_path / "f", signing_key=KEYS["fresno"])
    with pytest.raises(SubmissionError, match="f: is refused: 'gpa' is not declared"):
        opened(tmp_path / "f")
    numbers = pa.table({"study_id": ["4000000001", "4000000002"], "units": [1.0, 2.0]})
    dataclasses.replace(cheat, table=numbers).write(tmp_path / "g", signing_key=KEYS["fresno"])
    with pytest.raises(SubmissionError, match="g: is refused: study_id: holds something other"):
        opened(tmp_path / "g")


def test_a_payload_is_verified_like_a_match_file(tmp_path: Path) -> None:
    """Its signer, its hub, its text of the agreement, the day."""
    payload = made(rows(units=[1.0, 2.0, 3.0]))
    with pytest.raises(UsageError, match="pass signing_key"):
        payload.write(tmp_path / "f")
    payload.write(tmp_path / "f", signing_key=STRANGER)
    with pytest.raises(SubmissionError, match="signed by none"):
        opened(tmp_path / "f")
    payload.write(tmp_path / "f", signing_key=KEYS["reedley"])
    with pytest.raises(SubmissionError, match="says it comes from fresno, and is signed by reedl"):
        opened(tmp_path / "f")
    payload.write(tmp_path / "f", signing_key=KEYS["fresno"])
    with pytest.raises(MismatchError, match="under another text"):
        opened(tmp_path / "f", signers=signed(purpose="Another"))
    with pytest.raises(AgreementError, match="it ended on"):
        opened(tmp_path / "f", today=datetime.date(2031, 1, 1))
    with pytest.raises(AgreementError, match="is not a party"):
        Payload.of(rows(), AGREEMENT, "clovis", today=TODAY)


def hostile(folder: Path, **changed: Any) -> Path:
    """A payload file of hand-made manifest, signed by reedley."""
    said = {"rows": 0, "columns": {"study_id": "text"}, "sha256": "0" * 64}
    path = folder / "h"
    path.write_bytes(payload_rejoined(b"", **(said | changed)))
    return path


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"format": 2}, "has a newer format version; upgrade pprl"),
        ({"rows": None}, "manifest rows: is missing"),
        ({"more": 1}, "manifest more: is not known here"),
        ({"columns": {"study_id": "list"}}, "study_id: 'list' is not known; one of: text"),
        ({"columns": {}}, "there is no column study_id"),
        ({"columns": {"study_id": "text", "a\nb": "text"}}, r"'a\\nb' must be lower-case"),
        ({"bytes": 1}, "is truncated or altered"),
    ],
)
def test_a_hostile_manifest_is_refused(changed: dict[str, Any], told: str, tmp_path: Path) -> None:
    """Although a party signed it."""
    with pytest.raises(SubmissionError, match=told):
        opened(hostile(tmp_path, **changed))


def arrow(table: pa.Table, batches: int = 1, **options: Any) -> bytes:
    """A table as an Arrow file."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for _ in range(batches):
            writer.write_table(table)
    return bytes(sink.getvalue())


SOUND = pa.table(
    {"study_id": ["K7Q2M0ZJ4X8R1TBW5G"] * 2, "units": [1.0, 2.0], "pell": [True, None]}
)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (b"", "is not a readable Arrow table"),
        (bytes(64), "is not a readable Arrow table"),
        (arrow(SOUND)[:-9], "is not a readable Arrow table"),
        (arrow(SOUND, batches=2), "is not the table that its manifest describes"),
        (arrow(SOUND, compression="zstd"), "is not the table that its manifest describes"),
        (arrow(SOUND.slice(1)), "is not the table that its manifest describes"),
        (arrow(SOUND.drop_columns(["pell"])), "is not the table that its manifest describes"),
        (
            arrow(SOUND.set_column(1, "units", pa.array([1, 2]))),
            "is not the table that its manifest describes",
        ),
    ],
)
def test_a_hostile_table_is_refused(part: bytes, told: str, tmp_path: Path) -> None:
    """A right digest and signature make no table of what is none."""
    path = tmp_path / "h"
    path.write_bytes(payload_rejoined(part))
    with pytest.raises(SubmissionError, match=told):
        opened(path)
    path.write_bytes(payload_rejoined(arrow(SOUND)))
    assert opened(path).table.num_rows == 2


def test_a_trial_needs_no_keys(tmp_path: Path) -> None:
    """As with match files."""
    trial = dataclasses.replace(
        UNSIGNED, trial=True, linkage=dataclasses.replace(UNSIGNED.linkage, hub_key="")
    )
    payload = Payload.of(rows(units=np.arange(3.0)), trial, "fresno")
    payload.write(tmp_path / "f")
    assert Payload.open(tmp_path / "f", signers=trial).table.equals(payload.table)
