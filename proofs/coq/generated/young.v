(** Generated from the certificate "young" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem young_certificate (P : one_step) (F Lcal a alpha gamma k lam mu nu : R)
  (Lcal_sign : 0 < Lcal)
  (alpha_sign : 0 < alpha)
  (gamma_sign : 0 < gamma)
  (nu_sign : 0 < nu)
  (m_F_sign : 0 <= (((1 + alpha) * (1 + ((-1) * gamma * mu))) + ((-1) * gamma * (1 + nu) * (Lcal + ((-1) * mu)))))
  (delta_nu_sign : 0 <= (nu + ((-1) * alpha)))
  (expected_smoothness : 0 <= (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
  (quadratic_growth : 0 <= (F + ((-1 / 2) * e_e P * mu)))
  (strong_convexity : 0 <= (e_g P + ((-1) * F) + ((-1 / 2) * e_e P * mu)))
  (noise_norm : ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)) = 0)
  (bias_norm : ((k ^ 2) + ((-1) * h_h P * (lam ^ 2))) = 0)
  : 0 <= (((-1) * e_e P) + (e_e P * ((((1 + ((-1) * gamma * mu)) ^ 2) * (1 + alpha)) + (mu * (gamma ^ 2) * (1 + nu) * (Lcal + ((-1) * mu))))) + ((-1) * Gc_Gc P * (gamma ^ 2)) + ((-1) * g_g P * (gamma ^ 2)) + (2 * e_g P * gamma) + ((a ^ 2) * (gamma ^ 2) * (1 + (/ nu))) + ((k ^ 2) * (gamma ^ 2) * (1 + (/ alpha))) + ((-1) * Hc_Hc P * (lam ^ 2) * (gamma ^ 2)) + ((-1) * h_h P * (lam ^ 2) * (gamma ^ 2)) + ((-2) * e_h P * lam * gamma) + (2 * Gc_Hc P * lam * (gamma ^ 2)) + (2 * g_h P * lam * (gamma ^ 2))).
Proof.
  abbreviate (((1 + alpha) * (1 + ((-1) * gamma * mu))) + ((-1) * gamma * (1 + nu) * (Lcal + ((-1) * mu)))) as_letter m_F by_definition m_F_definition positive_by m_F_sign.
  abbreviate (nu + ((-1) * alpha)) as_letter delta_nu by_definition delta_nu_definition positive_by delta_nu_sign.
  apply (by_identity _ (
    (((gamma ^ 2) * (1 + nu)) * (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
    + ((2 * m_F * gamma) * (F + ((-1 / 2) * e_e P * mu)))
    + (((2 * m_F * gamma) + (2 * Lcal * (gamma ^ 2) * (1 + nu))) * (e_g P + ((-1) * F) + ((-1 / 2) * e_e P * mu)))
    + (((gamma ^ 2) * (1 + (/ nu))) * ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)))
    + (((gamma ^ 2) * (1 + (/ alpha))) * ((k ^ 2) + ((-1) * h_h P * (lam ^ 2))))
    + (((gamma ^ 2) / (nu)) * form P (Linear 0 0 0 0 nu ((-1) + ((-1) * nu)) lam) (Linear 0 0 0 0 nu ((-1) + ((-1) * nu)) lam))
    + ((delta_nu * (gamma ^ 2)) * form P (Linear ((-1) * mu) 1 0 0 0 0 0) (Linear ((-1) * mu) 1 0 0 0 0 0))
    + ((/ alpha) * form P (Linear alpha ((-1) * alpha * gamma) ((-1) * lam * gamma) 0 0 0 0) (Linear alpha ((-1) * alpha * gamma) ((-1) * lam * gamma) 0 0 0 0)))).
  { variables P. try rewrite m_F_definition; try rewrite delta_nu_definition; field; nonzero. }
  repeat apply Rplus_le_le_0_compat.
  - apply Rmult_le_pos; [positive|exact expected_smoothness].
  - apply Rmult_le_pos; [positive|exact quadratic_growth].
  - apply Rmult_le_pos; [positive|exact strong_convexity].
  - rewrite noise_norm, Rmult_0_r; apply Rle_refl.
  - rewrite bias_norm, Rmult_0_r; apply Rle_refl.
  - apply Rmult_le_pos; [positive|apply square].
  - apply Rmult_le_pos; [positive|apply square].
  - apply Rmult_le_pos; [positive|apply square].
Qed.
