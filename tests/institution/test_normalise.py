"""Claims about the normal form of names, dates, ZIPs and codes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pprl.errors import UsageError
from pprl.institution.normalise import NormalisedStudents, normalise

TEXT_FIELDS = {
    "first": "first_name",
    "middle": "middle_name",
    "last": "last_name",
    "suffix": "suffix",
    "sex": "sex",
    "zip": "zip",
    "state_id": "state_id",
}
TRICKY = (
    *(
        "de",
        "la",
        "l",
        "van",
        "der",
        "o",
        "mc",
        "st",
        "jr.",
        "Jr",
        "III",
        "2nd",
        "3rd",
        "iv",
        "j2r",
    ),
    *("x", "xx", "n/a", "NULL", "NaN", "null", "unknown", "no", "name", "J.R.", "12345", "0", "-"),
    *("'", '"', "(", ")", "Đ", "ß", "ﬁ", "İ", "ŉ", "李", "ʻ", "ª", "ſ", "ǅ", "´", "ŀ", "ﾞ", "한"),
)
pieces = st.one_of(st.text(max_size=12), st.sampled_from(TRICKY))
messy = st.builds(str.join, st.sampled_from(("", " ", "-")), st.lists(pieces, max_size=5))


def one(country: str = "US", **cells: str) -> NormalisedStudents:
    """Normalise a single student of whom the given cells are known."""
    row = {"local_id": "1", "first_name": "", "last_name": "", **cells}
    return normalise(pd.DataFrame([row], dtype=object), country=country)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("O'Brien", "obrien"),
        ("O’Brien", "obrien"),
        ("O Brien", "obrien"),
        ("de la Cruz", "delacruz"),
        ("De La Cruz-García", "delacruz garcia"),
        ("van der Berg", "vanderberg"),
        ("Mc Donald", "mcdonald"),
        ("St. John", "stjohn"),
        ("St.John", "stjohn"),
        ("Al-Hassan", "alhassan"),
        ("dos Santos", "dossantos"),
        ("Le", "le"),
        ("Lê", "le"),
        ("Đặng", "dang"),
        ("Kaʻahumanu", "kaahumanu"),
        ("Groß", "gross"),
        ("Sørensen / Łuczak", "sorensen luczak"),
        ("SMITH,JONES", "smith jones"),
        ("Ng", "ng"),
        ("Null", "null"),
        ("NULL", ""),
        ("Unknown", ""),
        ("XXX", ""),
        ("N/A", ""),
        ("--", ""),
        ("李", "李"),
        ("Ярошенко", "ярошенко"),
        ("Lee2", "lee"),
    ],
)
def test_a_last_name_has_one_form(written: str, normal: str) -> None:
    """Accents, apostrophes, hyphens and particles as partners write them."""
    assert one(last_name=written).last[0] == normal


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("William (Bill)", "william"),
        ('William "Bill"', "william"),
        ("William 'Bill'", "william"),
        ("(Bill)", "bill"),
        ("J.R.", "jr"),
        ("J. R.", "j r"),
        ("De'Andre", "deandre"),
        ("La Shawn", "lashawn"),
        ("Van Anh", "van anh"),
        ("Mary-Ann", "mary ann"),
        ("Maria de la Luz", "maria delaluz"),
        ("Na", "na"),
        ("Nan", "nan"),
        ("NaN", ""),
        ("null", ""),
        ("FNU", ""),
        ("Baby Boy", ""),
        ("No Middle Name", ""),
        ("Test", ""),
    ],
)
def test_a_first_or_middle_name_has_one_form(written: str, normal: str) -> None:
    """Nicknames in brackets or quotes go; placeholders are missing; short names are names."""
    students = one(first_name=written, middle_name=written)
    assert (students.first[0], students.middle[0]) == (normal, normal)


@pytest.mark.parametrize(
    ("cells", "normal"),
    [
        ({"last_name": "Smith Jr."}, ("smith", "jr")),
        ({"last_name": "Smith, 3rd"}, ("smith", "iii")),
        ({"last_name": "Ii"}, ("ii", "")),
        ({"last_name": "李 Jr"}, ("李", "jr")),
        ({"first_name": "John III", "last_name": "Smith"}, ("smith", "iii")),
        ({"last_name": "Smith Jr", "suffix": "Sr."}, ("smith", "sr")),
        ({"last_name": "Smith", "suffix": "V"}, ("smith", "")),
    ],
)
def test_a_suffix_leaves_the_name_it_ends(cells: dict[str, str], normal: tuple[str, str]) -> None:
    """The suffix column outranks a suffix found in a name; a lone word stays a name."""
    students = one(**cells)
    assert (students.last[0], students.suffix[0]) == normal


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("94103", "94103"),
        ("94103-1234", "94103"),
        ("941031234", "94103"),
        ("2138", "02138"),
        ("2138.0", "02138"),
        ("501", "00501"),
        ("21381234", "02138"),
        ("00000", ""),
        ("99999", ""),
        ("941", "00941"),
        ("94", ""),
        ("K1A 0B6", ""),
    ],
)
def test_a_us_zip_is_five_digits(written: str, normal: str) -> None:
    """Zeros that a spreadsheet dropped come back; what cannot be a ZIP is missing."""
    assert one(zip=written).zip[0] == normal


def test_a_postal_code_abroad_is_neither_cut_nor_padded() -> None:
    """Upper case without spaces is all that is done to it."""
    assert one("CA", zip="k1a 0b6").zip[0] == "K1A0B6"
    assert one("AU", zip="800").zip[0] == "800"


def test_a_state_id_keeps_its_zeros() -> None:
    """Only case and punctuation are dropped."""
    assert one(state_id=" 00-12a ").state_id[0] == "0012A"


@pytest.mark.parametrize(
    ("written", "normal"),
    [("M", "m"), ("Female", "f"), ("girl", "f"), ("Non-Binary", "x"), ("X", "x"), ("1", "")],
)
def test_sex_is_m_f_x_or_missing(written: str, normal: str) -> None:
    """Words and letters are read, numbers are not."""
    assert one(sex=written).sex[0] == normal


@pytest.mark.parametrize(
    ("iso", "birth"),
    [
        ("2005-03-04", [2005, 3, 4]),
        ("2005-02-30", [0, 0, 0]),
        ("1899-12-31", [0, 0, 0]),
        ("1900-01-01", [0, 0, 0]),
        ("9999-12-31", [0, 0, 0]),
        ("", [0, 0, 0]),
    ],
)
def test_an_impossible_birth_date_is_missing(iso: str, birth: list[int]) -> None:
    """Three numbers, or three zeros."""
    students = one(birth_date=iso)
    assert students.birth.tolist() == [birth]
    assert students.birth.dtype == np.int32


@example("0NULL", "")
@given(messy, messy)
def test_normalising_twice_changes_nothing(name: str, code: str) -> None:
    """The normal form of a normal form is itself, whatever stood in the cells."""
    cells = {ours: code if ours in ("sex", "zip", "state_id") else name for ours in TEXT_FIELDS}
    once = one(**{TEXT_FIELDS[ours]: cell for ours, cell in cells.items()})
    again = one(**{theirs: getattr(once, ours)[0] for ours, theirs in TEXT_FIELDS.items()})
    for ours in TEXT_FIELDS:
        assert getattr(again, ours)[0] == getattr(once, ours)[0], ours


@given(messy)
def test_a_name_is_a_to_z_or_no_latin_at_all(name: str) -> None:
    """Parts are parted by single spaces and hold letters only."""
    last = one(last_name=name).last[0]
    assert last == " ".join(last.split())
    letters = last.replace(" ", "")
    assert letters == "" or letters.isalpha()
    assert not any("a" <= c <= "z" for c in letters) or all("a" <= c <= "z" for c in letters)


@given(
    st.lists(st.tuples(messy, messy, st.sampled_from(["", "2005-03-04", "x"])), max_size=6),
    st.randoms(),
)
def test_a_row_does_not_know_its_neighbours(rows: list[tuple[str, str, str]], random) -> None:  # type: ignore[no-untyped-def]
    """Normalising permuted rows permutes the normalised rows."""
    frame = pd.DataFrame(rows, columns=["first_name", "last_name", "birth_date"], dtype=object)
    frame["local_id"] = pd.Series([str(i) for i in range(len(rows))], dtype=object)
    order = list(range(len(rows)))
    random.shuffle(order)
    expected = normalise(frame).take(np.array(order, dtype=np.int64))
    permuted = normalise(frame.iloc[order])
    for field in dataclasses.fields(NormalisedStudents):
        if field.name != "row":
            assert np.array_equal(getattr(permuted, field.name), getattr(expected, field.name))


def test_missing_cells_may_be_none_or_nan() -> None:
    """A frame made by pandas itself serves as well."""
    frame = pd.DataFrame({"local_id": ["1"], "first_name": [None], "last_name": [float("nan")]})
    students = normalise(frame)
    assert (students.first[0], students.last[0]) == ("", "")


def test_what_is_no_text_is_refused_without_being_quoted() -> None:
    """Numbers have lost their zeros already; absent names cannot be made up."""
    frame = pd.DataFrame({"local_id": [90210], "first_name": ["A"], "last_name": ["B"]})
    with pytest.raises(UsageError, match="column local_id holds") as caught:
        normalise(frame)
    assert "90210" not in str(caught.value)
    with pytest.raises(UsageError, match="no column last_name"):
        normalise(frame[["local_id", "first_name"]].astype(str))


def test_the_representation_holds_no_student() -> None:
    """What a debugger or a log prints is a count."""
    assert repr(one(last_name="Quackenbush")) == "<NormalisedStudents: 1 rows>"
