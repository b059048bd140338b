(** [expect], defined step by step (V(t+1, x) is the average over n of V(t, x+_n)), is the average over all N^t index paths; and each
    sequence of t indices is exactly one of them. *)

Require Export KDTheory.Outcomes.

(** x^t along the indices i 0, i 1, ... *)
Fixpoint follow (step : nat -> vec -> vec) (i : nat -> nat) (t : nat) (x : vec) : vec :=
  match t with O => x | S t' => follow step (fun s => i (S s)) t' (step (i O) x) end.

(** Path number j < N^t: its digits to the base N. *)
Definition index_path (N j s : nat) : nat := ((j / N ^ s) mod N)%nat.

Lemma follow_ext step t : forall i i' x, (forall s, (s < t)%nat -> i s = i' s) -> follow step i t x = follow step i' t x.
Proof.
  induction t as [|t IH]; intros i i' x H; simpl; [reflexivity|].
  rewrite (H O) by lia. apply IH. intros s Hs. apply H. lia.
Qed.

Lemma avg_product N M u : (0 < N)%nat -> (0 < M)%nat -> avg (N * M) u = avg N (fun n => avg M (fun m => u (n + N * m)%nat)).
Proof.
  intros HN HM. unfold avg. rewrite mult_INR.
  assert (K : forall m, sum (N * m) u = sum N (fun n => sum m (fun j => u (n + N * j)%nat))).
  { induction m as [|m IH]; simpl.
    - rewrite Nat.mul_0_r, sum_const. simpl. ring.
    - replace (N * S m)%nat with (N * m + N)%nat by lia. rewrite sum_split, IH, <- sum_plus. apply sum_ext. intros n _.
      f_equal. f_equal. lia. }
  rewrite K, (sum_ext N (fun n => sum M _ / INR M) (fun n => / INR M * sum M (fun j => u (n + N * j)%nat))) by (intros; unfold Rdiv; ring).
  rewrite sum_scal. field. split; apply not_0_INR; lia.
Qed.

Lemma first_index N n m : (n < N)%nat -> index_path N (n + N * m) 0 = n.
Proof.
  intros H. unfold index_path. rewrite Nat.pow_0_r, Nat.div_1_r, Nat.mul_comm, Nat.mod_add by lia. apply Nat.mod_small. exact H.
Qed.

Lemma later_index N n m s : (n < N)%nat -> index_path N (n + N * m) (S s) = index_path N m s.
Proof.
  intros H. unfold index_path. rewrite Nat.pow_succ_r', <- Nat.div_div by (try apply Nat.pow_nonzero; lia).
  rewrite Nat.mul_comm, Nat.div_add, (Nat.div_small n N H) by lia. reflexivity.
Qed.

Theorem average_over_paths N step t phi x : (0 < N)%nat ->
  expect N step t phi x = avg (N ^ t) (fun j => phi (follow step (index_path N j) t x)).
Proof.
  intros HN. revert x. induction t as [|t IH]; intros x.
  - unfold avg. simpl. field.
  - rewrite Nat.pow_succ_r', avg_product by (try apply Nat.neq_0_lt_0, Nat.pow_nonzero; lia). simpl.
    apply avg_ext. intros n Hn. rewrite IH. apply avg_ext. intros m Hm. f_equal.
    rewrite first_index by exact Hn. apply follow_ext. intros s Hs. symmetry. apply later_index. exact Hn.
Qed.

Theorem every_path_once N t : (0 < N)%nat -> forall i, (forall s, (s < t)%nat -> (i s < N)%nat) ->
  exists j, (j < N ^ t)%nat /\ (forall s, (s < t)%nat -> index_path N j s = i s) /\
    forall j', (j' < N ^ t)%nat -> (forall s, (s < t)%nat -> index_path N j' s = i s) -> j' = j.
Proof.
  intros HN. induction t as [|t IH]; intros i Hi.
  - exists O. rewrite Nat.pow_0_r. repeat split; intros; lia.
  - destruct (IH (fun s => i (S s))) as (m & Hm & Hdigits & Honly); [intros; apply Hi; lia|].
    pose proof (Hi O ltac:(lia)) as H0. exists (i O + N * m)%nat. rewrite Nat.pow_succ_r'.
    assert (Hsize : (N * S m <= N * N ^ t)%nat) by (apply Nat.mul_le_mono_l; lia). rewrite Nat.mul_succ_r in Hsize.
    repeat split; [lia| |].
    + intros [|s] Hs; [apply first_index; exact H0|rewrite later_index by exact H0; apply Hdigits; lia].
    + intros j' Hj' Hsame. rewrite (Nat.div_mod j' N) by lia. set (m' := (j' / N)%nat). set (n' := (j' mod N)%nat).
      assert (Hn' : (n' < N)%nat) by (apply Nat.mod_upper_bound; lia).
      assert (E : j' = (n' + N * m')%nat) by (rewrite (Nat.div_mod j' N) at 1 by lia; unfold m', n'; lia).
      rewrite E in Hsame. pose proof (Hsame O ltac:(lia)) as K. rewrite first_index in K by exact Hn'. rewrite K.
      rewrite (Honly m'); [lia| |].
      * unfold m'. apply Nat.div_lt_upper_bound; lia.
      * intros s Hs. rewrite <- (later_index N n' m' s Hn'). apply Hsame. lia.
Qed.
