(** The horizon theorem: no strong convexity.  f needs to be convex at its minimiser only, <e,g> >= F; the teacher's bias is charged over
    the T steps that are made, 2 gamma lam <e,h> <= |e|^2/T + T gamma^2 lam^2 |h|^2, so kappa = T/2 in N(lam; kappa).  Any weight. *)

Require Export KDTheory.Envelope KDTheory.Weight.

(** ** Scalars: V_{t+1} <= w V_t - b F_t + C *)

Lemma accumulate (V F : nat -> R) w b C : 1 <= w -> 0 <= b -> 0 <= C -> (forall t, 0 <= F t) ->
  (forall t, V (S t) <= w * V t - b * F t + C) -> 0 <= V O ->
  forall t, V t + b * sum t F <= w ^ t * (V O + INR t * C).
Proof.
  intros Hw Hb HC HF Hstep HV t. induction t as [|t IH]; [simpl; lra|]. rewrite S_INR. simpl.
  pose proof (Hstep t) as Hs. pose proof (pow_R1_Rle w t Hw) as Hp. set (P := w ^ t) in *.
  assert (HS : 0 <= b * sum t F) by (apply Rmult_le_pos; [exact Hb|apply sum_nonneg; intros; apply HF]).
  assert (K1 : w * (V t + b * sum t F) <= w * (P * (V O + INR t * C))) by (apply Rmult_le_compat_l; [lra|exact IH]).
  assert (K2 : 1 * (b * sum t F) <= w * (b * sum t F)) by (apply Rmult_le_compat_r; assumption).
  assert (K3 : 1 * C <= w * P * C).
  { apply Rmult_le_compat_r; [exact HC|]. replace 1 with (1 * 1) by ring. apply Rmult_le_compat; lra. }
  lra.
Qed.

(** 1 + x <= exp x for x >= 0, from the series (the library's proof uses the excluded middle). *)
Lemma exp_above_line x : 0 <= x -> 1 + x <= exp x.
Proof.
  intros Hx. unfold exp. destruct (exist_exp x) as [l Hl]. simpl. apply Rnot_lt_le. intros Hlt.
  destruct (Hl (1 + x - l)) as [n0 Hn]; [lra|]. specialize (Hn (S n0) ltac:(lia)).
  assert (K : forall n, 1 + x <= sum_f_R0 (fun i => / INR (fact i) * x ^ i) (S n)).
  { induction n as [|n IH].
    - simpl. lra.
    - rewrite tech5. eapply Rle_trans; [exact IH|].
      assert (0 <= / INR (fact (S (S n))) * x ^ S (S n)); [|lra].
      apply Rmult_le_pos; [left; apply Rinv_0_lt_compat, INR_fact_lt_0|apply pow_le; exact Hx]. }
  specialize (K n0). unfold R_dist in Hn. apply Rabs_def2 in Hn. lra.
Qed.

(** (1 + 1/T)^t <= e for t <= T. *)
Lemma compound T t : (0 < T)%nat -> (t <= T)%nat -> 1 <= (1 + / INR T) ^ t <= exp 1.
Proof.
  intros HT Ht. assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT).
  assert (Hinv : 0 < / INR T) by (apply Rinv_0_lt_compat; exact HT0).
  split; [apply pow_R1_Rle; lra|].
  assert (K : forall j, (1 + / INR T) ^ j <= exp (INR j * / INR T)).
  { induction j as [|j IH]; [simpl; rewrite Rmult_0_l, exp_0; lra|].
    rewrite S_INR. replace ((INR j + 1) * / INR T) with (/ INR T + INR j * / INR T) by ring. rewrite exp_plus. simpl.
    pose proof (exp_above_line (/ INR T) ltac:(lra)). apply Rmult_le_compat; [lra|apply pow_le; lra|lra|exact IH]. }
  eapply Rle_trans; [apply K|]. set (y := INR t * / INR T).
  assert (Hy : y <= 1) by (unfold y; apply Rmult_le_reg_r with (INR T); [exact HT0|]; rewrite Rmult_assoc, Rinv_l, Rmult_1_r, Rmult_1_l by lra; apply le_INR; exact Ht).
  replace 1 with (y + (1 - y)) by ring. rewrite exp_plus. pose proof (exp_above_line (1 - y) ltac:(lra)). pose proof (exp_pos y).
  rewrite <- (Rmult_1_r (exp y)) at 1. apply Rmult_le_compat_l; lra.
Qed.

Section Convex.
Variables (Q : problem) (teacher : rvec).
Notation dist2 := (dist2 Q).
Notation gap := (gap Q).
Notation xs := (minimiser Q).
Notation P x := (at_point Q teacher x).
Notation E_t gamma lam t phi x0 := (expect (N Q) (distilled Q teacher gamma lam) t phi x0).
Notation E_t' gamma lam t phi x0 := (expect (N Q) (distilled_unbiased Q teacher gamma lam) t phi x0).

(** <x - x-star, grad f(x)> >= f(x) - f*; every convex f has it. *)
Definition convex_at_minimiser := forall x, gap x <= dot (d Q) (minus x xs) (grad Q x).
Definition convex_function := forall x y, value Q x + dot (d Q) (grad Q x) (minus y x) <= value Q y.

Lemma convex_gives : convex_function -> convex_at_minimiser /\ minimal Q.
Proof.
  intros H. destruct (strong_convexity_gives Q 0) as [H1 H2].
  - intros x y. specialize (H x y). lra.
  - split; intros x; [specialize (H1 x)|specialize (H2 x)]; unfold Setting.gap in *; lra.
Qed.

(** ** One step *)

Theorem horizon_one_step gamma Lcal lam T x : 0 < gamma -> 0 < T -> convex_at_minimiser -> A3 Q Lcal ->
  avg (N Q) (fun n => dist2 (distilled Q teacher gamma lam n x)) <=
    (1 + / T) * dist2 x - 2 * gamma * (1 - 2 * gamma * Lcal) * gap x + 2 * gamma ^ 2 * noise Q teacher lam (T / 2).
Proof.
  intros Hg HT H1 H3. specialize (H1 x). specialize (H3 x).
  rewrite <- (letter_e_g Q teacher) in H1. rewrite (smoothness_form Q teacher) in H3.
  rewrite (dist2_form Q teacher), <- (letter_e_e Q teacher x), noise_split, (centred_noise_form Q teacher x).
  unfold bias. rewrite <- (letter_h_h Q teacher x).
  pose proof (square (P x) (Linear 1 0 (- (T * gamma * lam)) 0 0 0 0)) as S1.
  pose proof (square (P x) (Linear 0 1 lam 0 1 (-2) lam)) as S2.
  assert (Hinv : 0 < / T) by (apply Rinv_0_lt_compat; exact HT).
  apply Rmult_le_pos with (1 := Rlt_le _ _ Hinv) in S1.
  apply Rmult_le_pos with (1 := pow2_ge_0 gamma) in S2.
  apply Rmult_le_compat_l with (r := 2 * gamma) in H1; [|lra].
  apply Rmult_le_compat_l with (r := 2 * gamma ^ 2) in H3; [|pose proof (pow2_ge_0 gamma); lra].
  unfold form, moved in *. simpl in *.
  assert (E1 : / T * (1 * 1 * e_e (P x) + (1 * 0 + 0 * 1) * e_g (P x) + (1 * - (T * gamma * lam) + - (T * gamma * lam) * 1) * e_h (P x)
    + - (T * gamma * lam) * - (T * gamma * lam) * h_h (P x))
    = / T * e_e (P x) - 2 * gamma * lam * e_h (P x) + T * (gamma * gamma) * (lam * lam) * h_h (P x)) by (field; lra).
  lra.
Qed.

Theorem unbiased_horizon_one_step gamma Lcal lam x : 0 < gamma -> convex_at_minimiser -> A3 Q Lcal ->
  avg (N Q) (fun n => dist2 (distilled_unbiased Q teacher gamma lam n x)) <=
    dist2 x - 2 * gamma * (1 - 2 * gamma * Lcal) * gap x + 2 * gamma ^ 2 * centred_noise Q teacher lam.
Proof.
  intros Hg H1 H3. specialize (H1 x). specialize (H3 x).
  rewrite <- (letter_e_g Q teacher) in H1. rewrite (smoothness_form Q teacher) in H3.
  rewrite (dist2_form_unbiased Q teacher), <- (letter_e_e Q teacher x), (centred_noise_form Q teacher x).
  pose proof (square (P x) (Linear 0 1 0 0 1 (-2) lam)) as S2.
  apply Rmult_le_pos with (1 := pow2_ge_0 gamma) in S2.
  apply Rmult_le_compat_l with (r := 2 * gamma) in H1; [|lra].
  apply Rmult_le_compat_l with (r := 2 * gamma ^ 2) in H3; [|pose proof (pow2_ge_0 gamma); lra].
  unfold form, moved_unbiased in *. simpl in *. lra.
Qed.

(** ** T steps *)

Section Steps.
Variables gamma Lcal lam : R.
Hypothesis Hg : 0 < gamma.
Hypothesis H1 : convex_at_minimiser.
Hypothesis Hmin : minimal Q.
Hypothesis H3 : A3 Q Lcal.
Hypothesis Hrange : 2 * gamma * Lcal < 1.
Notation b := (2 * gamma * (1 - 2 * gamma * Lcal)).

Lemma gap_is_nonneg x : 0 <= gap x.
Proof. unfold Setting.gap. specialize (Hmin x). lra. Qed.

Lemma gain_positive : 0 < b.
Proof. apply Rmult_lt_0_compat; lra. Qed.

Lemma noise_nonneg kappa : 0 <= kappa -> 0 <= noise Q teacher lam kappa.
Proof.
  intros Hk. rewrite noise_split. pose proof (centred_noise_nonneg Q teacher lam).
  assert (0 <= (1 + kappa) * bias Q teacher lam) by (apply Rmult_le_pos; [lra|apply bias_nonneg]). lra.
Qed.

(** What T steps cost altogether: distance left over, and all the gaps on the way. *)
Lemma after_steps step w C x0 : 1 <= w -> 0 <= C ->
  (forall x, avg (N Q) (fun n => dist2 (step n x)) <= w * dist2 x - b * gap x + C) ->
  forall t, expect (N Q) step t dist2 x0 + b * sum t (fun j => expect (N Q) step j gap x0) <= w ^ t * (dist2 x0 + INR t * C).
Proof.
  intros Hw HC Hstep t. pose proof gain_positive.
  apply (accumulate (fun j => expect (N Q) step j dist2 x0) (fun j => expect (N Q) step j gap x0) w b C Hw); try lra.
  - intros j. apply expect_nonneg, gap_is_nonneg.
  - intros j. rewrite expect_last.
    pose proof (expect_affine (N Q) step j w (- b) C dist2 gap x0 (N_pos Q)) as K.
    apply Rle_trans with (expect (N Q) step j (fun y => w * dist2 y + - b * gap y + C) x0); [|rewrite K; lra].
    apply expect_le. intros y. specialize (Hstep y). lra.
  - simpl. apply norm2_nonneg.
Qed.

Variable T : nat.
Hypothesis HT : (0 < T)%nat.
Notation N_T := (noise Q teacher lam (INR T / 2)).
Notation w := (1 + / INR T).

Lemma horizon_accumulated x0 t : (t <= T)%nat ->
  E_t gamma lam t dist2 x0 + b * sum t (fun j => E_t gamma lam j gap x0) <= w ^ t * (dist2 x0 + INR t * (2 * gamma ^ 2 * N_T)).
Proof.
  intros Ht. assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT).
  assert (Hinv : 0 < / INR T) by (apply Rinv_0_lt_compat; exact HT0).
  apply (after_steps (distilled Q teacher gamma lam) w (2 * gamma ^ 2 * N_T)).
  - lra.
  - pose proof (pow2_ge_0 gamma). apply Rmult_le_pos; [lra|apply noise_nonneg; lra].
  - intros x. apply (horizon_one_step gamma Lcal lam (INR T) x); assumption.
Qed.

(** The mean of E f(x^t) - f* over t < T; with the power of 1 + 1/T, then with e. *)
Theorem horizon_power x0 :
  / INR T * sum T (fun t => E_t gamma lam t gap x0) <=
    w ^ T * (dist2 x0 / (2 * gamma * (1 - 2 * gamma * Lcal) * INR T) + gamma * N_T / (1 - 2 * gamma * Lcal)).
Proof.
  assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT). pose proof gain_positive as Hb.
  pose proof (horizon_accumulated x0 T (le_n T)) as K.
  assert (HV : 0 <= E_t gamma lam T dist2 x0) by (apply expect_nonneg; intros; apply norm2_nonneg).
  apply Rmult_le_reg_l with (b * INR T); [apply Rmult_lt_0_compat; assumption|].
  replace (b * INR T * (/ INR T * sum T (fun t => E_t gamma lam t gap x0))) with (b * sum T (fun t => E_t gamma lam t gap x0)) by (field; lra).
  replace (b * INR T * (w ^ T * (dist2 x0 / (b * INR T) + gamma * N_T / (1 - 2 * gamma * Lcal))))
    with (w ^ T * (dist2 x0 + INR T * (2 * gamma ^ 2 * N_T))) by (field; repeat split; lra).
  lra.
Qed.

Theorem horizon x0 :
  / INR T * sum T (fun t => E_t gamma lam t gap x0) <=
    exp 1 * dist2 x0 / (2 * gamma * (1 - 2 * gamma * Lcal) * INR T) + exp 1 * gamma * N_T / (1 - 2 * gamma * Lcal).
Proof.
  assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT). pose proof gain_positive as Hb.
  eapply Rle_trans; [apply horizon_power|].
  replace (exp 1 * dist2 x0 / (b * INR T) + exp 1 * gamma * N_T / (1 - 2 * gamma * Lcal))
    with (exp 1 * (dist2 x0 / (b * INR T) + gamma * N_T / (1 - 2 * gamma * Lcal))) by (field; repeat split; lra).
  apply Rmult_le_compat_r; [|apply (compound T T HT (le_n T))].
  assert (0 <= dist2 x0 / (b * INR T)).
  { apply Rmult_le_pos; [apply norm2_nonneg|left; apply Rinv_0_lt_compat, Rmult_lt_0_compat; assumption]. }
  assert (0 <= gamma * N_T / (1 - 2 * gamma * Lcal)).
  { apply Rmult_le_pos; [apply Rmult_le_pos; [lra|apply noise_nonneg; lra]|left; apply Rinv_0_lt_compat; lra]. }
  lra.
Qed.

Theorem horizon_distance x0 t : (t <= T)%nat ->
  E_t gamma lam t dist2 x0 <= exp 1 * (dist2 x0 + 2 * INR T * gamma ^ 2 * N_T).
Proof.
  intros Ht. assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT). pose proof gain_positive as Hb.
  pose proof (horizon_accumulated x0 t Ht) as K. pose proof (compound T t HT Ht) as Hw.
  assert (HF : 0 <= b * sum t (fun j => E_t gamma lam j gap x0)).
  { apply Rmult_le_pos; [lra|]. apply sum_nonneg. intros. apply expect_nonneg, gap_is_nonneg. }
  assert (HC : 0 <= 2 * gamma ^ 2 * N_T) by (pose proof (pow2_ge_0 gamma); apply Rmult_le_pos; [lra|apply noise_nonneg; lra]).
  assert (Hs : INR t * (2 * gamma ^ 2 * N_T) <= INR T * (2 * gamma ^ 2 * N_T)) by (apply Rmult_le_compat_r; [exact HC|apply le_INR; exact Ht]).
  pose proof (norm2_nonneg (d Q) (minus x0 xs) : 0 <= dist2 x0) as HD.
  assert (Ht0 : 0 <= INR t * (2 * gamma ^ 2 * N_T)) by (apply Rmult_le_pos; [apply pos_INR|exact HC]).
  assert (w ^ t * (dist2 x0 + INR t * (2 * gamma ^ 2 * N_T)) <= exp 1 * (dist2 x0 + INR T * (2 * gamma ^ 2 * N_T)))
    by (apply Rmult_le_compat; lra).
  lra.
Qed.

(** ** The bias against the root of the distance: no factor e *)

Notation k := (sqrt (bias Q teacher lam)).
Notation a := (sqrt (centred_noise Q teacher lam)).
Notation added := (2 * gamma ^ 2 * (k ^ 2 + a ^ 2)).

Lemma square_root_of y : 0 <= y -> sqrt y ^ 2 = y.
Proof. intros. replace (sqrt y ^ 2) with (sqrt y * sqrt y) by ring. apply sqrt_sqrt. assumption. Qed.

(** alpha v + g^2/alpha for every alpha > 0 comes down to 2 g sqrt v. *)
Lemma best_charge X g v : 0 <= g -> 0 <= v -> (forall alpha, 0 < alpha -> X <= alpha * v + g ^ 2 / alpha) -> X <= 2 * g * sqrt v.
Proof.
  intros Hg0 Hv H. pose proof (sqrt_pos v) as Hr. pose proof (sqrt_sqrt v Hv) as Hrr.
  set (u := fun eps => 2 * (g + eps) * (sqrt v + eps)). replace (2 * g * sqrt v) with (u 0) by (unfold u; ring).
  apply le_limit; [unfold u; reg|]. intros eps He. unfold u.
  assert (Halpha : 0 < (g + eps) / (sqrt v + eps)) by (apply Rmult_lt_0_compat; [lra|apply Rinv_0_lt_compat; lra]).
  eapply Rle_trans; [apply (H _ Halpha)|].
  set (r := sqrt v) in *. clearbody r.
  apply Rle_trans with ((g + eps) / (r + eps) * ((r + eps) * (r + eps)) + (g + eps) ^ 2 / ((g + eps) / (r + eps))).
  - apply Rplus_le_compat.
    + apply Rmult_le_compat_l; [lra|]. rewrite <- Hrr. apply Rmult_le_compat; lra.
    + apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; exact Halpha|]. apply pow_incr. lra.
  - right. field. split; lra.
Qed.

(** V_{t+1} <= V_t + 2 g sqrt V_t - b F_t + C gives V_t + b sum F <= (sqrt (V_0 + t C) + g t)^2. *)
Lemma accumulate_root (V F : nat -> R) g C : 0 <= g -> 0 <= C -> (forall t, 0 <= V t) -> (forall t, 0 <= F t) ->
  (forall t, V (S t) <= V t + 2 * g * sqrt (V t) - b * F t + C) ->
  forall t, V t + b * sum t F <= (sqrt (V O + INR t * C) + g * INR t) ^ 2.
Proof.
  intros Hg0 HC HV HF Hstep t. pose proof gain_positive as Hb. induction t as [|t IH].
  - simpl. rewrite Rmult_0_l, Rmult_0_r, Rmult_0_r, !Rplus_0_r, Rmult_1_r. right. symmetry. apply sqrt_sqrt, HV.
  - rewrite S_INR. cbn [sum]. pose proof (pos_INR t) as Ht. set (u := INR t) in *.
    pose proof (HV O) as HV0. assert (HuC : 0 <= u * C) by (apply Rmult_le_pos; assumption).
    set (r := sqrt (V O + u * C)) in *. set (r' := sqrt (V O + (u + 1) * C)).
    assert (Hr : 0 <= r) by apply sqrt_pos. assert (Hrr : r * r = V O + u * C) by (apply sqrt_sqrt; lra).
    assert (Hr'r' : r' * r' = V O + (u + 1) * C) by (apply sqrt_sqrt; lra). assert (Hle : r <= r') by (apply sqrt_le_1; lra).
    assert (HS : 0 <= b * sum t F) by (apply Rmult_le_pos; [lra|apply sum_nonneg; intros; apply HF]).
    assert (Hgu : 0 <= g * u) by (apply Rmult_le_pos; assumption).
    assert (Hroot : sqrt (V t) <= r + g * u).
    { rewrite <- (sqrt_square (r + g * u)) by lra. apply sqrt_le_1; [apply HV|apply Rle_0_sqr|].
      replace ((r + g * u) * (r + g * u)) with ((r + g * u) ^ 2) by ring. lra. }
    assert (K : 2 * g * sqrt (V t) <= 2 * g * (r + g * u)) by (apply Rmult_le_compat_l; lra).
    specialize (Hstep t).
    assert (K1 : 0 <= 2 * g * ((r' - r) * (u + 1))) by (apply Rmult_le_pos; [lra|apply Rmult_le_pos; lra]).
    pose proof (pow2_ge_0 g).
    replace ((r' + g * (u + 1)) ^ 2) with ((r + g * u) ^ 2 + 2 * g * (r + g * u) + C + (2 * g * ((r' - r) * (u + 1)) + g ^ 2)).
    + lra.
    + transitivity ((r * r) + 2 * r * (g * u) + (g * u) ^ 2 + 2 * g * (r + g * u) + C + (2 * g * ((r' - r) * (u + 1)) + g ^ 2)); [ring|].
      rewrite Hrr. transitivity (r' * r' + 2 * r' * (g * (u + 1)) + (g * (u + 1)) ^ 2); [rewrite Hr'r'; ring|ring].
Qed.

Lemma added_nonneg : 0 <= added.
Proof.
  pose proof (pow2_ge_0 gamma). pose proof (pow2_ge_0 k). pose proof (pow2_ge_0 a). apply Rmult_le_pos; lra.
Qed.

(** One step on average, for every alpha; then the best one. *)
Lemma charged_step x0 t alpha : 0 < alpha ->
  E_t gamma lam (S t) dist2 x0 <=
    (1 + alpha) * E_t gamma lam t dist2 x0 - b * E_t gamma lam t gap x0 + (added + (gamma * k) ^ 2 / alpha).
Proof.
  intros Ha. rewrite expect_last.
  pose proof (expect_affine (N Q) (distilled Q teacher gamma lam) t (1 + alpha) (- b) (added + (gamma * k) ^ 2 / alpha) dist2 gap x0 (N_pos Q)) as K.
  apply Rle_trans with (E_t gamma lam t (fun y => (1 + alpha) * dist2 y + - b * gap y + (added + (gamma * k) ^ 2 / alpha)) x0); [|rewrite K; lra].
  apply expect_le. intros y.
  pose proof (horizon_one_step gamma Lcal lam (/ alpha) y Hg (Rinv_0_lt_compat alpha Ha) H1 H3) as K3. rewrite Rinv_inv, noise_split in K3.
  replace (2 * gamma ^ 2 * (centred_noise Q teacher lam + (1 + / alpha / 2) * bias Q teacher lam)) with (added + (gamma * k) ^ 2 / alpha) in K3; [lra|].
  rewrite Rpow_mult_distr, (square_root_of (bias Q teacher lam)), (square_root_of (centred_noise Q teacher lam))
    by (apply bias_nonneg || apply centred_noise_nonneg). field. lra.
Qed.

Theorem horizon_envelope x0 :
  / INR T * sum T (fun t => E_t gamma lam t gap x0) <=
    (sqrt (dist2 x0 + INR T * added) + gamma * k * INR T) ^ 2 / (2 * gamma * (1 - 2 * gamma * Lcal) * INR T).
Proof.
  assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT). pose proof gain_positive as Hb.
  pose proof (sqrt_pos (bias Q teacher lam)) as Hk. assert (Hgk : 0 <= gamma * k) by (apply Rmult_le_pos; lra).
  assert (HV : forall t, 0 <= E_t gamma lam t dist2 x0) by (intros; apply expect_nonneg; intros; apply norm2_nonneg).
  assert (Hstep : forall t, E_t gamma lam (S t) dist2 x0 <=
    E_t gamma lam t dist2 x0 + 2 * (gamma * k) * sqrt (E_t gamma lam t dist2 x0) - b * E_t gamma lam t gap x0 + added).
  { intros t. pose proof (best_charge (E_t gamma lam (S t) dist2 x0 - E_t gamma lam t dist2 x0 + b * E_t gamma lam t gap x0 - added)
      (gamma * k) _ Hgk (HV t)) as K.
    enough (E_t gamma lam (S t) dist2 x0 - E_t gamma lam t dist2 x0 + b * E_t gamma lam t gap x0 - added
      <= 2 * (gamma * k) * sqrt (E_t gamma lam t dist2 x0)) by lra.
    apply K. intros alpha Ha. pose proof (charged_step x0 t alpha Ha). lra. }
  pose proof (accumulate_root (fun t => E_t gamma lam t dist2 x0) (fun t => E_t gamma lam t gap x0) (gamma * k) added Hgk added_nonneg HV
    (fun t => expect_nonneg (N Q) _ t gap x0 gap_is_nonneg) Hstep T) as K. cbn [expect] in K.
  apply Rmult_le_reg_l with (b * INR T); [apply Rmult_lt_0_compat; assumption|].
  replace (b * INR T * (/ INR T * sum T (fun t => E_t gamma lam t gap x0))) with (b * sum T (fun t => E_t gamma lam t gap x0)) by (field; lra).
  replace (b * INR T * ((sqrt (dist2 x0 + INR T * added) + gamma * k * INR T) ^ 2 / (b * INR T)))
    with ((sqrt (dist2 x0 + INR T * added) + gamma * k * INR T) ^ 2) by (field; repeat split; lra).
  pose proof (HV T). lra.
Qed.

(** Unbiased distillation has nothing to charge: kappa = 0 with H - h in place of H, and no factor e. *)
Theorem unbiased_horizon x0 :
  / INR T * sum T (fun t => E_t' gamma lam t gap x0) <=
    dist2 x0 / (2 * gamma * (1 - 2 * gamma * Lcal) * INR T) + gamma * centred_noise Q teacher lam / (1 - 2 * gamma * Lcal).
Proof.
  assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT). pose proof gain_positive as Hb. pose proof (centred_noise_nonneg Q teacher lam) as HN.
  assert (HC : 0 <= 2 * gamma ^ 2 * centred_noise Q teacher lam) by (pose proof (pow2_ge_0 gamma); apply Rmult_le_pos; lra).
  pose proof (after_steps (distilled_unbiased Q teacher gamma lam) 1 _ x0 (Rle_refl 1) HC) as K.
  assert (HV : 0 <= E_t' gamma lam T dist2 x0) by (apply expect_nonneg; intros; apply norm2_nonneg).
  specialize (K ltac:(intros x; pose proof (unbiased_horizon_one_step gamma Lcal lam x Hg H1 H3); lra) T). rewrite pow1 in K.
  apply Rmult_le_reg_l with (b * INR T); [apply Rmult_lt_0_compat; assumption|].
  replace (b * INR T * (/ INR T * sum T (fun t => E_t' gamma lam t gap x0))) with (b * sum T (fun t => E_t' gamma lam t gap x0)) by (field; lra).
  replace (b * INR T * (dist2 x0 / (b * INR T) + gamma * centred_noise Q teacher lam / (1 - 2 * gamma * Lcal)))
    with (dist2 x0 + INR T * (2 * gamma ^ 2 * centred_noise Q teacher lam)) by (field; repeat split; lra).
  lra.
Qed.

Theorem unbiased_horizon_distance x0 t :
  E_t' gamma lam t dist2 x0 <= dist2 x0 + 2 * INR t * gamma ^ 2 * centred_noise Q teacher lam.
Proof.
  pose proof gain_positive as Hb. pose proof (centred_noise_nonneg Q teacher lam) as HN.
  assert (HC : 0 <= 2 * gamma ^ 2 * centred_noise Q teacher lam) by (pose proof (pow2_ge_0 gamma); apply Rmult_le_pos; lra).
  pose proof (after_steps (distilled_unbiased Q teacher gamma lam) 1 _ x0 (Rle_refl 1) HC) as K.
  specialize (K ltac:(intros x; pose proof (unbiased_horizon_one_step gamma Lcal lam x Hg H1 H3); lra) t). rewrite pow1 in K.
  assert (HF : 0 <= b * sum t (fun j => E_t' gamma lam j gap x0)).
  { apply Rmult_le_pos; [lra|]. apply sum_nonneg. intros. apply expect_nonneg, gap_is_nonneg. }
  lra.
Qed.

End Steps.
End Convex.

(** At lam*_T = E<S,H>/(V + (1 + T/2)|h|^2): min(sigma*^2, (2 + T) Lcal F_theta) in place of N(lam; T/2). *)
Theorem horizon_at_lambda_star (Q : problem) (theta : vec) gamma Lcal T x0 :
  0 < gamma -> convex_at_minimiser Q -> minimal Q -> A3 Q Lcal -> 2 * gamma * Lcal < 1 -> (0 < T)%nat ->
  / INR T * sum T (fun t => expect (N Q) (distilled Q (grads Q theta) gamma (lambda_star Q (grads Q theta) (INR T / 2))) t (gap Q) x0) <=
    exp 1 * dist2 Q x0 / (2 * gamma * (1 - 2 * gamma * Lcal) * INR T)
    + exp 1 * gamma * Rmin (sigma_star_sq Q) ((2 + INR T) * Lcal * gap Q theta) / (1 - 2 * gamma * Lcal).
Proof.
  intros Hg H1 Hmin H3 Hr HT. assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT).
  eapply Rle_trans; [apply (horizon Q (grads Q theta) gamma Lcal _ Hg H1 Hmin H3 Hr T HT)|].
  apply Rplus_le_compat_l. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra|].
  apply Rmult_le_compat_l; [apply Rmult_le_pos; [left; apply exp_pos|lra]|].
  assert (Hk : -1 <= INR T / 2) by lra.
  pose proof (lambda_star_minimises Q (grads Q theta) (INR T / 2) Hk 0) as K0.
  pose proof (lambda_star_minimises Q (grads Q theta) (INR T / 2) Hk 1) as K1.
  rewrite noise_without_teacher in K0.
  pose proof (good_teacher Q theta Lcal Lcal (INR T / 2) ltac:(lra) H3
    (expected_smoothness_bounds_gradient Q (grads Q theta) Lcal H3 theta)) as K.
  apply Rmin_glb; [lra|]. eapply Rle_trans; [exact K1|]. eapply Rle_trans; [exact K|]. right. field.
Qed.
