"""``prove``: what a statement needs, checked by every checker asked, or a sentence about what is
missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache, partial

from kdtheory.errors import InvalidInput, MissingTool
from kdtheory.instances.refuting import refute
from kdtheory.proofs import families
from kdtheory.proofs.in_coq import COQ_SOURCES, compiled, whole_in_coq
from kdtheory.proofs.proof import Proof, Step
from kdtheory.prover import coq, coq_build, solvers, sympy_checker
from kdtheory.prover.binding import bind
from kdtheory.prover.checkers import named
from kdtheory.prover.obligations import Obligation, contents
from kdtheory.statements.theorem import WORDS
from kdtheory.statements.theorems import THEOREMS, Theorem, theorem_named

BY_HAND = "by hand: conditional expectation from t to t + 1 (tower rule)"

# Each statement's are made once a process.
OBLIGATIONS: Mapping[str, Callable[[], tuple[Obligation, ...]]] = {
    name: cache(partial(families.of(theorem).obligations, theorem))
    for name, theorem in THEOREMS.items()
}


# What was accepted in this process, and the seconds that took: statements share two thirds of their
# obligations.  The key is the obligation's contents, so that another one under the same name is
# checked.  Only what is PROVED is kept: a missing or slow solver may answer next time.
_ACCEPTED: dict[Hashable, float] = {}


def not_installed(checkers: Sequence[str], *, coqchk: bool = False) -> list[str]:
    """How to get what is missing of the checkers named, a sentence each."""
    said = [
        coq_build.missing(coqchk=coqchk) if name == "coq" else solvers.missing(name)
        for name in checkers
        if name != "sympy"
    ]
    return list(filter(None, said))


def _checked(item: Obligation, checker: str) -> Step:
    """One obligation by one checker, and by it only once."""
    key = (checker, contents(item))
    if key in _ACCEPTED:
        return Step(item.name, checker, "PROVED", "", _ACCEPTED[key])
    start = time.perf_counter()
    result = sympy_checker.check(item) if checker == "sympy" else solvers.check(item, checker)
    seconds = time.perf_counter() - start
    if result.status == "PROVED":
        _ACCEPTED[key] = seconds
    return Step(item.name, checker, result.status, result.reason, seconds)


def _check(
    statement: Theorem, checker: str, found: tuple[Obligation, ...], coqchk: bool
) -> list[Step]:
    if checker != "coq":
        return [_checked(item, checker) for item in found]
    whole, changed = f"{coq.identifier(statement.name)}, whole", _changes(statement)
    if changed or statement.name not in whole_in_coq():
        told = "the statement that is proved in Coq" if changed else "proved whole in Coq yet"
        return [Step(whole, checker, "UNDECIDED", f"{statement.name} is not {told}", 0.0)]
    report = compiled(coqchk)
    reason = "" if report.status == "PROVED" else report.reason
    return [Step(whole, checker, report.status, reason, report.seconds)]


def prove(
    theorem: str | Theorem, *, checkers: str | Sequence[str] = ("sympy",), coqchk: bool = False
) -> Proof:
    """Have every obligation of a statement checked by every checker named: "sympy", "z3", "cvc5",
    "coq".

    What has to be shown is derived from the statement object (``kdtheory.prover.binding``): PROVED
    needs an obligation for each fact, and every obligation accepted by every checker.  A checker
    that is not installed makes the proof UNDECIDED, never PROVED.  A ``Theorem`` that the
    obligations do not add up to is REFUTED by an explicit instance where one is found, else
    UNDECIDED.

    Args:
        theorem: a key of ``THEOREMS``, or a statement of one's own.
        checkers: names out of "sympy", "z3", "cvc5", "coq".
        coqchk: with "coq", also let Coq's separate kernel re-check everything (about half a minute
            more).

    Raises:
        InvalidInput: an unknown theorem or checker.

    >>> import kdtheory as kd
    >>> kd.prove('theorem-1').status
    'PROVED'
    """
    checkers, statement = named(checkers), theorem_named(theorem)
    name = statement.name
    changed = _changes(statement)
    proof, said = examined(statement, checkers, coqchk=coqchk)
    steps, found = proof
    if said and changed:
        return _implied(statement, checkers) or _searched(statement, checkers, changed, said[0])
    if said or not steps:
        reason = "; ".join(said[:3]) or "no checker was asked"
        refuted = any(step.status == "REFUTED" for step in steps)
        return Proof(name, "REFUTED" if refuted else "UNDECIDED", reason, steps, found, statement)
    last = (
        "; the whole statement in Coq, resting on the axioms of its real numbers"
        if "coq" in checkers
        else ""
    )
    # That one is about a single gradient: nothing is iterated.
    if not last and statement.quantity not in ("gradient", "law"):
        last = f"; {BY_HAND}"
    return Proof(name, "PROVED", f"{len(steps)} checks{last}", steps, found, statement)


def examined(
    statement: Theorem, checkers: tuple[str, ...], *, coqchk: bool = False
) -> tuple[tuple[tuple[Step, ...], tuple[Obligation, ...]], list[str]]:
    """The checks and what was checked, and everything that is open: PROVED is nothing open."""
    found, complaints = obligations(statement)
    if complaints and _changes(statement):
        return ((), found), list(complaints)
    steps = tuple(
        step for checker in checkers for step in _check(statement, checker, found, coqchk)
    )
    # The same complaint about every obligation (a missing tool, say) is made once.
    said = (f"{step.checker}: {step.reason}" for step in steps if step.status != "PROVED")
    return (steps, found), list(dict.fromkeys((*complaints, *said)))


def obligations(statement: Theorem) -> tuple[tuple[Obligation, ...], tuple[str, ...]]:
    """Everything that is to be checked for a statement, and what it says that none of it shows."""
    if statement.name not in OBLIGATIONS:
        return (), ("there is no certificate for it",)
    try:
        own = {item.name: item for item in OBLIGATIONS[statement.name]()}
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        return (), (f"the statement has another shape than its proof: {error}",)
    bound = bind(statement, own.values())
    derived = {item.name: item for item in bound.identities}
    return tuple((own | derived).values()), bound.complaints


_PROVED = {name: replace(theorem) for name, theorem in THEOREMS.items()}


def _changes(theorem: Theorem) -> list[str]:
    """The fields in which it differs from the proved statement of that name; words do not count.

    What is proved is a copy made when this module was imported: nobody else holds it.
    """
    original = _PROVED.get(theorem.name)
    names = [field.name for field in fields(Theorem) if field.name not in WORDS]
    return [
        name
        for name in names
        if original is None or getattr(theorem, name) != getattr(original, name)
    ]


def _implied(theorem: Theorem, checkers: tuple[str, ...]) -> Proof | None:
    """PROVED where the obligations of a statement under another name show it: the same recursion
    with no more assumptions than it has, in a range that is no longer.
    """
    for name, original in _PROVED.items():
        same = (theorem.psi, theorem.quantity) == (original.psi, original.quantity)
        if theorem.psi is None or not same:
            continue
        fewer = set(original.needs) <= set(theorem.needs)
        twin = replace(theorem, name=name, needs=original.needs if fewer else theorem.needs)
        (steps, found), said = examined(twin, checkers)
        if steps and not said:
            reason = f"{len(steps)} checks, those of {name}, which implies it; {BY_HAND}"
            return Proof(theorem.name, "PROVED", reason, steps, found, theorem)
    return None


def _searched(
    theorem: Theorem, checkers: tuple[str, ...], changed: list[str], missing: str
) -> Proof:
    """PROVED by a certificate of its own, where the search finds one that all checkers accept;
    Coq is asked about the certificates.
    """
    # The search loads only for statements that need it.
    from sympy import PolynomialError

    from kdtheory.discovery.multipliers import NotFound
    from kdtheory.proofs import own

    try:
        found = own.searched(theorem)
    except (NotFound, InvalidInput, MissingTool, PolynomialError) as error:
        return _somebodys_own(theorem, changed, f"{missing}; {error}{own.gap(theorem)}")
    steps = tuple(step for checker in checkers for step in _own_steps(checker, found))
    said = list(dict.fromkeys(f"{s.checker}: {s.reason}" for s in steps if s.status != "PROVED"))
    if said or not steps:
        reason = "; ".join(said[:3]) or "no checker was asked"
        return Proof(theorem.name, "UNDECIDED", reason, steps, found, theorem)
    reason = f"{len(steps)} checks of certificates found by a search; {BY_HAND}"
    return Proof(theorem.name, "PROVED", reason, steps, found, theorem)


def _own_steps(checker: str, found: tuple[Obligation, ...]) -> list[Step]:
    if checker != "coq":
        return [_checked(item, checker) for item in found]
    reports = coq_build.check(COQ_SOURCES, found)
    return [
        Step(name, checker, one.status, one.reason, one.seconds) for name, one in reports.items()
    ]


def _somebodys_own(theorem: Theorem, changed: list[str], missing: str) -> Proof:
    """A statement that the obligations of its name do not show: an instance against it, if one is
    found.
    """
    found = refute(theorem) if theorem.has_curve else None
    if found is not None:
        reason = f"at an explicit instance {found.breach}"
        return Proof(theorem.name, "REFUTED", reason, (), (), theorem, found)
    whose = (
        f"differs from the proved one in {', '.join(changed)}"
        if theorem.name in THEOREMS
        else "is not among the statements of kdtheory"
    )
    reason = (
        f"{theorem.name} {whose}: {missing}; missing is a certificate for it, and no"
        " counterexample was found"
        " (one step, and rhs at t = 0 and 1, are tried at explicit instances; a floor on its own"
        " is not)"
    )
    return Proof(theorem.name, "UNDECIDED", reason, (), (), theorem)
