"""The names that scripts outside the project call: each is there, with its parameters, defaults and
attributes.
"""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import kdtheory as kd

# Positional parameters, then (after "*") keyword-only ones with their defaults; "..." marks those
# without.
SIGNATURES = {
    "LeastSquares": ("features targets", {"ridge": 0.0}),
    "LogisticRegression": ("features labels", {"ridge": 0.0}),
    "SoftmaxRegression": ("features labels", {"ridge": 0.0}),
    "SinusoidalSum": ("directions weights shifts", {}),
    "teacher_statistics": ("problem theta", {}),
    "step_size_limit": ("problem theorem", {}),
    "optimal_weight": (
        "problem theta",
        {"step_size": None, "criterion": "theorem-1", "batch_size": 1},
    ),
    "noise_floor": ("problem theta", {"theorem": ..., "step_size": ..., "weight": ...}),
    "bound": (
        "problem theta",
        {"theorem": ..., "step_size": None, "weight": None, "x0": ..., "schedule": None},
    ),
    "closed_form": ("name", {}),
    "DistilledSGD": (
        "weight",
        {"unbiased": False, "batch_size": 1, "replacement": True, "compressor": None},
    ),
    "one_step": ("problem theta rule", {"step_size": ..., "x": ...}),
    "expected": (
        "problem theta rule",
        {"step_size": None, "x0": ..., "steps": None, "at": None, "schedule": None},
    ),
    "stationary": ("problem theta rule", {"step_size": ...}),
    "simulate": (
        "problem theta rule",
        {
            "step_size": None,
            "x0": ...,
            "steps": None,
            "replicates": ...,
            "seed": ...,
            "record_every": 1,
            "schedule": None,
        },
    ),
    "worst_case": (
        "theorem",
        {
            "step_size": ...,
            "mu": ...,
            "L": ...,
            "Lcal": ...,
            "bias": ...,
            "noise": ...,
            "rate": None,
        },
    ),
    "prove": ("theorem", {"checkers": ("sympy",)}),
    "verify": (
        "problem theta",
        {
            "theorem": ...,
            "step_size": None,
            "weight": None,
            "x0": None,
            "steps": 200,
            "method": "auto",
            "seed": 0,
        },
    ),
    "verify_update": ("step problem theta", {"theorem": ..., "step_size": ..., "weight": ...}),
    "lambda_star": (
        "student_gradients teacher_gradients",
        {
            "criterion": "unbiased",
            "step_size": None,
            "mu": None,
            "L": None,
            "batch_size": 1,
            "confidence": 0.95,
        },
    ),
    "lambda_star_from_logits": ("student_logits teacher_logits labels", {}),
}
KEYS = (
    "distillation-gradient",
    "theorem-1",
    "theorem-2",
    "theorem-1-refined",
    "theorem-2-refined",
    "theorem-1-sharp",
    "theorem-2-sharp",
    "theorem-1-envelope",
    "theorem-2-envelope",
    "unbiased",
    "unbiased-pl",
    "unbiased-sharp",
    "unbiased-pl-sharp",
    "unbiased-envelope",
    "unbiased-pl-envelope",
    "compressed",
    "compressed-envelope",
    "exact-quadratic",
    "horizon",
    "horizon-envelope",
    "snr-step",
    "snr-step-pl",
    "snr-step-biased",
    "snr-schedule",
    "steps-needed",
    "stop-distilling",
    "several-teachers",
    "affine-hull",
    "blocks",
    "renewed-teacher",
    "importance-sampling",
)
ATTRIBUTES = "name source needs kind lhs rhs"
STATISTICS = "gap bias_sq variance covariance rho beta"
ESTIMATE = "weight low high rho beta variance_reduction advice"


def problem() -> kd.LeastSquares:
    return kd.LeastSquares([[1.0, 0.5], [-0.5, 1.0], [0.3, -0.8]], [1.0, -0.4, 0.2], ridge=0.2)


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(name: str) -> None:
    """Positional ones first and in order; the rest by keyword only, with the defaults that are
    promised.
    """
    positional, keywords = SIGNATURES[name]
    found = inspect.signature(getattr(kd, name)).parameters
    places = [p.name for p in found.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert places == positional.split()
    for key, default in keywords.items():
        assert found[key].kind is inspect.Parameter.KEYWORD_ONLY, key
        assert found[key].default == (inspect.Parameter.empty if default is ... else default), key


def test_statements() -> None:
    assert tuple(kd.THEOREMS) == KEYS
    for name, theorem in kd.THEOREMS.items():
        assert (
            theorem.name == name
            and theorem.kind in ("identity", "upper", "tight")
            and isinstance(theorem.latex(), str)
        )
        assert all(hasattr(theorem, word) for word in ATTRIBUTES.split())
    assert all(
        kd.closed_form(name).free_symbols
        for name in ("lambda-star", "noise-floor", "variance-reduction")
    )


def test_arrays_are_frozen_float64_copies() -> None:
    features, targets = np.array([[1, 2], [3, 4], [0, 1]]), np.array([1, 0, 2])
    made = kd.LeastSquares(features, targets, ridge=0.1)
    features[0, 0] = 99
    assert made.features[0, 0] == 1.0
    waves = kd.SinusoidalSum([[1.0, 0.0]], [1.0, 1.0], [[0.5, 0.0], [-0.5, 0.0]])
    arrays = [
        made.features,
        made.targets,
        made.minimiser,
        waves.directions,
        waves.weights,
        waves.shifts,
        kd.LogisticRegression(features, [0, 1, 0.5], ridge=0.1).features,
        kd.SoftmaxRegression(features, [0, 1, 2], ridge=0.1).features,
    ]
    for array in arrays:
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


def test_a_finite_sum_and_its_teacher() -> None:
    made, theta = problem(), np.array([0.3, -0.1])
    assert isinstance(made, kd.FiniteSum) and (made.n_terms, made.dim) == (3, 2)
    assert (
        made.gradient(theta).shape == (2,)
        and made.gradients(theta).shape == (3, 2)
        and made.value(theta) > made.minimum
    )
    constants = made.constants
    assert all(
        float(getattr(constants, name)) > 0 and getattr(constants, name).why
        for name in ("mu", "mu_pl", "L", "Lcal", "sigma_star_sq")
    )
    assert all(
        np.isfinite(getattr(kd.teacher_statistics(made, theta), name))
        for name in STATISTICS.split()
    )


def test_engines_and_verdicts() -> None:
    made, theta, x0 = problem(), np.array([0.3, -0.1]), np.ones(2)
    gamma, rule = kd.step_size_limit(problem(), "theorem-1"), kd.DistilledSGD(0.2)
    for found in (
        kd.one_step(made, theta, rule, step_size=gamma, x=x0),
        kd.stationary(made, theta, rule, step_size=gamma),
    ):
        assert found.sq_distance > 0 and found.gap > 0
    curve = kd.expected(made, theta, rule, step_size=gamma, x0=x0, steps=10**6, at=[0, 10, 10**6])
    assert list(curve.steps) == [0, 10, 10**6] and curve.sq_distance.shape == curve.gap.shape == (
        3,
    )
    runs = kd.simulate(made, theta, rule, step_size=gamma, x0=x0, steps=4, replicates=5, seed=0)
    assert len(runs.steps) == 5 and runs.interval(0.9) is not None
    assert kd.bound(
        made, theta, theorem="theorem-1", step_size=gamma, weight=0.2, x0=x0, steps=7
    ).shape == (8,)
    verdict = kd.verify(made, theta, theorem="theorem-1", steps=5)
    assert (
        verdict.status == "VERIFIED"
        and 0 < verdict.ratio <= 1
        and verdict.evidence
        and verdict.reason
        and verdict.to_dict()
    )
    mine = kd.verify_update(
        lambda x, n: x - gamma * (made.gradients(x)[n] - 0.2 * made.gradients(theta)[n]),
        made,
        theta,
        theorem="theorem-1",
        step_size=gamma,
        weight=0.2,
    )
    assert mine.status == "VERIFIED"
    with pytest.raises(ValueError, match="gamma") as refused:
        kd.verify(made, theta, theorem="theorem-1", step_size=9.0)
    assert isinstance(refused.value, kd.StepSizeTooLarge)
    value = kd.worst_case("theorem-1", step_size=0.05, mu=1.0, L=2.0, Lcal=3.0, bias=0.3, noise=0.5)
    assert isinstance(value, float) and value > 0
    proof = kd.prove("theorem-1")
    assert (
        proof.status == "PROVED"
        and proof.reason
        and proof.steps
        and proof.to_latex()
        and proof.to_smt2()
        and proof.to_coq()
    )


def test_estimates() -> None:
    rng = np.random.default_rng(0)
    student = rng.standard_normal((60, 3))
    teacher = student + 0.3 * rng.standard_normal((60, 3))
    stream = kd.LambdaEstimator(criterion="unbiased", decay=0.99)
    for left, right in zip(student, teacher, strict=True):
        stream.update(left, right)
    labels, sizes = rng.integers(0, 3, 60), np.ones(60)
    for found in (
        kd.lambda_star(student, teacher),
        stream.estimate(),
        kd.lambda_star_from_logits(student, teacher, labels, features_sqnorm=sizes),
    ):
        assert isinstance(found, kd.WeightEstimate) and all(
            hasattr(found, name) for name in ESTIMATE.split()
        )
        assert found.low <= found.weight <= found.high and found.advice.endswith(".")
