"""One instance, in exact rationals, at which the assumptions hold and the claim does not."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.errors import InvalidInput
from kdtheory.instances.exact import Instance, Numbers
from kdtheory.instances.models import Softened, TwoLayers

CLOSE = 1e-5  # relative: below it both sides look the same in six digits, and the excess is shown


@dataclass(frozen=True)
class Counterexample:
    """At ``instance`` the claim ``left <= right`` (``==`` for identities) is false; both sides are
    exact.

    ``lhs`` names the left side; ``formula`` is the claim in letters, with the values of those that
    it defines.

    >>> import kdtheory as kd
    >>> from dataclasses import replace
    >>> t = kd.THEOREMS['theorem-1']
    >>> found = kd.refute(replace(t, psi=t.psi / 4, rhs=t.rhs / 4, floor=t.floor / 4))
    >>> type(found).__name__
    'Counterexample'
    """

    theorem: str
    claim: str
    instance: Instance | TwoLayers | Softened
    lhs: str
    left: Fraction
    right: Fraction
    identity: bool = False
    formula: str = ""

    def __post_init__(self) -> None:
        """A counterexample that does not contradict anything is a bug."""
        if (self.left == self.right) if self.identity else (self.left <= self.right):
            raise InvalidInput(
                f"{self.claim}: {self.left} and {self.right} do not contradict it. Use refute(),"
                " which checks."
            )

    @property
    def breach(self) -> str:
        """Both sides in one line."""
        sign = "!=" if self.identity else ">"
        here, claimed = (f"{side} = {float(side):.6g}" for side in (self.left, self.right))
        excess = float(self.left - self.right)
        close = abs(excess) < CLOSE * abs(float(self.right))
        return f"{self.lhs} = {here} {sign} {claimed}, the claim" + f" (by {excess:.3g})" * close

    def __str__(self) -> str:
        """The instance and both sides, to be checked by hand."""
        lines = (f"{self.theorem}: {self.claim}", str(self.instance), self.formula, self.breach)
        return "\n".join(line for line in lines if line)


def formula_of(relation: str, claimed: sp.Expr, numbers: Numbers) -> str:
    """The claim in letters, and the values of those that the instance does not print."""
    known = (
        sym.gamma,
        sym.mu,
        sym.L,
        sym.Lcal,
        sym.lam,
        sym.sigma_star_sq,
        sym.covariance,
        sym.teacher_variance,
        sym.bias_sq,
    )
    values = ", ".join(
        f"{letter} = {value}"
        for letter, value in numbers.items()
        if letter in claimed.free_symbols and letter not in known
    )
    return f"claim: {relation} {claimed}" + (f"\nwith {values}" if values else "")
