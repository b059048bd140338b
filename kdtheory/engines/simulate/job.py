"""What an engine is asked to simulate, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.problems.base import Array
from kdtheory.rules.experiment import Experiment


@dataclass(frozen=True)
class State:
    """The replicates at ``time``, in the coordinates of the engine that ran them (``frame``):
    enough to go on, bit for bit.
    """

    time: int
    values: Array
    frame: str
    replicates: int
    seed: int


@dataclass(frozen=True)
class Job:
    """Checked arguments of :func:`kdtheory.simulate`; ``times`` (T,) are the times to record, in
    order, after that of ``resume``.
    """

    made: Experiment
    times: np.ndarray
    replicates: int
    seed: int
    gap: bool
    resume: State | None


@dataclass(frozen=True)
class Means:
    """Means over replicates and their standard errors at every recorded time, each (T,); zeros for
    a gap that was not asked for.
    """

    sq_distance: Array
    sq_distance_error: Array
    gap: Array
    gap_error: Array
