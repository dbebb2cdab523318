"""Each command does what its help says, and says which file may be sent."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import pprl
from pprl.cli import run
from tests.cli.conftest import CANARY, encode_arguments

ROOT = Path(__file__).parents[2]
COMMANDS = (
    *("", "key", "key new", "key show", "key send", "key receive"),
    *("agreement", "agreement new", "agreement show", "agreement sign", "agreement check"),
    *("agreement compare", "layouts", "inspect", "encode", "attach", "run"),
    *("link", "crosswalk", "report", "appendix", "payload", "data-map"),
    *("registry", "registry log", "registry rollback", "registry crosswalk"),
)
ALL = (*COMMANDS, "demo")


def modules_loaded_by(program: str, *arguments: str) -> set[str]:
    """The modules of pprl and others that a fresh interpreter has loaded after a program."""
    tell = "\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{program}{tell}", *arguments],
        cwd=ROOT,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return set(done.stdout.split())


def test_a_key_is_made_for_its_owner_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`pprl key new` writes a key that the library loads, and ends with its path."""
    path = tmp_path / "compact.key"
    assert run(["key", "new", str(path)]) == 0
    pprl.LinkageKey.load(path)
    assert capsys.readouterr().out.splitlines()[-1] == str(path)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_agreement_is_told_in_figures(linked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`pprl agreement check` tells parties, passes, size of a record and both digests."""
    assert run(["agreement", "check", str(linked / "compact.toml")]) == 0
    told = capsys.readouterr().out
    agreement = pprl.Agreement.load(linked / "compact.toml")
    for expected in (
        "Two of us",
        "Fresno Unified",
        "passes       10",
        "entries      22 a record",
        agreement.digest,
        agreement.linkage_digest,
        "No faults.",
    ):
        assert expected in told


def test_the_size_of_a_record_is_that_of_the_match_file(
    linked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bytes a record that the check tells are those that the file takes, its head apart."""
    run(["agreement", "check", str(linked / "compact.toml")])
    found = re.search(r"bytes +([\d,]+) a record", capsys.readouterr().out)
    assert found
    submission = pprl.Submission.open(linked / "fresno.pprl", allow_unverified=True)
    arrays = sum(
        entries.tokens.nbytes + entries.records.nbytes + entries.filters.nbytes
        for entries in submission.passes.values()
    )
    assert int(found[1].replace(",", "")) == arrays / submission.records


def test_encode_ends_with_the_one_file_to_send(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What must stay is listed above, the state included, which lies beside the key."""
    assert run(encode_arguments(folder, "fresno")) == 0
    told = capsys.readouterr().out.splitlines()
    send, keep = told.index("Send to the hub:"), told.index(next(t for t in told if "Keep" in t))
    assert told[send + 1 :] == [str(folder / "fresno.pprl")]
    state = str(folder / "fresno.state.sqlite")
    assert told[keep + 1 : send] == [
        str(folder / "compact.key"),
        state,
        str(folder / "fresno.disclosures.sqlite"),
        str(folder / "fresno-id-map.csv"),
    ]
    assert Path(state).exists()
    assert told[0].startswith("fresno: 150 students under 150 local ids, 3,300 entries in 10 pass")


def test_the_id_map_names_every_local_id_for_its_owner_alone(linked: Path) -> None:
    """Columns, rows and permissions of the map that stays behind."""
    path = linked / "fresno-id-map.csv"
    table = pd.read_csv(path, dtype=str)
    students = pd.read_csv(linked / "fresno.csv", dtype=str)
    assert list(table.columns) == ["record", "local_id"]
    assert set(table["local_id"]) == set(students["local_id"])
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_students_encoded_again_give_the_same_file(folder: Path) -> None:
    """Both outputs are replaced, and unchanged students repeat bit for bit."""
    run(encode_arguments(folder, "fresno"))
    first = (folder / "fresno.pprl").read_bytes()
    assert run(encode_arguments(folder, "fresno")) == 0
    assert (folder / "fresno.pprl").read_bytes() == first


def test_headers_of_ones_own_are_named_by_an_option(folder: Path) -> None:
    """`--column zip="Postal"` reads the column of that header."""
    students = pd.read_csv(folder / "fresno.csv", dtype=str)
    renamed = students.rename(columns={"local_id": "Perm No", "zip": "Postal = ZIP"})
    renamed.to_csv(folder / "fresno.csv", index=False)
    columns = ["--column", "local_id=Perm No", "--column", "zip=Postal = ZIP"]
    assert run([*encode_arguments(folder, "fresno"), *columns]) == 0


def test_rows_left_out_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--on-error skip` encodes the rest and names the rows that it left out."""
    students = pd.read_csv(folder / "fresno.csv", dtype=str)
    students.loc[0, "birth_date"] = "31 Nonember"
    students.to_csv(folder / "fresno.csv", index=False)
    assert run([*encode_arguments(folder, "fresno"), "--on-error", "skip"]) == 0
    told = capsys.readouterr().out
    assert "149 students" in told
    assert "note: fresno.csv: rows left out for their faults: 1 (row 2)." in told


def test_link_writes_what_stays_and_what_goes(linked: Path) -> None:
    """The folder holds the hub's tables and a crosswalk for each source."""
    names = {path.name for path in (linked / "linkage").rglob("*.*")}
    kept = {"study-ids.csv", "pairs.csv", "summary.txt", "figures.json"}
    assert names == kept | {"fresno.csv", "reedley.csv"}
    summary = (linked / "linkage" / "summary.txt").read_text(encoding="utf-8")
    assert summary.startswith("2 sources, 300 records")


def test_a_crosswalk_covers_every_record_of_its_source(
    linked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`pprl crosswalk` writes the source's own table, and may write it again."""
    out = tmp_path / "crosswalk.csv"
    for _ in range(2):
        assert run(["crosswalk", str(linked / "linkage"), "fresno", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(out)
    assert out.read_bytes() == (linked / "linkage" / "crosswalks" / "fresno.csv").read_bytes()
    assert len(pd.read_csv(out)) == 150


def test_a_student_is_named_in_nothing_but_the_export(linked: Path) -> None:
    """No file of either side holds the canary's name, whatever its case."""
    told = {
        path.name
        for path in linked.rglob("*")
        if path.is_file() and CANARY.lower().encode() in path.read_bytes().lower()
    }
    assert told == {"fresno.csv"}


def test_starting_is_quick() -> None:
    """Nothing heavy is imported before a command runs."""
    loaded = modules_loaded_by("import pprl.cli")
    assert "pprl.cli" in loaded
    assert loaded.isdisjoint({"numpy", "pandas", "pyarrow", "scipy", "cryptography"})


def test_the_hubs_commands_never_load_what_sees_names(linked: Path, tmp_path: Path) -> None:
    """No command of the hub's brings `pprl.institution` into the process."""
    out = str(tmp_path / "linkage")
    files = [str(linked / "fresno.pprl"), str(linked / "reedley.pprl")]
    link = ["link", *files, "--agreement", str(linked / "compact.toml"), "--out", out]
    crosswalk = ["crosswalk", out, "fresno", "--out", str(tmp_path / "fresno.csv")]
    program = "from pprl.cli import run\nassert run(sys.argv[1:]) == 0"
    agreement = ["--agreement", str(linked / "compact.toml")]
    report = ["report", out, *agreement, "--out", str(tmp_path / "report.md")]
    appendix = ["appendix", out, *agreement, "--out", str(tmp_path / "appendix.md")]
    for arguments in (link, crosswalk, report, appendix):
        loaded = modules_loaded_by(program, *arguments)
        assert "pprl.hub" in loaded
        assert not {name for name in loaded if name.startswith("pprl.institution")}


@pytest.mark.parametrize("command", ALL)
def test_help_ends_with_an_example_that_the_command_would_take(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line is a command line, whole, whose options stand in the help."""
    assert run([*command.split(), "--help"]) == 0
    told = capsys.readouterr().out.rstrip()
    assert told.isascii()
    example = told.splitlines()[-1].strip()
    assert told.splitlines()[-3].strip() == "Example:"
    assert example.startswith(f"pprl {command}".strip())
    for option in (word for word in shlex.split(example) if word.startswith("--")):
        assert f"{option} " in told


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`pprl --version` is one line."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"pprl {pprl.__version__}\n"


def test_an_encoding_that_lacks_letters_is_no_obstacle(linked: Path) -> None:
    """Where standard output is ASCII, a path with an accent is told with a stand-in."""
    done = subprocess.run(
        [sys.executable, "-m", "pprl", "agreement", "check", str(linked / "compact.toml")],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
