(** Generated from the certificate "theorem-1-good-teacher" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem theorem_1_good_teacher_certificate (P : one_step) (F_theta L Lcal gamma mu : R)
  (gamma_sign : 0 < gamma)
  (mu_sign : 0 < mu)
  (teacher_expected_smoothness : 0 <= (((-1) * Hc_Hc P) + ((-1) * h_h P) + ((-1) * S_S P) + (2 * S_Hc P) + (2 * F_theta * Lcal)))
  (teacher_smoothness : 0 <= (((-1) * h_h P) + (2 * F_theta * L)))
  : 0 <= ((F_theta * ((2 * L / (mu)) + (2 * Lcal * gamma))) + ((-1) * gamma * (Hc_Hc P + S_S P + ((-2) * S_Hc P) + (h_h P * (1 + (1 / (gamma * mu))))))).
Proof.
  apply (by_identity _ (
    (gamma * (((-1) * Hc_Hc P) + ((-1) * h_h P) + ((-1) * S_S P) + (2 * S_Hc P) + (2 * F_theta * Lcal)))
    + ((/ mu) * (((-1) * h_h P) + (2 * F_theta * L))))).
  { variables P. field; nonzero. }
  repeat apply Rplus_le_le_0_compat.
  - apply Rmult_le_pos; [positive|exact teacher_expected_smoothness].
  - apply Rmult_le_pos; [positive|exact teacher_smoothness].
Qed.
