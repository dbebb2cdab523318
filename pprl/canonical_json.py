"""Canonical JSON: one text for one content, so that it can be digested and signed."""

from __future__ import annotations

import json


def canonical(content: object) -> bytes:
    """What JSON can hold, keys sorted, without spaces, in ASCII."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")
