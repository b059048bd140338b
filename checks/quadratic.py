"""The exact law of quadratics: letters against all index paths, and its terms misremembered."""

from __future__ import annotations

import numpy as np

from kdtheory.algebra import symbols as sym
from kdtheory.bounds.letters import evaluate
from kdtheory.checks import changing
from kdtheory.checks.engine_oracles import GAMMA, ROUNDING, START, STEPS, THETA, TINY, enumerated
from kdtheory.checks.mutant import Mutant
from kdtheory.engines.exact import stationary
from kdtheory.problems.base import Array
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements import THEOREMS, Theorem

LAW = THEOREMS["exact-quadratic"].rhs


def law_holds(theorem: Theorem) -> str:
    """The exact law in letters: rhs at enumerated E|y^t|^2, floor at the stationary moments, for
    three weights.
    """
    D = THETA - TINY.minimiser
    for lam in (-0.4, 0.7, 1.3):
        truth = enumerated(DistilledSGD(lam))[0]
        origin = START - TINY.minimiser - lam * D
        square = _shifted(lam, origin)
        fading = origin
        for t in range(STEPS + 1):
            numbers = {
                "lam": lam,
                "E_y": square[t],
                "drift": float(D @ fading),
                "D_sq": float(D @ D),
            }
            got = _law(theorem, numbers)
            if not abs(got - truth[t]) <= ROUNDING * truth[t]:
                return (
                    f"rhs = {got:.9g}, E|x^t-x*|^2 = {truth[t]:.9g} over all paths, lam = {lam}, t"
                    f" = {t}"
                )
            fading = fading - GAMMA * (TINY.hessian @ fading)
        plain, distilled = (
            stationary(TINY, THETA, DistilledSGD(w), step_size=GAMMA).sq_distance
            for w in (0.0, lam)
        )
        floor = _floor(theorem, {"lam": lam, "S0": plain, "D_sq": float(D @ D)})
        # A linear solve with condition number below 100.
        if not abs(floor - distilled) <= 1e-8 * distilled:
            return f"floor = {floor:.9g}, stationary E|x-x*|^2 = {distilled:.9g}, lam = {lam}"
    return ""


def _shifted(lam: float, origin: Array) -> list[float]:
    """E|y^t|^2 over all paths of y+ = y - gamma (A_n y + (1-lam) S_n)."""
    noise = TINY.gradients(TINY.minimiser)
    layer, found = [origin], []
    for _ in range(STEPS + 1):
        found.append(float(np.mean([y @ y for y in layer])))
        layer = [
            y - GAMMA * ((TINY.gradients(TINY.minimiser + y) - noise)[n] + (1 - lam) * noise[n])
            for y in layer
            for n in range(3)
        ]
    return found


def _law(theorem: Theorem, numbers: dict[str, float]) -> float:
    letters = {
        sym.lam: numbers["lam"],
        sym.shifted_t: numbers["E_y"],
        sym.drift_t: numbers["drift"],
        sym.distance_theta: numbers["D_sq"],
    }
    return float(theorem.rhs.subs(letters))


def _floor(theorem: Theorem, numbers: dict[str, float]) -> float:
    assert theorem.floor is not None
    return evaluate(theorem.floor, numbers)


MUTANTS: tuple[Mutant, ...] = (
    changing.statement(
        "exact-quadratic",
        "(1 - lam) not squared",
        "floor (1-lam) S0 + lam^2 |D|^2",
        law_holds,
        floor=(1 - sym.lam) * sym.sgd_floor + sym.lam**2 * sym.distance_theta,
    ),
    changing.statement(
        "exact-quadratic",
        "drift once",
        "lam <D, ..> in place of twice it",
        law_holds,
        rhs=LAW.subs(sym.drift_t, sym.drift_t / 2),
    ),
    changing.statement(
        "exact-quadratic",
        "lam |D|^2",
        "lam not squared",
        law_holds,
        rhs=LAW.subs(sym.distance_theta, sym.distance_theta / sym.lam),
    ),
)
TRUE: tuple[Mutant, ...] = ()
