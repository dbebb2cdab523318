"""What leaves the hub, and how it compares with truth where truth is known."""

from pprl.results.evaluation import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]
