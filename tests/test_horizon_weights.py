"""The best weights of every step: the programme against the moments of any weights, its minimum
against brute force.
"""

from __future__ import annotations

import numpy as np
import pytest
from paths import ANY, CHANCES, START, TEACHERS, THETA, TINY, Own

import kdtheory as kd

GAMMAS = np.array([0.12, 0.05, 0.2, 0.11, 0.02, 0.16])
SETTINGS = {
    "biased": (kd.DistilledSGD(), THETA),
    "unbiased": (kd.DistilledSGD(unbiased=True), THETA),
    "batch": (kd.DistilledSGD(batch_size=3), THETA),
    "without replacement": (kd.DistilledSGD(batch_size=2, replacement=False), THETA),
    "teachers": (kd.DistilledSGD([0, 0]), TEACHERS),
    "blocks": (kd.DistilledSGD([0, 0], blocks=[[0, 2], [1]]), THETA),
    "sampled": (kd.ImportanceSampling(kd.DistilledSGD(), CHANCES), THETA),
}


@pytest.mark.parametrize("quantity", ["sq_distance", "gap"])
@pytest.mark.parametrize("name", SETTINGS)
def test_the_programme_is_the_error_of_any_weights(name, quantity):
    rule, theta = SETTINGS[name]
    best = kd.best_weights_for_horizon(
        TINY, theta, rule, step_sizes=GAMMAS, x0=START, quantity=quantity
    )
    rng = np.random.default_rng(4)

    def truth(weights):
        plan = (GAMMAS, weights)
        curve = kd.expected(TINY, theta, rule, x0=START, schedule=plan, at=[len(GAMMAS)])
        return getattr(curve, quantity)[0]

    for _ in range(5):
        weights = rng.standard_normal(best.schedule.weights.shape)
        assert best.at(weights) == pytest.approx(truth(weights), rel=1e-10)
    least = truth(best.schedule.weights)
    assert best.value == pytest.approx(least, rel=1e-9)
    for scale in (1e-3, 0.1, 1.0):
        for _ in range(10):
            step = scale * rng.standard_normal(best.schedule.weights.shape)
            assert truth(best.schedule.weights + step) > least


def test_brute_force():
    """A search that knows nothing of quadratics finds nothing better, and comes near."""
    from scipy.optimize import minimize

    rule = kd.DistilledSGD()
    best = kd.best_weights_for_horizon(TINY, THETA, rule, step_sizes=GAMMAS, x0=START)

    def truth(weights):
        curve = kd.expected(TINY, THETA, rule, x0=START, schedule=(GAMMAS, weights), at=[6])
        return curve.sq_distance[0]

    found = minimize(truth, np.zeros(6), method="Powell", options={"maxiter": 40})
    assert best.value <= found.fun <= 1.001 * best.value


def test_one_weight_is_no_better():
    """The best constant weight of the whole-curve quadratic is a point of the same programme."""
    gammas = np.full(12, 0.1)
    best = kd.best_weights_for_horizon(TINY, THETA, kd.DistilledSGD(), step_sizes=gammas, x0=START)
    curves = kd.expected_in_weight(
        TINY, THETA, kd.DistilledSGD(), step_size=0.1, x0=START, steps=12, at=[12]
    )
    constant = curves.best()[0]
    assert best.at(np.full(12, constant)) == pytest.approx(
        curves.at(constant).sq_distance[0], rel=1e-11
    )
    assert best.value < curves.at(constant).sq_distance[0]


def test_equal_teachers_share_the_weight():
    """Directions that change nothing: the shortest solution, as good as one teacher's."""
    one = kd.best_weights_for_horizon(TINY, THETA, kd.DistilledSGD(), step_sizes=GAMMAS, x0=START)
    two = kd.best_weights_for_horizon(
        TINY, [THETA, THETA], kd.DistilledSGD([0, 0]), step_sizes=GAMMAS, x0=START
    )
    assert two.value == pytest.approx(one.value, rel=1e-9)
    assert two.schedule.weights == pytest.approx(
        np.stack([one.schedule.weights / 2] * 2, axis=1), rel=1e-6, abs=1e-9
    )


def test_refused():
    run = {"step_sizes": GAMMAS, "x0": START}
    with pytest.raises(kd.InvalidInput, match="know no compressor"):
        kd.best_weights_for_horizon(TINY, THETA, kd.DistilledSGD(compressor=kd.RandK(1)), **run)
    with pytest.raises(kd.InvalidInput, match="Own has no weight"):
        kd.best_weights_for_horizon(TINY, THETA, Own(ANY), **run)
    with pytest.raises(kd.InvalidInput, match="5000 unknowns, more than 4000"):
        kd.best_weights_for_horizon(
            TINY, THETA, kd.DistilledSGD(), step_sizes=np.full(5000, 0.1), x0=START
        )
    with pytest.raises(kd.InvalidInput, match="Did you mean 'gap'"):
        kd.best_weights_for_horizon(TINY, THETA, kd.DistilledSGD(), **run, quantity="gaps")
    waves = kd.SinusoidalSum([[1.0]], np.ones(2), [[1.0], [-1.0]])
    with pytest.raises(kd.InvalidInput, match="need least squares"):
        kd.best_weights_for_horizon(waves, [1.0], kd.DistilledSGD(), step_sizes=[0.1], x0=[1.0])
    with pytest.raises(kd.Diverged, match="overflows within 800 steps"):
        kd.best_weights_for_horizon(
            TINY, THETA, kd.DistilledSGD(), step_sizes=np.full(800, 90.0), x0=START
        )
