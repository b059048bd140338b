"""A user's step beside the rule's own: reading it, its rounding, and which terms are wrong."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.evidence.terms import Term, wrong_terms
from kdtheory.evidence.tolerances import step_error
from kdtheory.problems.base import Array, FiniteSum, point
from kdtheory.rules.distilled import DistilledSGD

Step = Callable[[Array, Any], ArrayLike]
# Batches of which the mean is taken exactly; where there are more, as many are drawn and compared
# with the rule one by one, and no mean is judged.
MOST_BATCHES = 2000


@dataclass(frozen=True)
class Visit:
    """What the update made of every batch (rows of indices) at x, in a type of this ``unit``."""

    x: Array
    batches: np.ndarray
    images: Array
    unit: float


def batches_of(n_terms: int, rule: DistilledSGD, seed: int) -> tuple[np.ndarray, bool]:
    """Every batch, equally likely, (M, B); or as many drawn, where that would be too many."""
    rule.noise_factor(n_terms)  # refuses a batch larger than N
    size = rule.batch_size
    if size == 1:
        return np.arange(n_terms)[:, None], True
    count = n_terms**size if rule.replacement else math.comb(n_terms, size)
    if count <= MOST_BATCHES:
        every = (
            itertools.product(range(n_terms), repeat=size)
            if rule.replacement
            else itertools.combinations(range(n_terms), size)
        )
        return np.array(list(every)), True
    rng = np.random.default_rng(seed)
    drawn = [rng.choice(n_terms, size=size, replace=rule.replacement) for _ in range(200)]
    return np.array(drawn), False


def asked(batch: ArrayLike) -> Any:
    """What ``step(x, ...)`` is given: the one index as an int, or a copy of the indices (B,)."""
    indices = np.atleast_1d(np.asarray(batch))
    return int(indices[0]) if len(indices) == 1 else indices.copy()


def shown(batch: ArrayLike) -> str:
    """The same in a message."""
    return str(np.asarray(asked(batch)).tolist())


def image(step: Step, problem: FiniteSum, x: Array, batch: ArrayLike) -> np.ndarray:
    """What the step makes of x, (dim,), in its own precision; a copy, for it may reuse its array.

    Raises:
        InvalidInput: anything else than a finite (dim,) array.
    """
    made = np.asarray(step(x.copy(), asked(batch)))
    seen = point(problem, made, f"step(x, {shown(batch)})")
    return seen.astype(made.dtype) if made.dtype.kind == "f" else seen


def unit_of(made: np.ndarray) -> float:
    """The unit in the last place of an array's type."""
    return float(np.finfo(made.dtype).eps)


def visited(
    step: Step, problem: FiniteSum, x: Array, batches: np.ndarray, relative: float | None
) -> Visit:
    """Every batch at x; the unit is that of the coarsest type, or ``relative``."""
    made = [image(step, problem, x, batch) for batch in batches]
    unit = max(map(unit_of, made)) if relative is None else relative
    return Visit(x, batches, np.array(made, dtype=float), unit)


def kept_state(step: Step, problem: FiniteSum, visit: Visit, relative: float | None) -> str:
    """What it says when asked again, the last batches first."""
    for place in range(len(visit.batches) - 1, max(-1, len(visit.batches) - 5), -1):
        again = image(step, problem, visit.x, visit.batches[place])
        off = float(np.abs(again - visit.images[place]).max())
        if off > 0.0 if relative is None else off > relative * float(np.abs(again).max()):
            return (
                f"step(x, {shown(visit.batches[place])}) gives another x+ when asked again, off"
                f" by {off:.3g}: it keeps state (momentum, an average, a counter) or draws random"
                " numbers of its own, and the statements speak of rules without. Reset its state"
                " before each call"
            )
    return ""


@dataclass(frozen=True)
class RuleStep:
    """The step that a user's should be; ``theta`` is (dim,), or (m, dim) for m teachers."""

    problem: FiniteSum
    theta: Array
    rule: DistilledSGD
    gamma: float

    @cached_property
    def table(self) -> Array:
        """What is subtracted from each term's gradient, (N, dim)."""
        return self.rule.control_variates(self.problem, self.theta)

    def images(self, x: Array, batches: np.ndarray) -> Array:
        """x+ for each batch, (M, dim)."""
        directions = self.problem.gradients(x) - self.table
        return np.asarray(x - self.gamma * directions[batches].mean(axis=1))

    def rounding(self, x: Array, unit: float) -> float:
        """What an entry of x+ may be off by where numbers are known to ``unit``."""
        points = np.atleast_2d(self.theta)
        return step_error(
            self.problem,
            points[np.linalg.norm(points, axis=1).argmax()],
            x,
            gamma=self.gamma,
            weight=float(np.abs(self.rule.weight).sum()),
            unit=unit,
        )

    def hidden(self, visits: Sequence[Visit]) -> str:
        """The term of the step that the rounding allowed would hide wherever it was looked for:
        a step without it would pass.  One that no float64 shows is not missed.
        """
        for name, at in (
            ("grad f_n(x)", self.problem.gradients),
            ("the teacher's correction", lambda _: self.table),
        ):
            real = seen = False
            for visit in visits:
                moved = np.abs(at(visit.x)[visit.batches].mean(axis=1)).max() * self.gamma
                real = real or moved > self.rounding(visit.x, unit_of(visit.x))
                seen = seen or moved > self.rounding(visit.x, visit.unit)
            if real and not seen:
                return (
                    f"{name} moves x by less than the rounding allowed, at every point: a step"
                    " without it would pass. Use a larger step size, a finer type or a smaller rtol"
                )
        return ""

    def wrong(self, visits: Sequence[Visit]) -> list[Term]:
        """The displacement regressed on G_n, H_n, h and x; H1_n, h1, H2_n ... of several
        teachers.
        """
        problem, lams = self.problem, np.atleast_1d(self.rule.weight).tolist()
        expected = {"G_n": 1.0, "x": 0.0}
        taught: dict[str, Array] = {}
        for j, (theta, lam) in enumerate(zip(np.atleast_2d(self.theta), lams, strict=True), 1):
            mark = str(j) if len(lams) > 1 else ""
            gradients = problem.gradients(theta)
            taught |= {f"H{mark}_n": gradients, f"h{mark}": gradients.mean(axis=0)}
            expected |= {f"H{mark}_n": -lam, f"h{mark}": lam if self.rule.unbiased else 0.0}
        rows: dict[str, list[Array]] = {name: [] for name in expected}
        moves = []
        for visit in visits:
            rows["G_n"].append(problem.gradients(visit.x)[visit.batches].mean(axis=1))
            rows["x"].append(np.tile(visit.x, (len(visit.batches), 1)))
            for name, seen in taught.items():
                mean = seen[visit.batches].mean(axis=1) if seen.ndim == 2 else seen
                rows[name].append(np.broadcast_to(mean, visit.images.shape))
            moves.append(visit.images - visit.x)
        columns = {name: np.concatenate(parts) for name, parts in rows.items()}
        return wrong_terms(np.concatenate(moves), columns, expected, self.gamma)
