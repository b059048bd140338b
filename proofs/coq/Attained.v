(** The sharp bound is attained: a finite sum of two functions of one variable that satisfies every assumption, and at which one step
    meets the bound with equality at every admissible rate.  So the hypotheses of the theorems are not empty, and where noise dominates
    no smaller constant is true.

    f_n(x) = mu x^2/2 + w_n (c x|x|/2 + s x), w = +1, -1. *)

Require Export KDTheory.Sharp.

Section Attained.
Variables mu c s : R.
Hypothesis Hmu : 0 < mu.
Hypothesis Hc : 0 <= c.

Definition w (n : nat) : R := match n with O => 1 | _ => -1 end.
Definition f_n (n : nat) (x : R) : R := mu * x ^ 2 / 2 + w n * (c * (x * Rabs x) / 2 + s * x).
Definition df_n (n : nat) (x : R) : R := mu * x + w n * (c * Rabs x + s).

(** The gradients below are the derivatives of the functions. *)
Lemma derivative n x : derivable_pt_lim (f_n n) x (df_n n x).
Proof.
  assert (K : derivable_pt_lim (fun y => y * Rabs y) x (2 * Rabs x)).
  { intros eps He. exists (mkposreal (eps / 2) ltac:(lra)). simpl. intros h Hh Hd.
    apply Rle_lt_trans with (Rabs h); [|lra].
    assert (Q : Rabs ((x + h) * Rabs (x + h) - x * Rabs x - 2 * Rabs x * h) <= h * h).
    { unfold Rabs at 2 3 4. destruct (Rcase_abs (x + h)), (Rcase_abs x); apply Rabs_le; pose proof (Rle_0_sqr h) as S;
        unfold Rsqr in S; split; nra. }
    replace (((x + h) * Rabs (x + h) - x * Rabs x) / h - 2 * Rabs x)
      with (((x + h) * Rabs (x + h) - x * Rabs x - 2 * Rabs x * h) * / h) by (field; assumption).
    rewrite Rabs_mult, Rabs_inv. apply Rmult_le_reg_r with (Rabs h); [apply Rabs_pos_lt; assumption|].
    rewrite Rmult_assoc, Rinv_l, Rmult_1_r by (apply Rgt_not_eq, Rabs_pos_lt; assumption).
    eapply Rle_trans; [exact Q|]. rewrite <- Rabs_mult. apply Rle_abs. }
  unfold f_n, df_n.
  assert (K2 : derivable_pt_lim (fun y => y ^ 2) x (2 * x)).
  { pose proof (derivable_pt_lim_pow x 2) as P. simpl in P. replace (2 * x) with ((1 + 1) * (x * 1)) by ring. exact P. }
  pose proof (derivable_pt_lim_plus _ _ x _ _ (derivable_pt_lim_scal _ (mu / 2) x _ K2)
    (derivable_pt_lim_scal _ (w n) x _ (derivable_pt_lim_plus _ _ x _ _ (derivable_pt_lim_scal _ (c / 2) x _ K)
      (derivable_pt_lim_scal _ s x _ (derivable_pt_lim_id x))))) as D.
  intros eps He. destruct (D eps He) as [delta HD]. exists delta. intros h Hh Hd. specialize (HD h Hh Hd).
  unfold plus_fct, mult_real_fct, id in HD.
  match goal with |- Rabs ?a < _ => match type of HD with Rabs ?b < _ => replace a with b; [exact HD|] end end.
  field. assumption.
Qed.

Definition gradient (n : nat) (x : vec) : vec := fun _ => df_n n (x O).

Lemma centre : centred 2 1 (fun n => gradient n (fun _ => 0)).
Proof. intros i _. unfold mean, avg, gradient, df_n, w. simpl. rewrite Rabs_R0. field. Qed.

Definition pair : problem := {|
  N := 2; d := 1; N_pos := Nat.lt_0_succ 1; value_n := fun n x => f_n n (x O); grad_n := gradient;
  minimiser := fun _ => 0; stationary := centre;
|}.

Definition Lcal : R := mu + c ^ 2 / mu.

Ltac written_out := unfold average_teacher, gap, value, grad, grads, E2, ip, norm2, dot, mean, minus, dist2, norm2, dot, gradient, f_n, df_n, avg, w in *; simpl in *;
  unfold gap, value, grad, grads, E2, ip, norm2, dot, mean, minus, dist2, norm2, dot, gradient, f_n, df_n, avg, w in *; simpl in *;
  rewrite ?Rabs_R0 in *.

Lemma gap_is x : gap pair x = mu * (x O) ^ 2 / 2.
Proof. written_out. field. Qed.
Lemma dist2_is x : dist2 pair x = (x O) ^ 2.
Proof. written_out. ring. Qed.
Lemma grad_is x i : grad pair x i = mu * x O.
Proof. written_out. field. Qed.
Lemma grad_norm x : norm2 1 (grad pair x) = (mu * x O) ^ 2.
Proof. unfold norm2, dot. simpl. rewrite grad_is. ring. Qed.

Theorem pair_A1 : A1 pair mu.
Proof. intros x. rewrite gap_is, dist2_is. unfold dot. simpl. rewrite grad_is. unfold minus. simpl. right. field. Qed.

Theorem pair_growth : A1' pair mu.
Proof. intros x. rewrite gap_is, dist2_is. right. field. Qed.

Theorem pair_A3 : A3 pair Lcal.
Proof.
  intros x. rewrite gap_is. written_out. assert (K : Rabs (x O) * Rabs (x O) = x O * x O) by (rewrite <- Rabs_mult; apply Rabs_right, Rle_ge, Rle_0_sqr).
  unfold Lcal. right. set (u := Rabs (x O)) in *. set (v := x O) in *. clearbody u v.
  transitivity (mu ^ 2 * (v * v) + c ^ 2 * (u * u)); [lra|rewrite K; field; lra].
Qed.

Theorem pair_PL : PL pair mu.
Proof. intros x. change (d pair) with 1%nat. rewrite gap_is, grad_norm. right. field. Qed.

Theorem pair_smooth : smooth pair mu.
Proof. intros x y. written_out. right. field. Qed.

Theorem pair_minimal : minimal pair.
Proof. apply (growth_gives_minimal pair mu Hmu pair_growth). Qed.

(** ** One step, at every x on the teacher's side *)

Variables (gamma lam : R) (theta x : vec).
Hypothesis Hg : 0 < gamma.
Hypothesis Hx : 0 <= x O.
Notation bias_signed := (lam * (mu * theta O)).
Notation noise_signed := (s - lam * (c * Rabs (theta O) + s)).
Hypothesis bias_forward : 0 <= bias_signed.
Hypothesis noise_forward : 0 <= noise_signed.
Notation k := (sqrt (bias pair (grads pair theta) lam)).
Notation a := (sqrt (centred_noise pair (grads pair theta) lam)).

Lemma k_is : k = bias_signed.
Proof.
  unfold bias. change (average_teacher pair (grads pair theta)) with (grad pair theta). change (d pair) with 1%nat. rewrite grad_norm.
  replace (lam ^ 2 * (mu * theta O) ^ 2) with (bias_signed * bias_signed) by ring. apply sqrt_square. assumption.
Qed.

Lemma a_is : a = noise_signed.
Proof.
  replace (centred_noise pair (grads pair theta) lam) with (noise_signed * noise_signed); [apply sqrt_square; assumption|].
  unfold centred_noise. written_out. set (u := Rabs (theta O)). field.
Qed.

Theorem one_step_is :
  avg (N pair) (fun n => dist2 pair (distilled pair (grads pair theta) gamma lam n x))
  = ((1 - gamma * mu) * x O + gamma * k) ^ 2 + gamma ^ 2 * (c * x O + a) ^ 2.
Proof.
  rewrite k_is, a_is. unfold distilled. written_out. rewrite (Rabs_right (x O)) by lra. set (u := Rabs (theta O)). field.
Qed.

(** Equality in T_rate at x = sqrt(W)/(A - rate), for every rate, where noise dominates (and gamma mu <= 1 for the root). *)
Theorem sharp_is_attained rate : let A := cap gamma mu Lcal in let W := noise_cross gamma mu c k a in
  gamma * mu <= 1 -> rate < A -> x O = sqrt W / (A - rate) ->
  avg (N pair) (fun n => dist2 pair (distilled pair (grads pair theta) gamma lam n x)) = tangent A (left_over gamma k a) W rate (dist2 pair x).
Proof.
  intros A W Hgm Hr Hx'. rewrite one_step_is, dist2_is.
  set (root := gamma * (k * (1 - gamma * mu) + gamma * (a * c))).
  assert (Hroot : sqrt W = root).
  { unfold W, noise_cross. fold root. replace (root ^ 2) with (root * root) by ring. apply sqrt_square. unfold root.
    pose proof (sqrt_pos (bias pair (grads pair theta) lam)). pose proof (sqrt_pos (centred_noise pair (grads pair theta) lam)).
    apply Rmult_le_pos; [lra|]. apply Rplus_le_le_0_compat; [apply Rmult_le_pos; lra|]. repeat apply Rmult_le_pos; lra. }
  rewrite Hroot in Hx'. unfold tangent. assert (HW : W = root * root) by (unfold W, noise_cross; fold root; ring). rewrite HW.
  assert (Hroot2 : root = x O * (A - rate)) by (rewrite Hx'; field; lra).
  replace (root * root / (A - rate)) with (x O * root) by (rewrite Hroot2; field; lra).
  assert (HA : A = gamma * mu * (2 - gamma * mu) - gamma ^ 2 * c ^ 2) by (unfold A, cap, Lcal; field; lra).
  replace ((1 - rate) * x O ^ 2) with ((1 - A) * x O ^ 2 + x O * root) by (rewrite Hroot2; ring).
  rewrite HA. unfold left_over, root. ring.
Qed.

(** The unbiased step at the same point: k = 0. *)
Theorem one_step_unbiased_is :
  avg (N pair) (fun n => dist2 pair (distilled_unbiased pair (grads pair theta) gamma lam n x))
  = ((1 - gamma * mu) * x O) ^ 2 + gamma ^ 2 * (c * x O + a) ^ 2.
Proof.
  rewrite a_is. unfold distilled_unbiased. written_out. rewrite (Rabs_right (x O)) by lra. set (u := Rabs (theta O)). field.
Qed.

Theorem unbiased_sharp_is_attained rate : let A := cap gamma mu Lcal in let W := noise_cross gamma mu c 0 a in
  rate < A -> x O = sqrt W / (A - rate) ->
  avg (N pair) (fun n => dist2 pair (distilled_unbiased pair (grads pair theta) gamma lam n x)) = tangent A (left_over gamma 0 a) W rate (dist2 pair x).
Proof.
  intros A W Hr Hx'. rewrite one_step_unbiased_is, dist2_is. set (root := gamma * (gamma * (a * c))).
  assert (HW : W = root * root) by (unfold W, noise_cross, root; ring).
  assert (Hroot : sqrt W = root).
  { rewrite HW. apply sqrt_square. unfold root. pose proof (sqrt_pos (centred_noise pair (grads pair theta) lam)). repeat apply Rmult_le_pos; lra. }
  rewrite Hroot in Hx'. unfold tangent. rewrite HW.
  assert (Hroot2 : root = x O * (A - rate)) by (rewrite Hx'; field; lra).
  replace (root * root / (A - rate)) with (x O * root) by (rewrite Hroot2; field; lra).
  assert (HA : A = gamma * mu * (2 - gamma * mu) - gamma ^ 2 * c ^ 2) by (unfold A, cap, Lcal; field; lra).
  replace ((1 - rate) * x O ^ 2) with ((1 - A) * x O ^ 2 + x O * root) by (rewrite Hroot2; ring).
  rewrite HA. unfold left_over, root. ring.
Qed.

End Attained.
