"""The layouts of exports, written from their specifications."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from pprl.synthetic.delimited_text import delimited
from pprl.synthetic.dirt import Style

Rows = dict[str, list[str]]
"""Column -> texts, all of one length."""

_ERSA_WIDTH = 550


def _generic(rows: Rows, style: Style) -> dict[str, bytes]:
    """A table with headers of its own spelling."""
    headers = {
        "local_id": "Student ID",
        "first_name": "First Name",
        "middle_name": "Middle Name",
        "last_name": "Last Name",
        "suffix": "Suffix",
        "birth_date": "Date of Birth",
        "sex": "Gender",
        "zip": "ZIP Code",
        "state_id": "SSID",
        "other_first_name": "Preferred First Name",
        "other_last_name": "Former Last Name",
    }
    columns = [_dates(rows[name], style) if "date" in name else rows[name] for name in headers]
    notes = ["north, east" if style.quoted else "" for _ in range(_count(rows))]
    if style.quoted:
        notes[0] = 'said "hello"\nand left'
    return {"students.csv": delimited([*headers.values(), "Notes"], [*columns, notes], style)}


def _ceds(rows: Rows, style: Style) -> dict[str, bytes]:
    """A table with CEDS technical names."""
    header = [
        *("StudentIdentifier", "FirstName", "MiddleName", "LastOrSurname"),
        *("GenerationCodeOrSuffix", "Birthdate", "Sex", "AddressPostalCode"),
        *("StateStudentIdentifier", "OtherFirstName", "OtherLastName"),
    ]
    sexes = {"M": "Male", "F": "Female", "X": "X"}
    sex = [sexes.get(text, "NotSelected") for text in rows["sex"]]
    return {
        "ceds.csv": delimited(
            header,
            [
                *(rows[name] for name in ("local_id", "first_name", "middle_name", "last_name")),
                *(rows["suffix"], _dates(rows["birth_date"], style), sex, rows["zip"]),
                *(rows["state_id"], rows["other_first_name"], rows["other_last_name"]),
            ],
            style,
        )
    }


def _powerschool(rows: Rows, style: Style) -> dict[str, bytes]:
    """A quick export: tabs, month/day/year."""
    header = [
        *("student_number", "last_name", "first_name", "middle_name", "CA_NameSuffix", "dob"),
        *("gender", "zip", "State_StudentNumber", "CA_AKASurname", "CA_AKAFirst"),
    ]
    dates = _dates(rows["birth_date"], style if style.dates else style.with_dates("month_first"))
    return {
        "students.txt": delimited(
            header,
            [
                *(rows[name] for name in ("local_id", "last_name", "first_name", "middle_name")),
                *(rows["suffix"], dates, rows["sex"], rows["zip"], rows["state_id"]),
                *(rows["other_last_name"], rows["other_first_name"]),
            ],
            style,
            "\t",
        )
    }


def _senr(rows: Rows, style: Style) -> dict[str, bytes]:
    """CALPADS SENR: 37 fields with carets, no header."""
    n = _count(rows)
    fields: list[Sequence[str]] = [[""] * n for _ in range(37)]
    fields[0], fields[1] = ["SENR"] * n, ["A"] * n
    for place, name in (
        *((7, "state_id"), (8, "local_id"), (9, "first_name"), (10, "middle_name")),
        *((11, "last_name"), (12, "suffix"), (13, "other_first_name"), (14, "other_middle_name")),
        *((15, "other_last_name"), (17, "sex")),
    ):
        fields[place] = rows[name]
    fields[16] = _compact(rows["birth_date"])
    fields[21] = _compact(rows.get("effective", ["2025-08-14"] * n))
    return {"senr.txt": delimited(None, fields, style, "^")}


def _oneroster_1_1(rows: Rows, style: Style) -> dict[str, bytes]:
    """OneRoster 1.1: users with a teacher among them, demographics in another order."""
    header = _names(
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,"
        "givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
    )
    people = _with_teacher(rows)
    role = ["teacher", *["student"] * _count(rows)]
    users = _filled(
        header,
        _count(people),
        sourcedId=people["local_id"],
        enabledUser=["true"] * _count(people),
        role=role,
        givenName=people["first_name"],
        familyName=people["last_name"],
        middleName=people["middle_name"],
    )
    return {
        "users.csv": delimited(header, users, style),
        "demographics.csv": _demographics(rows, style, {"M": "male", "F": "female"}),
    }


def _oneroster_1_2(rows: Rows, style: Style) -> dict[str, bytes]:
    """OneRoster 1.2: roles in a file of their own, preferred names."""
    header = _names(
        "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,"
        "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,"
        "userMasterIdentifier,resourceSourcedIds,preferredGivenName,preferredMiddleName,"
        "preferredFamilyName,primaryOrgSourcedId,pronouns"
    )
    people = _with_teacher(rows)
    users = _filled(
        header,
        _count(people),
        sourcedId=people["local_id"],
        enabledUser=["true"] * _count(people),
        givenName=people["first_name"],
        familyName=people["last_name"],
        middleName=people["middle_name"],
        preferredGivenName=people["other_first_name"],
        preferredFamilyName=people["other_last_name"],
    )
    role_header = _names("sourcedId,status,dateLastModified,userSourcedId,roleType,role")
    distinct = list(dict.fromkeys(people["local_id"]))
    roles = _filled(
        role_header,
        len(distinct),
        sourcedId=[f"role-{number}" for number in range(len(distinct))],
        userSourcedId=distinct,
        role=["teacher", *["student"] * (len(distinct) - 1)],
    )
    sexes = {"M": "male", "F": "female", "X": "other"}
    return {
        "users.csv": delimited(header, users, style),
        "roles.csv": delimited(role_header, roles, Style()),
        "demographics.csv": _demographics(rows, style, sexes),
    }


def _edfi(rows: Rows, style: Style) -> dict[str, bytes]:
    """Ed-Fi resources as JSON, as the API gives them."""
    students = [
        {
            "studentUniqueId": row["local_id"],
            "firstName": row["first_name"],
            "middleName": row["middle_name"],
            "lastSurname": row["last_name"],
            "generationCodeSuffix": row["suffix"],
            "birthDate": row["birth_date"],
            "otherNames": [
                {"firstName": row["other_first_name"], "lastSurname": row["other_last_name"]}
            ],
        }
        for row in _each(rows)
    ]
    sexes = {"M": "Male", "F": "Female", "X": "Nonbinary", "": "Not Selected"}
    associations = [
        {
            "studentReference": {"studentUniqueId": row["local_id"]},
            "sexDescriptor": f"uri://ed-fi.org/SexDescriptor#{sexes.get(row['sex'], row['sex'])}",
            "addresses": [{"postalCode": row["zip"]}] if row["zip"] else [],
        }
        for row in _each(rows)
    ]
    return {
        "students.json": style.encoded(json.dumps(students, ensure_ascii=False)),
        "studentEducationOrganizationAssociations.json": style.encoded(
            "\n".join(json.dumps(item, ensure_ascii=False) for item in associations)
        ),
    }


def _nsc(rows: Rows, style: Style) -> dict[str, bytes]:
    """A StudentTracker detail report: a row for those found, with a term, and for those not."""
    header = [
        *("First Name", "Middle Initial", "Last Name", "Name Suffix", "Requester Return Field"),
        *("Record Found Y/N", "Search Date", "College Name", "Enrollment Begin", "Enrollment End"),
    ]
    n = _count(rows)
    found = ["Y" if number % 2 else "N" for number in range(n)]
    college = ["STATE UNIVERSITY, EAST" if flag == "Y" else "" for flag in found]
    return {
        "detail.csv": delimited(
            header,
            [
                rows["first_name"],
                [middle[:1] for middle in rows["middle_name"]],
                *(rows["last_name"], rows["suffix"], [f"{text}_" for text in rows["local_id"]]),
                *(found, ["20250915"] * n, college, ["20250820"] * n, ["20251215"] * n),
            ],
            style,
        )
    }


def _ersa(rows: Rows, style: Style) -> dict[str, bytes]:
    """CSU ERSA: 550 characters a line."""
    dates = _compact(rows["birth_date"])
    lines = []
    for row, born in zip(_each(rows), dates, strict=True):
        line = [" "] * _ERSA_WIDTH
        for start, width, text in (
            *(
                (46, 8, born),
                (54, 9, row["local_id"]),
                (94, 1, row["sex"]),
                (258, 25, row["last_name"]),
            ),
            *((283, 6, row["suffix"]), (289, 20, row["first_name"]), (309, 20, row["middle_name"])),
            (407, 10, row["state_id"]),
        ):
            line[start - 1 : start - 1 + width] = f"{text[:width]:<{width}}"
        lines.append("".join(line))
    return {"ersa.txt": style.encoded(style.line_end.join([*lines, ""]))}


def _demographics(rows: Rows, style: Style, sexes: dict[str, str]) -> bytes:
    """The demographics of OneRoster, last student first."""
    header = ["sourcedId", "status", "dateLastModified", "birthDate", "sex"]
    last = {local_id: place for place, local_id in enumerate(rows["local_id"])}
    people = {
        name: [values[place] for place in reversed(last.values())] for name, values in rows.items()
    }
    columns = _filled(
        header,
        _count(people),
        sourcedId=people["local_id"],
        birthDate=_dates(people["birth_date"], style),
        sex=[sexes.get(text, "") for text in people["sex"]],
    )
    return delimited(header, columns, style)


def _with_teacher(rows: Rows) -> Rows:
    """The students below one user who is none."""
    teacher = {"local_id": "T-1", "first_name": "Pat", "last_name": "Teacher"}
    return {name: [teacher.get(name, ""), *values] for name, values in rows.items()}


def _filled(header: Sequence[str], n: int, **columns: Sequence[str]) -> list[Sequence[str]]:
    """Columns in the order of a header, blank where none is given."""
    return [columns.get(name, [""] * n) for name in header]


def _dates(dates: Sequence[str], style: Style) -> list[str]:
    """Birth dates as a style writes them."""
    return [style.date(text) for text in dates]


def _compact(dates: Sequence[str]) -> list[str]:
    """Dates as YYYYMMDD."""
    return [text.replace("-", "") for text in dates]


def _names(text: str) -> list[str]:
    """The names of a header."""
    return text.split(",")


def _count(rows: Rows) -> int:
    """How many rows."""
    return len(rows["local_id"])


def _each(rows: Rows) -> Iterator[dict[str, str]]:
    """Each row as a mapping."""
    for values in zip(*rows.values(), strict=True):
        yield dict(zip(rows, values, strict=True))


WRITERS: dict[str, Callable[[Rows, Style], dict[str, bytes]]] = {
    "generic": _generic,
    "calpads_senr": _senr,
    "oneroster_1_1": _oneroster_1_1,
    "oneroster_1_2": _oneroster_1_2,
    "edfi": _edfi,
    "ceds": _ceds,
    "powerschool_ca": _powerschool,
    "nsc_detail": _nsc,
    "csu_ersa": _ersa,
}
