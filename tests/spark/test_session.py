"""What is asked of a Spark session, and how an executor's errors come back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

import pprl.spark
from pprl.errors import StudentsError, UsageError
from pprl.spark.executors import guarded, on_batches, on_both, on_groups
from pprl.spark.session import check_java, check_session, start


def java(folder: Path, says: str, code: int = 0) -> Path:
    """A folder that JAVA_HOME may name, whose java says so."""
    program = folder / "bin" / "java"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {code}\n", encoding="utf-8")
    program.chmod(0o755)
    return folder


def test_without_java_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the path or JAVA_HOME is where there is none."""
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"none in JAVA_HOME .*openjdk-17-jre-headless"):
        start("local[1]")
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"JAVA_HOME is not set.*openjdk-17"):
        check_java()


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its number; a broken one too."""
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path, 'openjdk version "11.0.2" 2019-01-15')))
    with pytest.raises(UsageError, match="is Java 11; Spark needs 17"):
        check_java()
    java(tmp_path, 'java version "1.8.0_292"')
    with pytest.raises(UsageError, match="is Java 8; Spark needs 17"):
        check_java()
    java(tmp_path, "no such thing", code=1)
    with pytest.raises(UsageError, match="does not run"):
        check_java()
    java(tmp_path, 'openjdk version "17.0.15" 2025-04-15')
    check_java()


def test_without_pyspark_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra that brings it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'pprl-edu\[spark\]'"):
        start("local[1]")


def test_a_session_that_spills_in_the_clear_is_refused() -> None:
    """So is one of Spark Connect, which has no way to the cluster's files."""
    settings: dict[str, str] = {}
    context = SimpleNamespace(getConf=lambda: settings)
    session = SimpleNamespace(_jvm=None, sparkContext=context)
    with pytest.raises(UsageError, match=r"spark\.io\.encryption\.enabled"):
        check_session(session)  # type: ignore[arg-type]
    settings["spark.io.encryption.enabled"] = "true"
    check_session(session)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="Spark Connect"):
        check_session(SimpleNamespace(sparkContext=context))  # type: ignore[arg-type]


def test_an_executors_error_quotes_no_value() -> None:
    """Errors of Python's and Arrow's are told by their kind; those of pprl pass as they are."""

    def quoting(table: pa.Table) -> pa.Table:
        raise KeyError("Canary")

    def refusing(table: pa.Table) -> pa.Table:
        raise StudentsError("students row 7: is blank.")

    with pytest.raises(RuntimeError, match="quoting failed on an executor: KeyError") as caught:
        guarded(quoting, pa.table({}))
    assert "Canary" not in str(caught.value) and caught.value.__cause__ is None
    with pytest.raises(StudentsError, match="row 7"):
        guarded(refusing, pa.table({}))


def test_work_is_given_what_is_fixed_before_what_is_there() -> None:
    """For batches, groups and pairs of groups."""

    def work(name: str, *tables: pa.Table) -> pa.Table:
        return pa.table({name: [table.num_rows for table in tables]})

    two = pa.table({"x": [1, 2]})
    batches = list(on_batches(work, "n")(iter(two.to_batches())))
    assert batches[0].to_pydict() == {"n": [2]}
    assert on_groups(work, "n")(two).to_pydict() == {"n": [2]}
    assert on_both(work, "n")(two, two[:1]).to_pydict() == {"n": [2, 1]}


def test_a_hub_never_loads_what_sees_names() -> None:
    """Nor does an institution load the hub; names of the face come from their homes."""
    for mine, others in (("link", "institution"), ("encode", "hub")):
        program = (
            f"import sys, pprl.spark; pprl.spark.{mine}; own = 'pprl.', 'pprl.spark.'; "
            f"print([m for m in sys.modules for p in own if m.startswith(p + '{others}')])"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
        )
        assert done.stdout.strip() == "[]"
    assert set(dir(pprl.spark)) >= {"encode", "link", "start", "unpack"}
    with pytest.raises(AttributeError, match="no attribute 'pickle'"):
        pprl.spark.pickle  # noqa: B018
