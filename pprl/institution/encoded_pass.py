"""One pass of an institution's students, from their blocks to the entries that are sent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import LinkageSection, Pass
from pprl.exchange import Entries, PassProfile
from pprl.institution.decoys import decoys
from pprl.institution.emission import emit
from pprl.institution.filling import Blanks, Filling
from pprl.institution.keys import Keys
from pprl.institution.ledger import NOBODY
from pprl.institution.prf import Prf
from pprl.institution.published import pass_profile
from pprl.institution.roster import Roster


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


def encode_pass(
    section: LinkageSection, linkage_pass: Pass, roster: Roster, keys: Keys, epsilon: float
) -> EncodedPass:
    """Encode one pass and bring its ledger up to date; within a transaction of the state.

    Args:
        section: the linkage section.
        linkage_pass: the pass.
        roster: the students.
        keys: those of the submission.
        epsilon: the whole budget of the manifest.
    """
    name = linkage_pass.name
    salt_key = keys.shared(f"salts/{name}")
    values = roster.blocking.values(linkage_pass, keys.shared(f"tokens/{name}"))
    ledger = keys.state.ledger(keys.context, name)
    emission = emit(linkage_pass, values, salt_key, ledger, roster.owners)
    real, shared = emission.values, emission.shared
    keys.state.keep_ledger(
        keys.context,
        name,
        ledger.with_entries(
            np.concatenate((real.tokens, shared)),
            np.concatenate((roster.identity[real.student], np.full(len(shared), NOBODY))),
        ),
    )
    private = decoys(
        emission,
        roster.identity,
        linkage_pass.quota,
        keys.own(f"decoy-names/{name}"),
        keys.own(f"decoys/{name}"),
    )
    blanks = Blanks.sorted(
        np.concatenate((real.student, private.student)),
        np.concatenate((real.tokens, private.tokens)),
        np.concatenate((real.salts(salt_key), private.salts)),
    )
    filling = Filling(
        section,
        section.segments_of(linkage_pass),
        roster.tables,
        Prf(keys.shared(f"positions/{name}")),
        Prf(keys.own(f"missing/{name}")),
        roster.side_by_side,
    )
    tokens, records = np.empty_like(blanks.tokens), np.empty(len(blanks), np.uint32)
    tokens[blanks.places] = blanks.tokens
    records[blanks.places] = roster.record[blanks.students]
    entries = Entries(tokens, records, filling.filters(blanks))
    profile = pass_profile(filling, linkage_pass, values, salt_key, epsilon, keys.own("noise"))
    return EncodedPass(
        entries,
        profile,
        np.bincount(values.student, minlength=len(roster)) > 0,
        np.bincount(real.student, minlength=len(roster)) > 0,
    )
