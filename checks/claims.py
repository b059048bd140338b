"""Do the obligations of a statement add up to the statement?  What they must claim is derived here
once more, from the ``Theorem`` object.

``gaps(theorem)`` looks only at ``psi``, ``rhs``, ``floor``, ``definitions``, ``quantity``,
``unbiased``, ``needs`` and the range of step sizes, builds the facts that the statement rests on
(one step in every regime and corner, the passage to t steps, the floor), and looks for an
obligation that makes each claim: the same rational function, under no assumption that the statement
does not list, in a region that holds on the statement's whole range.  E s(x+) is written out here
letter by letter, not taken from ``vectors``.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.prover.obligations import Certificate, Identity, Obligation
from kdtheory.prover.regions import evaluate
from kdtheory.prover.sympy_checker import vanishes
from kdtheory.statements.theorems import Theorem

gamma, mu, L, Lcal, lam, varrho, k, a, s = (
    sym.gamma,
    sym.mu,
    sym.L,
    sym.Lcal,
    sym.lam,
    sym.varrho,
    sym.k,
    sym.a,
    sym.s,
)
ZERO, ONE = sp.Integer(0), sp.Integer(1)
_G = sym.GRAM
_SQUARED = {
    sym.k: lam**2 * _G["h", "h"],
    sym.a: _G["S", "S"] - 2 * lam * _G["S", "Hc"] + lam**2 * _G["Hc", "Hc"],
    sym.c: mu * (Lcal - mu),
    sym.q: (Lcal - mu) / mu,
}
_TINY = sp.Dummy("tiny", positive=True)


@dataclass(frozen=True)
class Need:
    """One fact: ``claim`` >= 0 (or = 0).  ``corner`` sets letters before comparing; ``conditions``
    may be assumed beyond the range.
    """

    what: str
    claim: sp.Expr
    corner: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    # Young's parameters, to 0 or infinity.
    limit: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    conditions: Sequence[sp.Expr] = ()
    own: bool = False  # an identity of this statement's own, in exactly these letters


def after_one_step(*, unbiased: bool) -> sp.Expr:
    """E|x+ - x*|^2 in Gram letters: |e - gamma g|^2 + cross terms with h + gamma^2 E|G' - lam
    H'|^2.
    """
    noise = _G["Gc", "Gc"] - 2 * lam * _G["Gc", "Hc"] + lam**2 * _G["Hc", "Hc"]
    total = _G["e", "e"] - 2 * gamma * _G["e", "g"] + gamma**2 * (_G["g", "g"] + noise)
    return (
        total
        if unbiased
        else total
        + 2 * gamma * lam * _G["e", "h"]
        + gamma**2 * (lam**2 * _G["h", "h"] - 2 * lam * _G["g", "h"])
    )


def _state(theorem: Theorem) -> tuple[sp.Expr, sp.Expr]:
    if theorem.quantity == "gap":
        return sym.F, sym.F_plus
    return _G["e", "e"], (
        sym.out_sq if asm.compressor in theorem.needs else after_one_step(unbiased=theorem.unbiased)
    )


def needs(theorem: Theorem) -> Iterator[Need]:
    """The facts behind a bound.  Identities have none here: their obligations are the statement,
    coordinate by coordinate.
    """
    if theorem.psi is None:
        return
    if sym.A not in theorem.definitions:
        yield from _affine(theorem)
    else:
        yield from _one_step(theorem)
        yield from (_sharp(theorem) if theorem.name.endswith("-sharp") else _envelope(theorem))
    pl = theorem.modulus == "mu_pl"
    yield Need("Lcal >= mu", 2 * (Lcal - mu) * sym.F)
    if (
        theorem.rhs.atoms(sp.Pow)
        and any(part.exp == sym.t for part in theorem.rhs.atoms(sp.Pow))
        and theorem.name != "compressed"
    ):
        yield Need("gamma mu < 1" + (", PL" if pl else ""), 1 - gamma * mu)


def _powers(theorem: Theorem) -> Iterator[Need]:
    (power,) = {part for part in theorem.rhs.atoms(sp.Pow) if part.exp.has(sym.t)}
    shifted = theorem.rhs.xreplace({sym.t: sym.t + 1})
    (ahead,) = {part for part in shifted.atoms(sp.Pow) if part.exp.has(sym.t)}
    now = theorem.rhs.xreplace({power: sym.alpha})
    factor = power.base ** sp.expand(ahead.exp - power.exp)
    assert theorem.psi is not None
    definitions = (
        dict(theorem.definitions)
        if sym.kappa in theorem.definitions and theorem.name != "compressed"
        else {}
    )
    yield Need(
        "rhs(t+1) = psi(rhs(t))",
        (theorem.psi.xreplace({s: now}) - shifted.xreplace({ahead: factor * sym.alpha})).xreplace(
            definitions
        ),
        own=True,
    )
    start = power.base ** power.exp.xreplace({sym.t: ZERO})
    yield Need(
        "rhs(0) = s_0", (theorem.rhs.xreplace({power: start}) - sym.s0).xreplace(definitions)
    )
    if theorem.floor is not None:
        yield Need("psi(floor) = floor", theorem.psi.xreplace({s: theorem.floor}) - theorem.floor)


def _affine(theorem: Theorem) -> Iterator[Need]:
    before, after = _state(theorem)
    assert theorem.psi is not None
    definitions = (
        {sym.young: sym.p, sym.young_inverse: sym.minimiser_sq / sym.p}
        if theorem.name == "compressed"
        else {}
    )
    psi = theorem.psi.xreplace(definitions).xreplace(
        {letter: meaning for letter, meaning in theorem.definitions.items() if letter == sym.kappa}
    )
    yield Need("one step", psi.xreplace({s: before}) - after)
    if theorem.name == "compressed":
        (power,) = {part for part in theorem.rhs.atoms(sp.Pow) if part.exp.has(sym.t)}
        # T and others, none negative.
        sizes = sym.U + (1 - gamma * mu) * (sym.omega * sym.root_minimiser_pos**2 + sym.rounding_sq)
        rate = 1 - power.base.xreplace({sym.young: sym.young_pos})
        yield Need("the rate at p* is positive", rate, conditions=(sizes,))
    yield from _powers(theorem)


def _regimes(
    theorem: Theorem,
) -> Iterator[tuple[str, dict[sp.Symbol, sp.Expr], tuple[sp.Expr, ...]]]:
    """Name, the definitions in it, and what holds there."""
    found = dict(theorem.definitions)
    cases = found[sym.W].args if isinstance(found[sym.W], sp.Piecewise) else None
    if cases is None:
        yield "", found, ()
        return
    regime = cases[0][1]
    room = regime.gts - regime.lts
    names = (("noise-dominated", (room,)), ("bias-dominated", (-room,)))
    # K = 0: a (1 - gamma mu) >= 0 always.
    for index, (name, inside) in enumerate(names[:1] if theorem.unbiased else names):
        yield (
            name,
            {
                letter: value.args[index].expr if isinstance(value, sp.Piecewise) else value
                for letter, value in found.items()
            },
            inside,
        )


def _line(found: Mapping[sp.Symbol, sp.Expr], rate: sp.Expr, state: sp.Expr) -> sp.Expr:
    triple = {letter: found[letter] for letter in (sym.A, sym.U, sym.W)}
    return ((1 - rate) * state + sym.U + sym.W / (sym.A - rate)).xreplace(triple)


def _one_step(theorem: Theorem) -> Iterator[Need]:
    """E s(x+) <= (1-varrho) s + U + W/(A - varrho): inside the regimes, and where a letter that
    certificates divide by is 0.
    """
    before, after = _state(theorem)
    compressed = asm.compressor in theorem.needs
    # The step before compression; what compression does to it is ``_envelope``'s business.
    if compressed:
        after = after_one_step(unbiased=False)
    pl, zero = theorem.modulus == "mu_pl", {k: ZERO} if theorem.definitions[k] == 0 else {}
    large, small = {sym.nu: 1 / _TINY}, {sym.alpha: _TINY}
    for name, found, inside in _regimes(theorem):
        sharp = theorem.name.endswith("-sharp")
        room = (
            found[sym.A] - varrho,
            varrho - (gamma * mu if sharp else found[sym.rate_min]),
            *inside,
            k,
            a,
            sym.c,
            sym.q,
        )
        for sign in (1, -1) if pl and not zero else (1,):
            b = sign * (1 - L * gamma)
            claim = (_line(found, varrho, before) - after).xreplace(zero).xreplace({sym.b: b})
            allowed = [part.xreplace({sym.b: b}) for part in room] + [b]
            label = f"one step {name}{'' if sign == 1 else ', L gamma > 1'}"
            yield Need(label, claim, conditions=allowed)
            if name == "bias-dominated":
                continue
            corners = [("Lcal = mu", {Lcal: mu, sym.c: ZERO, sym.q: ZERO}, large)]
            corners += [] if zero else [("k = 0", {k: ZERO}, small)]
            corners += [("a = 0", {a: ZERO}, {sym.nu: _TINY})] if pl and not zero else []
            for where, corner, limit in corners:
                yield Need(
                    f"{label}, {where}",
                    claim,
                    corner,
                    limit,
                    [part for part in allowed if part not in corner],
                )


def _sharp(theorem: Theorem) -> Iterator[Need]:
    yield Need("gamma mu is admissible", theorem.definitions[sym.A] - gamma * mu)
    yield from _powers(theorem)


def _envelope(theorem: Theorem) -> Iterator[Need]:
    A, U, W, least = sym.A, sym.U, sym.W, sym.rate_min
    sigma, w, v = sym.root_s_pos, sym.root_W, sym.root_UAW
    psi = theorem.psi
    assert psi is not None
    if asm.compressor in theorem.needs:
        x, y = sym.root_minimiser, sym.root_bound
        (inner,) = (
            part for part in psi.atoms(sp.Piecewise) if sp.sqrt(part) in psi.atoms(sp.Piecewise)
        )
        closed = (
            psi.xreplace(
                {
                    sp.sqrt(inner): y,
                    inner: y**2,
                    sp.sqrt(sym.minimiser_sq): x,
                    sym.minimiser_sq: x**2,
                }
            )
            - sym.rounding_sq
        )
        best = (1 + sym.omega * (1 + x / y)) * y**2 + sym.omega * (1 + y / x) * x**2
        yield Need("compression: the best p is attained", best - closed)
        yield Need(
            "compression: grows with the bound", closed.xreplace({y: y + sym.increase}) - closed
        )
        yield Need(
            "compression: below every p", best.xreplace({x / y: sym.p, y / x: 1 / sym.p}) - closed
        )
        psi = inner
    (above, condition), (below, _) = psi.args
    roots = {sp.sqrt(W * s): w * sigma, s: sigma**2, W: w**2}
    line = (1 - varrho) * s + U + W / (A - varrho)
    yield Need(
        "psi touches the line at A - sqrt(W/s)",
        line.xreplace({varrho: A - w / sigma}).xreplace(roots) - above.xreplace(roots),
    )
    yield Need("psi is below every line", line - above, conditions=(A - varrho,))
    inside = (varrho - least, A - varrho, condition.lts - condition.gts)
    yield Need("below s_0 the line at the least rate is least", line - below, conditions=inside)
    ahead = (sym.root_s + sym.increase) ** 2
    yield Need(
        "psi is increasing above s_0", above.xreplace({s: ahead}) - above, conditions=(1 - A,)
    )
    yield Need("A <= 1", 1 - theorem.definitions[A])
    if theorem.modulus == "mu_pl":
        yield Need("0 < A", theorem.definitions[A])
    else:
        yield Need("gamma mu < A", theorem.definitions[A] - gamma * mu)
    if theorem.floor is not None:
        (phi, _), (other, _) = theorem.floor.args
        root = sp.sqrt(U * A + W)
        fixed = {root: v, sp.sqrt(W): w}
        at = (phi.xreplace(fixed)) ** sp.Rational(1, 2)
        value = above.xreplace({sp.sqrt(W): w, sp.sqrt(s): at, s: at**2})
        yield Need(
            "Phi is the fixed point of psi", (value - at**2).xreplace({U: (v**2 - w**2) / A})
        )
        yield Need(
            "below s_0 the floor is the line's fixed point", below.xreplace({s: other}) - other
        )


def gaps(theorem: Theorem, obligations: Iterable[Obligation]) -> list[str]:
    """One sentence per fact that no obligation claims, or that rests on more than the statement
    allows; empty when all adds up.
    """
    found, complaints = list(obligations), list(_definitions(theorem))
    # A piece that is not there, or has other parts.
    try:
        wanted = list(needs(theorem))
    except (
        TypeError,
        ValueError,
        AttributeError,
    ) as error:
        return [
            *complaints,
            f"{theorem.name}: the statement has another shape than its proof: {error}",
        ]
    for need in wanted:
        matches = [item for item in found if _claims(item, need)]
        reasons = [_excess(theorem, item, need) for item in matches]
        if not matches:
            complaints.append(f"{theorem.name}: no obligation claims: {need.what}")
        elif all(reasons):
            complaints.append(f"{theorem.name}: {need.what}: {reasons[0]}")
    return complaints


def _definitions(theorem: Theorem) -> Iterator[str]:
    """k^2, a^2, c^2, q^2 and b are what the certificates take them for, and a sharp psi is the line
    at gamma mu.
    """
    if theorem.name.endswith("-sharp") and not vanishes(
        theorem.psi - ((1 - gamma * mu) * s + sym.U + sym.W / (sym.A - gamma * mu))
    ):
        yield f"{theorem.name}: psi is not the line at gamma mu"
    for letter, value in _SQUARED.items():
        if letter in theorem.definitions and theorem.definitions[letter] != 0:
            root = theorem.definitions[letter].replace(
                sp.Max, lambda *args: next(x for x in args if x != 0)
            )
            if (
                sp.expand(root**2 - value) != 0
                or letter == k
                and not theorem.definitions[k].is_nonnegative
            ):
                yield f"{theorem.name}: {letter} is defined as {theorem.definitions[letter]}"
    if sym.k in theorem.definitions and theorem.unbiased != (theorem.definitions[k] == 0):
        yield f"{theorem.name}: k is defined as {theorem.definitions[k]}"
    if sym.young in theorem.definitions and not _solves(theorem):
        yield f"{theorem.name}: p* is not the root that the certificates eliminate delta with"
    if sym.b in theorem.definitions and theorem.definitions[sym.b] != sp.Abs(1 - L * gamma):
        yield f"{theorem.name}: b is defined as {theorem.definitions[sym.b]}"


def _solves(theorem: Theorem) -> bool:
    """(T + r(omega X + delta)) p^2 + 2 omega r X p = X (1 - (1+omega) r) at the p* that the
    statement defines where x* is not 0.
    """
    best, r, omega, X = (
        theorem.definitions[sym.young].args[0].expr,
        1 - gamma * mu,
        sym.omega,
        sym.minimiser_sq,
    )
    assert theorem.psi is not None
    size = theorem.psi.xreplace({s: ZERO, omega: ZERO, sym.rounding_sq: ZERO}) + r * (
        omega * X + sym.rounding_sq
    )
    left, right = size * best**2 + 2 * omega * r * X * best, X * (1 - (1 + omega) * r)
    return bool(sp.cancel(sp.expand(sp.together(left - right))) == 0)


def _claims(item: Obligation, need: Need) -> bool:
    own = item.claim if isinstance(item, Certificate) else item.expression
    if need.limit:
        own = own.xreplace(dict(need.corner)).xreplace(dict(need.limit))
        own = sp.expand(own).xreplace({_TINY: ZERO})
    wanted = need.claim.xreplace(dict(need.corner))
    swap = (
        {sp.sqrt(sym.W): sym.root_W, sp.sqrt(s): sym.root_s, sym.W: sym.root_W**2, s: sym.root_s**2}
        if wanted.has(sp.sqrt(sym.W))
        else {}
    )
    if need.own and not (isinstance(item, Identity) and own.free_symbols == wanted.free_symbols):
        return False
    difference = item.region.resolve((own - wanted).xreplace(swap)).xreplace(dict(need.corner))
    draw = random.Random(0)
    point = {
        letter: Fraction(draw.randint(1, 10**4), draw.randint(1, 10**4))
        for letter in sorted(difference.free_symbols, key=str)
    }
    try:
        # The number first: it is quick.
        return evaluate(difference, point) == 0 and vanishes(difference)
    except (ValueError, ZeroDivisionError):
        return False


def _excess(theorem: Theorem, item: Obligation, need: Need) -> str:
    """What the obligation assumes beyond the statement."""
    if isinstance(item, Identity):
        return ""
    allowed = {
        *theorem.needs,
        asm.bias_norm,
        asm.noise_norm,
        asm.teacher_smoothness,
        asm.teacher_expected_smoothness,
    }
    strange = [
        str(key)
        for key in item.multipliers
        if key not in allowed and not (need.what == "Lcal >= mu" and key in theorem.needs)
    ]
    if strange:
        return f"{item.name} uses {strange[0]}, which the statement does not list"
    free = {letter for step in need.limit for letter in [step]}
    for letter, meaning in item.region.slacks.items():
        if meaning.free_symbols & free or any(
            vanishes(item.region.resolve(meaning - part)) for part in need.conditions
        ):
            continue
        if meaning.is_Symbol and meaning in need.conditions:
            continue
        if not _on_the_range(
            theorem, item.region.resolve(meaning), strictly=bool(letter.is_positive)
        ):
            return (
                f"{item.name} needs {meaning} {'>' if letter.is_positive else '>='} 0, which does"
                " not hold on the whole range"
            )
    return ""


def _on_the_range(theorem: Theorem, meaning: sp.Expr, *, strictly: bool) -> bool:
    """The sign on gamma <= step_size_max, L >= mu, Lcal >= mu, by coefficients: gamma = limit/(1 +
    x), L = mu + y, Lcal = mu + z.

    Lcal may have been eliminated already, by c or by q.
    """
    if theorem.step_size_max is None:
        return False
    x, y, z = (sp.Dummy(name, positive=True) for name in "xyz")
    limit = theorem.step_size_max
    for letter, value in ((sym.c, mu + sym.c**2 / mu), (sym.q, mu * (1 + sym.q**2))):
        if letter in meaning.free_symbols:
            limit = limit.xreplace({Lcal: value})
    bounds = {L: mu + y, Lcal: mu + z}
    at = meaning.xreplace({gamma: limit / (1 + x)}).xreplace(bounds)
    top, bottom = sp.fraction(sp.cancel(sp.together(at)))
    positive = {mu, y, z, *({x} if theorem.strict else ())} - {
        y,
        z,
    }  # L = mu and Lcal = mu are allowed
    coefficients = [
        (
            sp.Poly(part, *sorted(part.free_symbols, key=str)).terms()
            if part.free_symbols
            else [((), part)]
        )
        for part in (top, bottom)
    ]
    if any(value < 0 for terms in coefficients for _, value in terms):
        return False
    letters = sorted(top.free_symbols, key=str)
    seen = any(
        all(power == 0 or letter in positive for letter, power in zip(letters, powers, strict=True))
        for powers, value in coefficients[0]
        if value > 0
    )
    return seen or not strictly
