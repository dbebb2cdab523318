"""Dimensions: what tables are broken down by, each a tree of codes below its total."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pprl.errors import UsageError

TOTAL = "total"
OUTCOME = "outcome"


@dataclass(frozen=True)
class Dimension:
    """A tree of codes. The persons of a code are those of its children together, each once.

    Attributes:
        name: the column that holds its codes, such as `ethnicity`.
        parents: code -> the code above it, or "total", which is above all and no key itself.
        is_outcome: its codes tell of a person what others do not know (whether it graduated), so
            that a zero tells something of every member of a group. Where it is not (gender), a
            zero says that there is nobody to tell of.

    Raises:
        UsageError: a parent is no code, codes go in a circle, or `outcome` is said to be none.
    """

    name: str
    parents: Mapping[str, str] = field(hash=False)
    is_outcome: bool = False

    def __post_init__(self) -> None:
        """Check that the codes are a tree."""
        if self.name == OUTCOME and not self.is_outcome:
            raise UsageError("The dimension outcome tells outcomes: give it is_outcome=True.")
        if not self.parents or TOTAL in self.parents or "" in self.parents:
            raise UsageError(
                f"The dimension {self.name} needs codes below {TOTAL!r}, none of them empty."
            )
        for code in self.parents:
            seen = {code}
            while (code := self.parents[code]) != TOTAL:
                if code not in self.parents or code in seen:
                    raise UsageError(
                        f"The dimension {self.name} has {code!r} above other codes, and does not "
                        f"lead from it to {TOTAL!r}. Give it a parent."
                    )
                seen.add(code)

    @cached_property
    def children(self) -> dict[str, tuple[str, ...]]:
        """Code -> the codes right below it, in order; codes without any are left out."""
        below: dict[str, list[str]] = {}
        for code in sorted(self.parents):
            below.setdefault(self.parents[code], []).append(code)
        return {code: tuple(below[code]) for code in sorted(below)}

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """All codes, each before those below it, "total" first."""
        out = [TOTAL]
        for code in out:
            out.extend(self.children.get(code, ()))
        return tuple(out)


def united(dimensions: Iterable[Dimension]) -> dict[str, tuple[str, ...]]:
    """The codes of dimensions of several releases: name -> codes, "total" first; in order of name.

    Raises:
        UsageError: they disagree on what is an outcome.
    """
    codes: dict[str, set[str]] = {}
    kinds: dict[str, bool] = {}
    for dimension in dimensions:
        codes.setdefault(dimension.name, set()).update(dimension.parents)
        if kinds.setdefault(dimension.name, dimension.is_outcome) != dimension.is_outcome:
            raise UsageError(
                f"The dimension {dimension.name} tells an outcome in one release and none in "
                "another. Give one of them another name."
            )
    return {name: (TOTAL, *sorted(codes[name])) for name in sorted(codes)}
