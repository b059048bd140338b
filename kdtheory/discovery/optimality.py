"""The optimality conditions of a program as polynomial equations, for Newton's method in floats or
in balls.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from kdtheory.discovery.forms import ONE, Key
from kdtheory.discovery.program import ZERO, Program


class System:
    """The optimality conditions of one program with a given active set and given ranks.

    Unknowns: multipliers of active rows, scalars, then V block by block, row-major.
    """

    def __init__(self, program: Program, active: tuple[int, ...], ranks: tuple[int, int]) -> None:
        self.program, self.active, self.ranks = program, active, ranks
        self.blocks = program.blocks
        at = len(active)
        self.scalars = {name: at + i for i, name in enumerate(program.scalars)}
        at += len(program.scalars)
        self.places: list[dict[tuple[str, int], int]] = []
        for block, rank in zip(self.blocks, ranks, strict=True):
            self.places.append(
                {(v, r): at + i * rank + r for i, v in enumerate(block) for r in range(rank)}
            )
            at += len(block) * rank
        self.unknowns = at
        self.equations = len(self.places[0]) + len(self.places[1]) + len(program.scalars)
        self.equations += len(active)
        self.parts = [self._entries(program.rows[i].form, program.rows[i].sign) for i in active]
        self.constant = self._entries(program.objective, -1)

    def _entries(self, form: Any, sign: int) -> list[tuple[Any, Fraction]]:
        return [(key, sign * value) for key, value in form.items() if key != ONE and value]

    def lines(self, x: Any, convert: Any) -> Iterator[tuple[Any, dict[int, Any]]]:
        """Residual and derivative of every equation at x; ``convert`` makes numbers of
        Fractions.
        """
        zero = convert(ZERO)
        left = {key: convert(value) for key, value in self.constant}
        parts = [[(key, convert(value)) for key, value in part] for part in self.parts]
        for i, part in enumerate(parts):
            for key, value in part:
                left[key] = left.get(key, zero) + x[i] * value
        half = convert(Fraction(1, 2))
        for block, place, rank in zip(self.blocks, self.places, self.ranks, strict=True):
            for v in block if rank else ():
                pairs = {
                    w: (left.get((v, w), left.get((w, v), zero))) * (1 if v == w else half)
                    for w in block
                }
                for r in range(rank):
                    residual, slope = zero, {}
                    for w, entry in pairs.items():
                        residual = residual + entry * x[place[w, r]]
                        slope[place[w, r]] = entry
                    for i, part in enumerate(parts):
                        own = zero
                        seen = False
                        for key, value in part:
                            if isinstance(key, tuple) and v in key:
                                other = key[1] if key[0] == v else key[0]
                                own = (
                                    own
                                    + value * (1 if key[0] == key[1] else half) * x[place[other, r]]
                                )
                                seen = True
                        if seen:
                            slope[i] = own
                    yield residual, slope
        for name in self.program.scalars:
            residual = left.get(name, zero)
            slope = {i: value for i, part in enumerate(parts) for key, value in part if key == name}
            yield residual, slope
        for i, part in zip(self.active, parts, strict=True):
            residual, slope = -convert(self.program.rows[i].reach), {}
            for key, value in part:
                if not isinstance(key, tuple):
                    residual = residual + value * x[self.scalars[key]]
                    slope[self.scalars[key]] = value
                    continue
                for place, rank in zip(self.places, self.ranks, strict=True):
                    if (key[0], 0) not in place:
                        continue
                    for r in range(rank):
                        a, b = place[key[0], r], place[key[1], r]
                        residual = residual + value * x[a] * x[b]
                        slope[a] = slope.get(a, zero) + value * x[b]
                        slope[b] = slope.get(b, zero) + value * x[a]
            yield residual, slope

    def point(self, x: list[Fraction]) -> dict[Key, Fraction]:
        """Gram entries and scalars."""
        found: dict[Key, Fraction] = {name: x[place] for name, place in self.scalars.items()}
        for key in self.program.keys:
            for place, rank in zip(self.places, self.ranks, strict=True):
                if isinstance(key, tuple) and (key[0], 0) in place:
                    found[key] = sum(
                        (x[place[key[0], r]] * x[place[key[1], r]] for r in range(rank)), ZERO
                    )
        return found

    def dense(self, x: Any) -> tuple[Any, Any]:
        """Residual and Jacobian in floats."""
        residual, jacobian = [], np.zeros((self.equations, self.unknowns))
        for index, (own, slope) in enumerate(self.lines(x, float)):
            residual.append(own)
            for column, value in slope.items():
                jacobian[index, column] = value
        return np.array(residual), jacobian
