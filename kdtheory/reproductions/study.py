"""What a weight does to small networks: settings, and the training of all their arms in lockstep
(R12 and ``kdtheory.checks.student_study``).

All arms of a setting share the start, the batches and the teacher, so that their difference is the
weight's; the five teachers of a group are trained from at once.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdtheory.reproductions.lockstep import Lockstep, Training, losses, mismatch
from kdtheory.reproductions.study_data import Split, labels, split, teacher_logits
from kdtheory.reproductions.study_weights import AUTOS, Auto, Follower

DATA = ("digits", "breast-cancer", "diabetes", "mnist", "digits, CNN")
TEACHERS = ("early", "middle", "converged", "other half", "clean labels")
SEEDS = 4
AVERAGED = 20  # last iterates
FIXED = (0.0, 0.3, 0.7, 0.9)
ARMS = ("none", *(str(weight) for weight in FIXED[1:]), *(auto.name for auto in AUTOS))
REGIMES = (
    Training("batch 8, large step", 8, 1000, 0.2),
    Training("batch 32", 32, 1000, 0.1),
    Training("batch 32, cosine", 32, 1000, 0.2, "cosine"),
    Training("batch 128, momentum", 128, 600, 0.05, "momentum"),
    Training("batch 128, Adam", 128, 600, 0.003, "adam"),
)
LINEAR = ("digits, linear", "breast-cancer, linear", "diabetes, linear", "mnist, linear")
NOISY_DATA = (*LINEAR, "digits", "digits, CNN")
NOISY_TEACHERS = ("converged", "noisy labels")
NOISY_REGIMES = (REGIMES[0], Training("batch 8, larger step", 8, 1000, 0.5))


@dataclass(frozen=True)
class StudySetting:
    """One of the 500, or of those where noise dominates."""

    data: str
    teacher: str
    regime: str
    seed: int


@dataclass(frozen=True)
class Together:
    """Settings that differ in the teacher only."""

    data: str
    how: Training
    seed: int
    teachers: tuple[str, ...] = TEACHERS

    def settings(self) -> list[StudySetting]:
        """One for each teacher."""
        return [StudySetting(self.data, kind, self.how.name, self.seed) for kind in self.teachers]


def groups() -> list[Together]:
    """All of the study's, five settings each; every prefix of 25 is one seed, shuffled."""
    return _shuffled(DATA, REGIMES, TEACHERS)


def noisy_groups() -> list[Together]:
    """Where noise dominates: a large step at batch 8, and teachers that have converged, on labels
    that can be fitted and on labels that cannot (the student's own, with their noise).
    """
    return _shuffled(NOISY_DATA, NOISY_REGIMES, NOISY_TEACHERS)


def _shuffled(
    data: Sequence[str], regimes: Sequence[Training], teachers: tuple[str, ...]
) -> list[Together]:
    found = []
    for seed in range(SEEDS):
        cells = list(itertools.product(data, regimes))
        for k in np.random.default_rng(seed).permutation(len(cells)):
            name, how = cells[k]
            found.append(Together(name, how, seed, teachers))
    return found


class OneRun:
    """The students of a group: teachers x (fixed and automatic arms)."""

    def __init__(self, group: Together, autos: Sequence[Auto]) -> None:
        """At the start."""
        self.group, self.how = group, group.how
        self.data: Split = split(group.data, group.seed)
        cell = [(group.data, teacher, group.seed) for teacher in group.teachers]
        self.x = self.data.train[0]
        self.y = torch.stack([labels(*one) for one in cell])
        self.u = torch.stack([teacher_logits(*one) for one in cell])
        if self.data.kind == "squared":
            self.targets = (self.y, self.u)
        else:
            hard = torch.nn.functional.one_hot(self.y, self.data.outputs)
            self.targets = (hard.float(), torch.softmax(self.u, dim=-1))
        self.arms, self.teachers = len(FIXED) + len(autos), len(cell)
        self.generator = torch.Generator().manual_seed(group.seed)
        self.students = Lockstep(
            self.data.model,
            self.teachers * self.arms,
            self.x.shape[1],
            self.data.outputs,
            self.generator,
        )
        self.optimiser, self.schedule = self.students.optimiser(self.how)
        self.followers = [Follower(auto, self.how, self.data.kind) for auto in autos]
        self.weights = torch.tensor([*FIXED, *(0.0 for _ in autos)]).repeat(self.teachers, 1)

    def step(self, t: int) -> None:
        """One batch."""
        rows = torch.randint(len(self.x), (self.how.batch,), generator=self.generator)
        z, features = self.students(self.x[rows])
        self._look(t, z.detach(), self.u[:, rows], self.y[:, rows], features)
        hard, soft = (part[:, None, rows] for part in self.targets)
        mixed = torch.lerp(hard, soft, self.weights[:, :, None, None]).flatten(0, 1)
        self.optimiser.zero_grad()
        mismatch(z, mixed, self.data.kind).backward()
        self.optimiser.step()
        self.schedule.step()

    @torch.no_grad()
    def _look(self, t: int, z: Tensor, u: Tensor, y: Tensor, features: Tensor) -> None:
        for place, follower in enumerate(self.followers, start=len(FIXED)):
            if t % follower.auto.refresh_every == 0:
                mine = slice(place, None, self.arms)
                wide = y.double() if self.data.kind == "squared" else y
                follower.look(
                    z[mine].double(), u.double(), wide, features[mine].double(), self._held(mine)
                )
            left = float(self.how.steps - t - 1)
            self.weights[:, place] = torch.from_numpy(follower.now(left))

    def _held(self, mine: slice) -> Any:
        def held() -> tuple[Tensor, ...]:
            x, y = self.data.validation
            logits, features = self.students(x)
            wide = y.double() if self.data.kind == "squared" else y
            return (
                logits[mine].double(),
                wide.expand(self.teachers, *y.shape),
                features[mine].double(),
            )

        return held

    @torch.no_grad()
    def ends(self) -> dict[str, Tensor]:
        """Train and test losses (teachers, arms)."""
        x_test, y_test = self.data.test
        sides = {
            "train": (self.x, self.y),
            "test": (x_test, y_test[None].repeat(len(self.y), 1, 1)),
        }
        found = {}
        for name, (x, y) in sides.items():
            y = y.reshape(self.teachers, len(x), -1)
            y = y if self.data.kind == "squared" else y[..., 0]
            every = y.repeat_interleave(self.arms, dim=0)
            found[name] = losses(self.students(x)[0], every, self.data.kind).reshape(-1, self.arms)
        return found


def run_group(group: Together, autos: Sequence[Auto] = AUTOS) -> list[dict[str, Any]]:
    """For each teacher the losses at the end of the fixed and automatic weights, and last those of
    the average of the last iterates of "none".
    """
    start = time.perf_counter()
    job = OneRun(group, autos)
    average = [torch.zeros_like(p) for p in job.students.parameters]
    for t in range(group.how.steps):
        job.step(t)
        if t >= group.how.steps - AVERAGED:
            for mean, p in zip(average, job.students.parameters, strict=True):
                mean += p.detach() / AVERAGED
    found = job.ends()
    job.students.parameters = average
    averaged = job.ends()
    taken = round((time.perf_counter() - start) / job.teachers, 2)
    return [
        {
            **asdict(one),
            **{name: [*found[name][k].tolist(), float(averaged[name][k, 0])] for name in found},
            "weights": job.weights[k].tolist(),
            "seconds": taken,
        }
        for k, one in enumerate(group.settings())
    ]
