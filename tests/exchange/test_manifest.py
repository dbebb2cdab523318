"""Claims about manifests: what is written is what is read, and nothing else is believed."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.errors import SubmissionError
from pprl.exchange.manifest import Manifest, Part, PassProfile
from tests import partners

SPARE = Manifest(
    institution="orchard-usd",
    agreement="0" * 64,
    linkage="1" * 64,
    key_check="2" * 32,
    records=0,
    sequence=0,
    software="pprl 0",
    epsilon=1.0,
    completeness={},
    unplaced=0.0,
)
HUB = partners.HUB.recipient
WHOLE = dataclasses.replace(
    SPARE,
    recipient=HUB,
    records=120,
    sequence=3,
    epsilon=0.5,
    completeness={"zip": 0.75, "sex": 1.0},
    unplaced=0.0125,
    non_match_profile={
        "first": PassProfile(0, {}),
        "birth": PassProfile(12, {"sex": (5, 7), "middle_name": (1, 0, 11)}),
    },
    parts=(Part("birth", 120, 4, 5000, "3" * 64), Part("first", 240, 6, 0, "4" * 64)),
)
WRITTEN = [
    (
        SPARE,
        b'{"agreement":"' + b"0" * 64 + b'","completeness":{},"epsilon":1.0,"format":1,'
        b'"institution":"orchard-usd","key_check":"' + b"2" * 32 + b'",'
        b'"linkage":"'
        + b"1"
        * 64
        + b'","non_match_profile":{},"parts":[],"recipient":"","records":0,'
        b'"sequence":0,"software":"pprl 0","unplaced":0.0}',
    ),
    (
        WHOLE,
        b'{"agreement":"' + b"0" * 64 + b'","completeness":{"sex":1.0,"zip":0.75},"epsilon":0.5,'
        b'"format":1,"institution":"orchard-usd","key_check":"' + b"2" * 32 + b'",'
        b'"linkage":"' + b"1" * 64 + b'","non_match_profile":{"birth":{"levels":'
        b'{"middle_name":[1,0,11],"sex":[5,7]},"pairs":12},"first":{"levels":{},"pairs":0}},'
        b'"parts":[{"bytes":5000,"entries":120,"pass":"birth","sha256":"' + b"3" * 64 + b'",'
        b'"words":4},{"bytes":0,"entries":240,"pass":"first","sha256":"' + b"4" * 64 + b'",'
        b'"words":6}],"recipient":"'
        + HUB.encode()
        + b'","records":120,"sequence":3,"software":"pprl 0","unplaced":0.0125}',
    ),
]
"""Manifests and their bytes; the same list drives writer and reader."""


@pytest.mark.parametrize(("manifest", "content"), WRITTEN)
def test_a_manifest_is_written_in_one_way(manifest: Manifest, content: bytes) -> None:
    """Sorted keys, no spaces, ASCII: there is one text to sign."""
    assert manifest.to_bytes() == content


@pytest.mark.parametrize(("manifest", "content"), WRITTEN)
def test_a_manifest_is_read_as_it_was_written(manifest: Manifest, content: bytes) -> None:
    """Reading undoes writing."""
    assert Manifest.from_bytes(content, "orchard.pprl") == manifest


digests = st.text("0123456789abcdef", min_size=64, max_size=64)
counts = st.integers(0, (1 << 31) - 1)
shares = st.floats(0, 1)
names = st.text(min_size=1, max_size=5)
manifests = st.builds(
    Manifest,
    institution=st.just("orchard-usd"),
    agreement=digests,
    linkage=digests,
    key_check=digests.map(lambda text: text[:32]),
    records=counts,
    sequence=counts,
    software=names,
    epsilon=st.floats(1e-3, 1e3),
    completeness=st.dictionaries(names, shares, max_size=3),
    unplaced=shares,
    non_match_profile=st.dictionaries(
        names,
        st.builds(
            PassProfile,
            counts,
            st.dictionaries(names, st.lists(counts, max_size=4).map(tuple)),
        ),
        max_size=2,
    ),
    parts=st.lists(st.builds(Part, names, counts, counts, counts, digests), max_size=2).map(tuple),
)


@given(manifests)
def test_any_manifest_survives_the_journey(manifest: Manifest) -> None:
    """Read, it is equal; written again, it gives the same bytes."""
    content = manifest.to_bytes()
    read = Manifest.from_bytes(content, "orchard.pprl")
    assert read == manifest
    assert read.to_bytes() == content


def tree() -> dict[str, Any]:
    """The JSON tree of `WHOLE`, to be spoilt."""
    spoilt: dict[str, Any] = json.loads(WHOLE.to_bytes())
    return spoilt


HOSTILE = [
    ("institution", 7, "institution: must be a text"),
    ("institution", "", "institution: is empty"),
    ("recipient", 7, "recipient: must be a text"),
    ("recipient", "age1", "recipient: is no age key"),
    ("agreement", "0" * 63, "agreement: must be 64 hexadecimal digits"),
    ("agreement", "G" * 64, "agreement: must be 64 hexadecimal digits"),
    ("linkage", None, "linkage: must be a text"),
    ("key_check", "2" * 64, "key_check: must be 32 hexadecimal digits"),
    ("records", -1, "records: -1 is too small"),
    ("records", 1 << 31, "records: is too large"),
    ("records", 10**400, "records: is too large"),
    ("records", 1.0, "records: must be a whole number"),
    ("records", True, "records: must be a whole number"),
    ("records", "3", "records: must be a whole number"),
    ("sequence", [1], "sequence: must be a whole number"),
    ("software", {}, "software: must be a text"),
    ("epsilon", 0, "epsilon: 0 is out of range"),
    ("epsilon", -1.0, "epsilon: -1.0 is out of range"),
    ("epsilon", "1", "epsilon: must be a number"),
    ("completeness", [], "completeness: must be a table"),
    ("completeness", {"zip": 1.5}, "zip: must lie between 0 and 1"),
    ("completeness", {"zip": -0.5}, "zip: -0.5 is out of range"),
    ("completeness", {"zip": None}, "zip: must be a number"),
    ("unplaced", 2, "unplaced: must lie between 0 and 1"),
    ("non_match_profile", 1, "non_match_profile: must be a table"),
    ("non_match_profile", {"birth": 1}, "birth: must be a table"),
    ("non_match_profile", {"birth": {"levels": {}}}, "pairs: is missing"),
    ("non_match_profile", {"birth": {"pairs": 1}}, "levels: is missing"),
    ("non_match_profile", {"birth": {"pairs": 1, "levels": {"sex": 1}}}, "sex: must be a list"),
    (
        "non_match_profile",
        {"birth": {"pairs": 1, "levels": {"sex": [1, -1]}}},
        "levels: holds a",
    ),
    (
        "non_match_profile",
        {"birth": {"pairs": 1, "levels": {"sex": [1, True]}}},
        "sex: holds something else than whole numbers",
    ),
    ("non_match_profile", {"birth": {"pairs": 1, "levels": {}, "x": 1}}, "x: is not known here"),
    ("parts", {}, "parts: must be one or more tables"),
    ("parts", [1], "parts: holds something else than tables"),
    ("parts", [{}], "part 1 pass: is missing"),
    (
        "parts",
        [{"pass": "p", "entries": 1, "words": 1, "bytes": -1, "sha256": "0" * 64}],
        "part 1 bytes: -1 is too small",
    ),
    (
        "parts",
        [{"pass": "p", "entries": 1 << 31, "words": 1, "bytes": 1, "sha256": "0" * 64}],
        "part 1 entries: is too large",
    ),
    (
        "parts",
        [{"pass": "p", "entries": 1, "words": 1, "bytes": 1, "sha256": "zz"}],
        "part 1 sha256: must be 64 hexadecimal digits",
    ),
    ("birth_date", "x", "birth_date: is not known here"),
    ("format", -1, "format: -1 is too small"),
]
"""A key, what a hostile file says there, and how it is refused."""


@pytest.mark.parametrize(("key", "value", "told"), HOSTILE)
def test_a_hostile_value_is_refused(key: str, value: object, told: str) -> None:
    """Wrong types, wrong ranges and unknown keys are told by file and key."""
    content = json.dumps(tree() | {key: value}).encode("ascii")
    with pytest.raises(SubmissionError) as caught:
        Manifest.from_bytes(content, "orchard.pprl")
    assert str(caught.value).startswith("orchard.pprl: ")
    assert told in str(caught.value)


@pytest.mark.parametrize("key", sorted(tree()))
def test_a_missing_key_is_refused(key: str) -> None:
    """Nothing has a default."""
    content = json.dumps({k: v for k, v in tree().items() if k != key}).encode("ascii")
    with pytest.raises(SubmissionError, match=f"{key}: is missing"):
        Manifest.from_bytes(content, "orchard.pprl")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff{}",
        '{"institution": "Ñandú"}'.encode(),
        b'{"records": NaN}',
        b'{"epsilon": Infinity}',
        b'{"epsilon": -Infinity}',
        b'{"records": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_json_is_refused(content: bytes) -> None:
    """Not ASCII, not JSON, constants that JSON has not, endless numbers, bottomless nesting."""
    with pytest.raises(SubmissionError, match=r"orchard\.pprl: its manifest is not readable JSON"):
        Manifest.from_bytes(content, "orchard.pprl")


@pytest.mark.parametrize("content", [b"[]", b"1", b"null", b'"{}"'])
def test_json_that_is_no_object_is_refused(content: bytes) -> None:
    """A manifest is an object."""
    with pytest.raises(SubmissionError, match="is not a JSON object"):
        Manifest.from_bytes(content, "orchard.pprl")


def test_a_newer_manifest_asks_for_an_upgrade() -> None:
    """Whatever else a newer format holds, the way out is told."""
    with pytest.raises(SubmissionError, match="newer format version; upgrade pprl"):
        Manifest.from_bytes(b'{"format": 2, "unheard_of": []}', "orchard.pprl")


def test_an_infinity_written_as_a_number_is_refused() -> None:
    """`1e999` overflows to infinity on reading."""
    content = json.dumps(tree()).replace('"epsilon": 0.5', '"epsilon": 1e999').encode("ascii")
    with pytest.raises(SubmissionError, match="epsilon: inf is out of range"):
        Manifest.from_bytes(content, "orchard.pprl")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(key=st.sampled_from(sorted(tree())), value=json_values)
def test_whatever_a_manifest_says_it_is_read_or_refused(key: str, value: object) -> None:
    """Nothing but a SubmissionError comes of any value at any key."""
    content = json.dumps(tree() | {key: value}).encode("ascii")
    try:
        manifest = Manifest.from_bytes(content, "orchard.pprl")
    except SubmissionError:
        return
    assert isinstance(manifest, Manifest)


@given(st.binary(max_size=40))
def test_whatever_bytes_a_manifest_has_it_is_refused(content: bytes) -> None:
    """Nothing but a SubmissionError comes of noise."""
    with pytest.raises(SubmissionError):
        Manifest.from_bytes(content, "orchard.pprl")


@pytest.mark.parametrize("key", ["epsilon", "unplaced"])
def test_a_whole_number_beyond_all_floats_is_refused(key: str) -> None:
    """A number of 400 digits is a SubmissionError too."""
    content = json.dumps(tree() | {key: 10**400}).encode("ascii")
    with pytest.raises(SubmissionError):
        Manifest.from_bytes(content, "orchard.pprl")


def test_a_count_of_a_profile_is_bounded() -> None:
    """A count that no 64-bit sum holds would fail far from the file it came in."""
    profile = {"birth": {"pairs": 1, "levels": {"sex": [10**30, 1]}}}
    content = json.dumps(tree() | {"non_match_profile": profile}).encode("ascii")
    with pytest.raises(SubmissionError):
        Manifest.from_bytes(content, "orchard.pprl")


def test_a_key_that_stands_twice_is_refused() -> None:
    """Two readers must not see two manifests under one signature."""
    content = json.dumps(tree())[:-1] + ', "records": 7}'
    with pytest.raises(SubmissionError):
        Manifest.from_bytes(content.encode("ascii"), "orchard.pprl")


def test_a_format_that_never_was_is_refused() -> None:
    """Formats begin at 1."""
    with pytest.raises(SubmissionError):
        Manifest.from_bytes(json.dumps(tree() | {"format": 0}).encode("ascii"), "orchard.pprl")


@pytest.mark.parametrize("change", [{"institution": "a\x1b[2J\nb"}, {"a\x1b[2J\nb": 1}])
def test_a_manifest_does_not_write_to_the_terminal(change: dict[str, object]) -> None:
    """Text from a stranger is refused, or told with its control characters escaped."""
    with pytest.raises(SubmissionError) as caught:
        Manifest.from_bytes(json.dumps(tree() | change).encode("ascii"), "orchard.pprl")
    assert "\x1b" not in str(caught.value)
