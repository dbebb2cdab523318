"""CLKs travel in anonlink's files and come back."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from bitarray import bitarray
from hypothesis import given
from hypothesis import strategies as st

from pprl.errors import SubmissionError, UsageError
from pprl.interop.clks import Clks, read_blocks

bit_rows = st.integers(1, 130).flatmap(
    lambda bits: st.lists(
        st.lists(st.booleans(), min_size=bits, max_size=bits), min_size=1, max_size=4
    )
)


@given(bit_rows)
def test_bits_survive_every_form(rows: list[list[bool]]) -> None:
    """Bitarrays, base64 and octets; what is beyond the last bit is 0."""
    arrays = [bitarray(row) for row in rows]
    clks = Clks.from_bitarrays(arrays)
    assert clks.bits == len(rows[0])
    assert clks.to_bitarrays() == arrays
    octets = [row.tobytes() for row in clks.to_octets()]
    assert octets == [bits.tobytes() for bits in arrays]
    coded = clks.to_base64()
    assert coded == [base64.b64encode(octet).decode() for octet in octets]
    back = Clks.from_base64(coded)
    assert np.array_equal(back.filters, clks.filters)
    assert back.bits == 8 * len(octets[0])
    assert clks.to_series().tolist() == octets


def clks_of(*octets: bytes) -> Clks:
    """CLKs of some bytes."""
    return Clks.from_octets(np.frombuffer(b"".join(octets), np.uint8).reshape(len(octets), -1))


def test_uploads_are_read_as_they_were_written(tmp_path: Path) -> None:
    """With blocks and without."""
    clks, path = clks_of(b"\x80\x01", b"\x00\xff"), tmp_path / "clks.json"
    clks.write_json(path)
    assert json.loads(path.read_text(encoding="utf-8")) == {"clks": ["gAE=", "AP8="]}
    assert Clks.read_json(path).to_base64() == ["gAE=", "AP8="]
    assert read_blocks(path) == [[], []]
    clks.write_json(path, blocks=[["1", "2"], []])
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "clknblocks": [["gAE=", "1", "2"], ["AP8="]]
    }
    assert Clks.read_json(path).to_base64() == ["gAE=", "AP8="]
    assert read_blocks(path) == [["1", "2"], []]
    path.write_text('{"encodings": ["gAE=", "AP8="], "blocks": {"1": ["7"]}}', encoding="utf-8")
    assert Clks.read_json(path).to_base64() == ["gAE=", "AP8="]
    assert read_blocks(path) == [[], ["7"]]
    with pytest.raises(UsageError, match="2 CLKs and the blocks of 1"):
        clks.write_json(path, blocks=[[]])


@pytest.mark.parametrize(
    ("layout", "form"), [("plain", "!128s"), ("numbered", "!I128s"), ("counted", "!I128sH")]
)
@pytest.mark.parametrize("number", [1, 2, 32, 67])
def test_packed_filters_are_read_as_they_were_written(
    layout: Literal["plain", "numbered", "counted"], form: str, number: int, tmp_path: Path
) -> None:
    """In each layout of the entity service."""
    rows = [bytes([place] * 128) for place in range(number)]
    path = tmp_path / "clks.bin"
    clks_of(*rows).write_packed(path, layout=layout)
    packed = [
        (place, row, int.from_bytes(row, "big").bit_count()) for place, row in enumerate(rows)
    ]
    parts = {"plain": slice(1, 2), "numbered": slice(0, 2), "counted": slice(0, 3)}[layout]
    assert path.read_bytes() == b"".join(struct.pack(form, *entry[parts]) for entry in packed)
    assert [row.tobytes() for row in Clks.read_packed(path, layout=layout).to_octets()] == rows


@pytest.mark.parametrize(
    ("content", "layout"),
    [
        (b"", "plain"),
        (b"xyz", "plain"),
        (b"\0\0\0\0x", "numbered"),
        (struct.pack("!I2s", 1, b"xy"), "numbered"),
        (struct.pack("!I2sH", 0, b"xy", 1), "counted"),
    ],
)
def test_damaged_packed_filters_are_refused(
    content: bytes, layout: Literal["plain", "numbered", "counted"], tmp_path: Path
) -> None:
    """Empty, cut short, numbered otherwise than in order, or with other bits than they say."""
    path = tmp_path / "clks.bin"
    path.write_bytes(content)
    with pytest.raises(SubmissionError, match=r"clks\.bin"):
        Clks.read_packed(path, octets=2, layout=layout)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"clks": 1}',
        '{"clks": []}',
        '{"clks": [""]}',
        '{"clks": [7]}',
        '{"clks": ["gAE=", "gA=="]}',
        '{"clks": ["A"]}',
        '{"clknblocks": ["gAE="]}',
        '{"clknblocks": [[]]}',
        '{"clks": [], "clknblocks": []}',
        '{"encodings": ["gAE="], "blocks": []}',
        '{"encodings": ["gAE="], "blocks": {"0": "7"}}',
    ],
)
def test_damaged_uploads_are_refused(content: str, tmp_path: Path) -> None:
    """With the file's name."""
    path = tmp_path / "clks.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SubmissionError, match=r"clks\.json"):
        Clks.read_json(path)


def test_no_bitarrays_have_no_length() -> None:
    """So there are no CLKs to make of them."""
    with pytest.raises(UsageError, match="no length"):
        Clks.from_bitarrays([])


def test_a_column_of_filters_has_the_records_labels() -> None:
    """And a representation tells counts only."""
    clks = clks_of(b"\x80\x01", b"\x00\xff")
    column = clks.to_series(pd.Index(["a", "b"]))
    assert column.to_dict() == {"a": b"\x80\x01", "b": b"\x00\xff"}
    assert repr(clks) == "<2 CLKs of 16 bits>"
