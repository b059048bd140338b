"""Least squares over the rationals: exact minimiser, certified constants, and the number behind
every letter of a statement."""

from __future__ import annotations

from copy import copy
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from kdtheory.errors import AssumptionFails, InvalidInput
from kdtheory.evidence.fixed import Fixed
from kdtheory.evidence.matrices import (
    Exact,
    certified,
    column,
    exact_array,
    kernel_of,
    semidefinite,
)
from kdtheory.evidence.numbers import Number, exact, flint
from kdtheory.problems import LeastSquares
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.theorems import Theorem


class RationalInstance:
    """A least-squares problem, a teacher and an update over the rationals.

    Args:
        problem: floats are the dyadic rationals that they are; entries given as fractions are taken
            exactly.
        theta: the teacher, (d,), fractions or floats.
        rule: its weight is replaced by ``weight``.
        table: control variates (N, d) in place of a teacher's gradients, the floats that they are;
            less their mean under an ``unbiased`` statement, where that is rounding.
        weight: lam.
        step_size: gamma.
    """

    def __init__(
        self,
        problem: LeastSquares,
        theta: Any,
        rule: DistilledSGD | Fixed,
        *,
        weight: Fraction,
        step_size: Fraction,
        table: Any = None,
        unbiased: bool | None = None,
    ) -> None:
        self.problem, self.rule = problem, rule
        self.table = None if table is None else exact_array(table, "control variates")
        own = isinstance(rule, DistilledSGD) and rule.unbiased
        self.unbiased = own if table is None or unbiased is None else unbiased
        self.features = exact_array(problem.given[0], "features")
        self.targets = exact_array(problem.given[1], "targets")
        self.ridge = exact(problem.given[2], "ridge")
        self.theta = exact_array(theta, "theta")
        self.weight, self.gamma = exact(weight, "weight"), exact(step_size, "step_size")
        n, size = problem.n_terms, rule.batch_size
        # The float is the nearest to a fraction with this denominator, hence determines it.
        bound = size if rule.replacement else size * max(1, n - 1)
        self.factor = exact(Fraction(rule.noise_factor(n)).limit_denominator(bound), "batch factor")

    def calmed(self, scale: Number) -> RationalInstance:
        """The same data with targets times ``scale`` and no teacher: its minimiser and its noise
        scale alike.
        """
        other = copy(self)
        for name, value in type(self).__dict__.items():
            if isinstance(value, cached_property):
                other.__dict__.pop(name, None)
        other.targets, other.weight = scale * self.targets, exact(0, "weight")
        return other

    @property
    def n(self) -> int:
        """N."""
        return len(self.features)

    @property
    def dim(self) -> int:
        """d."""
        return int(self.features.shape[1])

    @cached_property
    def gram(self) -> Exact:
        """E a a^T."""
        return np.asarray(self.features.T @ self.features / self.n)

    @cached_property
    def identity(self) -> Exact:
        """I, of fmpq."""
        return exact_array(np.eye(self.dim, dtype=int), "identity")

    @cached_property
    def hessian(self) -> Exact:
        """H = E a a^T + ridge I."""
        return np.asarray(self.gram + self.ridge * self.identity)

    @cached_property
    def minimiser(self) -> Exact:
        """x*, exactly: the solution of H x = E a b of smallest norm."""
        fmpq_mat = flint().fmpq_mat
        H, right = (
            fmpq_mat(self.hessian.tolist()),
            fmpq_mat([[entry] for entry in self.features.T @ self.targets / self.n]),
        )
        if H.rank() == self.dim:
            return column(H.solve(right))
        kernel = kernel_of(H)  # H x = E a b and kernel^T x = 0, together
        return column((H * H + kernel * kernel.transpose()).solve(H * right))

    @cached_property
    def noise(self) -> Exact:
        """S_n, (N, d)."""
        return self.gradients(self.minimiser)

    @cached_property
    def taught(self) -> Exact:
        """H_n, (N, d), or the control variates of another rule."""
        return self.gradients(self.theta) if self.table is None else self.table

    @property
    def pushes(self) -> Exact:
        """lam H_n, or lam (H_n - h), (N, d)."""
        bias = self.taught.sum(axis=0) / self.n
        return np.asarray(self.weight * (self.taught - bias if self.unbiased else self.taught))

    def gradients(self, x: Exact) -> Exact:
        """Every term's gradient at x, (N, d)."""
        return np.asarray(
            (self.features @ x - self.targets)[:, None] * self.features + self.ridge * x
        )

    def constants(self, modulus: str) -> dict[str, Number]:
        """Rational bounds: mu from below, L and Lcal from above, each certified by an exact LDL^T;
        Lcal for the batch."""
        H, I, found = self.hessian, self.identity, self.problem.constants
        sq_norms = (self.features**2).sum(axis=1)
        second = (
            (self.features.T * sq_norms) @ self.features / self.n
            + 2 * self.ridge * self.gram
            + self.ridge**2 * I
        )
        if modulus == "mu":
            mu = certified(
                float(found.mu), lambda q: semidefinite(H - q * I), upper=False, what="mu"
            )
        else:
            mu = certified(
                float(found.mu_pl), lambda q: semidefinite(H @ H - q * H), upper=False, what="mu_pl"
            )
        if mu <= 0:
            raise AssumptionFails(
                f"The statement needs {modulus} > 0 and the largest certified value is {mu}. Use"
                " ridge > 0."
            )
        L = certified(float(found.L), lambda q: semidefinite(q * I - H), upper=True, what="L")
        Lcal = certified(
            max(float(found.L), float(found.Lcal)),
            lambda q: semidefinite(q * H - second),
            upper=True,
            what="Lcal",
        )
        smooth = min(L, Lcal)
        return {"mu": mu, "L": smooth, "Lcal": (1 - self.factor) * smooth + self.factor * Lcal}

    def letters(self, theorem: Theorem) -> dict[str, Number]:
        """The exact number behind every letter that definitions start from."""
        best, n = self.minimiser, self.n
        bias = self.taught.sum(axis=0) / n
        centred, D = self.taught - bias, self.theta - best
        diagonal, _ = scales(self.rule, self.dim)

        def mean(left: Exact, right: Exact) -> Number:
            return (left * right).sum() / n

        left = self.noise - self.weight * centred
        return self.constants(theorem.modulus) | {
            "gamma": self.gamma,
            "lam": self.weight,
            "sigma_star_sq": self.factor * mean(self.noise, self.noise),
            "V": self.factor * mean(centred, centred),
            "C": self.factor * mean(self.noise, centred),
            "bias_sq": bias @ bias,
            "F_theta": D @ self.hessian @ D / 2,
            "D_sq": D @ D,
            "xstar_sq": best @ best,
            "omega": diagonal - 1,
            "delta_sq": exact(0, "delta_sq"),
            "noise_sq": self.factor * mean(left, left),
        }


def scales(rule: DistilledSGD | Fixed, dim: int) -> tuple[Number, Number]:
    """What the compressor multiplies second moments by, on and off the diagonal."""
    if rule.compressor is None:
        return exact(1, "1"), exact(1, "1")
    factors = getattr(rule.compressor, "factors", None)
    if factors is None:
        raise InvalidInput(
            f"{rule.compressor} has no exact second moment; rational and ball evidence know RandK"
            " and Bernoulli."
        )
    on, off = factors(dim)
    return exact(on, "compressor"), exact(off, "compressor")
