"""How probable is it that two students of one region have a value of a blocking part in common?

Run from the root of the repository: `python -m benchmarks.looseness_table`. It prints the table of
`pprl.audit.looseness`: the mean number of values that two different students share, part by part.
"""

from __future__ import annotations

import numpy as np

from pprl.agreement.blocking import SOURCES, BlockingPart
from pprl.institution.blocks import Blocking
from pprl.institution.name_words import NameWords
from pprl.institution.normalise import normalise
from pprl.synthetic import population

PERSONS = 40_000
TRANSFORMS = ("", "soundex", "1", "2", "3", "4", "5")


def shared_values(part: BlockingPart, blocking: Blocking) -> float:
    """The mean number of values of a part that two different students share."""
    values = blocking.part(part)
    holders = np.unique(values.digests, return_counts=True)[1].astype(float)
    count = len(values.start) - 1
    return float((holders * (holders - 1)).sum() / (count * (count - 1)))


def main() -> None:
    """Print a line for each part."""
    students = normalise(population(PERSONS, seed=1).pool("district").students)
    blocking = Blocking(students, NameWords.of(students), bytes(32), bytes(32))
    for name, source in SOURCES.items():
        for transform in TRANSFORMS if source.letters else ("",):
            part = BlockingPart(name, transform)
            print(f'        "{part}": {shared_values(part, blocking):.2g},')


if __name__ == "__main__":
    main()
