(** Every admissible rate for every horizon, and where each envelope ends. *)

Require Export KDTheory.Limit KDTheory.Sharp.

(** The geometric sum, so that rate 0 is included; for rate > 0 it is (1 - (1-rate)^t)/rate. *)
Lemma unroll_sum N step phi r T :
  (0 < N)%nat -> r <= 1 -> (forall x, avg N (fun n => phi (step n x)) <= (1 - r) * phi x + T) ->
  forall t x, expect N step t phi x <= (1 - r) ^ t * phi x + T * sum t (fun j => (1 - r) ^ j).
Proof.
  intros HN Hr Hstep t. induction t as [|t IH]; intros x; simpl; [lra|].
  set (P := (1 - r) ^ t) in *. set (S := sum t (fun j => (1 - r) ^ j)) in *. assert (HP : 0 <= P) by (apply pow_le; lra).
  apply Rle_trans with (avg N (fun n => P * phi (step n x) + T * S)); [apply avg_le; intros; apply IH|].
  rewrite avg_affine by exact HN. apply Rle_trans with (P * ((1 - r) * phi x + T) + T * S); [|right; ring].
  apply Rplus_le_compat_r, Rmult_le_compat_l; [exact HP|apply Hstep].
Qed.

Lemma geometric_sum r t : r <> 0 -> sum t (fun j => (1 - r) ^ j) = (1 - (1 - r) ^ t) / r.
Proof. intros Hr. induction t as [|t IH]; simpl; [field; assumption|]. rewrite IH. field. assumption. Qed.

Section Horizon.
Variables (Q : problem) (teacher : rvec) (gamma mu lam : R).
Hypothesis Hg : 0 < gamma.
Hypothesis Hmu : 0 < mu.
Notation k := (sqrt (bias Q teacher lam)).
Notation a := (sqrt (centred_noise Q teacher lam)).
Notation E_t t phi x0 := (expect (N Q) (distilled Q teacher gamma lam) t phi x0).
Notation E_t' t phi x0 := (expect (N Q) (distilled_unbiased Q teacher gamma lam) t phi x0).
(** (1 - rate)^t s + T_rate (1 + (1-rate) + ... + (1-rate)^(t-1)). *)
Notation affine_bound A U W rate t s := ((1 - rate) ^ t * s + (U + W / (A - rate)) * sum t (fun j => (1 - rate) ^ j)).

Section StronglyConvex.
Variable Lcal : R.
Hypothesis Hd : (0 < d Q)%nat.
Hypothesis H1 : A1 Q mu.
Hypothesis H1' : A1' Q mu.
Hypothesis H3 : A3 Q Lcal.
Hypothesis Hrange : gamma < 1 / Lcal.
Notation A := (cap gamma mu Lcal).
Notation U := (left_over gamma k a).
Notation W := (cross Q teacher gamma mu Lcal lam).
Notation U0 := (left_over gamma 0 a).
Notation W0 := (noise_cross gamma mu (root_c mu Lcal) 0 a).

Let HmuL : mu <= Lcal := mu_le_Lcal Q teacher mu Lcal Hd Hmu H1 H1' H3.
Let Hr : gamma * Lcal < 1 := range_product Q teacher gamma mu Lcal Hd Hmu H1 H1' H3 Hrange.

Lemma A_range : gamma * mu < A <= 1.
Proof.
  split; [apply sharp_rate_admissible; assumption|].
  apply (cap_le_1 gamma mu Lcal (root_c mu Lcal)), root_c_spec; assumption.
Qed.

Theorem theorem_1_any_rate rate : least_rate Q teacher gamma mu Lcal lam <= rate < A -> forall t x0,
  E_t t (dist2 Q) x0 <= affine_bound A U W rate t (dist2 Q x0).
Proof.
  intros Hrate t x0. pose proof A_range. apply unroll_sum; [apply N_pos|lra|]. intros x. rewrite <- Rplus_assoc.
  apply (theorem_1_rate Q teacher gamma mu Lcal lam); assumption.
Qed.

Theorem unbiased_any_rate rate : gamma * mu <= rate < A -> forall t x0,
  E_t' t (dist2 Q) x0 <= affine_bound A U0 W0 rate t (dist2 Q x0).
Proof.
  intros Hrate t x0. pose proof A_range. apply unroll_sum; [apply N_pos|lra|]. intros x. rewrite <- Rplus_assoc.
  apply (unbiased_rate_bound Q teacher gamma mu Lcal lam); assumption.
Qed.

Theorem theorem_1_floor s : 0 <= s ->
  Un_cv (fun t => iterate (psi_1 Q teacher gamma mu Lcal lam) t s) (floor_of A U W (least_rate Q teacher gamma mu Lcal lam)).
Proof.
  pose proof A_range. pose proof (gamma_mu gamma mu Lcal Hg Hmu HmuL). intros Hs.
  assert (0 <= least_rate Q teacher gamma mu Lcal lam <= gamma * mu) by (eapply least_rate_range; eassumption).
  apply envelope_limit; [lra|apply left_over_nonneg|apply (cross_nonneg Q teacher gamma mu Lcal lam); assumption|lra|exact Hs].
Qed.

Theorem unbiased_floor s : 0 <= s ->
  Un_cv (fun t => iterate (psi_1_unbiased Q teacher gamma mu Lcal lam) t s) (floor_of A U0 W0 (gamma * mu)).
Proof.
  pose proof A_range. pose proof (gamma_mu gamma mu Lcal Hg Hmu HmuL). intros Hs.
  apply envelope_limit; [lra|apply left_over_nonneg|apply pow2_ge_0|lra|exact Hs].
Qed.

End StronglyConvex.

Section PolyakLojasiewicz.
Variables L Lcal : R.
Hypothesis HL : 0 < L.
Hypothesis Hs : smooth Q L.
Hypothesis Hmin : minimal Q.
Hypothesis HPL : PL Q mu.
Hypothesis H3 : A3 Q Lcal.
Hypothesis Hex : exists x, 0 < gap Q x.
Hypothesis Hr : gamma < 2 * mu / (L * Lcal).
Notation A := (cap_pl gamma mu L Lcal).
Notation U := (left_over_pl gamma L k a).
Notation W := (cross_pl gamma mu L (root_q mu Lcal) k a).
Notation U0 := (left_over_pl gamma L 0 a).
Notation W0 := (cross_pl gamma mu L (root_q mu Lcal) 0 a).

Lemma A_range_pl : 0 < A <= 1.
Proof. split; [apply (cap_pl_pos Q teacher)|apply (cap_pl_le_1 Q teacher)]; assumption. Qed.

Theorem theorem_2_any_rate rate : 0 <= rate < A -> forall t x0,
  E_t t (gap Q) x0 <= affine_bound A U W rate t (gap Q x0).
Proof.
  intros Hrate t x0. pose proof A_range_pl. apply unroll_sum; [apply N_pos|lra|]. intros x. rewrite <- Rplus_assoc.
  apply (theorem_2_rate Q teacher gamma mu L Lcal lam); assumption.
Qed.

Theorem unbiased_pl_any_rate rate : 0 <= rate < A -> forall t x0,
  E_t' t (gap Q) x0 <= affine_bound A U0 W0 rate t (gap Q x0).
Proof.
  intros Hrate t x0. pose proof A_range_pl. apply unroll_sum; [apply N_pos|lra|]. intros x. rewrite <- Rplus_assoc.
  apply (unbiased_pl_rate_bound Q teacher gamma mu L Lcal lam); assumption.
Qed.

Theorem theorem_2_floor s : 0 <= s ->
  Un_cv (fun t => iterate (psi_2 Q teacher gamma mu L Lcal lam) t s) (floor_of A U W 0).
Proof.
  pose proof A_range_pl. intros H0.
  apply envelope_limit; [lra|apply left_over_pl_nonneg; assumption|apply cross_pl_nonneg; assumption|lra|exact H0].
Qed.

Theorem unbiased_pl_floor s : 0 <= s ->
  Un_cv (fun t => iterate (psi_2_unbiased Q teacher gamma mu L Lcal lam) t s) (floor_of A U0 W0 0).
Proof.
  pose proof A_range_pl. intros H0.
  apply envelope_limit; [lra|apply left_over_pl_nonneg; assumption|apply cross_pl_nonneg; assumption|lra|exact H0].
Qed.

End PolyakLojasiewicz.

End Horizon.
