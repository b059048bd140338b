(** Generated from the certificate "unbiased-pl-one-step" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem unbiased_pl_one_step_certificate (P : one_step) (F F_plus L Lcal gamma lam mu : R)
  (L_sign : 0 < L)
  (Lcal_sign : 0 < Lcal)
  (gamma_sign : 0 < gamma)
  (mu_sign : 0 < mu)
  (m_4_sign : 0 <= (1 + ((-2) * L * Lcal * gamma / (mu))))
  (descent_lemma_unbiased : 0 <= (F + ((-1) * F_plus) + ((-1) * g_g P * gamma) + ((1 / 2) * L * (gamma ^ 2) * (Gc_Gc P + g_g P + (Hc_Hc P * (lam ^ 2)) + ((-2) * Gc_Hc P * lam)))))
  (expected_smoothness : 0 <= (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
  (polyak_lojasiewicz : 0 <= (g_g P + ((-2) * F * mu)))
  : 0 <= (((-1) * F_plus) + (F * (1 + ((-1) * gamma * mu))) + (L * (gamma ^ 2) * (S_S P + (Hc_Hc P * (lam ^ 2)) + ((-2) * S_Hc P * lam)))).
Proof.
  abbreviate (1 + ((-2) * L * Lcal * gamma / (mu))) as_letter m_4 by_definition m_4_definition positive_by m_4_sign.
  apply (by_identity _ (
    (1 * (F + ((-1) * F_plus) + ((-1) * g_g P * gamma) + ((1 / 2) * L * (gamma ^ 2) * (Gc_Gc P + g_g P + (Hc_Hc P * (lam ^ 2)) + ((-2) * Gc_Hc P * lam)))))
    + ((L * (gamma ^ 2)) * (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
    + ((((1 / 2) * gamma) + (L * Lcal * (gamma ^ 2) / (mu))) * (g_g P + ((-2) * F * mu)))
    + (((1 / 2) * L * (gamma ^ 2)) * form P (Linear 0 1 0 0 1 (-2) lam) (Linear 0 1 0 0 1 (-2) lam))
    + (((1 / 2) * m_4 * gamma) * form P (Linear 0 1 0 0 0 0 0) (Linear 0 1 0 0 0 0 0)))).
  { variables P. try rewrite m_4_definition; field; nonzero. }
  repeat apply Rplus_le_le_0_compat.
  - apply Rmult_le_pos; [positive|exact descent_lemma_unbiased].
  - apply Rmult_le_pos; [positive|exact expected_smoothness].
  - apply Rmult_le_pos; [positive|exact polyak_lojasiewicz].
  - apply Rmult_le_pos; [positive|apply square].
  - apply Rmult_le_pos; [positive|apply square].
Qed.
