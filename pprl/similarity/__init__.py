"""Similar filters among many: every pair by a full scan, or nearly every by hashing.

For filters without blocks and salts, such as clkhash's. Knows of neither names nor keys.
"""

from pprl.similarity.all_pairs import similar_pairs
from pprl.similarity.found import SimilarPairs
from pprl.similarity.hashing import HashedPairs, similar_pairs_lsh

__all__ = ["HashedPairs", "SimilarPairs", "similar_pairs", "similar_pairs_lsh"]
