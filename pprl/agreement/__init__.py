"""What the partners agreed: parties, purpose, dates, fields, passes, output rules (both sides)."""

from pprl.agreement.agreement import Agreement
from pprl.agreement.linkage import LinkageSection, Pass, Segment
from pprl.agreement.party import Party
from pprl.agreement.rules import Destruction, OutputRules, Payload, RecordRules, Use

__all__ = [
    "Agreement",
    "Destruction",
    "LinkageSection",
    "OutputRules",
    "Party",
    "Pass",
    "Payload",
    "RecordRules",
    "Segment",
    "Use",
]
