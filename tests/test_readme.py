"""What the README shows does what it says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import pprl
from pprl.synthetic import population
from tests.compacts import signed_compact

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the README's readers have: an agreement and two student files."""
    place = tmp_path_factory.mktemp("readme")
    rosters = population(400, seed=5).institutions
    for name in ("orchard-usd", "county-college"):
        (place / name).mkdir()
        rosters[name].to_csv(place / name / "students.csv", index=False)
    signed_compact(place, ("orchard-usd", "county-college"))
    return place


def _run(code: str, folder: Path) -> str:
    """Run Python code in a folder, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_examples_link_a_district_with_a_college(folder: Path) -> None:
    """The blocks run as printed; the second institution runs the first with its own id."""
    institution, hub, afterwards = _blocks("python")
    for name in ("orchard-usd", "county-college"):
        (folder / "students.csv").write_bytes((folder / name / "students.csv").read_bytes())
        _run(institution.replace("orchard-usd", name), folder)
    assert "expected precision" in _run(hub, folder)
    crosswalk = pd.read_csv(folder / "crosswalk-orchard-usd.csv")
    id_map = pd.read_csv(folder / "orchard-usd-id-map.csv")
    assert set(crosswalk["record"]) == set(id_map["record"])
    joined = _run(f"{afterwards}\nprint(len(students_with_ids))", folder)
    assert int(joined) == len(id_map)


def test_the_shell_commands_do_the_same(folder: Path) -> None:
    """The console blocks of `pprl` commands run line by line."""
    printed = "".join(_blocks("console")[2:]).splitlines()
    commands = [line[2:] for line in printed if line.startswith("$ ")]
    assert [shlex.split(line)[:2] for line in commands] == [
        ["pprl", "key"],
        ["pprl", "encode"],
        ["pprl", "link"],
        ["pprl", "crosswalk"],
    ]
    shell = folder / "shell"
    shell.mkdir()
    for name in (
        *("compact.toml", "compact.toml.sig", "hub.identity"),
        *("orchard-usd.signing", "county-college.signing"),
        *("county-college/students.csv", "orchard-usd/students.csv"),
    ):
        shutil.copy(folder / name, shell / Path(name).name)
    encode_college = commands[1].replace("orchard-usd", "county-college")
    for line in (commands[0], commands[1], encode_college, *commands[2:]):
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(line)],
            cwd=shell,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        assert done.returncode == 0, (line, done.stderr)
    assert (shell / "crosswalk-orchard-usd.csv").exists()


def test_every_path_that_the_readme_links_to_exists() -> None:
    """No link leads nowhere."""
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    """`make demo` and `make test` are what a newcomer is told to run."""
    told = [line[2:] for line in _blocks("console")[0].splitlines()]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert told == ["make demo", "make test"]
    assert all(re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE) for line in told)


def test_the_agreement_commands_run_in_their_order(tmp_path: Path) -> None:
    """From template to check, which then says what is still to do."""
    commands = [line[2:] for line in _blocks("console")[1].splitlines()]
    assert [shlex.split(line)[1:3] for line in commands] == [
        ["agreement", "new"],
        ["agreement", "show"],
        ["key", "new"],
        ["agreement", "sign"],
        ["agreement", "check"],
    ]
    codes = []
    for line in commands:
        if "agreement sign" in line:
            key = pprl.SigningKey.load(tmp_path / "orchard-usd.signing")
            path = tmp_path / "compact.toml"
            text = path.read_text(encoding="utf-8")
            text = text.replace('public_key = ""', f'public_key = "{key.public_key}"', 1)
            path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(line)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        codes.append(done.returncode)
    assert codes == [0, 0, 0, 0, 1], done.stderr
    assert "signed       orchard-usd" in done.stdout
    assert "not yet      [agreement] purpose: is missing" in done.stdout
