"""The PyTorch updates are the rules of the theory: gradient for gradient and step for step against
NumPy.
"""

from __future__ import annotations

import copy
import io
import math

import numpy as np
import pytest
import torch
from torch import nn

import kdtheory as kd
from kdtheory.errors import InvalidInput
from kdtheory.torch import DistillationLoss, UnbiasedDistillation

# torch's own import of its compiler warns on some versions of Python.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
torch.set_num_threads(1)  # small tensors, and one process per core already


def problem_named(kind: str, ridge: float = 0.0, n: int = 24, d: int = 3):
    rng = np.random.default_rng(3)
    features = rng.standard_normal((n, d))
    if kind == "squared":
        return kd.LeastSquares(features, rng.standard_normal(n), ridge=ridge)
    if kind == "logistic":
        return kd.LogisticRegression(features, rng.random(n), ridge=ridge)
    return kd.SoftmaxRegression(features, rng.integers(0, 3, n), ridge=ridge)


def tensors(problem, kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    if kind == "softmax":
        return torch.tensor(problem.features), torch.tensor(problem.labels.argmax(axis=1))
    targets = problem.targets[:, None] if kind == "squared" else problem.labels
    return torch.tensor(problem.features), torch.tensor(targets)


def linear(problem, point: np.ndarray) -> nn.Linear:
    outputs = problem.dim // problem.features.shape[1]
    model = nn.Linear(problem.features.shape[1], outputs, bias=False, dtype=torch.float64)
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(point.reshape(outputs, -1)))
    return model


def plain_loss(kind: str):
    hard = DistillationLoss(0.0, loss=kind)
    return lambda output, target: hard(output, torch.zeros_like(output), target)


def torch_steps(kind, problem, theta, x0, batches, *, gamma, weight, mode, ridge=0.0):
    """Iterates of a PyTorch training loop as a user would write it; ``mode`` is how the teacher
    enters.
    """
    inputs, targets = tensors(problem, kind)
    student, teacher = linear(problem, x0), linear(problem, theta)
    optimiser = torch.optim.SGD(student.parameters(), lr=gamma, weight_decay=ridge)
    distil, plain = DistillationLoss(weight, loss=kind), plain_loss(kind)
    unbiased = UnbiasedDistillation(teacher, plain).fit(
        [(inputs[:7], targets[:7]), (inputs[7:], targets[7:])]
    )
    for batch in batches:
        x, y = inputs[batch], targets[batch]
        optimiser.zero_grad()
        if mode == "control variate":
            plain(student(x), y).backward()
            unbiased.control_variate(student, x, y, weight)
        else:
            distil(student(x), teacher(x), y).backward()
            if mode == "unbiased":
                unbiased.correct(student, weight)
        optimiser.step()
        yield student.weight.detach().numpy().ravel().copy()
    assert all(p.grad is None for p in teacher.parameters())  # frozen: never written to


@pytest.mark.parametrize("kind", ["squared", "softmax", "logistic"])
@pytest.mark.parametrize("mode", ["biased", "unbiased", "control variate"])
@pytest.mark.parametrize("weight", [0.7, -0.3, 1.6])
def test_iterates_are_those_of_the_rule(kind, mode, weight):
    unbiased = mode != "biased"
    # A ridge is distilled by the theory and not by weight_decay; it cancels in the unbiased rule
    # only.
    ridge = 0.1 if unbiased else 0.0
    problem = problem_named(kind, ridge)
    rng = np.random.default_rng(5)
    x, theta = rng.standard_normal((2, problem.dim))
    rule = kd.DistilledSGD(weight, unbiased=unbiased, batch_size=4)
    corrections = rule.corrections(problem.gradients(theta))
    gamma, batches = 0.05, rng.integers(0, problem.n_terms, (12, 4))
    for found, batch in zip(
        torch_steps(
            kind, problem, theta, x, batches, gamma=gamma, weight=weight, mode=mode, ridge=ridge
        ),
        batches,
        strict=True,
    ):
        x = x - gamma * (problem.gradients(x)[batch] - corrections[batch]).mean(axis=0)
        # Two float64 evaluations of 12 contracting steps on entries of size 1: some hundred
        # roundings.
        np.testing.assert_allclose(found, x, rtol=0, atol=1e-13)


def test_an_independent_verdict_on_the_users_own_loop():
    problem = problem_named("squared")
    theta = problem.minimiser + 0.3
    inputs, targets = tensors(problem, "squared")
    weight, gamma = 0.4, kd.step_size_limit(problem, "theorem-1") / 2
    teacher = linear(problem, theta)
    unbiased = UnbiasedDistillation(teacher, plain_loss("squared")).fit([(inputs, targets)])

    def step(x: np.ndarray, n: int, *, corrected: bool) -> np.ndarray:
        student, optimiser = linear(problem, x), None
        optimiser = torch.optim.SGD(student.parameters(), lr=gamma)
        DistillationLoss(weight, loss="squared")(
            student(inputs[n : n + 1]), teacher(inputs[n : n + 1]), targets[n : n + 1]
        ).backward()
        if corrected:
            unbiased.correct(student, weight)
        optimiser.step()
        return student.weight.detach().numpy().ravel()

    for theorem, corrected in (("theorem-1", False), ("unbiased", True)):
        verdict = kd.verify_update(
            lambda x, n, c=corrected: step(x, n, corrected=c),
            problem,
            theta,
            theorem=theorem,
            step_size=gamma,
            weight=weight,
        )
        assert verdict.status == "VERIFIED", verdict.reason
        # Mutant: the other update is refused under this theorem's name.
        other = kd.verify_update(
            lambda x, n, c=not corrected: step(x, n, corrected=c),
            problem,
            theta,
            theorem=theorem,
            step_size=gamma,
            weight=weight,
        )
        assert other.status == "VIOLATED"


@pytest.mark.parametrize("kind", ["squared", "softmax", "logistic"])
def test_the_value_is_the_mixture_of_two_losses(kind):
    problem = problem_named(kind)
    rng = np.random.default_rng(1)
    x, theta = rng.standard_normal((2, problem.dim))
    inputs, targets = tensors(problem, kind)
    z, u = linear(problem, x)(inputs), linear(problem, theta)(inputs).detach()
    value = float(DistillationLoss(0.3, loss=kind)(z, u, targets).detach())
    taught = {
        "squared": lambda: u,
        "softmax": lambda: torch.softmax(u, 1),
        "logistic": lambda: torch.sigmoid(u),
    }[kind]()
    hard = {
        "squared": lambda a, b: 0.5 * ((a - b) ** 2).sum(1).mean(),
        "softmax": nn.functional.cross_entropy,
        "logistic": lambda a, b: nn.functional.binary_cross_entropy_with_logits(a, b),
    }[kind]
    assert value == pytest.approx(
        float((0.7 * hard(z, targets) + 0.3 * hard(z, taught)).detach()), rel=1e-13
    )


def network(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3)).double()


def mean_gradient(model: nn.Module, inputs, targets) -> torch.Tensor:
    found = torch.autograd.grad(
        nn.functional.cross_entropy(model(inputs), targets), list(model.parameters())
    )
    return torch.cat([g.flatten() for g in found])


def gradients_of(model: nn.Module) -> torch.Tensor:
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def test_control_variate_is_unbiased_for_a_network_and_correct_is_refused():
    problem = problem_named("softmax")
    inputs, targets = tensors(problem, "softmax")
    student, teacher = network(0), network(1)
    unbiased = UnbiasedDistillation(teacher, nn.CrossEntropyLoss()).fit([(inputs, targets)])
    full = mean_gradient(student, inputs, targets)
    torch.testing.assert_close(
        unbiased.mean_gradient, mean_gradient(teacher, inputs, targets), rtol=0, atol=1e-15
    )
    means = {"control": torch.zeros_like(full), "correct": torch.zeros_like(full)}
    for n in range(24):  # the mean over all batches of one is the expectation
        x, y = inputs[n : n + 1], targets[n : n + 1]
        student.zero_grad()
        nn.functional.cross_entropy(student(x), y).backward()
        unbiased.control_variate(student, x, y, 0.8)
        means["control"] += gradients_of(student) / 24
        student.zero_grad()
        DistillationLoss(0.8)(student(x), teacher(x), y).backward()
        means["correct"] += (gradients_of(student) + 0.8 * unbiased.mean_gradient) / 24
        with pytest.raises(InvalidInput, match="linear in their parameters"):
            unbiased.correct(student, 0.8)
    torch.testing.assert_close(means["control"], full, rtol=0, atol=1e-14)
    # What correct() would have left: the gap of Proposition 1.
    assert float((means["correct"] - full).norm()) > 0.05 * float(full.norm())


@pytest.mark.parametrize("wrap", [torch.compile, nn.Sequential])
def test_wrapped_models_have_the_coordinates_of_the_bare_ones(wrap):
    """torch.compile and DDP prefix every name; the compiled function itself is not run."""
    inputs, targets = tensors(problem_named("softmax"), "softmax")
    bare, teacher = network(0), network(1)
    held = UnbiasedDistillation(teacher, nn.CrossEntropyLoss()).fit([(inputs, targets)])
    if wrap is nn.Sequential:
        student = nn.Module()
        student.module = copy.deepcopy(bare)
        wrapped, inner = student, student.module
    else:
        wrapped = torch.compile(copy.deepcopy(bare))
        inner = wrapped._orig_mod
    results = []
    for outer, model in ((bare, bare), (wrapped, inner)):
        nn.functional.cross_entropy(model(inputs[:4]), targets[:4]).backward()
        held.control_variate(outer, inputs[:4], targets[:4], 0.5)
        results.append(gradients_of(model))
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)


def test_a_summed_loss_is_noticed():
    with pytest.raises(InvalidInput, match="reduction='mean'"):
        UnbiasedDistillation(network(0), nn.CrossEntropyLoss(reduction="sum"))


def test_auto_weight_is_lambda_star_of_the_last_layer_of_the_batch():
    rng = np.random.default_rng(4)
    a, w, v = rng.standard_normal((60, 5)), rng.standard_normal((3, 5)), rng.standard_normal((3, 5))
    z, u, labels = a @ w.T, a @ (w + 0.2 * v).T, rng.integers(0, 3, 60)
    for criterion, constants in (
        ("unbiased", {}),
        ("second-moment", {}),
        ("horizon", {"horizon": 100}),
        ("theorem-1", {"step_size": 0.02, "mu": 0.5}),
    ):
        # One call was made of 101, so that 100 are left.
        steps = {"total_steps": 101, "least_gain": 0.0} if criterion == "horizon" else constants
        loss = DistillationLoss(criterion=criterion, clip=None, **steps)
        loss(torch.tensor(z), torch.tensor(u), torch.tensor(labels), torch.tensor(a))
        expected = kd.lambda_star_from_logits(
            z, u, labels, features=a, criterion=criterion, batch_size=60, **constants
        )
        assert loss.weight == pytest.approx(expected.weight, rel=1e-12)
        found = loss.estimate()
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-6)


def stream(
    loss: DistillationLoss, steps: int, *, seed: int = 0, features: bool = True
) -> list[float]:
    rng, found = np.random.default_rng(seed), []
    for _ in range(steps):
        a = rng.standard_normal((32, 4))
        w = np.arange(12.0).reshape(3, 4) / 6 - 1
        z, u = a @ w.T, a @ (1.2 * w + 0.1).T
        labels = np.array([rng.choice(3, p=p) for p in np.exp(z) / np.exp(z).sum(1, keepdims=True)])
        arguments = [torch.tensor(x) for x in ((z, u, labels, a) if features else (z, u, labels))]
        loss(*arguments)
        found.append(loss.weight)
    return found


def test_refreshes_happen_when_they_should_and_only_in_training():
    loss = DistillationLoss(criterion="unbiased", refresh_every=4, clip=None)
    found = stream(loss, 9)
    assert len(set(found)) == 3 and len(set(found[:4])) == len(set(found[4:8])) == 1
    loss.eval()
    assert stream(loss, 9, seed=1) == [found[-1]] * 9


def test_averaging_moments_narrows_the_interval_and_the_weight_settles():
    once, often = (
        DistillationLoss(criterion="unbiased", clip=None),
        DistillationLoss(criterion="unbiased", clip=None, refresh_every=1),
    )
    stream(once, 1)
    stream(often, 40)
    short, long = once.estimate(), often.estimate()
    assert long.high - long.low < 0.5 * (short.high - short.low)
    assert long.n_samples == pytest.approx(32 * 19, rel=0.05)  # (1 + 0.9)/(1 - 0.9) refreshes
    assert (
        long.low
        < stream(
            DistillationLoss(criterion="unbiased", clip=None, refresh_every=1, decay=0.99), 300
        )[-1]
        < long.high
    )


def test_state_round_trip_continues_identically_and_survives_half(tmp_path):
    first = DistillationLoss(criterion="unbiased", refresh_every=2, clip=None)
    stream(first, 5)
    buffer = io.BytesIO()
    torch.save(first.half().state_dict(), buffer)
    buffer.seek(0)
    second = DistillationLoss(criterion="unbiased", refresh_every=2, clip=None)
    second.load_state_dict(torch.load(buffer, weights_only=True))
    assert second.weight == first.weight and second.estimate() == first.estimate()
    assert stream(first, 4, seed=7) == stream(second, 4, seed=7)
    with pytest.raises(InvalidInput, match="another kind of weight"):
        DistillationLoss(0.5).load_state_dict(first.state_dict())


def test_unbiased_state_round_trip_and_later_changes_of_the_teacher_do_not_matter():
    problem = problem_named("softmax")
    inputs, targets = tensors(problem, "softmax")
    teacher = network(1)
    first = UnbiasedDistillation(teacher, nn.CrossEntropyLoss()).fit([(inputs, targets)])
    second = UnbiasedDistillation(network(2), nn.CrossEntropyLoss())
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert list(first.parameters()) == []  # an optimiser over it trains nothing
    with torch.no_grad():
        for p in teacher.parameters():
            p.add_(1.0)
    results = []
    for one in (first, second):
        student = network(0)
        nn.functional.cross_entropy(student(inputs[:4]), targets[:4]).backward()
        one.control_variate(student, inputs[:4], targets[:4], 0.5)
        results.append(gradients_of(student))
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)


def test_clipping_is_of_the_weight_used_and_the_raw_one_is_reported():
    # Twice the student's residuals: lambda* is far above 1 for a teacher with small residuals.
    clipped, free = (
        DistillationLoss(criterion="unbiased", clip=c, refresh_every=1) for c in ((0.0, 1.0), None)
    )
    rng = np.random.default_rng(8)
    a = rng.standard_normal((64, 4))
    y = rng.standard_normal((64, 1))
    for loss in (clipped, free):
        loss.loss = "squared"
        loss(
            torch.tensor(y + 4 * y * 0.5),
            torch.tensor(y + 0.25 * y),
            torch.tensor(y),
            torch.tensor(a),
        )
    assert clipped.weight == 1.0 and free.weight == pytest.approx(8.0)
    assert clipped.estimate().weight == pytest.approx(8.0)


def test_without_features_the_gradient_is_that_of_the_offset():
    rng = np.random.default_rng(4)
    z, u, labels = (
        rng.standard_normal((40, 3)),
        rng.standard_normal((40, 3)),
        rng.integers(0, 3, 40),
    )
    loss = DistillationLoss(criterion="unbiased", clip=None)
    loss(*(torch.tensor(x) for x in (z, u, labels)))
    assert loss.weight == pytest.approx(
        kd.lambda_star_from_logits(z, u, labels, features=np.ones((40, 1))).weight, rel=1e-12
    )


def test_a_teacher_that_interpolates_the_batch_gets_weight_zero():
    y = torch.tensor([0.3, 0.1, -0.2])[:, None]
    loss = DistillationLoss(loss="squared", total_steps=100)
    loss(y + 1.0, y, y)
    assert loss.weight == 0.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_low_precision_logits(dtype):
    loss = DistillationLoss(criterion="unbiased", clip=None)
    rng = np.random.default_rng(4)
    z, u = (torch.tensor(x).to(dtype).requires_grad_(True) for x in rng.standard_normal((2, 40, 3)))
    value = loss(z, u, torch.arange(40) % 3)
    value.backward()
    # The teacher gets no gradient.
    # Half precision is computed in float32.
    assert value.dtype == torch.float32 and z.grad.dtype == dtype and u.grad is None
    expected = kd.lambda_star_from_logits(
        *(x.detach().double().numpy() for x in (z, u)), np.arange(40) % 3, features=np.ones((40, 1))
    )
    assert loss.weight == pytest.approx(expected.weight, rel=1e-12)


def call(loss: DistillationLoss, z=(6, 3), u=(6, 3), y=None):
    return loss(torch.zeros(z), torch.ones(u), torch.arange(6) % 3 if y is None else y)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: DistillationLoss("automatic"), "'auto'"),
        (lambda: DistillationLoss(math.nan), "weight must be finite"),
        (lambda: DistillationLoss(loss="hinge"), "Unknown loss"),
        (lambda: DistillationLoss(), "needs total_steps"),
        (lambda: DistillationLoss(total_steps=0), "total_steps"),
        (lambda: DistillationLoss(criterion="theorem-1"), "needs step_size"),
        (lambda: DistillationLoss(total_steps=9, decay=1.0), "decay"),
        (lambda: DistillationLoss(total_steps=9, clip=(1.0, 0.0)), "clip"),
        (lambda: DistillationLoss(total_steps=9, refresh_every=0), "refresh_every"),
        (lambda: DistillationLoss(0.5).estimate(), "fixed at 0.5"),
        (lambda: DistillationLoss(total_steps=9).estimate(), "No training batch"),
        (lambda: call(DistillationLoss(0.5), z=(6, 3, 2, 1)), "must both be"),
        (lambda: call(DistillationLoss(0.5), u=(6, 4)), r"\(6, 4\)"),
        (lambda: call(DistillationLoss(0.5), y=torch.zeros(5, dtype=torch.int64)), "classes"),
        (lambda: call(DistillationLoss(0.5, loss="squared"), y=torch.zeros(5, 3)), "do not fit"),
        (
            lambda: UnbiasedDistillation(
                nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.2)), nn.CrossEntropyLoss()
            ),
            "eval",
        ),
        (lambda: UnbiasedDistillation(network(0), nn.CrossEntropyLoss()).fit([]), "no batch"),
        (
            lambda: UnbiasedDistillation(network(0), nn.CrossEntropyLoss()).correct(
                network(1), 0.5
            ),
            "call fit",
        ),
    ],
)
def test_refused(action, message):
    with pytest.raises(InvalidInput, match=message):
        action()


def fitted(model: nn.Module) -> UnbiasedDistillation:
    inputs, targets = tensors(problem_named("softmax"), "softmax")
    return UnbiasedDistillation(model, nn.CrossEntropyLoss()).fit([(inputs, targets)])


def test_frozen_teacher_and_partly_frozen_student():
    inputs, targets = tensors(problem_named("softmax"), "softmax")
    held, free = fitted(network(1).requires_grad_(False)), fitted(network(1))
    torch.testing.assert_close(held.mean_gradient, free.mean_gradient, rtol=0, atol=0)
    students = [network(0), network(0)]
    students[0][0].requires_grad_(False)
    for student in students:
        nn.functional.cross_entropy(student(inputs), targets).backward()
        held.control_variate(student, inputs[:5], targets[:5], 0.5)
    assert students[0][0].weight.grad is None
    for one, two in zip(students[0][2].parameters(), students[1][2].parameters(), strict=True):
        torch.testing.assert_close(one.grad, two.grad, rtol=0, atol=0)


def test_refused_students():
    with pytest.raises(InvalidInput, match="no gradient"):
        fitted(nn.Linear(3, 3).double()).correct(nn.Linear(3, 3).double(), 0.5)
    with pytest.raises(InvalidInput, match="use DistillationLoss"):
        fitted(nn.Linear(3, 3).double()).correct(network(0), 0.5)
    normed = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)).double()
    with pytest.raises(InvalidInput, match="normalises by the batch"):
        inputs, targets = tensors(problem_named("softmax"), "softmax")
        fitted(copy.deepcopy(normed).eval()).control_variate(normed, inputs, targets, 0.5)


def test_a_diverged_teacher_is_refused_and_leaves_nothing_half_done():
    teacher = network(0)
    inputs, targets = tensors(problem_named("softmax"), "softmax")
    held = UnbiasedDistillation(teacher, nn.CrossEntropyLoss()).fit([(inputs, targets)])
    before = held.mean_gradient.clone()
    with pytest.raises(InvalidInput, match="not finite"):
        held.fit([(inputs, targets), (inputs * math.nan, targets)])
    assert torch.equal(held.mean_gradient, before)
