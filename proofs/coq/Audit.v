(** Every final theorem, named by hand, and the axioms they rest on together.  [kdtheory.prover.coq_build] compares what is printed with the
    axioms of Coq's real numbers, and the names with the statements of the project; so a missing or conditional theorem fails there. *)

Require Import KDTheory.PaperForm KDTheory.PaperRoute KDTheory.Weight KDTheory.Sharp KDTheory.Horizon KDTheory.Decreasing
  KDTheory.Attained KDTheory.Chain KDTheory.ConvexFloor KDTheory.CompressedBest KDTheory.Compressors KDTheory.Paths KDTheory.Quadratic KDTheory.Proposition.

Definition final_theorems := (
  distillation_gradient,
  theorem_1,
  theorem_2,
  theorem_1_refined,
  theorem_2_refined,
  theorem_1_sharp,
  theorem_2_sharp,
  theorem_1_envelope,
  theorem_2_envelope,
  unbiased,
  unbiased_pl,
  unbiased_sharp,
  unbiased_pl_sharp,
  unbiased_envelope,
  unbiased_pl_envelope,
  compressed,
  compressed_envelope,
  exact_quadratic,
  (* further statements *)
  theorem_1_again,
  theorem_2_again,
  distillation_gradient_linear,
  distillation_gradient_gap,
  (* the weight *)
  lambda_star_minimises,
  noise_at_lambda_star,
  lambda_star_in_letters,
  theorem_1_at_lambda_star,
  theorem_2_at_lambda_star,
  unbiased_at_lambda_star,
  unbiased_pl_at_lambda_star,
  (* the envelope: one step at every admissible rate, every horizon, changing steps, its floor *)
  theorem_1_rate,
  theorem_2_rate,
  unbiased_rate_bound,
  unbiased_pl_rate_bound,
  theorem_1_any_rate,
  theorem_2_any_rate,
  unbiased_any_rate,
  unbiased_pl_any_rate,
  theorem_1_decreasing,
  theorem_1_envelope_decreasing,
  theorem_2_envelope_decreasing,
  unbiased_envelope_decreasing,
  unbiased_pl_envelope_decreasing,
  floor_is_fixed,
  envelope_limit,
  theorem_1_floor,
  theorem_2_floor,
  unbiased_floor,
  unbiased_pl_floor,
  (* envelope <= sharp <= refined *)
  envelope_below_every_rate,
  sharp_below_refined_constant,
  sharp_below_refined_constant_pl,
  (* convex in the weight *)
  a_convex,
  k_convex,
  theorem_1_constant_convex,
  theorem_2_constant_convex,
  theorem_1_root_floor_convex,
  theorem_2_root_floor_convex,
  (* it cannot be improved, and its hypotheses hold somewhere *)
  derivative,
  pair_A1,
  pair_growth,
  pair_A3,
  pair_PL,
  pair_smooth,
  pair_minimal,
  one_step_is,
  sharp_is_attained,
  unbiased_sharp_is_attained,
  (* compression *)
  compressed_half_rate,
  compressed_unbiased,
  compressed_unbiased_envelope,
  compressed_at_origin,
  best_p_is_best,
  best_factor_is_best,
  compressed_at_best_p,
  bernoulli,
  stochastic_rounding,
  (* quadratics *)
  exact_quadratic_stationary,
  exact_quadratic_gap,
  exact_quadratic_gap_stationary,
  stationary_minimum,
  (* the setting *)
  average_over_paths,
  every_path_once,
  strong_convexity_gives,
  smooth_bounds_gradient,
  expected_smoothness_bounds_gradient
).

Print Assumptions final_theorems.
