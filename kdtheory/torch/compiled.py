"""The weight as one opaque operation: torch.compile(fullgraph=True) keeps it whole, runs it at
every call, and never recompiles for what it remembers.
"""

from __future__ import annotations

import itertools
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import Tensor, library

from kdtheory.estimate.data import Array
from kdtheory.torch.follow import WeightFollower

_FOLLOWERS: WeakValueDictionary[int, WeightFollower] = WeakValueDictionary()
_KEYS = itertools.count()


def register(follower: WeightFollower) -> int:
    """A key under which the operation finds this follower, as long as somebody holds it."""
    key = next(_KEYS)
    _FOLLOWERS[key] = follower
    return key


@library.custom_op("kdtheory::distillation_weight", mutates_args=())
def distillation_weight(
    z: Tensor,
    teachers: list[Tensor],
    targets: Tensor,
    features: Tensor | None,
    kind: str,
    key: int,
    counted: bool,
) -> Tensor:
    """The clipped weights (m,) in float64; with ``counted`` one more training call."""
    follower = _FOLLOWERS[key]
    follower.meet(len(teachers))
    raw = follower.step(z, teachers, targets, features, kind) if counted else follower.raw()
    return torch.tensor(clipped(raw, follower.plan.clip), dtype=_wide(z), device=z.device)


@distillation_weight.register_fake
def _(
    z: Tensor,
    teachers: list[Tensor],
    targets: Tensor,
    features: Tensor | None,
    kind: str,
    key: int,
    counted: bool,
) -> Tensor:
    return z.new_empty((len(teachers),), dtype=_wide(z))


def clipped(raw: Array, clip: tuple[float, float] | None) -> Array:
    """Each weight within the interval, and their sum too, by shrinking all alike."""
    if clip is None:
        return raw
    low, high = clip
    inside = raw.clip(low, high)
    total = float(inside.sum())
    shrink = high / total if inside.size > 1 and total > high > 0.0 else 1.0
    return np.asarray(inside * shrink)


def _wide(z: Tensor) -> torch.dtype:
    return torch.float32 if z.device.type == "mps" else torch.float64
