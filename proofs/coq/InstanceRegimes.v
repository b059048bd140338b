(** The hypotheses also hold where the theorems say most: with c > 0 in the noise-dominated and in the bias-dominated regime, and for a
    function that is not convex.  Every number that matters is greater than 0. *)

Require Import Reals Lra Lia.
Require Import KDTheory.Reading KDTheory.ReadingExact.
Open Scope R_scope.

(** ** mu = 1, c = 1, s = 1: f_n(x) = x^2/2 + w_n (x|x|/2 + x), Lcal = 2; theta = 1, gamma = 1/4. *)

Definition pair_f (n : nat) (x : vector) : R := f_ 1 1 1 n (x O).
Definition pair_G (n : nat) (x : vector) : vector := fun _ => df 1 1 1 n (x O).
Definition zero : vector := fun _ => 0.
Definition one : vector := fun _ => 1.

Ltac written_out := unfold k, a, c, q, centred, bias_sq, gradient, distance, suboptimality, value, square, inner, average in *; simpl in *;
  unfold gradient, average in *; simpl in *; unfold pair_f, pair_G, f_, df, w, zero, one in *; simpl in *; rewrite ?Rabs_R0, ?Rabs_R1 in *.

Theorem pair_strongly_convex_hypotheses_hold : strongly_convex_setting 2 1 pair_f pair_G zero (/ 4) 1 2 /\ / 4 < 1 / 2.
Proof.
  split; [|lra]. repeat split; try lra; try lia.
  - exact (reading_pair_A1 1 1 1).
  - exact (reading_pair_growth 1 1 1).
  - assert (K : Lcal 1 1 = 2) by (unfold Lcal; field). rewrite <- K. exact (reading_pair_A3 1 1 1 Rlt_0_1).
Qed.

Lemma pair_letters lam : 0 <= lam -> 0 <= 1 - 2 * lam ->
  k 2 1 pair_G one lam = lam /\ a 2 1 pair_G zero one lam = 1 - 2 * lam /\ c 1 2 = 1.
Proof.
  intros H0 H1. repeat split.
  - replace lam with (sqrt (lam * lam)) at 2 by (apply sqrt_square; assumption). written_out. f_equal. field.
  - rewrite <- (sqrt_square (1 - 2 * lam)) by assumption. written_out. f_equal. field.
  - unfold c. replace (1 * (2 - 1)) with 1 by ring. apply sqrt_1.
Qed.

Theorem noise_dominates : let k := k 2 1 pair_G one (2 / 5) in let a := a 2 1 pair_G zero one (2 / 5) in
  0 < k /\ 0 < a /\ 0 < c 1 2 /\ / 4 * (k * c 1 2) < a * (1 - / 4 * 1).
Proof. destruct (pair_letters (2 / 5)) as (-> & -> & ->); lra. Qed.

Theorem bias_dominates : let k := k 2 1 pair_G one (9 / 20) in let a := a 2 1 pair_G zero one (9 / 20) in
  0 < k /\ 0 < a /\ 0 < c 1 2 /\ a * (1 - / 4 * 1) < / 4 * (k * c 1 2).
Proof. destruct (pair_letters (9 / 20)) as (-> & -> & ->); lra. Qed.

(** ** f(x) = x^2/2 + 4 x^2/(1 + x^2), f_n = f + w_n x: not convex, mu = 1/9, L = Lcal = 9 *)

Definition hill (x : R) : R := x ^ 2 / 2 + 4 * (x ^ 2 / (1 + x ^ 2)).
Definition slope (x : R) : R := x + 8 * x / (1 + x ^ 2) ^ 2.
Definition hill_n (n : nat) (x : R) : R := hill x + w n * x.
Definition hill_f (n : nat) (x : vector) : R := hill_n n (x O).
Definition hill_G (n : nat) (x : vector) : vector := fun _ => slope (x O) + w n.

Lemma denominator x : 0 < 1 + x ^ 2.
Proof. pose proof (pow2_ge_0 x). lra. Qed.

(** Its gradients are derivatives ... *)
Theorem hill_derivative n x : derivable_pt_lim (hill_n n) x (slope x + w n).
Proof.
  pose proof (denominator x) as Hd.
  assert (K2 : derivable_pt_lim (fun y => y ^ 2) x (2 * x)).
  { pose proof (derivable_pt_lim_pow x 2) as P. simpl in P. replace (2 * x) with ((1 + 1) * (x * 1)) by ring. exact P. }
  assert (K3 : derivable_pt_lim (fun y => 1 + y ^ 2) x (0 + 2 * x)).
  { apply (derivable_pt_lim_plus (fun _ => 1) (fun y => y ^ 2)); [apply derivable_pt_lim_const|exact K2]. }
  pose proof (derivable_pt_lim_div (fun y => y ^ 2) (fun y => 1 + y ^ 2) x _ _ K2 K3 ltac:(lra)) as K4.
  pose proof (derivable_pt_lim_plus _ _ x _ _ (derivable_pt_lim_scal _ (/ 2) x _ K2)
    (derivable_pt_lim_plus _ _ x _ _ (derivable_pt_lim_scal _ 4 x _ K4) (derivable_pt_lim_scal _ (w n) x _ (derivable_pt_lim_id x)))) as D.
  intros eps He. destruct (D eps He) as [delta HD]. exists delta. intros h Hh Hdel. specialize (HD h Hh Hdel).
  unfold plus_fct, mult_real_fct, div_fct, id, Rsqr in HD. pose proof (denominator (x + h)).
  match goal with |- Rabs ?a < _ => match type of HD with Rabs ?b < _ => replace a with b; [exact HD|] end end.
  unfold hill_n, hill, slope. field. repeat split; lra.
Qed.

(** ... and it lies above a chord. *)
Theorem hill_is_not_convex : (hill (1 / 2) + hill (3 / 2)) / 2 < hill ((1 / 2 + 3 / 2) / 2).
Proof. unfold hill. lra. Qed.

Ltac hill_out := unfold hill_f, hill_G in *; unfold suboptimality, distance in *; unfold value, square, inner in *; simpl in *; unfold gradient, average in *;
  simpl in *; unfold hill_n, w, zero in *.

Lemma hill_gap x : suboptimality 2 hill_f zero x = hill (x O).
Proof. hill_out. unfold hill. pose proof (denominator (x O)). field. lra. Qed.

Lemma hill_gradient x i : gradient 2 hill_G x i = slope (x O).
Proof. hill_out. field. Qed.

Lemma hill_between x : let v := / (1 + x ^ 2) in 0 < v <= 1 /\ hill x = x ^ 2 * (/ 2 + 4 * v) /\ slope x = x * (1 + 8 * (v * v)).
Proof.
  intros v. pose proof (denominator x) as Hd. pose proof (pow2_ge_0 x). split; [split|split].
  - apply Rinv_0_lt_compat. exact Hd.
  - rewrite <- Rinv_1. apply Rinv_le_contravar; lra.
  - unfold hill, v. field. lra.
  - unfold slope, v. field. lra.
Qed.

Lemma hill_PL : PL 2 1 hill_f hill_G zero (1 / 9).
Proof.
  intros x. rewrite hill_gap. unfold square, inner. simpl. rewrite hill_gradient.
  destruct (hill_between (x O)) as (Hv & -> & ->). set (v := / (1 + x O ^ 2)) in *. set (y := x O) in *. clearbody v y.
  pose proof (pow2_ge_0 y). assert (0 <= v * v) by apply Rle_0_sqr.
  assert (y ^ 2 * (/ 2 + 4 * v) <= y ^ 2 * (9 / 2)) by (apply Rmult_le_compat_l; lra).
  assert (y ^ 2 * 1 <= y ^ 2 * ((1 + 8 * (v * v)) * (1 + 8 * (v * v)))).
  { apply Rmult_le_compat_l; [assumption|]. replace 1 with (1 * 1) at 1 by ring. apply Rmult_le_compat; lra. }
  lra.
Qed.

Lemma hill_A3 : A3 2 1 hill_f hill_G zero 9.
Proof.
  intros x. rewrite hill_gap. hill_out. replace (slope 0) with 0 by (unfold slope; field).
  destruct (hill_between (x O)) as (Hv & -> & ->). set (v := / (1 + x O ^ 2)) in *. set (y := x O) in *. clearbody v y.
  pose proof (pow2_ge_0 y). assert (Hvv : 0 <= v * v <= v).
  { split; [apply Rle_0_sqr|]. replace v with (v * 1) at 3 by ring. apply Rmult_le_compat_l; lra. }
  assert (y ^ 2 * ((1 + 8 * (v * v)) * (1 + 8 * (v * v))) <= y ^ 2 * ((1 + 8 * v) * 9)).
  { apply Rmult_le_compat_l; [assumption|]. apply Rmult_le_compat; lra. }
  lra.
Qed.

Lemma hill_smooth : smooth 2 1 hill_f hill_G 9.
Proof.
  intros x y. unfold square, inner. simpl. rewrite hill_gradient. hill_out. set (u := x O). set (z := y O). clearbody u z.
  pose proof (denominator u) as Hu. pose proof (denominator z) as Hz.
  assert (K : hill z = hill u + slope u * (z - u) + (z - u) ^ 2 / 2
      + 4 * ((z - u) ^ 2 * ((1 - u ^ 2 - 2 * u * z) / ((1 + u ^ 2) ^ 2 * (1 + z ^ 2))))) by (unfold hill, slope; field; lra).
  assert (Q : (1 - u ^ 2 - 2 * u * z) / ((1 + u ^ 2) ^ 2 * (1 + z ^ 2)) <= 1).
  { assert (Hden : 0 < (1 + u ^ 2) ^ 2 * (1 + z ^ 2)) by (apply Rmult_lt_0_compat; [apply pow_lt|]; assumption).
    apply Rmult_le_reg_r with ((1 + u ^ 2) ^ 2 * (1 + z ^ 2)); [exact Hden|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra.
    assert (0 <= (u ^ 2 * (2 + u ^ 2)) * (1 + z ^ 2)).
    { pose proof (pow2_ge_0 u). apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra]. }
    pose proof (pow2_ge_0 (u + z)). lra. }
  pose proof (pow2_ge_0 (z - u)) as Hs. apply Rmult_le_compat_l with (r := (z - u) ^ 2) in Q; [|exact Hs]. lra.
Qed.

Lemma hill_nonneg x : 0 <= hill x.
Proof.
  destruct (hill_between x) as (Hv & -> & _). pose proof (pow2_ge_0 x). apply Rmult_le_pos; lra.
Qed.

Theorem hill_hypotheses_hold : pl_setting 2 1 hill_f hill_G zero (/ 3000) (1 / 9) 9 9 /\
  (forall i, (i < 1)%nat -> average 2 (fun n => hill_G n zero i) = 0) /\ / 3000 <= 1 / 9 / (4 * 9 * 9).
Proof.
  split; [|split; [|lra]].
  - repeat split; try lra.
    + exact hill_smooth.
    + intros x. pose proof (hill_gap x) as K. unfold suboptimality in K. pose proof (hill_nonneg (x O)). lra.
    + exact hill_PL.
    + exact hill_A3.
    + exists one. rewrite hill_gap. unfold hill, one. lra.
  - intros i Hi. hill_out. unfold slope. field.
Qed.

Theorem hill_is_not_trivial :
  k 2 1 hill_G one (1 / 2) = 3 / 2 /\ a 2 1 hill_G zero one (1 / 2) = 1 / 2 /\ 0 < q (1 / 9) 9.
Proof.
  repeat split.
  - replace (3 / 2) with (sqrt ((3 / 2) * (3 / 2))) by (apply sqrt_square; lra). unfold k, bias_sq, square, inner. simpl. rewrite hill_gradient.
    f_equal. unfold slope, one. field.
  - replace (1 / 2) with (sqrt ((1 / 2) * (1 / 2))) at 2 by (apply sqrt_square; lra). unfold a, centred, square, inner. simpl. unfold average. simpl.
    rewrite hill_gradient. f_equal. unfold hill_G, w, zero, one, slope. field.
  - apply sqrt_lt_R0. lra.
Qed.
