"""clkhash itself, in an environment of its own: a line of JSON in, a line of JSON out.

A line `{"schema": ..., "records": ..., "secret": ..., "validate": ...}` is answered with
`{"clks": [base64, ...]}`, or with `{"error": name of the exception}`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from clkhash import clk, schema
from clkhash.serialization import serialize_bitarray


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """What clkhash makes of the records."""
    try:
        loaded = schema.from_json_dict(question["schema"])
        records, secret = question["records"], question["secret"]
        made = clk.generate_clks(
            records, loaded, secret, validate=question["validate"], max_workers=1
        )
    except Exception as error:
        return {"error": type(error).__name__}
    return {"clks": [serialize_bitarray(one) for one in made]}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
