"""The right-hand side of a statement with the error it is known to, time by time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.evaluate import compiled, value_of
from kdtheory.bounds.letters import Letters
from kdtheory.evidence.bounded import BOUNDED, TINY, TURNED, UNIT, Bounded, bounded
from kdtheory.evidence.tolerances import Knowledge, about
from kdtheory.problems.base import Array
from kdtheory.statements.theorems import NOISE_NORM, Theorem


def with_errors(
    statement: Theorem, letters: Letters, known: Knowledge, taught: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Every letter as a :class:`Bounded`, definitions recomputed in these: as conditions say, and
    with the uncertain ones turned round; ``taught`` is the error of the control variates, lam H_n.
    """
    sigma = math.sqrt(letters["sigma_star_sq"])
    spread = math.sqrt(max(letters["V"], 0.0))
    unit = known.unit
    apart = known.noise + unit * sigma + taught + unit * abs(letters["lam"]) * spread
    taught = taught / abs(letters["lam"]) if letters["lam"] else known.taught
    noise, taught = known.noise + unit * sigma, taught + unit * spread
    flat = unit * known.curvature
    mean = taught + unit * (spread + math.sqrt(letters["bias_sq"]))
    errors: dict[str, Any] = {
        "mu": flat,
        "L": flat,
        # the pencil (E H_n^2, E H_n): rounding of the first, seen through the root of the second
        "Lcal": flat * letters["L"] / letters["mu"],
        "sigma_star_sq": about(letters["sigma_star_sq"], noise),
        "V": about(letters["V"], taught),
        "C": sigma * taught + spread * noise + noise * taught,
        "bias_sq": about(letters["bias_sq"], mean),
        "F_theta": about(letters.get("F_theta", 0.0), math.sqrt(known.height)),
        "D_sq": about(letters.get("D_sq", 0.0), known.place),
        "xstar_sq": about(letters["xstar_sq"], known.place),
        "noise_sq": about(letters["noise_sq"], apart),
    }
    found: dict[str, Any] = {}
    for name, number in letters.items():
        error = errors.get(name, 0.0)
        found[name] = Bounded(number, float(error) + unit * abs(number) if error else 0.0)
    for name in ("omega", "delta_sq"):
        found[name] = Bounded(letters[name], 4 * UNIT * letters[name])
    turned = dict(found)
    for numbers, arithmetic in ((found, BOUNDED), (turned, TURNED)):
        for letter, definition in statement.definitions.items():
            numbers[letter.name] = (
                numbers["noise_sq"].root()
                if letter is sym.a and definition == NOISE_NORM
                else bounded(value_of(definition, numbers, arithmetic))
            )
    return found, turned


def curve_error(
    statement: Theorem,
    both: tuple[dict[str, Any], dict[str, Any]],
    claimed: Array,
    start_error: float,
) -> Array:
    """What ``claimed`` (T + 1,), psi applied t = 0..T times, is good to at each t.

    One application at s known exactly errs as its numbers say; an error E of s becomes slope times
    E, the slope being the larger of the secants on either side, of width max(s, E) and half of it:
    exact for an affine psi, an upper bound for a concave one.
    """
    assert statement.psi is not None

    def at(s: Array) -> Bounded:
        found = []
        for letters, arithmetic in zip(both, (BOUNDED, TURNED), strict=True):
            assert statement.psi is not None
            names, psi = compiled(statement.psi, arithmetic)
            numbers = (bounded(s) if name == "s" else letters[name] for name in names)
            found.append(bounded(psi(*numbers)))
        one, other = found
        apart = np.abs(one.value - other.value) + other.error
        return Bounded(one.value, np.maximum(one.error, apart))

    errors = np.empty(len(claimed))
    errors[0] = start_error
    if len(claimed) == 1:
        return errors
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        before = np.maximum(claimed[:-1], 0.0)
        width = np.maximum(before, max(start_error, TINY / UNIT))
        here = at(before)
        low = np.maximum(before - width / 2, 0.0)
        right = (at(before + width).value - here.value) / width
        left = (here.value - at(low).value) / np.maximum(before - low, TINY)
        slope = np.abs(np.maximum(right, np.where(before > low, left, right)))
        own = np.broadcast_to(here.error, before.shape)
    error = start_error
    for t, (grown, added) in enumerate(zip(slope.tolist(), own.tolist(), strict=True)):
        errors[t + 1] = error = grown * error + added
    return np.where(np.isnan(errors), np.inf, errors)
