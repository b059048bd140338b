(** Generated from the certificate "noise-dominated-unbiased" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem noise_dominated_unbiased_certificate (P : one_step) (F Lcal a c gamma lam mu varrho : R)
  (Lcal_sign : 0 < Lcal)
  (c_sign : 0 < c)
  (gamma_sign : 0 < gamma)
  (mu_sign : 0 < mu)
  (varrho_sign : 0 <= varrho)
  (y_sign : 0 <= (varrho + ((-1) * gamma * mu)))
  (tau_sign : 0 < (((-1) * varrho) + (gamma * mu * (2 + ((-1) * Lcal * gamma)))))
  (Lcal_elimination : Lcal = (mu + ((c ^ 2) / (mu))))
  (expected_smoothness : 0 <= (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
  (quadratic_growth : 0 <= (F + ((-1 / 2) * e_e P * mu)))
  (strong_convexity : 0 <= (e_g P + ((-1) * F) + ((-1 / 2) * e_e P * mu)))
  (noise_norm : ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)) = 0)
  : 0 <= (((-1) * e_e P) + (e_e P * (1 + ((-1) * varrho))) + ((a ^ 2) * (gamma ^ 2)) + ((-1) * Gc_Gc P * (gamma ^ 2)) + ((-1) * g_g P * (gamma ^ 2)) + (2 * e_g P * gamma) + ((-1) * Hc_Hc P * (lam ^ 2) * (gamma ^ 2)) + (2 * Gc_Hc P * lam * (gamma ^ 2)) + ((a ^ 2) * (c ^ 2) * (gamma ^ 4) / ((((-1) * varrho) + (gamma * mu * (2 + ((-1) * Lcal * gamma))))))).
Proof.
  abbreviate (varrho + ((-1) * gamma * mu)) as_letter y by_definition y_definition positive_by y_sign.
  abbreviate (((-1) * varrho) + (gamma * mu * (2 + ((-1) * Lcal * gamma)))) as_letter tau by_definition tau_definition positive_by tau_sign.
  apply (by_identity _ (
    (((gamma ^ 2) * (1 + (tau / ((c ^ 2) * (gamma ^ 2))))) * (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
    + ((2 * y / (mu)) * (F + ((-1 / 2) * e_e P * mu)))
    + (((2 * y / (mu)) + (2 * Lcal * (gamma ^ 2) * (1 + (tau / ((c ^ 2) * (gamma ^ 2)))))) * (e_g P + ((-1) * F) + ((-1 / 2) * e_e P * mu)))
    + (((gamma ^ 2) * (1 + ((c ^ 2) * (gamma ^ 2) / (tau)))) * ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)))
    + (((c ^ 2) * (gamma ^ 4) / (tau)) * form P (Linear 0 0 0 0 (tau / ((c ^ 2) * (gamma ^ 2))) ((-1) + ((-1) * tau / ((c ^ 2) * (gamma ^ 2)))) lam) (Linear 0 0 0 0 (tau / ((c ^ 2) * (gamma ^ 2))) ((-1) + ((-1) * tau / ((c ^ 2) * (gamma ^ 2)))) lam))
    + ((tau / ((c ^ 2))) * form P (Linear ((-1) * mu) 1 0 0 0 0 0) (Linear ((-1) * mu) 1 0 0 0 0 0)))).
  { variables P. field_simplify_eq; [try rewrite y_definition; try rewrite tau_definition; try rewrite Lcal_elimination; field; nonzero|nonzero ..]. }
  repeat apply Rplus_le_le_0_compat.
  - apply Rmult_le_pos; [positive|exact expected_smoothness].
  - apply Rmult_le_pos; [positive|exact quadratic_growth].
  - apply Rmult_le_pos; [positive|exact strong_convexity].
  - rewrite noise_norm, Rmult_0_r; apply Rle_refl.
  - apply Rmult_le_pos; [positive|apply square].
  - apply Rmult_le_pos; [positive|apply square].
Qed.
