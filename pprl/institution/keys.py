"""The keys that a submission is made under: those of all partners, and the institution's own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pprl.institution.linkage_key import LinkageKey
from pprl.institution.state import State


@dataclass(frozen=True, eq=False, repr=False)
class Keys:
    """Keys by purpose, each of 32 bytes and independent of the others.

    Attributes:
        linkage_key: what the institutions share.
        linkage_digest: of the linkage section.
        check: tells whether two submissions were made under one linkage key.
        state: the institution's own.
        context: what the institution's own keys are derived for. It changes with the linkage key:
            else what stays the same is a decoy.
    """

    linkage_key: LinkageKey
    linkage_digest: str
    check: str
    state: State
    context: str

    @classmethod
    def of(cls, key: LinkageKey, linkage_digest: str, institution: str, state: State) -> Keys:
        """Those of an institution under a linkage section."""
        check = key.check_value(linkage_digest)
        context = hashlib.sha256(f"{linkage_digest}/{check}/{institution}".encode()).hexdigest()
        return cls(key, linkage_digest, check, state, context)

    def __repr__(self) -> str:
        """Nothing of them."""
        return "<Keys>"

    def shared(self, purpose: str) -> bytes:
        """A key that every institution of the agreement derives alike."""
        return self.linkage_key.derive(self.linkage_digest, purpose)

    def own(self, purpose: str) -> bytes:
        """A key that no other institution has."""
        return self.state.derive(self.context, purpose)
