"""Disclosure control: which counts are hidden, and an attacker that tries to work them out."""

from pprl.results.disclosure.attack import attack
from pprl.results.disclosure.dimension import TOTAL, Dimension
from pprl.results.disclosure.protection import Protected, protect
from pprl.results.disclosure.rates import RateTable, rounded
from pprl.results.disclosure.release_files import read_release, write_release
from pprl.results.disclosure.tables import PROTECTION, SMALLEST, CountTable, Release

__all__ = [
    "PROTECTION",
    "SMALLEST",
    "TOTAL",
    "CountTable",
    "Dimension",
    "Protected",
    "RateTable",
    "Release",
    "attack",
    "protect",
    "read_release",
    "rounded",
    "write_release",
]
