"""R2: the train loss against the weight, for four teachers: where is its minimum, and was it
foreseen?
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from kdtheory.algebra.envelope import noise_sq
from kdtheory.engines.simulate.simulation import simulate
from kdtheory.problems import SoftmaxRegression
from kdtheory.problems.base import Array
from kdtheory.problems.datasets import bundled
from kdtheory.problems.teacher import TeacherStatistics, gap_at, teacher_statistics
from kdtheory.reproductions.drawing import line, picture
from kdtheory.reproductions.floor import local_floor
from kdtheory.reproductions.result import Interval, Reproduction, spread
from kdtheory.rules.distilled import DistilledSGD

TITLE = "Train loss against the distillation weight"
CLAIM = (
    "Theorem 1: with a properly chosen weight SGD's noise floor falls to the order of min(γ, f(θ) -"
    " f*), so that the better the teacher, the lower the loss and the larger the best weight."
)
STEP, BATCH = 0.05, 10
# 5/(gamma mu) = 2,000 steps with ridge 0.05; f forgets in about 100.
BURN_IN, STEPS, EVERY, RUNS = 2000, 4250, 50, 8
WEIGHTS = (0.0, 0.025, 0.05, 0.075, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9, 0.95, 1.0)
CENTRED = (0.7, 0.85, 1.0)  # weights of unbiased KD, whose best one is C/V
DEFAULTS = (0.5, 0.7, 0.9)


def teachers(problem: SoftmaxRegression, seed: int) -> dict[str, Array]:
    """From immature to nearly converged, (dim,) each: SGD as the student runs it, and gradient
    descent with step 0.9."""
    rng = np.random.default_rng([seed, 1])
    epoch = problem.n_terms // BATCH
    x, found = np.zeros(problem.dim), {}
    for t in range(1, 5 * epoch + 1):
        x = (
            x
            - STEP
            * problem.sampled_gradients(x[None], rng.integers(problem.n_terms, size=(1, BATCH)))[0]
        )
        if t in (epoch, 5 * epoch):
            found[f"SGD, {t // epoch} epoch{'s' if t > epoch else ''}"] = x
    y = np.zeros(problem.dim)
    for t in range(1, 51):
        y = y - 0.9 * problem.gradient(y)
        if t in (20, 50):
            found[f"GD, {t} steps"] = y
    return dict(sorted(found.items(), key=lambda item: -gap_at(problem, item[1])))


@dataclass(frozen=True)
class Sweep:
    """One teacher: the measured floors of KD and unbiased KD by weight, and what was foreseen."""

    losses: Array  # E f - f* at WEIGHTS
    centred: Array  # the same for unbiased KD at CENTRED
    predicted: float  # lambda deg = F_0/(F_0 + F_theta)
    teacher: TeacherStatistics

    @property
    def best(self) -> float:
        """The measured minimum's place."""
        return vertex(np.array(WEIGHTS), self.losses)

    @property
    def at_half(self) -> float:
        """KD's loss at the default 0.5 in units of SGD's."""
        return float(self.losses[WEIGHTS.index(0.5)] / self.losses[0])

    @property
    def lowest_centred(self) -> float:
        """The minimum of unbiased KD in units of SGD's loss."""
        return lowest(np.array(CENTRED), self.centred) / float(self.losses[0])


def vertex(weights: Array, losses: Array) -> float:
    """The minimum of the parabola through the five points around the smallest loss (f is nearly
    quadratic there).
    """
    low = int(np.clip(np.argmin(losses) - 2, 0, len(weights) - 5))
    square, linear, _ = np.polyfit(weights[low : low + 5], losses[low : low + 5], 2)
    return float(-linear / (2 * square))


def lowest(weights: Array, losses: Array) -> float:
    """The smallest value of the parabola through all points."""
    square, linear, constant = np.polyfit(weights, losses, 2)
    return float(constant - linear**2 / (4 * square))


def settled(problem: SoftmaxRegression, theta: Array, rule: DistilledSGD, seed: int) -> float:
    """The mean of f(x^t) - f* over t >= BURN_IN and over the runs.

    All rules draw the same indices, which depend on the seed alone: most of the Monte Carlo error
    cancels between two weights, which is what a minimum over weights needs.
    """
    run = simulate(
        problem,
        theta,
        rule,
        step_size=STEP,
        x0=problem.minimiser,
        steps=STEPS,
        replicates=RUNS,
        seed=seed,
        record_every=EVERY,
        quantities=("gap",),
    )
    return float(run.gap[run.steps >= BURN_IN].mean())


def run(seed: int) -> Reproduction:
    """All weights and teachers on the digits: softmax regression, ridge 0.05, gamma = 0.05, batches
    of 10."""
    problem = bundled("digits")
    assert isinstance(problem, SoftmaxRegression)
    found = teachers(problem, seed)
    floor = local_floor(problem, step_size=STEP, batch_size=BATCH)
    rules = [DistilledSGD(weight, batch_size=BATCH) for weight in WEIGHTS]
    rules += [DistilledSGD(weight, unbiased=True, batch_size=BATCH) for weight in CENTRED]
    losses = [[settled(problem, theta, rule, seed) for rule in rules] for theta in found.values()]
    sweeps = {}
    for (name, theta), row in zip(found.items(), np.array(losses), strict=True):
        teacher = teacher_statistics(problem, theta)
        sweeps[name] = Sweep(
            row[: len(WEIGHTS)], row[len(WEIGHTS) :], floor / (floor + teacher.gap), teacher
        )
    numbers = {"floor of SGD, measured / predicted": losses[0][0] / floor}
    for name, sweep in sweeps.items():
        numbers[f"{name}: best weight, measured - predicted"] = sweep.best - sweep.predicted
        numbers[f"{name}: lowest KD, measured / predicted"] = float(
            sweep.losses.min() / (floor * (1 - sweep.predicted))
        )
        numbers[f"{name}: KD with 0.5 / SGD"] = sweep.at_half
        numbers[f"{name}: (lowest unbiased KD / SGD) / (1 - rho^2)"] = sweep.lowest_centred / (
            1 - sweep.teacher.rho**2
        )
    return Reproduction(numbers, EXPECTED, _paragraph(numbers, sweeps), _draw(sweeps, floor))


def _paragraph(numbers: dict[str, float], sweeps: dict[str, Sweep]) -> str:
    worst, *_, best = sweeps
    foreseen = ", ".join(
        f"{sweep.predicted:.3f} against {sweep.best:.3f} ({name})" for name, sweep in sweeps.items()
    )
    left = [sweep.lowest_centred for sweep in sweeps.values()]
    return (
        f"{CLAIM} Seen on the digits: the weight λ° = F₀/(F₀ + f(θ) - f*), foreseen from a"
        " quadratic model at x* without running anything, against the measured minimum:"
        f" {foreseen}. SGD's own floor F₀ is foreseen to"
        f" {abs(numbers['floor of SGD, measured / predicted'] - 1):.1%}. A default weight of 0.5"
        f" multiplies SGD's floor by {sweeps[worst].at_half:.3g} with the least mature teacher and"
        f" by {sweeps[best].at_half:.2g} with the best one, for which a larger weight would have"
        f" been better still. Unbiased KD leaves between {min(left):.2g} and {max(left):.2g} of"
        " SGD's floor, the worst teacher included: what limits KD is the teacher's bias, not its"
        " noise."
    )


def _draw(sweeps: dict[str, Sweep], floor: float) -> Figure:
    weights, near = np.linspace(0, 1, 200), np.linspace(0.65, 1.05, 200)
    with picture(1, 2, size=(9.6, 4.4)) as (figure, (biased, centred)):
        for place, (name, sweep) in enumerate(sweeps.items()):
            teacher = sweep.teacher
            biased.plot(
                WEIGHTS,
                sweep.losses,
                label=f"{name}: $\\lambda^\\circ={sweep.predicted:.2f}$",
                **line(place, ls="none"),
            )
            biased.plot(
                weights,
                (1 - weights) ** 2 * floor + weights**2 * teacher.gap,
                **line(place, marker=""),
            )
            biased.axvline(sweep.predicted, ymax=0.04, **line(place, marker="", lw=2.2))
            sigma_sq, covariance = teacher.sigma_star_sq, teacher.covariance
            noise = noise_sq(
                near, sigma_sq=sigma_sq, covariance=covariance, variance=teacher.variance
            )
            centred.plot(CENTRED, sweep.centred / sweep.losses[0], **line(place, ls="none"))
            centred.plot(
                near,
                noise / sigma_sq,
                label=f"{name}: $1-\\rho^2=${1 - teacher.rho**2:.1e}",
                **line(place, marker=""),
            )
        for weight in DEFAULTS:
            biased.axvline(weight, color="0.75", lw=3, zorder=0)
        biased.axvline(np.nan, color="0.75", lw=3, label="defaults 0.5, 0.7, 0.9")
        biased.set(
            yscale="log",
            xlabel=r"distillation weight $\lambda$",
            ylabel=r"$\mathbb{E} f(x)-f^*$",
            title=r"KD: measured (marks), $(1-\lambda)^2F_0+\lambda^2F_\theta$ (lines)",
        )
        biased.legend(loc="lower left", bbox_to_anchor=(0.0, 0.04))
        centred.set(
            yscale="log",
            xlabel=r"distillation weight $\lambda$",
            ylabel="floor / SGD's floor",
            ylim=(6e-6, 0.2),
            title=r"unbiased KD: measured (marks), $N(\lambda)/N(0)$ (lines)",
        )
        centred.legend(loc="lower left")
    return figure


EXPECTED: dict[str, Interval] = {
    "floor of SGD, measured / predicted": spread(1.011, 0.02, seeds=8, low=0.0),
    "SGD, 1 epoch: best weight, measured - predicted": spread(8.861e-05, 0.0015, seeds=8),
    "SGD, 1 epoch: lowest KD, measured / predicted": spread(1.01, 0.019, seeds=8, low=0.0),
    "SGD, 1 epoch: KD with 0.5 / SGD": spread(5.07, 0.21, seeds=8, low=0.0),
    "SGD, 1 epoch: (lowest unbiased KD / SGD) / (1 - rho^2)": spread(0.986, 0.02, seeds=8, low=0.0),
    "GD, 20 steps: best weight, measured - predicted": spread(0.002034, 0.0042, seeds=8),
    "GD, 20 steps: lowest KD, measured / predicted": spread(1.004, 0.014, seeds=8, low=0.0),
    "GD, 20 steps: KD with 0.5 / SGD": spread(0.8642, 0.013, seeds=8, low=0.0),
    "GD, 20 steps: (lowest unbiased KD / SGD) / (1 - rho^2)": spread(
        0.9892, 0.022, seeds=8, low=0.0
    ),
    "SGD, 5 epochs: best weight, measured - predicted": spread(0.003182, 0.0034, seeds=8),
    "SGD, 5 epochs: lowest KD, measured / predicted": spread(1.006, 0.021, seeds=8, low=0.0),
    "SGD, 5 epochs: KD with 0.5 / SGD": spread(0.4734, 0.083, seeds=8, low=0.0),
    "SGD, 5 epochs: (lowest unbiased KD / SGD) / (1 - rho^2)": spread(
        0.9792, 0.025, seeds=8, low=0.0
    ),
    "GD, 50 steps: best weight, measured - predicted": spread(-1.95e-05, 0.0012, seeds=8),
    "GD, 50 steps: lowest KD, measured / predicted": spread(1.023, 0.0032, seeds=8, low=0.0),
    "GD, 50 steps: KD with 0.5 / SGD": spread(0.2558, 0.00046, seeds=8, low=0.0),
    "GD, 50 steps: (lowest unbiased KD / SGD) / (1 - rho^2)": spread(
        0.9725, 0.022, seeds=8, low=0.0
    ),
}
