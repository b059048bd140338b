(** The free p of [compressed]: the p* that makes the floor least, and the case x-star = 0, where p* = 0. *)

Require Export KDTheory.Compressed.

(** Floor of the affine bound with contraction r0 and constant T before compression, X = |x-star|^2. *)
Definition floor_with omega delta r0 T X p :=
  ((1 + omega * (1 + p)) * T + (omega * (1 + / p) * X + delta)) / (1 - (1 + omega * (1 + p)) * r0).

Definition best_p omega delta r0 T X :=
  let room := 1 - (1 + omega) * r0 in let den := T + r0 * (omega * X + delta) in
  (sqrt ((omega * r0 * X) ^ 2 + X * room * den) - omega * r0 * X) / den.

Theorem best_p_is_best omega delta r0 T X :
  0 < omega -> 0 <= delta -> 0 < r0 -> 0 <= T -> 0 < X -> (1 + omega) * r0 < 1 ->
  let p := best_p omega delta r0 T X in
  0 < p /\ (1 + omega * (1 + p)) * r0 < 1 /\
  forall p', 0 < p' -> (1 + omega * (1 + p')) * r0 < 1 -> floor_with omega delta r0 T X p <= floor_with omega delta r0 T X p'.
Proof.
  intros Hom Hde Hr0 HT HX Hroom p. unfold best_p in p. set (room := 1 - (1 + omega) * r0) in *.
  set (den := T + r0 * (omega * X + delta)) in *. set (b := omega * r0 * X) in *.
  assert (Hroom0 : 0 < room) by (unfold room; lra).
  assert (HomX : 0 < omega * X) by (apply Rmult_lt_0_compat; assumption).
  assert (Hden : 0 < den).
  { unfold den. assert (0 < r0 * (omega * X + delta)) by (apply Rmult_lt_0_compat; lra). lra. }
  assert (Hb : 0 < b) by (unfold b; repeat apply Rmult_lt_0_compat; assumption).
  assert (Hc : 0 < X * room * den) by (repeat apply Rmult_lt_0_compat; assumption).
  set (root := sqrt (b ^ 2 + X * room * den)) in *.
  assert (Hroot : root * root = b ^ 2 + X * room * den) by (apply sqrt_sqrt; pose proof (pow2_ge_0 b); lra).
  assert (Hbr : b < root).
  { apply Rsqr_incrst_0; [unfold Rsqr; lra|lra|apply sqrt_pos]. }
  assert (Hpden : p * den = root - b) by (unfold p; field; lra).
  assert (Hp : 0 < p) by (apply Rmult_lt_reg_r with den; lra).
  assert (HE : den * p ^ 2 + 2 * b * p = X * room).
  { apply Rmult_eq_reg_r with den; [|lra]. transitivity ((p * den) * (p * den) + 2 * b * (p * den)); [ring|].
    rewrite Hpden. replace ((root - b) * (root - b) + 2 * b * (root - b)) with (root * root - b ^ 2) by ring. rewrite Hroot. ring. }
  assert (Hcontract : (1 + omega * (1 + p)) * r0 < 1).
  { assert (0 < den * p ^ 2) by (apply Rmult_lt_0_compat; [assumption|apply pow_lt; assumption]).
    assert (0 < b * p) by (apply Rmult_lt_0_compat; assumption).
    assert (K : X * (omega * r0 * p) < X * room) by (replace (X * (omega * r0 * p)) with (b * p) by (unfold b; ring); lra).
    apply Rmult_lt_reg_l in K; [|assumption]. unfold room in K. lra. }
  split; [assumption|]. split; [assumption|].
  set (phi := (X / p ^ 2 - T) / r0).
  assert (Hdelta : delta = ((X * room - 2 * b * p) / p ^ 2 - T - r0 * (omega * X)) / r0).
  { replace (X * room - 2 * b * p) with (den * p ^ 2) by lra. unfold den. field. lra. }
  assert (Hkey : forall u, 0 < u -> (1 + omega * (1 + u)) * T + (omega * (1 + / u) * X + delta)
    = phi * (1 - (1 + omega * (1 + u)) * r0) + omega * X * ((u - p) * (u - p)) / (u * p ^ 2)).
  { intros u Hu. rewrite Hdelta. unfold phi, room, b. field. lra. }
  assert (Hat : floor_with omega delta r0 T X p = phi).
  { unfold floor_with. rewrite (Hkey p Hp). field. lra. }
  intros u Hu Hcu. rewrite Hat. unfold floor_with. rewrite (Hkey u Hu).
  apply Rmult_le_reg_r with (1 - (1 + omega * (1 + u)) * r0); [lra|].
  match goal with |- _ <= ?n / ?m * ?m => replace (n / m * m) with n by (field; lra) end.
  assert (0 <= omega * X * ((u - p) * (u - p)) / (u * p ^ 2)); [|lra].
  apply Rmult_le_pos; [apply Rmult_le_pos; [lra|apply Rle_0_sqr]|].
  left. apply Rinv_0_lt_compat, Rmult_lt_0_compat; [assumption|apply pow_lt; assumption].
Qed.

Section AtTheOrigin.
Variables (Q : problem) (teacher : rvec) (omega delta : R) (C : compressor (d Q) omega delta).
Hypothesis omega_nonneg : 0 <= omega.
Hypothesis at_origin : norm2 (d Q) (minimiser Q) = 0.

(** x-star = 0: the term omega (1 + 1/p)|x-star|^2 is gone, so p -> 0. *)
Theorem compressed_at_origin gamma mu Lcal lam :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma <= 1 / (4 * Lcal) ->
  let r := (1 + omega) * (1 - gamma * mu) in
  r < 1 ->
  forall t x0, expect_compressed (N Q) (M C) (distilled Q teacher gamma lam) (apply_n C) t (dist2 Q) x0 <=
    r ^ t * dist2 Q x0
    + ((1 + omega) * (2 * gamma ^ 2 * noise Q teacher lam (1 / (gamma * mu))) + delta) / (1 - r) * (1 - r ^ t).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr r Hcontract t x0.
  pose proof (rate_from_range Q teacher gamma mu Lcal Hd Hg Hmu H1 H2 H3 (narrower_range Q teacher gamma mu Lcal Hd Hmu H1 H2 H3 Hr)) as Hgm.
  assert (0 <= r) by (apply Rmult_le_pos; lra).
  replace (r ^ t) with ((1 - (1 - r)) ^ t) by (f_equal; ring).
  apply unroll_compressed; [apply N_pos|apply M_pos|lra|lra|]. intros x.
  set (T := 2 * gamma ^ 2 * noise Q teacher lam (1 / (gamma * mu))).
  set (B := (1 - gamma * mu) * dist2 Q x + T).
  set (u := fun p => (1 + omega * (1 + p)) * B + delta).
  replace ((1 - (1 - r)) * dist2 Q x + ((1 + omega) * T + delta)) with (u 0) by (unfold u, B, r; ring).
  apply le_limit; [unfold u; reg|]. intros p Hp.
  eapply Rle_trans; [eapply (compress_bound Q omega delta C omega_nonneg (distilled Q teacher gamma lam) B p x Hp);
    apply (one_step_1 Q teacher gamma mu Lcal); assumption|].
  right. unfold u. rewrite at_origin. ring.
Qed.

End AtTheOrigin.
