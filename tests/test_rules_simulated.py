"""Any rule, any schedule in the two simulators: the same indices, hence the same numbers; and their
means are those of all index paths.
"""

from __future__ import annotations

import numpy as np
import pytest
from paths import ANY, CHANCES, RULES, START, TEACHERS, THETA, TINY, Own, enumerated

import kdtheory as kd
from kdtheory.engines.simulate.alias import alias

# One process compiles these kernels, and those of the file beside (make test: --dist loadgroup).
pytestmark = pytest.mark.xdist_group("kernels")
RNG = np.random.default_rng(3)
N, D = 40, 5
FEATURES = RNG.standard_normal((N, D))
PROBLEMS = {
    "squares": kd.LeastSquares(FEATURES, RNG.standard_normal(N), ridge=0.1),
    "logistic": kd.LogisticRegression(FEATURES, RNG.uniform(size=N), ridge=0.05),
    "softmax": kd.SoftmaxRegression(FEATURES, RNG.integers(0, 3, N), ridge=0.05),
}
STEPS = 37
GAMMAS = 0.05 / (1 + 0.1 * np.arange(STEPS))
WEIGHTS = np.linspace(0.9, -0.3, STEPS)


def settings(problem):
    """(rule, teacher, step sizes): everything that is no plain rule."""
    rng = np.random.default_rng(8)
    theta, several = rng.standard_normal(problem.dim), rng.standard_normal((2, problem.dim))
    rows = rng.standard_normal((N, problem.dim))
    p = rng.uniform(0.5, 1.5, N)
    p /= p.sum()
    one, two = kd.DistilledSGD(0.4), kd.DistilledSGD([0.4, -0.2], unbiased=True, batch_size=3)
    gamma = {"step_size": 0.05, "steps": STEPS}
    both = np.stack([WEIGHTS, 1 - WEIGHTS], axis=1)
    blocks = kd.DistilledSGD([0.4, 1.1], blocks=[slice(2), [3]])
    return {
        "rows": (Own(rows), theta, gamma),
        "rows, batch": (Own(rows, batch_size=3, replacement=False), theta, gamma),
        "rows, compressed": (Own(rows, compressor=kd.RandK(2)), theta, gamma),
        "teachers": (two, several, gamma),
        "blocks": (blocks, theta, gamma),
        "sampled": (kd.ImportanceSampling(one, p), theta, gamma),
        "sampled teachers": (kd.ImportanceSampling(two, "lipschitz"), several, gamma),
        "sampled rows": (Own(rows, probabilities=p, batch_size=2), theta, gamma),
        "optimal": (kd.ImportanceSampling(one, "optimal"), theta, gamma),
        "schedule": (one, theta, {"schedule": (GAMMAS, WEIGHTS)}),
        "step sizes": (one, theta, {"schedule": (GAMMAS, None)}),
        "schedule of teachers": (two, several, {"schedule": (GAMMAS, both)}),
        "schedule of blocks": (blocks, theta, {"schedule": kd.Schedule(GAMMAS, both)}),
        "schedule, sampled, compressed": (
            kd.ImportanceSampling(kd.DistilledSGD(0.4, compressor=kd.Bernoulli(0.9)), p),
            theta,
            {"schedule": (GAMMAS, WEIGHTS)},
        ),
    }


NAMES = list(settings(PROBLEMS["squares"]))


@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("name", NAMES)
def test_engines_draw_the_same_and_find_the_same(name, kind):
    problem = PROBLEMS[kind]
    rule, theta, steps = settings(problem)[name]
    x0 = np.full(problem.dim, 0.3)
    run = {**steps, "x0": x0, "replicates": 11, "seed": 4, "record_every": 9}
    slow, fast = (kd.simulate(problem, theta, rule, **run, engine=e) for e in ("numpy", "numba"))
    assert (slow.engine, fast.engine) == ("numpy", "numba")
    for field in ("steps", "sq_distance", "gap", "sq_distance_error", "gap_error"):
        assert getattr(fast, field) == pytest.approx(getattr(slow, field), rel=1e-9, abs=1e-12)
    alone = kd.simulate(problem, theta, rule, **run, engine="numba", quantities=("sq_distance",))
    assert alone.sq_distance == pytest.approx(slow.sq_distance, rel=1e-9)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("name", RULES)
def test_means_over_paths(name, engine):
    """Six standard errors of 20,000 runs at t = 1 and 2: with the seed fixed, a pass stays one."""
    rule, theta = RULES[name]
    truth = enumerated(rule, theta, [0.08] * 2)
    run = {"step_size": 0.08, "x0": START, "steps": 2, "replicates": 20_000, "seed": 6}
    found = kd.simulate(TINY, theta, rule, **run, engine=engine)
    for place, (mean, error) in enumerate(
        ((found.sq_distance, found.sq_distance_error), (found.gap, found.gap_error))
    ):
        off = np.abs(mean - truth[:, place])
        assert (off <= 6 * error + 1e-12).all(), off / error


def test_a_wrong_rule_would_be_seen():
    """The share of noise that the comparison above can tell: another table, other chances."""
    run = {"step_size": 0.08, "x0": START, "steps": 2, "replicates": 200_000, "seed": 6}
    truth = enumerated(Own(ANY, probabilities=CHANCES), THETA, [0.08] * 2)
    for wrong in (Own(ANY), Own(0.9 * ANY, probabilities=CHANCES), kd.DistilledSGD(0.5)):
        found = kd.simulate(TINY, THETA, wrong, **run)
        off = np.abs(found.sq_distance - truth[:, 0])[1:]
        assert (off > 6 * found.sq_distance_error[1:]).any()


def test_constant_schedules_take_the_plain_kernels():
    problem = PROBLEMS["squares"]
    run = {"x0": np.full(D, 0.3), "replicates": 9, "seed": 4}
    for engine in ("numpy", "numba"):
        plain = kd.simulate(
            problem,
            START[:1].repeat(D),
            kd.DistilledSGD(0.7),
            step_size=0.05,
            steps=20,
            **run,
            engine=engine,
        )
        same = kd.simulate(
            problem,
            START[:1].repeat(D),
            kd.DistilledSGD(0.2),
            **run,
            engine=engine,
            schedule=(np.full(20, 0.05), np.full(20, 0.7)),
        )
        assert (plain.sq_distance == same.sq_distance).all() and (plain.gap == same.gap).all()


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_a_schedule_goes_on_where_it_stopped(engine):
    problem, theta = PROBLEMS["squares"], np.full(D, 0.2)
    run = {"x0": np.full(D, 0.3), "replicates": 9, "seed": 4, "engine": engine}
    whole = kd.simulate(problem, theta, kd.DistilledSGD(), **run, schedule=(GAMMAS, WEIGHTS))
    first = kd.simulate(
        problem, theta, kd.DistilledSGD(), **run, schedule=(GAMMAS[:20], WEIGHTS[:20])
    )
    rest = kd.simulate(
        problem, theta, kd.DistilledSGD(), **run, schedule=(GAMMAS, WEIGHTS), resume=first.state
    )
    assert (rest.sq_distance == whole.sq_distance[21:]).all()


def test_alias_tables_hold_the_probabilities():
    """Every threshold and partner added up, to the 64 bits of a word."""
    rng = np.random.default_rng(1)
    for p in (
        CHANCES,
        np.array([1.0]),
        np.array([0.0, 1.0, 0.0]),
        np.full(7, 1 / 7),
        rng.dirichlet(np.full(50, 0.1)),
    ):
        table = alias(p)
        kept = table.thresholds / 2.0**64
        held = kept.copy()
        np.add.at(held, table.partners, 1 - kept)
        assert held / len(p) == pytest.approx(p, abs=1e-15)
        assert (held[p == 0] == 0).all()
    bits = rng.integers(0, 2**64, 200_000, dtype=np.uint64)
    counts = np.bincount(alias(CHANCES).drawn(bits), minlength=4) / len(bits)
    assert np.abs(counts - CHANCES).max() < 6 * 0.5 / np.sqrt(len(bits))


def test_what_the_compiled_engine_does_not_know_is_said():
    waves = kd.SinusoidalSum([[1.0]], np.ones(2), [[1.0], [-1.0]])
    run = {"x0": [1.0], "replicates": 4, "seed": 1, "step_size": 0.1, "steps": 2}
    rule = kd.RenewedTeacher(0.5, renewal=0.1)
    assert kd.simulate(waves, [1.0], rule, **run).engine == "numpy"
    with pytest.raises(kd.InvalidInput, match="has no kernel for .* Use engine='numpy'"):
        kd.simulate(waves, [1.0], rule, **run, engine="numba")


WAVES = kd.SinusoidalSum([[1.0, 0.3]], [0.5, 1.5, 1.0], [[1.0, 0.0], [-1.0, 0.5], [0.0, -0.5]])


@pytest.mark.parametrize(
    ("rule", "theta", "more"),
    [
        (Own(np.arange(6.0).reshape(3, 2)), [0.4, 1.0], {"step_size": 0.05, "steps": STEPS}),
        (
            kd.DistilledSGD([0.5, 0.2], batch_size=2),
            [[0.4, 1.0], [0.1, 0.1]],
            {"step_size": 0.05, "steps": STEPS},
        ),
        (kd.DistilledSGD(0.5), [0.4, 1.0], {"schedule": (GAMMAS, WEIGHTS)}),
        (kd.DistilledSGD(0.5), [0.4, 1.0], {"schedule": (GAMMAS, None)}),
        (
            kd.ImportanceSampling(kd.DistilledSGD([0.5, 0.2], batch_size=2), [0.2, 0.3, 0.5]),
            [[0.4, 1.0], [0.1, 0.1]],
            {"schedule": (GAMMAS, np.stack([WEIGHTS, 1 - WEIGHTS], axis=1))},
        ),
    ],
)
def test_waves(rule, theta, more):
    run = {**more, "x0": [1.0, 0.2], "replicates": 9, "seed": 2, "record_every": 5}
    slow, fast = (kd.simulate(WAVES, theta, rule, **run, engine=e) for e in ("numpy", "numba"))
    assert fast.sq_distance == pytest.approx(slow.sq_distance, rel=1e-9)
    assert fast.gap == pytest.approx(slow.gap, rel=1e-9)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"schedule": (GAMMAS, WEIGHTS), "steps": 3}, "has 37 steps and steps = 3 are asked for"),
        ({"schedule": (GAMMAS, WEIGHTS), "step_size": 0.1}, "and not both"),
        ({"steps": 3}, "One of step_size and schedule is needed"),
        ({"step_size": 0.1}, "steps is needed without a schedule"),
        ({"schedule": (GAMMAS, WEIGHTS[:3])}, "has 37 entries in weights, got 3"),
        ({"schedule": (GAMMAS, np.ones((37, 2)))}, "has 2 weights a step and the rule 1"),
        ({"schedule": GAMMAS}, "a Schedule or a pair"),
    ],
)
def test_schedules_refused_in_one_line(more, message):
    for engine in (
        lambda **s: kd.simulate(TINY, THETA, kd.DistilledSGD(), **s, replicates=3, seed=0),
        lambda **s: kd.expected(TINY, THETA, kd.DistilledSGD(), **s),
    ):
        with pytest.raises(kd.InvalidInput) as caught:
            engine(x0=START, **more)
        assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_schedule_of_weights_needs_a_rule_that_is_linear_in_one():
    class Squared(kd.DistilledSGD):
        def control_variates(self, problem, theta):
            return self.weight * super().control_variates(problem, theta)

    plan = {"schedule": ([0.1, 0.05], [1.0, 0.5]), "x0": START}
    with pytest.raises(kd.InvalidInput, match="not linear in its weight"):
        kd.expected(TINY, THETA, Squared(0.5), **plan)
    with pytest.raises(kd.InvalidInput, match="Own has no weight"):
        kd.expected(TINY, THETA, Own(ANY), **plan)
    with pytest.raises(kd.InvalidInput, match="has 1 weights a step and the rule 2"):
        kd.expected(TINY, TEACHERS, kd.DistilledSGD([1, 1]), **plan)
