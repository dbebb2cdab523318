"""Small rosters, agreements and submissions for Spark, and buckets without a cluster."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.typing import NDArray

import pprl
from pprl.agreement import Agreement, Party
from pprl.exchange import Submission
from pprl.institution import LinkageKey, State

IDS = ("city-college", "county-college", "orchard-usd")
KEY = LinkageKey(bytes(range(32)))


def needs_spark(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that runs on the cluster, whose own sockets Spark leaves to the collector."""
    quiet = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
    return pytest.mark.java(quiet(test))


def in_buckets(work: Callable[..., pa.Table], *sides: tuple[pa.Table, NDArray[Any]]) -> pa.Table:
    """What work makes of each bucket, without a cluster.

    Args:
        work: what an executor would do.
        sides: tables, with the bucket of each row.
    """
    numbers = np.unique(np.concatenate([buckets for _, buckets in sides]))
    return pa.concat_tables(
        work(*(table.filter(pa.array(buckets == number)) for table, buckets in sides))
        for number in numbers
    )


def people(count: int, seed: int) -> pd.DataFrame:
    """People with names that collide, and birth dates: texts throughout."""
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2006-01-01") + pd.to_timedelta(rng.integers(0, 900, count), "D")
    first = ("Ana", "Ben", "Carla", "Dmitri", "Elena", "Farid", "Grace", "Hmong", "Bill", "Kate")
    last = ("Alvarez", "Brown", "Cha", "Dubois", "Escobar", "Fong", "Grant Ito", "Ito", "Jung")
    return pd.DataFrame(
        {
            "first_name": rng.choice(first, count).astype(object),
            "middle_name": rng.choice([*list("ABCDEFG"), "Rose", ""], count).astype(object),
            "last_name": rng.choice(last, count).astype(object),
            "birth_date": np.array([day.strftime("%Y-%m-%d") for day in days], object),
            "sex": rng.choice(["F", "M", ""], count).astype(object),
            "zip": rng.choice(["93701", "93702", "93706", ""], count).astype(object),
        }
    )


def hasty(count: int, seed: int) -> pd.DataFrame:
    """Two in three of these people, many with a field that is another's."""
    rng = np.random.default_rng(seed)
    every = people(count, 11)
    chosen = every[rng.random(count) < 0.67].reset_index()
    for column, rate in (("last_name", 0.2), ("first_name", 0.15), ("zip", 0.4)):
        other = every[column].sample(len(chosen), replace=True, random_state=seed).to_numpy()
        chosen[column] = np.where(rng.random(len(chosen)) < rate, other, chosen[column])
    chosen["local_id"] = [f"S{seed}/{number}" for number in chosen.pop("index")]
    return chosen


def compact(sources: int) -> Agreement:
    """An agreement of so many sources on a few passes; the last may hold a person twice."""
    parties = [Party(name) for name in IDS[:sources]]
    parties[-1] = dataclasses.replace(parties[-1], one_record_per_person=False)
    agreement = Agreement.students(parties, "students-1", minimum=2)
    passes = agreement.linkage.passes[::3]
    return dataclasses.replace(
        agreement, linkage=dataclasses.replace(agreement.linkage, passes=passes)
    )


def submissions_of(agreement: Agreement, count: int) -> list[Submission]:
    """What the agreement's sources would send of these people."""
    return [
        pprl.encode(
            hasty(count, 20 + place),
            agreement,
            KEY,
            party.id,
            state=State.in_memory(bytes([place + 1] * 32)),
            progress=False,
        ).submission
        for place, party in enumerate(agreement.parties)
    ]


@contextlib.contextmanager
def one_executor_killed(patch: pytest.MonkeyPatch, work: str, marker: Path) -> Any:
    """While it lasts, the first executor to begin this work is killed, JVM and all."""

    def deadly(own: Callable[..., pa.Table], *arguments: Any) -> pa.Table:
        if own.__name__ == work:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
                daemon = Path(f"/proc/{os.getppid()}/stat").read_text(encoding="utf-8")
                os.kill(int(daemon.rpartition(")")[2].split()[1]), signal.SIGKILL)
        return own(*arguments)

    patch.setattr("pprl.spark.executors.guarded", deadly)
    yield
    assert marker.exists()
