"""The exception tree: every error that pprl raises on purpose is a `PPRLError`.

The classes are split by whose hands the way out lies in. A message names the file, the row and the
field and says what to do; it never holds a student's value.
"""

from __future__ import annotations

from collections.abc import Iterable


class PPRLError(Exception):
    """Anything pprl refuses, for whatever reason. Raised only through its subclasses."""


class UsageError(PPRLError):
    """The caller's program or command asks for something that cannot be (a bad argument).

    The way out lies with the caller: another argument, another path, a further option.
    """


class AgreementError(PPRLError):
    """The agreement file is faulty, or does not allow what was asked.

    The way out lies with the partners: mend the text and have all sign it, or wait for its day.

    Attributes:
        faults: every fault found, each with its place and its way out.
    """

    def __init__(self, message: str, faults: Iterable[str] = ()) -> None:
        """Keep `faults` beside the message that already lists them."""
        super().__init__(message)
        self.faults = tuple(faults)


class SignatureError(PPRLError):
    """A signature is not the signer's, or not over what it stands under.

    The way out lies with the signer: ask for the file again, signed under this agreement.
    """


class StudentsError(PPRLError):
    """The institution's own students cannot be read or encoded as they stand.

    The way out lies in the export: name its layout or columns, mend it in the student system, or
    leave the faulty rows out.
    """


class KeyFileError(PPRLError):
    """A key file is missing, foreign, damaged or open to other users.

    The way out lies with the key's holder: the right file, a backup, narrower rights.
    """


class StateError(PPRLError):
    """The institution's local state (secret and ledger) cannot be used.

    The way out lies with the institution: restore it from a backup, and never begin it anew.
    """


class ChainError(PPRLError):
    """A log (of disclosures, or of what the hub holds) cannot be used, or its chain is broken.

    The way out lies with the log's keeper: compare it with a backup and with the head noted
    elsewhere.
    """


class CustodyError(PPRLError):
    """What is kept cannot be used as asked: sealed, closed, replayed, or of another key.

    The way out lies with the hub, or with the partners where something was closed for good.
    """


class SubmissionError(PPRLError):
    """A partner's match file is truncated, altered, foreign or breaks the agreed form.

    The way out lies with its sender: ask for the file again.
    """


class MismatchError(SubmissionError):
    """Submissions that cannot be linked with each other: another agreement, profile or key.

    The way out lies with the institutions: all encode under one agreement and one linkage key.
    """


class RegistryError(PPRLError):
    """The hub's registry of study IDs is in use, foreign, damaged or made under another key.

    The way out lies with the hub: wait, use the registry and key that belong together, or restore
    them from a backup.
    """


class ReleaseError(PPRLError):
    """A release would tell what is to be hidden, so it does not leave.

    The way out lies with the hub: leave out the year, group or outcome that is named.
    """


class SchemaError(PPRLError):
    """A linkage schema of another library is faulty.

    The way out lies in the schema: every fault is told with its place.

    Attributes:
        faults: every fault found, each with its place.
    """

    def __init__(self, message: str, faults: Iterable[str] = ()) -> None:
        """Keep `faults` beside the message that already lists them."""
        super().__init__(message)
        self.faults = tuple(faults)
