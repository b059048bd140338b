"""How far a bound is from attained on real finite sums: search for the instance with the largest
one-step lhs/rhs.

Every bound here is one step applied t times, so that one step is where its slack is.  Only noisy
instances count: those whose noise is at least half of the right-hand side (theory, Section 7: a
search over everything ends at trivial noise-free ones).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.algebra import symbols as sym
from kdtheory.bounds.curves import curve
from kdtheory.bounds.letters import letters_for, state_of
from kdtheory.bounds.values import step_size_limit
from kdtheory.campaigns.candidates import KINDS, Candidate, grid
from kdtheory.engines.exact import one_step
from kdtheory.errors import InvalidInput, KdtheoryError, unknown_name
from kdtheory.problems.base import Array, positive_int
from kdtheory.rules.compressors import Bernoulli
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.experiment import experiment
from kdtheory.statements.theorems import THEOREMS, Theorem, theorem_named

NOISE_SHARE = 0.5


@dataclass(frozen=True)
class Tightest:
    """The best instance found for a theorem in a problem class: lhs/rhs of one step, and the
    noise's share of the right-hand side.
    """

    theorem: str
    ratio: float
    noise_share: float
    instance: Candidate
    evaluations: int


def ratio_of(theorem: str | Theorem, instance: Candidate) -> tuple[float, float]:
    """(lhs/rhs of one step from ``instance.x``, noise's share of rhs), exact over all N terms.

    Raises:
        InvalidInput, StepSizeTooLarge, AssumptionFails: the instance does not satisfy what the
        statement needs.
    """
    statement = theorem_named(theorem)
    if statement.psi is None:
        raise InvalidInput(
            f"{statement.title} is an identity: every instance attains it. Search a bound."
        )
    problem = instance.problem()
    compressor = Bernoulli(instance.keep) if instance.keep < 1.0 else None
    rule = DistilledSGD(instance.weight, unbiased=statement.unbiased, compressor=compressor)
    made = experiment(problem, instance.theta, rule, step_size=instance.step_size)
    letters, state = letters_for(made, statement), state_of(statement, problem, instance.x)
    claimed = float(curve(statement, letters, state, 1)[1])
    seen = one_step(problem, instance.theta, rule, step_size=instance.step_size, x=instance.x)
    share = (
        1.0 - max(0.0, 1.0 - letters["gamma"] * letters["mu"]) * state / claimed
        if claimed > 0.0
        else 0.0
    )
    after = seen.gap if statement.quantity == "gap" else seen.sq_distance
    return after / max(claimed, np.finfo(float).tiny), share


def _decoded(theorem: Theorem, kind: str, u: Array) -> Candidate | None:
    """A point of the unit cube as a legal instance; None where the assumptions fail (a zero
    problem, say).
    """
    size = KINDS[kind].size
    arrays = KINDS[kind].arrays(u[:size])
    try:
        problem = KINDS[kind].build(arrays)
        limit = step_size_limit(problem, theorem)
    except KdtheoryError:
        return None
    d, rest = problem.dim, u[size:]
    weight = float(grid(2 * rest[0] - 0.5))
    gamma = limit * (0.05 + 0.95 * rest[1]) * (0.999 if theorem.strict else 1.0)
    # Distances from x* on a logarithmic scale, directions from the first coordinates.
    theta = grid(problem.minimiser + 10.0 ** (4 * rest[2] - 2) * (2 * rest[4 : 4 + d] - 1))
    x = grid(problem.minimiser + 10.0 ** (4 * rest[3] - 2) * (2 * rest[4 + d : 4 + 2 * d] - 1))
    keep = 1.0
    if theorem.psi is not None and sym.omega in theorem.psi.free_symbols:
        shrink = gamma * float(problem.constants.mu)
        keep = 1.0 / (1.0 + 0.5 * shrink / (1.0 - shrink))
    return Candidate(kind, arrays, theta, x, weight, gamma, keep)


def search(
    theorem: str, *, kind: str = "least-squares", seed: int = 0, rounds: int = 60
) -> Tightest:
    """The tightest noisy instance that differential evolution finds among small problems of one
    class.

    Args:
        theorem: a key of ``THEOREMS`` that bounds something.
        kind: "least-squares", "logistic", "softmax" or "sinusoidal".
        seed: of the search.
        rounds: generations; each evaluates about 40 to 90 instances.

    Raises:
        InvalidInput: unknown theorem or class, an identity, or a class that never satisfies the
            statement's assumptions.
    """
    from scipy.optimize import differential_evolution

    statement = theorem_named(theorem)
    positive_int(seed, "seed", minimum=0)
    if kind not in KINDS:
        raise unknown_name("problem class", kind, KINDS)
    if statement.psi is None:
        raise InvalidInput(
            f"{statement.title} is an identity: every instance attains it. Search a bound."
        )
    if kind == "sinusoidal" and statement.modulus == "mu":
        raise InvalidInput(
            f"{statement.title} needs strong convexity, which sinusoidal sums lack. Search a PL"
            " statement."
        )
    evaluations, best = (
        0,
        Tightest(theorem, 0.0, 0.0, Candidate(kind, {}, np.zeros(0), np.zeros(0), 0.0, 0.0), 0),
    )

    def loss(u: Array) -> float:
        nonlocal evaluations, best
        evaluations += 1
        instance = _decoded(statement, kind, u)
        if instance is None:
            return 0.0
        try:
            ratio, share = ratio_of(statement, instance)
        except KdtheoryError:  # rounding put the step size on the wrong side of an open end, say
            return 0.0
        if share >= NOISE_SHARE and ratio > best.ratio:
            best = Tightest(theorem, ratio, share, instance, evaluations)
        return -ratio * min(1.0, max(share, 0.0) / NOISE_SHARE)  # a slope towards noise, no wall

    dim = KINDS[kind].size + 4 + 2 * (4 if kind == "softmax" else 1 if kind == "sinusoidal" else 2)
    differential_evolution(
        loss,
        [(0.0, 1.0)] * dim,
        maxiter=positive_int(rounds, "rounds"),
        popsize=4,
        rng=np.random.default_rng(seed),
        polish=False,
        tol=0.0,
    )
    if best.ratio == 0.0:
        raise InvalidInput(
            f"No noisy {kind} instance of {statement.title} was found in {evaluations} evaluations;"
            " use more rounds."
        )
    return Tightest(best.theorem, best.ratio, best.noise_share, best.instance, evaluations)


def searchable() -> list[tuple[str, str]]:
    """All (theorem, class) pairs that can be searched."""
    return [
        (name, kind)
        for name, theorem in THEOREMS.items()
        if theorem.psi is not None
        for kind in KINDS
        if not (kind == "sinusoidal" and theorem.modulus == "mu")
    ]
