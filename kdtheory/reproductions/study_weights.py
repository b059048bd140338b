"""The weights of the study's arms, all networks in one pass: the same numbers as those of
``DistillationLoss`` (a test compares them), and what was tried to beat it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kdtheory.estimate.data import Array
from kdtheory.reproductions.lockstep import Training, residual

ERRORS = 2.0  # standard errors that "significant" wants


@dataclass(frozen=True)
class Auto:
    """An automatic weight; the default is that of the horizon theorem."""

    name: str
    horizon: bool = True  # else the bias counts for one step
    least_gain: float = 0.0  # of the noise of the training loss over the steps left, or lambda is 0
    drift: bool = False  # the first-order cost <g, h>, at gamma L = 1
    significant: bool = False  # C and |h|^2 at the bad ends of their intervals
    memory: bool = False  # the mean of H itself is kept over many batches, which knows |h|^2 better
    validation: bool = False  # <g - g_val, h> / E|H_B|^2
    refresh_every: int = 10
    decay: float = 0.9


HORIZON = Auto("horizon")
AUTO = Auto("horizon, gain of 10 %", least_gain=0.1)
AUTOS = (
    Auto("one step", horizon=False),
    HORIZON,
    AUTO,
    Auto("drift, gain of 10 %", least_gain=0.1, drift=True),
    Auto("significant", significant=True),
    Auto("long memory", memory=True, least_gain=0.1, refresh_every=1, decay=0.998),
    Auto("validation", horizon=False, validation=True),
)


class Follower:
    """One automatic weight for each of several teachers, on students (teachers,) in lockstep."""

    def __init__(self, auto: Auto, how: Training, kind: str) -> None:
        """Nothing seen."""
        self.auto, self.how, self.kind = auto, how, kind
        self.weights = self.weights_sq = 0.0
        self.sums = self.squares = np.zeros(0)
        self.mean: Tensor | float = 0.0
        self.held: Array = np.zeros(0)

    def look(
        self, z: Tensor, u: Tensor, y: Tensor, f: Tensor, held: Callable[[], tuple[Tensor, ...]]
    ) -> None:
        """z, u (teachers, n, K), labels (teachers, n), features (teachers, n, d), in float64."""
        keep, n = self.auto.decay, z.shape[1]
        r, s = residual(z, y, self.kind), residual(u, y, self.kind)
        g, h = (torch.matmul(x.transpose(1, 2), f) / n for x in (r, s))
        new = _moments(r, s, f, g, h).numpy()
        self.weights = keep * self.weights + 1.0
        self.weights_sq = keep**2 * self.weights_sq + 1.0
        self.sums = new + (keep * self.sums if self.sums.size else 0.0)
        self.squares = new**2 + (keep * self.squares if self.squares.size else 0.0)
        if self.auto.memory:
            self.mean = keep * self.mean + h
        if self.auto.validation:
            z_val, y_val, f_val = held()
            r_val = residual(z_val, y_val, self.kind)
            g_val = torch.matmul(r_val.transpose(1, 2), f_val) / z_val.shape[1]
            # The batch's own noise is in g and h: <g, h> is that of the batch, E|H_B|^2 too.
            pair = torch.stack([_inner(g - g_val, h), _inner(h, h)]).numpy()
            self.held = pair + (keep * self.held if self.held.size else 0.0)

    def now(self, left: float) -> Array:
        """The weights with so many steps to go."""
        auto, batch = self.auto, self.how.batch
        if auto.validation:
            return np.clip(self.held[0] / np.maximum(self.held[1], 1e-30), 0.0, 1.0)
        mean = self.sums / self.weights
        sigma_sq, use, variance, bias, cross = mean
        share = self.weights_sq / self.weights**2
        if auto.memory:
            bias = _inner(self.mean, self.mean).numpy() / self.weights**2 - variance * share / batch
        if auto.significant and self.weights > 1.0:
            spread = np.sqrt(np.maximum(self.squares / self.weights - mean**2, 0.0) * share)
            use = np.maximum(use - ERRORS * spread[1], 0.0)
            bias = bias + ERRORS * spread[3]
        bias = np.maximum(bias, 0.0)
        if auto.horizon:
            bias = bias + variance * share / batch
        if auto.drift:
            use = use - batch * cross
        factor = batch * (1.0 + max(left, 1.0) / 2.0) if auto.horizon else batch
        below = variance + factor * bias
        raw = np.divide(use, below, out=np.zeros_like(use), where=below > 0.0)
        gain = np.divide(raw * use, sigma_sq, out=np.zeros_like(use), where=sigma_sq > 0.0)
        return np.where(gain >= auto.least_gain, np.clip(raw, 0.0, 1.0), 0.0)


def _inner(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=(1, 2))


def _moments(r: Tensor, s: Tensor, f: Tensor, g: Tensor, h: Tensor) -> Tensor:
    """sigma^2, C, V, |h|^2, <g, h> of the last layer's gradients r a^T and s a^T, unbiased, (5,
    teachers).
    """
    n = r.shape[1]
    size = (f * f).sum(dim=2)
    found = []
    for a, b, mean in ((r, r, _inner(g, g)), (r, s, _inner(g, h)), (s, s, _inner(h, h))):
        found.append((((a * b).sum(dim=2) * size).mean(dim=1) - mean) * n / (n - 1))
    sigma_sq, covariance, variance = found
    bias, cross = _inner(h, h) - variance / n, _inner(g, h) - covariance / n
    return torch.stack([sigma_sq, covariance, variance, bias, cross])
