"""On what an agreement can rest, and what the law then asks its text to say. No legal advice.

34 CFR part 99 (FERPA's regulations), as amended in 2011. `pprl` checks that a line is there, never
that it is true or enough: that is for counsel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ALWAYS = ("purpose", "effective", "expires")
WRITTEN = (*ALWAYS, "scope", "use.may_see", "use.limits", "destruction.by", "destruction.method")


@dataclass(frozen=True)
class LegalException:
    """One ground on which records may be disclosed.

    Attributes:
        name: what counsel calls it.
        citation: where it stands.
        asks: what it is for and what a written agreement under it must say, in a sentence.
        lines: the lines of the agreement that may then not be empty.
    """

    name: str
    citation: str
    asks: str
    lines: tuple[str, ...]


EXCEPTIONS: Mapping[str, LegalException] = MappingProxyType(
    {
        "school-official": LegalException(
            "school official",
            "34 CFR 99.31(a)(1)(i)(B)",
            "The hub performs a service for which the institution would otherwise use employees, "
            "is under its direct control as to the use and maintenance of the records, and "
            "discloses nothing further than 34 CFR 99.33(a) allows.",
            ALWAYS,
        ),
        "studies": LegalException(
            "studies",
            "34 CFR 99.31(a)(6)",
            "A study for or on behalf of the institutions, to develop, validate or administer "
            "predictive tests, to administer student aid, or to improve instruction. The written "
            "agreement, by (iii)(C), states the purpose, scope and duration of the study and the "
            "information to be disclosed; limits its use to that purpose; keeps students from "
            "being identified by anyone but representatives with legitimate interests; and has it "
            "destroyed when it is no longer needed, within a stated time.",
            WRITTEN,
        ),
        "audit-or-evaluation": LegalException(
            "audit or evaluation",
            "34 CFR 99.31(a)(3) and 99.35",
            "An audit or evaluation of a Federal- or State-supported education program, or the "
            "enforcement of Federal requirements that relate to one. The written agreement, by "
            "99.35(a)(3), designates the authorized representative; states the information to be "
            "disclosed, the purpose, and the activity in enough detail to show that it falls under "
            "the exception; has the information destroyed within a stated time; and sets policies "
            "against further disclosure and unauthorized use.",
            WRITTEN,
        ),
        "consent": LegalException(
            "prior consent",
            "34 CFR 99.30",
            "A signed and dated consent of the parent or eligible student that states the records, "
            "the purpose, and the party to whom they may be disclosed.",
            ALWAYS,
        ),
        "other": LegalException(
            "another law",
            "as stated under legal_basis",
            "Another ground or another country's law, which legal_basis states.",
            (*ALWAYS, "legal_basis"),
        ),
    }
)
