"""Moments of a few rows now and then, averaged with exponential weights and over processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from kdtheory.errors import InvalidInput
from kdtheory.estimate.data import Array
from kdtheory.estimate.gram import Several, gram_moments, several_moments
from kdtheory.estimate.moments import Moments
from kdtheory.torch.rows import Taken

ARRAYS = ("sums", "errors", "influence", "several")


@dataclass
class RunningMoments:
    """Running averages of moments of a few rows; each is unbiased for its own iterate, so is the
    average.

    |h|^2 from one batch of 128 is mostly noise: averaging *moments* and not weights is what makes
    it usable (a ratio of noisy moments is biased, a ratio of averages is not, up to 1/number of
    looks).
    """

    decay: float
    teachers: int = 1
    batch_rows: int = 1  # that count, of the last call that was looked at
    weights: float = 0.0
    weights_sq: float = 0.0
    samples: float = 0.0
    sums: Array = field(default_factory=lambda: np.zeros(6))
    errors: Array = field(default_factory=lambda: np.zeros((4, 4)))
    influence: Array = field(default_factory=lambda: np.zeros((4, 0)))
    several: Array = field(default_factory=lambda: np.zeros(0))  # (1 + m + 2 m^2,) sums
    shared: Array | None = None  # of all processes

    def add(self, rows: Taken) -> None:
        """One look."""
        decay, grams = self.decay, rows.grams()
        self.weights = decay * self.weights + 1.0
        self.weights_sq = decay**2 * self.weights_sq + 1.0
        self.samples = decay * self.samples + rows.n
        if self.teachers > 1:
            found = several_moments(*grams)
            new = np.concatenate(
                [[found.sigma_sq], found.covariance, found.variance.ravel(), found.bias.ravel()]
            )
            self.several = new if not self.several.size else decay * self.several + new
            return
        one = gram_moments(grams[0], grams[1][0], grams[2][0, 0])
        self.sums = decay * self.sums + np.append(
            one.with_bias(one.bias_sq), (one.student_sq, one.cross)
        )
        self.errors = decay**2 * self.errors + one.errors
        self.influence = one.influence

    def share(self, device: torch.device) -> None:
        """Add the sums of all processes, which call this together."""
        if _processes() == 1:
            return
        where = "cpu" if torch.distributed.get_backend() == "gloo" else device
        mine = torch.from_numpy(self._own()).to(where)
        torch.distributed.all_reduce(mine)
        self.shared = mine.cpu().numpy()

    def seen(self) -> Array:
        """(weights, their squares, samples, rows of a call, sums), of all processes."""
        return self._own() if self.shared is None else self.shared

    def _own(self) -> Array:
        head = [self.weights, self.weights_sq, self.samples, float(self.batch_rows)]
        if self.teachers == 1:
            return np.concatenate([head, self.sums, self.errors.ravel()])
        size = 1 + self.teachers + 2 * self.teachers**2
        return np.concatenate([head, self.several if self.several.size else np.zeros(size)])

    def rows_of_a_call(self) -> int:
        """Of all processes, which need not have the same number."""
        return self.batch_rows if self.shared is None else max(int(self.shared[3]), 1)

    def moments(self) -> Moments:
        """The averaged moments; n is the effective number of samples.  Raises InvalidInput before
        the first look.
        """
        seen = self.seen()
        weights, weights_sq, samples = (float(x) for x in seen[:3])
        if weights == 0.0:
            raise InvalidInput(
                "No training batch was seen yet: call the loss in training mode first."
            )
        share = weights_sq / weights**2
        sigma_sq, covariance, variance, bias_sq, student_sq, cross = seen[4:10] / weights
        return Moments(
            float(sigma_sq),
            float(covariance),
            float(variance),
            float(bias_sq),
            float(student_sq),
            float(cross),
            seen[10:].reshape(4, 4) / weights**2,
            samples / weights / share,
            self.influence,
        )

    def moments_of_several(self) -> Several:
        """The same for several teachers."""
        seen, m = self.seen(), self.teachers
        mean = seen[4:] / seen[0]
        square = (m, m)
        return Several(
            float(mean[0]),
            mean[1 : 1 + m],
            mean[1 + m : 1 + m + m * m].reshape(square),
            mean[1 + m + m * m :].reshape(square),
            float(seen[2] / seen[0] / (seen[1] / seen[0] ** 2)),
        )

    def state(self) -> dict[str, Any]:
        """For a state_dict: numbers and float64 tensors."""
        numbers = [self.weights, self.weights_sq, self.samples, float(self.batch_rows)]
        arrays = {name: getattr(self, name) for name in ARRAYS}
        arrays |= {} if self.shared is None else {"shared": self.shared}
        return {"numbers": [*numbers, float(_processes()), float(self.teachers)]} | {
            name: torch.from_numpy(np.array(value)) for name, value in arrays.items()
        }

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of ``state``.  What all processes saw is split among those there are now, so
        that their sum is it again, whichever process wrote the state.
        """
        self.weights, self.weights_sq, self.samples = state["numbers"][:3]
        self.batch_rows, self.teachers = int(state["numbers"][3]), int(state["numbers"][5])
        for name in ARRAYS:
            setattr(self, name, _array(state[name]))
        self.shared = _array(state["shared"]) if "shared" in state else None
        if self.shared is None:
            return
        part = self.shared / _processes()
        self.weights, self.weights_sq, self.samples = (float(x) for x in part[:3])
        if self.teachers == 1:
            self.sums, self.errors = part[4:10].copy(), part[10:].reshape(4, 4).copy()
        else:
            self.several = part[4:].copy()
        if _processes() == 1:
            self.shared = None


def _processes() -> int:
    there = torch.distributed.is_available() and torch.distributed.is_initialized()
    return torch.distributed.get_world_size() if there else 1


def _array(tensor: torch.Tensor) -> Array:
    found: Array = tensor.to("cpu", torch.float64).numpy().copy()
    return found
