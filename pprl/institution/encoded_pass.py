"""One pass of an institution's students, from their blocks to the entries that are sent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.agreement import LinkageSection, Pass
from pprl.exchange import Entries, PassProfile
from pprl.institution.emission import emit
from pprl.institution.filling import Blanks, Filling, private_blocks
from pprl.institution.keys import Keys
from pprl.institution.ledger import Ledger
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
        ledger: the pass's blocks sent so far.
        roster: the students.
        keys: those of the submission.
        epsilon: the whole budget of the manifest.

    Returns:
        the pass, and its blocks sent so far, these included.

    Raises:
        StudentsError: most blocks sent earlier are now held under other local ids.
    """
    name = linkage_pass.name
    salt_key = keys.shared(f"salts/{name}")
    values = roster.blocking.values(linkage_pass, keys.shared(f"tokens/{name}"))
    emission = emit(linkage_pass, values, salt_key, ledger, roster.owners)
    real = emission.values
    idle, slots = emission.free_slots(len(roster), linkage_pass.quota)
    named = Prf(keys.own(f"decoy-names/{name}")).mac([roster.identity, *values.content])
    private_tokens, private_salts = private_blocks(
        named[idle, 0], slots, Prf(keys.own(f"decoys/{name}"))
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
        Prf(keys.shared(f"positions/{name}")),
        Prf(keys.own(f"missing/{name}")),
        roster.side_by_side,
    )
    tokens, records = np.empty_like(blanks.tokens), np.empty(len(blanks), np.uint32)
    tokens[blanks.places] = blanks.tokens
    records[blanks.places] = roster.record[blanks.students]
    entries = Entries(tokens, records, filling.filters(blanks))
    profile = pass_profile(filling, linkage_pass, values, salt_key, epsilon, keys.own("noise"))
    encoded = EncodedPass(
        entries,
        profile,
        np.bincount(values.student, minlength=len(roster)) > 0,
        np.bincount(real.student, minlength=len(roster)) > 0,
    )
    return encoded, ledger.with_entries(real.tokens, roster.identity[real.student])
