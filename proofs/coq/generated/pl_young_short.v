(** Generated from the certificate "pl-young-short" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem pl_young_short_certificate (P : one_step) (F F_plus L Lcal a alpha gamma k lam mu nu : R)
  (L_sign : 0 < L)
  (alpha_sign : 0 < alpha)
  (gamma_sign : 0 < gamma)
  (nu_sign : 0 < nu)
  (b_sign : 0 <= (1 + ((-1) * L * gamma)))
  (m_F_sign : 0 <= (2 + ((-1) * alpha * (1 + ((-1) * L * gamma))) + (L * gamma * nu)))
  (descent_lemma : 0 <= (F + ((-1) * F_plus) + ((-1) * gamma * (g_g P + ((-1) * g_h P * lam))) + ((1 / 2) * L * (gamma ^ 2) * (Gc_Gc P + g_g P + (Hc_Hc P * (lam ^ 2)) + (h_h P * (lam ^ 2)) + ((-2) * Gc_Hc P * lam) + ((-2) * g_h P * lam)))))
  (polyak_lojasiewicz : 0 <= (g_g P + ((-2) * F * mu)))
  (expected_smoothness : 0 <= (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
  (noise_norm : ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)) = 0)
  (bias_norm : ((k ^ 2) + ((-1) * h_h P * (lam ^ 2))) = 0)
  : 0 <= (((-1) * F_plus) + (F * (1 + ((-2) * gamma * mu) + (L * mu * (gamma ^ 2)) + (L * (gamma ^ 2) * (1 + nu) * (Lcal + ((-1) * mu))) + (alpha * gamma * mu * (1 + ((-1) * L * gamma))))) + ((k ^ 2) * (((1 / 2) * L * (gamma ^ 2)) + ((1 / 2) * gamma * (1 + ((-1) * L * gamma)) / (alpha)))) + ((1 / 2) * L * (a ^ 2) * (gamma ^ 2) * (1 + (/ nu)))).
Proof.
  abbreviate (1 + ((-1) * L * gamma)) as_letter b by_definition b_definition positive_by b_sign.
  abbreviate (2 + ((-1) * alpha * (1 + ((-1) * L * gamma))) + (L * gamma * nu)) as_letter m_F by_definition m_F_definition positive_by m_F_sign.
  apply (by_identity _ (
    (1 * (F + ((-1) * F_plus) + ((-1) * gamma * (g_g P + ((-1) * g_h P * lam))) + ((1 / 2) * L * (gamma ^ 2) * (Gc_Gc P + g_g P + (Hc_Hc P * (lam ^ 2)) + (h_h P * (lam ^ 2)) + ((-2) * Gc_Hc P * lam) + ((-2) * g_h P * lam)))))
    + (((1 / 2) * m_F * gamma) * (g_g P + ((-2) * F * mu)))
    + (((1 / 2) * L * (gamma ^ 2) * (1 + nu)) * (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
    + (((1 / 2) * L * (gamma ^ 2) * (1 + (/ nu))) * ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)))
    + ((((1 / 2) * L * (gamma ^ 2)) + ((1 / 2) * b * gamma / (alpha))) * ((k ^ 2) + ((-1) * h_h P * (lam ^ 2))))
    + (((1 / 2) * L * (gamma ^ 2) / (nu)) * form P (Linear 0 0 0 0 nu ((-1) + ((-1) * nu)) lam) (Linear 0 0 0 0 nu ((-1) + ((-1) * nu)) lam))
    + (((1 / 2) * b * gamma / (alpha)) * form P (Linear 0 alpha ((-1) * lam) 0 0 0 0) (Linear 0 alpha ((-1) * lam) 0 0 0 0)))).
  { variables P. try rewrite b_definition; try rewrite m_F_definition; field; nonzero. }
  repeat apply Rplus_le_le_0_compat.
  - apply Rmult_le_pos; [positive|exact descent_lemma].
  - apply Rmult_le_pos; [positive|exact polyak_lojasiewicz].
  - apply Rmult_le_pos; [positive|exact expected_smoothness].
  - rewrite noise_norm, Rmult_0_r; apply Rle_refl.
  - rewrite bias_norm, Rmult_0_r; apply Rle_refl.
  - apply Rmult_le_pos; [positive|apply square].
  - apply Rmult_le_pos; [positive|apply square].
Qed.
