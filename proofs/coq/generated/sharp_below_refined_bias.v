(** Generated from the certificate "sharp-below-refined-bias" by kdtheory.prover.coq; do not edit. *)

Require Import KDTheory.OneStep.

Theorem sharp_below_refined_bias_certificate (Lcal a c gamma k mu : R)
  (Lcal_sign : 0 < Lcal)
  (a_sign : 0 <= a)
  (c_sign : 0 < c)
  (gamma_sign : 0 < gamma)
  (mu_sign : 0 < mu)
  (m_sign : 0 < (1 + ((-2) * Lcal * gamma)))
  (z_k_sign : 0 <= (((-1) * a * (1 + ((-1) * gamma * mu))) + (c * k * gamma)))
  (divisor_0_sign : (((-1) * gamma * mu) + (gamma * mu * (2 + ((-1) * Lcal * gamma)))) <> 0)
  (Lcal_elimination : Lcal = (mu + ((c ^ 2) / (mu))))
  : 0 <= (((-1) * (gamma ^ 2) * ((a ^ 2) + (k ^ 2))) + (2 * (gamma ^ 2) * ((a ^ 2) + (k ^ 2) + ((1 / 2) * (k ^ 2) / (gamma * mu * (1 + ((-2) * Lcal * gamma)))))) + ((-1) * (gamma ^ 2) * (1 + ((-1) * gamma * mu * (2 + ((-1) * Lcal * gamma)))) * ((a ^ 2) + (k ^ 2)) / ((((-1) * gamma * mu) + (gamma * mu * (2 + ((-1) * Lcal * gamma))))))).
Proof.
  abbreviate (1 + ((-2) * Lcal * gamma)) as_letter m by_definition m_definition positive_by m_sign.
  abbreviate (((-1) * a * (1 + ((-1) * gamma * mu))) + (c * k * gamma)) as_letter z_k by_definition z_k_definition positive_by z_k_sign.
  abbreviate (((-1) * gamma * mu) + (gamma * mu * (2 + ((-1) * Lcal * gamma)))) as_letter divisor_0 by_definition divisor_0_definition positive_by divisor_0_sign.
  apply (by_identity _ (
    (((gamma ^ 2) * (((a ^ 2) * ((((((m + (gamma * mu)) * (m + (4 * gamma * (c ^ 2) / (mu)))) + (4 * (c ^ 4) * (gamma ^ 2) / ((mu ^ 2)))) ^ 2) / ((gamma ^ 2) * (mu ^ 2) * (m + (gamma * mu)) * (m + (gamma * mu) + (gamma * (c ^ 2) / (mu))))) + (((1 + m) ^ 2) * ((m + (gamma * mu) + (2 * gamma * (c ^ 2) / (mu))) ^ 2) / ((c ^ 2) * (gamma ^ 2) * m * (m + (gamma * mu)))))) + (((z_k ^ 2) + (2 * a * z_k * (m + (gamma * mu) + (2 * gamma * (c ^ 2) / (mu))))) * ((((1 + m) ^ 2) / ((c ^ 2) * (gamma ^ 2) * m * (m + (gamma * mu)))) + ((((m + (gamma * mu)) * (m + (4 * gamma * (c ^ 2) / (mu)))) + (4 * (c ^ 4) * (gamma ^ 2) / ((mu ^ 2)))) / ((gamma ^ 2) * (mu ^ 2) * (m + (gamma * mu)) * (m + (gamma * mu) + (gamma * (c ^ 2) / (mu)))))))))))).
  { field_simplify_eq; [try rewrite m_definition; try rewrite z_k_definition; try rewrite divisor_0_definition; try rewrite Lcal_elimination; field; nonzero|nonzero ..]. }
  - positive.
Qed.
