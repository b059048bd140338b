(** Generated from the certificate "unbiased-good-teacher" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem unbiased_good_teacher_certificate (P : one_step) (F_theta Lcal gamma : R)
  (gamma_sign : 0 < gamma)
  (teacher_expected_smoothness : 0 <= (((-1) * Hc_Hc P) + ((-1) * h_h P) + ((-1) * S_S P) + (2 * S_Hc P) + (2 * F_theta * Lcal)))
  : 0 <= (((-1) * gamma * (Hc_Hc P + S_S P + ((-2) * S_Hc P))) + (2 * F_theta * Lcal * gamma)).
Proof.
  apply (by_identity _ (
    (gamma * (((-1) * Hc_Hc P) + ((-1) * h_h P) + ((-1) * S_S P) + (2 * S_Hc P) + (2 * F_theta * Lcal)))
    + (gamma * form P (Linear 0 0 1 0 0 0 0) (Linear 0 0 1 0 0 0 0)))).
  { variables P. field; nonzero. }
  repeat apply Rplus_le_le_0_compat.
  - apply Rmult_le_pos; [positive|exact teacher_expected_smoothness].
  - apply Rmult_le_pos; [positive|apply square].
Qed.
