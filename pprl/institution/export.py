"""A student system's export, opened once for everything that is read from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pprl.institution.headers import recognise
from pprl.institution.layout import Layout
from pprl.institution.layout_file import load_layout
from pprl.institution.opening import open_export
from pprl.institution.table import Source


@dataclass(frozen=True, eq=False, repr=False)
class Export:
    """The tables of an export, in memory.

    Attributes:
        layout: the layout that it follows.
        sources: the tables by their names in the layout.
        notes: what was assumed while opening them.
    """

    layout: Layout
    sources: Mapping[str, Source]
    notes: tuple[str, ...]

    @classmethod
    def open(cls, path: str | Path, layout: str | Path, columns: Mapping[str, str]) -> Export:
        """Open an export.

        Args:
            path: the file; a folder or a zip archive for a layout of several files.
            layout: a layout's name, or the path of one's own.
            columns: our name -> their header, where the layout's do not serve; a delimiter is
                chosen by the headers that are known.

        Raises:
            StudentsError: a file is missing, empty or unreadable.
            UsageError: the layout is unknown, or does not take a path of that kind.
        """
        found = load_layout(layout)
        fields = {name: field.headers for name, field in found.fields.items()}
        sources, notes = open_export(
            Path(path), found, lambda header: len(recognise(header, fields, columns))
        )
        return cls(found, sources, tuple(notes))

    def __repr__(self) -> str:
        """The names of its files."""
        return f"<Export: {', '.join(source.file for source in self.sources.values())}>"

    def every_column(self) -> pd.DataFrame:
        """All columns of the layout's first table, under their own headers, as text.

        Of columns with one header those behind the first have their place added: `Code (column 7)`.

        Raises:
            StudentsError: the file is not of the form it seems to have.
        """
        source = self.sources[self.layout.tables[0].name]
        names: dict[str, int] = {}
        for place, header in enumerate(source.header):
            name = header.strip()
            names[f"{name} (column {place + 1})" if name in names else name] = place
        table = source.read(names)
        return pd.DataFrame(
            {name: pd.Series(table.columns[name].texts(), dtype=object) for name in names}
        )

    def others(self) -> tuple[str, ...]:
        """The names of the files beside the first."""
        first = self.layout.tables[0].name
        return tuple(source.file for name, source in self.sources.items() if name != first)
