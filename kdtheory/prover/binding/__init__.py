"""What a statement needs, derived from the statement object, and whether obligations provide it.

``bind(statement, obligations)`` reads ``psi``, ``rhs``, ``lhs``, ``floor``, ``definitions``,
``quantity``, ``kind``, ``unbiased``, ``modulus``, ``needs`` and the range of step sizes.  Every
inequality must be the claim of a certificate, on the whole range and under no assumption that the
statement does not list, and every assumption listed must be used; identities are returned as
obligations, for every checker to check.  Whatever does not fit is a complaint, and a proof with a
complaint is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.prover.binding import affine, compression, curve, laws, shape, tight
from kdtheory.prover.binding.definitions import spelt_out
from kdtheory.prover.binding.matching import empty_range, excess, makes, meanings
from kdtheory.prover.binding.need import STATES, Condition, Need, Needs, Unbound, compresses, is_pl
from kdtheory.prover.obligations import Certificate, Identity, Obligation, Region
from kdtheory.statements.theorem import EXPRESSIONS, Theorem

KINDS = ("identity", "upper", "tight")
ODD = (TypeError, ValueError, AttributeError, KeyError, ArithmeticError)


@dataclass(frozen=True)
class Binding:
    """``complaints``: what the statement says and nothing shows, one sentence each; ``identities``:
    what the statement needs that a checker can look at as it stands.
    """

    complaints: tuple[str, ...]
    identities: tuple[Identity, ...]


def bind(statement: Theorem, obligations: Iterable[Obligation]) -> Binding:
    """Compare a statement with its obligations."""
    try:
        sound(statement)
        # A law is about letters as such, whatever they stand for.
        plain = statement if statement.quantity == "law" else spelt_out(statement)
        wanted = list(needs(plain))
    except Unbound as error:
        return Binding((str(error),), ())
    except ODD as error:
        return Binding((f"the statement has another shape than any known: {error}",), ())
    certificates = [(item, meanings(item)) for item in obligations if isinstance(item, Certificate)]
    complaints: list[str] = []
    used: set[asm.Assumption] = set()
    identities = [_identity(statement.name, need) for need in wanted if need.identity]
    for need in wanted:
        strange = [item for item in need.uses if item not in plain.needs]
        used |= {*need.uses}
        if strange:
            complaints.append(
                f"{need.what} rests on {strange[0]}, which the statement does not list"
            )
        if need.identity:
            continue
        found = [item for item, letters in certificates if makes(item, letters, need)]
        reasons = [excess(plain, item, need) for item in found]
        for item, reason in zip(found, reasons, strict=True):
            used |= set() if reason else {*item.multipliers}
        if not found:
            complaints.append(f"nothing claims: {need.what}")
        elif all(reasons):
            complaints.append(f"{need.what}: {reasons[0]}")
    if not complaints:
        complaints += [
            f"{item} is listed, but nothing uses it" for item in plain.needs if item not in used
        ]
    return Binding(tuple(complaints), tuple(identities))


def _identity(name: str, need: Need) -> Identity:
    return Identity(f"{name}-{need.what}", need.claim, Region({}, dict(need.eliminations)))


def sound(statement: Theorem) -> None:
    """The fields agree with each other, and are exact.

    Raises:
        Unbound: with what does not.
    """
    parts = [getattr(statement, name) for name in EXPRESSIONS] + [*statement.definitions.values()]
    for part in parts:
        if isinstance(part, sp.Basic) and part.has(sp.Float):
            raise Unbound(f"{part!s:.60} holds a float; write sympy.Rational(1, 10) for 0.1")
    if statement.kind not in KINDS:
        raise Unbound(f"kind is {statement.kind!r}, not one of {', '.join(KINDS)}")
    if len(set(statement.needs)) < len(statement.needs):
        raise Unbound("an assumption is listed twice")
    if statement.strict and statement.step_size_max is None:
        raise Unbound("an open range of step sizes without an end")
    if empty_range(statement):
        raise Unbound(empty_range(statement))
    others = [item for item in statement.needs if item != asm.polyak_lojasiewicz]
    convex = not is_pl(statement) or any(sym.mu in item.slack.free_symbols for item in others)
    if statement.modulus != ("mu" if convex else "mu_pl"):
        raise Unbound(
            f"mu is said to be {statement.modulus}, the assumptions are about another one"
        )
    other = (
        (asm.descent_lemma, asm.compressor)
        if statement.unbiased
        else (asm.descent_lemma_unbiased, asm.compressor_unbiased)
    )
    for item in other:
        if item in statement.needs:
            raise Unbound(f"{item} is about another step")
    if (statement.quantity == "gradient") != isinstance(statement.lhs, sp.MatrixExpr):
        raise Unbound(f"lhs is {statement.lhs}, the quantity is {statement.quantity}")
    free = statement.quantity in ("gradient", "law")
    if not free and statement.lhs != STATES.get(statement.quantity):
        raise Unbound(f"lhs is {statement.lhs}, the quantity is {statement.quantity}")


def needs(statement: Theorem) -> Needs:
    """The facts behind a statement whose private letters are spelt out."""
    if callable(statement.claims):
        yield from _named(statement)
    elif statement.psi is None:
        yield from laws.needs(statement)
        return
    if statement.psi is None:
        return
    if statement.kind == "identity":
        raise Unbound("an identity is claimed, and one step is an inequality")
    if statement.step_size_max is None:
        raise Unbound("a bound without a range of step sizes")
    yield from _recursion(statement)
    if statement.kind == "tight":
        yield from tight.needs(statement)
    yield from _constants(statement)


def _recursion(statement: Theorem) -> Needs:
    psi = statement.psi
    assert psi is not None
    if compresses(statement):
        if statement.unbiased or is_pl(statement):
            raise Unbound("compression after another step than the biased, strongly convex one")
        if sym.young in statement.definitions:
            yield from compression.line(statement)
        else:
            yield from curve.one_step(statement)
            yield from compression.envelope(statement)
            if statement.rhs != sym.iterate(sym.t, sym.s0) or statement.floor is not None:
                raise Unbound("rhs is not psi iterated t times, or a floor is given")
    elif sym.A not in statement.definitions:
        yield from affine.needs(statement)
    else:
        yield from curve.one_step(statement)
        if affine.is_affine(psi):
            yield from curve.sharp(statement)
            yield from affine.slope(statement)
            yield from affine.unrolled(statement)
        else:
            yield from shape.needs(statement)


def _constants(statement: Theorem) -> Needs:
    """Lcal >= mu (PL: L >= mu) where F > 0 somewhere: facts about the letters, which ranges use."""
    if is_pl(statement):
        yield Need("L >= mu", 2 * (sym.L - sym.mu) * sym.F, uses=(asm.nonnegative_gap,))
    sign = asm.nonnegative_gap if is_pl(statement) else asm.quadratic_growth
    yield Need("Lcal >= mu", 2 * (sym.Lcal - sym.mu) * sym.F, uses=(sign,))


def _named(statement: Theorem) -> Iterator[Need]:
    """Claims that the statement names itself; they must read everything that it says."""
    assert callable(statement.claims)
    said = statement.claims(statement)
    if statement.kind == "tight" or (
        statement.kind == "identity"
        and not all(claim.identity or claim.at is not None for claim in said)
    ):
        raise Unbound(f"the claims do not show that the statement is of kind {statement.kind!r}")
    if statement.unbiased and statement.claims(replace(statement, unbiased=False)) == said:
        raise Unbound("the claims do not read which step is made")
    mark = sp.Dummy("mark", positive=True)
    for name in ("lhs", "rhs", "floor"):
        part = getattr(statement, name)
        if part is not None and statement.claims(replace(statement, **{name: part + mark})) == said:
            raise Unbound(f"the claims do not read {name}")
    for letter, value in statement.definitions.items():
        other = {**statement.definitions, letter: value + mark}
        if statement.claims(replace(statement, definitions=other)) == said:
            raise Unbound(f"the claims do not read the definition of {letter}")
    for claim in said:
        conditions = tuple(Condition(part, part.is_Symbol) for part in claim.conditions)
        yield Need(claim.what, claim.expression, conditions, identity=claim.identity)
        if claim.at is not None:
            attained = claim.expression.xreplace(dict(claim.at))
            yield Need(f"{claim.what} attained", attained, identity=True)
