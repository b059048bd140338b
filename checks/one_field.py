"""One field of a statement changed at a time: does ``prove`` notice?

    python -m kdtheory.checks.one_field

Every field of every statement is changed: numbers scaled, signs turned, terms dropped, ranges
lengthened, assumptions dropped, swapped and added, letters defined otherwise.  *refused*: no longer
PROVED.  *argued*: still PROVED, and ``argument`` says why the changed statement follows from one
that is proved.  *SURVIVED*: still PROVED without such a reason; exit code 1 if there is one.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import ASSUMPTIONS
from kdtheory.errors import InvalidInput
from kdtheory.proofs import examined
from kdtheory.statements import THEOREMS, Theorem
from kdtheory.statements.theorem import WORDS

TENTH = sp.Rational(1, 10)
FACTORS = (sp.Integer(2), sp.Rational(11, 10), sp.Rational(9, 10), sp.Integer(-1))


@dataclass(frozen=True)
class Change:
    """``good`` with ``value`` for ``field``, as ``what`` says."""

    field: str
    what: str
    good: Theorem
    value: Any

    @property
    def bad(self) -> Theorem:
        """The changed statement.  Raises InvalidInput where there is none."""
        return replace(self.good, **{self.field: self.value})


def changes(good: Theorem) -> Iterator[Change]:
    """Every field, in several ways; raises AssertionError for a field that nothing here changes."""
    ways = {
        "needs": _needs,
        "kind": lambda item: _others(item, "kind", ("identity", "upper", "tight")),
        "quantity": lambda item: _others(item, "quantity", ("sq_distance", "gap", "gradient")),
        "modulus": lambda item: _others(item, "modulus", ("mu", "mu_pl")),
        "unbiased": lambda item: _others(item, "unbiased", (True, False)),
        "strict": lambda item: _others(item, "strict", (True, False)),
        "step_size_max": _range,
        "lhs": lambda item: _expression(item, "lhs"),
        "rhs": lambda item: _expression(item, "rhs"),
        "psi": lambda item: _expression(item, "psi"),
        "floor": lambda item: _expression(item, "floor"),
        "definitions": _definitions,
        "claims": lambda item: (),
    }
    assert {item.name for item in fields(Theorem)} == {*ways, *WORDS}
    for name, way in ways.items():
        for what, value in way(good):
            yield Change(name, what, good, value)


Way = Iterator[tuple[str, Any]]


def _others(good: Theorem, field: str, values: Sequence[Any]) -> Way:
    for value in values:
        if value != getattr(good, field):
            yield f"{value}", value


def _needs(good: Theorem) -> Way:
    strangers = [item for item in ASSUMPTIONS.values() if item not in good.needs]
    for index, item in enumerate(good.needs):
        rest = (*good.needs[:index], *good.needs[index + 1 :])
        yield f"without {item}", rest
        yield f"{strangers[index]} for {item}", (*rest, strangers[index])
        weaker = replace(item, slack=item.slack + sym.gamma)
        yield f"{item} weakened", (*rest, weaker)
    for item in strangers[:3]:
        yield f"{item} listed too", (*good.needs, item)


def _range(good: Theorem) -> Way:
    limit = good.step_size_max
    if limit is None:
        yield "a range where none was", 1 / sym.Lcal
        return
    yield "no range", None
    for factor in (sp.Rational(101, 100), sp.Integer(2), sp.Integer(9), sp.Rational(9, 10)):
        yield f"{factor} times the range", factor * limit
    yield "L for Lcal", limit.xreplace({sym.Lcal: sym.L})
    yield "mu for Lcal", limit.xreplace({sym.Lcal: sym.mu})
    yield "an empty range", -limit
    yield "no step size", sp.Integer(0)
    yield "gamma up to itself", sym.gamma


def _expression(good: Theorem, field: str) -> Way:
    whole = getattr(good, field)
    if whole is None:
        yield "0 where nothing was", sp.Integer(0)
        return
    if field in ("psi", "floor"):
        yield "left out", None
    if isinstance(whole, sp.MatrixExpr):
        for factor in FACTORS:
            yield f"{factor} times it", factor * whole
        for term in whole.args if whole.is_MatAdd else ():
            yield f"without {term}", whole - term
        return
    yield from _changed(whole)


def _changed(whole: sp.Expr) -> Way:
    """Factors, terms, letters and conditions of a scalar expression."""
    for factor in FACTORS:
        if whole != 0:
            yield f"{factor} times it", factor * whole
    yield "a tenth of gamma more", whole + TENTH * sym.gamma
    yield "a tenth of gamma less", whole - TENTH * sym.gamma
    for term in sp.Add.make_args(whole) if whole.is_Add else ():
        yield f"without {term}", whole - term
        yield f"-{term}", whole - 2 * term
    for letter in sorted(whole.free_symbols, key=str):
        yield f"{letter} 9/10 as large", whole.xreplace({letter: sp.Rational(9, 10) * letter})
    for piece in sorted(whole.atoms(sp.Piecewise), key=sp.default_sort_key)[:2]:
        (first, test), (second, _) = piece.args
        yield (
            "the pieces swapped",
            whole.xreplace({piece: sp.Piecewise((second, test), (first, True))}),
        )
        yield (
            "the other condition",
            whole.xreplace({piece: sp.Piecewise((first, sp.Not(test)), (second, True))}),
        )
        halved = type(test)(test.lhs, test.rhs / 2 if test.rhs != 0 else TENTH)
        yield (
            "a wider condition",
            whole.xreplace({piece: sp.Piecewise((first, halved), (second, True))}),
        )


def _definitions(good: Theorem) -> Way:
    for letter, value in good.definitions.items():
        kept = {x: y for x, y in good.definitions.items() if x is not letter}
        yield f"{letter} undefined", kept
        for what, changed in _changed(value):
            if changed != value:
                yield f"{letter}: {what}", {**good.definitions, letter: changed}
        if value != 0:
            yield f"{letter} = 0", {**good.definitions, letter: sp.Integer(0)}
    said = sorted(good.lhs.free_symbols - {*good.definitions}, key=str)
    for letter in (sym.gamma, sym.mu, sym.lam, sym.sigma_star_sq, sym.s, *said[:1]):
        yield f"{letter} defined as its half", {**good.definitions, letter: letter / 2}


def argument(change: Change) -> str:
    """Why the changed statement follows from the proved one, computed; empty when it does not."""
    good, bad = change.good, change.bad
    if change.field == "kind" and (good.kind, bad.kind) in (
        ("tight", "upper"),
        ("identity", "upper"),
        ("identity", "tight"),
    ):
        return "claims less: an equality is a bound that is attained"
    if change.field == "floor" and bad.floor is None:
        return "claims less: the right-hand side without its limit"
    if change.field == "strict" and bad.strict and bad.step_size_max is not None:
        return "claims less: the end of the range is left out"
    if change.field == "step_size_max":
        return _shorter(good, bad)
    if change.field == "definitions" and _same_without_bias(good, bad):
        return "the same: the change stands where k = 0 makes it 0, or where no step is"
    return ""


def _same_without_bias(good: Theorem, bad: Theorem) -> bool:
    """Unbiased statements have k = 0, and noise dominates throughout."""
    if good.definitions.get(sym.k) != 0 or good.definitions.keys() != bad.definitions.keys():
        return False
    pairs = [(good.definitions[letter], bad.definitions[letter]) for letter in good.definitions]
    reached = [
        [side.args[0].expr if isinstance(side, sp.Piecewise) else side for side in pair]
        for pair in pairs
    ]
    tests = {side.args[0].cond for pair in pairs for side in pair if isinstance(side, sp.Piecewise)}
    return len(tests) <= 1 and all(
        (first - second).xreplace({sym.k: sp.Integer(0)}) == 0 for first, second in reached
    )


# Certificates hold further than the paper's statements: up to 1/(4 Lcal).
FURTHER = 1 / (4 * sym.Lcal)


def _shorter(good: Theorem, bad: Theorem) -> str:
    if bad.step_size_max is None:
        return ""
    if good.step_size_max is None:
        return "claims less: for some step sizes only"
    ratio = sp.cancel(bad.step_size_max / good.step_size_max)
    if ratio.is_Rational and ratio < 1:
        return "claims less: a shorter range"
    if good.step_size_max == FURTHER / 2 and sp.cancel(bad.step_size_max / FURTHER) <= 1:
        return "true: the certificate's region is gamma <= 1/(4 Lcal)"
    return ""


Outcome = tuple[Change, str, str]  # what became of it, and why


def judged(change: Change) -> Outcome:
    """What ``prove`` makes of it (without looking for a counterexample)."""
    try:
        _, open_reasons = examined(change.bad, ("sympy",))
    except InvalidInput as error:
        return change, "refused", str(error)
    if open_reasons:
        return change, "refused", open_reasons[0]
    reason = argument(change)
    return change, "argued" if reason else "SURVIVED", reason


def table(outcomes: Sequence[Outcome]) -> str:
    """Field by field: changed, refused, argued, SURVIVED."""
    count = Counter((change.field, what) for change, what, _ in outcomes)
    names = list(dict.fromkeys(change.field for change, *_ in outcomes))
    words = ("refused", "argued", "SURVIVED")
    lines = [f"{'field':16}{'changed':>9}" + "".join(f"{word:>10}" for word in words)]
    for name in (*names, "all"):
        row = [
            sum(n for (field, what), n in count.items() if name in (field, "all") and what == word)
            for word in words
        ]
        lines.append(f"{name:16}{sum(row):>9}" + "".join(f"{n:>10}" for n in row))
    return "\n".join(lines)


def main() -> int:
    """Change everything, and print the table and every change that is still PROVED."""
    start = time.monotonic()
    found = [judged(change) for good in THEOREMS.values() for change in changes(good)]
    print(table(found))
    for change, what, reason in found:
        if what != "refused":
            print(f"{what:9} {change.good.name}: {change.field}: {change.what}: {reason}")
    print(f"{len(found)} changes of {len(THEOREMS)} statements in {time.monotonic() - start:.0f} s")
    return int(any(what == "SURVIVED" for _, what, _ in found))


if __name__ == "__main__":
    raise SystemExit(main())
