"""Numbers of the statements against an independent implementation, and the errors of bad input."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

import kdtheory as kd
from kdtheory.algebra.assumptions import contraction
from kdtheory.bounds.crossing import crossing

FILE = Path(__file__).parent / "data" / "instances.json"
INSTANCES = json.loads(FILE.read_text())["instances"]
SQUARES = [row for row in INSTANCES if row["kind"] == "least-squares"]
RELATIVE = 1e-9  # the stated accuracy of the reference values


def squares(row: dict) -> kd.LeastSquares:
    return kd.LeastSquares(row["features"], row["targets"], ridge=row["ridge"])


def make_cases():
    for index, row in enumerate(SQUARES):
        for part in ("strongly_convex", "pl"):
            for key in row.get(part, {}):
                if key.startswith(("floor_", "lambda_star_", "bound_")):
                    yield pytest.param(row, row[part], key, id=f"{index}-{key}")


@pytest.mark.parametrize(("row", "part", "key"), list(make_cases()))
def test_reference_values(row, part, key):
    problem, gamma, lam = squares(row), part["step_size"], part["weight"]
    for prefix in (
        prefix for prefix in ("floor_", "lambda_star_", "bound_") if key.startswith(prefix)
    ):
        name = key.removeprefix(prefix).replace("_", "-")
        if prefix == "floor_":
            assert kd.noise_floor(
                problem, row["theta"], theorem=name, step_size=gamma, weight=lam
            ) == pytest.approx(part[key], rel=RELATIVE)
        if prefix == "lambda_star_":
            assert kd.optimal_weight(
                problem, row["theta"], step_size=gamma, criterion=name
            ) == pytest.approx(part[key], rel=RELATIVE)
        if prefix == "bound_":
            values = kd.bound(
                problem,
                row["theta"],
                theorem=name,
                step_size=gamma,
                weight=lam,
                x0=row["x0"],
                steps=100,
            )
            for time, value in part[key].items():
                assert values[int(time)] == pytest.approx(value, rel=RELATIVE)


@pytest.mark.parametrize("row", INSTANCES)
def test_teacher_statistics(row):
    problem = (
        squares(row)
        if row["kind"] == "least-squares"
        else kd.LogisticRegression(row["features"], row["labels"], ridge=row["ridge"])
    )
    found = kd.teacher_statistics(problem, row["theta"])
    for key, value in row["teacher"].items():
        assert getattr(found, key) == pytest.approx(value, rel=RELATIVE)
    assert problem.constants.sigma_star_sq == pytest.approx(row["sigma_star_sq"], rel=RELATIVE)


@pytest.mark.parametrize(
    "name", [name for name, theorem in kd.THEOREMS.items() if theorem.psi is not None]
)
def test_floor_is_the_limit_of_the_curve(name):
    problem = squares(SQUARES[0])
    gamma = kd.step_size_limit(problem, name) * 0.9
    found = {"theorem": name, "step_size": gamma, "weight": 0.3}
    values = kd.bound(problem, SQUARES[0]["theta"], x0=SQUARES[0]["x0"], steps=20_000, **found)
    # The slowest rate here, gamma mu of the PL statements, leaves (1 - 0.005)^20000 < 1e-40 of the
    # start.
    assert values[-1] == pytest.approx(
        kd.noise_floor(problem, SQUARES[0]["theta"], **found), rel=1e-9
    )


@pytest.mark.parametrize(
    "name", [name for name, theorem in kd.THEOREMS.items() if theorem.psi is not None]
)
def test_optimal_weight_minimises_the_floor(name):
    problem, theta = squares(SQUARES[0]), SQUARES[0]["theta"]
    gamma = kd.step_size_limit(problem, name) * 0.9
    best = kd.optimal_weight(problem, theta, step_size=gamma, criterion=name)
    floor = kd.noise_floor(problem, theta, theorem=name, step_size=gamma, weight=best)
    for other in np.concatenate([np.linspace(-1, 2, 31), best + np.array([-1e-3, 1e-3])]):
        assert kd.noise_floor(
            problem, theta, theorem=name, step_size=gamma, weight=other
        ) >= floor * (1 - 1e-12)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("theorem-1-envelope", "theorem-1-sharp"),
        ("theorem-1-sharp", "theorem-1-refined"),
        ("theorem-1-refined", "theorem-1"),
        ("theorem-2-envelope", "theorem-2-sharp"),
        ("theorem-2-sharp", "theorem-2-refined"),
        ("theorem-2-refined", "theorem-2"),
        ("unbiased-sharp", "unbiased"),
        ("unbiased-pl-sharp", "unbiased-pl"),
    ],
)
@pytest.mark.parametrize("row", SQUARES[:4])
def test_each_statement_is_no_weaker_than_the_next(better, worse, row):
    problem, theta = squares(row), row["theta"]
    gamma = kd.step_size_limit(
        problem, worse if "refined" not in worse else worse.removesuffix("-refined")
    )
    for weight in (-0.5, 0.0, 0.1, 1.0, 1.5):
        low, high = (
            kd.noise_floor(problem, theta, theorem=name, step_size=gamma * 0.999, weight=weight)
            for name in (better, worse)
        )
        assert low <= high * (1 + 1e-12)


def test_step_size_outside_the_range_names_rule_and_numbers():
    problem = squares(SQUARES[0])
    with pytest.raises(
        kd.StepSizeTooLarge,
        match=r"Theorem 1 needs gamma <= 1/\(8\*Lcal\) = 0\.036\d+.*got gamma = 0\.1",
    ):
        kd.noise_floor(problem, SQUARES[0]["theta"], theorem="theorem-1", step_size=0.1, weight=0.0)


def test_open_ranges_exclude_their_end():
    problem = squares(SQUARES[0])
    limit = kd.step_size_limit(problem, "theorem-1-sharp")
    with pytest.raises(kd.StepSizeTooLarge, match="needs gamma <"):
        kd.noise_floor(
            problem, SQUARES[0]["theta"], theorem="theorem-1-sharp", step_size=limit, weight=0.0
        )


def test_not_strongly_convex_is_refused_with_the_way_out():
    row = SQUARES[4]
    with pytest.raises(kd.AssumptionFails, match="needs strong convexity.*theorem-2"):
        kd.step_size_limit(squares(row), "theorem-1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": [[1.0, float("nan")]], "targets": [1.0]}, "features must be finite"),
        ({"features": [[1.0]], "targets": [1.0, 2.0]}, "one row per sample"),
        ({"features": np.zeros((0, 2)), "targets": np.zeros(0)}, "empty"),
        ({"features": [[1.0]], "targets": [1.0], "ridge": -1.0}, "ridge must be >= 0"),
    ],
)
def test_bad_problems(change, message):
    with pytest.raises(kd.InvalidInput, match=message):
        kd.LeastSquares(**change)


def test_unknown_theorem_names_the_nearest():
    with pytest.raises(kd.InvalidInput, match="Did you mean 'theorem-1-sharp'"):
        kd.step_size_limit(squares(SQUARES[0]), "theorem-1-shrap")


def test_labels_outside_the_unit_interval():
    with pytest.raises(kd.InvalidInput, match=r"labels must lie in \[0, 1\]"):
        kd.LogisticRegression([[1.0], [2.0]], [-1, 1])


def test_separable_classes_have_no_minimiser():
    with pytest.raises(kd.InvalidInput, match="Separable classes"):
        _ = kd.LogisticRegression([[1.0], [-1.0]], [1, 0]).minimiser


def test_teacher_of_another_dimension():
    with pytest.raises(kd.InvalidInput, match="theta must have dimension 2"):
        kd.teacher_statistics(squares(SQUARES[0]), [1.0, 2.0, 3.0])


def test_pl_constant_of_the_sinusoid_by_ball_arithmetic():
    """phi'^2 - 2 mu phi > 0 on (0, 6]; beyond it phi' >= 2t - 3 and phi <= t^2 + 3 decide, near 0
    the series does.
    """
    from flint import arb

    from kdtheory.problems.sinusoidal import PHI_MU

    mu, cells = arb(PHI_MU), 60_000
    for i in range(500, cells):  # t from 0.05
        t = arb(6) * (arb(i) + arb("0.5")) / cells
        ball = arb(t.mid(), arb(3.0001) / cells)
        slope = 2 * ball + 3 * (2 * ball).sin()
        assert slope * slope - 2 * mu * (ball * ball + 3 * ball.sin() ** 2) > 0
    # At t = 6; the left side grows faster: 4(2t-3) > 4 mu t.
    assert 2 * PHI_MU * (36 + 3) < (2 * 6 - 3) ** 2
    # On (0, 0.05]: phi' >= 8t - 4t^3 and phi <= 4t^2, so phi'^2 >= (7.99 t)^2 > 2 mu 4 t^2.
    assert 8 * PHI_MU < 7.99**2


@pytest.mark.parametrize("name", ["compressed", "compressed-envelope"])
def test_contraction_is_refused_where_it_is_listed_and_only_there(name):
    """Too much compression is refused by the assumption that ``needs`` lists; without it there is a
    curve, and no floor.
    """
    theorem, problem, theta = kd.THEOREMS[name], squares(SQUARES[0]), SQUARES[0]["theta"]
    gamma = kd.step_size_limit(problem, name) / 2
    mild, harsh = kd.Bernoulli(1 / (1 + gamma * float(problem.constants.mu) / 2)), kd.Bernoulli(0.5)
    given = {"step_size": gamma, "weight": 0.3}
    assert kd.noise_floor(problem, theta, theorem=name, compressor=mild, **given) > 0
    assert contraction in theorem.needs
    with pytest.raises(
        kd.AssumptionFails, match=r"contracts only for \(1\+omega\)\(1-gamma mu\) < 1"
    ):
        kd.noise_floor(problem, theta, theorem=name, compressor=harsh, **given)
    if name == "compressed-envelope":
        unlisted = replace(
            theorem, needs=tuple(need for need in theorem.needs if need is not contraction)
        )
        x0 = problem.minimiser + 1.0
        curve = kd.bound(
            problem, theta, theorem=unlisted, x0=x0, steps=20, compressor=harsh, **given
        )
        truth = kd.expected(
            problem, theta, kd.DistilledSGD(0.3, compressor=harsh), step_size=gamma, x0=x0, steps=20
        )
        assert np.all(truth.sq_distance <= curve * (1 + 1e-12))
        with pytest.raises(kd.AssumptionFails, match="has no floor here"):
            kd.noise_floor(problem, theta, theorem=unlisted, compressor=harsh, **given)


def test_a_weight_at_the_border_of_two_regimes():
    """The floor jumps there by a fifth, and falls towards it: the best weight is as near as floats
    can tell the sides apart.
    """
    rng = np.random.default_rng(0)
    problem = kd.LeastSquares(rng.standard_normal((3, 2)), rng.standard_normal(3), ridge=0.3)
    theta = problem.minimiser + float(rng.choice([0.03, 0.3, 1.0])) * rng.standard_normal(2)
    gamma = float(rng.choice([0.02, 0.3, 0.7])) / float(problem.constants.Lcal)
    at = {"step_size": gamma, "theorem": "theorem-1-envelope"}
    best = kd.optimal_weight(problem, theta, step_size=gamma, criterion="theorem-1-envelope")
    below, here, above = (
        kd.noise_floor(problem, theta, weight=best * factor, **at)
        for factor in (1 - 1e-9, 1.0, 1 + 1e-6)
    )
    assert below > 1.15 * here and above > here * (1 + 5e-7)
    # Found along the curve of all weights, on which another letter is the border's.
    several = kd.optimal_weight(problem, theta[None], step_size=gamma, criterion=at["theorem"])
    assert several == pytest.approx([best], rel=1e-9)


SHAPES = {
    "line": lambda x, root: root - x,
    "root": lambda x, root: root**0.5 - x**0.5,
    "flat": lambda x, root: np.exp(-x / root) - 0.3,
    "concave": lambda x, root: 3 * root + 0.2 * x + (x * root) ** 0.5 - x,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_crossings_are_brents(shape):
    """SciPy's own search is the oracle, at roots of all sizes."""
    rng = np.random.default_rng(0)
    for root in 10.0 ** rng.uniform(-30, 30, 50):
        high = 20 * root * 10.0 ** rng.uniform(0, 6)
        found = crossing(lambda x, root=root: SHAPES[shape](x, root), 0.0, high)
        known = brentq(SHAPES[shape], 0.0, high, args=(root,), xtol=1e-300)
        assert found == pytest.approx(known, rel=1e-14, abs=0)


def test_crossings_at_the_ends():
    assert crossing(lambda x: x, 0.0, 1.0) == 0.0 == crossing(lambda x: -x, -1.0, 0.0)
    assert crossing(lambda x: x - 1e-300, 0.0, 1e300) == pytest.approx(1e-300, rel=1e-12, abs=0)


@pytest.mark.parametrize("theorem", ["theorem-1-sharp", "theorem-1-envelope", "theorem-2-sharp"])
@pytest.mark.parametrize("seed", [9, 48])
def test_a_teacher_at_the_minimiser_is_trusted_wholly(theorem, seed):
    """Whatever rounding leaves of |h| there: the search used to stop 1e-6 short of 1, or beyond."""
    rng = np.random.default_rng(seed)
    problem = kd.LeastSquares(rng.standard_normal((4, 1)), rng.standard_normal(4), ridge=0.5)
    gamma = 0.5 * kd.step_size_limit(problem, theorem)
    best = kd.optimal_weight(problem, problem.minimiser, step_size=gamma, criterion=theorem)
    # A minimum is seen to sqrt(eps).
    assert best == pytest.approx(1.0, abs=3e-8)
