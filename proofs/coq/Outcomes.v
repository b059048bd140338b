(** Averages over finitely many outcomes with real probabilities, and outcomes that are drawn coordinate by coordinate. *)

Require Export KDTheory.Envelope.

(** The mean of u over M outcomes, outcome m having probability p m. *)
Definition weighted (M : nat) (p u : nat -> R) : R := sum M (fun m => p m * u m).

Definition probabilities (M : nat) (p : nat -> R) : Prop := (forall m, (m < M)%nat -> 0 <= p m) /\ sum M p = 1.

Lemma weighted_ext M p u v : (forall m, (m < M)%nat -> u m = v m) -> weighted M p u = weighted M p v.
Proof. intros H. apply sum_ext. intros m Hm. rewrite (H m Hm). reflexivity. Qed.

Lemma weighted_plus M p u v : weighted M p (fun m => u m + v m) = weighted M p u + weighted M p v.
Proof. unfold weighted. rewrite <- sum_plus. apply sum_ext. intros. ring. Qed.

Lemma weighted_scal M p c u : weighted M p (fun m => c * u m) = c * weighted M p u.
Proof. unfold weighted. rewrite <- sum_scal. apply sum_ext. intros. ring. Qed.

Lemma weighted_const M p c : sum M p = 1 -> weighted M p (fun _ => c) = c.
Proof. intros H. unfold weighted. rewrite (sum_ext M _ (fun m => c * p m)) by (intros; ring). rewrite sum_scal, H. ring. Qed.

Lemma weighted_affine M p a b u : sum M p = 1 -> weighted M p (fun m => a * u m + b) = a * weighted M p u + b.
Proof. intros H. rewrite (weighted_plus M p (fun m => a * u m) (fun _ => b)), weighted_scal, (weighted_const M p b H). reflexivity. Qed.

Lemma weighted_le M p u v : probabilities M p -> (forall m, (m < M)%nat -> u m <= v m) -> weighted M p u <= weighted M p v.
Proof. intros [Hp _] H. apply sum_le. intros m Hm. apply Rmult_le_compat_l; auto. Qed.

Lemma weighted_nonneg M p u : probabilities M p -> (forall m, (m < M)%nat -> 0 <= u m) -> 0 <= weighted M p u.
Proof. intros [Hp _] H. apply sum_nonneg. intros m Hm. apply Rmult_le_pos; auto. Qed.

Lemma weighted_sum M p d (u : nat -> nat -> R) :
  weighted M p (fun m => sum d (u m)) = sum d (fun i => weighted M p (fun m => u m i)).
Proof.
  unfold weighted. rewrite <- sum_swap. apply sum_ext. intros m Hm. rewrite <- sum_scal. reflexivity.
Qed.

(** Jensen. *)
Lemma jensen_weighted M p psi u : probabilities M p -> averages_well psi -> (forall m, (m < M)%nat -> 0 <= u m) ->
  weighted M p (fun m => psi (u m)) <= psi (weighted M p u).
Proof.
  intros Hp [_ Ht] Hu. pose proof (weighted_nonneg M p u Hp Hu) as Hr.
  apply le_epsilon. intros eps He. destruct (Ht _ _ Hr He) as (al & be & _ & Hline & Hclose).
  eapply Rle_trans; [|exact Hclose]. rewrite <- (weighted_affine M p al be u (proj2 Hp)). apply weighted_le; [exact Hp|]. auto.
Qed.

(** Equally likely outcomes are the case p = 1/M. *)
Lemma equally_likely M u : weighted M (fun _ => / INR M) u = avg M u.
Proof. unfold weighted, avg, Rdiv. rewrite sum_scal. ring. Qed.

(** ** Two outcomes for each of d coordinates, drawn independently: outcome m < 2^d is the string of its binary digits. *)

Definition digit (m i : nat) : bool := Nat.testbit m i.

(** Coordinate i has digit 1 with probability q i. *)
Fixpoint chance_of (q : nat -> R) (d m : nat) : R :=
  match d with O => 1 | S d' => chance_of q d' m * (if digit m d' then q d' else 1 - q d') end.

Lemma sum_split a b u : sum (a + b) u = sum a u + sum b (fun j => u (a + j)%nat).
Proof.
  induction b as [|b IH]; [rewrite Nat.add_0_r; simpl; ring|].
  replace (a + S b)%nat with (S (a + b)) by lia. simpl. rewrite IH. ring.
Qed.

Lemma digit_low d m : (m < 2 ^ d)%nat -> digit m d = false.
Proof.
  intros H. unfold digit. destruct m as [|m]; [apply Nat.bits_0|]. apply Nat.bits_above_log2, Nat.log2_lt_pow2; lia.
Qed.

Lemma digit_high d m : (m < 2 ^ d)%nat -> digit (2 ^ d + m) d = true.
Proof.
  intros H. unfold digit. rewrite Nat.testbit_eqb. replace ((2 ^ d + m) / 2 ^ d)%nat with 1%nat; [reflexivity|].
  apply Nat.div_unique with m; lia.
Qed.

Lemma digit_other d m i : (i < d)%nat -> digit (2 ^ d + m) i = digit m i.
Proof.
  intros H. unfold digit. rewrite !Nat.testbit_eqb. f_equal.
  replace (2 ^ d)%nat with (2 ^ (d - S i) * 2 * 2 ^ i)%nat.
  - rewrite Nat.div_add_l by (apply Nat.pow_nonzero; lia). rewrite Nat.add_comm, Nat.mod_add by lia. reflexivity.
  - rewrite <- Nat.mul_assoc. change (2 * 2 ^ i)%nat with (2 ^ S i)%nat. rewrite <- Nat.pow_add_r. f_equal. lia.
Qed.

Lemma chance_other q d m i : (i <= d)%nat -> chance_of q i (2 ^ d + m) = chance_of q i m.
Proof.
  induction i as [|i IH]; intros H; simpl; [reflexivity|]. rewrite IH, digit_other by lia. reflexivity.
Qed.

Lemma digits_sum q d : sum (2 ^ d) (chance_of q d) = 1.
Proof.
  induction d as [|d IH]; [simpl; ring|].
  replace (2 ^ S d)%nat with (2 ^ d + 2 ^ d)%nat by (simpl; lia). rewrite sum_split. cbn [chance_of].
  rewrite (sum_ext (2 ^ d) _ (fun m => (1 - q d) * chance_of q d m)) by (intros m Hm; rewrite digit_low by exact Hm; ring).
  rewrite (sum_ext (2 ^ d) (fun j => chance_of q d (2 ^ d + j) * _) (fun m => q d * chance_of q d m))
    by (intros m Hm; rewrite chance_other, digit_high by (exact Hm || lia); ring).
  rewrite !sum_scal, IH. ring.
Qed.

Lemma digits_probabilities q d : (forall i, (i < d)%nat -> 0 <= q i <= 1) -> probabilities (2 ^ d) (chance_of q d).
Proof.
  intros Hq. split.
  - intros m _. revert Hq. induction d as [|d IH]; intros Hq; simpl; [lra|].
    apply Rmult_le_pos; [apply IH; intros; apply Hq; lia|]. specialize (Hq d ltac:(lia)). destruct (digit m d); lra.
  - apply digits_sum.
Qed.

(** A function of one coordinate's digit averages over that digit alone. *)
Lemma one_digit q d i (v : bool -> R) : (i < d)%nat ->
  weighted (2 ^ d) (chance_of q d) (fun m => v (digit m i)) = q i * v true + (1 - q i) * v false.
Proof.
  induction d as [|d IH]; intros Hi; [lia|].
  unfold weighted in *. replace (2 ^ S d)%nat with (2 ^ d + 2 ^ d)%nat by (simpl; lia). rewrite sum_split. cbn [chance_of].
  rewrite (sum_ext (2 ^ d) _ (fun m => (1 - q d) * (chance_of q d m * v (digit m i))))
    by (intros m Hm; rewrite (digit_low d m Hm); ring).
  destruct (Nat.eq_dec i d) as [->|Hne].
  - rewrite (sum_ext (2 ^ d) (fun j => _ * v (digit (2 ^ d + j) d)) (fun m => q d * v true * chance_of q d m))
      by (intros m Hm; rewrite chance_other, digit_high by (exact Hm || lia); ring).
    rewrite (sum_ext (2 ^ d) (fun m => (1 - q d) * _) (fun m => (1 - q d) * v false * chance_of q d m))
      by (intros m Hm; rewrite (digit_low d m Hm); ring).
    rewrite !sum_scal, digits_sum. ring.
  - rewrite (sum_ext (2 ^ d) (fun j => _ * v (digit (2 ^ d + j) i)) (fun m => q d * (chance_of q d m * v (digit m i))))
      by (intros m Hm; rewrite chance_other, digit_high, digit_other by (exact Hm || lia); ring).
    rewrite !sum_scal, (IH ltac:(lia)). ring.
Qed.
