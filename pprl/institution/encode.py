"""Encoding: from an institution's students to one submission and the map that stays behind."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from pprl._version import __version__
from pprl.agreement import Agreement, LinkageSection
from pprl.agreement.enforcement import enforce
from pprl.exchange import Entries, Manifest, PassProfile, Submission
from pprl.exchange.spool import Spool
from pprl.institution.encoded import Encoded
from pprl.institution.encoded_pass import encode_pass
from pprl.institution.filling import KernelName
from pprl.institution.keys import Keys
from pprl.institution.linkage_key import LinkageKey
from pprl.institution.published import completeness, told_of_fields
from pprl.institution.roster import roster_of
from pprl.institution.state import State
from pprl.institution.tokens import TokenTable
from pprl.progress import Progress, tracked
from pprl.workers import checked_workers, in_turn

MOST_IN_MEMORY = 512 << 20
"""Bytes of entries beyond which those of finished passes wait on the disk."""


def encode(
    students: pd.DataFrame,
    agreement: Agreement,
    key: LinkageKey,
    institution_id: str,
    *,
    state: State | None = None,
    kernel: KernelName | None = None,
    workers: int | None = None,
    progress: Progress = True,
    today: datetime.date | None = None,
) -> Encoded:
    """Encode students for the hub.

    Every record emits exactly each pass's quota of entries, real ones and decoys for the rest. A
    block is real for the one student of the institution who holds it, and stays so under this key
    whoever comes later; one that two held before either had sent it is nobody's for good. The same
    students under the same state and key give the same bits, whatever the order of their rows (of
    several rows of one local id, the latest stands).

    Beside the students, each worker takes the memory of one pass: the entries of finished passes,
    which hold nothing of a student in the clear, wait in a temporary file if they are more than
    512 MiB.

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
        workers: passes in work at once, in threads; None takes the processors that this process
            may use. The bits are the same.
        progress: True draws a bar on a terminal, False is silent, a function is told.
        today: the day on which; the machine's own if not given.

    Raises:
        AgreementError: the agreement does not allow it: see `pprl.agreement.enforcement`.
        StudentsError: a field that the agreement requires is empty throughout, one local id names
            two people, there are fewer students than the agreement's minimum, or most blocks sent
            earlier are now held under other local ids.
        UsageError: a column is missing or holds something other than text; no such kernel; no
            workers.
        StateError: the state is another party's, or cannot be written.
    """
    enforce(agreement, (institution_id,), today=today)
    workers = checked_workers(workers)
    section = agreement.linkage
    epsilon = agreement.records.epsilon
    with contextlib.ExitStack() as stack:
        if state is None:
            state = stack.enter_context(contextlib.closing(State.in_memory()))
        keys = Keys.of(key, section.digest, institution_id, state)
        stack.enter_context(state.transaction())
        state.serve(institution_id)
        roster = roster_of(students, agreement, keys, kernel)
        fields_told = told_of_fields(roster.students, agreement)
        kept = stack.enter_context(_kept_on_disk(section, len(roster)))
        roster.blocking.prepare(section.passes)
        # The largest first, so that no worker is left with one at the end.
        order = sorted(section.passes, key=lambda item: -item.quota)
        given = ((item, state.ledger(keys.context, item.name)) for item in order)
        in_work = in_turn(
            lambda item: encode_pass(section, *item, roster, keys, epsilon), given, workers
        )
        stack.enter_context(contextlib.closing(in_work))
        encoded = {}
        for linkage_pass, (item, ledger) in zip(
            tracked(order, "encoding", progress), in_work, strict=True
        ):
            state.keep_ledger(keys.context, linkage_pass.name, ledger)
            encoded[linkage_pass.name] = dataclasses.replace(item, entries=kept(item.entries))
        passes = {item.name: encoded[item.name].entries for item in section.passes}
        shares, unplaced = completeness(
            section.fields,
            roster.students.records,
            np.any([item.blocked for item in encoded.values()], axis=0),
            epsilon,
            keys.own("noise"),
        )
        profile = {name: encoded[name].profile for name in passes}
        manifest = unnumbered(
            agreement, keys, institution_id, len(roster), shares, unplaced, profile
        )
        sequence = state.sequence_of(keys.context, _content(manifest, passes, roster.tables))
    notes = [*roster.students.notes, *fields_told]
    if roster.given_again:
        notes.append(f"{roster.given_again} local ids name another student than before.")
    if idle := int((~np.any([item.emitting for item in encoded.values()], axis=0)).sum()):
        notes.append(f"{idle} of {len(roster)} students emit in no pass: cannot be linked.")
    submission = Submission(dataclasses.replace(manifest, sequence=sequence), passes)
    return Encoded(submission, roster.id_map(), tuple(notes))


def unnumbered(
    agreement: Agreement,
    keys: Keys,
    institution_id: str,
    records: int,
    completeness: Mapping[str, float],
    unplaced: float,
    profile: Mapping[str, PassProfile],
) -> Manifest:
    """The manifest of a submission that has no sequence number yet."""
    return Manifest(
        institution=institution_id,
        recipient=agreement.hub_key,
        agreement=agreement.digest,
        linkage=agreement.linkage.digest,
        key_check=keys.check,
        records=records,
        sequence=0,
        software=f"pprl {__version__}",
        epsilon=agreement.records.epsilon,
        completeness=completeness,
        unplaced=unplaced,
        non_match_profile=profile,
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
