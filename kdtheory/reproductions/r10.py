"""R10: several checkpoints of one run as teachers: the nearest point of their hull counts."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from kdtheory.bounds.best_weights import optimal_weight
from kdtheory.bounds.values import noise_floor, step_size_limit
from kdtheory.engines.exact import stationary
from kdtheory.problems.base import Array
from kdtheory.problems.datasets import bundled
from kdtheory.problems.least_squares import LeastSquares
from kdtheory.reproductions.drawing import control, line, picture
from kdtheory.reproductions.result import Interval, Reproduction
from kdtheory.rules.distilled import DistilledSGD

TITLE = "Checkpoints of one run as teachers: their affine hull"
CLAIM = (
    "The exact law for quadratics: distilling from several teachers is distilling from the point of"
    " their affine hull nearest to x*, and the least stationary error is S₀δ²/(S₀ + δ²)."
)
MOST, SPACING = 8, 40  # checkpoints, and the SGD steps between them
LAW, ONE = "largest |engine / law - 1|", "one checkpoint / SGD"
SINGLE, MEAN = "best single checkpoint / SGD", f"mean of {MOST} checkpoints / SGD"
ALL, BOUND = f"{MOST} checkpoints / SGD", f"Theorem 1's floor, {MOST} checkpoints / one"


def run(seed: int) -> Reproduction:
    """Diabetes, ridge 0.1, gamma = 1/(8 Lcal); SGD from 0, the last 1, 2, ..., 8 checkpoints."""
    problem = bundled("diabetes")
    assert isinstance(problem, LeastSquares)
    gamma = step_size_limit(problem, "theorem-1")
    checkpoints = _checkpoints(problem, gamma, seed)
    sgd = stationary(problem, problem.minimiser, DistilledSGD(), step_size=gamma).sq_distance
    truth, law, floors, alone = [], [], [], []
    for count in range(1, MOST + 1):
        theta = checkpoints[-count:]
        weight = optimal_weight(problem, theta, step_size=gamma, criterion="exact")
        rule = DistilledSGD(tuple(weight.tolist()))
        truth.append(stationary(problem, theta, rule, step_size=gamma).sq_distance)
        near = _distance_sq(theta, problem.minimiser)
        law.append(sgd * near / (sgd + near))
        best = optimal_weight(problem, theta, step_size=gamma)
        floors.append(
            noise_floor(problem, theta, theorem="theorem-1", step_size=gamma, weight=best)
        )
        far = float(np.sum((theta[0] - problem.minimiser) ** 2))
        alone.append(sgd * far / (sgd + far))
    seen = np.array([truth, law, floors, alone])
    numbers = {
        LAW: float(np.abs(seen[0] / seen[1] - 1).max()),
        ONE: float(seen[0, 0] / sgd),
        ALL: float(seen[0, -1] / sgd),
        SINGLE: float(seen[3].min() / sgd),
        MEAN: float(np.sum((checkpoints.mean(axis=0) - problem.minimiser) ** 2) / sgd),
        BOUND: float(seen[2, -1] / seen[2, 0]),
    }
    return Reproduction(numbers, EXPECTED, _paragraph(numbers), _draw(seen, sgd))


def _checkpoints(problem: LeastSquares, gamma: float, seed: int) -> Array:
    """(MOST, dim), every ``SPACING`` steps of one run of plain SGD from 0, after it has settled."""
    rng = np.random.default_rng([seed, 10])
    settle = int(5 / (gamma * float(problem.constants.mu)))
    x, found = np.zeros(problem.dim), []
    for step in range(1, settle + MOST * SPACING + 1):
        n = int(rng.integers(problem.n_terms))
        row = problem.features[n]
        x = x - gamma * ((row @ x - problem.targets[n]) * row + problem.ridge * x)
        if step > settle and (step - settle) % SPACING == 0:
            found.append(x)
    return np.array(found)


def _distance_sq(theta: Array, x: Array) -> float:
    """Squared distance of ``x`` from the affine hull of the rows, by least squares."""
    away = x - theta[0]
    span = (theta[1:] - theta[0]).T
    if span.size:
        away = away - span @ np.linalg.lstsq(span, away, rcond=None)[0]
    return float(away @ away)


def _paragraph(n: dict[str, float]) -> str:
    return (
        f"{CLAIM} Seen on the diabetes data (ten features) with the last checkpoints of one run of"
        f" plain SGD as teachers, {SPACING} steps apart: the exact engine and the law agree"
        f" (largest relative difference {n[LAW]:.1e}). One checkpoint leaves {n[ONE]:.3f} of SGD's"
        f" stationary error, the best single one {n[SINGLE]:.3f}, {MOST} together {n[ALL]:.3f}."
        f" Plain averaging of the {MOST} checkpoints, which needs neither weights nor steps, is"
        f" at {n[MEAN]:.3f}. Theorem 1's bound, which charges every bias 1/(γμ) times, gains too:"
        f" its floor with {MOST} checkpoints is {n[BOUND]:.3f} of that with one, since biases can"
        " be made to cancel. The weights that do it use x*; a practitioner has to estimate them."
    )


def _draw(seen: Array, sgd: float) -> Figure:
    counts = np.arange(1, MOST + 1)
    truth, law, floors, alone = seen
    with picture(1, 2, size=(9.6, 4.0)) as (figure, (left, right)):
        left.plot(counts, alone / sgd, label="this checkpoint alone", **control())
        left.plot(counts, law / sgd, label="law of the hull", **line(1, marker=""))
        left.plot(counts, truth / sgd, label="exact, all of the last", **line(0, ls="none"))
        left.set(
            yscale="log",
            xlabel="checkpoints, counted from the end",
            ylabel="stationary error / that of SGD",
            title=r"the truth, with the best weights",
        )
        left.legend()
        right.plot(counts, floors / floors[0], label="Theorem 1's floor", **line(2))
        right.set(
            xlabel="checkpoints",
            ylabel="floor / that of one checkpoint",
            title=r"the bound, with its own weights",
        )
        right.legend()
    return figure


EXPECTED = {
    LAW: Interval(0.0, 1e-8, "theory: the exact law; two linear solves round by about 1e-10"),
    ONE: Interval(0.0, 1.0, "theory: min(S0, delta^2) at most"),
    ALL: Interval(0.0, 1.0, "theory: a larger hull is never farther"),
    SINGLE: Interval(0.0, 1.0, "theory: min(S0, delta^2) at most"),
    MEAN: Interval(0.0, 5.0, "one run; in the mean at most that of one checkpoint"),
    BOUND: Interval(0.0, 1.0 + 1e-9, "theory: more teachers never make the best bound worse"),
}
