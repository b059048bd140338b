"""What must be a theorem in proofs/coq, file by file: a second reading of every final theorem, and
witnesses of all hypotheses.

``Audit.v`` names the final theorems, ``Reading*.v`` restate each as ``reading_<name>``; the lists
below are a third hand, so that a theorem that vanishes from both is missed.
"""

from __future__ import annotations

from collections.abc import Mapping

READINGS: Mapping[str, tuple[str, ...]] = {
    "Reading": (
        "distillation_gradient",
        "theorem_1",
        "theorem_2",
        "theorem_1_refined",
        "theorem_2_refined",
        "theorem_1_sharp",
        "theorem_2_sharp",
        "theorem_1_envelope",
        "theorem_2_envelope",
        "unbiased",
        "unbiased_pl",
        "unbiased_sharp",
        "unbiased_pl_sharp",
        "unbiased_envelope",
        "unbiased_pl_envelope",
        "compressed",
        "compressed_every_p",
        "compressed_envelope",
        "exact_quadratic",
    ),
    "ReadingWeight": (
        "lambda_star_minimises",
        "noise_at_lambda_star",
        "lambda_star_in_letters",
        "theorem_1_at_lambda_star",
        "theorem_2_at_lambda_star",
        "unbiased_at_lambda_star",
        "unbiased_pl_at_lambda_star",
        "theorem_1_again",
        "theorem_2_again",
        "a_convex",
        "k_convex",
        "theorem_1_constant_convex",
        "theorem_2_constant_convex",
        "theorem_1_root_floor_convex",
        "theorem_2_root_floor_convex",
        "strong_convexity_gives",
        "smooth_bounds_gradient",
        "expected_smoothness_bounds_gradient",
    ),
    "ReadingRates": (
        "theorem_1_rate",
        "theorem_2_rate",
        "unbiased_rate_bound",
        "unbiased_pl_rate_bound",
        "theorem_1_any_rate",
        "theorem_2_any_rate",
        "unbiased_any_rate",
        "unbiased_pl_any_rate",
        "theorem_1_decreasing",
        "theorem_1_envelope_decreasing",
        "theorem_2_envelope_decreasing",
        "unbiased_envelope_decreasing",
        "unbiased_pl_envelope_decreasing",
        "floor_is_fixed",
        "envelope_limit",
        "theorem_1_floor",
        "theorem_2_floor",
        "unbiased_floor",
        "unbiased_pl_floor",
        "envelope_below_every_rate",
        "sharp_below_refined_constant",
        "sharp_below_refined_constant_pl",
    ),
    "ReadingCompressed": (
        "best_p_is_best",
        "best_factor_is_best",
        "compressed_half_rate",
        "compressed_unbiased",
        "compressed_unbiased_envelope",
        "compressed_at_origin",
        "bernoulli",
        "stochastic_rounding",
    ),
    "ReadingExact": (
        "exact_quadratic_stationary",
        "exact_quadratic_gap",
        "exact_quadratic_gap_stationary",
        "stationary_minimum",
        "distillation_gradient_linear",
        "distillation_gradient_gap",
        "distilled_squared",
        "distilled_cross_entropy",
        "distilled_logistic",
        "derivative",
        "pair_A1",
        "pair_growth",
        "pair_A3",
        "pair_PL",
        "pair_smooth",
        "pair_minimal",
        "one_step_is",
        "sharp_is_attained",
        "unbiased_sharp_is_attained",
        "average_over_paths",
        "every_path_once",
    ),
    "ReadingHorizon": (
        "convex_gives",
        "horizon_one_step",
        "horizon",
        "horizon_power",
        "horizon_envelope",
        "horizon_distance",
        "horizon_at_lambda_star",
        "unbiased_horizon_one_step",
        "unbiased_horizon",
        "unbiased_horizon_distance",
        "nonconvex_one_step",
        "nonconvex_average",
        "nonconvex_short_steps",
        "nonconvex_least",
        "unbiased_nonconvex_one_step",
        "unbiased_nonconvex_average",
    ),
    "ReadingSchedule": (
        "greedy_is_best",
        "snr_lower",
        "snr_reached",
        "snr_schedule",
        "schedule_is_best",
        "law_in_inverses",
        "unbiased_snr_schedule",
        "unbiased_schedule_is_best",
        "snr_lower_pl",
        "snr_reached_pl",
        "snr_schedule_pl",
        "snr_step",
        "snr_step_pl",
    ),
    "ReadingTeachers": (
        "several_noise",
        "several_lambda_star",
        "several_theorem_1",
        "several_exact_stationary",
        "hull_distance",
        "hull_law",
        "block_weights_are_best",
        "blocks_no_worse",
        "importance_bound",
        "importance_best",
        "several_teachers",
        "affine_hull",
        "blocks",
        "importance_sampling",
    ),
    "ReadingLaws": (
        "steps_needed",
        "stop_distilling",
        "renewed_teacher",
    ),
}

INSTANCES: Mapping[str, tuple[str, ...]] = {
    "Instance": (
        "strongly_convex_hypotheses_hold",
        "pl_hypotheses_hold",
        "compressor_hypotheses_hold",
        "nothing_is_trivial",
        "one_step_by_hand",
        "unbiased_step_by_hand",
        "two_steps_by_hand",
    ),
    "InstanceRegimes": (
        "pair_strongly_convex_hypotheses_hold",
        "noise_dominates",
        "bias_dominates",
        "hill_derivative",
        "hill_is_not_convex",
        "hill_hypotheses_hold",
        "hill_is_not_trivial",
    ),
    "InstanceBeyond": (
        "flat_hypotheses_hold",
        "flat_is_not_strongly_convex",
        "flat_is_not_trivial",
        "hill_is_smooth",
        "signal_above_bias",
    ),
}


# Statements whose text is not that of one theorem here: the theorems that speak of them, none for
# some.  ``prove`` calls these UNDECIDED by Coq.
NOT_WHOLE: Mapping[str, tuple[str, ...]] = {
    "snr-step-biased": ("snr_lower", "snr_reached", "snr_schedule"),
}


def read() -> set[str]:
    """The final theorems that have a second reading."""
    return {name for names in READINGS.values() for name in names}


def everything() -> list[str]:
    """All readings and witnesses as "File.name"."""
    return [
        *(f"{file}.reading_{name}" for file, names in READINGS.items() for name in names),
        *(f"{file}.{name}" for file, names in INSTANCES.items() for name in names),
    ]
