"""Random linkage schemas and records, through pprl and through clkhash: must agree to the bit.

Run `python benchmarks/interop_with_clkhash.py [CASES]` (`make interop`); clkhash gets an
environment of its own. Some cases hold what must be refused, in the records or in one place of the
schema: then both must refuse it, or both take it. Prints one line; a difference is reduced and
printed by hypothesis.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from environments import environment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pprl.errors import PPRLError
from pprl.interop.clkhash import IgnoredSettingWarning, LinkageSchema, encode

HERE = Path(__file__).parent
LATE = ("for blakeHash", "for prevent_singularity")
CODED = "AAECAwQFBgcICQoLDA0ODw=="

letters = st.text(
    st.one_of(st.sampled_from("abcXYZ -'"), st.characters(codec="utf-8")), max_size=12
)
# What each format of value is, by whether all of them conform.
VALUES = {
    ("string", True): letters,
    ("string", False): letters,
    ("integer", True): st.integers(3, 5).map(str),
    ("integer", False): st.one_of(
        st.integers(-(10**6), 10**20).map(str),
        st.sampled_from([" 7", "+12", "1_0", "٣", "x", ""]),
    ),
    ("date", True): st.dates().map(str),
    ("date", False): st.sampled_from(["2001-2-3", "0123-01-12", "01-2-3", "2001-02-30", ""]),
    ("enum", True): st.sampled_from("fm"),
    ("enum", False): st.sampled_from(["", "f", "other"]),
}
NUMBERS = {
    True: st.one_of(
        st.integers(-(10**9), 10**9).map(str), st.floats(-1e20, 1e20).map(str), st.just("")
    ),
    False: st.sampled_from(["nan", "inf", "x", "12.5", "1e300", " 8 "]),
}
missing = st.fixed_dictionaries(
    {"sentinel": st.sampled_from(["", "other", "x", "N/A"])},
    optional={"replaceWith": st.sampled_from(["", "unknown", "7"])},
)
hashes = st.one_of(
    st.just({"type": "blakeHash"}),
    st.fixed_dictionaries(
        {"type": st.just("doubleHash")}, optional={"prevent_singularity": st.booleans()}
    ),
)
formats = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "encoding": st.sampled_from(["ascii", "utf-8", "utf-16", "utf-32"]),
            "case": st.sampled_from(["upper", "lower", "mixed"]),
            "minLength": st.integers(0, 1),
            "maxLength": st.integers(9, 12),
        },
    ),
    st.fixed_dictionaries(
        {"type": st.just("string"), "pattern": st.sampled_from([".*", "(?s).*", "[a-z ]*"])}
    ),
    st.fixed_dictionaries(
        {"type": st.just("integer")},
        optional={"minimum": st.integers(-5, 5), "maximum": st.integers(3, 10**9)},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("date"),
            "format": st.sampled_from(["%Y-%m-%d", "%y-%m-%d"]),
        }
    ),
    st.fixed_dictionaries({"type": st.just("enum"), "values": st.just(["f", "m"])}),
)
encodings = st.fixed_dictionaries(
    {}, optional={"encoding": st.sampled_from(["utf-8", "utf-16", "utf-32"])}
)
grams = st.fixed_dictionaries(
    {"type": st.just("ngram"), "n": st.integers(1, 4)}, optional={"positional": st.booleans()}
)
numerics = st.fixed_dictionaries(
    {
        "type": st.just("numeric"),
        "thresholdDistance": st.one_of(st.integers(1, 10**6), st.floats(1e-3, 1e20)),
        "resolution": st.integers(1, 12),
    },
    optional={"fractional_precision": st.integers(0, 20)},
)
strategies = st.one_of(
    st.builds(lambda k: {"bitsPerToken": k}, st.integers(1, 70)),
    st.builds(lambda k: {"bitsPerFeature": k}, st.integers(1, 300)),
)
kdfs = st.fixed_dictionaries(
    {"type": st.just("HKDF")},
    optional={
        "hash": st.sampled_from(["SHA256", "SHA512"]),
        "salt": st.sampled_from(["", CODED, CODED[:12], "not= base64!" + CODED]),
        "info": st.sampled_from(["", CODED]),
        "keySize": st.integers(1, 64),
    },
)
LENGTHS = (1, 8, 64, 128, 512, 1024, 131072)


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A schema of any version, and records whose values mostly have its formats."""
    version = draw(st.sampled_from([1, 2, 3, 3]))
    features, columns = [], []
    uses_blake = False
    is_clean = draw(st.integers(0, 3)) > 0
    number, rows = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    for index in range(number):
        if draw(st.integers(0, 9)) == 0:
            features.append({"identifier": f"f{index}", "ignored": True})
            columns.append(st.just("anything"))
            continue
        value = draw(formats)
        if is_clean and value["type"] == "string":
            value = {"type": "string", **draw(encodings)}
        elif is_clean and value["type"] == "date":
            value["format"] = "%Y-%m-%d"
        hashing: dict[str, Any] = {}
        if draw(st.booleans()):
            hashing["missingValue"] = draw(missing)
        function = draw(hashes)
        uses_blake |= function["type"] == "blakeHash"
        if version > 1 and (function["type"] == "doubleHash" or draw(st.booleans())):
            hashing["hash"] = function
        values = VALUES[value["type"], is_clean]
        if version == 3:
            compared = [grams, st.just({"type": "exact"}), numerics]
            if is_clean and value["type"] == "enum":
                compared.pop()
            hashing["comparison"] = draw(st.one_of(compared))
            hashing["strategy"] = draw(strategies)
            if hashing["comparison"]["type"] == "numeric" and value["type"] == "string":
                values = NUMBERS[is_clean]
        else:
            hashing["ngram"] = draw(st.integers(1, 3))
            if draw(st.booleans()):
                hashing["positional"] = draw(st.booleans())
            if version == 2:
                name = draw(st.sampled_from(["k", "numBits"]))
                hashing["strategy"] = {name: draw(st.integers(1, 200))}
            elif draw(st.booleans()):
                hashing["weight"] = draw(st.sampled_from([0, 0.01, 0.5, 1, 1.25, 2]))
        features.append({"identifier": f"f{index}", "format": value, "hashing": hashing})
        columns.append(values)
    clk: dict[str, Any] = {"kdf": draw(kdfs)}
    if version == 1:
        clk |= {"k": draw(st.integers(1, 40)), "hash": draw(hashes)}
        uses_blake = clk["hash"]["type"] == "blakeHash"
    clk["l"] = draw(st.sampled_from(LENGTHS) if uses_blake else st.integers(2, 700))
    if draw(st.booleans()):
        clk[draw(st.sampled_from(["xor_folds", "xorFolds"]))] = draw(st.integers(0, 2))
    schema = {"version": version, "clkConfig": clk, "features": features}
    if draw(st.integers(0, 5)) == 0:
        schema = spoilt(draw, schema)
    records = [[draw(column) for column in columns] for _ in range(rows)]
    secret = draw(st.sampled_from(["a shared secret", "", "ключ"]))
    validate = draw(st.integers(0, 3)) == 0
    return {"schema": schema, "records": records, "secret": secret, "validate": validate}


def spoilt(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with one member taken away, added or given another value."""
    schema = copy.deepcopy(schema)
    tables = list(_tables(schema))
    table = draw(st.sampled_from(tables))
    key = draw(st.sampled_from([*sorted(table), "unheard_of", "ignored", "description"]))
    if key in table and draw(st.booleans()):
        del table[key]
    elif key == "xor_folds":
        # To clkhash true is 1 here, and 20 folds more memory than there is; pprl refuses both.
        table[key] = draw(st.sampled_from([None, 0, 1, -1, 2, 0.5, "", "x", [], {}]))
    else:
        table[key] = draw(
            st.sampled_from([None, True, False, 0, 1, -1, 2, 3, 20, "", "blakeHash", "x", [], {}])
        )
    return schema


def _tables(value: Any) -> Any:
    """Every object of a document."""
    if isinstance(value, dict):
        yield value
    for member in value.values() if isinstance(value, dict) else value:
        if isinstance(member, dict | list):
            yield from _tables(member)


def main(number: int) -> None:
    """Compare `number` cases."""
    peer = subprocess.Popen(
        [str(environment("clkhash")), str(HERE / "clkhash_oracle.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert peer.stdin and peer.stdout
    outcomes: Counter[str] = Counter()

    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def compare(case: dict[str, Any]) -> None:
        """One case."""
        assert peer.stdin and peer.stdout
        peer.stdin.write(json.dumps(case) + "\n")
        peer.stdin.flush()
        theirs = json.loads(peer.stdout.readline())
        try:
            schema = LinkageSchema.of(case["schema"])
            made = encode(case["records"], schema, case["secret"], validate=case["validate"])
        except PPRLError as error:
            # clkhash finds out at the first token that it cannot hash, pprl in the schema.
            faults = getattr(error, "faults", ())
            is_late = bool(faults) and all(fault.endswith(LATE) for fault in faults)
            assert "error" in theirs or is_late, f"refused by pprl alone: {error}"
            outcomes["refused by both" if "error" in theirs else "no token to hash"] += 1
            return
        assert made.to_base64() == theirs.get("clks"), theirs.get("error", "other bits")
        outcomes["same bits"] += 1

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredSettingWarning)
        compare()
    peer.stdin.close()
    peer.wait()
    print(f"{sum(outcomes.values()):,} cases, 0 differences: {dict(outcomes)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
