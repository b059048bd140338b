"""Small networks trained with several weights in lockstep: the machinery of R12 and of
``kdtheory.checks.student_study``.

All arms of a setting share the start, the batches and the teacher, so that their difference is the
weight's.  What is left out: convolutions, data of more than 5,000 samples.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdtheory.torch.compiled import clipped
from kdtheory.torch.follow import Plan, WeightFollower

DATA = ("digits", "breast-cancer", "diabetes", "mnist")
TEACHERS = ("early", "middle", "converged", "other half", "clean labels")
SEEDS = 5
AVERAGED = 20  # last iterates
REFRESH = 10
NOISE = 0.2  # of the student's labels where the teacher has clean ones
FIXED = (0.0, 0.3, 0.7, 0.9)
ARMS = (
    *("none", "0.3", "0.7", "0.9", "horizon", "one step", "drift"),
    *("horizon, gain of 10 %", "drift, gain of 10 %", "drift, gain of 3 %", "validation"),
)
AUTO = ARMS[len(FIXED) :]
# Of the noise of the training loss over the steps left, or lambda is 0.
LEAST_GAIN = {"horizon, gain of 10 %": 0.1, "drift, gain of 10 %": 0.1, "drift, gain of 3 %": 0.03}


@dataclass(frozen=True)
class Regime:
    """How a student is trained."""

    name: str
    batch: int
    steps: int
    step_size: float
    optimiser: str = "sgd"


REGIMES = (
    Regime("batch 8, large step", 8, 1000, 0.2),
    Regime("batch 32", 32, 1000, 0.1),
    Regime("batch 32, cosine", 32, 1000, 0.2, "cosine"),
    Regime("batch 128, momentum", 128, 600, 0.05, "momentum"),
    Regime("batch 128, Adam", 128, 600, 0.003, "adam"),
)


@dataclass(frozen=True)
class Setting:
    """One of the 500."""

    data: str
    teacher: str
    regime: str
    seed: int

    @property
    def how(self) -> Regime:
        """The regime itself."""
        return next(one for one in REGIMES if one.name == self.regime)


def settings() -> list[Setting]:
    """All of them; each prefix of 100 is one seed, shuffled."""
    found = []
    for seed in range(SEEDS):
        cells = list(itertools.product(DATA, TEACHERS, (one.name for one in REGIMES)))
        order = np.random.default_rng(seed).permutation(len(cells))
        for k in order:
            data, teacher, regime = cells[k]
            found.append(Setting(data, teacher, regime, seed))
    return found


@dataclass(frozen=True)
class Split:
    """Features and targets: a student's train half, a teacher's other half, held-out ones."""

    train: tuple[Tensor, Tensor]
    other: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    outputs: int
    kind: str


@lru_cache(maxsize=8)
def split(name: str, seed: int) -> Split:
    """Shuffled by the seed: 40 % train, 20 % other, 10 % validation, 30 % test."""
    features, targets, kind = _loaded(name)
    order = np.random.default_rng([seed, 7]).permutation(len(features))
    x = torch.tensor(features[order], dtype=torch.float32)
    y = torch.tensor(targets[order], dtype=torch.float32 if kind == "squared" else torch.int64)
    cuts = [int(share * len(x)) for share in (0.0, 0.4, 0.6, 0.7, 1.0)]
    train, other, validation, test = ((x[a:b], y[a:b]) for a, b in itertools.pairwise(cuts))
    outputs = 1 if kind == "squared" else int(y.max()) + 1
    return Split(train, other, validation, test, outputs, kind)


def _loaded(name: str) -> tuple[np.ndarray, np.ndarray, str]:
    if name == "mnist":
        from kdtheory.reproductions.data import mnist

        features, rows = mnist(0)
        return features[:5000], rows[:5000].argmax(axis=1), "softmax"
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


class Lockstep:
    """``arms`` networks of one shape, trained on the same batches: three layers, ReLU, width 32."""

    def __init__(self, arms: int, inputs: int, outputs: int, generator: torch.Generator) -> None:
        """All arms start at the same point."""
        sizes = (inputs, 32, 32, outputs)
        self.parameters = []
        for a, b in itertools.pairwise(sizes):
            weight = torch.randn(a, b, generator=generator) * math.sqrt(2.0 / a)
            for start in (weight, torch.zeros(1, b)):
                self.parameters.append(start.expand(arms, *start.shape).clone().requires_grad_())

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (arms, n, K) and the last layer's inputs with ones (arms, n, 33)."""
        h = x
        *hidden, last = zip(self.parameters[::2], self.parameters[1::2], strict=True)
        for weight, offset in hidden:
            h = torch.relu(torch.matmul(h, weight) + offset)
        ones = torch.ones(*h.shape[:-1], 1)
        return torch.matmul(h, last[0]) + last[1], torch.cat([h, ones], dim=-1).detach()

    def optimiser(self, how: Regime) -> tuple[Any, Any]:
        """The optimiser, and its schedule."""
        if how.optimiser == "adam":
            made: Any = torch.optim.Adam(self.parameters, lr=how.step_size)
        else:
            momentum = 0.9 if how.optimiser == "momentum" else 0.0
            made = torch.optim.SGD(self.parameters, lr=how.step_size, momentum=momentum)
        cosine = how.optimiser == "cosine"
        shape = torch.optim.lr_scheduler.LambdaLR(
            made,
            lambda t: 0.5 * (1.0 + math.cos(math.pi * t / how.steps)) if cosine else 1.0,
        )
        return made, shape


def losses(z: Tensor, y: Tensor, kind: str) -> Tensor:
    """Mean label loss of every arm, (arms,)."""
    if kind == "squared":
        return 0.5 * ((z - y) ** 2).sum(dim=-1).mean(dim=-1)
    logp = torch.log_softmax(z, dim=-1)
    return -logp.gather(2, y.expand(len(z), -1)[..., None])[..., 0].mean(dim=-1)


def taught(z: Tensor, u: Tensor, kind: str) -> Tensor:
    """The teacher's."""
    if kind == "squared":
        return 0.5 * ((z - u) ** 2).sum(dim=-1).mean(dim=-1)
    return -(torch.softmax(u, dim=-1) * torch.log_softmax(z, dim=-1)).sum(dim=-1).mean(dim=-1)


def teacher_of(setting: Setting, data: Split) -> Lockstep:
    """A network of the same shape from another start."""
    generator = torch.Generator().manual_seed(1000 + setting.seed)
    x, y = data.other if setting.teacher == "other half" else data.train
    made = Lockstep(1, x.shape[1], data.outputs, generator)
    steps = {"early": 30, "middle": 200}.get(setting.teacher, 3000)
    optimiser = torch.optim.SGD(made.parameters, lr=0.05, momentum=0.9 if steps > 500 else 0.0)
    for _ in range(steps):
        rows = torch.randint(len(x), (64,), generator=generator)
        optimiser.zero_grad()
        losses(made(x[rows])[0], y[rows], data.kind).sum().backward()
        optimiser.step()
    return made


def noisy(y: Tensor, kind: str, classes: int, generator: torch.Generator) -> Tensor:
    """Labels of which a fifth are drawn anew (targets: with noise of half their variance)."""
    if kind == "squared":
        return y + math.sqrt(0.5) * torch.randn(y.shape, generator=generator)
    flip = torch.rand(len(y), generator=generator) < NOISE
    return torch.where(flip, torch.randint(classes, y.shape, generator=generator), y)


class Weights:
    """The weight of every arm at every step."""

    def __init__(self, how: Regime, kind: str, arms: Sequence[str]) -> None:
        """One follower for each automatic arm."""
        constants: dict[str, float | None] = dict.fromkeys(("step_size", "mu", "L", "Lcal"))
        self.kind, self.how = kind, how
        self.followers = {
            arm: WeightFollower(
                Plan(
                    "second-moment" if arm == "one step" else "horizon",
                    constants,
                    how.steps,
                    refresh_every=REFRESH,
                )
            )
            for arm in arms
        }
        self.validation = np.zeros(2)  # running <g - g_val, h>, |h|^2 + V/B
        self.now = torch.tensor([*FIXED, *(0.0 for _ in arms)])

    def step(self, z: Tensor, u: Tensor, y: Tensor, features: Tensor, held: Any) -> Tensor:
        """(arms,).  Between looks nothing changes but the steps that are left."""
        for place, arm in enumerate(self.followers, start=len(FIXED)):
            follower = self.followers[arm]
            if follower.calls % REFRESH:
                follower.calls += 1
                continue
            raw = follower.step(z[place].detach(), [u], y, features[place], self.kind)
            if arm == "validation":
                self._look(z[place].detach(), u, y, features[place], held(place))
                raw = np.array([self.validation[0] / max(self.validation[1], 1e-12)])
            elif arm != "one step":
                raw = np.array([self._weight(follower, arm)])
            self.now[place] = float(clipped(raw, (0.0, 1.0))[0])
        return self.now

    def _weight(self, follower: WeightFollower, arm: str) -> float:
        """The horizon weight; with the first-order cost <g, h> of drifting, at gamma L = 1, for
        "drift"; 0 where too little noise would go.
        """
        m = follower.moments()
        left, batch = follower.steps_left(), self.how.batch
        charged = m.bias_sq_clipped + m.variance / m.n
        below = m.variance + batch * (1.0 + left / 2.0) * charged
        use = m.covariance - batch * m.cross * arm.startswith("drift")
        if below <= 0.0 or m.sigma_sq <= 0.0:
            return 0.0
        weight = min(max(use / below, 0.0), 1.0)
        gain = (2.0 * weight * use - weight**2 * below) / m.sigma_sq
        return weight if gain >= LEAST_GAIN.get(arm, 0.0) else 0.0

    def _look(self, z: Tensor, u: Tensor, y: Tensor, features: Tensor, held: Any) -> None:
        """The weight that a held-out batch asks for: <g - g_val, h> / E|H_B|^2, one step ahead at
        gamma L = 1.
        """
        z_val, y_val, f_val = held

        def residual(logits: Tensor, labels: Tensor) -> Tensor:
            if self.kind == "squared":
                return logits - labels
            hard = torch.nn.functional.one_hot(labels, logits.shape[1])
            return torch.softmax(logits, dim=1) - hard

        n = len(z)
        r, s = residual(z, y), residual(u, y)
        g, h = r.T @ features / n, s.T @ features / n
        g_val = residual(z_val, y_val).T @ f_val / len(z_val)
        # The batch's own noise is in g and h: <g, h> is that of the batch, E|H_B|^2 too.
        new = np.array([float(((g - g_val) * h).sum()), float((h * h).sum())])
        self.validation = 0.9 * self.validation + 0.1 * new


def run(setting: Setting, arms: Sequence[str] = AUTO) -> dict[str, Any]:
    """Train the fixed weights and the automatic ``arms``: the losses at the end, and last those of
    the average of the last iterates of "none".
    """
    start = time.perf_counter()
    data, how = split(setting.data, setting.seed), setting.how
    teacher = teacher_of(setting, data)
    generator = torch.Generator().manual_seed(setting.seed)
    x, y = data.train
    if setting.teacher == "clean labels":
        y = noisy(y, data.kind, data.outputs, generator)
    made = Lockstep(len(FIXED) + len(arms), x.shape[1], data.outputs, generator)
    with torch.no_grad():
        u_all = teacher(x)[0][0]
    optimiser, schedule = made.optimiser(how)
    weights = Weights(how, data.kind, arms)
    average = [torch.zeros_like(p[:1]) for p in made.parameters]

    def held(place: int) -> tuple[Tensor, Tensor, Tensor]:
        x_val, y_val = data.validation
        with torch.no_grad():
            logits, features = made(x_val)
        return logits[place], y_val, features[place]

    for t in range(how.steps):
        rows = torch.randint(len(x), (how.batch,), generator=generator)
        z, features = made(x[rows])
        with torch.no_grad():
            now = weights.step(z, u_all[rows], y[rows], features, held).clone()
        optimiser.zero_grad()
        hard, soft = losses(z, y[rows], data.kind), taught(z, u_all[rows], data.kind)
        ((1.0 - now) * hard + now * soft).sum().backward()
        optimiser.step()
        schedule.step()
        if t >= how.steps - AVERAGED:
            for mean, p in zip(average, made.parameters, strict=True):
                mean += p[:1].detach() / AVERAGED
    with torch.no_grad():
        found = {
            name: losses(made(part[0])[0], part[1], data.kind).tolist()
            for name, part in (("train", (x, y)), ("test", data.test))
        }
        made.parameters = average
        for name, part in (("train", (x, y)), ("test", data.test)):
            found[name].append(float(losses(made(part[0])[0], part[1], data.kind)[0]))
    return {
        **asdict(setting),
        **found,
        "weights": weights.now.tolist(),
        "seconds": round(time.perf_counter() - start, 2),
    }
