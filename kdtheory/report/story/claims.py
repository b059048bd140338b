"""What the paper claims, and what is seen of it on data."""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory.bounds.best_weights import optimal_weight
from kdtheory.engines.exact import expected, stationary
from kdtheory.evidence.starts import default_start
from kdtheory.problems import LeastSquares
from kdtheory.problems.teacher import teacher_statistics
from kdtheory.report.plots.curves import log_times
from kdtheory.report.plots.floors import DEFAULTS, WEIGHTS, floor_curve
from kdtheory.report.plots.setting import setting_of
from kdtheory.report.plots.teachers import reductions, teachers
from kdtheory.report.story.slide import BLUE, GREEN, GREY, RED
from kdtheory.rules.distilled import DistilledSGD

DATA = "diabetes"


def control_variate(body: Any) -> str:
    """The noise of 150 samples in the plane, before and after the teacher's is taken out."""
    rng = np.random.default_rng(4)
    features = rng.standard_normal((150, 2))
    problem = LeastSquares(features, features @ [1.0, -1.0] + rng.standard_normal(150), ridge=0.1)
    theta = problem.minimiser + [0.25, -0.15]
    noise = problem.gradients(problem.minimiser)
    taught = problem.gradients(theta)
    seen = teacher_statistics(problem, theta)
    weight = optimal_weight(problem, theta, step_size=0.01, criterion="unbiased")
    left = noise - weight * (taught - taught.mean(axis=0))
    share = float((left**2).sum() / (noise**2).sum())
    panels = body[0].subgridspec(1, 2, wspace=0.12).subplots(sharex=True, sharey=True)
    for axes, cloud, color, title in (
        (panels[0], noise, GREY, r"gradients at $x^{\ast}$: SGD's noise, 100 %"),
        (panels[1], left, BLUE, rf"after distilling, $\lambda={weight:.2f}$: {share:.1%} is left"),
    ):
        axes.plot(*cloud.T, "o", color=color, ms=7, alpha=0.75, mec="white", mew=0.5)
        axes.plot(0, 0, "+", color="black", ms=18, mew=2)
        axes.set_title(title)
        axes.set_aspect("equal")
    # Both are exact but for rounding.
    assert abs(share - (1 - seen.rho**2)) < 1e-9
    return (
        "The claim: on a distillation loss, SGD subtracts λ times the teacher's gradient of the"
        " same sample, and with it a part of its own noise."
    )


def on_data(body: Any) -> str:
    """Exact error curves of SGD and of distillation at the best weights."""
    case = setting_of(DATA, 0)
    x0 = default_start(case.problem, 0)
    times = log_times(case.steps, 120)
    best = optimal_weight(case.problem, case.theta, step_size=case.gamma, criterion="exact")
    free = optimal_weight(case.problem, case.theta, step_size=case.gamma, criterion="unbiased")
    axes = body.subplots()
    ends = []
    for rule, label, color, width in (
        (DistilledSGD(0.0), "SGD", GREY, 2.2),
        (DistilledSGD(best), rf"distilled, $\lambda={best:.2f}$", RED, 3.0),
        (
            DistilledSGD(free, unbiased=True),
            rf"distilled without bias, $\lambda={free:.2f}$",
            BLUE,
            3.0,
        ),
    ):
        run = expected(
            case.problem, case.theta, rule, step_size=case.gamma, x0=x0, steps=case.steps, at=times
        )
        axes.loglog(times, run.sq_distance, color=color, lw=width, label=label)
        ends.append(float(run.sq_distance[-1]))
    axes.set_xlabel("step $t$")
    axes.set_ylabel(case.state)
    axes.legend(loc="lower left")
    return (
        f"Seen without any sampling error on scikit-learn's {DATA} data: distilled SGD settles"
        f" {ends[0] / ends[1]:.1f} times lower than SGD, and"
        f" {ends[0] / ends[2]:.0f} times lower without the teacher's bias."
    )


def weights(body: Any) -> str:
    """Floors against lambda: a bound's, the true one, and the weights that people copy."""
    case = setting_of(DATA, 0)
    axes = body.subplots()
    for key, label, color in (
        ("theorem-1", "the paper's bound", BLUE),
        ("theorem-1-envelope", "the best bound from the same assumptions", GREEN),
    ):
        axes.semilogy(WEIGHTS, floor_curve(case, key, WEIGHTS), "--", color=color, label=label)
    star = optimal_weight(case.problem, case.theta, step_size=case.gamma, criterion="theorem-1")
    degree = optimal_weight(case.problem, case.theta, step_size=case.gamma, criterion="exact")

    def truth(weight: float) -> float:
        rule = DistilledSGD(weight)
        return stationary(case.problem, case.theta, rule, step_size=case.gamma).sq_distance

    ends = [truth(weight) for weight in (-1.0, 0.0, 1.0)]
    square, slope = (ends[0] + ends[2]) / 2 - ends[1], (ends[2] - ends[0]) / 2
    axes.semilogy(
        WEIGHTS, square * WEIGHTS**2 + slope * WEIGHTS + ends[1], color="black", label="the truth"
    )
    for key, color in (("theorem-1", BLUE), ("theorem-1-envelope", GREEN)):
        best = optimal_weight(case.problem, case.theta, step_size=case.gamma, criterion=key)
        axes.plot([best], floor_curve(case, key, np.array([best])), "v", color=color, ms=14)
    axes.plot([degree], [truth(degree)], "*", color="black", ms=22)
    for weight in DEFAULTS:
        axes.axvline(weight, color="0.5", lw=1.4, ls=":")
    axes.set_xlabel(r"distillation weight $\lambda$ (dotted: common defaults)")
    axes.set_ylabel(rf"{case.state}, $t\to\infty$")
    axes.legend(loc="upper left")
    return (
        f"Three weights, three questions: λ* = {star:.2f} gives the best guarantee, λ° ="
        f" {degree:.2f} the least true error, and 0.5 to 0.9 are what people copy."
    )


def quality(body: Any) -> str:
    """How much noise is left at the best weight, against the teacher's quality."""
    case = setting_of(DATA, 0)
    rows = [reductions(case, theta) for theta in teachers(case, 0)]
    axes = body.subplots()
    gaps = [row["gap"] for row in rows]
    for key, label, color in (
        ("biased, exact", "true, biased", RED),
        ("unbiased, exact", "true, without bias", BLUE),
        ("unbiased", r"the paper's law, $1-\rho^2$", GREY),
    ):
        style = "--" if key == "unbiased" else "o-"
        axes.loglog(gaps, [row[key] for row in rows], style, color=color, label=label, ms=8)
    axes.invert_xaxis()
    axes.set_xlabel(r"teacher's error $f(\theta)-f^{\ast}$ (better teachers to the right)")
    axes.set_ylabel("share of the noise that is left")
    axes.legend(loc="lower left")
    middle = rows[len(rows) // 2]
    return (
        "The better the teacher, the less noise: one that is"
        f" {rows[0]['gap'] / middle['gap']:,.0f} times better than the start leaves"
        f" {middle['unbiased, exact']:.1g} of it without bias, {middle['biased, exact']:.1g} with,"
        " as the law min(γ, O(f(θ) − f*)) says."
    )
