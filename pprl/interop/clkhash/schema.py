"""A linkage schema of clkhash: which features there are and how each is hashed into a filter."""

from __future__ import annotations

import base64
import binascii
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pprl.errors import SchemaError
from pprl.interop.clkhash.comparisons import Comparison, comparison
from pprl.interop.clkhash.formats import Format, value_format
from pprl.interop.clkhash.versions import ignored_keys, latest

MOST_BITS = 1 << 24
MOST_BLAKE_KEY = 64
KEYS_A_FEATURE = 2
_DIGEST_BYTES = {"SHA256": 32, "SHA512": 64}


class IgnoredSettingWarning(UserWarning):
    """A schema has a setting that clkhash does not read."""


@dataclass(frozen=True)
class Hashing:
    """How the values of a feature become bits.

    Attributes:
        form: the form of its values.
        comparison: how a value is cut into tokens.
        bits: insertions, of each token or of the feature.
        bits_are_per: "token", or "feature": shared out among its tokens, the first ones getting
            one more where they do not divide.
        function: "blakeHash" or "doubleHash".
        prevent_singularity: of doubleHash, that a token's step is never 0.
        encoding: in which tokens become bytes.
        sentinel: the value that means missing, which need not have the feature's format; or None.
        replacement: what is hashed in its stead.
    """

    form: Format
    comparison: Comparison
    bits: int
    bits_are_per: Literal["token", "feature"]
    function: Literal["blakeHash", "doubleHash"]
    prevent_singularity: bool
    encoding: str
    sentinel: str | None
    replacement: str


@dataclass(frozen=True)
class Feature:
    """A column.

    Attributes:
        identifier: its name, the header of a CSV file.
        hashing: how it is hashed; None if it is ignored.
    """

    identifier: str
    hashing: Hashing | None


@dataclass(frozen=True)
class LinkageSchema:
    """A schema of version 3, or an older one upgraded as clkhash upgrades it.

    Attributes:
        bits: length of a filter, after folding.
        folds: how often the hashed filter, `bits * 2**folds` long, is folded in two by XOR.
        kdf_hash: hash function of the key derivation, HKDF.
        kdf_salt: its salt, or None.
        kdf_info: its info, or None.
        key_bytes: length of each derived key.
        features: the columns, in order.
    """

    bits: int
    folds: int
    kdf_hash: Literal["SHA256", "SHA512"]
    kdf_salt: bytes | None
    kdf_info: bytes | None
    key_bytes: int
    features: tuple[Feature, ...]

    @property
    def hashed_bits(self) -> int:
        """Length of a filter before folding."""
        return self.bits << self.folds

    @property
    def identifiers(self) -> list[str]:
        """The features' names, in order."""
        return [feature.identifier for feature in self.features]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> LinkageSchema:
        """Read a schema from a JSON file.

        Raises:
            SchemaError: the file is no JSON, or no schema that can be used; every fault is listed.
        """
        try:
            document = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise SchemaError(f"{os.fspath(path)}: {error.strerror}.") from error
        except ValueError:
            raise SchemaError(f"{os.fspath(path)}: not JSON in UTF-8.") from None
        return cls.of(document, os.fspath(path))

    @classmethod
    def of(cls, document: Mapping[str, Any], name: str = "the linkage schema") -> LinkageSchema:
        """Make a schema from what its JSON file holds.

        Args:
            document: the schema, of version 1, 2 or 3.
            name: what to call it in errors.

        Raises:
            SchemaError: it cannot be used; every fault is listed with its place.
        """
        upgraded, faults = latest(document)
        if not faults:
            schema = _read(upgraded, faults)
        if faults:
            listing = "\n".join(f"  {fault}" for fault in faults)
            raise SchemaError(f"{name}: {len(faults)} faults:\n{listing}", faults)
        for setting in ignored_keys(upgraded):
            warnings.warn(f"{name}: clkhash ignores {setting}", IgnoredSettingWarning, stacklevel=2)
        return schema


def _read(document: Mapping[str, Any], faults: list[str]) -> LinkageSchema:
    """Read a checked version 3 schema, and add what the checks cannot see to `faults`."""
    clk = document["clkConfig"]
    kdf = clk["kdf"]
    features = tuple(
        _feature(table, f"features[{index}]", faults)
        for index, table in enumerate(document["features"])
    )
    schema = LinkageSchema(
        bits=clk["l"],
        folds=clk.get("xor_folds", 0),
        kdf_hash=kdf.get("hash", "SHA256"),
        kdf_salt=_decoded(kdf.get("salt"), "clkConfig.kdf.salt", faults),
        kdf_info=_decoded(kdf.get("info"), "clkConfig.kdf.info", faults),
        key_bytes=kdf.get("keySize", MOST_BLAKE_KEY),
        features=features,
    )
    if not features:
        faults.append("features must not be empty")
    hashings = [feature.hashing for feature in features if feature.hashing is not None]
    uses_blake = any(hashing.function == "blakeHash" for hashing in hashings)
    if schema.hashed_bits > MOST_BITS:
        faults.append(f"clkConfig: filters may have {MOST_BITS:,} bits before folding, no more")
    if uses_blake and schema.hashed_bits & (schema.hashed_bits - 1):
        faults.append("clkConfig.l must be a power of two for blakeHash")
    if uses_blake and schema.key_bytes > MOST_BLAKE_KEY:
        faults.append(f"clkConfig.kdf.keySize must be at most {MOST_BLAKE_KEY} for blakeHash")
    if schema.hashed_bits < 2 and any(hashing.prevent_singularity for hashing in hashings):
        faults.append("clkConfig.l must be at least 2 for prevent_singularity")
    derived = KEYS_A_FEATURE * len(features) * schema.key_bytes
    most = 255 * _DIGEST_BYTES[schema.kdf_hash]
    if derived > most:
        faults.append(
            f"clkConfig.kdf.keySize: {derived} bytes of key for {len(features)} features are more "
            f"than HKDF gives with {schema.kdf_hash} ({most})"
        )
    return schema


def _decoded(coded: str | None, place: str, faults: list[str]) -> bytes | None:
    """Bytes from base64, as lenient as clkhash: what is not of the alphabet is passed over."""
    try:
        return None if coded is None else base64.b64decode(coded)
    except (binascii.Error, ValueError):
        faults.append(f"{place} is not base64")
        return None


def _feature(table: Mapping[str, Any], place: str, faults: list[str]) -> Feature:
    """One feature of a checked schema."""
    if table.get("ignored", False):
        return Feature(table["identifier"], None)
    form: Any = None
    compared: Any = None
    try:
        form = value_format(table["format"])
    except ValueError as error:
        faults.append(f"{place}.format.{error}")
    hashing = table["hashing"]
    try:
        compared = comparison(hashing["comparison"])
    except ValueError as error:
        faults.append(f"{place}.hashing.comparison.{error}")
    function = hashing.get("hash", {"type": "blakeHash"})
    is_by_token = "bitsPerToken" in hashing["strategy"]
    missing = hashing.get("missingValue", {})
    sentinel = missing.get("sentinel")
    encoding = table["format"].get("encoding", "utf-8")
    hashed = Hashing(
        form=form,
        comparison=compared,
        bits=int(hashing["strategy"]["bitsPerToken" if is_by_token else "bitsPerFeature"]),
        bits_are_per="token" if is_by_token else "feature",
        function=function["type"],
        prevent_singularity=bool(function.get("prevent_singularity")),
        encoding=encoding,
        sentinel=sentinel,
        replacement=missing.get("replaceWith", sentinel or ""),
    )
    return Feature(table["identifier"], hashed)
