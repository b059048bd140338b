(** Generated from the certificate "pl-young-unbiased" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem pl_young_unbiased_certificate (P : one_step) (F F_plus L Lcal a gamma lam mu nu : R)
  (L_sign : 0 < L)
  (gamma_sign : 0 < gamma)
  (nu_sign : 0 < nu)
  (m_F_sign : 0 <= (2 + (L * gamma * nu)))
  (descent_lemma_unbiased : 0 <= (F + ((-1) * F_plus) + ((-1) * g_g P * gamma) + ((1 / 2) * L * (gamma ^ 2) * (Gc_Gc P + g_g P + (Hc_Hc P * (lam ^ 2)) + ((-2) * Gc_Hc P * lam)))))
  (polyak_lojasiewicz : 0 <= (g_g P + ((-2) * F * mu)))
  (expected_smoothness : 0 <= (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
  (noise_norm : ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)) = 0)
  : 0 <= (((-1) * F_plus) + (F * (1 + ((-2) * gamma * mu) + (L * mu * (gamma ^ 2)) + (L * (gamma ^ 2) * (1 + nu) * (Lcal + ((-1) * mu))))) + ((1 / 2) * L * (a ^ 2) * (gamma ^ 2) * (1 + (/ nu)))).
Proof.
  abbreviate (2 + (L * gamma * nu)) as_letter m_F by_definition m_F_definition positive_by m_F_sign.
  apply (by_identity _ (
    (1 * (F + ((-1) * F_plus) + ((-1) * g_g P * gamma) + ((1 / 2) * L * (gamma ^ 2) * (Gc_Gc P + g_g P + (Hc_Hc P * (lam ^ 2)) + ((-2) * Gc_Hc P * lam)))))
    + (((1 / 2) * m_F * gamma) * (g_g P + ((-2) * F * mu)))
    + (((1 / 2) * L * (gamma ^ 2) * (1 + nu)) * (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
    + (((1 / 2) * L * (gamma ^ 2) * (1 + (/ nu))) * ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)))
    + (((1 / 2) * L * (gamma ^ 2) / (nu)) * form P (Linear 0 0 0 0 nu ((-1) + ((-1) * nu)) lam) (Linear 0 0 0 0 nu ((-1) + ((-1) * nu)) lam)))).
  { variables P. try rewrite m_F_definition; field; nonzero. }
  repeat apply Rplus_le_le_0_compat.
  - apply Rmult_le_pos; [positive|exact descent_lemma_unbiased].
  - apply Rmult_le_pos; [positive|exact polyak_lojasiewicz].
  - apply Rmult_le_pos; [positive|exact expected_smoothness].
  - rewrite noise_norm, Rmult_0_r; apply Rle_refl.
  - apply Rmult_le_pos; [positive|apply square].
Qed.
