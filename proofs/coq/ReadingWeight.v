(** A second reading, continued: the weight lam*, the paper's headline min(gamma sigma*^2, O(f(theta) - f* )) for Theorems 1 and 2 and
    for their unbiased variants, and convexity in the weight; from the sums of [Reading] alone. *)

Require Import Reals Lra.
Require Import KDTheory.Reading.
Require KDTheory.Weight KDTheory.ConvexFloor KDTheory.PaperRoute.
Open Scope R_scope.

(** f lies below its chords. *)
Definition convex (f : R -> R) := forall x y w, 0 <= w <= 1 -> f (w * x + (1 - w) * y) <= w * f x + (1 - w) * f y.

Section Reading.
Variables (N d : nat) (f : nat -> vector -> R) (G : nat -> vector -> vector) (xs theta : vector).
Hypothesis some_terms : (0 < N)%nat.
Hypothesis minimiser_is_stationary : forall i, (i < d)%nat -> average N (fun n => G n xs i) = 0.
Variables gamma mu L Lcal : R.
Let taught : nat -> vector := fun n => G n theta.
Let problem : Setting.problem := Setting.Build_problem N d some_terms f G xs minimiser_is_stationary.

Notation distance := (distance d xs).
Notation suboptimality := (suboptimality N f xs).
Notation gradient := (gradient N G).
Notation strongly_convex_setting := (strongly_convex_setting N d f G xs gamma mu Lcal).
Notation pl_setting := (pl_setting N d f G xs gamma mu L Lcal).
Notation smooth := (smooth N d f G L).
Notation N_ lam kappa := (N_ N d G xs theta lam kappa).
Notation step lam := (step G theta gamma lam).
Notation unbiased_step lam := (unbiased_step N G theta gamma lam).

(** E|S|^2, E<S,H>, E|H - h|^2 and |h|^2, for S = grad f_n(x* ) and H = grad f_n(theta). *)
Definition sigma_star_sq := average N (fun n => square d (G n xs)).
Definition covariance := average N (fun n => inner d (G n xs) (G n theta)).
Definition variance := average N (fun n => square d (fun i => G n theta i - gradient theta i)).
Definition bias_sq := square d (gradient theta).
Definition lambda_star (kappa : R) := covariance / (variance + (1 + kappa) * bias_sq).
Definition rho := covariance / (sqrt sigma_star_sq * sqrt variance).
Definition beta := bias_sq / variance.

(** kappa = -1 is unbiased distillation. *)
Theorem reading_lambda_star_minimises kappa : -1 <= kappa -> forall lam, N_ (lambda_star kappa) kappa <= N_ lam kappa.
Proof. exact (Weight.lambda_star_minimises problem taught kappa). Qed.

Theorem reading_noise_at_lambda_star kappa : variance + (1 + kappa) * bias_sq <> 0 ->
  N_ (lambda_star kappa) kappa = sigma_star_sq - covariance ^ 2 / (variance + (1 + kappa) * bias_sq).
Proof. exact (Weight.noise_at_lambda_star problem taught kappa). Qed.

Theorem reading_lambda_star_in_letters kappa : 0 < sigma_star_sq -> 0 < variance -> -1 <= kappa ->
  lambda_star kappa = rho * (sqrt sigma_star_sq / sqrt variance) / (1 + beta * (1 + kappa)) /\
  N_ (lambda_star kappa) kappa = sigma_star_sq * (1 - rho ^ 2 / (1 + beta * (1 + kappa))).
Proof. exact (Weight.lambda_star_in_letters problem taught kappa). Qed.

(** Theorem 1 at the properly chosen weight: 2/mu min(gamma sigma*^2, (2 gamma Lcal + 2 L/mu)(f(theta) - f* )). *)
Theorem reading_theorem_1_at_lambda_star : strongly_convex_setting -> 0 < L -> smooth -> gamma <= 1 / (4 * Lcal) -> forall t x,
  paths N (step (lambda_star (1 / (gamma * mu)))) t distance x <=
    affine_bound (gamma * mu) (2 / mu * Rmin (gamma * sigma_star_sq) ((2 * gamma * Lcal + 2 * L / mu) * suboptimality theta)) t (distance x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5) HL Hs H.
  exact (Weight.theorem_1_at_lambda_star problem theta gamma mu L Lcal H0 H1 H2 HL H3 H4 Hs H5 H).
Qed.

(** Theorem 2 at the properly chosen weight: L/mu min(gamma sigma*^2, (2 gamma Lcal + 2)(f(theta) - f* )). *)
Theorem reading_theorem_2_at_lambda_star : pl_setting -> gamma <= mu / (4 * L * Lcal) -> forall t x,
  paths N (step (lambda_star (1 / (L * gamma)))) t suboptimality x <=
    affine_bound (gamma * mu) (L / mu * Rmin (gamma * sigma_star_sq) ((2 * gamma * Lcal + 2) * suboptimality theta)) t (suboptimality x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7) H.
  exact (Weight.theorem_2_at_lambda_star problem theta gamma mu L Lcal H0 H1 H2 H3 H4 H5 H6 H7 H).
Qed.

Theorem reading_unbiased_at_lambda_star : strongly_convex_setting -> gamma <= 1 / (2 * Lcal) -> forall t x,
  paths N (unbiased_step (lambda_star (-1))) t distance x <=
    affine_bound (gamma * mu) (2 / mu * Rmin (gamma * sigma_star_sq) (2 * gamma * Lcal * suboptimality theta)) t (distance x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5) H.
  exact (Weight.unbiased_at_lambda_star problem theta gamma mu Lcal H0 H1 H2 H3 H4 H5 H).
Qed.

Theorem reading_unbiased_pl_at_lambda_star : pl_setting -> gamma <= mu / (2 * L * Lcal) -> forall t x,
  paths N (unbiased_step (lambda_star (-1))) t suboptimality x <=
    affine_bound (gamma * mu) (L / mu * Rmin (gamma * sigma_star_sq) (2 * gamma * Lcal * suboptimality theta)) t (suboptimality x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7) H.
  exact (Weight.unbiased_pl_at_lambda_star problem theta gamma mu L Lcal H0 H1 H2 H3 H4 H5 H6 H7 H).
Qed.

(** Theorems 1 and 2 by the paper's own steps, which ask for gamma mu <= 1 instead of d > 0 or a point with f(x) > f*. *)
Theorem reading_theorem_1_again lam : 0 < gamma -> 0 < mu -> gamma * mu <= 1 ->
  A1 N d f G xs mu -> A1' N d f xs mu -> A3 N d f G xs Lcal -> 4 * gamma * Lcal <= 1 -> forall t x,
  paths N (step lam) t distance x <= affine_bound (gamma * mu) (2 * gamma / mu * N_ lam (1 / (gamma * mu))) t (distance x).
Proof. intros H0 H1 H2 H3 H4 H5 H. exact (PaperRoute.theorem_1_again problem taught gamma mu Lcal lam H0 H1 H2 H3 H4 H5 H). Qed.

Theorem reading_theorem_2_again lam : 0 < gamma -> 0 < mu -> 0 < L -> gamma * mu <= 1 ->
  smooth -> minimal N f xs -> PL N d f G xs mu -> A3 N d f G xs Lcal -> 4 * L * gamma * Lcal / mu <= 1 -> forall t x,
  paths N (step lam) t suboptimality x <= affine_bound (gamma * mu) (L * gamma / mu * N_ lam (1 / (L * gamma))) t (suboptimality x).
Proof.
  intros H0 H1 H2 H3 H4 H5 H6 H7 H. exact (PaperRoute.theorem_2_again problem taught gamma mu L Lcal lam H0 H1 H2 H3 H4 H5 H6 H7 H).
Qed.

(** The best weight is a one-dimensional convex minimisation. *)
Notation k lam := (k N d G theta lam).
Notation a lam := (a N d G xs theta lam).
Notation A := (A gamma mu Lcal).
Notation U lam := (U N d G xs theta gamma lam (k lam)).
Notation W lam := (W N d G xs theta gamma mu Lcal lam).
Notation A_pl := (A_pl gamma mu L Lcal).
Notation U_pl lam := (U_pl N d G xs theta gamma L lam (k lam)).
Notation W_pl lam := (W_pl N d G xs theta gamma mu L Lcal lam (k lam)).
(** The fixed point of (1-A)s + 2 sqrt(W s) + U. *)
Definition fixed_point (A U W : R) := (sqrt (U * A + W) + sqrt W) ^ 2 / A ^ 2.

Theorem reading_k_convex : convex (fun lam => k lam).
Proof. exact (Convexity.k_convex problem taught). Qed.

Theorem reading_a_convex : convex (fun lam => a lam).
Proof. exact (Convexity.a_convex problem taught). Qed.

Theorem reading_theorem_1_constant_convex rate : strongly_convex_setting -> gamma < 1 / Lcal -> rate < A ->
  convex (fun lam => U lam + W lam / (A - rate)).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5) H.
  exact (Convexity.theorem_1_constant_convex problem taught gamma mu Lcal rate H0 H1 H2 H3 H4 H5 H).
Qed.

Theorem reading_theorem_2_constant_convex rate : 0 < gamma -> 0 < mu -> 0 < L -> rate < A_pl ->
  convex (fun lam => U_pl lam + W_pl lam / (A_pl - rate)).
Proof. exact (Convexity.theorem_2_constant_convex problem taught gamma mu L Lcal rate). Qed.

Theorem reading_theorem_1_root_floor_convex : strongly_convex_setting -> gamma < 1 / Lcal ->
  convex (fun lam => sqrt (fixed_point A (U lam) (W lam))).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5) H.
  exact (ConvexFloor.theorem_1_root_floor_convex problem taught gamma mu Lcal H0 H1 H2 H3 H4 H5 H).
Qed.

Theorem reading_theorem_2_root_floor_convex : pl_setting -> gamma < 2 * mu / (L * Lcal) ->
  convex (fun lam => sqrt (fixed_point A_pl (U_pl lam) (W_pl lam))).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7) H.
  exact (ConvexFloor.theorem_2_root_floor_convex problem taught gamma mu L Lcal H0 H1 H2 H3 H4 H5 H6 H7 H).
Qed.

(** What the assumptions follow from, and what follows from them. *)
Theorem reading_strong_convexity_gives :
  (forall x y, value N f x + inner d (gradient x) (fun i => y i - x i) + mu / 2 * square d (fun i => y i - x i) <= value N f y) ->
  A1 N d f G xs mu /\ A1' N d f xs mu.
Proof. intros H. exact (Setting.strong_convexity_gives problem mu H). Qed.

Theorem reading_smooth_bounds_gradient : 0 < L -> smooth -> minimal N f xs -> forall x, square d (gradient x) <= 2 * L * suboptimality x.
Proof. intros H0 H1 H2. exact (Setting.smooth_bounds_gradient problem L H0 H1 H2). Qed.

Theorem reading_expected_smoothness_bounds_gradient : A3 N d f G xs Lcal -> forall x, square d (gradient x) <= 2 * Lcal * suboptimality x.
Proof. intros H. exact (Setting.expected_smoothness_bounds_gradient problem taught Lcal H). Qed.

End Reading.
