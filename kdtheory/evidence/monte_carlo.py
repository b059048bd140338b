"""Monte Carlo evidence: runs until a sequential test decides, at level alpha over all times and all
sample sizes at once."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from kdtheory.engines.simulate.batched import gaps, sampled, visited
from kdtheory.engines.simulate.job import Job
from kdtheory.evidence.judgement import Judgement, compare
from kdtheory.evidence.ranges import almost_sure
from kdtheory.evidence.sequential import Below, Exceeds
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.problems.memory import remembered
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.experiment import experiment

ALPHA = 1e-4  # level of "VIOLATED", and of "VERIFIED", each over all times and sample sizes
# Runs before the first look at the capital; each later batch is as large as all before it, up to
# LARGEST, or to MOVED numbers: with so many a step costs what it moves and not what it starts, and
# more looks, each of which may decide, are free.
FIRST_LOOK, LARGEST, MOVED = 50, 1000, 2**17
KEPT = 2**17  # numbers in samples that are kept for the next statement
BLIND = 500  # runs where no sample of the allowed size can verify
# Index paths walked one by one, and numbers touched on the way: their mean is exact.
PATHS, WORK = (
    50_000,
    2e7,
)


def judge(
    problem: FiniteSum,
    theta: Array,
    rule: DistilledSGD,
    times: np.ndarray,
    claimed: Array,
    *,
    gamma: float,
    x0: Array,
    quantity: str,
    identity: bool,
    replicates: int,
    seed: int,
    alpha: float = ALPHA,
) -> Judgement:
    """Z_t = |x^t - x*|^2 or f(x^t) - f* against ``claimed`` (T,) at increasing ``times`` (T,), with
    at most ``replicates`` runs.

    The first times are exact means over all index paths while these are few.  VERIFIED needs an
    almost sure range of Z (:mod:`kdtheory.evidence.ranges`); an identity can be violated by
    samples, never verified.
    """
    first = np.array(
        list(_enumerated(problem, theta, rule, gamma, x0, quantity, int(times[-1]) + 1))
    )
    known = int((times < len(first)).sum())
    start = 0.0  # the largest ratio so far
    if known:
        sure = compare(first[times[:known]], claimed[:known], times[:known], identity=identity)
        if sure.status == "VIOLATED" or known == len(times):
            return sure
        start = sure.ratio if times[known - 1] > 0 else 0.0
    times, bound = times[known:], claimed[known:]
    most = almost_sure(
        problem, theta, rule, gamma=gamma, x0=x0, steps=int(times[-1]), quantity=quantity
    )[times]
    bounded = bool(np.isfinite(most).all())
    above, below, under = Exceeds(bound), Below(bound, most), Exceeds(np.maximum(most - bound, 0.0))
    made = experiment(problem, theta, rule, step_size=gamma, x0=x0)
    seeds = np.random.SeedSequence(seed)
    needed, seen, total, ratio = math.log(1.0 / alpha), 0, np.zeros(len(times)), 0.0
    if bounded and not identity and float((below.fastest() * replicates).min()) < needed:
        # Verification is out of reach; a violation may still show.
        replicates = min(replicates, BLIND)

    def said(status: str, reason: str) -> Judgement:
        return Judgement(status, ratio, reason, (float(total[-1] / seen), float(bound[-1])))

    largest = min(LARGEST, MOVED // problem.dim)
    while seen < replicates:
        count = min(max(FIRST_LOOK, min(seen, largest)), replicates - seen)
        fresh = int(seeds.spawn(1)[0].generate_state(1, np.uint64)[0])
        samples = _runs(Job(made, times, count, fresh, gap=False, resume=None), quantity)
        seen += count
        total += samples.sum(axis=0)
        # A wrong claim may be 0 or negative: its ratio is infinite.
        with np.errstate(over="ignore"):
            ratio = max(
                start, float((total / seen / np.maximum(bound, np.finfo(float).tiny)).max())
            )
        above.watch(samples)
        if above.log_evidence() >= needed:
            cell = int(np.argmax(above.capital.max(axis=0)))
            mean = f"mean {total[cell] / seen:.6g} > rhs = {bound[cell]:.6g}"
            return said(
                "VIOLATED",
                f"at t = {times[cell]}, say: {mean}, refuted by {seen} runs at level {alpha:g}",
            )
        if identity and bounded:
            under.watch(np.maximum(most - samples, 0.0))
            if under.log_evidence() >= needed:
                below_it = "the mean lies below the right-hand side, an identity"
                return said("VIOLATED", f"{below_it}: {seen} runs at level {alpha:g}")
        elif bounded:
            below.watch(samples)
            if (below.log_evidence() >= needed).all():
                others = (
                    f"{known} exactly, the others by {seen} runs of bounded range at level"
                    f" {alpha:g}"
                )
                return said("VERIFIED", f"lhs <= rhs at all {known + len(times)} times, {others}")
    return said(
        "UNDECIDED",
        f"{seen} runs at level {alpha:g}: {_why(below, times, identity=identity, bounded=bounded)}",
    )


def _why(below: Below, times: np.ndarray, *, identity: bool, bounded: bool) -> str:
    """What is missing."""
    if identity:
        return "an identity is never verified by samples"
    if not bounded:
        return (
            "no almost sure range of the error is known, and a rare large value might carry its"
            " mean"
        )
    cell = int(np.argmin(below.log_evidence()))
    return (
        f"at t = {times[cell]} the capital is e^{below.log_evidence()[cell]:.1f} (range"
        f" {below.most[cell]:.3g}, rhs {below.claimed[cell]:.3g}); raise replicates"
    )


def _enumerated(
    problem: FiniteSum,
    theta: Array,
    rule: DistilledSGD,
    gamma: float,
    x0: Array,
    quantity: str,
    times: int,
) -> Iterator[float]:
    """E Z_t from all index paths, t = 0, 1, ... while they are few; single terms without
    compression only.
    """
    points, n = x0[None, :], problem.n_terms
    yield float(_values(problem, points, quantity)[0])
    corrections = rule.corrections(problem.gradients(theta))
    for _ in range(1, times):
        paths = len(points) * n
        touched = (
            paths
            * problem.dim
            * (n if quantity == "gap" else 1)
            * (1 if hasattr(problem, "sampled_gradients") else 500)
        )
        if rule.batch_size > 1 or rule.compressor is not None or paths > PATHS or touched > WORK:
            return
        indices = np.tile(np.arange(n), len(points))[:, None]
        points = np.repeat(points, n, axis=0)
        points = points - gamma * (sampled(problem, points, indices) - corrections[indices[:, 0]])
        yield float(_values(problem, points, quantity).mean())


def _runs(job: Job, quantity: str) -> Array:
    """Z of independent runs at the job's times, (runs, T).

    Statements with the same weight, step size and seed speak of the same runs, bit for bit; they
    are simulated once.
    """

    def samples() -> Array:
        found = np.array([_values(job.made.problem, points, quantity) for points in visited(job)]).T
        found.flags.writeable = False
        return found

    made = job.made
    if made.compressor is not None or job.replicates * len(job.times) > KEPT:
        return samples()
    points = (made.theta.tobytes(), made.start.tobytes(), job.times.tobytes())
    return remembered(
        made.problem,
        ("runs", quantity, made.rule, made.gamma, job.replicates, job.seed, *points),
        samples,
    )


def _values(problem: FiniteSum, points: Array, quantity: str) -> Array:
    if quantity == "gap":
        return np.maximum(gaps(problem, points), 0.0)  # f - f* >= 0; below it is rounding
    e = points - problem.minimiser
    return np.asarray((e * e).sum(axis=1))
