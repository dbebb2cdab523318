"""The encoder again, slow and obvious: loops over passes, students, values, tokens and bits.

It shares with `pprl` the rules for names (`normalise`, `collapse`, `canonical_first_name`,
`soundex`), the agreement, and AES for single blocks; nothing of blocks, tokens, filters, emission
or key derivation. What it and `pprl.encode` agree on was therefore written down twice.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from pprl import Agreement, Submission
from pprl.agreement import Pass, Segment
from pprl.agreement.blocking import BlockingPart
from pprl.institution.collapse import collapse
from pprl.institution.names import canonical_first_name, soundex
from pprl.institution.normalise import normalise

MASK = (1 << 64) - 1
PAIR = "\x1f"
IDENTIFYING = {"birth_date", "first_name", "sex", "zip", "state_id"}
"""Whole parts of a blocking key that leave a segment nothing to say."""

Stream = Callable[[int], int]


class Entry(NamedTuple):
    """What the hub gets beside a token: the record's number and the filter's bytes."""

    record: int
    filter: bytes


Tables = dict[str, dict[int, Entry]]
"""Pass -> token -> entry."""


@dataclass
class Student:
    """One collapsed student, in plain Python."""

    local_ids: list[str]
    first: str
    middle: str
    last: str
    birth: tuple[int, int, int] | None
    sex: str
    zip: str
    state_id: str
    digest: int = 0
    record: int = 0


@dataclass
class Institution:
    """An institution's secrets, and the ledger that it keeps from one submission to the next.

    Attributes:
        linkage_key: the 32 bytes that all institutions share.
        secret: the 32 bytes of its own.
        name: its party id.
        ledger: pass -> token -> digest of the student for whom it was sent, 0 if two held it.
        decoys: pass -> tokens of the decoys of the last submission.
    """

    linkage_key: bytes
    secret: bytes
    name: str = "fresno"
    ledger: dict[str, dict[int, int]] = field(default_factory=dict)
    decoys: dict[str, set[int]] = field(default_factory=dict)

    def encode(self, rows: pd.DataFrame, agreement: Agreement) -> Tables:
        """Every entry of the next submission."""
        section = agreement.linkage
        students = students_of(rows, agreement)
        local_id_key = self._own_key(agreement, "local-id")
        for student in students:
            student.digest = word(mac(local_id_key, min(student.local_ids)))
        for number, student in enumerate(sorted(students, key=lambda s: s.digest)):
            student.record = number
        return {p.name: self._encode_pass(p, students, agreement) for p in section.passes}

    def _encode_pass(
        self, linkage_pass: Pass, students: list[Student], agreement: Agreement
    ) -> dict[int, Entry]:
        """The entries of one pass."""
        section = agreement.linkage
        name = linkage_pass.name
        fixed = {str(part) for part in linkage_pass.block} & IDENTIFYING
        if "first_name" in fixed:
            fixed = (fixed - {"first_name"}) | {"canonical_first_name"}
        segments = [
            (place, segment)
            for place, segment in enumerate(section.segments)
            if segment.name not in fixed
        ]
        value_key, pair_key, token_key, salt_key, position_key = (
            self._shared_key(agreement, purpose)
            for purpose in (
                "block-values",
                "block-pairs",
                f"tokens/{name}",
                f"salts/{name}",
                f"positions/{name}",
            )
        )
        digest = value_digest(value_key, pair_key)
        positions = block_cipher(position_key)
        missing = block_cipher(self._own_key(agreement, f"missing/{name}"))
        decoy = block_cipher(self._own_key(agreement, f"decoys/{name}"))
        local_id_key = self._own_key(agreement, "local-id")
        ledger = self.ledger.setdefault(name, {})
        self.decoys[name] = set()

        name_key = self._own_key(agreement, f"decoy-names/{name}")

        def fill(student: Student, token: int, salt: bytes) -> bytes:
            content = b""
            for place, segment in segments:
                key = self._shared_key(agreement, f"segment/{segment.name}")
                streams = [
                    shared_stream(positions, salt, digest, place)
                    for digest in sorted(word(mac(key, t)) for t in tokens(segment, student))
                ] or [private_stream(missing, token, place)]
                content += filled(streams, segment)
            return content

        values = [block_values(linkage_pass, student) for student in students]
        entries: dict[int, Entry] = {}
        sent, shared = {}, {}
        for student, own in zip(students, values, strict=True):
            candidates = []
            theirs = {word(mac(local_id_key, identifier)) for identifier in student.local_ids}
            for value in own:
                words = tuple(digest(text) for text in value)
                token, salt = word(cbc_mac(token_key, [*words])), cbc_mac(salt_key, [*words])
                if token in ledger:
                    is_theirs = ledger[token] in theirs
                else:
                    is_theirs = sum(value in others for others in values) == 1
                    if not is_theirs:
                        shared[token] = 0
                if is_theirs:
                    candidates.append((word(salt), token, salt, words))
            emitted = sorted(candidates)[: linkage_pass.quota]
            for _, token, salt, _ in emitted:
                sent[token] = student.digest
                entries[token] = Entry(student.record, fill(student, token, salt))

            def named(words: tuple[int, ...], student: Student = student) -> bytes:
                return cbc_mac(name_key, [student.digest, *words])[:8]

            names = {named(words) for words in partial_keys(linkage_pass, student, digest)}
            idle = names - {named(words) for *_, words in emitted}
            room = linkage_pass.quota - len(emitted)
            private = [(head, 0) for head in sorted(idle, key=word)[:room]]
            for slot in range(1, room - len(private) + 1):
                lots = {word(decoy(h + bytes([253, slot]) + bytes(6))): h for h in names}
                private.append((lots[min(lots)], slot))
            for head, slot in private:
                token = word(decoy(head + bytes([254, slot]) + bytes(6)))
                salt = decoy(head + bytes([255, slot]) + bytes(6))
                entries[token] = Entry(student.record, fill(student, token, salt))
                self.decoys[name].add(token)
        self.ledger[name] = shared | sent | ledger
        return entries

    def _shared_key(self, agreement: Agreement, purpose: str) -> bytes:
        """A key that every institution of the agreement derives alike."""
        return derived(self.linkage_key, agreement, purpose)

    def _own_key(self, agreement: Agreement, purpose: str) -> bytes:
        """A key that no other institution has."""
        check = derived(self.linkage_key, agreement, "check", 16).hex()
        context = f"{agreement.linkage.digest}/{check}/{self.name}"
        salt = hashlib.sha256(context.encode()).digest()
        return hkdf(self.secret, salt, b"pprl/1/" + purpose.encode(), 32)


def tables_of(submission: Submission) -> Tables:
    """What a real submission holds, in the oracle's form."""
    return {
        name: {
            token: Entry(record, content.tobytes())
            for token, record, content in zip(
                entries.tokens.tolist(),
                entries.records.tolist(),
                entries.filters.astype("<u8"),
                strict=True,
            )
        }
        for name, entries in submission.passes.items()
    }


def students_of(rows: pd.DataFrame, agreement: Agreement) -> list[Student]:
    """Collapsed students, undeclared fields forgotten."""
    declared = [name for name in rows.columns if name in ("local_id", *agreement.linkage.fields)]
    collapsed = collapse(normalise(rows[declared], country=agreement.linkage.country))
    r = collapsed.records
    students = []
    for i in range(len(collapsed)):
        mine = [
            identifier
            for identifier, student in zip(
                collapsed.local_ids, collapsed.local_id_student, strict=True
            )
            if student == i
        ]
        year, month, day = r.birth[i].tolist()
        birth = (year, month, day) if year else None
        students.append(
            Student(
                mine, r.first[i], r.middle[i], r.last[i], birth, r.sex[i], r.zip[i], r.state_id[i]
            )
        )
    return students


def block_values(linkage_pass: Pass, student: Student) -> set[tuple[str, ...]]:
    """Every combination of values of the parts of the blocking key."""
    return set(itertools.product(*(part_values(part, student) for part in linkage_pass.block)))


def partial_keys(
    linkage_pass: Pass, student: Student, digest: Callable[[str], int]
) -> set[tuple[int, ...]]:
    """The digests of every combination, a missing part counting as one value, 0."""
    parts = [{digest(t) for t in part_values(p, student)} or {0} for p in linkage_pass.block]
    return set(itertools.product(*parts))


def value_digest(value_key: bytes, pair_key: bytes) -> Callable[[str], int]:
    """What stands for a value of a part of a blocking key; two names in either order are a pair."""

    def digest(text: str) -> int:
        names = sorted(word(mac(value_key, name)) for name in text.split(PAIR))
        return names[0] if len(names) == 1 else word(cbc_mac(pair_key, names))

    return digest


def cbc_mac(key: bytes, words: list[int]) -> bytes:
    """CBC-MAC with AES-256 of words, an odd one filled up with zeros."""
    message = b"".join(w.to_bytes(8, "little") for w in words)
    message += bytes(-len(message) % 16)
    state = bytes(16)
    for start in range(0, len(message), 16):
        block = message[start : start + 16]
        state = block_cipher(key)(bytes(a ^ b for a, b in zip(state, block, strict=True)))
    return state


def part_values(part: BlockingPart, student: Student) -> set[str]:
    """The values of one part; none if it is missing. A name said twice in a field counts once."""
    every = part.source in ("name_part", "name_pair")
    given = student.first.split() + (full_parts(student.middle) if every else [])
    first = list(dict.fromkeys(given))
    last = list(dict.fromkeys(student.last.split()))
    forms = [transformed(canonical(name), part.transform) for name in first + last]
    if part.source == "last_part":
        found = {transformed(name, part.transform) for name in last}
    elif part.source == "name_part":
        found = set(forms)
    elif part.source == "first_last_pair":
        found = {pair(forms[0], form) for form in forms[len(first) :]} if first else set()
    elif part.source == "name_pair":
        found = {pair(a, b) for a, b in itertools.combinations(forms, 2)}
    elif part.source == "first_name":
        found = {transformed(canonical(first[0]), part.transform)} if first else set()
    elif part.source == "middle_initial":
        found = {student.middle[:1]}
    elif part.source in ("sex", "zip", "state_id"):
        found = {getattr(student, part.source)}
    else:
        found = {birth_part(part.source, student.birth)} if student.birth else set()
    return found - {""}


def birth_part(source: str, birth: tuple[int, int, int]) -> str:
    """A part of a blocking key that comes from the birth date."""
    year, month, day = birth
    if source == "birth_date":
        return f"{year:04d}{month:02d}{day:02d}"
    if source == "birth_month_day_sorted":
        return f"{min(month, day):02d}{max(month, day):02d}"
    if source == "birth_year_month":
        return f"{year:04d}{month:02d}"
    assert source == "birth_year_day"
    return f"{year:04d}d{day:02d}"


def canonical(name: str) -> str:
    """The canonical form of one name part."""
    return str(canonical_first_name(np.array([name], object))[0])


def transformed(name: str, transform: str) -> str:
    """The whole name, its Soundex code or its first letters."""
    if transform == "soundex":
        return str(soundex(np.array([name], object))[0])
    return name[: int(transform)] if transform else name


def pair(one: str, other: str) -> str:
    """Two names in either order; "" if one of them has no form."""
    return PAIR.join(sorted((one, other))) if one and other else ""


def tokens(segment: Segment, student: Student) -> set[str]:
    """What a segment is made from; nothing if the field is missing."""
    first, last, middle = student.first, student.last, student.middle
    if segment.name == "names":
        return {canonical(part) for part in f"{first} {last}".split()}
    if segment.name == "given_names":
        return {canonical(part) for part in first.split() + full_parts(middle)}
    if segment.name in ("first_name", "last_name"):
        text = {"first_name": first, "last_name": last}[segment.name]
        seen: list[str] = []
        for part in text.split():
            padded = "_" + part + "_"
            seen += [padded[i : i + 2] for i in range(len(padded) - 1)]
        return {f"{bigram}{seen[:i].count(bigram)}" for i, bigram in enumerate(seen)}
    if segment.name == "canonical_first_name":
        return {canonical(first.split()[0])} if first else set()
    if segment.name == "middle_name":
        full = {"f" + middle} if len(middle) > 1 else set()
        return {"i" + middle[0]} | full if middle else set()
    if segment.name == "birth_date":
        if student.birth is None:
            return set()
        year, month, day = student.birth
        low, high = min(month, day), max(month, day)
        return {f"y{year:04d}", f"m{month:02d}", f"d{day:02d}", f"s{low:02d}{high:02d}"}
    if segment.name == "zip":
        return {"z" + student.zip, "p" + student.zip[:3]} if student.zip else set()
    return {getattr(student, segment.name)} - {""}


def filled(streams: list[Stream], segment: Segment) -> bytes:
    """The segment's bytes: streams take turns until enough distinct bits are set."""
    width = segment.bits.bit_length() - 1
    bits = 0
    for counter in itertools.count():
        words = [stream(counter) for stream in streams]
        for chunk in range(64 // width):
            for drawn in words:
                bits |= 1 << (drawn >> (chunk * width)) % segment.bits
                if bits.bit_count() == segment.insertions:
                    return bits.to_bytes(segment.bits // 8, "little")
    raise AssertionError


def full_parts(middle: str) -> list[str]:
    """The parts of a middle name that are more than an initial."""
    return [part for part in middle.split() if len(part) > 1]


def shared_stream(cipher: Callable[[bytes], bytes], salt: bytes, digest: int, place: int) -> Stream:
    """A token's words in one block, two of each cipher block."""
    head = digest.to_bytes(8, "little") + bytes([place])

    def stream(counter: int) -> int:
        plain = head + (counter // 2).to_bytes(7, "little")
        drawn = cipher(bytes(a ^ b for a, b in zip(salt, plain, strict=True)))
        return word(drawn[8 * (counter % 2) :])

    return stream


def private_stream(cipher: Callable[[bytes], bytes], token: int, place: int) -> Stream:
    """An institution's own words for a missing field of an entry, two of each cipher block."""
    head = token.to_bytes(8, "little") + bytes([place])
    return lambda counter: word(
        cipher(head + (counter // 2).to_bytes(7, "little"))[8 * (counter % 2) :]
    )


def block_cipher(key: bytes) -> Callable[[bytes], bytes]:
    """AES-256 of single blocks."""
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA-256, after RFC 5869: extract, then expand."""
    extracted = hmac.digest(salt or bytes(32), secret, "sha256")
    return b"".join(itertools.islice(_expanded(extracted, info), -(-length // 32)))[:length]


def _expanded(key: bytes, info: bytes) -> Iterator[bytes]:
    """T(1), T(2), ... of RFC 5869, section 2.3."""
    previous = b""
    for number in range(1, 256):
        previous = hmac.digest(key, previous + info + bytes([number]), "sha256")
        yield previous


def derived(secret: bytes, agreement: Agreement, purpose: str, length: int = 32) -> bytes:
    """A key for one purpose under one linkage section."""
    salt = hashlib.sha256(agreement.linkage.canonical()).digest()
    return hkdf(secret, salt, b"pprl/1/" + purpose.encode(), length)


def mac(key: bytes, text: str) -> bytes:
    """HMAC-SHA-256 of a text."""
    return hmac.digest(key, text.encode(), "sha256")


def word(content: bytes) -> int:
    """The first eight bytes as a little-endian number."""
    return int.from_bytes(content[:8], "little")
