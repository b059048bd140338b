(** lam |-> T_rate(lam) is convex at every rate, over both regimes: the best weight is a one-dimensional convex minimisation. *)

Require Export KDTheory.Sharp.

Definition convex (f : R -> R) := forall x y w, 0 <= w <= 1 -> f (w * x + (1 - w) * y) <= w * f x + (1 - w) * f y.

Lemma square_convex x y w : 0 <= w <= 1 -> (w * x + (1 - w) * y) ^ 2 <= w * x ^ 2 + (1 - w) * y ^ 2.
Proof.
  intros Hw. assert (0 <= w * (1 - w) * ((x - y) * (x - y))) by (apply Rmult_le_pos; [apply Rmult_le_pos; lra|apply Rle_0_sqr]). lra.
Qed.

(** ** |S - lam H'| is convex in lam *)

Section Norm.
Variables s C V : R.
Hypothesis form_nonneg : forall p t, 0 <= p * p * s - 2 * (p * t) * C + t * t * V.
Definition quad x := s - 2 * x * C + x ^ 2 * V.

Lemma quad_nonneg x : 0 <= quad x.
Proof. pose proof (form_nonneg 1 x). unfold quad. lra. Qed.

Lemma determinant : C * C <= s * V.
Proof.
  pose proof (form_nonneg 1 0) as Hs. pose proof (form_nonneg 0 1) as HV. pose proof (form_nonneg V C) as H1. pose proof (form_nonneg C s) as H2.
  destruct (Req_dec V 0) as [V0|V0]; [destruct (Req_dec s 0) as [s0|s0]|].
  - pose proof (form_nonneg 1 1). pose proof (form_nonneg 1 (-1)). assert (C = 0) by lra. subst C. rewrite V0, s0. lra.
  - apply Rmult_le_reg_l with s; [lra|]. lra.
  - apply Rmult_le_reg_l with V; [lra|]. lra.
Qed.

Lemma root_convex : convex (fun x => sqrt (quad x)).
Proof.
  intros x y w Hw. pose proof (quad_nonneg x) as Hx. pose proof (quad_nonneg y) as Hy.
  set (u := sqrt (quad x)). set (v := sqrt (quad y)).
  assert (Hu : u * u = quad x) by (apply sqrt_sqrt; assumption). assert (Hv : v * v = quad y) by (apply sqrt_sqrt; assumption).
  assert (Hu0 : 0 <= u) by apply sqrt_pos. assert (Hv0 : 0 <= v) by apply sqrt_pos.
  assert (Hright : 0 <= w * u + (1 - w) * v) by (apply Rplus_le_le_0_compat; apply Rmult_le_pos; lra).
  rewrite <- (sqrt_square (w * u + (1 - w) * v)) by assumption. apply sqrt_le_1; [apply quad_nonneg|apply Rle_0_sqr|].
  set (B := s - (x + y) * C + x * y * V).
  assert (HB : B <= u * v).
  { apply Rle_trans with (Rabs B); [apply Rle_abs|]. rewrite <- (Rabs_right (u * v)) by (apply Rle_ge, Rmult_le_pos; assumption).
    apply Rsqr_le_abs_0. unfold Rsqr. replace (u * v * (u * v)) with ((u * u) * (v * v)) by ring. rewrite Hu, Hv.
    pose proof determinant as Hd.
    assert (0 <= (x - y) * (x - y) * (s * V - C * C)) by (apply Rmult_le_pos; [apply Rle_0_sqr|lra]).
    unfold quad, B. lra. }
  assert (0 <= 2 * w * (1 - w) * (u * v - B)) by (apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra]).
  replace ((w * u + (1 - w) * v) * (w * u + (1 - w) * v))
    with (w ^ 2 * (u * u) + (1 - w) ^ 2 * (v * v) + 2 * w * (1 - w) * (u * v)) by ring.
  rewrite Hu, Hv. unfold quad, B in *. lra.
Qed.

End Norm.

(** ** W is the square of a largest slope *)

Section Slopes.
Variables gamma mu Lcal c : R.
Hypothesis Hg : 0 < gamma.
Hypothesis Hc0 : 0 <= c.
Hypothesis Hc : c * c = mu * (Lcal - mu).
Hypothesis Hgm : gamma * mu < 1.
Notation A := (cap gamma mu Lcal).
Notation o := (1 - gamma * mu).
Notation y := (gamma * c).

Definition cross_at k a :=
  if Rle_dec (gamma * (k * c)) (a * o) then noise_cross gamma mu c k a else bias_cross gamma mu Lcal k a.
Definition admissible u1 u2 := 0 <= u1 /\ 0 <= u2 <= y /\ u1 ^ 2 + u2 ^ 2 <= 1 - A.

Lemma y_nonneg : 0 <= y.
Proof. apply Rmult_le_pos; lra. Qed.

Lemma shrink : 1 - A = o ^ 2 + y ^ 2.
Proof. rewrite (one_minus_cap gamma mu Lcal c Hc). ring. Qed.

Lemma no_slope_gives_more u1 u2 k a : admissible u1 u2 -> 0 <= k -> 0 <= a -> gamma ^ 2 * (u1 * k + u2 * a) ^ 2 <= cross_at k a.
Proof.
  intros (Hu1 & Hu2 & Hu) Hk Ha. rewrite shrink in Hu. unfold cross_at. destruct (Rle_dec _ _) as [Hn|Hb].
  - unfold noise_cross. replace ((gamma * (k * o + gamma * (a * c))) ^ 2) with (gamma ^ 2 * (k * o + a * y) ^ 2) by ring.
    apply Rmult_le_compat_l; [apply pow2_ge_0|]. apply pow_incr.
    split; [apply Rplus_le_le_0_compat; apply Rmult_le_pos; lra|]. apply Rmult_le_reg_l with o; [lra|].
    set (near := ((o - u1) ^ 2 + (y - u2) ^ 2 + (o ^ 2 + y ^ 2 - u1 ^ 2 - u2 ^ 2)) / 2).
    assert (0 <= near) by (unfold near; pose proof (pow2_ge_0 (o - u1)); pose proof (pow2_ge_0 (y - u2)); lra).
    assert (0 <= k * near) by (apply Rmult_le_pos; assumption).
    assert (0 <= (a * o - gamma * (k * c)) * (y - u2)) by (apply Rmult_le_pos; lra).
    replace (o * (k * o + a * y)) with (o * (u1 * k + u2 * a) + k * near + (a * o - gamma * (k * c)) * (y - u2)) by (unfold near; field). lra.
  - unfold bias_cross, left_over. rewrite shrink.
    replace ((o ^ 2 + y ^ 2) * (gamma ^ 2 * (k ^ 2 + a ^ 2))) with (gamma ^ 2 * ((o ^ 2 + y ^ 2) * (k ^ 2 + a ^ 2))) by ring.
    apply Rmult_le_compat_l; [apply pow2_ge_0|].
    assert (0 <= (u1 * a - u2 * k) ^ 2) by apply pow2_ge_0.
    assert (0 <= (o ^ 2 + y ^ 2 - u1 ^ 2 - u2 ^ 2) * (k ^ 2 + a ^ 2))
      by (apply Rmult_le_pos; [lra|pose proof (pow2_ge_0 k); pose proof (pow2_ge_0 a); lra]). lra.
Qed.

Lemma one_slope_gives_it k a : 0 <= k -> 0 <= a -> exists u1 u2, admissible u1 u2 /\ cross_at k a = gamma ^ 2 * (u1 * k + u2 * a) ^ 2.
Proof.
  intros Hk Ha. pose proof y_nonneg. unfold cross_at, admissible. rewrite shrink. destruct (Rle_dec _ _) as [Hn|Hb].
  - exists o, y. repeat split; try lra. unfold noise_cross. ring.
  - apply Rnot_le_lt in Hb. assert (Hao : 0 <= a * o) by (apply Rmult_le_pos; lra).
    assert (Hk0 : 0 < k).
    { destruct Hk as [|<-]; [assumption|]. rewrite Rmult_0_l, Rmult_0_r in Hb. lra. }
    set (n := sqrt (k ^ 2 + a ^ 2)). set (r := sqrt (o ^ 2 + y ^ 2)).
    assert (Hkk : 0 < k ^ 2) by (apply pow_lt; assumption). pose proof (pow2_ge_0 a). pose proof (pow2_ge_0 o). pose proof (pow2_ge_0 y).
    assert (Hn : 0 < n) by (apply sqrt_lt_R0; lra). assert (Hnn : n * n = k ^ 2 + a ^ 2) by (apply sqrt_sqrt; lra).
    assert (Hr : 0 <= r) by apply sqrt_pos. assert (Hrr : r * r = o ^ 2 + y ^ 2) by (apply sqrt_sqrt; lra).
    exists (r * k / n), (r * a / n).
    assert (Hinv : 0 < / n) by (apply Rinv_0_lt_compat; assumption).
    assert (Hsize : (r * k / n) ^ 2 + (r * a / n) ^ 2 = o ^ 2 + y ^ 2).
    { rewrite <- Hrr. replace ((r * k / n) ^ 2 + (r * a / n) ^ 2) with (r * r * (k ^ 2 + a ^ 2) / (n * n)) by (field; lra).
      rewrite Hnn. field. lra. }
    repeat split; [|apply Rmult_le_pos; [apply Rmult_le_pos|]; lra| |lra|].
    + apply Rmult_le_pos; [apply Rmult_le_pos|]; lra.
    + apply quotient_le; [assumption|]. apply Rsqr_incr_0; [|apply Rmult_le_pos; lra|apply Rmult_le_pos; lra]. unfold Rsqr.
      replace (r * a * (r * a)) with (r * r * a ^ 2) by ring. replace (y * n * (y * n)) with (y ^ 2 * (n * n)) by ring. rewrite Hrr, Hnn.
      assert (0 <= (gamma * (k * c) - a * o) * (gamma * (k * c) + a * o)) by (apply Rmult_le_pos; lra). lra.
    + unfold bias_cross, left_over. rewrite shrink.
      replace (r * k / n * k + r * a / n * a) with (r * (k ^ 2 + a ^ 2) / n) by (field; lra). rewrite <- Hnn.
      replace (r * (n * n) / n) with (r * n) by (field; lra). replace ((r * n) ^ 2) with ((r * r) * (n * n)) by ring. rewrite Hrr, Hnn. ring.
Qed.

Lemma cross_increasing_convex k a k1 a1 k2 a2 w : 0 <= w <= 1 -> 0 <= k <= w * k1 + (1 - w) * k2 -> 0 <= a <= w * a1 + (1 - w) * a2 ->
  0 <= k1 -> 0 <= a1 -> 0 <= k2 -> 0 <= a2 -> cross_at k a <= w * cross_at k1 a1 + (1 - w) * cross_at k2 a2.
Proof.
  intros Hw Hk Ha Hk1 Ha1 Hk2 Ha2. destruct (one_slope_gives_it k a) as (u1 & u2 & Hu & ->); [lra..|].
  pose proof (no_slope_gives_more u1 u2 k1 a1 Hu Hk1 Ha1) as K1. pose proof (no_slope_gives_more u1 u2 k2 a2 Hu Hk2 Ha2) as K2.
  destruct Hu as (Hu1 & Hu2 & _). set (m1 := u1 * k1 + u2 * a1) in *. set (m2 := u1 * k2 + u2 * a2) in *.
  apply Rle_trans with (gamma ^ 2 * (w * m1 + (1 - w) * m2) ^ 2).
  - apply Rmult_le_compat_l; [apply pow2_ge_0|]. apply pow_incr. split; [apply Rplus_le_le_0_compat; apply Rmult_le_pos; lra|].
    replace (w * m1 + (1 - w) * m2) with (u1 * (w * k1 + (1 - w) * k2) + u2 * (w * a1 + (1 - w) * a2)) by (unfold m1, m2; ring).
    apply Rplus_le_compat; apply Rmult_le_compat_l; lra.
  - apply Rle_trans with (w * (gamma ^ 2 * m1 ^ 2) + (1 - w) * (gamma ^ 2 * m2 ^ 2)).
    + pose proof (square_convex m1 m2 w Hw) as K. apply Rmult_le_compat_l with (r := gamma ^ 2) in K; [lra|apply pow2_ge_0].
    + apply Rplus_le_compat; apply Rmult_le_compat_l; lra.
Qed.

End Slopes.

(** ** T_rate(lam) *)

Section Weights.
Variables (Q : problem) (teacher : rvec).
Notation k lam := (sqrt (bias Q teacher lam)).
Notation a lam := (sqrt (centred_noise Q teacher lam)).

Lemma a_convex : convex (fun lam => a lam).
Proof.
  set (P := at_point Q teacher (minimiser Q)).
  intros x y w Hw. assert (K : forall lam, centred_noise Q teacher lam = quad (S_S P) (S_Hc P) (Hc_Hc P) lam).
  { intros lam. rewrite (centred_noise_form Q teacher (minimiser Q)). fold P. unfold form, quad. simpl. ring. }
  rewrite !K. apply (root_convex (S_S P) (S_Hc P) (Hc_Hc P)); [|exact Hw].
  intros p t. pose proof (square P (Linear 0 0 0 0 0 p (- t))) as S. unfold form in S. simpl in S. lra.
Qed.

Lemma k_convex : convex (fun lam => k lam).
Proof.
  intros x y w Hw. set (h2 := norm2 (d Q) (average_teacher Q teacher)).
  assert (K : forall lam, bias Q teacher lam = quad 0 0 h2 lam) by (intros lam; unfold bias, quad; fold h2; ring).
  rewrite !K. apply (root_convex 0 0 h2); [|exact Hw]. intros p t.
  assert (0 <= t * t * h2) by (apply Rmult_le_pos; [apply Rle_0_sqr|apply norm2_nonneg]). lra.
Qed.

Lemma squares_convex : convex (fun lam => k lam ^ 2 + a lam ^ 2).
Proof.
  intros x y w Hw. pose proof (a_convex x y w Hw) as Ka. pose proof (k_convex x y w Hw) as Kk. cbv beta in Ka, Kk.
  pose proof (square_convex (k x) (k y) w Hw). pose proof (square_convex (a x) (a y) w Hw).
  assert (k (w * x + (1 - w) * y) ^ 2 <= (w * k x + (1 - w) * k y) ^ 2) by (apply pow_incr; split; [apply sqrt_pos|assumption]).
  assert (a (w * x + (1 - w) * y) ^ 2 <= (w * a x + (1 - w) * a y) ^ 2) by (apply pow_incr; split; [apply sqrt_pos|assumption]). lra.
Qed.

Theorem theorem_1_constant_convex gamma mu Lcal rate :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma < 1 / Lcal -> rate < cap gamma mu Lcal ->
  convex (fun lam => left_over gamma (k lam) (a lam) + cross Q teacher gamma mu Lcal lam / (cap gamma mu Lcal - rate)).
Proof.
  intros Hd Hg Hmu H1 H1' H3 Hrange Hrate x y w Hw. pose proof (mu_le_Lcal Q teacher mu Lcal Hd Hmu H1 H1' H3) as HmuL.
  pose proof (range_product Q teacher gamma mu Lcal Hd Hmu H1 H1' H3 Hrange) as Hr. pose proof (gamma_mu gamma mu Lcal Hg Hmu HmuL).
  destruct (root_c_spec mu Lcal Hmu HmuL) as [Hc0 Hc].
  assert (K : forall lam, cross Q teacher gamma mu Lcal lam = cross_at gamma mu Lcal (root_c mu Lcal) (k lam) (a lam)) by reflexivity.
  rewrite !K. unfold left_over. set (A := cap gamma mu Lcal) in *.
  set (W := fun lam => cross_at gamma mu Lcal (root_c mu Lcal) (k lam) (a lam)).
  assert (HW : W (w * x + (1 - w) * y) <= w * W x + (1 - w) * W y).
  { apply cross_increasing_convex; try assumption; try apply sqrt_pos; try lra; (split; [apply sqrt_pos|]).
    - apply (k_convex x y w Hw).
    - apply (a_convex x y w Hw). }
  pose proof (squares_convex x y w Hw) as HU. cbv beta in HU.
  apply Rmult_le_compat_l with (r := gamma ^ 2) in HU; [|apply pow2_ge_0].
  apply Rmult_le_compat_r with (r := / (A - rate)) in HW; [|left; apply Rinv_0_lt_compat; lra].
  change (cross_at gamma mu Lcal (root_c mu Lcal) (k (w * x + (1 - w) * y)) (a (w * x + (1 - w) * y))) with (W (w * x + (1 - w) * y)).
  change (cross_at gamma mu Lcal (root_c mu Lcal) (k x) (a x)) with (W x). change (cross_at gamma mu Lcal (root_c mu Lcal) (k y) (a y)) with (W y).
  unfold Rdiv. lra.
Qed.

Theorem theorem_2_constant_convex gamma mu L Lcal rate : 0 < gamma -> 0 < mu -> 0 < L -> rate < cap_pl gamma mu L Lcal ->
  convex (fun lam => left_over_pl gamma L (k lam) (a lam)
    + cross_pl gamma mu L (root_q mu Lcal) (k lam) (a lam) / (cap_pl gamma mu L Lcal - rate)).
Proof.
  intros Hg Hmu HL Hrate x y w Hw. unfold left_over_pl, cross_pl. set (A := cap_pl gamma mu L Lcal) in *.
  pose proof (squares_convex x y w Hw) as HU. cbv beta in HU.
  assert (Hl : 0 < L * gamma) by (apply Rmult_lt_0_compat; assumption). pose proof (sqrt_pos ((Lcal - mu) / mu)) as Hq. fold (root_q mu Lcal) in Hq.
  set (b := Rabs (1 - L * gamma)). assert (Hb : 0 <= b) by apply Rabs_pos.
  set (M := fun lam => k lam * b + L * gamma * (a lam * root_q mu Lcal)).
  assert (HM0 : forall lam, 0 <= M lam).
  { intros lam. unfold M. pose proof (sqrt_pos (bias Q teacher lam)). pose proof (sqrt_pos (centred_noise Q teacher lam)).
    apply Rplus_le_le_0_compat; [|apply Rmult_le_pos; [lra|]]; apply Rmult_le_pos; assumption. }
  assert (HM : M (w * x + (1 - w) * y) <= w * M x + (1 - w) * M y).
  { pose proof (k_convex x y w Hw) as Kk. pose proof (a_convex x y w Hw) as Ka. cbv beta in Kk, Ka. unfold M.
    apply Rmult_le_compat_r with (r := b) in Kk; [|assumption].
    apply Rmult_le_compat_r with (r := L * gamma * root_q mu Lcal) in Ka; [lra|apply Rmult_le_pos; lra]. }
  assert (HM2 : M (w * x + (1 - w) * y) ^ 2 <= w * M x ^ 2 + (1 - w) * M y ^ 2).
  { eapply Rle_trans; [|apply square_convex; assumption]. apply pow_incr. split; [apply HM0|exact HM]. }
  assert (Hgg : 0 <= gamma ^ 2) by apply pow2_ge_0.
  apply Rmult_le_compat_l with (r := L * gamma ^ 2 / 2) in HU; [|apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra]].
  apply Rmult_le_compat_l with (r := mu * gamma ^ 2 / 2) in HM2; [|apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra]].
  apply Rmult_le_compat_r with (r := / (A - rate)) in HM2; [|left; apply Rinv_0_lt_compat; lra].
  unfold M in HM2. fold b. unfold Rdiv in *. lra.
Qed.

End Weights.
