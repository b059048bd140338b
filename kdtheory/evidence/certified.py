"""Rational and ball evidence: lhs <= rhs decided in exact arithmetic, so that VERIFIED is a theorem
about the instance.

Left: exact rationals (or balls around them).  Right: psi iterated in rationals, in balls as soon as
a root is irrational.  The precision is doubled until every time is decided, or until ``MOST_BITS``:
then the two sides agree to that many bits, and the status is UNDECIDED.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import contraction
from kdtheory.errors import AssumptionFails, InvalidInput, StepSizeTooLarge
from kdtheory.evidence.instance import RationalInstance
from kdtheory.evidence.judgement import Judgement
from kdtheory.evidence.lifted import ball_values, lifted_map, rational_values, reader, start
from kdtheory.evidence.matrices import Exact, exact_array
from kdtheory.evidence.numbers import Number, as_ball, evaluate, flint, less, root
from kdtheory.statements.theorems import NOISE_NORM, Theorem

FEWEST_BITS, MOST_BITS = 128, 8192
EXACT_TIMES = 400  # equalities are settled in rationals up to here: their size grows like t


def judge(
    at: RationalInstance, statement: Theorem, *, x0: Any, times: np.ndarray, balls: bool
) -> Judgement:
    """The verdict on one least-squares instance over the rationals.

    Raises:
        MissingTool: without python-flint.  StepSizeTooLarge: beyond the range at the certified
            constants.
        AssumptionFails: compression that does not contract.  InvalidInput: constants that cannot be
            certified, an identity in balls.
    """
    flint()
    steps, wanted = int(times[-1]), set(times.tolist())
    x = exact_array(x0, "x0")
    if statement.kind == "identity":
        if balls:
            raise InvalidInput(
                f"{statement.title} is an identity: balls can refute it but never verify it. Use"
                " method='rational'."
            )
        return _identity(statement, at, x, wanted)
    letters = at.letters(statement)
    _check(statement, letters)
    S, z, row = lifted_map(at), start(x), reader(at, statement.quantity)
    lhs = None if balls else list(rational_values(S, z, row, steps))
    bits, ratio, open_at = FEWEST_BITS, 0.0, 0
    while bits <= MOST_BITS:
        with flint().ctx.workprec(bits):
            left = ball_values(S, z, row, steps) if lhs is None else _as_balls(lhs)
            answer = _pass(statement, _complete(statement, letters), left, lhs, wanted)
        if isinstance(answer, Judgement):
            mu, Lcal = float(letters["mu"]), float(letters["Lcal"])
            certificate = f"constants certified by exact LDL^T, mu = {mu:.9g}, Lcal = {Lcal:.9g}"
            return replace(answer, reason=f"{answer.reason}, {bits} bits; {certificate}")
        ratio, open_at = answer
        bits *= 2
    return Judgement(
        "UNDECIDED",
        ratio,
        f"at t = {open_at} the two sides agree to {MOST_BITS} bits: equal, or closer than that",
    )


def _as_balls(pairs: list[tuple[Any, Any]]) -> Iterator[Number]:
    for numerator, denominator in pairs:
        yield as_ball(numerator) / as_ball(denominator)


def _pass(
    statement: Theorem,
    letters: dict[str, Number],
    left: Iterator[Number],
    lhs: list[tuple[Any, Any]] | None,
    wanted: set[int],
) -> Judgement | tuple[float, int]:
    """All times at one precision: a verdict, or (ratio, the first time that is still open)."""
    assert statement.psi is not None
    fmpq = flint().fmpq
    ratio, open_at, state, rhs = 0.0, -1, None, None
    for t, seen in enumerate(left):
        if state is None:
            # S_0 is the left-hand side at t = 0: equal by definition.
            state = first = seen if lhs is None else fmpq(*lhs[0])
        else:
            state = evaluate(statement.psi, letters | {"s": state})
        if isinstance(state, fmpq) and t > EXACT_TIMES:
            state = as_ball(state)
        if t not in wanted or (t == 0 and statement.unrolls):
            continue
        rhs = _claimed(statement, letters | {"s": state, "s0": first}, t)
        ratio = max(ratio, float(seen) / float(rhs) if rhs != 0 else 0.0)
        larger = less(rhs, seen)
        if larger is None and lhs is not None and isinstance(rhs, fmpq):
            larger = bool(rhs < fmpq(*lhs[t]))
        if larger:
            return Judgement(
                "VIOLATED",
                ratio,
                f"at t = {t}: lhs = {float(seen):.9g} > rhs = {float(rhs):.9g}, exactly",
                place=t,
            )
        if larger is None and open_at < 0:
            open_at = t
    if open_at >= 0:
        return ratio, open_at
    told = f"lhs <= rhs at all {len(wanted)} times, in {'balls' if lhs is None else 'rationals'}"
    return Judgement(
        "VERIFIED", ratio, told, (float(seen), float(rhs) if rhs is not None else math.nan)
    )


def _claimed(statement: Theorem, numbers: dict[str, Number], t: int) -> Number:
    """psi applied t times, or what rhs says where that is another claim and smaller."""
    if statement.unrolls:
        return numbers["s"]
    at = {sym.iterate(sym.t, sym.s0): sym.s, sym.t: sp.Integer(t)}
    said = evaluate(statement.rhs.xreplace(at), numbers)
    # At t = 0 psi claims what is so by definition.
    return said if t == 0 or less(said, numbers["s"]) else numbers["s"]


def _check(statement: Theorem, letters: dict[str, Number]) -> None:
    """The statement's own conditions, at the certified constants."""
    if statement.step_size_max is None or statement.psi is None:
        raise InvalidInput(f"{statement.title} bounds nothing over time.")
    limit = evaluate(statement.step_size_max, letters)
    over = less(limit, letters["gamma"])
    if over or over is None or (statement.strict and not less(letters["gamma"], limit)):
        raise StepSizeTooLarge(
            f"{statement.title} needs gamma {'<' if statement.strict else '<='}"
            f" {statement.step_size_max} = {float(limit):.12g} at constants certified in exact"
            f" arithmetic (mu = {float(letters['mu']):.6g}, Lcal = {float(letters['Lcal']):.6g}),"
            f" got gamma = {float(letters['gamma']):.12g}. Use a smaller gamma."
        )
    if (
        contraction in statement.needs
        and (1 + letters["omega"]) * (1 - letters["gamma"] * letters["mu"]) >= 1
    ):
        raise AssumptionFails(
            f"{statement.title} contracts only for (1+omega)(1-gamma mu) < 1, got "
            f"omega = {float(letters['omega']):.6g}."
        )


def _complete(statement: Theorem, letters: dict[str, Number]) -> dict[str, Number]:
    """The letters with the definitions evaluated in order, at the current precision."""
    found = dict(letters)
    for letter, definition in statement.definitions.items():
        found[letter.name] = (
            root(letters["noise_sq"])
            if letter is sym.a and definition == NOISE_NORM
            else evaluate(definition, found)
        )
    return found


def _identity(statement: Theorem, at: RationalInstance, x: Exact, wanted: set[int]) -> Judgement:
    """The exact law of distillation: both sides as rationals at every time, compared for
    equality.
    """
    fmpq, lam, steps = flint().fmpq, at.weight, max(wanted)
    D = at.theta - at.minimiser
    fading = x - at.minimiser - lam * D
    calm = at.calmed(1 - lam)  # plain SGD with noise (1-lam) S: targets (1-lam) b
    left = rational_values(lifted_map(at), start(x), reader(at, "sq_distance"), steps)
    shifted = rational_values(
        lifted_map(calm), start(calm.minimiser + fading), reader(calm, "sq_distance"), steps
    )
    shrink = at.identity - at.gamma * at.hessian
    for t, (seen, square) in enumerate(zip(left, shifted, strict=True)):
        letters = {"lam": lam, "D_sq": D @ D, "shifted_t": fmpq(*square), "drift_t": D @ fading}
        claimed = evaluate(statement.rhs, letters)
        if t in wanted and fmpq(*seen) != claimed:
            return Judgement(
                "VIOLATED",
                float(fmpq(*seen)) / float(claimed),
                f"at t = {t}: lhs = {float(fmpq(*seen)):.9g} != rhs, exactly",
            )
        fading = shrink @ fading
    return Judgement("VERIFIED", 1.0, f"lhs = rhs at all {len(wanted)} times, as rationals")
