"""The audit as a page: one HTML file with everything in it, for a privacy officer.

It loads nothing, runs no script and holds no student: a sentence, a light, pictures, then details.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from pprl.audit.verdict import GREEN, RED, Audit, Finding
from pprl.page import columns, framed, html_table, scrolling

_COLOURS = {"green": "var(--good)", "amber": "var(--mid)", "red": "var(--bad)"}
_WORDS = {"green": "as designed", "amber": "know this", "red": "stop"}
_SIGNS = {"green": "✓", "amber": "!", "red": "✕"}
_STYLE = """
.headline { display: flex; flex-wrap: wrap; gap: .75rem 1.25rem; align-items: center;
  padding: 1.25rem 1.5rem; border: 1px solid var(--line); border-left-width: .5rem;
  border-radius: .5rem; }
.headline p { margin: 0; font-size: 1.25rem; line-height: 1.4; flex: 1 1 20rem; max-width: none; }
.light { display: inline-block; min-width: 7rem; text-align: center; border: 2px solid;
  border-radius: 1rem; padding: 0 .6rem; font-size: .85rem; font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 400; }
svg text { font: 13px system-ui, sans-serif; fill: currentColor; }
"""


CLASSICAL_SHARE = 0.988
"""Of 4,000 classical filters, those found again (`benchmarks/results/classical_matching.json`)."""


def page(audit: Audit) -> str:
    """The audit as one HTML document."""
    return framed(f"Privacy audit: {audit.title}", "\n".join(_lines(audit)), style=_STYLE)


def _lines(audit: Audit) -> Iterator[str]:
    """The document, piece by piece."""
    yield f'<div class="headline" style="border-left-color:{_COLOURS[audit.light]}">'
    yield f"{_badge(audit.light)}<p>{escape(audit.headline)}</p></div>"
    sources = ", ".join(f"{name} ({count:,} records)" for name, count in audit.sources.items())
    yield f'<p class="soft">Examined: {escape(sources)}.</p>'
    yield "<h2>How often would a guess be right?</h2>"
    yield _picture(audit)
    yield "<h2>What was tried</h2>"
    yield html_table(
        "Attacks",
        columns("Attack", "Result", "Light and threshold", texts=3),
        [_row(finding) for finding in sorted(audit.findings, key=_urgency)],
    )
    yield "<h2>Details</h2>"
    for name, table in audit.tables.items():
        rows = [(escape(label), _number(value)) for label, value in table.items()]
        told = html_table(name, columns("", ""), rows, shown=False)
        yield f"<details><summary>{escape(name)}</summary>{told}</details>"
    if audit.notes:
        yield "<h2>Not examined</h2><ul>"
        yield from (f"<li>{escape(note)}</li>" for note in dict.fromkeys(audit.notes))
        yield "</ul>"
    yield (
        '<p class="soft">These files are pseudonymous personal data, not anonymous. Whoever '
        "holds the linkage key and the files can test guesses. What is claimed, and where it ends, "
        "stands in docs/security.md.</p>"
    )


def _urgency(finding: Finding) -> int:
    """What needs attention stands first."""
    return {RED: 0, GREEN: 2}.get(finding.light, 1)


def _row(finding: Finding) -> tuple[str, ...]:
    """A finding as a row."""
    return (
        f"<strong>{escape(finding.name)}</strong><br>"
        f'<span class="soft">{escape(finding.meaning)}</span>',
        escape(finding.figure),
        f'{_badge(finding.light)}<br><span class="soft">{escape(finding.threshold)}</span>',
    )


def _picture(audit: Audit) -> str:
    """Bars of the guesses' success, beside a blind guess and the classical encoding."""
    records = max(1, max(audit.sources.values()))
    bars = [("blind guess", 1 / records, "var(--soft)")]
    for finding in audit.findings:
        if finding.name.startswith(("Could who", "Does matching")):
            bars.append((finding.name.rstrip("?"), finding.value, _COLOURS[finding.light]))
    bars.append(("classical filters (CLK), whole plaintext known", CLASSICAL_SHARE, "var(--soft)"))
    height = 46 * len(bars)
    drawn = [
        f'<svg viewBox="0 0 860 {height}" role="img" aria-label="Share of guesses that are right, '
        'by attack">'
    ]
    for place, (label, value, colour) in enumerate(bars):
        y = 46 * place
        width = max(2.0, 760 * min(1.0, value))
        drawn += [
            f'<text x="0" y="{y + 15}">{escape(label)}</text>',
            f'<rect x="0" y="{y + 21}" width="760" height="14" fill="var(--line)"/>',
            f'<rect x="0" y="{y + 21}" width="{width:.1f}" height="14" fill="{colour}"/>',
            f'<text x="770" y="{y + 33}">{_share(value)}</text>',
        ]
    return (
        "<figure><figcaption>Share of guesses that are right</figcaption>"
        f"{scrolling(''.join(drawn) + '</svg>', 'Chart: share of guesses that are right')}"
        '<p class="soft">Classical filters: so many of 4,000 records were found again by graph '
        "matching (docs/security.md).</p></figure>"
    )


def _badge(light: str) -> str:
    """A light that can be told without colours."""
    return (
        f'<span class="light" style="color:{_COLOURS[light]}">'
        f"{_SIGNS[light]} {_WORDS[light]}</span>"
    )


def _share(value: float) -> str:
    """A probability as a percentage of two figures."""
    return f"{value:.0%}" if value >= 0.1 else f"{100 * value:.2g}%"


def _number(value: float) -> str:
    """A figure of a table."""
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 1 else f"{value:.3g}"
