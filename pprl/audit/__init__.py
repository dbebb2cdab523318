"""What an attacker could learn: attacks on submissions, and simulated ones to hold them against.

Nothing here sees plaintext: who has it prepares arrays (`RosterView`).
"""

from pprl.audit.findings import RosterView, audit
from pprl.audit.simulation import simulate
from pprl.audit.verdict import Audit, Finding

__all__ = ["Audit", "Finding", "RosterView", "audit", "simulate"]
