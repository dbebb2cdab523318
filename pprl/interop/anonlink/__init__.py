"""anonlink's functions by anonlink's names, over `pprl.similar_pairs`.

`from pprl.interop import anonlink` in the place of `import anonlink`: the same candidate pairs in
the same order, and the same groups. What is refused raises `pprl.PPRLError`.
"""

from pprl.interop.anonlink import (
    blocking,
    candidate_generation,
    serialization,
    similarities,
    solving,
)

__all__ = ["blocking", "candidate_generation", "serialization", "similarities", "solving"]
