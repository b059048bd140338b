"""Distillation at a temperature T: by how much it misses grad f_n(x) - lam grad f_n(theta), even
for a linear model.

The objective is (1-lam) CE(softmax(z), b) + lam T^2 CE(softmax(z/T), softmax(v/T)), z and v the
student's and the teacher's logits; T = 1 is the paper's.  ``residual_gap`` is plain arithmetic, so
that floats, ``Fraction`` and SymPy letters go through the same line;
``kdtheory.proofs.proposition`` derives it.  Source: our own derivation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, frozen_array, positive_float, real_float
from kdtheory.problems.classification import softmax


def residual_gap(*, p: Any, q: Any, p_soft: Any, q_soft: Any, weight: Any, temperature: Any) -> Any:
    """What the temperature adds to the gradient in a logit: lam (T (p_T - q_T) - (p - q)); 0 at T =
    1.

    p, q are the student's and the teacher's responses, p_soft and q_soft the same at the
    temperature.
    """
    return weight * (temperature * (p_soft - q_soft) - (p - q))


def distillation_gap(
    student_logits: ArrayLike, teacher_logits: ArrayLike, *, weight: float, temperature: float
) -> Array:
    """The gap of every sample in logit space, (n, K), no unit: the KD gradient minus [grad f_n(x) -
    lam grad f_n(theta)].

    The gap in the parameters of a linear model is ``gap.T @ features``, (K, d), summed over the
    samples; for other models the student's Jacobian takes the place of the features, and lam
    (J(theta) - J(x))^T r(theta) is added.  As T grows it tends to lam ((z - v, centred over
    classes)/K - (softmax(z) - softmax(v))).

    Args:
        student_logits, teacher_logits: (n, K), K >= 2.
        weight: lam.
        temperature: T > 0; ``math.inf`` for the limit.

    Raises:
        InvalidInput: shapes, numbers that are not finite, or T <= 0.

    >>> import kdtheory as kd
    >>> z, u = [[0.0, 0.0]], [[1.0, -1.0]]
    >>> float(abs(kd.distillation_gap(z, u, weight=0.5, temperature=1.0)).max())
    0.0
    """
    z, v = (
        frozen_array(student_logits, "student_logits", ndim=2),
        frozen_array(teacher_logits, "teacher_logits", ndim=2),
    )
    if z.shape != v.shape or z.shape[1] < 2:
        raise InvalidInput(
            f"distillation_gap needs two (n, K) arrays of logits with K >= 2, got {z.shape} and"
            f" {v.shape}. For one logit pass columns (z, 0)."
        )
    lam = real_float(weight, "weight")
    if temperature == math.inf:
        centred = (z - z.mean(axis=1, keepdims=True) - v + v.mean(axis=1, keepdims=True)) / z.shape[
            1
        ]
        return np.asarray(lam * (centred - (softmax(z) - softmax(v))))
    T = positive_float(temperature, "temperature")
    gap = residual_gap(
        p=softmax(z),
        q=softmax(v),
        p_soft=softmax(z / T),
        q_soft=softmax(v / T),
        weight=lam,
        temperature=T,
    )
    return np.asarray(gap)
