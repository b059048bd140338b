(** Generated from the certificate "pl-unbiased" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem pl_unbiased_certificate (P : one_step) (F F_plus L Lcal a gamma lam mu q varrho : R)
  (L_sign : 0 < L)
  (Lcal_sign : 0 < Lcal)
  (gamma_sign : 0 < gamma)
  (mu_sign : 0 < mu)
  (q_sign : 0 < q)
  (varrho_sign : 0 <= varrho)
  (tau_sign : 0 < (((-1) * varrho) + (gamma * mu * (2 + ((-1) * L * Lcal * gamma / (mu))))))
  (Lcal_elimination : Lcal = (mu * (1 + (q ^ 2))))
  (descent_lemma_unbiased : 0 <= (F + ((-1) * F_plus) + ((-1) * g_g P * gamma) + ((1 / 2) * L * (gamma ^ 2) * (Gc_Gc P + g_g P + (Hc_Hc P * (lam ^ 2)) + ((-2) * Gc_Hc P * lam)))))
  (polyak_lojasiewicz : 0 <= (g_g P + ((-2) * F * mu)))
  (expected_smoothness : 0 <= (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
  (noise_norm : ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)) = 0)
  : 0 <= (((-1) * F_plus) + (F * (1 + ((-1) * varrho))) + ((1 / 2) * L * (a ^ 2) * (gamma ^ 2)) + ((1 / 2) * mu * (a ^ 2) * (q ^ 2) * (L ^ 2) * (gamma ^ 4) / ((((-1) * varrho) + (gamma * mu * (2 + ((-1) * L * Lcal * gamma / (mu)))))))).
Proof.
  abbreviate (((-1) * varrho) + (gamma * mu * (2 + ((-1) * L * Lcal * gamma / (mu))))) as_letter tau by_definition tau_definition positive_by tau_sign.
  apply (by_identity _ (
    (1 * (F + ((-1) * F_plus) + ((-1) * g_g P * gamma) + ((1 / 2) * L * (gamma ^ 2) * (Gc_Gc P + g_g P + (Hc_Hc P * (lam ^ 2)) + ((-2) * Gc_Hc P * lam)))))
    + (((1 / 2) * (varrho + (L * Lcal * (gamma ^ 2) * (1 + (tau / ((q ^ 2) * L * (gamma ^ 2) * mu))))) / (mu)) * (g_g P + ((-2) * F * mu)))
    + (((1 / 2) * L * (gamma ^ 2) * (1 + (tau / ((q ^ 2) * L * (gamma ^ 2) * mu)))) * (((-1) * Gc_Gc P) + ((-1) * g_g P) + ((-1) * S_S P) + (2 * Gc_S P) + (2 * F * Lcal)))
    + (((1 / 2) * L * (gamma ^ 2) * (1 + (L * mu * (q ^ 2) * (gamma ^ 2) / (tau)))) * ((a ^ 2) + ((-1) * S_S P) + ((-1) * Hc_Hc P * (lam ^ 2)) + (2 * S_Hc P * lam)))
    + (((1 / 2) * mu * (q ^ 2) * (L ^ 2) * (gamma ^ 4) / (tau)) * form P (Linear 0 0 0 0 (tau / ((q ^ 2) * L * (gamma ^ 2) * mu)) ((-1) + ((-1) * tau / ((q ^ 2) * L * (gamma ^ 2) * mu))) lam) (Linear 0 0 0 0 (tau / ((q ^ 2) * L * (gamma ^ 2) * mu)) ((-1) + ((-1) * tau / ((q ^ 2) * L * (gamma ^ 2) * mu))) lam)))).
  { variables P. field_simplify_eq; [try rewrite tau_definition; try rewrite Lcal_elimination; field; nonzero|nonzero ..]. }
  repeat apply Rplus_le_le_0_compat.
  - apply Rmult_le_pos; [positive|exact descent_lemma_unbiased].
  - apply Rmult_le_pos; [positive|exact polyak_lojasiewicz].
  - apply Rmult_le_pos; [positive|exact expected_smoothness].
  - rewrite noise_norm, Rmult_0_r; apply Rle_refl.
  - apply Rmult_le_pos; [positive|apply square].
Qed.
