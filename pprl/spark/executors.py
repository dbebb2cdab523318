"""Work that runs on Spark's executors, and how its errors come back.

An error of Python's or of Arrow's may quote the value it failed on, and Spark writes it to its
logs; so nothing but errors of pprl's own, which hold no student's value, leaves the work.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from pprl import errors
from pprl.errors import PPRLError

Work = Callable[..., pa.Table]

_RAISED = re.compile(r"pprl\.errors\.(\w+): (.*)")


def on_batches(work: Work, *fixed: Any) -> Callable[[Iterator[pa.RecordBatch]], Any]:
    """For `mapInArrow`: `work(*fixed, table)` on each batch of rows."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Go through the batches of one partition."""
        for batch in batches:
            yield from guarded(work, *fixed, pa.Table.from_batches([batch])).to_batches()

    return run


def on_groups(work: Work, *fixed: Any) -> Callable[[pa.Table], pa.Table]:
    """For `applyInArrow` of a group: `work(*fixed, table)`."""

    def run(table: pa.Table) -> pa.Table:
        """Work on one group."""
        return guarded(work, *fixed, table)

    return run


def on_both(work: Work, *fixed: Any) -> Callable[[pa.Table, pa.Table], pa.Table]:
    """For `applyInArrow` of two groups of one key: `work(*fixed, left, right)`."""

    def run(left: pa.Table, right: pa.Table) -> pa.Table:
        """Work on one pair of groups."""
        return guarded(work, *fixed, left, right)

    return run


def guarded(work: Work, *arguments: Any) -> pa.Table:
    """What the work gives.

    Raises:
        PPRLError: what it raises of pprl's own.
        RuntimeError: it raised anything else; the text tells the kind of error alone.
    """
    try:
        return work(*arguments)
    except PPRLError:
        raise
    except Exception as error:
        place = f"{work.__module__}.{work.__qualname__}"
        raise RuntimeError(f"{place} failed on an executor: {type(error).__name__}") from None


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Raise errors of pprl's own that executors raised as what they were.

    Raises:
        PPRLError: an executor did; without the traces that Spark adds.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        found = _RAISED.search(str(error))
        if found is None:
            raise
        raise getattr(errors, found[1])(found[2].strip()) from None
