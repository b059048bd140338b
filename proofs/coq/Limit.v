(** Where the envelope ends: t applications of psi tend to its fixed point, from every start. *)

Require Export KDTheory.Envelope.

(** A bound that averages well is concave. *)
Lemma above_chord psi a b w : averages_well psi -> 0 <= a -> 0 <= b -> 0 <= w <= 1 ->
  w * psi a + (1 - w) * psi b <= psi (w * a + (1 - w) * b).
Proof.
  intros [_ Ht] Ha Hb Hw. set (m := w * a + (1 - w) * b).
  assert (Hm : 0 <= m) by (apply Rplus_le_le_0_compat; apply Rmult_le_pos; lra).
  apply le_epsilon. intros eps He. destruct (Ht m eps Hm He) as (al & be & _ & Hline & Hclose).
  eapply Rle_trans; [|exact Hclose]. apply Rle_trans with (w * (al * a + be) + (1 - w) * (al * b + be)).
  - apply Rplus_le_compat; (apply Rmult_le_compat_l; [lra|auto]).
  - right. unfold m. ring.
Qed.

(** A fixed point of an increasing concave psi attracts every start, when a line of slope below 1 touches psi there from above. *)
Section FixedPoint.
Variables (psi : R -> R) (phi slope : R).
Hypothesis Hpsi : averages_well psi.
Hypothesis Hphi : 0 <= phi.
Hypothesis Hfixed : psi phi = phi.
Hypothesis Hslope : 0 <= slope < 1.
Hypothesis Hline : forall s, 0 <= s -> psi s <= phi + slope * (s - phi).
Hypothesis Hstart : phi = 0 \/ 0 < psi 0.

Lemma pulled_in : exists r, 0 <= r < 1 /\ forall s, 0 <= s -> Rabs (psi s - phi) <= r * Rabs (s - phi).
Proof.
  assert (Habove : forall s, phi <= s -> Rabs (psi s - phi) <= slope * Rabs (s - phi)).
  { intros s Hs. pose proof (averages_well_increasing psi phi s Hpsi ltac:(lra)). specialize (Hline s ltac:(lra)).
    rewrite !Rabs_right by lra. lra. }
  destruct (Req_dec phi 0) as [Hzero|Hpos].
  - exists slope. split; [assumption|]. intros s Hs. apply Habove. lra.
  - destruct Hstart as [|H0]; [contradiction|].
    pose proof (averages_well_increasing psi 0 phi Hpsi ltac:(lra)) as H0phi. rewrite Hfixed in H0phi.
    set (x := psi 0 / phi). assert (Hx : psi 0 = x * phi) by (unfold x; field; assumption).
    assert (Hx0 : 0 < x) by (apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; lra]).
    assert (Hx1 : x <= 1) by (apply Rmult_le_reg_r with phi; lra).
    exists (Rmax slope (1 - x)). pose proof (Rmax_l slope (1 - x)) as Hl. pose proof (Rmax_r slope (1 - x)) as Hr.
    split; [split; [lra|apply Rmax_lub_lt; lra]|]. intros s Hs. destruct (Rle_lt_dec phi s) as [Hhigh|Hlow].
    + eapply Rle_trans; [apply Habove; assumption|]. apply Rmult_le_compat_r; [apply Rabs_pos|assumption].
    + pose proof (averages_well_increasing psi s phi Hpsi ltac:(lra)) as Hs'. rewrite Hfixed in Hs'.
      set (w := s / phi). assert (Hw : s = w * phi) by (unfold w; field; assumption).
      assert (Hw0 : 0 <= w) by (apply Rmult_le_pos; [assumption|left; apply Rinv_0_lt_compat; lra]).
      assert (Hw1 : w <= 1) by (apply Rmult_le_reg_r with phi; lra).
      pose proof (above_chord psi phi 0 w Hpsi ltac:(lra) ltac:(lra) ltac:(lra)) as K. rewrite Hfixed, Rmult_0_r, Rplus_0_r, <- Hw in K.
      rewrite !Rabs_left1 by lra. apply Rle_trans with ((1 - x) * - (s - phi)).
      * rewrite Hx in K. replace ((1 - w) * (x * phi)) with (x * phi - x * s) in K by (rewrite Hw; ring). lra.
      * apply Rmult_le_compat_r; lra.
Qed.

Theorem iterates_tend s : 0 <= s -> Un_cv (fun t => iterate psi t s) phi.
Proof.
  destruct pulled_in as (r & Hr & Hpull). intros Hs.
  assert (K : forall t s, 0 <= s -> Rabs (iterate psi t s - phi) <= r ^ t * Rabs (s - phi)).
  { induction t as [|t IH]; intros u Hu; simpl; [lra|]. eapply Rle_trans; [apply IH, Hpsi, Hu|].
    replace (r * r ^ t * Rabs (u - phi)) with (r ^ t * (r * Rabs (u - phi))) by ring.
    apply Rmult_le_compat_l; [apply pow_le; lra|apply Hpull, Hu]. }
  intros eps He. set (M := Rabs (s - phi) + 1). pose proof (Rabs_pos (s - phi)) as HM0.
  assert (HM : 0 < M) by (unfold M; lra).
  destruct (pow_lt_1_zero r ltac:(rewrite Rabs_right; lra) (eps / M)) as [T HT];
    [apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; assumption]|].
  exists T. intros t Ht. unfold R_dist. eapply Rle_lt_trans; [apply K, Hs|].
  specialize (HT t Ht). rewrite Rabs_right in HT by (apply Rle_ge, pow_le; lra).
  apply Rle_lt_trans with (r ^ t * M); [apply Rmult_le_compat_l; [apply pow_le; lra|unfold M; lra]|].
  apply Rmult_lt_compat_r with (r := M) in HT; [|assumption]. replace (eps / M * M) with eps in HT by (field; lra). assumption.
Qed.

End FixedPoint.

(** The floor of the envelope is floor A U W = ((sqrt(UA+W) + sqrt W)/A)^2 where it is reached at an admissible rate ... *)
Theorem envelope_tends_to_floor A U W rate0 s :
  0 < A <= 1 -> 0 <= U -> 0 <= W -> rate0 < A -> W / (A - rate0) ^ 2 <= floor A U W -> 0 <= s ->
  Un_cv (fun t => iterate (psi A U W rate0) t s) (floor A U W).
Proof.
  intros HA HU HW Hr Hhigh. set (phi := floor A U W) in *.
  assert (Hphi : 0 <= phi) by (apply Rmult_le_pos; [apply pow2_ge_0|left; apply Rinv_0_lt_compat, pow_lt; lra]).
  pose proof (floor_is_fixed A U W rate0 ltac:(lra) HU HW Hhigh) as Hfixed. fold phi in Hfixed.
  pose proof (psi_averages_well A U W rate0 HU HW Hr ltac:(lra)) as Hgood. destruct HW as [HW|HW].
  - destruct (root_rate A W rate0 phi HW Hr Hhigh) as (Hphi0 & Hrate & HWr & Hroot). set (p := sqrt (W / phi)) in *.
    assert (HpA : p < A).
    { apply Rsqr_incrst_0; [|lra..]. unfold Rsqr. apply Rmult_lt_reg_r with phi; [assumption|]. rewrite <- HWr.
      unfold phi, floor. set (v := sqrt (U * A + W)). set (w := sqrt W).
      assert (Hw : 0 < w) by (apply sqrt_lt_R0; assumption). assert (Hww : w * w = W) by (apply sqrt_sqrt; lra).
      assert (Hv : w <= v) by (apply sqrt_le_1; [lra| |]; assert (0 <= U * A) by (apply Rmult_le_pos; lra); lra).
      replace (A * A * ((v + w) ^ 2 / A ^ 2)) with ((v + w) * (v + w)) by (field; lra). rewrite <- Hww.
      assert (0 < w * v) by (apply Rmult_lt_0_compat; lra). pose proof (Rle_0_sqr v) as S. unfold Rsqr in S. lra. }
    apply (iterates_tend _ phi (1 - (A - p))); try assumption; [lra| |].
    + intros u Hu. eapply Rle_trans; [apply (psi_below_tangent A U W rate0 (A - p)); lra|]. right. unfold tangent.
      rewrite <- Hfixed at 1. unfold psi. destruct (Rle_dec _ _) as [_|]; [|contradiction].
      replace (W * phi) with ((p * phi) * (p * phi)) by (rewrite HWr; ring).
      rewrite sqrt_square by (apply Rmult_le_pos; lra). clearbody p. rewrite HWr at 1. field. lra.
    + right. unfold psi, tangent. destruct (Rle_dec _ _) as [Hle|_].
      * exfalso. apply Rlt_not_le in Hle; [assumption|]. apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat, pow_lt; lra].
      * assert (0 < W / (A - rate0)) by (apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; lra]). lra.
  - assert (Hline : forall u, 0 <= u -> psi A U W rate0 u = (1 - A) * u + U).
    { intros u Hu. rewrite <- HW. unfold psi, tangent. destruct (Rle_dec _ _) as [_|Hn]; [rewrite Rmult_0_l, sqrt_0; lra|].
      exfalso. apply Hn. unfold Rdiv. rewrite Rmult_0_l. assumption. }
    apply (iterates_tend _ phi (1 - A)); try assumption; [lra| |].
    + intros u Hu. rewrite Hline by assumption. rewrite Hline in Hfixed by assumption. lra.
    + rewrite Hline by lra. rewrite Hline in Hfixed by assumption. destruct HU as [HU|HU]; [right; lra|left].
      apply Rmult_eq_reg_l with A; [|lra]. lra.
Qed.

(** ... and T/rate0 where it is not; the least rate is then positive, for with rate0 = 0 the floor is never below W/A^2. *)
Theorem envelope_tends_to_tangent_floor A U W rate0 phi s : phi = (U + W / (A - rate0)) / rate0 ->
  A <= 1 -> 0 <= U -> 0 <= W -> 0 < rate0 < A -> phi < W / (A - rate0) ^ 2 -> 0 <= s ->
  Un_cv (fun t => iterate (psi A U W rate0) t s) phi.
Proof.
  intros Hdef HA HU HW Hr Hlow. assert (HT : 0 <= W / (A - rate0)) by (apply Rmult_le_pos; [assumption|left; apply Rinv_0_lt_compat; lra]).
  assert (Hphi : 0 <= phi) by (rewrite Hdef; apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]).
  assert (Hfix : rate0 * phi = U + W / (A - rate0)) by (rewrite Hdef; field; lra). clear Hdef.
  apply (iterates_tend _ phi (1 - rate0)); try assumption; [| |lra| |].
  - apply psi_averages_well; lra.
  - unfold psi, tangent. destruct (Rle_dec _ _) as [Hhigh|_]; [exfalso; exact (Rlt_not_le _ _ Hlow Hhigh)|lra].
  - intros u Hu. eapply Rle_trans; [apply (psi_below_tangent A U W rate0 rate0); lra|]. unfold tangent. lra.
  - right. unfold psi, tangent. assert (HW0 : 0 < W / (A - rate0) ^ 2) by lra.
    destruct (Rle_dec _ _) as [Hle|_]; [exfalso; exact (Rlt_not_le _ _ HW0 Hle)|].
    assert (0 < W / (A - rate0)); [|lra]. replace (W / (A - rate0)) with (W / (A - rate0) ^ 2 * (A - rate0)) by (field; lra).
    apply Rmult_lt_0_compat; lra.
Qed.

Lemma floor_above_least A U W : 0 < A -> 0 <= U -> 0 <= W -> W / (A - 0) ^ 2 <= floor A U W.
Proof.
  intros HA HU HW. rewrite Rminus_0_r. unfold floor, Rdiv. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, pow_lt; assumption|].
  pose proof (sqrt_pos (U * A + W)). pose proof (sqrt_pos W). pose proof (sqrt_sqrt W HW).
  assert (0 <= sqrt (U * A + W) * sqrt W) by (apply Rmult_le_pos; assumption).
  pose proof (Rle_0_sqr (sqrt (U * A + W))) as K. unfold Rsqr in K. lra.
Qed.

(** One of the two always applies. *)
Lemma tangent_floor_below A U W r : 0 < A -> 0 <= U -> 0 <= W -> 0 < r < A -> floor A U W < W / (A - r) ^ 2 ->
  (U + W / (A - r)) / r < W / (A - r) ^ 2.
Proof.
  intros HA HU HW Hr H. set (t := A - r) in *. assert (Ht : 0 < t) by (unfold t; lra). unfold floor in H.
  set (v := sqrt (U * A + W)) in *. set (w := sqrt W) in *.
  assert (HUA : 0 <= U * A) by (apply Rmult_le_pos; lra).
  assert (Hv : v * v = U * A + W) by (apply sqrt_sqrt; lra). assert (Hw : w * w = W) by (apply sqrt_sqrt; assumption).
  assert (Hv0 : 0 <= v) by apply sqrt_pos. assert (Hw0 : 0 <= w) by apply sqrt_pos.
  assert (H1 : ((v + w) * t) * ((v + w) * t) < (w * A) * (w * A)).
  { apply Rmult_lt_compat_r with (r := t ^ 2 * A ^ 2) in H; [|apply Rmult_lt_0_compat; apply pow_lt; assumption].
    replace ((v + w) ^ 2 / A ^ 2 * (t ^ 2 * A ^ 2)) with (((v + w) * t) * ((v + w) * t)) in H by (field; lra).
    replace (W / t ^ 2 * (t ^ 2 * A ^ 2)) with ((w * A) * (w * A)) in H by (rewrite <- Hw; field; lra). exact H. }
  assert (H2 : (v + w) * t < w * A).
  { apply Rsqr_incrst_0; [exact H1| |]; apply Rmult_le_pos; lra. }
  assert (H3 : v * t < w * r) by (replace (w * A) with (w * t + w * r) in H2 by (unfold t; ring); lra).
  assert (H4 : (v * t) * (v * t) < (w * r) * (w * r)).
  { assert (0 <= v * t) by (apply Rmult_le_pos; lra). apply Rmult_le_0_lt_compat; assumption. }
  replace ((v * t) * (v * t)) with (v * v * (t * t)) in H4 by ring. replace ((w * r) * (w * r)) with (w * w * (r * r)) in H4 by ring.
  rewrite Hv, Hw in H4.
  assert (H5 : U * (t * t) < W * (r - t)).
  { apply Rmult_lt_reg_l with A; [assumption|]. replace (A * (W * (r - t))) with (W * (r * r) - W * (t * t)) by (unfold t; ring). lra. }
  apply Rmult_lt_reg_r with (r * (t * t)); [repeat apply Rmult_lt_0_compat; lra|].
  replace ((U + W / t) / r * (r * (t * t))) with (U * (t * t) + W * t) by (field; lra).
  replace (W / t ^ 2 * (r * (t * t))) with (W * r) by (field; lra). lra.
Qed.

(** The floor of psi, as the statements give it. *)
Definition floor_of A U W rate0 := if Rle_dec (W / (A - rate0) ^ 2) (floor A U W) then floor A U W else (U + W / (A - rate0)) / rate0.

Theorem envelope_limit A U W rate0 s : 0 < A <= 1 -> 0 <= U -> 0 <= W -> 0 <= rate0 < A -> 0 <= s ->
  Un_cv (fun t => iterate (psi A U W rate0) t s) (floor_of A U W rate0).
Proof.
  intros HA HU HW Hr Hs. unfold floor_of. destruct (Rle_dec _ _) as [Hhigh|Hlow].
  - apply envelope_tends_to_floor; lra || assumption.
  - apply Rnot_le_lt in Hlow. destruct (proj1 Hr) as [Hpos|Hzero].
      apply (envelope_tends_to_tangent_floor A U W rate0 ((U + W / (A - rate0)) / rate0) s eq_refl); try lra; try assumption.
      apply tangent_floor_below; lra || assumption.
    + exfalso. rewrite <- Hzero in Hlow. apply (Rlt_not_le _ _ Hlow). apply floor_above_least; lra.
Qed.
