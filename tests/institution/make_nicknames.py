"""Reduce the many-to-many table of the `nicknames` package to the one-to-one table pprl ships.

Run `python tests/institution/make_nicknames.py > pprl/institution/nicknames-1.csv` with the
version pinned below installed. The rule looks at the package's table and, where a nickname
could stand for several names, at births in `pprl/synthetic/tables/given_names.csv.xz`:

1. Of two names listed as each other's nickname, the one with fewer nicknames that do not list it
   back is the nickname (then the shorter, then the later in the alphabet).
2. A nickname may pass to a name that lists it if
   a) it lists that name back, is no longer, and has the initial or two letters in a row in
      common with it (bob, robert; not ian, john); or, the name being longer and having more
      nicknames than it has,
   b) less a final i, e or y it begins that name or, with three letters or more, lies within it
      (danny, daniel; liz, elizabeth), or
   c) it has the same initial and at most four letters, or five with a final i, e or y
      (jim, james; vicky, victoria).
   By b and c nothing ending in -a passes: those are full names more often than not (maria,
   listed under marietta; emma, under emily).
3. A name that passes by b or c only, and has more nicknames of its own than names it may pass
   to, is a full name and stays itself (john, although johnathan lists it). So does every name
   that may not pass.
4. Any other passes to the best of them: a full name before one that passes on; one by a; the
   more common, by powers of ten of births, the same initial counting as one; one with two
   nicknames or more;
   the most nicknames, full names with nicknames of their own not counted; b before c; the
   longest common beginning; the shortest; the first in the alphabet. The path is followed to a
   full name.

Taking connected components instead would merge hundreds of names into one. A nickname of several
names (chris, alex, sam) goes to one of them and is not joined with the others.
"""

from __future__ import annotations

import csv
import lzma
import math
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

PACKAGE_VERSION = "1.0.1"


def package_pairs() -> list[tuple[str, str]]:
    """Every (name, nickname) of the installed package whose two names are letters only."""
    from nicknames import name_triplets

    return [
        (name, nickname)
        for name, relationship, nickname in name_triplets()
        if relationship == "has_nickname" and (name + nickname).isalpha()
    ]


def births_by_name() -> dict[str, int]:
    """How many children of the table's years of birth were given each name."""
    path = Path(__file__).parents[2] / "pprl" / "synthetic" / "tables" / "given_names.csv.xz"
    births: dict[str, int] = defaultdict(int)
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            columns = [key for key in row if key.startswith("births_")]
            births[row["name"].lower()] += sum(int(row[key] or 0) for key in columns)
    return births


def reduce_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Nickname -> canonical name by the rule above; names that stay themselves are absent."""
    births = births_by_name()
    listed: dict[str, set[str]] = defaultdict(set)
    for name, nickname in pairs:
        listed[name] |= {nickname}
        listed[nickname] |= set()

    def weight(name: str) -> tuple[int, int, tuple[int, ...]]:
        one_way = [nickname for nickname in listed[name] if name not in listed[nickname]]
        return len(one_way), len(name), tuple(-ord(c) for c in name)

    own = {
        name: {n for n in its if name not in listed[n] or weight(name) > weight(n)}
        for name, its in listed.items()
    }
    ground: dict[str, dict[str, str]] = defaultdict(dict)
    for name, its in own.items():
        for nickname in its:
            clause = _ground(name, nickname, back=name in listed[nickname])
            if clause == "a" or (clause and len(its) > len(own[nickname])):
                ground[nickname][name] = clause
    passing = {
        nickname
        for nickname, names in ground.items()
        if "a" in names.values() or len(own[nickname]) <= len(names)
    }

    def best(nickname: str) -> str:
        return min(
            ground[nickname],
            key=lambda name: (
                name in passing,
                ground[nickname][name] != "a",
                -int(math.log10(1 + births.get(name, 0))) - (name[0] == nickname[0]),
                len(own[name]) < 2,
                -len({n for n in own[name] if n in passing or not own[n]}),
                ground[nickname][name],
                -_shared_beginning(name, nickname),
                len(name),
                name,
            ),
        )

    chosen = {nickname: best(nickname) for nickname in passing}

    def follow(name: str) -> str:
        return follow(chosen[name]) if name in chosen else name

    return {nickname: follow(nickname) for nickname in chosen}


def _ground(name: str, nickname: str, *, back: bool) -> str:
    """By which clause of rule 2 `nickname` may pass to `name`: a, b, c or "" for none."""
    same_initial = name[0] == nickname[0]
    longer = len(name) - len(nickname)
    if (
        back
        and longer >= 0
        and (same_initial or any(nickname[i : i + 2] in name for i in range(len(nickname) - 1)))
    ):
        return "a"
    if longer <= 0 or nickname.endswith("a"):
        return ""
    stem = nickname.rstrip("iey")
    longest_short_form = 4 if stem == nickname else 5
    if len(stem) > 2 and stem[-1] == stem[-2]:
        stem = stem[:-1]
    if (len(stem) > 1 and name.startswith(stem)) or (len(stem) > 2 and stem in name):
        return "b"
    return "c" if same_initial and len(nickname) <= longest_short_form else ""


def _shared_beginning(name: str, nickname: str) -> int:
    """How many letters two names have in common before they differ."""
    pairs = list(zip(name, nickname, strict=False))
    return next((i for i, (a, b) in enumerate(pairs) if a != b), len(pairs))


def csv_text() -> str:
    """The shipped file's text."""
    table = reduce_pairs(package_pairs())
    return "".join(["nickname,canonical\n", *(f"{k},{v}\n" for k, v in sorted(table.items()))])


if __name__ == "__main__":
    sys.stdout.write(csv_text())
