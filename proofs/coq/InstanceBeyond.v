(** The hypotheses of the statements beyond the paper hold somewhere too: a convex function without a modulus, the function that is not
    convex, and a point where the signal is above the bias and the noise above their product. *)

Require Import Reals Lra Lia.
Require Import KDTheory.Reading KDTheory.ReadingExact KDTheory.ReadingHorizon KDTheory.ReadingSchedule KDTheory.InstanceRegimes.
Open Scope R_scope.

(** ** f_n(x, y) = x^2/2 + w_n x in the plane: flat in y *)

Definition flat_f (n : nat) (x : vector) : R := x O ^ 2 / 2 + w n * x O.
Definition flat_G (n : nat) (x : vector) : vector := fun i => match i with O => x O + w n | _ => 0 end.

Ltac flat_out := unfold suboptimality, distance in *; unfold value, square, inner in *; simpl in *; unfold gradient, average in *; simpl in *;
  unfold flat_f, flat_G, w, zero, one in *; simpl in *.

Theorem flat_hypotheses_hold : convex_setting 2 2 flat_f flat_G zero (/ 4) 1 /\ (forall i, (i < 2)%nat -> average 2 (fun n => flat_G n zero i) = 0).
Proof.
  split.
  - repeat split; try lra; intros x; flat_out; set (u := x O); pose proof (Rle_0_sqr u) as K; unfold Rsqr in K; lra.
  - intros [|[|i]] Hi; [| |lia]; flat_out; field.
Qed.

(** No modulus of strong convexity, however small. *)
Theorem flat_is_not_strongly_convex mu : 0 < mu -> ~ A1' 2 2 flat_f zero mu.
Proof.
  intros Hmu H. specialize (H (fun i => match i with O => 0 | _ => 1 end)). flat_out. lra.
Qed.

Theorem flat_is_not_trivial : centred 2 2 flat_G zero one (1 / 2) = 1 / 4 /\ bias_sq 2 2 flat_G one = 1 /\ N_ 2 2 flat_G zero one (1 / 2) 3 = 5 / 4.
Proof. unfold centred, bias_sq, N_, bias_sq. repeat split; flat_out; field. Qed.

(** ** Smooth, not convex *)
Theorem hill_is_smooth : smooth_setting 2 1 hill_f hill_G zero (/ 100) 9 9.
Proof.
  destruct hill_hypotheses_hold as ((_ & _ & _ & Hs & Hmin & _ & H3 & _) & _). repeat split; try lra; assumption.
Qed.

(** ** The SNR law at s = 9/25, with bias and noise: sqrt s = 3/5, delta = 1/5, n = 4/5 *)
Theorem signal_above_bias : let k := k 2 1 pair_G one (2 / 5) in let a := a 2 1 pair_G zero one (2 / 5) in let r := sqrt (9 / 25) in
  0 < 1 * r - k /\ k * (1 * r - k) < a * (c 1 2 * r + a) /\ SNR 2 1 pair_G zero one 1 2 (2 / 5) (9 / 25) = 1 / 4.
Proof.
  assert (Hr : sqrt (9 / 25) = 3 / 5) by (replace (9 / 25) with ((3 / 5) * (3 / 5)) by field; apply sqrt_square; lra).
  unfold SNR. destruct (pair_letters (2 / 5)) as (-> & -> & ->); try lra. rewrite Hr. cbv zeta.
  rewrite Rmax_right by lra. repeat split; lra.
Qed.
