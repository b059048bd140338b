"""The criterion behind a name or a statement: ranges, needed constants and kappa are read off the
statements, and from nowhere else.

A statement of ``THEOREMS`` can be minimised from gradients alone when its floor is a function of
the four moments and of constants: affine ones by their kappa, sharp ones and envelopes by their
triple (A, U, W).  Two names are no statements: "second-moment" is kappa = 0, the bias of a single
step and no more, and "exact" is the true error of least squares.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from kdtheory.errors import InvalidInput, StepSizeTooLarge, unknown_name
from kdtheory.estimate.criteria import Criterion, Quadratic
from kdtheory.problems.base import moderate_float

if TYPE_CHECKING:
    from kdtheory.statements.theorems import Theorem

Given: TypeAlias = dict[str, float | None]
ARGUMENTS = {"gamma": "step_size", "mu": "mu", "L": "L", "Lcal": "Lcal", "t": "horizon"}
SECOND_MOMENT, EXACT, HORIZON = "second-moment", "exact", "horizon"


@lru_cache(maxsize=1)
def criteria() -> tuple[str, ...]:
    """Every name that ``make_criterion`` knows, those of statements first.  Loads SymPy."""
    from kdtheory.statements.theorems import THEOREMS

    return (
        *(name for name, statement in THEOREMS.items() if _estimable(statement)),
        SECOND_MOMENT,
        EXACT,
    )


def needed_constants(criterion: str | Theorem) -> tuple[str, ...]:
    """The arguments without which the criterion has no weight: the letters of its kappa, or of its
    (A, U, W).
    """
    return tuple(ARGUMENTS[letter] for letter in _letters(_statement(criterion)))


def _statement(criterion: str | Theorem) -> Theorem | None:
    """The statement behind a criterion, None for the two names that are none.

    Raises InvalidInput for an unknown name, and for a statement of one's own with another floor
    than every known one: its best weight is not what is computed here.
    """
    from kdtheory.statements.theorems import THEOREMS, Theorem

    if not isinstance(criterion, Theorem):
        if criterion not in criteria():
            raise unknown_name("criterion", criterion, criteria())
        return THEOREMS.get(criterion)
    for name in criteria():
        if name in THEOREMS and _least(criterion) == _least(THEOREMS[name]):
            return criterion
    raise InvalidInput(
        f"No criterion here has the floor of {criterion.name!r}. Use optimal_weight(problem, theta,"
        f" criterion=...), or one of {', '.join(criteria())}."
    )


def _least(statement: Theorem) -> tuple[Any, ...]:
    """All that the weight with the least floor depends on."""
    return statement.floor, statement.psi, dict(statement.definitions), statement.unbiased


def make_criterion(
    criterion: str | Theorem,
    *,
    step_size: float | None = None,
    mu: float | None = None,
    L: float | None = None,
    Lcal: float | None = None,
    horizon: float | None = None,
    batch_size: int = 1,
) -> Criterion:
    """The criterion, a name or a statement, with its constants checked.

    Raises InvalidInput (unknown name, missing or non-positive constant) and StepSizeTooLarge.
    """
    statement = _statement(criterion)
    name = str(criterion) if statement is None else statement.name
    if name == EXACT:
        raise InvalidInput(
            "criterion 'exact' is lambda = S0/(S0 + |theta - x*|^2): S0, the stationary error of"
            " plain SGD, and the distance to the minimiser are not functions of gradients. Pass"
            " sgd_floor=S0 and teacher_distance_sq=|theta - x*|^2, use optimal_weight(problem,"
            " theta, criterion='exact') for a least-squares problem, or another criterion."
        )
    if not (isinstance(batch_size, (int, np.integer)) and batch_size >= 1):
        raise InvalidInput(f"batch_size must be an integer >= 1, got batch_size = {batch_size!r}.")
    given: Given = {"gamma": step_size, "mu": mu, "L": L, "Lcal": Lcal, "t": horizon}
    for letter, constant in given.items():
        if constant is not None:
            moderate_float(constant, ARGUMENTS[letter])
    numbers = {letter: _need(name, letter, given) for letter in _letters(statement)}
    if horizon is not None and horizon < 1.0:
        raise InvalidInput(f"horizon counts the steps still to go, >= 1, got horizon = {horizon}.")
    size = float(batch_size)
    if statement is None:
        return Quadratic(name, size)
    _check_range(statement, given)
    if statement.unbiased:
        return Quadratic(name, 0.0, unbiased=True)
    kappa = _kappa(statement)
    if kappa is not None:
        from kdtheory.bounds.letters import evaluate

        # What grows with the horizon multiplies what is not known about |h|^2: charge that too.
        cautious = HORIZON in needed_constants(criterion)
        return Quadratic(name, size * (1.0 + evaluate(kappa, numbers)), cautious=cautious)
    from kdtheory.estimate.floor import EnvelopeFloor

    return EnvelopeFloor.of(statement, numbers, int(batch_size))


def _kappa(statement: Theorem) -> Any:
    from kdtheory.algebra import symbols as sym

    return statement.definitions.get(sym.kappa)


def _estimable(statement: Theorem) -> bool:
    """Whether the best weight is a function of the four moments and of constants that a user may
    know.
    """
    from kdtheory.algebra import symbols as sym

    if _kappa(statement) is not None:
        return True
    if statement.floor is None:
        return False
    return statement.unbiased or {sym.A, sym.U, sym.W} <= set(statement.definitions)


@lru_cache(maxsize=64)
def _letters(statement: Theorem | None) -> tuple[str, ...]:
    if statement is None or statement.unbiased:
        return ()
    kappa = _kappa(statement)
    parts = [kappa] if kappa is not None else [statement.floor, *statement.definitions.values()]
    found = {str(letter) for part in parts for letter in part.free_symbols}
    return tuple(letter for letter in ARGUMENTS if letter in found)


def _need(name: str, letter: str, given: Given) -> float:
    value, key = given[letter], ARGUMENTS[letter]
    if value is not None:
        return float(value)
    if key == "horizon":
        raise InvalidInput(
            f"criterion {name!r} needs horizon, the number of steps still to go, got horizon ="
            " None: a bias adds up over them. Pass horizon=T; too large is safe, too small is not."
        )
    raise InvalidInput(
        f"criterion {name!r} needs {key}, got {key} = None. Pass {key}=..., or use"
        " criterion='horizon' with horizon=T, the number of steps still to go, which needs no"
        " constant of the problem."
    )


def _check_range(statement: Theorem, given: Given) -> None:
    """Refuse a step size that the statement excludes, whatever the constants that were not given.

    mu <= L <= Lcal always (L may be taken <= Lcal), and every range grows with mu and falls with L
    and Lcal: a missing one is put where the range is widest.
    """
    gamma, limit = given["gamma"], statement.step_size_max
    known = [float(value) for key in ("mu", "L", "Lcal") if (value := given[key]) is not None]
    if given["mu"] is not None and given["Lcal"] is not None and given["Lcal"] < given["mu"]:
        raise InvalidInput(
            f"Expected smoothness satisfies Lcal >= mu; got Lcal = {given['Lcal']:.4g} < mu ="
            f" {given['mu']:.4g}."
        )
    if gamma is None or limit is None or not known:
        return
    from kdtheory.bounds.letters import evaluate

    widest = {
        "mu": given["mu"] or min(known),
        "L": given["L"] or given["mu"] or min(known),
        "Lcal": given["Lcal"] or max(value for key in ("mu", "L") if (value := given[key])),
    }
    most = evaluate(limit, widest)
    # A limit computed in floats and passed back must be accepted.
    if gamma > most * (1 + 1e-12) or (statement.strict and gamma >= most):
        missing = [key for key in widest if given[key] is None and key in str(limit)]
        guess = f", even with the best {', '.join(missing)} that there could be" if missing else ""
        raise StepSizeTooLarge(
            f"criterion {statement.name!r} needs step_size {'<' if statement.strict else '<='}"
            f" {limit} = {most:.4g}{guess}, got step_size = {gamma:.4g}. Use a smaller step, or"
            " criterion='horizon' with horizon=T."
        )
