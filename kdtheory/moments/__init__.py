"""Exact expectations: one step of any finite sum, every step of least squares (theory, Section 6)."""

from __future__ import annotations

from kdtheory.moments.curves import expected, expected_in_weight
from kdtheory.moments.limits import stability_limit, stationary
from kdtheory.moments.recursion import Moments
from kdtheory.moments.results import Curve, Expectation, Stationary, WeightCurves
from kdtheory.moments.stepping import one_step

__all__ = [
    "Curve",
    "Expectation",
    "Moments",
    "Stationary",
    "WeightCurves",
    "expected",
    "expected_in_weight",
    "one_step",
    "stability_limit",
    "stationary",
]
