"""R6: distilling a compressed student: unbiased compressors by omega, stochastic rounding by bits,
and a pruned model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from kdtheory.bounds.values import noise_floor
from kdtheory.engines.exact import Expectation, expected, stationary
from kdtheory.engines.simulate.simulation import simulate
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array
from kdtheory.problems.teacher import gap_at, teacher_statistics
from kdtheory.reproductions.data import whitened_cancer
from kdtheory.reproductions.drawing import line, picture
from kdtheory.reproductions.result import Interval, Reproduction, spread
from kdtheory.rules.compressors import Bernoulli, RandK, StochasticRounding
from kdtheory.rules.distilled import Compressor, DistilledSGD

TITLE = "A compressed student"
CLAIM = (
    "Distillation carries over to a compressed model x⁺ = C(x - γ(G - λH)) with an unbiased"
    " compressor C, E|C(y) - y|² ≤ ω|y|²: the noise that the teacher shares with the student is"
    " still removed, the compressor's own noise comes on top."
)
STEP, BATCH, DISTANCE = 0.2, 256, 0.05
OMEGAS = np.geomspace(1e-6, 0.2, 9)
SETTLED = (
    200  # steps; at omega = 0.2 a step keeps at most 0.9 of the second moment, and 0.9^200 is 1e-9
)
KEPT = (29, 28, 27, 26, 25)  # of 30 coordinates: omega = 30/k - 1 = 0.034 ... 0.2
BITS = (2, 3, 4, 5, 6, 8, 10)
PRUNED_WEIGHTS = np.linspace(0, 1, 21)
REPLICATES, STEPS, BURN_IN, EVERY = 60, 120, 40, 4  # 5/(gamma mu) = 25 steps


@dataclass(frozen=True)
class Floors:
    """Stationary E|x - x*|^2, for plain SGD, KD at the uncompressed lambda deg and unbiased KD,
    arrays over compressors."""

    sgd: Array
    kd: Array
    unbiased: Array
    bound: Array  # compressed-envelope, at KD's weight


def rule_set(
    best: float, centred: float, compressor: Compressor | None
) -> tuple[DistilledSGD, DistilledSGD, DistilledSGD]:
    """SGD, KD and unbiased KD with one compressor."""
    return (
        DistilledSGD(batch_size=BATCH, compressor=compressor),
        DistilledSGD(best, batch_size=BATCH, compressor=compressor),
        DistilledSGD(centred, unbiased=True, batch_size=BATCH, compressor=compressor),
    )


def settled(problem: LeastSquares, theta: Array, rule: DistilledSGD) -> float:
    """The stationary E|x - x*|^2 by recursion, quicker than a linear solve with 495 unknowns."""
    return float(
        expected(
            problem, theta, rule, step_size=STEP, x0=theta, steps=SETTLED, at=[SETTLED]
        ).sq_distance[0]
    )


def pruned(problem: LeastSquares, theta: Array, mask: np.ndarray, weight: float) -> Expectation:
    """Stationary E f - f* of a student with only the coordinates in ``mask``, distilled from the
    dense teacher theta.

    Without ridge KD on f_n is SGD on the mixed targets (1 - lam) b_n + lam a_n.theta, so that least
    squares on the kept columns has its law; its mean is its minimiser x', hence E f - f* = f(x') -
    f* + the gap of the mixed problem.
    """
    assert problem.ridge == 0.0
    mixed = LeastSquares(
        problem.features[:, mask],
        (1 - weight) * problem.targets + weight * (problem.features @ theta),
    )
    found = stationary(mixed, mixed.minimiser, DistilledSGD(batch_size=BATCH), step_size=STEP)
    centre = np.zeros(problem.dim)
    centre[mask] = mixed.minimiser
    e = centre - problem.minimiser
    return Expectation(found.sq_distance + float(e @ e), found.gap + gap_at(problem, centre))


def run(seed: int) -> Reproduction:
    """Breast cancer by least squares on whitened features, gamma = 0.2, batches of 256, a teacher
    at distance 0.05.
    """
    problem = whitened_cancer()
    direction = np.random.default_rng(seed).standard_normal(problem.dim)
    theta = problem.minimiser + DISTANCE * direction / np.linalg.norm(direction)
    teacher = teacher_statistics(problem, theta)
    plain = stationary(problem, theta, DistilledSGD(batch_size=BATCH), step_size=STEP).sq_distance
    best, centred = plain / (plain + teacher.distance_sq), teacher.covariance / teacher.variance

    def above(compressors: list[Compressor]) -> Array:
        """The bound at KD's weight."""
        of = partial(
            noise_floor,
            problem,
            theta,
            theorem="compressed-envelope",
            weight=best,
            step_size=STEP,
            batch_size=BATCH,
        )
        return np.array([of(compressor=one) for one in compressors])

    def floors(compressors: list[Compressor]) -> Floors:
        rows = [
            [settled(problem, theta, rule) for rule in rule_set(best, centred, one)]
            for one in compressors
        ]
        sgd, kd, unbiased = np.array(rows).T
        return Floors(sgd, kd, unbiased, above(compressors))

    dropped = floors([Bernoulli(1 / (1 + omega)) for omega in OMEGAS])
    kept = floors([RandK(k) for k in KEPT])
    span = 2 * float(np.abs(problem.minimiser).max())  # of the grid: [-span, span]
    deltas = np.array([2 * span / (2**bits - 1) for bits in BITS])
    rounded = []
    for delta in deltas:
        runs = simulate(
            problem,
            theta,
            rule_set(best, centred, StochasticRounding(delta))[1],
            step_size=STEP,
            x0=theta,
            steps=STEPS,
            replicates=REPLICATES,
            seed=seed,
            record_every=EVERY,
        )
        late = runs.steps >= BURN_IN
        rounded.append((runs.sq_distance[late].mean(), runs.sq_distance_error[late].mean()))
    means, errors = np.array(rounded).T
    # On a fine grid, over whose cells the iterate spreads, rounding adds d delta^2/6 a step, and a
    # step keeps (1-gamma)^2 of it.  On a coarse one most steps are rounded away and it adds less.
    uncompressed = (1 - best) ** 2 * plain + best**2 * teacher.distance_sq
    fine = uncompressed + problem.dim * deltas**2 / 6 / (1 - (1 - STEP) ** 2)
    ceiling = above([StochasticRounding(delta) for delta in deltas])
    mask = np.argsort(np.abs(problem.minimiser))[problem.dim // 2 :]
    gaps = np.array([pruned(problem, theta, mask, weight).gap for weight in PRUNED_WEIGHTS])
    cut = problem.minimiser.copy()
    cut[mask] = 0.0
    missing = gap_at(problem, problem.minimiser - cut)
    four, eight = BITS.index(4), BITS.index(8)
    numbers = {
        "omega -> 0: KD / SGD": float(dropped.kd[0] / dropped.sgd[0]),
        "omega -> 0: KD / SGD over 1 - lambda deg": float(
            dropped.kd[0] / dropped.sgd[0] / (1 - best)
        ),
        "omega = 0.2: KD / SGD, Bernoulli": float(dropped.kd[-1] / dropped.sgd[-1]),
        "omega = 0.2: unbiased KD / SGD, Bernoulli": float(dropped.unbiased[-1] / dropped.sgd[-1]),
        "largest exact / bound": float(
            max((dropped.kd / dropped.bound).max(), (kept.kd / kept.bound).max())
        ),
        "largest rounded / bound": float((means / ceiling).max()),
        "omega = 0.2: rand-k / Bernoulli": float(kept.kd[-1] / dropped.kd[-1]),
        "8 bits: measured / fine-grid estimate": float(means[eight] / fine[eight]),
        "10 bits: measured / fine-grid estimate": float(means[-1] / fine[-1]),
        "8 bits: measured / uncompressed": float(means[eight] / uncompressed),
        "4 bits: measured / uncompressed": float(means[four] / uncompressed),
        "pruned: best gap / gap without distillation": float(gaps.min() / gaps[0]),
        "pruned: gap that no weight removes / best gap": float(missing / gaps.min()),
    }
    return Reproduction(
        numbers,
        EXPECTED,
        _paragraph(numbers, best),
        _draw(dropped, kept, (means, errors, fine, ceiling), (gaps, missing)),
    )


def _paragraph(numbers: dict[str, float], best: float) -> str:
    return (
        f"{CLAIM} Seen on breast cancer by least squares (whitened, γ = {STEP}, batches of"
        f" {BATCH}), with the weight λ° = {best:.2f} of the uncompressed student: as ω → 0 KD's"
        f" floor is {numbers['omega -> 0: KD / SGD']:.3f} of SGD's, the exact law's 1 - λ°. At ω ="
        f" 0.2 it is {numbers['omega = 0.2: KD / SGD, Bernoulli']:.3f}, and"
        f" {numbers['omega = 0.2: unbiased KD / SGD, Bernoulli']:.3f} for unbiased KD: the floor is"
        " then the compressor's, about ω|x*|²/(1 - (1 + ω)(1 - γ)²), which no teacher touches."
        " rand-k and Bernoulli compression differ little at equal ω (ratio"
        f" {numbers['omega = 0.2: rand-k / Bernoulli']:.4f}). Every exact floor stays below the"
        " bound. Rounding to 8 bits multiplies the floor by"
        f" {numbers['8 bits: measured / uncompressed']:.2f}, to 4 bits by"
        f" {numbers['4 bits: measured / uncompressed']:.0f}, less than rounding errors spread"
        " evenly over the cells would give. A pruned student (15 of 30 coordinates, a fixed mask,"
        " which is no unbiased compressor) keeps the loss that pruning costs,"
        f" {numbers['pruned: gap that no weight removes / best gap']:.0%} of its best value;"
        " distilling from the dense teacher brings it to"
        f" {numbers['pruned: best gap / gap without distillation']:.3f} of the undistilled one. The"
        " claim holds, but it helps only where the compressor's noise is below SGD's."
    )


def _draw(
    dropped: Floors, kept: Floors, rounded: tuple[Array, ...], pruning: tuple[Array, float]
) -> Figure:
    means, errors, fine, ceiling = rounded
    gaps, missing = pruning
    omegas = 30 / np.array(KEPT) - 1
    with picture(1, 3, size=(12.0, 4.0)) as (figure, (by_omega, by_bits, by_weight)):
        for place, (name, curve, marks) in enumerate(
            (
                ("SGD", dropped.sgd, kept.sgd),
                (r"KD, $\lambda^\circ$", dropped.kd, kept.kd),
                ("unbiased KD", dropped.unbiased, kept.unbiased),
            )
        ):
            by_omega.plot(OMEGAS, curve, label=name, **line(place, marker=""))
            by_omega.plot(omegas, marks, **line(place, ls="none"))
        by_omega.plot(OMEGAS, dropped.bound, label="bound (envelope), KD", **line(4, marker=""))
        by_omega.set(
            xscale="log",
            yscale="log",
            xlabel=r"$\omega$ (lines: Bernoulli, marks: rand-$k$)",
            ylabel=r"floor of $\mathbb{E}|x-x^*|^2$",
            title="unbiased compressors, exact",
        )
        by_omega.legend()
        by_bits.errorbar(
            BITS,
            means,
            yerr=1.96 * errors,
            fmt="o",
            color="black",
            ms=4,
            capsize=3,
            label="simulated, KD",
        )
        by_bits.plot(BITS, fine, label="fine-grid estimate", **line(1, marker=""))
        by_bits.plot(BITS, ceiling, label="bound (envelope)", **line(4, marker=""))
        by_bits.set(
            yscale="log",
            xlabel="bits of the grid",
            ylabel=r"floor of $\mathbb{E}|x-x^*|^2$",
            title="stochastic rounding",
        )
        by_bits.legend()
        by_weight.plot(PRUNED_WEIGHTS, gaps, label="15 of 30 coordinates kept", **line(0))
        by_weight.axhline(missing, label=r"$f$ at the pruned $x^*$", **line(2, marker=""))
        by_weight.set(
            xlabel=r"distillation weight $\lambda$",
            ylabel=r"stationary $\mathbb{E}f(x)-f^*$",
            title="pruned student, dense teacher, exact",
        )
        by_weight.legend()
    return figure


_BETTER = Interval(0.0, 1.0, "theory: at omega = 0 the best weight never raises the floor")
_BOUND = Interval(0.0, 1.0, "theory: an upper bound")
EXPECTED: dict[str, Interval] = {
    "omega -> 0: KD / SGD": _BETTER,
    "omega -> 0: KD / SGD over 1 - lambda deg": Interval(
        1.0, 1.01, "theory: exact law; omega = 1e-6 adds its |x*|^2/(2 gamma), below 1 % of a floor"
    ),
    "largest exact / bound": _BOUND,
    "largest rounded / bound": _BOUND,
    "omega = 0.2: KD / SGD, Bernoulli": spread(0.99555, 0.011, seeds=6),
    "omega = 0.2: unbiased KD / SGD, Bernoulli": spread(0.99167, 9.9e-05, seeds=6),
    "omega = 0.2: rand-k / Bernoulli": spread(1.0005, 0.0001, seeds=6),
    "8 bits: measured / fine-grid estimate": spread(0.93271, 0.01, seeds=6),
    "10 bits: measured / fine-grid estimate": spread(1.0036, 0.0068, seeds=6),
    "8 bits: measured / uncompressed": spread(2.3362, 0.026, seeds=6),
    "4 bits: measured / uncompressed": spread(188.91, 2, seeds=6),
    "pruned: best gap / gap without distillation": spread(0.92417, 0.0057, seeds=6),
    "pruned: gap that no weight removes / best gap": spread(0.9224, 0.0056, seeds=6),
}
