(** A second reading of the final statements, from nothing but sums of real numbers: no definition of the development is used in a
    statement, so that a definition or a theorem that says less than it seems to makes this file fail.  The proofs only unfold.

    Sums and averages, |x - x*|^2, f(x) - f*, N(lam; kappa), the two updates, the average over all N^t index sequences, and psi are
    written out again below; each theorem is then an instance of the one that is proved elsewhere. *)

Require Import Reals Lra.
Require KDTheory.PaperForm KDTheory.Sharp KDTheory.CompressedBest KDTheory.Quadratic KDTheory.Proposition.
Open Scope R_scope.

Definition vector := nat -> R.

Fixpoint total (n : nat) (u : nat -> R) : R := match n with O => 0 | S m => total m u + u m end.
Definition average (N : nat) (u : nat -> R) : R := total N u / INR N.
Definition inner (d : nat) (x y : vector) : R := total d (fun i => x i * y i).
Definition square (d : nat) (x : vector) : R := inner d x x.

(** The mean of phi(x^t) over all index sequences of length t. *)
Fixpoint paths (N : nat) (step : nat -> vector -> vector) (t : nat) (phi : vector -> R) (x : vector) : R :=
  match t with O => phi x | S t' => average N (fun n => paths N step t' phi (step n x)) end.

(** The same when each step is followed by one of M maps, map m with probability chance y m at the point y. *)
Fixpoint paths_and_maps (N M : nat) (chance : vector -> nat -> R) (step C : nat -> vector -> vector) (t : nat) (phi : vector -> R) (x : vector) : R :=
  match t with
  | O => phi x
  | S t' => average N (fun n => total M (fun m => chance (step n x) m * paths_and_maps N M chance step C t' phi (C m (step n x))))
  end.

Fixpoint times (psi : R -> R) (t : nat) (s : R) : R := match t with O => s | S t' => times psi t' (psi s) end.

Section Reading.
Variables (N d : nat) (f : nat -> vector -> R) (G : nat -> vector -> vector) (xs theta : vector).
Hypothesis some_terms : (0 < N)%nat.
Hypothesis minimiser_is_stationary : forall i, (i < d)%nat -> average N (fun n => G n xs i) = 0.

Definition value (x : vector) : R := average N (fun n => f n x).
Definition gradient (x : vector) : vector := fun i => average N (fun n => G n x i).
Definition suboptimality (x : vector) : R := value x - value xs.
Definition distance (x : vector) : R := square d (fun i => x i - xs i).

(** The assumptions. *)
Variables gamma mu L Lcal lam : R.
Definition A1 := forall x, suboptimality x + mu / 2 * distance x <= inner d (fun i => x i - xs i) (gradient x).
Definition A1' := forall x, mu / 2 * distance x <= suboptimality x.
Definition A3 := forall x, average N (fun n => square d (fun i => G n x i - G n xs i)) <= 2 * Lcal * suboptimality x.
Definition PL := forall x, 2 * mu * suboptimality x <= square d (gradient x).
Definition smooth := forall x y,
  value y <= value x + inner d (gradient x) (fun i => y i - x i) + L / 2 * square d (fun i => y i - x i).
Definition minimal := forall x, value xs <= value x.
Definition strongly_convex_setting := (0 < d)%nat /\ 0 < gamma /\ 0 < mu /\ A1 /\ A1' /\ A3.
Definition pl_setting := 0 < gamma /\ 0 < mu /\ 0 < L /\ smooth /\ minimal /\ PL /\ A3 /\ exists x, 0 < suboptimality x.

(** The noise at the minimiser, and the updates. *)
Definition bias_sq := square d (gradient theta).
Definition N_ (kappa : R) := average N (fun n => square d (fun i => G n xs i - lam * G n theta i)) + kappa * lam ^ 2 * bias_sq.
Definition centred := average N (fun n => square d (fun i => G n xs i - lam * (G n theta i - gradient theta i))).
Definition step (n : nat) (x : vector) : vector := fun i => x i - gamma * (G n x i - lam * G n theta i).
Definition unbiased_step (n : nat) (x : vector) : vector := fun i => x i - gamma * (G n x i - lam * G n theta i + lam * gradient theta i).

Let taught : nat -> vector := fun n => G n theta.
Let problem : Setting.problem := Setting.Build_problem N d some_terms f G xs minimiser_is_stationary.

(** An affine recursion s -> (1 - r) s + T from s0. *)
Definition affine_bound (r floor : R) (t : nat) (s0 : R) := (1 - r) ^ t * s0 + floor * (1 - (1 - r) ^ t).

Theorem reading_theorem_1 : strongly_convex_setting -> gamma <= 1 / (4 * Lcal) -> forall t x,
  paths N step t distance x <= affine_bound (gamma * mu) (2 * gamma / mu * N_ (1 / (gamma * mu))) t (distance x).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5) H. exact (PaperForm.theorem_1 problem taught gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H). Qed.

Theorem reading_theorem_1_refined : strongly_convex_setting -> 2 * gamma * Lcal < 1 -> forall t x,
  paths N step t distance x <=
    affine_bound (gamma * mu) (2 * gamma / mu * N_ (1 / (2 * gamma * mu * (1 - 2 * gamma * Lcal)))) t (distance x).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5) H. exact (PaperForm.theorem_1_refined problem taught gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H). Qed.

Theorem reading_unbiased : strongly_convex_setting -> gamma <= 1 / (2 * Lcal) -> forall t x,
  paths N unbiased_step t distance x <= affine_bound (gamma * mu) (2 * gamma / mu * centred) t (distance x).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5) H. exact (PaperForm.unbiased problem taught gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H). Qed.

Theorem reading_theorem_2 : pl_setting -> gamma <= mu / (4 * L * Lcal) -> forall t x,
  paths N step t suboptimality x <= affine_bound (gamma * mu) (L * gamma / mu * N_ (1 / (L * gamma))) t (suboptimality x).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7) H. exact (PaperForm.theorem_2 problem taught gamma mu L Lcal lam H0 H1 H2 H3 H4 H5 H6 H7 H). Qed.

Theorem reading_theorem_2_refined : pl_setting -> 2 * L * gamma * Lcal < mu -> forall t x,
  paths N step t suboptimality x <=
    affine_bound (gamma * mu) (L * gamma / mu * N_ (1 / (2 * L * gamma * (1 - 2 * L * gamma * Lcal / mu)))) t (suboptimality x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7) H.
  exact (PaperForm.theorem_2_refined problem taught gamma mu L Lcal lam H0 H1 H2 H3 H4 H5 H6 H7 H).
Qed.

Theorem reading_unbiased_pl : pl_setting -> gamma <= mu / (2 * L * Lcal) -> forall t x,
  paths N unbiased_step t suboptimality x <= affine_bound (gamma * mu) (L * gamma / mu * centred) t (suboptimality x).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7) H. exact (PaperForm.unbiased_pl problem taught gamma mu L Lcal lam H0 H1 H2 H3 H4 H5 H6 H7 H). Qed.

(** The envelope's letters: k = |lam| |h| (written as the root of its square), a, c, q, and the triples (A, U, W). *)
Definition k := sqrt (lam ^ 2 * bias_sq).
Definition a := sqrt centred.
Definition c := sqrt (mu * (Lcal - mu)).
Definition q := sqrt ((Lcal - mu) / mu).
Definition A := gamma * mu * (2 - gamma * Lcal).
Definition U (k : R) := gamma ^ 2 * (k ^ 2 + a ^ 2).
Definition W_noise (k : R) := (gamma * (k * (1 - gamma * mu) + gamma * (a * c))) ^ 2.
Definition W := if Rle_dec (gamma * (k * c)) (a * (1 - gamma * mu)) then W_noise k else (1 - A) * U k.
Definition least := if Rle_dec (gamma * (k * c)) (a * (1 - gamma * mu)) then gamma * mu else 0.
Definition A_pl := gamma * mu * (2 - L * gamma * Lcal / mu).
Definition U_pl (k : R) := L * gamma ^ 2 / 2 * (k ^ 2 + a ^ 2).
Definition W_pl (k : R) := mu * gamma ^ 2 / 2 * (k * Rabs (1 - L * gamma) + L * gamma * (a * q)) ^ 2.

Definition psi (A U W least s : R) :=
  if Rle_dec (W / (A - least) ^ 2) s then (1 - A) * s + 2 * sqrt (W * s) + U else (1 - least) * s + U + W / (A - least).

Theorem reading_theorem_1_sharp : strongly_convex_setting -> gamma < 1 / Lcal -> forall t x,
  paths N step t distance x <= affine_bound (gamma * mu) ((U k + W / (A - gamma * mu)) / (gamma * mu)) t (distance x).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5) H. exact (Sharp.theorem_1_sharp problem taught gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H). Qed.

Theorem reading_theorem_1_envelope : strongly_convex_setting -> gamma < 1 / Lcal -> forall t x,
  paths N step t distance x <= times (psi A (U k) W least) t (distance x).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5) H. exact (Sharp.theorem_1_envelope problem taught gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H). Qed.

Theorem reading_unbiased_sharp : strongly_convex_setting -> gamma < 1 / Lcal -> forall t x,
  paths N unbiased_step t distance x <= affine_bound (gamma * mu) ((U 0 + W_noise 0 / (A - gamma * mu)) / (gamma * mu)) t (distance x).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5) H. exact (Sharp.unbiased_sharp problem taught gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H). Qed.

Theorem reading_unbiased_envelope : strongly_convex_setting -> gamma < 1 / Lcal -> forall t x,
  paths N unbiased_step t distance x <= times (psi A (U 0) (W_noise 0) (gamma * mu)) t (distance x).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5) H. exact (Sharp.unbiased_envelope problem taught gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H). Qed.

Theorem reading_theorem_2_sharp : pl_setting -> gamma < mu / (L * Lcal) -> forall t x,
  paths N step t suboptimality x <=
    affine_bound (gamma * mu) ((U_pl k + W_pl k / (A_pl - gamma * mu)) / (gamma * mu)) t (suboptimality x).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7) H. exact (Sharp.theorem_2_sharp problem taught gamma mu L Lcal lam H0 H1 H2 H3 H4 H5 H6 H7 H). Qed.

Theorem reading_theorem_2_envelope : pl_setting -> gamma < 2 * mu / (L * Lcal) -> forall t x,
  paths N step t suboptimality x <= times (psi A_pl (U_pl k) (W_pl k) 0) t (suboptimality x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7) H.
  exact (Sharp.theorem_2_envelope problem taught gamma mu L Lcal lam H0 H1 H2 H3 H4 H5 H6 H7 H).
Qed.

Theorem reading_unbiased_pl_sharp : pl_setting -> gamma < mu / (L * Lcal) -> forall t x,
  paths N unbiased_step t suboptimality x <=
    affine_bound (gamma * mu) ((U_pl 0 + W_pl 0 / (A_pl - gamma * mu)) / (gamma * mu)) t (suboptimality x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7) H.
  exact (Sharp.unbiased_pl_sharp problem taught gamma mu L Lcal lam H0 H1 H2 H3 H4 H5 H6 H7 H).
Qed.

Theorem reading_unbiased_pl_envelope : pl_setting -> gamma < 2 * mu / (L * Lcal) -> forall t x,
  paths N unbiased_step t suboptimality x <= times (psi A_pl (U_pl 0) (W_pl 0) 0) t (suboptimality x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7) H.
  exact (Sharp.unbiased_pl_envelope problem taught gamma mu L Lcal lam H0 H1 H2 H3 H4 H5 H6 H7 H).
Qed.

(** Compression by M maps with real probabilities; both may depend on the point y that is compressed. *)
Section Compressed.
Variables (M : nat) (chance : vector -> nat -> R) (C : nat -> vector -> vector) (omega delta : R).
Hypothesis chances : forall y, (forall m, (m < M)%nat -> 0 <= chance y m) /\ total M (chance y) = 1.
Hypothesis unbiased_maps : forall y i, (i < d)%nat -> total M (fun m => chance y m * C m y i) = y i.
Hypothesis error_of_maps : forall y, total M (fun m => chance y m * square d (fun i => C m y i - y i)) <= omega * square d y + delta.
Hypothesis omega_nonneg : 0 <= omega.
Hypothesis delta_nonneg : 0 <= delta.
Let maps : Compressed.compressor d omega delta := Compressed.Build_compressor d omega delta M chance C chances unbiased_maps error_of_maps.
Let minimiser_sq := square d xs.

Theorem reading_compressed_every_p p : strongly_convex_setting -> gamma <= 1 / (4 * Lcal) -> 0 < p ->
  let r := (1 + omega * (1 + p)) * (1 - gamma * mu) in r < 1 -> forall t x,
  paths_and_maps N M chance step C t distance x <=
    r ^ t * distance x
    + ((1 + omega * (1 + p)) * (2 * gamma ^ 2 * N_ (1 / (gamma * mu))) + (omega * (1 + / p) * square d xs + delta))
      / (1 - r) * (1 - r ^ t).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5) H Hp.
  exact (Compressed.compressed_every_p problem taught omega delta maps omega_nonneg gamma mu Lcal lam p H0 H1 H2 H3 H4 H5 H Hp).
Qed.

(** The p that makes the floor least, and |x*|^2/p. *)
Definition room := 1 - (1 + omega) * (1 - gamma * mu).
Definition constant := 2 * gamma ^ 2 * N_ (1 / (gamma * mu)).
Definition best_inverse :=
  (sqrt ((omega * (1 - gamma * mu) * minimiser_sq) ^ 2 + minimiser_sq * room * (constant + (1 - gamma * mu) * (omega * minimiser_sq + delta)))
   + omega * (1 - gamma * mu) * minimiser_sq) / room.
Definition best_p := if Rlt_dec 0 best_inverse then minimiser_sq / best_inverse else 0.
Definition compressed_rate := 1 - (1 + omega * (1 + best_p)) * (1 - gamma * mu).

Theorem reading_compressed : strongly_convex_setting -> gamma <= 1 / (4 * Lcal) -> (1 + omega) * (1 - gamma * mu) < 1 -> forall t x,
  paths_and_maps N M chance step C t distance x <= affine_bound compressed_rate
    (((1 + omega * (1 + best_p)) * constant + (omega * (minimiser_sq + best_inverse) + delta)) / compressed_rate) t (distance x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5) H Hr t x. unfold affine_bound.
  replace (1 - compressed_rate) with ((1 + omega * (1 + best_p)) * (1 - gamma * mu)) by (unfold compressed_rate; ring).
  exact (CompressedBest.compressed problem taught omega delta maps omega_nonneg delta_nonneg gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H Hr t x).
Qed.

Theorem reading_compressed_envelope : strongly_convex_setting -> gamma < 1 / Lcal -> forall t x,
  paths_and_maps N M chance step C t distance x <= times (fun s =>
    (1 + omega) * psi A (U k) W least s + 2 * omega * sqrt (minimiser_sq * psi A (U k) W least s) + omega * minimiser_sq + delta) t (distance x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5) H.
  exact (Compressed.compressed_envelope problem taught omega delta maps omega_nonneg delta_nonneg gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H).
Qed.

End Compressed.

(** Quadratics: row i of the Hessian of f_n is H n i; D = theta - x-star, y = x - x-star - lam D. *)
Section Quadratic.
Variable H : nat -> nat -> vector.
Hypothesis affine_gradients : forall n x i, (i < d)%nat -> G n x i = inner d (H n i) (fun j => x j - xs j) + G n xs i.
Let D : vector := fun i => theta i - xs i.
Definition contracted (y : vector) : vector := fun i => y i - gamma * inner d (fun j => average N (fun n => H n i j)) y.
Fixpoint contracted_by (t : nat) (y : vector) : vector := match t with O => y | S t' => contracted_by t' (contracted y) end.
Definition shifted_step (n : nat) (y : vector) : vector := fun i => y i - gamma * (inner d (H n i) y + (1 - lam) * G n xs i).

Theorem reading_exact_quadratic : forall t x,
  let y := fun i => x i - xs i - lam * D i in
  paths N step t distance x = paths N shifted_step t (square d) y + 2 * lam * inner d D (contracted_by t y) + lam ^ 2 * square d D.
Proof. exact (Quadratic.exact_quadratic problem theta gamma H affine_gradients lam). Qed.
End Quadratic.

End Reading.

(** The distillation gradient: K logits phi, their Jacobian J, the link r, the label b. *)
Theorem reading_distillation_gradient (K : nat) (phi : vector -> vector) (J : vector -> nat -> vector) (r : vector -> vector) (b : vector)
  (lam : R) (x theta : vector) (i : nat) :
  let own := fun (at_x target : vector) => total K (fun c => J at_x c i * (r (phi at_x) c - target c)) in
  (1 - lam) * own x b + lam * own x (r (phi theta))
  = own x b - lam * own theta b + lam * total K (fun c => (J theta c i - J x c i) * (r (phi theta) c - b c)).
Proof. exact (proj2 (Proposition.distillation_gradient K phi J r b lam x theta i)). Qed.
