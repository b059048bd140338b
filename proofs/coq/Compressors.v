(** The compressors of the library fit the hypotheses: Bernoulli(q) for every real 0 < q <= 1, and stochastic rounding to the grid of
    spacing delta, whose two outcomes and their probabilities depend on the number that is rounded; any dimension, coordinates drawn
    independently. *)

Require Export KDTheory.Compressed.

Section Compressors.
Variable dim : nat.

Lemma by_coordinate (q : nat -> R) (v : nat -> bool -> R) (w : nat -> R) :
  (forall i, (i < dim)%nat -> q i * v i true + (1 - q i) * v i false <= w i) ->
  weighted (2 ^ dim) (chance_of q dim) (fun m => sum dim (fun i => v i (digit m i))) <= sum dim w.
Proof.
  intros H. rewrite weighted_sum. apply sum_le. intros i Hi. rewrite (one_digit q dim i (v i) Hi). apply H. exact Hi.
Qed.

(** ** Keep each coordinate with probability q, scaled by 1/q: omega = 1/q - 1. *)
Section Bernoulli.
Variable q : R.
Hypothesis Hq : 0 < q <= 1.
Definition kept (m : nat) (y : vec) : vec := fun i => if digit m i then y i / q else 0.

Lemma kept_unbiased y i : (i < dim)%nat -> weighted (2 ^ dim) (chance_of (fun _ => q) dim) (fun m => kept m y i) = y i.
Proof. intros Hi. unfold kept. rewrite (one_digit _ dim i (fun b => if b then y i / q else 0) Hi). field. lra. Qed.

Lemma kept_error y : weighted (2 ^ dim) (chance_of (fun _ => q) dim) (fun m => norm2 dim (minus (kept m y) y)) <= (1 / q - 1) * norm2 dim y + 0.
Proof.
  rewrite Rplus_0_r. unfold norm2, dot. rewrite <- sum_scal. unfold minus, kept.
  apply (by_coordinate (fun _ => q) (fun i b => ((if b then y i / q else 0) - y i) * ((if b then y i / q else 0) - y i))).
  intros i Hi. right. field. lra.
Qed.

Definition bernoulli : compressor dim (1 / q - 1) 0 := {|
  M := 2 ^ dim; chance := fun _ => chance_of (fun _ => q) dim; apply_n := kept;
  chance_probabilities := fun _ => digits_probabilities (fun _ => q) dim (fun _ _ => conj (Rlt_le _ _ (proj1 Hq)) (proj2 Hq));
  compressor_unbiased := kept_unbiased; compressor_error := kept_error;
|}.
End Bernoulli.

(** ** Round each coordinate down, or up with the probability that keeps the mean: omega = 0, absolute error at most dim delta^2/4. *)
Section Rounding.
Variable delta : R.
Hypothesis Hdelta : 0 < delta.
Definition up_chance (y : vec) (i : nat) : R := frac_part (y i / delta).
Definition rounded (m : nat) (y : vec) : vec := fun i => delta * (IZR (Int_part (y i / delta)) + if digit m i then 1 else 0).

Lemma cell y i : y i = delta * (IZR (Int_part (y i / delta)) + up_chance y i).
Proof. unfold up_chance, frac_part. field. lra. Qed.

Lemma up_chance_range y i : 0 <= up_chance y i <= 1.
Proof. unfold up_chance. destruct (base_fp (y i / delta)). lra. Qed.

Lemma rounded_unbiased y i : (i < dim)%nat -> weighted (2 ^ dim) (chance_of (up_chance y) dim) (fun m => rounded m y i) = y i.
Proof.
  intros Hi. unfold rounded.
  rewrite (one_digit _ dim i (fun b => delta * (IZR (Int_part (y i / delta)) + if b then 1 else 0)) Hi).
  transitivity (delta * (IZR (Int_part (y i / delta)) + up_chance y i)); [ring|symmetry; apply cell].
Qed.

Lemma rounded_error y : weighted (2 ^ dim) (chance_of (up_chance y) dim) (fun m => norm2 dim (minus (rounded m y) y))
  <= 0 * norm2 dim y + INR dim * (delta ^ 2 / 4).
Proof.
  rewrite Rmult_0_l, Rplus_0_l, <- sum_const. unfold norm2, dot, minus, rounded.
  apply (by_coordinate (up_chance y) (fun i b => (delta * (IZR (Int_part (y i / delta)) + if b then 1 else 0) - y i)
    * (delta * (IZR (Int_part (y i / delta)) + if b then 1 else 0) - y i))).
  intros i Hi. pose proof (cell y i) as K. set (z := IZR (Int_part (y i / delta))) in *. set (u := up_chance y i) in *. rewrite K.
  replace (u * ((delta * (z + 1) - delta * (z + u)) * (delta * (z + 1) - delta * (z + u)))
      + (1 - u) * ((delta * (z + 0) - delta * (z + u)) * (delta * (z + 0) - delta * (z + u))))
    with (delta ^ 2 / 4 - (delta * (u - / 2)) ^ 2) by field.
  pose proof (pow2_ge_0 (delta * (u - / 2))). lra.
Qed.

Definition stochastic_rounding : compressor dim 0 (INR dim * (delta ^ 2 / 4)) := {|
  M := 2 ^ dim; chance := fun y => chance_of (up_chance y) dim; apply_n := rounded;
  chance_probabilities := fun y => digits_probabilities (up_chance y) dim (fun i _ => up_chance_range y i);
  compressor_unbiased := rounded_unbiased; compressor_error := rounded_error;
|}.
End Rounding.

End Compressors.

(** Equally likely maps, as many as one likes (rand-k: one for every choice of k coordinates). *)
Section EquallyLikely.
Variables (dim count : nat) (omega delta : R) (C : nat -> vec -> vec).
Hypothesis some : (0 < count)%nat.
Hypothesis unbiased_maps : forall y, same dim (mean count (fun m => C m y)) y.
Hypothesis error_of_maps : forall y, ip count dim (fun m => minus (C m y) y) (fun m => minus (C m y) y) <= omega * norm2 dim y + delta.

Lemma equal_chances : probabilities count (fun _ => / INR count).
Proof.
  assert (K : 0 < INR count) by (apply lt_0_INR; exact some).
  split; [intros; left; apply Rinv_0_lt_compat; exact K|]. rewrite sum_const. field. lra.
Qed.

Lemma equal_unbiased y i : (i < dim)%nat -> weighted count (fun _ => / INR count) (fun m => C m y i) = y i.
Proof. intros Hi. rewrite equally_likely. exact (unbiased_maps y i Hi). Qed.

Lemma equal_error y : weighted count (fun _ => / INR count) (fun m => norm2 dim (minus (C m y) y)) <= omega * norm2 dim y + delta.
Proof. rewrite equally_likely. apply error_of_maps. Qed.

Definition equally_likely_maps : compressor dim omega delta := {|
  M := count; chance := fun _ _ => / INR count; apply_n := C; chance_probabilities := fun _ => equal_chances;
  compressor_unbiased := equal_unbiased; compressor_error := equal_error;
|}.
End EquallyLikely.
