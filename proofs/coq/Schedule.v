(** The SNR law: the step size that makes psi least, and what it leaves.  u is the signal, delta = u - k what the teacher's bias leaves of
    it, n = q u + a the noise: with SNR = max(delta, 0)/n,

      strongly convex (u = mu sqrt s):  min over gamma of psi_gamma(s) = s/(1 + SNR^2), at gamma = sqrt s delta/(delta^2 + n^2),
      PL (u = sqrt (2 mu s)):           min over gamma of psi_gamma(s) = s (1 - (mu/L) SNR^2/(1 + SNR^2)), at u delta/(L (delta^2 + n^2)).

    The lower bound holds for every step size and in both regimes; it is attained where k SNR < a (PL: k SNR <= n). *)

Require Export KDTheory.Decreasing KDTheory.Convexity.

(** ** Scalars *)

Definition snr delta n := Rmax 0 delta / n.

(** (r - gamma delta)^2 + gamma^2 n^2 for gamma >= 0, r >= 0. *)
Lemma gain_lower r delta n gamma : 0 <= r -> 0 < n -> 0 <= gamma ->
  r ^ 2 / (1 + snr delta n ^ 2) <= (r - gamma * delta) ^ 2 + gamma ^ 2 * n ^ 2.
Proof.
  intros Hr Hn Hg. unfold snr. destruct (Rle_lt_dec delta 0) as [Hd|Hd].
  - rewrite Rmax_left by exact Hd. replace (r ^ 2 / (1 + (0 / n) ^ 2)) with (r ^ 2) by (field; lra).
    assert (0 <= gamma * - delta) by (apply Rmult_le_pos; lra). pose proof (pow2_ge_0 (gamma * delta)). pose proof (pow2_ge_0 (gamma * n)).
    assert (0 <= r * (gamma * - delta)) by (apply Rmult_le_pos; assumption). lra.
  - rewrite Rmax_right by lra. assert (Hs : 0 < delta ^ 2 + n ^ 2) by (apply Rplus_lt_0_compat; apply pow_lt; assumption).
    replace ((r - gamma * delta) ^ 2 + gamma ^ 2 * n ^ 2)
      with (r ^ 2 / (1 + (delta / n) ^ 2) + (gamma * (delta ^ 2 + n ^ 2) - r * delta) ^ 2 / (delta ^ 2 + n ^ 2)) by (field; lra).
    assert (0 <= (gamma * (delta ^ 2 + n ^ 2) - r * delta) ^ 2 / (delta ^ 2 + n ^ 2)); [|lra].
    apply Rmult_le_pos; [apply pow2_ge_0|left; apply Rinv_0_lt_compat; exact Hs].
Qed.

Lemma gain_at_best r delta n : 0 < delta -> 0 < n -> let gamma := r * delta / (delta ^ 2 + n ^ 2) in
  (r - gamma * delta) ^ 2 + gamma ^ 2 * n ^ 2 = r ^ 2 / (1 + snr delta n ^ 2).
Proof.
  intros Hd Hn gamma. unfold snr, gamma. rewrite Rmax_right by lra.
  assert (Hs : 0 < delta ^ 2 + n ^ 2) by (apply Rplus_lt_0_compat; apply pow_lt; assumption). field. lra.
Qed.

(** psi lies above its own curve, and is the curve from s0 on. *)
Lemma psi_above_curve A U W rate0 s : 0 <= W -> 0 <= s -> rate0 < A -> (1 - A) * s + 2 * sqrt (W * s) + U <= psi A U W rate0 s.
Proof.
  intros HW Hs Hr. unfold psi, tangent. destruct (Rle_dec _ _) as [_|_]; [lra|].
  rewrite sqrt_mult by assumption. set (p := sqrt W). set (v := sqrt s).
  replace W with (p * p) by (apply sqrt_sqrt; assumption). replace s with (v * v) by (apply sqrt_sqrt; assumption).
  replace ((1 - rate0) * (v * v) + U + p * p / (A - rate0))
    with ((1 - A) * (v * v) + 2 * (p * v) + U + (p - (A - rate0) * v) * (p - (A - rate0) * v) / (A - rate0)) by (field; lra).
  assert (0 <= (p - (A - rate0) * v) * (p - (A - rate0) * v) / (A - rate0))
    by (apply Rmult_le_pos; [apply Rle_0_sqr|left; apply Rinv_0_lt_compat; lra]).
  lra.
Qed.

Lemma psi_on_curve A U W rate0 s : rate0 < A -> 0 <= W -> 0 <= s -> sqrt W <= (A - rate0) * sqrt s ->
  psi A U W rate0 s = (1 - A) * s + 2 * sqrt (W * s) + U.
Proof.
  intros Hr HW Hs H. unfold psi. destruct (Rle_dec _ _) as [_|Hlow]; [reflexivity|]. exfalso. apply Hlow.
  apply quotient_le; [apply pow_lt; lra|]. rewrite <- (sqrt_sqrt W HW), <- (sqrt_sqrt s Hs).
  replace (sqrt s * sqrt s * (A - rate0) ^ 2) with (((A - rate0) * sqrt s) * ((A - rate0) * sqrt s)) by ring.
  pose proof (sqrt_pos W). apply Rmult_le_compat; assumption.
Qed.

(** The signal above the bias, and the noise. *)
Definition clear u k := u - k.
Definition loud q u a := q * u + a.
Definition best_step mu c s k a :=
  let u := mu * sqrt s in let delta := clear u k in let n := c * sqrt s + a in sqrt s * delta / (delta ^ 2 + n ^ 2).

Section StronglyConvex.
Variables mu Lcal c k a s : R.
Hypothesis Hmu : 0 < mu.
Hypothesis HmuL : mu <= Lcal.
Hypothesis Hc0 : 0 <= c.
Hypothesis Hc : c * c = mu * (Lcal - mu).
Hypothesis Hk : 0 <= k.
Hypothesis Ha : 0 <= a.
Hypothesis Hs : 0 <= s.
Notation r := (sqrt s).
Notation delta := (clear (mu * r) k).
Notation n := (c * r + a).
Notation A gamma := (cap gamma mu Lcal).

Let Hr : 0 <= r := sqrt_pos s.
Let Hrr : r * r = s := sqrt_sqrt s Hs.

Lemma curve_is gamma : 0 <= gamma -> gamma * mu <= 1 ->
  (1 - A gamma) * s + 2 * sqrt (noise_cross gamma mu c k a * s) + left_over gamma k a = (r - gamma * delta) ^ 2 + gamma ^ 2 * n ^ 2.
Proof.
  intros Hg Hgm. unfold noise_cross. set (root := gamma * (k * (1 - gamma * mu) + gamma * (a * c))).
  assert (Hroot : 0 <= root).
  { apply Rmult_le_pos; [lra|]. apply Rplus_le_le_0_compat; repeat apply Rmult_le_pos; lra. }
  generalize Hr, Hrr. generalize (sqrt s). intros v Hv Hvv.
  replace (root ^ 2 * s) with ((root * v) * (root * v)) by (rewrite <- Hvv; ring).
  rewrite sqrt_square by (apply Rmult_le_pos; assumption). rewrite (one_minus_cap gamma mu Lcal c Hc), <- Hvv.
  unfold root, left_over, clear. ring.
Qed.

(** No step size does better, whichever term dominates. *)
Lemma no_step_does_better gamma : 0 < gamma -> gamma * Lcal < 1 -> 0 < n ->
  s / (1 + snr delta n ^ 2) <=
    psi (A gamma) (left_over gamma k a) (cross_at gamma mu Lcal c k a)
      (if Rle_dec (gamma * (k * c)) (a * (1 - gamma * mu)) then gamma * mu else 0) s.
Proof.
  intros Hg HgL Hn. pose proof (gamma_mu gamma mu Lcal Hg Hmu HmuL) as Hgm. pose proof (sharp_rate_admissible gamma mu Lcal Hg Hmu HmuL HgL) as HA.
  assert (Hcross : noise_cross gamma mu c k a <= cross_at gamma mu Lcal c k a).
  { replace (noise_cross gamma mu c k a) with (gamma ^ 2 * ((1 - gamma * mu) * k + gamma * c * a) ^ 2) by (unfold noise_cross; ring).
    apply (no_slope_gives_more gamma mu Lcal c Hc); [lra| |assumption|assumption].
    unfold admissible. rewrite (shrink gamma mu Lcal c Hc).
    assert (0 <= gamma * c) by (apply Rmult_le_pos; lra). repeat split; lra. }
  assert (HW0 : 0 <= noise_cross gamma mu c k a) by apply pow2_ge_0.
  eapply Rle_trans; [|apply psi_above_curve; [lra|exact Hs|destruct (Rle_dec _ _); lra]].
  eapply Rle_trans; [|apply Rplus_le_compat_r, Rplus_le_compat_l, Rmult_le_compat_l; [lra|apply sqrt_le_1_alt, Rmult_le_compat_r; [exact Hs|exact Hcross]]].
  rewrite curve_is by lra. apply Rle_trans with (r ^ 2 / (1 + snr delta n ^ 2)); [right; f_equal; transitivity (r * r); [symmetry; exact Hrr|ring]|].
  apply gain_lower; lra.
Qed.

(** The best step: inside the range, where noise dominates, and on the curve. *)
Section Best.
Hypothesis Hdelta : 0 < delta.
Hypothesis Hcalm : k * delta < a * n.
Notation gamma := (best_step mu c s k a).
Let D := delta ^ 2 + n ^ 2.

Lemma n_positive : 0 < n.
Proof.
  assert (0 <= c * r) by (apply Rmult_le_pos; assumption). assert (0 <= k * delta) by (apply Rmult_le_pos; lra).
  destruct (Rle_lt_or_eq_dec 0 n ltac:(lra)) as [|Hz]; [assumption|]. rewrite <- Hz in Hcalm. lra.
Qed.

Let Hn := n_positive.
Let HD : 0 < D.
Proof. apply Rplus_lt_0_compat; apply pow_lt; assumption. Qed.

Lemma r_positive : 0 < r.
Proof.
  pose proof Hdelta as K. unfold clear in K. destruct Hr as [|Hz]; [assumption|]. rewrite <- Hz, Rmult_0_r in K. lra.
Qed.

Lemma gamma_times_D : gamma * D = r * delta.
Proof. unfold best_step. fold D. field. lra. Qed.

Lemma best_step_positive : 0 < gamma.
Proof. pose proof r_positive. apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; lra|apply Rinv_0_lt_compat; exact HD]. Qed.

Lemma best_step_in_range : gamma * Lcal < 1.
Proof.
  apply Rmult_lt_reg_r with (mu * D); [apply Rmult_lt_0_compat; lra|].
  replace (gamma * Lcal * (mu * D)) with (gamma * D * (mu * Lcal)) by ring. rewrite gamma_times_D.
  replace (mu * Lcal) with (mu * mu + c * c) by (rewrite Hc; ring). rewrite Rmult_1_l.
  assert (0 <= c * c * r * k + mu * (c * r * a)) by (apply Rplus_le_le_0_compat; repeat apply Rmult_le_pos; lra).
  assert (0 <= k * (c * c * r)) by (repeat apply Rmult_le_pos; lra).
  assert (HmuD : mu * (a * n - k * delta) > 0) by (apply Rmult_lt_0_compat; lra).
  replace (mu * D) with (r * delta * (mu * mu + c * c) + mu * (a * n - k * delta) + (c * c * r * k + mu * (c * r * a))) by (unfold D, clear; ring).
  lra.
Qed.

Lemma best_step_is_calm : gamma * (k * c) <= a * (1 - gamma * mu).
Proof.
  apply Rmult_le_reg_r with D; [exact HD|].
  replace (gamma * (k * c) * D) with (gamma * D * (k * c)) by ring. replace (a * (1 - gamma * mu) * D) with (a * (D - gamma * D * mu)) by ring.
  rewrite gamma_times_D. assert (0 <= n * (a * n - k * delta)) by (apply Rmult_le_pos; lra).
  replace (a * (D - r * delta * mu)) with (r * delta * (k * c) + n * (a * n - k * delta)) by (unfold D, clear; ring). lra.
Qed.

Lemma best_step_on_curve : sqrt (noise_cross gamma mu c k a) <= (A gamma - gamma * mu) * r.
Proof.
  pose proof best_step_positive as Hg. pose proof best_step_in_range as HgL. pose proof (gamma_mu gamma mu Lcal Hg Hmu HmuL) as Hgm.
  pose proof gamma_times_D as HgD. generalize dependent gamma. intros g Hg HgL Hgm HgD.
  unfold noise_cross. set (root := g * (k * (1 - g * mu) + g * (a * c))).
  assert (Hroot : 0 <= root).
  { apply Rmult_le_pos; [lra|]. apply Rplus_le_le_0_compat; repeat apply Rmult_le_pos; lra. }
  replace (root ^ 2) with (root * root) by ring. rewrite sqrt_square by exact Hroot.
  assert (K : 0 <= delta - g * (mu * delta + c * n)).
  { apply Rmult_le_reg_r with D; [exact HD|]. rewrite Rmult_0_l.
    replace ((delta - g * (mu * delta + c * n)) * D) with (delta * D - g * D * (mu * delta + c * n)) by ring. rewrite HgD.
    replace (delta * D - r * delta * (mu * delta + c * n)) with (delta * (a * n - k * delta)) by (unfold D, clear; ring).
    apply Rmult_le_pos; lra. }
  assert (K2 : 0 <= g * (delta - g * (mu * delta + c * n))) by (apply Rmult_le_pos; lra).
  replace ((A g - g * mu) * r) with (root + g * (delta - g * (mu * delta + c * n))); [lra|].
  unfold root, cap, clear. replace (g * mu * (2 - g * Lcal)) with (2 * (g * mu) - g * g * (mu * (Lcal - mu) + mu * mu)) by ring.
  rewrite <- Hc. ring.
Qed.

Lemma psi_at_best_step :
  psi (A gamma) (left_over gamma k a) (noise_cross gamma mu c k a) (gamma * mu) s = s / (1 + snr delta n ^ 2).
Proof.
  pose proof best_step_positive as Hg. pose proof best_step_in_range as HgL. pose proof (gamma_mu gamma mu Lcal Hg Hmu HmuL) as Hgm.
  pose proof (sharp_rate_admissible gamma mu Lcal Hg Hmu HmuL HgL) as HA.
  rewrite psi_on_curve; [|lra|apply pow2_ge_0|exact Hs|apply best_step_on_curve]. rewrite curve_is by lra.
  unfold best_step. rewrite gain_at_best by assumption. f_equal. transitivity (r * r); [ring|exact Hrr].
Qed.
End Best.

(** k = 0: the law in 1/s. *)
Lemma inverse_grows : 0 < s -> 0 < n -> / (s / (1 + snr (mu * r) n ^ 2)) = / s + mu ^ 2 / n ^ 2.
Proof.
  intros Hs0 Hn. unfold snr. rewrite Rmax_right by (apply Rmult_le_pos; lra).
  transitivity (/ s + mu ^ 2 / n ^ 2 * (r * r / s)); [|rewrite Hrr; field; lra]. field. repeat split; try lra.
  assert (0 < r) by (apply sqrt_lt_R0; exact Hs0). assert (0 < mu * r) by (apply Rmult_lt_0_compat; assumption).
  pose proof (pow_lt (mu * r) 2 ltac:(assumption)). pose proof (pow_lt n 2 Hn). lra.
Qed.
End StronglyConvex.

(** Unbiased distillation is k = 0, where noise always dominates. *)
Lemma no_step_does_better_unbiased mu Lcal c a s gamma : 0 < mu -> mu <= Lcal -> 0 <= c -> c * c = mu * (Lcal - mu) -> 0 <= a -> 0 <= s ->
  0 < gamma -> gamma * Lcal < 1 -> 0 < c * sqrt s + a ->
  s / (1 + snr (clear (mu * sqrt s) 0) (c * sqrt s + a) ^ 2)
    <= psi (cap gamma mu Lcal) (left_over gamma 0 a) (noise_cross gamma mu c 0 a) (gamma * mu) s.
Proof.
  intros Hmu HmuL Hc0 Hc Ha Hs Hg HgL Hn.
  pose proof (no_step_does_better mu Lcal c 0 a s Hmu HmuL Hc0 Hc (Rle_refl 0) Ha Hs gamma Hg HgL Hn) as K. unfold cross_at in K.
  pose proof (gamma_mu gamma mu Lcal Hg Hmu HmuL).
  destruct (Rle_dec (gamma * (0 * c)) (a * (1 - gamma * mu))) as [_|Hno]; [exact K|].
  exfalso. apply Hno. rewrite Rmult_0_l, Rmult_0_r. apply Rmult_le_pos; lra.
Qed.
