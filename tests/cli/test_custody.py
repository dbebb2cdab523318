"""Claims about the commands that keep, seal and destroy."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import pprl
from pprl.cli import run
from tests.cli.conftest import CANARY, closing_arguments, encode_arguments


@pytest.fixture
def hub(linked: Path, tmp_path: Path) -> Path:
    """A folder with both match files, the agreement and a new store beside its key."""
    folder = tmp_path / "the hub, é"
    folder.mkdir()
    for name in ("compact.toml", "fresno.pprl", "reedley.pprl"):
        shutil.copy(linked / name, folder / name)
    assert run(["store", "new", str(folder / "store"), "--key", str(folder / "store.key")]) == 0
    return folder


def added(hub: Path, *more: str) -> int:
    """Take both match files in."""
    files = [str(hub / "fresno.pprl"), str(hub / "reedley.pprl")]
    options = {"store": "store", "key": "store.key", "agreement": "compact.toml"}
    arguments = [part for k, v in options.items() for part in (f"--{k}", str(hub / v))]
    return run(["store", "add", *files, *arguments, *more])


def linking(hub: Path, out: str) -> list[str]:
    """The arguments of `pprl link` from the store."""
    options = {"store": "store", "agreement": "compact.toml", "out": out}
    return ["link", *(part for k, v in options.items() for part in (f"--{k}", str(hub / v)))]


def test_what_is_taken_in_is_linked_as_the_files_were(
    hub: Path, linked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files are deleted, as agreed, and the ledger says what came in and what went out."""
    assert added(hub) == 0
    told = capsys.readouterr().out
    assert "fresno: submission 1" in told and "match file deleted, as agreed" in told
    assert not (hub / "fresno.pprl").exists()
    assert run(linking(hub, "linkage")) == 0
    assert (hub / "linkage" / "summary.txt").read_bytes() == (
        linked / "linkage" / "summary.txt"
    ).read_bytes()
    pairs = [
        (folder / "linkage" / "pairs.csv").read_text("utf-8").splitlines()
        for folder in (hub, linked)
    ]
    assert pairs[0] == pairs[1]
    capsys.readouterr()
    assert run(["store", "show", "--store", str(hub / "store")]) == 0
    told = capsys.readouterr().out
    for part in ("received", "match file deleted", "linked", "what=crosswalk", "lie open"):
        assert part in told
    assert not re.search(r"sha256=[0-9a-f]{64}", told)
    assert run(["store", "show", "--full", "--store", str(hub / "store")]) == 0
    assert re.search(r"sha256=[0-9a-f]{64}", capsys.readouterr().out)
    assert run(["store", "verify", "--store", str(hub / "store")]) == 0
    assert "7 links, unbroken." in capsys.readouterr().out


def test_no_canary_reaches_the_hub(hub: Path, linked: Path) -> None:
    """Neither a surname nor a local id nor a birth date is in any file of the hub's."""
    assert added(hub) == 0 and run(linking(hub, "linkage")) == 0
    rows = [line.split(",") for line in (linked / "fresno.csv").read_text("utf-8").splitlines()]
    births = {value for row in rows for value in row if value.count("-") == 2}
    local_ids = {row[0] for row in rows[1:]}
    assert len(births) > 50 and len(local_ids) > 100
    for path in hub.rglob("*"):
        if path.is_file() and path.name != "compact.toml":
            content = path.read_bytes()
            assert CANARY.encode() not in content and CANARY.lower().encode() not in content
            assert not any(value.encode() in content for value in (*births, *local_ids))


def test_sealed_encodings_are_not_linked_until_unsealed(
    hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a key that lies elsewhere."""
    assert added(hub) == 0
    identity = pprl.Identity.generate()
    identity.save(hub / "custodian.key")
    store = ["--store", str(hub / "store")]
    assert run(["store", "seal", *store, "--recipient", identity.recipient]) == 0
    assert run(linking(hub, "early")) == 1
    assert "was sealed or destroyed" in capsys.readouterr().err
    assert run(["store", "unseal", *store, "--identity", str(hub / "custodian.key")]) == 0
    assert run(linking(hub, "linkage")) == 0
    assert run(["store", "purge", *store]) == 0
    assert "Nothing was destroyed" in capsys.readouterr().out
    assert run(["store", "purge", *store, "--yes"]) == 0
    assert run(linking(hub, "late")) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["store", "new", "{}/store", "--key", "{}/other.key"], 1, "is a linkage store already"),
        (["store", "new", "{}/new", "--key", "{}/new/store.key"], 1, "Keep its key elsewhere"),
        (["store", "show", "--store", "{}"], 1, "is no linkage store"),
        (["link", "--agreement", "{}/compact.toml", "--out", "{}/x"], 2, "give match files"),
        (
            "close state --agreement {}/compact.toml --as hub --log {}/store/ledger.sqlite",
            2,
            "ITEM=PATH",
        ),
        (
            "close state={}/no --agreement {}/compact.toml --as hub --log {}/store/ledger.sqlite",
            1,
            "is not there",
        ),
        (
            "close --agreement {}/compact.toml --as fresno --log {}/store/ledger.sqlite --yes",
            1,
            "is no pprl disclosure log",
        ),
    ],
)
def test_what_cannot_be_is_told(
    hub: Path,
    arguments: list[str] | str,
    code: int,
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In one line, with the way out."""
    parts = arguments.split() if isinstance(arguments, str) else arguments
    assert run([part.format(hub) for part in parts]) == code
    assert told in capsys.readouterr().err


def test_an_institution_closes_and_encodes_no_more(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even if the certificate beside the agreement is moved away; the log answers parents still."""
    assert run(encode_arguments(folder, "fresno")) == 0
    things = ("compact.key", "fresno.state.sqlite", "fresno-id-map.csv", "fresno.pprl")
    log = folder / "fresno.disclosures.sqlite"
    arguments = closing_arguments(folder, "fresno-id-map.csv", "fresno.pprl")
    assert run(arguments) == 0
    assert "Nothing was destroyed" in capsys.readouterr().out
    assert all((folder / name).exists() for name in things)
    assert run([*arguments, "--yes"]) == 0
    told = capsys.readouterr().out
    assert "wear levelling" in told and "encodings, registry, payloads" in told
    assert not any((folder / name).exists() for name in things)
    certificate = folder / "compact.toml.closed"
    assert told.rstrip().endswith(str(certificate))

    pprl.LinkageKey.generate().save(folder / "compact.key")
    assert run(encode_arguments(folder, "fresno")) == 1
    assert "as compact.toml.closed says" in capsys.readouterr().err
    certificate.unlink()
    assert run(encode_arguments(folder, "fresno")) == 1
    assert "as fresno.disclosures.sqlite says" in capsys.readouterr().err
    assert not (folder / "fresno.pprl").exists()
    assert run(["disclosures", "--log", str(log)]) == 0
    assert "fresno.pprl" in capsys.readouterr().out


def test_a_hub_closes_and_links_no_more(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ledger stays in the store's folder, where everything else is destroyed."""
    assert added(hub) == 0 and run(linking(hub, "linkage")) == 0
    arguments = [
        *("close", f"encodings={hub / 'store'}", f"encodings={hub / 'store.key'}"),
        *(f"registry={hub / 'linkage'}", "--agreement", str(hub / "compact.toml")),
        *("--as", "hub", "--log", str(hub / "store" / "ledger.sqlite"), "--yes"),
    ]
    assert run(arguments) == 0
    left = {path.name for path in hub.rglob("*") if path.is_file()}
    assert left == {"compact.toml", "compact.toml.closed", "ledger.sqlite"}
    (hub / "compact.toml.closed").unlink()
    assert run(linking(hub, "again")) == 1
    assert "as ledger.sqlite says" in capsys.readouterr().err
    assert run(["store", "verify", "--store", str(hub / "store")]) == 0
