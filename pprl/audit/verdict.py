"""The verdict of an audit: findings, each with its light, and a sentence over them all."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GREEN, AMBER, RED = "green", "amber", "red"


@dataclass(frozen=True)
class Finding:
    """What one attack achieved.

    Attributes:
        name: the attack, as a question.
        light: "green", "amber" or "red".
        figure: what was measured, for a person to read.
        value: the same as a number.
        threshold: from where on the light changes, and whose threshold that is.
        meaning: what it means, in a sentence or two.
    """

    name: str
    light: str
    figure: str
    value: float
    threshold: str
    meaning: str


@dataclass(frozen=True)
class Audit:
    """What an attacker could learn from these submissions.

    Attributes:
        title: the agreement's.
        sources: the institutions and their numbers of records.
        findings: one for each attack that applied.
        tables: further figures, for the details.
        notes: what was not examined, and why.
    """

    title: str
    sources: Mapping[str, int]
    findings: tuple[Finding, ...]
    tables: Mapping[str, Mapping[str, float]]
    notes: tuple[str, ...] = ()

    @property
    def light(self) -> str:
        """The worst light of all findings."""
        lights = {finding.light for finding in self.findings}
        return RED if RED in lights else AMBER if AMBER in lights else GREEN

    @property
    def headline(self) -> str:
        """One sentence for a privacy officer."""
        worst = [f for f in self.findings if f.light == self.light]
        if self.light == GREEN:
            return (
                "No attack did better than guessing, or than the limits stated below. These are "
                "still personal data."
            )
        names = "; ".join(f"{f.name.rstrip('?').lower()}: {f.figure}" for f in worst)
        if self.light == AMBER:
            return f"Within the design, but not nothing. {names[:1].upper()}{names[1:]}."
        return f"Do not send or use these files before this is resolved: {names}."

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "title": self.title,
            "light": self.light,
            "headline": self.headline,
            "sources": dict(self.sources),
            "findings": [dataclasses.asdict(finding) for finding in self.findings],
            "tables": {name: dict(table) for name, table in self.tables.items()},
            "notes": list(self.notes),
        }
