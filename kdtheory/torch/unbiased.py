"""Unbiased distillation, x+ = x - gamma (G - lambda H + lambda h), h = grad f(theta) computed once
(paper, Section 6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import real_float
from kdtheory.torch.modules import (
    Named,
    everything_else,
    refuse_coupled,
    refuse_random,
    same_coordinates,
    unwrapped,
)


class UnbiasedDistillation(nn.Module):
    """Holds a frozen copy of the teacher's parameters theta and its full gradient h; corrects a
    student's .grad.

    Between ``loss.backward()`` and ``optimizer.step()`` call one of

    * ``correct(student, weight)`` after a ``DistillationLoss`` with the same weight: adds lambda h.
      Exact for models that are linear in their parameters, and refused for others: there the loss
      subtracts lambda J(x)^T s and not lambda H, so that a bias of lambda E[(J(x) - J(theta))^T s]
      remains (the gap of Proposition 1), and training was seen to diverge;
    * ``control_variate(student, inputs, targets, weight)`` after the *plain* loss of the same
      batch: adds lambda (h - H_B).  Unbiased for every network (an SVRG step with the fixed
      snapshot theta), at the cost of one more forward and backward pass for each step and of one
      pass over the data for h.  Seen on a small network: better step for step (train loss 0.074
      against 0.093), worse at equal cost (plain SGD with twice the epochs: 0.017).  It is for where
      steps, not gradients, are what is short.

    Args:
        teacher: the same architecture as the student, in eval mode, trainable or frozen; its
            parameters are copied (its
            buffers, say frozen batch statistics, are read from it), and it is never written to.
        loss: loss(output, targets) -> scalar, the *mean* over a batch, as
            torch.nn.CrossEntropyLoss().

    ``weight_decay`` of the optimiser is a ridge that is the same for every sample: it cancels in H
    - h, so nothing has to be done.  Correct once per optimizer step: after all backward passes when
    accumulating (of the averaged loss), after unscaling mixed-precision gradients, before clipping.
    Frozen copy, h and sample count go with ``state_dict``.

    Raises InvalidInput: a teacher with random or batch-normalising layers in training mode.
    """

    theta: Tensor
    mean_gradient: Tensor
    samples: Tensor

    def __init__(self, teacher: nn.Module, loss: Callable[[Any, Tensor], Tensor]) -> None:
        """See the class."""
        super().__init__()
        refuse_random(teacher, "UnbiasedDistillation")
        if getattr(loss, "reduction", "mean") != "mean":
            raise InvalidInput(
                f"UnbiasedDistillation needs the mean loss of a batch, got {loss!r} with another"
                " reduction: h is the mean gradient. Use reduction='mean'."
            )
        self._parts = {name: value.detach() for name, value in teacher.named_parameters()}
        if not self._parts:
            raise InvalidInput(
                "UnbiasedDistillation: the teacher has no parameters, so its gradient has no"
                " coordinates."
            )
        # A tuple hides the module: its parameters are not ours to train.
        self._teacher, self._loss = (
            (teacher,),
            loss,
        )
        flat = torch.cat([value.flatten() for value in self._parts.values()])
        self.register_buffer("theta", flat.clone())
        self.register_buffer("mean_gradient", torch.zeros_like(flat))
        self.register_buffer("samples", torch.zeros((), dtype=torch.int64))
        self._linear: bool | None = None

    def fit(self, batches: Iterable[tuple[Tensor, Tensor]]) -> UnbiasedDistillation:
        """Compute h from one pass over all training data, (inputs, targets) batch by batch,
        accumulated in float64.

        Batches may differ in size.  Raises InvalidInput for no data or a gradient that is not
        finite; h is then unchanged.
        """
        # Mps has no float64.
        wide = torch.float32 if self.theta.device.type == "mps" else torch.float64
        total, count = torch.zeros_like(self.theta, dtype=wide), 0
        for inputs, targets in batches:
            if self._linear is None:
                self._linear = self._is_linear(inputs)
            total += self._gradient(inputs, targets).to(wide) * len(targets)
            count += len(targets)
        if count == 0:
            raise InvalidInput(
                "fit() got no batch. A generator can be used once only: pass a DataLoader or a"
                " list."
            )
        if not bool(torch.isfinite(total).all()):
            raise InvalidInput(
                "The teacher's mean gradient is not finite: check the teacher's loss on the"
                " training data."
            )
        self.mean_gradient.copy_(total / count)
        self.samples.fill_(count)
        return self

    def correct(self, student: nn.Module, weight: float) -> None:
        """Add lambda h to every .grad of the student.  Raises InvalidInput for networks."""
        ready = self._ready()
        if self._linear is None:  # h came from a state: look at the model
            raise InvalidInput(
                "Whether the model is linear in its parameters is not known: call fit(batches), or"
                " use control_variate."
            )
        if not self._linear:
            raise InvalidInput(
                "correct() is for models that are linear in their parameters: for a network the"
                " distillation loss subtracts lambda J(x)^T s, not lambda H, and adding lambda h"
                " leaves a bias that was seen to diverge. Use control_variate() after the plain"
                " loss."
            )
        self._add(student, ready, real_float(weight, "weight"))

    def control_variate(
        self, student: nn.Module, inputs: Tensor, targets: Tensor, weight: float
    ) -> None:
        """Add lambda (h - H_B) to every .grad of the student, H_B the teacher's gradient on this
        batch.
        """
        ready = self._ready()
        self._add(student, ready - self._gradient(inputs, targets), real_float(weight, "weight"))

    def _ready(self) -> Tensor:
        if int(self.samples) == 0:
            raise InvalidInput(
                "h = grad f(theta) is not known yet: call fit(batches) once over the training data."
            )
        return self.mean_gradient

    def _is_linear(self, inputs: Tensor) -> bool:
        """Whether the output is affine in the parameters, seen on one line through theta in a
        random direction v: f(theta + v) - 2 f(theta) + f(theta - v) = 0 up to rounding.
        """
        like = self.theta
        x = inputs[:4]
        x = x.to(like.device, like.dtype) if x.is_floating_point() else x.to(like.device)
        teacher = self._teacher[0]
        rest = everything_else(teacher, self._parts)

        noise = torch.randn(like.numel(), generator=torch.Generator().manual_seed(0))
        direction = noise.to(like) * (1.0 + float(like.abs().max()))

        def at(scale: float) -> Tensor:
            point = {**self._named(like + scale * direction), **rest}
            found: Tensor = functional_call(teacher, point, (x,))
            return found

        with torch.no_grad():
            outputs = [at(scale) for scale in (-1.0, 0.0, 1.0)]
            bend = (outputs[2] - 2.0 * outputs[1] + outputs[0]).abs().max()
            size = max(float(one.abs().max()) for one in outputs)
        # A sum over many units: a thousand roundings of the largest output, or no output at all.
        return float(bend) <= 1e3 * torch.finfo(like.dtype).eps * max(size, 1e-30)

    def _gradient(self, inputs: Tensor, targets: Tensor) -> Tensor:
        teacher = self._teacher[0]
        refuse_random(teacher, "UnbiasedDistillation")
        like = self.theta
        x = (
            inputs.to(like.device, like.dtype)
            if inputs.is_floating_point()
            else inputs.to(like.device)
        )
        y = (
            targets.to(like.device, like.dtype)
            if targets.is_floating_point()
            else targets.to(like.device)
        )
        rest = {
            name: value.to(like.device)
            for name, value in everything_else(teacher, self._parts).items()
        }

        def value(point: Named) -> Tensor:
            return self._loss(functional_call(teacher, {**point, **rest}, (x,)), y)

        found = grad(value)(self._named(like))
        return torch.cat([found[name].flatten() for name in self._parts])

    def _named(self, flat: Tensor) -> Named:
        sizes = [value.numel() for value in self._parts.values()]
        pieces = flat.split(sizes)
        return {
            name: piece.view(part.shape)
            for (name, part), piece in zip(self._parts.items(), pieces, strict=True)
        }

    @torch.no_grad()
    def _add(self, student: nn.Module, correction: Tensor, weight: float) -> None:
        refuse_coupled(student, "UnbiasedDistillation")
        every = unwrapped(dict(student.named_parameters()))
        same_coordinates(every, self._parts)
        mine = {name: value for name, value in every.items() if value.requires_grad}
        missing = [name for name, value in mine.items() if value.grad is None]
        if missing:
            raise InvalidInput(
                f"parameter {missing[0]!r} has no gradient. Call this between loss.backward() and"
                " step()."
            )
        pieces = unwrapped(self._named(correction))
        for name, value in mine.items():
            if value.grad is not None:  # always: missing ones were refused above
                value.grad.add_(pieces[name].to(value.grad), alpha=weight)
