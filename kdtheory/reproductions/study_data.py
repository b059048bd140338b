"""Data, labels and teachers of the study: everything that is there before a student trains."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from kdtheory.reproductions.data import mnist
from kdtheory.reproductions.lockstep import Lockstep, Training, losses

# By the name of the problem: data, and the model that is trained on them.
PROBLEMS = {
    "digits": ("digits", "mlp"),
    "breast-cancer": ("breast-cancer", "mlp"),
    "diabetes": ("diabetes", "mlp"),
    "mnist": ("mnist", "mlp"),
    "digits, CNN": ("digits", "cnn"),
    "digits, linear": ("digits", "linear"),
    "breast-cancer, linear": ("breast-cancer", "linear"),
    "diabetes, linear": ("diabetes", "linear"),
    "mnist, linear": ("mnist", "linear"),
}
NOISE = 0.2  # of the labels where they are noisy
CONVERGED = Training("teacher", 64, 3000, 0.05, "momentum, cosine")
SHORT = {"early": 30, "middle": 200}


@dataclass(frozen=True)
class Split:
    """Features and targets: a student's train half, a teacher's other half, held-out ones."""

    train: tuple[Tensor, Tensor]
    other: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    outputs: int
    kind: str
    model: str


@lru_cache(maxsize=16)
def split(problem: str, seed: int) -> Split:
    """Shuffled by the seed: 40 % train, 20 % other, 10 % validation, 30 % test."""
    name, model = PROBLEMS[problem]
    features, targets, kind = _loaded(name)
    order = np.random.default_rng([seed, 7]).permutation(len(features))
    x = torch.tensor(features[order], dtype=torch.float32)
    y = torch.tensor(targets[order], dtype=torch.float32 if kind == "squared" else torch.int64)
    cuts = [int(share * len(x)) for share in (0.0, 0.4, 0.6, 0.7, 1.0)]
    train, other, validation, test = ((x[a:b], y[a:b]) for a, b in itertools.pairwise(cuts))
    outputs = 1 if kind == "squared" else int(y.max()) + 1
    return Split(train, other, validation, test, outputs, kind, model)


@lru_cache(maxsize=4)
def _loaded(name: str) -> tuple[np.ndarray, np.ndarray, str]:
    if name == "mnist":
        features, rows = mnist(0)
        return features, rows.argmax(axis=1), "softmax"
    from sklearn import datasets

    loader = {
        "digits": datasets.load_digits,
        "breast-cancer": datasets.load_breast_cancer,
        "diabetes": datasets.load_diabetes,
    }[name]
    features, targets = loader(return_X_y=True)
    features = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9)
    if name == "diabetes":
        return features, ((targets - targets.mean()) / targets.std())[:, None], "squared"
    return features, targets, "softmax"


@lru_cache(maxsize=16)
def labels(problem: str, teacher: str, seed: int) -> Tensor:
    """The student's: a fifth are drawn anew (targets: with noise of half their variance) where the
    teacher has clean ones, or the very same noisy ones.
    """
    data = split(problem, seed)
    y = data.train[1]
    if teacher not in ("clean labels", "noisy labels"):
        return y
    generator = torch.Generator().manual_seed(seed + 500)
    if data.kind == "squared":
        return y + math.sqrt(0.5) * torch.randn(y.shape, generator=generator)
    flip = torch.rand(len(y), generator=generator) < NOISE
    return torch.where(flip, torch.randint(data.outputs, y.shape, generator=generator), y)


@lru_cache(maxsize=64)
def teacher_logits(problem: str, teacher: str, seed: int) -> Tensor:
    """On the student's train half, (N, K), of a network of the same shape from another start."""
    data = split(problem, seed)
    x, y = data.other if teacher == "other half" else data.train
    if teacher == "noisy labels":
        y = labels(problem, teacher, seed)
    elif teacher == "clean labels":  # the student's are the noisy ones
        teacher = "converged"
    generator = torch.Generator().manual_seed(1000 + seed)
    made = Lockstep(data.model, 1, x.shape[1], data.outputs, generator)
    how = Training(teacher, 64, SHORT[teacher], 0.05) if teacher in SHORT else CONVERGED
    optimiser, schedule = made.optimiser(how)
    for _ in range(how.steps):
        rows = torch.randint(len(x), (how.batch,), generator=generator)
        optimiser.zero_grad()
        losses(made(x[rows])[0], y[rows], data.kind).sum().backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return made(data.train[0])[0][0]
