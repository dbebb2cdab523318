"""A release: the indicators and flows that leave, with their page, and only after the attacker."""

from pprl.results.release.compilation import Compilation, compile_release
from pprl.results.release.folder import forms_of, write_compilation
from pprl.results.release.links import quality_of, read_quality, read_study_ids

__all__ = [
    "Compilation",
    "compile_release",
    "forms_of",
    "quality_of",
    "read_quality",
    "read_study_ids",
    "write_compilation",
]
