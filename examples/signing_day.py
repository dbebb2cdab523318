"""From an agreement's template to one in effect, for parties who all sit in one room.

In earnest each party makes its own keys on its own machine, tells the others the public lines that
`pprl key new` prints, and signs by itself (docs/agreement.md). Here one program plays them all.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path

import pprl
from pprl.agreement.signatures import lines, path_of


@dataclass(frozen=True)
class Room:
    """Who has what once everybody has signed.

    Attributes:
        agreement: in effect from today on.
        linkage_key: what the institutions share, and the hub never has.
        signing_keys: party -> its own key, with which it signs.
        hub: the hub's private key, to which match files and payloads are sealed.
    """

    agreement: pprl.Agreement
    linkage_key: pprl.LinkageKey
    signing_keys: dict[str, pprl.SigningKey]
    hub: pprl.Identity


def sign_all(template: Path, folder: Path, minimum: int = 100) -> Room:
    """Put keys and dates into a template, have all parties sign it, and keep it in a folder.

    Args:
        template: an agreement without keys.
        folder: where `agreement.toml`, its signatures and the keys are written.
        minimum: fewest students in a submission; less than customary for a small trial.
    """
    hub = pprl.Identity.generate()
    text = template.read_text(encoding="utf-8")
    today = datetime.date.today()
    for name, day in (
        ("effective", today),
        ("expires", today + datetime.timedelta(days=3 * 365)),
        ("by", today + datetime.timedelta(days=4 * 365)),
    ):
        text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {day}", text)
    text = re.sub(r"(?m)^minimum = .*$", f"minimum = {minimum}", text)
    text = text.replace('hub_key = ""', f'hub_key = "{hub.recipient}"')
    parties = re.findall(r'(?m)^\[\[party\]\]\nid = "(.*)"$', text)
    keys = {party: pprl.SigningKey.generate() for party in parties}
    for party, key in keys.items():
        own = pprl.Identity.generate()
        own.save(folder / f"{party}.identity")
        key.save(folder / f"{party}.signing")
        before, after = text.split(f'id = "{party}"\n', 1)
        after = after.replace('public_key = ""', f'public_key = "{key.public_key}"', 1)
        after = after.replace('recipient = ""', f'recipient = "{own.recipient}"', 1)
        text = f'{before}id = "{party}"\n{after}'
    path = folder / "agreement.toml"
    path.write_text(text, encoding="utf-8")
    agreement = pprl.Agreement.load(path)
    signatures = [agreement.sign(party, key) for party, key in keys.items()]
    path_of(path).write_bytes(lines(signatures))
    hub.save(folder / "hub.identity")
    linkage_key = pprl.LinkageKey.generate()
    linkage_key.save(folder / "linkage.key")
    return Room(pprl.Agreement.load(path), linkage_key, keys, hub)
