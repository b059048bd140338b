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

from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.estimate.advice import LAYER
from kdtheory.estimate.criteria import Quadratic
from kdtheory.estimate.layer import read_layer
from kdtheory.estimate.logit_rows import open_logits
from kdtheory.estimate.moments import Moments
from kdtheory.estimate.residuals import IGNORED, open_residuals, row_products
from kdtheory.estimate.result import WeightEstimate, estimate
from kdtheory.estimate.several import WeightsEstimate
from kdtheory.estimate.several_logits import several_logits, weights_from_logits
from kdtheory.estimate.squared_norms import residual_products, without_features
from kdtheory.estimate.statements import make_criterion
from kdtheory.estimate.topk import TopK, widened

if TYPE_CHECKING:
    from kdtheory.statements.theorems import Theorem


def lambda_star_from_logits(
    student_logits: Any,
    teacher_logits: Any,
    labels: Any,
    *,
    features_sqnorm: Any = None,
    features: Any = None,
    loss: str = "auto",
    criterion: str | Theorem = "unbiased",
    step_size: float | None = None,
    mu: float | None = None,
    L: float | None = None,
    Lcal: float | None = None,
    horizon: float | None = None,
    batch_size: int = 1,
    confidence: float = 0.95,
    teacher_bias_sq: float | None = None,
    teacher_offset: Any = None,
    ignore_index: int = IGNORED,
) -> WeightEstimate | WeightsEstimate:
    """The weight for a linear (last) layer, from its logits; equal to ``lambda_star`` on the
    gradients r_n a_n^T.

    Args:
        student_logits: (n, K), (B, T, K), or (n,) for one output; array, torch tensor (bfloat16
            too) or .npy path, as all that follow.  Read a few rows at a time.
        teacher_logits: the same, same inputs; or a ``TopK`` of the most likely classes, whose
            missing mass widens the interval (needs features).  A list, or one dimension more
            than the student's: several teachers and a ``WeightsEstimate`` (needs features).
        labels: ints (n,), or (B, T), or probabilities (n, K) for softmax; (n,) in [0, 1] for
            logistic; (n,) or (n, K) targets for squared.
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
        ignore_index: rows with this label do not count (padding).
        batch_size: indices a step.
        confidence: of the interval, between 0 and 1.

    Without features the student is taken to be at its minimiser and, unless teacher_bias_sq says
    otherwise, the teacher too (weight = E<S,H>/E|H|^2); the interval is then widened by all that
    |g| and |h| could be, so it holds without that, but may be infinite.  A temperature other than 1
    breaks the identity: pass logits at temperature 1.

    Raises InvalidInput for shapes, labels or constants that do not fit; StepSizeTooLarge.

    >>> import kdtheory as kd
    >>> import numpy as np
    >>> z = np.random.default_rng(0).standard_normal((50, 3))
    >>> found = kd.lambda_star_from_logits(z, z, np.arange(50) % 3, features_sqnorm=np.ones(50))
    >>> round(found.weight, 6)
    1.0
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
    teachers = several_logits(student_logits, teacher_logits)
    if teachers is not None:
        if teacher_bias_sq is not None or teacher_offset is not None:
            raise InvalidInput("teacher_bias_sq and teacher_offset are of one teacher.")
        return weights_from_logits(
            student_logits,
            teachers,
            labels,
            features,
            loss=loss,
            ignore_index=ignore_index,
            rule=rule,
            confidence=confidence,
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
            ignore_index=ignore_index,
        )
        found = estimate(rule, moments, confidence=confidence, mu=mu, Lcal=Lcal, subject=LAYER)
        if not isinstance(teacher_logits, TopK):
            return found
        if not isinstance(rule, Quadratic):
            raise InvalidInput(
                f"criterion {criterion!r} has no stated error for a teacher known by its top"
                " classes. Use 'unbiased', 'horizon' or another with a kappa."
            )
        inputs = open_logits(features, "features")
        norms_sq = np.concatenate([row_products(block, block) for _, block in inputs.chunks()])
        return widened(found, rule, teacher_logits, norms_sq)
    if isinstance(teacher_logits, TopK):
        raise InvalidInput("A teacher known by its top classes needs features (n, d).")
    if features_sqnorm is None or teacher_offset is not None:
        raise InvalidInput("Pass features (n, d), or features_sqnorm (n,) without teacher_offset.")
    if not isinstance(rule, Quadratic) or (not rule.unbiased and teacher_bias_sq is None):
        raise InvalidInput(
            f"criterion {criterion!r} needs |h|^2 = |mean of r_n a_n^T|^2, which squared norms"
            " cannot give. Pass features=(n, d), or teacher_bias_sq=0.0 if the teacher is"
            " stationary on these samples (not for sharp criteria), or use criterion='unbiased'."
        )
    pair = open_residuals(student_logits, teacher_logits, labels, loss, ignore_index=ignore_index)
    norms = residual_products(pair, features_sqnorm)
    return without_features(rule, norms, teacher_bias_sq, confidence)


def logit_moments(
    student_logits: Any,
    teacher_logits: Any,
    labels: Any,
    *,
    features: Any = None,
    features_sqnorm: Any = None,
    loss: str = "auto",
    teacher_offset: Any = None,
    ignore_index: int = IGNORED,
) -> Moments:
    """The moments of the gradients r_n a_n^T; without features, of the layer's offset alone.

    Raises InvalidInput.
    """
    pair = open_residuals(student_logits, teacher_logits, labels, loss, ignore_index=ignore_index)
    return read_layer(pair, features, features_sqnorm, teacher_offset).moments()
