"""What the partners agreed: parties, purpose, dates, fields, passes, output rules (both sides)."""

from pprl.agreement.agreement import Agreement, OutputRules, RecordRules
from pprl.agreement.linkage import LinkageSection, Pass, Segment
from pprl.agreement.party import Party

__all__ = [
    "Agreement",
    "LinkageSection",
    "OutputRules",
    "Party",
    "Pass",
    "RecordRules",
    "Segment",
]
