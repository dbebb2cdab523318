"""What leaves the hub, and how it compares with truth where truth is known."""

from pprl.results.evaluation import Evaluation, evaluate
from pprl.results.folder import check_vacant, read_crosswalk, write_linkage

__all__ = ["Evaluation", "check_vacant", "evaluate", "read_crosswalk", "write_linkage"]
