"""Logits, streams, files and diagnoses give what explicit gradients give; bad input is refused with
the way out.
"""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest

from kdtheory.errors import InvalidInput
from kdtheory.estimate import (
    LambdaEstimator,
    diagnose,
    lambda_star,
    lambda_star_from_logits,
    residuals,
)
from kdtheory.estimate import data as data_module
from kdtheory.estimate.data import open_rows
from kdtheory.estimate.logits import logit_moments
from kdtheory.estimate.moments import from_scalars, scalars

CONSTANTS = {"step_size": 0.02, "mu": 0.5, "L": 1.5, "Lcal": 3.0, "horizon": 100}
FIELDS = ("sigma_sq", "covariance", "variance", "bias_sq", "student_sq", "cross")


def sample(n: int = 60, d: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((n, d))
    return 0.6 * noise + 0.5 * rng.standard_normal((n, d)) + 0.1, noise + 0.3


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def classification(kind: str, n: int = 80, d: int = 5, outputs: int = 3):
    """(student logits, teacher logits, labels, features, student gradients, teacher gradients),
    gradients one by one.
    """
    rng = np.random.default_rng(4)
    a = rng.standard_normal((n, d))
    outputs = 1 if kind == "logistic" else outputs
    w, v = rng.standard_normal((2, outputs, d))
    z, u = a @ w.T, a @ (w + 0.3 * v).T
    if kind == "softmax":
        labels = rng.integers(0, outputs, n)
        r, s = softmax(z) - np.eye(outputs)[labels], softmax(u) - np.eye(outputs)[labels]
    elif kind == "logistic":
        labels = rng.random(n)
        r, s = (1 / (1 + np.exp(-x)) - labels[:, None] for x in (z, u))
        z, u = z[:, 0], u[:, 0]
    else:
        labels = rng.standard_normal((n, outputs))
        r, s = z - labels, u - labels
    gradients = [
        np.array([np.outer(x, y).ravel() for x, y in zip(t, a, strict=True)]) for t in (r, s)
    ]
    return z, u, labels, a, *gradients


@pytest.mark.parametrize("kind", ["softmax", "logistic", "squared"])
@pytest.mark.parametrize(
    "criterion", ["unbiased", "theorem-1", "theorem-2-refined", "theorem-1-sharp"]
)
def test_logits_equal_explicit_gradients(kind, criterion, monkeypatch):
    z, u, labels, a, student, teacher = classification(kind)
    monkeypatch.setattr(residuals, "CACHED_ENTRIES", 21)  # 7 rows at a time: pairs straddle blocks
    found = lambda_star_from_logits(
        z, u, labels, features=a, loss=kind, criterion=criterion, **CONSTANTS
    )
    explicit = lambda_star(student, teacher, criterion=criterion, **CONSTANTS)
    for key in ("weight", "low", "high", "rho", "beta", "variance_reduction"):
        assert getattr(found, key) == pytest.approx(getattr(explicit, key), rel=1e-9, abs=1e-13), (
            key
        )
    # The same sentence but for what it is about, and that nothing adds h back for a layer alone.
    assert "in this layer now" in found.advice and "in these parameters now" in explicit.advice
    assert "unbiased=True" not in found.advice


def test_teacher_offset_is_added_to_every_teacher_gradient():
    z, u, labels, a, student, teacher = classification("softmax")
    offset = np.random.default_rng(5).standard_normal((3, 5))
    found = logit_moments(z, u, labels, features=a, teacher_offset=offset)
    explicit = from_scalars(
        scalars(open_rows(student, "s"), open_rows(teacher + offset.ravel(), "t"))
    )
    for key in FIELDS:
        assert getattr(found, key) == pytest.approx(getattr(explicit, key), rel=1e-9), key
    np.testing.assert_allclose(found.errors, explicit.errors, rtol=1e-8, atol=1e-14)


def test_squared_norms_alone_bound_the_answer():
    z, u, labels, a, student, teacher = classification("softmax")
    sqnorm = (a * a).sum(axis=1)
    found = lambda_star_from_logits(z, u, labels, features_sqnorm=sqnorm)
    truth = lambda_star(student, teacher)
    assert found.weight == pytest.approx(
        (student * teacher).sum() / (teacher * teacher).sum(), rel=1e-12
    )
    assert found.low < truth.low and truth.high < found.high  # all that |g| and |h| could be
    assert "bounded, not measured" in found.advice
    known = lambda_star_from_logits(z, u, labels, features_sqnorm=sqnorm, teacher_bias_sq=0.0)
    assert known.high - known.low < 0.5 * (found.high - found.low)
    for criterion in ("theorem-1", "second-moment", "theorem-1-sharp"):
        with pytest.raises(InvalidInput, match="features="):
            lambda_star_from_logits(
                z, u, labels, features_sqnorm=sqnorm, criterion=criterion, **CONSTANTS
            )


def test_known_bias_gives_the_biased_weight_from_norms():
    z, u, labels, a, student, teacher = classification("squared")
    bias_sq = float(np.sum(teacher.mean(axis=0) ** 2))
    found = lambda_star_from_logits(
        z,
        u,
        labels,
        loss="squared",
        features_sqnorm=(a * a).sum(1),
        teacher_bias_sq=bias_sq,
        criterion="theorem-1",
        **CONSTANTS,
    )
    raw, second = (student * teacher).sum() / 80, (teacher * teacher).sum() / 80 * 80 / 79
    assert found.weight == pytest.approx(
        raw * 80 / 79 / (second - bias_sq + (1 + 1 / 0.01) * bias_sq), rel=1e-9
    )


def test_stream_without_forgetting_equals_the_batch():
    student, teacher = sample(200)
    stream = LambdaEstimator(decay=1.0, criterion="theorem-1", **CONSTANTS)
    for g, h in zip(student, teacher, strict=True):
        stream.update(g, h)
    batch = from_scalars(scalars(open_rows(student, "s"), open_rows(teacher, "t")))
    moments = stream.moments()
    for key in FIELDS:
        assert getattr(moments, key) == pytest.approx(getattr(batch, key), rel=1e-10), key
    assert moments.n == pytest.approx(200)
    assert stream.estimate().weight == pytest.approx(
        lambda_star(student, teacher, criterion="theorem-1", **CONSTANTS).weight, rel=1e-10
    )
    # One pass sees each sample against the mean so far: error bars agree to their own sampling
    # error, not to rounding.
    np.testing.assert_allclose(
        np.sqrt(np.diag(moments.errors)), np.sqrt(np.diag(batch.errors)), rtol=0.25
    )


def test_exponential_weights_are_unbiased_over_all_sequences():
    # All 3^5 index sequences of length 5 from 3 points: exact expectations of the weighted
    # estimates.
    student, teacher = sample(3, 2)
    decay, totals = 0.7, dict.fromkeys(FIELDS, 0.0)
    for code in range(243):
        index = [code // 3**k % 3 for k in range(5)]
        moments = LambdaEstimator(decay=decay).update(student[index], teacher[index]).moments()
        for key in FIELDS:
            totals[key] += getattr(moments, key) / 243
    s, t = student - student.mean(0), teacher - teacher.mean(0)
    g, h = student.mean(0), teacher.mean(0)
    exact = ((s * s).sum() / 3, (s * t).sum() / 3, (t * t).sum() / 3, h @ h, g @ g, g @ h)
    for key, value in zip(FIELDS, exact, strict=True):
        assert totals[key] == pytest.approx(value, rel=1e-10), key


def test_stream_follows_a_change_that_the_batch_averages_away():
    rng = np.random.default_rng(6)
    teacher = rng.standard_normal((4000, 3))
    slopes = np.where(np.arange(4000) < 2000, 0.2, 0.8)[:, None]
    student = slopes * teacher + 0.3 * rng.standard_normal((4000, 3))
    found = LambdaEstimator(decay=0.99, criterion="unbiased").update(student, teacher).estimate()
    assert found.n_samples == pytest.approx((1 + 0.99) / (1 - 0.99), rel=1e-6)
    assert found.low < 0.8 < found.high
    assert lambda_star(student, teacher).weight == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("criterion", ["unbiased", "theorem-1"])
def test_stream_coverage(criterion):
    # Nominal 95 %, 100 independent streams: more than 15 misses have probability below 10^-4 if
    # coverage is 0.95.
    rng = np.random.default_rng(7)
    misses = 0
    truth = 0.6 * 4 / (4 + (criterion == "theorem-1") * (1 + 1 / 0.01) * 0.25)
    for _ in range(100):
        noise = rng.standard_normal((250, 4))
        stream = LambdaEstimator(criterion=criterion, decay=0.98, **CONSTANTS)
        found = stream.update(0.6 * noise + rng.standard_normal((250, 4)), noise + 0.25).estimate()
        misses += not found.low <= truth <= found.high
    assert misses <= 15


def test_stream_memory_is_three_vectors():
    stream = LambdaEstimator().update(*sample(50, 5000))
    arrays = [x for x in vars(stream).values() if isinstance(x, np.ndarray)]
    assert sum(x.size for x in arrays) < 3 * 5000 + 3000


@pytest.mark.parametrize(
    ("student", "teacher"),
    [
        (np.ones(3), np.ones(4)),
        (np.array([1.0, math.nan]), np.ones(2)),
        (np.array(["a"]), np.ones(1)),
        (np.ones((1, 1, 2)), np.ones((1, 1, 2))),
        (np.ones(0), np.ones(0)),
        (np.full(2, 1e300), np.ones(2)),
    ],
)
def test_stream_refuses_bad_gradients(student, teacher):
    stream = LambdaEstimator()
    if student.dtype.kind == "f" and student.shape == teacher.shape == (2,):
        stream.update(np.zeros(2), np.zeros(2))
    with pytest.raises(InvalidInput):
        stream.update(student, teacher)


def test_a_refused_sample_leaves_the_stream_as_it_was():
    rows = sample(30)
    seen, clean = (LambdaEstimator(horizon=50).update(*rows) for _ in range(2))
    with pytest.raises(InvalidInput, match="overflow"):
        seen.update(np.full(rows[0].shape[1], 1e300), rows[1][0])
    assert seen.estimate() == clean.estimate()


def test_stream_needs_five_samples_and_a_constant_width():
    stream = LambdaEstimator().update(*sample(4))
    with pytest.raises(InvalidInput, match="5 samples"):
        stream.estimate()
    with pytest.raises(InvalidInput, match="d = 4"):
        stream.update(np.ones(3), np.ones(3))
    for decay in (0.0, 1.1, math.nan):
        with pytest.raises(InvalidInput, match="decay"):
            LambdaEstimator(decay=decay)


def test_chunked_files_equal_arrays(tmp_path, monkeypatch):
    student, teacher = sample(57, 5)
    whole = lambda_star(student, teacher, criterion="theorem-1", **CONSTANTS)
    np.save(tmp_path / "s.npy", student)
    np.save(tmp_path / "t.npy", np.asfortranarray(teacher))
    for entries in (1, 35, 10**6):
        monkeypatch.setattr(data_module, "CHUNK_ENTRIES", entries)
        found = lambda_star(
            tmp_path / "s.npy", str(tmp_path / "t.npy"), criterion="theorem-1", **CONSTANTS
        )
        assert found.weight == pytest.approx(whole.weight, rel=1e-12)
        assert (found.low, found.high) == pytest.approx((whole.low, whole.high), rel=1e-9)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, np.float16, np.float32])
def test_low_precision_is_accumulated_in_float64(dtype):
    rng = np.random.default_rng(9)
    # Squares of 200 overflow int8, and 4000 squares of 150 overflow float16 (65504).
    student, teacher = (rng.integers(0, 120, (4000, 3)).astype(dtype) for _ in range(2))
    found = lambda_star(student, teacher)
    exact = lambda_star(student.astype(np.float64), teacher.astype(np.float64))
    assert found == exact


def test_noise_far_below_the_mean_survives():
    # V is 10^-20 of |h|^2: E|H|^2 - |h|^2 would lose it all.
    student, teacher = sample(100)
    shift, scale = 2.0**20, 2.0**-13  # exact in float64 up to the last bits of the noise
    found = lambda_star(scale * student, scale * teacher + shift)
    assert found.weight == pytest.approx(lambda_star(student, teacher).weight, rel=1e-5)


@pytest.mark.parametrize(
    ("student", "teacher", "message"),
    [
        (np.ones((5, 2)), np.ones((5, 3)), "same shape"),
        (np.ones((5, 2)), np.ones((6, 2)), "same shape"),
        (np.ones(5), np.ones(5), "shape"),
        (np.ones((1, 2)), np.ones((1, 2)), "n = 1"),
        (np.ones((5, 0)), np.ones((5, 0)), "d >= 1"),
        (
            np.array([[1.0, 2], [3, math.nan], [5, 6]]),
            np.ones((3, 2)),
            r"student_gradients\[1, 1\] = nan",
        ),
        (
            np.ones((3, 2)),
            np.array([[1.0, 2], [3, 4], [math.inf, 6]]),
            r"teacher_gradients\[2, 0\] = inf",
        ),
        (np.array([[1, "x"]] * 3, dtype=object), np.ones((3, 2)), "Object arrays are refused"),
        (np.ones((3, 2), dtype=complex), np.ones((3, 2)), "real numbers"),
        (sample(5)[0], np.zeros((5, 4)), "same on every sample"),
        (sample(5)[0], np.full((5, 4), 0.1), "same on every sample"),
        (np.array([[1e200, 1], [2, 3], [4, 5]]), np.ones((3, 2)) * [[1], [2], [3]], "overflow"),
    ],
)
def test_bad_arrays(student, teacher, message):
    with pytest.raises(InvalidInput, match=message), np.errstate(over="ignore"):
        lambda_star(student, teacher)


@pytest.mark.parametrize("criterion", ["unbiased", "horizon", "theorem-1-sharp"])
def test_the_weight_does_not_change_with_units_up_to_where_floats_end(criterion):
    student, teacher = sample(40)
    constants = CONSTANTS | {"criterion": criterion, "horizon": 50}
    found = lambda_star(student, teacher, **constants)
    for scale in (2.0**-110, 2.0**110):
        other = lambda_star(scale * student, scale * teacher, **constants)
        assert (other.weight, other.low, other.high) == pytest.approx(
            (found.weight, found.low, found.high), rel=1e-9
        )
    for scale in (1e-60, 1e60):
        with pytest.raises(InvalidInput, match="scale both gradients"):
            lambda_star(scale * student, scale * teacher, **constants)


def test_masked_entries_have_no_gradient():
    student, teacher = sample(9)
    with pytest.raises(InvalidInput, match="masked"):
        lambda_star(np.ma.masked_greater(student, 0.0), teacher)
    lambda_star(np.ma.masked_array(student), teacher)


def test_teacher_without_variance_but_with_bias_gets_weight_zero():
    found = lambda_star(sample(9)[0], np.full((9, 4), 0.1), criterion="theorem-1", **CONSTANTS)
    assert (found.weight, found.low, found.high, found.variance_reduction) == (0.0, 0.0, 0.0, 1.0)
    assert "pure bias" in found.advice
    assert json.loads(json.dumps(found.to_dict()))["beta"] is None  # infinite


def test_identical_student_and_teacher_and_a_student_without_noise():
    student, teacher = sample()
    same = lambda_star(teacher, teacher)
    assert same.weight == pytest.approx(1.0, rel=1e-14)
    assert (
        same.high - same.low < 1e-6
        and same.rho == pytest.approx(1.0)
        and same.variance_reduction < 1e-14
    )
    still = lambda_star(np.full_like(student, 0.1), teacher)
    assert still.weight == 0.0 and still.rho == 0.0 and "no noise" in still.advice


def test_bad_files(tmp_path):
    student, teacher = sample()
    good, path = tmp_path / "good.npy", tmp_path / "bad.npy"
    np.save(good, teacher)
    content = good.read_bytes()
    with pytest.raises(InvalidInput, match="cannot read"):
        lambda_star(path, good)
    # Empty, half a header, half the rows.
    for part in (
        b"",
        content[:20],
        content[: len(content) // 2],
    ):
        path.write_bytes(part)
        with pytest.raises(InvalidInput, match="still being written"):
            lambda_star(path, good)
    np.save(path, np.array([{}, 1], dtype=object), allow_pickle=True)
    with pytest.raises(InvalidInput, match="refused"):
        lambda_star(path, good)
    path.write_bytes(pickle.dumps(student))
    with pytest.raises(InvalidInput, match="refused"):
        lambda_star(path, good)
    with path.open("wb") as file:
        np.savez(file, a=student)
    with pytest.raises(InvalidInput, match="archive"):
        lambda_star(path, good)


def test_file_that_changes_while_it_is_read(tmp_path):
    path = tmp_path / "s.npy"
    np.save(path, sample()[0])
    rows = open_rows(path, "student_gradients")
    rows.check_unchanged()
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(InvalidInput, match="changed while"):
        rows.check_unchanged()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.full(80, 3)}, "0..2"),
        ({"labels": np.full(80, 0.5)}, "integers"),
        ({"labels": np.full((80, 3), 0.5)}, "sum to 1"),
        ({"labels": np.zeros(79, dtype=int)}, "do not fit"),
        ({"teacher_logits": np.zeros((80, 4))}, "one shape"),
        ({"teacher_logits": np.full((80, 3), math.nan)}, "finite"),
        ({"features": np.ones((79, 5))}, "one row per sample"),
        ({"features": np.full((80, 5), math.nan)}, "finite"),
        ({"features_sqnorm": np.ones(80)}, "differs"),
        ({"loss": "hinge"}, "Unknown loss"),
    ],
)
def test_bad_logits(change, message):
    z, u, labels, a, *_ = classification("softmax")
    arguments = {"student_logits": z, "teacher_logits": u, "labels": labels, "features": a} | change
    with pytest.raises(InvalidInput, match=message):
        lambda_star_from_logits(**arguments)


def test_diagnosis_lists_what_its_constants_allow_and_judges_the_weight_in_use():
    student, teacher = sample(400)
    short = diagnose(student, teacher, 0.7)
    assert set(short.lines) == {"unbiased", "second-moment"} and set(short.skipped) >= {
        "theorem-1",
        "theorem-2",
    }
    full = diagnose(student, teacher, 0.7, **CONSTANTS)
    for name, line in full.lines.items():
        assert line.best == lambda_star(student, teacher, criterion=name, **CONSTANTS)
        assert line.now >= line.best.variance_reduction
    m = full.moments
    noise = m.sigma_sq - 1.4 * m.covariance + 0.49 * m.variance
    assert full.lines["unbiased"].now == pytest.approx(noise / m.sigma_sq)
    kappa = 1 / (0.02 * 0.5)
    assert full.lines["theorem-1"].now == pytest.approx(
        (noise + 0.49 * (1 + kappa) * m.bias_sq) / m.sigma_sq
    )
    assert (
        "raises the noise floor" in full.recommendation
        and "use unbiased=True" in full.recommendation
    )
    assert (
        "theorem-2-sharp"
        in diagnose(student, teacher, 0.7, step_size=9.0, mu=0.5, L=1.5, Lcal=3.0).skipped
    )
    assert "allowed although outside [0, 1]" in diagnose(student, teacher, -0.2).recommendation
    assert json.loads(json.dumps(full.to_dict()))["criteria"]["theorem-1"]["now"] > 1
    with pytest.raises(InvalidInput, match="weight"):
        diagnose(student, teacher, math.nan)


def test_diagnosis_from_logits_and_its_picture(tmp_path):
    z, u, labels, a, student, teacher = classification("softmax")
    found = diagnose(z, u, 0.5, labels=labels, features=a)
    explicit = diagnose(student, teacher, 0.5)
    assert found.lines["unbiased"].now == pytest.approx(explicit.lines["unbiased"].now, rel=1e-9)
    with pytest.raises(InvalidInput, match="features"):
        diagnose(z, u, 0.5, labels=labels)
    figure = found.plot()
    axes = figure.axes[0]
    curves = [line.get_ydata() for line in axes.lines if len(line.get_xdata()) == 400]
    assert len(curves) == 2  # unbiased and second-moment; the lower one is the unbiased
    assert np.min(curves) == pytest.approx(
        found.lines["unbiased"].best.variance_reduction, rel=1e-3
    )
    figure.savefig(tmp_path / "diagnosis.png")
    assert (tmp_path / "diagnosis.png").stat().st_size > 5000


def test_other_numbers_of_samples_are_refused():
    """Also where both files have fewer rows than are looked at for logits."""
    rows = np.random.default_rng(4).standard_normal((50, 3))
    for call in (lambda_star, lambda s, t: diagnose(s, t, weight=0.5)):
        with pytest.raises(InvalidInput, match=r"same shape.*\(50, 3\) and \(49, 3\)"):
            call(rows, rows[:49])
