(** One step of the finite sum obeys a two-parameter family of affine bounds; every other bound is a choice of alpha and nu.

    This file joins the generated theorems (about Gram letters) to the averages over the index in which the paper speaks. *)

Require Export KDTheory.Setting.
Require Import KDTheory.generated.young KDTheory.generated.young_unbiased.
Require Import KDTheory.generated.pl_young_short KDTheory.generated.pl_young_long KDTheory.generated.pl_young_unbiased.

(** Contraction and constant of the family, strongly convex; K = k^2 and A = a^2. *)
Definition slope gamma mu Lcal alpha nu := (1 - gamma * mu) ^ 2 * (1 + alpha) + mu * gamma ^ 2 * (1 + nu) * (Lcal - mu).
Definition offset gamma alpha nu K A := gamma ^ 2 * ((1 + / alpha) * K + (1 + / nu) * A).
Definition offset0 gamma nu A := gamma ^ 2 * ((1 + / nu) * A).
(** The multiplier of A1' must not be negative. *)
Definition growth gamma mu Lcal alpha nu := (1 + alpha) * (1 - gamma * mu) - gamma * (1 + nu) * (Lcal - mu).

(** The same for PL functions; b = |1 - L gamma|. *)
Definition slope_pl gamma mu L Lcal b alpha nu :=
  1 - 2 * gamma * mu + L * mu * gamma ^ 2 + L * gamma ^ 2 * (1 + nu) * (Lcal - mu) + alpha * gamma * mu * b.
Definition offset_pl gamma L b alpha nu K A :=
  K * (L * gamma ^ 2 / 2 + gamma * b / (2 * alpha)) + L * gamma ^ 2 / 2 * (1 + / nu) * A.

Lemma Rminus_le_0 r s : 0 <= s - r -> r <= s.
Proof. lra. Qed.

Section Family.
Variables (Q : problem) (teacher : rvec).
Notation P x := (at_point Q teacher x).
Notation K lam := (bias Q teacher lam).
Notation A lam := (centred_noise Q teacher lam).

Lemma root_of y : 0 <= y -> sqrt y ^ 2 = y.
Proof. intros. rewrite <- Rsqr_pow2. apply Rsqr_sqrt. assumption. Qed.

(** The letters k and a of the certificates exist. *)
Lemma bias_letter x lam : sqrt (K lam) ^ 2 = h_h (P x) * lam ^ 2.
Proof. rewrite root_of by apply bias_nonneg. unfold bias. rewrite letter_h_h. ring. Qed.

Lemma noise_letter x lam : sqrt (A lam) ^ 2 = S_S (P x) + Hc_Hc (P x) * lam ^ 2 - 2 * S_Hc (P x) * lam.
Proof.
  rewrite root_of by apply centred_noise_nonneg. rewrite (centred_noise_form Q teacher x). unfold form. simpl. ring.
Qed.

(** What the certificates assume, from what the paper assumes. *)
Ltac letters x lam :=
  pose proof (bias_letter x lam); pose proof (noise_letter x lam);
  repeat match goal with
  | H : A1 _ _ |- _ => specialize (H x); rewrite <- (letter_e_e Q teacher x), <- (letter_e_g Q teacher x) in H
  | H : A1' _ _ |- _ => specialize (H x); rewrite <- (letter_e_e Q teacher x) in H
  | H : A3 _ _ |- _ => specialize (H x); rewrite (smoothness_form Q teacher x) in H; unfold form in H; simpl in H
  | H : PL _ _ |- _ => specialize (H x); rewrite <- (letter_g_g Q teacher x) in H
  end.

Ltac unfold_bounds := unfold slope, offset, offset0, growth, slope_pl, offset_pl, moved, moved_unbiased, form in *; simpl in *.

Theorem family gamma mu Lcal lam alpha nu x :
  0 < gamma -> 0 < Lcal -> A1 Q mu -> A1' Q mu -> A3 Q Lcal ->
  0 < alpha <= nu -> 0 <= growth gamma mu Lcal alpha nu ->
  avg (N Q) (fun n => dist2 Q (distilled Q teacher gamma lam n x)) <=
    slope gamma mu Lcal alpha nu * dist2 Q x + offset gamma alpha nu (K lam) (A lam).
Proof.
  intros Hg HL H1 H2 H3 [Ha Hn] Hm. letters x lam.
  rewrite (dist2_form Q teacher), <- (letter_e_e Q teacher x), <- (root_of (K lam)), <- (root_of (A lam))
    by (apply bias_nonneg || apply centred_noise_nonneg).
  apply Rminus_le_0. eapply by_identity;
    [|apply (young_certificate (P x)) with (F := gap Q x) (Lcal := Lcal) (a := sqrt (A lam)) (alpha := alpha) (gamma := gamma)
      (k := sqrt (K lam)) (lam := lam) (mu := mu) (nu := nu)]; unfold_bounds; try lra.
Qed.

Theorem family_unbiased gamma mu Lcal lam nu x :
  0 < gamma -> 0 < Lcal -> A1 Q mu -> A1' Q mu -> A3 Q Lcal ->
  0 < nu -> 0 <= growth gamma mu Lcal 0 nu ->
  avg (N Q) (fun n => dist2 Q (distilled_unbiased Q teacher gamma lam n x)) <=
    slope gamma mu Lcal 0 nu * dist2 Q x + offset0 gamma nu (A lam).
Proof.
  intros Hg HL H1 H2 H3 Hn Hm. letters x lam.
  rewrite (dist2_form_unbiased Q teacher), <- (letter_e_e Q teacher x), <- (root_of (A lam)) by apply centred_noise_nonneg.
  apply Rminus_le_0. eapply by_identity;
    [|apply (young_unbiased_certificate (P x)) with (F := gap Q x) (Lcal := Lcal) (a := sqrt (A lam)) (gamma := gamma)
      (lam := lam) (mu := mu) (nu := nu)]; unfold_bounds; try lra.
Qed.

Theorem family_pl gamma mu L Lcal lam alpha nu x :
  0 < gamma -> 0 < L -> smooth Q L -> PL Q mu -> A3 Q Lcal ->
  0 < alpha -> 0 < nu -> 0 <= 2 - alpha * Rabs (1 - L * gamma) + L * gamma * nu ->
  avg (N Q) (fun n => gap Q (distilled Q teacher gamma lam n x)) <=
    slope_pl gamma mu L Lcal (Rabs (1 - L * gamma)) alpha nu * gap Q x
    + offset_pl gamma L (Rabs (1 - L * gamma)) alpha nu (K lam) (A lam).
Proof.
  intros Hg HL H1 H2 H3 Ha Hn Hm. pose proof (descent Q teacher L gamma lam x H1) as HD. clear H1. letters x lam.
  rewrite <- (root_of (K lam)), <- (root_of (A lam)) by (apply bias_nonneg || apply centred_noise_nonneg).
  set (V := avg _ _) in *. clearbody V.
  destruct (Rle_lt_dec 0 (1 - L * gamma)) as [Hs|Hs].
  - rewrite (Rabs_right (1 - L * gamma)) in * by lra.
    apply Rminus_le_0. eapply by_identity;
    [|apply (pl_young_short_certificate (P x)) with (F := gap Q x) (F_plus := V) (L := L) (Lcal := Lcal) (a := sqrt (A lam)) (alpha := alpha)
      (gamma := gamma) (k := sqrt (K lam)) (lam := lam) (mu := mu) (nu := nu)]; unfold_bounds; try lra.
    field; lra.
  - rewrite (Rabs_left (1 - L * gamma)) in * by lra.
    apply Rminus_le_0. eapply by_identity;
    [|apply (pl_young_long_certificate (P x)) with (F := gap Q x) (F_plus := V) (L := L) (Lcal := Lcal) (a := sqrt (A lam)) (alpha := alpha)
      (gamma := gamma) (k := sqrt (K lam)) (lam := lam) (mu := mu) (nu := nu)]; unfold_bounds; try lra.
    field; lra.
Qed.

Theorem family_pl_unbiased gamma mu L Lcal lam nu x :
  0 < gamma -> 0 < L -> smooth Q L -> PL Q mu -> A3 Q Lcal -> 0 < nu ->
  avg (N Q) (fun n => gap Q (distilled_unbiased Q teacher gamma lam n x)) <=
    slope_pl gamma mu L Lcal 0 0 nu * gap Q x + L * gamma ^ 2 / 2 * (1 + / nu) * A lam.
Proof.
  intros Hg HL H1 H2 H3 Hn. pose proof (descent_unbiased Q teacher L gamma lam x H1) as HD. clear H1. letters x lam.
  rewrite <- (root_of (A lam)) by apply centred_noise_nonneg.
  set (V := avg _ _) in *. clearbody V.
  assert (0 < L * gamma * nu) by (repeat apply Rmult_lt_0_compat; assumption).
  apply Rminus_le_0. eapply by_identity;
    [|apply (pl_young_unbiased_certificate (P x)) with (F := gap Q x) (F_plus := V) (L := L) (Lcal := Lcal) (a := sqrt (A lam))
      (gamma := gamma) (lam := lam) (mu := mu) (nu := nu)]; unfold_bounds; try lra.
Qed.

End Family.
