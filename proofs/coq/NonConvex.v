(** Smooth f, convex or not: how small the gradient becomes.  The descent lemma with the bias charged to the gradient itself,
    gamma lam <g,h> <= gamma |g|^2/2 + gamma lam^2 |h|^2/2, and E|G - lam H|^2 <= 4 Lcal (f - f* ) + 2 E|S - lam H|^2: so kappa = 1/(2 L gamma)
    in N(lam; kappa), whatever the horizon, and no bound on gamma.  The gap may grow by the factor w = 1 + 2 L Lcal gamma^2 a step, which over
    T steps is at most e when 2 L Lcal gamma^2 T <= 1. *)

Require Export KDTheory.Convex.

(** The same as [accumulate], with the weights that undo the growth: what holds for the least F. *)
Lemma accumulate_weighted (V F : nat -> R) w b C : 1 <= w -> (forall t, V (S t) <= w * V t - b * F t + C) ->
  forall t, V t + b * sum t (fun j => w ^ (t - S j) * F j) <= w ^ t * V O + C * sum t (fun j => w ^ (t - S j)).
Proof.
  intros Hw Hstep t. induction t as [|t IH]; [simpl; lra|]. pose proof (Hstep t) as Hs.
  assert (K : forall u, sum (S t) (fun j => w ^ (S t - S j) * u j) = w * sum t (fun j => w ^ (t - S j) * u j) + u t).
  { intros u. cbn [sum]. rewrite Nat.sub_diag, <- sum_scal. f_equal; [|simpl; ring].
    apply sum_ext. intros j Hj. replace (S t - S j)%nat with (S (t - S j)) by lia. simpl. ring. }
  rewrite (K F). pose proof (K (fun _ => 1)) as K1. rewrite !(sum_ext _ (fun j => _ * 1) (fun j => w ^ (_ - S j))) in K1 by (intros; ring).
  rewrite K1. simpl pow.
  assert (w * (V t + b * sum t (fun j => w ^ (t - S j) * F j)) <= w * (w ^ t * V O + C * sum t (fun j => w ^ (t - S j))))
    by (apply Rmult_le_compat_l; lra).
  lra.
Qed.

Lemma all_or_one (F : nat -> R) M T : (forall t, (t < T)%nat -> M < F t) \/ exists t, (t < T)%nat /\ F t <= M.
Proof.
  induction T as [|T [IH|(t & Ht & H)]]; [left; intros; lia| |right; exists t; split; [lia|exact H]].
  destruct (Rle_lt_dec (F T) M) as [H|H]; [right; exists T; split; [lia|exact H]|left].
  intros t Ht. destruct (Nat.eq_dec t T) as [->|]; [exact H|apply IH; lia].
Qed.

Section NonConvex.
Variables (Q : problem) (teacher : rvec).
Notation gap := (gap Q).
Notation P x := (at_point Q teacher x).
Notation E_t gamma lam t phi x0 := (expect (N Q) (distilled Q teacher gamma lam) t phi x0).
Notation E_t' gamma lam t phi x0 := (expect (N Q) (distilled_unbiased Q teacher gamma lam) t phi x0).
Notation slope2 := (fun x => norm2 (d Q) (grad Q x)).                     (* |grad f(x)|^2 *)

Theorem nonconvex_one_step gamma L Lcal lam x : 0 < gamma -> 0 < L -> smooth Q L -> A3 Q Lcal ->
  avg (N Q) (fun n => gap (distilled Q teacher gamma lam n x)) <=
    (1 + 2 * L * Lcal * gamma ^ 2) * gap x - gamma / 2 * slope2 x + L * gamma ^ 2 * noise Q teacher lam (1 / (2 * L * gamma)).
Proof.
  intros Hg HL Hs H3. pose proof (descent Q teacher L gamma lam x Hs) as HD. specialize (H3 x).
  rewrite (smoothness_form Q teacher) in H3.
  replace (L * gamma ^ 2 * noise Q teacher lam (1 / (2 * L * gamma)))
    with (L * gamma ^ 2 * (centred_noise Q teacher lam + bias Q teacher lam) + gamma / 2 * bias Q teacher lam)
    by (rewrite noise_split; field; lra).
  rewrite (centred_noise_form Q teacher x). unfold bias. rewrite <- (letter_h_h Q teacher x), <- (letter_g_g Q teacher x).
  pose proof (square (P x) (Linear 0 1 (- lam) 0 0 0 0)) as S1.
  pose proof (square (P x) (Linear 0 1 lam 0 1 (-2) lam)) as S2.
  assert (Hgg : 0 < L * gamma ^ 2) by (apply Rmult_lt_0_compat; [exact HL|apply pow_lt; exact Hg]).
  apply Rmult_le_pos with (r1 := gamma / 2) in S1; [|lra].
  apply Rmult_le_pos with (r1 := L * gamma ^ 2 / 2) in S2; [|lra].
  apply Rmult_le_compat_l with (r := L * gamma ^ 2) in H3; [|lra].
  set (V := avg _ _) in *. clearbody V. unfold form in *. simpl in *. lra.
Qed.

Theorem unbiased_nonconvex_one_step gamma L Lcal lam x : 0 < gamma -> 0 < L -> smooth Q L -> A3 Q Lcal ->
  avg (N Q) (fun n => gap (distilled_unbiased Q teacher gamma lam n x)) <=
    (1 + 2 * L * Lcal * gamma ^ 2) * gap x - gamma * slope2 x + L * gamma ^ 2 * centred_noise Q teacher lam.
Proof.
  intros Hg HL Hs H3. pose proof (descent_unbiased Q teacher L gamma lam x Hs) as HD. specialize (H3 x).
  rewrite (smoothness_form Q teacher) in H3. rewrite (centred_noise_form Q teacher x), <- (letter_g_g Q teacher x).
  pose proof (square (P x) (Linear 0 1 0 0 1 (-2) lam)) as S2.
  assert (Hgg : 0 < L * gamma ^ 2) by (apply Rmult_lt_0_compat; [exact HL|apply pow_lt; exact Hg]).
  apply Rmult_le_pos with (r1 := L * gamma ^ 2 / 2) in S2; [|lra].
  apply Rmult_le_compat_l with (r := L * gamma ^ 2) in H3; [|lra].
  set (V := avg _ _) in *. clearbody V. unfold form in *. simpl in *. lra.
Qed.

Section Steps.
Variables gamma L Lcal lam : R.
Hypothesis Hg : 0 < gamma.
Hypothesis HL : 0 < L.
Hypothesis HLcal : 0 <= Lcal.
Hypothesis Hs : smooth Q L.
Hypothesis Hmin : minimal Q.
Hypothesis H3 : A3 Q Lcal.
Variable T : nat.
Hypothesis HT : (0 < T)%nat.
Notation w := (1 + 2 * L * Lcal * gamma ^ 2).
Notation N_g := (noise Q teacher lam (1 / (2 * L * gamma))).

Lemma growth_at_least_1 : 1 <= w.
Proof.
  assert (0 <= 2 * L * Lcal * gamma ^ 2) by (apply Rmult_le_pos; [apply Rmult_le_pos; lra|apply pow2_ge_0]). lra.
Qed.

Lemma noise_g_nonneg : 0 <= N_g.
Proof.
  apply noise_nonneg. apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat, Rmult_lt_0_compat; lra].
Qed.

Lemma slope_steps step r C x0 : (forall x, avg (N Q) (fun n => gap (step n x)) <= w * gap x - r * slope2 x + C) -> forall j,
  expect (N Q) step (S j) gap x0 <= w * expect (N Q) step j gap x0 - r * expect (N Q) step j slope2 x0 + C.
Proof.
  intros Hstep j. rewrite expect_last. pose proof (expect_affine (N Q) step j w (- r) C gap slope2 x0 (N_pos Q)) as K.
  apply Rle_trans with (expect (N Q) step j (fun y => w * gap y + - r * slope2 y + C) x0); [|rewrite K; lra].
  apply expect_le. intros y. specialize (Hstep y). lra.
Qed.

Lemma slopes_accumulated step r C x0 : 0 < r -> 0 <= C ->
  (forall x, avg (N Q) (fun n => gap (step n x)) <= w * gap x - r * slope2 x + C) ->
  / INR T * sum T (fun t => expect (N Q) step t slope2 x0) <= w ^ T * (gap x0 / (r * INR T) + C / r).
Proof.
  intros Hr HC Hstep. assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT).
  pose proof (accumulate (fun j => expect (N Q) step j gap x0) (fun j => expect (N Q) step j slope2 x0) w r C growth_at_least_1
    (Rlt_le _ _ Hr) HC (fun t => expect_nonneg (N Q) step t slope2 x0 (fun y => norm2_nonneg (d Q) (grad Q y)))
    (slope_steps step r C x0 Hstep) (gap_is_nonneg Q Hmin x0) T) as K. cbn [expect] in K.
  assert (HV : 0 <= expect (N Q) step T gap x0) by (apply expect_nonneg, gap_is_nonneg, Hmin).
  apply Rmult_le_reg_l with (r * INR T); [apply Rmult_lt_0_compat; assumption|].
  replace (r * INR T * (/ INR T * sum T (fun t => expect (N Q) step t slope2 x0))) with (r * sum T (fun t => expect (N Q) step t slope2 x0)) by (field; lra).
  replace (r * INR T * (w ^ T * (gap x0 / (r * INR T) + C / r))) with (w ^ T * (gap x0 + INR T * C)) by (field; lra).
  lra.
Qed.

(** The mean of E|grad f(x^t)|^2 over t < T. *)
Theorem nonconvex_average x0 :
  / INR T * sum T (fun t => E_t gamma lam t slope2 x0) <= w ^ T * (2 * gap x0 / (gamma * INR T) + 2 * L * gamma * N_g).
Proof.
  assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT). pose proof noise_g_nonneg.
  replace (2 * gap x0 / (gamma * INR T) + 2 * L * gamma * N_g)
    with (gap x0 / (gamma / 2 * INR T) + L * gamma ^ 2 * N_g / (gamma / 2)) by (field; lra).
  apply (slopes_accumulated (distilled Q teacher gamma lam)); [lra| |intros; apply nonconvex_one_step; assumption].
  apply Rmult_le_pos; [|assumption]. apply Rmult_le_pos; [lra|apply pow2_ge_0].
Qed.

(** With gamma^2 <= 1/(2 L Lcal T) the growth over T steps is at most e. *)
Theorem nonconvex_short_steps x0 : 2 * L * Lcal * gamma ^ 2 * INR T <= 1 ->
  / INR T * sum T (fun t => E_t gamma lam t slope2 x0) <= exp 1 * (2 * gap x0 / (gamma * INR T) + 2 * L * gamma * N_g).
Proof.
  intros Hshort. assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT). eapply Rle_trans; [apply nonconvex_average|].
  pose proof growth_at_least_1 as Hw. pose proof noise_g_nonneg. pose proof (gap_is_nonneg Q Hmin x0).
  apply Rmult_le_compat_r.
  - assert (0 <= 2 * gap x0 / (gamma * INR T)).
    { apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat, Rmult_lt_0_compat; assumption]. }
    assert (0 <= 2 * L * gamma * N_g) by (apply Rmult_le_pos; [|assumption]; apply Rmult_le_pos; lra). lra.
  - eapply Rle_trans; [|apply (compound T T HT (le_n T))]. apply pow_incr. split; [lra|]. apply Rplus_le_compat_l.
    apply Rmult_le_reg_r with (INR T); [exact HT0|]. rewrite Rinv_l by lra. exact Hshort.
Qed.

(** The least of them: the growth touches only what the start costs. *)
Theorem nonconvex_least x0 : exists t, (t < T)%nat /\
  E_t gamma lam t slope2 x0 <= w ^ T * (2 * gap x0 / (gamma * INR T)) + 2 * L * gamma * N_g.
Proof.
  set (M := w ^ T * (2 * gap x0 / (gamma * INR T)) + 2 * L * gamma * N_g).
  destruct (all_or_one (fun t => E_t gamma lam t slope2 x0) M T) as [Hall|Hone]; [exfalso|exact Hone].
  assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT). pose proof growth_at_least_1 as Hw. pose proof noise_g_nonneg as HN.
  pose proof (accumulate_weighted (fun j => E_t gamma lam j gap x0) (fun j => E_t gamma lam j slope2 x0) w (gamma / 2) (L * gamma ^ 2 * N_g) Hw
    (slope_steps (distilled Q teacher gamma lam) (gamma / 2) _ x0 (fun x => nonconvex_one_step gamma L Lcal lam x Hg HL Hs H3)) T) as K.
  cbn [expect] in K. assert (HV : 0 <= E_t gamma lam T gap x0) by (apply expect_nonneg, gap_is_nonneg, Hmin).
  set (S := sum T (fun j => w ^ (T - Datatypes.S j))) in *.
  assert (HS : INR T <= S).
  { unfold S. rewrite <- (Rmult_1_r (INR T)), <- sum_const. apply sum_le. intros. apply pow_R1_Rle. exact Hw. }
  assert (Hbig : M * S < sum T (fun j => w ^ (T - Datatypes.S j) * E_t gamma lam j slope2 x0)).
  { unfold S. rewrite <- sum_scal. destruct T as [|T']; [lia|]. cbn [sum]. apply Rplus_le_lt_compat.
    - apply sum_le. intros j Hj. rewrite Rmult_comm. apply Rmult_le_compat_l; [apply pow_le; lra|]. left. apply Hall. lia.
    - rewrite Rmult_comm. apply Rmult_lt_compat_l; [apply pow_lt; lra|]. apply Hall. lia. }
  pose proof (gap_is_nonneg Q Hmin x0) as HF. pose proof (pow_R1_Rle w T Hw) as Hp.
  assert (Hm : gamma / 2 * (M * S) >= w ^ T * gap x0 + L * gamma ^ 2 * N_g * S).
  { apply Rle_ge. replace (gamma / 2 * (M * S)) with (w ^ T * gap x0 * (S / INR T) + L * gamma ^ 2 * N_g * S) by (unfold M; field; lra).
    apply Rplus_le_compat_r. rewrite <- (Rmult_1_r (w ^ T * gap x0)) at 1. apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|].
    apply Rmult_le_reg_r with (INR T); [exact HT0|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  apply Rmult_lt_compat_l with (r := gamma / 2) in Hbig; lra.
Qed.

Theorem unbiased_nonconvex_average x0 :
  / INR T * sum T (fun t => E_t' gamma lam t slope2 x0) <= w ^ T * (gap x0 / (gamma * INR T) + L * gamma * centred_noise Q teacher lam).
Proof.
  assert (HT0 : 0 < INR T) by (apply lt_0_INR; exact HT). pose proof (centred_noise_nonneg Q teacher lam).
  replace (L * gamma * centred_noise Q teacher lam) with (L * gamma ^ 2 * centred_noise Q teacher lam / gamma) by (field; lra).
  apply (slopes_accumulated (distilled_unbiased Q teacher gamma lam)); [lra| |intros; apply unbiased_nonconvex_one_step; assumption].
  apply Rmult_le_pos; [|assumption]. apply Rmult_le_pos; [lra|apply pow2_ge_0].
Qed.

End Steps.
End NonConvex.
