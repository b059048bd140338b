"""Per-sample gradients by torch.func equal NumPy's closed forms; projections keep inner products;
what is refused.
"""

from __future__ import annotations

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

import kdtheory as kd
from kdtheory.errors import InvalidInput
from kdtheory.torch import (
    RandomProjection,
    lambda_star_from_models,
    parameter_count,
    per_sample_gradients,
)

torch.set_num_threads(1)  # small tensors, and one process per core already


def softmax_problem(n: int = 30, d: int = 4, classes: int = 3) -> kd.SoftmaxRegression:
    rng = np.random.default_rng(0)
    return kd.SoftmaxRegression(rng.standard_normal((n, d)), np.arange(n) % classes)


def linear(weights: np.ndarray) -> nn.Linear:
    model = nn.Linear(weights.shape[1], weights.shape[0], bias=False, dtype=torch.float64)
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(weights))
    return model


def network(seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).to(dtype)


def data(problem: kd.SoftmaxRegression) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor(problem.features), torch.tensor(problem.labels.argmax(axis=1))


def test_softmax_regression_gradients_are_those_of_the_problem():
    problem = softmax_problem()
    x = np.random.default_rng(1).standard_normal(problem.dim)
    inputs, labels = data(problem)
    found = per_sample_gradients(linear(x.reshape(3, 4)), nn.CrossEntropyLoss(), inputs, labels)
    # Two float64 implementations of one formula with |entries| < 10: 1e-13 is some hundred
    # roundings.
    np.testing.assert_allclose(found.numpy(), problem.gradients(x), rtol=0, atol=1e-13)


@pytest.mark.parametrize("chunk", [1, 7, 30, None])
def test_network_gradients_equal_backward_on_each_sample_whatever_the_chunk(chunk):
    model, (inputs, labels) = network(), data(softmax_problem())
    found = per_sample_gradients(model, nn.CrossEntropyLoss(), inputs, labels, chunk_size=chunk)
    looped = per_sample_gradients(
        model, nn.CrossEntropyLoss(), inputs, labels, chunk_size=chunk, vectorize=False
    )
    for row, x, y in zip(found, inputs, labels, strict=True):
        model.zero_grad()
        nn.functional.cross_entropy(model(x[None]), y[None]).backward()
        expected = torch.cat([p.grad.flatten() for p in model.parameters()])
        torch.testing.assert_close(row, expected, rtol=0, atol=1e-14)
    torch.testing.assert_close(found, looped, rtol=0, atol=1e-14)
    assert found.shape == (30, parameter_count(model))


def test_nothing_is_written_to_the_model():
    model, (inputs, labels) = network().train(), data(softmax_problem())
    before = [p.clone() for p in model.parameters()]
    per_sample_gradients(model, nn.CrossEntropyLoss(), inputs, labels)
    assert all(p.grad is None for p in model.parameters()) and model.training
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_last_layer_and_named_parameters_are_columns_of_the_whole():
    model, (inputs, labels) = network(), data(softmax_problem())
    whole = per_sample_gradients(model, nn.CrossEntropyLoss(), inputs, labels)
    last = per_sample_gradients(model, nn.CrossEntropyLoss(), inputs, labels, parameters="last")
    torch.testing.assert_close(last, whole[:, -21:], rtol=0, atol=1e-15)
    named = per_sample_gradients(
        model, nn.CrossEntropyLoss(), inputs, labels, parameters=["0.bias"]
    )
    torch.testing.assert_close(named, whole[:, 24:30], rtol=0, atol=1e-15)
    for parameter in model[:2].parameters():
        parameter.requires_grad_(False)
    frozen = per_sample_gradients(model, nn.CrossEntropyLoss(), inputs, labels)
    torch.testing.assert_close(frozen, last, rtol=0, atol=1e-15)
    teacher = network().requires_grad_(False)  # wholly frozen: all of it
    every = per_sample_gradients(teacher, nn.CrossEntropyLoss(), inputs, labels)
    torch.testing.assert_close(every, whole, rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_low_precision_comes_back_in_float32(dtype):
    inputs, labels = data(softmax_problem())
    exact = per_sample_gradients(network(), nn.CrossEntropyLoss(), inputs, labels)
    found = per_sample_gradients(network(dtype=dtype), nn.CrossEntropyLoss(), inputs, labels)
    assert found.dtype == torch.float32
    # Weights, activations and gradients are each rounded: a few units of the format's eps on
    # entries of size ~1.
    torch.testing.assert_close(found.double(), exact, rtol=0, atol=16 * torch.finfo(dtype).eps)


def test_several_inputs():
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = network()

        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return self.body(a + b)

    inputs, labels = data(softmax_problem())
    one = per_sample_gradients(network(), nn.CrossEntropyLoss(), inputs, labels)
    two = per_sample_gradients(Two(), nn.CrossEntropyLoss(), (0.25 * inputs, 0.75 * inputs), labels)
    torch.testing.assert_close(two, one, rtol=0, atol=1e-14)


def every_projection(d: int, k: int):
    for buckets in itertools.product(range(k), repeat=d):
        for signs in itertools.product((-1, 1), repeat=d):
            yield RandomProjection(
                torch.tensor(buckets, dtype=torch.int32), torch.tensor(signs, dtype=torch.int8), k
            )


def test_projection_keeps_inner_products_and_has_the_variance_it_says_over_all_draws():
    a, b = torch.tensor([[1.0, -2.0, 0.5], [0.3, 1.0, 2.0]], dtype=torch.float64)
    products = np.array([float(p(a[None])[0] @ p(b[None])[0]) for p in every_projection(3, 2)])
    assert products.size == 64
    assert products.mean() == pytest.approx(float(a @ b), rel=1e-14)
    one = RandomProjection.draw(3, 2, seed=0)
    assert products.var() == pytest.approx(one.variance(a, b), rel=1e-13)
    assert one.variance(a, b) <= one.relative_error**2 * float(a @ a) * float(b @ b)
    # Mutant: without signs the mean is off by what falls into one bucket.
    blind = [
        RandomProjection(p.buckets, torch.ones(3, dtype=torch.int8), 2)
        for p in every_projection(3, 2)
    ]
    assert abs(np.mean([float(p(a[None])[0] @ p(b[None])[0]) for p in blind]) - float(a @ b)) > 0.1


def test_projected_gradients_are_projections_and_their_moments_stay_within_the_stated_error():
    student, teacher, (inputs, labels) = network(0), network(1), data(softmax_problem(200))
    d = parameter_count(student)
    whole = [
        per_sample_gradients(m, nn.CrossEntropyLoss(), inputs, labels).numpy()
        for m in (student, teacher)
    ]
    centred = torch.from_numpy(whole[1] - whole[1].mean(axis=0))
    variance = float((centred**2).sum())
    off = []
    for seed in range(200):
        p = RandomProjection.draw(d, 16, seed=seed)
        off.append(float((p(centred) ** 2).sum()) / variance - 1)
    # The bound on the standard error is sqrt(2/16) = 0.35; the mean of 200 draws has a standard
    # error below 0.025.
    assert np.std(off) < p.relative_error and abs(np.mean(off)) < 4 * p.relative_error / math.sqrt(
        200
    )
    short = per_sample_gradients(
        student, nn.CrossEntropyLoss(), inputs, labels, projection=p, chunk_size=33
    )
    torch.testing.assert_close(short, p(torch.from_numpy(whole[0])), rtol=0, atol=1e-13)
    found = lambda_star_from_models(
        student, teacher, nn.CrossEntropyLoss(), inputs, labels, projection=p
    )
    assert found.variance == pytest.approx(variance / 199 * (1 + off[-1]), rel=1e-12)


def test_weight_of_two_models_is_that_of_their_gradients():
    problem = softmax_problem(60)
    rng = np.random.default_rng(2)
    x, theta = rng.standard_normal((2, problem.dim))
    pair = linear(x.reshape(3, 4)), linear(theta.reshape(3, 4))
    constants = {"step_size": 0.02, "mu": 0.5}
    found = lambda_star_from_models(
        *pair, nn.CrossEntropyLoss(), *data(problem), criterion="theorem-1", **constants
    )
    expected = kd.lambda_star(
        problem.gradients(x), problem.gradients(theta), criterion="theorem-1", **constants
    )
    assert found.weight == pytest.approx(expected.weight, rel=1e-12)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def batch_normed(training: bool) -> nn.Module:
    return (
        nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 3)).double().train(training)
    )


def test_batch_norm_in_eval_mode_is_a_fixed_map():
    inputs, labels = data(softmax_problem())
    found = per_sample_gradients(batch_normed(False), nn.CrossEntropyLoss(), inputs, labels)
    assert found.shape == (30, 30 + 12 + 21)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (batch_normed(True), "'1' .BatchNorm1d. normalises by the batch"),
        (
            nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3, track_running_stats=False))
            .double()
            .eval(),
            "batch",
        ),
        (nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3)).double(), "random in training mode"),
        (nn.Sequential(nn.RReLU(), nn.Linear(4, 3)).double(), "random in training mode"),
        (nn.Softmax(dim=1), "no parameter to differentiate"),
        (nn.Linear(5, 3).double(), "cannot be differentiated sample by sample"),
    ],
)
def test_refused_models(model, message):
    with pytest.raises(InvalidInput, match=message):
        per_sample_gradients(model, nn.CrossEntropyLoss(), *data(softmax_problem()))


def test_dropout_that_is_off_is_accepted():
    inputs, labels = data(softmax_problem())
    for model in (
        nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3)).double().eval(),
        nn.Sequential(nn.Dropout(0.0), nn.Linear(4, 3)).double().train(),
    ):
        assert per_sample_gradients(model, nn.CrossEntropyLoss(), inputs, labels).shape == (30, 15)


class Branching(nn.Module):
    """Branches on its data: vmap cannot take it, a loop can."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 3, dtype=torch.float64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x) if float(x.detach().sum()) > 0 else 2 * self.body(x)


def test_a_model_that_branches_on_its_data_needs_the_loop():
    inputs, labels = data(softmax_problem())
    with pytest.raises(InvalidInput, match="vectorize=False"):
        per_sample_gradients(Branching(), nn.CrossEntropyLoss(), inputs, labels)
    assert per_sample_gradients(
        Branching(), nn.CrossEntropyLoss(), inputs, labels, vectorize=False
    ).shape == (30, 15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": torch.zeros(29, dtype=torch.int64)}, "same n"),
        ({"loss": nn.CrossEntropyLoss(reduction="none")}, "must return a scalar"),
        ({"parameters": "some"}, "'all', 'last'"),
        ({"parameters": ["wieght"]}, "Did you mean 'weight'"),
        ({"chunk_size": 0}, "chunk_size"),
        ({"projection": RandomProjection.draw(11, 4, seed=0)}, "d = 11"),
        ({"projection": RandomProjection.draw(13, 4, seed=0)}, "d = 13"),
    ],
)
def test_refused_arguments(change, message):
    inputs, labels = data(softmax_problem())
    arguments = {
        "model": linear(np.ones((3, 4))),
        "loss": nn.CrossEntropyLoss(),
        "inputs": inputs,
        "targets": labels,
    }
    with pytest.raises(InvalidInput, match=message):
        per_sample_gradients(**(arguments | change))


def test_models_of_different_architectures_are_refused():
    with pytest.raises(
        InvalidInput, match=r"'weight' is \(3, 4\) in the student and \(2, 4\) in the teacher"
    ):
        lambda_star_from_models(
            linear(np.ones((3, 4))),
            linear(np.ones((2, 4))),
            nn.CrossEntropyLoss(),
            *data(softmax_problem()),
        )


def test_kdtheory_does_not_import_torch():
    code = (
        "import sys, kdtheory as kd; [getattr(kd, name) for name in kd.__all__]; import"
        " kdtheory.estimate; print('torch' in sys.modules)"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "False"
    )


def test_without_torch_the_error_says_how_to_get_it():
    code = "import sys; sys.modules['torch'] = None\nimport kdtheory.torch"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (
        "MissingTool: kdtheory.torch needs PyTorch 2.4 or newer: pip install 'kdtheory[torch]'."
        in found.stderr
    )


def test_gradients_may_be_tensors_of_any_float_type():
    student, teacher = torch.randn(2, 40, 5, generator=torch.Generator().manual_seed(0))
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        pair = [x.to(dtype).requires_grad_() for x in (student, teacher)]
        wide = [x.detach().double().numpy() for x in pair]
        assert kd.lambda_star(*pair) == kd.lambda_star(*wide)
