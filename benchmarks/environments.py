"""An environment of its own for each peer, because peers hold each other's packages back."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
VENVS = HERE / ".venvs"


def environment(peer: str, venvs: Path = VENVS) -> Path:
    """The interpreter of a peer's environment, which is made if it is not there."""
    folder = venvs / peer
    python = folder / "bin" / "python"
    stamp = folder / "stamp"
    wanted = HERE / "peers" / f"{peer}.txt"
    if not stamp.exists() or stamp.stat().st_mtime < wanted.stat().st_mtime:
        print(f"Making an environment for {peer} (once)", file=sys.stderr)
        venv.create(folder, with_pip=True)
        (venvs / ".gitignore").write_text("*\n", encoding="utf-8")
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(wanted)], check=True)
        stamp.touch()
    return python
