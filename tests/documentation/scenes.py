"""What the reader of each page has at hand when the first of its blocks runs."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

import pprl
from pprl.results.disclosure import (
    CountTable,
    Dimension,
    protect,
    read_release,
    write_release,
)
from pprl.synthetic import population, write_export
from tests.compacts import signed_compact
from tests.documentation.pages import ROOT
from tests.documentation.running import Scene, run_here

PARTIES = ("orchard-usd", "county-college")


@functools.cache
def region() -> dict[str, str]:
    """The students of a small region, institution -> CSV."""
    made_up = population(400, seed=5).institutions
    return {name: made_up[name].to_csv(index=False) for name in PARTIES}


def did(*arguments: str) -> None:
    """Run `pprl` for somebody."""
    code, said = run_here(list(arguments))
    assert code == 0, said


def partners() -> None:
    """A signed agreement, all keys, and two institutions with their students."""
    here = Path()
    signed_compact(here, PARTIES)
    for name, students in region().items():
        Path(f"students-{name}.csv").write_text(students, encoding="utf-8")
    shutil.copy("students-orchard-usd.csv", "students.csv")


def encoded(*names: str) -> None:
    """What these institutions send, and what they keep."""
    for name in names or PARTIES:
        command = ["encode", f"students-{name}.csv", "--agreement", "compact.toml"]
        command += ["--key", "compact.key", "--institution", name]
        command += ["--signing-key", f"{name}.signing", "--out", f"{name}.pprl"]
        did(*command, "--id-map", f"{name}-id-map.csv")


def partners_who_encoded() -> None:
    """Two institutions, their match files made."""
    partners()
    encoded()


def linked_names() -> dict[str, object]:
    """The names that pages about a linkage take for granted."""
    agreement = pprl.Agreement.load("compact.toml")
    identity = pprl.Identity.load("hub.identity")
    submissions = [
        pprl.Submission.open(f"{name}.pprl", identity=identity, signers=agreement)
        for name in PARTIES
    ]
    groups = submissions_grouped(submissions)
    return {"pprl": pprl, "agreement": agreement, "submissions": submissions, "groups": groups}


def submissions_grouped(submissions: list[pprl.Submission]) -> object:
    """A report group for every record: odd and even ones."""
    rows = [
        (one.institution, record, "ab"[record % 2])
        for one in submissions
        for record in range(one.manifest.records)
    ]
    return pd.DataFrame(rows, columns=["source", "record", "group"])


def linked_once() -> dict[str, object]:
    """The same, and their linkage."""
    names = linked_names()
    return {**names, "linkage": pprl.link(names["submissions"], names["agreement"])}


def partners_with_an_audit() -> None:
    """Two institutions, their match files made and attacked."""
    partners_who_encoded()
    files = [f"{name}.pprl" for name in PARTIES]
    hub = ["--agreement", "compact.toml", "--identity", "hub.identity"]
    did("audit", *files, *hub, "--out", "audit.html")


# The README


def public_key_filled_in() -> None:
    """Put the district's public key into the new agreement."""
    key = pprl.SigningKey.load("orchard-usd.signing").public_key
    path = Path("compact.toml")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('public_key = ""', f'public_key = "{key}"', 1), encoding="utf-8")


def in_another_folder() -> None:
    """Leave what was made; begin where the partners have signed."""
    folder = Path(tempfile.mkdtemp(dir="."))
    os.chdir(folder)
    partners()


def college_encodes() -> None:
    """The other institution sends its file."""
    encoded("county-college")


def before_a_linkage_key() -> None:
    """As the partners stand when no linkage key is made yet."""
    in_another_folder()
    Path("compact.key").unlink()


README = Scene(
    meanwhile={
        "pprl agreement sign": public_key_filled_in,
        'import pprl\n\nagreement = pprl.Agreement.load("compact.toml")\nkey': in_another_folder,
        'import pprl\n\nagreement = pprl.Agreement.load("compact.toml")\nid': college_encodes,
        "pprl key new compact.key": before_a_linkage_key,
        "pprl link": college_encodes,
    },
    refused=("pprl agreement check",),
)


# The pages


def clkhash_schema() -> None:
    """A linkage schema and two files with its columns."""
    names = ("first_name", "last_name", "birth_date")
    hashing = {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerFeature": 100}}
    features = [
        {"identifier": name, "format": {"type": "string"}, "hashing": hashing} for name in names
    ]
    schema = {
        "version": 3,
        "clkConfig": {"l": 1024, "kdf": {"type": "HKDF"}},
        "features": features,
    }
    Path("schema.json").write_text(json.dumps(schema), encoding="utf-8")
    made_up = population(300, seed=6)
    for name, role in (("people-a.csv", "district"), ("people-b.csv", "college")):
        made_up.pool(role).students[list(names)].to_csv(name, index=False)


def last_years_file() -> None:
    """The same, and what the district sent the year before."""
    partners_who_encoded()
    Path("2026").mkdir()
    shutil.copy("orchard-usd.pprl", "2026/orchard-usd.pprl")


def a_record_that_left() -> str:
    """A local id in the district's id map."""
    return Path("orchard-usd-id-map.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[-1]


def head_of_the_log() -> str:
    """The last digest of the district's disclosure log."""
    said = run_here(["disclosures", "verify", "--log", "orchard-usd.disclosures.sqlite"])[1]
    found = re.search(r"\b[0-9a-f]{64}\b", said)
    assert found, said
    return found[0]


def somewhere_else() -> None:
    """A folder for the key that lies elsewhere."""
    Path("elsewhere").mkdir()


def recipient_elsewhere() -> str:
    """A public key whose private key is not here."""
    return pprl.Identity.generate().recipient


def only_two_parties(path: Path) -> None:
    """Leave nobody in an agreement but the two who take part here."""
    text = path.read_text(encoding="utf-8")
    head, *parties = re.split(r"(?m)^\[\[party\]\]\n", text)
    parties[-1], *rest = re.split(r"(?m)^(?=\[use\]|# Who may see)", parties[-1], maxsplit=1)
    kept = [party for party in parties if re.search(rf'id = "({"|".join(PARTIES)})"', party)]
    joined = "".join(f"[[party]]\n{party}" for party in kept)
    path.write_text(head + joined + "".join(rest), encoding="utf-8")


def signed_by(names: Iterable[str]) -> None:
    """Have these parties sign compact.toml."""
    for name in names:
        did(
            "agreement", "sign", "compact.toml", "--party", name, "--signing-key", f"{name}.signing"
        )


def two_partners() -> None:
    """Two institutions alone in an agreement that is in effect, their match files made."""
    partners()
    only_two_parties(Path("compact.toml"))
    Path("compact.toml.sig").unlink()
    signed_by(PARTIES)
    encoded()
    for name in ("compact.toml", "compact.toml.sig"):
        shutil.copy(name, name.replace("compact", "compact-2026"))


def a_third_party() -> None:
    """Write the newcomer into the agreement."""
    signing = pprl.SigningKey.load("city-college.signing").public_key
    identity = pprl.Identity.load("city-college.identity").recipient
    path = Path("compact.toml")
    party = f'[[party]]\nid = "city-college"\nrole = "college"\npublic_key = "{signing}"\n'
    party += f'recipient = "{identity}"\n\n'
    text = path.read_text(encoding="utf-8").replace("[[party]]\n", f"{party}[[party]]\n", 1)
    path.write_text(text, encoding="utf-8")


def newcomer_encodes() -> None:
    """The newcomer makes its match file."""
    students = population(900, seed=5).institutions["city-college"]
    students.to_csv("students-city-college.csv", index=False)
    shutil.copy("city-college.key", "compact.key")
    encoded("city-college")


def other_dates() -> None:
    """Change the agreement's last day."""
    path = Path("compact.toml")
    text = path.read_text(encoding="utf-8").replace("2999-12-31", "2999-06-30")
    path.write_text(text, encoding="utf-8")


def another_signing_key() -> None:
    """Put the new public key in the place of the old one."""
    old, new = (
        pprl.SigningKey.load(f"orchard-usd{which}.signing").public_key for which in ("", "-2")
    )
    path = Path("compact.toml")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def the_new_one_is_in_use() -> None:
    """From here on the district signs with its new key."""
    shutil.copy("orchard-usd-2.signing", "orchard-usd.signing")
    Path("orchard-usd.pprl").unlink()


def everybody() -> None:
    """All that any command is given: of the institutions, of the hub, of both years."""
    partners()
    path = Path("compact.toml")
    text = path.read_text(encoding="utf-8")
    columns = '[payload.columns]\ncompleted_on = "date"\nlevel = "whole"'
    path.write_text(text.replace("[payload.columns]", columns), encoding="utf-8")
    Path("compact.toml.sig").unlink()
    signed_by(PARTIES)
    encoded()
    students = population(400, seed=5).institutions["orchard-usd"]
    students.assign(year=2026).to_csv("students.csv", index=False)
    write_export(students, Path("senr.txt"), "calpads_senr")
    Path("district.toml").write_text(
        '[inspect]\nstudents = "students.csv"\nagreement = "compact.toml"\n', encoding="utf-8"
    )
    shutil.copy("compact.toml", "compact-2026.toml")
    shutil.copy("compact.toml", "compact-2029.toml")
    hub = ["--agreement", "compact.toml", "--identity", "hub.identity"]
    key = ["--key", "store.key"]
    pprl.Identity.generate().save("elsewhere.identity")
    link = ["link", "orchard-usd.pprl", "county-college.pprl", *hub, "--out", "linkage"]
    did(*link, "--registry", "registry.sqlite")
    did("crosswalk", "linkage", "orchard-usd", "--out", "crosswalk-orchard-usd.csv")
    did("store", "new", "store", *key)
    shutil.copy("orchard-usd.pprl", "taken-in.pprl")
    did("store", "add", "taken-in.pprl", "--store", "store", *key, *hub)
    outcomes("orchard-usd", "completed_on", "2026-06-05")
    outcomes("county-college", "enrolled_on,level", "2026-09-01,2")
    shutil.move("county-college-outcomes.csv", "outcomes.csv")
    did(
        *("key", "send", "compact.key", "--agreement", "compact.toml", "--from", "orchard-usd"),
        *("--to", "county-college", "--signing-key", "orchard-usd.signing"),
        *("--out", "for-county-college.age"),
    )


def outcomes(party: str, columns: str, values: str) -> None:
    """An institution's outcomes, the same for all its students: as a table, and as it is sent."""
    crosswalk = Path(f"linkage/crosswalks/{party}.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{line.split(',')[1]},{values}" for line in crosswalk[1:]]
    table = f"{party}-outcomes.csv"
    Path(table).write_text("\n".join([f"study_id,{columns}", *rows]), encoding="utf-8")
    own = ["--institution", party, "--signing-key", f"{party}.signing"]
    did("payload", table, "--agreement", "compact.toml", *own, "--out", f"{party}-outcomes.pprl")


def two_releases() -> None:
    """Two years' releases, the second with nothing new."""
    files = [f"{name}-outcomes.pprl" for name in PARTIES]
    hub = ["--agreement", "compact.toml", "--identity", "hub.identity", "--linkage", "linkage"]
    did("results", "release", *files, *hub, "--through", "2027-12-31", "--out", "release-2026")
    shutil.copytree("release-2026", "release-2027")


def declaring_absence() -> str:
    """The county's agreement, in which absences may be told as well."""
    text = (ROOT / "examples" / "county" / "agreement.toml").read_text(encoding="utf-8")
    return text.replace("[payload.columns]", '[payload.columns]\nabsence = "number"')


def tables_of(year: str) -> tuple[list[CountTable], list[Dimension]]:
    """Who enrolled in a year, and who of them graduated, by group."""
    rows = [(year, group) for group in ("total", "north", "south")]
    tables = []
    for measure, counts in (("enrolled", (120, 70, 50)), ("graduated", (64, 36, 28))):
        frame = pd.DataFrame(rows, columns=["year", "group"])
        frame["count"] = np.array(counts, np.int64)
        tables.append(CountTable(measure, measure, ("year", "group"), frame))
    dimensions = [
        Dimension("year", {"2026": "total", "2027": "total"}),
        Dimension("group", {"north": "total", "south": "total"}),
    ]
    return tables, dimensions


def released_before() -> None:
    """Last year's release."""
    write_release(protect(*tables_of("2026")).release, "release-2026")


def tables_of_two_years() -> dict[str, object]:
    """This year's tables, and last year's release."""
    tables, dimensions = tables_of("2027")
    before = [read_release("release-2026")]
    return {"tables": tables, "dimensions": dimensions, "released_before": before}


def away(name: str) -> Callable[[], None]:
    """What takes a file or a folder away, for the command that makes it."""

    def take() -> None:
        path = Path(name)
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return take


def sealed() -> None:
    """Seal the store to the key that lies elsewhere."""
    recipient = pprl.Identity.load("elsewhere.identity").recipient
    did("store", "seal", "--store", "store", "--recipient", recipient)


def a_store_to_make() -> None:
    """Take the store and its key away."""
    away("store")()
    away("store.key")()


COMMANDS = Scene(
    at_hand=everybody,
    begins_anew=True,
    meanwhile={
        "pprl link": away("linkage"),
        "pprl key new compact.key": away("compact.key"),
        "pprl key send": away("for-county-college.age"),
        "pprl key receive": away("compact.key"),
        "pprl agreement new": away("compact.toml"),
        "pprl payload": away("county-college-outcomes.pprl"),
        "pprl results audit": two_releases,
        "pprl store new": a_store_to_make,
        "pprl store unseal": sealed,
    },
    stands_for={
        "demo --persons 5000 --out pprl-demo": lambda: "demo --persons 2000",
        "age1...": recipient_elsewhere,
        "--to 3": lambda: "--to 1",
    },
    refused=("pprl agreement check",),
)

SCENES = {
    "README.md": README,
    "docs/closing.md": Scene(at_hand=two_partners),
    "docs/commands.md": COMMANDS,
    "docs/custody.md": Scene(
        at_hand=partners_who_encoded,
        meanwhile={"pprl store new": somewhere_else},
        stands_for={
            "--student 10017": lambda: f"--student {a_record_that_left()}",
            "3f5a...": head_of_the_log,
            "age1...": recipient_elsewhere,
        },
    ),
    "docs/hub-analyst.md": Scene(stands_for={"age1...": recipient_elsewhere}),
    "docs/disclosure-control.md": Scene(at_hand=released_before, names=tables_of_two_years),
    "docs/key-rotation.md": Scene(
        at_hand=two_partners,
        meanwhile={
            "pprl agreement sign": another_signing_key,
            "pprl key new compact-2.key": the_new_one_is_in_use,
        },
    ),
    "docs/linkage-quality.md": Scene(at_hand=partners_who_encoded, names=linked_names),
    "docs/migrating-from-anonlink.md": Scene(at_hand=clkhash_schema),
    "docs/new-partner.md": Scene(
        at_hand=two_partners,
        meanwhile={"pprl agreement compare": a_third_party, "pprl link": newcomer_encodes},
    ),
    "docs/renewal.md": Scene(
        at_hand=two_partners, meanwhile={"pprl agreement compare": other_dates}
    ),
    "docs/indicators.md": Scene(at_hand=everybody, agreement=declaring_absence()),
    "docs/out-of-core.md": Scene(at_hand=partners_who_encoded),
    "docs/report.md": Scene(at_hand=partners_with_an_audit, names=linked_once),
    "docs/study-ids.md": Scene(at_hand=last_years_file, names=linked_names),
}
"""The scenes of pages whose reader does not begin with nothing."""
