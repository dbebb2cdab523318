"""A cluster on this machine: two executors, each a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pprl


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Spark session with real executors and real shuffles."""
    pyspark = pytest.importorskip("pyspark")
    from pprl.spark import start

    # Executors keep their work beside Spark itself, which may be read-only.
    home = tmp_path_factory.mktemp("spark")
    for part in Path(pyspark.__file__).parent.iterdir():
        (home / part.name).symlink_to(part)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_HOME", str(home))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", str(Path(pprl.__file__).parent.parent))
        settings = {"spark.executor.memory": "1g", "spark.sql.shuffle.partitions": "3"}
        spark = start("local-cluster[2,1,1500]", {**settings, "spark.log.level": "OFF"})
        yield spark
        spark.stop()
