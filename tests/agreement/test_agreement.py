"""Claims about agreement files: what is read, what is refused, and what decides the digests."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.agreement import Agreement, LinkageSection, Party, Pass, Segment
from pprl.agreement.blocking import SOURCES, BlockingPart
from pprl.agreement.linkage import FIELDS
from pprl.agreement.profiles import PROFILES, profile
from pprl.errors import AgreementError

COMPACT = Path(__file__).parents[2] / "examples" / "compact.toml"
PARTNERSHIP = "00000000-0000-4000-8000-000000000000"

WHOLE = f"""
[agreement]
title = "Compact"
effective = 2026-07-01
expires = 2029-06-30

[[party]]
id = "orchard-usd"
role = "district"

[[party]]
id = "county-college"
role = "college"

[records]
minimum = 100

[output]
smallest_cell = 11

[linkage]
partnership = "{PARTNERSHIP}"
fields = ["first_name", "last_name", "birth_date"]

[[linkage.segment]]
name = "first_name"
bits = 128
insertions = 32
cuts = [32, 24, 17]

[[linkage.segment]]
name = "birth_date"
bits = 64
insertions = 16
cuts = [16, 11, 8]

[[linkage.pass]]
name = "birth"
block = ["birth_date"]
quota = 1

[[linkage.pass]]
name = "first"
block = ["first_name:3"]
quota = 2
"""
"""A sound agreement that spells its linkage section out; the faults below are edits of it."""

FAULTS = [
    ('title = "Compact"', "", "[agreement] title: is missing"),
    ('title = "Compact"', 'title = ""', "[agreement] title: is empty"),
    ('title = "Compact"', "title = 7", "[agreement] title: must be a text in quotes"),
    ('title = "Compact"', 'titel = "Compact"', "[agreement] titel: is not known here"),
    ("effective = 2026-07-01", 'effective = "2026-07-01"', "effective: must be a date without"),
    ("effective = 2026-07-01", "effective = 2026-07-01T00:00:00", "effective: must be a date"),
    ("expires = 2029-06-30", "expires = 2025-06-30", "[agreement] expires: lies before effective"),
    ("[agreement]", "[contract]", "contract: is not known here; known: agreement"),
    ('id = "orchard-usd"', 'id = "Orchard USD"', "party 1 id: may hold lower-case letters"),
    ('id = "county-college"', 'id = "orchard-usd"', "party: 'orchard-usd' stands twice"),
    (
        'role = "college"',
        'role = "school"',
        "party 2 role: 'school' is not known; one of: district",
    ),
    ('role = "college"', "", "party 2 role: is missing"),
    (
        'role = "college"',
        'role = "college"\nsubmits_for = "x"',
        "party 2 submits_for: must be a list",
    ),
    (
        'role = "college"',
        'role = "college"\none_record_per_person = 1',
        "party 2 one_record_per_person: must be true or false",
    ),
    ("minimum = 100", "minimum = 1", "[records] minimum: 1 is too small; at least 2"),
    ("minimum = 100", "minimum = true", "[records] minimum: must be a whole number"),
    ("minimum = 100", "minimum = 1.5", "[records] minimum: must be a whole number"),
    ("minimum = 100", "epsilon = 0", "[records] epsilon: 0 is out of range; greater than 0"),
    ("minimum = 100", "epsilon = nan", "[records] epsilon: nan is out of range"),
    ("minimum = 100", "epsilon = inf", "[records] epsilon: inf is out of range"),
    (
        "minimum = 100",
        'required_fields = ["zip"]',
        "[records] required_fields: 'zip' is not among the fields of [linkage]",
    ),
    ("minimum = 100", "required_fields = [7]", "required_fields: holds something else than texts"),
    ("smallest_cell = 11", "smallest_cell = 0", "[output] smallest_cell: 0 is too small"),
    ("smallest_cell = 11", "smallest_sell = 11", "[output] smallest_sell: is not known here"),
    (f'partnership = "{PARTNERSHIP}"', "", "[linkage] partnership: is missing"),
    (PARTNERSHIP, "ours", "[linkage] partnership: is not a UUID"),
    (PARTNERSHIP, f'{PARTNERSHIP}"\nprofile = "students-1', "[linkage] fields: is not known here"),
    (PARTNERSHIP, f'{PARTNERSHIP}"\nnicknames = "mine', "[linkage] nicknames: 'mine' is not known"),
    (PARTNERSHIP, f'{PARTNERSHIP}"\nphonetic = "metaphone', "phonetic: 'metaphone' is not known"),
    ('["first_name", "last_name", "birth_date"]', '"zip"', "[linkage] fields: must be a list"),
    ('"last_name", "birth_date"', '"birth_date", "race"', "fields: 'race' is not known; known:"),
    ('"first_name", "last_name"', '"last_name"', "lacks 'first_name', which segment 'first_name'"),
    ('name = "birth_date"', 'name = "phone"', "segment 2 name: 'phone' is not known; one of:"),
    ('name = "birth_date"', 'name = "first_name"', "segment: 'first_name' stands twice"),
    ("bits = 64", "bits = 100", "segment 2 bits: must be a power of two from 64 to 4096"),
    ("bits = 64", "bits = 32", "segment 2 bits: must be a power of two"),
    ("bits = 64", "bits = 8192", "segment 2 bits: must be a power of two"),
    ("insertions = 16", "insertions = 33", "segment 2 insertions: must be at most half of bits"),
    ("insertions = 16", "insertions = 0", "segment 2 insertions: 0 is too small"),
    ("cuts = [16, 11, 8]", "cuts = [8, 11, 16]", "segment 2 cuts: must fall"),
    ("cuts = [16, 11, 8]", "cuts = [17, 11, 8]", "segment 2 cuts: must fall, starting at most"),
    ("cuts = [16, 11, 8]", "cuts = [16, 11]", "segment 2 cuts: must be 3 numbers of at least 1"),
    ("cuts = [16, 11, 8]", "cuts = [16, 11, 0]", "segment 2 cuts: must be 3 numbers of at least 1"),
    ("cuts = [16, 11, 8]", 'cuts = ["16"]', "cuts: holds something else than whole numbers"),
    ("cuts = [16, 11, 8]", "cuts = 16", "segment 2 cuts: must be a list of whole numbers"),
    ('name = "first"', 'name = "birth"', "pass: 'birth' stands twice; names must differ"),
    ("quota = 2", "quota = 17", "pass 2 quota: must be at most 16"),
    ("quota = 2", "quota = 0", "pass 2 quota: 0 is too small; at least 1"),
    ("quota = 2", "quota = 2\ncap = 2", "pass 2 cap: is not known here; known: block, name, quota"),
    ('["first_name:3"]', '["first:3"]', "pass 2 block: 'first' is no part of a blocking key"),
    (
        '["first_name:3"]',
        '["first_name:9"]',
        "pass 2 block: 'first_name:9': letters go from 1 to 8",
    ),
    ('["first_name:3"]', '["first_name:dmeta"]', "may be followed by :soundex or a number"),
    ('["first_name:3"]', '["birth_date:4"]', "'birth_date' takes no transform"),
    ('["first_name:3"]', '["zip"]', "pass 2 block: 'zip' needs the field 'zip', which is not in"),
    ('["first_name:3"]', "[]", "pass 2 block: is empty; write parts"),
    ('block = ["first_name:3"]', "", "pass 2 block: is missing"),
    ('["first_name:3"]', '"zip"', "pass 2 block: must be a list of texts"),
]
"""What is edited in `WHOLE`, into what, and how the fault is told, with its place."""


def load(folder: Path, text: str) -> Agreement:
    """Write a text to a file and load it as an agreement."""
    path = folder / "compact.toml"
    path.write_text(text, encoding="utf-8")
    return Agreement.load(path)


def refusal(folder: Path, text: str) -> AgreementError:
    """The error that a text is refused with."""
    with pytest.raises(AgreementError) as caught:
        load(folder, text)
    return caught.value


@pytest.fixture
def sound(tmp_path: Path) -> Agreement:
    """The agreement of `WHOLE`."""
    return load(tmp_path, WHOLE)


def test_the_example_says_who_why_until_when_and_on_what_basis() -> None:
    """The shipped example is a whole agreement, with every rule spelled out."""
    agreement = Agreement.load(COMPACT)
    assert [party.id for party in agreement.parties] == [
        *("orchard-usd", "riverbend-usd", "foothill-usd", "valley-usd"),
        *("county-college", "city-college", "state-university", "tech-university"),
    ]
    assert {party.role for party in agreement.parties} == {"district", "college"}
    assert all(party.one_record_per_person and party.name for party in agreement.parties)
    assert agreement.title and agreement.convener and agreement.purpose
    assert "99.31(a)(6)" in agreement.legal_basis
    assert agreement.effective == datetime.date(2026, 7, 1)
    assert agreement.expires == datetime.date(2029, 6, 30)
    assert agreement.records.minimum == 100
    assert agreement.output.smallest_cell == 11
    assert not agreement.output.reveal_matches
    assert "state_id" in agreement.linkage.fields


def test_what_is_not_written_has_its_default(tmp_path: Path) -> None:
    """Rules, names and dates may be left out."""
    text = WHOLE.replace("effective = 2026-07-01", "").replace("expires = 2029-06-30", "")
    agreement = load(tmp_path, text.replace("minimum = 100", "").replace("smallest_cell = 11", ""))
    assert agreement.effective is None and agreement.expires is None
    assert (agreement.records.minimum, agreement.records.epsilon) == (100, 1.0)
    assert agreement.output.smallest_cell == 11 and not agreement.output.common_study_ids
    assert agreement.party("orchard-usd").name == "orchard-usd"
    assert agreement.linkage.country == "US"


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_short_for_spelling_it_out(name: str, tmp_path: Path) -> None:
    """Naming a profile and writing its tables down give one linkage digest."""
    head, _, _ = WHOLE.partition("fields =")
    text = files("pprl.agreement.profiles").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    spelled = load(tmp_path, head + text)
    named = load(tmp_path, f'{head}profile = "{name}"\n')
    assert spelled.linkage == named.linkage
    assert spelled.digest == named.digest


@pytest.mark.parametrize(("old", "new", "told"), FAULTS)
def test_a_fault_is_told_with_its_place(old: str, new: str, told: str, tmp_path: Path) -> None:
    """A single wrong line is refused by the name of its table and key."""
    assert old in WHOLE
    error = refusal(tmp_path, WHOLE.replace(old, new, 1))
    assert any(told in fault for fault in error.faults), error.faults
    assert str(tmp_path / "compact.toml") in str(error)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Somebody who mends a file need not load it once for each fault."""
    text = WHOLE.replace('title = "Compact"', "titel = 1").replace('"orchard-usd"', '"Orchard"')
    text = text.replace("minimum = 100", "minimum = 1").replace(PARTNERSHIP, "ours")
    text = text.replace("bits = 64", "bits = 65").replace("quota = 2", "quota = 99")
    error = refusal(tmp_path, text)
    told = {" ".join(fault.split()[:3]).partition(":")[0] for fault in error.faults}
    assert told == {
        *("[agreement] title", "[agreement] titel", "party 1 id", "[records] minimum"),
        *("[linkage] partnership", "segment 2 bits", "pass 2 quota"),
    }
    assert f"{len(error.faults)} faults:" in str(error)
    assert all(fault in str(error) for fault in error.faults)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("agreement", "agreement: is missing; write a table [agreement]"),
        ("linkage", "linkage: is missing; write a table [linkage]"),
        ("party", "party: is missing; write one or more tables [[party]]"),
    ],
)
def test_a_missing_table_is_told(table: str, told: str, tmp_path: Path) -> None:
    """Each table that an agreement cannot do without is asked for by name."""
    tables = WHOLE.replace("[[", "\0[[").replace("\n[", "\n\0[").split("\0")
    kept = (t for t in tables if not t.lstrip("[").startswith((f"{table}]", f"{table}.")))
    assert told in refusal(tmp_path, "".join(kept)).faults


def test_a_table_of_the_wrong_kind_is_told(tmp_path: Path) -> None:
    """A text, or a list of texts, where tables belong is no crash."""
    assert "party: must be one or more tables [[party]]" in refusal(tmp_path, "party = 1").faults
    error = refusal(tmp_path, 'party = ["a", "b"]\nlinkage = 3')
    assert "party: holds something else than tables; write [[party]]" in error.faults
    assert "linkage: must be a table [linkage]" in error.faults


def test_an_agreement_with_one_party_is_refused(tmp_path: Path) -> None:
    """There is nothing to link with oneself."""
    text = WHOLE.replace('[[party]]\nid = "county-college"\nrole = "college"\n', "")
    assert any("at least two parties" in fault for fault in refusal(tmp_path, text).faults)


@pytest.mark.parametrize("key", ["segment", "pass"])
def test_a_section_without_segments_or_passes_is_refused(key: str, tmp_path: Path) -> None:
    """An empty list is told as a missing one is."""
    head, _, _ = WHOLE.partition("[[linkage")
    tail = {
        "segment": 'segment = []\npass = [{name = "b", block = ["birth_date"], quota = 1}]',
        "pass": 'pass = []\nsegment = [{name="sex", bits=64, insertions=16, cuts=[16]}]',
    }[key]
    text = head.replace('"birth_date"]', '"birth_date", "sex"]') + tail
    (fault,) = refusal(tmp_path, text).faults
    assert f"[linkage] {key}: there " in fault


def test_more_passes_than_make_sense_are_refused(tmp_path: Path) -> None:
    """The number of passes is bounded."""
    more = "".join(
        f'\n[[linkage.pass]]\nname = "p{n}"\nblock = ["first_name:{n % 8 + 1}"]\nquota = 1\n'
        for n in range(63)
    )
    assert "[linkage] pass: there must be 1 to 64 of them" in refusal(tmp_path, WHOLE + more).faults


def test_a_pass_that_leaves_nothing_to_compare_is_refused(tmp_path: Path) -> None:
    """Blocking on every segment leaves a pair without evidence."""
    text = WHOLE.replace('[[linkage.segment]]\nname = "first_name"\nbits = 128\n', "", 1)
    text = text.replace("insertions = 32\ncuts = [32, 24, 17]\n", "", 1)
    (fault,) = refusal(tmp_path, text).faults
    assert fault.startswith("[linkage] pass: 'birth' ")


def test_an_unknown_profile_lists_the_known_ones(tmp_path: Path) -> None:
    """A misspelt profile is one fault, not one for each table that it would have held."""
    head, _, _ = WHOLE.partition("fields =")
    (fault,) = refusal(tmp_path, f'{head}profile = "student-1"\n').faults
    assert fault.endswith(
        "'student-1' is not known; one of: students-1, students-1-strict, students-2"
    )


def test_a_field_besides_the_profile_must_be_known(tmp_path: Path) -> None:
    """`also` adds roster fields, and only those."""
    head, _, _ = WHOLE.partition("fields =")
    (fault,) = refusal(tmp_path, f'{head}profile = "students-1"\nalso = ["race"]\n').faults
    assert "'race' is not known" in fault


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'title = "Compact', "is not TOML"),
        (b"title = 1\ntitle = 2", "is not TOML"),
        (b"effective = 2026-02-31", "is not TOML"),
        ('title = "Año"'.encode("latin-1"), "is not UTF-8"),
    ],
)
def test_a_file_that_is_no_toml_is_told(content: bytes, told: str, tmp_path: Path) -> None:
    """The message names the file and what is wrong with it."""
    path = tmp_path / "compact.toml"
    path.write_bytes(content)
    with pytest.raises(AgreementError, match=rf"compact\.toml: {told}"):
        Agreement.load(path)


@pytest.mark.parametrize(
    "content", ["a = " + "[" * 5000, "a = " + "9" * 5000, "[records]\nepsilon = " + "9" * 400]
)
def test_an_absurd_value_is_refused_like_any_other(content: str, tmp_path: Path) -> None:
    """Deep nesting and endless numbers are AgreementErrors too."""
    refusal(tmp_path, content)


@pytest.mark.parametrize("country", ["us", "USA", "United States"])
def test_a_country_is_two_capital_letters(country: str, tmp_path: Path) -> None:
    """Anything else than "US" would silently leave ZIPs unpadded."""
    text = WHOLE.replace("[linkage]", f'[linkage]\ncountry = "{country}"')
    assert any("country" in fault for fault in refusal(tmp_path, text).faults)


def test_a_field_stands_once(tmp_path: Path) -> None:
    """Naming a field twice would change the digest and nothing else."""
    text = WHOLE.replace('"last_name", "birth_date"', '"last_name", "last_name", "birth_date"')
    assert any("stands twice" in fault for fault in refusal(tmp_path, text).faults)


def test_a_section_must_compare_something(tmp_path: Path) -> None:
    """The order-free names alone are never judged: they only help to judge first and last."""
    text = WHOLE.replace('name = "first_name"\nbits', 'name = "names"\nbits')
    refusal(tmp_path, text.replace("cuts = [32, 24, 17]", "cuts = [32, 24]"))


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    path = tmp_path / "compact.toml"
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.encode("utf-8"))
    assert Agreement.load(path).title == "Compact"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """The message names the path and the reason."""
    with pytest.raises(AgreementError, match=r"none\.toml: cannot be read \(No such file"):
        Agreement.load(tmp_path / "none.toml")


def test_an_unknown_party_lists_the_known_ones(sound: Agreement) -> None:
    """Whoever mistypes an id sees what it could have been."""
    assert sound.party("county-college").role == "college"
    with pytest.raises(AgreementError, match=r"Parties: orchard-usd, county-college\."):
        sound.party("county")


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another"},
        {"convener": "Another"},
        {"purpose": "Another"},
        {"legal_basis": "Another"},
        {"effective": None},
        {"expires": datetime.date(2031, 6, 30)},
        {"parties": (Party("a"), Party("b"), Party("c"))},
    ],
)
def test_a_renewal_keeps_the_encodings(change: dict[str, object], sound: Agreement) -> None:
    """Dates, titles and parties change the agreement's digest, not the linkage section's."""
    renewed = dataclasses.replace(sound, **change)
    assert renewed.linkage_digest == sound.linkage_digest
    assert renewed.digest != sound.digest


@pytest.mark.parametrize("rules", ["records", "output"])
def test_every_rule_is_in_the_digest_of_the_whole(rules: str, sound: Agreement) -> None:
    """No rule can be changed behind a signature."""
    whole = getattr(sound, rules)
    for field in dataclasses.fields(whole):
        value = getattr(whole, field.name)
        other = not value if isinstance(value, bool) else value * 2
        changed = dataclasses.replace(
            sound, **{rules: dataclasses.replace(whole, **{field.name: other})}
        )
        assert changed.digest != sound.digest, field.name
        assert changed.linkage_digest == sound.linkage_digest


def section_of(name: str) -> LinkageSection:
    """The linkage section of a profile."""
    return Agreement.students(["a", "b"], name, partnership=PARTNERSHIP).linkage


def with_segment(section: LinkageSection, place: int, **change: object) -> LinkageSection:
    """A section one of whose segments is changed."""
    segments = list(section.segments)
    segments[place % len(segments)] = dataclasses.replace(segments[place % len(segments)], **change)
    return dataclasses.replace(section, segments=tuple(segments))


def with_pass(section: LinkageSection, place: int, **change: object) -> LinkageSection:
    """A section one of whose passes is changed."""
    passes = list(section.passes)
    passes[place % len(passes)] = dataclasses.replace(passes[place % len(passes)], **change)
    return dataclasses.replace(section, passes=tuple(passes))


def without(section: LinkageSection, what: str, place: int) -> LinkageSection:
    """A section that lacks a field, a segment or a pass."""
    items = list(getattr(section, what))
    del items[place % len(items)]
    return dataclasses.replace(section, **{what: tuple(items)})


def swapped(section: LinkageSection, what: str, place: int) -> LinkageSection:
    """A section with two neighbouring segments or passes in the other order."""
    items = list(getattr(section, what))
    i = place % (len(items) - 1)
    items[i], items[i + 1] = items[i + 1], items[i]
    return dataclasses.replace(section, **{what: tuple(items)})


MUTATIONS: list[Callable[[LinkageSection, int], LinkageSection]] = [
    lambda s, n: dataclasses.replace(s, partnership=f"{n:08}-0000-4000-8000-000000000001"),
    lambda s, n: dataclasses.replace(s, country=f"X{n}"),
    lambda s, n: dataclasses.replace(s, hub_key=f"age1{n}"),
    lambda s, n: dataclasses.replace(s, normaliser=f"pprl-names-{n + 2}"),
    lambda s, n: dataclasses.replace(s, nicknames=f"nicknames-{n + 2}"),
    lambda s, n: dataclasses.replace(s, phonetic=f"metaphone-{n}"),
    lambda s, n: without(s, "fields", n),
    lambda s, n: without(s, "segments", n),
    lambda s, n: without(s, "passes", n),
    lambda s, n: swapped(s, "segments", n),
    lambda s, n: swapped(s, "passes", n),
    lambda s, n: with_segment(s, n, name="another"),
    lambda s, n: with_segment(s, n, bits=256),
    lambda s, n: with_segment(s, n, insertions=31),
    lambda s, n: with_segment(s, n, cuts=(16, 7, 3, 1)),
    lambda s, n: with_pass(s, n, name="another"),
    lambda s, n: with_pass(s, n, quota=11),
    lambda s, n: with_pass(s, n, block=(BlockingPart("name_part", "8"),)),
]
"""Every kind of change that decides a token or a bit."""


@given(
    name=st.sampled_from(PROFILES),
    mutations=st.lists(
        st.tuples(st.sampled_from(MUTATIONS), st.integers(0, 20)), min_size=1, max_size=3
    ),
)
def test_whatever_decides_a_token_changes_the_digest(
    name: str, mutations: list[tuple[Callable[[LinkageSection, int], LinkageSection], int]]
) -> None:
    """Two sections that differ in anything have different digests; equal ones have the same."""
    section = section_of(name)
    changed = section
    for mutate, place in mutations:
        changed = mutate(changed, place)
    assert (changed.digest == section.digest) == (changed == section)


@given(st.permutations(FIELDS[:6]))
def test_the_order_of_fields_decides_nothing(fields: list[str]) -> None:
    """Fields are a set: writing them in another order changes no token."""
    section = section_of("students-1")
    assert dataclasses.replace(section, fields=tuple(fields)).digest == section.digest


parts = st.sampled_from(list(SOURCES)).flatmap(
    lambda name: st.builds(
        BlockingPart,
        st.just(name),
        st.sampled_from(["", "soundex", "1", "3", "8"] if SOURCES[name].letters else [""]),
    )
)
passes = st.builds(
    Pass, st.text(max_size=3), st.lists(parts, max_size=3).map(tuple), st.integers(1, 3)
)
segments = st.builds(
    Segment,
    st.sampled_from(["sex", "zip"]),
    st.sampled_from([64, 128]),
    st.integers(1, 3),
    st.lists(st.integers(1, 12), max_size=2).map(tuple),
)
sections = st.builds(
    LinkageSection,
    partnership=st.sampled_from(["", "a"]),
    fields=st.just(("sex",)),
    segments=st.lists(segments, max_size=2).map(tuple),
    passes=st.lists(passes, max_size=2).map(tuple),
    country=st.text(max_size=2),
)


@given(sections, sections)
def test_the_canonical_form_is_injective(one: LinkageSection, other: LinkageSection) -> None:
    """No two sections are written alike, so no two share a digest."""
    assert (one.canonical() == other.canonical()) == (one == other)


@given(parts)
def test_a_part_of_a_blocking_key_is_what_it_reads_as(part: BlockingPart) -> None:
    """`parse` undoes `str`."""
    assert BlockingPart.parse(str(part)) == part


def test_a_number_of_letters_has_one_spelling() -> None:
    """`first_name:03` is `first_name:3`: a spelling must not change the digest."""
    assert BlockingPart.parse("first_name:03") == BlockingPart.parse("first_name:3")


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("students-1", "cd23a395d8378ef631a1a67d5ed15755079f85d69f38f5b83c67e1d4f9a7cc91"),
        ("students-1-strict", "fdea35ee34196e633ac034a00c5f8dc577f30c47f94f9d3942db4a27c503c47e"),
        ("students-2", "f384627cb5572d1d4ecabb7e52e68e03f5f114f12d02bb35f1e7b196d677b6b1"),
    ],
)
def test_a_profile_never_changes_its_meaning(name: str, digest: str) -> None:
    """A changed digest would cut every partnership off its earlier encodings: use a new name."""
    assert section_of(name).digest == digest


@pytest.mark.parametrize(
    ("name", "entries"), [("students-1", 28), ("students-1-strict", 22), ("students-2", 21)]
)
def test_a_profile_emits_its_quotas(name: str, entries: int) -> None:
    """The number of entries a record is what the documentation says."""
    assert section_of(name).entries_per_record == entries


@pytest.mark.parametrize("name", PROFILES)
def test_a_pass_carries_all_segments_but_those_its_block_fixes(name: str) -> None:
    """Within a block of one birth date, the birth date says nothing further."""
    section = section_of(name)
    for linkage_pass in section.passes:
        blocked = {str(part) for part in linkage_pass.block}
        carried = {segment.name for segment in section.segments_of(linkage_pass)}
        assert ("birth_date" in carried) == ("birth_date" not in blocked)
        assert ("zip" in carried) == ("zip" not in blocked)
        assert ("canonical_first_name" in carried) == ("first_name" not in blocked)
        assert {"last_name", "names", "middle_name"} <= carried
        bits = {segment["name"]: segment["bits"] for segment in profile(name)["segment"]}
        assert section.words_of(linkage_pass) * 64 == sum(bits[item] for item in carried)


def test_a_trial_agreement_is_the_same_on_both_sides() -> None:
    """Without a partnership, one is derived from the title and the parties, in whatever order."""
    ids = ["orchard-usd", "county-college", "city-college"]
    digests = {Agreement.students(order).linkage_digest for order in itertools.permutations(ids)}
    assert len(digests) == 1
    others = [
        Agreement.students(ids[:2]),
        Agreement.students(ids, title="another"),
        Agreement.students(ids, "students-1-strict"),
        Agreement.students(ids, country="AU"),
        Agreement.students(ids, state_id=True),
        Agreement.students(ids, partnership=PARTNERSHIP),
    ]
    digests.update(other.linkage_digest for other in others)
    assert len(digests) == 1 + len(others)


def test_a_trial_agreement_takes_whole_parties() -> None:
    """A party may be given with its role and rules."""
    party = Party("county-college", role="college", one_record_per_person=False)
    agreement = Agreement.students(["orchard-usd", party], minimum=2)
    assert agreement.party("county-college") is party
    assert agreement.records.minimum == 2


@pytest.mark.parametrize(
    ("parties", "options", "told"),
    [
        (["a"], {}, "at least two parties"),
        (["a", "a"], {}, "'a' stands twice"),
        (["a", "B c"], {}, r"party 'B c': an id is lower case"),
        (["a", "b"], {"profile": "students"}, "'students' is not known; one of: students-1"),
        (["a", "b"], {"partnership": "ours"}, "is not a UUID"),
    ],
)
def test_a_faulty_trial_agreement_is_refused(
    parties: list[str], options: dict[str, str], told: str
) -> None:
    """The same faults as in a file, told in the same way."""
    with pytest.raises(AgreementError, match=told):
        Agreement.students(parties, **options)
