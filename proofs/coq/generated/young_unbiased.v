(** Generated from the certificate "young-unbiased" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem young_unbiased_certificate (P : one_step) (F Lcal a gamma lam mu nu : R)
  (Lcal_sign : 0 < Lcal)
  (gamma_sign : 0 < gamma)
  (nu_sign : 0 < nu)
  (m_F_sign : 0 <= (1 + ((-1) * gamma * mu) + ((-1) * gamma * (1 + nu) * (Lcal + ((-1) * mu)))))
  (expected_smoothness : 0 <= (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
  (quadratic_growth : 0 <= (F + ((-1 / 2) * e_e P * mu)))
  (strong_convexity : 0 <= (e_g P + ((-1) * F) + ((-1 / 2) * e_e P * mu)))
  (noise_norm : ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)) = 0)
  : 0 <= (((-1) * e_e P) + (e_e P * (((1 + ((-1) * gamma * mu)) ^ 2) + (mu * (gamma ^ 2) * (1 + nu) * (Lcal + ((-1) * mu))))) + ((-1) * Gc_Gc P * (gamma ^ 2)) + ((-1) * g_g P * (gamma ^ 2)) + (2 * e_g P * gamma) + ((a ^ 2) * (gamma ^ 2) * (1 + (/ nu))) + ((-1) * Hc_Hc P * (lam ^ 2) * (gamma ^ 2)) + (2 * Gc_Hc P * lam * (gamma ^ 2))).
Proof.
  abbreviate (1 + ((-1) * gamma * mu) + ((-1) * gamma * (1 + nu) * (Lcal + ((-1) * mu)))) as_letter m_F by_definition m_F_definition positive_by m_F_sign.
  apply (by_identity _ (
    (((gamma ^ 2) * (1 + nu)) * (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
    + ((2 * m_F * gamma) * (F + ((-1 / 2) * e_e P * mu)))
    + (((2 * m_F * gamma) + (2 * Lcal * (gamma ^ 2) * (1 + nu))) * (e_g P + ((-1) * F) + ((-1 / 2) * e_e P * mu)))
    + (((gamma ^ 2) * (1 + (/ nu))) * ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)))
    + (((gamma ^ 2) / (nu)) * form P (Linear 0 0 0 0 nu ((-1) + ((-1) * nu)) lam) (Linear 0 0 0 0 nu ((-1) + ((-1) * nu)) lam))
    + ((nu * (gamma ^ 2)) * form P (Linear ((-1) * mu) 1 0 0 0 0 0) (Linear ((-1) * mu) 1 0 0 0 0 0)))).
  { variables P. try rewrite m_F_definition; field; nonzero. }
  repeat apply Rplus_le_le_0_compat.
  - apply Rmult_le_pos; [positive|exact expected_smoothness].
  - apply Rmult_le_pos; [positive|exact quadratic_growth].
  - apply Rmult_le_pos; [positive|exact strong_convexity].
  - rewrite noise_norm, Rmult_0_r; apply Rle_refl.
  - apply Rmult_le_pos; [positive|apply square].
  - apply Rmult_le_pos; [positive|apply square].
Qed.
