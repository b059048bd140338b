"""What the theory asks of a module: parameters by name, and a loss of one sample that depends on
that sample only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TypeAlias

from torch import Tensor, nn

from kdtheory.errors import InvalidInput, unknown_name

Named: TypeAlias = dict[str, Tensor]
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
_INSTANCE_NORMS = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
_DROPOUTS = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)


def refuse_coupled(model: nn.Module, who: str) -> None:
    """Raise InvalidInput for batch statistics: the loss of a batch is then no mean of the samples'
    losses f_n.
    """
    for name, module in model.named_modules():
        if isinstance(module, _BATCH_NORMS) and (module.training or module.running_mean is None):
            raise InvalidInput(
                f"{who}: layer {name!r} ({type(module).__name__}) normalises by the batch it sees,"
                " so f is no mean of terms f_n and no per-sample gradient exists. Call .eval() on"
                " that layer (frozen statistics), or use GroupNorm or LayerNorm."
            )


def refuse_random(model: nn.Module, who: str) -> None:
    """Raise InvalidInput for batch statistics or random layers: f_n must be one function, the same
    at every call.
    """
    refuse_coupled(model, who)
    for name, module in model.named_modules():
        if module.training and _is_random(module):
            raise InvalidInput(
                f"{who}: layer {name!r} ({type(module).__name__}) is random in training mode, so"
                " student and teacher would be compared under different masks. Call model.eval()"
                " first, or set its p to 0."
            )
        if isinstance(module, _INSTANCE_NORMS) and module.training and module.track_running_stats:
            raise InvalidInput(
                f"{who}: layer {name!r} ({type(module).__name__}) updates its statistics in"
                " training mode. Call model.eval() first."
            )


def _is_random(module: nn.Module) -> bool:
    if isinstance(module, _DROPOUTS):
        return float(module.p) > 0.0
    if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)):
        return float(module.dropout) > 0.0
    return isinstance(module, nn.RReLU)


def chosen_parameters(model: nn.Module, parameters: str | Iterable[str] = "all") -> Named:
    """Detached parameters in the order of ``model.named_parameters()``.

    ``parameters`` is "all" (those that require a gradient; every one if none does: a frozen
    teacher), "last" (those of them that the last registered module owns: the output layer of every
    model that registers its layers in order), or names.  Raises InvalidInput for unknown names and
    for a model without parameters.
    """
    every = dict(model.named_parameters())
    trainable = [name for name, value in every.items() if value.requires_grad] or list(every)
    if parameters == "all":
        names = trainable
    elif parameters == "last":
        owner = trainable[-1].rpartition(".")[0] if trainable else ""
        names = [name for name in trainable if name.rpartition(".")[0] == owner]
    elif isinstance(parameters, str):
        raise InvalidInput(
            f"parameters must be 'all', 'last' or a list of names, got {parameters!r}."
        )
    else:
        wanted = list(parameters)
        for name in wanted:
            if name not in every:
                raise unknown_name("parameter", name, every)
        names = [name for name in every if name in wanted]
    if not names:
        raise InvalidInput(
            "There is no parameter to differentiate: the model has none, or parameters=[] names"
            " none. Use parameters='all'."
        )
    return {name: every[name].detach() for name in names}


def everything_else(model: nn.Module, chosen: Named) -> Named:
    """The parameters that are not in ``chosen``, and the buffers, detached."""
    rest = chain(model.named_parameters(), model.named_buffers())
    return {name: value.detach() for name, value in rest if name not in chosen}


def parameter_count(model: nn.Module, parameters: str | Iterable[str] = "all") -> int:
    """d, the number of coordinates of a gradient in the chosen parameters."""
    return sum(value.numel() for value in chosen_parameters(model, parameters).values())


# What torch.compile and DistributedDataParallel put before every name.
_WRAPPERS = ("_orig_mod.", "module.")


def unwrapped(names: Named) -> Named:
    """The same under the names of the bare module."""

    def bare(name: str) -> str:
        for prefix in _WRAPPERS:
            name = name.replace(prefix, "")
        return name

    short = {bare(name): value for name, value in names.items()}
    return short if len(short) == len(names) else names


def same_coordinates(student: Named, teacher: Named) -> None:
    """Raise InvalidInput unless both have the same names and shapes: self-distillation."""
    student, teacher = unwrapped(student), unwrapped(teacher)
    if [(k, v.shape) for k, v in student.items()] == [(k, v.shape) for k, v in teacher.items()]:
        return
    first = next(_differences(student, teacher))
    raise InvalidInput(
        f"student and teacher must have the same parameters, but {first}. A teacher of another"
        " architecture has no gradient in the student's coordinates: use DistillationLoss with"
        " features, which needs logits only."
    )


def _differences(student: Named, teacher: Named) -> Iterator[str]:
    for name in dict.fromkeys((*student, *teacher)):
        shapes = [
            str(tuple(side[name].shape)) if name in side else "absent"
            for side in (student, teacher)
        ]
        if shapes[0] != shapes[1]:
            yield f"{name!r} is {shapes[0]} in the student and {shapes[1]} in the teacher"
    yield "their order differs"
