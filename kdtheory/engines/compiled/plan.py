"""What a plan is: the arrays of one experiment, bound to the kernel that runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kdtheory.engines.compiled.arguments import Chances
from kdtheory.engines.compiled.compress import BERNOULLI, NONE, RAND_K, ROUNDING
from kdtheory.engines.simulate.alias import alias
from kdtheory.engines.simulate.streams import split_seed
from kdtheory.problems.base import Array
from kdtheory.rules.compressors import Bernoulli, RandK, StochasticRounding
from kdtheory.rules.experiment import Experiment
from kdtheory.rules.protocol import Compressor

Advance = Callable[..., None]


@dataclass(frozen=True)
class KernelPlan:
    """How to run: ``advance(state, wanted, t0, first, last, found)`` and, where the gap needs all N
    terms, ``evaluate``.
    """

    frame: str
    start: Array  # (dim rounded up,), the state of one replicate at x0
    advance: Advance
    evaluate: Advance | None  # evaluate(state, first, last, found, record)


def compressor_code(compressor: Compressor | None, dim: int) -> tuple[int, float]:
    """The number and the parameter by which kernels know a compressor."""
    match compressor:
        case None:
            return NONE, 1.0
        case RandK(k):
            compressor.omega(dim)  # refuses k > d
            return RAND_K, float(k)
        case Bernoulli(q):
            return BERNOULLI, q
        case StochasticRounding(delta):
            return ROUNDING, delta
    raise AssertionError(f"no kernel for {compressor!r}")  # simulate() asks before


def key_of(seed: int) -> np.ndarray:
    """The two words of the random key."""
    return np.array(split_seed(seed), dtype=np.uint64)


def steps_of(made: Experiment) -> tuple[Array, Array, Array]:
    """Step sizes (T,) or (1,), weights (T, m) or (1, m), and the control variates of each unit
    weight (m, N, d); the rule's own weight, where no other is given, is one part of weight 1.
    """
    plan = made.schedule
    gammas = np.array([made.gamma]) if plan is None else np.array(plan.step_sizes)
    if plan is None or plan.weights is None:
        return gammas, np.ones((1, 1)), made.control_variates[None]
    return gammas, np.array(plan.weights).reshape(len(plan), -1), made.parts


def chances_of(made: Experiment) -> Chances:
    """The alias table, empty for uniform sampling."""
    if made.ratios is None or made.probabilities is None:
        return Chances(np.empty(0), np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.intp))
    table = alias(made.probabilities)
    return Chances(made.ratios, table.thresholds, table.partners)
