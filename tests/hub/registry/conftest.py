"""Registries in SQLite and in PostgreSQL, and linkages whose students and clusters a test names."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from pprl.agreement import Agreement, LinkageSection, OutputRules, Party, Pass, RecordRules, Segment
from pprl.agreement.blocking import BlockingPart
from pprl.exchange import Entries, Manifest, Submission
from pprl.hub.registry import Evidence, Linked, Registry

SECTION = LinkageSection(
    partnership="00000000-0000-4000-8000-000000000000",
    fields=("first_name", "birth_date"),
    segments=(Segment("birth_date", 64, 16, (16, 11, 8)),),
    passes=(
        Pass("birth", (BlockingPart("birth_date"),), 4),
        Pass("names", (BlockingPart("first_last_pair"),), 4),
    ),
)
KEY_CHECK = "c" * 32


def agreed(pooling: Sequence[str] = (), **rules: bool) -> Agreement:
    """Three parties; those that pool may hold a person twice."""
    parties = tuple(
        Party(name, one_record_per_person=name not in pooling)
        for name in ("city-college", "county-college", "orchard-usd")
    )
    return Agreement(
        "Compact", parties, SECTION, records=RecordRules(minimum=1), output=OutputRules(**rules)
    )


def sent(source: str, students: Sequence[str], key_check: str = KEY_CHECK) -> Submission:
    """A submission: the blocks of a student depend on its name and the source alone.

    A name with an apostrophe is the student of the name before it, half of whose entries changed.
    """
    passes = {}
    for linkage_pass in SECTION.passes:
        tokens = {}
        for record, student in enumerate(students):
            for slot in range(linkage_pass.quota):
                name = student if slot < 2 else student.rstrip("'")
                text = f"{source}/{name}/{linkage_pass.name}/{slot}"
                token = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
                tokens[token] = record
        rising = sorted(tokens)
        passes[linkage_pass.name] = Entries(
            np.array(rising, np.uint64),
            np.array([tokens[token] for token in rising], np.uint32),
            np.zeros((len(rising), 1), np.uint64),
        )
    manifest = Manifest(
        institution=source,
        agreement="a" * 64,
        linkage=SECTION.digest,
        key_check=key_check,
        records=len(students),
        sequence=1,
        software="pprl 0",
        epsilon=1.0,
        completeness={},
        unplaced=0.0,
    )
    return Submission(manifest, passes)


def linked(
    students: Mapping[str, Sequence[str]],
    persons: Mapping[str, str],
    *,
    probability: float = 0.97,
    key_check: str = KEY_CHECK,
) -> Linked:
    """A linkage of sources that send these students.

    Args:
        students: source -> its students, in the order of records.
        persons: student -> the cluster it is in; a student that is not named is alone. Students of
            different sources have different names.
        probability: of the pairs within a cluster and of those across named clusters that share
            their first letter (less likely there).
        key_check: of the linkage key.
    """
    submissions = [sent(source, names, key_check) for source, names in sorted(students.items())]
    names = [name for _, some in sorted(students.items()) for name in some]
    source = [s for s, some in sorted(students.items()) for _ in some]
    labels: dict[str, int] = {}
    number = count()
    cluster = [
        labels.setdefault(persons.get(name, f"alone {name} {place}"), next(number))
        for place, name in enumerate(names)
    ]
    pairs = [
        (i, j, probability if cluster[i] == cluster[j] else 1 - probability)
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if source[i] != source[j]
        and (cluster[i] == cluster[j] or names[i][0].lower() == names[j][0].lower())
    ]
    left, right, said = zip(*pairs, strict=True) if pairs else ((), (), ())
    evidence = Evidence(
        np.array(left, np.int64),
        np.array(right, np.int64),
        np.array(said, np.float64),
        np.full(len(pairs), 7, np.int64),
    )
    current = [submission.records for submission in submissions]
    return Linked(submissions, current, np.array(cluster, np.int64), evidence)


def as_dict(registry: Registry, source: str, students: Sequence[str]) -> dict[str, str]:
    """Student -> the study ID that its source is told."""
    table = registry.crosswalk(source)
    return dict(zip(students, table["study_id"], strict=True))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[], str]]:
    """Addresses of empty schemas of a PostgreSQL server on a loopback port of its own."""
    psycopg = pytest.importorskip("psycopg")
    found = shutil.which("pg_ctl")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    bin_folder = Path(found).resolve().parent if found else programs[-1]
    user = "postgres" if os.name == "posix" and os.geteuid() == 0 else None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp())
    if user:
        shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [bin_folder / program, "-D", folder / "data", *arguments],
            check=True,
            user=user,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )

    run("initdb", "-U", "registrar", "--auth=trust", "--no-sync")
    options = f"-F -p {port} -k {folder} -c listen_addresses=127.0.0.1"
    run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", options)
    server = f"postgresql://registrar@127.0.0.1:{port}/postgres"
    number = count()

    def address() -> str:
        schema = f"registry_{next(number)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
        return f"{server}?options=-csearch_path%3D{schema}"

    try:
        yield address
    finally:
        run("pg_ctl", "stop", "-m", "immediate")
        shutil.rmtree(folder)


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)],
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a registry may be made: a path, or an address."""
    if request.param == "sqlite":
        return str(tmp_path / "registry.sqlite")
    address: Callable[[], str] = request.getfixturevalue("postgresql")
    return address()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Where its key may lie."""
    return tmp_path / "registry.key"


@pytest.fixture
def registry(place: str, key_file: Path) -> Iterator[Registry]:
    """An empty registry."""
    with Registry.open(place, key_file) as opened:
        yield opened
