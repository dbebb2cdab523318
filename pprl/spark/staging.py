"""Folders of tables that are there whole or not at all."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pprl.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@contextlib.contextmanager
def staged(spark: SparkSession, *folders: str) -> Iterator[list[str]]:
    """Folders beside those wanted, which take their names when all is written.

    If anything raises, they are deleted. What a process that was killed leaves behind is named
    `.partial-` and random letters after a folder, and can be deleted.

    Args:
        spark: the session; folders may be on any file system that it reaches.
        folders: those wanted, paths or addresses.

    Raises:
        UsageError: there is something of one of these names already, or it cannot be renamed.
    """
    for folder in folders:
        refuse_existing(spark, folder)
    partial = [f"{folder.rstrip('/')}.partial-{secrets.token_hex(4)}" for folder in folders]
    named: list[str] = []
    try:
        yield partial
        for folder, written in zip(folders, partial, strict=True):
            refuse_existing(spark, folder)
            system, path = _on(spark, folder)
            if not system.rename(_on(spark, written)[1], path):
                raise UsageError(
                    f"{folder}: cannot be given its name. May its parent be written to?"
                )
            named.append(folder)
        named.clear()
    finally:
        for folder in (*partial, *named):
            system, path = _on(spark, folder)
            system.delete(path, True)


@contextlib.contextmanager
def scratch(spark: SparkSession, beside: str) -> Iterator[str]:
    """A folder for what is needed again while a job runs, deleted when it ends.

    Unlike Spark's own storage it outlives an executor.

    Args:
        spark: the session.
        beside: a folder, which need not exist, on the file system that all executors reach.
    """
    folder = f"{beside.rstrip('/')}.scratch-{secrets.token_hex(4)}"
    system, path = _on(spark, folder)
    try:
        yield folder
    finally:
        system.delete(path, True)


def refuse_existing(spark: SparkSession, folder: str) -> None:
    """Check that there is nothing of that name.

    Raises:
        UsageError: there is.
    """
    system, path = _on(spark, folder)
    if system.exists(path):
        raise UsageError(f"{folder}: is there already. Name another folder, or remove it first.")


def _on(spark: SparkSession, folder: str) -> tuple[Any, Any]:
    """The file system that a folder is on, and its path there, as Hadoop has them."""
    context = spark.sparkContext
    machine: Any = context._jvm
    path = machine.org.apache.hadoop.fs.Path(folder)
    return path.getFileSystem(context._jsc.hadoopConfiguration()), path
