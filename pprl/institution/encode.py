"""Encoding: from an institution's students to one submission and the map that stays behind."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl._version import __version__
from pprl.agreement import Agreement, LinkageSection, Pass
from pprl.errors import StudentsError
from pprl.exchange import Entries, Manifest, PassProfile, Submission
from pprl.exchange.spool import Spool
from pprl.institution.blocks import Blocking
from pprl.institution.collapse import Students, collapse
from pprl.institution.emission import Owners, emit
from pprl.institution.encoded import Encoded
from pprl.institution.filling import (
    Blanks,
    Filling,
    KernelName,
    chosen_kernel,
    private_blocks,
    side_by_side,
)
from pprl.institution.linkage_key import LinkageKey
from pprl.institution.name_words import NameWords
from pprl.institution.normalise import normalise
from pprl.institution.prf import Prf
from pprl.institution.published import completeness, pass_profile, present
from pprl.institution.state import State
from pprl.institution.tokens import TokenTable, token_table
from pprl.progress import Progress, tracked

if TYPE_CHECKING:
    from pprl.institution.compiled_filling import StudentTokens

MOST_IN_MEMORY = 512 << 20
"""Bytes of entries beyond which those of finished passes wait on the disk."""

LISTED = ("local_id", "first_name", "last_name")
"""Roster columns that are read whatever the agreement's fields are; without the others' values."""


@dataclass(frozen=True, eq=False)
class _Roster:
    """Students ready to be encoded.

    Attributes:
        students: the collapsed students.
        owners: the student that each local id belongs to.
        identity: `uint64[n]`, the digest of each student's smallest local id.
        record: `uint32[n]`, each student's record number.
        blocking: their blocks.
        tables: the token digests of each segment.
        side_by_side: the same for the numba kernel, if that is to fill.
    """

    students: Students
    owners: Owners
    identity: NDArray[np.uint64]
    record: NDArray[np.uint32]
    blocking: Blocking
    tables: Mapping[str, TokenTable]
    side_by_side: StudentTokens | None


@dataclass(frozen=True, eq=False)
class _EncodedPass:
    """One pass, encoded.

    Attributes:
        entries: what is sent, decoys included.
        profile: the pass's non-match profile.
        blocked: `bool[n]`, which students have a block value.
        emitting: `bool[n]`, which students have a real entry.
    """

    entries: Entries
    profile: PassProfile
    blocked: NDArray[np.bool_]
    emitting: NDArray[np.bool_]


def encode(
    students: pd.DataFrame,
    agreement: Agreement,
    key: LinkageKey,
    institution_id: str,
    *,
    state: State | None = None,
    kernel: KernelName | None = None,
    progress: Progress = True,
) -> Encoded:
    """Encode students for the hub.

    Every record emits exactly each pass's quota of entries: real ones where its block is held by
    no other student of the institution, now or in any earlier submission under this key, and
    decoys for the rest. The same students under the same state and key give the same bits,
    whatever the order of their rows (of several rows of one local id, the latest stands).

    Beside the students, the memory of one pass is taken: the entries of finished passes, which hold
    nothing of a student in the clear, wait in a temporary file if they are more than 512 MiB.

    Args:
        students: as from `read_students`; at least `local_id, first_name, last_name`.
        agreement: the agreement; only its fields are used.
        key: the institutions' linkage key.
        institution_id: the party whose students they are.
        state: the institution's secret and ledger. Without one, a state in memory is used: for
            trials. Two submissions of one institution under two states tell the hub which entries
            are decoys and which fields are missing, and no ledger guards one against the other.
        kernel: "numba" (of the extra `pprl-edu[fast]`) or "numpy", which give the same bits; None
            takes numba where it is installed and there is enough to do.
        progress: True draws a bar on a terminal, False is silent, a function is told.

    Raises:
        AgreementError: the institution is not a party.
        StudentsError: a field that the agreement requires is empty throughout, one local id names
            two people, or there are fewer students than the agreement's minimum.
        UsageError: a column is missing or holds something other than text; no such kernel.
    """
    if state is None:
        with contextlib.closing(State.in_memory()) as own:
            return encode(
                students,
                agreement,
                key,
                institution_id,
                state=own,
                kernel=kernel,
                progress=progress,
            )
    agreement.party(institution_id)
    section = agreement.linkage
    check = key.check_value(section.digest)
    # The institution's own bits change with the linkage key: else what stays the same is a decoy.
    context = hashlib.sha256(f"{section.digest}/{check}/{institution_id}".encode()).hexdigest()
    roster = _roster(students, agreement, key, state, context, kernel)
    fields_told = _fields_told(roster.students, agreement)
    epsilon = agreement.records.epsilon
    with state.transaction(), _kept_on_disk(section, len(roster.students)) as kept:
        encoded = {
            linkage_pass.name: _encode_pass(
                section, linkage_pass, roster, key, state, context, epsilon, kept
            )
            for linkage_pass in tracked(section.passes, "encoding", progress)
        }
        passes = {name: item.entries for name, item in encoded.items()}
        shares, unplaced = completeness(
            section.fields,
            roster.students.records,
            np.any([item.blocked for item in encoded.values()], axis=0),
            epsilon,
            state.derive(context, "noise"),
        )
        manifest = Manifest(
            institution=institution_id,
            agreement=agreement.digest,
            linkage=section.digest,
            key_check=check,
            records=len(roster.students),
            sequence=0,
            software=f"pprl {__version__}",
            epsilon=epsilon,
            completeness=shares,
            unplaced=unplaced,
            non_match_profile={name: item.profile for name, item in encoded.items()},
        )
        sequence = state.sequence_of(context, _content(manifest, passes, roster.tables))
    notes = [*roster.students.notes, *fields_told]
    if idle := int((~np.any([item.emitting for item in encoded.values()], axis=0)).sum()):
        notes.append(
            f"{idle} of {len(roster.students)} students emit in no pass: cannot be linked."
        )
    submission = Submission(dataclasses.replace(manifest, sequence=sequence), passes)
    return Encoded(submission, _id_map(roster), tuple(notes))


def _roster(
    students: pd.DataFrame,
    agreement: Agreement,
    key: LinkageKey,
    state: State,
    context: str,
    kernel: KernelName | None,
) -> _Roster:
    """Normalise, collapse, number and tokenise."""
    section = agreement.linkage
    declared = [c for c in students.columns if c in LISTED or c in section.fields]
    collapsed = collapse(normalise(students[declared], country=section.country))
    if len(collapsed) < agreement.records.minimum:
        raise StudentsError(
            f"There are {len(collapsed)} students; the agreement asks for at least "
            f"{agreement.records.minimum}, because a handful hides nobody."
        )
    digests = state.student_digest(context, collapsed.local_ids.tolist())
    smallest = np.full(len(collapsed), len(digests))
    np.minimum.at(smallest, collapsed.local_id_student, np.arange(len(digests)))
    identity = digests[smallest]
    record = np.empty(len(collapsed), np.uint32)
    record[np.argsort(identity)] = np.arange(len(collapsed), dtype=np.uint32)
    words = NameWords.of(collapsed.records)
    blocking = Blocking(
        collapsed.records,
        words,
        key.derive(section.digest, "block-values"),
        key.derive(section.digest, "block-pairs"),
    )
    tables = {
        segment.name: token_table(
            segment.name,
            collapsed.records,
            words,
            key.derive(section.digest, f"segment/{segment.name}"),
        )
        for segment in section.segments
    }
    owners = Owners.of(digests, collapsed.local_id_student)
    compiled = side_by_side(tables, chosen_kernel(kernel, len(collapsed)))
    return _Roster(collapsed, owners, identity, record, blocking, tables, compiled)


def _encode_pass(
    section: LinkageSection,
    linkage_pass: Pass,
    roster: _Roster,
    key: LinkageKey,
    state: State,
    context: str,
    epsilon: float,
    kept: Callable[[Entries], Entries],
) -> _EncodedPass:
    """Encode one pass and bring its ledger up to date."""
    name = linkage_pass.name
    salt_key = key.derive(section.digest, f"salts/{name}")
    values = roster.blocking.values(linkage_pass, key.derive(section.digest, f"tokens/{name}"))
    ledger = state.ledger(context, name)
    emission = emit(linkage_pass, values, salt_key, ledger, roster.owners)
    real = emission.values
    state.keep_ledger(
        context, name, ledger.with_entries(real.tokens, roster.identity[real.student])
    )
    idle, slots = emission.free_slots(len(roster.students), linkage_pass.quota)
    named = Prf(state.derive(context, f"decoy-names/{name}")).mac(
        [roster.identity, *values.content]
    )
    private_tokens, private_salts = private_blocks(
        named[idle, 0], slots, Prf(state.derive(context, f"decoys/{name}"))
    )
    blanks = Blanks.sorted(
        np.concatenate((real.student, idle)),
        np.concatenate((real.tokens, private_tokens)),
        np.concatenate((real.salts(salt_key), private_salts)),
    )
    filling = Filling(
        section,
        section.segments_of(linkage_pass),
        roster.tables,
        Prf(key.derive(section.digest, f"positions/{name}")),
        Prf(state.derive(context, f"missing/{name}")),
        roster.side_by_side,
    )
    tokens, records = np.empty_like(blanks.tokens), np.empty(len(blanks), np.uint32)
    tokens[blanks.places] = blanks.tokens
    records[blanks.places] = roster.record[blanks.students]
    entries = Entries(tokens, records, filling.filters(blanks))
    profile = pass_profile(
        filling, linkage_pass, values, salt_key, epsilon, state.derive(context, "noise")
    )
    return _EncodedPass(
        kept(entries),
        profile,
        np.bincount(values.student, minlength=len(roster.students)) > 0,
        np.bincount(real.student, minlength=len(roster.students)) > 0,
    )


@contextlib.contextmanager
def _kept_on_disk(section: LinkageSection, students: int) -> Iterator[Callable[[Entries], Entries]]:
    """What keeps the entries of a pass: memory, or beyond `MOST_IN_MEMORY` a temporary file."""
    words = sum(item.quota * (section.words_of(item) + 2) for item in section.passes)
    if 8 * words * students <= MOST_IN_MEMORY:
        yield lambda entries: entries
        return
    with contextlib.closing(Spool()) as spool:
        yield spool.keep


def _fields_told(students: Students, agreement: Agreement) -> tuple[str, ...]:
    """Notes on fields that are empty throughout.

    Raises:
        StudentsError: the agreement requires one of them.
    """
    empty = [n for n in agreement.linkage.fields if not present(students.records, n).any()]
    for name in empty:
        if name in agreement.records.required_fields:
            raise StudentsError(
                f"{name} is empty or unreadable in every row, and the agreement requires it. "
                "Add the column to the export, or map it with columns={...}."
            )
    return tuple(
        f"{name} is empty in every row, or its column was not recognised; fewer matches will be "
        "found without it."
        for name in empty
    )


def _id_map(roster: _Roster) -> pd.DataFrame:
    """`record, local_id`, in the order of records."""
    record = roster.record[roster.students.local_id_student]
    order = np.lexsort((np.arange(len(record)), record))
    return pd.DataFrame({"record": record[order], "local_id": roster.students.local_ids[order]})


def _content(
    manifest: Manifest, passes: Mapping[str, Entries], tables: Mapping[str, TokenTable]
) -> str:
    """A digest of everything in a submission but its sequence number.

    Filters follow from tokens, records and the digests of the students' tokens, which are fewer.
    """
    digest = hashlib.sha256(manifest.to_bytes())
    for entries in passes.values():
        digest.update(entries.tokens.data)
        digest.update(entries.records.data)
    for table in tables.values():
        for array in (table.begin, table.count, table.digests):
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
