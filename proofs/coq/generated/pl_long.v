(** Generated from the certificate "pl-long" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem pl_long_certificate (P : one_step) (F F_plus L Lcal a gamma k lam mu q varrho : R)
  (L_sign : 0 < L)
  (Lcal_sign : 0 < Lcal)
  (a_sign : 0 < a)
  (gamma_sign : 0 < gamma)
  (k_sign : 0 < k)
  (mu_sign : 0 < mu)
  (q_sign : 0 < q)
  (varrho_sign : 0 <= varrho)
  (b_sign : 0 <= ((-1) + (L * gamma)))
  (tau_sign : 0 < (((-1) * varrho) + (gamma * mu * (2 + ((-1) * L * Lcal * gamma / (mu))))))
  (Lcal_elimination : Lcal = (mu * (1 + (q ^ 2))))
  (descent_lemma : 0 <= (F + ((-1) * F_plus) + ((-1) * gamma * (g_g P + ((-1) * g_h P * lam))) + ((1 / 2) * L * (gamma ^ 2) * (Gc_Gc P + g_g P + (Hc_Hc P * (lam ^ 2)) + (h_h P * (lam ^ 2)) + ((-2) * Gc_Hc P * lam) + ((-2) * g_h P * lam)))))
  (polyak_lojasiewicz : 0 <= (g_g P + ((-2) * F * mu)))
  (expected_smoothness : 0 <= (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
  (noise_norm : ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)) = 0)
  (bias_norm : ((k ^ 2) + ((-1) * h_h P * (lam ^ 2))) = 0)
  : 0 <= (((-1) * F_plus) + (F * (1 + ((-1) * varrho))) + ((1 / 2) * L * (gamma ^ 2) * ((a ^ 2) + (k ^ 2))) + ((1 / 2) * mu * (gamma ^ 2) * (((k * ((-1) + (L * gamma))) + (a * q * L * gamma)) ^ 2) / ((((-1) * varrho) + (gamma * mu * (2 + ((-1) * L * Lcal * gamma / (mu)))))))).
Proof.
  abbreviate ((-1) + (L * gamma)) as_letter b by_definition b_definition positive_by b_sign.
  abbreviate (((-1) * varrho) + (gamma * mu * (2 + ((-1) * L * Lcal * gamma / (mu))))) as_letter tau by_definition tau_definition positive_by tau_sign.
  apply (by_identity _ (
    (1 * (F + ((-1) * F_plus) + ((-1) * gamma * (g_g P + ((-1) * g_h P * lam))) + ((1 / 2) * L * (gamma ^ 2) * (Gc_Gc P + g_g P + (Hc_Hc P * (lam ^ 2)) + (h_h P * (lam ^ 2)) + ((-2) * Gc_Hc P * lam) + ((-2) * g_h P * lam)))))
    + (((1 / 2) * (varrho + (L * Lcal * (gamma ^ 2) * (1 + (a * tau / (q * gamma * mu * ((b * k) + (a * q * L * gamma))))))) / (mu)) * (g_g P + ((-2) * F * mu)))
    + (((1 / 2) * L * (gamma ^ 2) * (1 + (a * tau / (q * gamma * mu * ((b * k) + (a * q * L * gamma)))))) * (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
    + (((1 / 2) * L * (gamma ^ 2) * (1 + (q * gamma * mu * ((b * k) + (a * q * L * gamma)) / (a * tau)))) * ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)))
    + ((((1 / 2) * L * (gamma ^ 2)) + ((1 / 2) * b * mu * (gamma ^ 2) * ((b * k) + (a * q * L * gamma)) / (k * tau))) * ((k ^ 2) + ((-1) * h_h P * (lam ^ 2))))
    + (((1 / 2) * q * L * mu * (gamma ^ 3) * ((b * k) + (a * q * L * gamma)) / (a * tau)) * form P (Linear 0 0 0 0 (a * tau / (q * gamma * mu * ((b * k) + (a * q * L * gamma)))) ((-1) + ((-1) * a * tau / (q * gamma * mu * ((b * k) + (a * q * L * gamma))))) lam) (Linear 0 0 0 0 (a * tau / (q * gamma * mu * ((b * k) + (a * q * L * gamma)))) ((-1) + ((-1) * a * tau / (q * gamma * mu * ((b * k) + (a * q * L * gamma))))) lam))
    + (((1 / 2) * b * mu * (gamma ^ 2) * ((b * k) + (a * q * L * gamma)) / (k * tau)) * form P (Linear 0 (k * tau / (gamma * mu * ((b * k) + (a * q * L * gamma)))) lam 0 0 0 0) (Linear 0 (k * tau / (gamma * mu * ((b * k) + (a * q * L * gamma)))) lam 0 0 0 0)))).
  { variables P. field_simplify_eq; [try rewrite b_definition; try rewrite tau_definition; try rewrite Lcal_elimination; field; nonzero|nonzero ..]. }
  repeat apply Rplus_le_le_0_compat.
  - apply Rmult_le_pos; [positive|exact descent_lemma].
  - apply Rmult_le_pos; [positive|exact polyak_lojasiewicz].
  - apply Rmult_le_pos; [positive|exact expected_smoothness].
  - rewrite noise_norm, Rmult_0_r; apply Rle_refl.
  - rewrite bias_norm, Rmult_0_r; apply Rle_refl.
  - apply Rmult_le_pos; [positive|apply square].
  - apply Rmult_le_pos; [positive|apply square].
Qed.
