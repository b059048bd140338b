"""Monte Carlo with a control variate: the noise that is known to have mean zero is taken out of every run.

Given x^t, the next iterate has the exact mean x^t - gamma (grad f(x^t) - lam h) whatever the batch and the (unbiased)
compressor, so

    M_t = sum over u < t of <grad s(x^u), x^{u+1} - E[x^{u+1} | x^u]>

has mean zero for s(x) = |x - x*|^2 and for s = f - f*: a martingale.  The mean of s(x^t) - M_t is E s(x^t), exactly as
the mean of s(x^t) is, and what remains of its spread is of second order in gamma.  Short horizons, where the noise of a
few steps hides how much they gain, are decided this way with the same error rate.
Source: our own use of a standard device (Dynkin's formula).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import Diverged
from kdtheory.problems.base import Array, FiniteSum, point, positive_float, positive_int
from kdtheory.rules import DistilledSGD
from kdtheory.simulation import Simulation, _gaps, _indices, _sampled


def simulate_compensated(
    problem: FiniteSum,
    theta: ArrayLike,
    rule: DistilledSGD,
    *,
    step_size: float,
    x0: ArrayLike,
    steps: int,
    replicates: int,
    seed: int,
    record_every: int = 1,
) -> Simulation:
    """As :func:`kdtheory.simulate`, each run minus its martingale; one full gradient a step and run is the price.

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,).
        rule: the update.
        step_size: gamma, in units of x^2/f.
        x0: start, (dim,).
        steps: horizon.
        replicates: independent runs, at least two.
        seed: whole number >= 0.
        record_every: times 0, record_every, ..., and ``steps`` are kept.

    Raises:
        InvalidInput: as ``simulate``.  Diverged: an iterate or a mean is no longer finite.
    """
    x0, theta = point(problem, x0, "x0"), point(problem, theta, "theta")
    gamma = positive_float(step_size, "step_size")
    count, every = positive_int(steps, "steps", minimum=0), positive_int(record_every, "record_every")
    runs = positive_int(replicates, "replicates", minimum=2)
    rule.noise_factor(problem.n_terms)
    corrections = rule.corrections(problem.gradients(theta))
    push = corrections.mean(axis=0)
    rng = np.random.Generator(np.random.Philox(positive_int(seed, "seed", minimum=0)))
    points = np.tile(x0, (runs, 1))
    martingales = np.zeros((2, runs))  # for |x - x*|^2 and for f - f*
    times, kept = [0], [_states(problem, points)]
    for t in range(1, count + 1):
        slopes = np.array([problem.gradient(x) for x in points])
        indices = _indices(rng, problem.n_terms, runs, rule)
        expected = points - gamma * (slopes - push)
        ahead = points - gamma * (_sampled(problem, points, indices) - corrections[indices].mean(axis=1))
        if rule.compressor is not None:
            ahead = rule.compressor.compress(ahead, rng.random(ahead.shape))
        surprise = ahead - expected
        martingales[0] += 2.0 * np.einsum("rd,rd->r", points - problem.minimiser, surprise)
        martingales[1] += np.einsum("rd,rd->r", slopes, surprise)
        points = ahead
        if t % every == 0 or t == count:
            times.append(t)
            kept.append(_states(problem, points) - martingales)
    values = np.array(kept)  # (times, 2, runs)
    mean, error = values.mean(axis=2), values.std(axis=2, ddof=1) / np.sqrt(runs)
    if not (np.isfinite(mean).all() and np.isfinite(error).all()):
        raise Diverged(
            f"The iterates overflow within {count} steps at step_size = {gamma:.6g}. Use a smaller step size."
        )
    return Simulation(np.array(times), mean[:, 0], mean[:, 1], error[:, 0], error[:, 1], runs, seed)


def _states(problem: FiniteSum, points: Array) -> Array:
    """|x - x*|^2 and f - f* at every row, (2, R)."""
    e = points - problem.minimiser
    return np.array([(e * e).sum(axis=1), _gaps(problem, points)])
