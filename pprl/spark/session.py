"""Starting Spark, and what a session must be like before students or entries go through it."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pprl.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OLDEST_JAVA = 17
"""Spark 4 runs on no older one."""

_INSTALL_JAVA = (
    f"Install a Java {OLDEST_JAVA} runtime (Debian, Ubuntu: apt-get install "
    f"openjdk-{OLDEST_JAVA}-jre-headless; elsewhere: adoptium.net), and name its folder in "
    "JAVA_HOME if it is not on the path."
)


def start(master: str = "local[*]", settings: dict[str, str] | None = None) -> SparkSession:
    """A Spark session of one's own, for a machine or to try things on.

    What it writes to disks and sends between its processes is encrypted. On a cluster that has a
    session already, use that one.

    Args:
        master: Spark's name for where it runs: `local[*]`, `local-cluster[2,1,1500]`.
        settings: further settings of Spark, by name; they come before those made here.

    Raises:
        UsageError: pyspark or a Java runtime is missing, or it is too old.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise UsageError("Spark needs pyspark: pip install 'pprl-edu[spark]'.")
    check_java()
    from pyspark.sql import SparkSession

    if master.startswith("local"):
        # Executors on this machine run this very Python; there is no setting of Spark's for it.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("pprl").master(master)
    chosen = {
        "spark.authenticate": "true",
        "spark.executorEnv.PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "spark.io.encryption.enabled": "true",
        "spark.network.crypto.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **(settings or {}),
    }
    if master.startswith("local-cluster"):
        # Elsewhere Spark makes its own, or is given one: settings show in the list of processes.
        chosen.setdefault("spark.authenticate.secret", secrets.token_hex(32))
    for name, value in chosen.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def check_java() -> None:
    """Check that there is a Java runtime that Spark can use.

    Raises:
        UsageError: there is none, or it is too old; the message says what to install.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if found is None:
        where = f"in JAVA_HOME ({home})" if home else "on the path, and JAVA_HOME is not set"
        raise UsageError(f"Spark needs Java, and there is none {where}. {_INSTALL_JAVA}")
    told = subprocess.run([found, "-version"], capture_output=True, encoding="utf-8", check=False)
    version = re.search(r'version "(?:1\.)?(\d+)', told.stderr)
    if told.returncode or version is None:
        raise UsageError(f"{found} does not run. {_INSTALL_JAVA}")
    if int(version[1]) < OLDEST_JAVA:
        raise UsageError(
            f"{found} is Java {version[1]}; Spark needs {OLDEST_JAVA}. {_INSTALL_JAVA}"
        )


def check_session(spark: SparkSession) -> None:
    """Check that a session keeps what it spills to disks encrypted, and is not a remote one.

    Raises:
        UsageError: it does not, or is.
    """
    if not hasattr(spark, "_jvm"):
        raise UsageError("pprl.spark needs a session on the cluster, not one of Spark Connect.")
    if spark.sparkContext.getConf().get("spark.io.encryption.enabled", "false") != "true":
        raise UsageError(
            "This session writes what it shuffles to the executors' disks in the clear. Set "
            "spark.io.encryption.enabled, spark.authenticate and spark.network.crypto.enabled to "
            "true, or make the session with pprl.spark.start."
        )
