(** The SNR law for finite sums, and why choosing greedily is best: psi is increasing, so the step that makes psi least now makes every
    later bound least too. *)

Require Export KDTheory.SchedulePL.

(** ** Greedy is best *)

Section Greedy.
Variable choice : Type.
Variables (psi : choice -> R -> R) (best : R -> R).
Hypothesis increasing : forall i s s', 0 < s <= s' -> psi i s <= psi i s'.
Hypothesis below : forall i s, 0 < s -> best s <= psi i s.
Hypothesis near : forall s eps, 0 < s -> 0 < eps -> exists i, psi i s <= best s + eps.
Hypothesis positive_ : forall s, 0 < s -> 0 < best s.

Lemma best_increasing s s' : 0 < s <= s' -> best s <= best s'.
Proof.
  intros Hs. apply le_epsilon. intros eps He. destruct (near s' eps) as [i Hi]; [lra|exact He|].
  pose proof (below i s ltac:(lra)). pose proof (increasing i s s' Hs). lra.
Qed.

(** Whatever is chosen, however it is chosen. *)
Theorem greedy_is_best t : forall choices s s', 0 < s <= s' -> iterate best t s <= iterate_steps (fun j => psi (choices j)) t s'.
Proof.
  induction t as [|t IH]; intros choices s s' Hs; simpl; [lra|]. apply (IH (fun j => choices (S j))).
  pose proof (best_increasing s s' Hs). pose proof (below (choices O) s' ltac:(lra)). pose proof (positive_ s ltac:(lra)). lra.
Qed.
End Greedy.

(** A schedule that follows a sequence exactly. *)
Lemma follow_sequence t : forall (psis : nat -> R -> R) s, (forall j, psis j (s j) = s (S j)) -> iterate_steps psis t (s O) = s t.
Proof.
  induction t as [|t IH]; intros psis s H; simpl; [reflexivity|]. rewrite H. apply (IH (fun j => psis (S j)) (fun j => s (S j))). auto.
Qed.

Lemma iterate_last f t s : iterate f (S t) s = f (iterate f t s).
Proof. revert s. induction t as [|t IH]; intros s; [reflexivity|]. apply (IH (f s)). Qed.

Lemma shrinks s x : 0 <= s -> 0 <= s / (1 + x ^ 2).
Proof. intros. pose proof (pow2_ge_0 x). apply Rmult_le_pos; [assumption|left; apply Rinv_0_lt_compat; lra]. Qed.

Lemma shrinks_positive s x : 0 < s -> 0 < s / (1 + x ^ 2).
Proof. intros. pose proof (pow2_ge_0 x). apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; lra]. Qed.

Section StronglyConvex.
Variables (Q : problem) (teacher : rvec) (mu Lcal : R).
Hypothesis Hd : (0 < d Q)%nat.
Hypothesis Hmu : 0 < mu.
Hypothesis H1 : A1 Q mu.
Hypothesis H1' : A1' Q mu.
Hypothesis H3 : A3 Q Lcal.
Notation k lam := (sqrt (bias Q teacher lam)).
Notation a lam := (sqrt (centred_noise Q teacher lam)).
Notation c := (root_c mu Lcal).
Notation delta lam s := (clear (mu * sqrt s) (k lam)).
Notation n lam s := (c * sqrt s + a lam).
Definition snr_at lam s := snr (delta lam s) (n lam s).
Definition step_at lam s := best_step mu c s (k lam) (a lam).

Let HmuL : mu <= Lcal := mu_le_Lcal Q teacher mu Lcal Hd Hmu H1 H1' H3.
Let Hc := root_c_spec mu Lcal Hmu HmuL.

Lemma in_range gamma : gamma < 1 / Lcal <-> gamma * Lcal < 1.
Proof.
  pose proof HmuL. split; intros K.
  - apply Rmult_lt_compat_r with (r := Lcal) in K; [|lra]. replace (1 / Lcal * Lcal) with 1 in K by (field; lra). exact K.
  - apply Rmult_lt_reg_r with Lcal; [lra|]. replace (1 / Lcal * Lcal) with 1 by (field; lra). exact K.
Qed.

(** No step size of the range, in either regime, makes psi less than s/(1 + SNR^2) ... *)
Theorem snr_lower gamma lam s : 0 < gamma -> gamma < 1 / Lcal -> 0 <= s -> 0 < n lam s ->
  s / (1 + snr_at lam s ^ 2) <= psi_1 Q teacher gamma mu Lcal lam s.
Proof.
  intros Hg Hr Hs Hn. apply in_range in Hr.
  exact (no_step_does_better mu Lcal c (k lam) (a lam) s Hmu HmuL (proj1 Hc) (proj2 Hc) (sqrt_pos _) (sqrt_pos _) Hs gamma Hg Hr Hn).
Qed.

(** ... and one makes it that, where the signal is above the bias and k SNR < a. *)
Theorem snr_reached lam s : 0 <= s -> 0 < delta lam s -> k lam * delta lam s < a lam * n lam s ->
  0 < step_at lam s /\ step_at lam s < 1 / Lcal /\ psi_1 Q teacher (step_at lam s) mu Lcal lam s = s / (1 + snr_at lam s ^ 2).
Proof.
  intros Hs Hdelta Hcalm. destruct Hc as [Hc0 Hcc]. pose proof (sqrt_pos (bias Q teacher lam)) as Hk. pose proof (sqrt_pos (centred_noise Q teacher lam)) as Ha.
  split; [apply (best_step_positive mu c (k lam) (a lam) s); assumption|]. split.
  - apply in_range. apply (best_step_in_range mu Lcal c (k lam) (a lam) s); assumption.
  - pose proof (best_step_is_calm mu c (k lam) (a lam) s Hc0 Hk Ha Hdelta Hcalm) as Hreg.
    pose proof (psi_at_best_step mu Lcal c (k lam) (a lam) s Hmu HmuL Hc0 Hcc Hk Ha Hs Hdelta Hcalm) as K.
    unfold psi_1, cross, least_rate. destruct (Rle_dec _ _) as [_|Hno]; [exact K|contradiction].
Qed.

(** The schedule that takes this step each time: s_{t+1} = s_t/(1 + SNR^2) bounds E|x^t - x-star|^2, whatever the weights. *)
Theorem snr_schedule lam s x0 : s O = dist2 Q x0 -> (forall j, s (S j) = s j / (1 + snr_at (lam j) (s j) ^ 2)) ->
  (forall j, 0 < delta (lam j) (s j) /\ k (lam j) * delta (lam j) (s j) < a (lam j) * n (lam j) (s j)) -> forall t,
  expect_steps (N Q) (fun j => distilled Q teacher (step_at (lam j) (s j)) (lam j)) t (dist2 Q) x0 <= s t.
Proof.
  intros H0 Hs Hcalm t.
  assert (Hpos : forall j, 0 <= s j) by (induction j as [|j IH]; [rewrite H0; apply norm2_nonneg|rewrite Hs; apply shrinks; exact IH]).
  assert (K : forall j, 0 < step_at (lam j) (s j) /\ step_at (lam j) (s j) < 1 / Lcal /\
    psi_1 Q teacher (step_at (lam j) (s j)) mu Lcal (lam j) (s j) = s j / (1 + snr_at (lam j) (s j) ^ 2))
    by (intros j; apply snr_reached; [apply Hpos|apply Hcalm|apply Hcalm]).
  eapply Rle_trans; [exact (theorem_1_envelope_decreasing Q teacher _ lam (fun j => proj1 (K j)) mu Lcal Hd Hmu H1 H1' H3 (fun j => proj1 (proj2 (K j))) t x0)|].
  rewrite <- H0. right. apply follow_sequence. intros j. rewrite Hs. exact (proj2 (proj2 (K j))).
Qed.

(** If the weight lam_of s has the largest SNR at s and noise dominates there, no schedule of step sizes and weights has a smaller bound. *)
Theorem schedule_is_best lam_of :
  (forall s, 0 < s -> 0 < delta (lam_of s) s /\ k (lam_of s) * delta (lam_of s) s < a (lam_of s) * n (lam_of s) s) ->
  (forall s lam, 0 < s -> 0 < n lam s /\ snr_at lam s <= snr_at (lam_of s) s) ->
  forall gam lam, (forall j, 0 < gam j < 1 / Lcal) -> forall t s, 0 < s ->
  iterate (fun s => s / (1 + snr_at (lam_of s) s ^ 2)) t s <= iterate_steps (fun j => psi_1 Q teacher (gam j) mu Lcal (lam j)) t s.
Proof.
  intros Hcalm Hbest gam lam Hgam t s Hs.
  set (choice := { p : R * R | 0 < fst p < 1 / Lcal }).
  apply (greedy_is_best choice (fun p => psi_1 Q teacher (fst (proj1_sig p)) mu Lcal (snd (proj1_sig p))) (fun s => s / (1 + snr_at (lam_of s) s ^ 2)))
    with (choices := fun j => exist (fun p => 0 < fst p < 1 / Lcal) (gam j, lam j) (Hgam j)); [| | | |lra].
  - intros [[g l] [Hg Hr]] u u' Hu. cbn [proj1_sig fst snd] in *. apply averages_well_increasing; [|lra].
    apply (psi_1_averages_well Q teacher g mu Lcal l); assumption.
  - intros [[g l] [Hg Hr]] u Hu. cbn [proj1_sig fst snd] in *. destruct (Hbest u l Hu) as [Hn Hsnr].
    eapply Rle_trans; [|apply snr_lower; [exact Hg|exact Hr|lra|exact Hn]].
    apply Rmult_le_compat_l; [lra|]. assert (H : 0 <= snr_at l u).
    { apply Rmult_le_pos; [apply Rmax_l|left; apply Rinv_0_lt_compat; exact Hn]. }
    pose proof (pow2_ge_0 (snr_at l u)). pose proof (pow_incr _ _ 2 (conj H Hsnr)). apply Rinv_le_contravar; lra.
  - intros u eps Hu He. destruct (Hcalm u Hu) as [Hdelta Hk]. destruct (snr_reached (lam_of u) u ltac:(lra) Hdelta Hk) as (Hg & Hr & E).
    exists (exist (fun p => 0 < fst p < 1 / Lcal) (step_at (lam_of u) u, lam_of u) (conj Hg Hr)). cbn [proj1_sig fst snd]. rewrite E. lra.
  - intros u Hu. apply shrinks_positive. exact Hu.
Qed.

(** ** Without bias: SGD, unbiased distillation *)

Section Unbiased.
Variable lam : R.
Hypothesis Hnoise : 0 < a lam.
(** 1/s+ = 1/s + mu^2/(c sqrt s + a)^2. *)
Definition law s := s / (1 + (mu * sqrt s / (c * sqrt s + a lam)) ^ 2).
Definition law_step s := mu * s / (mu ^ 2 * s + (c * sqrt s + a lam) ^ 2).

Lemma loud_positive s : 0 < c * sqrt s + a lam.
Proof. assert (0 <= c * sqrt s) by (apply Rmult_le_pos; [apply Hc|apply sqrt_pos]). lra. Qed.

Lemma law_is_snr s : law s = s / (1 + snr (clear (mu * sqrt s) 0) (c * sqrt s + a lam) ^ 2).
Proof.
  unfold law, snr, clear. rewrite Rminus_0_r, Rmax_right; [reflexivity|]. apply Rmult_le_pos; [lra|apply sqrt_pos].
Qed.

Lemma law_step_is_best s : 0 <= s -> law_step s = best_step mu c s 0 (a lam).
Proof.
  intros Hs. unfold law_step, best_step, clear. rewrite Rminus_0_r. pose proof (sqrt_sqrt s Hs) as K. f_equal.
  - rewrite <- K at 1. ring.
  - f_equal. f_equal. rewrite <- K at 1. ring.
Qed.

Theorem law_in_inverses s : 0 < s -> / law s = / s + mu ^ 2 / (c * sqrt s + a lam) ^ 2.
Proof.
  intros Hs. rewrite law_is_snr. unfold clear. rewrite Rminus_0_r.
  exact (inverse_grows mu c (a lam) s Hmu (Rlt_le _ _ Hs) Hs (loud_positive s)).
Qed.

Lemma law_positive s : 0 < s -> 0 < law s.
Proof. apply shrinks_positive. Qed.

Lemma law_reached s : 0 < s -> 0 < law_step s /\ law_step s < 1 / Lcal /\ psi_1_unbiased Q teacher (law_step s) mu Lcal lam s = law s.
Proof.
  intros Hs. destruct Hc as [Hc0 Hcc]. pose proof (loud_positive s) as Hn.
  assert (Hdelta : 0 < clear (mu * sqrt s) 0).
  { unfold clear. rewrite Rminus_0_r. apply Rmult_lt_0_compat; [assumption|apply sqrt_lt_R0; exact Hs]. }
  assert (Hcalm : 0 * clear (mu * sqrt s) 0 < a lam * (c * sqrt s + a lam)) by (rewrite Rmult_0_l; apply Rmult_lt_0_compat; assumption).
  rewrite law_step_is_best by lra. split; [|split].
  - apply (best_step_positive mu c 0 (a lam) s); try assumption; lra.
  - apply in_range. apply (best_step_in_range mu Lcal c 0 (a lam) s); try assumption; lra.
  - rewrite law_is_snr. apply (psi_at_best_step mu Lcal c 0 (a lam) s); try assumption; lra.
Qed.

Lemma law_iterates_positive t s : 0 < s -> 0 < iterate law t s.
Proof. revert s. induction t as [|t IH]; intros s Hs; simpl; [exact Hs|]. apply IH, law_positive, Hs. Qed.

Theorem unbiased_snr_schedule t x0 : 0 < dist2 Q x0 ->
  expect_steps (N Q) (fun j => distilled_unbiased Q teacher (law_step (iterate law j (dist2 Q x0))) lam) t (dist2 Q) x0 <= iterate law t (dist2 Q x0).
Proof.
  intros H0. set (s := fun j => iterate law j (dist2 Q x0)).
  assert (K : forall j, 0 < law_step (s j) /\ law_step (s j) < 1 / Lcal /\ psi_1_unbiased Q teacher (law_step (s j)) mu Lcal lam (s j) = law (s j))
    by (intros j; apply law_reached, law_iterates_positive, H0).
  eapply Rle_trans; [exact (unbiased_envelope_decreasing Q teacher _ (fun _ => lam) (fun j => proj1 (K j)) mu Lcal Hd Hmu H1 H1' H3 (fun j => proj1 (proj2 (K j))) t x0)|].
  right. apply (follow_sequence t _ s). intros j. transitivity (law (s j)); [exact (proj2 (proj2 (K j)))|]. symmetry. apply iterate_last.
Qed.

(** No step sizes, and no weights (lam has the least noise), have a smaller bound. *)
Theorem unbiased_schedule_is_best : (forall l, a lam <= a l) -> forall gam weights, (forall j, 0 < gam j < 1 / Lcal) -> forall t s, 0 < s ->
  iterate law t s <= iterate_steps (fun j => psi_1_unbiased Q teacher (gam j) mu Lcal (weights j)) t s.
Proof.
  intros Hleast gam weights Hgam t s Hs. destruct Hc as [Hc0 Hcc].
  set (choice := { p : R * R | 0 < fst p < 1 / Lcal }).
  apply (greedy_is_best choice (fun p => psi_1_unbiased Q teacher (fst (proj1_sig p)) mu Lcal (snd (proj1_sig p))) law)
    with (choices := fun j => exist (fun p => 0 < fst p < 1 / Lcal) (gam j, weights j) (Hgam j)); [| | | |lra].
  - intros [[g l] [Hg Hr]] u u' Hu. cbn [proj1_sig fst snd] in *. apply averages_well_increasing; [|lra].
    apply (psi_1_unbiased_averages_well Q teacher g mu Lcal l); assumption.
  - intros [[g l] [Hg Hr]] u Hu. cbn [proj1_sig fst snd] in *. apply in_range in Hr. pose proof (loud_positive u) as Hn. pose proof (Hleast l) as Hl.
    pose proof (no_step_does_better_unbiased mu Lcal c (a l) u g Hmu HmuL Hc0 Hcc (sqrt_pos _) ltac:(lra) Hg Hr ltac:(lra)) as K.
    eapply Rle_trans; [|exact K]. rewrite law_is_snr. apply Rmult_le_compat_l; [lra|].
    unfold snr, clear. rewrite Rminus_0_r. set (v := mu * sqrt u). assert (Hv : 0 <= v) by (apply Rmult_le_pos; [lra|apply sqrt_pos]).
    rewrite Rmax_right by exact Hv. pose proof (pow2_ge_0 (v / (c * sqrt u + a l))).
    assert (Hle : 0 <= v / (c * sqrt u + a l) <= v / (c * sqrt u + a lam)).
    { split; [apply Rmult_le_pos; [exact Hv|left; apply Rinv_0_lt_compat; lra]|].
      apply Rmult_le_compat_l; [exact Hv|]. apply Rinv_le_contravar; lra. }
    pose proof (pow_incr _ _ 2 Hle). apply Rinv_le_contravar; lra.
  - intros u eps Hu He. destruct (law_reached u Hu) as (Hg & Hr & E).
    exists (exist (fun p => 0 < fst p < 1 / Lcal) (law_step u, lam) (conj Hg Hr)). cbn [proj1_sig fst snd]. rewrite E. lra.
  - apply law_positive.
Qed.
End Unbiased.
End StronglyConvex.

(** ** PL *)

Section PolyakLojasiewicz.
Variables (Q : problem) (teacher : rvec) (mu L Lcal : R).
Hypothesis Hmu : 0 < mu.
Hypothesis HL : 0 < L.
Hypothesis Hs : smooth Q L.
Hypothesis Hmin : minimal Q.
Hypothesis HPL : PL Q mu.
Hypothesis H3 : A3 Q Lcal.
Hypothesis Hex : exists x, 0 < gap Q x.
Notation k lam := (sqrt (bias Q teacher lam)).
Notation a lam := (sqrt (centred_noise Q teacher lam)).
Notation q := (root_q mu Lcal).
Notation delta lam s := (clear (sqrt (2 * mu * s)) (k lam)).
Notation n lam s := (loud q (sqrt (2 * mu * s)) (a lam)).
Definition snr_at_pl lam s := snr (delta lam s) (n lam s).
Definition step_at_pl lam s := best_step_pl mu L q s (k lam) (a lam).
Definition law_pl lam s := s * (1 - mu / L * (snr_at_pl lam s ^ 2 / (1 + snr_at_pl lam s ^ 2))).

Let HmuLc : mu <= Lcal := mu_le_Lcal_pl Q teacher mu Lcal Hex HPL H3.
Let HmuL : mu <= L := mu_le_L Q mu L Hex HL HPL Hs Hmin.
Let Hq := root_q_spec mu Lcal Hmu HmuLc.

Theorem snr_lower_pl gamma lam s : 0 < gamma -> gamma < 2 * mu / (L * Lcal) -> 0 <= s -> 0 < n lam s ->
  law_pl lam s <= psi_2 Q teacher gamma mu L Lcal lam s.
Proof.
  intros Hg Hr Hs0 Hn. pose proof (cap_pl_pos Q teacher gamma mu L Lcal Hg Hmu HL HPL H3 Hex Hr) as HA.
  exact (no_step_does_better_pl mu L Lcal q (k lam) (a lam) s Hmu HL (proj1 Hq) (proj2 Hq) (sqrt_pos _) (sqrt_pos _) Hs0 gamma Hg HA Hn).
Qed.

Theorem snr_reached_pl lam s : 0 <= s -> 0 < delta lam s -> 0 < n lam s -> k lam * delta lam s <= n lam s ^ 2 ->
  0 < step_at_pl lam s /\ step_at_pl lam s < 2 * mu / (L * Lcal) /\ psi_2 Q teacher (step_at_pl lam s) mu L Lcal lam s = law_pl lam s.
Proof.
  intros Hs0 Hdelta Hn Hcalm. destruct Hq as [Hq0 Hqq]. pose proof (sqrt_pos (bias Q teacher lam)) as Hk. pose proof (sqrt_pos (centred_noise Q teacher lam)) as Ha.
  assert (Hg : 0 < step_at_pl lam s) by (apply (best_step_pl_positive mu L q (k lam) (a lam) s); assumption).
  split; [exact Hg|]. split.
  - pose proof (best_step_pl_rate mu L Lcal q (k lam) (a lam) s Hmu HL Hq0 Hqq Hk Ha Hdelta Hn Hcalm) as HA.
    change (best_step_pl mu L q s (k lam) (a lam)) with (step_at_pl lam s) in HA. pose proof HmuLc.
    assert (HLL : 0 < L * Lcal) by (apply Rmult_lt_0_compat; lra).
    replace (cap_pl (step_at_pl lam s) mu L Lcal) with (step_at_pl lam s * (2 * mu - step_at_pl lam s * (L * Lcal))) in HA by (unfold cap_pl; field; lra).
    apply Rmult_lt_reg_r with (L * Lcal); [exact HLL|]. replace (2 * mu / (L * Lcal) * (L * Lcal)) with (2 * mu) by (field; lra).
    apply Rnot_le_lt. intros Hbad. assert (step_at_pl lam s * (2 * mu - step_at_pl lam s * (L * Lcal)) <= step_at_pl lam s * 0) by (apply Rmult_le_compat_l; lra). lra.
  - apply (psi_at_best_step_pl mu L Lcal q (k lam) (a lam) s); assumption.
Qed.

Lemma law_pl_nonneg lam s : 0 <= s -> 0 <= law_pl lam s.
Proof.
  intros Hs0. unfold law_pl. apply Rmult_le_pos; [exact Hs0|]. set (x := snr_at_pl lam s ^ 2). assert (Hx : 0 <= x) by apply pow2_ge_0.
  assert (Hx1 : 0 <= x / (1 + x) <= 1).
  { split; [apply Rmult_le_pos; [exact Hx|left; apply Rinv_0_lt_compat; lra]|apply quotient_le; lra]. }
  assert (Hm : 0 <= mu / L <= 1) by (pose proof HmuL; split; [apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]|apply quotient_le; lra]).
  assert (mu / L * (x / (1 + x)) <= 1 * 1) by (apply Rmult_le_compat; lra). lra.
Qed.

Theorem snr_schedule_pl lam s x0 : s O = gap Q x0 -> (forall j, s (S j) = law_pl (lam j) (s j)) ->
  (forall j, 0 < delta (lam j) (s j) /\ 0 < n (lam j) (s j) /\ k (lam j) * delta (lam j) (s j) <= n (lam j) (s j) ^ 2) -> forall t,
  expect_steps (N Q) (fun j => distilled Q teacher (step_at_pl (lam j) (s j)) (lam j)) t (gap Q) x0 <= s t.
Proof.
  intros H0 Hlaw Hcalm t.
  assert (Hpos : forall j, 0 <= s j).
  { induction j as [|j IH]; [rewrite H0; apply gap_nonneg; exact Hmin|rewrite Hlaw; apply law_pl_nonneg; exact IH]. }
  assert (K : forall j, 0 < step_at_pl (lam j) (s j) /\ step_at_pl (lam j) (s j) < 2 * mu / (L * Lcal) /\
    psi_2 Q teacher (step_at_pl (lam j) (s j)) mu L Lcal (lam j) (s j) = law_pl (lam j) (s j))
    by (intros j; apply snr_reached_pl; [apply Hpos|apply Hcalm..]).
  eapply Rle_trans; [exact (theorem_2_envelope_decreasing Q teacher _ lam (fun j => proj1 (K j)) mu L Lcal Hmu HL Hs Hmin HPL H3 Hex
    (fun j => proj1 (proj2 (K j))) t x0)|].
  rewrite <- H0. right. apply follow_sequence. intros j. rewrite Hlaw. exact (proj2 (proj2 (K j))).
Qed.
End PolyakLojasiewicz.
