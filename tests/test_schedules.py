"""Schedules: bounds along them, the best ones, their length, and when to stop distilling."""

from __future__ import annotations

import numpy as np
import pytest

import kdtheory as kd

STEPPED = [name for name, theorem in kd.THEOREMS.items() if theorem.psi is not None]


def make_problem(seed: int = 0, *, n: int = 12, d: int = 3, ridge: float = 0.2):
    rng = np.random.default_rng(seed)
    return kd.LeastSquares(rng.standard_normal((n, d)), rng.standard_normal(n), ridge=ridge)


def make_teacher(problem, seed: int = 1, size: float = 0.4):
    return problem.minimiser + size * np.random.default_rng(seed).standard_normal(problem.dim)


@pytest.mark.parametrize("name", STEPPED)
def test_a_constant_schedule_is_the_statement(name):
    problem = make_problem()
    theta, x0 = make_teacher(problem), np.ones(3)
    gamma = 0.8 * kd.step_size_limit(problem, name)
    kwargs = {"theorem": name, "x0": x0, "batch_size": 2, "replacement": False}
    alone = kd.bound(problem, theta, step_size=gamma, weight=0.3, steps=40, **kwargs)
    along = kd.bound(problem, theta, schedule=([gamma] * 40, [0.3] * 40), **kwargs)
    assert np.allclose(alone, along, rtol=1e-11)


@pytest.mark.parametrize("name", STEPPED)
def test_a_schedule_is_its_pieces(name):
    """Two pieces of constant steps: the second begins where the first ended."""
    problem = make_problem(1)
    theta = np.array([make_teacher(problem, 1), make_teacher(problem, 2)])
    gamma = 0.9 * kd.step_size_limit(problem, name)
    gammas = [gamma] * 5 + [0.0] * 2 + [gamma / 3] * 5
    weights = np.array([[0.3, 0.2]] * 7 + [[-0.1, 0.4]] * 5)
    found = kd.bound(problem, theta, theorem=name, x0=np.ones(3), schedule=(gammas, weights))
    first = kd.bound(
        problem, theta, theorem=name, x0=np.ones(3), step_size=gamma, weight=[0.3, 0.2], steps=5
    )
    assert np.allclose(found[:6], first, rtol=1e-11)
    assert found[5] == found[6] == found[7]
    from kdtheory.bounds.values import curve, letters_for

    letters = letters_for(
        problem, theta, kd.THEOREMS[name], step_size=gamma / 3, weight=[-0.1, 0.4]
    )
    assert np.allclose(found[7:], curve(kd.THEOREMS[name], letters, found[7], 5), rtol=1e-11)


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"schedule": ([0.01], [0.0]), "weight": 0.1}, "takes the place of step_size"),
        ({"step_size": 0.01, "weight": 0.1}, "needs step_size=, weight= and steps="),
        ({"schedule": ([0.01] * 3, [0.0] * 2)}, "3 step sizes"),
        ({"schedule": ([0.01] * 3, [0.0] * 3), "steps": 4}, "3 steps and steps = 4"),
        ({"schedule": ([0.01, 5.0], [0.0, 0.0])}, "needs gamma <="),
        ({"schedule": ([0.01], [[0.0, 0.1]])}, r"must be \(1,\), for 1 teachers, got \(1, 2\)"),
        ({"schedule": ([0.01], None)}, "needs its weights"),
        ({"schedule": 3}, "Schedule or a pair"),
    ],
)
def test_bad_schedules(kwargs, said):
    problem = make_problem()
    with pytest.raises(kd.InvalidInput, match=said):
        kd.bound(problem, make_teacher(problem), theorem="theorem-1", x0=np.ones(3), **kwargs)
