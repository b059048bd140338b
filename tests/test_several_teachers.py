"""Several teachers and weights by block, against minimisation, enumeration and one teacher."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize

import kdtheory as kd
from kdtheory.bounds.front import Front
from kdtheory.problems.mixtures import mixture

WITH_FLOOR = [
    name
    for name, theorem in kd.THEOREMS.items()
    if theorem.psi is not None and "compressed" not in name
]


def make_problem(seed: int, *, n: int = 12, d: int = 3, ridge: float = 0.2) -> kd.LeastSquares:
    rng = np.random.default_rng(seed)
    return kd.LeastSquares(rng.standard_normal((n, d)), rng.standard_normal(n), ridge=ridge)


def make_teachers(problem, count: int, seed: int = 1, size: float = 0.4):
    rng = np.random.default_rng(seed)
    return problem.minimiser + size * rng.standard_normal((count, problem.dim))


@pytest.mark.parametrize("name", WITH_FLOOR)
def test_weights_minimise_the_floor(name):
    problem = make_problem(0)
    theta = make_teachers(problem, 2)
    gamma = kd.step_size_limit(problem, name) * 0.8
    best = kd.optimal_weight(problem, theta, step_size=gamma, criterion=name)

    def floor(weight):
        return kd.noise_floor(problem, theta, theorem=name, step_size=gamma, weight=weight)

    # From a start that knows nothing, a method that knows no gradients.
    other = minimize(
        floor, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-14}
    )
    assert floor(best) <= other.fun * (1 + 1e-9)
    assert np.allclose(best, other.x, atol=2e-3)


@pytest.mark.parametrize("name", WITH_FLOOR)
def test_one_row_is_one_teacher(name):
    problem = make_problem(1)
    theta = make_teachers(problem, 1)
    gamma = kd.step_size_limit(problem, name) * 0.7
    (several,) = kd.optimal_weight(problem, theta, step_size=gamma, criterion=name)
    alone = kd.optimal_weight(problem, theta[0], step_size=gamma, criterion=name)
    assert several == pytest.approx(alone, rel=1e-6)
    found = [
        kd.bound(
            problem,
            teacher,
            theorem=name,
            step_size=gamma,
            weight=weight,
            x0=np.ones(3),
            steps=30,
        )
        for teacher, weight in ((theta, [0.3]), (theta[0], 0.3))
    ]
    assert np.allclose(*found, rtol=1e-12)


def test_equal_teachers_share_the_weight():
    problem = make_problem(2)
    theta = make_teachers(problem, 1)[0]
    for name in ("theorem-1", "unbiased", "theorem-1-envelope", "exact"):
        kwargs = {"step_size": 0.01, "criterion": name}
        alone = kd.optimal_weight(problem, theta, **kwargs)
        both = kd.optimal_weight(problem, np.array([theta, theta]), **kwargs)
        assert both == pytest.approx([alone / 2] * 2, rel=1e-6)


def test_biases_that_cancel_cost_nothing():
    """theta and its mirror image in x*: h_1 = -h_2, and half of each teaches without bias."""
    problem = make_problem(3)
    D = make_teachers(problem, 1)[0] - problem.minimiser
    theta = problem.minimiser + np.array([D, -D])
    found = kd.optimal_weight(problem, theta, step_size=0.01)
    # Quadratics: lam_1 H_1 + lam_2 H_2 = S where lam = (1/2, 1/2).
    assert found == pytest.approx([0.5, 0.5], rel=1e-9)
    floor = kd.noise_floor(
        problem, theta, theorem="theorem-1-sharp", step_size=0.01, weight=[0.5, 0.5]
    )
    assert floor < 1e-25


def test_front_is_the_quadratic_weight():
    problem = make_problem(4, d=4)
    for count in (1, 3, 6):  # six teachers in four dimensions: singular matrices
        taught = mixture(problem, make_teachers(problem, count))
        front = Front.of(taught)
        for z in (0.3, 1.0, 7.0):
            (found,) = front.weights(np.array([z]))
            assert found == pytest.approx(taught.best(1 / z - 1), rel=1e-6, abs=1e-9)
            assert front.bias(np.array([z]))[0] ** 2 == pytest.approx(
                taught.bias_sq(found), rel=1e-9, abs=1e-20
            )
            assert front.noise(np.array([z]))[0] ** 2 == pytest.approx(
                taught.noise_sq(found), rel=1e-9, abs=1e-20
            )


def test_blocks_are_never_worse_than_one_weight():
    problem = make_problem(5)
    theta = make_teachers(problem, 1)[0]
    taught = mixture(problem, theta, [slice(0, 1), [1, 2]])
    one = mixture(problem, theta)
    lam = kd.optimal_weight(problem, theta, step_size=0.01, blocks=[slice(0, 1), [1, 2]])
    kappa = 1 / (0.01 * float(problem.constants.mu))
    charge = taught.noise_sq(lam) + (1 + kappa) * taught.bias_sq(lam)
    alone = one.best(kappa)
    assert charge <= one.noise_sq(alone) + (1 + kappa) * one.bias_sq(alone)
    # Separate problems, one a block.
    H = problem.gradients(theta)
    S = problem.gradients(problem.minimiser)
    for block, weight in zip(([0], [1, 2]), lam, strict=True):
        h = H[:, block].mean(axis=0)
        C = ((S * (H - H.mean(axis=0)))[:, block]).sum() / len(H)
        V = ((H - H.mean(axis=0))[:, block] ** 2).sum() / len(H)
        assert weight == pytest.approx(C / (V + (1 + kappa) * h @ h), rel=1e-9)


def test_exact_law_of_several_teachers_by_enumeration():
    problem = make_problem(6, n=3, d=2)
    theta = make_teachers(problem, 2)
    lam, gamma, x0 = np.array([0.7, -0.4]), 0.05, np.array([1.0, -2.0])
    H = np.tensordot(lam, [problem.gradients(row) for row in theta], axes=1)
    law = kd.bound(
        problem, theta, theorem="exact-quadratic", step_size=gamma, weight=lam, x0=x0, steps=4
    )
    for steps in range(5):
        total = 0.0
        for indices in itertools.product(range(3), repeat=steps):
            x = x0
            for n in indices:
                x = x - gamma * (problem.gradients(x)[n] - H[n])
            total += float(np.sum((x - problem.minimiser) ** 2)) / 3**steps
        assert law[steps] == pytest.approx(total, rel=1e-12)


def test_exact_weights_are_the_nearest_point_of_the_hull():
    problem = make_problem(7, d=4)
    theta = make_teachers(problem, 3)
    gamma = 0.01
    lam = kd.optimal_weight(problem, theta, step_size=gamma, criterion="exact")
    nearest = lam @ theta / lam.sum()
    far = theta - problem.minimiser
    # Orthogonal to every direction inside the hull.
    assert (nearest - problem.minimiser) @ (far[1:] - far[0]).T == pytest.approx(
        np.zeros(2), abs=1e-12
    )
    alone = kd.optimal_weight(problem, nearest, step_size=gamma, criterion="exact")
    assert lam.sum() == pytest.approx(alone, rel=1e-12)
    # Four dimensions and eight teachers: the hull holds x*, and nothing is left.
    many = make_teachers(problem, 8)
    best = kd.optimal_weight(problem, many, step_size=gamma, criterion="exact")
    floor = kd.noise_floor(problem, many, theorem="exact-quadratic", step_size=gamma, weight=best)
    assert floor < 1e-20


@pytest.mark.parametrize(
    ("theta", "weight", "said"),
    [
        (np.ones((2, 3)), [0.1], r"needs a weight of shape \(2,\), got 1 weights"),
        (np.ones((2, 3)), 0.1, r"needs a weight of shape \(2,\), got 1 weights"),
        (np.ones((2, 4)), [0.1, 0.1], r"theta must be \(3,\), or \(m, 3\).*got shape \(2, 4\)"),
        (np.ones((1, 1, 3)), 0.1, r"theta must be \(3,\), or \(m, 3\).*got shape \(1, 1, 3\)"),
        (np.ones((2, 3)), [0.1, np.nan], "weight must be finite"),
    ],
)
def test_bad_shapes(theta, weight, said):
    with pytest.raises(kd.InvalidInput, match=said):
        kd.noise_floor(make_problem(0), theta, theorem="theorem-1", step_size=0.01, weight=weight)


def test_teachers_of_different_lengths_are_refused():
    problem, theta = make_problem(0), [[1.0, 1.0, 1.0], [1.0]]
    at = {"theorem": "theorem-1", "step_size": 0.01}
    for call in (
        lambda: kd.verify(problem, theta, **at),
        lambda: kd.noise_floor(problem, theta, weight=0.1, **at),
        lambda: kd.optimal_weight(problem, theta, step_size=0.01),
    ):
        with pytest.raises(kd.InvalidInput, match="theta must be an array of real numbers"):
            call()


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ([], "at least one, got none"),
        ([[0, 1], [1, 2]], "coordinate 1 is in two"),
        ([[5]], "index arrays or slices of 3 coordinates"),
    ],
)
def test_bad_blocks(blocks, said):
    problem = make_problem(0)
    with pytest.raises(kd.InvalidInput, match=said):
        kd.optimal_weight(problem, np.ones(3), step_size=0.01, blocks=blocks)
