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
def staged(spark: SparkSession, folder: str) -> Iterator[str]:
    """A folder beside the one wanted, which takes its name when all is written.

    If anything raises, it is deleted. What a process that was killed leaves behind is named
    `.partial-` and random letters after the folder, and can be deleted.

    Args:
        spark: the session; the folder may be on any file system that it reaches.
        folder: the folder wanted, a path or an address.

    Raises:
        UsageError: there is something of that name already, or it cannot be renamed.
    """
    refuse_existing(spark, folder)
    system, wanted = _on(spark, folder)
    partial = f"{folder.rstrip('/')}.partial-{secrets.token_hex(4)}"
    _, written = _on(spark, partial)
    try:
        yield partial
        refuse_existing(spark, folder)
        if not system.rename(written, wanted):
            raise UsageError(f"{folder}: cannot be given its name. May its parent be written to?")
    finally:
        system.delete(written, True)


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
