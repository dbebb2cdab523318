"""What travels between an institution and the hub: the match file, read without trusting it."""

from pprl.exchange.manifest import Manifest, PassProfile
from pprl.exchange.submission import Entries, Submission

__all__ = ["Entries", "Manifest", "PassProfile", "Submission"]
