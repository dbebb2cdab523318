"""Commands that may be killed at any moment, and what must hold afterwards."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pprl
from pprl import Agreement, Submission
from pprl.chain import Chain
from pprl.cli import run
from pprl.exchange.closing import Certificate
from pprl.exchange.destruction import digest_of
from pprl.hub.custody import LinkageStore
from pprl.institution.disclosure import RELEASED
from pprl.institution.disclosures import DisclosureLog
from tests.cli.conftest import AGREEMENT, CANARY, closing_arguments, encode_arguments
from tests.rosters import crowded

ROOT = Path(__file__).parent.parent.parent
STUDENTS = 60


@dataclass(frozen=True)
class Scene:
    """A command in a folder.

    Attributes:
        name: what it is called.
        prepare: makes the folder's files, before the command.
        arguments: of the command, for a folder.
        check: what must hold whenever it was killed.
        done: what must hold once it ran to its end after that.
        bytes: how large a file may grow on a disk that is too full for it.
    """

    name: str
    prepare: Callable[[Path], None]
    arguments: Callable[[Path], list[str]]
    check: Callable[[Path], None]
    done: Callable[[Path], None]
    bytes: int = 9_000


class Victims:
    """A process that forks the ones to be killed."""

    def __init__(self) -> None:
        """Start it."""
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("victim.py"))],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: list[str], **moment: float) -> dict[str, Any]:
        """Run a command; `calls` or `seconds` say when it is killed."""
        self.begin(arguments, **moment)
        return self.end()

    def begin(self, arguments: list[str], **moment: float) -> None:
        """Begin to run a command."""
        assert self._server.stdin
        self._server.stdin.write(json.dumps({"arguments": arguments, **moment}) + "\n")
        self._server.stdin.flush()

    def end(self) -> dict[str, Any]:
        """Wait for the command that was begun."""
        assert self._server.stdout
        answer: dict[str, Any] = json.loads(self._server.stdout.readline())
        return answer

    def close(self) -> None:
        """End it."""
        assert self._server.stdin and self._server.stdout
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()


def killed(scene: Scene, victims: Victims, folder: Path, times: int, rng: random.Random) -> int:
    """Kill a command at so many random moments, in turn at a call and after some time.

    Returns:
        how many were killed in time; the others had ended.
    """
    start = folder / "start"
    start.mkdir()
    scene.prepare(start)
    whole = folder / "whole"
    shutil.copytree(start, whole)
    took = victims.run(scene.arguments(whole))
    assert took["code"] == 0, took["error"]
    scene.done(whole)
    hit = 0
    for number in range(times):
        trial = folder / "trial"
        shutil.copytree(start, trial)
        moment: dict[str, float] = (
            {"calls": rng.randint(1, took["calls"])}
            if number % 2
            else {"seconds": rng.uniform(0, took["seconds"])}
        )
        answer = victims.run(scene.arguments(trial), **moment)
        assert answer["code"] in (0, -9), answer["error"]
        hit += answer["code"] == -9
        no_canary(trial, answer["error"])
        scene.check(trial)
        again = victims.run(scene.arguments(trial))
        finished_before = (
            "was closed before" in again["error"] or "exists already" in again["error"]
        )
        assert again["code"] == 0 or finished_before, again["error"]
        scene.check(trial)
        scene.done(trial)
        shutil.rmtree(trial)
    return hit


def no_canary(folder: Path, told: str) -> None:
    """A surname of the rosters is in no other file, finished or not, and was not said."""
    content = told.encode()
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in ("fresno.csv", "reedley.csv"):
            content += path.read_bytes()
    assert CANARY.encode() not in content and CANARY.lower().encode() not in content


def _both_sides(folder: Path) -> None:
    """The agreement, the key and both rosters."""
    (folder / "compact.toml").write_text(AGREEMENT, encoding="utf-8")
    pprl.LinkageKey(bytes(range(32))).save(folder / "compact.key")
    students = crowded(STUDENTS, seed=4)
    students.loc[30, "last_name"] = CANARY
    students.iloc[: STUDENTS * 3 // 4].to_csv(folder / "fresno.csv", index=False)
    students.iloc[STUDENTS // 4 :].to_csv(folder / "reedley.csv", index=False)


def _quietly(arguments: list[str]) -> None:
    """Run a command of the preparation."""
    with contextlib.redirect_stdout(None):
        assert run(arguments) == 0


def _year_two(folder: Path) -> None:
    """An institution that sent last year's file, and has other students this year."""
    _both_sides(folder)
    _quietly(
        encode_arguments(
            folder, "fresno", out=str(folder / "last.pprl"), id_map=str(folder / "last.csv")
        )
    )
    students = crowded(STUDENTS, seed=4)
    students.loc[30, "last_name"] = CANARY
    students.iloc[3:50].to_csv(folder / "fresno.csv", index=False)


def _encode_check(folder: Path) -> None:
    """No half file; no file that the log does not know; nothing lost of the state and the log."""
    out = folder / "fresno.pprl"
    with contextlib.closing(DisclosureLog.open(folder / "fresno.disclosures.sqlite")) as log:
        log.verify()
        logged = log.disclosures()
    assert logged[0].file == "last.pprl" and logged[0].outcome == RELEASED
    if out.exists():
        Submission.open(out, allow_unverified=True)
        assert digest_of(out) in {item.sha256 for item in logged}
        # A file is of no use without its id map.
        assert (folder / "fresno-id-map.csv").read_bytes().endswith(b"\n")
    with contextlib.closing(pprl.State.open(folder / "fresno.state.sqlite")):
        pass


def _encode_done(folder: Path) -> None:
    """The file is the second, released, and its state is that of a run that nobody disturbed."""
    submission = Submission.open(folder / "fresno.pprl", allow_unverified=True)
    assert submission.manifest.sequence == 2
    with contextlib.closing(DisclosureLog.open(folder / "fresno.disclosures.sqlite")) as log:
        *_, last = log.disclosures()
    assert (last.file, last.outcome) == ("fresno.pprl", RELEASED)
    assert last.sha256 == digest_of(folder / "fresno.pprl")
    undisturbed = folder.parent / "whole" / "fresno.pprl"
    assert digest_of(undisturbed) == last.sha256


def _hub(folder: Path) -> None:
    """A hub with both match files and an empty store."""
    _both_sides(folder)
    for institution in ("fresno", "reedley"):
        _quietly(encode_arguments(folder, institution))
    _quietly(["store", "new", str(folder / "store"), "--key", str(folder / "store.key")])


def _adding(folder: Path) -> list[str]:
    """Take both in."""
    options = {"store": "store", "key": "store.key", "agreement": "compact.toml"}
    files = [str(folder / f"{name}.pprl") for name in ("fresno", "reedley")]
    parts = [part for name, v in options.items() for part in (f"--{name}", str(folder / v))]
    return ["store", "add", *files, *parts]


def _linking(folder: Path) -> list[str]:
    """Link what the store holds."""
    options = {"store": "store", "agreement": "compact.toml", "out": "linkage"}
    return ["link", *(p for name, v in options.items() for p in (f"--{name}", str(folder / v)))]


def _store_check(folder: Path) -> None:
    """What is gone as a match file is in the store, as the ledger says."""
    agreement = Agreement.load(folder / "compact.toml")
    with contextlib.closing(LinkageStore.open(folder / "store")) as store:
        store.ledger.verify()
        logged = {body["institution"] for body in store.ledger.received(agreement.linkage_digest)}
        store.submissions(agreement)
    for name in ("fresno", "reedley"):
        path = folder / f"{name}.pprl"
        if path.exists():
            Submission.open(path, allow_unverified=True)
        else:
            assert name in logged


def _store_done(folder: Path) -> None:
    """Both are in the store, and their files are gone."""
    agreement = Agreement.load(folder / "compact.toml")
    with contextlib.closing(LinkageStore.open(folder / "store")) as store:
        assert len(store.submissions(agreement)) == 2
        events = [link.body["event"] for link in store.ledger.links()]
    assert sorted(events) == ["match file deleted"] * 2 + ["received"] * 2
    assert not list(folder.glob("*.pprl")) and not list(folder.glob(".*.destroyed"))


def _store_filled(folder: Path) -> None:
    """A hub that took both files in."""
    _hub(folder)
    _quietly(_adding(folder))


def _linking_out_of_core(folder: Path) -> list[str]:
    """Link both files in ranges, in a work folder."""
    files = [str(folder / f"{name}.pprl") for name in ("fresno", "reedley")]
    agreement = ["--agreement", str(folder / "compact.toml"), "--out", str(folder / "linkage")]
    return ["link", *files, *agreement, "--memory", "260MiB"]


def _ranges_check(folder: Path) -> None:
    """A folder is there whole or not at all."""
    if (folder / "linkage").exists():
        for name in ("study-ids.csv", "pairs.csv", "summary.txt"):
            assert (folder / "linkage" / name).read_bytes().endswith(b"\n")


def _link_check(folder: Path) -> None:
    """A folder is there whole or not at all, and its crosswalks are logged."""
    with contextlib.closing(LinkageStore.open(folder / "store")) as store:
        store.ledger.verify()
        sent = {link.body.get("sha256") for link in store.ledger.links()}
    if (folder / "linkage").exists():
        for name in ("study-ids.csv", "pairs.csv", "summary.txt"):
            assert (folder / "linkage" / name).read_bytes().endswith(b"\n")
        for name in ("fresno", "reedley"):
            assert digest_of(folder / "linkage" / "crosswalks" / f"{name}.csv") in sent


def _link_done(folder: Path) -> None:
    """It is there."""
    assert len(list((folder / "linkage" / "crosswalks").iterdir())) == 2


def _closing(folder: Path) -> list[str]:
    """Close as an institution."""
    return [*closing_arguments(folder, "last.csv", "last.pprl"), "--yes"]


def _close_check(folder: Path) -> None:
    """What is gone was logged before; the certificate is whole; once begun, nothing is encoded."""
    with contextlib.closing(
        Chain.open(folder / "fresno.disclosures.sqlite", "disclosure log")
    ) as log:
        log.verify()
        closed = [link.body for link in log.links() if link.body["event"] == "closed"]
    names = ("compact.key", "fresno.state.sqlite", "last.csv", "last.pprl")
    gone = [name for name in names if not (folder / name).exists()]
    if gone:
        assert {item["name"] for item in closed[0]["files"]} >= set(gone)
    if (folder / "compact.toml.closed").exists():
        certificate = Certificate.open(folder / "compact.toml.closed")
        assert {item["name"] for item in certificate.content["destroyed"]} == set(names)
        assert len(gone) == 4


def _close_done(folder: Path) -> None:
    """All is gone, certified, and nothing half destroyed is left."""
    assert (folder / "compact.toml.closed").exists()
    assert not list(folder.glob(".*.destroyed"))


SCENES = {
    scene.name: scene
    for scene in (
        Scene(
            "encode",
            _year_two,
            lambda folder: encode_arguments(folder, "fresno"),
            _encode_check,
            _encode_done,
        ),
        Scene("store", _hub, _adding, _store_check, _store_done),
        Scene("link", _store_filled, _linking, _link_check, _link_done),
        Scene("link in ranges", _hub, _linking_out_of_core, _ranges_check, _link_done, 2_000),
        Scene("close", _year_two, _closing, _close_check, _close_done),
    )
}


@contextlib.contextmanager
def victims() -> Iterator[Victims]:
    """Processes to be killed, until the block ends."""
    server = Victims()
    try:
        yield server
    finally:
        server.close()
