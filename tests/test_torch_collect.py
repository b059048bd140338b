"""The collector and the learning-rate scheduler; outputs of classifiers are no gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import kdtheory as kd
from kdtheory.errors import InvalidInput
from kdtheory.problems.datasets import carried
from kdtheory.torch import Collector, ScheduleLR, collect, schedule


def batches(count: int = 5) -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    found = []
    for size in range(7, 7 + count):
        y = torch.randint(4, (size,), generator=generator)
        y[0] = -100
        found.append((torch.randn(size, 3, generator=generator), y))
    return found


def models():
    torch.manual_seed(0)
    student, teacher = nn.Linear(3, 4), nn.Linear(3, 4)
    return (lambda x: (student(x), x)), teacher


def test_what_is_collected_is_what_diagnose_reads(tmp_path):
    paths = collect(*models(), batches(), tmp_path)
    student, teacher = models()
    every = [
        (student(x[y >= 0])[0], teacher(x[y >= 0]), y[y >= 0], x[y >= 0]) for x, y in batches()
    ]
    z, u, y, a = (torch.cat(part).detach().numpy() for part in zip(*every, strict=True))
    np.testing.assert_array_equal(np.load(paths["student"]), z)
    np.testing.assert_array_equal(np.load(paths["features"]), a)
    found = kd.lambda_star_from_logits(
        paths["student"], paths["teacher"], paths["labels"], features=paths["features"]
    )
    assert found == kd.lambda_star_from_logits(z, u, y, features=a)


def test_a_run_cut_short_goes_on(tmp_path):
    whole = collect(*models(), batches(), tmp_path / "whole")
    calls = []

    def counted(x):
        calls.append(len(x))
        return models()[0](x)

    collect(counted, models()[1], batches(2), tmp_path / "parts")
    # A chunk without its mark is of a killed run: it is written again.
    np.save(tmp_path / "parts" / "chunk-000002-student.npy", np.zeros(3))
    paths = collect(counted, models()[1], batches(), tmp_path / "parts")
    assert calls == [7, 8, 9, 10, 11]
    for name, path in paths.items():
        assert path.read_bytes() == whole[name].read_bytes()


def test_bfloat16_and_sequences(tmp_path):
    held = Collector(tmp_path)
    z = torch.randn(2, 3, 4).bfloat16()
    held.add(z, z, torch.tensor([[0, 1, -100], [2, 3, 0]]))
    assert np.load(held.finish()["student"]).shape == (5, 4)
    with pytest.raises(InvalidInput, match="one shape"):
        held.add(z, z[:1], torch.zeros(2, 3, dtype=torch.int64))
    with pytest.raises(InvalidInput, match="labels for"):
        held.add(z, z, torch.zeros(2, dtype=torch.int64))
    with pytest.raises(InvalidInput, match="Nothing was collected"):
        Collector(tmp_path / "empty").finish()


def test_a_schedule_drives_the_learning_rate():
    problem = kd.LeastSquares(np.eye(3) + 0.1, np.ones(3), ridge=0.2)
    theta = problem.minimiser + 0.1
    found = kd.schedule(problem, theta, criterion="theorem-1-envelope", x0=np.zeros(3), steps=6)
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(2))], lr=1.0)
    rates = schedule(optimiser, found, scale=0.5)
    seen = []
    for _ in range(8):
        seen.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        rates.step()
    np.testing.assert_allclose(seen[:6], 0.5 * found.step_sizes)
    assert seen[6] == seen[7] == seen[5]
    for bad in ([], [-1.0], [float("inf")]):
        with pytest.raises(InvalidInput, match="step sizes"):
            ScheduleLR(optimiser, bad)


def test_logits_of_trained_networks_are_noticed():
    """Real ones have a common offset of either sign, and winners that stand out by little."""
    features, classes = carried("digits")
    a, y = torch.tensor(features / 16.0).float(), torch.tensor(classes).long()
    torch.manual_seed(0)
    outputs = []
    for width, steps in ((32, 60), (64, 200)):
        net = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
        for _ in range(steps):
            few = torch.randint(len(a), (64,))
            loss = nn.functional.cross_entropy(net(a[few]), y[few])
            with torch.no_grad():
                parameters = list(net.parameters())
                for x, g in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                    x -= 0.5 * g
        outputs.append(net(a).detach().numpy())
    for z, u in (outputs, outputs[::-1], (outputs[0] - 30.0, outputs[1]), (outputs[1], outputs[1])):
        for n in (100, 1797):
            with pytest.raises(InvalidInput, match="look like logits"):
                kd.lambda_star(z[:n], u[:n])


@pytest.mark.parametrize("law", ["gaussian", "t3"])
@pytest.mark.parametrize("noise", [0.1, 0.4])
def test_gradients_with_a_mean_of_one_sign_are_no_logits(law, noise):
    """However heavy their tails, and where both models have the same noise.  The largest entries
    are positive and agree, by which logits were once told.
    """
    for seed in range(15):
        rng = np.random.default_rng(seed)
        n = (20, 60, 300)[seed % 3]
        shape = (n, 10)
        size = 1.0 if law == "gaussian" else 1.0 / np.sqrt(rng.chisquare(3, (n, 1)))
        own, common = size * rng.standard_normal(shape), size * rng.standard_normal(shape)
        student = 1.0 + noise * (0.7 * common + 1e-3 * own)
        teacher = 1.0 + noise * common
        for rows in (student, teacher):
            assert np.mean(np.abs(rows).argmax(axis=1) == rows.argmax(axis=1)) >= 0.9
        assert np.mean(student.argmax(axis=1) == teacher.argmax(axis=1)) >= 0.8
        kd.lambda_star(student, teacher)


def test_gradients_of_one_output_are_no_logits():
    """r_n a_n with positive residuals and features: least squares before the first step."""
    rng = np.random.default_rng(0)
    a = np.maximum(rng.standard_normal((200, 12)), 0.0) ** 2
    r, s = rng.exponential(1.0, (2, 200, 1))
    for dtype in (np.float64, np.float32, np.float16):
        kd.lambda_star((r * a).astype(dtype), (s * a).astype(dtype))


def test_outputs_of_a_classifier_are_no_gradients():
    rng = np.random.default_rng(0)
    a, w = rng.standard_normal((200, 8)), rng.standard_normal((8, 6))
    labels = (a @ w).argmax(axis=1)
    z = a @ w + 6.0 * np.eye(6)[labels]
    u = z + 0.3 * rng.standard_normal(z.shape)
    soft = [np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) for x in (z, u)]
    for pair, kind in (((z, u), "logits"), (soft, "probabilities"), (np.log(soft), "log-prob")):
        with pytest.raises(InvalidInput, match=f"look like {kind}"):
            kd.lambda_star(*pair)
    # Residuals of the same models are gradients of the offset.
    hard = np.eye(6)[rng.integers(0, 6, 200)]
    kd.lambda_star(soft[0] - hard, soft[1] - hard)
    # The way out: the same coordinate's sign in both.
    signs = np.array([-1.0, 1, -1, 1, -1, 1])
    assert kd.lambda_star(z * signs, u * signs).weight > 0
