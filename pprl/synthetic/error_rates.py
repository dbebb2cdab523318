"""How often each kind of error happens: five named error processes.

A rate is the share of the records (or, where said, of the persons) to which a kind of error
happens, given that it can: nobody without a second surname loses one. The rates of "customary" are
such that a good linkage of the plaintext finds 98% of the pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pprl.errors import UsageError


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """The rates of one error process, between 0 and 1. All nought: records as they should be.

    Attributes:
        own_habits: whether institutions keep habits of their own (middle names cut to an initial,
            second surnames dropped, everyday names written, capitals).
        unevenness: variance, between records, of what multiplies the rates of slips (misspelt
            names, wrong and missing birth dates; its mean is 1): haste seldom makes one error only.
        same_source: share of the slips that every institution copies from one document.
        name_changed: share of women whose last name changed between school and college; of men it
            is a third of that.
        first_name_changed: share of the persons who chose another first name between school and
            college; the sex on record changes with half of them.
        moved: share of the persons who changed their ZIP between school and college.
        goes_by: share of the persons with an everyday name who use it, or their middle name.
        western_name: share of students with an Asian given name who use a Western one alongside.
        first_name_typo: first name misspelt.
        last_name_typo: last name misspelt.
        middle_name_typo: middle name misspelt.
        middle_other: a middle name of somebody else's.
        middle_in_first: share of the persons whose first and middle name are one name to half of
            the institutions (Juan Carlos).
        swapped_names: first and last name exchanged.
        middle_as_last: first surname written as middle name, second as last.
        birth_missing: no birth date.
        birth_swapped: day and month exchanged, where that gives a date.
        birth_digit: one digit of the birth date wrong, and still a date.
        birth_off_by_one: a day, a month or a year too early or too late.
        birth_placeholder: 1 January of the right year.
        birth_of_sibling: a brother's or sister's birth date.
        sex_missing: no sex.
        sex_wrong: the other sex.
        zip_missing: no ZIP.
        zip_typo: one digit of the ZIP wrong or two exchanged.
        zip_other: the ZIP of another home, a relative's or a former one.
        suffix_dropped: the suffix written nowhere.
        state_id_missing: no state ID, where the institution asks for one.
        state_id_wrong: one digit of the state ID wrong.
        later_row: share of the local IDs with a second, later row.
        second_local_id: share of the enrolments entered twice, under two local IDs.
    """

    own_habits: bool = False
    unevenness: float = 0.0
    same_source: float = 0.0
    name_changed: float = 0.0
    first_name_changed: float = 0.0
    moved: float = 0.0
    goes_by: float = 0.0
    western_name: float = 0.0
    first_name_typo: float = 0.0
    last_name_typo: float = 0.0
    middle_name_typo: float = 0.0
    middle_other: float = 0.0
    middle_in_first: float = 0.0
    swapped_names: float = 0.0
    middle_as_last: float = 0.0
    birth_missing: float = 0.0
    birth_swapped: float = 0.0
    birth_digit: float = 0.0
    birth_off_by_one: float = 0.0
    birth_placeholder: float = 0.0
    birth_of_sibling: float = 0.0
    sex_missing: float = 0.0
    sex_wrong: float = 0.0
    zip_missing: float = 0.0
    zip_typo: float = 0.0
    zip_other: float = 0.0
    suffix_dropped: float = 0.0
    state_id_missing: float = 0.0
    state_id_wrong: float = 0.0
    later_row: float = 0.0
    second_local_id: float = 0.0


CUSTOMARY = ErrorRates(
    own_habits=True,
    unevenness=3.5,
    same_source=0.25,
    name_changed=0.06,
    first_name_changed=0.006,
    moved=0.24,
    goes_by=0.35,
    western_name=0.45,
    first_name_typo=0.03,
    last_name_typo=0.03,
    middle_name_typo=0.03,
    middle_other=0.01,
    middle_in_first=0.03,
    swapped_names=0.005,
    middle_as_last=0.03,
    birth_missing=0.006,
    birth_swapped=0.006,
    birth_digit=0.016,
    birth_off_by_one=0.008,
    birth_placeholder=0.003,
    birth_of_sibling=0.002,
    sex_missing=0.003,
    sex_wrong=0.004,
    zip_missing=0.005,
    zip_typo=0.006,
    zip_other=0.05,
    suffix_dropped=0.3,
    state_id_missing=0.01,
    state_id_wrong=0.002,
    later_row=0.01,
    second_local_id=0.003,
)
"""A region whose registrars take care."""

ERRORS = {
    "clean": ErrorRates(),
    "customary": CUSTOMARY,
    "dirty": ErrorRates(
        own_habits=True,
        unevenness=3.5,
        same_source=0.15,
        name_changed=0.1,
        first_name_changed=0.01,
        moved=0.35,
        goes_by=0.4,
        western_name=0.6,
        first_name_typo=0.05,
        last_name_typo=0.05,
        middle_name_typo=0.05,
        middle_other=0.03,
        middle_in_first=0.04,
        swapped_names=0.02,
        middle_as_last=0.05,
        birth_missing=0.10,
        birth_swapped=0.01,
        birth_digit=0.025,
        birth_off_by_one=0.012,
        birth_placeholder=0.012,
        birth_of_sibling=0.004,
        sex_missing=0.02,
        sex_wrong=0.01,
        zip_missing=0.03,
        zip_typo=0.015,
        zip_other=0.08,
        suffix_dropped=0.5,
        state_id_missing=0.05,
        state_id_wrong=0.01,
        later_row=0.02,
        second_local_id=0.01,
    ),
    "renamed": replace(
        CUSTOMARY,
        name_changed=0.30,
        first_name_changed=0.03,
        moved=0.45,
        goes_by=0.7,
        western_name=0.8,
        middle_in_first=0.06,
        swapped_names=0.03,
        middle_as_last=0.10,
    ),
    "hasty": replace(
        CUSTOMARY,
        unevenness=8.0,
        same_source=0.05,
        first_name_typo=0.06,
        last_name_typo=0.06,
        swapped_names=0.02,
        birth_missing=0.03,
        birth_swapped=0.03,
        birth_digit=0.04,
        birth_placeholder=0.01,
        sex_wrong=0.01,
        zip_missing=0.15,
        zip_typo=0.02,
    ),
}
"""`clean`: no errors. `customary`: a region whose registrars take care. `dirty`: one birth date in
ten missing, many changed, everyday and exchanged names. `renamed`: a third of the women changed
their last names; many other first names and exchanged ones. `hasty`: few records have most of the
slips, and one ZIP in seven is missing."""


def rates_named(errors: str) -> ErrorRates:
    """The rates of a named error process; `UsageError` lists the names if there is none such."""
    if errors not in ERRORS:
        raise UsageError(
            f"no error process is called {errors!r}: choose one of {', '.join(ERRORS)}"
        )
    return ERRORS[errors]
