"""Any rule, in every exact engine: against the mean over all index paths."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from paths import ALONG, ANY, CHANCES, RULES, START, TEACHERS, THETA, TINY, Own, enumerated, paths

import kdtheory as kd
from kdtheory.rules.combination import rank_one
from kdtheory.rules.experiment import experiment

GAMMA = 0.08


def both(curve) -> np.ndarray:
    return np.stack([curve.sq_distance, curve.gap], axis=1)


@pytest.mark.parametrize("method", ["recursion", "lanczos"])
@pytest.mark.parametrize("name", RULES)
def test_exact_moments(name, method):
    rule, theta = RULES[name]
    steps = 2 if rule.batch_size > 1 else 3
    truth = enumerated(rule, theta, [GAMMA] * steps)
    found = kd.expected(TINY, theta, rule, step_size=GAMMA, x0=START, steps=steps, method=method)
    assert both(found) == pytest.approx(truth, rel=1e-11)


@pytest.mark.parametrize("name", RULES)
def test_one_step(name):
    rule, theta = RULES[name]
    found = kd.one_step(TINY, theta, rule, step_size=GAMMA, x=START)
    truth = enumerated(rule, theta, [GAMMA])[1]
    assert (found.sq_distance, found.gap) == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize("name", ["any rows", "sampled", "without replacement"])
def test_one_step_of_another_problem_is_enumerated(name):
    rule, theta = RULES[name]
    softer = kd.LogisticRegression(TINY.features, [0.0, 1.0, 0.3, 0.9], ridge=0.2)
    found = kd.one_step(softer, theta, rule, step_size=GAMMA, x=START)
    truth = enumerated(rule, theta, [GAMMA], problem=softer)[1]
    assert (found.sq_distance, found.gap) == pytest.approx(truth, rel=1e-9)


@pytest.mark.parametrize("name", RULES)
def test_stationary_law_is_the_far_horizon(name):
    rule, theta = RULES[name]
    limit = kd.stationary(TINY, theta, rule, step_size=GAMMA)
    far = kd.expected(
        TINY, theta, rule, step_size=GAMMA, x0=START, steps=4000, at=[4000], method="recursion"
    )
    assert (limit.sq_distance, limit.gap) == pytest.approx(
        (far.sq_distance[0], far.gap[0]), rel=1e-9
    )


@pytest.mark.parametrize("compressor", [kd.RandK(2), kd.Bernoulli(0.8)])
@pytest.mark.parametrize("name", ["any rows", "probabilities and a batch"])
def test_compressed_rules(name, compressor):
    rule, theta = RULES[name]
    squeezed = Own(
        rule.table,
        batch_size=rule.batch_size,
        compressor=compressor,
        probabilities=rule.probabilities,
    )
    plain = enumerated(rule, theta, [])  # t = 0
    found = kd.one_step(TINY, theta, squeezed, step_size=GAMMA, x=START)
    n = TINY.n_terms
    p = np.full(n, 1 / n) if rule.probabilities is None else rule.probabilities
    moved = (TINY.gradients(START) - rule.table) / (n * p[:, None])
    total = 0.0
    draws = [[i] for i in range(n)] if rule.batch_size == 1 else np.ndindex(n, n)
    for batch in draws:
        values, chances = compressor.outcomes(START - GAMMA * moved[list(batch)].mean(axis=0))
        total += np.prod(p[list(batch)]) * (chances @ ((values - TINY.minimiser) ** 2).sum(axis=1))
    assert found.sq_distance == pytest.approx(total, rel=1e-12)
    curve = kd.expected(
        TINY, theta, squeezed, step_size=GAMMA, x0=START, steps=40, method="lanczos"
    )
    slow = kd.expected(
        TINY, theta, squeezed, step_size=GAMMA, x0=START, steps=40, method="recursion"
    )
    assert both(curve) == pytest.approx(both(slow), rel=1e-9)
    assert both(slow)[0] == pytest.approx(plain[0], rel=1e-12)


def test_rows_outside_the_range_of_a_singular_hessian():
    flat = kd.LeastSquares(TINY.features[:2], TINY.targets[:2])
    rule = Own(ANY[:2])
    gammas = [GAMMA] * 4
    truth = enumerated(rule, THETA, gammas, problem=flat)
    for method in ("recursion", "lanczos"):
        found = kd.expected(flat, THETA, rule, step_size=GAMMA, x0=START, steps=4, method=method)
        assert both(found) == pytest.approx(truth, rel=1e-10)
    with pytest.raises(kd.InvalidInput, match="singular Hessian"):
        kd.stationary(flat, THETA, rule, step_size=GAMMA)
    centred = Own(ANY[:2] - ANY[:2].mean(axis=0))
    with pytest.raises(kd.InvalidInput, match="leave the range of a singular Hessian"):
        kd.stationary(flat, THETA, centred, step_size=GAMMA)


def test_stability_limit_of_importance_sampling_is_where_the_law_ends():
    for ridge in (0.0, 0.3):
        problem = kd.LeastSquares(TINY.features, TINY.targets, ridge=ridge)
        rule = kd.ImportanceSampling(kd.DistilledSGD(0.5), CHANCES)
        limit = kd.stability_limit(problem, rule)
        assert kd.stationary(problem, THETA, rule, step_size=limit * (1 - 1e-6)).sq_distance > 0
        with pytest.raises(kd.Diverged, match=f"largest stable step size is {limit:.6g}"):
            kd.stationary(problem, THETA, rule, step_size=limit * (1 + 1e-6))


def test_optimal_probabilities_have_the_least_noise_at_the_minimiser():
    """E|x+ - x*|^2 from x*, for the rule as it is; centring the noise first would choose others."""
    rule, gamma = kd.DistilledSGD(0.8), 0.1

    def noise(p):
        sampled = kd.ImportanceSampling(rule, p)
        return kd.one_step(TINY, THETA, sampled, step_size=gamma, x=TINY.minimiser).sq_distance

    best = kd.ImportanceSampling(rule, "optimal").resolved(TINY, THETA).probabilities
    rng = np.random.default_rng(0)
    for _ in range(200):
        other = best * np.exp(0.3 * rng.standard_normal(4))
        assert noise(other / other.sum()) > noise(best)
    taught = TINY.gradients(THETA)
    centred = np.linalg.norm(
        TINY.gradients(TINY.minimiser) - 0.8 * (taught - taught.mean(axis=0)), axis=1
    )
    assert noise(centred / centred.sum()) > 1.01 * noise(best)


def test_lipschitz_probabilities_make_smoothness_the_mean():
    """Expected smoothness, max_n L_n/(N p_n), is the mean of L_n."""
    rule = kd.ImportanceSampling(kd.DistilledSGD(), "lipschitz").resolved(TINY, THETA)
    sizes = (TINY.features**2).sum(axis=1) + TINY.ridge
    assert (sizes / (4 * rule.probabilities)).max() == pytest.approx(sizes.mean())


def test_rank_one_rows_are_found_and_others_are_not():
    features = TINY.features
    shares, common = rank_one(features, ALONG[:, None, :])
    assert shares[:, 0, None] * features + common[0] == pytest.approx(ALONG, abs=1e-12)
    assert rank_one(features, ANY[:, None, :]) is None
    near = ALONG.copy()
    near[2, 1] += 1e-9
    assert rank_one(features, near[:, None, :]) is None
    zero = features.copy()
    zero[1] = 0.0
    assert rank_one(zero, (ALONG[:, :1] * zero)[:, None, :]) is not None


def test_a_subclass_claims_no_structure_it_has_not():
    for name, known in (("several teachers", True), ("overridden", False), ("blocks", False)):
        rule, theta = RULES[name]
        made = experiment(TINY, theta, rule, step_size=GAMMA)
        assert (made.combination is not None) == known
    assert experiment(TINY, THETA, RULES["overridden corrections"][0], step_size=1).combination is (
        None
    )


@pytest.mark.parametrize(
    ("rule", "theta", "message"),
    [
        (kd.DistilledSGD([0.5, 0.5]), THETA, "1 teachers and needs a weight of shape (1,), got 2"),
        (kd.DistilledSGD(0.5), TEACHERS, "2 teachers and needs a weight of shape (2,), got 1"),
        (
            kd.DistilledSGD(0.5),
            np.ones((2, 4)),
            "m teachers, like the problem, got shape (2, 4)",
        ),
        (kd.DistilledSGD([0.5], blocks=[[0, 1]]), TEACHERS, "Blocks take one teacher"),
        (kd.DistilledSGD([0.5], blocks=[[0, 7]]), THETA, "coordinates between 0 and 2"),
        (kd.DistilledSGD([0.5, 1], blocks=[[0], [0, 1]]), THETA, "coordinate 0 is in 2 of them"),
        (Own(ANY, probabilities=[0.5, 0.5, 0.5, 0.5]), THETA, "must sum to 1, got 2"),
        (Own(ANY, probabilities=[0.5, 0.5]), THETA, "each of N = 4 terms, got 2"),
        (Own(ANY, probabilities=[1.5, -0.5, 0, 0]), THETA, ">= 0, got -0.5 for term 1"),
        (Own(ANY, probabilities=[0.5, 0.5, 0, 0]), THETA, "probabilities[2] = 0 and the direction"),
        (
            Own(ANY, probabilities=CHANCES, batch_size=2, replacement=False),
            THETA,
            "batch with replacement",
        ),
        (Own(ANY[:2]), THETA, "must have shape (N, d) = (4, 3), got (2, 3)"),
        (Own(ANY * np.nan), THETA, "must be finite, got nan at (0, 0)"),
        (Own(ANY + np.inf), THETA, "must be finite, got inf at (0, 0)"),
        (Own(ANY, batch_size=0), THETA, "rule.batch_size must be >= 1"),
        (Own(ANY, batch_size=5, replacement=False), THETA, "at most N = 4 indices"),
        (Own(ANY, replacement="no"), THETA, "rule.replacement must be True or False"),
        (Own(ANY, compressor=3), THETA, "rule.compressor must be None or a Compressor"),
        (0.5, THETA, "float is no rule here: missing control_variates"),
    ],
)
def test_refused_in_one_line(rule, theta, message):
    with pytest.raises(kd.InvalidInput) as caught:
        kd.one_step(TINY, theta, rule, step_size=GAMMA, x=START)
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("problem", [None, ANY, {"dim": 3}])
@pytest.mark.parametrize("theta", [THETA, TEACHERS])
def test_what_is_no_problem_is_refused(problem, theta):
    with pytest.raises(kd.InvalidInput, match="problem must be a finite sum, got"):
        kd.one_step(problem, theta, kd.DistilledSGD(), step_size=GAMMA, x=START)


def test_refused_when_made():
    with pytest.raises(kd.InvalidInput, match="must be None or a Compressor, got 'randk'"):
        kd.DistilledSGD(0.5, compressor="randk")
    with pytest.raises(kd.InvalidInput, match="Did you mean 'optimal'"):
        kd.ImportanceSampling(kd.DistilledSGD(), "optimum")
    with pytest.raises(kd.InvalidInput, match="must sum to 1"):
        kd.ImportanceSampling(kd.DistilledSGD(), [0.5, 0.6])
    with pytest.raises(kd.InvalidInput, match="draws with replacement"):
        kd.ImportanceSampling(kd.DistilledSGD(batch_size=2, replacement=False), CHANCES)
    with pytest.raises(kd.InvalidInput, match="depend on the problem"):
        kd.stability_limit(TINY, kd.ImportanceSampling(kd.DistilledSGD(), "optimal"))
    with pytest.raises(kd.InvalidInput, match="2 blocks need a weight of shape"):
        kd.DistilledSGD(0.5, blocks=[[0], [1]])


def test_probabilities_may_vanish_where_the_direction_does():
    still = kd.LeastSquares([[1.0], [0.0], [2.0]], [1.0, 3.0, -1.0])
    rule = Own(np.array([[0.2], [0.0], [0.1]]), probabilities=[0.3, 0.0, 0.7])
    x0 = np.array([0.4])
    truth = enumerated(rule, [1.0], [0.1] * 3, problem=still, x0=x0)
    found = kd.expected(still, [1.0], rule, step_size=0.1, x0=x0, steps=3)
    assert both(found) == pytest.approx(truth, rel=1e-12)


def test_uniform_probabilities_are_no_probabilities():
    rule, even = Own(ANY), Own(ANY, probabilities=[0.25] * 4)
    assert experiment(TINY, THETA, even, step_size=GAMMA).probabilities is None
    one, other = (
        both(kd.expected(TINY, THETA, r, step_size=GAMMA, x0=START, steps=5)) for r in (rule, even)
    )
    assert (one == other).all()


def test_rules_are_keys_and_travel():
    for rule in (
        kd.DistilledSGD([0.5], blocks=[slice(1)]),
        kd.DistilledSGD([0.5, 1], unbiased=True),
        kd.DistilledSGD(0.5, compressor=kd.RandK(2)),
    ):
        same = pickle.loads(pickle.dumps(rule))
        assert same == rule and hash(same) == hash(rule)
        assert {rule: 1}[same] == 1 and rule != rule.with_weight([0.7] * np.size(rule.weight))


def test_the_oracle_can_fail():
    wrong = paths(TINY, [ANY * 1.01], [GAMMA], x0=START)
    assert wrong[1, 0] != pytest.approx(enumerated(Own(ANY), THETA, [GAMMA])[1, 0], rel=1e-6)


@pytest.mark.parametrize("unbiased", [False, True])
def test_the_probabilities_with_the_least_noise_at_the_minimiser(unbiased):
    """They are proportional to |S_n - c_n|.  The notes' |S_n - lam H'_n|, with H' centred, is the
    best of the unbiased rule alone: under the biased one c_n = lam H_n, and it leaves more.
    """
    rng, weight = np.random.default_rng(3), 0.8
    rule = kd.DistilledSGD(weight, unbiased=unbiased)
    best, taught = TINY.minimiser, TINY.gradients(THETA)

    def noise(probabilities):
        sampled = kd.ImportanceSampling(rule, probabilities)
        return kd.one_step(TINY, THETA, sampled, step_size=GAMMA, x=best).sq_distance

    least = noise("optimal")
    assert all(least <= noise(p) for p in rng.dirichlet(np.ones(TINY.n_terms) * 4, size=50))
    sizes = np.linalg.norm(TINY.gradients(best) - weight * (taught - taught.mean(axis=0)), axis=1)
    centred = noise(sizes / sizes.sum())
    assert centred == pytest.approx(least, rel=1e-12) if unbiased else centred > 1.001 * least
