"""Open an export: a file, a folder or an archive, as the tables that a layout expects."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pprl.errors import StudentsError, UsageError
from pprl.institution.delimited import DelimitedFile
from pprl.institution.fixed_width import FixedWidthFile
from pprl.institution.layout import Layout, TableLayout
from pprl.institution.records import RecordFile, json_file, parquet_file, spreadsheet
from pprl.institution.table import Source

DELIMITERS = (",", "\t", ";", "|", "^")
LARGEST_MEMBER = 1 << 33
"""Bytes that a file of an archive may unpack to."""

Rank = Callable[[Sequence[str]], int]
"""How many cells of a first row are headers that the layout knows."""


def open_export(path: Path, layout: Layout, rank: Rank) -> tuple[dict[str, Source], list[str]]:
    """The tables of an export by the names that the layout gives them, and what to tell.

    Args:
        path: the export.
        layout: its layout.
        rank: of a first row, by which a delimiter is chosen.

    Raises:
        StudentsError: a file is missing, empty or unreadable.
        UsageError: the path is of a kind that the layout does not take.
    """
    if not any(table.files for table in layout.tables):
        table = layout.tables[0]
        source, told = _open(_read(path), path.name, table, rank)
        return {table.name: source}, told
    sources: dict[str, Source] = {}
    notes: list[str] = []
    members = dict(_members(path, layout))
    for table in layout.tables:
        found = [members[name.casefold()] for name in table.files if name.casefold() in members]
        if len(found) > 1:
            raise StudentsError(
                f"{path.name}: holds {found[0][0]} and {found[1][0]}. Keep one of them."
            )
        if found:
            name, read = found[0]
            sources[table.name], told = _open(read(), name, table, rank)
            notes += told
        elif table.optional:
            notes.append(f"{path.name}: no {table.files[0]}; its fields are missing.")
        else:
            raise StudentsError(
                f"{path.name}: no {table.files[0]} in it, which the layout {layout.name} needs. "
                "Give the folder or the zip archive of the whole export."
            )
    return sources, notes


def _members(path: Path, layout: Layout) -> Iterator[tuple[str, tuple[str, Callable[[], bytes]]]]:
    """Case-folded name -> name and what reads it, of the files of a folder or an archive."""
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.is_file():
                yield file.name.casefold(), (file.name, lambda file=file: _read(file))  # type: ignore[misc]
        return
    if not zipfile.is_zipfile(path):
        if not path.exists():
            raise StudentsError(
                f"{path.name}: cannot be read (No such file or directory). Check the path and "
                "your rights to it."
            )
        files = " and ".join(table.files[0] for table in layout.tables)
        raise UsageError(
            f"{path.name}: the layout {layout.name} is {files}. Give the folder that holds them, "
            "or their zip archive."
        )
    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            name = item.filename.rpartition("/")[2]
            if name and not item.filename.startswith("__MACOSX/"):
                yield name.casefold(), (name, lambda item=item: _unpack(path, item))  # type: ignore[misc]


def _unpack(path: Path, item: zipfile.ZipInfo) -> bytes:
    """One file of an archive."""
    if item.file_size > LARGEST_MEMBER:
        raise StudentsError(f"{path.name}: {item.filename} unpacks to more than 8 GiB. Unpack it.")
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(item)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError):
        raise StudentsError(
            f"{path.name}: {item.filename} cannot be unpacked; it is damaged or has a password. "
            "Unpack it and give the folder."
        ) from None


def _open(raw: bytes, file: str, table: TableLayout, rank: Rank) -> tuple[Source, list[str]]:
    """One file as a source, whatever its kind."""
    suffix = Path(file).suffix.lower()
    plain = table.kind == "delimited" and table.header
    if plain and suffix in (".xlsx", ".xlsm"):
        return _noted(spreadsheet(raw, file))
    if plain and (suffix == ".parquet" or raw.startswith(b"PAR1")):
        return _noted(parquet_file(raw, file))
    if suffix in (".xlsx", ".xlsm", ".xls", ".ods"):
        raise UsageError(f"{file} is a spreadsheet. Save it as CSV UTF-8 and read that.")
    if raw.startswith(b"PK\x03\x04"):
        raise UsageError(f"{file} is a spreadsheet or archive. Save it as CSV UTF-8.")
    text, notes = as_utf8(raw, file)
    if table.kind == "json" or suffix == ".json":
        return json_file(text, file), notes
    if table.kind == "fixed":
        return FixedWidthFile(text, file, table.places), notes
    names = None if table.header else table.columns
    if table.delimiter:
        return DelimitedFile(text, file, table.delimiter, names, table.quoting), notes
    return _with_delimiter_found(text, file, rank), notes


def _noted(source: RecordFile) -> tuple[Source, list[str]]:
    """A source and its own notes."""
    return source, list(source.notes)


def _with_delimiter_found(text: bytes, file: str, rank: Rank) -> DelimitedFile:
    """The file cut by the delimiter that makes most of the first row's cells known headers."""
    best: tuple[tuple[int, int], DelimitedFile] | None = None
    for delimiter in DELIMITERS:
        try:
            source = DelimitedFile(text, file, delimiter)
        except StudentsError:
            continue
        score = rank(source.header), len(source.header)
        if best is None or score > best[0]:
            best = score, source
    return best[1] if best else DelimitedFile(text, file, ",")


def _read(path: Path) -> bytes:
    """The file's bytes."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise StudentsError(
            f"{path.name}: cannot be read ({error.strerror}). Check the path and your rights to it."
        ) from None


def as_utf8(raw: bytes, file: str) -> tuple[bytes, list[str]]:
    """The text (by byte-order mark, else UTF-8, else Windows-1252) as UTF-8, and what to tell.

    Raises:
        StudentsError: it is text in none of these, or holds a NUL.
    """
    notes = []
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = _decoded(raw, "utf-16", file).encode("utf-8")
    else:
        text = raw.removeprefix(b"\xef\xbb\xbf")
        if not _is_utf8(text):
            text = _decoded(text, "cp1252", file).encode("utf-8")
            notes.append(
                f"{file}: read as Windows-1252, because it is not UTF-8. Check accented names."
            )
    if (nul := text.find(b"\0")) >= 0:
        line = len(re.findall(rb"\r\n|\r|\n", text[:nul])) + 1
        raise StudentsError(
            f"{file} row {line}: a NUL byte, which no text file holds. Export it as UTF-8 CSV."
        )
    return text, notes


def _is_utf8(text: bytes) -> bool:
    """Whether the text is UTF-8. Answered here, so that no exception that holds it is chained."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decoded(raw: bytes, encoding: str, file: str) -> str:
    """The text in an encoding that is the last to be tried."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        pass
    raise StudentsError(f"{file}: neither UTF-8, UTF-16 nor Windows-1252 text. Export it as UTF-8.")
