"""Twelve students of two districts and two colleges, small enough to count by hand."""

from __future__ import annotations

import datetime

import pandas as pd

THROUGH = datetime.date(2019, 12, 31)
ROLES = {"county": "college", "orchard": "district", "state": "college", "valley": "district"}

TERMS = {
    "county": {
        1: ("2012-08-20", "2013-08-20"),
        2: ("2012-08-20",),
        3: ("2013-01-15", "2014-01-15"),  # 12 months after the first, to the day
        4: ("2013-08-20",),  # 14 months after high school
        5: ("2013-10-05",),  # 16 months after it, to the day: too late
        7: ("2014-08-20",),  # from state to county
        10: ("2012-08-20",),  # the same day as at state
        11: ("2012-01-15",),  # while at high school
        12: ("2012-08-20",),  # never completed high school
    },
    "state": {
        1: ("2014-08-20",),
        6: ("2012-08-20", "2013-08-20", "2014-01-15"),
        7: ("2012-08-20", "2013-01-15"),
        8: ("2013-06-04",),  # the last day within 12 months
        9: ("2013-06-05",),  # the first day after
        10: ("2012-08-20",),
        12: ("2014-08-20",),  # 24 months after the first, to the day
    },
}
REMEDIAL = {"county": (2, 3, 12), "state": (8,)}
DEGREES = {
    "county": {1: ("associate", "2014-05-20"), 3: ("associate", "2015-12-18")},
    "state": {
        1: ("bachelor", "2016-05-20"),
        6: ("bachelor", "2016-05-20"),  # 45 months
        7: ("bachelor", "2018-05-20"),  # 69 months; 71 after high school
        9: ("bachelor", "2019-06-10"),  # 72 months and five days
    },
}
LEVEL = {"county": 2, "state": 4}


def person(number: int) -> str:
    """What a student is called."""
    return f"s{number:02d}"


def college(name: str) -> pd.DataFrame:
    """What a college sends."""
    terms = [
        {
            "study_id": person(number),
            "enrolled_on": pd.Timestamp(day),
            "level": LEVEL[name],
            "remedial": number in REMEDIAL[name],
        }
        for number, days in TERMS[name].items()
        for day in days
    ]
    degrees = [
        {"study_id": person(number), "degree": degree, "degree_on": pd.Timestamp(day)}
        for number, (degree, day) in DEGREES[name].items()
    ]
    return pd.concat([pd.DataFrame(terms), pd.DataFrame(degrees)], ignore_index=True)


def district(name: str) -> pd.DataFrame:
    """What a district sends: orchard's students are the first eight, valley's the others."""
    own = range(1, 9) if name == "orchard" else range(9, 13)
    rows = []
    for number in own:
        income = {"study_id": person(number), "income": "low" if number % 2 else "not low"}
        ready = None if number == 12 else number <= 6
        rows += [
            {**income, "school_year": 2000, "grade": 0, "kindergarten_ready": ready},
            {**income, "school_year": 2008, "grade": 8, "engaged": number <= 7},
            {**income, "school_year": 2009, "grade": 9, "first_time": number != 9},
            {
                **income,
                "school_year": 2010,
                "grade": 10,
                "absence": {1: 0.1, 2: 0.099, 3: 0.25}.get(number, 0.02),
            },
        ]
        if number != 12:
            rows.append({**income, "completed_on": pd.Timestamp("2012-06-05")})
    return pd.DataFrame(rows)


def tables() -> dict[str, pd.DataFrame]:
    """Institution -> what it sends."""
    return {
        **{name: college(name) for name in ("county", "state")},
        **{name: district(name) for name in ("orchard", "valley")},
    }


EXPECTED = {
    "enrolled_12_months": {2012: (7, 11)},
    "enrolled_12_months_two_year": {2012: (3, 11)},
    "enrolled_12_months_four_year": {2012: (4, 11)},
    "enrolled_16_months": {2012: (9, 11)},
    "enrolled_16_months_two_year": {2012: (4, 11)},
    "enrolled_16_months_four_year": {2012: (5, 11)},
    "remediation_two_year": {2012: (2, 5), 2013: (1, 3)},
    "persistence_two_year": {2012: (1, 5), 2013: (1, 3)},
    "transfer": {2012: (3, 5), 2013: (0, 3)},
    "degree_100_percent_two_year": {2012: (1, 5), 2013: (0, 3)},
    "degree_150_percent_two_year": {2012: (1, 5), 2013: (1, 3)},
    "remediation_four_year": {2012: (0, 3), 2013: (1, 2)},
    "persistence_four_year": {2012: (1, 3), 2013: (0, 2)},
    "degree_100_percent_four_year": {2012: (1, 3), 2013: (0, 2)},
    "degree_150_percent_four_year": {2012: (2, 3), 2013: (0, 2)},
    "kindergarten_readiness": {2000: (6, 11)},
    "grade_8_engagement": {2008: (7, 12)},
    "chronic_absence": {2010: (2, 12)},
    "graduation": {2009: (10, 11)},
}
"""Indicator -> year -> counted and of, worked out by hand from the tables above."""

STEPS = {
    1: {
        ("four_year_12", "four_year"): 1,
        ("four_year_12", "two_year"): 1,
        ("four_year_12", "otherwise"): 2,
        ("two_year_12", "four_year"): 1,
        ("two_year_12", "two_year"): 1,
        ("two_year_12", "otherwise"): 1,
        ("months_13_to_16", "otherwise"): 2,
        ("otherwise", "two_year"): 1,
        ("otherwise", "otherwise"): 1,
    },
    2: {
        ("four_year", "bachelor"): 2,
        ("two_year", "bachelor"): 1,
        ("two_year", "associate"): 1,
        ("two_year", "otherwise"): 1,
        ("otherwise", "otherwise"): 6,
    },
}
"""The flow after high school of 2012, step by step; what is not here is nobody."""
