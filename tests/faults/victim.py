"""Runs commands of pprl, each in a process of its own that is killed when it is told.

A line of JSON on standard input says what to run: `arguments`, and one of `calls` (kill at that
call to the system that opens, renames, deletes or connects) and `seconds` (kill after so long, from
a thread). The answer is a line with the exit `code` (-9: killed), the `calls` and `seconds` that it
took, and the standard `error`. Processes are forked from one that has everything imported.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import time

WATCHED = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
    "sqlite3.connect",
}
"""Audit events (PEP 578) at which a process may be killed."""


def main() -> None:
    """Answer until standard input ends."""
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


def _answer(asked: dict[str, object]) -> dict[str, object]:
    """Fork, and wait for what becomes of it."""
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as counted:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            os.dup2(told.fileno(), 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os._exit(_run(asked, counted.fileno()))
        _, status = os.waitpid(child, 0)
        seconds = time.monotonic() - began
        told.seek(0)
        counted.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "calls": int(counted.read() or b"0"),
            "seconds": seconds,
            "error": told.read().decode("utf-8", "replace"),
        }


def _run(asked: dict[str, object], counted: int) -> int:
    """Run the command, in the forked process, until it ends or is killed."""
    from pprl.cli import run

    calls = 0
    last = asked.get("calls")

    def watch(event: str, _: object) -> None:
        nonlocal calls
        if event in WATCHED:
            calls += 1
            if calls == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    if (seconds := asked.get("seconds")) is not None:
        threading.Timer(float(str(seconds)), os.kill, (os.getpid(), signal.SIGKILL)).start()
    code = run([str(argument) for argument in asked["arguments"]])  # type: ignore[union-attr]
    sys.stdout.flush()
    sys.stderr.flush()
    os.pwrite(counted, str(calls).encode(), 0)
    return code


if __name__ == "__main__":
    main()
