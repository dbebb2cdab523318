"""The claim of the design: a submission is random bits, and a decoy looks like a student.

Keys, rosters and simulations are fixed, so each p-value is one number and no test flickers. A level
of 1e-4 keeps false alarms away when the encoder changes its bits.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchmarks import indistinguishability as measured
from benchmarks.indistinguishability import PASSES, STATISTICS, WITH_P_VALUE, Run, Statistic
from pprl import Submission
from pprl.audit import simulate
from pprl.exchange import Entries
from pprl.filters import Words
from pprl.institution.block_values import BlockValues
from tests.rosters import agreement_on, varied

LEVEL = 1e-4
RUNS = 24


@pytest.fixture(scope="module")
def done() -> list[Run]:
    """Rosters of about 120 students, each run under a fresh linkage key and a fresh state."""
    return list(measured.runs(RUNS))


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda s: s.__name__)
def test_no_statistic_tells_real_submissions_from_simulated_ones(
    done: list[Run], statistic: Statistic
) -> None:
    """Kolmogorov-Smirnov of its values on both."""
    real = [statistic(item.real, item.section) for item in done]
    simulated = [statistic(item.simulated, item.section) for item in done]
    assert stats.ks_2samp(real, simulated).pvalue > LEVEL


@pytest.mark.parametrize("statistic", WITH_P_VALUE, ids=lambda s: s.__name__)
def test_the_p_values_of_real_submissions_are_uniform(
    done: list[Run], statistic: Statistic
) -> None:
    """Positions and tokens follow the uniform law itself, not merely the simulator."""
    real = [statistic(item.real, item.section) for item in done]
    assert stats.kstest(real, "uniform").pvalue > LEVEL


def test_decoys_are_not_told_from_students_within_a_file(done: list[Run]) -> None:
    """Neither by their tokens, nor by their records, nor by any position of their filters."""
    for name, p_value in measured.decoys_told_apart(done).items():
        assert p_value > LEVEL, name


def test_a_trained_classifier_only_guesses_which_entries_are_decoys(done: list[Run]) -> None:
    """It learns on half the files, with every bit of token and filter before it."""
    area, p_value = measured.classifier(done)
    assert abs(area - 0.5) < 0.04
    assert p_value > LEVEL


def test_there_are_decoys_and_students_to_be_told_apart(done: list[Run]) -> None:
    """The claims above are not kept by files of one kind alone."""
    for item in done:
        for name in PASSES:
            assert 0.02 < item.decoys[name].mean() < 0.98


def test_the_form_of_a_file_follows_from_the_number_of_records(
    done: list[Run], tmp_path: Path
) -> None:
    """Entries, bits set in each segment and bytes are those of any file with as many records."""
    for item in done[:8]:
        sizes = []
        for submission in (item.real, item.simulated):
            for linkage_pass in item.section.passes:
                entries = submission.passes[linkage_pass.name]
                assert len(entries) == submission.records * linkage_pass.quota
                assert set(np.bincount(entries.records)) == {linkage_pass.quota}
            for *_, insertions, bits in measured.segments_of(submission, item.section):
                assert (bits.sum(axis=1) == insertions).all()
            submission.write(tmp_path / "a.pprl")
            sizes.append((tmp_path / "a.pprl").stat().st_size)
        assert sizes[0] == sizes[1]


def test_two_institutions_of_one_size_send_tables_of_one_size(done: list[Run]) -> None:
    """Whoever their students are."""
    by_records: dict[int, set[int]] = {}
    for item in done:
        by_records.setdefault(item.real.records, set()).add(measured.size_of(item.real))
    assert all(len(sizes) == 1 for sizes in by_records.values())


def test_a_simulated_pass_never_repeats_a_token(done: list[Run]) -> None:
    """Should two draws fall together, one is drawn again, as no real file repeats one."""

    class Stuttering(np.random.Generator):
        """A generator that says everything twice at first."""

        first = True

        def integers(self, *arguments: Any, **options: Any) -> Any:
            """Draw, the first time in pairs."""
            drawn = super().integers(*arguments, **options)
            if self.first:
                self.first = False
                drawn[1::2] = drawn[:-1:2]
            return drawn

    item = done[0]
    simulated = simulate(item.real.manifest, item.section, Stuttering(np.random.PCG64(1)))
    for linkage_pass in item.section.passes:
        tokens = simulated.passes[linkage_pass.name].tokens
        assert len(tokens) == item.real.records * linkage_pass.quota
        assert (tokens[1:] > tokens[:-1]).all()


def told_by(done: list[Run], statistic: Statistic) -> float:
    """The p-value at which a statistic tells real from simulated."""
    real = [statistic(item.real, item.section) for item in done]
    return float(
        stats.ks_2samp(real, [statistic(item.simulated, item.section) for item in done]).pvalue
    )


def test_an_encoder_without_salts_would_be_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The measures are sharp: unsalted, common names crowd some positions."""

    def unsalted(self: BlockValues, key: bytes) -> Words:
        return np.zeros((len(self.student), 2), np.uint64)

    monkeypatch.setattr(BlockValues, "salts", unsalted)
    rows, agreement = varied(120, 0), agreement_on(PASSES, minimum=100)
    done = [
        measured.run(rows, agreement, bytes([n] * 32), bytes([n + 99] * 32), n) for n in range(6)
    ]
    for statistic in (measured.occupancy, measured.neighbouring_filters, measured.crowded_filters):
        assert told_by(done, statistic) < 0.01
    area, p_value = measured.classifier([done[0], done[0]])
    assert area > 0.9
    assert p_value < LEVEL


def test_an_encoder_that_forgot_to_shuffle_would_be_told_apart(done: list[Run]) -> None:
    """The measures are sharp: entries in the order of records show in every one of them."""

    def unshuffled(submission: Submission) -> Submission:
        passes = {
            name: Entries(entries.tokens, np.sort(entries.records), entries.filters)
            for name, entries in submission.passes.items()
        }
        return Submission(submission.manifest, passes)

    done = [dataclasses.replace(item, real=unshuffled(item.real)) for item in done[:8]]
    for statistic in (measured.record_order, measured.record_runs):
        assert told_by(done, statistic) < 0.01
