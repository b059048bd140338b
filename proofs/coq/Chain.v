(** envelope <= sharp <= refined <= paper form.  The last comparison is how Theorems 1 and 2 are derived in [PaperForm]. *)

Require Export KDTheory.Horizon.
Require Import KDTheory.generated.sharp_below_refined KDTheory.generated.sharp_below_refined_bias KDTheory.generated.sharp_below_refined_pl.

(** t applications of psi stay below every admissible affine bound, the sharp one (rate gamma mu) among them. *)
Theorem envelope_below_every_rate A U W rate0 rate : 0 <= U -> 0 <= W -> rate0 <= rate < A -> A <= 1 ->
  forall t s, 0 <= s -> iterate (psi A U W rate0) t s <= (1 - rate) ^ t * s + (U + W / (A - rate)) * sum t (fun j => (1 - rate) ^ j).
Proof.
  intros HU HW Hr HA t. pose proof (psi_averages_well A U W rate0 HU HW ltac:(lra) HA) as [Hpos _].
  induction t as [|t IH]; intros s Hs; simpl; [lra|].
  set (P := (1 - rate) ^ t) in *. set (S := sum t (fun j => (1 - rate) ^ j)) in *. set (T := U + W / (A - rate)) in *.
  assert (HP : 0 <= P) by (apply pow_le; lra). eapply Rle_trans; [apply IH; auto|].
  apply Rle_trans with (P * ((1 - rate) * s + T) + T * S); [|right; ring].
  apply Rplus_le_compat_r, Rmult_le_compat_l; [exact HP|]. unfold T. rewrite <- Rplus_assoc.
  apply (psi_below_tangent A U W rate0 rate s); assumption.
Qed.

Section Chain.
Variables (Q : problem) (teacher : rvec) (gamma mu Lcal lam : R).
Hypothesis Hg : 0 < gamma.
Hypothesis Hmu : 0 < mu.
Notation k := (sqrt (bias Q teacher lam)).
Notation a := (sqrt (centred_noise Q teacher lam)).

(** The sharp constant is below the refined one, in both regimes, wherever the refined one is defined. *)
Theorem sharp_below_refined_constant : (0 < d Q)%nat -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> 2 * gamma * Lcal < 1 ->
  left_over gamma k a + cross Q teacher gamma mu Lcal lam / (cap gamma mu Lcal - gamma * mu)
  <= 2 * gamma ^ 2 * noise Q teacher lam (1 / (2 * gamma * mu * (1 - 2 * gamma * Lcal))).
Proof.
  intros Hd H1 H1' H3 Hr. pose proof (mu_le_Lcal Q teacher mu Lcal Hd Hmu H1 H1' H3) as HmuL.
  pose proof (gamma_mu gamma mu Lcal Hg Hmu HmuL) as Hgm.
  destruct (root_c_spec mu Lcal Hmu HmuL) as [Hc0 Hc]. set (c := root_c mu Lcal) in *.
  assert (HLcal : Lcal = mu + c ^ 2 / mu) by (replace (c ^ 2) with (c * c) by ring; rewrite Hc; field; lra).
  assert (Hden : cap gamma mu Lcal - gamma * mu = gamma * mu * (1 - gamma * Lcal)) by (unfold cap; ring).
  assert (Hpos : 0 < gamma * mu * (1 - gamma * Lcal)) by (apply Rmult_lt_0_compat; lra).
  pose proof (sqrt_pos (bias Q teacher lam)) as Hk. pose proof (sqrt_pos (centred_noise Q teacher lam)) as Ha.
  set (ka := 1 / (2 * gamma * mu * (1 - 2 * gamma * Lcal))).
  replace (noise Q teacher lam ka) with (a ^ 2 + (1 + ka) * k ^ 2) by (rewrite noise_split, bias_root, noise_root; reflexivity).
  unfold ka. set (u := k) in *. set (v := a) in *.
  assert (Hm : 0 < 1 - 2 * gamma * Lcal) by lra.
  unfold cross. fold c u v. destruct (Rle_dec _ _) as [Hn|Hb].
  - pose proof (sharp_below_refined_certificate Lcal v c gamma u mu ltac:(lra) Ha Hc0 Hg Hk Hmu ltac:(lra) ltac:(lra) HLcal) as K.
    apply Rminus_le_0. eapply Rle_trans; [exact K|]. right. unfold left_over, noise_cross. rewrite Hden. clear HLcal.
    replace (- 1 * gamma * mu + gamma * mu * (2 + - 1 * Lcal * gamma)) with (gamma * mu * (1 - gamma * Lcal)) by ring.
    field. repeat split; lra.
  - apply Rnot_le_lt in Hb.
    assert (Hc1 : 0 < c).
    { destruct Hc0 as [|Hz]; [assumption|]. rewrite <- Hz in Hb. rewrite !Rmult_0_r in Hb.
      assert (0 <= v * (1 - gamma * mu)) by (apply Rmult_le_pos; lra). lra. }
    pose proof (sharp_below_refined_bias_certificate Lcal v c gamma u mu ltac:(lra) Ha Hc1 Hg Hmu ltac:(lra) ltac:(lra) ltac:(lra) HLcal) as K.
    apply Rminus_le_0. eapply Rle_trans; [exact K|]. right. unfold bias_cross, left_over, cap. clear HLcal.
    field. repeat split; lra.
Qed.

(** The same for PL functions, where 1 - L gamma > 0 on the common range. *)
Theorem sharp_below_refined_constant_pl L :
  0 < L -> smooth Q L -> minimal Q -> PL Q mu -> A3 Q Lcal -> (exists x, 0 < gap Q x) -> 2 * L * gamma * Lcal < mu ->
  left_over_pl gamma L k a + cross_pl gamma mu L (root_q mu Lcal) k a / (cap_pl gamma mu L Lcal - gamma * mu)
  <= L * gamma ^ 2 * noise Q teacher lam (1 / (2 * L * gamma * (1 - 2 * L * gamma * Lcal / mu))).
Proof.
  intros HL Hs Hmin HPL H3 Hex Hr.
  pose proof (mu_le_Lcal_pl Q teacher mu Lcal Hex HPL H3) as HmuLc.
  destruct (refined_slope_pl gamma mu L Lcal Hg Hmu HL HmuLc Hr) as ([Hl Hl2] & Hm & _).
  destruct (root_q_spec mu Lcal Hmu HmuLc) as [Hq0 Hq]. set (q := root_q mu Lcal) in *.
  assert (HLcal : Lcal = mu * (1 + q ^ 2)) by (replace (q ^ 2) with (q * q) by ring; lra).
  set (ka := 1 / (2 * L * gamma * (1 - 2 * L * gamma * Lcal / mu))).
  replace (noise Q teacher lam ka) with (a ^ 2 + (1 + ka) * k ^ 2) by (rewrite noise_split, bias_root, noise_root; reflexivity).
  pose proof (sqrt_pos (bias Q teacher lam)) as Hk. pose proof (sqrt_pos (centred_noise Q teacher lam)) as Ha.
  set (u := k) in *. set (v := a) in *. set (m := 1 - 2 * (L * gamma) * Lcal / mu) in *.
  assert (Hm1 : 1 - 2 * L * gamma * Lcal / mu = m) by (unfold m; field; lra).
  assert (Hm2 : 1 + -2 * L * Lcal * gamma / mu = m) by (unfold m; field; lra).
  assert (Hn : - 1 * gamma * mu + gamma * mu * (2 + - 1 * L * Lcal * gamma / mu) = gamma * mu * ((1 + m) / 2)) by (unfold m; field; lra).
  assert (Hn2 : cap_pl gamma mu L Lcal - gamma * mu = gamma * mu * ((1 + m) / 2)) by (unfold cap_pl, m; field; lra).
  assert (Hgm : 0 < gamma * mu) by (apply Rmult_lt_0_compat; assumption).
  assert (Hpos : 0 < gamma * mu * ((1 + m) / 2)) by (apply Rmult_lt_0_compat; lra).
  pose proof (sharp_below_refined_pl_certificate L Lcal v gamma u mu q HL ltac:(lra) Ha Hg Hk Hmu Hq0 ltac:(lra) ltac:(lra) HLcal) as K.
  rewrite Hm2, Hn in K. apply Rminus_le_0. eapply Rle_trans; [exact K|]. right.
  rewrite Hn2. unfold ka, left_over_pl, cross_pl. rewrite Hm1, (Rabs_right (1 - L * gamma)) by lra. clearbody m. clear HLcal.
  field. repeat split; lra.
Qed.

End Chain.
