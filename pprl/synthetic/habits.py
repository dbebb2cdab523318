"""How each institution is used to writing names, whatever its errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pprl.synthetic.slips import Texts


@dataclass(frozen=True, slots=True)
class Habits:
    """How an institution writes names.

    Attributes:
        capitals: everything in capitals.
        punctuation: keeps hyphens and apostrophes; without, a hyphen becomes a blank and an
            apostrophe nothing.
        accents: writes the accents of Spanish names.
        suffix_apart: has a field for the suffix; without, it is written behind the last name.
        everyday: probability of writing the everyday or Western name of one who has any.
        middle: probabilities of writing middle names in full and as an initial; else not at all.
        surnames: probabilities of writing two surnames apart, with a hyphen, only the first, only
            the second.
        joined: probability of writing a surname of several words (De La Cruz) as one.
        state_id: share of the students whose state ID it knows.
    """

    capitals: bool = False
    punctuation: bool = True
    accents: bool = False
    suffix_apart: bool = True
    everyday: float = 0.0
    middle: tuple[float, float] = (1.0, 0.0)
    surnames: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    joined: float = 0.0
    state_id: float = 1.0


AS_IT_SHOULD_BE = Habits()

HABITS = {
    "orchard-usd": Habits(
        capitals=True,
        punctuation=False,
        everyday=0.08,
        middle=(0.75, 0.10),
        surnames=(0.62, 0.10, 0.26, 0.02),
        joined=0.1,
    ),
    "riverbend-usd": Habits(
        everyday=0.12, middle=(0.65, 0.20), surnames=(0.40, 0.35, 0.23, 0.02), joined=0.2
    ),
    "foothill-usd": Habits(
        suffix_apart=False,
        everyday=0.15,
        middle=(0.30, 0.50),
        surnames=(0.30, 0.20, 0.47, 0.03),
        joined=0.3,
    ),
    "valley-usd": Habits(
        capitals=True,
        punctuation=False,
        suffix_apart=False,
        everyday=0.10,
        middle=(0.70, 0.10),
        surnames=(0.50, 0.10, 0.38, 0.02),
        joined=0.2,
    ),
    "county-college": Habits(
        everyday=0.25,
        middle=(0.40, 0.30),
        surnames=(0.35, 0.15, 0.46, 0.04),
        joined=0.3,
        state_id=0.45,
    ),
    "city-college": Habits(
        capitals=True,
        suffix_apart=False,
        everyday=0.20,
        middle=(0.30, 0.40),
        surnames=(0.30, 0.30, 0.37, 0.03),
        joined=0.4,
        state_id=0.30,
    ),
    "state-university": Habits(
        everyday=0.15,
        middle=(0.70, 0.10),
        surnames=(0.50, 0.20, 0.28, 0.02),
        joined=0.2,
        state_id=0.60,
    ),
    "tech-university": Habits(
        accents=True,
        everyday=0.30,
        middle=(0.55, 0.10),
        surnames=(0.45, 0.30, 0.23, 0.02),
        joined=0.1,
        state_id=0.0,
    ),
}
"""The habits of each institution of the region."""

ACCENTED = {
    "Garcia": "García", "Hernandez": "Hernández", "Martinez": "Martínez", "Lopez": "López",
    "Gonzalez": "González", "Perez": "Pérez", "Sanchez": "Sánchez", "Ramirez": "Ramírez",
    "Gomez": "Gómez", "Diaz": "Díaz", "Gutierrez": "Gutiérrez", "Jimenez": "Jiménez",
    "Vasquez": "Vásquez", "Vazquez": "Vázquez", "Rodriguez": "Rodríguez", "Alvarez": "Álvarez",
    "Dominguez": "Domínguez", "Fernandez": "Fernández", "Nunez": "Núñez", "Munoz": "Muñoz",
    "Pena": "Peña", "Ibanez": "Ibáñez", "Chavez": "Chávez", "Suarez": "Suárez",
    "Jose": "José", "Jesus": "Jesús", "Maria": "María", "Angel": "Ángel", "Andres": "Andrés",
    "Adrian": "Adrián", "Sofia": "Sofía", "Monica": "Mónica", "Veronica": "Verónica",
    "Hector": "Héctor", "Cesar": "César", "Ivan": "Iván", "Oscar": "Óscar", "Raul": "Raúl",
    "Ruben": "Rubén", "Tomas": "Tomás", "Nicolas": "Nicolás", "Sebastian": "Sebastián",
}  # fmt: skip
"""Names that have an accent in Spanish, and their spelling with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Registrars:
    """The habits of the institutions of n records.

    Attributes:
        habits: the habits of each institution, by its code.
        institution: `int64[n]`, the codes.
    """

    habits: tuple[Habits, ...]
    institution: NDArray[np.int64]

    def share(self, name: str) -> NDArray[np.float64]:
        """`float64[n]` or `float64[n, k]`: the habit of this name at each record's institution."""
        return np.array([getattr(habits, name) for habits in self.habits], dtype=np.float64)[
            self.institution
        ]

    def written(self, texts: Texts) -> Texts:
        """Names `object[n]` in each institution's accents, punctuation and capitals."""
        styled = texts.copy()
        for code, habits in enumerate(self.habits):
            style = _style(habits)
            theirs = np.flatnonzero(self.institution == code)
            styled[theirs] = [style(text) for text in texts[theirs]]
        return styled


def _style(habits: Habits) -> Callable[[str], str]:
    """What an institution of these habits makes of a name."""

    def style(text: str) -> str:
        """The name as the institution writes it."""
        if habits.accents:
            text = " ".join(ACCENTED.get(word, word) for word in text.split(" "))
        if not habits.punctuation:
            text = text.replace("-", " ").replace("'", "")
        return text.upper() if habits.capitals else text

    return style
