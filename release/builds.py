"""Source distribution and wheel, built twice from what is committed: are they the same bytes?"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

# Whatever a build may lay hold of differs between the two, but the sources and the date.
CIRCUMSTANCES: tuple[Mapping[str, str], ...] = (
    {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1", "HOME": "first"},
    {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "2", "HOME": "the second home"},
)
UMASKS = (0o022, 0o077)


def committed(root: Path, *, of: str = "HEAD") -> tuple[bytes, str, bool]:
    """A tar archive of a commit, the commit's date, and whether the tree holds something else.

    Returns:
        the archive, the date in seconds since 1970 as `SOURCE_DATE_EPOCH` wants it, and whether
        tracked files differ from the commit.
    """

    def git(*arguments: str) -> bytes:
        return subprocess.run(
            ["git", *arguments], cwd=root, check=True, stdout=subprocess.PIPE
        ).stdout

    date = git("log", "-1", "--format=%ct", of).decode("ascii").strip()
    return git("archive", "--format=tar", of), date, bool(git("status", "--porcelain", "-uno"))


def built(archive: bytes, date: str, folder: Path, number: int) -> dict[str, bytes]:
    """Build once, in a new folder; the wheel is made from the source distribution.

    Args:
        archive: the sources.
        date: `SOURCE_DATE_EPOCH`.
        folder: where; it must be empty.
        number: which of `CIRCUMSTANCES`.

    Returns:
        name of the file -> its bytes.
    """
    source, out = folder / ("tree" * (number + 1)), folder / "dist"
    before = os.umask(UMASKS[number])
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(source, filter="tar")
        subprocess.run(
            [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)],
            env=os.environ | CIRCUMSTANCES[number] | {"SOURCE_DATE_EPOCH": date},
            check=True,
            stdout=subprocess.DEVNULL,
        )
    finally:
        os.umask(before)
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def differences(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    """The files that are not in both, or not the same."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
