"""The oracle of the engines: every index path of a tiny instance, the update written out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

import kdtheory as kd

RNG = np.random.default_rng(5)
TINY = kd.LeastSquares(RNG.standard_normal((4, 3)), RNG.standard_normal(4), ridge=0.3)
THETA, START = RNG.standard_normal(3), RNG.standard_normal(3)
TEACHERS = RNG.standard_normal((2, 3))
CHANCES = np.array([0.1, 0.2, 0.3, 0.4])


def paths(
    problem: kd.FiniteSum,
    tables: Sequence[np.ndarray],
    gammas: Sequence[float],
    *,
    x0: np.ndarray,
    chances: np.ndarray | None = None,
    batch: int = 1,
    replacement: bool = True,
) -> np.ndarray:
    """E|x^t - x*|^2 and E f - f* for t = 0..T, (T+1, 2), with control variates ``tables`` (T of (N,
    d)).
    """
    n = problem.n_terms
    p = np.full(n, 1.0 / n) if chances is None else np.asarray(chances)
    if replacement:
        draws = [
            (list(b), float(np.prod(p[list(b)]))) for b in itertools.product(range(n), repeat=batch)
        ]
    else:
        every = list(itertools.permutations(range(n), batch))
        draws = [(list(b), 1.0 / len(every)) for b in every]
    layer, found = [(x0, 1.0)], []

    def read() -> None:
        square = sum(c * ((x - problem.minimiser) ** 2).sum() for x, c in layer)
        gap = sum(c * (problem.value(x) - problem.minimum) for x, c in layer)
        found.append((square, gap))

    read()
    for table, gamma in zip(tables, gammas, strict=True):
        fresh = []
        for x, chance in layer:
            with np.errstate(divide="ignore", invalid="ignore"):
                moved = (problem.gradients(x) - table) / (n * p[:, None])
            for b, c in draws:
                if c > 0.0:
                    fresh.append((x - gamma * moved[b].mean(axis=0), chance * c))
        layer = fresh
        read()
    return np.array(found)


class Own:
    """A rule of one's own: any table of control variates, any sampling."""

    def __init__(
        self, table, *, batch_size=1, replacement=True, compressor=None, probabilities=None
    ) -> None:
        self.table, self.batch_size, self.replacement = table, batch_size, replacement
        self.compressor, self.probabilities = compressor, probabilities

    def control_variates(self, problem, theta):
        return self.table


class Halved(kd.DistilledSGD):
    """A subclass that overrides control_variates."""

    def control_variates(self, problem, theta):
        return super().control_variates(problem, theta) / 2 + 0.1


class Flipped(kd.DistilledSGD):
    """A subclass that overrides the corrections alone."""

    def corrections(self, teacher_gradients):
        return -super().corrections(teacher_gradients)


class Boasting(Own):
    """A rule that says of itself what is not so; engines look at its table."""

    def combination(self, problem, theta):
        return kd.DistilledSGD(0.6).combination(problem, theta)


class Doubled(kd.ImportanceSampling):
    """Sampling that changes what it samples."""

    def control_variates(self, problem, theta):
        return 2 * super().control_variates(problem, theta)


ANY = RNG.standard_normal((4, 3))  # rows that are no multiples of features
ALONG = RNG.standard_normal(4)[:, None] * TINY.features + RNG.standard_normal(3)
RULES = {
    "any rows": (Own(ANY), THETA),
    "rank-one rows": (Own(ALONG), THETA),
    "batch of two": (Own(ANY, batch_size=2), THETA),
    "without replacement": (Own(ANY, batch_size=2, replacement=False), THETA),
    "whole batch": (Own(ANY, batch_size=4, replacement=False), THETA),
    "probabilities": (Own(ANY, probabilities=CHANCES), THETA),
    "probabilities and a batch": (Own(ALONG, probabilities=CHANCES, batch_size=2), THETA),
    "several teachers": (kd.DistilledSGD([0.7, -0.3]), TEACHERS),
    "several, unbiased": (kd.DistilledSGD([0.7, -0.3], unbiased=True, batch_size=2), TEACHERS),
    "equal teachers": (kd.DistilledSGD([0.7, -0.3]), np.array([THETA, THETA])),
    "blocks": (kd.DistilledSGD([0.7, -0.3], blocks=[[0, 2], [1]]), THETA),
    "a block": (kd.DistilledSGD([0.7], blocks=[slice(1, None)], unbiased=True), THETA),
    "overridden": (Halved(0.6), THETA),
    "overridden corrections": (Flipped(0.6, batch_size=2), THETA),
    "boasting": (Boasting(ANY), THETA),
    "doubled": (Doubled(kd.DistilledSGD(0.6), CHANCES), THETA),
    "lipschitz": (kd.ImportanceSampling(kd.DistilledSGD(0.6), "lipschitz"), THETA),
    "optimal": (kd.ImportanceSampling(kd.DistilledSGD(0.6, unbiased=True), "optimal"), THETA),
    "sampled": (
        kd.ImportanceSampling(kd.DistilledSGD([0.6, 0.2], batch_size=2), CHANCES),
        TEACHERS,
    ),
}


def enumerated(rule, theta, gammas, problem=TINY, x0=START) -> np.ndarray:
    """The oracle for a rule: what it says of itself, through no engine."""
    resolve = getattr(rule, "resolved", None)
    rule = rule if resolve is None else resolve(problem, theta)
    table = rule.control_variates(problem, theta)
    return paths(
        problem,
        [table] * len(gammas),
        gammas,
        x0=x0,
        chances=getattr(rule, "probabilities", None),
        batch=rule.batch_size,
        replacement=rule.replacement,
    )
