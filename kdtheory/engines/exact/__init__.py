"""Exact expectations: one step of any finite sum, every step of least squares (theory, Section
6).
"""

from __future__ import annotations

from kdtheory.engines.exact.curves import expected, expected_in_weight
from kdtheory.engines.exact.horizon import HorizonWeights, best_weights_for_horizon
from kdtheory.engines.exact.limits import stationary
from kdtheory.engines.exact.recursion import Recursion
from kdtheory.engines.exact.results import Curve, Expectation, Stationary, WeightCurves
from kdtheory.engines.exact.stability import stability_limit
from kdtheory.engines.exact.stepping import one_step

__all__ = [
    "Curve",
    "Expectation",
    "HorizonWeights",
    "Recursion",
    "Stationary",
    "WeightCurves",
    "best_weights_for_horizon",
    "expected",
    "expected_in_weight",
    "one_step",
    "stability_limit",
    "stationary",
]
