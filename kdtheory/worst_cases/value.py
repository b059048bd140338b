"""The exact one-step worst case between two rational certificates: the best constant that any proof
could give.

Bounds hold for the float arguments read as exact rationals.  Source: our own derivation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from kdtheory.errors import InvalidInput, StepSizeTooLarge
from kdtheory.statements import parts
from kdtheory.statements.theorems import THEOREMS, Theorem, theorem_named
from kdtheory.worst_cases.certificates import Dual, certify
from kdtheory.worst_cases.primal import ExactStep, Primal, largest_rate, primal_value

_ONE_STEP = (parts.STRONGLY_CONVEX, parts.PL, parts.PL_UNBIASED)
ONE_STEP = tuple(key for key, statement in THEOREMS.items() if statement.needs in _ONE_STEP)


Real = float | Fraction


@dataclass(frozen=True)
class WorstCase:
    """``lower <= worst case <= upper``, both proved over Q; ``value`` is the upper end as a
    float.
    """

    lower: Fraction
    upper: Fraction
    dual: Dual
    primal: Primal

    @property
    def value(self) -> float:
        """The upper bound, rounded up."""
        return _float_up(self.upper)


def worst_case(
    theorem: str | Theorem,
    *,
    step_size: Real,
    mu: Real,
    L: Real,
    Lcal: Real,
    bias: Real,
    noise: Real,
    rate: Real | None = None,
) -> float:
    """Sup of E s(x+) - (1 - rate) s(x) over all vectors that satisfy the assumptions of one step.

    Args:
        theorem: a strongly convex or PL key, or such a statement; it says which assumptions, which
            state s, and whether the step is unbiased.
        step_size: gamma.
        mu: strong convexity or PL constant.
        L: smoothness; it matters to PL statements only.
        Lcal: expected smoothness.
        bias: k = |lam||grad f(theta)|, 0 for unbiased statements.
        noise: a = sqrt E|S - lam H'|^2.
        rate: None for step_size * mu.

    Raises:
        InvalidInput, StepSizeTooLarge: numbers outside the statement's range.

    >>> import kdtheory as kd
    >>> at = {'step_size': 0.1, 'mu': 1.0, 'L': 1.0, 'Lcal': 1.0, 'bias': 0.0, 'noise': 1.0}
    >>> round(kd.worst_case('unbiased-sharp', **at), 9)
    0.01
    """
    return worst_case_interval(
        theorem, step_size=step_size, mu=mu, L=L, Lcal=Lcal, bias=bias, noise=noise, rate=rate
    ).value


def worst_case_interval(
    theorem: str | Theorem,
    *,
    step_size: Real,
    mu: Real,
    L: Real,
    Lcal: Real,
    bias: Real,
    noise: Real,
    rate: Real | None = None,
) -> WorstCase:
    """The same value between rational certificates; arguments may be ``Fraction``.

    Args:
        theorem: as the seven below, what :func:`worst_case` says of it.
        step_size: gamma.
        mu: strong convexity or PL constant.
        L: smoothness.
        Lcal: expected smoothness.
        bias: k.
        noise: a.
        rate: None for step_size * mu.

    Raises:
        InvalidInput, StepSizeTooLarge: as ``worst_case``.

    >>> import kdtheory as kd
    >>> at = {'step_size': 0.1, 'mu': 1.0, 'L': 1.0, 'Lcal': 1.0, 'bias': 0.0, 'noise': 1.0}
    >>> found = kd.worst_case_interval('unbiased-sharp', **at)
    >>> type(found).__name__
    'WorstCase'
    """
    pl = _check(
        theorem, step_size=step_size, mu=mu, L=L, Lcal=Lcal, bias=bias, noise=noise, rate=rate
    )
    gamma = Fraction(step_size)
    step = ExactStep(
        gamma * Fraction(mu),
        gamma * Fraction(L),
        gamma * Fraction(Lcal),
        gamma * Fraction(bias),
        gamma * Fraction(noise),
        gamma * Fraction(mu) if rate is None else Fraction(rate),
    )
    limit = largest_rate(step, pl=pl)
    if step.rate >= limit:
        raise InvalidInput(
            f"worst_case needs rate < A = {float(limit):.6g}, got rate = {float(step.rate):.6g}: "
            "the worst case is infinite there. Use a smaller rate."
        )
    unit = gamma if pl else Fraction(1)  # f is measured in x^2/gamma
    if step.bias == 0 and step.noise == 0:
        return _silent(step)
    dual, primal = certify(step, pl=pl)
    return WorstCase(
        primal_value(step, primal, pl=pl) / unit,
        (dual.y_k * step.bias**2 + dual.y_a * step.noise**2) / unit,
        dual,
        primal,
    )


def _check(theorem: str | Theorem, **numbers: Real | None) -> bool:
    statement = theorem_named(theorem)
    if statement.needs not in _ONE_STEP:
        raise InvalidInput(
            f"worst_case knows one step under strong convexity or PL, got {statement.name!r}, which"
            f" needs {', '.join(item.name for item in statement.needs) or 'none of it'}. Use one"
            f" of {', '.join(ONE_STEP)}."
        )
    for name, value in numbers.items():
        if value is not None and not math.isfinite(value):
            raise InvalidInput(
                f"worst_case needs finite numbers, got {name} = {value}. Check the data it comes"
                " from."
            )
    gamma, mu, L, Lcal, bias, noise = (
        numbers[name] or 0 for name in ("step_size", "mu", "L", "Lcal", "bias", "noise")
    )
    if gamma <= 0 or mu <= 0:
        raise InvalidInput(
            f"worst_case needs step_size > 0 and mu > 0, got step_size = {gamma}, mu = {mu}. "
            "For mu = 0 no rate is positive."
        )
    if bias < 0 or noise < 0 or (numbers["rate"] or 0) < 0:
        raise InvalidInput(
            f"worst_case needs bias, noise, rate >= 0, got bias = {bias}, noise = {noise}, rate ="
            f" {numbers['rate']}. bias and noise are norms: pass |lam||h| and sqrt E|S - lam H'|^2."
        )
    if Lcal < mu or mu > L:
        raise InvalidInput(
            f"worst_case needs mu <= L and mu <= Lcal, got mu = {mu}, L = {L}, Lcal = {Lcal}. "
            "E|G-S|^2 >= |g|^2 rules smaller constants out: recompute them."
        )
    if statement.unbiased and bias != 0:
        raise InvalidInput(
            f"{statement.name} removes the bias and needs bias = 0, got bias = {bias}. "
            "Pass 0, or a theorem-1/theorem-2 statement."
        )
    pl = statement.is_pl
    limit = 2 * mu / (L * Lcal) if pl else 1 / Lcal
    if gamma >= limit:
        rule = "2*mu/(L*Lcal)" if pl else "1/Lcal"
        raise StepSizeTooLarge(
            f"{statement.name} needs gamma < {rule} = {float(limit):.6g}, got gamma = {gamma}. Use"
            " a smaller gamma."
        )
    return pl


def _silent(step: ExactStep) -> WorstCase:
    """No bias and no noise: 0 at the minimiser, and 0 is an upper bound for every rate below A."""
    zero = (Fraction(0), Fraction(0))
    return WorstCase(
        Fraction(0),
        Fraction(0),
        Dual(Fraction(0), Fraction(0), Fraction(0), Fraction(0)),
        Primal(zero, zero, zero, Fraction(0), Fraction(0), Fraction(0)),
    )


def _float_up(x: Fraction) -> float:
    value = float(x)
    return value if Fraction(value) >= x else math.nextafter(value, math.inf)
