(** Generated from the certificate "noise-dominated" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem noise_dominated_certificate (P : one_step) (F Lcal a c gamma k lam mu varrho : R)
  (Lcal_sign : 0 < Lcal)
  (a_sign : 0 < a)
  (c_sign : 0 < c)
  (gamma_sign : 0 < gamma)
  (k_sign : 0 < k)
  (mu_sign : 0 < mu)
  (varrho_sign : 0 <= varrho)
  (n_sign : 0 < (1 + ((-1) * Lcal * gamma)))
  (y_sign : 0 <= (varrho + ((-1) * gamma * mu)))
  (tau_sign : 0 < (((-1) * varrho) + (gamma * mu * (2 + ((-1) * Lcal * gamma)))))
  (z_sign : 0 <= ((a * (1 + ((-1) * gamma * mu))) + ((-1) * c * k * gamma)))
  (Lcal_elimination : Lcal = (mu + ((c ^ 2) / (mu))))
  (expected_smoothness : 0 <= (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
  (quadratic_growth : 0 <= (F + ((-1 / 2) * e_e P * mu)))
  (strong_convexity : 0 <= (e_g P + ((-1) * F) + ((-1 / 2) * e_e P * mu)))
  (noise_norm : ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)) = 0)
  (bias_norm : ((k ^ 2) + ((-1) * h_h P * (lam ^ 2))) = 0)
  : 0 <= (((-1) * e_e P) + (e_e P * (1 + ((-1) * varrho))) + ((gamma ^ 2) * ((a ^ 2) + (k ^ 2))) + ((-1) * Gc_Gc P * (gamma ^ 2)) + ((-1) * g_g P * (gamma ^ 2)) + (2 * e_g P * gamma) + ((gamma ^ 2) * (((k * (1 + ((-1) * gamma * mu))) + (a * c * gamma)) ^ 2) / ((((-1) * varrho) + (gamma * mu * (2 + ((-1) * Lcal * gamma)))))) + ((-1) * Hc_Hc P * (lam ^ 2) * (gamma ^ 2)) + ((-1) * h_h P * (lam ^ 2) * (gamma ^ 2)) + ((-2) * e_h P * lam * gamma) + (2 * Gc_Hc P * lam * (gamma ^ 2)) + (2 * g_h P * lam * (gamma ^ 2))).
Proof.
  abbreviate (1 + ((-1) * Lcal * gamma)) as_letter n by_definition n_definition positive_by n_sign.
  abbreviate (varrho + ((-1) * gamma * mu)) as_letter y by_definition y_definition positive_by y_sign.
  abbreviate (((-1) * varrho) + (gamma * mu * (2 + ((-1) * Lcal * gamma)))) as_letter tau by_definition tau_definition positive_by tau_sign.
  abbreviate ((a * (1 + ((-1) * gamma * mu))) + ((-1) * c * k * gamma)) as_letter z by_definition z_definition positive_by z_sign.
  apply (by_identity _ (
    (((gamma ^ 2) * (1 + (a * tau / (c * gamma * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)))))) * (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
    + (((2 * y / (mu)) + (2 * k * tau / (mu * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma))))) * (F + ((-1 / 2) * e_e P * mu)))
    + (((2 * y / (mu)) + (2 * Lcal * (gamma ^ 2) * (1 + (a * tau / (c * gamma * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)))))) + (2 * k * tau / (mu * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma))))) * (e_g P + ((-1) * F) + ((-1 / 2) * e_e P * mu)))
    + (((gamma ^ 2) * (1 + (c * gamma * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)) / (a * tau)))) * ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)))
    + (((gamma ^ 2) * (1 + ((n + (gamma * (c ^ 2) / (mu))) * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)) / (k * tau)))) * ((k ^ 2) + ((-1) * h_h P * (lam ^ 2))))
    + ((c * (gamma ^ 3) * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)) / (a * tau)) * form P (Linear 0 0 0 0 (a * tau / (c * gamma * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)))) ((-1) + ((-1) * a * tau / (c * gamma * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma))))) lam) (Linear 0 0 0 0 (a * tau / (c * gamma * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)))) ((-1) + ((-1) * a * tau / (c * gamma * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma))))) lam))
    + ((z * gamma * tau / (c * (n + (gamma * (c ^ 2) / (mu))) * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)))) * form P (Linear ((-1) * mu) 1 0 0 0 0 0) (Linear ((-1) * mu) 1 0 0 0 0 0))
    + (((n + (gamma * (c ^ 2) / (mu))) * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)) / (k * tau)) * form P (Linear (k * tau / ((n + (gamma * (c ^ 2) / (mu))) * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)))) ((-1) * k * gamma * tau / ((n + (gamma * (c ^ 2) / (mu))) * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)))) ((-1) * lam * gamma) 0 0 0 0) (Linear (k * tau / ((n + (gamma * (c ^ 2) / (mu))) * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)))) ((-1) * k * gamma * tau / ((n + (gamma * (c ^ 2) / (mu))) * ((k * (n + (gamma * (c ^ 2) / (mu)))) + (a * c * gamma)))) ((-1) * lam * gamma) 0 0 0 0)))).
  { variables P. field_simplify_eq; [try rewrite n_definition; try rewrite y_definition; try rewrite tau_definition; try rewrite z_definition; try rewrite Lcal_elimination; field; nonzero|nonzero ..]. }
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
