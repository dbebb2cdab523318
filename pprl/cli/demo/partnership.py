"""The made-up partners of the demonstration, each in a folder of its own.

about.txt                         tells what the folder is, and that the demonstration made it
agreement.toml, agreement.toml.sig  what all sides hold, and have signed
truth.csv                         who is who; nobody has it in earnest
institutions/<id>/students.csv    and the keys, the state, the id map, the crosswalk
hub/hub.identity                  the hub's private key
hub/<id>.pprl                     what the hub is sent, signed and sealed
hub/linkage/                      what it makes of it
hub/linkage-report.html           what that came to, for all to see
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pprl.cli.outputs import write_bytes, write_csv
from pprl.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from pprl.synthetic import Population

ABOUT = "about.txt"
TITLE = "Four Valleys demonstration"
CUSTOMARY_MINIMUM = 100
_MARK = b"Made by pprl demo, which may make it anew.\n"
_FOR_THE_OWNER = 0o700


@dataclass(frozen=True)
class Partner:
    """One institution's own files.

    Attributes:
        id: the party's id.
        folder: where its files are.
        match_file: where the hub finds what it sent.
    """

    id: str
    folder: Path
    match_file: Path

    @property
    def students(self) -> Path:
        """The export of its student system."""
        return self.folder / "students.csv"

    @property
    def key(self) -> Path:
        """Its copy of the linkage key."""
        return self.folder / "compact.key"

    @property
    def signing_key(self) -> Path:
        """The key with which it signs."""
        return self.folder / f"{self.id}.signing"

    @property
    def id_map(self) -> Path:
        """The map from record numbers to its local ids."""
        return self.folder / "id-map.csv"

    @property
    def crosswalk(self) -> Path:
        """What the hub gives back."""
        return self.folder / "crosswalk.csv"


@dataclass(frozen=True)
class Partnership:
    """The folder of a demonstration.

    Attributes:
        folder: all of it.
        partners: the institutions.
    """

    folder: Path
    partners: tuple[Partner, ...]

    @property
    def agreement(self) -> Path:
        """The agreement's file."""
        return self.folder / "agreement.toml"

    @property
    def identity(self) -> Path:
        """The hub's private key."""
        return self.folder / "hub" / "hub.identity"

    @property
    def truth(self) -> Path:
        """The file that tells who is who."""
        return self.folder / "truth.csv"

    @property
    def linkage(self) -> Path:
        """The folder of the hub's linkage."""
        return self.folder / "hub" / "linkage"

    @property
    def report(self) -> Path:
        """The linkage report."""
        return self.folder / "hub" / "linkage-report.html"


def claim(folder: Path) -> None:
    """Take a folder for the demonstration, and clear what an earlier one left in it.

    Raises:
        UsageError: it holds something else, or cannot be made.
    """
    about = folder / ABOUT
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder}: is a file. Name another folder with --out.")
        if folder.exists() and any(folder.iterdir()) and not _is_marked(about):
            raise UsageError(
                f"{folder}: holds something that pprl demo did not make. "
                "Name another folder with --out."
            )
        folder.mkdir(_FOR_THE_OWNER, exist_ok=True)
        about.write_bytes(_MARK + b"All persons in it are invented.\n")
        for name in ("institutions", "hub"):
            if (folder / name).exists():
                shutil.rmtree(folder / name)
        for name in ("agreement.toml", "agreement.toml.sig", "truth.csv"):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made ({error.strerror}).") from None


def found(folder: Path, made_up: Population, profile: str) -> Partnership:
    """Write the signed agreement, the truth, each side's keys and each institution's students.

    Args:
        folder: as claimed.
        made_up: the population.
        profile: the agreement's profile.

    Raises:
        UsageError: a file cannot be written.
    """
    import pprl
    from pprl.agreement.signatures import lines, path_of

    hub = folder / "hub"
    partners = tuple(
        Partner(name, folder / "institutions" / name, hub / f"{name}.pprl")
        for name in made_up.roles
    )
    partnership = Partnership(folder, partners)
    smallest = min(roster["local_id"].nunique() for roster in made_up.institutions.values())
    signing_keys = {partner.id: pprl.SigningKey.generate() for partner in partners}
    identity = pprl.Identity.generate()
    text = agreement_text(
        made_up.roles,
        profile,
        minimum_for(smallest),
        {name: key.public_key for name, key in signing_keys.items()},
        identity.recipient,
    )
    key = pprl.LinkageKey.generate()
    try:
        partnership.agreement.write_text(text, encoding="utf-8")
        hub.mkdir(_FOR_THE_OWNER)
        for partner in partners:
            partner.folder.mkdir(_FOR_THE_OWNER, parents=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({error.strerror}).") from None
    write_csv(made_up.truth, partnership.truth)
    for partner in partners:
        write_csv(made_up.institutions[partner.id], partner.students)
        key.save(partner.key)
        signing_keys[partner.id].save(partner.signing_key)
    identity.save(partnership.identity)
    agreement = pprl.Agreement.load(partnership.agreement)
    signatures = [agreement.sign(name, own) for name, own in signing_keys.items()]
    write_bytes(lines(signatures), path_of(partnership.agreement))
    return partnership


def minimum_for(smallest: int) -> int:
    """The agreement's fewest students: the customary number unless the demonstration is tiny.

    Args:
        smallest: local ids of the smallest institution; up to a tenth may be second ids of one
            student.
    """
    return CUSTOMARY_MINIMUM if smallest >= 1.1 * CUSTOMARY_MINIMUM else 2


def agreement_text(
    roles: Mapping[str, str],
    profile: str,
    minimum: int,
    public_keys: Mapping[str, str],
    hub_key: str,
) -> str:
    """An agreement between these parties, as TOML, in effect on any day.

    Args:
        roles: party -> "district" or "college".
        profile: a named profile.
        minimum: fewest students in a submission.
        public_keys: party -> its signing key.
        hub_key: the hub's public key.
    """
    partnership = uuid.uuid5(uuid.NAMESPACE_URL, TITLE)
    lines = ["[agreement]", f"title = {json.dumps(TITLE)}", 'purpose = "To show how it is done"']
    lines += ['exception = "other"', 'legal_basis = "None is needed: all persons are invented"']
    lines += ["effective = 2000-01-01", "expires = 2999-12-31"]
    for name, role in roles.items():
        lines += ["", "[[party]]", f"id = {json.dumps(name)}", f"role = {json.dumps(role)}"]
        lines += [f"public_key = {json.dumps(public_keys[name])}"]
    lines += ["", "[records]", f"minimum = {minimum}", ""]
    lines += ["[linkage]", f'partnership = "{partnership}"', f"profile = {json.dumps(profile)}"]
    lines += ['also = ["state_id"]', f"hub_key = {json.dumps(hub_key)}", ""]
    return "\n".join(lines)


def truth_of(partnership: Partnership, truth: pd.DataFrame) -> pd.DataFrame:
    """Who each record is: `source, record, person`.

    It takes every institution's id map, which only a demonstration can lay side by side.

    Args:
        partnership: the partners, their students encoded.
        truth: `institution, local_id, person`.
    """
    import pandas as pd

    from pprl.institution.id_map import read_id_map

    maps = [
        read_id_map(partner.id_map).assign(institution=partner.id)
        for partner in partnership.partners
    ]
    known = pd.concat(maps).merge(truth, on=["institution", "local_id"])
    return known.rename(columns={"institution": "source"})[["source", "record", "person"]]


def _is_marked(about: Path) -> bool:
    """Whether the file says that the demonstration made the folder."""
    return about.is_file() and about.read_bytes().startswith(_MARK)
