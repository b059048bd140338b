"""What rules, engines, bounds and weights are held against: all index paths, attained bounds, other
weights.

Every oracle takes the function under test and returns the empty string, or what is wrong with it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache

import numpy as np

from kdtheory.bounds.values import noise_floor
from kdtheory.engines.exact import expected
from kdtheory.instances import matching
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array
from kdtheory.rules.distilled import DistilledSGD

Engine = Callable[..., Array]  # (rule, start, steps) -> E|x^t - x*|^2, (steps + 1,)
Bound = Callable[..., Array]
Weight = Callable[..., float]

_RNG = np.random.default_rng(11)
TINY = LeastSquares(_RNG.standard_normal((3, 2)), _RNG.standard_normal(3), ridge=0.2)
THETA, START, GAMMA, STEPS = _RNG.standard_normal(2), _RNG.standard_normal(2), 0.11, 3
RULES = (
    DistilledSGD(0.0),
    DistilledSGD(0.7),
    DistilledSGD(-0.4, unbiased=True),
    DistilledSGD(1.3, batch_size=2),
    DistilledSGD(0.7, batch_size=2, replacement=False),
    DistilledSGD(0.7, unbiased=True, batch_size=2, replacement=False),
)
ROUNDING = 1e-10  # sums of at most 729 products of numbers of size 1


def _paths(rule: DistilledSGD, steps: int) -> Iterator[Array]:
    """Every x^steps, each equally likely, straight from x+ = x - gamma mean_B (G - lam H [+ lam
    h]).
    """
    taught = TINY.gradients(THETA)
    push = rule.weight * (taught - taught.mean(axis=0) if rule.unbiased else taught)
    pick = range(TINY.n_terms)
    batches = list(
        itertools.product(pick, repeat=rule.batch_size)
        if rule.replacement
        else itertools.permutations(pick, rule.batch_size)
    )
    for path in itertools.product(batches, repeat=steps):
        x = START
        for batch in path:
            chosen = list(batch)
            x = x - GAMMA * (TINY.gradients(x)[chosen] - push[chosen]).sum(axis=0) / len(chosen)
        yield x


@lru_cache(maxsize=32)
def enumerated(rule: DistilledSGD) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """E|x^t - x*|^2 and E f(x^t) - f* for t = 0..STEPS over all N^t paths."""
    ends = [list(_paths(rule, t)) for t in range(STEPS + 1)]
    return (
        tuple(float(np.mean([((x - TINY.minimiser) ** 2).sum() for x in layer])) for layer in ends),
        tuple(float(np.mean([TINY.value(x) - TINY.minimum for x in layer])) for layer in ends),
    )


def matches_enumeration(engine: Engine) -> str:
    """An exact engine against the mean over all index paths, both quantities, every rule."""
    for rule in RULES:
        for name, got, want in zip(
            ("E|x-x*|^2", "E f-f*"), engine(rule), enumerated(rule), strict=True
        ):
            off = float(np.max(np.abs(np.asarray(got) - want)))
            if not off <= ROUNDING:
                return f"{name} is off by {off:.4g} for {rule}"
    return ""


def near_enumeration(engine: Engine) -> str:
    """A Monte Carlo engine against the same: within 6 standard errors at t = 1..3, two quantities,
    six rules.

    36 comparisons at 6 sigma err together with probability below 1e-7; the seed is fixed, so a pass
    stays a pass.
    """
    for rule in RULES:
        for (mean, error), want in zip(engine(rule), enumerated(rule), strict=True):
            for t in range(1, STEPS + 1):
                if not abs(mean[t] - want[t]) <= 6 * error[t] + ROUNDING:
                    off = abs(mean[t] - want[t]) / error[t]
                    return (
                        f"{mean[t]:.6g} at t = {t}, {off:.1f} standard errors off {want[t]:.6g},"
                        f" for {rule}"
                    )
    return ""


def attained_with_batches(bound: Bound) -> str:
    """The envelope in numbers equals the mean over all 2^B signs on a one-dimensional sum, B = 1
    and 3.
    """
    problem = matching.SignedQuadratics(mu=Fraction(1, 2), c=Fraction(3, 4), s=Fraction(7, 3))
    theta, weight, gamma, x = Fraction(1), Fraction(1, 3), Fraction(1, 5), Fraction(40)
    push, fluctuation = problem.teacher(theta, weight)
    swing = problem.exact_noise(x) - problem.s + fluctuation
    for size in (1, 3):
        signs = [Fraction(sum(row), size) for row in itertools.product((1, -1), repeat=size)]
        truth = float(
            sum(
                (x - gamma * (problem.exact_gradient(x) - push + sign * swing)) ** 2
                for sign in signs
            )
            / len(signs)
        )
        got = bound(
            problem,
            np.array([float(theta)]),
            theorem="theorem-1-envelope",
            step_size=float(gamma),
            weight=float(weight),
            x0=np.array([float(x)]),
            steps=1,
            batch_size=size,
        )
        if not (
            len(got) == 2
            and abs(got[0] - float(x * x)) <= ROUNDING * got[0]
            and abs(got[1] - truth) <= ROUNDING * truth
        ):
            return (
                f"bound {list(map(float, got))} at t = 0, 1 with B = {size}; exact"
                f" {[float(x * x), truth]}"
            )
    return ""


def minimises(weight: Weight) -> str:
    """No weight near or far has a lower floor, for affine, envelope, unbiased and batched
    statements.
    """
    for name, size in (
        ("theorem-1", 1),
        ("theorem-1", 4),
        ("theorem-1-envelope", 1),
        ("theorem-2", 2),
        ("unbiased", 1),
        ("unbiased", 4),
    ):
        for teacher in (TINY.minimiser + 0.05, TINY.minimiser - 0.4, THETA):

            def floor(
                lam: float, name: str = name, size: int = size, teacher: Array = teacher
            ) -> float:
                return noise_floor(
                    TINY, teacher, theorem=name, step_size=0.004, weight=lam, batch_size=size
                )

            best = weight(TINY, teacher, step_size=0.004, criterion=name, batch_size=size)
            here = floor(best)
            for other in (0.0, 1.0, best + 0.02, best - 0.02, 1.2 * best, 0.8 * best, -best):
                # Near the minimum the floor is flat: differences below 1e-9 of it are rounding.
                if floor(other) < here * (1 - 1e-9):
                    return (
                        f"{name}, B = {size}: floor {floor(other):.6g} at {other:.4g} beats"
                        f" {here:.6g} at {best:.4g}"
                    )
    return ""


def exact_engine(rule: DistilledSGD) -> tuple[Array, Array]:
    """The engine under test, as it is."""
    curve = expected(TINY, THETA, rule, step_size=GAMMA, x0=START, steps=STEPS)
    return curve.sq_distance, curve.gap
