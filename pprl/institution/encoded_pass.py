"""One pass of an institution's students, from their blocks to the entries that are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import LinkageSection, Pass
from pprl.exchange import Entries, PassProfile
from pprl.institution.decoys import decoys
from pprl.institution.emission import Emission, emit
from pprl.institution.filling import Blanks, Filling
from pprl.institution.keys import Keys
from pprl.institution.ledger import NOBODY, Ledger
from pprl.institution.prf import Prf
from pprl.institution.published import pass_profile
from pprl.institution.roster import Roster
from pprl.institution.tokens import TokenTable

if TYPE_CHECKING:
    from pprl.institution.compiled_filling import StudentTokens


@dataclass(frozen=True, eq=False)
class EncodedPass:
    """A pass, encoded.

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


@dataclass(frozen=True, repr=False)
class PassKeys:
    """The keys of one pass, 32 bytes each.

    Attributes:
        tokens: for block tokens, shared by the institutions; so are the next two.
        salts: for block salts.
        positions: for the positions of tokens.
        missing: for the positions of missing fields, of the institution's own; so are the next two.
        decoys: for the blocks of decoys.
        decoy_names: for what stands for a student and the values of the blocking key.
    """

    tokens: bytes
    salts: bytes
    positions: bytes
    missing: bytes
    decoys: bytes
    decoy_names: bytes

    @classmethod
    def of(cls, keys: Keys, name: str) -> PassKeys:
        """Those of the pass of that name."""
        return cls(
            *(keys.shared(f"{purpose}/{name}") for purpose in ("tokens", "salts", "positions")),
            *(keys.own(f"{purpose}/{name}") for purpose in ("missing", "decoys", "decoy-names")),
        )

    def filling(
        self,
        section: LinkageSection,
        linkage_pass: Pass,
        tables: Mapping[str, TokenTable],
        side_by_side: StudentTokens | None,
    ) -> Filling:
        """What the filters of the pass are filled from.

        Args:
            section: the linkage section.
            linkage_pass: the pass.
            tables: the token digests of each segment.
            side_by_side: the same for the numba kernel, if that is to fill.
        """
        return Filling(
            section,
            section.segments_of(linkage_pass),
            tables,
            Prf(self.positions),
            Prf(self.missing),
            side_by_side,
        )


def encode_pass(
    section: LinkageSection,
    linkage_pass: Pass,
    ledger: Ledger,
    roster: Roster,
    keys: Keys,
    epsilon: float,
) -> tuple[EncodedPass, Ledger]:
    """Encode one pass; nothing is read or written of the state but its secret.

    Args:
        section: the linkage section.
        linkage_pass: the pass.
        ledger: the pass's blocks sent or shared so far.
        roster: the students.
        keys: those of the submission.
        epsilon: the whole budget of the manifest.

    Returns:
        the pass, and its blocks sent so far, these included.

    Raises:
        StudentsError: most blocks sent earlier are now held under other local ids.
    """
    name = linkage_pass.name
    own = PassKeys.of(keys, name)
    values = roster.blocking.values(linkage_pass, own.tokens)
    emission = emit(linkage_pass, values, own.salts, ledger, roster.owners)
    real, shared = emission.values, emission.shared
    filling = own.filling(section, linkage_pass, roster.tables, roster.side_by_side)
    entries = filled(emission, linkage_pass.quota, roster.identity, roster.record, own, filling)
    profile = pass_profile(filling, linkage_pass, values, own.salts, epsilon, keys.own("noise"))
    encoded = EncodedPass(
        entries,
        profile,
        np.bincount(values.student, minlength=len(roster)) > 0,
        np.bincount(real.student, minlength=len(roster)) > 0,
    )
    holders = np.concatenate((roster.identity[real.student], np.full(len(shared), NOBODY)))
    return encoded, ledger.with_entries(np.concatenate((real.tokens, shared)), holders)


def filled(
    emission: Emission,
    quota: int,
    identity: NDArray[np.uint64],
    record: NDArray[np.uint32],
    keys: PassKeys,
    filling: Filling,
) -> Entries:
    """The entries of a pass, decoys included, in the order of their tokens.

    Args:
        emission: which blocks are students' own.
        quota: how many every record has.
        identity: `uint64[n]`, what decoys know each student by.
        record: `uint32[n]`, each student's record number.
        keys: those of the pass.
        filling: what the filters are filled from.
    """
    real = emission.values
    private = decoys(emission, identity, quota, keys.decoy_names, keys.decoys)
    blanks = Blanks.sorted(
        np.concatenate((real.student, private.student)),
        np.concatenate((real.tokens, private.tokens)),
        np.concatenate((real.salts(keys.salts), private.salts)),
    )
    tokens, records = np.empty_like(blanks.tokens), np.empty(len(blanks), np.uint32)
    tokens[blanks.places] = blanks.tokens
    records[blanks.places] = record[blanks.students]
    return Entries(tokens, records, filling.filters(blanks))
