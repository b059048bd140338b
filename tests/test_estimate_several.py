"""Several teachers and blocks: weights against least squares, intervals against their coverage."""

from __future__ import annotations

import json

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.cli import main
from kdtheory.errors import InvalidInput
from kdtheory.estimate import lambda_star


def sample(n: int = 200, d: int = 6, m: int = 3, seed: int = 0, bias: float = 0.2):
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((m, n, d))
    student = np.einsum("jip,j->ip", noise, 0.6 / (1 + np.arange(m))) + 0.5 * rng.standard_normal(
        (n, d)
    )
    return student, noise + bias * np.arange(1, m + 1)[:, None, None]


def test_unbiased_weights_are_the_regression_of_the_student_on_its_teachers():
    student, teachers = sample()
    found = lambda_star(student, teachers)
    s, t = student - student.mean(0), teachers - teachers.mean(1, keepdims=True)
    expected, rest, *_ = np.linalg.lstsq(t.reshape(3, -1).T, s.ravel(), rcond=None)
    np.testing.assert_allclose(found.weight, expected, rtol=1e-10)
    assert found.r_squared == pytest.approx(1 - float(rest[0]) / float((s * s).sum()), rel=1e-10)
    assert found.variance_reduction == pytest.approx(1 - found.r_squared, rel=1e-10)
    one = lambda_star(student, teachers[:1])
    assert one.weight[0] == pytest.approx(lambda_star(student, teachers[0]).weight, rel=1e-12)
    # Nothing helps less for a teacher more, and the first adds most.
    assert one.variance_reduction >= found.variance_reduction and int(np.argmax(found.adds)) == 0


@pytest.mark.parametrize("criterion", ["horizon", "theorem-1"])
def test_biased_weights_solve_the_system(criterion):
    student, teachers = sample()
    constants = {"horizon": 30} if criterion == "horizon" else {"step_size": 0.01, "mu": 0.5}
    found = lambda_star(student, teachers, criterion=criterion, batch_size=4, **constants)
    t = teachers - teachers.mean(1, keepdims=True)
    V = np.einsum("jip,kip->jk", t, t) / 199
    h = teachers.mean(1)
    values, vectors = np.linalg.eigh(h @ h.T - V / 200)
    bias = (vectors * np.maximum(values, 0)) @ vectors.T + (criterion == "horizon") * V / 200
    factor = 4 * (1 + (15 if criterion == "horizon" else 1 / 0.005))
    C = np.einsum("ip,jip->j", student - student.mean(0), t) / 199
    np.testing.assert_allclose(found.weight, np.linalg.solve(V + factor * bias, C), rtol=1e-9)
    assert np.all(found.low <= found.weight) and np.all(found.weight <= found.high)


def test_equal_teachers_share_their_weight_and_are_told():
    student, teachers = sample()
    found = lambda_star(student, np.stack([teachers[0], teachers[0]]))
    alone = lambda_star(student, teachers[0]).weight
    np.testing.assert_allclose(found.weight, [alone / 2, alone / 2], rtol=1e-9)
    assert "repeat others" in found.advice
    np.testing.assert_allclose(found.adds, 0.0, atol=1e-9)


def test_blocks_are_each_a_teacher_of_their_own():
    student, teachers = sample()
    blocks = [slice(0, 2), [2, 3], slice(4, 6)]
    found = lambda_star(student, teachers[0], blocks=blocks, criterion="horizon", horizon=30)
    for j, block in enumerate(blocks):
        part = lambda_star(
            student[:, block], teachers[0][:, block], criterion="horizon", horizon=30
        )
        assert found.weight[j] == pytest.approx(part.weight, rel=1e-9)
    whole = lambda_star(student, teachers[0], criterion="horizon", horizon=30)
    assert found.variance_reduction <= whole.variance_reduction * (1 + 1e-9)


def test_intervals_cover():
    """Nominal 95 %, three weights, 150 samples: fewer than 90 % has probability below 10^-4 if the
    true coverage is 95 %; half as wide ones would cover about 67 %.
    """
    truth, hits = 0.6 / (1 + np.arange(3)), np.zeros(3)
    for seed in range(150):
        found = lambda_star(*sample(80, 4, seed=seed))
        hits += (found.low <= truth) & (truth <= found.high)
    assert np.all(hits >= 0.88 * 150) and hits.sum() >= 0.9 * 450


def test_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    student, teachers = sample()
    for name, array in {"S": student, "T0": teachers[0], "T1": teachers[1]}.items():
        np.save(f"{name}.npy", array)
    files = ("--student", "S.npy", "--teacher", "T0.npy", "T1.npy")
    assert main(["weight", *files, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    np.testing.assert_allclose(found["weight"], kd.lambda_star(student, teachers[:2]).weight)
    assert main(["diagnose", *files, "--weight", "0.3", "0.2", "--steps-left", "20"]) == 0
    text = capsys.readouterr().out
    assert "R^2" in text and "adds" in text and "N(lambda in use)/N(0)" in text
    assert main(["diagnose", *files, "--weight", "0.3"]) == 2
    assert "a number for each teacher" in capsys.readouterr().err


@pytest.mark.parametrize("criterion", ["unbiased", "horizon"])
@pytest.mark.parametrize("kind", ["array", "list", "sequences"])
def test_logits_are_the_gradients_they_stand_for(criterion, kind):
    rng = np.random.default_rng(5)
    n, classes, d, m = 48, 4, 3, 3
    z, a = rng.standard_normal((n, classes)), rng.standard_normal((n, d)) + 0.5
    u = z + 0.4 * rng.standard_normal((m, n, classes))
    labels = rng.integers(classes, size=n)
    labels[5] = -100  # padding, which counts for nobody
    hard = np.eye(classes)[labels.clip(0)]

    def gradients(logits):
        p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        rows = (p - hard)[..., None] * a[:, None, :]
        return np.delete(rows.reshape(*logits.shape[:-1], classes * d), 5, axis=-2)

    options = {"criterion": criterion, "horizon": 10.0 if criterion == "horizon" else None}
    expected = lambda_star(gradients(z), gradients(u), **options)
    given = {
        "array": (z, u, labels, a),
        "list": (z, list(u), labels, a),
        "sequences": (
            z.reshape(6, 8, classes),
            u.reshape(m, 6, 8, classes),
            labels.reshape(6, 8),
            a.reshape(6, 8, d),
        ),
    }[kind]
    found = kd.lambda_star_from_logits(*given[:3], features=given[3], **options)
    for field in ("weight", "low", "high", "alone", "adds"):
        np.testing.assert_allclose(
            getattr(found, field), getattr(expected, field), rtol=1e-8, atol=1e-10
        )
    assert found.r_squared == pytest.approx(expected.r_squared, rel=1e-9)
    with pytest.raises(InvalidInput, match="need features"):
        kd.lambda_star_from_logits(*given[:3], features_sqnorm=(a * a).sum(1), **options)


def test_logits_of_several_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    z, a = rng.standard_normal((40, 3)), rng.standard_normal((40, 2))
    u, labels = z + 0.3 * rng.standard_normal((2, 40, 3)), np.arange(40) % 3
    for name, array in {"S": z, "T0": u[0], "T1": u[1], "y": labels, "a": a}.items():
        np.save(f"{name}.npy", array)
    files = "--logits --student S.npy --teacher T0.npy T1.npy --labels y.npy --features a.npy"
    assert main(["weight", *files.split(), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["weight"]
    expected = kd.lambda_star_from_logits(z, u, labels, features=a)
    np.testing.assert_allclose(found, expected.weight)
    assert main(["diagnose", *files.split(), "--weight", "0.3", "0.2"]) == 0
    assert "R^2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"criterion": "theorem-1-sharp", "step_size": 0.01, "mu": 1.0, "Lcal": 2.0}, "quadratic"),
        ({"blocks": [slice(0, 3), slice(2, 6)]}, "no coordinate twice"),
        ({"blocks": [slice(3, 3)]}, "none empty"),
        ({"confidence": 2.0}, "confidence"),
    ],
)
def test_refused(options, message):
    student, teachers = sample()
    teacher = teachers[0] if "blocks" in options else teachers
    with pytest.raises(InvalidInput, match=message):
        lambda_star(student, teacher, **options)
    with pytest.raises(InvalidInput, match="same shape"):
        lambda_star(student, teachers[:, :50])
