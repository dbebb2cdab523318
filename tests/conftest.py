"""What every test shares: hypothesis profiles, and the tests that need another program."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: the first example of a property may pay for an import or for numba's compiler.
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("dev"), derandomize=True)
settings.load_profile("dev")

PROGRAMS = {
    "java": ("java",),
    "postgresql": ("postgres", "pg_ctl"),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
}
"""The markers of tests that need another program, and the names of it, any of which will do."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--with-programs`, which `make test-all` gives."""
    parser.addoption(
        "--with-programs",
        action="store_true",
        help=f"also run the tests that need other programs ({', '.join(PROGRAMS)})",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, with a notice, each test whose program is not asked for or not there."""
    asked = config.getoption("--with-programs")
    for marker, names in PROGRAMS.items():
        marked = [item for item in items if item.get_closest_marker(marker)]
        if marked and not asked:
            reason = f"needs {marker}: run by `make test-all`"
        elif marked and not any(is_installed(name) for name in names):
            reason = f"needs {marker}: none of {', '.join(names)} was found"
        else:
            continue
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=reason))


def is_installed(name: str) -> bool:
    """Whether a program is on the path, or where Debian keeps PostgreSQL's, off the path."""
    debian = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    return shutil.which(name) is not None or any(debian)
