"""The installed package does its job, with pandas 2 and with pandas 3.

Short, because it runs in both environments. `make smoke` runs it on the built wheel, so nothing
here may read the checkout.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import importlib.resources
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import pprl
from pprl.results.indicators.rows import rows_of_payloads
from pprl.results.release import compile_release, quality_of
from pprl.synthetic import outcomes, population

THROUGH = datetime.date(2025, 12, 31)
COMPACT = """
agreement = { title = "Trial", trial = true }
party = [{ id = "orchard-usd", role = "district" }, { id = "county-college", role = "college" }]
records = { minimum = 50 }
linkage = { partnership = "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b", profile = "students-1" }
[payload]
report_groups = ["gender"]
columns = { completed_on = "date", enrolled_on = "date", level = "whole", gender = "text" }
"""


def modules_loaded_by(statement: str) -> set[str]:
    """The names of the modules that a fresh interpreter has loaded after a statement."""
    # -P: the package that is installed, not one that lies in the working folder.
    program = f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')"
    run = subprocess.run(
        [sys.executable, "-P", "-c", program],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return set(run.stdout.split())


def test_the_package_and_its_metadata_tell_the_same_version() -> None:
    """The version stands in one place, `pprl/_version.py`."""
    assert pprl.__version__ == importlib.metadata.version("pprl-edu")


@pytest.mark.parametrize("module", ["pprl", "pprl.hub"])
def test_the_hub_never_loads_what_sees_names(module: str) -> None:
    """Neither the face nor the hub brings `pprl.institution` into the process."""
    loaded = modules_loaded_by(f"import {module}")
    assert module in loaded
    assert not {name for name in loaded if name.startswith("pprl.institution")}


def test_the_wheel_carries_the_type_marker_and_the_profiles() -> None:
    """What is no Python module travels with the package all the same."""
    package = importlib.resources.files("pprl")
    assert package.joinpath("py.typed").is_file()
    assert package.joinpath("agreement", "profiles", "students-1.toml").is_file()


def test_three_hundred_students_go_from_files_to_crosswalks(tmp_path: Path) -> None:
    """Read, encode, write, open, link and evaluate work with this pandas."""
    region = population(1_000, seed=9)
    agreement = pprl.Agreement.students(["orchard-usd", "county-college"])
    key = pprl.LinkageKey.generate()
    truths = []
    for name in ("orchard-usd", "county-college"):
        roster = tmp_path / f"{name}.csv"
        region.institutions[name].to_csv(roster, index=False)
        encoded = pprl.encode(pprl.read_students(roster), agreement, key, name)
        encoded.submission.write(tmp_path / f"{name}.pprl")
        truth = region.truth[region.truth["institution"] == name]
        truths.append(encoded.id_map.merge(truth, on="local_id").assign(source=name))
    files = sorted(tmp_path.glob("*.pprl"))
    linkage = pprl.link(
        [pprl.Submission.open(file, signers=agreement) for file in files], agreement
    )
    assert pprl.evaluate(linkage, pd.concat(truths)).f1 > 0.9
    for name, records in linkage.records.items():
        crosswalk = linkage.crosswalk(name)
        assert crosswalk["record"].tolist() == list(range(records))
        assert crosswalk["study_id"].str.len().eq(18).all()
    assert "expected precision" in linkage.summary()


def test_outcomes_become_a_release_with_this_pandas(tmp_path: Path) -> None:
    """Payloads of two institutions are counted, protected and told."""
    region = population(1_500, seed=9)
    told = outcomes(region, seed=9, through=THROUGH)
    names = ("orchard-usd", "county-college")
    (tmp_path / "compact.toml").write_text(COMPACT, encoding="utf-8")
    agreement = pprl.Agreement.load(tmp_path / "compact.toml")
    key = pprl.LinkageKey.generate()
    encoded = {name: pprl.encode(region.institutions[name], agreement, key, name) for name in names}
    linkage = pprl.link([one.submission for one in encoded.values()], agreement)
    payloads = []
    for name in names:
        ids = encoded[name].id_map.merge(linkage.crosswalk(name), on="record")
        rows = told[name].merge(ids, on="local_id")
        declared = [column for column, _ in agreement.payload.columns if column in rows]
        payloads.append(pprl.Payload.of(rows[["study_id", *declared]], agreement, name))
    rows = rows_of_payloads(payloads, linkage.study_ids)
    made = compile_release(rows, agreement, quality_of(linkage, rows, ("gender",)), THROUGH)
    assert made.report.indicators


def test_other_libraries_forms_work_with_this_pandas() -> None:
    """Filters by a linkage schema, their similar pairs, and these as links."""
    from pprl.interop import anonlink
    from pprl.interop.clkhash import LinkageSchema, encode
    from pprl.interop.recordlinkage import candidate_links

    hashing = {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerToken": 9}}
    feature = {"identifier": "last_name", "format": {"type": "string"}, "hashing": hashing}
    clk = {"l": 256, "kdf": {"type": "HKDF"}}
    schema = LinkageSchema.of({"version": 3, "clkConfig": clk, "features": [feature]})
    students = pd.DataFrame({"last_name": ["garcia", None, "lee"]}, index=["x", "y", "z"])
    clks = encode(students, schema, "secret")
    pairs = pprl.similar_pairs(clks.filters, clks.filters, 0.9)
    assert list(candidate_links(pairs, students.index)) == [("x", "x"), ("z", "z")]
    assert clks.to_series(students.index).str.len().tolist() == [32, 32, 32]
    found = anonlink.similarities.dice_coefficient([clks, clks], 0.9)
    assert [list(side) for side in found[1]] == [[0, 2], [0, 2]]
