(** Generated from the certificate "unbiased-one-step" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem unbiased_one_step_certificate (P : one_step) (F Lcal gamma lam mu : R)
  (gamma_sign : 0 < gamma)
  (mu_sign : 0 < mu)
  (m_4_sign : 0 <= (1 + ((-2) * Lcal * gamma)))
  (strong_convexity : 0 <= (e_g P + ((-1) * F) + ((-1 / 2) * e_e P * mu)))
  (quadratic_growth : 0 <= (F + ((-1 / 2) * e_e P * mu)))
  (expected_smoothness : 0 <= (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
  : 0 <= (((-1) * e_e P) + (e_e P * (1 + ((-1) * gamma * mu))) + ((-1) * Gc_Gc P * (gamma ^ 2)) + ((-1) * g_g P * (gamma ^ 2)) + (2 * e_g P * gamma) + (2 * (gamma ^ 2) * (S_S P + (Hc_Hc P * (lam ^ 2)) + ((-2) * S_Hc P * lam))) + ((-1) * Hc_Hc P * (lam ^ 2) * (gamma ^ 2)) + (2 * Gc_Hc P * lam * (gamma ^ 2))).
Proof.
  abbreviate (1 + ((-2) * Lcal * gamma)) as_letter m_4 by_definition m_4_definition positive_by m_4_sign.
  apply (by_identity _ (
    ((2 * gamma) * (e_g P + ((-1) * F) + ((-1 / 2) * e_e P * mu)))
    + ((2 * m_4 * gamma) * (F + ((-1 / 2) * e_e P * mu)))
    + ((2 * (gamma ^ 2)) * (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
    + ((gamma ^ 2) * form P (Linear 0 1 0 0 1 (-2) lam) (Linear 0 1 0 0 1 (-2) lam))
    + ((m_4 * gamma * mu) * form P (Linear 1 0 0 0 0 0 0) (Linear 1 0 0 0 0 0 0)))).
  { variables P. try rewrite m_4_definition; field; nonzero. }
  repeat apply Rplus_le_le_0_compat.
  - apply Rmult_le_pos; [positive|exact strong_convexity].
  - apply Rmult_le_pos; [positive|exact quadratic_growth].
  - apply Rmult_le_pos; [positive|exact expected_smoothness].
  - apply Rmult_le_pos; [positive|apply square].
  - apply Rmult_le_pos; [positive|apply square].
Qed.
