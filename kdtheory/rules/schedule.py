"""Schedules: a step size and a weight for every step, in place of one of each (theory, Section
8).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, frozen_array, positive_int
from kdtheory.problems.written import Written


@dataclass(frozen=True, eq=False, repr=False)
class Schedule(Written):
    """Step sizes gamma_t and weights lam_t for t = 0, ..., T - 1; iterable over pairs of them.

    Args:
        step_sizes: (T,), in units of x^2/f; 0 for a step that is not made.
        weights: (T,), or (T, m) for m teachers or blocks; None keeps the weight of the rule.
        bound: (T + 1,), what a statement claims at t = 0, ..., T, where one was asked; else None.
        signal_to_noise: (T,), SNR of each step, where known; else None.

    Raises:
        InvalidInput: lengths that do not fit, a step size below 0, entries that are not finite.

    >>> from kdtheory import Schedule
    >>> [pair for pair in Schedule([0.5, 0.25], [1.0, 0.0])]
    [(0.5, 1.0), (0.25, 0.0)]
    """

    step_sizes: Array
    weights: Array | None
    bound: Array | None = None
    signal_to_noise: Array | None = None

    def __post_init__(self) -> None:
        """Copy, freeze, and refuse what breaks the rules above."""
        gammas = frozen_array(self.step_sizes, "step_sizes", ndim=1)
        if (gammas < 0.0).any():
            t = int(np.argmax(gammas < 0.0))
            raise InvalidInput(
                f"step_sizes must be >= 0, got {gammas[t]:.6g} at t = {t}. Use 0 for a step that is"
                " not made."
            )
        object.__setattr__(self, "step_sizes", gammas)
        if self.weights is not None:
            ndim = 2 if np.ndim(self.weights) == 2 else 1
            object.__setattr__(self, "weights", frozen_array(self.weights, "weights", ndim=ndim))
        count = len(gammas)
        for name, length in (("weights", count), ("bound", count + 1), ("signal_to_noise", count)):
            value = getattr(self, name)
            if value is None:
                continue
            if name != "weights":
                value = _frozen(value)
                object.__setattr__(self, name, value)
            if len(value) != length:
                raise InvalidInput(
                    f"A schedule of {count} step sizes has {length} entries in {name}, got"
                    f" {len(value)}. Give one for every step{' and one more' * (length > count)}."
                )

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The call that makes it; what is not known is left out."""
        more = {"bound": self.bound, "signal_to_noise": self.signal_to_noise}
        named = {name: value for name, value in more.items() if value is not None}
        return (self.step_sizes, self.weights), named

    def __len__(self) -> int:
        """T."""
        return len(self.step_sizes)

    def __iter__(self) -> Iterator[tuple[float, float | Array | None]]:
        """Pairs (gamma_t, lam_t); lam_t is a float, (m,), or None where the rule's own holds."""
        for t, gamma in enumerate(self.step_sizes):
            if self.weights is None:
                yield float(gamma), None
            else:
                weight = self.weights[t]
                yield float(gamma), float(weight) if weight.ndim == 0 else weight

    @property
    def constant(self) -> bool:
        """Whether all steps are the same."""
        return bool(
            (self.step_sizes == self.step_sizes[0]).all()
            and (self.weights is None or (self.weights == self.weights[0]).all())
        )

    def head(self, steps: int) -> Schedule:
        """The first ``steps`` >= 1 of it, without what was claimed."""
        weights = None if self.weights is None else self.weights[:steps]
        return Schedule(self.step_sizes[:steps], weights)


def _frozen(value: ArrayLike) -> Array:
    """A read-only copy of numbers that may be infinite: a bound may claim nothing."""
    array = np.array(value, dtype=np.float64, ndmin=1)
    array.flags.writeable = False
    return array


def as_schedule(
    value: Schedule | tuple[ArrayLike, ArrayLike | None], *, steps: int | None = None
) -> Schedule:
    """``value``, a :class:`Schedule` or a pair (step_sizes, weights), as a schedule of ``steps``
    steps (None: of its own length).

    Raises:
        InvalidInput: neither of the two, or another length than ``steps``.
    """
    if isinstance(value, Schedule):
        found = value
    elif isinstance(value, (tuple, list)) and len(value) == 2:
        step_sizes, weights = value
        found = Schedule(np.asarray(step_sizes), None if weights is None else np.asarray(weights))
    else:
        raise InvalidInput(
            "schedule must be a Schedule or a pair (step_sizes, weights), got"
            f" {type(value).__name__}. Use schedule=(step_sizes, weights) with one entry a step."
        )
    if steps is not None and len(found) != steps:
        raise InvalidInput(
            f"The schedule has {len(found)} steps and steps = {steps} are asked for. Leave steps"
            f" out, or give {steps} step sizes and weights."
        )
    return found


def horizon(schedule: Schedule | tuple[ArrayLike, ArrayLike | None] | None, steps: object) -> int:
    """The number of steps: ``steps``, or the length of the schedule, which must be the same.

    Raises:
        InvalidInput: neither is given, or they differ.
    """
    if steps is not None:
        count = positive_int(steps, "steps", minimum=0)
        if schedule is not None:
            as_schedule(schedule, steps=count)
        return count
    if schedule is None:
        raise InvalidInput("steps is needed without a schedule. Use steps=1000, say.")
    return len(as_schedule(schedule))
