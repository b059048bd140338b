(** The distillation envelope as a scalar recursion: rates give psi, psi is increasing with a tangent at every point, tangents pass
    averages (Jensen), so t steps of the method stay below t applications of psi. *)

Require Export KDTheory.Base.

(** ** Limits of inequalities *)

Lemma le_limit (u : R -> R) V : continuity_pt u 0 -> (forall eps, 0 < eps -> V <= u eps) -> V <= u 0.
Proof.
  intros Hc H. apply Rnot_lt_le. intros Hlt.
  destruct (Hc (V - u 0)) as (delta & Hd & K); [lra|].
  specialize (K (delta / 2)). specialize (H (delta / 2) ltac:(lra)).
  assert (R_dist (u (delta / 2)) (u 0) < V - u 0).
  { apply K. split; [split; [exact I|lra]|]. simpl. unfold R_dist. rewrite Rabs_right; lra. }
  unfold R_dist in *. rewrite Rabs_right in *; lra.
Qed.

(** ** Bounds that average well *)

(** psi lies, on s >= 0, below an increasing line that comes as close as one likes to it at any given point; and psi >= 0.
    (A line that touches would be too much: sqrt has none at 0.) *)
Definition averages_well (psi : R -> R) : Prop :=
  (forall s, 0 <= s -> 0 <= psi s) /\
  forall r eps, 0 <= r -> 0 < eps ->
    exists al be, 0 <= al /\ (forall s, 0 <= s -> psi s <= al * s + be) /\ al * r + be <= psi r + eps.

Fixpoint iterate (psi : R -> R) (t : nat) (s : R) : R :=
  match t with O => s | S t' => iterate psi t' (psi s) end.

Lemma composition_averages_well chi psi :
  averages_well chi -> averages_well psi -> averages_well (fun s => chi (psi s)).
Proof.
  intros [Hchi Hchi'] [Hpsi Hpsi']. split; [auto|]. intros r eps Hr He.
  destruct (Hchi' (psi r) (eps / 2) (Hpsi r Hr) ltac:(lra)) as (al' & be' & Hal' & Hline' & Hclose').
  assert (Hden : 0 < 2 * (al' + 1)) by lra.
  destruct (Hpsi' r (eps / (2 * (al' + 1))) Hr ltac:(apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; lra]))
    as (al & be & Hal & Hline & Hclose).
  exists (al' * al), (al' * be + be'). repeat split.
  - apply Rmult_le_pos; assumption.
  - intros s Hs. eapply Rle_trans; [apply Hline'; auto|].
    apply Rle_trans with (al' * (al * s + be) + be'); [|right; ring].
    apply Rplus_le_compat_r, Rmult_le_compat_l; auto.
  - assert (al' * (al * r + be) <= al' * (psi r + eps / (2 * (al' + 1)))) by (apply Rmult_le_compat_l; assumption).
    assert (al' * (eps / (2 * (al' + 1))) <= eps / 2).
    { replace (eps / 2) with (al' * (eps / (2 * (al' + 1))) + eps / (2 * (al' + 1))) by (field; lra).
      assert (0 < eps / (2 * (al' + 1))) by (apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; lra]). lra. }
    lra.
Qed.

Lemma iterate_averages_well psi t : averages_well psi -> averages_well (iterate psi t).
Proof.
  intros H. induction t as [|t IH].
  - split; [auto|]. intros r eps Hr He. exists 1, 0. simpl. repeat split; intros; lra.
  - apply (composition_averages_well (iterate psi t) psi); assumption.
Qed.

(** Jensen. *)
Lemma jensen N psi u :
  (0 < N)%nat -> averages_well psi -> (forall n, 0 <= u n) -> avg N (fun n => psi (u n)) <= psi (avg N u).
Proof.
  intros HN [_ Ht] Hu. assert (Hr : 0 <= avg N u) by (apply avg_nonneg; auto).
  apply le_epsilon. intros eps He. destruct (Ht _ _ Hr He) as (al & be & _ & Hline & Hclose).
  eapply Rle_trans; [|exact Hclose]. rewrite <- avg_affine by exact HN. apply avg_le. auto.
Qed.

Lemma averages_well_increasing psi s s' : averages_well psi -> 0 <= s <= s' -> psi s <= psi s'.
Proof.
  intros [_ Ht] Hs. apply le_epsilon. intros eps He. destruct (Ht s' eps) as (al & be & Hal & Hline & Hclose); [lra..|].
  eapply Rle_trans; [apply Hline; lra|]. eapply Rle_trans; [|exact Hclose]. apply Rplus_le_compat_r, Rmult_le_compat_l; lra.
Qed.

(** One step below psi, so t steps below t applications of psi. *)
Theorem unroll_envelope N step phi psi :
  (0 < N)%nat -> averages_well psi -> (forall x, 0 <= phi x) ->
  (forall x, avg N (fun n => phi (step n x)) <= psi (phi x)) ->
  forall t x, expect N step t phi x <= iterate psi t (phi x).
Proof.
  intros HN Hpsi Hphi Hstep t. induction t as [|t IH]; intros x; simpl; [lra|].
  eapply Rle_trans; [apply avg_le; intros; apply IH|].
  pose proof (iterate_averages_well psi t Hpsi) as Hit.
  eapply Rle_trans; [apply (jensen N (iterate psi t)); auto|].
  apply averages_well_increasing; [assumption|]. split; [apply avg_nonneg; auto|apply Hstep].
Qed.

(** ** psi *)

(** (1-A)s + 2 sqrt(W s) + U from s0 = W/(A - rate0)^2 on; below s0 the tangent there, whose rate is rate0. *)
Definition tangent A U W rate s := (1 - rate) * s + U + W / (A - rate).

Definition psi A U W rate0 s :=
  if Rle_dec (W / (A - rate0) ^ 2) s then (1 - A) * s + 2 * sqrt (W * s) + U else tangent A U W rate0 s.

(** Every admissible tangent lies above psi, and at every point with W > 0 one of them touches it. *)
Lemma psi_below_tangent A U W rate0 rate s :
  0 <= W -> 0 <= s -> rate0 <= rate < A -> psi A U W rate0 s <= tangent A U W rate s.
Proof.
  intros HW Hs Hr. unfold psi, tangent. assert (Ht : 0 < A - rate) by lra.
  destruct (Rle_dec (W / (A - rate0) ^ 2) s) as [_|Hlow].
  - rewrite sqrt_mult by assumption.
    set (p := sqrt W). set (v := sqrt s). replace W with (p * p) by (apply sqrt_sqrt; assumption).
    replace s with (v * v) by (apply sqrt_sqrt; assumption).
    replace ((1 - rate) * (v * v) + U + p * p / (A - rate))
      with ((1 - A) * (v * v) + 2 * (p * v) + U + (p - (A - rate) * v) * (p - (A - rate) * v) / (A - rate)) by (field; lra).
    assert (0 <= (p - (A - rate) * v) * (p - (A - rate) * v) / (A - rate))
      by (apply Rmult_le_pos; [apply Rle_0_sqr|left; apply Rinv_0_lt_compat; assumption]).
    lra.
  - assert (Ht0 : 0 < A - rate0) by lra.
    assert (Hlow' : s * ((A - rate0) * (A - rate0)) <= W).
    { apply Rnot_le_lt, Rlt_le in Hlow. apply Rmult_le_compat_r with (r := (A - rate0) ^ 2) in Hlow; [|apply pow_le; lra].
      replace (W / (A - rate0) ^ 2 * (A - rate0) ^ 2) with W in Hlow by (field; lra). lra. }
    assert (s * ((A - rate0) * (A - rate)) <= W).
    { eapply Rle_trans; [|exact Hlow']. apply Rmult_le_compat_l; [assumption|]. apply Rmult_le_compat_l; lra. }
    enough (0 <= (rate - rate0) * (W - s * ((A - rate0) * (A - rate))) / ((A - rate0) * (A - rate))) as K.
    { replace ((1 - rate) * s + U + W / (A - rate)) with ((1 - rate0) * s + U + W / (A - rate0)
        + (rate - rate0) * (W - s * ((A - rate0) * (A - rate))) / ((A - rate0) * (A - rate))) by (field; lra). lra. }
    apply Rmult_le_pos; [apply Rmult_le_pos; lra|left; apply Rinv_0_lt_compat, Rmult_lt_0_compat; assumption].
Qed.

Lemma root_rate A W rate0 s : 0 < W -> rate0 < A -> W / (A - rate0) ^ 2 <= s ->
  0 < s /\ rate0 <= A - sqrt (W / s) < A /\ W = sqrt (W / s) * sqrt (W / s) * s /\ 0 < sqrt (W / s).
Proof.
  intros HW Hr Hs. assert (Ht : 0 < (A - rate0) ^ 2) by (apply pow_lt; lra).
  assert (Hs0 : 0 < s).
  { eapply Rlt_le_trans; [|exact Hs]. apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; assumption]. }
  assert (Hws : 0 < W / s) by (apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; assumption]).
  assert (Hroot : 0 < sqrt (W / s)) by (apply sqrt_lt_R0; assumption).
  assert (Hle : sqrt (W / s) <= A - rate0).
  { rewrite <- (sqrt_Rsqr (A - rate0)) by lra. apply sqrt_le_1; [lra|apply Rle_0_sqr|].
    apply Rmult_le_reg_r with s; [assumption|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    apply Rmult_le_compat_r with (r := (A - rate0) ^ 2) in Hs; [|lra].
    replace (W / (A - rate0) ^ 2 * (A - rate0) ^ 2) with W in Hs by (field; lra). unfold Rsqr. lra. }
  repeat split; try lra. rewrite sqrt_sqrt by lra. field. lra.
Qed.

(** A number below all admissible tangents is below psi: psi is their minimum. *)
Theorem below_psi A U W rate0 s V :
  0 <= W -> 0 <= s -> rate0 < A -> (forall rate, rate0 <= rate < A -> V <= tangent A U W rate s) -> V <= psi A U W rate0 s.
Proof.
  intros HW Hs Hr HV. unfold psi. destruct (Rle_dec (W / (A - rate0) ^ 2) s) as [Hhigh|_]; [|apply HV; lra].
  destruct HW as [HW|HW].
  - destruct (root_rate A W rate0 s HW Hr Hhigh) as (Hs0 & Hrate & HWr & Hroot).
    eapply Rle_trans; [apply (HV (A - sqrt (W / s))); lra|]. right. unfold tangent.
    set (p := sqrt (W / s)) in *. rewrite HWr. replace (p * p * s * s) with ((p * s) * (p * s)) by ring.
    rewrite sqrt_square by (apply Rmult_le_pos; lra). field. lra.
  - rewrite <- HW in *. rewrite Rmult_0_l, sqrt_0.
    set (u := fun eps => (1 - A + (A - rate0) * (eps / (1 + eps * eps))) * s + U).
    replace ((1 - A) * s + 2 * 0 + U) with (u 0) by (unfold u; field).
    apply le_limit; [unfold u; reg; lra|]. intros eps He.
    assert (0 < / (1 + eps * eps)) by (apply Rinv_0_lt_compat; pose proof (Rle_0_sqr eps) as K; unfold Rsqr in K; lra).
    assert (0 < eps / (1 + eps * eps) <= 1).
    { split; [apply Rmult_lt_0_compat; assumption|].
      apply Rmult_le_reg_r with (1 + eps * eps); [pose proof (Rle_0_sqr eps) as K; unfold Rsqr in K; lra|].
      unfold Rdiv. rewrite Rmult_assoc, Rinv_l by (pose proof (Rle_0_sqr eps) as K; unfold Rsqr in K; lra).
      pose proof (Rle_0_sqr (1 - eps)) as K. pose proof (Rle_0_sqr eps) as K'. unfold Rsqr in K, K'. lra. }
    set (x := eps / (1 + eps * eps)) in *.
    assert (0 < (A - rate0) * x <= A - rate0).
    { split; [apply Rmult_lt_0_compat; lra|]. replace (A - rate0) with ((A - rate0) * 1) at 2 by ring.
      apply Rmult_le_compat_l; lra. }
    specialize (HV (A - (A - rate0) * x) ltac:(lra)). unfold tangent in HV. unfold u. fold x.
    replace (0 / (A - (A - (A - rate0) * x))) with 0 in HV by (field; lra). lra.
Qed.

Theorem psi_averages_well A U W rate0 :
  0 <= U -> 0 <= W -> rate0 < A -> A <= 1 -> averages_well (psi A U W rate0).
Proof.
  intros HU HW Hr HA. split.
  - intros s Hs. unfold psi, tangent. destruct (Rle_dec _ _) as [_|_].
    + pose proof (sqrt_pos (W * s)). assert (0 <= (1 - A) * s) by (apply Rmult_le_pos; lra). lra.
    + assert (0 <= (1 - rate0) * s) by (apply Rmult_le_pos; lra).
      assert (0 <= W / (A - rate0)) by (apply Rmult_le_pos; [assumption|left; apply Rinv_0_lt_compat; lra]). lra.
  - intros s eps Hs He. enough (exists al be, 0 <= al /\ (forall s', 0 <= s' -> psi A U W rate0 s' <= al * s' + be)
      /\ psi A U W rate0 s = al * s + be) as (al & be & K1 & K2 & K3) by (exists al, be; repeat split; [lra|assumption|lra]).
    destruct (Rle_dec (W / (A - rate0) ^ 2) s) as [Hhigh|Hlow].
    + destruct HW as [HW|HW].
      * destruct (root_rate A W rate0 s HW Hr Hhigh) as (Hs0 & Hrate & HWr & Hroot).
        exists (1 - (A - sqrt (W / s))), (U + W / (A - (A - sqrt (W / s)))). repeat split; [lra| |].
        -- intros s' Hs'. rewrite <- Rplus_assoc. apply (psi_below_tangent A U W rate0 (A - sqrt (W / s)) s'); lra.
        -- unfold psi. destruct (Rle_dec _ _) as [_|]; [|contradiction].
           set (p := sqrt (W / s)) in *. replace (W * s) with ((p * s) * (p * s)) by (rewrite HWr; ring).
           rewrite sqrt_square by (apply Rmult_le_pos; lra). clearbody p. rewrite HWr. field. lra.
      * exists (1 - A), U. rewrite <- HW. repeat split; [lra| |]; intros; unfold psi, tangent.
        -- destruct (Rle_dec _ _) as [_|Hn]; [rewrite Rmult_0_l, sqrt_0; lra|].
           exfalso. apply Hn. unfold Rdiv. rewrite Rmult_0_l. assumption.
        -- destruct (Rle_dec _ _) as [_|Hn]; [rewrite Rmult_0_l, sqrt_0; lra|].
           exfalso. apply Hn. unfold Rdiv. rewrite Rmult_0_l. assumption.
    + exists (1 - rate0), (U + W / (A - rate0)). repeat split; [lra| |].
      * intros s' Hs'. rewrite <- Rplus_assoc. apply (psi_below_tangent A U W rate0 rate0 s'); lra.
      * unfold psi, tangent. destruct (Rle_dec _ _); [contradiction|ring].
Qed.

(** ** The floor, the fixed point of psi *)

Definition floor A U W := (sqrt (U * A + W) + sqrt W) ^ 2 / A ^ 2.

Theorem floor_is_fixed A U W rate0 :
  0 < A -> 0 <= U -> 0 <= W -> W / (A - rate0) ^ 2 <= floor A U W -> psi A U W rate0 (floor A U W) = floor A U W.
Proof.
  intros HA HU HW Hhigh. unfold psi. destruct (Rle_dec _ _) as [_|]; [|contradiction]. unfold floor.
  assert (HUA : 0 <= U * A) by (apply Rmult_le_pos; lra).
  set (v := sqrt (U * A + W)). set (w := sqrt W).
  assert (Hv : v * v = U * A + W) by (apply sqrt_sqrt; lra). assert (Hw : w * w = W) by (apply sqrt_sqrt; assumption).
  assert (0 <= v) by apply sqrt_pos. assert (0 <= w) by apply sqrt_pos.
  replace (W * ((v + w) ^ 2 / A ^ 2)) with ((w * ((v + w) / A)) * (w * ((v + w) / A))) by (rewrite <- Hw; field; lra).
  rewrite sqrt_square.
  - replace U with ((v * v - w * w) / A) by (rewrite Hv, Hw; field; lra). field. lra.
  - apply Rmult_le_pos; [assumption|]. apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; assumption].
Qed.
