"""The exception tree: every error that pprl raises on purpose is a `PPRLError`.

The classes are split by whose hands the way out lies in. A message names the file, the row and the
field and says what to do; it never holds a student's value.
"""

from __future__ import annotations

from collections.abc import Iterable


class PPRLError(Exception):
    """Anything pprl refuses, for whatever reason. Raised only through its subclasses."""


class UsageError(PPRLError):
    """The caller's program or command asks for something that cannot be (a bad argument)."""


class AgreementError(PPRLError):
    """The agreement file is faulty, or does not allow what was asked.

    Attributes:
        faults: every fault found, each with its place and its way out.
    """

    def __init__(self, message: str, faults: Iterable[str] = ()) -> None:
        """Keep `faults` beside the message that already lists them."""
        super().__init__(message)
        self.faults = tuple(faults)


class SignatureError(PPRLError):
    """A signature is not the signer's, or not over what it stands under."""


class StudentsError(PPRLError):
    """The institution's own students cannot be read or encoded as they stand."""


class KeyFileError(PPRLError):
    """A key file is missing, foreign, damaged or open to other users."""


class StateError(PPRLError):
    """The institution's local state (secret and ledger) cannot be used."""


class ChainError(PPRLError):
    """A log (of disclosures, or of what the hub holds) cannot be used, or its chain is broken."""


class CustodyError(PPRLError):
    """What is kept cannot be used as asked: sealed, closed, replayed, or of another key."""


class SubmissionError(PPRLError):
    """A partner's match file is truncated, altered, foreign or breaks the agreed form."""


class MismatchError(SubmissionError):
    """Submissions that cannot be linked with each other: another agreement, profile or key."""


class RegistryError(PPRLError):
    """The hub's registry of study IDs is in use, foreign, damaged or made under another key."""


class ReleaseError(PPRLError):
    """A release would tell what is to be hidden, so it does not leave."""


class SchemaError(PPRLError):
    """A linkage schema of another library is faulty.

    Attributes:
        faults: every fault found, each with its place.
    """

    def __init__(self, message: str, faults: Iterable[str] = ()) -> None:
        """Keep `faults` beside the message that already lists them."""
        super().__init__(message)
        self.faults = tuple(faults)
