"""Claims about the packaged name tables and the script that cuts them."""

from __future__ import annotations

import gzip
import importlib.util
import io
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from pprl.synthetic.name_tables import ETHNICITIES, NameTables

FOLDER = Path(__file__).parent.parent / "pprl" / "synthetic" / "tables"
MOST_BYTES = 300_000

CENSUS = pd.DataFrame(
    {
        "name": ["GARCIA", "SMITH", "LEE", "O", "ÑU", "RARE"],
        "count": [1_000, 1_000, 500, 300, 300, 100],
        "pctwhite": [5.0, 70.0, 30.0, 90.0, 50.0, 90.0],
        "pctblack": [1.0, 20.0, 15.0, 5.0, 10.0, 4.0],
        "pctapi": [2.0, 1.0, 45.0, 2.0, 10.0, 2.0],
        "pctaian": [1.0, 1.0, 1.0, 1.0, 10.0, 1.0],
        "pct2prace": [1.0, 4.0, 5.0, 1.0, 10.0, 1.0],
        "pcthispanic": [90.0, 4.0, 4.0, 1.0, 10.0, 2.0],
    }
)
FIRST_NAMES = CENSUS.assign(
    name=["JOSE", "EMILY", "MINH", "O", "MARIA", "LI"],
    pctapi=[1.0, 1.0, 97.0, 1.0, 1.0, 94.0],
    pctmale=[99.0, 0.5, 78.0, 50.0, 1.0, 24.0],
)
BIRTHS = pd.DataFrame(
    {
        "first_name": ["jose", "emily", "jose", "unheard", "jose"],
        "sex": ["m", "f", "m", "f", "m"],
        "count": [500, 400, 30, 6, 999],
        "year_of_birth": [1996, 2003, 2008, 2008, 1950],
    }
)


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, writing into a folder of the test's."""
    spec = importlib.util.spec_from_file_location("make_tables", FOLDER / "make_tables.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    return module


def parquet(table: pd.DataFrame) -> bytes:
    """A table as the bytes of a Parquet file."""
    stream = io.BytesIO()
    table.to_parquet(stream)
    return stream.getvalue()


def test_the_tables_are_small() -> None:
    """All of them together weigh less than a photograph."""
    assert sum(path.stat().st_size for path in FOLDER.glob("*.csv*")) < MOST_BYTES


def test_every_table_has_names_for_everyone() -> None:
    """No distribution is empty, ends short of one or holds a blank name."""
    tables = NameTables.load()
    distributions = [*tables.surnames.values(), *tables.given.values(), *tables.heritage.values()]
    distributions += tables.few.values()
    assert set(tables.surnames) == set(ETHNICITIES)
    for names in distributions:
        assert len(names.names) == len(names.cumulative) > 0
        assert names.cumulative[-1] == pytest.approx(1)
        assert all(isinstance(name, str) and name.strip() == name != "" for name in names.names)


def test_names_are_drawn_as_often_as_they_are_borne() -> None:
    """The commonest surname of a group has its share of the draws."""
    names = NameTables.load().surnames["hispanic"]
    shares = np.diff(names.cumulative, prepend=0.0)
    commonest = int(np.argmax(shares))
    drawn = names.draw(np.random.default_rng(1), 50_000)
    assert (drawn == names.names[commonest]).mean() == pytest.approx(shares[commonest], rel=0.15)


def test_the_bearers_of_surnames_left_out_go_to_the_rarer_half(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shares of the names kept still add up to one in each group."""
    monkeypatch.setattr(script, "MOST_SURNAMES", 2)
    table = script.surnames(CENSUS)
    assert list(table.index) == ["GARCIA", "SMITH"]
    assert (abs(table.sum() - 1e7) < 2e5).all()
    # Nine in ten Garcias are Hispanic; the Hispanics of names left out became Smiths.
    assert table.loc["GARCIA", "hispanic"] == pytest.approx(1e7 * 900 / 965, rel=0.06)


def test_a_name_unknown_to_the_census_is_borne_as_the_average_name_is(script: ModuleType) -> None:
    """And births of other years are not counted."""
    table = script.given_names(BIRTHS, FIRST_NAMES)
    assert table.loc[("JOSE", "M"), "births_1997"] == 500
    assert table.loc[("JOSE", "M"), "births_2007"] == 30
    assert table.loc[("UNHEARD", "F"), list(script.CENSUS_SHARES)].sum() in range(97, 104)


def test_heritage_names_are_those_of_asians(script: ModuleType) -> None:
    """Three bearers in four, and names of two letters or more."""
    table = script.heritage_names(FIRST_NAMES)
    assert table.to_dict("index") == {
        "LI": {"bearers": 100, "male": 24},
        "MINH": {"bearers": 500, "male": 78},
    }


def test_the_script_writes_the_three_tables(script: ModuleType, tmp_path: Path) -> None:
    """From the two wheels, in which nothing but the public tables is looked at."""
    census, births = tmp_path / "census.whl", tmp_path / "births.whl"
    with zipfile.ZipFile(census, "w") as wheel:
        wheel.writestr(script.SURNAMES, parquet(CENSUS))
        wheel.writestr(script.FIRST_NAMES, parquet(FIRST_NAMES))
    with zipfile.ZipFile(births, "w") as wheel:
        wheel.writestr(script.BIRTHS, gzip.compress(BIRTHS.to_csv(index=False).encode()))
    script.main(str(census), str(births))
    for name in ("surnames", "given_names", "heritage_names"):
        table = pd.read_csv(tmp_path / f"{name}.csv.xz", keep_default_na=False)
        assert table.columns[0] == "name"
        assert len(table)
