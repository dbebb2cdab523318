"""Claims about `pprl results release`: from payload files to a folder that may leave."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import pprl
from pprl.cli import run
from pprl.hub.custody import CustodyKey, LinkageStore
from pprl.results import write_linkage
from pprl.results.disclosure import read_release
from pprl.synthetic import outcomes, population

COLUMNS = {
    **{"school_year": "whole", "grade": "whole", "first_time": "flag", "absence": "number"},
    **{"kindergarten_ready": "flag", "engaged": "flag", "completed_on": "date"},
    **{"enrolled_on": "date", "level": "whole", "remedial": "flag", "degree": "text"},
    **{"degree_on": "date", "ethnicity": "text", "income": "text", "gender": "text"},
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A linkage of a small region, and the payload files that followed."""
    folder = tmp_path_factory.mktemp("hub")
    region = population(1_000, seed=2)
    lines = ["[agreement]", 'title = "Valley"', "trial = true"]
    for name, role in region.roles.items():
        lines += ["[[party]]", f'id = "{name}"', f'role = "{role}"']
    lines += ["[records]", "minimum = 2", "[payload]", 'report_groups = ["income"]']
    lines += ["[payload.columns]", *(f'{name} = "{kind}"' for name, kind in COLUMNS.items())]
    lines += ["[linkage]", 'partnership = "6f1c2a0e-9d1b-4c56-8a53-3e0f7a1d9b42"']
    lines += ['profile = "students-1"']
    (folder / "compact.toml").write_text("\n".join(lines), encoding="utf-8")
    agreement = pprl.Agreement.load(folder / "compact.toml")
    key = pprl.LinkageKey.generate()
    encoded = {
        name: pprl.encode(roster, agreement, key, name)
        for name, roster in region.institutions.items()
    }
    linkage = pprl.link([one.submission for one in encoded.values()], agreement)
    write_linkage(linkage, folder / "linkage")
    for name, told in outcomes(region, seed=2).items():
        whose = encoded[name].id_map.merge(linkage.crosswalk(name), on="record")
        rows = told.merge(whose, on="local_id").drop(columns=["local_id", "record"])
        pprl.Payload.of(rows, agreement, name).write(folder / f"{name}.payload")
    return folder


def release(hub: Path, *arguments: str | Path) -> int:
    """Run the command on everything in the hub's folder."""
    given = ["results", "release", "--agreement", hub / "compact.toml"]
    given += ["--linkage", hub / "linkage", "--through", "2025-12-31", *arguments]
    return run([str(one) for one in given])


def payloads(hub: Path) -> list[Path]:
    """The payload files."""
    return sorted(hub.glob("*.payload"))


def test_a_release_is_made_by_one_command_and_is_safe(
    hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The audit, run by anybody on the folder, finds nothing either."""
    out = tmp_path / "release"
    assert release(hub, *payloads(hub), "--since", "2025", "--out", out) == 0
    told = capsys.readouterr().out
    assert "none can be worked out" in told
    assert told.splitlines()[-1] == str(out / "indicators.html")
    assert "not counted: Found at a four-year college within 72 months" in told
    assert read_release(out).tables
    assert json.loads((out / "indicators.json").read_text(encoding="utf-8"))["title"] == "Valley"
    assert run(["results", "audit", str(out)]) == 0
    assert "SAFE" in capsys.readouterr().out


def test_outcomes_are_kept_and_what_leaves_is_logged(
    hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second time, payloads are taken from the store; each file's digest is in the ledger."""
    LinkageStore.open(tmp_path / "store", CustodyKey.generate("linkage store"), make=True).close()
    kept = ["--store", tmp_path / "store", "--outcomes", tmp_path / "outcomes"]
    kept += ["--outcomes-key", tmp_path / "outcomes.key", "--since", "2025"]
    assert release(hub, *payloads(hub), *kept, "--out", tmp_path / "one") == 0
    assert release(hub, *kept, "--out", tmp_path / "two") == 0
    both = [
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    ]
    assert both[0] == both[1]
    store = LinkageStore.open(tmp_path / "store")
    logged = [link.body for link in store.ledger.links() if link.body["event"] == "sent"]
    store.close()
    assert {body["file"] for body in logged if body["folder"] == "one"} == set(both[0])
    assert {body["what"] for body in logged} == {"release"}


def test_outcomes_stay_closed_while_encodings_lie_open(
    hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether they would be kept or not."""
    LinkageStore.open(tmp_path / "store", CustodyKey.generate("linkage store"), make=True).close()
    (tmp_path / "store" / "orchard-usd.1.x.blinded").write_bytes(b"")
    given = [*payloads(hub), "--store", tmp_path / "store", "--out", tmp_path / "release"]
    assert release(hub, *given) == 1
    assert "holds encodings unsealed" in capsys.readouterr().err
    assert not (tmp_path / "release").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Name the payload files"),
        (["--outcomes", "x"], "--outcomes needs --store and --outcomes-key"),
        (["--outcomes-key", "x"], "of use with --outcomes only"),
    ],
)
def test_options_that_go_together_are_asked_for_together(
    arguments: list[str], told: str, hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names what is missing."""
    assert release(hub, *arguments, "--out", tmp_path / "release") == 1
    assert told in capsys.readouterr().err


def test_a_key_among_the_outcomes_is_refused(
    hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would lie beside what it locks."""
    LinkageStore.open(tmp_path / "store", CustodyKey.generate("linkage store"), make=True).close()
    kept = ["--store", tmp_path / "store", "--outcomes", tmp_path / "o"]
    kept += ["--outcomes-key", tmp_path / "o" / "k", "--out", tmp_path / "release"]
    assert release(hub, *kept) == 1
    assert "Keep their key elsewhere" in capsys.readouterr().err


def test_a_partnerships_own_indicator_is_counted_beside_the_others(
    hub: Path, tmp_path: Path
) -> None:
    """From a file of definitions."""
    (tmp_path / "own.toml").write_text(
        """
        [outcome.often_absent]
        cohort = "attending"
        title = "Absent on 5% of the days or more"
        otherwise = "no"
        [[outcome.often_absent.code]]
        name = "yes"
        title = "yes"
        where = { absence = { least = 0.05 } }
        [indicator.frequent_absence]
        title = "Frequent absence"
        sentence = "Of those whose attendance was recorded, the share absent on 5% of the days."
        outcome = "often_absent"
        numerator = ["yes"]
        linked = "none"
        """,
        encoding="utf-8",
    )
    out = tmp_path / "release"
    given = [*payloads(hub), "--definitions", tmp_path / "own.toml", "--since", "2025"]
    assert release(hub, *given, "--out", out) == 0
    figures = json.loads((out / "indicators.json").read_text(encoding="utf-8"))
    assert "frequent_absence" in {one["name"] for one in figures["indicators"]}
    assert (out / "often_absent_by_income_2025.csv").is_file()


def test_what_is_no_linkage_folder_is_said_to_be_none(
    hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its study IDs and its figures are asked for."""
    given = ["results", "release", *payloads(hub), "--agreement", hub / "compact.toml"]
    given += ["--through", "2025-12-31", "--out", tmp_path / "release"]
    assert run([str(one) for one in [*given, "--linkage", tmp_path]]) == 1
    assert "cannot be read" in capsys.readouterr().err
    (tmp_path / "linkage").mkdir()
    figures = (hub / "linkage" / "figures.json").read_bytes()
    (tmp_path / "linkage" / "figures.json").write_bytes(figures)
    assert run([str(one) for one in [*given, "--linkage", tmp_path / "linkage"]]) == 1
    assert "study-ids.csv" in capsys.readouterr().err
    pd.DataFrame({"a": [1]}).to_csv(tmp_path / "linkage" / "study-ids.csv", index=False)
    assert run([str(one) for one in [*given, "--linkage", tmp_path / "linkage"]]) == 1
    assert "not as pprl link wrote it" in capsys.readouterr().err
