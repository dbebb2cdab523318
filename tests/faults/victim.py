"""Runs commands of pprl, each in a process of its own that is killed when it is told.

A line of JSON on standard input says what to run: `arguments`, and one of `calls` (kill at that
call to the system that opens, renames, deletes or connects) and `seconds` (kill after so long, from
a thread); with `bytes`, no file may grow beyond so many; `unprivileged` takes a superuser's
privileges away. The answer is a line with the exit `code` (-9: killed), the `calls` and
`seconds` that it took, and the standard `error`. Processes are forked from one that has everything
imported.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import pkgutil
import resource
import signal
import struct
import sys
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
_CAPABILITY_VERSION = 0x20080522


def main() -> None:
    """Answer until standard input ends."""
    import pprl

    for module in pkgutil.walk_packages(pprl.__path__, "pprl."):
        if module.name != "pprl.__main__":
            importlib.import_module(module.name)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


def _answer(asked: dict[str, object]) -> dict[str, object]:
    """Fork, and wait for what becomes of it."""
    (told, tell), (counted, count) = os.pipe(), os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.dup2(tell, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os._exit(_run(asked, count))
    os.close(tell)
    os.close(count)
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - began
    with os.fdopen(told, "rb") as errors, os.fdopen(counted, "rb") as calls:
        return {
            "code": os.waitstatus_to_exitcode(status),
            "calls": int(calls.read() or b"0"),
            "seconds": seconds,
            "error": errors.read().decode("utf-8", "replace"),
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

    if (most := asked.get("bytes")) is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(str(most)), resource.RLIM_INFINITY))
    if asked.get("unprivileged") and os.getuid() == 0:
        # A superuser may write to every folder but for this capability (capset(2)).
        header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
        assert ctypes.CDLL(None).capset(header, bytes(24)) == 0
    sys.addaudithook(watch)
    if (seconds := asked.get("seconds")) is not None:
        threading.Timer(float(str(seconds)), os.kill, (os.getpid(), signal.SIGKILL)).start()
    code = run([str(argument) for argument in asked["arguments"]])  # type: ignore[union-attr]
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(counted, str(calls).encode())
    return code


if __name__ == "__main__":
    main()
