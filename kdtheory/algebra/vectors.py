"""Inner products of the vectors of one step, as letters.

A vector is a mapping from names to coefficients: ``{"g": 1, "Gc": 1}`` is G = g + G'.
Deterministic vectors (e, g, h, x*) are orthogonal in L2 to centred random ones (G', S, H'), so
every Gram matrix splits into two blocks and E<u, v> is a sum over pairs inside a block (theory: our
own bookkeeping for Section 1 of the paper).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from kdtheory.algebra.symbols import CENTRED, DETERMINISTIC, GRAM, own_gram

Vector = Mapping[str, sp.Expr]
ONE = sp.Integer(1)

e: Vector = {"e": ONE}
g: Vector = {"g": ONE}
h: Vector = {"h": ONE}
xstar: Vector = {"xstar": ONE}
G: Vector = {"g": ONE, "Gc": ONE}
S: Vector = {"S": ONE}
H: Vector = {"h": ONE, "Hc": ONE}
H_centred: Vector = {"Hc": ONE}


def combine(*terms: tuple[sp.Expr | int, Vector]) -> dict[str, sp.Expr]:
    """The linear combination of (coefficient, vector) pairs."""
    total: dict[str, sp.Expr] = {}
    for coefficient, vector in terms:
        for name, value in vector.items():
            total[name] = total.get(name, sp.Integer(0)) + coefficient * value
    return total


@dataclass(frozen=True)
class Space:
    """The vectors that a statement speaks of, in two blocks with a Gram matrix each."""

    mean: tuple[str, ...]
    centred: tuple[str, ...]

    @cached_property
    def gram(self) -> Mapping[tuple[str, str], sp.Expr]:
        """The letter of every pair inside a block, in both orders."""
        return GRAM if self == PAPER else own_gram(self.mean, self.centred)

    def inner(self, u: Vector, v: Vector) -> sp.Expr:
        """E<u, v> in Gram letters; pairs across the two blocks vanish.

        Raises ValueError at a vector that is in neither block.
        """
        unknown = sorted({*u, *v} - {*self.mean, *self.centred})
        if unknown:
            raise ValueError(f"vectors {unknown} are not among {(*self.mean, *self.centred)}")
        gram = self.gram
        return sp.Add(
            *(x * y * gram[i, j] for i, x in u.items() for j, y in v.items() if (i, j) in gram)
        )


PAPER = Space(DETERMINISTIC, CENTRED)


def inner(u: Vector, v: Vector) -> sp.Expr:
    """E<u, v> in the paper's Gram letters; pairs across the two blocks vanish."""
    return PAPER.inner(u, v)


def norm_sq(u: Vector) -> sp.Expr:
    """E|u|^2 in Gram letters."""
    return inner(u, u)
