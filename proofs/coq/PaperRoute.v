(** Theorems 1 and 2 a second time, by the paper's own one-step proofs (their certificates), not through the family of PaperForm. *)

Require Export KDTheory.PaperForm.
Require Import KDTheory.generated.theorem_1_one_step KDTheory.generated.theorem_2_one_step.

Section PaperRoute.
Variables (Q : problem) (teacher : rvec).
Notation P x := (at_point Q teacher x).

Theorem theorem_1_again gamma mu Lcal lam :
  0 < gamma -> 0 < mu -> gamma * mu <= 1 -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> 4 * gamma * Lcal <= 1 ->
  forall t x0, expect (N Q) (distilled Q teacher gamma lam) t (dist2 Q) x0 <=
    (1 - gamma * mu) ^ t * dist2 Q x0
    + 2 * gamma / mu * noise Q teacher lam (1 / (gamma * mu)) * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hg Hmu Hgm1 H1 H2 H3 Hr t x0. assert (Hgm : 0 < gamma * mu) by (apply Rmult_lt_0_compat; assumption).
  replace (2 * gamma / mu * noise Q teacher lam (1 / (gamma * mu)))
    with (2 * gamma ^ 2 * noise Q teacher lam (1 / (gamma * mu)) / (gamma * mu)) by (field; lra).
  apply unroll; [apply N_pos|assumption|assumption|]. intros x.
  specialize (H1 x). specialize (H2 x). specialize (H3 x).
  rewrite <- (letter_e_e Q teacher), <- (letter_e_g Q teacher) in H1. rewrite <- (letter_e_e Q teacher) in H2.
  rewrite (smoothness_form Q teacher) in H3.
  rewrite (dist2_form Q teacher), <- (letter_e_e Q teacher x), noise_split, (centred_noise_form Q teacher x).
  unfold bias. rewrite <- (letter_h_h Q teacher x). unfold form, moved in *. simpl in *.
  apply Rminus_le_0. eapply by_identity;
    [|apply (theorem_1_one_step_certificate (P x)) with (F := gap Q x) (Lcal := Lcal) (gamma := gamma) (lam := lam) (mu := mu)];
    lra.
Qed.

Theorem theorem_2_again gamma mu L Lcal lam :
  0 < gamma -> 0 < mu -> 0 < L -> gamma * mu <= 1 -> smooth Q L -> minimal Q -> PL Q mu -> A3 Q Lcal ->
  4 * L * gamma * Lcal / mu <= 1 ->
  forall t x0, expect (N Q) (distilled Q teacher gamma lam) t (gap Q) x0 <=
    (1 - gamma * mu) ^ t * gap Q x0
    + L * gamma / mu * noise Q teacher lam (1 / (L * gamma)) * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hg Hmu HL Hgm1 Hs Hmin HPL H3 Hr t x0. assert (Hgm : 0 < gamma * mu) by (apply Rmult_lt_0_compat; assumption).
  replace (L * gamma / mu * noise Q teacher lam (1 / (L * gamma)))
    with (L * gamma ^ 2 * noise Q teacher lam (1 / (L * gamma)) / (gamma * mu)) by (field; lra).
  apply unroll; [apply N_pos|assumption|assumption|]. intros x.
  pose proof (descent Q teacher L gamma lam x Hs) as HD. specialize (HPL x). specialize (H3 x).
  assert (HF : 0 <= gap Q x) by (unfold gap; specialize (Hmin x); lra).
  rewrite <- (letter_g_g Q teacher) in HPL. rewrite (smoothness_form Q teacher) in H3.
  rewrite noise_split, (centred_noise_form Q teacher x). unfold bias. rewrite <- (letter_h_h Q teacher x).
  set (V := avg _ _) in *. clearbody V. unfold form in *. simpl in *.
  apply Rminus_le_0. eapply by_identity;
    [|apply (theorem_2_one_step_certificate (P x)) with (F := gap Q x) (F_plus := V) (L := L) (Lcal := Lcal) (gamma := gamma)
      (lam := lam) (mu := mu)]; lra.
Qed.

End PaperRoute.
