(** The exact law of distillation for quadratics: y = x - x-star - lam D, D = theta - x-star, is plain SGD around a shifted centre with
    its noise scaled by 1 - lam.  Every horizon, every real lam, every real gamma; then the stationary law.  Both for |x - x-star|^2 and
    for f - f*: the argument is made once, for any symmetric form B >= 0 in place of the inner product, and for any teacher that sends
    A_n v + share S_n: one theta (v = lam D, share = lam), or several (v = sum lam_j D_j, share = sum lam_j). *)

Require Export KDTheory.Setting.

(** Two processes driven by the same indices. *)
Lemma expect_coupled N (related : vec -> vec -> Prop) step step' phi phi' :
  (forall n x y, related x y -> related (step n x) (step' n y)) -> (forall x y, related x y -> phi x = phi' y) ->
  forall t x y, related x y -> expect N step t phi x = expect N step' t phi' y.
Proof.
  intros Hstep Hphi t. induction t as [|t IH]; intros x y Hxy; simpl; [auto|].
  apply avg_ext. intros. apply IH, Hstep, Hxy.
Qed.

Section Quadratic.
Variables (Q : problem) (teacher : rvec) (gamma : R).
Variable A : nat -> nat -> vec.                          (* A n i: row i of the Hessian of f_n *)
Notation xs := (minimiser Q).
Notation dim := (d Q).

(** Least squares, ridge included: the gradient of every term is affine. *)
Hypothesis affine : forall n x i, (i < dim)%nat -> grad_n Q n x i = dot dim (A n i) (minus x xs) + grad_n Q n xs i.

(** lam times what the teacher sends. *)
Definition sends lam v share := forall n i, (i < dim)%nat -> lam * teacher n i = dot dim (A n i) v + share * grad_n Q n xs i.

(** SGD around 0 with noise scaled by sigma, and its mean, I - gamma H with H = E A. *)
Definition shifted sigma (n : nat) (y : vec) : vec := fun i => y i - gamma * (dot dim (A n i) y + sigma * grad_n Q n xs i).
Definition H (i : nat) : vec := fun j => avg (N Q) (fun n => A n i j).
Definition contract (y : vec) : vec := fun i => y i - gamma * dot dim (H i) y.
Fixpoint power (t : nat) (y : vec) : vec := match t with O => y | S t' => power t' (contract y) end.

(** What is measured: B x y = <rep x, y>, symmetric and non-negative. *)
Variable rep : vec -> vec.
Notation B x y := (dot dim (rep x) y).
Hypothesis B_sym : forall x y, B x y = B y x.
Hypothesis B_nonneg : forall x, 0 <= B x x.
Definition size (x : vec) : R := B x x.
Definition size_from (x : vec) : R := size (minus x xs).
Notation E2_t sigma t y := (expect (N Q) (shifted sigma) t size y).

Lemma dot_plus_r x y z : dot dim x (fun i => y i + z i) = dot dim x y + dot dim x z.
Proof. rewrite dot_sym, dot_plus_l, 2 (dot_sym _ _ x). reflexivity. Qed.

Lemma dot_scal_r x b y : dot dim x (fun i => b * y i) = b * dot dim x y.
Proof. rewrite dot_sym, dot_scal_l, dot_sym. reflexivity. Qed.

Lemma dot_comb_r x a b y z : dot dim x (fun i => a * y i + b * z i) = a * dot dim x y + b * dot dim x z.
Proof. rewrite (dot_plus_r x (fun i => a * y i) (fun i => b * z i)), !dot_scal_r. reflexivity. Qed.

Lemma dot_ext_r x y z : same dim y z -> dot dim x y = dot dim x z.
Proof. intros K. apply dot_ext; [intros i Hi; reflexivity|exact K]. Qed.

Lemma size_comb a b x y : size (fun i => a * x i + b * y i) = a * a * size x + 2 * a * b * B x y + b * b * size y.
Proof.
  unfold size. rewrite dot_comb_r, (B_sym _ x), (B_sym _ y), !dot_comb_r, (B_sym y x). ring.
Qed.

Lemma size_ext x y : same dim x y -> size x = size y.
Proof. intros K. unfold size. rewrite (dot_ext_r _ _ _ K), B_sym, (dot_ext_r _ _ _ K). reflexivity. Qed.

(** ** The mean of the shifted process *)

Lemma power_mean t (Y : rvec) y : (forall i, (i < dim)%nat -> y i = avg (N Q) (fun n => Y n i)) ->
  forall i, (i < dim)%nat -> power t y i = avg (N Q) (fun n => power t (Y n) i).
Proof.
  revert Y y. induction t as [|t IH]; intros Y y HY; simpl; [exact HY|].
  apply (IH (fun n => contract (Y n))). intros i Hi. unfold contract.
  rewrite (avg_ext _ (fun n => Y n i - gamma * dot dim (H i) (Y n)) (fun n => Y n i + - gamma * dot dim (H i) (Y n))) by (intros; ring).
  rewrite avg_plus, avg_scal, <- HY by exact Hi.
  replace (avg (N Q) (fun n => dot dim (H i) (Y n))) with (dot dim (H i) y); [ring|].
  unfold dot. rewrite avg_sum. apply sum_ext. intros j Hj. rewrite avg_scal, <- HY by exact Hj. reflexivity.
Qed.

Lemma mean_step sigma y i : (i < dim)%nat -> contract y i = avg (N Q) (fun n => shifted sigma n y i).
Proof.
  intros Hi. unfold contract, shifted.
  rewrite (avg_ext _ _ (fun n => - gamma * (dot dim (A n i) y + sigma * grad_n Q n xs i) + y i)) by (intros; ring).
  rewrite avg_affine by apply N_pos. rewrite avg_plus, avg_scal.
  pose proof (stationary Q i Hi) as K. unfold mean in K. rewrite K.
  replace (avg (N Q) (fun n => dot dim (A n i) y)) with (dot dim (H i) y); [ring|].
  unfold dot. rewrite avg_sum. apply sum_ext. intros j Hj. unfold H. rewrite Rmult_comm, <- avg_scal. apply avg_ext. intros. ring.
Qed.

Lemma mean_path sigma v t y : expect (N Q) (shifted sigma) t (dot dim v) y = dot dim v (power t y).
Proof.
  revert y. induction t as [|t IH]; intros y; simpl; [reflexivity|].
  rewrite (avg_ext _ _ _ (fun n _ => IH (shifted sigma n y))). unfold dot. rewrite avg_sum. apply sum_ext. intros i Hi.
  rewrite avg_scal. f_equal. symmetry. apply power_mean; [|exact Hi]. intros. apply mean_step. assumption.
Qed.

(** ** The law, every t *)

Lemma shifted_path lam v share t phi x0 y0 : sends lam v share ->
  (forall x y, same dim x y -> phi x = phi y) -> same dim (minus x0 xs) (fun i => y0 i + v i) ->
  expect (N Q) (distilled Q teacher gamma lam) t (fun x => phi (minus x xs)) x0
  = expect (N Q) (shifted (1 - share)) t (fun y => phi (fun i => y i + v i)) y0.
Proof.
  intros Hsent Hphi. apply (expect_coupled (N Q) (fun x y => same dim (minus x xs) (fun i => y i + v i))).
  - intros n x y Hxy i Hi. unfold distilled, shifted, minus. rewrite (affine n x i Hi), (Hsent n i Hi).
    rewrite (dot_ext_r _ _ _ Hxy), (dot_plus_r _ y v).
    pose proof (Hxy i Hi) as K. unfold minus in K.
    replace (x i) with (xs i + (y i + v i)) by (rewrite <- K; ring). ring.
  - intros. apply Hphi. assumption.
Qed.

Theorem exact_law lam v share t x0 : sends lam v share ->
  let y0 := fun i => x0 i - xs i - v i in
  expect (N Q) (distilled Q teacher gamma lam) t size_from x0
  = E2_t (1 - share) t y0 + 2 * B v (power t y0) + size v.
Proof.
  intros Hsent y0. unfold size_from.
  rewrite (shifted_path lam v share t size x0 y0 Hsent).
  - rewrite <- (mean_path (1 - share) (rep v) t y0).
    pose proof (expect_affine (N Q) (shifted (1 - share)) t 1 2 (size v) size (dot dim (rep v)) y0 (N_pos Q)) as K.
    rewrite Rmult_1_l in K. rewrite <- K.
    apply (expect_coupled (N Q) (fun x y => x = y)); [intros n x y ->; reflexivity| |reflexivity].
    intros y z ->. rewrite (B_sym v). transitivity (size (fun i => 1 * z i + 1 * v i));
      [apply size_ext; intros i Hi; ring|rewrite size_comb; ring].
  - apply size_ext.
  - intros i Hi. unfold y0, minus. ring.
Qed.

(** ** The stationary law: (1 - share)^2 S0 + |v|^2, which for one teacher is (1 - lam)^2 S0 + lam^2 |theta - x-star|^2 *)

Lemma shifted_comb a b sigma sigma' n y y' z : same dim z (fun i => a * y i + b * y' i) ->
  same dim (shifted (a * sigma + b * sigma') n z) (fun i => a * shifted sigma n y i + b * shifted sigma' n y' i).
Proof.
  intros Hz i Hi. unfold shifted. rewrite (dot_ext_r _ _ _ Hz), dot_comb_r, (Hz i Hi). ring.
Qed.

Lemma homogeneous b sigma t y z : same dim z (fun i => b * y i) -> E2_t (b * sigma) t z = b ^ 2 * E2_t sigma t y.
Proof.
  revert y z. induction t as [|t IH]; intros y z Hz; simpl.
  - transitivity (size (fun i => b * y i + 0 * y i)); [apply size_ext; intros i Hi; rewrite (Hz i Hi); ring|rewrite size_comb; ring].
  - rewrite <- (avg_scal (N Q) (b * (b * 1))). apply avg_ext. intros n Hn. apply IH. intros i Hi.
    unfold shifted. rewrite (dot_ext_r _ _ _ Hz), dot_scal_r, (Hz i Hi). ring.
Qed.

Lemma parallelogram sigma sigma' t : forall y y' u v,
  same dim u (fun i => 1 * y i + 1 * y' i) -> same dim v (fun i => 1 * y i + -1 * y' i) ->
  E2_t (1 * sigma + 1 * sigma') t u + E2_t (1 * sigma + -1 * sigma') t v = 2 * E2_t sigma t y + 2 * E2_t sigma' t y'.
Proof.
  induction t as [|t IH]; intros y y' u v Hu Hv; simpl.
  - transitivity (size (fun i => 1 * y i + 1 * y' i) + size (fun i => 1 * y i + -1 * y' i)).
    + f_equal; apply size_ext; assumption.
    + rewrite !size_comb. ring.
  - rewrite <- 2 (avg_scal (N Q) 2), <- 2 avg_plus. apply avg_ext. intros n Hn. apply IH; apply shifted_comb; assumption.
Qed.

(** Plain SGD is the case lam = 0; its error from x is that of the shifted process with sigma = 1 from x - x-star. *)
Lemma plain_sgd t x y : same dim (minus x xs) y -> expect (N Q) (distilled Q teacher gamma 0) t size_from x = E2_t 1 t y.
Proof.
  intros Hxy. unfold size_from. rewrite (shifted_path 0 (fun _ => 0) 0 t size x y).
  - rewrite Rminus_0_r. apply (expect_coupled (N Q) (fun x y => x = y)); [intros n u v ->; reflexivity| |reflexivity].
    intros u v ->. apply size_ext; intros i Hi; ring.
  - intros n i Hi. rewrite (dot_ext_r _ (fun _ => 0) (fun j => 0 * 0)) by (intros j Hj; ring). rewrite dot_scal_r. ring.
  - apply size_ext.
  - intros i Hi. rewrite (Hxy i Hi). ring.
Qed.

Lemma Un_cv_constant c : Un_cv (fun _ => c) c.
Proof. intros eps He. exists O. intros. unfold R_dist. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. assumption. Qed.

Lemma Un_cv_ext u v l : (forall t, u t = v t) -> Un_cv u l -> Un_cv v l.
Proof. intros K Hu eps He. destruct (Hu eps He) as [T HT]. exists T. intros t Ht. rewrite <- K. auto. Qed.

Section Stationary.
Variable S0 : R.
Hypothesis sgd_converges : forall x, Un_cv (fun t => expect (N Q) (distilled Q teacher gamma 0) t size_from x) S0.

Lemma unit_noise y : Un_cv (fun t => E2_t 1 t y) S0.
Proof.
  apply (Un_cv_ext (fun t => expect (N Q) (distilled Q teacher gamma 0) t size_from (fun i => xs i + y i))); [|apply sgd_converges].
  intros t. apply plain_sgd. intros i Hi. unfold minus. ring.
Qed.

(** Without noise the process dies out: (S0 + S0)/2 - S0 = 0. *)
Lemma no_noise y : Un_cv (fun t => E2_t 0 t y) 0.
Proof.
  set (minus_y := fun i => -1 * y i). set (zero := fun _ : nat => 0).
  apply (Un_cv_ext (fun t => / 2 * (E2_t 1 t y + E2_t 1 t minus_y) - E2_t 1 t zero)).
  - intros t. assert (K : E2_t 1 t minus_y = E2_t (1 * 0 + -1 * 1) t y).
    { replace (1 * 0 + -1 * 1) with (-1 * 1) by ring. rewrite (homogeneous (-1) 1 t minus_y y); [ring|].
      intros i Hi. unfold minus_y. ring. }
    rewrite K. pose proof (parallelogram 0 1 t y zero y y) as P.
    replace (E2_t 1 t y) with (E2_t (1 * 0 + 1 * 1) t y) by (f_equal; f_equal; ring).
    rewrite P; [field|intros i Hi; unfold zero; ring..].
  - replace 0 with (/ 2 * (S0 + S0) - S0) by field.
    apply CV_minus; [|apply unit_noise]. apply CV_mult; [apply Un_cv_constant|]. apply CV_plus; apply unit_noise.
Qed.

Lemma scaled_noise sigma y : Un_cv (fun t => E2_t sigma t y) (sigma ^ 2 * S0).
Proof.
  destruct (Req_dec sigma 0) as [->|Hs].
  - replace (0 ^ 2 * S0) with 0 by ring. apply no_noise.
  - apply (Un_cv_ext (fun t => sigma ^ 2 * E2_t 1 t (fun i => / sigma * y i))).
    + intros t. rewrite <- (homogeneous sigma 1 t (fun i => / sigma * y i) y); [f_equal; f_equal; ring|].
      intros i Hi. field. assumption.
    + apply CV_mult; [apply Un_cv_constant|apply unit_noise].
Qed.

(** |2 B(v, E y^t)| <= eta B(v,v) + E B(y^t,y^t) / eta for every eta > 0, so the mean dies out too. *)
Lemma mean_bound v eta t y : 0 < eta -> Rabs (2 * B v (power t y)) <= eta * size v + / eta * E2_t 0 t y.
Proof.
  intros He. rewrite <- (mean_path 0 (rep v) t y).
  assert (K : forall s : R, s * s = 1 -> s * 2 * expect (N Q) (shifted 0) t (dot dim (rep v)) y <= eta * size v + / eta * E2_t 0 t y).
  { intros s Hs.
    pose proof (expect_affine (N Q) (shifted 0) t (/ eta) (- (s * 2)) (eta * size v) size (dot dim (rep v)) y (N_pos Q)) as K.
    assert (0 <= expect (N Q) (shifted 0) t (fun z => / eta * size z + - (s * 2) * B v z + eta * size v) y).
    { apply Rle_trans with (expect (N Q) (shifted 0) t (fun _ => 0) y).
      - right. clear. revert y. induction t as [|t IH]; intros y; simpl; [reflexivity|].
        rewrite (avg_ext _ _ (fun _ => 0)) by (intros; symmetry; apply IH). rewrite avg_const by apply N_pos. reflexivity.
      - apply expect_le. intros z. pose proof (B_nonneg (fun i => 1 * z i + - (s * eta) * v i)) as P.
        change (0 <= size (fun i => 1 * z i + - (s * eta) * v i)) in P. rewrite size_comb, (B_sym z) in P.
        replace (/ eta * size z + - (s * 2) * B v z + eta * size v)
          with (/ eta * (1 * 1 * size z + 2 * 1 * - (s * eta) * B v z + - (s * eta) * - (s * eta) * size v)).
        + apply Rmult_le_pos; [left; apply Rinv_0_lt_compat; assumption|exact P].
        + replace (- (s * eta) * - (s * eta)) with (s * s * (eta * eta)) by ring. rewrite Hs. field. lra. }
    lra. }
  pose proof (K 1 ltac:(ring)). pose proof (K (-1) ltac:(ring)). apply Rabs_le. lra.
Qed.

Lemma mean_vanishes v y : Un_cv (fun t => 2 * B v (power t y)) 0.
Proof.
  intros eps He. pose proof (B_nonneg v) as Hv. change (0 <= size v) in Hv.
  set (eta := eps / (2 * (size v + 1))).
  assert (Heta : 0 < eta) by (apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; lra]).
  assert (Heta' : eta * size v < eps / 2).
  { replace (eps / 2) with (eta * size v + eta) by (unfold eta; field; lra). lra. }
  destruct (no_noise y (eta * (eps / 2))) as [T HT]; [apply Rmult_lt_0_compat; lra|].
  exists T. intros t Ht. specialize (HT t Ht). unfold R_dist in *. rewrite Rminus_0_r in *.
  eapply Rle_lt_trans; [apply (mean_bound v eta t y Heta)|].
  assert (/ eta * E2_t 0 t y < eps / 2); [|lra].
  apply Rmult_lt_reg_l with eta; [assumption|]. rewrite <- Rmult_assoc, Rinv_r, Rmult_1_l by lra.
  eapply Rle_lt_trans; [apply Rle_abs|exact HT].
Qed.

Theorem stationary_law lam v share x0 : sends lam v share ->
  Un_cv (fun t => expect (N Q) (distilled Q teacher gamma lam) t size_from x0) ((1 - share) ^ 2 * S0 + size v).
Proof.
  intros Hsent. set (y0 := fun i => x0 i - xs i - v i).
  apply (Un_cv_ext (fun t => E2_t (1 - share) t y0 + 2 * B v (power t y0) + size v)).
  - intros t. rewrite (exact_law lam v share t x0 Hsent). reflexivity.
  - replace ((1 - share) ^ 2 * S0 + size v) with ((1 - share) ^ 2 * S0 + 0 + size v) by ring.
    apply CV_plus; [|apply Un_cv_constant]. apply CV_plus; [apply scaled_noise|apply mean_vanishes].
Qed.

End Stationary.

End Quadratic.

(** ** The two readings: |x - x-star|^2, and f - f* *)

Section Readings.
Variables (Q : problem) (theta : vec) (gamma : R) (A : nat -> nat -> vec).
Notation xs := (minimiser Q).
Notation dim := (d Q).
Definition D : vec := minus theta xs.
Notation T := (grads Q theta).
Notation y0 lam x0 := (fun i => x0 i - xs i - lam * D i).
Hypothesis affine : forall n x i, (i < dim)%nat -> grad_n Q n x i = dot dim (A n i) (minus x xs) + grad_n Q n xs i.

Lemma one_teacher_sends lam : sends Q T A lam (fun i => lam * D i) lam.
Proof. intros n i Hi. unfold grads. rewrite (affine n theta i Hi), dot_scal_r. unfold D. ring. Qed.

Lemma size_scal rep (sym : forall x y, dot dim (rep x) y = dot dim (rep y) x) lam x y :
  dot dim (rep (fun i => lam * x i)) y = lam * dot dim (rep x) y.
Proof. rewrite sym, dot_scal_r, sym. reflexivity. Qed.

Lemma exact_law_of_one rep (sym : forall x y, dot dim (rep x) y = dot dim (rep y) x) lam t x0 :
  expect (N Q) (distilled Q T gamma lam) t (size_from Q rep) x0
  = expect (N Q) (shifted Q gamma A (1 - lam)) t (size Q rep) (y0 lam x0)
    + 2 * lam * dot dim (rep D) (power Q gamma A t (y0 lam x0)) + lam ^ 2 * size Q rep D.
Proof.
  rewrite (exact_law Q T gamma A affine rep sym lam (fun i => lam * D i) lam t x0 (one_teacher_sends lam)).
  unfold size at 2. rewrite !(size_scal rep sym), dot_scal_r. unfold size. ring.
Qed.

Lemma stationary_law_of_one rep (sym : forall x y, dot dim (rep x) y = dot dim (rep y) x) (nonneg : forall x, 0 <= dot dim (rep x) x) S0 :
  (forall x, Un_cv (fun t => expect (N Q) (distilled Q T gamma 0) t (size_from Q rep) x) S0) ->
  forall lam x0, Un_cv (fun t => expect (N Q) (distilled Q T gamma lam) t (size_from Q rep) x0)
    ((1 - lam) ^ 2 * S0 + lam ^ 2 * size Q rep D).
Proof.
  intros K lam x0. replace (lam ^ 2 * size Q rep D) with (size Q rep (fun i => lam * D i)).
  - apply (stationary_law Q T gamma A affine rep sym nonneg S0 K lam (fun i => lam * D i) lam x0 (one_teacher_sends lam)).
  - unfold size. rewrite (size_scal rep sym), dot_scal_r. ring.
Qed.

Theorem exact_quadratic lam t x0 :
  expect (N Q) (distilled Q T gamma lam) t (dist2 Q) x0
  = expect (N Q) (shifted Q gamma A (1 - lam)) t (norm2 dim) (y0 lam x0)
    + 2 * lam * dot dim D (power Q gamma A t (y0 lam x0)) + lam ^ 2 * norm2 dim D.
Proof. exact (exact_law_of_one (fun x => x) (dot_sym dim) lam t x0). Qed.

Theorem exact_quadratic_stationary S0 :
  (forall x, Un_cv (fun t => expect (N Q) (distilled Q T gamma 0) t (dist2 Q) x) S0) ->
  forall lam x0, Un_cv (fun t => expect (N Q) (distilled Q T gamma lam) t (dist2 Q) x0)
    ((1 - lam) ^ 2 * S0 + lam ^ 2 * norm2 dim D).
Proof. exact (stationary_law_of_one (fun x => x) (dot_sym dim) (norm2_nonneg dim) S0). Qed.

(** f - f* = <e, H e>/2 with H = E A symmetric. *)
Definition half_H (x : vec) : vec := fun i => / 2 * dot dim (H Q A i) x.
Hypothesis H_sym : forall i j, (i < dim)%nat -> (j < dim)%nat -> H Q A i j = H Q A j i.
Hypothesis gap_quadratic : forall x, gap Q x = dot dim (half_H (minus x xs)) (minus x xs).
Hypothesis gap_minimal : minimal Q.

Lemma half_H_sym x y : dot dim (half_H x) y = dot dim (half_H y) x.
Proof.
  assert (K : forall u v, dot dim (half_H u) v = sum dim (fun i => sum dim (fun j => / 2 * (H Q A i j * u j * v i)))).
  { intros u v. unfold half_H, dot. apply sum_ext. intros i Hi. rewrite <- (sum_scal dim (/ 2)), Rmult_comm, <- sum_scal.
    apply sum_ext. intros. ring. }
  rewrite !K, sum_swap. apply sum_ext. intros i Hi. apply sum_ext. intros j Hj. rewrite (H_sym j i Hj Hi). ring.
Qed.

Lemma half_H_nonneg x : 0 <= dot dim (half_H x) x.
Proof.
  assert (K : same dim (minus (fun i => xs i + x i) xs) x) by (intros i Hi; unfold minus; ring).
  pose proof (size_ext Q half_H half_H_sym _ _ K) as E. unfold size in E. rewrite <- E, <- gap_quadratic. unfold gap.
  pose proof (gap_minimal (fun i => xs i + x i)). lra.
Qed.

Lemma gap_is_size : forall x, gap Q x = size_from Q half_H x.
Proof. exact gap_quadratic. Qed.

Lemma expect_gap step t x : expect (N Q) step t (gap Q) x = expect (N Q) step t (size_from Q half_H) x.
Proof.
  apply (expect_coupled (N Q) (fun u v => u = v)); [intros n u v ->; reflexivity| |reflexivity].
  intros u v ->. apply gap_is_size.
Qed.

Theorem exact_quadratic_gap lam t x0 :
  expect (N Q) (distilled Q T gamma lam) t (gap Q) x0
  = expect (N Q) (shifted Q gamma A (1 - lam)) t (fun y => dot dim (half_H y) y) (y0 lam x0)
    + 2 * lam * dot dim (half_H D) (power Q gamma A t (y0 lam x0)) + lam ^ 2 * gap Q theta.
Proof. rewrite expect_gap, gap_is_size. exact (exact_law_of_one half_H half_H_sym lam t x0). Qed.

Theorem exact_quadratic_gap_stationary F0 :
  (forall x, Un_cv (fun t => expect (N Q) (distilled Q T gamma 0) t (gap Q) x) F0) ->
  forall lam x0, Un_cv (fun t => expect (N Q) (distilled Q T gamma lam) t (gap Q) x0)
    ((1 - lam) ^ 2 * F0 + lam ^ 2 * gap Q theta).
Proof.
  intros K lam x0. apply (Un_cv_ext _ _ _ (fun t => eq_sym (expect_gap (distilled Q T gamma lam) t x0))). rewrite gap_is_size.
  apply (stationary_law_of_one half_H half_H_sym half_H_nonneg F0).
  intros x. apply (Un_cv_ext _ _ _ (fun t => expect_gap (distilled Q T gamma 0) t x)). apply K.
Qed.

End Readings.

(** The best weight and its value: never worse than the better of SGD and the teacher. *)
Theorem stationary_minimum S0 D2 lam : 0 <= S0 -> 0 <= D2 -> 0 < S0 + D2 ->
  let law l := (1 - l) ^ 2 * S0 + l ^ 2 * D2 in
  law (S0 / (S0 + D2)) = S0 * D2 / (S0 + D2) /\ law (S0 / (S0 + D2)) <= law lam /\ law (S0 / (S0 + D2)) <= Rmin S0 D2.
Proof.
  intros HS HD Hpos law.
  assert (K : law (S0 / (S0 + D2)) = S0 * D2 / (S0 + D2)) by (unfold law; field; lra).
  assert (L : forall l, law (S0 / (S0 + D2)) <= law l).
  { intros l. replace (law l) with (law (S0 / (S0 + D2)) + (S0 + D2) * ((l - S0 / (S0 + D2)) * (l - S0 / (S0 + D2))))
      by (unfold law; field; lra).
    assert (0 <= (S0 + D2) * ((l - S0 / (S0 + D2)) * (l - S0 / (S0 + D2)))) by (apply Rmult_le_pos; [lra|apply Rle_0_sqr]). lra. }
  split; [exact K|]. split; [apply L|]. apply Rmin_glb.
  - replace S0 with (law 0) at 3 by (unfold law; ring). apply L.
  - replace D2 with (law 1) at 2 by (unfold law; ring). apply L.
Qed.
