(** The SNR law for PL functions: u = sqrt (2 mu s), and each step gains (mu/L) SNR^2/(1 + SNR^2) of the gap. *)

Require Export KDTheory.Schedule.

Definition best_step_pl mu L q s k a :=
  let u := sqrt (2 * mu * s) in let delta := clear u k in let n := loud q u a in u * delta / (L * (delta ^ 2 + n ^ 2)).

Section PL.
Variables mu L Lcal q k a s : R.
Hypothesis Hmu : 0 < mu.
Hypothesis HL : 0 < L.
Hypothesis HmuL : mu <= Lcal.
Hypothesis Hq0 : 0 <= q.
Hypothesis Hq : mu * (q * q) = Lcal - mu.
Hypothesis Hk : 0 <= k.
Hypothesis Ha : 0 <= a.
Hypothesis Hs : 0 <= s.
Notation u := (sqrt (2 * mu * s)).
Notation delta := (clear u k).
Notation n := (loud q u a).
Notation A gamma := (cap_pl gamma mu L Lcal).
Notation W gamma := (cross_pl gamma mu L q k a).

Let Hu : 0 <= u := sqrt_pos _.
Let Hms : 0 <= 2 * mu * s.
Proof. apply Rmult_le_pos; lra. Qed.
Let Huu : u * u = 2 * mu * s := sqrt_sqrt _ Hms.

Lemma root_pl gamma : 0 <= gamma -> 0 <= k * Rabs (1 - L * gamma) + L * gamma * (a * q).
Proof.
  intros Hg. pose proof (Rabs_pos (1 - L * gamma)). apply Rplus_le_le_0_compat; repeat apply Rmult_le_pos; lra.
Qed.

Lemma curve_pl_is gamma : 0 <= gamma ->
  (1 - A gamma) * s + 2 * sqrt (W gamma * s) + left_over_pl gamma L k a
  = s - gamma * (u * delta) + L * gamma ^ 2 / 2 * (delta ^ 2 + n ^ 2) + gamma * (u * k) * (Rabs (1 - L * gamma) - (1 - L * gamma)).
Proof.
  intros Hg. pose proof (root_pl gamma Hg) as Hroot. unfold cross_pl. set (b := Rabs (1 - L * gamma)) in *.
  set (root := k * b + L * gamma * (a * q)) in *.
  replace (mu * gamma ^ 2 / 2 * root ^ 2 * s) with ((gamma * root * u / 2) * (gamma * root * u / 2)).
  - rewrite sqrt_square by (repeat apply Rmult_le_pos; lra). unfold root, cap_pl, left_over_pl, clear, loud.
    replace Lcal with (mu + mu * (q * q)) by lra.
    replace ((1 - gamma * mu * (2 - L * gamma * (mu + mu * (q * q)) / mu)) * s)
      with (s - gamma * (2 * mu * s) + L * gamma ^ 2 / 2 * (1 + q * q) * (2 * mu * s)) by (field; lra).
    generalize Hu, Huu. generalize u. intros v Hv Hvv. rewrite <- Hvv. field.
  - replace (gamma * root * u / 2 * (gamma * root * u / 2)) with (gamma ^ 2 * root ^ 2 * (u * u) / 4) by field. rewrite Huu. field.
Qed.

Lemma gain_lower_pl gamma : 0 <= gamma -> 0 < n ->
  s * (1 - mu / L * (snr delta n ^ 2 / (1 + snr delta n ^ 2))) <= s - gamma * (u * delta) + L * gamma ^ 2 / 2 * (delta ^ 2 + n ^ 2).
Proof.
  intros Hg Hn. unfold snr. destruct (Rle_lt_dec delta 0) as [Hd|Hd].
  - rewrite Rmax_left by exact Hd. replace (s * (1 - mu / L * ((0 / n) ^ 2 / (1 + (0 / n) ^ 2)))) with s by (field; lra).
    assert (0 <= gamma * (u * - delta)) by (apply Rmult_le_pos; [exact Hg|apply Rmult_le_pos; lra]).
    assert (0 <= L * gamma ^ 2 / 2 * (delta ^ 2 + n ^ 2)).
    { pose proof (pow2_ge_0 gamma). pose proof (pow2_ge_0 delta). pose proof (pow2_ge_0 n). apply Rmult_le_pos; [|lra].
      apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra]. }
    lra.
  - rewrite Rmax_right by lra. set (D := delta ^ 2 + n ^ 2).
    assert (HD : 0 < D) by (apply Rplus_lt_0_compat; apply pow_lt; assumption).
    replace (s * (1 - mu / L * ((delta / n) ^ 2 / (1 + (delta / n) ^ 2)))) with (s - u * u * delta ^ 2 / (2 * L * D))
      by (rewrite Huu; unfold D in *; field; lra).
    replace (s - gamma * (u * delta) + L * gamma ^ 2 / 2 * D)
      with (s - u * u * delta ^ 2 / (2 * L * D) + (gamma * L * D - u * delta) ^ 2 / (2 * L * D)) by (field; lra).
    assert (0 <= (gamma * L * D - u * delta) ^ 2 / (2 * L * D)); [|lra].
    apply Rmult_le_pos; [apply pow2_ge_0|left; apply Rinv_0_lt_compat; repeat apply Rmult_lt_0_compat; lra].
Qed.

Lemma no_step_does_better_pl gamma : 0 < gamma -> 0 < A gamma -> 0 < n ->
  s * (1 - mu / L * (snr delta n ^ 2 / (1 + snr delta n ^ 2))) <= psi (A gamma) (left_over_pl gamma L k a) (W gamma) 0 s.
Proof.
  intros Hg HA Hn. eapply Rle_trans; [|apply psi_above_curve; [apply cross_pl_nonneg; exact Hmu|exact Hs|exact HA]].
  rewrite curve_pl_is by lra. eapply Rle_trans; [apply (gain_lower_pl gamma); lra|].
  pose proof (Rle_abs (1 - L * gamma)).
  assert (0 <= gamma * (u * k) * (Rabs (1 - L * gamma) - (1 - L * gamma))) by (repeat apply Rmult_le_pos; lra). lra.
Qed.

Section Best.
Hypothesis Hdelta : 0 < delta.
Hypothesis Hn : 0 < n.
Hypothesis Hcalm : k * delta <= n ^ 2.
Notation gamma := (best_step_pl mu L q s k a).
Let D := delta ^ 2 + n ^ 2.
Let HD : 0 < D.
Proof. apply Rplus_lt_0_compat; apply pow_lt; assumption. Qed.
Let Hu0 : 0 < u.
Proof. pose proof Hdelta as K. unfold clear in K. lra. Qed.

Lemma gamma_times_D_pl : gamma * (L * D) = u * delta.
Proof. unfold best_step_pl. fold D. field. lra. Qed.

Lemma best_step_pl_positive : 0 < gamma.
Proof. apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; lra|apply Rinv_0_lt_compat, Rmult_lt_0_compat; assumption]. Qed.

Lemma best_step_pl_short : L * gamma <= 1.
Proof.
  apply Rmult_le_reg_r with D; [exact HD|]. replace (L * gamma * D) with (gamma * (L * D)) by ring. rewrite gamma_times_D_pl.
  rewrite Rmult_1_l. unfold D. replace (u * delta) with (delta ^ 2 + k * delta) by (unfold clear; ring). lra.
Qed.

Lemma best_step_pl_rate : 0 < A gamma.
Proof.
  replace (A gamma) with (gamma * mu * (2 - L * gamma * (1 + q * q))) by (unfold cap_pl; replace Lcal with (mu + mu * (q * q)) by lra; field; lra).
  pose proof best_step_pl_positive. apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; assumption|].
  apply Rmult_lt_reg_r with D; [exact HD|]. rewrite Rmult_0_l.
  replace ((2 - L * gamma * (1 + q * q)) * D) with (2 * D - gamma * (L * D) * (1 + q * q)) by ring. rewrite gamma_times_D_pl.
  assert (0 <= q * u) by (apply Rmult_le_pos; assumption).
  assert (K1 : (q * u) * (q * u) <= n * n) by (unfold loud; apply Rmult_le_compat; lra).
  assert (K2 : q * q * (u * delta) <= q * q * (u * u)) by (apply Rmult_le_compat_l; [apply Rle_0_sqr|apply Rmult_le_compat_l; unfold clear in *; lra]).
  assert (K3 : u * delta = delta ^ 2 + k * delta) by (unfold clear; ring).
  assert (K4 : 0 < delta ^ 2) by (apply pow_lt; exact Hdelta).
  replace (u * delta * (1 + q * q)) with (u * delta + q * q * (u * delta)) by ring. unfold D. lra.
Qed.

Lemma best_step_pl_on_curve : sqrt (W gamma) <= A gamma * sqrt s.
Proof.
  pose proof best_step_pl_positive as Hg. pose proof best_step_pl_short as Hshort. pose proof (root_pl gamma ltac:(lra)) as Hroot.
  pose proof gamma_times_D_pl as HgD. generalize dependent gamma. intros g Hg Hshort Hroot HgD.
  unfold cross_pl in *. rewrite (Rabs_right (1 - L * g)) in * by lra. set (root := k * (1 - L * g) + L * g * (a * q)) in *.
  assert (Hz : 0 < sqrt (2 * mu)) by (apply sqrt_lt_R0; lra).
  assert (Hzz : sqrt (2 * mu) * sqrt (2 * mu) = 2 * mu) by (apply sqrt_sqrt; lra).
  apply Rmult_le_reg_l with (sqrt (2 * mu)); [exact Hz|].
  assert (HW : 0 <= mu * g ^ 2 / 2 * root ^ 2).
  { apply Rmult_le_pos; [|apply pow2_ge_0]. pose proof (pow2_ge_0 g). apply Rmult_le_pos; [apply Rmult_le_pos|]; lra. }
  rewrite <- (sqrt_mult (2 * mu)) by lra.
  replace (2 * mu * (mu * g ^ 2 / 2 * root ^ 2)) with ((mu * g * root) * (mu * g * root)) by field.
  rewrite sqrt_square by (repeat apply Rmult_le_pos; lra).
  replace (sqrt (2 * mu) * (A g * sqrt s)) with (A g * u) by (rewrite (sqrt_mult (2 * mu) s) by lra; ring).
  replace (A g) with (mu * g * (2 - L * g * (1 + q * q))) by (unfold cap_pl; replace Lcal with (mu + mu * (q * q)) by lra; field; lra).
  replace (mu * g * (2 - L * g * (1 + q * q)) * u) with (mu * g * ((2 - L * g * (1 + q * q)) * u)) by ring.
  apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|].
  apply Rminus_le_0. replace ((2 - L * g * (1 + q * q)) * u - root) with (u + delta - L * g * (delta + q * n))
    by (unfold root, clear, loud; ring).
  apply Rmult_le_reg_r with D; [exact HD|]. rewrite Rmult_0_l.
  replace ((u + delta - L * g * (delta + q * n)) * D) with ((u + delta) * D - g * (L * D) * (delta + q * n)) by ring.
  rewrite HgD.
  replace ((u + delta) * D - u * delta * (delta + q * n)) with (u * n * (a + q * k) + delta * D) by (unfold D, clear, loud; ring).
  apply Rplus_le_le_0_compat; repeat apply Rmult_le_pos; try lra. apply Rplus_le_le_0_compat; [lra|apply Rmult_le_pos; lra].
Qed.

Lemma psi_at_best_step_pl :
  psi (A gamma) (left_over_pl gamma L k a) (W gamma) 0 s = s * (1 - mu / L * (snr delta n ^ 2 / (1 + snr delta n ^ 2))).
Proof.
  pose proof best_step_pl_positive as Hg. pose proof best_step_pl_short as Hshort. pose proof best_step_pl_rate as HA.
  rewrite psi_on_curve; [|exact HA|apply cross_pl_nonneg; exact Hmu|exact Hs|rewrite Rminus_0_r; apply best_step_pl_on_curve].
  rewrite curve_pl_is by lra. rewrite (Rabs_right (1 - L * gamma)) by lra. unfold snr. rewrite Rmax_right by lra.
  fold D. replace (s * (1 - mu / L * ((delta / n) ^ 2 / (1 + (delta / n) ^ 2)))) with (s - u * u * delta ^ 2 / (2 * L * D))
    by (rewrite Huu; unfold D in *; field; lra).
  replace (L * gamma ^ 2 / 2 * D) with (gamma / 2 * (gamma * (L * D))) by field. rewrite gamma_times_D_pl.
  unfold best_step_pl. fold D. field. lra.
Qed.
End Best.
End PL.
