"""Claims about layouts: each is declared in a file alone, and reads what its specification says."""

from __future__ import annotations

import json
import re
import warnings
import zipfile
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pprl.errors import StudentsError, UsageError
from pprl.institution.layout import FIELDS, STUDENT_COLUMNS
from pprl.institution.layout_file import layout_names, load_layout, parse_layout
from pprl.institution.normalise import NormalisedStudents, normalise
from pprl.institution.students import StudentsWarning, read_students
from pprl.synthetic import population, write_export
from pprl.synthetic.export_layouts import WRITERS
from pprl.synthetic.exports import CARRIED

ATTRIBUTES = {
    "first_name": "first",
    "middle_name": "middle",
    "last_name": "last",
    "birth_date": "birth",
}
ALL = sorted(CARRIED)
FILES = ("oneroster_1_1", "oneroster_1_2", "edfi")


def read_quietly(path: Path, layout: str, **options: object) -> pd.DataFrame:
    """Read an export whose notes are not the claim."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StudentsWarning)
        return read_students(path, layout, **options)  # type: ignore[arg-type]


def assert_same(read: NormalisedStudents, written: NormalisedStudents, fields: list[str]) -> None:
    """Every field of every row, after normalisation."""
    assert len(read) == len(written)
    for field in fields:
        name = ATTRIBUTES.get(field, field)
        assert np.array_equal(getattr(read, name), getattr(written, name)), field


@pytest.fixture(scope="module")
def roster() -> pd.DataFrame:
    """A district's students, each local ID once, some with an alias."""
    students = population(1200, seed=11).institutions["orchard-usd"]
    students = students.drop_duplicates("local_id").reset_index(drop=True)
    students["other_first_name"] = ["Lupita" if i % 9 == 0 else "" for i in range(len(students))]
    students["other_last_name"] = ["Rivas" if i % 11 == 0 else "" for i in range(len(students))]
    return students


def test_every_shipped_layout_has_a_writer_and_every_writer_a_layout() -> None:
    """The claims below are made for all of them."""
    assert set(layout_names()) == set(CARRIED) == set(WRITERS)


@pytest.mark.parametrize("layout", ALL)
def test_a_layout_cites_its_source_and_holds_no_code(layout: str) -> None:
    """Publisher, edition and source stand in a file of nothing but TOML."""
    found = load_layout(layout)
    assert found.name == layout
    assert found.publisher and found.edition and found.source and found.title
    assert set(found.fields) <= set(FIELDS)
    text = (
        resources.files("pprl.institution").joinpath("layouts", f"{layout}.toml").read_text("utf-8")
    )
    assert not re.search(r"\b(lambda|import|eval|exec|def)\b", text)


@pytest.mark.parametrize("layout", ALL)
def test_what_was_written_is_read(layout: str, roster: pd.DataFrame, tmp_path: Path) -> None:
    """Rows read are rows written, and every field that the layout carries is equal."""
    if layout == "oneroster_1_1":  # which has two sexes
        roster = roster.assign(sex=roster["sex"].replace("X", ""))
    path = write_export(roster, tmp_path / "export", layout)
    read = read_quietly(path, layout)
    assert read["local_id"].tolist() == roster["local_id"].tolist()
    assert_same(normalise(read), normalise(roster), CARRIED[layout].split())


@pytest.mark.parametrize("layout", FILES)
def test_an_archive_reads_as_its_folder_does(
    layout: str, roster: pd.DataFrame, tmp_path: Path
) -> None:
    """Whatever folder the files lie in, inside the archive."""
    folder = write_export(roster, tmp_path / "folder", layout)
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"2025/{file.name.upper()}")
    from_folder = read_quietly(folder, layout)
    pd.testing.assert_frame_equal(read_quietly(tmp_path / "export.zip", layout), from_folder)


@pytest.mark.parametrize("layout", ["calpads_senr", "oneroster_1_2", "generic", "ceds", "edfi"])
def test_aliases_are_further_values_and_are_told(
    layout: str, roster: pd.DataFrame, tmp_path: Path
) -> None:
    """They replace no legal name, and a note says that nothing is derived from them unasked."""
    path = write_export(roster, tmp_path / "export", layout)
    with pytest.warns(StudentsWarning) as told:
        read = read_students(path, layout)
    assert any(
        "left aside unless with_other_names takes it in" in str(item.message) for item in told
    )
    assert read["other_first_name"].tolist() == roster["other_first_name"].tolist()
    assert read["other_last_name"].tolist() == roster["other_last_name"].tolist()
    assert read["first_name"].tolist() == roster["first_name"].tolist()


SENR = (
    "SENR^A^1^1062166^1030329^^2025-2026^{ssid}^{local}^{first}^{middle}^{last}^{suffix}^"
    "{alias}^^{alias_last}^{born}^{sex}^Fresno^CA^US^{start}^10^09^^^^^N^^^N^N^N^^^^"
)
ALICIA = {
    "ssid": "1234567890",
    "local": "0012345",
    "first": "Alicia",
    "middle": "Marie",
    "last": "Vang",
    "suffix": "",
    "alias": "Mai See",
    "alias_last": "",
    "born": "20090712",
    "sex": "F",
    "start": "20250814",
}
EXPECTED = ["0012345", "Alicia", "Marie", "Vang", "", "2009-07-12", "F", "", "1234567890"]


def test_senr_by_hand(tmp_path: Path) -> None:
    """A line laid out by the CALPADS field order, read field by field; deletions are left out."""
    deleted = SENR.replace("SENR^A", "SENR^D").format(**{**ALICIA, "local": "9"})
    path = tmp_path / "senr.txt"
    path.write_bytes(f"{SENR.format(**ALICIA)}\r\n{deleted}\r\n".encode())
    with pytest.warns(StudentsWarning) as told:
        students = read_students(path, "calpads_senr")
    assert students.loc[1, list(STUDENT_COLUMNS)].tolist() == EXPECTED
    assert students.loc[1, "other_first_name"] == "Mai See"
    assert len(students) == 1
    assert any("1 row whose TransactionTypeCode is D left out" in str(w.message) for w in told)


def test_a_quotation_mark_in_senr_is_a_letter(tmp_path: Path) -> None:
    """The layout knows no quoting, so that a nickname in quotes opens nothing."""
    path = tmp_path / "senr.txt"
    odd = [SENR.format(**{**ALICIA, "local": str(i), "first": '"Lis" Ali'}) for i in range(3)]
    path.write_text("\n".join([*odd, SENR.format(**ALICIA)]), encoding="utf-8")
    students = read_quietly(path, "calpads_senr")
    assert students["first_name"].tolist() == ['"Lis" Ali'] * 3 + ["Alicia"]
    path.write_text("\n".join([*odd, "SENR^A^short"]), encoding="utf-8")
    students = read_quietly(path, "calpads_senr", on_error="skip")
    assert students["first_name"].tolist() == ['"Lis" Ali'] * 3


def test_of_several_enrolments_the_latest_stands_last(tmp_path: Path) -> None:
    """Rows are put in the order in which they began to hold, whatever the file's."""
    older = SENR.format(**{**ALICIA, "last": "Xiong", "start": "20220815"})
    path = tmp_path / "senr.txt"
    path.write_text(f"{SENR.format(**ALICIA)}\n{older}\n", encoding="utf-8")
    students = read_quietly(path, "calpads_senr")
    assert students["last_name"].tolist() == ["Xiong", "Vang"]
    assert students.index.tolist() == [2, 1]


def test_oneroster_1_1_by_hand(tmp_path: Path) -> None:
    """Both files as the 1.1 tables order them, with a teacher and a deletion among the users."""
    (tmp_path / "users.csv").write_text(
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,"
        "givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password\n"
        's1,active,2025-08-01T00:00:00.000Z,true,"o1,o2",student,a,,Alicia,Vang,Marie,7,,,,,09,\n'
        "t1,active,2025-08-01T00:00:00.000Z,true,o1,teacher,b,,Pat,Lee,,8,,,,,,\n"
        "s2,tobedeleted,2025-08-01T00:00:00.000Z,true,o1,student,c,,Old,Row,,9,,,,,,\n",
        encoding="utf-8",
    )
    (tmp_path / "demographics.csv").write_text(
        "sourcedId,status,dateLastModified,birthDate,sex\ns1,active,,2009-07-12,female\n",
        encoding="utf-8",
    )
    students = read_quietly(tmp_path, "oneroster_1_1")
    assert students.iloc[0].tolist()[:7] == ["s1", "Alicia", "Marie", "Vang", "", "2009-07-12", "F"]
    assert len(students) == 1


def test_oneroster_1_2_by_hand(tmp_path: Path) -> None:
    """Roles stand in roles.csv, and the preferred names are those of the CSV binding."""
    (tmp_path / "users.csv").write_text(
        "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,"
        "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,"
        "userMasterIdentifier,resourceSourcedIds,preferredGivenName,preferredMiddleName,"
        "preferredFamilyName,primaryOrgSourcedId,pronouns\n"
        "s1,active,,true,a,,Alicia,Vang,Marie,,,,,,,,,,Lis,,Vang-Lee,o1,\n"
        "t1,active,,true,b,,Pat,Lee,,,,,,,,,,,,,,o1,\n",
        encoding="utf-8",
    )
    (tmp_path / "roles.csv").write_text(
        "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,"
        "orgSourcedId,userProfileSourcedId\n"
        "r1,active,,s1,primary,student,,,o1,\nr2,active,,t1,primary,teacher,,,o1,\n",
        encoding="utf-8",
    )
    with pytest.warns(StudentsWarning) as told:
        students = read_students(tmp_path, "oneroster_1_2")
    assert students["local_id"].tolist() == ["s1"]
    assert students[["other_first_name", "other_last_name"]].iloc[0].tolist() == ["Lis", "Vang-Lee"]
    said = " ".join(str(item.message) for item in told)
    assert "no demographics.csv; its fields are missing" in said
    assert "1 row that roles.csv does not name as students left out" in said


def test_edfi_by_hand(tmp_path: Path) -> None:
    """The API's JSON of both resources; the last association's sex and address stand."""
    student = {
        "id": "a1",
        "studentUniqueId": "604822",
        "birthDate": "2009-07-12",
        "firstName": "Alicia",
        "lastSurname": "Vang",
        "middleName": "Marie",
        "otherNames": [{"otherNameTypeDescriptor": "uri://x#Alias", "lastSurname": "Xiong"}],
    }
    link = {
        "educationOrganizationReference": {"educationOrganizationId": 255901},
        "studentReference": {"studentUniqueId": "604822"},
        "sexDescriptor": "uri://ed-fi.org/SexDescriptor#Female",
        "addresses": [{"postalCode": "93721", "city": "Fresno"}],
    }
    (tmp_path / "students.json").write_text(json.dumps([student]), encoding="utf-8")
    (tmp_path / "studentEducationOrganizationAssociations.json").write_text(
        json.dumps([{**link, "sexDescriptor": "uri://ed-fi.org/SexDescriptor#Other"}, link]),
        encoding="utf-8",
    )
    with pytest.warns(StudentsWarning) as told:
        students = read_students(tmp_path, "edfi")
    assert students.iloc[0].tolist()[:8] == [
        *("604822", "Alicia", "Marie", "Vang", "", "2009-07-12", "F", "93721"),
    ]
    assert students["other_last_name"].tolist() == ["Xiong"]
    said = " ".join(str(item.message) for item in told)
    assert "1 sex cell holds codes that the layout does not list (first in row 1)" in said
    assert "1 student has several rows; the last was taken" in said


def test_csu_ersa_by_hand(tmp_path: Path) -> None:
    """A line of 550 characters: birth date 46-53, sex 94, names 258-328, SSID 407-416."""
    line = (
        f"{'123456789':<45}{'20050712'}{'987654321'}{'':<31}F{'':<163}{'VANG':<25}{'JR':<6}"
        f"{'ALICIA':<20}{'MARIE':<20}{'':<78}{'1234567890'}"
    )
    assert len(line) == 416
    path = tmp_path / "ersa.txt"
    path.write_text(f"{line:<550}\n{line.replace('20050712', '07122005')}\n", encoding="ascii")
    students = read_quietly(path, "csu_ersa")
    assert students.iloc[0].tolist()[:9] == [
        *("987654321", "ALICIA", "MARIE", "VANG", "JR", "2005-07-12", "F", "", "1234567890"),
    ]
    assert students.iloc[1].tolist() == students.iloc[0].tolist()
    assert "123456789" not in students.iloc[0].tolist()


def test_nsc_detail_by_hand(tmp_path: Path) -> None:
    """Several rows a student, the identifier with the underscore that keeps its zeros."""
    path = tmp_path / "detail.csv"
    path.write_text(
        "First Name,Middle Initial,Last Name,Name Suffix,Requester Return Field,Record Found Y/N,"
        "Search Date,College Code/Branch,College Name\n"
        "ALICIA,M,VANG,,0012345_,Y,20250901,001147-00,STATE UNIVERSITY\n"
        "ALICIA,M,VANG,,0012345_,Y,20250901,001307-00,CITY COLLEGE\n",
        encoding="ascii",
    )
    students = read_students(path, "nsc_detail")
    assert students["local_id"].tolist() == ["0012345", "0012345"]
    assert students.iloc[0].tolist()[1:4] == ["ALICIA", "M", "VANG"]


def test_powerschool_by_hand(tmp_path: Path) -> None:
    """A quick export: tabs, carriage returns, month/day/year."""
    path = tmp_path / "student.export.text"
    path.write_bytes(
        b"Student_Number\tLast_Name\tFirst_Name\tMiddle_Name\tDOB\tGender\tState_StudentNumber\t"
        b"Zip\tCA_AKASurname\r12345\tVang\tAlicia\tMarie\t7/12/2009\tF\t1234567890\t93721\tXiong\r"
    )
    students = read_quietly(path, "powerschool_ca")
    assert students.iloc[0].tolist()[:9] == [
        *("12345", "Alicia", "Marie", "Vang", "", "2009-07-12", "F", "93721", "1234567890"),
    ]
    assert students["other_last_name"].tolist() == ["Xiong"]


def test_ceds_by_hand(tmp_path: Path) -> None:
    """Technical names as headers; NotSelected is missing, not a code that is unknown."""
    path = tmp_path / "ceds.csv"
    path.write_text(
        "StudentIdentifier,FirstName,MiddleName,LastOrSurname,Birthdate,Sex\n"
        "12345,Alicia,Marie,Vang,2009-07-12,Female\n12346,Bo,,Lee,2009-07-13,NotSelected\n",
        encoding="utf-8",
    )
    students = read_students(path, "ceds")
    assert students["sex"].tolist() == ["F", ""]
    assert students["last_name"].tolist() == ["Vang", "Lee"]


def test_a_layout_of_ones_own_is_a_short_file(tmp_path: Path) -> None:
    """Three fields, a code set and a fixed-width table need no code."""
    own = tmp_path / "ours.toml"
    own.write_text(
        '[layout]\nname = "ours"\n'
        '[field.local_id]\nheaders = ["Perm"]\n[field.first_name]\nheaders = ["Vorname"]\n'
        '[field.last_name]\nheaders = ["Nachname"]\n'
        '[field.sex]\nheaders = ["G"]\ncodes = { 1 = "M", 2 = "F" }\n',
        encoding="utf-8",
    )
    path = tmp_path / "students.csv"
    path.write_text("perm;VORNAME;Nachname;g\n7;Ana;Lee;2\n8;Bo;Ng;9\n", encoding="utf-8")
    with pytest.warns(StudentsWarning, match=r"1 sex cell holds codes .* \(first in row 3\)"):
        students = read_students(path, own)
    assert students["sex"].tolist() == ["F", ""]


FAULTY_LAYOUTS = {
    "no toml": ("[layout", "is not TOML"),
    "no fields": ('[layout]\nname = "x"\n', "[field.first_name]: is missing"),
    "unknown field": ('[layout]\n[field.shoe]\nheaders = ["x"]\n', "[field.shoe]: is no field"),
    "unknown key": ("[layout]\ncode = 1\n", "[layout]: 'code' is not known"),
    "unknown table": ("[layout]\n[other]\n", "[other]: is not known"),
    "no headers": ("[layout]\n[field.zip]\n", "[field.zip]: needs headers"),
    "headers are a text": ('[layout]\n[field.zip]\nheaders = "x"\n', "is not a list of texts"),
    "field of no table": (
        '[layout]\n[field.zip]\nheaders = ["x"]\ntable = "y"\n',
        "table is one of students",
    ),
    "kind": ('[layout]\n[[table]]\nkind = "xml"\n', "kind is one of"),
    "delimiter": ('[layout]\n[[table]]\ndelimiter = "::"\n', "one ASCII character"),
    "headerless": ("[layout]\n[[table]]\nheader = false\n", "needs columns and a delimiter"),
    "places": ('[layout]\n[[table]]\nkind = "fixed"\n', "needs places"),
    "span": (
        '[layout]\n[[table]]\nkind = "fixed"\n[table.places]\nx = [9, 3]\n',
        "its first and last character",
    ),
    "two tables": (
        '[layout]\n[[table]]\nname = "a"\n[[table]]\nname = "a"\n',
        "each needs a name of its own",
    ),
    "files and key": (
        '[layout]\n[[table]]\nname = "a"\n[[table]]\nname = "b"\n',
        "b: needs a key, to join it",
    ),
    "not a table": ("layout = 1\n", "[layout]: is not a table"),
}


@pytest.mark.parametrize("fault", FAULTY_LAYOUTS)
def test_every_fault_of_a_layout_is_told_with_its_place(fault: str) -> None:
    """All at once, each with what is expected."""
    text, told = FAULTY_LAYOUTS[fault]
    with pytest.raises(UsageError, match=re.escape(told)):
        parse_layout(text, "ours.toml")


def test_a_layout_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With the shipped ones to choose from."""
    with pytest.raises(UsageError, match=r"absent\.toml: the layout cannot be read.*calpads_senr"):
        load_layout(tmp_path / "absent.toml")


def test_the_wrong_file_for_a_layout_is_told(tmp_path: Path, roster: pd.DataFrame) -> None:
    """SENR that is none, OneRoster that is one file, a folder without its users."""
    csv = write_export(roster, tmp_path / "students.csv", "generic")
    with pytest.raises(StudentsError, match=r"has 1 fields.*layout calpads_senr"):
        read_students(csv, "calpads_senr")
    sinf = tmp_path / "sinf.txt"
    sinf.write_text("^".join(["SINF", *["x"] * 36]) + "\n", encoding="utf-8")
    with pytest.raises(StudentsError, match="no row has SENR or SENR-R or CENR or CENR-R in Rec"):
        read_students(sinf, "calpads_senr")
    with pytest.raises(UsageError, match="Give the folder that holds them"):
        read_students(csv, "oneroster_1_1")
    with pytest.raises(StudentsError, match=r"no users\.csv in it"):
        read_students(tmp_path, "oneroster_1_1")
    with pytest.raises(StudentsError, match="absent: cannot be read"):
        read_students(tmp_path / "absent", "edfi")
    with pytest.raises(StudentsError, match="The layout ceds expects StudentIdentifier"):
        read_students(csv, "ceds")
    (tmp_path / "users.csv").write_text("sourcedId,givenName,familyName\n1,A,B\n", encoding="utf-8")
    with pytest.raises(StudentsError, match=r"users\.csv row 1: no column role, which the layout"):
        read_students(tmp_path, "oneroster_1_1")


def test_a_row_cut_short_in_a_further_file_is_told(tmp_path: Path) -> None:
    """Its student keeps the names and lacks what the file would have had."""
    users = "sourcedId,status,role,givenName,familyName\ns1,,student,Ana,Lee\n"
    (tmp_path / "users.csv").write_text(users, encoding="utf-8")
    demographics = "sourcedId,status,birthDate,sex\ns1,,2009-07-12\n"
    (tmp_path / "demographics.csv").write_text(demographics, encoding="utf-8")
    with pytest.warns(StudentsWarning) as told:
        students = read_students(tmp_path, "oneroster_1_1")
    assert students["birth_date"].tolist() == [""]
    said = " ".join(str(item.message) for item in told)
    assert "demographics.csv: 1 row without the header's number of cells (first in row 2)" in said


def test_a_damaged_archive_is_told(tmp_path: Path, roster: pd.DataFrame) -> None:
    """Bytes in the middle of a member are not what its checksum says."""
    path = write_export(roster, tmp_path / "export.zip", "oneroster_1_1")
    raw = bytearray(path.read_bytes())
    raw[200:400] = bytes(200)
    path.write_bytes(bytes(raw))
    with pytest.raises(StudentsError, match=r"users\.csv cannot be unpacked"):
        read_students(path, "oneroster_1_1")


def test_a_folder_with_two_forms_of_one_file_is_told(tmp_path: Path) -> None:
    """students.json beside students.csv: neither is taken on a guess."""
    for name in ("students.json", "students.csv"):
        (tmp_path / name).write_text("[]", encoding="utf-8")
    with pytest.raises(StudentsError, match=r"students\.json and students\.csv\. Keep one"):
        read_students(tmp_path, "edfi")


def test_a_line_that_ends_before_its_names_is_a_fault(tmp_path: Path) -> None:
    """Fixed width: trailing blanks may be cut off, fields may not; an empty file is told."""
    path = tmp_path / "ersa.txt"
    path.write_text(f"{'':<53}123456789\n", encoding="ascii")
    with pytest.raises(StudentsError, match=r"ersa\.txt row 1: the row does not have"):
        read_students(path, "csu_ersa")
    path.write_text("\n \n", encoding="ascii")
    with pytest.raises(StudentsError, match=r"ersa\.txt: the file is empty"):
        read_students(path, "csu_ersa")


@pytest.mark.parametrize(
    ("layout", "options", "told"),
    [
        ("senr", {}, "no layout 'senr' is written"),
        ("ceds", {"dirt": ["mud"]}, "no such dirt: mud"),
        ("ceds", {"dirt": ["bom"]}, "dirt needs a random generator"),
    ],
)
def test_what_cannot_be_written_is_told(
    layout: str, options: dict[str, list[str]], told: str, roster: pd.DataFrame, tmp_path: Path
) -> None:
    """With what can be."""
    with pytest.raises(UsageError, match=told):
        write_export(roster, tmp_path / "a", layout, **options)  # type: ignore[arg-type]


def test_representations_hold_counts(tmp_path: Path) -> None:
    """What a debugger prints of a file, a column or a table is no cell of it."""
    from pprl.institution.delimited import DelimitedFile
    from pprl.institution.fixed_width import FixedWidthFile
    from pprl.institution.records import RecordFile

    text = b"id,first\n1,Quackenbush\n"
    source = DelimitedFile(text, "a.csv", ",")
    table = source.read({"local_id": 0, "first_name": 1})
    files = (FixedWidthFile(text, "a.txt", {"x": (1, 2)}), RecordFile("a.json", ["x"], [["Quack"]]))
    for item in (source, table, table.columns["first_name"], *files):
        assert "Quack" not in repr(item)
        assert repr(item).startswith("<")
