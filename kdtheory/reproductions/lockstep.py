"""Networks of one shape trained on the same batches at once, as one tensor operation each: the
machinery of R12 and of ``kdtheory.checks.student_study``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

WIDTH, CHANNELS = 32, (4, 8)


@dataclass(frozen=True)
class Training:
    """How a student is trained."""

    name: str
    batch: int
    steps: int
    step_size: float
    optimiser: str = "sgd"


class Lockstep:
    """``count`` networks that start at the same point: "mlp" (two hidden layers of 32), "cnn" (two
    3 x 3 convolutions with stride 2 of square images), or "linear".
    """

    def __init__(
        self, model: str, count: int, inputs: int, outputs: int, generator: torch.Generator
    ) -> None:
        """Gaussian weights of variance 2 over fan-in, offsets 0; a linear model starts at 0."""
        self.model, self.count, self.side = model, count, math.isqrt(inputs)
        self.parameters: list[Tensor] = []
        if model == "cnn":
            one, two = CHANNELS
            self._add((one, 1, 3, 3), 9, one, generator)
            self._add((two, one, 3, 3), 9 * one, two, generator)
            sizes: tuple[int, ...] = (two * math.ceil(self.side / 4) ** 2, outputs)
        else:
            sizes = (inputs, outputs) if model == "linear" else (inputs, WIDTH, WIDTH, outputs)
        for a, b in itertools.pairwise(sizes):
            self._add((a, b), a, b, generator)
        if model == "linear":
            self.parameters[0].detach().zero_()

    def _add(self, shape: Sequence[int], fan_in: int, out: int, generator: torch.Generator) -> None:
        weight = torch.randn(*shape, generator=generator) * math.sqrt(2.0 / fan_in)
        for start in (weight, torch.zeros(1, out)):
            self.parameters.append(start.expand(self.count, *start.shape).clone().requires_grad_())

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (count, n, K) of inputs (n, d), and the last layer's inputs with ones."""
        pairs = list(zip(self.parameters[::2], self.parameters[1::2], strict=True))
        h = x
        if self.model == "cnn":
            h, pairs = self._convolved(x, pairs), pairs[2:]
        for weight, offset in pairs[:-1]:
            h = torch.relu(torch.matmul(h, weight) + offset)
        h = h.expand(self.count, *h.shape[-2:])
        ones = h.new_ones(*h.shape[:-1], 1)
        weight, offset = pairs[-1]
        return torch.baddbmm(offset, h, weight), torch.cat([h, ones], dim=-1).detach()

    def _convolved(self, x: Tensor, pairs: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """(count, n, features): the first convolution sees one image, the second one group for each
        network.
        """
        h = x.reshape(len(x), 1, self.side, self.side)
        for place, (weight, offset) in enumerate(pairs[:2]):
            h = torch.relu(
                F.conv2d(
                    h,
                    weight.flatten(0, 1),
                    offset.flatten(),
                    stride=2,
                    padding=1,
                    groups=self.count if place else 1,
                )
            )
        return h.reshape(len(x), self.count, -1).transpose(0, 1)

    def optimiser(self, how: Training) -> tuple[Any, Any]:
        """The optimiser, and its schedule."""
        if how.optimiser == "adam":
            made: Any = torch.optim.Adam(self.parameters, lr=how.step_size)
        else:
            momentum = 0.9 if "momentum" in how.optimiser else 0.0
            made = torch.optim.SGD(self.parameters, lr=how.step_size, momentum=momentum)
        cosine = "cosine" in how.optimiser
        shape = torch.optim.lr_scheduler.LambdaLR(
            made, lambda t: 0.5 * (1.0 + math.cos(math.pi * t / how.steps)) if cosine else 1.0
        )
        return made, shape


def losses(z: Tensor, y: Tensor, kind: str) -> Tensor:
    """Mean label loss of every network, (count,); ``y`` (n,) or (count, n), values with one more
    axis.
    """
    if kind == "squared":
        return 0.5 * ((z - y) ** 2).sum(dim=-1).mean(dim=-1)
    logp = torch.log_softmax(z, dim=-1)
    return -logp.gather(2, y.expand(z.shape[:2])[..., None])[..., 0].mean(dim=-1)


def mismatch(z: Tensor, targets: Tensor, kind: str) -> Tensor:
    """The sum over networks of the mean loss against target rows (count, n, K): a mixture of two
    targets has the gradient of the mixture of their losses.
    """
    if kind == "squared":
        return 0.5 * ((z - targets) ** 2).sum() / z.shape[1]
    return -(targets * torch.log_softmax(z, dim=-1)).sum() / z.shape[1]


def residual(z: Tensor, y: Tensor, kind: str) -> Tensor:
    """r(z) - y."""
    if kind == "squared":
        return z - y
    hard = F.one_hot(y, z.shape[-1]).to(z)
    return torch.softmax(z, dim=-1) - hard
