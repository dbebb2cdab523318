"""How long a match file takes to seal and open: python -m benchmarks.sealed_files [records]."""

from __future__ import annotations

import dataclasses
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pprl.agreement import Agreement
from pprl.exchange import Entries, Identity, Manifest, SigningKey, Submission


def main() -> None:
    """Make random entries under the default passes; write, sealed and not, and open them."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    key, hub = SigningKey.generate(), Identity.generate()
    trial = Agreement.students(["a", "b"], minimum=2)
    agreement = dataclasses.replace(
        trial,
        linkage=dataclasses.replace(trial.linkage, hub_key=hub.recipient),
        parties=(dataclasses.replace(trial.parties[0], public_key=key.public_key),),
    )
    rng = np.random.default_rng(1)
    passes = {}
    for linkage_pass in agreement.linkage.passes:
        count = records * linkage_pass.quota
        tokens = np.sort(rng.integers(0, 1 << 64, count, np.uint64))
        owners = np.repeat(np.arange(records, dtype=np.uint32), linkage_pass.quota)
        words = agreement.linkage.words_of(linkage_pass)
        filters = rng.integers(0, 1 << 64, (count, words), np.uint64)
        passes[linkage_pass.name] = Entries(tokens, owners, filters)
    manifest = Manifest(
        institution="a",
        recipient=hub.recipient,
        agreement=agreement.digest,
        linkage=agreement.linkage_digest,
        key_check="c" * 32,
        records=records,
        sequence=1,
        software="pprl",
        epsilon=1.0,
        completeness={},
        unplaced=0.0,
    )
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = Path(folder) / "a.pprl"
        timed("sealed", lambda: Submission(manifest, passes).write(path, signing_key=key))
        print(f"{path.stat().st_size / 1e9:.2f} GB")
        timed("opened", lambda: Submission.open(path, identity=hub, signers=agreement))
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB of memory at most")


def timed(what: str, work: object) -> None:
    """Tell how long something took, by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    assert callable(work)
    work()
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    print(f"{what}: {clock:.1f} s by the clock, {processor:.1f} s of processor time")


if __name__ == "__main__":
    main()
