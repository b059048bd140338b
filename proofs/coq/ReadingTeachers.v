(** A second reading, continued: several teachers, weights by block, the hull law, importance sampling; from the sums of [Reading] alone. *)

Require Import Reals Lra.
Require Import KDTheory.Reading.
Require KDTheory.Teachers KDTheory.Laws.
Open Scope R_scope.

Section Reading.
Variables (N d : nat) (f : nat -> vector -> R) (G : nat -> vector -> vector) (xs : vector).
Hypothesis some_terms : (0 < N)%nat.
Hypothesis minimiser_is_stationary : forall i, (i < d)%nat -> average N (fun n => G n xs i) = 0.
Variables gamma mu Lcal : R.
Let problem : Setting.problem := Setting.Build_problem N d some_terms f G xs minimiser_is_stationary.
Notation distance := (distance d xs).
Notation gradient := (gradient N G).
Notation sigma_star_sq := (average N (fun n => square d (G n xs))).

Section Several.
Variables (m : nat) (theta : nat -> vector).
(** x+ = x - gamma (G - sum lam_j H_j); N(lam; kappa) = E|S - sum lam_j H_j|^2 + kappa |sum lam_j h_j|^2.  The factor 1 is the weight of the
    combination. *)
Notation taught lam := (fun n i => total m (fun j => lam j * G n (theta j) i)).
Definition several_step (lam : nat -> R) (n : nat) (x : vector) : vector := fun i => x i - gamma * (G n x i - 1 * taught lam n i).
Definition several_N (lam : nat -> R) (kappa : R) :=
  average N (fun n => square d (fun i => G n xs i - 1 * taught lam n i)) + kappa * 1 ^ 2 * square d (fun i => average N (fun n => taught lam n i)).
(** V + (1 + kappa) <h_i, h_j> and E<S, H_j>. *)
Definition gram kappa i j :=
  average N (fun n => inner d (fun l => G n (theta i) l - gradient (theta i) l) (fun l => G n (theta j) l - gradient (theta j) l))
  + (1 + kappa) * inner d (gradient (theta i)) (gradient (theta j)).
Definition covariances j := average N (fun n => inner d (G n xs) (G n (theta j))).

Theorem reading_several_noise lam kappa :
  several_N lam kappa = sigma_star_sq - 2 * total m (fun j => lam j * covariances j)
    + total m (fun i => total m (fun j => lam i * lam j * gram kappa i j)).
Proof. exact (Teachers.several_noise problem m (fun j n => G n (theta j)) lam kappa). Qed.

Theorem reading_several_lambda_star kappa star : -1 <= kappa ->
  (forall i, (i < m)%nat -> total m (fun j => gram kappa i j * star j) = covariances i) ->
  several_N star kappa = sigma_star_sq - total m (fun j => star j * covariances j) /\ forall lam, several_N star kappa <= several_N lam kappa.
Proof. exact (Teachers.several_lambda_star problem m (fun j n => G n (theta j)) kappa star). Qed.

Theorem reading_several_teachers kappa star : -1 <= kappa ->
  (forall i, (i < m)%nat -> total m (fun j => gram kappa i j * star j) = covariances i) ->
  several_N star kappa = sigma_star_sq - total m (fun i => total m (fun j => star i * star j * gram kappa i j)) /\
  forall lam, several_N star kappa <= several_N lam kappa.
Proof. exact (Laws.several_teachers problem m (fun j n => G n (theta j)) kappa star). Qed.

Theorem reading_several_theorem_1 lam : strongly_convex_setting N d f G xs gamma mu Lcal -> gamma <= 1 / (4 * Lcal) -> forall t x,
  paths N (several_step lam) t distance x <= affine_bound (gamma * mu) (2 * gamma / mu *
    (sigma_star_sq - 2 * total m (fun j => lam j * covariances j) + total m (fun i => total m (fun j => lam i * lam j * gram (1 / (gamma * mu)) i j))))
    t (distance x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5) H.
  exact (Teachers.several_theorem_1 problem m (fun j n => G n (theta j)) gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H).
Qed.

(** Quadratics: row i of the Hessian of f_n is H n i; D_j = theta_j - x*. *)
Section Hull.
Variable H : nat -> nat -> vector.
Hypothesis affine_gradients : forall n x i, (i < d)%nat -> G n x i = inner d (H n i) (fun j => x j - xs j) + G n xs i.
Notation D j := (fun i => theta j i - xs i).
Notation mixed lam := (fun i => total m (fun j => lam j * D j i)).

Theorem reading_several_exact_stationary S0 lam :
  (forall x, Un_cv (fun t => paths N (fun n x i => x i - gamma * (G n x i - 0 * taught lam n i)) t distance x) S0) ->
  forall x, Un_cv (fun t => paths N (several_step lam) t distance x) ((1 - total m lam) ^ 2 * S0 + square d (mixed lam)).
Proof. exact (Teachers.several_exact_stationary problem m theta gamma H affine_gradients S0 lam). Qed.

(** No weights have a smaller stationary error than S0 delta2/(S0 + delta2), and these have it. *)
Theorem reading_affine_hull w S0 : (forall x, Un_cv (fun t => paths N (fun n x i => x i - gamma * G n x i) t distance x) S0) -> 0 <= S0 ->
  (forall i, (i < m)%nat -> total m (fun j => inner d (D i) (D j) * w j) = 1) -> 0 < total m w ->
  let delta2 := / total m w in
  (forall x, Un_cv (fun t => paths N (several_step (fun j => w j * delta2 * (S0 / (S0 + delta2)))) t distance x) (S0 * delta2 / (S0 + delta2))) /\
  forall lam x limit, Un_cv (fun t => paths N (several_step lam) t distance x) limit -> S0 * delta2 / (S0 + delta2) <= limit.
Proof. exact (Laws.affine_hull problem m theta gamma H w S0 affine_gradients). Qed.
End Hull.

(** With M w = 1, M_ij = <D_i, D_j>: delta2 = 1/sum w is the least |sum lam_j D_j|^2 for sum lam = 1, at lam = w/sum w ... *)
Notation D j := (fun i => theta j i - xs i).
Notation mixed lam := (fun i => total m (fun j => lam j * D j i)).
Theorem reading_hull_distance w lam : (forall i, (i < m)%nat -> total m (fun j => inner d (D i) (D j) * w j) = 1) -> 0 < total m w ->
  total m lam ^ 2 * / total m w <= square d (mixed lam) /\
  square d (mixed (fun j => / total m w * w j)) = / total m w /\ total m (fun j => / total m w * w j) = 1.
Proof. exact (Teachers.hull_distance problem m theta w lam). Qed.

(** ... and the least of (1 - sum lam)^2 S0 + |sum lam_j D_j|^2 is S0 delta2/(S0 + delta2). *)
Theorem reading_hull_law w S0 : (forall i, (i < m)%nat -> total m (fun j => inner d (D i) (D j) * w j) = 1) -> 0 < total m w -> 0 <= S0 ->
  let delta2 := / total m w in let value lam := (1 - total m lam) ^ 2 * S0 + square d (mixed lam) in
  value (fun j => w j * delta2 * (S0 / (S0 + delta2))) = S0 * delta2 / (S0 + delta2) /\ forall lam, S0 * delta2 / (S0 + delta2) <= value lam.
Proof. exact (Teachers.hull_law problem m theta w S0). Qed.
End Several.

(** One weight for each block of coordinates; block i is the block of coordinate i. *)
Section Blocks.
Variables (theta : vector) (block : nat -> nat) (m : nat) (kappa : R).
Hypothesis blocks : forall i, (i < d)%nat -> (block i < m)%nat.
Hypothesis kappa_range : -1 <= kappa.
Definition block_N (lam : nat -> R) :=
  average N (fun n => square d (fun i => G n xs i - 1 * (lam (block i) * G n theta i)))
  + kappa * 1 ^ 2 * square d (fun i => average N (fun n => lam (block i) * G n theta i)).
(** E<S,H>, E|H - h|^2 and |h|^2 of the coordinates in block b. *)
Notation part b x := (fun i => if Nat.eqb (block i) b then x i else 0).
Definition block_covariance b := average N (fun n => inner d (part b (G n xs)) (part b (G n theta))).
Definition block_mean b : vector := fun i => average N (fun n => part b (G n theta) i).
Definition block_variance b := average N (fun n => square d (fun i => part b (G n theta) i - block_mean b i)).
Definition block_star b := block_covariance b / (block_variance b + (1 + kappa) * square d (block_mean b)).

Theorem reading_block_weights_are_best lam : block_N block_star <= block_N lam.
Proof. exact (Teachers.block_weights_are_best problem (fun n => G n theta) block m kappa blocks kappa_range lam). Qed.

Theorem reading_blocks_no_worse lam : block_N block_star <= N_ N d G xs theta lam kappa.
Proof. exact (Teachers.blocks_no_worse problem (fun n => G n theta) block m kappa blocks kappa_range lam). Qed.

(** M_b = V_b + (1+kappa)|h_b|^2. *)
Theorem reading_blocks : (forall b, (b < m)%nat -> block_variance b + (1 + kappa) * square d (block_mean b) <> 0) ->
  block_N block_star = sigma_star_sq - total m (fun b => (block_variance b + (1 + kappa) * square d (block_mean b)) * block_star b ^ 2) /\
  forall lam, block_N block_star <= block_N lam.
Proof. exact (Laws.blocks problem (fun n => G n theta) block m kappa blocks kappa_range). Qed.
End Blocks.
End Reading.

(** sum b_n^2/p_n is at least (sum b_n)^2, and p_n = b_n/sum b attains it. *)
Theorem reading_importance_bound N p b : (forall n, (n < N)%nat -> 0 < p n) -> total N p = 1 -> total N b ^ 2 <= total N (fun n => b n ^ 2 / p n).
Proof. exact (Teachers.importance_bound N p b). Qed.

Theorem reading_importance_best N b : (0 < N)%nat -> (forall n, (n < N)%nat -> 0 < b n) -> let p n := b n / total N b in
  (forall n, (n < N)%nat -> 0 < p n) /\ total N p = 1 /\ total N (fun n => b n ^ 2 / p n) = total N b ^ 2.
Proof. exact (Teachers.importance_best N b). Qed.

(** The noise of index n drawn with probability p_n, its gradient over N p_n: a^2 = N^-2 sum r_n^2/p_n. *)
Theorem reading_importance_sampling N r : (0 < N)%nat -> (forall n, (n < N)%nat -> 0 < r n) ->
  total N (fun n => r n ^ 2 / (r n / total N r)) / INR N ^ 2 = total N r ^ 2 / INR N ^ 2 /\
  forall p, (forall n, (n < N)%nat -> 0 < p n) -> total N p = 1 -> total N r ^ 2 / INR N ^ 2 <= total N (fun n => r n ^ 2 / p n) / INR N ^ 2.
Proof. exact (Laws.importance_sampling N r). Qed.
