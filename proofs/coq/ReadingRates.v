(** A second reading, continued: every admissible rate, every horizon, step sizes and weights that change with time, the floors of the
    envelopes, and the chain envelope <= sharp <= refined; from the sums of [Reading] alone. *)

Require Import Reals Lra.
Require Import KDTheory.Reading.
Require KDTheory.Horizon KDTheory.Decreasing KDTheory.Chain.
Open Scope R_scope.

(** The mean of phi(x^t) over all index sequences when step j is [steps j]; psi_{t-1}(... psi_0(s)). *)
Fixpoint paths_of (N : nat) (steps : nat -> nat -> vector -> vector) (t : nat) (phi : vector -> R) (x : vector) : R :=
  match t with O => phi x | S t' => average N (fun n => paths_of N (fun j => steps (S j)) t' phi (steps O n x)) end.
Fixpoint one_after_another (psis : nat -> R -> R) (t : nat) (s : R) : R :=
  match t with O => s | S t' => one_after_another (fun j => psis (S j)) t' (psis O s) end.

(** (1 - rate)^t s + T (1 + (1-rate) + ... + (1-rate)^(t-1)), T = U + W/(A - rate): rate 0 is allowed. *)
Definition bound_at (A U W rate : R) (t : nat) (s : R) := (1 - rate) ^ t * s + (U + W / (A - rate)) * total t (fun j => (1 - rate) ^ j).

(** Where psi ends: its fixed point, or that of the tangent at the least rate. *)
Definition fixed_point (A U W : R) := (sqrt (U * A + W) + sqrt W) ^ 2 / A ^ 2.
Definition floor (A U W least : R) :=
  if Rle_dec (W / (A - least) ^ 2) (fixed_point A U W) then fixed_point A U W else (U + W / (A - least)) / least.

Theorem reading_floor_is_fixed A U W least : 0 < A -> 0 <= U -> 0 <= W -> W / (A - least) ^ 2 <= fixed_point A U W ->
  psi A U W least (fixed_point A U W) = fixed_point A U W.
Proof. intros H0 H1 H2 H. exact (Envelope.floor_is_fixed A U W least H0 H1 H2 H). Qed.

Theorem reading_envelope_limit A U W least s : 0 < A <= 1 -> 0 <= U -> 0 <= W -> 0 <= least < A -> 0 <= s ->
  Un_cv (fun t => times (psi A U W least) t s) (floor A U W least).
Proof. intros H0 H1 H2 H3 H. exact (Limit.envelope_limit A U W least s H0 H1 H2 H3 H). Qed.

Theorem reading_envelope_below_every_rate A U W least rate : 0 <= U -> 0 <= W -> least <= rate < A -> A <= 1 -> forall t s, 0 <= s ->
  times (psi A U W least) t s <= bound_at A U W rate t s.
Proof. intros H0 H1 H2 H. exact (Chain.envelope_below_every_rate A U W least rate H0 H1 H2 H). Qed.

Section Reading.
Variables (N d : nat) (f : nat -> vector -> R) (G : nat -> vector -> vector) (xs theta : vector).
Hypothesis some_terms : (0 < N)%nat.
Hypothesis minimiser_is_stationary : forall i, (i < d)%nat -> average N (fun n => G n xs i) = 0.
Variables gamma mu L Lcal lam : R.
Let taught : nat -> vector := fun n => G n theta.
Let problem : Setting.problem := Setting.Build_problem N d some_terms f G xs minimiser_is_stationary.

Notation distance := (distance d xs).
Notation suboptimality := (suboptimality N f xs).
Notation step := (step G theta gamma lam).
Notation unbiased_step := (unbiased_step N G theta gamma lam).
Notation k := (k N d G theta lam).
Notation A := (A gamma mu Lcal).
Notation U k := (U N d G xs theta gamma lam k).
Notation W := (W N d G xs theta gamma mu Lcal lam).
Notation W_noise k := (W_noise N d G xs theta gamma mu Lcal lam k).
Notation least := (least N d G xs theta gamma mu Lcal lam).
Notation A_pl := (A_pl gamma mu L Lcal).
Notation U_pl k := (U_pl N d G xs theta gamma L lam k).
Notation W_pl k := (W_pl N d G xs theta gamma mu L Lcal lam k).

Section StronglyConvex.
Hypothesis setting : strongly_convex_setting N d f G xs gamma mu Lcal.
Hypothesis range : gamma < 1 / Lcal.

(** One step. *)
Theorem reading_theorem_1_rate rate x : least <= rate < A ->
  average N (fun n => distance (step n x)) <= (1 - rate) * distance x + U k + W / (A - rate).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5).
  exact (Sharp.theorem_1_rate problem taught gamma mu Lcal lam H0 H1 H2 H3 H4 H5 range rate x H).
Qed.

Theorem reading_unbiased_rate_bound rate x : gamma * mu <= rate < A ->
  average N (fun n => distance (unbiased_step n x)) <= (1 - rate) * distance x + U 0 + W_noise 0 / (A - rate).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5).
  exact (Sharp.unbiased_rate_bound problem taught gamma mu Lcal lam H0 H1 H2 H3 H4 H5 range rate x H).
Qed.

(** Every horizon. *)
Theorem reading_theorem_1_any_rate rate : least <= rate < A -> forall t x,
  paths N step t distance x <= bound_at A (U k) W rate t (distance x).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5).
  exact (Horizon.theorem_1_any_rate problem taught gamma mu lam H1 H2 Lcal H0 H3 H4 H5 range rate H).
Qed.

Theorem reading_unbiased_any_rate rate : gamma * mu <= rate < A -> forall t x,
  paths N unbiased_step t distance x <= bound_at A (U 0) (W_noise 0) rate t (distance x).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5).
  exact (Horizon.unbiased_any_rate problem taught gamma mu lam H1 H2 Lcal H0 H3 H4 H5 range rate H).
Qed.

Theorem reading_theorem_1_floor s : 0 <= s -> Un_cv (fun t => times (psi A (U k) W least) t s) (floor A (U k) W least).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5).
  exact (Horizon.theorem_1_floor problem taught gamma mu lam H1 H2 Lcal H0 H3 H4 H5 range s H).
Qed.

Theorem reading_unbiased_floor s : 0 <= s ->
  Un_cv (fun t => times (psi A (U 0) (W_noise 0) (gamma * mu)) t s) (floor A (U 0) (W_noise 0) (gamma * mu)).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5).
  exact (Horizon.unbiased_floor problem taught gamma mu lam H1 H2 Lcal H0 H3 H4 H5 range s H).
Qed.

(** The sharp constant is below the refined one. *)
Theorem reading_sharp_below_refined_constant : 2 * gamma * Lcal < 1 ->
  U k + W / (A - gamma * mu) <= 2 * gamma ^ 2 * N_ N d G xs theta lam (1 / (2 * gamma * mu * (1 - 2 * gamma * Lcal))).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5).
  exact (Chain.sharp_below_refined_constant problem taught gamma mu Lcal lam H1 H2 H0 H3 H4 H5 H).
Qed.
End StronglyConvex.

Section PolyakLojasiewicz.
Hypothesis setting : pl_setting N d f G xs gamma mu L Lcal.

Theorem reading_theorem_2_rate rate x : 0 <= rate < A_pl ->
  average N (fun n => suboptimality (step n x)) <= (1 - rate) * suboptimality x + U_pl k + W_pl k / (A_pl - rate).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7).
  exact (Sharp.theorem_2_rate problem taught gamma mu L Lcal lam H0 H1 H2 H3 H4 H5 H6 H7 rate x H).
Qed.

Theorem reading_unbiased_pl_rate_bound rate x : 0 <= rate < A_pl ->
  average N (fun n => suboptimality (unbiased_step n x)) <= (1 - rate) * suboptimality x + U_pl 0 + W_pl 0 / (A_pl - rate).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7).
  exact (Sharp.unbiased_pl_rate_bound problem taught gamma mu L Lcal lam H0 H1 H2 H3 H4 H5 H6 H7 rate x H).
Qed.

Hypothesis range : gamma < 2 * mu / (L * Lcal).

Theorem reading_theorem_2_any_rate rate : 0 <= rate < A_pl -> forall t x,
  paths N step t suboptimality x <= bound_at A_pl (U_pl k) (W_pl k) rate t (suboptimality x).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7).
  exact (Horizon.theorem_2_any_rate problem taught gamma mu lam H0 H1 L Lcal H2 H3 H4 H5 H6 H7 range rate H).
Qed.

Theorem reading_unbiased_pl_any_rate rate : 0 <= rate < A_pl -> forall t x,
  paths N unbiased_step t suboptimality x <= bound_at A_pl (U_pl 0) (W_pl 0) rate t (suboptimality x).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7).
  exact (Horizon.unbiased_pl_any_rate problem taught gamma mu lam H0 H1 L Lcal H2 H3 H4 H5 H6 H7 range rate H).
Qed.

Theorem reading_theorem_2_floor s : 0 <= s -> Un_cv (fun t => times (psi A_pl (U_pl k) (W_pl k) 0) t s) (floor A_pl (U_pl k) (W_pl k) 0).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7).
  exact (Horizon.theorem_2_floor problem taught gamma mu lam H0 H1 L Lcal H2 H3 H4 H5 H6 H7 range s H).
Qed.

Theorem reading_unbiased_pl_floor s : 0 <= s ->
  Un_cv (fun t => times (psi A_pl (U_pl 0) (W_pl 0) 0) t s) (floor A_pl (U_pl 0) (W_pl 0) 0).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7).
  exact (Horizon.unbiased_pl_floor problem taught gamma mu lam H0 H1 L Lcal H2 H3 H4 H5 H6 H7 range s H).
Qed.

Theorem reading_sharp_below_refined_constant_pl : 2 * L * gamma * Lcal < mu ->
  U_pl k + W_pl k / (A_pl - gamma * mu) <=
    L * gamma ^ 2 * N_ N d G xs theta lam (1 / (2 * L * gamma * (1 - 2 * L * gamma * Lcal / mu))).
Proof.
  intros H. destruct setting as (H0 & H1 & H2 & H3 & H4 & H5 & H6 & H7).
  exact (Chain.sharp_below_refined_constant_pl problem taught gamma mu Lcal lam H0 H1 L H2 H3 H4 H5 H6 H7 H).
Qed.
End PolyakLojasiewicz.

End Reading.

(** Step sizes and weights that change with time. *)
Section Decreasing.
Variables (N d : nat) (f : nat -> vector -> R) (G : nat -> vector -> vector) (xs theta : vector).
Hypothesis some_terms : (0 < N)%nat.
Hypothesis minimiser_is_stationary : forall i, (i < d)%nat -> average N (fun n => G n xs i) = 0.
Variables (gam lam : nat -> R) (mu L Lcal : R).
Hypothesis positive_steps : forall j, 0 < gam j.
Let taught : nat -> vector := fun n => G n theta.
Let problem : Setting.problem := Setting.Build_problem N d some_terms f G xs minimiser_is_stationary.

Notation distance := (distance d xs).
Notation suboptimality := (suboptimality N f xs).
Notation steps := (fun j => step G theta (gam j) (lam j)).
Notation unbiased_steps := (fun j => unbiased_step N G theta (gam j) (lam j)).
Notation psi_1 gamma lam :=
  (psi (A gamma mu Lcal) (U N d G xs theta gamma lam (k N d G theta lam)) (W N d G xs theta gamma mu Lcal lam) (least N d G xs theta gamma mu Lcal lam)).
Notation psi_1_unbiased gamma lam :=
  (psi (A gamma mu Lcal) (U N d G xs theta gamma lam 0) (W_noise N d G xs theta gamma mu Lcal lam 0) (gamma * mu)).
Notation psi_2 gamma lam :=
  (psi (A_pl gamma mu L Lcal) (U_pl N d G xs theta gamma L lam (k N d G theta lam)) (W_pl N d G xs theta gamma mu L Lcal lam (k N d G theta lam)) 0).
Notation psi_2_unbiased gamma lam :=
  (psi (A_pl gamma mu L Lcal) (U_pl N d G xs theta gamma L lam 0) (W_pl N d G xs theta gamma mu L Lcal lam 0) 0).
Definition strongly_convex := (0 < d)%nat /\ 0 < mu /\ A1 N d f G xs mu /\ A1' N d f xs mu /\ A3 N d f G xs Lcal.
Definition polyak_lojasiewicz := 0 < mu /\ 0 < L /\ smooth N d f G L /\ minimal N f xs /\ PL N d f G xs mu /\ A3 N d f G xs Lcal /\
  exists x, 0 < suboptimality x.

Theorem reading_theorem_1_decreasing : strongly_convex -> (forall j, gam j <= 1 / (4 * Lcal)) -> forall t x,
  paths_of N steps t distance x <= one_after_another (fun j s =>
    (1 - gam j * mu) * s + 2 * gam j ^ 2 * N_ N d G xs theta (lam j) (1 / (gam j * mu))) t (distance x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4) H.
  exact (Decreasing.theorem_1_decreasing problem taught gam lam positive_steps mu Lcal H0 H1 H2 H3 H4 H).
Qed.

Theorem reading_theorem_1_envelope_decreasing : strongly_convex -> (forall j, gam j < 1 / Lcal) -> forall t x,
  paths_of N steps t distance x <= one_after_another (fun j => psi_1 (gam j) (lam j)) t (distance x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4) H.
  exact (Decreasing.theorem_1_envelope_decreasing problem taught gam lam positive_steps mu Lcal H0 H1 H2 H3 H4 H).
Qed.

Theorem reading_unbiased_envelope_decreasing : strongly_convex -> (forall j, gam j < 1 / Lcal) -> forall t x,
  paths_of N unbiased_steps t distance x <= one_after_another (fun j => psi_1_unbiased (gam j) (lam j)) t (distance x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4) H.
  exact (Decreasing.unbiased_envelope_decreasing problem taught gam lam positive_steps mu Lcal H0 H1 H2 H3 H4 H).
Qed.

Theorem reading_theorem_2_envelope_decreasing : polyak_lojasiewicz -> (forall j, gam j < 2 * mu / (L * Lcal)) -> forall t x,
  paths_of N steps t suboptimality x <= one_after_another (fun j => psi_2 (gam j) (lam j)) t (suboptimality x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5 & H6) H.
  exact (Decreasing.theorem_2_envelope_decreasing problem taught gam lam positive_steps mu L Lcal H0 H1 H2 H3 H4 H5 H6 H).
Qed.

Theorem reading_unbiased_pl_envelope_decreasing : polyak_lojasiewicz -> (forall j, gam j < 2 * mu / (L * Lcal)) -> forall t x,
  paths_of N unbiased_steps t suboptimality x <= one_after_another (fun j => psi_2_unbiased (gam j) (lam j)) t (suboptimality x).
Proof.
  intros (H0 & H1 & H2 & H3 & H4 & H5 & H6) H.
  exact (Decreasing.unbiased_pl_envelope_decreasing problem taught gam lam positive_steps mu L Lcal H0 H1 H2 H3 H4 H5 H6 H).
Qed.
End Decreasing.
