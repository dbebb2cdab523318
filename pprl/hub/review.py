"""Clerical review without names: the hub asks, the institutions answer from their own records.

The hub numbers its doubtful pairs. Each of a pair's two institutions gets a sheet: the question's
number, its own record number, who the other institution is, and at which level each field agreed.
It looks its student up and answers "same", "different" or nothing; two institutions that may confer
do so by the question's number. A sheet tells an institution that one of its students may be in the
other's files, and how the two records differ: hand it out only where the agreement provides for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pprl.errors import UsageError
from pprl.hub.model import logit, sigmoid

PAIR = ["source_a", "record_a", "source_b", "record_b"]
ANSWERS = ("same", "different", "")
SURE = 0.995
"""The probability of a pair that an institution says is one person; 1 less this if not."""


@dataclass(frozen=True, eq=False, repr=False)
class Review:
    """Questions on doubtful pairs.

    Attributes:
        questions: `question, source_a, record_a, source_b, record_b, probability` and the levels by
            attribute. It stays at the hub.
    """

    questions: pd.DataFrame

    def __len__(self) -> int:
        """How many questions there are."""
        return len(self.questions)

    def sheet(self, source: str) -> pd.DataFrame:
        """What one institution is asked: `question, record, other`, the levels, and `answer`."""
        told = [c for c in self.questions if c not in (*PAIR, "question", "probability")]
        sides = []
        for own, other in (("a", "b"), ("b", "a")):
            mine = self.questions[self.questions[f"source_{own}"] == source]
            sides.append(
                pd.DataFrame(
                    {
                        "question": mine["question"],
                        "record": mine[f"record_{own}"],
                        "other": mine[f"source_{other}"],
                    }
                    | {name: mine[name] for name in told}
                )
            )
        sheet = pd.concat(sides).sort_values("question", ignore_index=True)
        return sheet.assign(answer="")

    def answers(self, *sheets: pd.DataFrame) -> pd.DataFrame:
        """What the filled sheets say: `source_a, record_a, source_b, record_b, same`.

        A question that nobody answered, or that two institutions answered differently, is left out.

        Raises:
            UsageError: a column is missing, a question is not of this review, or an answer is not
                "same", "different" or empty.
        """
        said: dict[str, set[str]] = {}
        for sheet in sheets:
            if missing := {"question", "answer"} - set(sheet.columns):
                raise UsageError(f"A sheet lacks the columns {', '.join(sorted(missing))}.")
            for question, answer in zip(sheet["question"], sheet["answer"], strict=True):
                text = "" if pd.isna(answer) else str(answer).strip().lower()
                if text not in ANSWERS:
                    raise UsageError(
                        f'Question {question}: the answer must be "same", "different" or empty.'
                    )
                if text:
                    said.setdefault(str(question), set()).add(text)
        known = dict(zip(self.questions["question"], range(len(self)), strict=True))
        if unknown := sorted(set(said) - set(known)):
            raise UsageError(f"Question {unknown[0]} is not of this review.")
        agreed = sorted((known[question], words) for question, words in said.items())
        rows = [(place, next(iter(words))) for place, words in agreed if len(words) == 1]
        table = self.questions.iloc[[place for place, _ in rows]][PAIR].reset_index(drop=True)
        return table.assign(same=np.array([word == "same" for _, word in rows], bool))


@dataclass(frozen=True, eq=False, repr=False)
class Answered:
    """What answers say of the candidates.

    Attributes:
        place: `int64[k]`, the candidates that were answered.
        same: `bool[k]`.
    """

    place: NDArray[np.int64]
    same: NDArray[np.bool_]

    def updated(
        self, probability: NDArray[np.float64], doubt: float
    ) -> tuple[NDArray[np.float64], float]:
        """Probabilities `float64[n]` after the answers, and what doubt is left.

        The answers say by how much the log-odds of all pairs are off together: a shift with a
        normal prior around 0 with the standard deviation `doubt`, fitted by Newton's method
        (Platt's scaling with its slope held at 1). Every pair is shifted; those answered are then
        as sure as an answer is.
        """
        log_odds = logit(np.clip(probability, 1e-12, 1 - 1e-12))
        asked, shift, precision = log_odds[self.place], 0.0, 1 / doubt**2
        for _ in range(50):
            p = sigmoid(asked + shift)
            slope = float((self.same - p).sum()) - precision * shift
            curve = float((p * (1 - p)).sum()) + precision
            shift += slope / curve
        p = sigmoid(asked + shift)
        left = 1 / np.sqrt(float((p * (1 - p)).sum()) + precision)
        out = np.where(probability > 0, sigmoid(np.clip(log_odds + shift, -700, 700)), 0.0)
        out[self.place] = np.where(self.same, SURE, 1 - SURE)
        return out, float(left)


def numbered(count: int) -> Sequence[str]:
    """Names for questions, in order: q001, q002, ..."""
    digits = max(3, len(str(count)))
    return [f"q{place:0{digits}d}" for place in range(1, count + 1)]
