"""Per-sample gradients of any module and loss, by torch.func, and the distillation weight from
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from kdtheory.errors import InvalidInput
from kdtheory.estimate import WeightEstimate, lambda_star
from kdtheory.problems.base import positive_int
from kdtheory.torch.modules import (
    Named,
    chosen_parameters,
    everything_else,
    refuse_random,
    same_coordinates,
)
from kdtheory.torch.projection import RandomProjection

Loss: TypeAlias = Callable[[Any, Tensor], Tensor]
CHUNK_ENTRIES = 1 << 24  # 64 MB of float32 gradients at a time; activations come on top


def per_sample_gradients(
    model: nn.Module,
    loss: Loss,
    inputs: Tensor | tuple[Tensor, ...],
    targets: Tensor,
    *,
    parameters: str | Iterable[str] = "all",
    projection: RandomProjection | None = None,
    chunk_size: int | None = None,
    vectorize: bool = True,
) -> Tensor:
    """The gradient of the loss on each sample, (n, d) or (n, k), on the CPU: what ``lambda_star``
    takes.

    Args:
        model: any module, left as it is (no .grad is written, no mode changed); it must be in eval
            mode where that
            matters (dropout, batch statistics).
        loss: loss(model output, targets) -> scalar, as torch.nn.CrossEntropyLoss(): called with a
            batch of one sample.
        inputs: (n, ...), or a tuple of such tensors for a model with several inputs.  targets: (n,
            ...).
        parameters: "all", "last" (the output layer) or names; d counts their entries in the order
            of the model.
        projection: random projection to k coordinates, the same one for student and teacher.
        chunk_size: samples at a time; default: 2^24 gradient entries.
        vectorize: False loops over samples, for models that torch.func.vmap cannot vectorise.

    Inputs and floating targets are moved to the model's device and precision.  Half and bfloat16
    gradients are returned in float32 (NumPy has no bfloat16); ``lambda_star`` accumulates in
    float64.

    Raises InvalidInput: a random or batch-normalising layer in training mode, unknown parameters,
    lengths that differ, a loss that is not a scalar, a model that vmap cannot vectorise.
    """
    refuse_random(model, "per_sample_gradients")
    chosen = chosen_parameters(model, parameters)
    rest = everything_else(model, chosen)
    like = next(iter(chosen.values()))
    columns = [_placed(x, like) for x in (inputs if isinstance(inputs, tuple) else (inputs,))]
    y = _placed(targets, like)
    n = len(y)
    if n == 0 or any(len(x) != n for x in columns):
        raise InvalidInput(
            f"inputs and targets must hold the same n >= 1 samples, got {[len(x) for x in columns]}"
            f" and {n}."
        )

    def value(point: Named, target: Tensor, *sample: Tensor) -> Tensor:
        output = functional_call(model, {**point, **rest}, tuple(x.unsqueeze(0) for x in sample))
        found = loss(output, target.unsqueeze(0))
        if found.dim() != 0:
            raise InvalidInput(
                f"loss must return a scalar for a batch, got shape {tuple(found.shape)}. Use"
                " reduction='mean' or 'sum'."
            )
        return found

    slope = grad(value)
    each = (
        vmap(slope, in_dims=(None, 0, *(0 for _ in columns))) if vectorize else _one_by_one(slope)
    )
    d = sum(p.numel() for p in chosen.values())
    step = (
        positive_int(chunk_size, "chunk_size")
        if chunk_size is not None
        else max(1, CHUNK_ENTRIES // d)
    )
    wide = torch.promote_types(like.dtype, torch.float32)
    out = torch.empty(n, d if projection is None else projection.size, dtype=wide)
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        found = _vectorised(each, chosen, y[rows], [x[rows] for x in columns])
        blocks = [found[name].flatten(1).to(wide) for name in chosen]
        out[rows] = torch.cat(blocks, dim=1) if projection is None else projection.apply(blocks)
    return out


def lambda_star_from_models(
    student: nn.Module,
    teacher: nn.Module,
    loss: Loss,
    inputs: Tensor | tuple[Tensor, ...],
    targets: Tensor,
    *,
    parameters: str | Iterable[str] = "all",
    projection: RandomProjection | None = None,
    chunk_size: int | None = None,
    vectorize: bool = True,
    **criterion: Any,
) -> WeightEstimate:
    """``lambda_star`` on the per-sample gradients of a student and a teacher of the same
    architecture.

    ``criterion`` and its constants go to ``lambda_star``; the rest as in ``per_sample_gradients``.
    Restricting to the output layer answers for that layer only: measure once on all parameters
    before trusting it.

    Raises InvalidInput as both do, and for models of different architectures.
    """
    same_coordinates(dict(student.named_parameters()), dict(teacher.named_parameters()))
    # The teacher may have other parameters frozen.
    names = list(chosen_parameters(student, parameters))
    # torch.compile and DDP put a prefix before every name.
    every = list(dict(student.named_parameters()))
    places = [every.index(name) for name in names]
    of_teacher = [list(dict(teacher.named_parameters()))[place] for place in places]
    pair = [
        per_sample_gradients(
            model,
            loss,
            inputs,
            targets,
            parameters=names if model is student else of_teacher,
            projection=projection,
            chunk_size=chunk_size,
            vectorize=vectorize,
        ).numpy()
        for model in (student, teacher)
    ]
    found = lambda_star(pair[0], pair[1], **criterion)
    assert isinstance(found, WeightEstimate)  # one teacher, no blocks
    return found


def _placed(x: Tensor, like: Tensor) -> Tensor:
    return x.to(like.device, like.dtype) if x.is_floating_point() else x.to(like.device)


def _one_by_one(slope: Callable[..., Named]) -> Callable[..., Named]:
    def each(point: Named, target: Tensor, *samples: Tensor) -> Named:
        found = [slope(point, *row) for row in zip(target, *samples, strict=True)]
        return {name: torch.stack([gradient[name] for gradient in found]) for name in point}

    return each


def _vectorised(
    each: Callable[..., Named], point: Named, target: Tensor, columns: list[Tensor]
) -> Named:
    # What torch raises for shapes, random layers and branches on data alike.
    try:
        return each(point, target, *columns)
    except RuntimeError as error:
        first = str(error).strip().splitlines()[0]
        raise InvalidInput(
            f"The model or the loss cannot be differentiated sample by sample: {first} If the"
            " shapes are right, the model branches on its data or draws random numbers: call"
            " model.eval(), or pass vectorize=False."
        ) from error
