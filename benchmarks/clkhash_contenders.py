"""One contender in a process of its own, held to one core: encodes records when told to.

Run by `clkhash_compatible.py` as `clkhash_contenders.py NAME FOLDER CORE`: reads `records.json` and
the schemas in the folder, then one schema name a line, and answers each with the processor
seconds of encoding and the SHA-256 of the filters. Only the encoding is timed.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECRET = "a shared secret"


def pprl(schema: dict[str, Any], records: list[list[str]]) -> list[str]:
    """This library."""
    from pprl.interop.clkhash import LinkageSchema, encode

    return encode(records, LinkageSchema.of(schema), SECRET)


def clkhash(schema: dict[str, Any], records: list[list[str]]) -> Any:
    """clkhash, without its worker processes."""
    from clkhash import clk
    from clkhash import schema as schemas

    return clk.generate_clks(records, schemas.from_json_dict(schema), SECRET, max_workers=1)


def digest(made: Any) -> str:
    """The filters of either, as one number."""
    octets = made.to_octets() if hasattr(made, "to_octets") else b"".join(x.tobytes() for x in made)
    return hashlib.sha256(bytes(octets)).hexdigest()


CONTENDERS: dict[str, Callable[[dict[str, Any], list[list[str]]], Any]] = {
    "pprl": pprl,
    "clkhash": clkhash,
}

if __name__ == "__main__":
    name, folder, core = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    os.sched_setaffinity(0, {core})
    rows = json.loads((folder / "records.json").read_text(encoding="utf-8"))
    for line in sys.stdin:
        wanted = json.loads((folder / line.strip()).read_text(encoding="utf-8"))
        CONTENDERS[name](wanted, rows[:10])
        start = time.process_time()
        made = CONTENDERS[name](wanted, rows)
        seconds = time.process_time() - start
        print(json.dumps({"seconds": seconds, "digest": digest(made)}), flush=True)
