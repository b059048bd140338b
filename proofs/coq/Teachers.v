(** Several teachers, one weight each; one weight for each block of coordinates; the exact law of several teachers for quadratics; the best
    probabilities for importance sampling.  Every theorem about [teacher] holds for the combination sum lam_j H_j, with lam = 1. *)

Require Export KDTheory.Weight KDTheory.Sharp KDTheory.Quadratic.

(** ** Quadratic criteria in several weights *)

Section Forms.
Variables (m : nat) (M : nat -> nat -> R) (C : nat -> R) (c0 : R).
Definition bilinear (x y : nat -> R) : R := sum m (fun i => sum m (fun j => x i * y j * M i j)).
Definition criterion (x : nat -> R) : R := c0 - 2 * sum m (fun j => x j * C j) + bilinear x x.
Hypothesis M_sym : forall i j, (i < m)%nat -> (j < m)%nat -> M i j = M j i.

Lemma bilinear_sym x y : bilinear x y = bilinear y x.
Proof.
  unfold bilinear. rewrite sum_swap. apply sum_ext. intros i Hi. apply sum_ext. intros j Hj. rewrite (M_sym j i) by assumption. ring.
Qed.

Lemma bilinear_minus x y : bilinear (fun i => x i - y i) (fun i => x i - y i) = bilinear x x - 2 * bilinear x y + bilinear y y.
Proof.
  replace (bilinear x x - 2 * bilinear x y + bilinear y y) with (bilinear x x + -1 * bilinear x y + (-1 * bilinear y x + bilinear y y))
    by (rewrite (bilinear_sym y x); ring).
  unfold bilinear. rewrite <- !sum_scal, <- !sum_plus. apply sum_ext. intros i Hi. rewrite <- !sum_scal, <- !sum_plus.
  apply sum_ext. intros j Hj. ring.
Qed.

Lemma bilinear_solved x y (b : nat -> R) : (forall i, (i < m)%nat -> sum m (fun j => M i j * y j) = b i) -> bilinear x y = sum m (fun i => x i * b i).
Proof.
  intros H. apply sum_ext. intros i Hi. rewrite <- (H i Hi), <- sum_scal. apply sum_ext. intros. ring.
Qed.

(** M x = C makes the criterion least, M >= 0; whatever the solution, if M is singular. *)
Theorem solution_minimises star : (forall v, 0 <= bilinear v v) -> (forall i, (i < m)%nat -> sum m (fun j => M i j * star j) = C i) ->
  criterion star = c0 - sum m (fun j => star j * C j) /\ forall x, criterion star <= criterion x.
Proof.
  intros Hpos Hsol. pose proof (bilinear_solved star star C Hsol) as K. split; [unfold criterion; rewrite K; ring|]. intros x.
  pose proof (Hpos (fun i => x i - star i)) as H. rewrite bilinear_minus, (bilinear_solved x star C Hsol) in H. unfold criterion. rewrite K in *. lra.
Qed.
End Forms.

Section Teachers.
Variable Q : problem.
Notation xs := (minimiser Q).
Notation dim := (d Q).

(** ** Several teachers *)

Section Several.
Variables (m : nat) (H : nat -> rvec).                  (* H j: what teacher j sends *)
Definition combined (lam : nat -> R) : rvec := fun n i => sum m (fun j => lam j * H j n i).
Notation centred_H j := (fun n i => H j n i - average_teacher Q (H j) i).
Notation h j := (average_teacher Q (H j)).
(** V + (1 + kappa) (<h_i, h_j>), and C_j = E<S, H_j>. *)
Definition gram kappa i j := ip (N Q) dim (centred_H i) (centred_H j) + (1 + kappa) * dot dim (h i) (h j).
Definition covariances j := covariance Q (H j).

Lemma average_combined lam i : average_teacher Q (combined lam) i = sum m (fun j => lam j * h j i).
Proof. unfold average_teacher, mean, combined. rewrite avg_sum. apply sum_ext. intros j Hj. apply avg_scal. Qed.

Lemma bias_combined lam : bias Q (combined lam) 1 = sum m (fun i => sum m (fun j => lam i * lam j * dot dim (h i) (h j))).
Proof.
  unfold bias. replace (1 ^ 2) with 1 by ring. rewrite Rmult_1_l.
  rewrite (sum_ext m _ (fun i => sum m (fun j => lam i * lam j * ip (N Q) dim (always (h i)) (always (h j)))))
    by (intros i Hi; apply sum_ext; intros j Hj; rewrite ip_always by apply N_pos; reflexivity).
  rewrite <- (ip_comb (N Q) dim m lam lam (fun j => always (h j))).
  rewrite (ip_ext _ _ _ (always (average_teacher Q (combined lam))) _ (always (average_teacher Q (combined lam))));
    [symmetry; apply ip_always, N_pos| |]; intros n Hn i Hi; unfold comb, always; symmetry; apply average_combined.
Qed.

Lemma centred_combined lam : centred_noise Q (combined lam) 1
  = sigma_star_sq Q - 2 * sum m (fun j => lam j * covariances j) + sum m (fun i => sum m (fun j => lam i * lam j * ip (N Q) dim (centred_H i) (centred_H j))).
Proof.
  set (Y := comb m (fun j => - lam j) (fun j => centred_H j)).
  assert (E : centred_noise Q (combined lam) 1 = ip (N Q) dim (fun n i => grads Q xs n i + Y n i) (fun n i => grads Q xs n i + Y n i)).
  { assert (K : forall n, same dim (fun i => grads Q xs n i - 1 * (combined lam n i - average_teacher Q (combined lam) i)) (fun i => grads Q xs n i + Y n i)).
    { intros n i Hi. rewrite average_combined. unfold Y, comb, combined.
      rewrite (sum_ext m (fun j => - lam j * _) (fun j => -1 * (lam j * H j n i) + lam j * h j i)) by (intros; ring).
      rewrite (sum_plus m (fun j => -1 * (lam j * H j n i))), sum_scal. ring. }
    apply ip_ext; intros n Hn; apply K. }
  rewrite E, ip_plus_sq, (ip_sym _ _ (grads Q xs) Y). unfold Y. rewrite ip_comb_l, ip_comb. change (ip (N Q) dim (grads Q xs) (grads Q xs)) with (sigma_star_sq Q).
  rewrite (sum_ext m (fun j => - lam j * ip (N Q) dim _ _) (fun j => -1 * (lam j * covariances j))).
  - rewrite sum_scal. rewrite (sum_ext m (fun j => sum m (fun l => - lam j * - lam l * _)) (fun i => sum m (fun j => lam i * lam j * ip (N Q) dim (centred_H i) (centred_H j))))
      by (intros i Hi; apply sum_ext; intros j Hj; ring). ring.
  - intros j Hj. rewrite ip_sym. unfold covariances. rewrite <- (covariance_letter Q (H j)).
    change (S_Hc (at_point Q (H j) xs)) with (ip (N Q) dim (grads Q xs) (centred_H j)). ring.
Qed.

Theorem several_noise lam kappa : noise Q (combined lam) 1 kappa = criterion m (gram kappa) covariances (sigma_star_sq Q) lam.
Proof.
  rewrite noise_split, centred_combined, bias_combined. unfold criterion, bilinear, gram.
  rewrite (sum_ext m (fun i => sum m (fun j => lam i * lam j * (_ + _)))
    (fun i => sum m (fun j => lam i * lam j * ip (N Q) dim (centred_H i) (centred_H j)) + (1 + kappa) * sum m (fun j => lam i * lam j * dot dim (h i) (h j)))).
  - rewrite (sum_plus m (fun i => sum m (fun j => lam i * lam j * ip (N Q) dim (centred_H i) (centred_H j)))).
    rewrite (sum_scal m (1 + kappa) (fun i => sum m (fun j => lam i * lam j * dot dim (h i) (h j)))). ring.
  - intros i Hi. rewrite <- sum_scal, <- sum_plus. apply sum_ext. intros. ring.
Qed.

Lemma gram_sym kappa i j : gram kappa i j = gram kappa j i.
Proof. unfold gram. rewrite ip_sym, (dot_sym dim (h i)). reflexivity. Qed.

Lemma gram_nonneg kappa v : -1 <= kappa -> 0 <= bilinear m (gram kappa) v v.
Proof.
  intros Hk. assert (E : bilinear m (gram kappa) v v = ip (N Q) dim (comb m v (fun j => centred_H j)) (comb m v (fun j => centred_H j)) + (1 + kappa) * bias Q (combined v) 1).
  { rewrite bias_combined, ip_comb, <- sum_scal, <- sum_plus. apply sum_ext. intros i Hi. rewrite <- sum_scal, <- sum_plus.
    apply sum_ext. intros. unfold gram. ring. }
  rewrite E. pose proof (ip_nonneg (N Q) dim (comb m v (fun j => centred_H j))).
  assert (0 <= (1 + kappa) * bias Q (combined v) 1) by (apply Rmult_le_pos; [lra|apply bias_nonneg]). lra.
Qed.

(** (V + (1+kappa) h h^T) lam* = C: the best weights, and what they leave; kappa = -1 is unbiased distillation. *)
Theorem several_lambda_star kappa star : -1 <= kappa -> (forall i, (i < m)%nat -> sum m (fun j => gram kappa i j * star j) = covariances i) ->
  noise Q (combined star) 1 kappa = sigma_star_sq Q - sum m (fun j => star j * covariances j) /\
  forall lam, noise Q (combined star) 1 kappa <= noise Q (combined lam) 1 kappa.
Proof.
  intros Hk Hsol.
  destruct (solution_minimises m (gram kappa) covariances (sigma_star_sq Q) (fun i j _ _ => gram_sym kappa i j) star
    (fun v => gram_nonneg kappa v Hk) Hsol) as [K1 K2].
  split; [rewrite several_noise; exact K1|]. intros lam. rewrite !several_noise. apply K2.
Qed.

(** Theorem 1 for several teachers; every other theorem in the same way. *)
Theorem several_theorem_1 gamma mu Lcal lam :
  (0 < dim)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma <= 1 / (4 * Lcal) ->
  forall t x0, expect (N Q) (distilled Q (combined lam) gamma 1) t (dist2 Q) x0 <=
    (1 - gamma * mu) ^ t * dist2 Q x0
    + 2 * gamma / mu * criterion m (gram (1 / (gamma * mu))) covariances (sigma_star_sq Q) lam * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr t x0. rewrite <- several_noise.
  exact (theorem_1 Q (combined lam) gamma mu Lcal 1 Hd Hg Hmu H1 H2 H3 Hr t x0).
Qed.
End Several.

(** ** One weight for each block of coordinates *)

Section Blocks.
Variables (teacher : rvec) (block : nat -> nat) (m : nat) (kappa : R).
Hypothesis blocks : forall i, (i < dim)%nat -> (block i < m)%nat.
Hypothesis Hkappa : -1 <= kappa.
Definition weighted_by (lam : nat -> R) : rvec := fun n i => lam (block i) * teacher n i.
(** A vector's part in block b; the problem and the teacher seen in block b alone. *)
Definition part (b : nat) (x : vec) : vec := fun i => if Nat.eqb (block i) b then x i else 0.

Lemma part_stationary b : centred (N Q) dim (fun n => part b (grad_n Q n xs)).
Proof.
  intros i Hi. unfold mean, part. destruct (Nat.eqb (block i) b); [apply (stationary Q i Hi)|]. apply avg_const, N_pos.
Qed.

Definition in_block (b : nat) : problem := {|
  N := N Q; d := dim; N_pos := N_pos Q; value_n := value_n Q; grad_n := fun n x => part b (grad_n Q n x); minimiser := xs; stationary := part_stationary b;
|}.
Definition teacher_in (b : nat) : rvec := fun n => part b (teacher n).
Definition block_star b := lambda_star (in_block b) (teacher_in b) kappa.

(** The noise of one coordinate with its weight. *)
Let coordinate (lam : R) (i : nat) : R :=
  avg (N Q) (fun n => (grads Q xs n i - lam * teacher n i) * (grads Q xs n i - lam * teacher n i)) + kappa * (lam * average_teacher Q teacher i) ^ 2.

Lemma noise_by_coordinate lam : noise Q (weighted_by lam) 1 kappa = sum dim (fun i => coordinate (lam (block i)) i).
Proof.
  unfold noise, E2, ip, dot at 1. rewrite avg_sum. unfold norm2, dot.
  replace (kappa * 1 ^ 2 * sum dim (fun i => average_teacher Q (weighted_by lam) i * average_teacher Q (weighted_by lam) i))
    with (sum dim (fun i => kappa * (lam (block i) * average_teacher Q teacher i) ^ 2)).
  - rewrite <- sum_plus. apply sum_ext. intros i Hi. unfold coordinate. f_equal. apply avg_ext. intros n Hn. unfold weighted_by. ring.
  - rewrite <- sum_scal. apply sum_ext. intros i Hi.
    replace (average_teacher Q (weighted_by lam) i) with (lam (block i) * average_teacher Q teacher i)
      by (unfold average_teacher, mean, weighted_by; symmetry; apply avg_scal). ring.
Qed.

Lemma noise_in_block b lam : noise (in_block b) (teacher_in b) lam kappa = sum dim (fun i => if Nat.eqb (block i) b then coordinate lam i else 0).
Proof.
  unfold noise, E2, ip, dot at 1. rewrite avg_sum. unfold norm2, dot. change (d (in_block b)) with dim. change (N (in_block b)) with (N Q).
  rewrite <- (sum_scal dim (kappa * lam ^ 2)), <- sum_plus. apply sum_ext. intros i Hi.
  change (average_teacher (in_block b) (teacher_in b) i) with (avg (N Q) (fun n => part b (teacher n) i)).
  change (grads (in_block b) (minimiser (in_block b))) with (fun n => part b (grad_n Q n xs)).
  unfold teacher_in, part, coordinate. destruct (Nat.eqb (block i) b).
  - change (average_teacher Q teacher i) with (avg (N Q) (fun n => teacher n i)). unfold grads. ring.
  - rewrite (avg_const (N Q) 0) by apply N_pos. rewrite (avg_ext (N Q) _ (fun _ => 0)) by (intros; ring).
    rewrite avg_const by apply N_pos. ring.
Qed.

Lemma one_block (u : nat -> R) b0 : (b0 < m)%nat -> sum m (fun b => if Nat.eqb b0 b then u b else 0) = u b0.
Proof.
  clear. induction m as [|k IH]; intros H; [lia|]. simpl. destruct (Nat.eqb_spec b0 k) as [->|Hne].
  - rewrite (sum_ext k _ (fun _ => 0)); [rewrite sum_const; ring|]. intros b Hb. destruct (Nat.eqb_spec k b); [lia|reflexivity].
  - rewrite IH by lia. ring.
Qed.

Theorem blocks_separate lam : noise Q (weighted_by lam) 1 kappa = sum m (fun b => noise (in_block b) (teacher_in b) (lam b) kappa).
Proof.
  rewrite noise_by_coordinate. rewrite (sum_ext m _ _ (fun b _ => noise_in_block b (lam b))), sum_swap. apply sum_ext. intros i Hi.
  symmetry. apply (one_block (fun b => coordinate (lam b) i)). apply blocks. exact Hi.
Qed.

(** lam_b = E<S,H>_b/(V_b + (1+kappa)|h|_b^2) is best, and never worse than one weight for all. *)
Theorem block_weights_are_best lam : noise Q (weighted_by block_star) 1 kappa <= noise Q (weighted_by lam) 1 kappa.
Proof.
  rewrite !blocks_separate. apply sum_le. intros b Hb. apply (lambda_star_minimises (in_block b) (teacher_in b) kappa Hkappa).
Qed.

Theorem blocks_no_worse lam : noise Q (weighted_by block_star) 1 kappa <= noise Q teacher lam kappa.
Proof.
  eapply Rle_trans; [apply (block_weights_are_best (fun _ => lam))|]. right. rewrite noise_by_coordinate.
  unfold noise, E2, ip, dot at 1. rewrite avg_sum. unfold norm2, dot. rewrite <- (sum_scal dim (kappa * lam ^ 2)), <- sum_plus.
  apply sum_ext. intros i Hi. unfold coordinate. ring.
Qed.
End Blocks.

(** ** Quadratics: distilling from several teachers is distilling from a point of their affine hull *)

Section Hull.
Variables (m : nat) (theta : nat -> vec) (gamma : R) (A : nat -> nat -> vec).
Hypothesis affine : forall n x i, (i < dim)%nat -> grad_n Q n x i = dot dim (A n i) (minus x xs) + grad_n Q n xs i.
Notation D j := (minus (theta j) xs).
Notation T lam := (combined m (fun j => grads Q (theta j)) lam).
Definition hull (lam : nat -> R) : vec := fun i => sum m (fun j => lam j * D j i).

Lemma several_send lam : sends Q (T lam) A 1 (hull lam) (sum m lam).
Proof.
  intros n i Hi. rewrite Rmult_1_l. unfold combined, hull, dot.
  rewrite (sum_ext m _ (fun j => lam j * dot dim (A n i) (D j) + grad_n Q n xs i * lam j)) by (intros j Hj; unfold grads; rewrite (affine n (theta j) i Hi); ring).
  rewrite (sum_plus m (fun j => lam j * dot dim (A n i) (D j))), sum_scal, Rmult_comm. f_equal. unfold dot.
  rewrite (sum_ext m _ (fun j => sum dim (fun l => lam j * (A n i l * D j l)))) by (intros; symmetry; apply sum_scal).
  rewrite sum_swap. apply sum_ext. intros l Hl. rewrite <- sum_scal. apply sum_ext. intros. ring.
Qed.

(** SGD's error tends to S0 from every start: then with weights lam it tends to (1 - sum lam)^2 S0 + |sum lam_j D_j|^2. *)
Theorem several_exact_stationary S0 lam :
  (forall x, Un_cv (fun t => expect (N Q) (distilled Q (T lam) gamma 0) t (dist2 Q) x) S0) ->
  forall x0, Un_cv (fun t => expect (N Q) (distilled Q (T lam) gamma 1) t (dist2 Q) x0) ((1 - sum m lam) ^ 2 * S0 + norm2 dim (hull lam)).
Proof.
  intros H x0.
  exact (stationary_law Q (T lam) gamma A affine (fun x => x) (dot_sym dim) (norm2_nonneg dim) S0 H 1 (hull lam) (sum m lam) x0 (several_send lam)).
Qed.

Lemma hull_gram x y : dot dim (hull x) (hull y) = bilinear m (fun i j => dot dim (D i) (D j)) x y.
Proof.
  rewrite <- (ip_always (N Q) dim (hull x) (hull y) (N_pos Q)).
  change (always (hull x)) with (comb m x (fun j => always (D j))). change (always (hull y)) with (comb m y (fun j => always (D j))).
  rewrite ip_comb. apply sum_ext. intros i Hi. apply sum_ext. intros j Hj. rewrite ip_always by apply N_pos. reflexivity.
Qed.

(** If M w = 1, M the Gram matrix of the D_j, then delta2 = 1/sum w is the least |sum lam_j D_j|^2 with sum lam = 1, at lam = delta2 w ... *)
Lemma hull_distance w lam : (forall i, (i < m)%nat -> sum m (fun j => dot dim (D i) (D j) * w j) = 1) -> 0 < sum m w ->
  sum m lam ^ 2 * / sum m w <= norm2 dim (hull lam) /\ norm2 dim (hull (fun j => / sum m w * w j)) = / sum m w /\ sum m (fun j => / sum m w * w j) = 1.
Proof.
  intros Hw Hpos. set (W := sum m w) in *.
  assert (K : forall x, dot dim (hull x) (hull w) = sum m x).
  { intros x. rewrite hull_gram, (bilinear_solved m _ x w (fun _ => 1) Hw). apply sum_ext. intros. ring. }
  split; [|split].
  - pose proof (cauchy_schwarz dim (hull lam) (hull w)) as CS. rewrite K in CS. unfold norm2 at 2 in CS. rewrite K in CS. fold W in CS.
    apply Rmult_le_reg_r with W; [exact Hpos|]. rewrite Rmult_assoc, Rinv_l by lra. lra.
  - unfold norm2. rewrite (dot_ext dim _ (fun i => / W * hull w i) _ (fun i => / W * hull w i));
      [|intros i Hi; unfold hull; rewrite <- sum_scal; apply sum_ext; intros; ring..].
    rewrite dot_scal_l, dot_sym, dot_scal_l, K. fold W. field. lra.
  - rewrite sum_scal. fold W. field. lra.
Qed.

(** ... and lam = w delta2 S0/(S0 + delta2) gives S0 delta2/(S0 + delta2), the least that any weights give. *)
Theorem hull_law w S0 : (forall i, (i < m)%nat -> sum m (fun j => dot dim (D i) (D j) * w j) = 1) -> 0 < sum m w -> 0 <= S0 ->
  let delta2 := / sum m w in let value lam := (1 - sum m lam) ^ 2 * S0 + norm2 dim (hull lam) in
  value (fun j => w j * delta2 * (S0 / (S0 + delta2))) = S0 * delta2 / (S0 + delta2) /\ forall lam, S0 * delta2 / (S0 + delta2) <= value lam.
Proof.
  intros Hw Hpos HS delta2 value. assert (Hd : 0 < delta2) by (apply Rinv_0_lt_compat; exact Hpos).
  destruct (stationary_minimum S0 delta2 0 HS (Rlt_le _ _ Hd) ltac:(lra)) as (E & _ & _). cbv zeta in E.
  set (part := S0 / (S0 + delta2)) in *. split.
  - unfold value. assert (Ks : sum m (fun j => w j * delta2 * part) = part).
    { rewrite (sum_ext m _ (fun j => delta2 * part * w j)) by (intros; ring). rewrite sum_scal. unfold delta2. field. lra. }
    rewrite Ks, <- E. f_equal.
    destruct (hull_distance w w Hw Hpos) as (_ & K & _). fold delta2 in K.
    transitivity (part ^ 2 * norm2 dim (hull (fun j => delta2 * w j))); [|rewrite K; reflexivity].
    unfold norm2. rewrite (dot_ext dim _ (fun i => part * hull (fun j => delta2 * w j) i) _ (fun i => part * hull (fun j => delta2 * w j) i));
      [|intros i Hi; unfold hull; rewrite <- sum_scal; apply sum_ext; intros; ring..].
    rewrite dot_scal_l, dot_sym, dot_scal_l. ring.
  - intros lam. unfold value. destruct (hull_distance w lam Hw Hpos) as (K & _ & _). fold delta2 in K.
    destruct (stationary_minimum S0 delta2 (sum m lam) HS (Rlt_le _ _ Hd) ltac:(lra)) as (E1 & E2 & _). cbv zeta in E1, E2.
    fold part in E1, E2. lra.
Qed.
End Hull.
End Teachers.

(** ** Importance sampling: sum b_n^2/p_n is least at p_n = b_n/sum b *)

Theorem importance_bound N p b : (forall n, (n < N)%nat -> 0 < p n) -> sum N p = 1 -> sum N b ^ 2 <= sum N (fun n => b n ^ 2 / p n).
Proof.
  intros Hp Hone. set (B := sum N b).
  assert (K : 0 <= sum N (fun n => p n * (b n / p n - B) ^ 2)).
  { apply sum_nonneg. intros n Hn. specialize (Hp n Hn). apply Rmult_le_pos; [lra|apply pow2_ge_0]. }
  assert (E : sum N (fun n => p n * (b n / p n - B) ^ 2) = sum N (fun n => b n ^ 2 / p n) + (-2 * B * sum N b + B ^ 2 * sum N p)).
  { rewrite <- (sum_scal N (-2 * B)), <- (sum_scal N (B ^ 2)), <- !sum_plus. apply sum_ext. intros n Hn. specialize (Hp n Hn). field. lra. }
  rewrite E, Hone in K. fold B in K. lra.
Qed.

Theorem importance_best N b : (0 < N)%nat -> (forall n, (n < N)%nat -> 0 < b n) -> let p n := b n / sum N b in
  (forall n, (n < N)%nat -> 0 < p n) /\ sum N p = 1 /\ sum N (fun n => b n ^ 2 / p n) = sum N b ^ 2.
Proof.
  intros HN Hb p. assert (HB : 0 < sum N b).
  { destruct N as [|k]; [lia|]. simpl. apply Rplus_le_lt_0_compat; [apply sum_nonneg; intros; left; apply Hb; lia|apply Hb; lia]. }
  split; [|split].
  - intros n Hn. apply Rmult_lt_0_compat; [apply Hb; exact Hn|apply Rinv_0_lt_compat; exact HB].
  - unfold p. rewrite (sum_ext N _ (fun n => / sum N b * b n)) by (intros; unfold Rdiv; ring). rewrite sum_scal. field. lra.
  - rewrite (sum_ext N _ (fun n => sum N b * b n)); [rewrite sum_scal; ring|]. intros n Hn. unfold p. specialize (Hb n Hn). field. lra.
Qed.
