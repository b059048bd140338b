"""What a proof is made of: obligations that a checker can accept or refuse without understanding
the proof.

Two kinds suffice.  ``Identity``: an expression is 0 as a rational function.  ``Certificate``: claim
>= 0 because

    claim = sum of multiplier_i * slack_i  +  sum of weight_j * E|v_j|^2  +  sum of (any factor) *
    (equality slack),

an identity of rational functions, with every multiplier and weight *written* non-negatively: built
by sums, products, powers and quotients from letters that are known to be positive or non-negative
in the ``Region``.  A checker therefore needs exact expansion and one walk over a tree; finding the
multipliers is somebody else's work.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from kdtheory.algebra.assumptions import Assumption
from kdtheory.algebra.vectors import PAPER, Space, Vector


@dataclass(frozen=True)
class Region:
    """Where a claim is made.

    ``slacks`` maps fresh non-negative letters (positive, where the symbol is) to the expressions
    they stand for: the range gamma <= 1/(4 Lcal) is the letter g1 with g1 = 1 - 4 gamma Lcal.
    ``substitutions`` eliminate letters, say Lcal = mu + c^2/mu.
    """

    slacks: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    substitutions: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError when a letter stands for something that needs itself: checkers would
        read it differently, or walk for ever.
        """
        for meanings, forbidden in (
            (self.slacks, {*self.slacks}),
            (self.substitutions, {*self.slacks, *self.substitutions}),
        ):
            for letter, meaning in meanings.items():
                if meaning.free_symbols & forbidden:
                    raise ValueError(
                        f"region: what {letter} stands for contains a letter that stands for"
                        f" something itself: {meaning}"
                    )

    def resolve(self, expression: sp.Expr) -> sp.Expr:
        """The expression with slack letters replaced by what they stand for, then the eliminations
        applied.
        """
        return expression.xreplace(dict(self.slacks)).xreplace(dict(self.substitutions))


@dataclass(frozen=True)
class Identity:
    """``expression`` is 0 as a rational function of its letters."""

    name: str
    expression: sp.Expr
    region: Region = Region()


@dataclass(frozen=True)
class Certificate:
    """``claim >= 0`` under the assumptions, by the identity in the module's first lines."""

    name: str
    claim: sp.Expr
    multipliers: Mapping[Assumption, sp.Expr]
    squares: tuple[tuple[sp.Expr, Vector], ...] = ()
    # A plain non-negative expression, for claims without vectors.
    remainder: sp.Expr = sp.Integer(0)
    region: Region = Region()
    # The vectors that claim, slacks and squares speak of.
    space: Space = PAPER

    @classmethod
    def plain(
        cls, name: str, claim: sp.Expr, remainder: sp.Expr, region: Region = Region()
    ) -> Certificate:
        """A claim without vectors, written as what is >= 0."""
        return cls(name, claim, {}, (), remainder, region)


Obligation = Identity | Certificate


def contents(obligation: Obligation) -> Hashable:
    """Everything that a checker sees, by value: equal for equal obligations only, whatever objects
    they are made of, and hashable.
    """

    def pairs(mapping: Mapping[Any, sp.Expr]) -> Hashable:
        return tuple(mapping.items())

    region = (pairs(obligation.region.slacks), pairs(obligation.region.substitutions))
    if isinstance(obligation, Identity):
        return Identity, obligation.name, obligation.expression, region
    squares = tuple((weight, pairs(vector)) for weight, vector in obligation.squares)
    return (
        Certificate,
        obligation.name,
        obligation.claim,
        pairs(obligation.multipliers),
        squares,
        obligation.remainder,
        region,
        obligation.space,
    )
