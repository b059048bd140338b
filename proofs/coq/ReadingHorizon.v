(** A second reading, continued: convex functions without a modulus (the horizon theorem) and smooth functions that need not be convex;
    from the sums of [Reading] alone. *)

Require Import Reals Lra.
Require Import KDTheory.Reading KDTheory.ReadingWeight.
Require KDTheory.Convex KDTheory.NonConvex.
Open Scope R_scope.

Section Reading.
Variables (N d : nat) (f : nat -> vector -> R) (G : nat -> vector -> vector) (xs theta : vector).
Hypothesis some_terms : (0 < N)%nat.
Hypothesis minimiser_is_stationary : forall i, (i < d)%nat -> average N (fun n => G n xs i) = 0.
Variables gamma L Lcal lam : R.
Let taught : nat -> vector := fun n => G n theta.
Let problem : Setting.problem := Setting.Build_problem N d some_terms f G xs minimiser_is_stationary.

Notation value := (value N f).
Notation distance := (distance d xs).
Notation suboptimality := (suboptimality N f xs).
Notation gradient := (gradient N G).
Notation N_ kappa := (N_ N d G xs theta lam kappa).
Notation centred := (centred N d G xs theta lam).
Notation step := (step G theta gamma lam).
Notation unbiased_step := (unbiased_step N G theta gamma lam).
(** The mean over t < T of the mean of phi(x^t) over all index sequences. *)
Definition mean_over (one_step : nat -> vector -> vector) (T : nat) (phi : vector -> R) (x : vector) : R :=
  / INR T * total T (fun t => paths N one_step t phi x).

(** Convex at the minimiser: <x - x*, grad f(x)> >= f(x) - f*. *)
Definition convex_at_minimiser := forall x, suboptimality x <= inner d (fun i => x i - xs i) (gradient x).

Theorem reading_convex_gives : (forall x y, value x + inner d (gradient x) (fun i => y i - x i) <= value y) ->
  convex_at_minimiser /\ minimal N f xs.
Proof. intros H. exact (Convex.convex_gives problem H). Qed.

Theorem reading_horizon_one_step T x : 0 < gamma -> 0 < T -> convex_at_minimiser -> A3 N d f G xs Lcal ->
  average N (fun n => distance (step n x)) <=
    (1 + / T) * distance x - 2 * gamma * (1 - 2 * gamma * Lcal) * suboptimality x + 2 * gamma ^ 2 * N_ (T / 2).
Proof. intros H0 H1 H2 H3. exact (Convex.horizon_one_step problem taught gamma Lcal lam T x H0 H1 H2 H3). Qed.

Theorem reading_unbiased_horizon_one_step x : 0 < gamma -> convex_at_minimiser -> A3 N d f G xs Lcal ->
  average N (fun n => distance (unbiased_step n x)) <=
    distance x - 2 * gamma * (1 - 2 * gamma * Lcal) * suboptimality x + 2 * gamma ^ 2 * centred.
Proof. intros H0 H1 H2. exact (Convex.unbiased_horizon_one_step problem taught gamma Lcal lam x H0 H1 H2). Qed.

Definition convex_setting := 0 < gamma /\ convex_at_minimiser /\ minimal N f xs /\ A3 N d f G xs Lcal /\ 2 * gamma * Lcal < 1.

Theorem reading_horizon T : convex_setting -> (0 < T)%nat -> forall x,
  mean_over step T suboptimality x <=
    exp 1 * distance x / (2 * gamma * (1 - 2 * gamma * Lcal) * INR T) + exp 1 * gamma * N_ (INR T / 2) / (1 - 2 * gamma * Lcal).
Proof. intros (H0 & H1 & H2 & H3 & H4) H. exact (Convex.horizon problem taught gamma Lcal lam H0 H1 H2 H3 H4 T H). Qed.

Theorem reading_horizon_power T : convex_setting -> (0 < T)%nat -> forall x,
  mean_over step T suboptimality x <=
    (1 + / INR T) ^ T * (distance x / (2 * gamma * (1 - 2 * gamma * Lcal) * INR T) + gamma * N_ (INR T / 2) / (1 - 2 * gamma * Lcal)).
Proof. intros (H0 & H1 & H2 & H3 & H4) H. exact (Convex.horizon_power problem taught gamma Lcal lam H0 H1 H2 H3 H4 T H). Qed.

(** The bias against the root of the distance; k = |lam||h|, a^2 = E|S - lam H'|^2. *)
Notation k := (k N d G theta lam).
Notation a := (a N d G xs theta lam).
Theorem reading_horizon_envelope T : convex_setting -> (0 < T)%nat -> forall x,
  mean_over step T suboptimality x <=
    (sqrt (distance x + INR T * (2 * gamma ^ 2 * (k ^ 2 + a ^ 2))) + gamma * k * INR T) ^ 2 / (2 * gamma * (1 - 2 * gamma * Lcal) * INR T).
Proof. intros (H0 & H1 & H2 & H3 & H4) H. exact (Convex.horizon_envelope problem taught gamma Lcal lam H0 H1 H2 H3 H4 T H). Qed.

Theorem reading_horizon_distance T : convex_setting -> (0 < T)%nat -> forall x t, (t <= T)%nat ->
  paths N step t distance x <= exp 1 * (distance x + 2 * INR T * gamma ^ 2 * N_ (INR T / 2)).
Proof. intros (H0 & H1 & H2 & H3 & H4) H. exact (Convex.horizon_distance problem taught gamma Lcal lam H0 H1 H2 H3 H4 T H). Qed.

Theorem reading_unbiased_horizon T : convex_setting -> (0 < T)%nat -> forall x,
  mean_over unbiased_step T suboptimality x <=
    distance x / (2 * gamma * (1 - 2 * gamma * Lcal) * INR T) + gamma * centred / (1 - 2 * gamma * Lcal).
Proof. intros (H0 & H1 & H2 & H3 & H4) H. exact (Convex.unbiased_horizon problem taught gamma Lcal lam H0 H1 H2 H3 H4 T H). Qed.

Theorem reading_unbiased_horizon_distance : convex_setting -> forall x t,
  paths N unbiased_step t distance x <= distance x + 2 * INR t * gamma ^ 2 * centred.
Proof. intros (H0 & H1 & H2 & H3 & H4). exact (Convex.unbiased_horizon_distance problem taught gamma Lcal lam H0 H1 H2 H3 H4). Qed.

(** With the weight E<S,H>/(V + (1 + T/2)|h|^2). *)
Theorem reading_horizon_at_lambda_star T x : convex_setting -> (0 < T)%nat ->
  mean_over (KDTheory.Reading.step G theta gamma (lambda_star N d G xs theta (INR T / 2))) T suboptimality x <=
    exp 1 * distance x / (2 * gamma * (1 - 2 * gamma * Lcal) * INR T)
    + exp 1 * gamma * Rmin (sigma_star_sq N d G xs) ((2 + INR T) * Lcal * suboptimality theta) / (1 - 2 * gamma * Lcal).
Proof.
  intros (H0 & H1 & H2 & H3 & H4) H. exact (Convex.horizon_at_lambda_star problem theta gamma Lcal T x H0 H1 H2 H3 H4 H).
Qed.

(** Smooth, convex or not: |grad f|^2. *)
Notation steepness := (fun x => square d (gradient x)).
Notation growth := (1 + 2 * L * Lcal * gamma ^ 2).
Notation floor := (2 * L * gamma * N_ (1 / (2 * L * gamma))).
Definition smooth_setting := 0 < gamma /\ 0 < L /\ 0 <= Lcal /\ smooth N d f G L /\ minimal N f xs /\ A3 N d f G xs Lcal.

Theorem reading_nonconvex_one_step x : 0 < gamma -> 0 < L -> smooth N d f G L -> A3 N d f G xs Lcal ->
  average N (fun n => suboptimality (step n x)) <=
    growth * suboptimality x - gamma / 2 * steepness x + L * gamma ^ 2 * N_ (1 / (2 * L * gamma)).
Proof. intros H0 H1 H2 H3. exact (NonConvex.nonconvex_one_step problem taught gamma L Lcal lam x H0 H1 H2 H3). Qed.

Theorem reading_unbiased_nonconvex_one_step x : 0 < gamma -> 0 < L -> smooth N d f G L -> A3 N d f G xs Lcal ->
  average N (fun n => suboptimality (unbiased_step n x)) <=
    growth * suboptimality x - gamma * steepness x + L * gamma ^ 2 * centred.
Proof. intros H0 H1 H2 H3. exact (NonConvex.unbiased_nonconvex_one_step problem taught gamma L Lcal lam x H0 H1 H2 H3). Qed.

Theorem reading_nonconvex_average T : smooth_setting -> (0 < T)%nat -> forall x,
  mean_over step T steepness x <= growth ^ T * (2 * suboptimality x / (gamma * INR T) + floor).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5) H. exact (NonConvex.nonconvex_average problem taught gamma L Lcal lam H0 H1 H2 H3 H4 H5 T H). Qed.

Theorem reading_nonconvex_short_steps T : smooth_setting -> (0 < T)%nat -> forall x, 2 * L * Lcal * gamma ^ 2 * INR T <= 1 ->
  mean_over step T steepness x <= exp 1 * (2 * suboptimality x / (gamma * INR T) + floor).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5) H. exact (NonConvex.nonconvex_short_steps problem taught gamma L Lcal lam H0 H1 H2 H3 H4 H5 T H). Qed.

Theorem reading_nonconvex_least T : smooth_setting -> (0 < T)%nat -> forall x, exists t, (t < T)%nat /\
  paths N step t steepness x <= growth ^ T * (2 * suboptimality x / (gamma * INR T)) + floor.
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5) H. exact (NonConvex.nonconvex_least problem taught gamma L Lcal lam H0 H1 H2 H3 H4 H5 T H). Qed.

Theorem reading_unbiased_nonconvex_average T : smooth_setting -> (0 < T)%nat -> forall x,
  mean_over unbiased_step T steepness x <= growth ^ T * (suboptimality x / (gamma * INR T) + L * gamma * centred).
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5) H. exact (NonConvex.unbiased_nonconvex_average problem taught gamma L Lcal lam H0 H1 H2 H3 H4 H5 T H). Qed.

End Reading.
