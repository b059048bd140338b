(** No hypothesis of a final statement contradicts another: f_n(x) = x^2/2 + s_n x on the line, s = 1 and -1 equally often, with the teacher
    theta = 1 and a compressor that drops everything one time in eight, satisfies them all, with noise, bias and distance greater than 0;
    and the average over paths is the number that it should be. *)

Require Import Reals Lra Lia.
Require Import KDTheory.Reading.
Open Scope R_scope.

Definition sign (n : nat) : R := match n with O => 1 | _ => -1 end.
Definition f (n : nat) (x : vector) : R := x 0%nat * x 0%nat / 2 + sign n * x 0%nat.
Definition G (n : nat) (x : vector) : vector := fun i => match i with O => x 0%nat + sign n | _ => 0 end.
Definition xs : vector := fun _ => 0.
Definition theta : vector := fun _ => 1.
Definition chance (y : vector) (m : nat) : R := match m with O => / 8 | _ => 7 / 8 end.
Definition C (m : nat) (y : vector) : vector := fun i => match m with O => 0 | _ => 8 / 7 * y i end.

Ltac numbers := unfold suboptimality, distance; unfold value; unfold square, inner; unfold gradient, average; unfold f, G, xs, theta, chance, C, sign;
  simpl; unfold gradient, average; simpl; try replace (1 + 1) with 2 by ring.

Lemma some_terms : (0 < 2)%nat. Proof. lia. Qed.

Lemma stationary : forall i, (i < 1)%nat -> average 2 (fun n => G n xs i) = 0.
Proof. intros i Hi. assert (i = O) as -> by lia. numbers. field. Qed.

Theorem strongly_convex_hypotheses_hold gamma : 0 < gamma -> strongly_convex_setting 2 1 f G xs gamma 1 1.
Proof.
  intros Hg. repeat split; try lra; try lia; intros x; numbers; pose proof (Rle_0_sqr (x 0%nat)) as K; unfold Rsqr in K; lra.
Qed.

Theorem pl_hypotheses_hold gamma : 0 < gamma -> pl_setting 2 1 f G xs gamma 1 1 1.
Proof.
  intros Hg. repeat split; try lra; try (exists (fun _ => 1); numbers; lra); intros x; try intros y; numbers;
    pose proof (Rle_0_sqr (x 0%nat)) as K; unfold Rsqr in K; lra.
Qed.

Theorem compressor_hypotheses_hold : (forall y, (forall m, (m < 2)%nat -> 0 <= chance y m) /\ total 2 (chance y) = 1) /\
  (forall y i, (i < 1)%nat -> total 2 (fun m => chance y m * C m y i) = y i) /\
  (forall y, total 2 (fun m => chance y m * square 1 (fun i => C m y i - y i)) <= / 7 * square 1 y + 0) /\
  (1 + / 7 * (1 + 1)) * (1 - / 4 * 1) < 1.
Proof.
  repeat split; [intros [|m] _; numbers; lra|numbers; field|intros y i Hi; numbers; field|intros y; numbers; right; field|lra].
Qed.

(** Distance, noise and bias are not 0, and the ranges of step sizes are not empty. *)
Theorem nothing_is_trivial :
  0 < distance 1 xs theta /\ 0 < centred 2 1 G xs theta 0 /\ 0 < bias_sq 2 1 G theta /\
  (/ 4 <= 1 / (4 * 1) /\ 2 * / 4 * 1 < 1 /\ / 4 < 1 / 1 /\ / 4 <= 1 / (4 * 1 * 1) /\ 2 * 1 * / 4 * 1 < 1 /\ / 4 < 2 * 1 / (1 * 1)).
Proof. unfold centred, bias_sq. repeat split; numbers; lra. Qed.

(** x = 2, gamma = 1/8, lam = 1/2: x+ = 2 - (3 + s)/16, so E|x+|^2 = ((28/16)^2 + (30/16)^2)/2. *)
Theorem one_step_by_hand : paths 2 (step G theta (/ 8) (/ 2)) 1 (distance 1 xs) (fun _ => 2) = 421 / 128.
Proof. unfold step. numbers. field. Qed.

Theorem unbiased_step_by_hand : paths 2 (unbiased_step 2 G theta (/ 8) (/ 2)) 1 (distance 1 xs) (fun _ => 2) = 785 / 256.
Proof. unfold unbiased_step. numbers. field. Qed.

(** Two steps: 2 - (3 + s)/16 = 7/4 or 15/8, then times 7/8 plus (1 - s)/16. *)
Theorem two_steps_by_hand : paths 2 (step G theta (/ 8) (/ 2)) 2 (distance 1 xs) (fun _ => 2) = 22317 / 8192.
Proof. unfold step. numbers. field. Qed.
