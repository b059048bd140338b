"""kdtheory: the theory of knowledge distillation, executable and machine-checked.

Names load on first use, so that ``import kdtheory`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.2.0"

_HOME = {
    "kdtheory.errors": (
        "AssumptionFails",
        "Diverged",
        "InvalidInput",
        "KdtheoryError",
        "MissingTool",
        "StepSizeTooLarge",
        "StoreFailure",
        "WorkerFailure",
    ),
    "kdtheory.problems": (
        "Constant",
        "Constants",
        "FiniteSum",
        "LeastSquares",
        "LogisticRegression",
        "SinusoidalSum",
        "SoftmaxRegression",
        "check_finite_sum",
    ),
    "kdtheory.problems.teacher": ("SeveralTeachers", "TeacherStatistics", "teacher_statistics"),
    "kdtheory.rules.distilled": ("DistilledSGD",),
    "kdtheory.rules.importance": ("ImportanceSampling",),
    "kdtheory.rules.protocol": ("Rule",),
    "kdtheory.rules.renewed": ("RenewedTeacher",),
    "kdtheory.rules.schedule": ("Schedule",),
    "kdtheory.rules.compressors": ("Bernoulli", "RandK", "StochasticRounding"),
    "kdtheory.problems.temperature": ("distillation_gap",),
    "kdtheory.algebra.assumptions": ("ASSUMPTIONS", "Assumption"),
    "kdtheory.statements.theorems": ("THEOREMS", "Theorem"),
    "kdtheory.bounds.best_weights": ("optimal_weight",),
    "kdtheory.bounds.schedules": ("schedule",),
    "kdtheory.bounds.schedules_steps": ("StepsNeeded", "steps_needed", "stop_distilling"),
    "kdtheory.bounds.values": ("bound", "noise_floor", "step_size_limit"),
    "kdtheory.statements.closed_forms": ("closed_form",),
    "kdtheory.engines.exact": (
        "best_weights_for_horizon",
        "expected",
        "expected_in_weight",
        "one_step",
        "stability_limit",
        "stationary",
    ),
    "kdtheory.engines.simulate.simulation": ("simulate",),
    "kdtheory.discovery.step": ("OneStep",),
    "kdtheory.discovery.result": ("Discovery", "discover"),
    "kdtheory.worst_cases.value": ("worst_case", "worst_case_interval"),
    "kdtheory.instances.counterexamples": ("Counterexample",),
    "kdtheory.instances.refuting": ("refute",),
    "kdtheory.evidence.updates": ("verify_update",),
    "kdtheory.evidence.verdict": ("Verdict",),
    "kdtheory.evidence.verdicts": ("verify", "verify_sweep"),
    "kdtheory.estimate.conventions": ("CONVENTIONS", "Conversion", "from_lambda", "to_lambda"),
    "kdtheory.estimate.agreement": ("gradient_in_logits", "measured_agreement"),
    "kdtheory.campaigns": ("campaign", "replay"),
    "kdtheory.estimate": (
        "Diagnosis",
        "LambdaEstimator",
        "WeightEstimate",
        "diagnose",
        "lambda_star",
        "lambda_star_from_logits",
    ),
    "kdtheory.proofs": ("Proof", "prove"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Import the module that holds ``name`` (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'kdtheory' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def module_of(name: str) -> str:
    """The module in which a public name lives."""
    return _MODULE_OF[name]


def __dir__() -> list[str]:
    """The public names."""
    return __all__
