"""Monte Carlo evidence: runs until a sequential test decides, at level alpha over all times and all
sample sizes at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from kdtheory.engines.simulate.batched import gaps, sampled, visited
from kdtheory.engines.simulate.job import Job
from kdtheory.evidence.bounded import TINY, UNIT
from kdtheory.evidence.judgement import Judgement, Sides, compare
from kdtheory.evidence.ranges import almost_sure, almost_sure_along
from kdtheory.evidence.sequential import Below, Exceeds
from kdtheory.evidence.tolerances import ROUNDING, Knowledge, path_error
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.problems.memory import remembered
from kdtheory.rules.experiment import Experiment, experiment
from kdtheory.rules.schedule import Schedule

ALPHA = 1e-4  # level of "VIOLATED", and of "VERIFIED", each over all times and sample sizes
# Runs before the first look at the capital: FIRST_LOOK, or as many as move STARTED numbers a step,
# for with fewer it costs what it starts and not what it moves.  Each later batch is half of all
# before it, up to LARGEST, or to MOVED numbers: then more looks, each of which may decide, are
# free.
FIRST_LOOK, STARTED, LARGEST, MOVED = 50, 2**11, 1000, 2**17
KEPT = 2**17  # numbers in samples that are kept for the next statement
# From a start that is only looked at for a violation: runs, their steps, and index paths.
GLANCE, NEARBY, FEW_PATHS = 50, 10, 2000
BLIND = 500  # runs where no sample of the allowed size can verify
# Index paths walked one by one, and numbers touched on the way: their mean is exact.
PATHS, WORK = (
    50_000,
    2e7,
)


@dataclass(frozen=True)
class Process:
    """The iterates of ``rule`` from ``x0``; ``quantity`` says what is read of each.  With a
    ``plan`` the steps are its own, and ``gamma`` is the largest of them.
    """

    problem: FiniteSum
    theta: Array
    rule: Any
    gamma: float
    x0: Array
    quantity: str
    plan: Schedule | None = None

    @cached_property
    def made(self) -> Experiment:
        """What an engine runs."""
        gamma = self.gamma if self.plan is None else None
        return experiment(
            self.problem, self.theta, self.rule, step_size=gamma, schedule=self.plan, x0=self.x0
        )

    def step(self, t: int) -> tuple[float, Array]:
        """The step size of step ``t``, and its control variates (N, d)."""
        plan = self.made.schedule
        if plan is None:
            return self.made.gamma, self.made.control_variates
        gamma = float(plan.step_sizes[t])
        if plan.weights is None:
            return gamma, self.made.control_variates
        return gamma, np.tensordot(np.atleast_1d(plan.weights[t]), self.made.parts, axes=1)


@dataclass(frozen=True)
class Claimed:
    """``values`` (T,) at increasing ``times`` (T,), good to ``errors`` (T,); ``known`` is how well
    floats know the problem, None for numbers taken as they are, ``taught`` the error of the control
    variates, ``doubt`` (T,) how much larger the values may be where floats do not tell the regime.
    """

    times: np.ndarray
    values: Array
    errors: Array
    known: Knowledge | None = None
    identity: bool = False
    taught: float = 0.0
    doubt: Array | float = 0.0

    @property
    def doubts(self) -> Array:
        """``doubt`` time by time."""
        return np.broadcast_to(self.doubt, self.values.shape)

    def room(self, process: Process) -> Array:
        """What Z and the claim together are known to, at values of Z as large as the claim."""
        return np.asarray(self.errors + self.seen_error(process, np.maximum(self.values, 0.0)))

    def seen_error(self, process: Process, seen: Array) -> Array:
        """What means of Z that are ``seen`` at the first times are good to."""
        times = self.times[: len(seen)]
        if self.known is None:
            return (process.problem.dim + times) * UNIT * np.abs(seen)
        return path_error(
            self.known,
            seen,
            times,
            gap=process.quantity == "gap",
            gamma=process.gamma,
            taught=self.taught,
            L=float(process.problem.constants.L),
        )


def judge(
    process: Process, claim: Claimed, *, replicates: int, seed: int, alpha: float = ALPHA
) -> Judgement:
    """Z_t = |x^t - x*|^2 or f(x^t) - f* against the claim, with at most ``replicates`` runs.

    The first times are exact means over all index paths while these are few.  VERIFIED needs an
    almost sure range of Z (:mod:`kdtheory.evidence.ranges`); an identity can be violated by
    samples, never verified.  Both tests keep off the claim by what the two sides are known to.
    """
    done, sure = _exactly(process, claim)
    if done and (sure.status != "VERIFIED" or done == len(claim.times)):
        return sure
    ratio = sure.ratio if done and claim.times[done - 1] > 0 else 0.0  # the largest so far
    return _sampled(process, claim, done, ratio, replicates=replicates, seed=seed, alpha=alpha)


def glance(process: Process, claim: Claimed, *, seed: int, alpha: float = ALPHA) -> Judgement:
    """A look from one more start that may refute and does not verify: exact where index paths are
    few, then ``GLANCE`` runs of the first ``NEARBY`` steps, where noise shows if it ever does.

    VERIFIED stands for the exact part alone; the reason says how far that goes.
    """
    done, sure = _exactly(process, claim, FEW_PATHS)
    ratio = sure.ratio if done and claim.times[done - 1] > 0 else 0.0
    told = f"exactly up to t = {claim.times[done - 1]}" if done else ""
    later = claim.times[done:][claim.times[done:] <= NEARBY]
    if done and (sure.status != "VERIFIED" or not len(later)):
        return sure if sure.status != "VERIFIED" else replace(sure, ratio=ratio, reason=told)
    bound = claim.values[done : done + len(later)]
    part = slice(done, done + len(later))
    above = Exceeds(bound + (claim.room(process) + claim.doubts)[part])
    samples = _runs(process, later, GLANCE, seed)
    above.watch(samples)
    if above.log_evidence() >= math.log(1.0 / alpha):
        mean = samples.mean(axis=0)
        with np.errstate(over="ignore"):
            ratios = mean / np.maximum(bound, TINY)
        cell = int(np.argmax(above.capital.max(axis=0)))
        told = f"at t = {later[cell]}, say: mean {mean[cell]:.6g} > rhs = {bound[cell]:.6g}"
        return Judgement(
            "VIOLATED",
            max(ratio, float(ratios.max())),
            f"{told}, refuted by {GLANCE} runs at level {alpha:g}",
            (float(mean[-1]), float(bound[-1])),
            int(later[cell]),
        )
    reason = f"{told}{', ' if told else ''}not refuted by {GLANCE} runs up to t = {later[-1]}"
    return Judgement("VERIFIED", ratio, reason, sure.ends, sure.place)


def _exactly(process: Process, claim: Claimed, most: int = PATHS) -> tuple[int, Judgement]:
    """How many of the first times are known exactly, and what they say."""
    done = int((claim.times <= _reach(process, most)).sum())
    if not done:
        return 0, Judgement("UNDECIDED", 0.0, "")
    walked = np.array(list(_enumerated(process, int(claim.times[done - 1]) + 1)))
    seen = walked[claim.times[:done]]
    sides = Sides(
        seen,
        claim.values[:done],
        claim.seen_error(process, seen),
        claim.errors[:done],
        claim.times[:done],
        claim.doubts[:done],
    )
    return done, compare(sides, identity=claim.identity)


def _sampled(
    process: Process,
    claim: Claimed,
    done: int,
    start: float,
    *,
    replicates: int,
    seed: int,
    alpha: float,
) -> Judgement:
    """The times from the ``done``-th on, by runs; ``start`` is the largest ratio before them."""
    times, bound, room = claim.times[done:], claim.values[done:], claim.room(process)[done:]
    identity = claim.identity
    where: dict[str, Any] = {
        "x0": process.x0,
        "steps": int(times[-1]),
        "quantity": process.quantity,
    }
    if process.plan is None:
        most = almost_sure(
            process.problem, process.theta, process.rule, gamma=process.gamma, **where
        )[times]
    else:
        most = almost_sure_along(process.problem, process.rule, process.step, **where)[times]
    bounded = bool(np.isfinite(most).all())
    low = np.where(room <= ROUNDING * bound, bound, np.maximum(bound - room, 0.0))
    above, below = Exceeds(bound + room + claim.doubts[done:]), Below(low, most)
    under = Exceeds(np.maximum(most - low, 0.0))
    seeds = np.random.SeedSequence(seed)
    needed, seen, total, ratio = math.log(1.0 / alpha), 0, np.zeros(len(times)), 0.0
    if not identity and float((below.fastest() * replicates).min()) < needed:
        # Verification is out of reach; a violation may still show.
        replicates = min(replicates, BLIND if bounded else FIRST_LOOK)

    def said(status: str, reason: str) -> Judgement:
        ends = (float(total[-1] / seen), float(bound[-1]))
        place = int(times[np.argmax(total / np.maximum(bound, TINY))])
        return Judgement(status, ratio, reason, ends, place)

    dim = process.problem.dim
    first, largest = max(FIRST_LOOK, min(LARGEST, STARTED // dim)), min(LARGEST, MOVED // dim)
    while seen < replicates:
        count = min(max(first, min(seen // 2, largest)), replicates - seen)
        fresh = int(seeds.spawn(1)[0].generate_state(1, np.uint64)[0])
        samples = _runs(process, times, count, fresh)
        seen += count
        total += samples.sum(axis=0)
        # A wrong claim may be 0 or negative: its ratio is infinite.
        with np.errstate(over="ignore"):
            ratio = max(start, float((total / seen / np.maximum(bound, TINY)).max()))
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
            # a mean above the claim that passed at an earlier look decides nothing
            if ratio <= 1.0 + ROUNDING and (below.log_evidence() >= needed).all():
                others = (
                    f"{done} exactly, the others by {seen} runs of bounded range at level {alpha:g}"
                )
                return said("VERIFIED", f"lhs <= rhs at all {done + len(times)} times, {others}")
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
            " mean. Give the problem term_curvature = (low, high), bounds on the Hessian of every"
            " single f_n (compressors of one's own have no range either)"
        )
    cell = int(np.argmin(below.log_evidence()))
    return (
        f"at t = {times[cell]} the capital is e^{below.log_evidence()[cell]:.1f} (range"
        f" {below.most[cell]:.3g}, rhs {below.claimed[cell]:.3g}); raise replicates"
    )


def _reach(process: Process, most: int) -> float:
    """The last time to which at most ``most`` index paths lead; single terms without compression
    only.
    """
    problem, rule, n = process.problem, process.rule, process.problem.n_terms
    if rule.batch_size > 1 or rule.compressor is not None:
        return 0
    touched = problem.dim * (n if process.quantity == "gap" else 1)  # numbers on each path
    touched *= 1 if hasattr(problem, "sampled_gradients") else 500
    most = min(most, int(WORK / touched))
    if most < n:
        return 0
    return math.inf if n == 1 else math.floor(math.log(most + 0.5, n))


def _enumerated(process: Process, times: int) -> Iterator[float]:
    """E Z_t from all index paths, t = 0, 1, ..., ``times`` - 1."""
    problem, quantity, n = process.problem, process.quantity, process.problem.n_terms
    points = process.x0[None, :]
    yield float(_values(problem, points, quantity)[0])
    for t in range(1, times):
        gamma, corrections = process.step(t - 1)
        indices = np.tile(np.arange(n), len(points))[:, None]
        points = np.repeat(points, n, axis=0)
        steps = sampled(problem, points, indices) - corrections[indices[:, 0]]
        points = points - gamma * steps
        yield float(_values(problem, points, quantity).mean())


def _runs(process: Process, times: np.ndarray, count: int, seed: int) -> Array:
    """Z of ``count`` independent runs at ``times``, (count, T).

    Statements with the same weight, step size and seed speak of the same runs, bit for bit; they
    are simulated once.
    """
    problem, rule, quantity = process.problem, process.rule, process.quantity
    made = process.made
    job = Job(made, times, count, seed, gap=False, resume=None)

    def samples() -> Array:
        found = np.array([_values(problem, points, quantity) for points in visited(job)]).T
        found.flags.writeable = False
        return found

    if rule.compressor is not None or count * len(times) > KEPT:
        return samples()
    points: tuple[bytes, ...] = (process.theta.tobytes(), process.x0.tobytes(), times.tobytes())
    if process.plan is not None:
        points = (
            *points,
            process.plan.step_sizes.tobytes(),
            np.asarray(process.plan.weights).tobytes(),
        )
    law = (made.control_variates.tobytes(), rule.batch_size)
    return remembered(
        problem,
        ("runs", quantity, *law, rule.replacement, process.gamma, count, seed, *points),
        samples,
    )


def _values(problem: FiniteSum, points: Array, quantity: str) -> Array:
    if quantity == "gap":
        return np.maximum(gaps(problem, points), 0.0)  # f - f* >= 0; below it is rounding
    e = points - problem.minimiser
    return np.asarray((e * e).sum(axis=1))
