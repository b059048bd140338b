"""Least squares under a table of control variates, in the coordinates in which iterates move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.rules.combination import Combination, rank_one
from kdtheory.rules.experiment import Experiment
from kdtheory.rules.protocol import Compressor

# Of the size of a table: what is less in its mean, or outside of a space, is rounding.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Law:
    """What the moments are made of.

    ``table`` (N, d) is c_n, or with ``in_weight`` c_n of weight 1; ``known`` is what it is made of,
    if that is known.  On the range of a singular Hessian ``outside`` is the part of |x0 - x*|^2
    that never moves.
    """

    problem: LeastSquares
    table: Array
    known: Combination | None
    start: Array | None
    gamma: float
    factor: float
    ratios: Array | None
    compressor: Compressor | None
    in_weight: bool
    outside: float = 0.0

    @property
    def dim(self) -> int:
        """d."""
        return self.problem.dim

    @cached_property
    def shares(self) -> Array | None:
        """s_n (N,) where c_n = s_n a_n + const, else None."""
        problem, known = self.problem, self.known
        if known is not None:
            total = float(known.weights.sum())
            return np.asarray(
                problem.features @ (known.weights @ known.points) - total * problem.targets
            )
        found = rank_one(problem.features, self.table[:, None, :])
        return None if found is None else found[0][:, 0]

    @cached_property
    def pull(self) -> Array | None:
        """lim E x - x*, (d,): H times it is the mean of c, at a known combination of points without
        cancellation; None where the mean has no limit.
        """
        problem, known = self.problem, self.known
        if known is not None:
            if known.centred:
                return np.zeros(problem.dim)
            return np.asarray(known.weights @ (known.points - problem.minimiser))
        mean = self.table.mean(axis=0)
        if np.abs(mean).max() <= ROUNDING * np.abs(self.table).max():
            return np.zeros(problem.dim)
        if problem.constants.mu == 0.0:
            return None
        return np.asarray(np.linalg.solve(problem.hessian, mean))


def least_squares(problem: FiniteSum, what: str, way_out: str) -> LeastSquares:
    """``problem``, refused where it is something else."""
    if not isinstance(problem, LeastSquares):
        raise InvalidInput(f"{what} need least squares, got {type(problem).__name__}. {way_out}")
    return problem


def on_range(problem: LeastSquares) -> tuple[LeastSquares, Array]:
    """The problem on the range of its Hessian, where SGD moves, and that range's basis (d, r)."""
    if problem.constants.mu > 0:
        return problem, np.eye(problem.dim)
    basis = np.linalg.svd(problem.features, full_matrices=False)[2]
    basis = basis[: np.linalg.matrix_rank(problem.features)].T
    return LeastSquares(problem.features @ basis, problem.targets), basis


def law_of(made: Experiment, *, in_weight: bool = False) -> Law:
    """The law of an experiment with one step size; with ``in_weight`` that of the unit weight.

    Raises:
        InvalidInput: not least squares, or no single weight to take the unit of.
    """
    problem = least_squares(made.problem, "Exact moments", "Use one_step() or simulate().")
    if in_weight:
        parted = getattr(made.rule, "with_weight", None)
        if parted is None or np.ndim(getattr(made.rule, "weight", ())) != 0:
            raise InvalidInput(
                "All weights at once need a rule with one weight, got"
                f" {type(made.rule).__name__} with weight = {getattr(made.rule, 'weight', None)}."
                " Use expected() weight by weight."
            )
        made = made.with_rule(parted(1.0))
    known = made.combination
    if made.compressor is None:
        small, basis = on_range(problem)
    else:
        small, basis = problem, np.eye(problem.dim)
    table, start, outside = made.control_variates, made.x0, 0.0
    if small is not problem:
        left = table - table @ basis @ basis.T
        if np.abs(left).max() > ROUNDING * np.abs(table).max():
            small, basis = problem, np.eye(problem.dim)
    if small is not problem:
        if known is not None:
            known = replace(known, points=known.points @ basis)
        table = table @ basis if known is None else _combined(small, known)
        if start is not None:
            error = start - problem.minimiser
            outside = float(((error - basis @ (basis.T @ error)) ** 2).sum())
            start = basis.T @ start
    return Law(
        small,
        table,
        known,
        start,
        made.gamma,
        made.factor,
        made.ratios,
        made.compressor,
        in_weight,
        outside,
    )


def _combined(problem: LeastSquares, known: Combination) -> Array:
    own = sum(
        weight * problem.gradients(point)
        for weight, point in zip(known.weights, known.points, strict=True)
    )
    found = np.asarray(own)
    return found - found.mean(axis=0) if known.centred else found
