"""Hypothesis knows our types: ``st.from_type(LeastSquares)`` draws one.

Either side may be imported first, and none imports the other: the entry point runs when Hypothesis
starts and registers if our problems are there; ``kdtheory.problems`` calls it when Hypothesis is.
What is registered are functions, so that no strategy is built before it is asked for.
"""

from __future__ import annotations

import sys
from typing import Any

# type -> where its strategy lives
STRATEGIES = {
    ("kdtheory.problems", "LeastSquares"): "least_squares",
    ("kdtheory.problems", "LogisticRegression"): "logistic",
    ("kdtheory.problems", "SoftmaxRegression"): "softmax",
    ("kdtheory.problems", "SinusoidalSum"): "sinusoidal",
    ("kdtheory.rules.distilled", "DistilledSGD"): "rules",
}


def register() -> None:
    """Tell Hypothesis about those of our types whose module is loaded; costs microseconds, and
    nothing where Hypothesis is not loaded.
    """
    hypothesis = sys.modules.get("hypothesis.strategies")
    if hypothesis is None or not hasattr(hypothesis, "register_type_strategy"):
        return
    for (module, name), strategy in STRATEGIES.items():
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None:
            hypothesis.register_type_strategy(kind, _Made(strategy))


class _Made:
    """The strategy of this name, built when a type is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, _kind: type[Any]) -> Any:
        from kdtheory.testing import data

        return getattr(data, self._name)()
