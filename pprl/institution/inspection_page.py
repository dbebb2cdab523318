"""An inspection as one HTML page: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Sequence

from pprl.institution.inspection import FEW_PASSES, Inspection
from pprl.institution.inspection_text import share
from pprl.page import columns, framed, html_table

_STYLE = """
.counts { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0 0; padding: 0; }
.counts div { background: var(--panel); border-radius: .5rem; padding: .75rem 1rem;
  flex: 1 1 7rem; }
.counts dt { color: var(--soft); font-size: .85rem; } .counts dd { margin: 0; font-size: 1.6rem; }
.bar { display: inline-flex; width: clamp(5rem, 12vw, 10rem); height: .7rem; overflow: hidden;
  border-radius: .2rem; background: var(--line); vertical-align: middle; }
.bar i, .key i { background: var(--good); } i.b { background: var(--mid); }
i.c { background: var(--bad); } i.d { background: var(--line); }
.key i { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 1rem; }
@media print { .bar, .key i { print-color-adjust: exact; } }
"""


def page(found: Inspection) -> str:
    """The whole page."""
    n = found.students
    few = found.in_few_passes
    parts = [
        '<p class="soft">Nothing was changed or sent. This page stays with you: it holds counts '
        "and line numbers of your own file.</p>",
        _counts(
            ("rows", found.rows),
            ("local IDs", found.local_ids),
            ("students", n),
            (f"in fewer than {FEW_PASSES} passes", few),
            ("in no pass", found.passes_per_student[0]),
        ),
    ]
    if found.notes:
        parts += ["<h2>Told while reading</h2>", *(f"<p>{_text(note)}</p>" for note in found.notes)]
    parts += [
        "<h2>Fields of the agreement</h2>",
        html_table(
            "Students who have each field",
            columns("field", "students have it", "", ""),
            [
                (_text(name), f"{count:,}", share(count, n), _bar((count, n)))
                for name, count in found.completeness.items()
            ],
        ),
        "<h2>To look at</h2>",
        _findings(found),
        "<h2>Passes</h2>",
        "<p>A student has a real entry in a pass if nobody else in this file holds the same block. "
        "Otherwise a decoy stands in, so that nobody can tell. What one pass withholds, another "
        "finds.</p>",
        "<p>A double has the same first and last name and birth date as another student, a twin "
        "the same last name and birth date. Shared: somebody else holds the block.</p>",
        '<p class="key soft"><i></i>real entry<i class="b"></i>shared with a double or a twin'
        '<i class="c"></i>shared with somebody else<i class="d"></i>a field is missing</p>',
        _passes(found),
        "<h2>How many passes find a student</h2>",
        f"<p>{few:,} students ({share(few, n)}) have a real entry in fewer than {FEW_PASSES} "
        f"passes{_such_as(found.few)}.</p>",
        html_table(
            "Students by passes that find them",
            columns("passes", "students", "", ""),
            [
                (str(k), f"{count:,}", share(count, n), _bar((count, n)))
                for k, count in enumerate(found.passes_per_student)
            ],
        ),
    ]
    if found.groups:
        parts += ["<h2>By group</h2>", _groups(found)]
    return framed("What an encoding would do with these students", "\n".join(parts), style=_STYLE)


def _findings(found: Inspection) -> str:
    """What to look at."""
    if not found.findings:
        return "<p>Nothing suspicious in the rows.</p>"
    return html_table(
        "Rows to look at",
        columns("field", "what", "rows", "such as lines", texts=2),
        [
            (_text(f.field), _text(f.what), f"{f.rows:,}", ", ".join(map(str, f.lines)))
            for f in found.findings
        ],
    )


def _passes(found: Inspection) -> str:
    """What each pass will do."""
    n = found.students
    return html_table(
        "What each pass will do",
        columns("pass", "real entry", "", "missing", "doubles", "twins", "shared"),
        [
            (
                f"{_text(p.name)}<br><code>{_text(p.block)}</code>",
                share(p.emits, n),
                _bar((p.emits, n), (p.duplicates + p.twins, n), (p.others, n)),
                *(f"{count:,}" for count in (p.missing, p.duplicates, p.twins, p.others)),
            )
            for p in found.passes
        ],
    )


def _groups(found: Inspection) -> str:
    """Coverage by group."""
    return (
        "<p>No linkage finds more of a group than the share that can be found. A difference here "
        "is a difference in recall that the file itself brings.</p>"
    ) + html_table(
        "Coverage by group",
        columns("group", "students", "can be found", "in few passes", "passes each"),
        [
            (
                _text(g.group),
                f"{g.students:,}",
                share(g.students - g.none, g.students),
                share(g.few, g.students),
                f"{g.passes:.1f}",
            )
            for g in found.groups
        ],
    )


def _such_as(lines: Sequence[int]) -> str:
    """Examples, by line."""
    return f", such as lines {', '.join(map(str, lines))}" if lines else ""


def _counts(*counts: tuple[str, int]) -> str:
    """The large figures."""
    cells = (f"<div><dt>{_text(name)}</dt><dd>{count:,}</dd></div>" for name, count in counts)
    return f'<dl class="counts">{"".join(cells)}</dl>'


def _bar(*parts: tuple[int, int]) -> str:
    """Shares of a whole, side by side."""
    kinds = ("", ' class="b"', ' class="c"')
    inside = "".join(
        f'<i{kind} style="width:{100 * part / whole if whole else 0:.2f}%"></i>'
        for kind, (part, whole) in zip(kinds, parts, strict=False)
    )
    return f'<span class="bar" aria-hidden="true">{inside}</span>'


def _text(text: str) -> str:
    """Text as HTML."""
    return html.escape(text)
