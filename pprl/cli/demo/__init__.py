"""`pprl demo`: invented districts and colleges, from students to crosswalks, truth in hand.

Each institution encodes in a process of its own that is given its own files; the hub reads match
files. So the demonstration runs what a partnership would run.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pprl.cli.outputs import write_csv
from pprl.errors import UsageError

if TYPE_CHECKING:
    from pprl import Agreement, Linkage
    from pprl.cli.demo.partnership import Partner, Partnership

_EXAMPLE = "Example:\n\n\b\npprl demo --persons 5000 --out pprl-demo"
FEWEST_PERSONS = 100


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("demo", epilog=_EXAMPLE)(demo)


def demo(
    persons: Annotated[
        int, typer.Option("--persons", min=FEWEST_PERSONS, help="How many people to make up.")
    ] = 20_000,
    seed: Annotated[
        int,
        typer.Option("--seed", min=0, help="Which people; keys and study IDs are always random."),
    ] = 1,
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME", help="The agreement's profile.")
    ] = "students-1",
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="The folder to make, or make anew.")
    ] = Path("pprl-demo"),
) -> None:
    """Show it all on invented students.

    Four districts and four colleges encode, a hub links, and what it finds is compared with the
    truth.
    """
    import pprl
    from pprl.cli.demo import partnership as scene
    from pprl.cli.demo.report import show
    from pprl.synthetic import population

    pprl.Agreement.students(("a", "b"), profile)
    scene.claim(out)
    with _waiting("making up students"):
        made_up = population(persons, seed=seed)
        partnership = scene.found(out, made_up, profile)
    rows = sum(len(roster) for roster in made_up.institutions.values())
    typer.echo(
        f"{persons:,} invented people, {rows:,} rows at {len(partnership.partners)} institutions"
    )

    began = time.perf_counter()
    _encode_all(partnership)
    encoded = time.perf_counter()
    linkage = _link(partnership, pprl.Agreement.load(partnership.agreement))
    linked = time.perf_counter()
    typer.echo(
        f"encoded in {encoded - began:.0f} s, each institution in a process of its own; "
        f"linked at the hub in {linked - encoded:.0f} s"
    )
    typer.echo("")
    show(linkage, pprl.evaluate(linkage, scene.truth_of(partnership, made_up.truth)))
    told = _report(linkage, partnership)
    typer.echo("The agreement, who is who, what the hub made, and what each institution got back:")
    for path in (
        partnership.agreement,
        partnership.truth,
        partnership.linkage,
        *(partner.crosswalk for partner in partnership.partners),
    ):
        typer.echo(str(path))
    typer.echo("The linkage report, which may leave the hub:")
    typer.echo(str(told))


def _encode_all(partnership: Partnership) -> None:
    """Encode at every institution, as many at a time as there are processors.

    Raises:
        UsageError: an institution failed; the message is its own.
    """
    from pprl.progress import tracked

    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        waiting = [
            pool.submit(_encode, partner, partnership.agreement) for partner in partnership.partners
        ]
        for result in tracked(waiting, "encoding", True):
            result.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _encode(partner: Partner, agreement: Path) -> None:
    """Run `pprl encode` on one institution's files.

    Raises:
        UsageError: it failed.
    """
    command = [sys.executable, "-m", "pprl", "encode", str(partner.students)]
    command += ["--agreement", str(agreement), "--key", str(partner.key)]
    command += ["--institution", partner.id, "--out", str(partner.match_file)]
    command += ["--id-map", str(partner.id_map), "--signing-key", str(partner.signing_key)]
    command += ["--workers", "1"]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "PYTHONUTF8": "1"},
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        told = done.stderr.strip().removeprefix("pprl: ")
        raise UsageError(f"{partner.id}: encoding failed. {told}")


def _link(partnership: Partnership, agreement: Agreement) -> Linkage:
    """Link what the hub was sent, keep it, and give each institution its crosswalk."""
    import pprl
    from pprl.results import write_linkage

    identity = pprl.Identity.load(partnership.identity)
    submissions = [
        pprl.Submission.open(partner.match_file, identity=identity, signers=agreement)
        for partner in partnership.partners
    ]
    linkage = pprl.link(submissions, agreement)
    write_linkage(linkage, partnership.linkage)
    for partner in partnership.partners:
        write_csv(linkage.crosswalk(partner.id), partner.crosswalk)
    return linkage


def _report(linkage: Linkage, partnership: Partnership) -> Path:
    """Write the linkage report: as a page, or as Markdown where nothing can draw its charts."""
    from pprl.results.charts import altair

    path = partnership.report
    try:
        altair()
    except UsageError as error:
        typer.echo(f"note: {error}")
        path = path.with_suffix(".md")
    with _waiting("drawing the report"):
        linkage.report(path)
    return path


@contextlib.contextmanager
def _waiting(step: str) -> Iterator[None]:
    """Show on a terminal that a step without a count goes on."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(step):
        yield
