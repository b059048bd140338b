(** Every final theorem, named by hand, and the axioms they rest on together.  [kdtheory.prover.coq_build] compares what is printed with the
    axioms of Coq's real numbers, and the names with the statements of the project; so a missing or conditional theorem fails there. *)

Require Import KDTheory.PaperForm KDTheory.PaperRoute KDTheory.Weight KDTheory.Sharp KDTheory.Compressed KDTheory.Quadratic KDTheory.Proposition.

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
  lambda_star_minimises,
  theorem_1_at_lambda_star,
  theorem_2_at_lambda_star,
  theorem_1_rate,
  theorem_2_rate,
  floor_is_fixed,
  compressed_half_rate,
  compressed_unbiased,
  compressed_unbiased_envelope,
  exact_quadratic_stationary,
  stationary_minimum,
  strong_convexity_gives
).

Print Assumptions final_theorems.
