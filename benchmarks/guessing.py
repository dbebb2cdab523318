"""What a guess costs who has the key, what stretching adds, and what an oblivious PRF would cost.

Run from the root of the repository, in an environment with PyNaCl besides the test requirements:

    python -m benchmarks.guessing

The oblivious PRF is 2HashDH (Jarecki, Kiayias and Krawczyk, Asiacrypt 2014) on edwards25519, its
key shared additively by two servers: a prototype for its cost, not for use. Figures are written to
`results/guessing.json`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path

import nacl.bindings as sodium
import nacl.utils
import numpy as np

from pprl import Agreement
from pprl.audit.dictionary import guessing_cost
from pprl.institution.prf import Prf

RESULTS = Path(__file__).parent / "results" / "guessing.json"
STUDENTS_OF_CALIFORNIA = 6_000_000
"""Public K-12 enrolment, rounded: the dictionary of a leaked state-wide roster."""


def seconds(work: Callable[[], object], times: int) -> float:
    """Processor seconds of one call, the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - start) / times)
    return best


def token_seconds() -> float:
    """One block token, in arrays: AES-256 over two digests, which are made once a value."""
    count = 100_000
    prf, digests = Prf(bytes(32)), np.arange(count, dtype=np.uint64)
    return seconds(lambda: prf.mac([digests, digests]), 3) / count


def random_scalar() -> bytes:
    """A uniform scalar."""
    return sodium.crypto_core_ed25519_scalar_reduce(nacl.utils.random(64))


def group_element(value: bytes) -> bytes:
    """Hash to the prime-order group (Elligator, cofactor cleared)."""
    return sodium.crypto_core_ed25519_from_uniform(hashlib.sha256(value).digest())


def oblivious(value: bytes, shares: list[bytes], blind: bytes) -> bytes:
    """One evaluation: the client blinds, each server raises to its share, the client unblinds."""
    sent = sodium.crypto_scalarmult_ed25519_noclamp(blind, group_element(value))
    answers = [sodium.crypto_scalarmult_ed25519_noclamp(share, sent) for share in shares]
    joined = sodium.crypto_core_ed25519_add(*answers)
    inverse = sodium.crypto_core_ed25519_scalar_invert(blind)
    return hashlib.sha256(
        value + sodium.crypto_scalarmult_ed25519_noclamp(inverse, joined)
    ).digest()


def main() -> None:
    """Measure and keep the figures."""
    shares = [random_scalar(), random_scalar()]
    value = b"2005-10-17/thelonious"
    assert oblivious(value, shares, random_scalar()) == oblivious(value, shares, random_scalar())
    blind = random_scalar()
    sent = sodium.crypto_scalarmult_ed25519_noclamp(blind, group_element(value))
    server = seconds(lambda: sodium.crypto_scalarmult_ed25519_noclamp(shares[0], sent), 200)
    whole = seconds(lambda: oblivious(value, shares, blind), 100)
    token = token_seconds()
    mac = seconds(lambda: hmac.digest(b"k" * 32, value, "sha256"), 20_000)
    scrypt = seconds(lambda: hashlib.scrypt(value, salt=b"s" * 16, n=2**14, r=8, p=1), 1)
    results: dict[str, object] = {
        "token, microseconds": round(1e6 * token, 3),
        "HMAC, microseconds": round(1e6 * mac, 3),
        "scrypt N=2^14, milliseconds": round(1e3 * scrypt, 1),
        "oblivious PRF, client, microseconds": round(1e6 * (whole - 2 * server), 1),
        "oblivious PRF, each server, microseconds": round(1e6 * server, 1),
    }
    # One pass suffices to test a guess: a token each, and a digest for each value.
    plain = guessing_cost(STUDENTS_OF_CALIFORNIA, token + mac)
    slow = guessing_cost(STUDENTS_OF_CALIFORNIA, scrypt)
    results["6 million guesses, core hours"] = round(plain.core_hours, 4)
    results["6 million guesses, euros"] = round(plain.euros, 6)
    results["6 million guesses with scrypt, core hours"] = round(slow.core_hours, 1)
    results["6 million guesses with scrypt, euros"] = round(slow.euros, 2)
    for profile in ("students-1", "students-2"):
        entries = Agreement.students(["a", "b"], profile).linkage.entries_per_record
        results[profile] = {
            "scrypt, core seconds a record": round(entries * scrypt, 3),
            "oblivious PRF, client, milliseconds a record": round(
                1e3 * entries * (whole - 2 * server), 2
            ),
            "oblivious PRF, each server, milliseconds a record": round(1e3 * entries * server, 2),
            "oblivious PRF, bytes a record, to and from each server": 64 * entries,
        }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
