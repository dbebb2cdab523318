"""A layout: under which names, and in what form, a student system exports the fields we use.

One TOML file a layout in `layouts/`, without code. A layout's name never changes meaning: a new
edition of a specification that moves a field gets a new name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STUDENT_COLUMNS = (
    "local_id",
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "birth_date",
    "sex",
    "zip",
    "state_id",
)
REQUIRED_COLUMNS = ("local_id", "first_name", "last_name")
OTHER_NAMES = ("other_first_name", "other_middle_name", "other_last_name")
"""Further names of a student: an alias, a preferred name. Additional values, not replacements."""

EFFECTIVE = "effective"
"""When a row began to hold; of several rows of one student the latest stands."""

GROUP = "group"
"""A column by which an inspection tells who can be found; read only where it is asked for."""

FIELDS = (*STUDENT_COLUMNS, *OTHER_NAMES, EFFECTIVE)
KINDS = ("delimited", "fixed", "json")


@dataclass(frozen=True)
class TableLayout:
    """One file of a layout.

    Attributes:
        name: how fields refer to it.
        files: its names in a folder or archive; none if the layout is one file of any name.
        kind: "delimited", "fixed" or "json". A delimited table may also come as a workbook or as
            Parquet, and any table as CSV where its file's name ends so.
        delimiter: "" where it is found from the header.
        quoting: whether quotation marks may enclose a cell; where not, they are letters.
        header: whether the first row holds the names.
        columns: the names of the columns of a file without header, in order.
        places: field -> first and last character, counted from 1, of a fixed-width file.
        key: the column that joins it to the first table.
        keep: column -> the values of rows that are students.
        drop: column -> the values of rows that are not.
        optional: whether it may be absent.
        selects: whether only students that it names are kept.
    """

    name: str
    files: tuple[str, ...] = ()
    kind: str = "delimited"
    delimiter: str = ""
    quoting: bool = True
    header: bool = True
    columns: tuple[str, ...] = ()
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    key: str = ""
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drop: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: bool = False
    selects: bool = False

    @property
    def filters(self) -> dict[str, tuple[tuple[str, ...], bool]]:
        """Column -> values and whether they are those to keep."""
        kept = {name: (values, True) for name, values in self.keep.items()}
        return kept | {name: (values, False) for name, values in self.drop.items()}


@dataclass(frozen=True)
class FieldLayout:
    """Where one field stands and how it is written.

    Attributes:
        headers: its names, the customary one first; compared without case and punctuation.
        table: the table that has it; "" for the first.
        codes: code -> our value, compared without case. Other codes are told and read as missing.
        after: take what stands behind the last such text, as in a descriptor's URI.
        strip: characters to drop from both ends.
        date: how the specification writes dates; for readers of the layout.
    """

    headers: tuple[str, ...]
    table: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    after: str = ""
    strip: str = ""
    date: str = ""


@dataclass(frozen=True)
class Layout:
    """A file specification.

    Attributes:
        name: what `read_students` and `--layout` take.
        title: its name in the field.
        publisher: whose specification it is.
        edition: which edition was followed.
        source: where the specification, or the best account of it that could be found, is.
        notes: what could not be found, and what to know.
        guess: whether headers are guessed at, so that two which mean one field are refused.
        tables: its files; rows of the further ones join those of the first.
        fields: our name -> where it is.
    """

    name: str
    title: str
    publisher: str
    edition: str
    source: tuple[str, ...]
    notes: str
    guess: bool
    tables: tuple[TableLayout, ...]
    fields: Mapping[str, FieldLayout]

    def table_of(self, field: str) -> str:
        """The name of the table that has a field."""
        return self.fields[field].table or self.tables[0].name
