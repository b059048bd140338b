(** A second reading, continued: quadratics in the limit and for f - f*, the distillation gradient, the finite sum at which the sharp
    bound is attained, and what the average over paths is; from the sums of [Reading] alone. *)

Require Import Reals Lra.
Require Import KDTheory.Reading.
Require KDTheory.Quadratic KDTheory.Losses KDTheory.Attained KDTheory.Paths.
Open Scope R_scope.

Section Quadratic.
Variables (N d : nat) (f : nat -> vector -> R) (G : nat -> vector -> vector) (xs theta : vector).
Hypothesis some_terms : (0 < N)%nat.
Hypothesis minimiser_is_stationary : forall i, (i < d)%nat -> average N (fun n => G n xs i) = 0.
Variable gamma : R.
Let problem : Setting.problem := Setting.Build_problem N d some_terms f G xs minimiser_is_stationary.
Notation distance := (distance d xs).
Notation suboptimality := (suboptimality N f xs).
Notation step lam := (step G theta gamma lam).

(** Row i of the Hessian of f_n is H n i; D = theta - x*. *)
Variable H : nat -> nat -> vector.
Hypothesis affine_gradients : forall n x i, (i < d)%nat -> G n x i = inner d (H n i) (fun j => x j - xs j) + G n xs i.
Notation D := (fun i => theta i - xs i).

(** SGD's error tends to S0 from every start: then with every weight it tends to (1 - lam)^2 S0 + lam^2 |theta - x*|^2. *)
Theorem reading_exact_quadratic_stationary S0 :
  (forall x, Un_cv (fun t => paths N (step 0) t distance x) S0) ->
  forall lam x, Un_cv (fun t => paths N (step lam) t distance x) ((1 - lam) ^ 2 * S0 + lam ^ 2 * square d D).
Proof. exact (Quadratic.exact_quadratic_stationary problem theta gamma H affine_gradients S0). Qed.

(** f(x) - f* = <x - x*, H (x - x* )>/2. *)
Notation mean_H i := (fun j => average N (fun n => H n i j)).
Definition half_H (v : vector) : vector := fun i => / 2 * inner d (mean_H i) v.
Hypothesis symmetric : forall i j, (i < d)%nat -> (j < d)%nat -> mean_H i j = mean_H j i.
Hypothesis quadratic : forall x, suboptimality x = inner d (half_H (fun j => x j - xs j)) (fun j => x j - xs j).
Hypothesis least : minimal N f xs.

Theorem reading_exact_quadratic_gap lam t x : let y := fun i => x i - xs i - lam * D i in
  paths N (step lam) t suboptimality x =
    paths N (shifted_step d G xs gamma lam H) t (fun v => inner d (half_H v) v) y
    + 2 * lam * inner d (half_H D) (contracted_by N d gamma H t y) + lam ^ 2 * suboptimality theta.
Proof. exact (Quadratic.exact_quadratic_gap problem theta gamma H affine_gradients symmetric quadratic lam t x). Qed.

Theorem reading_exact_quadratic_gap_stationary F0 :
  (forall x, Un_cv (fun t => paths N (step 0) t suboptimality x) F0) ->
  forall lam x, Un_cv (fun t => paths N (step lam) t suboptimality x) ((1 - lam) ^ 2 * F0 + lam ^ 2 * suboptimality theta).
Proof. exact (Quadratic.exact_quadratic_gap_stationary problem theta gamma H affine_gradients symmetric quadratic least F0). Qed.
End Quadratic.

(** The best weight S0/(S0 + D2) and what it gives: never worse than the better of SGD and the teacher. *)
Theorem reading_stationary_minimum S0 D2 lam : 0 <= S0 -> 0 <= D2 -> 0 < S0 + D2 ->
  let best := S0 / (S0 + D2) in
  (1 - best) ^ 2 * S0 + best ^ 2 * D2 = S0 * D2 / (S0 + D2) /\
  (1 - best) ^ 2 * S0 + best ^ 2 * D2 <= (1 - lam) ^ 2 * S0 + lam ^ 2 * D2 /\
  (1 - best) ^ 2 * S0 + best ^ 2 * D2 <= Rmin S0 D2.
Proof. exact (Quadratic.stationary_minimum S0 D2 lam). Qed.

(** K logits phi, their Jacobian J, the link r, the label b; d parameters. *)
Section Proposition.
Variables (K d : nat) (phi : vector -> vector) (J : vector -> nat -> vector) (r : vector -> vector) (b : vector) (lam : R) (x theta : vector).
Notation own at_x target i := (total K (fun c => J at_x c i * (r (phi at_x) c - target c))).
Notation distilled i := ((1 - lam) * own x b i + lam * own x (r (phi theta)) i).

Theorem reading_distillation_gradient_linear : (forall c i, J theta c i = J x c i) -> forall i, distilled i = own x b i - lam * own theta b i.
Proof. exact (Proposition.distillation_gradient_linear K phi J r b lam x theta). Qed.

(** |gap|^2 <= lam^2 |J(theta) - J(x)|^2 |r(phi(theta)) - b|^2. *)
Theorem reading_distillation_gradient_gap :
  square d (fun i => lam * total K (fun c => (J theta c i - J x c i) * (r (phi theta) c - b c))) <=
    lam ^ 2 * (total d (fun i => square K (fun c => J theta c i - J x c i)) * square K (fun c => r (phi theta) c - b c)).
Proof. exact (Proposition.distillation_gradient_gap K d phi J r b lam x theta). Qed.
End Proposition.

(** The gradients above are derivatives: J is that of the logits in each parameter i, and r belongs to the loss.  log is any function with
    log(exp x) = x, log(x y) = log x + log y and derivative 1/x. *)
Section Losses.
Variables (K : nat) (phi : vector -> vector) (J : vector -> nat -> vector) (b : vector) (lam : R) (x theta : vector) (i : nat).
Notation moved s := (fun j => x j + if Nat.eqb j i then s else 0).
Hypothesis jacobian : forall c, (c < K)%nat -> derivable_pt_lim (fun s => phi (moved s) c) 0 (J x c i).
Hypothesis unmoved : forall c, phi (moved 0) c = phi x c.
Variable log : R -> R.
Hypothesis logarithm : (forall x, log (exp x) = x) /\ (forall x y, 0 < x -> 0 < y -> log (x * y) = log x + log y) /\
  (forall x, 0 < x -> derivable_pt_lim log x (/ x)).
Notation own r target := (total K (fun c => J x c i * (r (phi x) c - target c))).
Notation objective loss r := (fun s => (1 - lam) * loss (phi (moved s)) b + lam * loss (phi (moved s)) (r (phi theta))).
Notation gradient r := ((1 - lam) * own r b + lam * own r (r (phi theta))).

Definition identity (z : vector) : vector := z.
Definition softmax (z : vector) : vector := fun c => exp (z c) / total K (fun j => exp (z j)).
Definition sigmoid (z : vector) : vector := fun c => 1 / (1 + exp (- z c)).
Definition squared (z y : vector) : R := total K (fun c => (z c - y c) ^ 2 / 2).
Definition cross_entropy (z y : vector) : R := - total K (fun c => y c * log (softmax z c)).
Definition logistic (z y : vector) : R := - (y O * log (sigmoid z O) + (1 - y O) * log (1 - sigmoid z O)).

Theorem reading_distilled_squared : derivable_pt_lim (objective squared identity) 0 (gradient identity).
Proof. exact (Losses.distilled_squared K phi J x i jacobian unmoved b lam theta). Qed.

Theorem reading_distilled_cross_entropy : (0 < K)%nat -> total K b = 1 -> derivable_pt_lim (objective cross_entropy softmax) 0 (gradient softmax).
Proof. exact (Losses.distilled_cross_entropy log logarithm K phi J x i jacobian unmoved b lam theta). Qed.

Theorem reading_distilled_logistic : K = 1%nat -> derivable_pt_lim (objective logistic sigmoid) 0 (gradient sigmoid).
Proof. exact (Losses.distilled_logistic log logarithm K phi J x i jacobian unmoved b lam theta). Qed.
End Losses.

(** f_n(x) = mu x^2/2 + w_n (c x|x|/2 + s x) on the line, w = 1, -1. *)
Section Attained.
Variables mu c s : R.
Hypothesis mu_positive : 0 < mu.
Hypothesis c_nonneg : 0 <= c.
Definition w (n : nat) : R := match n with O => 1 | _ => -1 end.
Definition f_ (n : nat) (x : R) : R := mu * x ^ 2 / 2 + w n * (c * (x * Rabs x) / 2 + s * x).
Definition df (n : nat) (x : R) : R := mu * x + w n * (c * Rabs x + s).
Notation f := (fun n (x : vector) => f_ n (x O)).
Notation G := (fun n (x : vector) (_ : nat) => df n (x O)).
Notation xs := (fun _ : nat => 0).
Definition Lcal : R := mu + c ^ 2 / mu.

Theorem reading_derivative n x : derivable_pt_lim (f_ n) x (df n x).
Proof. exact (Attained.derivative mu c s n x). Qed.

Theorem reading_pair_A1 : A1 2 1 f G xs mu. Proof. exact (Attained.pair_A1 mu c s). Qed.
Theorem reading_pair_growth : A1' 2 1 f xs mu. Proof. exact (Attained.pair_growth mu c s). Qed.
Theorem reading_pair_A3 : A3 2 1 f G xs Lcal. Proof. exact (Attained.pair_A3 mu c s mu_positive). Qed.
Theorem reading_pair_PL : PL 2 1 f G xs mu. Proof. exact (Attained.pair_PL mu c s). Qed.
Theorem reading_pair_smooth : smooth 2 1 f G mu. Proof. exact (Attained.pair_smooth mu c s). Qed.
Theorem reading_pair_minimal : minimal 2 f xs. Proof. exact (Attained.pair_minimal mu c s mu_positive). Qed.

(** On the teacher's side of x*, one step is known exactly ... *)
Variables (gamma lam : R) (theta x : vector).
Hypothesis x_nonneg : 0 <= x O.
Hypothesis bias_forward : 0 <= lam * (mu * theta O).
Hypothesis noise_forward : 0 <= s - lam * (c * Rabs (theta O) + s).
Notation k := (k 2 1 G theta lam).
Notation a := (a 2 1 G xs theta lam).
Notation A := (A gamma mu Lcal).
Notation W k := ((gamma * (k * (1 - gamma * mu) + gamma * (a * c))) ^ 2).

Theorem reading_one_step_is : average 2 (fun n => distance 1 xs (step G theta gamma lam n x))
  = ((1 - gamma * mu) * x O + gamma * k) ^ 2 + gamma ^ 2 * (c * x O + a) ^ 2.
Proof. exact (Attained.one_step_is mu c s gamma lam theta x x_nonneg bias_forward noise_forward). Qed.

(** ... and meets the bound with equality at x = sqrt W/(A - rate), at every rate. *)
Theorem reading_sharp_is_attained rate : 0 < gamma -> gamma * mu <= 1 -> rate < A -> x O = sqrt (W k) / (A - rate) ->
  average 2 (fun n => distance 1 xs (step G theta gamma lam n x))
  = (1 - rate) * distance 1 xs x + gamma ^ 2 * (k ^ 2 + a ^ 2) + W k / (A - rate).
Proof. intros Hg. exact (Attained.sharp_is_attained mu c s mu_positive c_nonneg gamma lam theta x Hg x_nonneg bias_forward noise_forward rate). Qed.

Theorem reading_unbiased_sharp_is_attained rate : 0 < gamma -> rate < A -> x O = sqrt ((gamma * (gamma * (a * c))) ^ 2) / (A - rate) ->
  average 2 (fun n => distance 1 xs (unbiased_step 2 G theta gamma lam n x))
  = (1 - rate) * distance 1 xs x + gamma ^ 2 * a ^ 2 + (gamma * (gamma * (a * c))) ^ 2 / (A - rate).
Proof.
  intros Hg Hr Hx. replace (gamma ^ 2 * a ^ 2) with (gamma ^ 2 * (0 ^ 2 + a ^ 2)) by ring.
  replace ((gamma * (gamma * (a * c))) ^ 2) with ((gamma * (0 * (1 - gamma * mu) + gamma * (a * c))) ^ 2) in * by ring.
  exact (Attained.unbiased_sharp_is_attained mu c s mu_positive c_nonneg gamma lam theta x Hg x_nonneg noise_forward rate Hr Hx).
Qed.
End Attained.

(** [paths], defined step by step, is the average over all N^t sequences of indices: number j < N^t has the digits of j to the base N,
    and every sequence has exactly one number. *)
Fixpoint along (step : nat -> vector -> vector) (i : nat -> nat) (t : nat) (x : vector) : vector :=
  match t with O => x | S t' => along step (fun s => i (S s)) t' (step (i O) x) end.
Definition index (N j s : nat) : nat := ((j / N ^ s) mod N)%nat.

Theorem reading_average_over_paths N step t phi x : (0 < N)%nat ->
  paths N step t phi x = average (N ^ t) (fun j => phi (along step (index N j) t x)).
Proof. exact (Paths.average_over_paths N step t phi x). Qed.

Theorem reading_every_path_once N t : (0 < N)%nat -> forall i, (forall s, (s < t)%nat -> (i s < N)%nat) ->
  exists j, (j < N ^ t)%nat /\ (forall s, (s < t)%nat -> index N j s = i s) /\
    forall j', (j' < N ^ t)%nat -> (forall s, (s < t)%nat -> index N j' s = i s) -> j' = j.
Proof. exact (Paths.every_path_once N t). Qed.
