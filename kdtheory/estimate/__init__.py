"""The distillation weight from a user's own data: gradients, logits, or a stream of gradients
during training.
"""

from __future__ import annotations

from typing import Any

from kdtheory.estimate.diagnose import Diagnosis, diagnose
from kdtheory.estimate.logits import lambda_star_from_logits
from kdtheory.estimate.result import WeightEstimate
from kdtheory.estimate.statements import criteria
from kdtheory.estimate.streaming import LambdaEstimator
from kdtheory.estimate.topk import TopK
from kdtheory.estimate.weight import lambda_star

__all__ = [
    "CRITERIA",
    "Diagnosis",
    "LambdaEstimator",
    "TopK",
    "WeightEstimate",
    "diagnose",
    "lambda_star",
    "lambda_star_from_logits",
]


def __getattr__(name: str) -> Any:
    """``CRITERIA``, computed from the statements when asked for: they load SymPy."""
    if name == "CRITERIA":
        return criteria()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
