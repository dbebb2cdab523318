"""The three versions of clkhash's linkage schemas: what each may hold, and how they become one.

A schema is accepted if clkhash 0.18.3 loads it and can encode with it; so the checks follow its
published JSON Schemas and what its code does beyond them. (A `fractional_precision` of 1.0 is
refused: clkhash would take it, and make other tokens than of 1.) Versions 1 and 2 are upgraded as
clkhash upgrades them and then checked again as version 3.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from pprl.interop.clkhash.document import (
    Check,
    anything,
    boolean,
    by_keys,
    by_type,
    choice,
    listing,
    mapping,
    number,
    text,
    whole,
)

_ENCODING = choice("ascii", "utf-8", "utf-16", "utf-32")
_ROUND = whole(or_float=True)
_TEXT_FORMAT = mapping(
    {"type": text},
    {
        "encoding": _ENCODING,
        "case": choice("upper", "lower", "mixed"),
        "minLength": whole(0, or_float=True),
        "maxLength": whole(1, or_float=True),
        "description": text,
    },
    closed=True,
)
_PATTERN_FORMAT = mapping(
    {"type": text, "pattern": text}, {"encoding": _ENCODING, "description": text}, closed=True
)
_FORMAT = by_type(
    {
        "string": by_keys(lambda value: _PATTERN_FORMAT if "pattern" in value else _TEXT_FORMAT),
        "integer": mapping(
            {"type": text},
            {"minimum": _ROUND, "maximum": _ROUND, "description": text},
            closed=True,
        ),
        "date": mapping({"type": text, "format": text}, {"description": text}, closed=True),
        "enum": mapping(
            {"type": text, "values": listing(text)}, {"description": text}, closed=True
        ),
    }
)
_MISSING = mapping({"sentinel": text}, {"replaceWith": text})
_HASH = by_type(
    {
        "doubleHash": mapping({}, {"prevent_singularity": boolean}),
        "blakeHash": mapping({}, {"prevent_singularity": choice(None)}),
    }
)
_COMPARISON = by_type(
    {
        "ngram": mapping({"n": whole(1)}, {"positional": boolean}),
        "exact": anything,
        "numeric": mapping(
            {"thresholdDistance": number(0, or_equal=False), "resolution": whole(1)},
            {"fractional_precision": whole(0)},
        ),
    }
)
_STRATEGY = by_keys(
    lambda value: mapping(
        {
            "bitsPerFeature" if "bitsPerFeature" in value else "bitsPerToken": whole(
                1, or_float=True
            )
        },
        closed=True,
    )
)
_KDF = mapping(
    {"type": choice("HKDF")},
    {"hash": choice("SHA256", "SHA512"), "salt": text, "info": text, "keySize": whole(1)},
)
_IGNORED = mapping(
    {"identifier": text, "ignored": choice(True)}, {"description": text}, closed=True
)


def _feature(hashing: Check) -> Check:
    """A feature that is either hashed or only ignored."""
    hashed = mapping(
        {"identifier": text, "format": _FORMAT, "hashing": hashing},
        {"description": text, "ignored": boolean},
    )
    return by_keys(lambda value: hashed if {"format", "hashing"} & set(value) else _IGNORED)


def _document(clk: Mapping[str, Check], hashing: Check) -> Check:
    """A whole schema."""
    return mapping(
        {
            "version": anything,
            "clkConfig": mapping(
                {"l": whole(1), "kdf": _KDF, **clk},
                {"xor_folds": whole(0), "xorFolds": whole(0, or_float=True)},
            ),
            "features": listing(_feature(hashing)),
        }
    )


_GRAM_OPTIONS = {"positional": boolean, "missingValue": _MISSING}
# Open: what it may not hold is told by the check as version 3, unless the feature weighs nothing.
_V1_HASHING = mapping({"ngram": whole(0)}, {**_GRAM_OPTIONS, "weight": number(0, or_equal=True)})
_V2_STRATEGY = by_keys(
    lambda value: mapping({"numBits" if "numBits" in value else "k": _ROUND}, closed=True)
)
_V2_HASHING = mapping(
    {"ngram": whole(1), "strategy": _V2_STRATEGY}, {**_GRAM_OPTIONS, "hash": _HASH}, closed=True
)
_V3_HASHING = mapping(
    {"comparison": _COMPARISON, "strategy": _STRATEGY},
    {"hash": _HASH, "missingValue": _MISSING},
    closed=True,
)
VERSIONS: Mapping[int, Check] = {
    1: _document({"k": whole(1), "hash": _HASH}, _V1_HASHING),
    2: _document({}, _V2_HASHING),
    3: _document({}, _V3_HASHING),
}


def latest(document: object) -> tuple[dict[str, Any], list[str]]:
    """A schema of any version as version 3, and its faults; with faults it is not to be used.

    The document that is passed in is left as it is.
    """
    version = document.get("version") if isinstance(document, dict) else None
    if not isinstance(document, dict):
        return {}, list(VERSIONS[3](document, ""))
    if isinstance(version, bool) or not isinstance(version, int | float) or version not in VERSIONS:
        return {}, ["version must be 1, 2 or 3"]
    faults = list(VERSIONS[int(version)](document, ""))
    if faults:
        return {}, faults
    upgraded = copy.deepcopy(document)
    if version == 1:
        upgraded, faults = _from_1_to_2(upgraded)
    if version <= 2:
        _from_2_to_3(upgraded)
    return upgraded, faults + list(VERSIONS[3](upgraded, ""))


def _from_1_to_2(document: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The hashes per token and the hash function move from the whole schema to each feature."""
    clk = document["clkConfig"]
    features, faults = [], []
    for index, feature in enumerate(document["features"]):
        hashing = feature.get("hashing", {})
        weight = hashing.pop("weight", 1.0)
        if feature.get("ignored", False):
            features.append(feature)
        elif weight == 0:
            features.append({"identifier": feature["identifier"], "ignored": True})
        else:
            k = round(weight * clk["k"])
            if k < 1:
                faults.append(f"features[{index}].hashing.weight times clkConfig.k rounds to 0")
            hashing |= {"strategy": {"k": max(1, k)}, "hash": clk["hash"]}
            features.append(feature)
    config = {"l": clk["l"], "kdf": clk["kdf"], "xor_folds": clk.get("xor_folds", 0)}
    return {"version": 2, "clkConfig": config, "features": features}, faults


def _from_2_to_3(document: dict[str, Any]) -> None:
    """`k`, `numBits` and `ngram` get their new names."""
    document["version"] = 3
    for feature in document["features"]:
        if feature.get("ignored", False):
            continue
        hashing = feature["hashing"]
        for old, new in (("k", "bitsPerToken"), ("numBits", "bitsPerFeature")):
            if old in hashing["strategy"]:
                hashing["strategy"][new] = hashing["strategy"].pop(old)
        positional = hashing.pop("positional", False)
        gram = {"type": "ngram", "n": hashing.pop("ngram"), "positional": positional}
        hashing["comparison"] = gram


def ignored_keys(document: Mapping[str, Any]) -> Iterator[str]:
    """Settings of a version 3 schema that clkhash 0.18.3 does not read, though they look as if.

    Those that ask for what it does anyway are not told.
    """
    clk = document["clkConfig"]
    read = clk.get("xor_folds", 0)
    if clk.get("xorFolds", read) != read:
        yield "clkConfig.xorFolds (clkhash 0.18.3 reads xor_folds)"
    for index, feature in enumerate(document["features"]):
        comparison = feature.get("hashing", {}).get("comparison", {})
        read = comparison.get("fractional_precision", 0)
        if comparison.get("fractionalPrecision", read) != read:
            place = f"features[{index}].hashing.comparison.fractionalPrecision"
            yield f"{place} (clkhash 0.18.3 reads fractional_precision)"
