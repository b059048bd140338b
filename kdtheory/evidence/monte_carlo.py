"""Monte Carlo evidence: runs until a sequential test decides, at level alpha over all times and all
sample sizes at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from kdtheory.evidence.bounded import TINY, UNIT
from kdtheory.evidence.judgement import Judgement, Sides, compare
from kdtheory.evidence.process import Process, enumerated, runs
from kdtheory.evidence.ranges import almost_sure, almost_sure_along
from kdtheory.evidence.sequential import Below, Exceeds
from kdtheory.evidence.tolerances import ROUNDING, Knowledge, path_error
from kdtheory.problems.base import Array

ALPHA = 1e-4  # level of "VIOLATED", and of "VERIFIED", each over all times and sample sizes
# Runs before the first look at the capital: FIRST_LOOK, or as many as move STARTED numbers a step,
# for with fewer it costs what it starts and not what it moves.  Each later batch is half of all
# before it, up to LARGEST, or to MOVED numbers: then more looks, each of which may decide, are
# free.
FIRST_LOOK, STARTED, LARGEST, MOVED = 50, 2**11, 1000, 2**17
# From a start that is only looked at for a violation: runs, their steps, and index paths.
GLANCE, NEARBY, FEW_PATHS = 50, 10, 2000
BLIND = 500  # runs where no sample of the allowed size can verify
# Index paths walked one by one, and numbers touched on the way: their mean is exact.
PATHS, WORK = (
    50_000,
    2e7,
)


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
    samples = runs(process, later, GLANCE, seed)
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
    walked = np.array(list(enumerated(process, int(claim.times[done - 1]) + 1)))
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
    made, last, quantity = process.made, int(times[-1]), process.quantity
    if made.schedule is None:
        most = almost_sure(made, last, quantity)[times]
    else:
        most = almost_sure_along(made, process.step, last, quantity)[times]
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
        samples = runs(process, times, count, fresh)
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
    problem, rule, n = process.problem, process.made.rule, process.problem.n_terms
    if rule.batch_size > 1 or rule.compressor is not None:
        return 0
    touched = problem.dim * (n if process.quantity == "gap" else 1)  # numbers on each path
    touched *= 1 if hasattr(problem, "sampled_gradients") else 500
    most = min(most, int(WORK / touched))
    if most < n:
        return 0
    return math.inf if n == 1 else math.floor(math.log(most + 0.5, n))
