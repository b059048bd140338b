(** A second reading, continued: the SNR law and the best schedule; from the sums of [Reading] alone. *)

Require Import Reals Lra.
Require Import KDTheory.Reading KDTheory.ReadingRates.
Require KDTheory.BestSchedule KDTheory.Laws.
Open Scope R_scope.

(** Increasing bounds psi_i, and best s their greatest lower bound at s > 0: no choices have a smaller bound than [best] again and again. *)
Theorem reading_greedy_is_best (choice : Type) (psi : choice -> R -> R) (best : R -> R) :
  (forall i s s', 0 < s <= s' -> psi i s <= psi i s') -> (forall i s, 0 < s -> best s <= psi i s) ->
  (forall s eps, 0 < s -> 0 < eps -> exists i, psi i s <= best s + eps) -> (forall s, 0 < s -> 0 < best s) ->
  forall t choices s s', 0 < s <= s' -> times best t s <= one_after_another (fun j => psi (choices j)) t s'.
Proof. intros H0 H1 H2 H3. exact (BestSchedule.greedy_is_best choice psi best H0 H1 H2 H3). Qed.

Section Reading.
Variables (N d : nat) (f : nat -> vector -> R) (G : nat -> vector -> vector) (xs theta : vector).
Hypothesis some_terms : (0 < N)%nat.
Hypothesis minimiser_is_stationary : forall i, (i < d)%nat -> average N (fun n => G n xs i) = 0.
Variables mu L Lcal : R.
Let taught : nat -> vector := fun n => G n theta.
Let problem : Setting.problem := Setting.Build_problem N d some_terms f G xs minimiser_is_stationary.

Notation distance := (distance d xs).
Notation suboptimality := (suboptimality N f xs).
Notation k lam := (k N d G theta lam).
Notation a lam := (a N d G xs theta lam).
Notation c := (c mu Lcal).
Notation q := (q mu Lcal).
Notation psi_1 gamma lam :=
  (psi (A gamma mu Lcal) (U N d G xs theta gamma lam (k lam)) (W N d G xs theta gamma mu Lcal lam) (least N d G xs theta gamma mu Lcal lam)).
Notation psi_1_unbiased gamma lam :=
  (psi (A gamma mu Lcal) (U N d G xs theta gamma lam 0) (W_noise N d G xs theta gamma mu Lcal lam 0) (gamma * mu)).
Notation psi_2 gamma lam :=
  (psi (A_pl gamma mu L Lcal) (U_pl N d G xs theta gamma L lam (k lam)) (W_pl N d G xs theta gamma mu L Lcal lam (k lam)) 0).
Notation strongly_convex := (strongly_convex N d f G xs mu Lcal).
Notation polyak_lojasiewicz := (polyak_lojasiewicz N d f G xs mu L Lcal).

(** Signal above the bias, noise, SNR, the step. *)
Notation delta lam s := (mu * sqrt s - k lam).
Notation n lam s := (c * sqrt s + a lam).
Definition SNR (lam s : R) := Rmax 0 (delta lam s) / n lam s.
Definition best_gamma (lam s : R) := sqrt s * delta lam s / (delta lam s ^ 2 + n lam s ^ 2).

Theorem reading_snr_lower gamma lam s : strongly_convex -> 0 < gamma -> gamma < 1 / Lcal -> 0 <= s -> 0 < n lam s ->
  s / (1 + SNR lam s ^ 2) <= psi_1 gamma lam s.
Proof. intros (H0 & H1 & H2 & H3 & H4). exact (BestSchedule.snr_lower problem taught mu Lcal H0 H1 H2 H3 H4 gamma lam s). Qed.

Theorem reading_snr_reached lam s : strongly_convex -> 0 <= s -> 0 < delta lam s -> k lam * delta lam s < a lam * n lam s ->
  0 < best_gamma lam s /\ best_gamma lam s < 1 / Lcal /\ psi_1 (best_gamma lam s) lam s = s / (1 + SNR lam s ^ 2).
Proof. intros (H0 & H1 & H2 & H3 & H4). exact (BestSchedule.snr_reached problem taught mu Lcal H0 H1 H2 H3 H4 lam s). Qed.

Theorem reading_snr_step lam s : strongly_convex -> 0 <= s -> 0 < delta lam s -> k lam * delta lam s < a lam * n lam s ->
  (0 < best_gamma lam s /\ best_gamma lam s < 1 / Lcal) /\ psi_1 (best_gamma lam s) lam s = s / (1 + SNR lam s ^ 2) /\
  forall gamma, 0 < gamma -> gamma < 1 / Lcal -> s / (1 + SNR lam s ^ 2) <= psi_1 gamma lam s.
Proof. intros (H0 & H1 & H2 & H3 & H4). exact (Laws.snr_step problem taught mu Lcal lam s H0 H1 H2 H3 H4). Qed.

Theorem reading_snr_schedule lam s x : strongly_convex -> s O = distance x -> (forall j, s (S j) = s j / (1 + SNR (lam j) (s j) ^ 2)) ->
  (forall j, 0 < delta (lam j) (s j) /\ k (lam j) * delta (lam j) (s j) < a (lam j) * n (lam j) (s j)) -> forall t,
  paths_of N (fun j => step G theta (best_gamma (lam j) (s j)) (lam j)) t distance x <= s t.
Proof. intros (H0 & H1 & H2 & H3 & H4). exact (BestSchedule.snr_schedule problem taught mu Lcal H0 H1 H2 H3 H4 lam s x). Qed.

Theorem reading_schedule_is_best lam_of : strongly_convex ->
  (forall s, 0 < s -> 0 < delta (lam_of s) s /\ k (lam_of s) * delta (lam_of s) s < a (lam_of s) * n (lam_of s) s) ->
  (forall s lam, 0 < s -> 0 < n lam s /\ SNR lam s <= SNR (lam_of s) s) ->
  forall gam lam, (forall j, 0 < gam j < 1 / Lcal) -> forall t s, 0 < s ->
  times (fun s => s / (1 + SNR (lam_of s) s ^ 2)) t s <= one_after_another (fun j => psi_1 (gam j) (lam j)) t s.
Proof. intros (H0 & H1 & H2 & H3 & H4). exact (BestSchedule.schedule_is_best problem taught mu Lcal H0 H1 H2 H3 H4 lam_of). Qed.

(** Without bias. *)
Definition law (lam s : R) := s / (1 + (mu * sqrt s / n lam s) ^ 2).
Definition law_gamma (lam s : R) := mu * s / (mu ^ 2 * s + n lam s ^ 2).

Theorem reading_law_in_inverses lam s : strongly_convex -> 0 < a lam -> 0 < s -> / law lam s = / s + mu ^ 2 / n lam s ^ 2.
Proof. intros (H0 & H1 & H2 & H3 & H4) Ha. exact (BestSchedule.law_in_inverses problem taught mu Lcal H0 H1 H2 H3 H4 lam Ha s). Qed.

Theorem reading_unbiased_snr_schedule lam t x : strongly_convex -> 0 < a lam -> 0 < distance x ->
  paths_of N (fun j => unbiased_step N G theta (law_gamma lam (times (law lam) j (distance x))) lam) t distance x <= times (law lam) t (distance x).
Proof. intros (H0 & H1 & H2 & H3 & H4) Ha. exact (BestSchedule.unbiased_snr_schedule problem taught mu Lcal H0 H1 H2 H3 H4 lam Ha t x). Qed.

Theorem reading_unbiased_schedule_is_best lam : strongly_convex -> 0 < a lam -> (forall l, a lam <= a l) ->
  forall gam weights, (forall j, 0 < gam j < 1 / Lcal) -> forall t s, 0 < s ->
  times (law lam) t s <= one_after_another (fun j => psi_1_unbiased (gam j) (weights j)) t s.
Proof. intros (H0 & H1 & H2 & H3 & H4) Ha. exact (BestSchedule.unbiased_schedule_is_best problem taught mu Lcal H0 H1 H2 H3 H4 lam Ha). Qed.

(** PL. *)
Notation delta_pl lam s := (sqrt (2 * mu * s) - k lam).
Notation n_pl lam s := (q * sqrt (2 * mu * s) + a lam).
Definition SNR_pl (lam s : R) := Rmax 0 (delta_pl lam s) / n_pl lam s.
Definition best_gamma_pl (lam s : R) := sqrt (2 * mu * s) * delta_pl lam s / (L * (delta_pl lam s ^ 2 + n_pl lam s ^ 2)).
Definition law_pl (lam s : R) := s * (1 - mu / L * (SNR_pl lam s ^ 2 / (1 + SNR_pl lam s ^ 2))).

Theorem reading_snr_lower_pl gamma lam s : polyak_lojasiewicz -> 0 < gamma -> gamma < 2 * mu / (L * Lcal) -> 0 <= s -> 0 < n_pl lam s ->
  law_pl lam s <= psi_2 gamma lam s.
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5 & H6). exact (BestSchedule.snr_lower_pl problem taught mu L Lcal H0 H1 H4 H5 H6 gamma lam s). Qed.

Theorem reading_snr_reached_pl lam s : polyak_lojasiewicz -> 0 <= s -> 0 < delta_pl lam s -> 0 < n_pl lam s ->
  k lam * delta_pl lam s <= n_pl lam s ^ 2 ->
  0 < best_gamma_pl lam s /\ best_gamma_pl lam s < 2 * mu / (L * Lcal) /\ psi_2 (best_gamma_pl lam s) lam s = law_pl lam s.
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5 & H6). exact (BestSchedule.snr_reached_pl problem taught mu L Lcal H0 H1 H4 H5 H6 lam s). Qed.

Theorem reading_snr_step_pl lam s : polyak_lojasiewicz -> 0 <= s -> 0 < delta_pl lam s -> 0 < n_pl lam s ->
  k lam * delta_pl lam s <= n_pl lam s ^ 2 ->
  (0 < best_gamma_pl lam s /\ best_gamma_pl lam s < 2 * mu / (L * Lcal)) /\ psi_2 (best_gamma_pl lam s) lam s = law_pl lam s /\
  forall gamma, 0 < gamma -> gamma < 2 * mu / (L * Lcal) -> law_pl lam s <= psi_2 gamma lam s.
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5 & H6). exact (Laws.snr_step_pl problem taught mu L Lcal lam s H0 H1 H4 H5 H6). Qed.

Theorem reading_snr_schedule_pl lam s x : polyak_lojasiewicz -> s O = suboptimality x -> (forall j, s (S j) = law_pl (lam j) (s j)) ->
  (forall j, 0 < delta_pl (lam j) (s j) /\ 0 < n_pl (lam j) (s j) /\ k (lam j) * delta_pl (lam j) (s j) <= n_pl (lam j) (s j) ^ 2) -> forall t,
  paths_of N (fun j => step G theta (best_gamma_pl (lam j) (s j)) (lam j)) t suboptimality x <= s t.
Proof. intros (H0 & H1 & H2 & H3 & H4 & H5 & H6). exact (BestSchedule.snr_schedule_pl problem taught mu L Lcal H0 H1 H2 H3 H4 H5 H6 lam s x). Qed.
End Reading.
