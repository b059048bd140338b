"""lambda* from logits: for a linear last layer every per-sample gradient is rank one, so none is
ever formed.

With logits z = W a and a loss of slope r(z) - y (paper, "distillation gradient"; temperature 1),
the gradient in W is r_n a_n^T:

    <G_n, H_n> = <r_n, s_n> |a_n|^2,    |H_n|^2 = |s_n|^2 |a_n|^2       (r student's residual, s
    teacher's): n(K + d) work.

The means g and h, hence V = E|H|^2 - |h|^2, mix different samples: they need the features
themselves, as two matrix products of n K d operations that touch n(K + d) numbers of memory.
|a_n|^2 alone gives only |h|^2 <= (mean |s_n||a_n|)^2.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from kdtheory.errors import InvalidInput, unknown_name
from kdtheory.estimate.advice import LAYER, span
from kdtheory.estimate.criteria import Quadratic
from kdtheory.estimate.data import Array, open_rows
from kdtheory.estimate.moments import Moments, Scalars, from_scalars
from kdtheory.estimate.npy import load_array
from kdtheory.estimate.result import WeightEstimate, estimate
from kdtheory.estimate.statements import make_criterion

LOSSES = ("auto", "softmax", "logistic", "squared")
# Centred products are differences of four raw ones here: their rounding is a few eps of the raw
# second moment.
ROUNDING = 16.0 * float(np.finfo(np.float64).eps)


def lambda_star_from_logits(
    student_logits: Any,
    teacher_logits: Any,
    labels: Any,
    *,
    features_sqnorm: Any = None,
    features: Any = None,
    loss: str = "auto",
    criterion: str = "unbiased",
    step_size: float | None = None,
    mu: float | None = None,
    L: float | None = None,
    Lcal: float | None = None,
    horizon: float | None = None,
    batch_size: int = 1,
    confidence: float = 0.95,
    teacher_bias_sq: float | None = None,
    teacher_offset: Any = None,
) -> WeightEstimate:
    """The weight for a linear (last) layer, from its logits; equal to ``lambda_star`` on the
    gradients r_n a_n^T.

    Args:
        student_logits: (n, K), or (n,) for one output; array or .npy path, as all that follow.
        teacher_logits: the same, same inputs.
        labels: ints (n,) or probabilities (n, K) for softmax; (n,) in [0, 1] for logistic; (n,) or
            (n, K) targets for squared.
        features_sqnorm: (n,) squared norms |a_n|^2 of the layer's inputs (add 1 if the layer has an
            offset).
        features: (n, d) the inputs themselves, array or .npy path, read in chunks.  Needed for
            every criterion that knows
            |h|^2: all but "unbiased", unless teacher_bias_sq is given; sharp criteria need them
            always.
        loss: "softmax", "logistic", "squared"; "auto" is softmax for K >= 2 and logistic for one
            output.
        teacher_bias_sq: |h|^2 if known, e.g. 0.0 for a teacher trained to a stationary point on
            these samples.
        teacher_offset: (K, d) added to every teacher gradient, e.g. ridge * theta; needs features.
        criterion: this and the rest as in ``lambda_star``.
        step_size: gamma.
        mu: strong convexity or PL constant.
        L: smoothness.
        Lcal: expected smoothness.
        horizon: steps still to go, for criterion="horizon".
        batch_size: indices a step.
        confidence: of the interval, between 0 and 1.

    Without features the student is taken to be at its minimiser and, unless teacher_bias_sq says
    otherwise, the teacher too (weight = E<S,H>/E|H|^2); the interval is then widened by all that
    |g| and |h| could be, so it holds without that, but may be infinite.  A temperature other than 1
    breaks the identity: pass logits at temperature 1.

    Raises InvalidInput for shapes, labels or constants that do not fit; StepSizeTooLarge.
    """
    rule = make_criterion(
        criterion,
        step_size=step_size,
        mu=mu,
        L=L,
        Lcal=Lcal,
        horizon=horizon,
        batch_size=batch_size,
    )
    if features is not None:
        moments = logit_moments(
            student_logits,
            teacher_logits,
            labels,
            features=features,
            features_sqnorm=features_sqnorm,
            loss=loss,
            teacher_offset=teacher_offset,
        )
        return estimate(rule, moments, confidence=confidence, mu=mu, Lcal=Lcal, subject=LAYER)
    if features_sqnorm is None or teacher_offset is not None:
        raise InvalidInput("Pass features (n, d), or features_sqnorm (n,) without teacher_offset.")
    if not isinstance(rule, Quadratic) or (not rule.unbiased and teacher_bias_sq is None):
        raise InvalidInput(
            f"criterion {criterion!r} needs |h|^2 = |mean of r_n a_n^T|^2, which squared norms"
            " cannot give. Pass features=(n, d), or teacher_bias_sq=0.0 if the teacher is"
            " stationary on these samples (not for sharp criteria), or use criterion='unbiased'."
        )
    r, s = residuals(student_logits, teacher_logits, labels, loss)
    sqnorm = checked_sqnorm(features_sqnorm, r.shape[0])
    return without_features(rule, r, s, sqnorm, teacher_bias_sq, confidence)


def logit_moments(
    student_logits: Any,
    teacher_logits: Any,
    labels: Any,
    *,
    features: Any,
    features_sqnorm: Any = None,
    loss: str = "auto",
    teacher_offset: Any = None,
) -> Moments:
    """The moments of the gradients r_n a_n^T, from residuals and features. Raises InvalidInput."""
    r, s = residuals(student_logits, teacher_logits, labels, loss)
    inputs = open_rows(features, "features", minimum_rows=3)
    n, d = inputs.shape
    if n != r.shape[0]:
        raise InvalidInput(
            f"features must have one row per sample, n = {r.shape[0]}, got shape {inputs.shape}."
        )
    k = r.shape[1]
    g, h, sqnorm = np.zeros((k, d)), np.zeros((k, d)), np.empty(n)
    for rows, block in inputs.chunks():
        g += r[rows].T @ block
        h += s[rows].T @ block
        sqnorm[rows] = np.einsum("ij,ij->i", block, block)
    if not np.all(np.isfinite(sqnorm)):
        raise InvalidInput(f"features must be finite and squarable: {inputs.locate_bad_entry()}.")
    if features_sqnorm is not None and not np.allclose(
        sqnorm, checked_sqnorm(features_sqnorm, n), rtol=1e-3
    ):
        raise InvalidInput(
            "features_sqnorm differs from the squared row norms of features by more than 0.1 %."
            " Pass one of them."
        )
    g, h = g / n, h / n
    offset = _offset(teacher_offset, (k, d))
    shifted = h + offset
    student, product, teacher, along, towards_mean = np.empty((5, n))
    # <H_i, H_{i+1}>, centred below; a pair that straddles chunks uses ``last``.
    neighbours = np.zeros(n - 1)
    last = np.zeros(d)
    for rows, block in inputs.chunks():
        by_g, by_h = block @ g.T, block @ h.T
        size = sqnorm[rows]
        rs, ss = r[rows], s[rows]
        student[rows] = _dot(rs, rs) * size - 2 * _dot(rs, by_g)
        product[rows] = _dot(rs, ss) * size - _dot(rs, by_h) - _dot(ss, by_g)
        towards_mean[rows] = _dot(ss, by_h)
        teacher[rows] = _dot(ss, ss) * size - 2 * towards_mean[rows]
        if rows.start:
            neighbours[rows.start - 1] = float(s[rows.start - 1] @ ss[0]) * float(last @ block[0])
        neighbours[rows.start : rows.stop - 1] = _dot(ss[:-1], ss[1:]) * _dot(block[:-1], block[1:])
        last = block[-1].copy()
        along[rows] = (
            _dot(ss, block @ shifted.T) if teacher_offset is not None else towards_mean[rows]
        )
    inputs.check_unchanged()
    gg, gh, hh = float(np.vdot(g, g)), float(np.vdot(g, h)), float(np.vdot(h, h))
    student, teacher = np.maximum(student + gg, 0.0), np.maximum(teacher + hh, 0.0)
    neighbours += hh - towards_mean[:-1] - towards_mean[1:]
    return from_scalars(
        Scalars(
            student,
            product + gh,
            teacher,
            along - float(np.vdot(h, shifted)),
            gg,
            float(np.vdot(g, shifted)),
            float(np.vdot(shifted, shifted)),
            float(np.mean(neighbours**2)),
            ROUNDING,
        )
    )


def residuals(
    student_logits: Any, teacher_logits: Any, labels: Any, loss: str = "auto"
) -> tuple[Array, Array]:
    """(student's, teacher's) slopes of the loss in the logits, r(z) - y, both (n, K). Raises
    InvalidInput.
    """
    if loss not in LOSSES:
        raise unknown_name("loss", loss, LOSSES)
    student = open_rows(student_logits, "student_logits", minimum_rows=3, column=True)
    teacher = open_rows(teacher_logits, "teacher_logits", minimum_rows=3, column=True)
    if student.shape != teacher.shape:
        raise InvalidInput(
            f"student_logits and teacher_logits must have one shape, got {student.shape} and"
            f" {teacher.shape}."
        )
    outputs = student.shape[1]
    kind = loss if loss != "auto" else ("softmax" if outputs > 1 else "logistic")
    if kind == "softmax" and outputs == 1:
        raise InvalidInput("softmax of one logit is constant: use loss='logistic' for one output.")
    targets = _targets(labels, student.shape, kind)
    pair = []
    for source in (student, teacher):
        z = np.asarray(source.matrix, dtype=np.float64)
        source.check_unchanged()
        if not np.all(np.isfinite(z)):
            raise InvalidInput(f"{source.name} must be finite: {source.locate_bad_entry()}.")
        pair.append(_response(z, kind) - targets)
    return pair[0], pair[1]


def _response(z: Array, kind: str) -> Array:
    if kind == "squared":
        return z
    if kind == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True))
    half = 0.5 * z  # sigmoid(z) = (1 + tanh(z/2))/2 never overflows
    return np.asarray(0.5 * (1.0 + np.tanh(half)))


def _targets(labels: Any, shape: tuple[int, int], kind: str) -> Array:
    n, outputs = shape
    y = load_array(labels, "labels")
    if y.dtype.kind not in "iuf" or not np.all(np.isfinite(y)):
        raise InvalidInput(f"labels must be finite numbers, got dtype = {y.dtype}.")
    if kind == "softmax" and y.shape == (n,):
        if y.dtype.kind == "f" or y.min() < 0 or y.max() >= outputs:
            raise InvalidInput(
                f"labels (n,) for softmax are classes 0..{outputs - 1} as integers, got dtype ="
                f" {y.dtype}, range [{y.min()}, {y.max()}]."
            )
        return np.eye(outputs)[y]
    if y.size != n * outputs or y.shape not in ((n,), shape):
        raise InvalidInput(f"labels of shape {y.shape} do not fit logits of shape {shape}.")
    table: Array = y.astype(np.float64).reshape(shape)
    if kind != "squared" and (table.min() < 0 or table.max() > 1):
        raise InvalidInput(
            f"labels must be probabilities in [0, 1] for {kind}, got [{table.min()},"
            f" {table.max()}]."
        )
    # 1e-3: probabilities stored in half precision sum to 1 up to about that
    if kind == "softmax" and np.max(np.abs(table.sum(axis=1) - 1.0)) > 1e-3:
        raise InvalidInput(
            "Rows of labels must sum to 1 for softmax: pass probabilities, not logits."
        )
    return table


def norm_moments(r: Array, s: Array, sqnorm: Array, known_bias: float | None) -> Moments:
    """Moments from residuals (n, K) and squared norms (n,), both means taken to be 0 unless |h|^2
    is known.
    """
    student, teacher = _dot(r, r) * sqnorm, _dot(s, s) * sqnorm
    moments = from_scalars(
        Scalars(student, _dot(r, s) * sqnorm, teacher, np.zeros_like(student), 0.0, 0.0, 0.0)
    )
    bias = known_bias or 0.0
    if bias > moments.variance:  # which is E|H|^2 here, since nothing was subtracted
        raise InvalidInput(
            f"teacher_bias_sq = {bias:.4g} exceeds E|H|^2 = {moments.variance:.4g}: Jensen forbids"
            " it. Check the units."
        )
    errors = moments.errors.copy()
    errors[3], errors[:, 3] = 0.0, 0.0
    return replace(moments, variance=moments.variance - bias, bias_sq=bias, errors=errors)


def without_features(
    rule: Quadratic, r: Array, s: Array, sqnorm: Array, known_bias: float | None, confidence: float
) -> WeightEstimate:
    """The weight from squared norms, its interval widened by all that |g| and |h| could be."""
    if known_bias is not None and not (math.isfinite(known_bias) and known_bias >= 0):
        raise InvalidInput(
            f"teacher_bias_sq is a squared norm >= 0, got teacher_bias_sq = {known_bias}."
        )
    moments = norm_moments(r, s, sqnorm, known_bias)
    bias, total = moments.bias_sq, moments.variance + moments.bias_sq
    found = estimate(rule, moments, confidence=confidence, subject=LAYER)
    largest = [
        float(np.mean(np.sqrt(_dot(x, x) * sqnorm))) ** 2 for x in (r, s)
    ]  # Jensen: |mean| <= mean of norms
    bias_max = min(largest[1], total) if known_bias is None else bias
    denominator = total - bias + rule.bias_factor * bias
    cross = math.sqrt(largest[0] * bias_max) / denominator
    # Smallest possible denominator, in units of the one used.
    shrink = 1.0 - (bias_max - bias) / denominator
    low, high = found.low - cross, found.high + cross
    low = low if low >= 0 else (low / shrink if shrink > 0 else -math.inf)
    high = high if high <= 0 else (high / shrink if shrink > 0 else math.inf)
    hint = (
        ""
        if known_bias == 0
        else " (|h|² is bounded, not measured: pass features for a sharp interval)"
    )
    if low <= 0 <= high and not found.low <= 0 <= found.high:
        text = (
            f"λ = {found.weight:.3g} if student and teacher are stationary; else no gain is"
            f" certain{hint}."
        )
    else:
        text = (
            found.advice.replace(span(found.low, found.high), span(low, high)).rstrip(".")
            + hint
            + "."
        )
    return replace(found, low=low, high=high, advice=text)


def checked_sqnorm(values: Any, n: int) -> Array:
    """Squared norms (n,), array or .npy path. Raises InvalidInput."""
    given = load_array(values, "features_sqnorm")
    if given.dtype.kind not in "iuf":
        raise InvalidInput(f"features_sqnorm must hold real numbers, got dtype = {given.dtype}.")
    sq = np.asarray(given, dtype=np.float64)
    if sq.shape != (n,) or not np.all(np.isfinite(sq)) or np.any(sq < 0):
        raise InvalidInput(
            f"features_sqnorm must be (n,) = ({n},) finite squared norms >= 0, got shape"
            f" {sq.shape}."
        )
    return sq


def _offset(values: Any, shape: tuple[int, int]) -> Array:
    if values is None:
        return np.zeros(shape)
    offset = np.asarray(values, dtype=np.float64)
    if offset.size != shape[0] * shape[1] or not np.all(np.isfinite(offset)):
        raise InvalidInput(
            f"teacher_offset must have shape {shape} (K, d), finite, got shape {offset.shape}."
        )
    return offset.reshape(shape)


def _dot(u: Array, v: Array) -> Array:
    return np.asarray(np.einsum("ij,ij->i", u, v))
