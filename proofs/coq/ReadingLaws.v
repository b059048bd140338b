(** A second reading, continued: how many steps the best schedule takes, when to stop distilling, and the renewed teacher; from sums alone. *)

Require Import Reals Lra.
Require Import KDTheory.Reading.
Require KDTheory.Steps KDTheory.Laws.
Open Scope R_scope.

(** Without bias: the signal is mu sqrt s, the noise q mu sqrt s + a, and t the first time at which the bound is at most s. *)
Section StepsNeeded.
Variables mu q a s0 s log : R.   (* log = ln(s0/s) *)
Definition least_next (s : R) := s / (1 + (mu * sqrt s / (q * (mu * sqrt s) + a)) ^ 2).
Definition steps_low := q ^ 2 * log + 4 * q * a / mu * (1 / sqrt s - 1 / sqrt s0) + a ^ 2 / mu ^ 2 * (1 / s - 1 / s0).

Theorem reading_steps_needed t : 0 < mu -> 0 <= q -> 0 < a -> 0 < s -> s <= s0 -> exp log = s0 / s ->
  times least_next t s0 <= s -> (forall j, (j < t)%nat -> s < times least_next j s0) -> 0 <= INR t - steps_low <= log + 1.
Proof. intros H0 H1 H2. exact (Steps.steps_needed mu q a H0 H1 H2 s0 s t log). Qed.
End StepsNeeded.

(** The weight lam has the bias h lam and the noise sqrt(sigma^2 - 2 lam p + lam^2 V). *)
Section Stop.
Variables sigma V h p q u : R.
Definition noise_at (lam : R) := sqrt (sigma ^ 2 - 2 * lam * p + lam ^ 2 * V).
Definition SNR_at (lam : R) := (u - h * lam) / (q * u + noise_at lam).
Definition signal_stop := h * sigma ^ 2 / (p - h * sigma * q).

Theorem reading_stop_distilling : 0 < sigma -> 0 < h -> 0 <= q -> 0 < V -> p ^ 2 <= sigma ^ 2 * V -> h * sigma * q < p -> 0 < u ->
  (u <= signal_stop -> forall lam, 0 <= lam -> 0 < q * u + noise_at lam -> SNR_at lam <= SNR_at 0) /\
  (signal_stop < u -> exists lam, 0 < lam /\ 0 < noise_at lam /\ SNR_at 0 < SNR_at lam).
Proof. intros H0 H1 H2 H3 H4 H5. exact (Steps.stop_distilling sigma V h p q H0 H1 H2 H3 H4 H5 u). Qed.
End Stop.

(** M equally likely states (e, eta) of student and teacher, each relative to x*; N equally likely noises. *)
Section Renewed.
Variables (M N : nat) (e eta z : nat -> R) (yh alpha lam a : R).
Definition student m n := (1 - yh) * e m + yh * lam * eta m - (1 - lam) * z n.
Definition teacher m n := (1 - alpha) * eta m + alpha * student m n.

Theorem reading_renewed_teacher : (0 < M)%nat -> (0 < N)%nat -> average N z = 0 -> average N (fun n => z n ^ 2) = a ^ 2 ->
  0 < yh -> 0 < alpha <= 1 -> lam <> 1 -> 0 < 4 - 2 * alpha - 2 * yh + alpha * yh + alpha * lam * yh ->
  average M (fun m => average N (fun n => student m n ^ 2)) = average M (fun m => e m ^ 2) ->
  average M (fun m => average N (fun n => student m n * teacher m n)) = average M (fun m => e m * eta m) ->
  average M (fun m => average N (fun n => teacher m n ^ 2)) = average M (fun m => eta m ^ 2) ->
  average M (fun m => e m ^ 2) = a ^ 2 * (1 - lam) * (2 * (alpha + yh * (1 - lam)) - alpha ^ 2 - 3 * alpha * yh + 2 * alpha * lam * yh + alpha ^ 2 * yh)
    / (yh * (alpha + yh - alpha * yh) * (4 - 2 * alpha - 2 * yh + alpha * yh + alpha * lam * yh)).
Proof. exact (Laws.renewed_teacher M N e eta z yh alpha lam a). Qed.
End Renewed.
