"""The audit as a page: one HTML file with everything in it, for a privacy officer.

It loads nothing, runs no script and holds no student: a sentence, a light, pictures, then details.
"""

from __future__ import annotations

import html
from collections.abc import Iterator

from pprl.audit.verdict import GREEN, RED, Audit, Finding

_COLOURS = {"green": "#1b7f3b", "amber": "#b36b00", "red": "#b3261e"}
_WORDS = {"green": "as designed", "amber": "know this", "red": "stop"}
_SIGNS = {"green": "✓", "amber": "!", "red": "✕"}
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1d1d1f; background: #fff; margin: 0 auto;
  max-width: 62rem; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.3rem; font-weight: 600; margin: 0 0 1.5rem; color: #555; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
.headline { display: flex; gap: 1.25rem; align-items: center; padding: 1.25rem 1.5rem;
  border: 1px solid #ddd; border-left-width: .5rem; border-radius: .5rem; }
.headline p { margin: 0; font-size: 1.25rem; line-height: 1.4; }
.light { display: inline-block; min-width: 6.5rem; text-align: center; border-radius: 1rem;
  padding: .1rem .6rem; color: #fff; font-size: .85rem; white-space: nowrap; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; vertical-align: top; padding: .55rem .75rem .55rem 0;
  border-bottom: 1px solid #e5e5e5; }
th { font-weight: 600; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.small { color: #555; font-size: .88rem; }
figure { margin: 1rem 0 0; }
figcaption { color: #555; font-size: .88rem; margin-top: .5rem; }
svg text { font: 13px system-ui, sans-serif; fill: #1d1d1f; }
details { margin-top: .75rem; }
summary { cursor: pointer; }
@media print { details { display: block; } }
"""


CLASSICAL_SHARE = 0.988
"""Of 4,000 classical filters, those found again (`benchmarks/results/classical_matching.json`)."""


def page(audit: Audit) -> str:
    """The audit as one HTML document."""
    return "\n".join(_lines(audit)) + "\n"


def _lines(audit: Audit) -> Iterator[str]:
    """The document, piece by piece."""
    colour = _COLOURS[audit.light]
    title = f"Privacy audit: {audit.title}"
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{_text(title)}</h1>"
    yield f'<div class="headline" style="border-left-color:{colour}">'
    yield f"{_badge(audit.light)}<p>{_text(audit.headline)}</p></div>"
    sources = ", ".join(f"{name} ({count:,} records)" for name, count in audit.sources.items())
    yield f'<p class="small">Examined: {_text(sources)}.</p>'
    yield "<h2>How often would a guess be right?</h2>"
    yield from _picture(audit)
    yield "<h2>What was tried</h2>"
    yield "<table><thead><tr><th>Attack</th><th>Result</th>"
    yield "<th>Light and threshold</th></tr></thead>"
    yield "<tbody>"
    for finding in sorted(audit.findings, key=_urgency):
        yield _row(finding)
    yield "</tbody></table>"
    yield "<h2>Details</h2>"
    for name, table in audit.tables.items():
        yield f"<details><summary>{_text(name)}</summary><table><tbody>"
        for label, value in table.items():
            yield f'<tr><td>{_text(label)}</td><td class="number">{_number(value)}</td></tr>'
        yield "</tbody></table></details>"
    if audit.notes:
        yield "<h2>Not examined</h2><ul>"
        yield from (f"<li>{_text(note)}</li>" for note in dict.fromkeys(audit.notes))
        yield "</ul>"
    yield (
        '<p class="small">These files are pseudonymous personal data, not anonymous. Whoever '
        "holds the linkage key and the files can test guesses. What is claimed, and where it ends, "
        "stands in docs/security.md.</p>"
    )
    yield "</body></html>"


def _urgency(finding: Finding) -> int:
    """What needs attention stands first."""
    return {RED: 0, GREEN: 2}.get(finding.light, 1)


def _row(finding: Finding) -> str:
    """A finding as a row."""
    return (
        f"<tr><td><strong>{_text(finding.name)}</strong><br>"
        f'<span class="small">{_text(finding.meaning)}</span></td>'
        f"<td>{_text(finding.figure)}</td>"
        f'<td>{_badge(finding.light)}<br><span class="small">{_text(finding.threshold)}</span>'
        "</td></tr>"
    )


def _picture(audit: Audit) -> Iterator[str]:
    """Bars of the guesses' success, beside a blind guess and the classical encoding."""
    records = max(1, max(audit.sources.values()))
    bars = [("blind guess", 1 / records, "#777")]
    for finding in audit.findings:
        if finding.name.startswith(("Could who", "Does matching")):
            bars.append((finding.name.rstrip("?"), finding.value, _COLOURS[finding.light]))
    bars.append(("classical filters (CLK), whole plaintext known", CLASSICAL_SHARE, "#777"))
    height = 46 * len(bars)
    yield f'<figure><svg viewBox="0 0 900 {height}" width="100%" role="img">'
    yield "<title>Share of guesses that are right, by attack</title>"
    for place, (label, value, colour) in enumerate(bars):
        y = 46 * place
        width = max(2.0, 760 * min(1.0, value))
        yield f'<text x="0" y="{y + 15}">{_text(label)}</text>'
        yield f'<rect x="0" y="{y + 21}" width="760" height="14" fill="#f0f0f0"/>'
        yield f'<rect x="0" y="{y + 21}" width="{width:.1f}" height="14" fill="{colour}"/>'
        yield f'<text x="770" y="{y + 33}">{_share(value)}</text>'
    yield "</svg><figcaption>Share of guesses that are right. Classical filters: so many of 4,000 "
    yield "records were found again by graph matching (docs/security.md).</figcaption></figure>"


def _badge(light: str) -> str:
    """A light that can be told without colours."""
    return (
        f'<span class="light" style="background:{_COLOURS[light]}">'
        f"{_SIGNS[light]} {_WORDS[light]}</span>"
    )


def _share(value: float) -> str:
    """A probability as a percentage of two figures."""
    return f"{value:.0%}" if value >= 0.1 else f"{100 * value:.2g}%"


def _number(value: float) -> str:
    """A figure of a table."""
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 1 else f"{value:.3g}"


def _text(content: str) -> str:
    """Text as HTML."""
    return html.escape(content)
