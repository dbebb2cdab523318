"""Encodings by clkhash's linkage schemas are clkhash's, to the bit."""

from __future__ import annotations

import copy
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.errors import SchemaError, StudentsError, UsageError
from pprl.interop.clkhash import (
    IgnoredSettingWarning,
    LinkageSchema,
    encode,
    encode_features,
    generate_clk_from_csv,
    generate_clks,
)
from pprl.interop.clkhash.comparisons import Ngrams, Tokens
from pprl.interop.clkhash.unions import folded, shares
from pprl.interop.clks import Clks

VECTORS = Path(__file__).parent.parent / "vectors"
FEBRL = json.loads((VECTORS / "clkhash_v3.json").read_text(encoding="utf-8"))
SETTINGS = json.loads((VECTORS / "clkhash_settings.json").read_text(encoding="utf-8"))
CASES = [*FEBRL["cases"], *({**case, "secret": SETTINGS["secret"]} for case in SETTINGS["cases"])]
BIGRAMS = {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerToken": 5}}

pytestmark = pytest.mark.filterwarnings("ignore::pprl.interop.clkhash.schema.IgnoredSettingWarning")


def document(hashing: Any = None, form: Any = None, **clk: Any) -> dict[str, Any]:
    """A version 3 schema of one feature."""
    return {
        "version": 3,
        "clkConfig": {"l": 64, "kdf": {"type": "HKDF"}, **clk},
        "features": [
            {
                "identifier": "name",
                "format": form or {"type": "string"},
                "hashing": hashing or BIGRAMS,
            }
        ],
    }


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_filters_are_those_of_clkhash(case: dict[str, Any]) -> None:
    """For every setting of a schema, of any version."""
    before = copy.deepcopy(case["schema"])
    made = encode(case["records"], LinkageSchema.of(case["schema"]), case["secret"])
    assert made.to_base64() == case["clks"]
    assert case["schema"] == before


def test_a_frame_is_read_by_its_headers() -> None:
    """Whatever the order of its columns; missing values count as empty text."""
    case = FEBRL["cases"][0]
    schema = LinkageSchema.of(case["schema"])
    frame = pd.DataFrame(case["records"], columns=schema.identifiers).replace("", None)
    made = encode(frame[schema.identifiers[::-1]], schema, case["secret"].encode())
    assert made.to_base64() == case["clks"]


def test_many_rows_are_encoded_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and values go by in pieces, which changes nothing."""
    monkeypatch.setattr("pprl.interop.clkhash.encoding._UNION_BYTES", 7 * 128)
    monkeypatch.setattr("pprl.interop.clkhash.unions._TILE_BYTES", 1)
    for case in FEBRL["cases"][:3]:
        made = encode(case["records"], LinkageSchema.of(case["schema"]), case["secret"])
        assert made.to_base64() == case["clks"]


def test_the_union_of_the_features_filters_is_the_records() -> None:
    """Each feature apart has the bits it adds to the whole."""
    case = FEBRL["cases"][0]
    schema = LinkageSchema.of(case["schema"])
    apart = encode_features(case["records"], schema, case["secret"])
    assert list(apart) == schema.identifiers
    union = np.bitwise_or.reduce([clks.filters for clks in apart.values()])
    assert Clks(union, schema.bits).to_base64() == case["clks"]


def test_features_of_one_name_cannot_be_told_apart() -> None:
    """So they cannot be returned by name."""
    twice = document()
    twice["features"] *= 2
    with pytest.raises(UsageError, match="one name"):
        encode_features([["a", "b"]], LinkageSchema.of(twice), "secret")


def test_clkhashs_functions_return_bitarrays(tmp_path: Path) -> None:
    """From rows and from a CSV file, as its own do."""
    case = FEBRL["cases"][0]
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(case["schema"]), encoding="utf-8")
    schema = LinkageSchema.load(path)
    told: list[tuple[int, list[int]]] = []
    clks = generate_clks(
        case["records"], schema, case["secret"], callback=lambda n, ones: told.append((n, ones))
    )
    assert Clks.from_bitarrays(clks).to_base64() == case["clks"]
    assert told == [(40, [clk.count() for clk in clks])]
    rows = "".join(",".join(row) + "\r\n" for row in case["records"])
    header = ",".join(schema.identifiers) + "\r\n"
    for text, mode in (("\ufeff" + header + rows, True), ("x\r\n" + rows, "ignore"), (rows, False)):
        assert generate_clk_from_csv(io.StringIO(text), case["secret"], schema, header=mode) == clks


def test_a_foreign_header_is_refused() -> None:
    """And so is a way to treat it that does not exist."""
    schema = LinkageSchema.of(document())
    with pytest.raises(StudentsError, match="header row must be name"):
        generate_clk_from_csv(io.StringIO("surname\n"), "secret", schema)
    with pytest.raises(UsageError, match="header"):
        generate_clk_from_csv(io.StringIO(""), "secret", schema, header="perhaps")


@given(st.lists(st.text(max_size=8), max_size=12), st.integers(1, 5), st.booleans(), st.booleans())
def test_cutting_many_values_is_cutting_each(
    values: list[str], n: int, positional: bool, is_large: bool
) -> None:
    """Over arrays as by the slow and obvious way."""
    comparison = Ngrams(n, positional)
    with pytest.MonkeyPatch.context() as patch:
        if is_large:
            patch.setattr("pprl.interop.clkhash.comparisons._LARGEST_TABLE", 1)
        cut = comparison.cut(values)
    assert [cut.distinct[token] for token in cut.flat] == [
        token for value in values for token in comparison.tokens(value)
    ]
    assert cut.counts.tolist() == [len(comparison.tokens(value)) for value in values]
    assert len(set(cut.distinct)) == len(cut.distinct)


def test_long_tokens_of_many_letters_are_cut_one_by_one() -> None:
    """Where they would not fit into a whole number."""
    values = ["".join(map(chr, range(65, 165))), "x"]
    comparison = Ngrams(12, positional=True)
    assert comparison.cut(values).distinct == Tokens.of(values, comparison.tokens).distinct


@given(st.integers(1, 300), st.lists(st.integers(0, 9), max_size=6))
def test_the_insertions_of_a_feature_are_shared_out(bits: int, counts: list[int]) -> None:
    """Each value's tokens get all of them, the first ones at most one more."""
    made = np.split(shares(bits, np.array(counts, np.intp)), np.cumsum(counts)[:-1])
    for share, count in zip(made, counts, strict=False):
        if count:
            assert share.sum() == bits
            assert share.max() - share.min() <= 1
            assert sorted(share, reverse=True) == share.tolist()


@given(st.integers(1, 130), st.integers(0, 3), st.integers(0, 2**32))
def test_folding_by_words_is_folding_by_bits(bits: int, folds: int, seed: int) -> None:
    """Half on half, as often as asked."""
    single = np.random.default_rng(seed).integers(0, 2, bits << folds).astype(bool)
    packed = np.packbits(single, bitorder="little")
    words = np.zeros(-(-len(packed) // 8) * 8, np.uint8)
    words[: len(packed)] = packed
    for _ in range(folds):
        single = single[: len(single) // 2] ^ single[len(single) // 2 :]
    made = folded(words.view("<u8")[None].astype(np.uint64), bits, folds)
    unpacked = np.unpackbits(made.astype("<u8").view(np.uint8), bitorder="little")
    assert unpacked[:bits].astype(bool).tolist() == single.tolist()
    assert not unpacked[bits:].any()


def test_no_records_have_no_filters() -> None:
    """Of the right width all the same."""
    schema = LinkageSchema.of(document(l=100, hashing={**BIGRAMS, "hash": {"type": "doubleHash"}}))
    assert encode([], schema, "secret").filters.shape == (0, 2)


@pytest.mark.parametrize(
    ("form", "value", "reason"),
    [
        ({"type": "string", "pattern": "[a-z]+"}, "Canary", "does not match the pattern"),
        ({"type": "string", "minLength": 9}, "Canary", "has fewer than 9 characters"),
        ({"type": "string", "maxLength": 2}, "Canary", "has more than 2 characters"),
        ({"type": "string", "case": "upper"}, "Canary", "is not upper case"),
        ({"type": "string", "case": "lower"}, "Canary", "is not lower case"),
        ({"type": "string", "encoding": "ascii"}, "Canáry", "has letters that ascii has not"),
        ({"type": "string"}, "Canary\ud800", "has letters that utf-8 has not"),
        ({"type": "integer"}, "Canary", "is not a whole number"),
        ({"type": "integer", "minimum": 5}, "4", "is below 5"),
        ({"type": "integer", "maximum": 5}, "6", "is above 5"),
        ({"type": "date", "format": "%Y-%m-%d"}, "2001-02-29", "is not a date of the form"),
        ({"type": "date", "format": "%d.%m.%Y"}, "2001-02-28", "is not a date of the form"),
        ({"type": "enum", "values": ["f", "m"]}, "Canary", "is not one of the values listed"),
    ],
)
def test_a_value_that_does_not_fit_is_told_by_row_and_feature(
    form: dict[str, Any], value: str, reason: str
) -> None:
    """Never by itself; the sentinel need not fit."""
    schema = LinkageSchema.of(document({**BIGRAMS, "missingValue": {"sentinel": "?"}}, form))
    with pytest.raises(StudentsError, match=re.escape(f"row 2: name {reason}")) as caught:
        encode([["?"], [value], [value]], schema, "secret")
    assert "2 values" in str(caught.value)
    assert value not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_value_without_a_number_has_no_numeric_tokens() -> None:
    """Neither words nor what is beyond numbers."""
    numeric = {"type": "numeric", "thresholdDistance": 2, "resolution": 1}
    schema = LinkageSchema.of(document({**BIGRAMS, "comparison": numeric}))
    for value in ("Canary", "nan", "inf"):
        with pytest.raises(StudentsError, match="row 1: name is not a number"):
            encode([[value]], schema, "secret")


def test_without_validation_only_what_must_be_rewritten_is_refused() -> None:
    """A text of the wrong case is hashed as it is."""
    strict = {"type": "string", "case": "upper", "maxLength": 2}
    assert len(encode([["canary"]], LinkageSchema.of(document(form=strict)), "s", validate=False))
    for form in ({"type": "integer"}, {"type": "date", "format": "%Y"}):
        with pytest.raises(StudentsError):
            encode([["canary"]], LinkageSchema.of(document(form=form)), "s", validate=False)


def test_a_long_list_of_faults_is_cut() -> None:
    """Twenty and the number of the others."""
    schema = LinkageSchema.of(document(form={"type": "integer"}))
    with pytest.raises(StudentsError, match="and 1,980 more"):
        encode([["x"]] * 2000, schema, "secret")


def test_records_that_are_no_table_of_text_are_refused() -> None:
    """Ragged rows, missing columns, numbers."""
    schema = LinkageSchema.of(document())
    with pytest.raises(StudentsError, match=r"1 rows do not have the schema's 1 columns: rows 2"):
        encode([["a"], ["a", "b"]], schema, "secret")
    with pytest.raises(StudentsError, match="lack the columns name"):
        encode(pd.DataFrame({"surname": ["a"]}), schema, "secret")
    for value in (7, b"a", ["a"], 1.5):
        with pytest.raises(UsageError, match="dtype=str"):
            encode(pd.DataFrame({"name": ["a", value]}), schema, "secret")


def spoilt(path: str, value: Any, source: Any = None) -> dict[str, Any]:
    """A schema whose member at a dotted path has another value, or none if it is `...`."""
    made = copy.deepcopy(source or document())
    *parents, last = path.split(".")
    table: Any = made
    for part in parents:
        table = table[int(part) if part.isdigit() else part]
    if value is ...:
        del table[last]
    else:
        table[last] = value
    return made


HASHING = "features.0.hashing"
DOUBLE = document({**BIGRAMS, "hash": {"type": "doubleHash", "prevent_singularity": True}})


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ([], "the schema must be an object, not a list"),
        ({}, "version must be 1, 2 or 3"),
        (spoilt("version", 4), "version must be 1, 2 or 3"),
        (spoilt("version", True), "version must be 1, 2 or 3"),
        (spoilt("clkConfig", ...), "the schema lacks 'clkConfig'"),
        (spoilt("clkConfig.l", 0), "clkConfig.l must be at least 1"),
        (spoilt("clkConfig.l", "64"), "clkConfig.l must be a whole number, not a string"),
        (spoilt("clkConfig.l", 100), "clkConfig.l must be a power of two for blakeHash"),
        (spoilt("clkConfig.l", 1, DOUBLE), "clkConfig.l must be at least 2"),
        (spoilt("clkConfig.xor_folds", 30), "16,777,216 bits before folding"),
        (spoilt("clkConfig.kdf.type", "PBKDF2"), 'clkConfig.kdf.type must be "HKDF"'),
        (spoilt("clkConfig.kdf.hash", "MD5"), 'hash must be "SHA256" or "SHA512"'),
        (spoilt("clkConfig.kdf.salt", "A"), "clkConfig.kdf.salt is not base64"),
        (spoilt("clkConfig.kdf.keySize", 65), "keySize must be at most 64 for blakeHash"),
        (spoilt("clkConfig.kdf.keySize", 9999, DOUBLE), "more than HKDF gives with SHA256"),
        (spoilt("features", {}), "features must be a list, not an object"),
        (spoilt("features", []), "features must not be empty"),
        (spoilt("features", ["x"]), "features[0] must be an object, not a string"),
        (spoilt("features.0.identifier", 7), "features[0].identifier must be a string"),
        (spoilt("features.0.ignored", 1), "features[0].ignored must be true or false"),
        (spoilt("features.0.hashing", ...), "features[0] lacks 'hashing'"),
        (spoilt("features.0.format", None), "features[0].format must be an object, not null"),
        (spoilt("features.0.format.type", "text"), 'format.type must be "string" or "integer"'),
        (spoilt("features.0.format.size", 1), "features[0].format has 'size'"),
        (
            spoilt("features.0.format", {"type": "string", "pattern": "("}),
            "features[0].format.pattern is no regular expression",
        ),
        (
            spoilt("features.0.format", {"type": "date", "format": "%Q"}),
            "features[0].format.format is none that strptime can read",
        ),
        (spoilt(f"{HASHING}.hash", {"type": "md5"}), 'must be "doubleHash" or "blakeHash"'),
        (
            spoilt(f"{HASHING}.hash", {"type": "blakeHash", "prevent_singularity": True}),
            "prevent_singularity must be none",
        ),
        (spoilt(f"{HASHING}.strategy", "k"), "hashing.strategy must be an object, not a string"),
        (spoilt(f"{HASHING}.strategy", {"k": 1}), "strategy lacks 'bitsPerToken'"),
        (spoilt(f"{HASHING}.comparison.n", 2.5), "comparison.n must be a whole number"),
        (
            spoilt(
                f"{HASHING}.comparison",
                {"type": "numeric", "thresholdDistance": 0.0, "resolution": 1},
            ),
            "thresholdDistance must be above 0",
        ),
        (
            spoilt(
                f"{HASHING}.comparison",
                {"type": "numeric", "thresholdDistance": "1", "resolution": 1},
            ),
            "thresholdDistance must be a number, not a string",
        ),
        (
            spoilt(
                f"{HASHING}.comparison",
                {"type": "numeric", "thresholdDistance": 0.1, "resolution": 1},
            ),
            "thresholdDistance is 0 at this fractional_precision",
        ),
        (
            spoilt(
                f"{HASHING}.comparison",
                {"type": "numeric", "thresholdDistance": 10**400, "resolution": 1},
            ),
            "thresholdDistance",
        ),
    ],
)
def test_a_fault_of_a_schema_is_told_with_its_place(schema: Any, fault: str) -> None:
    """In the words of the schema."""
    with pytest.raises(SchemaError) as caught:
        LinkageSchema.of(schema)
    assert any(fault in found for found in caught.value.faults), caught.value.faults
    assert all(found in str(caught.value) for found in caught.value.faults)


def test_every_fault_of_a_schema_is_told_at_once() -> None:
    """Of all features."""
    schema = spoilt("clkConfig.l", -1)
    schema["features"].append({"identifier": 1, "ignored": False})
    with pytest.raises(SchemaError) as caught:
        LinkageSchema.of(schema)
    assert len(caught.value.faults) == 3


def test_a_weight_that_leaves_no_hash_is_a_fault() -> None:
    """A feature of version 1 would set no bits."""
    first = document({"ngram": 2, "weight": 0.01}, k=10, hash={"type": "blakeHash"})
    with pytest.raises(SchemaError, match=r"features\[0\].hashing.weight times clkConfig.k"):
        LinkageSchema.of({**first, "version": 1})


def test_files_that_are_no_schema_are_told_by_name(tmp_path: Path) -> None:
    """Absent ones, and ones that are not JSON."""
    path = tmp_path / "schema.json"
    with pytest.raises(SchemaError, match=r"schema\.json"):
        LinkageSchema.load(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"schema\.json: not JSON"):
        LinkageSchema.load(path)


@pytest.mark.filterwarnings("error")
def test_a_setting_that_clkhash_ignores_is_warned_of() -> None:
    """Its own documentation names it wrongly, and so the filters are not folded."""
    with pytest.warns(IgnoredSettingWarning, match="xorFolds"):
        schema = LinkageSchema.of(document(xorFolds=1))
    assert schema.folds == 0
    numeric = {"type": "numeric", "thresholdDistance": 2, "resolution": 1}
    with pytest.warns(IgnoredSettingWarning, match="fractionalPrecision"):
        comparison = {**numeric, "fractionalPrecision": 1}
        LinkageSchema.of(document({**BIGRAMS, "comparison": comparison}))


@pytest.mark.filterwarnings("error")
def test_nothing_is_said_where_clkhash_does_what_is_asked_for() -> None:
    """By another name, or because it is the default."""
    numeric = {"type": "numeric", "thresholdDistance": 2, "resolution": 1}
    comparison = {**numeric, "fractionalPrecision": 0}
    hashing = {**BIGRAMS, "comparison": comparison}
    schema = LinkageSchema.of(document(hashing, l=32, xorFolds=1, xor_folds=1))
    assert schema.folds == 1
