"""Claims about match files: what is written is what is read, and nothing is believed."""

from __future__ import annotations

import dataclasses
import errno
import os
import sqlite3
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pprl.errors import PPRLError, SubmissionError
from pprl.exchange import Entries, Submission
from pprl.exchange.submission import to_arrow
from pprl.institution import LinkageKey

MakeEntries = Callable[..., Entries]
MakeSubmission = Callable[..., Submission]
MakeFile = Callable[..., bytes]
Describe = Callable[..., list[dict[str, Any]]]


def opened(folder: Path, content: bytes) -> Submission:
    """Write bytes to a file of their own and open it."""
    path = folder / "orchard.pprl"
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    return Submission.open(path, allow_unverified=True)


def refusal(folder: Path, content: bytes) -> str:
    """The message that a file is refused with."""
    with pytest.raises(SubmissionError) as caught:
        opened(folder, content)
    assert type(caught.value) is SubmissionError
    return str(caught.value)


def same(one: Entries, other: Entries) -> bool:
    """Whether two tables hold the same entries, in the same types."""
    pairs = ((getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(Entries))
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    shapes=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12)), max_size=3),
    seed=st.integers(0, 1000),
)
def test_any_submission_survives_the_journey(
    shapes: list[tuple[int, int]],
    seed: int,
    tmp_path: Path,
    make_entries: MakeEntries,
    make_submission: MakeSubmission,
) -> None:
    """Opened, it holds the same entries; written again, it gives the same bytes."""
    passes = {
        f"pass {n}": make_entries(count, words, 9, seed + n)
        for n, (count, words) in enumerate(shapes)
    }
    manifest = dataclasses.replace(make_submission().manifest, records=9)
    written = Submission(manifest, passes).write(tmp_path / "one.pprl")
    read = Submission.open(tmp_path / "one.pprl", allow_unverified=True)
    assert read.manifest == written
    assert list(read.passes) == list(passes)
    assert all(same(read.passes[name], entries) for name, entries in passes.items())
    read.write(tmp_path / "other.pprl")
    assert (tmp_path / "one.pprl").read_bytes() == (tmp_path / "other.pprl").read_bytes()


def test_the_same_submission_gives_the_same_bytes(
    tmp_path: Path, make_submission: MakeSubmission
) -> None:
    """No date, no random number, nothing of the machine stands in the file."""
    make_submission().write(tmp_path / "one.pprl")
    make_submission().write(tmp_path / "other.pprl")
    assert (tmp_path / "one.pprl").read_bytes() == (tmp_path / "other.pprl").read_bytes()


def test_arrays_in_another_layout_give_the_same_bytes(
    tmp_path: Path, make_submission: MakeSubmission
) -> None:
    """Columns cut out of a larger array, or laid out by columns, are written alike."""
    plain = make_submission()
    passes = {
        name: Entries(
            np.repeat(entries.tokens, 2)[::2],
            np.repeat(entries.records, 2)[::2],
            np.asfortranarray(entries.filters),
        )
        for name, entries in plain.passes.items()
    }
    plain.write(tmp_path / "one.pprl")
    Submission(plain.manifest, passes).write(tmp_path / "other.pprl")
    assert (tmp_path / "one.pprl").read_bytes() == (tmp_path / "other.pprl").read_bytes()


def test_a_file_cut_anywhere_is_refused(tmp_path: Path, make_submission: MakeSubmission) -> None:
    """No beginning of a match file passes for one."""
    make_submission().write(tmp_path / "whole.pprl")
    content = (tmp_path / "whole.pprl").read_bytes()
    for length in range(len(content)):
        assert refusal(tmp_path, content[:length])


def test_a_file_altered_anywhere_is_refused(
    tmp_path: Path, make_submission: MakeSubmission
) -> None:
    """Whichever byte is changed, the file is told from the one that was sent."""
    make_submission().write(tmp_path / "whole.pprl")
    content = bytearray((tmp_path / "whole.pprl").read_bytes())
    changes = np.random.default_rng(22).integers(1, 256, len(content)).tolist()
    for place, change in enumerate(changes):
        content[place] ^= change
        assert refusal(tmp_path, bytes(content))
        content[place] ^= change
    assert opened(tmp_path, bytes(content)).records == 3


def test_bytes_behind_the_file_are_refused(tmp_path: Path, make_submission: MakeSubmission) -> None:
    """Nothing travels that no digest covers."""
    make_submission().write(tmp_path / "whole.pprl")
    content = (tmp_path / "whole.pprl").read_bytes()
    assert "bytes behind its last part" in refusal(tmp_path, content + b"\0")


def zip_file(path: Path) -> None:
    """Write a zip archive."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("roster.csv", "local_id\n")


def database(path: Path) -> None:
    """Write an SQLite database."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE student (id INTEGER)")
    connection.close()


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (Path.touch, "is empty"),
        (zip_file, "is not a pprl match file"),
        (database, "looks like an institution's state or id map"),
        (
            lambda path: path.write_text("record,local_id\n0,17\n", encoding="utf-8"),
            "looks like an institution's state or id map",
        ),
        (lambda path: path.write_text("local_id,name\n", encoding="utf-8"), "is not a pprl match"),
        (lambda path: path.write_bytes(bytes(1000)), "is not a pprl match file"),
        (LinkageKey(bytes(32)).save, r"is a linkage key, not a match file\. The hub must never"),
        (lambda path: path.write_bytes(b"pprl match file 2\n..."), "has another format version"),
    ],
    ids=["empty", "zip", "state", "id map", "text", "zeros", "linkage key", "newer version"],
)
def test_a_foreign_file_is_told(write: Callable[[Path], object], told: str, tmp_path: Path) -> None:
    """Each file that may be sent by mistake has a message that says what it is not."""
    path = tmp_path / "orchard.pprl"
    write(path)
    with pytest.raises(SubmissionError, match=rf"^orchard\.pprl: {told}"):
        Submission.open(path, allow_unverified=True)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A missing file and a folder are SubmissionErrors too."""
    with pytest.raises(SubmissionError, match=r"none\.pprl: cannot be read \(No such file"):
        Submission.open(tmp_path / "none.pprl", allow_unverified=True)
    with pytest.raises(SubmissionError, match="cannot be read"):
        Submission.open(tmp_path, allow_unverified=True)


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", [1], {"format": 9}, {"format": 1}])
def test_a_hostile_manifest_is_refused(
    manifest: object, tmp_path: Path, make_file: MakeFile
) -> None:
    """A right digest makes no manifest of what is none."""
    assert refusal(tmp_path, make_file(manifest=manifest)).startswith("orchard.pprl: ")


def test_a_pass_that_stands_twice_is_refused(
    tmp_path: Path, make_entries: MakeEntries, make_file: MakeFile, describe: Describe
) -> None:
    """The second table would hide the first."""
    parts = [to_arrow(make_entries(3, 2, 3))] * 2
    listed = [part | {"pass": "birth"} for part in describe(parts)]
    assert "holds the pass 'birth' twice" in refusal(tmp_path, make_file(parts, parts=listed))


def table(
    tokens: object = (1, 2, 3),
    records: object = (0, 1, 2),
    filters: object = (bytes(16),) * 3,
    *,
    schema: pa.Schema | None = None,
    batches: int = 1,
    **options: Any,
) -> bytes:
    """An Arrow IPC file, by default of three entries in the right form."""
    schema = schema or pa.schema(
        [
            pa.field("token", pa.uint64(), nullable=False),
            pa.field("record", pa.uint32(), nullable=False),
            pa.field("filter", pa.binary(16), nullable=False),
        ]
    )
    columns = [
        pa.array(values, field.type)
        for values, field in zip((tokens, records, filters), schema, strict=True)
    ]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for _ in range(batches):
            writer.write_batch(pa.record_batch(columns, schema=schema))
    return bytes(sink.getvalue())


def schema_of(**types: pa.DataType) -> pa.Schema:
    """Columns of these types, none of which may be null."""
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in types.items()])


RIGHT = {"token": pa.uint64(), "record": pa.uint32(), "filter": pa.binary(16)}
DESCRIBED, READABLE = (
    "is not the table that its manifest describes",
    "is not a readable Arrow table",
)
HOSTILE_TABLES = {
    "empty": (b"", READABLE),
    "noise": (bytes(range(256)), READABLE),
    "magic only": (b"ARROW1\0\0", READABLE),
    "cut": (table()[:-20], READABLE),
    "a stream": (table()[8:-10], READABLE),
    "signed tokens": (table(schema=schema_of(**RIGHT | {"token": pa.int64()})), DESCRIBED),
    "long records": (table(schema=schema_of(**RIGHT | {"record": pa.uint64()})), DESCRIBED),
    "variable filters": (table(schema=schema_of(**RIGHT | {"filter": pa.binary()})), DESCRIBED),
    "short filters": (
        table(filters=[bytes(8)] * 3, schema=schema_of(**RIGHT | {"filter": pa.binary(8)})),
        DESCRIBED,
    ),
    "other names": (
        table(schema=schema_of(token=pa.uint64(), row=pa.uint32(), filter=pa.binary(16))),
        DESCRIBED,
    ),
    "nullable": (
        table(schema=pa.schema([pa.field(name, kind) for name, kind in RIGHT.items()])),
        DESCRIBED,
    ),
    "a dictionary": (
        table(schema=schema_of(**RIGHT | {"token": pa.dictionary(pa.int8(), pa.uint64())})),
        DESCRIBED,
    ),
    "no batch": (table(batches=0), DESCRIBED),
    "two batches": (table(batches=2), DESCRIBED),
    "too few rows": (table((1, 2), (0, 1), (bytes(16),) * 2), DESCRIBED),
    "too many rows": (table((1, 2, 3, 4), (0, 1, 2, 0), (bytes(16),) * 4), DESCRIBED),
    "null tokens": (table(tokens=(1, None, 3)), DESCRIBED),
    "null filters": (table(filters=(bytes(16), None, bytes(16))), DESCRIBED),
    "tokens repeated": (table(tokens=(1, 2, 2)), "tokens repeat or are out of order"),
    "tokens unsorted": (table(tokens=(1, 3, 2)), "tokens repeat or are out of order"),
    "tokens unsigned": (table(tokens=(1 << 63, 1, 2)), "tokens repeat or are out of order"),
    "a record too many": (table(records=(0, 1, 3)), "names a record beyond the 3"),
    "a record far out": (table(records=(0, 1, (1 << 32) - 1)), "names a record beyond the 3"),
}
"""Parts whose digests are right and that are hostile all the same, and how each is refused."""


@pytest.mark.parametrize("name", HOSTILE_TABLES)
def test_a_hostile_table_is_refused(name: str, tmp_path: Path, make_file: MakeFile) -> None:
    """A right digest makes no table of entries of what is none."""
    part, told = HOSTILE_TABLES[name]
    message = refusal(tmp_path, make_file([part]))
    assert message.startswith("orchard.pprl pass 'pass 1': ")
    assert told in message


def test_a_sound_table_is_accepted(tmp_path: Path, make_file: MakeFile) -> None:
    """The hostile tables are refused for what is wrong with them, not for how they are made."""
    assert opened(tmp_path, make_file([table()])).passes["pass 1"].tokens.tolist() == [1, 2, 3]


@pytest.mark.parametrize("words", [0, 1, 3, 1 << 27, (1 << 31) - 1])
def test_another_width_than_announced_is_refused(
    words: int, tmp_path: Path, make_file: MakeFile, describe: Describe
) -> None:
    """Also one that no Arrow type can hold."""
    parts = [table()]
    refusal(tmp_path, make_file(parts, parts=describe(parts, words=words)))


@pytest.mark.parametrize("entries", [0, 2, 4, (1 << 31) - 1])
def test_another_number_of_rows_than_announced_is_refused(
    entries: int, tmp_path: Path, make_file: MakeFile, describe: Describe
) -> None:
    """The manifest's counts are checked before anybody relies on them."""
    parts = [table()]
    assert DESCRIBED in refusal(tmp_path, make_file(parts, parts=describe(parts, entries=entries)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1))
def test_noise_in_a_table_is_read_or_refused(
    changes: list[tuple[int, int]], tmp_path: Path, make_file: MakeFile
) -> None:
    """Whatever bytes an institution vouches for, nothing but a SubmissionError comes of them."""
    part = bytearray(table())
    for place, change in changes:
        part[place % len(part)] ^= change
    try:
        submission = opened(tmp_path, make_file([bytes(part)]))
    except SubmissionError:
        return
    entries = submission.passes["pass 1"]
    assert (entries.tokens[1:] > entries.tokens[:-1]).all() and (entries.records < 3).all()


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_a_compressed_table_is_refused(
    compression: str, tmp_path: Path, make_file: MakeFile
) -> None:
    """A small file must not fill the hub's memory."""
    refusal(tmp_path, make_file([table(compression=compression)]))


def test_opening_takes_no_memory_of_the_files_size(
    tmp_path: Path, make_entries: MakeEntries, make_submission: MakeSubmission
) -> None:
    """Arrays stay on the disk: neither Python nor Arrow allocates what the file holds."""
    size = 40_000
    submission = Submission(
        dataclasses.replace(make_submission().manifest, records=size),
        {"birth": make_entries(size, 12, size)},
    )
    submission.write(tmp_path / "large.pprl")
    arrow_before = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        read = Submission.open(tmp_path / "large.pprl", allow_unverified=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < (tmp_path / "large.pprl").stat().st_size / 8
    assert pa.total_allocated_bytes() - arrow_before < 1 << 16
    assert same(read.passes["birth"], submission.passes["birth"])


def test_what_was_opened_cannot_be_changed(tmp_path: Path, make_submission: MakeSubmission) -> None:
    """The arrays are views of the file, and read-only."""
    make_submission().write(tmp_path / "a.pprl")
    entries = Submission.open(tmp_path / "a.pprl", allow_unverified=True).passes["birth"]
    for array in (entries.tokens, entries.records, entries.filters):
        assert not array.flags.writeable


def test_nothing_is_half_written_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_submission: MakeSubmission
) -> None:
    """Last year's file stays, and no partial file beside it."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "orchard.pprl"
    make_submission(records=2).write(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SubmissionError, match=r"cannot be written \(No space left"):
        make_submission(records=3).write(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_submission: MakeSubmission
) -> None:
    """A missing folder, a folder in the file's place and a read-only folder are no tracebacks."""
    with pytest.raises(SubmissionError, match="cannot be written"):
        make_submission().write(tmp_path / "none" / "a.pprl")
    (tmp_path / "a.pprl").mkdir()
    with pytest.raises(SubmissionError, match="cannot be written"):
        make_submission().write(tmp_path / "a.pprl")
    assert [path.name for path in tmp_path.iterdir()] == ["a.pprl"]

    def forbidden(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(SubmissionError, match=r"cannot be written \(Permission denied"):
        make_submission().write(tmp_path / "b.pprl")


def test_a_submission_shows_counts_only(make_submission: MakeSubmission) -> None:
    """Its repr holds no token and no filter."""
    assert repr(make_submission()) == (
        "<Submission of orchard-usd: 3 records, 9 entries in 2 passes>"
    )


def test_entries_show_counts_only(make_entries: MakeEntries) -> None:
    """Neither does the repr of the entries of a pass."""
    entries = make_entries(3, 2, 3)
    assert str(entries.tokens[0]) not in repr(entries)


def test_every_refusal_is_an_error_of_pprl() -> None:
    """Callers catch one class."""
    assert issubclass(SubmissionError, PPRLError)
