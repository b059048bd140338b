(** A second reading, continued: the compressed model, the p that is best, and the compressors themselves; from the sums of [Reading]. *)

Require Import Reals Lra Lia.
Require Import KDTheory.Reading.
Require KDTheory.CompressedBest KDTheory.Compressors.
Open Scope R_scope.

(** The floor of the affine bound with contraction r0 and constant T before compression, X = |x*|^2. *)
Definition floor_with (omega delta r0 T X p : R) :=
  ((1 + omega * (1 + p)) * T + (omega * (1 + / p) * X + delta)) / (1 - (1 + omega * (1 + p)) * r0).

(** p = (sqrt((omega r0 X)^2 + X room den) - omega r0 X)/den, where den > 0. *)
Theorem reading_best_p_is_best omega delta r0 T X :
  0 < omega -> 0 <= delta -> 0 < r0 -> 0 <= T -> 0 < X -> (1 + omega) * r0 < 1 ->
  let room := 1 - (1 + omega) * r0 in let den := T + r0 * (omega * X + delta) in
  let p := (sqrt ((omega * r0 * X) ^ 2 + X * room * den) - omega * r0 * X) / den in
  0 < p /\ (1 + omega * (1 + p)) * r0 < 1 /\
  forall p', 0 < p' -> (1 + omega * (1 + p')) * r0 < 1 -> floor_with omega delta r0 T X p <= floor_with omega delta r0 T X p'.
Proof. intros H0 H1 H2 H3 H4 H. exact (CompressedBest.best_p_is_best omega delta r0 T X H0 H1 H2 H3 H4 H). Qed.

(** The same from X/p, without that denominator; omega = 0 and X = 0 are allowed. *)
Theorem reading_best_factor_is_best omega delta r0 T X :
  0 <= omega -> 0 <= delta -> 0 < r0 -> 0 <= T -> 0 <= X -> (1 + omega) * r0 < 1 ->
  let room := 1 - (1 + omega) * r0 in
  let Y := (sqrt ((omega * r0 * X) ^ 2 + X * room * (T + r0 * (omega * X + delta))) + omega * r0 * X) / room in
  let p := if Rlt_dec 0 Y then X / Y else 0 in
  0 <= p /\ (1 + omega * (1 + p)) * r0 < 1 /\
  forall p', 0 < p' -> (1 + omega * (1 + p')) * r0 < 1 ->
    ((1 + omega * (1 + p)) * T + (omega * (X + Y) + delta)) / (1 - (1 + omega * (1 + p)) * r0) <= floor_with omega delta r0 T X p'.
Proof. intros H0 H1 H2 H3 H4 H. exact (CompressedBest.best_factor_is_best omega delta r0 T X H0 H1 H2 H3 H4 H). Qed.

Section Reading.
Variables (N d : nat) (f : nat -> vector -> R) (G : nat -> vector -> vector) (xs theta : vector).
Hypothesis some_terms : (0 < N)%nat.
Hypothesis minimiser_is_stationary : forall i, (i < d)%nat -> average N (fun n => G n xs i) = 0.
Variables gamma mu Lcal lam : R.
Let taught : nat -> vector := fun n => G n theta.
Let problem : Setting.problem := Setting.Build_problem N d some_terms f G xs minimiser_is_stationary.

Variables (M : nat) (chance : vector -> nat -> R) (C : nat -> vector -> vector) (omega delta : R).
Hypothesis chances : forall y, (forall m, (m < M)%nat -> 0 <= chance y m) /\ total M (chance y) = 1.
Hypothesis unbiased_maps : forall y i, (i < d)%nat -> total M (fun m => chance y m * C m y i) = y i.
Hypothesis error_of_maps : forall y, total M (fun m => chance y m * square d (fun i => C m y i - y i)) <= omega * square d y + delta.
Hypothesis omega_nonneg : 0 <= omega.
Hypothesis delta_nonneg : 0 <= delta.
Let maps : Compressed.compressor d omega delta := Compressed.Build_compressor d omega delta M chance C chances unbiased_maps error_of_maps.

Notation distance := (distance d xs).
Notation strongly_convex_setting := (strongly_convex_setting N d f G xs gamma mu Lcal).
Notation step := (step G theta gamma lam).
Notation unbiased_step := (unbiased_step N G theta gamma lam).
Notation centred := (centred N d G xs theta lam).
Notation constant := (2 * gamma ^ 2 * N_ N d G xs theta lam (1 / (gamma * mu))).
Notation minimiser_sq := (square d xs).
Notation psi_unbiased := (psi (A gamma mu Lcal) (U N d G xs theta gamma lam 0) (W_noise N d G xs theta gamma mu Lcal lam 0) (gamma * mu)).

Theorem reading_compressed_half_rate : strongly_convex_setting -> gamma <= 1 / (4 * Lcal) -> omega <= gamma * mu / 4 -> forall t x,
  paths_and_maps N M chance step C t distance x <=
    affine_bound (gamma * mu / 2) (((1 + 2 * omega) * constant + (2 * omega * minimiser_sq + delta)) / (gamma * mu / 2)) t (distance x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5) H Ho.
  exact (Compressed.compressed_half_rate problem taught omega delta maps omega_nonneg gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H Ho).
Qed.

Theorem reading_compressed_unbiased p : strongly_convex_setting -> gamma <= 1 / (2 * Lcal) -> 0 < p ->
  let r := (1 + omega * (1 + p)) * (1 - gamma * mu) in r < 1 -> forall t x,
  paths_and_maps N M chance unbiased_step C t distance x <=
    r ^ t * distance x
    + ((1 + omega * (1 + p)) * (2 * gamma ^ 2 * centred) + (omega * (1 + / p) * minimiser_sq + delta)) / (1 - r) * (1 - r ^ t).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5) H Hp.
  exact (Compressed.compressed_unbiased problem taught omega delta maps omega_nonneg gamma mu Lcal lam p H0 H1 H2 H3 H4 H5 H Hp).
Qed.

Theorem reading_compressed_unbiased_envelope : strongly_convex_setting -> gamma < 1 / Lcal -> forall t x,
  paths_and_maps N M chance unbiased_step C t distance x <= times (fun s =>
    (1 + omega) * psi_unbiased s + 2 * omega * sqrt (minimiser_sq * psi_unbiased s)
    + omega * minimiser_sq + delta) t (distance x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5) H.
  exact (Compressed.compressed_unbiased_envelope problem taught omega delta maps omega_nonneg delta_nonneg gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H).
Qed.

Theorem reading_compressed_at_origin : strongly_convex_setting -> gamma <= 1 / (4 * Lcal) -> square d xs = 0 ->
  let r := (1 + omega) * (1 - gamma * mu) in r < 1 -> forall t x,
  paths_and_maps N M chance step C t distance x <= r ^ t * distance x + ((1 + omega) * constant + delta) / (1 - r) * (1 - r ^ t).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5) H Ho.
  exact (CompressedBest.compressed_at_origin problem taught omega delta maps omega_nonneg Ho gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H).
Qed.
End Reading.

(** ** Compressors that satisfy the hypotheses above: M, chances, maps, omega and delta. *)

Definition is_compressor (d M : nat) (chance : vector -> nat -> R) (C : nat -> vector -> vector) (omega delta : R) :=
  (forall y, (forall m, (m < M)%nat -> 0 <= chance y m) /\ total M (chance y) = 1) /\
  (forall y i, (i < d)%nat -> total M (fun m => chance y m * C m y i) = y i) /\
  (forall y, total M (fun m => chance y m * square d (fun i => C m y i - y i)) <= omega * square d y + delta).

(** Outcome m < 2^d keeps coordinate i where the binary digit i of m is 1; independently with probability q i. *)
Fixpoint independent (q : nat -> R) (d m : nat) : R :=
  match d with O => 1 | S d' => independent q d' m * (if Nat.testbit m d' then q d' else 1 - q d') end.

(** Bernoulli(q), q any real number. *)
Theorem reading_bernoulli d q : 0 < q <= 1 ->
  is_compressor d (2 ^ d) (fun _ => independent (fun _ => q) d) (fun m y i => if Nat.testbit m i then y i / q else 0) (1 / q - 1) 0.
Proof.
  intros Hq.
  exact (let C := Compressors.bernoulli d q Hq in
    conj (Compressed.chance_probabilities C) (conj (Compressed.compressor_unbiased C) (Compressed.compressor_error C))).
Qed.

(** Stochastic rounding to the grid delta Z: down, or up with the probability that keeps the mean. *)
Theorem reading_stochastic_rounding d delta : 0 < delta ->
  is_compressor d (2 ^ d) (fun y => independent (fun i => frac_part (y i / delta)) d)
    (fun m y i => delta * (IZR (Int_part (y i / delta)) + if Nat.testbit m i then 1 else 0)) 0 (INR d * (delta ^ 2 / 4)).
Proof.
  intros Hd.
  exact (let C := Compressors.stochastic_rounding d delta Hd in
    conj (Compressed.chance_probabilities C) (conj (Compressed.compressor_unbiased C) (Compressed.compressor_error C))).
Qed.
