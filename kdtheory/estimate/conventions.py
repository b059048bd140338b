"""What known trainers weight, in terms of the paper's lambda.

Every trainer here minimises a * CE(z, y) + b * tau^2 * KL(teacher || student) at temperature tau,
under its own names for a and b.  In logits, at tau = 1, its gradient is

    a (p(z) - y) + b (p(z) - p(u)) = (a + b) [ (p(z) - y) - lambda (p(u) - y) ],    lambda = b/(a +
    b),

so the theory's step size is (a + b) times the learning rate.  At other temperatures there is no
such identity (``kdtheory.problems.temperature``).  KL and cross-entropy with the teacher differ by
a constant, so they have one gradient.

The conventions were read in the sources named in ``source``; what a release later than those does
is for the user to check.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from kdtheory.errors import InvalidInput, unknown_name
from kdtheory.problems.base import moderate_float, positive_float, positive_int, real_float

Settings: TypeAlias = Mapping[str, float]
Pair: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Convention:
    """One trainer: its names, and how they become (a, b), the coefficients of the label's and of
    the teacher's loss.
    """

    name: str
    source: str
    weighs: str  # what its main number multiplies
    parameters: tuple[str, ...]
    defaults: Settings
    temperature: float  # its default
    coefficients: Callable[[Settings], Pair]
    settings: Callable[[float, float], dict[str, float]]  # of (a, b)
    fixed_temperature: bool = False
    adds_to_one: bool = True
    unit_interval: bool = False  # it refuses weights outside [0, 1]
    classes: Callable[[Pair, int], Pair] | None = None  # what K does to the pair, where it matters
    note: str = ""


def _teacher(
    name: str,
) -> tuple[Callable[[Settings], Pair], Callable[[float, float], dict[str, float]]]:
    """One number on the teacher's loss, the rest on the label's."""
    return (lambda s: (1.0 - s[name], s[name])), (lambda a, b: {name: b})


def _label(
    name: str,
) -> tuple[Callable[[Settings], Pair], Callable[[float, float], dict[str, float]]]:
    """One number on the label's loss, the rest on the teacher's."""
    return (lambda s: (s[name], 1.0 - s[name])), (lambda a, b: {name: a})


def _two(
    label: str, teacher: str
) -> tuple[Callable[[Settings], Pair], Callable[[float, float], dict[str, float]]]:
    """A number on each."""
    return (lambda s: (s[label], s[teacher])), (lambda a, b: {label: a, teacher: b})


def _torchdistill(settings: Settings) -> Pair:
    alpha = settings["alpha"]
    if alpha == 0.0:
        return 0.0, 1.0  # its KDLoss then returns the bare KL: neither beta nor tau^2
    return alpha, settings.get("beta", 1.0 - alpha)


def _per_entry(pair: Pair, classes: int) -> Pair:
    """The teacher's loss divided by the number of entries and not of rows."""
    return pair[0], pair[1] / classes


def _ratio(settings: Settings) -> Pair:
    total = settings["cross_entropy"] + settings["kl"]
    if total == 0.0:
        raise InvalidInput(
            "distillkit divides by the sum of its weights: cross_entropy + kl must not be 0."
        )
    return settings["cross_entropy"] / total, settings["kl"] / total


_ALL = (
    Convention(
        "torchtune",
        "torchtune, recipes/knowledge_distillation_single_device.py and"
        " torchtune/modules/loss/kd_losses.py",
        "teacher",
        ("kd_ratio",),
        {"kd_ratio": 0.5},
        1.0,
        *_teacher("kd_ratio"),
        fixed_temperature=True,
    ),
    Convention(
        "automodel",
        "NVIDIA NeMo Automodel, nemo_automodel/components/loss/kd_loss.py and its knowledge"
        " distillation recipe",
        "teacher",
        ("kd_ratio",),
        {"kd_ratio": 0.5},
        1.0,
        *_teacher("kd_ratio"),
    ),
    Convention(
        "modelopt",
        "NVIDIA Model Optimizer, modelopt/torch/distill/loss_balancers.py (StaticLossBalancer) and"
        " losses.py",
        "teacher",
        ("kd_loss_weight",),
        {"kd_loss_weight": 0.5},
        1.0,
        *_teacher("kd_loss_weight"),
        unit_interval=True,
    ),
    Convention(
        "distillkit",
        "Arcee DistillKit, distillkit/trainer.py and distillkit/lossfuncs/kl.py",
        "both, divided by their sum",
        ("kl", "cross_entropy"),
        {},
        1.0,
        _ratio,
        lambda a, b: {"kl": b, "cross_entropy": a},
    ),
    Convention(
        "distillkit-script",
        "Arcee DistillKit, distil_logits.py",
        "teacher",
        ("alpha",),
        {"alpha": 0.5},
        2.0,
        *_teacher("alpha"),
        note=(
            "its KL is a mean over all max_length positions, padding included, its CE over labelled"
            " tokens only: with short sequences the teacher weighs less than alpha says"
        ),
    ),
    Convention(
        "torchdistill",
        "torchdistill, torchdistill/losses/mid_level.py (KDLoss)",
        "label",
        ("alpha", "beta"),
        {},
        1.0,
        _torchdistill,
        lambda a, b: {"alpha": a, "beta": b},
        adds_to_one=False,
        note=(
            "beta defaults to 1 - alpha; with alpha = 0 it returns the bare KL, without beta and"
            " without tau^2"
        ),
    ),
    Convention(
        "huggingface",
        "Hugging Face transformers, docs: knowledge distillation for computer vision",
        "label",
        ("lambda_param",),
        {"lambda_param": 0.5},
        5.0,
        *_label("lambda_param"),
        note=(
            "its lambda_param (alpha in other tutorials) is on the label: the paper's lambda is 1"
            " minus it"
        ),
    ),
    Convention(
        "repdistiller",
        "RepDistiller, train_student.py and helper/loops.py",
        "both",
        ("r", "a"),
        {"r": 1.0},
        4.0,
        *_two("r", "a"),
        adds_to_one=False,
        note="its README uses r = 0.1, a = 0.9; -r is --gamma, -a is --alpha",
    ),
    Convention(
        "deit",
        "DeiT, losses.py (DistillationLoss) and main.py (--distillation-alpha, --distillation-tau)",
        "teacher",
        ("alpha",),
        {"alpha": 0.5},
        1.0,
        *_teacher("alpha"),
        classes=_per_entry,
        note=(
            "type soft: its KL is a sum divided by numel = B K and not by B, so that the teacher"
            " weighs K times less than alpha says: say K with --classes; type hard, the"
            " cross-entropy with the teacher's class, is not divided"
        ),
    ),
    Convention(
        "distilbert",
        "Hugging Face transformers, examples/research_projects/distillation/distiller.py",
        "both",
        ("alpha_mlm", "alpha_ce"),
        {"alpha_mlm": 0.0, "alpha_ce": 0.5},
        2.0,
        *_two("alpha_mlm", "alpha_ce"),
        adds_to_one=False,
        note=(
            "alpha_mlm (alpha_clm for causal models) is on the label, alpha_ce on the teacher;"
            " alpha_mse and alpha_cos add terms that the theory does not speak of. Its recipe:"
            " alpha_ce 5, alpha_mlm 2, alpha_cos 1"
        ),
    ),
    Convention(
        "minillm",
        "MiniLLM (LMOps), finetune.py (--type kd, --kd-ratio)",
        "teacher",
        ("kd_ratio",),
        {"kd_ratio": 0.5},
        1.0,
        *_teacher("kd_ratio"),
        fixed_temperature=True,
        note=(
            "of its baseline 'kd' (forward KL); the method itself minimises the reverse KL by"
            " policy gradient, which is no mixture of losses"
        ),
    ),
    Convention(
        "lightning-example",
        "Lightning: the usual training_step, loss = alpha * soft * T**2 + (1 - alpha) * hard",
        "teacher",
        ("alpha",),
        {},
        1.0,
        *_teacher("alpha"),
        note="Lightning has no distillation loss of its own: read which term your alpha is on",
    ),
    Convention(
        "hinton",
        "Hinton, Vinyals and Dean 2015: two losses with weights of your own",
        "both",
        ("label", "teacher"),
        {},
        1.0,
        *_two("label", "teacher"),
        adds_to_one=False,
    ),
)
CONVENTIONS: Mapping[str, Convention] = MappingProxyType({one.name: one for one in _ALL})
NO_WEIGHT: Mapping[str, str] = MappingProxyType(
    {
        "trl": (
            "TRL's GKDTrainer has no label term. At beta = 0 its loss is the KL of the theory, so"
            " lambda = 1; at other beta it is another divergence, whose gradient has no lambda. Its"
            " lmbda is the share of data that the student generates, no mixing weight. For a lambda"
            " below 1 add the label's loss, as torchtune's kd_ratio does."
        )
    }
)


@dataclass(frozen=True)
class Conversion:
    """``weight`` is lambda, ``loss_scale`` = a + b: the theory's step size is loss_scale times the
    learning rate.

    >>> import kdtheory as kd
    >>> found = kd.to_lambda('torchtune', {'kd_ratio': 0.7})
    >>> round(found.weight, 3), found.exact
    (0.7, True)
    """

    trainer: str
    settings: dict[str, float]
    weight: float
    loss_scale: float
    temperature: float
    weighs: str
    exact: bool  # temperature 1: the identity of the paper holds in logits
    note: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def convention_named(name: str) -> Convention:
    """The convention under a name; InvalidInput names the nearest one, or says that the trainer has
    no such weight.
    """
    key = name.lower().replace("_", "-")
    if key in NO_WEIGHT:
        raise InvalidInput(NO_WEIGHT[key])
    if key not in CONVENTIONS:
        raise unknown_name("trainer", name, CONVENTIONS)
    return CONVENTIONS[key]


def to_lambda(
    trainer: str,
    settings: Settings,
    *,
    temperature: float | None = None,
    classes: int | None = None,
) -> Conversion:
    """A trainer's settings as the paper's lambda; settings and temperature left out take the
    trainer's defaults.

    Args:
        trainer: a name of ``CONVENTIONS``.
        settings: its numbers by name.
        temperature: tau, where one is used.
        classes: K, where the trainer divides by it (DeiT).

    Raises InvalidInput: unknown trainer or setting, one without a default that is missing, a loss
    that vanishes.

    >>> import kdtheory as kd
    >>> kd.to_lambda('huggingface', {'lambda_param': 0.3}, temperature=1.0).weight
    0.7
    """
    known = convention_named(trainer)
    for name in settings:
        if name not in known.parameters:
            raise unknown_name(f"setting of {known.name}", name, known.parameters)
    given = dict(known.defaults) | {
        name: real_float(value, name) for name, value in settings.items()
    }
    needed = [
        name
        for name in known.parameters
        if name not in given and not (known.name == "torchdistill" and name == "beta")
    ]
    if needed:
        raise InvalidInput(
            f"{known.name} has no default for {', '.join(needed)}. Say for example {needed[0]}=0.5."
        )
    a, b = _with_classes(known, known.coefficients(given), classes)
    return _conversion(known, given, a, b, temperature)


def _with_classes(known: Convention, pair: Pair, classes: int | None) -> Pair:
    if known.classes is None:
        if classes is not None:
            raise InvalidInput(f"{known.name} does not divide by the number of classes.")
        return pair
    if classes is None:
        return pair
    return known.classes(pair, positive_int(classes, "classes"))


def from_lambda(
    trainer: str,
    weight: float,
    *,
    loss_scale: float = 1.0,
    temperature: float | None = None,
    classes: int | None = None,
) -> Conversion:
    """The trainer's settings that weight by lambda, with a + b = ``loss_scale``.

    Args:
        trainer: a name of ``CONVENTIONS``.
        weight: lambda.
        loss_scale: what the two weights add up to.
        temperature: tau, where one is used.
        classes: K, where the trainer divides by it.

    Raises InvalidInput: unknown trainer; a loss scale other than 1 where the trainer's weights add
    up to 1; a lambda outside [0, 1] where the trainer refuses it.

    >>> import kdtheory as kd
    >>> kd.from_lambda('huggingface', 0.7).settings
    {'lambda_param': 0.30000000000000004}
    """
    known = convention_named(trainer)
    lam, scale = real_float(weight, "weight"), positive_float(loss_scale, "loss_scale")
    if known.adds_to_one and scale != 1.0:
        raise InvalidInput(
            f"{known.name}'s weights add up to 1, so loss_scale = {scale:g} cannot be set. Multiply"
            " the learning rate by it."
        )
    if known.unit_interval and not 0.0 <= lam <= 1.0:
        raise InvalidInput(
            f"{known.name} refuses weights outside [0, 1], got lambda = {lam:g}. The theory allows"
            " it: use kdtheory.torch.DistillationLoss, or another trainer."
        )
    a, b = (1.0 - lam) * scale, lam * scale
    if known.classes is None:
        _with_classes(known, (a, b), classes)
        return _conversion(known, known.settings(a, b), a, b, temperature)
    # Settings that give a : b after the division by K: the ratio is (1 - alpha) : alpha / K.
    unit = _with_classes(known, (1.0, 1.0), classes)
    above = b / unit[1]
    settings = known.settings(a / (a + above), above / (a + above))
    return _conversion(
        known, settings, *_with_classes(known, known.coefficients(settings), classes), temperature
    )


def _conversion(
    known: Convention, settings: dict[str, float], a: float, b: float, temperature: float | None
) -> Conversion:
    if known.fixed_temperature and temperature not in (None, 1.0):
        raise InvalidInput(
            f"{known.name} has no temperature: its loss is at temperature 1, got temperature ="
            f" {temperature}."
        )
    tau = moderate_float(known.temperature if temperature is None else temperature, "temperature")
    scale = a + b
    if not (math.isfinite(scale) and scale > 0.0):
        raise InvalidInput(
            f"{known.name}: the coefficients of label and teacher must add up to more than 0, got"
            f" {a:g} + {b:g}: the student would be trained away from what both say."
        )
    notes = [known.note] if known.note else []
    if not 0.0 <= b / scale <= 1.0:
        notes.append(
            "lambda outside [0, 1] is allowed by the theory, but the cross-entropy is then"
            " unbounded below"
        )
    if known.name == "torchdistill" and a == 0.0 and tau != 1.0:
        notes.append(
            f"here the missing tau^2 makes the teacher's gradient about {tau**2:g} times smaller"
            " than with it"
        )
    return Conversion(
        known.name,
        settings,
        b / scale,
        scale,
        tau,
        known.weighs,
        tau == 1.0,
        "; ".join(notes),
        known.source,
    )
