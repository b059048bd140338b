"""A polynomial as a combination, with coefficients >= 0, of monomials times products of known
positive polynomials: a linear programme in floats, then the exact coefficients on its support.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import sympy as sp
from scipy import optimize, sparse

from kdtheory.discovery.bracket import solved

Monomial = tuple[int, ...]
PRODUCTS = 2  # facts multiplied with each other, at the most
MOST_COLUMNS, MOST_MONOMIALS = 20_000, 2_000_000
VISIBLE = 1e-9  # multipliers above it are no rounding of the linear program's 0


def combination(
    polynomial: sp.Poly,
    facts: Sequence[tuple[sp.Poly, sp.Expr]],
    scalings: Sequence[Sequence[int]],
    raising: Sequence[sp.Symbol] = (),
) -> sp.Expr | None:
    """The polynomial written with the facts' written forms; None when there is none of this size.

    ``scalings``: changes of units under which the polynomial and all facts are homogeneous, which
    leaves few monomials to look at; ``raising``: positive letters by which the polynomial may be
    multiplied first, those that the conditions divide by.
    """
    letters = polynomial.gens
    for products in range(1, PRODUCTS + 1):
        for powers in itertools.product(range(PRODUCTS + 1), repeat=len(raising)):
            times = sp.Mul(*(z**n for z, n in zip(raising, powers, strict=True)))
            raised = polynomial * sp.Poly(times, *letters, domain="QQ")
            found = _programme(raised, facts, scalings, products)
            if found is not None:
                return found / times
    return None


def _programme(
    target: sp.Poly,
    facts: Sequence[tuple[sp.Poly, sp.Expr]],
    scalings: Sequence[Sequence[int]],
    products: int,
) -> sp.Expr | None:
    letters = target.gens
    own_degrees = [max(target.degree(z), 0) for z in letters]
    of_facts = [max((max(poly.degree(z), 0) for poly, _ in facts), default=0) for z in letters]
    join = max if products == 1 else sum
    most = [join(pair) for pair in zip(own_degrees, of_facts, strict=True)]
    box = np.indices([n + 1 for n in most]).reshape(len(letters), -1).T
    if len(box) > MOST_MONOMIALS:
        return None
    scale = np.array(scalings, dtype=int).reshape(len(scalings), len(letters))
    weights = box @ scale.T
    wanted = scale @ np.array(target.monoms()[0])
    columns: list[tuple[dict[Monomial, Fraction], Monomial, sp.Expr]] = []
    for size in range(products + 1):
        for chosen in itertools.combinations_with_replacement(facts, size):
            product = sp.Poly(1, *letters, domain="QQ")
            written: sp.Expr = sp.Integer(1)
            for poly, text in chosen:
                product, written = product * poly, written * text
            room = [n - max(product.degree(z), 0) for n, z in zip(most, letters, strict=True)]
            own = scale @ np.array(product.monoms()[0])
            fits = np.all(box <= room, axis=1) & np.all(weights + own == wanted, axis=1)
            terms = {p: Fraction(int(c.p), int(c.q)) for p, c in product.terms()}
            for powers in box[fits].tolist():
                moved = {
                    tuple(a + b for a, b in zip(p, powers, strict=True)): c
                    for p, c in terms.items()
                }
                columns.append((moved, tuple(powers), written))
            if len(columns) > MOST_COLUMNS:
                return None
    return _solve(target, columns)


def _solve(
    target: sp.Poly, columns: Sequence[tuple[dict[Monomial, Fraction], Monomial, sp.Expr]]
) -> sp.Expr | None:
    wanted = {p: Fraction(int(c.p), int(c.q)) for p, c in target.terms()}
    rows = {p: i for i, p in enumerate({p for terms, _, _ in columns for p in terms} | {*wanted})}
    entries = [
        (rows[p], j, float(c)) for j, (terms, _, _) in enumerate(columns) for p, c in terms.items()
    ]
    if not entries:
        return None
    places_i, places_j, values = zip(*entries, strict=True)
    matrix = sparse.csr_matrix((values, (places_i, places_j)), shape=(len(rows), len(columns)))
    right = np.zeros(len(rows))
    for p, c in wanted.items():
        right[rows[p]] = float(c)
    # few terms, and short ones: what is shorter to read costs less
    cost = np.array([1.0 + sum(powers) for _, powers, _ in columns])
    answer = optimize.linprog(cost, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs")
    if answer.status != 0:
        return None
    support = [j for j, x in enumerate(answer.x) if x > VISIBLE]
    needed = sorted({p for j in support for p in columns[j][0]} | {*wanted})
    exact = solved(
        [[columns[j][0].get(p, Fraction(0)) for j in support] for p in needed],
        [wanted.get(p, Fraction(0)) for p in needed],
        [Fraction(0)] * len(support),
    )
    if exact is None or min(exact, default=Fraction(0)) < 0:
        return None
    return sp.Add(
        *(
            sp.Rational(x.numerator, x.denominator)
            * sp.Mul(*(z**n for z, n in zip(target.gens, columns[j][1], strict=True)))
            * columns[j][2]
            for j, x in zip(support, exact, strict=True)
            if x
        )
    )
