(** Generated from the certificate "sharp-below-refined-pl" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem sharp_below_refined_pl_certificate (L Lcal a gamma k mu q : R)
  (L_sign : 0 < L)
  (Lcal_sign : 0 < Lcal)
  (a_sign : 0 <= a)
  (gamma_sign : 0 < gamma)
  (k_sign : 0 <= k)
  (mu_sign : 0 < mu)
  (q_sign : 0 <= q)
  (m_sign : 0 < (1 + ((-2) * L * Lcal * gamma / (mu))))
  (divisor_0_sign : (((-1) * gamma * mu) + (gamma * mu * (2 + ((-1) * L * Lcal * gamma / (mu))))) <> 0)
  (Lcal_elimination : Lcal = (mu * (1 + (q ^ 2))))
  : 0 <= ((L * (gamma ^ 2) * ((a ^ 2) + (k ^ 2) + ((1 / 2) * (k ^ 2) / (L * gamma * (1 + ((-2) * L * Lcal * gamma / (mu))))))) + ((-1 / 2) * L * (gamma ^ 2) * ((a ^ 2) + (k ^ 2))) + ((-1 / 2) * mu * (gamma ^ 2) * (((k * (1 + ((-1) * L * gamma))) + (a * q * L * gamma)) ^ 2) / ((((-1) * gamma * mu) + (gamma * mu * (2 + ((-1) * L * Lcal * gamma / (mu)))))))).
Proof.
  abbreviate (1 + ((-2) * L * Lcal * gamma / (mu))) as_letter m by_definition m_definition positive_by m_sign.
  abbreviate (((-1) * gamma * mu) + (gamma * mu * (2 + ((-1) * L * Lcal * gamma / (mu))))) as_letter divisor_0 by_definition divisor_0_definition positive_by divisor_0_sign.
  apply (by_identity _ (
    (((1 / 2) * L * (gamma ^ 2) * ((((((-1) * a) + (k * q * (1 + ((-1) * L * gamma)) / ((m + (L * gamma))))) ^ 2) * (m + (L * gamma)) / ((m + (L * gamma) + (L * gamma * (q ^ 2))))) + ((k ^ 2) * ((1 + m) ^ 2) / (m * (m + (L * gamma))))))))).
  { field_simplify_eq; [try rewrite m_definition; try rewrite divisor_0_definition; try rewrite Lcal_elimination; field; nonzero|nonzero ..]. }
  - positive.
Qed.
