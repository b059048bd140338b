"""Distillation in PyTorch (extra ``torch``): per-sample gradients, a loss whose weight follows the
theory, unbiased distillation.

``import kdtheory`` never loads this package.  Everything here talks to ``kdtheory.estimate`` in
float64 NumPy arrays, so that the numbers are those of ``lambda_star``; no formula is written twice.
"""

from __future__ import annotations

from kdtheory.errors import MissingTool

try:
    import torch
except ImportError as error:
    raise MissingTool(
        "kdtheory.torch needs PyTorch 2.4 or newer: pip install 'kdtheory[torch]'."
    ) from error

from kdtheory.torch.collector import Collector, collect
from kdtheory.torch.gradients import lambda_star_from_models, per_sample_gradients
from kdtheory.torch.learning_rate import ScheduleLR
from kdtheory.torch.loss import DistillationLoss
from kdtheory.torch.modules import parameter_count
from kdtheory.torch.projection import RandomProjection
from kdtheory.torch.unbiased import UnbiasedDistillation

schedule = ScheduleLR  # kdtheory.torch.schedule(optimiser, kd.schedule(...)), as in kdtheory

del torch

__all__ = [
    "Collector",
    "DistillationLoss",
    "RandomProjection",
    "ScheduleLR",
    "UnbiasedDistillation",
    "collect",
    "lambda_star_from_models",
    "parameter_count",
    "per_sample_gradients",
    "schedule",
]
