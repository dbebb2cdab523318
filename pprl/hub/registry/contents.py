"""What a registry holds, as arrays, read from and written to its store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl._version import __version__
from pprl.agreement import Agreement
from pprl.hub.registry.reasons import Event
from pprl.hub.registry.recognition import Blocks
from pprl.hub.registry.store import Store
from pprl.hub.registry.succession import Members

Integers = NDArray[np.int64]
Texts = NDArray[np.object_]

CHUNK = 1 << 16
"""Rows that are read or written at a time."""


@dataclass(frozen=True, eq=False, repr=False)
class Contents:
    """Everything that holds at a run.

    Attributes:
        members: all members.
        study_ids: `object[persons]`, the hub's own names of persons, retired ones included.
        retired: person -> its successor.
    """

    members: Members
    study_ids: Texts
    retired: Mapping[int, int]


def contents(store: Store) -> Contents:
    """Everything that holds now."""
    persons = store.rows("SELECT person, study_id, successor FROM persons ORDER BY person")
    return Contents(
        _members(store),
        np.array([study_id for _, study_id, _ in persons], object),
        {person: successor for person, _, successor in persons if successor is not None},
    )


def _members(store: Store) -> Members:
    """All members, read a chunk at a time; every source's name is one text."""
    count = store.rows("SELECT coalesce(max(member) + 1, 0) FROM members")[0][0]
    names: dict[str, str] = {}
    source, person, recipient_id = np.empty((3, count), object)
    place = 0
    for start in range(0, count, CHUNK):
        rows = store.rows(
            "SELECT source, person, recipient_id FROM members "
            "WHERE until IS NULL AND member >= ? AND member < ? ORDER BY member",
            (start, start + CHUNK),
        )
        for name, number, told in rows:
            source[place] = names.setdefault(name, name)
            person[place], recipient_id[place] = number, told
            place += 1
    return Members(source[:place], person[:place].astype(np.int64), recipient_id[:place])


def known_blocks(store: Store, source: str, pass_name: str) -> Blocks:
    """All blocks that a source's members ever held in a pass."""
    tokens, members = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for some_tokens, some_members in store.rows(
        "SELECT tokens, members FROM blocks WHERE source = ? AND pass = ? ORDER BY since",
        (source, pass_name),
    ):
        tokens.append(np.frombuffer(some_tokens, "<u8"))
        members.append(np.frombuffer(some_members, "<u4").astype(np.int64))
    return Blocks.of(np.concatenate(tokens), np.concatenate(members))


def last_rosters(store: Store) -> dict[str, bytes]:
    """For each source, the members of its records when it was last linked."""
    return {
        source: bytes(members)
        for source, members in store.rows(
            "SELECT source, members FROM rosters AS r WHERE run = "
            "(SELECT max(run) FROM rosters WHERE source = r.source)"
        )
    }


def last_run(store: Store) -> int:
    """The run that holds now, 0 before the first."""
    return int(store.rows("SELECT coalesce(max(run), 0) FROM runs WHERE undone IS NULL")[0][0])


def is_common(store: Store) -> bool:
    """Whether all recipients were last told the same ID of a person."""
    found = store.rows("SELECT common FROM runs WHERE run = ?", (last_run(store),))
    return bool(found and found[0][0])


@dataclass(frozen=True, eq=False, repr=False)
class Changes:
    """What a run changes.

    Attributes:
        before: how many members there were.
        members: all members after it.
        changed: `int64[c]`, members that belong elsewhere or are called otherwise now.
        study_ids: `object[p]`, of new persons.
        retired: person -> its successor.
        blocks: source, pass and new blocks, made anew each time they are gone through.
        rosters: source -> the members of its records.
        events: merges and splits.
    """

    before: int
    members: Members
    changed: Integers
    study_ids: Sequence[str]
    retired: Mapping[int, int]
    blocks: Iterable[tuple[str, str, Blocks]]
    rosters: Mapping[str, bytes]
    events: Sequence[Event]

    def write(self, store: Store, agreement: Agreement, moment: str, study_ids: Texts) -> int:
        """Write everything down as a new run, and return its number.

        Args:
            store: the store, in a transaction.
            agreement: what was linked under.
            moment: when.
            study_ids: `object[persons]`, of all persons.
        """
        run = int(store.rows("SELECT coalesce(max(run), 0) FROM runs")[0][0]) + 1
        records = sum(len(roster) for roster in self.rosters.values()) // 4
        common = int(agreement.output.common_study_ids)
        store.insert(
            "runs", [(run, moment, agreement.digest, common, f"pprl {__version__}", records, None)]
        )
        first = len(study_ids) - len(self.study_ids)
        store.insert(
            "persons",
            ((first + n, name, run, None, None) for n, name in enumerate(self.study_ids)),
        )
        for person, successor in self.retired.items():
            store.rows(
                "UPDATE persons SET until = ?, successor = ? WHERE person = ?",
                (run, successor, person),
            )
        for member in self.changed.tolist():
            store.rows(
                "UPDATE members SET until = ? WHERE member = ? AND until IS NULL", (run, member)
            )
        added = np.arange(self.before, len(self.members.person))
        written = np.concatenate((self.changed, added))
        columns = (written, *(c[written] for c in vars(self.members).values()))
        store.insert(
            "members",
            (
                (*row, run, None)
                for start in range(0, len(written), CHUNK)
                for row in zip(*(c[start : start + CHUNK].tolist() for c in columns), strict=True)
            ),
        )
        for source, name, own in self.blocks:
            held = own.tokens.astype("<u8").tobytes(), own.holders.astype("<u4").tobytes()
            store.insert("blocks", [(source, name, run, *held)])
        store.insert("rosters", [(run, source, held) for source, held in self.rosters.items()])
        place = int(store.rows("SELECT coalesce(max(place), 0) FROM events")[0][0])
        store.insert(
            "events",
            [
                (place + n, run, e.kind, study_ids[e.person], study_ids[e.other], e.reason)
                for n, e in enumerate(self.events, 1)
            ],
        )
        return run
