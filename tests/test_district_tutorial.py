"""What the district engineer's page shows does what it says, and the list of layouts is theirs."""

from __future__ import annotations

import re
import shlex
import warnings
from pathlib import Path

import pandas as pd
import pytest

import pprl
from pprl.cli import run
from pprl.institution.layout_page import layouts_page
from pprl.synthetic import population, write_export
from tests.compacts import signed_compact

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "district-engineer.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: an export, the agreement and the key."""
    students = population(900, seed=6).institutions["orchard-usd"]
    write_export(students, tmp_path / "senr.txt", "calpads_senr")
    signed_compact(tmp_path, ("orchard-usd",))
    (job,) = blocks("toml")
    (tmp_path / "district.toml").write_text(job, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_the_hub(folder: Path) -> None:
    """Give every record a study ID, as a crosswalk does."""
    id_map = pd.read_csv(folder / "orchard-usd-id-map.csv", dtype=str)
    records = id_map["record"].drop_duplicates()
    crosswalk = pd.DataFrame({"record": records, "study_id": [f"S{r}" for r in records]})
    crosswalk.to_csv(folder / "crosswalk-orchard-usd.csv", index=False)


def test_every_command_of_the_page_works_in_order(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pasted line by line, with the hub's answer in between."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(lines) == 7
    for line in lines:
        if line.startswith("pprl attach"):
            as_the_hub(desk)
        assert run(shlex.split(line)[1:]) == 0, capsys.readouterr().err
    local_ids = pd.read_csv(desk / "study-ids.csv", dtype=str)["local_id"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        students = pprl.read_students("senr.txt", "calpads_senr")
    assert set(local_ids) == set(students["local_id"])


def test_the_python_of_the_page_runs(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As printed."""
    (code,) = blocks("python")
    exec(compile(code, "page", "exec"), {})
    assert "students would be in fewer than three passes" in capsys.readouterr().out


def test_commands_of_the_page_paste_into_any_shell() -> None:
    """One line each, without a backslash, a backtick or single quotes."""
    for line in "".join(blocks("sh")).splitlines():
        assert line.startswith("pprl ")
        assert not set(line) & set("\\`'$")


def test_the_page_of_layouts_is_made_of_the_layouts() -> None:
    """Make it again by writing what `layouts_page()` gives."""
    assert (ROOT / "docs" / "layouts.md").read_text(encoding="utf-8") == layouts_page()
