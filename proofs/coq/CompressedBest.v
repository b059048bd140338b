(** The free p of [compressed_every_p]: the p* that makes the floor least; the case x-star = 0, where p* = 0; and p* written without a pole, which
    gives one statement for all cases, no compression at all included. *)

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
  forall t x0, expect_compressed (N Q) (M C) (chance C) (distilled Q teacher gamma lam) (apply_n C) t (dist2 Q) x0 <=
    r ^ t * dist2 Q x0
    + ((1 + omega) * (2 * gamma ^ 2 * noise Q teacher lam (1 / (gamma * mu))) + delta) / (1 - r) * (1 - r ^ t).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr r Hcontract t x0.
  pose proof (rate_from_range Q teacher gamma mu Lcal Hd Hg Hmu H1 H2 H3 (narrower_range Q teacher gamma mu Lcal Hd Hmu H1 H2 H3 Hr)) as Hgm.
  assert (0 <= r) by (apply Rmult_le_pos; lra).
  replace (r ^ t) with ((1 - (1 - r)) ^ t) by (f_equal; ring).
  apply unroll_compressed; [apply N_pos|apply chance_probabilities|lra|lra|]. intros x.
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

(** |x-star|^2/p* and p*: no denominator but the room that contraction leaves, and |x-star|^2/p* itself. *)
Definition best_inverse omega delta r0 T X :=
  (sqrt ((omega * r0 * X) ^ 2 + X * (1 - (1 + omega) * r0) * (T + r0 * (omega * X + delta))) + omega * r0 * X) / (1 - (1 + omega) * r0).

Definition best_factor omega delta r0 T X :=
  if Rlt_dec 0 (best_inverse omega delta r0 T X) then X / best_inverse omega delta r0 T X else 0.

(** With X/p in place of 1/p, which p = 0 allows. *)
Definition floor_between omega delta r0 T X p Y := ((1 + omega * (1 + p)) * T + (omega * (X + Y) + delta)) / (1 - (1 + omega * (1 + p)) * r0).

(** Where the other formula has no pole, they agree. *)
Lemma best_factor_is_best_p omega delta r0 T X : 0 < omega -> 0 <= delta -> 0 < r0 -> 0 <= T -> 0 < X -> (1 + omega) * r0 < 1 ->
  best_factor omega delta r0 T X = best_p omega delta r0 T X /\ 0 < best_p omega delta r0 T X /\ best_inverse omega delta r0 T X = / best_p omega delta r0 T X * X.
Proof.
  intros Hom Hde Hr0 HT HX Hroom. pose proof (proj1 (best_p_is_best omega delta r0 T X Hom Hde Hr0 HT HX Hroom)) as Hp.
  assert (HomX : 0 < omega * X) by (apply Rmult_lt_0_compat; assumption).
  assert (Hden : 0 < T + r0 * (omega * X + delta)) by (assert (0 < r0 * (omega * X + delta)) by (apply Rmult_lt_0_compat; lra); lra).
  assert (Hb : 0 < omega * r0 * X) by (repeat apply Rmult_lt_0_compat; assumption).
  assert (Hroom' : 0 < 1 - (1 + omega) * r0) by lra.
  set (p := best_p omega delta r0 T X) in *.
  assert (HY : best_inverse omega delta r0 T X = / p * X).
  { apply Rmult_eq_reg_l with p; [|lra]. rewrite <- Rmult_assoc, Rinv_r, Rmult_1_l by lra.
    unfold p, best_p, best_inverse. set (den := T + r0 * (omega * X + delta)) in *. set (room := 1 - (1 + omega) * r0) in *.
    set (b := omega * r0 * X) in *.
    assert (Hin : 0 <= b ^ 2 + X * room * den).
    { pose proof (pow2_ge_0 b). assert (0 < X * room * den) by (repeat apply Rmult_lt_0_compat; assumption). lra. }
    pose proof (sqrt_sqrt _ Hin) as Hroot. set (root := sqrt (b ^ 2 + X * room * den)) in *.
    replace ((root - b) / den * ((root + b) / room)) with ((root * root - b ^ 2) / (den * room)) by (field; lra).
    rewrite Hroot. field. lra. }
  assert (HY0 : 0 < best_inverse omega delta r0 T X).
  { rewrite HY. apply Rmult_lt_0_compat; [apply Rinv_0_lt_compat; exact Hp|exact HX]. }
  split; [|split; [exact Hp|exact HY]].
  unfold best_factor. destruct (Rlt_dec _ _) as [_|]; [|contradiction]. rewrite HY. field. lra.
Qed.

Theorem best_factor_is_best omega delta r0 T X :
  0 <= omega -> 0 <= delta -> 0 < r0 -> 0 <= T -> 0 <= X -> (1 + omega) * r0 < 1 ->
  let p := best_factor omega delta r0 T X in let Y := best_inverse omega delta r0 T X in
  0 <= p /\ (1 + omega * (1 + p)) * r0 < 1 /\ forall p', 0 < p' -> (1 + omega * (1 + p')) * r0 < 1 -> floor_between omega delta r0 T X p Y <= floor_with omega delta r0 T X p'.
Proof.
  intros Hom Hde Hr0 HT HX Hroom p Y. destruct Hom as [Hom|Hzero]; [destruct HX as [HX|HX0]|].
  - destruct (best_factor_is_best_p omega delta r0 T X Hom Hde Hr0 HT HX Hroom) as (Hp & Hpos & HY).
    destruct (best_p_is_best omega delta r0 T X Hom Hde Hr0 HT HX Hroom) as (_ & Hc & Hbest).
    fold p in Hp. fold Y in HY. rewrite <- Hp in *. split; [lra|]. split; [exact Hc|]. intros p' Hp' Hc'.
    eapply Rle_trans; [|apply (Hbest p' Hp' Hc')]. right. unfold floor_between, floor_with. rewrite HY. f_equal. ring.
  - assert (HY : Y = 0).
    { unfold Y, best_inverse. rewrite <- HX0. replace ((omega * r0 * 0) ^ 2 + 0 * _ * _) with 0 by ring. rewrite sqrt_0. field. lra. }
    assert (Hp : p = 0) by (unfold p, best_factor; fold Y; rewrite HY; destruct (Rlt_dec 0 0); [lra|reflexivity]).
    rewrite Hp, HY. split; [lra|]. split; [lra|]. intros p' Hp' Hc'. unfold floor_between, floor_with. rewrite <- HX0.
    assert (Hop : 0 < omega * p') by (apply Rmult_lt_0_compat; assumption).
    assert (0 < omega * p' * r0) by (apply Rmult_lt_0_compat; assumption). assert (0 <= omega * p' * T) by (apply Rmult_le_pos; lra).
    assert (0 <= omega * T) by (apply Rmult_le_pos; lra).
    apply Rmult_le_compat; [lra|left; apply Rinv_0_lt_compat; lra|lra|apply Rinv_le_contravar; lra].
  - assert (K : forall u v, floor_between omega delta r0 T X u v = (T + delta) / (1 - r0) /\ floor_with omega delta r0 T X u = (T + delta) / (1 - r0)).
    { intros u v. unfold floor_between, floor_with. rewrite <- Hzero. split; f_equal; try ring; f_equal; ring. }
    assert (Hp : 0 <= p).
    { unfold p, best_factor. destruct (Rlt_dec _ _) as [HY|_]; [|lra]. apply Rmult_le_pos; [exact HX|left; apply Rinv_0_lt_compat; exact HY]. }
    split; [exact Hp|]. rewrite <- Hzero in *. split; [lra|]. intros p' _ _. destruct (K p Y) as [K1 _]. destruct (K p' 0) as [_ K2].
    rewrite Hzero in *. rewrite K1, K2. lra.
Qed.

Section AtTheBest.
Variables (Q : problem) (teacher : rvec) (omega delta : R) (C : compressor (d Q) omega delta).
Hypothesis omega_nonneg : 0 <= omega.
Hypothesis delta_nonneg : 0 <= delta.
Notation X := (norm2 (d Q) (minimiser Q)).

(** [compressed_every_p] at p*: for every omega >= 0 that leaves a contraction, x-star = 0 and omega = 0 included. *)
Theorem compressed gamma mu Lcal lam :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma <= 1 / (4 * Lcal) ->
  let r0 := 1 - gamma * mu in let T := 2 * gamma ^ 2 * noise Q teacher lam (1 / (gamma * mu)) in
  (1 + omega) * r0 < 1 ->
  let p := best_factor omega delta r0 T X in let Y := best_inverse omega delta r0 T X in
  let r := (1 + omega * (1 + p)) * r0 in
  forall t x0, expect_compressed (N Q) (M C) (chance C) (distilled Q teacher gamma lam) (apply_n C) t (dist2 Q) x0 <=
    r ^ t * dist2 Q x0 + ((1 + omega * (1 + p)) * T + (omega * (X + Y) + delta)) / (1 - r) * (1 - r ^ t).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr r0 T Hroom p Y r t x0.
  pose proof (rate_from_range Q teacher gamma mu Lcal Hd Hg Hmu H1 H2 H3 (narrower_range Q teacher gamma mu Lcal Hd Hmu H1 H2 H3 Hr)) as Hgm.
  assert (Hr0 : 0 < r0) by (unfold r0; lra). assert (HX : 0 <= X) by apply norm2_nonneg.
  assert (HT : 0 <= T).
  { unfold T. rewrite noise_split. pose proof (centred_noise_nonneg Q teacher lam). pose proof (bias_nonneg Q teacher lam).
    assert (0 <= 1 / (gamma * mu)) by (apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]).
    assert (0 <= (1 + 1 / (gamma * mu)) * bias Q teacher lam) by (apply Rmult_le_pos; lra).
    pose proof (pow2_ge_0 gamma). apply Rmult_le_pos; lra. }
  destruct (Rle_lt_or_eq_dec _ _ omega_nonneg) as [Hom|Hzero]; [destruct (Rle_lt_or_eq_dec _ _ HX) as [HX1|HX0]|].
  - destruct (best_factor_is_best_p omega delta r0 T X Hom delta_nonneg Hr0 HT HX1 Hroom) as (Hp & Hpos & HY).
    destruct (best_factor_is_best omega delta r0 T X (Rlt_le _ _ Hom) delta_nonneg Hr0 HT HX Hroom) as (_ & Hc & _).
    fold p in Hp, Hc. fold Y in HY. rewrite <- Hp in Hpos, HY.
    eapply Rle_trans; [exact (compressed_every_p Q teacher omega delta C omega_nonneg gamma mu Lcal lam p Hd Hg Hmu H1 H2 H3 Hr Hpos Hc t x0)|].
    right. fold r0 T r. rewrite HY. do 3 f_equal. ring.
  - assert (HY : Y = 0).
    { unfold Y, best_inverse. rewrite <- HX0. replace ((omega * r0 * 0) ^ 2 + 0 * _ * _) with 0 by ring. rewrite sqrt_0. field. lra. }
    assert (Hp : p = 0) by (unfold p, best_factor; fold Y; rewrite HY; destruct (Rlt_dec 0 0); [lra|reflexivity]).
    eapply Rle_trans; [exact (compressed_at_origin Q teacher omega delta C omega_nonneg (eq_sym HX0) gamma mu Lcal lam Hd Hg Hmu H1 H2 H3 Hr Hroom t x0)|].
    right. unfold r. rewrite Hp, HY, <- HX0. fold r0 T. replace (1 + omega * (1 + 0)) with (1 + omega) by ring. do 3 f_equal. ring.
  - assert (Hc : (1 + omega * (1 + 1)) * (1 - gamma * mu) < 1) by (rewrite <- Hzero; lra).
    eapply Rle_trans; [exact (compressed_every_p Q teacher omega delta C omega_nonneg gamma mu Lcal lam 1 Hd Hg Hmu H1 H2 H3 Hr Rlt_0_1 Hc t x0)|].
    right. unfold r. fold r0 T. rewrite <- Hzero. replace (1 + 0 * (1 + 1)) with 1 by ring. replace (1 + 0 * (1 + p)) with 1 by ring.
    do 3 f_equal. ring.
Qed.

End AtTheBest.
