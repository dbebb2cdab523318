"""People and institutions with known truth, for the demonstration, tests and benchmarks."""

from pprl.synthetic.exports import write_export
from pprl.synthetic.febrl_sets import febrl
from pprl.synthetic.outcomes import OutcomeRates, outcomes
from pprl.synthetic.region import Population, Roster, population
from pprl.synthetic.years import YearlyRates, two_years

__all__ = [
    "OutcomeRates",
    "Population",
    "Roster",
    "YearlyRates",
    "febrl",
    "outcomes",
    "population",
    "two_years",
    "write_export",
]
