"""One run: the records of a linkage are named, and the registry is brought up to date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import Agreement
from pprl.errors import MismatchError
from pprl.exchange import Submission
from pprl.hub.registry.blinding import RegistryKey
from pprl.hub.registry.contents import (
    Changes,
    contents,
    is_common,
    known_blocks,
    last_rosters,
    last_run,
)
from pprl.hub.registry.reasons import Evidence, events
from pprl.hub.registry.recipients import recipient_ids
from pprl.hub.registry.recognition import Blocks, least_shared, recognise
from pprl.hub.registry.store import Store
from pprl.hub.registry.succession import NEW, Members, succeed
from pprl.hub.study_ids import drawn_study_ids, new_study_ids

Integers = NDArray[np.int64]
Texts = NDArray[np.object_]

MOST_TORN = 0.02
FEWEST_TORN = 20


@dataclass(frozen=True, eq=False, repr=False)
class Linked:
    """What a linkage found, as a registry takes it.

    Attributes:
        submissions: what was linked; the records of all are numbered through.
        current: how many of each submission's records, the first ones, are this year's. Further
            ones were carried over from its earlier files.
        cluster: `int64[records]`, a label for each record, equal within a cluster.
        evidence: the candidate pairs.
    """

    submissions: Sequence[Submission]
    current: Sequence[int]
    cluster: Integers
    evidence: Evidence

    @property
    def offset(self) -> Integers:
        """`int64[submissions + 1]`, the number of each submission's first record."""
        return np.concatenate(([0], np.cumsum([s.records for s in self.submissions])))

    @property
    def source(self) -> Texts:
        """`object[records]`, the source of each record."""
        names = np.array([submission.institution for submission in self.submissions], object)
        return np.repeat(names, np.diff(self.offset))

    def named_anew(self, agreement: Agreement) -> Named:
        """Names for the records without a registry: all of them new."""
        persons, place = np.unique(self.cluster, return_inverse=True)
        study_id = drawn_study_ids(len(persons))[place]
        if agreement.output.common_study_ids:
            return Named(0, study_id, study_id)
        source = np.repeat(np.arange(len(self.submissions)), np.diff(self.offset))
        _, told = np.unique(source * len(persons) + place, return_inverse=True)
        return Named(0, study_id, drawn_study_ids(int(told.max(initial=-1)) + 1)[told])


@dataclass(frozen=True, eq=False, repr=False)
class Named:
    """What every record of a linkage is called.

    Attributes:
        run: the registry's run that holds, 0 without one.
        study_id: `object[records]`, the hub's own name of each record's person; in ASCII,
            `S18[records]`, where all are new.
        recipient_id: likewise, what its source is told.
    """

    run: int
    study_id: Texts | NDArray[np.bytes_]
    recipient_id: Texts | NDArray[np.bytes_]


def carry_on(
    store: Store, key: RegistryKey, linked: Linked, agreement: Agreement, moment: str
) -> Named:
    """Name the records and write down what changes; within a transaction.

    If nothing changes, no run is added.

    Raises:
        MismatchError: a source's entries contradict those that it sent before.
    """
    names = [submission.institution for submission in linked.submissions]
    offset, source = linked.offset, linked.source
    _, cluster = np.unique(linked.cluster, return_inverse=True)
    before = contents(store)
    entries = [SourceBlocks(submission, key, store) for submission in linked.submissions]
    section = agreement.linkage
    record, member = _met(entries, offset, least_shared(section.entries_per_record, 1))

    sole = frozenset(name for name in names if agreement.party(name).one_record_per_person)
    clusters = int(cluster.max(initial=-1)) + 1
    succession = succeed(clusters, cluster[record], member, before.members, sole)
    person = succession.name.copy()
    fresh = np.flatnonzero(person == NEW)
    person[fresh] = len(before.study_ids) + np.arange(len(fresh))
    new_ids = new_study_ids(len(fresh))
    study_ids = np.concatenate((before.study_ids, np.array(new_ids, object)))

    now = before.members.person.copy()
    now[member] = person[cluster[record]]
    for old, successor in succession.retired.items():
        now[now == old] = successor
    own = np.full(len(source), NEW, np.int64)
    _, first = np.unique(record, return_index=True)
    own[record[first]] = member[first]
    former = np.where(own == NEW, NEW, np.append(before.members.person, NEW)[own])
    added = np.flatnonzero(own == NEW)
    own[added] = len(now) + np.arange(len(added))
    every = Members(
        np.concatenate((before.members.source, source[added])),
        np.concatenate((now, person[cluster[added]])),
        np.concatenate((before.members.recipient_id, np.full(len(added), "", object))),
    )
    given = recipient_ids(every, together=agreement.output.reveal_matches)
    every = Members(every.source, every.person, given)
    differs = (now != before.members.person) | (given[: len(now)] != before.members.recipient_id)
    changes = Changes(
        before=len(now),
        members=every,
        changed=np.flatnonzero(differs),
        study_ids=new_ids,
        retired=succession.retired,
        blocks=NewBlocks(entries, np.split(own, offset[1:-1])),
        rosters={
            name: own[start : start + current].astype("<u4").tobytes()
            for name, start, current in zip(names, offset[:-1], linked.current, strict=True)
        },
        events=list(events(succession, person, former, cluster, source, linked.evidence)),
    )
    if _alters(changes, store, agreement):
        run = changes.write(store, agreement, moment, study_ids)
    else:
        run = last_run(store)
    named = study_ids[every.person[own]]
    return Named(run, named, named if agreement.output.common_study_ids else given[own])


@dataclass(frozen=True, eq=False, repr=False)
class SourceBlocks:
    """The blocks of a source, of its records and of its members, one pass at a time in memory.

    Attributes:
        submission: what it sent.
        key: under which blocks are blinded.
        store: what is known of its members.
    """

    submission: Submission
    key: RegistryKey
    store: Store

    @property
    def source(self) -> str:
        """Its id."""
        return self.submission.institution

    def passes(self) -> Iterator[tuple[str, Blocks, Blocks]]:
        """Each pass's name, the blocks of the records and those of the members."""
        for name, entries in self.submission.passes.items():
            tokens = self.key.blinded(entries.tokens, self.source, name)
            now = Blocks.of(tokens, entries.records.astype(np.int64))
            self.submission.let_go()
            yield name, now, known_blocks(self.store, self.source, name)


@dataclass(frozen=True, eq=False, repr=False)
class NewBlocks:
    """The blocks that a registry does not hold yet, with their members.

    Attributes:
        entries: the blocks of each source.
        members: `int64[records]` of each source, the member that each record is.
    """

    entries: Sequence[SourceBlocks]
    members: Sequence[Integers]

    def __iter__(self) -> Iterator[tuple[str, str, Blocks]]:
        """Source, pass and new blocks, where there are any."""
        for entries, own in zip(self.entries, self.members, strict=True):
            for name, now, known in entries.passes():
                new = ~np.isin(now.tokens, known.tokens, assume_unique=True)
                if new.any():
                    yield entries.source, name, Blocks(now.tokens[new], own[now.holders[new]])


def _met(
    entries: Sequence[SourceBlocks], offset: Integers, least: int
) -> tuple[Integers, Integers]:
    """Records and the members that they are, sources together.

    Raises:
        MismatchError: many students of a source share entries with several of its records.
    """
    records, members = [], []
    for own, start in zip(entries, offset[:-1], strict=True):
        met = recognise(((now, known) for _, now, known in own.passes()), least)
        if met.torn > max(FEWEST_TORN, MOST_TORN * len(met.record)):
            raise MismatchError(
                f"{own.source}: {met.torn} students that it sent before share entries with several "
                "of its records now. Was its state lost, or made anew? Have it encode again with "
                "the state of its last submission."
            )
        records.append(met.record + start)
        members.append(met.member)
    return np.concatenate(records), np.concatenate(members)


def _alters(changes: Changes, store: Store, agreement: Agreement) -> bool:
    """Whether anything in the registry is other than before."""
    if len(changes.changed) or len(changes.members.person) > changes.before:
        return True
    if any(True for _ in changes.blocks):
        return True
    last = last_rosters(store)
    if any(last.get(name) != roster for name, roster in changes.rosters.items()):
        return True
    return is_common(store) != agreement.output.common_study_ids
