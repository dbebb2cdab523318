"""An inspection as one HTML page: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Sequence

from pprl._version import __version__
from pprl.institution.inspection import FEW_PASSES, Inspection
from pprl.institution.inspection_text import share

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #5b6470; --line: #d8dde3;
  --page: #fff; --panel: #f6f8fa; --good: #2f6f4f; --bad: #b4552d; --mid: #c79a2b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9aa5b1; --line: #39424d;
  --page: #14181d; --panel: #1c2229; --good: #6cc195; --bad: #e08a63; --mid: #e0b95a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem; color: var(--ink);
  background: var(--page); font: 16px/1.5 system-ui, "Segoe UI", sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.5rem 0 .5rem; }
p { margin: .4rem 0; max-width: 46rem; } .soft { color: var(--soft); }
.counts { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0 0; padding: 0; }
td .bar { margin-top: .35rem; } td:nth-child(4):last-child { text-align: left; }
.counts div { background: var(--panel); border-radius: .5rem; padding: .75rem 1rem;
  flex: 1 1 9rem; }
.counts dt { color: var(--soft); font-size: .85rem; } .counts dd { margin: 0; font-size: 1.6rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: .25rem 0; }
th, td { text-align: right; padding: .35rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th:first-child, td:first-child, .left { text-align: left; }
thead th { color: var(--soft); font-weight: 600; font-size: .85rem; }
.bar { display: inline-flex; width: 10rem; height: .7rem; border-radius: .2rem; overflow: hidden;
  background: var(--line); vertical-align: middle; }
.bar i { background: var(--good); } .bar i.b { background: var(--mid); }
.bar i.c { background: var(--bad); }
.key i { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 1rem;
  background: var(--good); }
.key i.b { background: var(--mid); } .key i.c { background: var(--bad); }
.key i.d { background: var(--line); }
code { font-size: .9em; }
"""


def page(found: Inspection) -> str:
    """The whole page."""
    n = found.students
    few = found.in_few_passes
    parts = [
        "<h1>What an encoding would do with these students</h1>",
        '<p class="soft">Nothing was changed or sent. This page stays with you: it holds counts '
        f"and line numbers of your own file. Made by pprl {__version__}.</p>",
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
        _table(
            ("field", "students have it", "", ""),
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
        '<p class="key soft"><i></i>real entry<i class="b"></i>shared with a double or a twin'
        '<i class="c"></i>shared with somebody else<i class="d"></i>a field is missing</p>',
        _passes(found),
        "<h2>How many passes find a student</h2>",
        f"<p>{few:,} students ({share(few, n)}) have a real entry in fewer than {FEW_PASSES} "
        f"passes{_such_as(found.few)}.</p>",
        _table(
            ("passes", "students", "", ""),
            [
                (str(k), f"{count:,}", share(count, n), _bar((count, n)))
                for k, count in enumerate(found.passes_per_student)
            ],
        ),
    ]
    if found.groups:
        parts += ["<h2>By group</h2>", _groups(found)]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>pprl inspect</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n"
        "</main>\n</body>\n</html>\n"
    )


def _findings(found: Inspection) -> str:
    """What to look at."""
    if not found.findings:
        return "<p>Nothing suspicious in the rows.</p>"
    return _table(
        ("field", "what", "rows", "such as lines"),
        [
            (_text(f.field), _text(f.what), f"{f.rows:,}", ", ".join(map(str, f.lines)))
            for f in found.findings
        ],
        left=(1,),
    )


def _passes(found: Inspection) -> str:
    """What each pass will do."""
    n = found.students
    return _table(
        ("pass", "real entry", "", "missing", "doubles", "twins", "shared"),
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
    ) + _table(
        ("group", "students", "can be found", "in few passes", "passes each"),
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


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = ()) -> str:
    """A table of cells that are HTML already."""
    classes = [' class="left"' if place in left else "" for place in range(len(headings))]
    head = "".join(
        f'<th scope="col"{style}>{_text(cell)}</th>'
        for cell, style in zip(headings, classes, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{style}>{cell}</td>" for cell, style in zip(row, classes, strict=True))
        + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>"
    )


def _text(text: str) -> str:
    """Text as HTML."""
    return html.escape(text)
