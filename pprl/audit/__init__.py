"""What an attacker could learn: simulated submissions to hold real ones against."""

from pprl.audit.simulation import simulate

__all__ = ["simulate"]
