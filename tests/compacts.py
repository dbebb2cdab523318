"""The example agreement, filled in and signed as partners would."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pprl
from pprl.agreement.signatures import lines

EXAMPLE = Path(__file__).parent.parent / "examples" / "compact.toml"


def signed_compact(folder: Path, parties: Iterable[str]) -> None:
    """Write compact.toml, its signatures and all keys: of the parties, the hub and for linkage."""
    text = EXAMPLE.read_text(encoding="utf-8")
    identity = pprl.Identity.generate()
    identity.save(folder / "hub.identity")
    text = text.replace('# hub_key = "age1..."', f'hub_key = "{identity.recipient}"')
    keys = {name: pprl.SigningKey.generate() for name in parties}
    for name, key in keys.items():
        key.save(folder / f"{name}.signing")
        own = pprl.Identity.generate()
        own.save(folder / f"{name}.identity")
        told = f'public_key = "{key.public_key}"\nrecipient = "{own.recipient}"'
        text = text.replace(f'id = "{name}"', f'id = "{name}"\n{told}')
    # In effect on whatever day the test runs.
    text = re.sub(r"(?m)^effective = .*", "effective = 2000-01-01", text)
    text = re.sub(r"(?m)^expires = .*", "expires = 2999-12-31", text)
    (folder / "compact.toml").write_text(text, encoding="utf-8")
    agreement = pprl.Agreement.load(folder / "compact.toml")
    signatures = [agreement.sign(name, key) for name, key in keys.items()]
    (folder / "compact.toml.sig").write_bytes(lines(signatures))
    pprl.LinkageKey.generate().save(folder / "compact.key")
