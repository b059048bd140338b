(** Generated from the certificate "theorem-2-one-step" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem theorem_2_one_step_certificate (P : one_step) (F F_plus L Lcal gamma lam mu : R)
  (L_sign : 0 < L)
  (gamma_sign : 0 < gamma)
  (mu_sign : 0 < mu)
  (m_4_sign : 0 <= (1 + ((-4) * L * Lcal * gamma / (mu))))
  (descent_lemma : 0 <= (F + ((-1) * F_plus) + ((-1) * gamma * (g_g P + ((-1) * g_h P * lam))) + ((1 / 2) * L * (gamma ^ 2) * (Gc_Gc P + g_g P + (Hc_Hc P * (lam ^ 2)) + (h_h P * (lam ^ 2)) + ((-2) * Gc_Hc P * lam) + ((-2) * g_h P * lam)))))
  (expected_smoothness : 0 <= (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
  (polyak_lojasiewicz : 0 <= (g_g P + ((-2) * F * mu)))
  (nonnegative_gap : 0 <= F)
  : 0 <= (((-1) * F_plus) + (F * (1 + ((-1) * gamma * mu))) + (L * (gamma ^ 2) * (S_S P + (Hc_Hc P * (lam ^ 2)) + ((-2) * S_Hc P * lam) + (h_h P * (lam ^ 2) * (1 + (1 / (L * gamma))))))).
Proof.
  abbreviate (1 + ((-4) * L * Lcal * gamma / (mu))) as_letter m_4 by_definition m_4_definition positive_by m_4_sign.
  apply (by_identity _ (
    (1 * (F + ((-1) * F_plus) + ((-1) * gamma * (g_g P + ((-1) * g_h P * lam))) + ((1 / 2) * L * (gamma ^ 2) * (Gc_Gc P + g_g P + (Hc_Hc P * (lam ^ 2)) + (h_h P * (lam ^ 2)) + ((-2) * Gc_Hc P * lam) + ((-2) * g_h P * lam)))))
    + ((L * (gamma ^ 2)) * (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
    + (((3 / 4) * gamma) * (g_g P + ((-2) * F * mu)))
    + (((1 / 2) * m_4 * gamma * mu) * F)
    + (((1 / 2) * L * (gamma ^ 2)) * form P (Linear 0 1 lam 0 1 (-2) lam) (Linear 0 1 lam 0 1 (-2) lam))
    + (((1 / 4) * gamma) * form P (Linear 0 1 ((-2) * lam) 0 0 0 0) (Linear 0 1 ((-2) * lam) 0 0 0 0)))).
  { variables P. try rewrite m_4_definition; field; nonzero. }
  repeat apply Rplus_le_le_0_compat.
  - apply Rmult_le_pos; [positive|exact descent_lemma].
  - apply Rmult_le_pos; [positive|exact expected_smoothness].
  - apply Rmult_le_pos; [positive|exact polyak_lojasiewicz].
  - apply Rmult_le_pos; [positive|exact nonnegative_gap].
  - apply Rmult_le_pos; [positive|apply square].
  - apply Rmult_le_pos; [positive|apply square].
Qed.
