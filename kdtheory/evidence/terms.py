"""What a wrong update is made of: its displacement as a combination of the terms that a step of
distilled SGD can have.

The rule's own step is x+ - x = -gamma (G_n - lam H_n), or with + lam h inside.  Regressing what a
user's update did at several points and all indices on G_n, H_n, h and x gives its coefficients, and
the one that differs names the mistake.  Source: our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kdtheory.problems.base import Array

# A coefficient is named wrong when it is off by more than this share of the one that is off most,
# and a step is wrong at all when it is off by far more than the rounding of a sum of doubles.
NAMEABLE, ROUNDING = 1e-3, 1e-12
# Directions in which all terms together vary less than this, relatively, cannot be told apart.
INDISTINCT = 1e-9


@dataclass(frozen=True)
class Term:
    """One term of a step, in units of -gamma: ``found`` in the update, ``expected`` by the rule."""

    name: str
    found: float
    expected: float

    def __str__(self) -> str:
        """``+0.50 H_n, expected -0.50 H_n``, with as many digits as tell them apart."""
        pair = [round(number, 12) + 0.0 for number in (self.found, self.expected)]
        told = [[f"{number:+.{digits}g}" for number in pair] for digits in (3, 6, 12)]
        found, expected = next((two for two in told if two[0] != two[1]), told[-1])
        return f"{found} {self.name}, expected {expected} {self.name}"


def wrong_terms(
    moves: Array, columns: Mapping[str, Array], expected: Mapping[str, float], gamma: float
) -> list[Term]:
    """The terms whose coefficient is not the rule's.

    Args:
        moves: x+ - x for M pairs of point and index, (M, d).
        columns: the terms, by name, each (M, d).
        expected: the rule's coefficient of each, in units of -gamma; 0 where it has none.
        gamma: the step size.

    Empty where the terms explain the move as the rule does, or cannot explain it at all.
    """
    names = list(columns)
    sizes = np.array([float(np.linalg.norm(columns[name])) for name in names])
    kept = [name for name, size in zip(names, sizes, strict=True) if size > 0.0]
    if not kept:
        return []
    scale = np.array([float(np.linalg.norm(columns[name])) for name in kept])
    design = np.stack([columns[name].ravel() for name in kept], axis=1) / scale
    own = np.array([expected.get(name, 0.0) for name in kept])
    # What is left after the rule's own step: where two terms cannot be told apart, the smallest
    # change that explains the difference is the least-norm one.
    left = -moves.ravel() / gamma - design @ (own * scale)
    missed = float(np.linalg.norm(left))
    if missed <= ROUNDING * float(np.linalg.norm(design @ (own * scale))):
        return []
    change = np.linalg.lstsq(design, left, rcond=INDISTINCT)[0] / scale
    if np.linalg.norm(design @ (change * scale) - left) > 0.5 * missed:
        return []
    size = float(np.abs(change).max())
    return [
        Term(name, float(coefficient + off), float(coefficient))
        for name, coefficient, off in zip(kept, own, change, strict=True)
        if abs(off) > NAMEABLE * size
    ]


def sentence(terms: Sequence[Term]) -> str:
    """The wrong terms as one sentence; what to look for where none could be named."""
    if not terms:
        return (
            "no combination of G_n, H_n, h and x explains it: another index, state of its own, or"
            " arithmetic coarser than the type that it returns (then give rtol)?"
        )
    return "; ".join(map(str, terms))
