(** lam |-> sqrt(Phi(lam)) is convex, Phi the fixed point of (1-A)s + 2 sqrt(W s) + U: {(sigma, k, a) : bound(sigma^2) <= sigma^2} is an
    intersection of second-order cones, one for each slope, and sqrt(Phi) is its lower edge. *)

Require Export KDTheory.Convexity.

Section Cone.
Variables A kap al be : R.
Hypothesis Hkap : 0 < kap.
Hypothesis Hal : 0 <= al.
Hypothesis Hbe : 0 <= be.
Hypothesis Hdisc : al ^ 2 + be ^ 2 <= kap * (1 - A).
Definition curve sig k a := (1 - A) * sig ^ 2 + 2 * sig * (al * k + be * a) + kap * (k ^ 2 + a ^ 2).

Lemma cone s1 k1 a1 s2 k2 a2 w : 0 <= w <= 1 -> 0 <= s1 -> 0 <= s2 -> curve s1 k1 a1 <= s1 ^ 2 -> curve s2 k2 a2 <= s2 ^ 2 ->
  curve (w * s1 + (1 - w) * s2) (w * k1 + (1 - w) * k2) (w * a1 + (1 - w) * a2) <= (w * s1 + (1 - w) * s2) ^ 2.
Proof.
  intros Hw Hs1 Hs2 H1 H2. set (disc := kap * (1 - A) - al ^ 2 - be ^ 2). assert (H0 : 0 <= disc) by (unfold disc; lra).
  set (r := sqrt disc). assert (Hr : r * r = disc) by (apply sqrt_sqrt; assumption).
  set (X := fun (s k a : R) i => match i with O => kap * k + al * s | S O => kap * a + be * s | _ => r * s end).
  assert (Hnorm : forall s k a, norm2 3 (X s k a) = kap * curve s k a).
  { intros. unfold norm2, dot, X, curve. simpl. replace (r * s * (r * s)) with (r * r * (s * s)) by ring. rewrite Hr. unfold disc. ring. }
  set (B := dot 3 (X s1 k1 a1) (X s2 k2 a2)).
  assert (HB : B <= kap * (s1 * s2)).
  { apply Rle_trans with (Rabs B); [apply Rle_abs|]. assert (Hss : 0 <= kap * (s1 * s2)) by (apply Rmult_le_pos; [lra|apply Rmult_le_pos; lra]).
    rewrite <- (Rabs_right (kap * (s1 * s2))) by lra. apply Rsqr_le_abs_0. unfold Rsqr.
    eapply Rle_trans; [apply cauchy_schwarz|]. rewrite !Hnorm.
    replace (kap * (s1 * s2) * (kap * (s1 * s2))) with ((kap * s1 ^ 2) * (kap * s2 ^ 2)) by ring.
    apply Rmult_le_compat.
    - rewrite <- Hnorm. apply norm2_nonneg.
    - rewrite <- Hnorm. apply norm2_nonneg.
    - apply Rmult_le_compat_l; lra.
    - apply Rmult_le_compat_l; lra. }
  apply Rmult_le_reg_l with kap; [assumption|].
  assert (Hmix : kap * curve (w * s1 + (1 - w) * s2) (w * k1 + (1 - w) * k2) (w * a1 + (1 - w) * a2)
    = w ^ 2 * (kap * curve s1 k1 a1) + (1 - w) ^ 2 * (kap * curve s2 k2 a2) + 2 * w * (1 - w) * B).
  { unfold B, dot, X, curve. simpl. replace (r * s1 * (r * s2)) with (r * r * (s1 * s2)) by ring. rewrite Hr. unfold disc. ring. }
  rewrite Hmix.
  replace (kap * (w * s1 + (1 - w) * s2) ^ 2)
    with (w ^ 2 * (kap * s1 ^ 2) + (1 - w) ^ 2 * (kap * s2 ^ 2) + 2 * w * (1 - w) * (kap * (s1 * s2))) by ring.
  repeat apply Rplus_le_compat; (apply Rmult_le_compat_l; [|]); try (apply pow2_ge_0); try (apply Rmult_le_compat_l; lra); try assumption.
  apply Rmult_le_pos; lra.
Qed.

Lemma curve_increasing s k a k' a' : 0 <= s -> 0 <= k <= k' -> 0 <= a <= a' -> curve s k a <= curve s k' a'.
Proof.
  intros Hs Hk Ha. unfold curve. assert (k ^ 2 <= k' ^ 2) by (apply pow_incr; lra). assert (a ^ 2 <= a' ^ 2) by (apply pow_incr; lra).
  assert (al * k <= al * k') by (apply Rmult_le_compat_l; lra). assert (be * a <= be * a') by (apply Rmult_le_compat_l; lra).
  assert (2 * s * (al * k + be * a) <= 2 * s * (al * k' + be * a')) by (apply Rmult_le_compat_l; lra).
  assert (kap * (k ^ 2 + a ^ 2) <= kap * (k' ^ 2 + a' ^ 2)) by (apply Rmult_le_compat_l; lra). lra.
Qed.

End Cone.

Definition root_floor A U W := (sqrt (U * A + W) + sqrt W) / A.

Section Root.
Variables A U W : R.
Hypothesis HA : 0 < A.
Hypothesis HU : 0 <= U.
Hypothesis HW : 0 <= W.

Lemma root_floor_nonneg : 0 <= root_floor A U W.
Proof.
  apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat; assumption]. apply Rplus_le_le_0_compat; apply sqrt_pos.
Qed.

Lemma root_floor_is : sqrt (floor A U W) = root_floor A U W.
Proof.
  replace (floor A U W) with (root_floor A U W * root_floor A U W) by (unfold floor, root_floor; field; lra).
  apply sqrt_square, root_floor_nonneg.
Qed.

Let v := sqrt (U * A + W).
Let w := sqrt W.
Let Hv : v * v = U * A + W.
Proof. apply sqrt_sqrt. assert (0 <= U * A) by (apply Rmult_le_pos; lra). lra. Qed.
Let Hw : w * w = W.
Proof. apply sqrt_sqrt. assumption. Qed.

(** sigma^2 - bound(sigma^2) = (sigma - sqrt Phi)(A sigma + v - w). *)
Lemma towards sig : sig ^ 2 - ((1 - A) * sig ^ 2 + 2 * sig * w + U) = (sig - root_floor A U W) * (A * sig + v - w).
Proof.
  unfold root_floor. fold v w. replace U with ((v * v - w * w) / A) by (rewrite Hv, Hw; field; lra). field. lra.
Qed.

Lemma root_floor_fixed : let f := root_floor A U W in (1 - A) * f ^ 2 + 2 * f * sqrt W + U = f ^ 2.
Proof. intros f. pose proof (towards f) as K. unfold f in *. fold w. rewrite Rminus_diag_eq with (r1 := root_floor A U W) in K at 1 by reflexivity. lra. Qed.

Lemma root_floor_least sig : 0 <= sig -> (U = 0 -> W = 0) -> (1 - A) * sig ^ 2 + 2 * sig * sqrt W + U <= sig ^ 2 -> root_floor A U W <= sig.
Proof.
  intros Hs HUW H. fold w in H. pose proof (towards sig) as K.
  assert (Hv0 : 0 <= v) by apply sqrt_pos. assert (Hw0 : 0 <= w) by apply sqrt_pos.
  assert (HUA : 0 <= U * A) by (apply Rmult_le_pos; lra).
  assert (Hvw : w <= v) by (apply sqrt_le_1; lra).
  assert (HAs : 0 <= A * sig) by (apply Rmult_le_pos; lra).
  destruct (Rle_lt_or_eq_dec 0 (A * sig + v - w) ltac:(lra)) as [Hpos|Hzero].
  - apply Rnot_lt_le. intros Hlt. assert (0 < (root_floor A U W - sig) * (A * sig + v - w)) by (apply Rmult_lt_0_compat; lra). lra.
  - assert (Hvw' : v = w) by lra. assert (HU0 : U = 0).
    { apply Rmult_eq_reg_r with A; [|lra]. rewrite Rmult_0_l. rewrite Hvw' in Hv. lra. }
    specialize (HUW HU0). assert (Hwz : w = 0) by (unfold w; rewrite HUW; apply sqrt_0).
    unfold root_floor. fold v w. rewrite Hvw', Hwz. replace ((0 + 0) / A) with 0 by (field; lra). assumption.
Qed.

End Root.

Section Weights.
Variables (Q : problem) (teacher : rvec).
Notation k lam := (sqrt (bias Q teacher lam)).
Notation a lam := (sqrt (centred_noise Q teacher lam)).

Lemma no_bias_no_noise c lam : 0 < c -> c * (k lam ^ 2 + a lam ^ 2) = 0 -> k lam = 0 /\ a lam = 0.
Proof.
  intros Hc H. pose proof (pow2_ge_0 (k lam)). pose proof (pow2_ge_0 (a lam)).
  assert (K : k lam ^ 2 + a lam ^ 2 = 0) by (apply Rmult_eq_reg_l with c; lra).
  split; apply Rsqr_0_uniq; unfold Rsqr; lra.
Qed.

Theorem theorem_1_root_floor_convex gamma mu Lcal :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma < 1 / Lcal ->
  convex (fun lam => sqrt (floor (cap gamma mu Lcal) (left_over gamma (k lam) (a lam)) (cross Q teacher gamma mu Lcal lam))).
Proof.
  intros Hd Hg Hmu H1 H1' H3 Hrange x y w Hw. pose proof (mu_le_Lcal Q teacher mu Lcal Hd Hmu H1 H1' H3) as HmuL.
  pose proof (range_product Q teacher gamma mu Lcal Hd Hmu H1 H1' H3 Hrange) as Hr. pose proof (gamma_mu gamma mu Lcal Hg Hmu HmuL) as Hgm.
  destruct (root_c_spec mu Lcal Hmu HmuL) as [Hc0 Hc]. set (A := cap gamma mu Lcal).
  assert (HA : 0 < A) by (pose proof (sharp_rate_admissible gamma mu Lcal Hg Hmu HmuL Hr); unfold A; lra).
  set (U := fun lam => left_over gamma (k lam) (a lam)). set (W := fun lam => cross Q teacher gamma mu Lcal lam).
  assert (HU : forall lam, 0 <= U lam) by (intros; apply left_over_nonneg).
  assert (HW : forall lam, 0 <= W lam) by (intros; apply (cross_nonneg Q teacher gamma mu Lcal lam); assumption).
  assert (Hk0 : forall lam, 0 <= k lam) by (intros; apply sqrt_pos). assert (Ha0 : forall lam, 0 <= a lam) by (intros; apply sqrt_pos).
  rewrite !root_floor_is by (try assumption; first [apply HU|apply HW]).
  assert (Hf : forall lam, 0 <= root_floor A (U lam) (W lam)) by (intros; apply root_floor_nonneg; assumption).
  set (m := w * x + (1 - w) * y). fold (U m) (U x) (U y) (W m) (W x) (W y).
  set (f := fun lam => root_floor A (U lam) (W lam)).
  assert (Hmix : 0 <= w * f x + (1 - w) * f y) by (apply Rplus_le_le_0_compat; (apply Rmult_le_pos; [lra|apply Hf])).
  apply root_floor_least; try assumption; [apply HU|apply HW| |].
  - intros HU0. destruct (no_bias_no_noise (gamma ^ 2) m) as [K1 K2]; [apply pow_lt; assumption|exact HU0|].
    unfold W, cross, noise_cross, bias_cross, left_over. rewrite K1, K2. destruct (Rle_dec _ _); ring.
  - destruct (one_slope_gives_it gamma mu Lcal (root_c mu Lcal) Hg Hc0 Hc ltac:(lra) (k m) (a m) (Hk0 m) (Ha0 m)) as (u1 & u2 & Hu & HWm).
    change (cross_at gamma mu Lcal (root_c mu Lcal) (k m) (a m)) with (W m) in HWm.
    destruct Hu as (Hu1 & Hu2 & Hdisc). pose proof (pow2_ge_0 gamma) as Hgg.
    assert (Hroot : sqrt (W m) = gamma * u1 * k m + gamma * u2 * a m).
    { rewrite HWm. replace (gamma ^ 2 * (u1 * k m + u2 * a m) ^ 2) with ((gamma * u1 * k m + gamma * u2 * a m) * (gamma * u1 * k m + gamma * u2 * a m)) by ring.
      apply sqrt_square. pose proof (Hk0 m). pose proof (Ha0 m). apply Rplus_le_le_0_compat; repeat apply Rmult_le_pos; lra. }
    assert (Hbelow : forall lam, curve A (gamma ^ 2) (gamma * u1) (gamma * u2) (f lam) (k lam) (a lam) <= f lam ^ 2).
    { intros lam. assert (K : (1 - A) * f lam ^ 2 + 2 * f lam * sqrt (W lam) + U lam = f lam ^ 2)
        by exact (root_floor_fixed A (U lam) (W lam) HA (HU lam) (HW lam)).
      eapply Rle_trans; [|right; exact K].
      assert (Hs : gamma * u1 * k lam + gamma * u2 * a lam <= sqrt (W lam)).
      { assert (H0 : 0 <= gamma * u1 * k lam + gamma * u2 * a lam)
          by (pose proof (Hk0 lam); pose proof (Ha0 lam); apply Rplus_le_le_0_compat; repeat apply Rmult_le_pos; lra).
        rewrite <- (sqrt_square (gamma * u1 * k lam + gamma * u2 * a lam)) by exact H0. apply sqrt_le_1; [apply Rle_0_sqr|apply HW|].
        replace ((gamma * u1 * k lam + gamma * u2 * a lam) * (gamma * u1 * k lam + gamma * u2 * a lam))
          with (gamma ^ 2 * (u1 * k lam + u2 * a lam) ^ 2) by ring.
        apply (no_slope_gives_more gamma mu Lcal (root_c mu Lcal) Hc ltac:(lra) u1 u2 (k lam) (a lam)); [repeat split; lra|apply Hk0|apply Ha0]. }
      assert (2 * f lam * (gamma * u1 * k lam + gamma * u2 * a lam) <= 2 * f lam * sqrt (W lam))
        by (apply Rmult_le_compat_l; [pose proof (Hf lam); unfold f; lra|assumption]).
      assert (EU : U lam = gamma ^ 2 * (k lam ^ 2 + a lam ^ 2)) by reflexivity. rewrite EU. unfold curve. lra. }
    assert (Hdisc' : (gamma * u1) ^ 2 + (gamma * u2) ^ 2 <= gamma ^ 2 * (1 - A)).
    { replace ((gamma * u1) ^ 2 + (gamma * u2) ^ 2) with (gamma ^ 2 * (u1 ^ 2 + u2 ^ 2)) by ring. apply Rmult_le_compat_l; assumption. }
    pose proof (cone A (gamma ^ 2) (gamma * u1) (gamma * u2) ltac:(apply pow_lt; assumption) Hdisc' _ _ _ _ _ _ w Hw (Hf x) (Hf y) (Hbelow x) (Hbelow y)) as K.
    eapply Rle_trans; [|exact K]. eapply Rle_trans;
      [|apply (curve_increasing A (gamma ^ 2) (gamma * u1) (gamma * u2)) with (k := k m) (a := a m); try assumption].
    + unfold curve, U, left_over, f. rewrite Hroot. right. ring.
    + apply pow_lt. assumption.
    + apply Rmult_le_pos; lra.
    + apply Rmult_le_pos; lra.
    + split; [apply Hk0|]. apply (k_convex Q teacher x y w Hw).
    + split; [apply Ha0|]. apply (a_convex Q teacher x y w Hw).
Qed.

Theorem theorem_2_root_floor_convex gamma mu L Lcal :
  0 < gamma -> 0 < mu -> 0 < L -> smooth Q L -> minimal Q -> PL Q mu -> A3 Q Lcal -> (exists x, 0 < gap Q x) ->
  gamma < 2 * mu / (L * Lcal) ->
  convex (fun lam => sqrt (floor (cap_pl gamma mu L Lcal) (left_over_pl gamma L (k lam) (a lam))
    (cross_pl gamma mu L (root_q mu Lcal) (k lam) (a lam)))).
Proof.
  intros Hg Hmu HL Hs Hmin HPL H3 Hex Hr x y w Hw.
  pose proof (mu_le_Lcal_pl Q teacher mu Lcal Hex HPL H3) as HmuLc. pose proof (mu_le_L Q mu L Hex HL HPL Hs Hmin) as HmuL.
  destruct (root_q_spec mu Lcal Hmu HmuLc) as [Hq0 Hq]. set (q := root_q mu Lcal) in *. set (A := cap_pl gamma mu L Lcal).
  assert (HA : 0 < A) by (apply (cap_pl_pos Q teacher gamma mu L Lcal); assumption).
  set (b := Rabs (1 - L * gamma)). assert (Hb0 : 0 <= b) by apply Rabs_pos.
  assert (Hb : b * b = (1 - L * gamma) ^ 2) by (unfold b; rewrite <- Rabs_mult, Rabs_right by (apply Rle_ge, Rle_0_sqr); ring).
  set (z := sqrt (mu / 2)). assert (Hz0 : 0 <= z) by apply sqrt_pos. assert (Hz : z * z = mu / 2) by (apply sqrt_sqrt; lra).
  set (kap := L * gamma ^ 2 / 2). set (al := z * gamma * b). set (be := z * gamma * (L * gamma * q)).
  assert (Hgg : 0 < gamma ^ 2) by (apply pow_lt; assumption).
  assert (Hkap : 0 < kap) by (unfold kap; assert (0 < L * gamma ^ 2) by (apply Rmult_lt_0_compat; assumption); lra).
  assert (Hl : 0 < L * gamma) by (apply Rmult_lt_0_compat; assumption).
  assert (Hal : 0 <= al) by (unfold al; repeat apply Rmult_le_pos; lra).
  assert (Hbe : 0 <= be) by (unfold be; repeat apply Rmult_le_pos; lra).
  assert (Hdisc : al ^ 2 + be ^ 2 <= kap * (1 - A)).
  { replace (al ^ 2 + be ^ 2) with (z * z * gamma ^ 2 * (b * b) + z * z * gamma ^ 2 * (L * gamma) ^ 2 * (q * q)) by (unfold al, be; ring).
    rewrite Hz, Hb. replace (mu / 2 * gamma ^ 2 * (L * gamma) ^ 2 * (q * q)) with (gamma ^ 2 / 2 * (L * gamma) ^ 2 * (mu * (q * q))) by field.
    rewrite Hq. replace (kap * (1 - A)) with (mu / 2 * gamma ^ 2 * (1 - L * gamma) ^ 2 + gamma ^ 2 / 2 * (L * gamma) ^ 2 * (Lcal - mu)
      + gamma ^ 2 / 2 * (L - mu)) by (unfold kap, A, cap_pl; field; lra).
    assert (0 <= gamma ^ 2 / 2 * (L - mu)) by (apply Rmult_le_pos; lra). lra. }
  assert (Hk0 : forall lam, 0 <= k lam) by (intros; apply sqrt_pos). assert (Ha0 : forall lam, 0 <= a lam) by (intros; apply sqrt_pos).
  set (U := fun lam => left_over_pl gamma L (k lam) (a lam)). set (W := fun lam => cross_pl gamma mu L q (k lam) (a lam)).
  assert (HU : forall lam, 0 <= U lam) by (intros; apply left_over_pl_nonneg; assumption).
  assert (HW : forall lam, 0 <= W lam) by (intros; apply cross_pl_nonneg; assumption).
  assert (Hroot : forall lam, sqrt (W lam) = al * k lam + be * a lam).
  { intros lam. replace (W lam) with ((al * k lam + be * a lam) * (al * k lam + be * a lam)).
    - apply sqrt_square. pose proof (Hk0 lam). pose proof (Ha0 lam). apply Rplus_le_le_0_compat; apply Rmult_le_pos; lra.
    - unfold W, cross_pl. fold b. replace (mu * gamma ^ 2 / 2) with (z * z * gamma ^ 2) by (rewrite Hz; field). unfold al, be. ring. }
  set (m := w * x + (1 - w) * y). rewrite !root_floor_is by (try assumption; first [apply HU|apply HW]).
  set (f := fun lam => root_floor A (U lam) (W lam)). assert (Hf : forall lam, 0 <= f lam) by (intros; apply root_floor_nonneg; assumption).
  assert (Hat : forall lam, curve A kap al be (f lam) (k lam) (a lam) = f lam ^ 2).
  { intros lam. assert (K : (1 - A) * f lam ^ 2 + 2 * f lam * sqrt (W lam) + U lam = f lam ^ 2)
      by exact (root_floor_fixed A (U lam) (W lam) HA (HU lam) (HW lam)).
    rewrite Hroot in K. assert (EU : U lam = kap * (k lam ^ 2 + a lam ^ 2)) by reflexivity. rewrite EU in K. exact K. }
  assert (Hmix : 0 <= w * f x + (1 - w) * f y) by (apply Rplus_le_le_0_compat; (apply Rmult_le_pos; [lra|apply Hf])).
  apply (root_floor_least A (U m) (W m)); try assumption; [apply HU|apply HW| |].
  - intros HU0. destruct (no_bias_no_noise kap m Hkap HU0) as [K1 K2]. unfold W, cross_pl. rewrite K1, K2. ring.
  - rewrite Hroot. apply Rle_trans with (curve A kap al be (w * f x + (1 - w) * f y) (k m) (a m)); [right; reflexivity|].
    eapply Rle_trans; [apply (curve_increasing A kap al be Hkap Hal Hbe _ _ _ (w * k x + (1 - w) * k y) (w * a x + (1 - w) * a y) Hmix)|].
    + split; [apply Hk0|apply (k_convex Q teacher x y w Hw)].
    + split; [apply Ha0|apply (a_convex Q teacher x y w Hw)].
    + apply (cone A kap al be Hkap Hdisc); try assumption; try apply Hf; right; apply Hat.
Qed.

End Weights.
