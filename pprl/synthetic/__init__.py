"""People and institutions with known truth, for the demonstration, tests and benchmarks."""

from pprl.synthetic.exports import write_export
from pprl.synthetic.febrl_sets import febrl
from pprl.synthetic.region import Population, Roster, population

__all__ = ["Population", "Roster", "febrl", "population", "write_export"]
