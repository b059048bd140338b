"""A teacher known by its top classes: exact where they are all that matters, covered where not."""

from __future__ import annotations

import numpy as np
import pytest

from kdtheory.errors import InvalidInput
from kdtheory.estimate import TopK, lambda_star_from_logits


def sample(sharpness: float, n: int = 300, classes: int = 12):
    rng = np.random.default_rng(0)
    a, w = rng.standard_normal((n, 5)), rng.standard_normal((5, classes))
    z = a @ w
    u = sharpness * (z + rng.standard_normal(z.shape))
    labels = np.array([rng.choice(classes, p=p) for p in np.exp(z) / np.exp(z).sum(1)[:, None]])
    logs = u - np.log(np.exp(u).sum(axis=1, keepdims=True))
    return z, logs, labels, a


def top(logs: np.ndarray, k: int) -> TopK:
    places = np.argsort(-logs, axis=1)[:, :k]
    return TopK(np.take_along_axis(logs, places, axis=1), places, logs.shape[1])


@pytest.mark.parametrize("options", [{}, {"criterion": "horizon", "horizon": 5}])
@pytest.mark.parametrize("k", [2, 5, 11])
def test_the_whole_teachers_weight_lies_within(options, k):
    z, logs, labels, a = sample(1.0)
    whole = lambda_star_from_logits(z, logs, labels, features=a, **options)
    part = lambda_star_from_logits(z, top(logs, k), labels, features=a, **options)
    assert part.low <= whole.weight <= part.high
    if k == 11:  # one class is left, and its mass is known
        assert part.weight == pytest.approx(whole.weight, rel=1e-9)
    assert "teacher's mass" in part.advice


def test_a_sharp_teacher_is_known_by_its_top():
    z, logs, labels, a = sample(8.0)
    whole = lambda_star_from_logits(z, logs, labels, features=a)
    part = lambda_star_from_logits(z, top(logs, 4), labels, features=a)
    assert part.weight == pytest.approx(whole.weight, rel=0.01)
    assert part.high - part.low < 1.5 * (whole.high - whole.low)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: TopK(t.log_probabilities + 3.0, t.indices, 12), "these are logits"),
        (lambda t: TopK(t.log_probabilities, t.indices + 9, 12), "classes 0..11"),
        (lambda t: TopK(t.log_probabilities, t.indices[:, :2], 12), "one shape"),
        (lambda t: TopK(t.log_probabilities, t.indices, 4), "k < classes"),
    ],
)
def test_refused(change, message):
    z, logs, labels, a = sample(1.0)
    with pytest.raises(InvalidInput, match=message):
        change(top(logs, 4))
    with pytest.raises(InvalidInput, match="needs features"):
        lambda_star_from_logits(z, top(logs, 4), labels, features_sqnorm=(a * a).sum(axis=1))
