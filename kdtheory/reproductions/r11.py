"""R11: a teacher that is a moving average of the student, against a smaller step at equal speed."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from kdtheory.bounds.values import step_size_limit
from kdtheory.engines.exact import expected, stationary
from kdtheory.problems.base import Array
from kdtheory.problems.datasets import bundled
from kdtheory.problems.least_squares import LeastSquares
from kdtheory.reproductions.drawing import control, line, picture
from kdtheory.reproductions.result import Interval, Reproduction
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.renewed import RenewedTeacher

TITLE = "A renewed teacher against a smaller step of the same speed"
CLAIM = (
    "A teacher θ⁺ = (1 - α)θ + αx⁺ removes noise and, in time, its own bias: with one curvature h"
    " the stationary variance is (γσ²/2h)(1 - λ)(α + γh(1 - λ))/(α + γh) for small steps."
)
WEIGHTS = (0.3, 0.6, 0.9)
RENEWALS = np.geomspace(1e-5, 1.0, 16)
LAW = "largest |exact / small-step law - 1|, one dimension"
BEST = "least variance over SGD's of equal speed"
WORST = "largest variance over SGD's of equal speed"
EVEN = "curves: renewed over plain SGD, at equal noise, worst time"


def run(seed: int) -> Reproduction:
    """One dimension, where both are a number; then diabetes, curves from 0 by exact moments."""
    line_problem = LeastSquares([[1.0], [1.0]], [1.0, -1.0])  # h = 1, additive noise, sigma^2 = 1
    gamma = 0.01
    ratios = np.empty((len(WEIGHTS), len(RENEWALS)))
    off = 0.0
    for i, weight in enumerate(WEIGHTS):
        for j, renewal in enumerate(RENEWALS):
            rule = RenewedTeacher(weight, renewal=float(renewal))
            theta = np.zeros(1)
            variance = stationary(line_problem, theta, rule, step_size=gamma).sq_distance
            ratios[i, j] = variance / _of_equal_speed(gamma, weight, float(renewal))
            if renewal <= 0.02:
                off = max(off, abs(variance / _small(gamma, weight, float(renewal)) - 1.0))
    curves, worst = _curves(seed)
    numbers = {LAW: off, BEST: float(ratios.min()), WORST: float(ratios.max()), EVEN: worst}
    return Reproduction(numbers, EXPECTED, _paragraph(numbers), _draw(ratios, curves))


def _small(gamma: float, weight: float, renewal: float) -> float:
    """The law for small gamma h and alpha, h = sigma^2 = 1."""
    left = 1.0 - weight
    return gamma / 2.0 * left * (renewal + gamma * left) / (renewal + gamma)


def _of_equal_speed(gamma: float, weight: float, renewal: float) -> float:
    """SGD's stationary variance with the step size that forgets its start as fast as the slowest
    mode of the pair (student, teacher).
    """
    pair = np.array(
        [
            [1.0 - gamma, gamma * weight],
            [renewal * (1.0 - gamma), 1.0 - renewal + renewal * gamma * weight],
        ]
    )
    slowest = float(np.abs(np.linalg.eigvals(pair)).max())
    own = 1.0 - slowest
    return own / (2.0 - own)  # gamma^2/(1 - (1 - gamma)^2)


def _curves(seed: int) -> tuple[dict[str, Array], float]:
    """Exact errors on diabetes from 0: a renewed teacher, and plain SGD whose step size is such
    that both end at the same error; the largest ratio of the two over time.
    """
    del seed  # exact moments
    problem = bundled("diabetes")
    gamma, weight, renewal = step_size_limit(problem, "theorem-1"), 0.6, 0.02
    rule, x0, steps = RenewedTeacher(weight, renewal=renewal), np.zeros(problem.dim), 20_000
    at = np.unique(np.r_[0, np.geomspace(1, steps, 200).astype(int)])
    renewed = expected(problem, x0, rule, step_size=gamma, x0=x0, steps=steps, at=at).sq_distance
    limit = stationary(problem, x0, rule, step_size=gamma).sq_distance
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2.0
        found = stationary(problem, x0, DistilledSGD(), step_size=gamma * middle).sq_distance
        low, high = (middle, high) if found < limit else (low, middle)
    slower, same = (
        expected(problem, x0, DistilledSGD(), step_size=size, x0=x0, steps=steps, at=at).sq_distance
        for size in (gamma * high, gamma)
    )
    curves = {"t": at, "renewed teacher": renewed, "SGD, equal noise": slower, "SGD, same γ": same}
    return curves, float((renewed / slower).max())


def _paragraph(n: dict[str, float]) -> str:
    verdict = (
        "no renewed teacher beats it"
        if n[BEST] >= 1.0 - 1e-9
        else f"a renewed teacher is at best {n[BEST]:.3f} of it"
    )
    return (
        f"{CLAIM} Seen: in one dimension the exact stationary variance is that law up to"
        f" {n[LAW]:.1e} (γh = 0.01, α ≤ 0.02). Is it better than what costs nothing, a smaller step"
        " that forgets the start as fast as the slowest mode of student and teacher? Over three"
        f" weights and renewals from 1e-5 to 1 {verdict}, and at worst it has {n[WORST]:.1f} times"
        " the variance: a teacher that moves slowly keeps a slow mode, and the step that matches it"
        " is tiny. On the diabetes data with λ = 0.6, α = 0.02 and plain SGD's step chosen for the"
        f" same final error, the renewed run is at most {n[EVEN]:.2f} times SGD's error at any"
        " time. For quadratics a moving-average teacher is a step-size schedule that nobody chose."
    )


def _draw(ratios: Array, curves: dict[str, Array]) -> Figure:
    with picture(1, 2, size=(9.6, 4.0)) as (figure, (left, right)):
        for place, (weight, row) in enumerate(zip(WEIGHTS, ratios, strict=True)):
            left.plot(RENEWALS, row, label=rf"$\lambda={weight}$", **line(place))
        left.axhline(1.0, color="0.5", lw=0.9)
        left.set(
            xscale="log",
            yscale="log",
            xlabel=r"renewal $\alpha$",
            ylabel="variance / that of SGD of equal speed",
            title=r"one dimension, $\gamma h=0.01$",
        )
        left.legend()
        styles = (line(0, marker=""), line(1, marker=""), control(marker=""))
        for style, name in zip(styles, list(curves)[1:], strict=True):
            right.plot(curves["t"][1:], curves[name][1:], label=name, **style)
        right.set(
            xscale="log",
            yscale="log",
            xlabel="step $t$",
            ylabel=r"$\mathbb{E}|x^t-x^*|^2$",
            title=r"diabetes, $\lambda=0.6$, $\alpha=0.02$",
        )
        right.legend()
    return figure


EXPECTED = {
    LAW: Interval(0.0, 0.05, "theory: the limit of small gamma h and alpha, here 0.01 and 0.02"),
    BEST: Interval(0.0, 1.01, "theory: alpha = 1 is SGD of step gamma (1 - lam), of equal speed"),
    WORST: Interval(0.99, 1e6, "the slowest mode forgets at the rate alpha (1 - lam)"),
    EVEN: Interval(0.0, 100.0, "depends on the data"),
}
