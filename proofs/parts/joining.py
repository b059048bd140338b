"""What joins the one-step bounds to the statements: t steps, admissible rates, and the envelope
below s_0 and after compression.

sharp       rhs(t+1) = psi(rhs(t)), rhs(0) = s_0, gamma mu < A and gamma mu < 1 on the whole range
of step sizes envelope    a rate below A exists; below s_0 = W/(A - varrho_min)^2 the tangent at
varrho_min is the least one, so psi is everywhere a
            minimum of increasing lines; the floor there is that line's fixed point
compressed  rhs(t+1) = psi(rhs(t)); the envelope after compression is attained by p = |x*|/sqrt(P),
and grows with P Lcal >= mu  a consequence of the assumptions wherever F > 0, not one of its own
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec
from kdtheory.proofs.parts import certificates, recursion
from kdtheory.prover.obligations import Certificate, Identity, Obligation, Region
from kdtheory.statements.theorems import THEOREMS

gamma, mu, L, Lcal = sym.gamma, sym.mu, sym.L, sym.Lcal
ONE, ZERO = sp.Integer(1), sp.Integer(0)
n, more, spare = sym.slack_range, sym.increase, sym.slack_L


def unrolled(name: str) -> tuple[Obligation, ...]:
    """rhs(t+1) = psi(rhs(t)) and rhs(0) = s_0, alpha standing for the power of t in rhs; whatever
    A, U, W (or p) are.
    """
    theorem = THEOREMS[name]
    assert theorem.psi is not None
    (power,) = {part for part in theorem.rhs.atoms(sp.Pow) if part.exp == sym.t}

    def rhs(factor: sp.Expr) -> sp.Expr:
        return theorem.rhs.xreplace({power: factor})

    step = theorem.psi.xreplace({sym.s: rhs(sym.alpha)}) - rhs(power.base * sym.alpha)
    return Identity(f"{name}-unrolled", step), Identity(f"{name}-start", rhs(ONE) - sym.s0)


def _scalar(
    name: str, claim: sp.Expr, witness: sp.Expr, slacks: dict[sp.Symbol, sp.Expr]
) -> Certificate:
    return Certificate.plain(name, claim, witness, Region(slacks))


def admissible(*, pl: bool) -> tuple[Obligation, ...]:
    """gamma mu < A and gamma mu < 1 for gamma < 1/Lcal, PL gamma < mu/(L Lcal)."""
    if pl:
        A = envelope.polyak_lojasiewicz(
            gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=sym.q, k=sym.k, a=sym.a, b=sym.b
        ).A
        slacks = {n: 1 - L * gamma * Lcal / mu}
        rest = gamma * (mu * spare + mu * more + spare * more) / mu
        facts = {spare: L - mu, more: Lcal - mu}
    else:
        A = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=sym.k, a=sym.a).A
        slacks, rest, facts = {n: 1 - gamma * Lcal}, gamma * more, {more: Lcal - mu}
    suffix = "-pl" if pl else ""
    return (
        _scalar(f"sharp-rate-admissible{suffix}", A - gamma * mu, gamma * mu * n, slacks),
        _scalar(f"sharp-rate-below-one{suffix}", 1 - gamma * mu, n + rest, slacks | facts),
    )


def sharp(name: str) -> tuple[Obligation, ...]:
    """The passage to t steps of one of the four sharp statements."""
    pl = THEOREMS[name].modulus == "mu_pl"
    return (*unrolled(name), *rates(pl=pl), *admissible(pl=pl))


def cap_positive(*, pl: bool) -> Certificate:
    """A > 0, so that the rate 0 is admissible: gamma < 1/Lcal, PL gamma < 2 mu/(L Lcal)."""
    if not pl:
        A = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=sym.k, a=sym.a).A
        return _scalar("cap-positive", A, gamma * mu * (1 + n), {n: 1 - gamma * Lcal})
    A = envelope.polyak_lojasiewicz(
        gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=sym.q, k=sym.k, a=sym.a, b=sym.b
    ).A
    return _scalar("cap-positive-pl", A, gamma * mu * n, {n: 2 - L * gamma * Lcal / mu})


def below_s0() -> tuple[Obligation, ...]:
    """Where s (A - varrho_min)^2 <= W the least tangent is the one at varrho_min, and its fixed
    point is the other floor.
    """
    line = envelope.Triple(sym.A, sym.U, sym.W)
    least, rate, tau, y, z = sym.rate_min, sym.varrho, sym.tau, sym.slack_rate, sym.slack_low
    claim = (1 - rate) * sym.s + line.constant(rate) - ((1 - least) * sym.s + line.constant(least))
    witness = y * (z + sym.s * (tau + y) * y) / ((tau + y) * tau)
    floor = line.constant(least) / least
    return (
        _scalar(
            "least-tangent-below-s0",
            claim,
            witness,
            {y: rate - least, tau: sym.A - rate, z: sym.W - sym.s * (sym.A - least) ** 2},
        ),
        Identity("floor-of-the-least-tangent", (1 - least) * floor + line.constant(least) - floor),
    )


def envelopes(*, pl: bool) -> tuple[Obligation, ...]:
    """An admissible rate exists, and psi is one function on all s >= 0."""
    return (*rates(pl=pl), *below_s0(), floor_of_the_line())


def rates(*, pl: bool) -> tuple[Certificate, ...]:
    """0 < A <= 1; where bias dominates, W >= 0; gamma mu < A for gamma < 1/Lcal."""
    if pl:
        return cap_positive(pl=True), recursion.rate_at_most_one(pl=True)
    triple = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=sym.k, a=sym.a)
    shrink = (1 - gamma * mu) ** 2 + gamma**2 * sym.c**2
    return (
        cap_positive(pl=False),
        recursion.rate_at_most_one(pl=False),
        Certificate.plain(
            "cross-term-where-bias-dominates",
            triple.W,
            shrink * triple.U,
            Region({}, {Lcal: certificates.LCAL_BY_C}),
        ),
        admissible(pl=False)[0],
    )


def floor_of_the_line() -> Certificate:
    """Where Phi < s_0 = (w/tau)^2, the fixed point of the line at the least rate is below s_0 too:
    s_0 - line(s_0) = (w/tau - sqrt(Phi)) (least w/tau + v), v = sqrt(UA + W).
    """
    w, v, tau, z, least = sym.root_W, sym.root_UAW, sym.tau, sym.slack_low, sym.rate_min
    A, U = sym.A, (v**2 - w**2) / sym.A
    s0 = (w / tau) ** 2
    line = (1 - least) * s0 + sym.U + w**2 / (A - least)
    return Certificate.plain(
        "floor-of-the-line-below-s0",
        s0 - line,
        z * (w * least / tau + v),
        Region({z: w / (A - least) - (v + w) / A, tau: A - least}, {sym.U: U}),
    )


def compressed_envelope() -> tuple[Obligation, ...]:
    """The best p is attained; the closed form grows with P = y^2, so that it passes t steps as psi
    does.
    """
    omega, x, y, d = sym.omega, sym.root_minimiser, sym.root_bound, sym.increase
    p = x / y

    def closed(root: sp.Expr) -> sp.Expr:
        return (1 + omega) * root**2 + 2 * omega * x * root + omega * x**2

    family = (1 + omega * (1 + p)) * y**2 + omega * (1 + 1 / p) * x**2
    grows = d * ((1 + omega) * (2 * y + d) + 2 * omega * x)
    return Identity("compressed-attained", family - closed(y)), _scalar(
        "compressed-increasing", closed(y + d) - closed(y), grows, {}
    )


def compressed() -> tuple[Obligation, ...]:
    """Compression's passage to t steps, for every p that leaves a rate above 0."""
    return unrolled("compressed")


def smooth_enough() -> Certificate:
    """2 (L - mu) F >= 0: smoothness with PL."""
    return Certificate(
        "mu-below-L-pl",
        2 * (L - mu) * sym.F,
        {asm.gradient_smoothness: ONE, asm.polyak_lojasiewicz: ONE},
    )


def constants() -> tuple[Certificate, ...]:
    """2 (Lcal - mu) F >= 0: expected smoothness with strong convexity, or with PL."""
    claim = 2 * (Lcal - mu) * sym.F
    noise = (ONE, vec.combine((1, vec.G), (-1, vec.g), (-1, vec.S)))
    return (
        Certificate(
            "mu-below-Lcal",
            claim,
            {asm.expected_smoothness: ONE, asm.strong_convexity: 2 * mu},
            (noise, (ONE, vec.combine((1, vec.g), (-mu, vec.e)))),
        ),
        Certificate(
            "mu-below-Lcal-pl",
            claim,
            {asm.expected_smoothness: ONE, asm.polyak_lojasiewicz: ONE},
            (noise,),
        ),
    )
