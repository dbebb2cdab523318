"""What travels between an institution and the hub: sealed, signed, and read without trusting it."""

from pprl.exchange.identity import Identity
from pprl.exchange.manifest import Manifest, PassProfile
from pprl.exchange.payload import Payload
from pprl.exchange.signing_key import SigningKey
from pprl.exchange.submission import Entries, Submission

__all__ = [
    "Entries",
    "Identity",
    "Manifest",
    "PassProfile",
    "Payload",
    "SigningKey",
    "Submission",
]
