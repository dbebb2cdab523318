"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AgreementFile = Annotated[
    Path, typer.Option("--agreement", metavar="FILE", help="The agreement, a TOML file.")
]
OwnId = Annotated[
    str, typer.Option("--institution", metavar="ID", help="Your id in the agreement.")
]
OwnSigningKey = Annotated[
    Path, typer.Option("--signing-key", metavar="FILE", help="Your own signing key.")
]
HubIdentity = Annotated[
    Path | None,
    typer.Option(
        "--identity",
        metavar="FILE",
        help="The hub's private key, to which the files are sealed; not needed in trials.",
    ),
]
AllowUnverified = Annotated[
    bool,
    typer.Option(
        "--allow-unverified",
        help="Also take files that are unsigned or signed by a key that the agreement does not "
        "know.",
    ),
]
