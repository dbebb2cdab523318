"""What the pages about other libraries show does what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pprl.synthetic import population

ROOT = Path(__file__).parent.parent.parent
PAGES = ("migrating-from-anonlink", "interoperability")
SCHEMA = {
    "version": 3,
    "clkConfig": {"l": 1024, "kdf": {"type": "HKDF"}},
    "features": [
        {
            "identifier": name,
            "format": {"type": "string"},
            "hashing": {
                "comparison": {"type": "ngram", "n": 2},
                "strategy": {"bitsPerFeature": 100},
            },
        }
        for name in ("first_name", "last_name", "birth_date")
    ],
}


def text_of(page: str) -> str:
    """A page of the documentation."""
    return (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run_one_after_the_other(page: str, tmp_path: Path) -> None:
    """In a process of its own, in a folder with the files that the page names."""
    for needed in ("recordlinkage", "splink"):
        pytest.importorskip(needed)
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    region = population(300, seed=6)
    columns = [feature["identifier"] for feature in SCHEMA["features"]]
    for name, role in (("people-a.csv", "district"), ("people-b.csv", "college")):
        region.pool(role).students[columns].to_csv(tmp_path / name, index=False)
    code = "\n".join(re.findall(r"```python\n(.*?)```", text_of(page), flags=re.DOTALL))
    assert code
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_no_link_of_a_page_leads_nowhere(page: str) -> None:
    """Files and headings of this repository."""
    for target, anchor in re.findall(r"\]\(([^)#:]*)(#[^)]*)?\)", text_of(page)):
        path = (ROOT / "docs" / target) if target else ROOT / "docs" / f"{page}.md"
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor[1:] in {heading.lower().replace(" ", "-") for heading in headings}
    for script in re.findall(r"`((?:examples|tests|docs)/[\w./-]+)`", text_of(page)):
        assert (ROOT / script).exists(), script
