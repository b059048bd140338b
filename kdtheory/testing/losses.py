"""A user's distillation loss: its gradient in the logits must be r(z) - y - lam (r(u) - y)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kdtheory.errors import InvalidInput, unknown_name
from kdtheory.evidence.terms import wrong_terms
from kdtheory.problems.base import Array, positive_int, real_float
from kdtheory.problems.classification import softmax

KINDS = ("cross-entropy", "squared")
# Central differences with width eps^(1/3) err by eps^(2/3) = 4e-11 of the loss's size, float32 by
# 2e-5 of it; any mistake with a name is far above either.
DIFFERENCE = 1e-6
DIFFERENCE_SINGLE = 1e-3


def check_loss(
    loss: Callable[..., Any],
    *,
    weight: float,
    kind: str = "cross-entropy",
    n: int = 6,
    classes: int = 4,
    seed: int = 0,
) -> None:
    """The loss must be (1 - lam) l(z, y) + lam l(z, u), a mean over the samples, at temperature 1.

    What is compared is the gradient in the student's logits z, by central differences:
    (r(z) - y) - lam (r(u) - y), divided by n, with r the softmax (cross-entropy) or the identity
    (squared loss with 1/2).  Terms that do not depend on z, such as the teacher's entropy in a
    Kullback-Leibler divergence, make no difference.

    Args:
        loss: ``loss(z, u, labels)`` -> a number; z and u (n, classes) logits of student and
            teacher, labels (n,) class numbers (cross-entropy) or (n, classes) targets (squared).
            Arrays are NumPy; wrap a torch loss with ``torch.from_numpy``.
        weight: the distillation weight lam, on the teacher.
        kind: "cross-entropy" or "squared".
        n: samples.
        classes: outputs.
        seed: of the logits.

    Raises:
        AssertionError: the gradient differs; the message says which coefficient is wrong, and
            whether the weight sits on the label, the loss is a sum, or a temperature is used.
        InvalidInput: an unknown kind; a loss that is not a finite number.

    >>> from scipy.special import log_softmax, softmax
    >>> def kd(z, u, labels):
    ...     hard = -log_softmax(z, axis=1)[range(len(z)), labels].mean()
    ...     soft = -(softmax(u, axis=1) * log_softmax(z, axis=1)).sum(axis=1).mean()
    ...     return 0.7 * hard + 0.3 * soft
    >>> check_loss(kd, weight=0.3)
    """
    if kind not in KINDS:
        raise unknown_name("kind", kind, KINDS)
    lam = real_float(weight, "weight")
    rng = np.random.default_rng(seed)
    count, width = positive_int(n, "n"), positive_int(classes, "classes", minimum=2)
    z, u = rng.standard_normal((2, count, width))
    hard = rng.integers(0, width, count)
    squared = kind == "squared"
    labels = rng.standard_normal((count, width)) if squared else hard
    target = labels if squared else np.eye(width)[hard]
    own, taught = (z, u) if squared else (softmax(z), softmax(u))
    found, single = _differences(loss, z, u, labels)
    columns = {"(r(z) - y)": (own - target) / count, "(r(u) - y)": (taught - target) / count}
    claimed = columns["(r(z) - y)"] - lam * columns["(r(u) - y)"]
    off = float(np.abs(found - claimed).max())
    if off <= (DIFFERENCE_SINGLE if single else DIFFERENCE) * max(
        1.0, float(np.abs(claimed).max())
    ):
        return
    raise AssertionError(
        f"The loss's gradient in the logits differs from (r(z) - y) - {lam:g} (r(u) - y), divided"
        f" by n, by {off:.3g}: {_named(found, columns, lam, count)}."
    )


def _differences(
    loss: Callable[..., Any], z: Array, u: Array, labels: np.ndarray
) -> tuple[Array, bool]:
    """The gradient in z by central differences, and whether the loss is computed in float32."""
    value = np.asarray(loss(z, u, labels))
    single = value.dtype == np.float32
    width = float(np.finfo(value.dtype if single else float).eps) ** (1 / 3)
    gradient = np.zeros_like(z)
    for place in np.ndindex(z.shape):
        shift = np.zeros_like(z)
        shift[place] = width
        ends = [float(np.asarray(loss(z + side * shift, u, labels))) for side in (1.0, -1.0)]
        if not np.isfinite(ends).all():
            raise InvalidInput(f"The loss must be a finite number, got {ends}.")
        gradient[place] = (ends[0] - ends[1]) / (2 * width)
    return gradient, single


def _named(found: Array, columns: dict[str, Array], lam: float, count: int) -> str:
    names = list(columns)
    wrong = wrong_terms(-found, columns, {names[0]: 1.0, names[1]: -lam}, 1.0)
    if not wrong:
        return (
            "no combination of the two residuals explains it: a temperature other than 1 (the"
            " identity then fails, kdtheory.distillation_gap gives by how much), another loss?"
        )
    said = "; ".join(map(str, wrong))
    design = np.stack([columns[name].ravel() for name in names], axis=1)
    a, b = np.linalg.lstsq(design, found.ravel(), rcond=None)[0]
    scale, on_teacher = float(a), float(-b / a) if a else float("nan")
    if abs(scale - count) < 1e-3 * count:
        said += ". It is a sum over the samples, not a mean"
    if abs(on_teacher - (1.0 - lam)) < 1e-3 and abs(lam - 0.5) > 1e-3:
        said += f". The weight is on the label: lambda is {on_teacher:.3g}"
    return said
