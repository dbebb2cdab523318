"""clkhash's own functions for making CLKs, by their names: for scripts that change an import."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from typing import Literal, TextIO

import numpy as np
from bitarray import bitarray

from pprl.errors import StudentsError, UsageError
from pprl.interop.clkhash.encoding import encode
from pprl.interop.clkhash.schema import LinkageSchema


def generate_clks(
    pii_data: Sequence[Sequence[str]],
    schema: LinkageSchema,
    secret: str | bytes,
    validate: bool = True,
    callback: Callable[[int, Sequence[int]], None] | None = None,
    max_workers: int | None = None,
) -> list[bitarray]:
    """`clkhash.clk.generate_clks`: one bitarray a record, equal to clkhash's.

    Args:
        pii_data: rows of as many strings as the schema has features.
        schema: the linkage schema.
        secret: what the partners share.
        validate: whether values must have the format of their feature.
        callback: called once, with the number of records and the bits set in each filter.
        max_workers: not used; there is one process.

    Raises:
        StudentsError: values do not fit the schema.
    """
    clks = encode(pii_data, schema, secret, validate=validate)
    if callback is not None:
        callback(len(clks), np.bitwise_count(clks.filters).sum(axis=1, dtype=np.int64).tolist())
    return clks.to_bitarrays()


def generate_clk_from_csv(
    input_f: TextIO,
    secret: str | bytes,
    schema: LinkageSchema,
    validate: bool = True,
    header: bool | Literal["ignore"] = True,
    progress_bar: bool = True,
    max_workers: int | None = None,
) -> list[bitarray]:
    """`clkhash.clk.generate_clk_from_csv`: one bitarray a row of a CSV file.

    Args:
        input_f: the file, opened as text with `newline=""`.
        secret: what the partners share.
        schema: the linkage schema.
        validate: whether values must have the format of their feature.
        header: whether there is a header row, and it must name the features in their order; or
            "ignore" to pass over it.
        progress_bar: not used; the encoding takes a second for some hundred thousand rows.
        max_workers: not used.

    Raises:
        UsageError: `header` is none of these.
        StudentsError: the header or values do not fit the schema.
    """
    if header not in (True, False, "ignore"):
        raise UsageError("header must be True, False or 'ignore'.")
    reader = csv.reader(input_f)
    if header:
        names = [name.removeprefix("\ufeff") for name in next(reader, [])]
        if header is True and names != schema.identifiers:
            raise StudentsError(
                f"the header row must be {', '.join(schema.identifiers)}, in this order; pass "
                "header='ignore' if the columns are right and only their names are not."
            )
    return generate_clks(list(reader), schema, secret, validate)
