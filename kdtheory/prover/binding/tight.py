"""Kind "tight": some finite sum attains the bound in one step.

f_n(x) = mu x^2/2 + w_n (c x|x|/2 + s x) in one dimension, w_n = 1 or -1 equally often.  On the
teacher's side of x* = 0, with bias k away from x* and noise a,

    x+ = (1 - gamma mu) x + gamma k - gamma w (c x + a),

A1, A1' and A3 with Lcal = mu + c^2/mu hold with equality at x > 0, and E|x+|^2 is psi(x^2): for a
sharp statement at x = sqrt(W)/(A - rate), for an envelope at every x from there on.  This is the
regime where noise dominates; where bias does, only Gram matrices are known to attain it.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.prover.binding import affine, curve, shape
from kdtheory.prover.binding.need import GRAM, ZERO, Needs, Unbound, identity, s
from kdtheory.statements.theorem import Theorem

gamma, mu, k, a, c = sym.gamma, sym.mu, sym.k, sym.a, sym.c
x = sym.root_s_pos
BY_C = mu + c**2 / mu


def needs(statement: Theorem) -> Needs:
    """Equality in one step, at an instance that satisfies every assumption."""
    psi = statement.psi
    if psi is None or statement.quantity != "sq_distance" or sym.c not in statement.definitions:
        raise Unbound('"tight" needs an instance that attains the bound, and none is known')
    if asm.compressor in statement.needs:
        raise Unbound('"tight" needs an instance that attains the bound after compression')
    _, found, _ = next(curve.regimes(statement))
    bias = ZERO if found[k] == 0 else k
    found = {letter: value.xreplace({k: bias}) for letter, value in found.items()}
    root = gamma * (bias * (1 - gamma * mu) + gamma * a * c)
    at = x
    if affine.is_affine(psi):
        rate = sp.expand(1 - sp.diff(psi, s))
        at, bound = root / (sym.A - rate), psi
        bound = bound.xreplace({s: at**2})
    else:
        bound = shape.in_roots(shape.branches(psi)[0], x).xreplace({sym.root_W: root})
    after = ((1 - gamma * mu) * at + gamma * bias) ** 2 + gamma**2 * (c * at + a) ** 2
    letters = {sym.A: found[sym.A], sym.U: found[sym.U], sym.W: found[sym.W]}
    yield identity("root-of-W", found[sym.W] - root**2)
    yield identity("attained", (bound - after).xreplace(letters), Lcal=BY_C)
    yield from _hypotheses(statement)


def _hypotheses(statement: Theorem) -> Needs:
    """e = x, g = mu x, G' - S = w c x, F = mu x^2/2: every assumption holds, with equality."""
    noise = {GRAM["S", "S"]: sym.a**2, GRAM["Gc", "S"]: sym.a * (c * x + sym.a)}
    here = {
        GRAM["e", "e"]: x**2,
        GRAM["e", "g"]: mu * x**2,
        GRAM["g", "g"]: (mu * x) ** 2,
        GRAM["Gc", "Gc"]: (c * x + sym.a) ** 2,
        sym.F: mu * x**2 / 2,
        **noise,
    }
    for index, assumption in enumerate(statement.needs):
        yield identity(f"attained-{index + 1}", assumption.slack.xreplace(here), Lcal=BY_C)
