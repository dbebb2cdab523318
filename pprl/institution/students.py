"""Read a student system's export into nine text columns, or say precisely why it cannot be read.

A fault is told by file, row and field; no message, warning or chained exception holds a cell.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from pprl.errors import StudentsError, UsageError
from pprl.institution.dates import EXPECTED, Lines, read_birth_dates

_GENERIC = {
    "local_id": "localid id studentid localstudentid studentlocalid studentnumber sisid recordid "
    "recid",
    "first_name": "firstname first fname givenname forename legalfirstname studentfirstname "
    "studentlegalfirstname",
    "middle_name": "middlename middle mname middleinitial mi legalmiddlename studentmiddlename "
    "studentlegalmiddlename",
    "last_name": "lastname last lname surname familyname lastsurname lastorsurname legallastname "
    "studentlastname studentlegallastname",
    "suffix": "suffix namesuffix generationcode generationcodesuffix generationcodeorsuffix "
    "studentlegalnamesuffix",
    "birth_date": "birthdate dateofbirth dob birthday bdate studentbirthdate",
    "sex": "sex gender sexcode gendercode legalsex studentgendercode",
    "zip": "zip zipcode zip5 postalcode postcode",
    "state_id": "stateid ssid statestudentid statestudentnumber studentstateid sasid "
    "statewidestudentid statewidestudentidentifier",
}
STUDENT_COLUMNS = tuple(_GENERIC)
REQUIRED_COLUMNS = ("local_id", "first_name", "last_name")

LAYOUTS: dict[str, dict[str, str]] = {"generic": _GENERIC}
"""Layout name -> column -> its customary headers, spelled as `_header_key` spells them."""

_DELIMITERS = (",", "\t", ";", "|")
_ROUNDED_BY_SPREADSHEET = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2}")
_LINES_SHOWN = 5


class StudentsWarning(UserWarning):
    """Something about the students that was put right or left out. Holds counts, never values."""


def read_students(
    path: str | Path,
    layout: str = "generic",
    *,
    columns: Mapping[str, str] | None = None,
    on_error: Literal["stop", "skip"] = "stop",
) -> pd.DataFrame:
    """Read a CSV or TSV export with a header row.

    The delimiter is whichever of comma, tab, semicolon and bar makes most of the header known.
    Headers match without regard to case, spaces and punctuation. Text is UTF-8, UTF-16 (told by
    its byte-order mark) or, with a warning, Windows-1252.

    Args:
        path: the file.
        layout: a name in `LAYOUTS`.
        columns: `{"our_name": "their header"}`, where the customary headers do not serve.
        on_error: "stop" raises on rows with faults; "skip" leaves those rows out with a warning.

    Returns:
        One row per row of the file and exactly the columns `STUDENT_COLUMNS`, each `object` of
        `str` with "" for a missing value; `birth_date` is ISO text. The index, named `row`, is
        the line of the file on which the row starts (the header is line 1).

    Raises:
        StudentsError: the file cannot be read, or rows have faults and `on_error` is "stop".
        UsageError: unknown layout, `on_error` or name in `columns`; a spreadsheet file.
    """
    columns = columns or {}
    if layout not in LAYOUTS:
        raise UsageError(f"no layout {layout!r}; known layouts: {', '.join(sorted(LAYOUTS))}")
    if on_error not in ("stop", "skip"):
        raise UsageError(f'on_error is "stop" or "skip", not {on_error!r}')
    if unknown := sorted(set(columns) - set(STUDENT_COLUMNS)):
        raise UsageError(
            f"columns names {', '.join(map(repr, unknown))}; known: {', '.join(STUDENT_COLUMNS)}"
        )
    if len(set(columns.values())) < len(columns):
        raise UsageError("columns gives one header to two names. Give each name its own.")
    file = Path(path).name
    text, notes = _decode(_read_bytes(Path(path)), file)
    delimiter, header = _find_header(text, LAYOUTS[layout], columns, file)
    places = _map_header(header, LAYOUTS[layout], columns, file)
    cells, lines, ragged = _read_cells(text, delimiter, len(header), places, file)
    dates, date_notes = read_birth_dates(cells["birth_date"], lines, file)
    faults = _find_faults(cells, lines, dates.iso)
    if ragged:
        faults[f"the row does not have the header's {len(header)} cells"] = np.array(ragged)
    if not lines.size and not faults:
        raise StudentsError(f"{file}: a header row and no students. Export the file again.")
    left_out, fault_notes = _stop_or_skip(faults, file, on_error)
    for note in (*notes, *date_notes, *fault_notes):
        warnings.warn(note, StudentsWarning, stacklevel=2)
    cells["birth_date"] = [dates.iso.get(date, "") for date in cells["birth_date"]]
    kept = ~np.isin(lines, left_out)
    students = {
        name: pd.Series(np.array(cells[name], dtype=object)[kept], dtype=object)
        for name in STUDENT_COLUMNS
    }
    return pd.DataFrame(students).set_index(pd.Index(lines[kept], name="row"))


def _read_bytes(path: Path) -> bytes:
    """The file's bytes, if it is a file of text at all."""
    if path.suffix.lower() in (".xlsx", ".xls", ".xlsm", ".ods"):
        raise UsageError(f"{path.name} is a spreadsheet. Save it as CSV UTF-8 and read that.")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise StudentsError(
            f"{path.name}: cannot be read ({error.strerror}). Check the path and your rights to it."
        ) from None
    if raw.startswith(b"PK\x03\x04"):
        raise UsageError(f"{path.name} is a spreadsheet or archive. Save it as CSV UTF-8.")
    return raw


def _decode(raw: bytes, file: str) -> tuple[str, list[str]]:
    """Text of the file (by byte-order mark, else UTF-8, else Windows-1252) and what to warn of."""
    utf16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "cp1252"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise StudentsError(
            f"{file}: neither UTF-8, UTF-16 nor Windows-1252 text. Export it as UTF-8."
        )
    if (nul := text.find("\0")) >= 0:
        line = len(re.findall(r"\r\n|\r|\n", text[:nul])) + 1
        raise StudentsError(
            f"{file} row {line}: a NUL byte, which no text file holds. Export it as UTF-8 CSV."
        )
    fallback = f"{file}: read as Windows-1252, because it is not UTF-8. Check accented names."
    return text, [fallback] if encoding == "cp1252" else []


def _rows(text: str, delimiter: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank, with the line of the file on which it starts."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    ended = 0
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                yield ended + 1, row
            ended = reader.line_num
        return
    except csv.Error:
        pass
    raise StudentsError(
        f'{file} row {ended + 1}: a quotation mark (") opens a cell and is not closed where the '
        "cell ends. Close or remove it; a quotation mark inside a quoted cell is written twice."
    )


def _header_key(header: str) -> str:
    """A header without what exports vary: case, spaces, underscores, punctuation."""
    return "".join(c for c in header.casefold() if c.isalnum())


def _recognise(
    header: Sequence[str], layout: Mapping[str, str], columns: Mapping[str, str]
) -> list[tuple[str, int]]:
    """Every (column, place in the header) that match; `columns` outranks the layout."""
    keys = [_header_key(cell) for cell in header]
    found = []
    for name, theirs in columns.items():
        exact = [i for i, cell in enumerate(header) if cell.strip() == theirs.strip()]
        found += [
            (name, i)
            for i in exact or [i for i, key in enumerate(keys) if key == _header_key(theirs)]
        ]
    claimed = {i for _, i in found}
    for name, customary in layout.items():
        if name not in columns:
            spellings = customary.split()
            found += [
                (name, i) for i, key in enumerate(keys) if key in spellings and i not in claimed
            ]
    return found


def _find_header(
    text: str, layout: Mapping[str, str], columns: Mapping[str, str], file: str
) -> tuple[str, list[str]]:
    """The delimiter that makes most of the first row's cells known headers, and those cells."""
    best: tuple[tuple[int, int], str, list[str]] | None = None
    for delimiter in _DELIMITERS:
        try:
            _, header = next(_rows(text, delimiter, file))
        except StopIteration:
            raise StudentsError(f"{file}: the file is empty. Export it again.") from None
        except StudentsError:
            continue
        rank = (len(_recognise(header, layout, columns)), len(header))
        if best is None or rank > best[0]:
            best = rank, delimiter, header
    if best is None:
        return ",", next(_rows(text, ",", file))[1]
    return best[1], best[2]


def _map_header(
    header: Sequence[str], layout: Mapping[str, str], columns: Mapping[str, str], file: str
) -> dict[str, int]:
    """Column -> place in the header. Only headers that are known are ever named in an error."""
    places: dict[str, int] = {}
    for name, place in _recognise(header, layout, columns):
        if name in places:
            raise StudentsError(
                f"{file} row 1: the headers {header[places[name]]!r} and {header[place]!r} both "
                f'mean {name}. Remove one or pass columns={{"{name}": ...}}.'
            )
        places[name] = place
    if absent := [name for name in (*REQUIRED_COLUMNS, *columns) if name not in places]:
        known = ", ".join(header[place] for place in sorted(places.values())) or "none"
        raise StudentsError(
            f"{file} row 1: no column for {', '.join(dict.fromkeys(absent))}. Headers recognised: "
            f"{known}; not recognised: {len(header) - len(places)}. The first row must hold the "
            'headers; pass columns={"our_name": "their header"} for those of your own.'
        )
    return places


def _read_cells(
    text: str, delimiter: str, width: int, places: Mapping[str, int], file: str
) -> tuple[dict[str, list[str]], Lines, list[int]]:
    """Stripped cells of each column, the line of each row, and the lines of ragged rows."""
    names = list(places)
    pick = itemgetter(*(places[name] for name in names))
    picked, lines, ragged = [], [], []
    rows = _rows(text, delimiter, file)
    next(rows)
    for line, row in rows:
        if len(row) == width:
            if any(row):
                picked.append(pick(row))
                lines.append(line)
        elif any(map(str.strip, row)):
            ragged.append(line)
    columns = zip(*picked, strict=True) if picked else ([] for _ in names)
    table = {
        name: [cell.strip() for cell in column] for name, column in zip(names, columns, strict=True)
    }
    for name in STUDENT_COLUMNS:
        table.setdefault(name, [""] * len(lines))
    return table, np.array(lines, dtype=np.int64), ragged


def _find_faults(
    cells: Mapping[str, Sequence[str]], lines: Lines, iso: Mapping[str, str]
) -> dict[str, Lines]:
    """Trouble -> lines of the rows that have it."""
    rounded = "was rounded by a spreadsheet (expected all its digits; export it as text)"
    checks: tuple[tuple[str, str, Callable[[str], object]], ...] = (
        ("local_id", "is blank (expected the institution's own number)", lambda text: text == ""),
        ("birth_date", f"is not a date (expected {EXPECTED})", lambda text: text not in iso),
        ("local_id", rounded, _ROUNDED_BY_SPREADSHEET.fullmatch),
        ("state_id", rounded, _ROUNDED_BY_SPREADSHEET.fullmatch),
    )
    faults = {}
    for name, trouble, is_faulty in checks:
        faulty = {text for text in set(cells[name]) if is_faulty(text)}
        if faulty:
            faults[f"{name} {trouble}"] = lines[[text in faulty for text in cells[name]]]
    return faults


def _stop_or_skip(faults: Mapping[str, Lines], file: str, on_error: str) -> tuple[Lines, list[str]]:
    """Lines of the rows to leave out and what to warn of; raises if they may not be left out."""
    if not faults:
        return np.empty(0, dtype=np.int64), []
    if on_error == "stop":
        told = []
        for trouble, rows in sorted(faults.items(), key=lambda fault: int(fault[1][0])):
            like_it = f"; {len(rows)} rows like it" if len(rows) > 1 else ""
            told.append(f"{file} row {rows[0]}: {trouble}{like_it}.")
        raise StudentsError("\n".join([*told, 'Fix them or pass on_error="skip".']))
    left_out = np.unique(np.concatenate(list(faults.values())))
    shown = [str(line) for line in left_out[:_LINES_SHOWN]]
    more = ["..."] if len(left_out) > _LINES_SHOWN else []
    return left_out, [
        f"{file}: rows left out for their faults: {len(left_out)} (rows {', '.join(shown + more)})."
    ]
