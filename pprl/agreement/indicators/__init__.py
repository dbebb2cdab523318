"""What a partnership counts: the customary definitions, as data, and a partnership's own."""

from pprl.agreement.indicators.definitions import (
    OTHERWISE,
    TOTAL,
    Cohort,
    Condition,
    Definitions,
    Flow,
    Indicator,
    Outcome,
    Stage,
    Test,
)
from pprl.agreement.indicators.reading import customary, joined, read_own, with_file
from pprl.agreement.indicators.wording import definitions_table

__all__ = [
    "OTHERWISE",
    "TOTAL",
    "Cohort",
    "Condition",
    "Definitions",
    "Flow",
    "Indicator",
    "Outcome",
    "Stage",
    "Test",
    "customary",
    "definitions_table",
    "joined",
    "read_own",
    "with_file",
]
