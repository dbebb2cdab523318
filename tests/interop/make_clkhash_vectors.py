"""Makes `tests/vectors/clkhash_settings.json` with clkhash itself.

Run in an environment with clkhash 0.18.3 and nothing else:

    python tests/interop/make_clkhash_vectors.py > tests/vectors/clkhash_settings.json

One case for each setting of a linkage schema: comparisons, hash functions, strategies, encodings,
folds, key derivations, missing values, formats and versions. The records are those of
`clkhash_v3.json` (FEBRL data set 4) beside values with other letters and spellings.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

from clkhash import clk, schema
from clkhash.serialization import serialize_bitarray

VECTORS = Path(__file__).parent.parent / "vectors"
ROWS = 10
SALT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
NUMBERS = ["0", "-7", "+12", " 2000 ", "1_000", "99.5", "-0.005", "1e6", "12345678901234567890", ""]

Cases = dict[str, tuple[dict[str, Any], list[str]]]


def feature(comparison: dict[str, Any], form: Any = None, **hashing: Any) -> dict[str, Any]:
    """A feature of a version 3 schema."""
    return {
        "identifier": "value",
        "format": form or {"type": "string"},
        "hashing": {"comparison": comparison, "strategy": {"bitsPerToken": 10}, **hashing},
    }


def version_3(one: dict[str, Any], **clk_config: Any) -> dict[str, Any]:
    """A schema of an ignored feature and this one: keys go by place."""
    config = {"l": 256, "kdf": {"type": "HKDF"}, **clk_config}
    ignored = {"identifier": "number", "ignored": True}
    return {"version": 3, "clkConfig": config, "features": [ignored, one]}


def older(version: int, hashing: dict[str, Any], **clk_config: Any) -> dict[str, Any]:
    """A schema of version 1 or 2."""
    made = version_3({"identifier": "value", "format": {"type": "string"}, "hashing": hashing})
    made["version"] = version
    made["clkConfig"] |= clk_config
    return made


BIGRAM = {"type": "ngram", "n": 2}
DOUBLE = {"type": "doubleHash"}


def comparisons(odd: list[str]) -> Cases:
    """Every way of cutting tokens."""
    found: Cases = {"exact": (version_3(feature({"type": "exact"})), odd)}
    for n in (1, 2, 3, 5):
        for positional in (False, True):
            gram = {"type": "ngram", "n": n, "positional": positional}
            name = f"{n}-grams" + (", positional" if positional else "")
            found[name] = (version_3(feature(gram)), odd)
    for distance, resolution, precision in ((5, 4, 0), (5, 4, 2), (0.35, 3, 1)):
        numeric = {
            "type": "numeric",
            "thresholdDistance": distance,
            "resolution": resolution,
            "fractional_precision": precision,
        }
        name = f"numeric, distance {distance}, precision {precision}"
        found[name] = (version_3(feature(numeric)), NUMBERS)
    return found


def insertions(names: list[str], odd: list[str]) -> Cases:
    """Every way of setting bits."""
    found: Cases = {}
    for bits in (1, 32, 33, 70):
        strategy = {"bitsPerToken": bits}
        found[f"{bits} bits a token"] = (version_3(feature(BIGRAM, strategy=strategy)), odd)
    for bits in (3, 100):
        for function in ({"type": "blakeHash"}, DOUBLE):
            one = feature(BIGRAM, strategy={"bitsPerFeature": bits}, hash=function)
            found[f"{bits} bits a feature, {function['type']}"] = (version_3(one), odd)
    for prevented in (False, True):
        one = feature(BIGRAM, hash={**DOUBLE, "prevent_singularity": prevented})
        found[f"double hashing, prevent_singularity {prevented}"] = (version_3(one, l=7), odd)
    found["double hashing, 100 bits folded twice"] = (
        version_3(feature(BIGRAM, hash=DOUBLE), l=100, xor_folds=2),
        odd,
    )
    for folds in (1, 3):
        found[f"folded {folds} times"] = (version_3(feature(BIGRAM), l=128, xor_folds=folds), odd)
    found["xorFolds, which is not read"] = (version_3(feature(BIGRAM), xorFolds=1), odd)
    found["longer than 16 bits"] = (version_3(feature(BIGRAM), l=131072), names[:1])
    for name, kdf in {
        "SHA512": {"hash": "SHA512"},
        "salt and info": {"salt": SALT, "info": "aW5mbw=="},
        "base64 with foreign letters": {"salt": "AAEC !AwQF"},
        "keys of 16 bytes": {"keySize": 16},
    }.items():
        document = version_3(feature(BIGRAM), kdf={"type": "HKDF", **kdf})
        found[f"key derivation, {name}"] = (document, names)
    return found


def formats(names: list[str], dates: list[str], odd: list[str]) -> Cases:
    """Every form of values."""
    found: Cases = {}
    for encoding, column in (("utf-16", odd), ("utf-32", odd), ("ascii", names)):
        form = {"type": "string", "encoding": encoding}
        found[f"encoding {encoding}"] = (version_3(feature(BIGRAM, form)), column)
    for name, missing in {
        "sentinel": {"sentinel": ""},
        "replaced": {"sentinel": "", "replaceWith": "unknown"},
        "replaced by nothing": {"sentinel": names[0], "replaceWith": ""},
    }.items():
        found[f"missing value, {name}"] = (version_3(feature(BIGRAM, missingValue=missing)), odd)
    european = [f"{text[8:]}/{text[5:7]}/{text[:4]}" for text in dates]
    day = {"type": "date", "format": "%d/%m/%Y"}
    found["dates"] = (version_3(feature(BIGRAM, day)), european)
    iso = {"type": "date", "format": "%Y-%m-%d"}
    found["ISO dates"] = (
        version_3(feature(BIGRAM, iso, missingValue={"sentinel": "-"})),
        [*dates[:6], "2001-2-3", "-", "1999-12-31", "1000-01-01"],
    )
    found["whole numbers"] = (
        version_3(feature(BIGRAM, {"type": "integer", "minimum": -10})),
        ["0", "-7", "+12", " 2000 ", "1_000", "007", "12345678901234567890"],
    )
    found["enumeration"] = (
        version_3(feature({"type": "exact"}, {"type": "enum", "values": ["f", "m"]})),
        ["f", "m", "f"],
    )
    pattern = {"type": "string", "pattern": "[a-z ]+"}
    found["pattern"] = (version_3(feature(BIGRAM, pattern)), names)
    return found


def versions(names: list[str]) -> Cases:
    """Schemas of the older versions."""
    found: Cases = {}
    for function in ({"type": "blakeHash"}, DOUBLE):
        for weight in (1, 0.55, 2.5, 0):
            one = older(1, {"ngram": 2, "weight": weight}, k=10, hash=function)
            found[f"version 1, {function['type']}, weight {weight}"] = (one, names)
    for strategy in ({"k": 10}, {"numBits": 90}):
        for positional in (False, True):
            hashing = {"ngram": 2, "strategy": strategy, "positional": positional}
            name = f"version 2, {next(iter(strategy))}" + (", positional" if positional else "")
            found[name] = (older(2, hashing, xor_folds=1), names)
    return found


def main() -> None:
    """Print every case with what clkhash makes of it."""
    known = json.loads((VECTORS / "clkhash_v3.json").read_text(encoding="utf-8"))["cases"][0]
    rows = [row for row in known["records"] if all(row) and row[0].isalpha()][:ROWS]
    names = [row[0] for row in rows]
    dates = [f"{row[2][:4]}-{row[2][4:6]}-{row[2][6:]}" for row in rows]
    odd = [*names[:4], "", "é", "o'brien-ño", "漢字", "a" * 40, "x"]
    every = {
        **comparisons(odd),
        **insertions(names, odd),
        **formats(names, dates, odd),
        **versions(names),
    }
    made = []
    for name, (document, column) in every.items():
        records = [[str(number), value] for number, value in enumerate(column)]
        loaded = schema.from_json_dict(copy.deepcopy(document))
        clks = clk.generate_clks(records, loaded, "a shared secret", validate=True, max_workers=1)
        coded = [serialize_bitarray(one) for one in clks]
        made.append({"name": name, "schema": document, "records": records, "clks": coded})
    vectors = {
        "produced_by": "clkhash 0.18.3",
        "command": "python tests/interop/make_clkhash_vectors.py",
        "secret": "a shared secret",
        "cases": made,
    }
    json.dump(vectors, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
