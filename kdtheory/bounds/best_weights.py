"""The weight that minimises a statement's floor, or the true error of least squares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.envelope import regime_border
from kdtheory.bounds.best_weights_several import (
    exact_weights,
    golden,
    horizon_weight,
    several_weights,
    sides,
)
from kdtheory.bounds.constants import Letters
from kdtheory.bounds.curves import floor_of
from kdtheory.bounds.letters import complete, letters_for
from kdtheory.engines.exact import expected_in_weight
from kdtheory.errors import InvalidInput
from kdtheory.problems.base import FiniteSum, positive_float, positive_int
from kdtheory.problems.mixtures import Blocks, mixture
from kdtheory.rules.distilled import Compressor, DistilledSGD
from kdtheory.rules.experiment import Experiment, experiment
from kdtheory.statements.theorems import THEOREMS, Theorem, theorem_named


def optimal_weight(
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    step_size: float | None = None,
    criterion: str | Theorem = "theorem-1",
    batch_size: int = 1,
    compressor: Compressor | None = None,
    blocks: Blocks | None = None,
    x0: ArrayLike | None = None,
    at: int | None = None,
    horizon: float | None = None,
) -> Any:
    """The weight that minimises the statement's floor (or, for "exact", the true stationary E|x -
    x*|^2 of least squares), a float; (m,) for m teachers or m blocks.

    With ``horizon``, the number T of steps still to go, "horizon" needs no constant of the problem
    and no step size: lam*_T = E<S,H> / (V + B (1 + T/2)|h|^2).

    With ``at`` (a time t > 0) and ``x0`` (dim,), "exact" minimises the true E|x^t - x*|^2 at that
    horizon, a quadratic in lam.

    Affine statements: lam* = E<S,H> / (V + B (1+kappa)|h|^2), and for m teachers the solution of
    (V + B (1+kappa) P) lam = C, P_ij = <h_i,h_j>; of many solutions (equal teachers, say) the
    shortest.  Sharp and envelope statements: a one-dimensional search, for one teacher between 0
    and E<S,H>/V, outside which both the bias and the noise increase, for several along the
    :class:`Front`.  Affine statements have the same weight for every ``compressor``;
    "compressed-envelope" has not, since compression moves the fixed point.  The raw value, never
    clipped.

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,), or m of them, (m, dim).
        step_size: gamma, in units of x^2/f.
        criterion: a key of ``THEOREMS``, a statement, or "exact".
        batch_size: indices a step.
        compressor: for the compressed statements.
        horizon: T > 0, for "horizon"; for step sizes that change, (sum gamma)^2 / sum gamma^2.
        blocks: index arrays or slices, one weight for the coordinates of each (theory, Section 9).

    Raises:
        InvalidInput, StepSizeTooLarge, AssumptionFails: as :func:`bound`.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> round(kd.optimal_weight(problem, problem.minimiser, step_size=0.03), 9)
    1.0
    """
    statement = None if criterion == "exact" else theorem_named(criterion)
    name = criterion if statement is None else statement.name
    ahead = statement is not None and _of_the_horizon(statement)
    if horizon is not None and not ahead:
        raise InvalidInput(
            f"horizon= is the number of steps still to go, for criterion='horizon', got"
            f" criterion={name!r}. Leave one of them out."
        )
    if step_size is None and not ahead:
        raise InvalidInput(f"criterion={name!r} needs step_size=, in units of x^2/f.")
    exact = statement is None or _is_the_law(statement)
    if (at is not None or x0 is not None) and (at is None or x0 is None or not exact):
        raise InvalidInput(
            "A weight for a horizon needs criterion='exact', the start x0 and the time at > 0,"
            " all three."
        )
    if exact and blocks is not None:
        raise InvalidInput(
            "The exact law has one weight for all coordinates, got blocks. Use"
            " criterion='theorem-1' or another bound."
        )
    rule = DistilledSGD(batch_size=batch_size, compressor=compressor)
    if at is not None and x0 is not None:
        time, size = positive_int(at, "at"), positive_float(step_size, "step_size")
        found = expected_in_weight(
            problem, theta, rule, step_size=size, x0=x0, steps=time, at=[time]
        )
        return float(found.best()[0])
    made = experiment(problem, theta, rule, step_size=1.0 if ahead else step_size)
    return best_weight(made, statement, horizon=horizon, blocks=blocks)


def best_weight(
    made: Experiment,
    statement: Theorem | None,
    *,
    horizon: float | None = None,
    blocks: Blocks | None = None,
) -> Any:
    """:func:`optimal_weight` of an experiment, whose own weight plays no part; None is "exact"."""
    if statement is not None and _of_the_horizon(statement):
        return horizon_weight(made, horizon, blocks)
    if statement is None or _is_the_law(statement):
        return exact_weights(made)
    if statement.psi is None:
        raise InvalidInput(
            f"criterion={statement.name!r} has no floor to minimise; use criterion='theorem-1' or"
            " another bound."
        )
    several = made.theta.ndim == 2 or blocks is not None
    theta = made.problem.minimiser if several else made.theta
    rule: Any = made.rule
    letters = letters_for(replace(made, theta=theta, rule=rule.with_weight(0.0)), statement)
    if several:
        taught = mixture(made.problem, made.theta, blocks).batched(made.factor)
        return several_weights(statement, letters, taught)
    if statement.unbiased or sym.kappa in statement.definitions:
        loss = letters["V"] + (
            0.0 if statement.unbiased else (1.0 + letters["kappa"]) * letters["bias_sq"]
        )
        return letters["C"] / loss if loss > 0.0 else 0.0
    if letters["V"] == 0.0:
        return 0.0
    return _minimise(statement, letters, letters["C"] / letters["V"])


def _is_the_law(statement: Theorem) -> bool:
    """A law of one's own may have another floor, and another best weight."""
    return statement.is_law and statement in THEOREMS.values()


def _of_the_horizon(statement: Theorem) -> bool:
    """Whether its kappa is a number of steps."""
    kappa = statement.definitions.get(sym.kappa)
    return kappa is not None and sym.t in kappa.free_symbols


def _minimise(theorem: Theorem, letters: Letters, end: float) -> float:
    """The minimiser of the floor over lam, ``end`` being where the noise is least.

    psi at a fixed s is convex in lam within a regime, compression is an increasing function of it,
    and floor <= s iff psi(s) <= s: each regime's floor is quasi-convex.  Between the regimes the
    envelope's floor jumps (its least rate does), so each is searched apart.
    """

    known = {
        name: number for name, number in letters.items() if name != "noise_sq"
    }  # that one is for a single lam

    def value(lam: float) -> float:
        return floor_of(theorem, complete(theorem, known | {"lam": lam}))

    border = None
    if sym.rate_min in theorem.definitions and theorem.modulus == "mu":
        border = regime_border(
            gamma=letters["gamma"],
            mu=letters["mu"],
            c=letters["c"],
            sigma_sq=letters["sigma_star_sq"],
            covariance=letters["C"],
            variance=letters["V"],
            bias_sq=letters["bias_sq"],
        )
    if border is None:
        pieces = [(0.0, end)]
    else:
        # Both bias and noise grow beyond the later of border and ``end``.  The border itself
        # belongs to either regime by rounding: keep off as far as it takes to be on both sides.
        before, beyond = sides(
            lambda lam: complete(theorem, known | {"lam": lam})[sym.rate_min.name], border
        )
        pieces = (
            [(0.0, before), (beyond, end)]
            if abs(beyond) < abs(end)
            else [(0.0, end if abs(end) < abs(before) else before), (beyond, beyond)]
        )
    # A teacher at x* leaves the noise a kink at ``end``, which no search in floats comes close to.
    return min((end, *(golden(value, *piece) for piece in pieces)), key=value)
