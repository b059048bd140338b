(** From the family to T_rate = U + W/(A - rate): the best alpha and nu for each admissible rate.

    Where the best choice would be 0 or infinite (k = 0, a = 0, Lcal = mu), k, a, c are first enlarged by eps; then eps -> 0. *)

Require Export KDTheory.Envelope KDTheory.Family.

Definition cap gamma mu Lcal := gamma * mu * (2 - gamma * Lcal).
Definition left_over gamma k a := gamma ^ 2 * (k ^ 2 + a ^ 2).
Definition noise_cross gamma mu c k a := (gamma * (k * (1 - gamma * mu) + gamma * (a * c))) ^ 2.
Definition bias_cross gamma mu Lcal k a := (1 - cap gamma mu Lcal) * left_over gamma k a.

Definition cap_pl gamma mu L Lcal := gamma * mu * (2 - L * gamma * Lcal / mu).
Definition left_over_pl gamma L k a := L * gamma ^ 2 / 2 * (k ^ 2 + a ^ 2).
Definition cross_pl gamma mu L q k a := mu * gamma ^ 2 / 2 * (k * Rabs (1 - L * gamma) + L * gamma * (a * q)) ^ 2.

Lemma quotient_le x y z : 0 < y -> x <= z * y -> x / y <= z.
Proof. intros Hy H. apply Rmult_le_reg_r with y; [assumption|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. Qed.

Section StronglyConvex.
Variables gamma mu Lcal c : R.
Hypothesis Hg : 0 < gamma.
Hypothesis Hmu : 0 < mu.
Hypothesis HmuL : mu <= Lcal.
Hypothesis Hrange : gamma * Lcal < 1.
Hypothesis Hc0 : 0 <= c.
Hypothesis Hc : c * c = mu * (Lcal - mu).

Notation A := (cap gamma mu Lcal).

Lemma gamma_mu : 0 < gamma * mu <= gamma * Lcal.
Proof. split; [apply Rmult_lt_0_compat|apply Rmult_le_compat_l]; lra. Qed.

Lemma one_minus_cap : 1 - A = (1 - gamma * mu) ^ 2 + gamma ^ 2 * (c * c).
Proof. rewrite Hc. unfold cap. ring. Qed.

Lemma cap_le_1 : A <= 1.
Proof.
  pose proof one_minus_cap. pose proof (pow2_ge_0 (1 - gamma * mu)). pose proof (pow2_ge_0 gamma). pose proof (Rle_0_sqr c) as K.
  unfold Rsqr in K. assert (0 <= gamma ^ 2 * (c * c)) by (apply Rmult_le_pos; assumption). lra.
Qed.

Lemma sharp_rate_admissible : gamma * mu < A.
Proof.
  pose proof gamma_mu. replace A with (gamma * mu + gamma * mu * (1 - gamma * Lcal)) by (unfold cap; ring).
  assert (0 < gamma * mu * (1 - gamma * Lcal)) by (apply Rmult_lt_0_compat; lra). lra.
Qed.

(** The family's contraction is at most 1 - rate when alpha and nu use up tau = A - rate; and then growth holds for rate >= gamma mu. *)
Lemma slope_uses rate alpha nu :
  (1 - gamma * mu) ^ 2 * alpha + gamma ^ 2 * (c * c) * nu <= A - rate -> slope gamma mu Lcal alpha nu <= 1 - rate.
Proof.
  intros H. replace (slope gamma mu Lcal alpha nu)
    with (1 - A + ((1 - gamma * mu) ^ 2 * alpha + gamma ^ 2 * (mu * (Lcal - mu)) * nu)) by (unfold slope, cap; ring).
  rewrite <- Hc. lra.
Qed.

Lemma growth_holds rate alpha nu : 0 <= alpha -> gamma * mu <= rate ->
  (1 - gamma * mu) ^ 2 * alpha + gamma ^ 2 * (c * c) * nu <= A - rate -> 0 <= growth gamma mu Lcal alpha nu.
Proof.
  intros Ha Hr H. pose proof gamma_mu. apply Rmult_le_reg_l with (gamma * mu); [lra|]. rewrite Rmult_0_r.
  replace (gamma * mu * growth gamma mu Lcal alpha nu)
    with (A - gamma * mu + alpha * (1 - gamma * mu)
          - ((1 - gamma * mu) ^ 2 * alpha + gamma ^ 2 * (mu * (Lcal - mu)) * nu)) by (unfold growth, cap; ring).
  rewrite <- Hc. assert (0 <= alpha * (1 - gamma * mu)) by (apply Rmult_le_pos; lra). lra.
Qed.

Variables k a V s rate : R.
Hypothesis Hk : 0 <= k.
Hypothesis Ha : 0 <= a.
Hypothesis Hs : 0 <= s.

Theorem noise_dominated_rate :
  gamma * (k * c) <= a * (1 - gamma * mu) -> gamma * mu <= rate < A ->
  (forall alpha nu, 0 < alpha <= nu -> 0 <= growth gamma mu Lcal alpha nu ->
    V <= slope gamma mu Lcal alpha nu * s + offset gamma alpha nu (k ^ 2) (a ^ 2)) ->
  V <= tangent A (left_over gamma k a) (noise_cross gamma mu c k a) rate s.
Proof.
  intros Hregime Hrate HV. pose proof gamma_mu.
  set (o := 1 - gamma * mu) in *. assert (Ho : 0 < o) by (unfold o; lra).
  set (tau := A - rate). assert (Htau : 0 < tau) by (unfold tau; lra).
  set (a_ := fun eps => a + gamma * (k * eps + c * eps + eps * eps) / o).
  set (w_ := fun eps => gamma * ((k + eps) * o + gamma * (a_ eps * (c + eps)))).
  set (u := fun eps => (1 - rate) * s + left_over gamma k a + w_ eps ^ 2 / tau).
  replace (tangent A (left_over gamma k a) (noise_cross gamma mu c k a) rate s) with (u 0)
    by (unfold u, tangent, w_, a_, noise_cross; fold tau o; field; lra).
  apply le_limit; [unfold u, w_, a_; reg; lra|]. intros eps He.
  assert (Hcross : gamma * ((k + eps) * (c + eps)) <= a_ eps * o).
  { replace (a_ eps * o) with (a * o + gamma * (k * eps + c * eps + eps * eps)) by (unfold a_; field; lra). lra. }
  assert (Ha_ : a < a_ eps).
  { unfold a_. enough (0 < gamma * (k * eps + c * eps + eps * eps) / o) by lra.
    apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; [assumption|]|apply Rinv_0_lt_compat; assumption].
    assert (0 <= k * eps) by (apply Rmult_le_pos; lra). assert (0 <= c * eps) by (apply Rmult_le_pos; lra).
    assert (0 < eps * eps) by (apply Rmult_lt_0_compat; assumption). lra. }
  set (k' := k + eps) in *. set (c' := c + eps) in *. set (a' := a_ eps) in *. set (w := w_ eps).
  assert (Hk' : 0 < k') by (unfold k'; lra). assert (Hc' : 0 < c') by (unfold c'; lra). assert (Ha' : 0 < a') by lra.
  assert (Hw : w = gamma * (k' * o + gamma * (a' * c'))) by reflexivity.
  assert (Hw0 : 0 < w).
  { rewrite Hw. apply Rmult_lt_0_compat; [assumption|]. apply Rplus_lt_0_compat; positive. }
  set (alpha := gamma * k' * tau / (o * w)). set (nu := a' * tau / (c' * w)).
  assert (Halpha : 0 < alpha).
  { unfold alpha. positive. }
  assert (Hnu : 0 < nu).
  { unfold nu. positive. }
  assert (Horder : alpha <= nu).
  { replace nu with (alpha + (a' * o - gamma * (k' * c')) * tau / (o * c' * w)) by (unfold alpha, nu; field; repeat split; lra).
    enough (0 <= (a' * o - gamma * (k' * c')) * tau / (o * c' * w)) by lra.
    apply Rmult_le_pos; [apply Rmult_le_pos; lra|]. left. apply Rinv_0_lt_compat. positive. }
  assert (Huse : o ^ 2 * alpha + gamma ^ 2 * (c' * c') * nu = tau).
  { transitivity (gamma * (k' * o + gamma * (a' * c')) * tau / w); [unfold alpha, nu; field; repeat split; lra|].
    rewrite <- Hw. field. lra. }
  assert (Hcc : c * c <= c' * c') by (apply Rmult_le_compat; unfold c'; lra).
  assert (Huse' : o ^ 2 * alpha + gamma ^ 2 * (c * c) * nu <= tau).
  { rewrite <- Huse. apply Rplus_le_compat_l, Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_l; [apply pow2_ge_0|assumption]. }
  eapply Rle_trans; [apply (HV alpha nu); [lra|]|].
  - apply (growth_holds rate); [lra|lra|exact Huse'].
  - apply Rle_trans with ((1 - rate) * s + (left_over gamma k a + gamma ^ 2 * (/ alpha * k' ^ 2 + / nu * a' ^ 2))).
    + apply Rplus_le_compat; [apply Rmult_le_compat_r; [assumption|apply slope_uses; exact Huse']|].
      replace (offset gamma alpha nu (k ^ 2) (a ^ 2)) with (left_over gamma k a + gamma ^ 2 * (/ alpha * k ^ 2 + / nu * a ^ 2))
        by (unfold offset, left_over; ring).
      apply Rplus_le_compat_l, Rmult_le_compat_l; [apply pow2_ge_0|].
      apply Rplus_le_compat; (apply Rmult_le_compat_l; [left; apply Rinv_0_lt_compat; assumption|]);
        apply pow_incr; unfold k' in *; lra.
    + right. unfold u. fold w. rewrite <- Rplus_assoc. f_equal.
      transitivity (w * (gamma * (k' * o + gamma * (a' * c'))) / tau); [|rewrite <- Hw; field; lra].
      unfold alpha, nu. field. repeat split; lra.
Qed.

(** For the unbiased step (k = 0) alpha is not needed at all. *)
Theorem unbiased_rate :
  gamma * mu <= rate < A ->
  (forall nu, 0 < nu -> 0 <= growth gamma mu Lcal 0 nu -> V <= slope gamma mu Lcal 0 nu * s + offset0 gamma nu (a ^ 2)) ->
  V <= tangent A (left_over gamma 0 a) (noise_cross gamma mu c 0 a) rate s.
Proof.
  intros Hrate HV. pose proof gamma_mu.
  set (tau := A - rate). assert (Htau : 0 < tau) by (unfold tau; lra).
  set (u := fun eps => (1 - rate) * s + left_over gamma 0 a + (gamma * (gamma * (a * (c + eps)))) ^ 2 / tau).
  replace (tangent A (left_over gamma 0 a) (noise_cross gamma mu c 0 a) rate s) with (u 0)
    by (unfold u, tangent, noise_cross; fold tau; field; lra).
  apply le_limit; [unfold u; reg; lra|]. intros eps He.
  set (c' := c + eps) in *. assert (Hc' : 0 < c') by (unfold c'; lra).
  assert (Hgc : 0 < gamma ^ 2 * (c' * c')) by (apply Rmult_lt_0_compat; [apply pow_lt|apply Rmult_lt_0_compat]; assumption).
  set (nu := tau / (gamma ^ 2 * (c' * c'))).
  assert (Hnu : 0 < nu) by (apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; assumption]).
  assert (Hcc : c * c <= c' * c') by (apply Rmult_le_compat; unfold c'; lra).
  assert (Huse : (1 - gamma * mu) ^ 2 * 0 + gamma ^ 2 * (c * c) * nu <= tau).
  { replace tau with (gamma ^ 2 * (c' * c') * nu) by (unfold nu; field; lra). rewrite Rmult_0_r, Rplus_0_l.
    apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_l; [apply pow2_ge_0|assumption]. }
  eapply Rle_trans; [apply (HV nu Hnu), (growth_holds rate); [lra|lra|exact Huse]|].
  unfold u. rewrite Rplus_assoc. apply Rplus_le_compat; [apply Rmult_le_compat_r; [assumption|apply slope_uses; exact Huse]|].
  right. unfold offset0, left_over, nu. fold c'. field. repeat split; lra.
Qed.

Theorem bias_dominated_rate :
  0 <= rate < A ->
  (forall alpha nu, 0 < alpha <= nu -> 0 <= growth gamma mu Lcal alpha nu ->
    V <= slope gamma mu Lcal alpha nu * s + offset gamma alpha nu (k ^ 2) (a ^ 2)) ->
  V <= tangent A (left_over gamma k a) (bias_cross gamma mu Lcal k a) rate s.
Proof.
  intros Hrate HV. pose proof gamma_mu. pose proof one_minus_cap as H1.
  assert (HA : 0 < 1 - A).
  { rewrite H1. assert (0 < (1 - gamma * mu) ^ 2) by (apply pow_lt; lra).
    assert (0 <= gamma ^ 2 * (c * c)) by (apply Rmult_le_pos; [apply pow2_ge_0|apply Rle_0_sqr]). lra. }
  set (tau := A - rate). assert (Htau : 0 < tau) by (unfold tau; lra).
  set (alpha := tau / (1 - A)).
  assert (Halpha : 0 < alpha) by (apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; assumption]).
  eapply Rle_trans; [apply (HV alpha alpha); [lra|]|].
  - replace (growth gamma mu Lcal alpha alpha) with ((1 + alpha) * (1 - gamma * Lcal)) by (unfold growth; ring).
    apply Rmult_le_pos; lra.
  - unfold tangent. rewrite Rplus_assoc. apply Rplus_le_compat.
    + apply Rmult_le_compat_r; [assumption|]. apply slope_uses.
      replace (_ + _) with (((1 - gamma * mu) ^ 2 + gamma ^ 2 * (c * c)) * alpha) by ring. rewrite <- H1.
      unfold alpha, tau. right. field. lra.
    + right. unfold offset, bias_cross, left_over, alpha. fold tau. field. repeat split; lra.
Qed.

End StronglyConvex.

Section PL.
Variables gamma mu L Lcal q k a V s rate : R.
Hypothesis Hg : 0 < gamma.
Hypothesis Hmu : 0 < mu.
Hypothesis HL : 0 < L.
Hypothesis HmuL : mu <= Lcal.
Hypothesis Hq0 : 0 <= q.
Hypothesis Hq : mu * (q * q) = Lcal - mu.
Hypothesis Ha : 0 <= a.
Hypothesis Hs : 0 <= s.

Notation A := (cap_pl gamma mu L Lcal).

Lemma slope_pl_uses b alpha nu :
  L * gamma ^ 2 * mu * (q * q) * nu + gamma * mu * b * alpha <= A - rate -> slope_pl gamma mu L Lcal b alpha nu <= 1 - rate.
Proof.
  intros H. replace (slope_pl gamma mu L Lcal b alpha nu)
    with (1 - A + (L * gamma ^ 2 * (Lcal - mu) * nu + gamma * mu * b * alpha)) by (unfold slope_pl, cap_pl; field; lra).
  rewrite <- Hq. lra.
Qed.

Theorem pl_rate : 0 <= k -> 0 <= rate < A ->
  (forall alpha nu, 0 < alpha -> 0 < nu -> 0 <= 2 - alpha * Rabs (1 - L * gamma) + L * gamma * nu ->
    V <= slope_pl gamma mu L Lcal (Rabs (1 - L * gamma)) alpha nu * s
         + offset_pl gamma L (Rabs (1 - L * gamma)) alpha nu (k ^ 2) (a ^ 2)) ->
  V <= tangent A (left_over_pl gamma L k a) (cross_pl gamma mu L q k a) rate s.
Proof.
  intros Hk Hrate HV. unfold cross_pl in *. assert (Hb0 : 0 <= Rabs (1 - L * gamma)) by apply Rabs_pos.
  set (b := Rabs (1 - L * gamma)) in *. clearbody b.
  set (tau := A - rate). assert (Htau : 0 < tau) by (unfold tau; lra).
  set (l := L * gamma) in *. assert (Hl : 0 < l) by (apply Rmult_lt_0_compat; assumption).
  set (w_ := fun eps => (k + eps) * (b + eps) + l * ((a + eps) * (q + eps))).
  set (u := fun eps => (1 - rate) * s + left_over_pl gamma L k a + mu * gamma ^ 2 / 2 * w_ eps ^ 2 / tau).
  replace (tangent A (left_over_pl gamma L k a) (mu * gamma ^ 2 / 2 * (k * b + l * (a * q)) ^ 2) rate s) with (u 0)
    by (unfold u, tangent, w_; fold tau; field; lra).
  apply le_limit; [unfold u, w_; reg; lra|]. intros eps He.
  set (k' := k + eps) in *. set (a' := a + eps) in *. set (b' := b + eps) in *. set (q' := q + eps) in *. set (w := w_ eps).
  assert (Hk' : 0 < k') by (unfold k'; lra). assert (Ha' : 0 < a') by (unfold a'; lra).
  assert (Hb' : 0 < b') by (unfold b'; lra). assert (Hq' : 0 < q') by (unfold q'; lra).
  assert (Hw : w = k' * b' + l * (a' * q')) by reflexivity.
  assert (Hw0 : 0 < w) by (rewrite Hw; apply Rplus_lt_0_compat; positive).
  assert (Hgmw : 0 < gamma * mu * w) by (positive).
  set (alpha := k' * tau / (gamma * mu * w)). set (nu := a' * tau / (q' * (gamma * mu * w))).
  assert (Halpha : 0 < alpha) by (unfold alpha; positive).
  assert (Hnu : 0 < nu).
  { unfold nu. positive. }
  assert (Huse : L * gamma ^ 2 * mu * (q' * q') * nu + gamma * mu * b' * alpha = tau).
  { transitivity ((k' * b' + l * (a' * q')) * tau / w); [unfold alpha, nu, l; field; repeat split; lra|].
    rewrite <- Hw. field. lra. }
  assert (Hqq : q * q <= q' * q') by (apply Rmult_le_compat; unfold q'; lra).
  assert (Hp : 0 < L * gamma ^ 2 * mu) by (positive).
  assert (Huse' : L * gamma ^ 2 * mu * (q * q) * nu + gamma * mu * b * alpha <= tau).
  { rewrite <- Huse. apply Rplus_le_compat; (apply Rmult_le_compat_r; [lra|]); (apply Rmult_le_compat_l; [|unfold b' in *; lra]).
    - lra.
    - apply Rlt_le, Rmult_lt_0_compat; assumption. }
  eapply Rle_trans; [apply (HV alpha nu); try assumption|].
  - (* gamma mu (2 - alpha b + l nu) >= 2 gamma mu - tau >= L gamma^2 Lcal >= 0 *)
    apply Rmult_le_reg_l with (gamma * mu); [apply Rmult_lt_0_compat; assumption|]. rewrite Rmult_0_r.
    replace (gamma * mu * (2 - alpha * b + l * nu))
      with (rate + l * gamma * Lcal + gamma * mu * (l * nu) + (tau - gamma * mu * b * alpha))
      by (unfold tau, cap_pl, l; field; lra).
    assert (0 <= L * gamma ^ 2 * mu * (q * q) * nu).
    { apply Rmult_le_pos; [|lra]. apply Rmult_le_pos; [lra|apply Rle_0_sqr]. }
    assert (0 < l * gamma * Lcal) by (repeat apply Rmult_lt_0_compat; lra).
    assert (0 < gamma * mu * (l * nu)) by (positive). lra.
  - apply Rle_trans with ((1 - rate) * s + (left_over_pl gamma L k a
      + (gamma * b' / (2 * alpha) * k' ^ 2 + L * gamma ^ 2 / 2 * / nu * a' ^ 2))).
    + apply Rplus_le_compat; [apply Rmult_le_compat_r; [assumption|apply slope_pl_uses; exact Huse']|].
      replace (offset_pl gamma L b alpha nu (k ^ 2) (a ^ 2))
        with (left_over_pl gamma L k a + (gamma * b / (2 * alpha) * k ^ 2 + L * gamma ^ 2 / 2 * / nu * a ^ 2))
        by (unfold offset_pl, left_over_pl; field; lra).
      apply Rplus_le_compat_l, Rplus_le_compat.
      * apply Rmult_le_compat; [|apply pow2_ge_0| |apply pow_incr; unfold k'; lra].
        -- apply Rmult_le_pos; [apply Rmult_le_pos; lra|left; apply Rinv_0_lt_compat; lra].
        -- apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra|]. apply Rmult_le_compat_l; unfold b'; lra.
      * apply Rmult_le_compat_l; [|apply pow_incr; unfold a'; lra].
        apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat; assumption].
        assert (0 <= L * gamma ^ 2) by (apply Rmult_le_pos; [lra|apply pow2_ge_0]). lra.
    + right. unfold u. fold w. rewrite <- Rplus_assoc. f_equal.
      transitivity (mu * gamma ^ 2 / 2 * (w * (k' * b' + l * (a' * q'))) / tau); [|rewrite <- Hw; field; lra].
      unfold alpha, nu, l. field. repeat split; lra.
Qed.

Theorem pl_unbiased_rate : 0 <= rate < A ->
  (forall nu, 0 < nu -> V <= slope_pl gamma mu L Lcal 0 0 nu * s + L * gamma ^ 2 / 2 * (1 + / nu) * a ^ 2) ->
  V <= tangent A (left_over_pl gamma L 0 a) (cross_pl gamma mu L q 0 a) rate s.
Proof.
  intros Hrate HV. set (tau := A - rate). assert (Htau : 0 < tau) by (unfold tau; lra).
  set (u := fun eps => (1 - rate) * s + left_over_pl gamma L 0 a + mu * gamma ^ 2 / 2 * (L * gamma * (a * (q + eps))) ^ 2 / tau).
  replace (tangent A (left_over_pl gamma L 0 a) (cross_pl gamma mu L q 0 a) rate s) with (u 0)
    by (unfold u, tangent, cross_pl; fold tau; field; lra).
  apply le_limit; [unfold u; reg; lra|]. intros eps He.
  set (q' := q + eps). assert (Hq' : 0 < q') by (unfold q'; lra).
  assert (Hp : 0 < L * gamma ^ 2 * mu) by (positive).
  assert (Hpq : 0 < L * gamma ^ 2 * mu * (q' * q')) by (positive).
  set (nu := tau / (L * gamma ^ 2 * mu * (q' * q'))).
  assert (Hnu : 0 < nu) by (apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; assumption]).
  eapply Rle_trans; [apply (HV nu Hnu)|].
  unfold u. rewrite Rplus_assoc. apply Rplus_le_compat.
  - apply Rmult_le_compat_r; [assumption|]. apply slope_pl_uses. rewrite Rmult_0_r, Rplus_0_r.
    fold tau. replace tau with (L * gamma ^ 2 * mu * (q' * q') * nu) by (unfold nu; field; lra).
    apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat; unfold q'; lra.
  - right. unfold left_over_pl, nu. fold q'. field. repeat split; lra.
Qed.

End PL.
