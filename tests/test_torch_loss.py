"""DistillationLoss as people use it: padding, sequences, half precision, scalers, compile,
accumulation, processes, copies; each was a breakage once.
"""

from __future__ import annotations

import copy
import itertools
import logging
import math
import socket
import sys

import numpy as np
import pytest
import torch
from torch import nn

import kdtheory as kd
from kdtheory.errors import InvalidInput
from kdtheory.estimate.gram import gram_moments, several_moments
from kdtheory.estimate.layer import read_layer
from kdtheory.estimate.residuals import open_residuals
from kdtheory.torch import DistillationLoss
from kdtheory.torch.rows import take_rows

# torch's own import of its compiler warns on some versions of Python.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
torch.set_num_threads(1)

CLASSES, WIDTH = 5, 4


def batch(n: int, seed: int = 0, apart: float = 0.5):
    """(student logits, teacher logits, classes, features)."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n, WIDTH))
    w, v = np.random.default_rng(99).standard_normal((2, WIDTH, CLASSES))
    labels = rng.integers(0, CLASSES, n)
    return (
        torch.tensor(a @ w, requires_grad=True),
        torch.tensor(a @ (w + apart * v)),
        torch.tensor(labels),
        torch.tensor(a),
    )


def auto(**options) -> DistillationLoss:
    return DistillationLoss(
        **({"total_steps": 1000, "refresh_every": 1, "least_gain": 0.0} | options)
    )


def moments(loss: DistillationLoss):
    return loss._weights.follower.average.moments()


def numbers(loss: DistillationLoss) -> list[float]:
    return [*moments(loss).vector(), moments(loss).n]


def test_padding_does_not_count_in_value_gradient_or_estimate():
    z, u, y, a = batch(12)
    padded = y.clone()
    padded[[2, 7, 11]] = -100
    kept = padded != -100
    for loss in (DistillationLoss(0.3), auto()):
        other = copy.deepcopy(loss)
        value = loss(z, u, padded, a)
        (gradient,) = torch.autograd.grad(value, z)
        alone = z.detach()[kept].requires_grad_()
        torch.testing.assert_close(value, other(alone, u[kept], y[kept], a[kept]))
        assert float(gradient[~kept].abs().sum()) == 0.0
    assert DistillationLoss(0.3)(z, u, torch.full((12,), -100)).item() == 0.0
    custom = DistillationLoss(0.3, ignore_index=3)(z, u, torch.where(kept, padded, 3))
    expected = DistillationLoss(0.3)(z, u, torch.where(padded == 3, -100, padded))
    torch.testing.assert_close(custom, expected)


def test_sequences_are_their_tokens():
    z, u, y, a = batch(12)
    shape = (3, 4)
    for loss in (DistillationLoss(0.3), auto()):
        flat = copy.deepcopy(loss)(z, u, y, a)
        value = loss(
            z.reshape(*shape, CLASSES),
            u.reshape(*shape, CLASSES),
            y.reshape(shape),
            a.reshape(*shape, WIDTH),
        )
        torch.testing.assert_close(value, flat)
    soft = nn.functional.one_hot(y, CLASSES).double()
    value = DistillationLoss(0.3)(
        z.reshape(*shape, CLASSES), u.reshape(*shape, CLASSES), soft.reshape(*shape, CLASSES)
    )
    torch.testing.assert_close(value, DistillationLoss(0.3)(z, u, y))


@pytest.mark.parametrize("temperature", [1.0, 2.5])
@pytest.mark.parametrize("weight", [0.3, -0.4])
def test_what_is_estimated_is_what_the_loss_subtracts(temperature, weight):
    """The gradient in the logits is r - lambda s, with the s that take_rows gives."""
    z, u, y, a = batch(12)
    loss = DistillationLoss(weight, temperature=temperature)
    (gradient,) = torch.autograd.grad(loss(z, u, y), z)
    taken = take_rows(
        z.detach(),
        [u],
        y,
        a,
        kind="softmax",
        sample=128,
        ignore_index=-100,
        temperature=temperature,
    )
    expected = (taken.student - weight * taken.teachers[0]) / 12
    torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-15)
    # The mutant: the teacher's own residual at temperature 1 is another direction at 2.5.
    plain = torch.softmax(u, 1) - nn.functional.one_hot(y, CLASSES)
    assert (float((taken.teachers[0] - plain).norm()) > 0.1) == (temperature != 1.0)
    assert bool(loss.notes) == (temperature != 1.0)


def test_gram_matrices_give_the_moments_of_the_layer():
    z, u, y, a = batch(40)
    taken = take_rows(
        z.detach(), [u], y, a, kind="softmax", sample=128, ignore_index=-100, temperature=1.0
    )
    student, cross, teacher = taken.grams()
    found = gram_moments(student, cross[0], teacher[0, 0])
    pair = open_residuals(z.detach().numpy(), u.numpy(), y.numpy())
    expected = read_layer(pair, a.numpy()).moments()
    for name in ("sigma_sq", "covariance", "variance", "bias_sq", "student_sq", "cross", "n"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-10), name
    np.testing.assert_allclose(found.errors, expected.errors, rtol=1e-8)
    several = several_moments(student, cross, teacher)
    assert several.variance[0, 0] == pytest.approx(expected.variance, rel=1e-10)
    assert several.bias[0, 0] == pytest.approx(expected.bias_sq, rel=1e-10)


@pytest.mark.parametrize("without_torch", [False, True])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("shift", [0.0, -20.0, 40.0])
def test_half_precision_loses_nothing_that_float32_has(dtype, shift, without_torch, monkeypatch):
    """Every entry, of sure models too, within the rounding of z - max, exp, K additions in pairs
    and two products; where p - 1 is a difference the label's entry is off by half in sure rows.
    """
    classes = 4000
    generator = torch.Generator().manual_seed(0)
    pair = [torch.randn(9, classes, generator=generator).mul(2.0).to(dtype) for _ in range(2)]
    labels = torch.arange(9)
    for z in pair:
        z[:3, :] += shift
        z[torch.arange(3, 9), labels[3:]] = 24.0  # 1 - p = 1e-6
    exact = [torch.softmax(z.double(), dim=1).numpy() for z in pair]
    for p, z in zip(exact, pair, strict=True):
        wide = z.double().numpy()
        for row, y in enumerate(labels):
            others = np.delete(np.exp(wide[row] - wide[row].max()), y).sum()
            p[row, y] = -others / (others + np.exp(wide[row, y] - wide[row].max()))
    given = pair
    if without_torch:
        if dtype is torch.bfloat16:
            given = [z.half() for z in pair]  # 8 bits fit 11, but for the smallest
        given = [z.numpy() for z in given]
        monkeypatch.delitem(sys.modules, "torch")
    eps = np.finfo(np.float32).eps
    reach = max(float((z.max() - z.min()).double()) for z in pair)
    tolerance = (reach + math.log2(classes) + 4.0) * eps
    seen = 0
    for place, _, *found in open_residuals(*given, labels.numpy()).blocks():
        for mine, right in zip(found, exact, strict=True):
            seen += len(mine)
            assert np.all(np.abs(mine - right[place]) <= tolerance * np.abs(right[place]) + 1e-37)
    assert seen == 18


def test_batches_of_one_wait_for_each_other_and_the_last_odd_batch_is_no_error():
    loss, whole = auto(), auto()
    z, u, y, a = batch(16)
    for k in range(16):
        row = slice(k, k + 1)
        loss(z[row], u[row], y[row], a[row])
    whole(z, u, y, a)
    for name in ("sigma_sq", "covariance", "variance"):
        assert getattr(moments(loss), name) == pytest.approx(getattr(moments(whole), name))
    before = numbers(whole)
    assert math.isfinite(whole(z[:1], u[:1], y[:1], a[:1]).item())
    assert numbers(whole) == before  # one row waits


def test_overflowing_logits_under_a_scaler_spoil_nothing():
    z, u, y, a = batch(16)
    loss = auto()
    loss(z, u, y, a)
    before = numbers(loss)
    for bad in (math.inf, math.nan):
        broken = z.detach().clone()
        broken[:, 0] = bad
        assert not math.isfinite(loss(broken, u, y, a).item())
    assert numbers(loss) == before
    scaler = torch.amp.GradScaler("cpu")
    model = nn.Linear(WIDTH, CLASSES).double()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    start = model.weight.detach().clone()
    scaler.scale(loss(model(a) * math.inf, u, y, a)).backward()
    scaler.step(optimiser)
    scaler.update()
    assert torch.equal(model.weight, start)  # skipped by the scaler, as it should
    scaler.scale(loss(model(a), u, y, a)).backward()


def test_neither_eval_nor_no_grad_count():
    z, u, y, a = batch(16)
    loss = auto(total_steps=50)
    loss(z, u, y, a)
    calls, before = loss._weights.follower.calls, numbers(loss)
    with torch.no_grad():
        loss(*batch(16, seed=1))
    loss.eval()
    loss(*batch(16, seed=2))
    assert loss._weights.follower.calls == calls == 1 and numbers(loss) == before
    loss.train()
    loss(z, u, y, a)
    assert loss._weights.follower.calls == 2


def test_autocast_computes_in_float32():
    z, u, y, a = (x.detach().float() if x.is_floating_point() else x for x in batch(16))
    model = nn.Linear(WIDTH, CLASSES)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(a)
        assert logits.dtype == torch.bfloat16
        value = DistillationLoss(0.3)(logits, u, y)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, DistillationLoss(0.3)(logits.float(), u, y))


@pytest.mark.parametrize("options", [{"weight": 0.3}, {}, {"temperature": 2.0}])
def test_compiled_whole_and_never_again(options):
    torch._dynamo.reset()
    plain = auto(refresh_every=3, **options)
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    compiled = torch.compile(copy.deepcopy(plain), fullgraph=True, backend=backend)
    for t in range(7):
        z, u, y, a = batch(16, seed=t)
        (one,) = torch.autograd.grad(plain(z, u, y, a), z)
        (two,) = torch.autograd.grad(compiled(z, u, y, a), z)
        torch.testing.assert_close(one, two)
    assert len(graphs) == 1
    assert compiled._orig_mod.weight == plain.weight
    # The same through aot_autograd, which traces the backward pass too.
    torch._dynamo.reset()
    traced = torch.compile(copy.deepcopy(plain), fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(traced(z, u, y, a), plain(z, u, y, a))


@pytest.mark.parametrize("dynamic", [None, True])
def test_a_smaller_last_batch_compiles_once_more_at_most(dynamic):
    """torch's own: the second size makes it dynamic, and dynamic=True starts so."""
    torch._dynamo.reset()
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    loss = auto(refresh_every=3)
    compiled = torch.compile(loss, fullgraph=True, backend=backend, dynamic=dynamic)
    for t in range(20):
        compiled(*batch(16 if t < 18 else 24 - t, seed=t)).backward()
    assert len(graphs) == (1 if dynamic else 2) and loss._weights.follower.calls == 20


def test_a_student_that_is_its_teacher_is_not_frozen():
    """As the advice says; lambda = 1 would be."""
    z, _, y, a = batch(32)
    loss = auto(total_steps=3, refresh_every=1)
    loss(z, z.detach(), y, a)
    assert loss.weight == 0.0 and "would freeze" in loss.estimate().advice
    other = auto(total_steps=3, refresh_every=1)
    other(z, z.detach() + 0.1 * torch.randn(z.shape, generator=torch.Generator()), y, a)
    assert other.weight > 0.1


def test_a_look_without_training_says_nothing(caplog):
    """A trainer that resumes evaluates before it announces the steps."""
    loss = auto(total_steps=2)
    for t in range(2):
        loss(*batch(32, seed=t))
    other = auto(total_steps=1)
    other.load_state_dict(loss.state_dict())
    with torch.no_grad():
        other.eval()(*batch(32))
    assert other.weight == 0.0 and other.notes == ()
    other.announce(9)
    assert other.weight > 0.0


def test_classes_are_the_last_axis():
    z = torch.randn(4, 5, 6)
    with pytest.raises(InvalidInput, match=r"transpose\(1, 2\)"):
        DistillationLoss(0.4)(z, z, torch.zeros(4, 6, dtype=torch.long))


def test_accumulated_calls_are_one_step_of_a_larger_batch():
    whole, parts = auto(total_steps=100), auto(total_steps=400, effective_batch_size=64)
    for t in range(10):
        z, u, y, a = batch(64, seed=t)
        whole(z, u, y, a)
        for k in range(4):
            row = slice(16 * k, 16 * (k + 1))
            parts(z[row], u[row], y[row], a[row])
    one, two = whole._weights.follower, parts._weights.follower
    assert one.steps_left() == two.steps_left() == 90
    assert one.rule(90).bias_factor == two.rule(90).bias_factor
    naive = auto(total_steps=400)  # the mutant: each call taken for a step
    naive(*(x[:16] for x in batch(64)))
    assert naive._weights.follower.rule(90).bias_factor < one.rule(90).bias_factor


def test_a_gain_too_small_to_matter_is_left_alone():
    free, gated = auto(total_steps=60), auto(total_steps=60, least_gain=0.1)
    pairs = []
    for t in range(60):
        for loss in (free, gated):
            loss(*batch(64, seed=t))
        pairs.append((free.weight, gated.weight))
    assert pairs[0][0] > 0.0 == pairs[0][1]
    assert pairs[-1][0] == pairs[-1][1] > 0.0
    for one, two in pairs:
        assert two in (0.0, one)
    with pytest.raises(InvalidInput, match="least_gain"):
        auto(least_gain=1.5)


def test_the_weight_rises_as_the_steps_run_out_and_is_0_beyond_them(caplog):
    loss, weights = auto(total_steps=60, sample=64), []
    for t in range(62):
        loss(*batch(64, seed=t))
        weights.append(loss.weight)
    assert 0 < weights[5] < 0.3 * weights[55] < weights[59]
    assert weights[-1] == 0.0 and "more training calls" in loss.notes[-1]
    left = iter(range(9, 0, -1))
    asked = auto(total_steps=lambda: next(left))
    asked(*batch(64))
    assert asked._weights.follower.calls == 1


def test_a_teacher_that_follows_the_student_is_noticed(caplog):
    loss = auto()
    with caplog.at_level(logging.WARNING, "kdtheory"):
        for t in range(3):
            z, u, y, a = batch(64, seed=t, apart=0.01)
            loss(z, u, y, a)
    assert sum("EMA" in record.message for record in caplog.records) == 1
    assert "self-confirming" in loss.estimate().advice
    far = auto()
    far(*batch(64))
    assert far.notes == ()
    # Unrelated models with many classes: their residuals are alike, being the labels' mostly.
    generator = torch.Generator().manual_seed(0)
    z, u = torch.randn(2, 64, 500, generator=generator)
    many = auto()
    many(z.requires_grad_(), u, torch.randint(500, (64,), generator=generator))
    assert moments(many).rho > 0.99 and many.notes == ()


def test_probabilities_are_no_logits():
    z, u, y, a = batch(16)
    for loss in (DistillationLoss(0.3), auto()):
        with pytest.raises(InvalidInput, match=r"teacher_logits holds probabilities.*log\(\)"):
            loss(z, torch.softmax(u, 1), y, a)
        logged = copy.deepcopy(loss)(z, torch.log_softmax(u, 1), y, a)
        torch.testing.assert_close(logged, copy.deepcopy(loss)(z, u, y, a))


def test_several_teachers():
    z, u, y, a = batch(64)
    other = torch.tensor(np.random.default_rng(5).standard_normal((64, CLASSES)))
    value = DistillationLoss((0.3, 0.2))(z, [u, other], y)
    hard, first, second = (
        DistillationLoss(w)(z, x, y).item() for w, x in ((0.0, u), (1.0, u), (1.0, other))
    )
    assert value.item() == pytest.approx(0.5 * hard + 0.3 * first + 0.2 * second, rel=1e-12)
    loss = auto(criterion="unbiased", clip=None)
    loss(z, [u, other], y, a)
    taken = take_rows(
        z.detach(),
        [u, other],
        y,
        a,
        kind="softmax",
        sample=128,
        ignore_index=-100,
        temperature=1.0,
    )
    rows = [
        np.einsum("nk,nd->nkd", r.numpy(), a.numpy()).reshape(64, -1)
        for r in (taken.student, *taken.teachers)
    ]
    student, *teachers = (x - x.mean(axis=0) for x in rows)
    stacked = np.stack(teachers)
    normal = np.einsum("anp,bnp->ab", stacked, stacked)
    expected = np.linalg.solve(normal, np.einsum("np,anp->a", student, stacked))
    np.testing.assert_allclose(loss.weight, expected, rtol=1e-10)
    clipped = auto(criterion="unbiased")
    clipped(z, [u, u], y, a)
    assert sum(clipped.weight) <= 1.0 + 1e-12 and min(clipped.weight) >= 0.0
    with pytest.raises(InvalidInput, match="one weight for each"):
        DistillationLoss(0.3)(z, [u, other], y)


def test_validation_may_come_before_training_and_teachers_stay_as_many():
    z, u, y, a = batch(32)
    loss = auto(refresh_every=1)
    plain = nn.functional.cross_entropy(z, y)
    assert loss.eval()(z, [u, u + 1.0], y, a).item() == pytest.approx(plain.item(), rel=1e-6)
    loss.train()(z, [u, u + z.detach()], y, a)
    for teachers in (u, [u, u, u]):
        with pytest.raises(InvalidInput, match="were 2 before"):
            loss(z, teachers, y, a)
        with pytest.raises(InvalidInput, match="were 2 before"):
            loss.eval()(z, teachers, y, a)
        loss.train()


def test_features_fit_the_logits_and_rows_without_them_are_not_looked_at():
    z, u, y, a = batch(32)
    with pytest.raises(InvalidInput, match="one row for each of 32 rows"):
        auto()(z, u, y, a[:7])
    for shape in ((32, 2, 2), (16, 2, 4)):  # a convolution's, a sequence's
        assert auto()(z, u, y, a.reshape(shape)).item() > 0.0
    assert auto()(z, u, y, a[:, 0]).item() > 0.0
    spoilt, clean = auto(), auto()
    bad = a.clone()
    bad[3, 0], bad[5, 1] = math.nan, math.inf
    kept = torch.tensor([row not in (3, 5) for row in range(32)])
    spoilt(z, u, y, bad)
    clean(z[kept], u[kept], y[kept], a[kept])
    assert moments(spoilt).covariance == pytest.approx(moments(clean).covariance, rel=1e-12)


def test_a_copy_follows_by_itself_and_a_state_continues():
    loss = auto()
    loss(*batch(32))
    other = copy.deepcopy(loss)
    other(*batch(32, seed=1))
    assert loss._weights.follower.calls == 1 and other._weights.follower.calls == 2
    third = auto()
    third.load_state_dict(other.state_dict())
    for t in range(3):
        one, two = other(*batch(32, seed=t + 2)), third(*batch(32, seed=t + 2))
        assert one.item() == two.item()


def process(rank: int, port: int, results: str) -> None:
    """One of two, with its half of every batch."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2
    )
    loss = auto(refresh_every=2)
    for t in range(6):
        z, u, y, a = batch(64, seed=t)
        half = slice(0, 40) if rank == 0 else slice(40, 64)  # not halves: padding is nowhere alike
        loss(z[half], u[half], y[half], a[half])
    found = moments(loss)
    numbers = [loss.weight, found.sigma_sq, found.covariance, found.variance, found.n]
    # Resumed from the first process's checkpoint, as people do: nothing is counted twice.
    state = [loss.state_dict()]
    torch.distributed.broadcast_object_list(state)
    again = auto(refresh_every=2)
    again.load_state_dict(state[0])
    again._weights.follower.average.share(torch.device("cpu"))
    resumed = moments(again)
    numbers += [resumed.variance / found.variance, resumed.n / found.n]
    np.save(
        f"{results}/{rank}.npy", np.array([*numbers, loss._weights.follower.rule(9).bias_factor])
    )
    torch.distributed.destroy_process_group()


def test_two_processes_share_their_moments(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(process, args=(port, str(tmp_path)), nprocs=2)
    one, two = (np.load(tmp_path / f"{rank}.npy") for rank in (0, 1))
    np.testing.assert_allclose(one, two, rtol=1e-12)
    assert one[-1] == 64 * (1 + 9 / 2)  # noise falls by the batch of both
    np.testing.assert_allclose(one[5:7], 1.0, rtol=1e-12)
    alone = auto(refresh_every=2)
    for t in range(6):
        z, u, y, a = batch(64, seed=t)
        alone(z[:32], u[:32], y[:32], a[:32])
    assert moments(alone).n == pytest.approx(one[4] / 2)


def test_the_weight_is_lambda_star_at_the_horizon_that_is_left():
    z, u, y, a = batch(64)
    loss = auto(total_steps=201, clip=None)
    loss(z, u, y, a)
    expected = kd.lambda_star_from_logits(
        z.detach().numpy(),
        u.numpy(),
        y.numpy(),
        features=a.numpy(),
        criterion="horizon",
        horizon=200,
        batch_size=64,
    )
    assert loss.weight == pytest.approx(expected.weight, rel=1e-10)
    assert [x for x, _ in itertools.pairwise([loss.estimate().low, loss.weight])] <= [loss.weight]
