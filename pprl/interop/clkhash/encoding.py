"""Records into filters by a linkage schema, bit for bit as clkhash 0.18.3 makes them.

Each distinct value of a feature is cut into tokens once, and each distinct token hashed once; the
filter of a value is the union of its tokens' and that of a record the union of its values'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
import pandas as pd

from pprl.errors import StudentsError, UsageError
from pprl.interop.clkhash.comparisons import Numeric, Tokens, factorized, numbered
from pprl.interop.clkhash.hashing import Hash, feature_keys, position_hash
from pprl.interop.clkhash.schema import Hashing, LinkageSchema
from pprl.interop.clkhash.unions import Whole, Words, folded, rows_of_bits, shares, unions
from pprl.interop.clks import Clks
from pprl.progress import Progress, tracked

_ROWS = 1 << 17
_UNION_BYTES = 1 << 27
_TOLD = 20


def encode(
    records: pd.DataFrame | Sequence[Sequence[str]],
    schema: LinkageSchema,
    secret: str | bytes,
    *,
    validate: bool = True,
    progress: Progress = False,
) -> Clks:
    """Hash records into one filter each, a cryptographic long-term key (CLK).

    Such filters tell much: equal values set equal bits in every record, so that their frequencies
    and similarities can be matched with those of known people. This is for partners who already
    use clkhash; `pprl.encode` is what hides more.

    Args:
        records: a frame with a column for each feature, whatever the order, missing values counting
            as ""; or rows of as many strings as there are features, in their order.
        schema: the linkage schema.
        secret: what the partners share; text counts as UTF-8.
        validate: whether values must have the format of their feature. If not, whole numbers and
            dates still must, because they are rewritten before they are hashed.
        progress: as in `pprl.progress`.

    Returns:
        The filters, in the order of the records.

    Raises:
        StudentsError: columns are missing, or values do not fit the schema; the message names rows,
            counted from 1, and features, and holds no value.
        UsageError: a column holds something other than text.
    """
    (whole,) = _encoded(records, schema, secret, validate, progress)
    return Clks(whole, schema.bits)


def encode_features(
    records: pd.DataFrame | Sequence[Sequence[str]],
    schema: LinkageSchema,
    secret: str | bytes,
    *,
    validate: bool = True,
    progress: Progress = False,
) -> dict[str, Clks]:
    """Hash each feature into a filter of its own, for comparing field by field.

    The filter is the one that the schema makes if every other feature is missing. A file of them
    tells more than one of whole records: each column can be attacked by itself.

    Args:
        records: as in `encode`.
        schema: as in `encode`.
        secret: as in `encode`.
        validate: as in `encode`.
        progress: as in `encode`.

    Returns:
        Filters by the features' names, of those that are hashed.

    Raises:
        StudentsError: as in `encode`.
        UsageError: as in `encode`, or two features have one name.
    """
    hashed = [feature.identifier for feature in schema.features if feature.hashing is not None]
    if len(set(hashed)) < len(hashed):
        raise UsageError("two features of the schema have one name.")
    filters = _encoded(records, schema, secret, validate, progress, is_apart=True)
    return {
        name: Clks(filters_of_one, schema.bits)
        for name, filters_of_one in zip(hashed, filters, strict=True)
    }


def _encoded(
    records: pd.DataFrame | Sequence[Sequence[str]],
    schema: LinkageSchema,
    secret: str | bytes,
    validate: bool,
    progress: Progress,
    *,
    is_apart: bool = False,
) -> list[Words]:
    """The filters of whole records, or of each hashed feature.

    Raises:
        StudentsError: as in `encode`.
        UsageError: as in `encode`.
    """
    columns = _columns(records, schema)
    secret = secret.encode() if isinstance(secret, str) else secret
    hashed = [
        (
            _HashedFeature(
                feature.identifier,
                feature.hashing,
                position_hash(feature.hashing, pair, schema.hashed_bits),
            ),
            column,
        )
        for feature, column, pair in zip(
            schema.features, columns, feature_keys(schema, secret), strict=True
        )
        if feature.hashing is not None
    ]
    number = len(columns[0])
    made = [
        np.zeros((number, -(-schema.bits // 64)), np.uint64)
        for _ in range(len(hashed) if is_apart else 1)
    ]
    faults: list[tuple[int, str]] = []
    words = -(-schema.hashed_bits // 64)
    step = max(1, min(_ROWS, _UNION_BYTES // (8 * words)))
    for start in tracked(range(0, number, step), "encode", progress):
        rows = slice(start, min(start + step, number))
        union = np.zeros((rows.stop - start, words), np.uint64)
        for place, (feature, column) in enumerate(hashed):
            codes, distinct = _distinct(column[rows], feature.identifier)
            tokens, refused = feature.tokens(distinct, validate=validate)
            for code, reason in refused.items():
                found = np.flatnonzero(codes == code) + start + 1
                faults += [(row, f"{feature.identifier} {reason}") for row in found.tolist()]
            if faults:
                continue
            filters = feature.filters(tokens, schema.hashed_bits)
            if is_apart:
                made[place][rows] = folded(filters, schema.bits, schema.folds)[codes]
            else:
                union |= filters[codes]
        if not is_apart:
            made[0][rows] = folded(union, schema.bits, schema.folds)
    if faults:
        raise StudentsError(_told(faults))
    return made


@dataclass(frozen=True)
class _HashedFeature:
    """A feature, and where its tokens go."""

    identifier: str
    hashing: Hashing
    hash: Hash

    def tokens(self, values: list[str], *, validate: bool) -> tuple[Tokens, dict[int, str]]:
        """Cut values into tokens; those that do not fit have none, and a reason by their place."""
        hashing = self.hashing
        refused: dict[int, str] = {}
        if hashing.form.takes_all and not isinstance(hashing.comparison, Numeric):
            texts = [hashing.replacement if v == hashing.sentinel else v for v in values]
        else:
            texts = []
            for place, value in enumerate(values):
                try:
                    texts.append(self._text(value, validate=validate))
                except ValueError as error:
                    refused[place] = str(error)
                    texts.append("")
        # One call tells whether all is well; which are not is asked only if it is not.
        if _lacks(hashing.encoding, "".join(texts)):
            for place, text in enumerate(texts):
                if _lacks(hashing.encoding, text):
                    refused[place] = f"has letters that {hashing.encoding} has not"
                    texts[place] = ""
        return hashing.comparison.cut(texts), refused

    def _text(self, value: str, *, validate: bool) -> str:
        """The text of a value that is hashed, if the comparison takes it."""
        hashing = self.hashing
        is_missing = value == hashing.sentinel
        text = hashing.replacement if is_missing else hashing.form.hashed(value, validate=validate)
        if isinstance(hashing.comparison, Numeric):
            hashing.comparison.tokens(text)
        return text

    def filters(self, tokens: Tokens, bits: int) -> Words:
        """The filter of each value, `uint64[values, words]`."""
        if self.hashing.bits_are_per == "token":
            insertions = np.full(len(tokens.distinct), self.hashing.bits)
            rows, units = np.arange(len(tokens.distinct)), tokens.flat
        else:
            split = shares(self.hashing.bits, tokens.counts)
            width = int(split.max(initial=0)) + 1
            keys = tokens.flat * width + split
            units, seen = numbered(keys, width * len(tokens.distinct))
            rows, insertions = np.divmod(keys[seen], width)
        encoded = [token.encode(self.hashing.encoding) for token in tokens.distinct]
        positions = self.hash(encoded, int(insertions.max(initial=0)))
        return unions(rows_of_bits(positions, rows, insertions, bits), units, tokens.counts)


def _lacks(encoding: str, text: str) -> bool:
    """Whether an encoding lacks some letter of a text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return True
    return False


def _distinct(values: list[str], identifier: str) -> tuple[Whole, list[str]]:
    """Each value as its place among the distinct ones, and those.

    Raises:
        UsageError: a value is no text.
    """
    try:
        codes, distinct = factorized(values)
        if all(isinstance(value, str) for value in distinct):
            return codes, distinct
    except TypeError:
        # What cannot be a key of a dictionary is no text either.
        pass
    raise UsageError(
        f"{identifier} holds values that are not text: read the file with dtype=str, so that "
        "leading zeros stay."
    )


def _columns(
    records: pd.DataFrame | Sequence[Sequence[str]], schema: LinkageSchema
) -> list[list[str]]:
    """The column of each feature, ignored ones included."""
    width = len(schema.features)
    if isinstance(records, pd.DataFrame):
        missing = [name for name in schema.identifiers if name not in records.columns]
        if missing:
            raise StudentsError(f"the records lack the columns {', '.join(missing)}.")
        frames = [records[name] for name in schema.identifiers]
        columns = [column.where(column.notna(), "").tolist() for column in frames]
    else:
        if set(map(len, records)) - {width}:
            ragged = [str(row) for row, record in enumerate(records, 1) if len(record) != width]
            shown = ", ".join(ragged[:_TOLD])
            raise StudentsError(
                f"{len(ragged)} rows do not have the schema's {width} columns: rows {shown}."
            )
        columns = [list(map(itemgetter(place), records)) for place in range(width)]
    return columns


def _told(faults: list[tuple[int, str]]) -> str:
    """The first faults, by row, and how many there are."""
    faults.sort()
    lines = [f"  row {row}: {fault}" for row, fault in faults[:_TOLD]]
    if len(faults) > _TOLD:
        lines.append(f"  and {len(faults) - _TOLD:,} more")
    return "\n".join([f"{len(faults):,} values do not fit the linkage schema:", *lines])
