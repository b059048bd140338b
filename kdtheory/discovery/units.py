"""Changes of units that a problem allows: integer weights of its letters under which every form is
homogeneous, when vectors, scalars and rows scale too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import sympy as sp

from kdtheory.discovery.forms import ONE, Form

Forms = Sequence[tuple[Form, sp.Expr]]  # each with its bound
Letters = Sequence[sp.Symbol]


def _monomials(expression: sp.Expr, letters: Letters) -> list[list[tuple[int, ...]]]:
    """Exponent vectors of numerator and denominator."""
    return [
        [tuple(int(n) for n in powers) for powers in sp.Poly(part, *letters).monoms()]
        for part in sp.fraction(sp.together(expression))
    ]


def _entries(names: Sequence[str], forms: Forms) -> Iterator[tuple[list[int], sp.Expr]]:
    """Every coefficient, and what scales beside it: vectors and scalars, against its form."""
    for index, (form, bound) in enumerate(forms):
        for key, value in (*form.items(), *([(ONE, bound)] if bound != 0 else [])):
            line = [0] * (len(names) + len(forms))
            line[len(names) + index] = -1
            for name in () if key == ONE else (key,) if isinstance(key, str) else key:
                line[names.index(name)] += 1
            yield line, value


def scalings(
    letters: Letters, names: Sequence[str], forms: Forms, facts: Sequence[sp.Expr]
) -> tuple[tuple[int, ...], ...]:
    """A basis of the weights of the letters; ``names`` are vectors and scalars, ``facts`` must be
    homogeneous too.
    """
    if not letters:
        return ()
    lines: list[list[int]] = []
    for line, value in _entries(names, forms):
        for above, below in itertools.product(*_monomials(value, letters)):
            lines.append([*(n - d for n, d in zip(above, below, strict=True)), *line])
    for fact in facts:
        first, *others = _monomials(fact, letters)[0]
        for other in others:
            line = [x - y for x, y in zip(other, first, strict=True)]
            lines.append(line + [0] * (len(names) + len(forms)))
    kernel = sp.Matrix(lines).nullspace() if lines else []
    weights = [list(vector[: len(letters)]) for vector in kernel]
    found = []
    for row in sp.Matrix(weights).rref()[0].tolist() if weights else []:
        if any(row):
            common = sp.ilcm(1, *(sp.Rational(x).q for x in row))
            found.append(tuple(int(x * common) for x in row))
    return tuple(found)


def row_weights(
    letters: Letters, names: Sequence[str], forms: Forms, scaling: Sequence[int]
) -> list[sp.Rational]:
    """By form: the weight of the first one less its own, where letters scale like that."""
    lines, right = [], []
    for line, value in _entries(names, forms):
        above, below = _monomials(value, letters)
        lines.append(line)
        powers = zip(scaling, above[0], below[0], strict=True)
        right.append(-sum(s * (n - d) for s, n, d in powers))
    unknowns = sp.symbols(f"w0:{len(names) + len(forms)}")
    solution = sp.linsolve((sp.Matrix(lines), sp.Matrix(right)), *unknowns)
    values = next(iter(solution)).xreplace(dict.fromkeys(unknowns, sp.Integer(0)))[len(names) :]
    return [values[0] - value for value in values]


def pivots(scalings: Sequence[Sequence[int]]) -> tuple[int, ...] | None:
    """Places of letters that units can set to 1 with integer powers only; None when there are
    none such.
    """
    count = len(scalings)
    if not count:
        return ()
    size = len(scalings[0])
    for chosen in itertools.combinations(range(size), count):
        if abs(sp.Matrix([[row[i] for i in chosen] for row in scalings]).det()) == 1:
            return chosen
    return None
