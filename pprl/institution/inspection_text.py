"""An inspection as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pprl.institution.inspection import FEW_PASSES, Inspection


def lines(inspection: Inspection) -> list[str]:
    """The whole inspection, at most 100 characters a line where names allow."""
    return list(_lines(inspection))


def share(part: int, whole: int) -> str:
    """A share in per cent, with enough digits that a few of many do not vanish."""
    if not whole:
        return "-"
    percent = 100 * part / whole
    if part and percent < 0.1:
        return "<0.1%"
    if part < whole and percent >= 99.95:
        return ">99.9%"
    return f"{percent:.1f}%"


def _lines(found: Inspection) -> Iterator[str]:
    """Line by line."""
    rows: list[tuple[str, ...]]
    yield (
        f"{found.rows:,} rows, {found.local_ids:,} local ids, {found.students:,} students. "
        "Nothing was changed or sent."
    )
    for note in found.notes:
        yield f"note: {note}"
    yield ""
    rows = [
        (name, f"{count:,}", share(count, found.students))
        for name, count in found.completeness.items()
    ]
    yield from _table(("field", "students have it", ""), rows)
    yield ""
    if found.findings:
        rows = [
            (f.field, f.what, f"{f.rows:,}", ", ".join(map(str, f.lines))) for f in found.findings
        ]
        yield from _table(("field", "to look at", "rows", "such as lines"), rows, left=(0, 1, 3))
    else:
        yield "Nothing suspicious in the rows."
    yield ""
    rows = [
        (
            p.name,
            share(p.emits, found.students),
            *(f"{n:,}" for n in (p.missing, p.duplicates, p.twins, p.others)),
        )
        for p in found.passes
    ]
    yield from _table(("pass", "emit", "missing", "doubles", "twins", "shared"), rows)
    yield "emit: students with a real entry. The others are withheld (a decoy hides it): a field is"
    yield "missing, or another student holds the block: a double (same first and last name and"
    yield "birth date), a twin (same last name and birth date) or somebody else (shared)."
    yield ""
    few = found.in_few_passes
    yield (
        f"{few:,} students ({share(few, found.students)}) have a real entry in fewer than "
        f"{FEW_PASSES} passes, {found.passes_per_student[0]:,} of them in none: these cannot be "
        "found."
    )
    if found.few:
        yield f"such as lines: {', '.join(map(str, found.few))}"
    if found.groups:
        yield ""
        rows = [
            (
                g.group,
                f"{g.students:,}",
                share(g.students - g.none, g.students),
                share(g.few, g.students),
                f"{g.passes:.1f}",
            )
            for g in found.groups
        ]
        headings = ("group", "students", "can be found", "in few passes", "passes each")
        yield from _table(headings, rows)
        yield "can be found: no linkage finds more of a group than this share, however it judges."


def _table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)
) -> Iterator[str]:
    """Aligned columns; those in `left` to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        cells = [
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
