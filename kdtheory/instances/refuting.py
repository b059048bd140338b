"""A false statement is refuted by one explicit instance, in exact rationals: the assumptions hold
and the claim does not.

``refute`` looks through a fixed list of instances (``kdtheory.instances.exact``), in floats first;
what it returns was evaluated in ``Fraction`` only.  None means that nothing was found, which proves
nothing.  Source: our own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.evaluate import compiled
from kdtheory.bounds.letters import complete, evaluate
from kdtheory.errors import InvalidInput
from kdtheory.instances.counterexamples import Counterexample, formula_of
from kdtheory.instances.exact import Instance, completed, exact
from kdtheory.instances.families import KINDS
from kdtheory.instances.identities import law, layers
from kdtheory.instances.suspects import Suspect
from kdtheory.statements.theorems import THEOREMS, Theorem

Claim = tuple[float, sp.Expr]  # t (may be infinite), and what is claimed of E s(x^t)
# The claim is undefined (a pole, a root of a negative number, too large) or speaks of a letter
# unknown here.
UNDEFINED = (ValueError, ZeroDivisionError, TypeError, OverflowError, KeyError)
LATER = (2, 3, 12)  # steps after which rhs is looked at
ENOUGH = 16  # hits in floats among which the shortest is shown
# excess, relative to the claim at x*, below which the float search does not look closer, and what
# floats cannot see; exact arithmetic decides
VISIBLE, ROUNDING = 1e-6, 1e-14


def refute(
    theorem: Theorem, claim: str = "", *, kinds: Iterable[str] = tuple(KINDS)
) -> Counterexample | None:
    """An instance at which the statement is false, or None when none of those tried refutes it
    (which proves nothing).

    ``claim`` says in words what is refuted.  The statement may be anybody's own; its step size
    range, ``psi``, ``rhs`` (t = 0, 1, 2, 3, 12), the floor and, for identities, both sides are
    looked at.
    Compression is looked at in statements that have the letter omega.

    Args:
        theorem: the statement.
        claim: words for what is refuted.
        kinds: families of instances to search, in this order; see ``KINDS``.

    Raises:
        InvalidInput: a statement without ``psi`` that is no identity.

    >>> import kdtheory as kd
    >>> kd.refute(kd.THEOREMS['theorem-1']) is None
    True
    """
    claim = claim or f"{theorem.title}, as stated"
    if theorem.kind == "identity" and theorem.has_curve:
        return (layers if theorem.quantity == "gradient" else law)(theorem, claim)
    if theorem.psi is None:
        raise InvalidInput(
            f"{theorem.title} makes no claim about a step; give it psi, or kind = 'identity'."
        )
    claims, start = _claims(theorem), _at_start(theorem)
    for kind in kinds:
        suspects = (_breaches(theorem, claims, start, suspect) for suspect in KINDS[kind](theorem))
        hits = islice((hit for hits in suspects for hit in hits), ENOUGH)
        for instance, at in sorted(hits, key=lambda item: (item[1][0], _length(item[0]))):
            shown = _confirm(theorem, claim, instance, at)
            if shown is not None:
                return shown
    return None


def _claims(theorem: Theorem) -> list[Claim]:
    """What is claimed of E s(x^t) in s and s0: psi for one step, rhs at some t where it is written
    out, and the floor.  Later than one step only where the assumptions are those of the paper,
    which hold along the whole path, and step sizes do not change.
    """
    assert theorem.psi is not None
    claims: list[Claim] = [(1, theorem.psi)]
    if not theorem.rhs.has(sym.t) or theorem.is_curve:
        return claims
    usual = {need for item in THEOREMS.values() for need in item.needs}
    late = {*theorem.needs} <= usual and not _at_start(theorem)
    claims += [
        (t, theorem.rhs.xreplace({sym.t: sp.Integer(t)}))
        for t in ((0, 1, *LATER) if late else (0, 1))
    ]
    if late and theorem.floor is not None:
        claims.append((math.inf, theorem.floor))
    return claims


def _breaches(
    theorem: Theorem, claims: list[Claim], start: dict[str, sp.Expr], suspect: Suspect
) -> Iterator[tuple[Instance, Claim]]:
    """Where a claim fails in floats; ``start``: :func:`_at_start`."""
    try:
        own = suspect.letters()
        known = complete(theorem, own)
        if any(not math.isclose(known[name], value) for name, value in own.items()):
            return  # the statement fixes a letter (lam, say) to another value
        for name, definition in start.items():
            if name in own and not math.isclose(evaluate(definition, known), own[name]):
                return  # and gamma_0 is another one
    except UNDEFINED:  # no claim to refute
        return
    # what is claimed at x*: the part of the claim that small step sizes leave little of
    sides = [(t, claimed, _side(claimed, known)) for t, claimed in claims]
    least = {t: abs(side(0.0)) for t, _, side in sides}
    for index, states in enumerate(suspect.states(theorem.quantity)):
        for t, claimed, side in sides:
            if t in states:
                size = min(least[t], states[t]) * VISIBLE + states[t] * ROUNDING
                if states[t] > side(states[0]) + size:
                    yield suspect.build(index), (t, claimed)
                    break


def _at_start(theorem: Theorem) -> dict[str, sp.Expr]:
    """Letters that the statement defines by t, such as gamma_t, at t = 0."""
    return {
        letter.name: sp.sympify(definition).xreplace({sym.t: sp.Integer(0)})
        for letter, definition in theorem.definitions.items()
        if sym.t in sp.sympify(definition).free_symbols
    }


def _side(claimed: sp.Expr, known: dict[str, float]) -> Callable[[float], float]:
    """The claim in floats, as a function of s = s0; infinity where it is undefined or complex, so
    that nothing is refuted.
    """
    try:
        names, function = compiled(claimed)
        numbers = [0.0 if name in ("s", "s0") else known[name] for name in names]
    except UNDEFINED:
        return lambda state: math.inf
    places = [place for place, name in enumerate(names) if name in ("s", "s0")]

    def side(state: float) -> float:
        for place in places:
            numbers[place] = state
        try:
            return float(function(*numbers))
        except UNDEFINED:
            return math.inf

    return side


def _confirm(
    theorem: Theorem, words: str, instance: Instance, claim: Claim
) -> Counterexample | None:
    """The same in ``Fraction``, with every assumption's slack; None where a letter is
    irrational.
    """
    t, claimed = claim
    slacks = [(assumption, instance.slack(assumption)) for assumption in theorem.needs]
    known, start, left = (
        completed(theorem, instance.numbers),
        instance.state(theorem.quantity, 0),
        instance.state(theorem.quantity, t),
    )
    if (
        start is None
        or left is None
        or any(known[letter] != value for letter, value in instance.numbers.items())
        or any(
            letter.name in _at_start(theorem)
            and exact(_at_start(theorem)[letter.name], known) != value
            for letter, value in instance.numbers.items()
        )
        or any(slack is None or slack < 0 or (slack == 0 and need.strict) for need, slack in slacks)
    ):
        return None
    known |= {sym.s: start, sym.s0: start}
    right = exact(claimed, known)
    if right is None or left <= right:
        return None
    state = "E f(x^{0}) - f*" if theorem.quantity == "gap" else "E|x^{0} - x*|^2"
    return Counterexample(
        theorem.name,
        words,
        instance,
        state.format("t" if t == math.inf else t) + (" for t to infinity" if t == math.inf else ""),
        left,
        right,
        formula=formula_of("at most", claimed, known),
    )


def _length(instance: Instance) -> int:
    """How much there is to check by hand."""
    return sum(len(row) for row in instance.data) + len(str(instance.gamma))
