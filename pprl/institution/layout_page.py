"""The page of the documentation that lists the layouts, made of their files."""

from __future__ import annotations

from collections.abc import Iterator

from pprl.institution.layout import FIELDS, Layout
from pprl.institution.layout_file import layout_names, load_layout

_HEAD = """# Layouts

What `pprl encode --layout NAME`, `pprl inspect --layout NAME` and `read_students(path, NAME)` read.
This page is made from the layouts' files in `pprl/institution/layouts/`; each is TOML without code.
Headers match without regard to case, spaces and punctuation. Of several headers for a field the
first one that is there stands, except in `generic`, where two that mean one field are refused.

One of your own is a file of the same form, given by its path:

```toml
[layout]
name = "our_export"

[field.local_id]
headers = ["Perm ID"]

[field.first_name]
headers = ["Pupil First"]

[field.last_name]
headers = ["Pupil Last"]

[field.sex]
headers = ["G"]
codes = { 1 = "M", 2 = "F" }
```

A `[[table]]` tells what is special about the file: `delimiter`, `header = false` with `columns`,
`kind = "fixed"` with `places` (first and last character of each field), `keep` and `drop` (which
rows are students), and, for an export of several files, `files` and the `key` that joins them.
`quoting = false` makes quotation marks letters; `optional` marks a file that may be absent, and
`selects` one that says who is a student.

A `[field.*]` has `headers`, and may have `table` (if not the first), `codes` (theirs to ours; `""`
is missing; others are told and read as missing), `strip` (characters dropped at both ends) and
`after` (take what stands behind the last such text). `date` only tells readers what the
specification says: dates are read by their form. Encoding, byte order mark and line ends are found
from the file. The shipped layouts also have `title`, `publisher`, `edition`, `source` and `notes`.
"""


def layouts_page() -> str:
    """The page as Markdown."""
    layouts = [load_layout(name) for name in layout_names()]
    return "\n".join([_HEAD, *(line for layout in layouts for line in _section(layout))])


def _section(layout: Layout) -> Iterator[str]:
    """One layout."""
    yield f"## {layout.name}\n"
    yield f"{layout.title}. {layout.publisher}; {layout.edition}.\n"
    yield f"{layout.notes}\n"
    if len(layout.tables) > 1:
        for table in layout.tables:
            rule = "may be absent" if table.optional else "needed"
            yield f"- `{table.files[0]}`, {rule}; rows are joined by `{table.key}`"
        yield ""
    for table in layout.tables:
        for column, (values, keeps) in table.filters.items():
            verb = "kept" if keeps else "left out"
            shown = ", ".join(f"`{value}`" for value in values)
            yield f"Rows whose `{column}` is {shown} are {verb}.\n"
    yield "| field | headers | codes or form |\n|---|---|---|"
    for name in FIELDS:
        if name in layout.fields:
            yield _row(layout, name)
    yield "\nSources:\n"
    yield "\n".join(f"- {source}" for source in layout.source)
    yield ""


def _row(layout: Layout, name: str) -> str:
    """One field as a row of the table."""
    field = layout.fields[name]
    headers = ", ".join(f"`{header}`" for header in field.headers)
    spans = [
        span
        for table in layout.tables
        for header, span in table.places.items()
        if header in field.headers
    ]
    if spans:
        headers += f" ({spans[0][0]}-{spans[0][1]})"
    if len(layout.tables) > 1:
        headers += f" in {layout.table_of(name)}"
    codes = ", ".join(f"{code} = {value or 'missing'}" for code, value in field.codes.items())
    return f"| {name} | {headers} | {codes or field.date} |"
