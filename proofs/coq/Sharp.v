(** The sharp statements (rate gamma mu) and the distillation envelope, for every horizon, finite sum, dimension and weight.

    k = |lam| |h|, a^2 = E|S - lam H'|^2, c = sqrt(mu (Lcal - mu)), q = sqrt((Lcal - mu)/mu).  The step sizes reach 1/Lcal, and
    2 mu/(L Lcal) for PL functions: eight times the paper's.  A rate is admissible when least_rate <= rate < A. *)

Require Export KDTheory.Rates KDTheory.PaperForm.

Section Sharp.
Variables (Q : problem) (teacher : rvec).
Notation dist2 := (dist2 Q).
Notation gap := (gap Q).
Notation E_t gamma lam t phi x0 := (expect (N Q) (distilled Q teacher gamma lam) t phi x0).
Notation E_t' gamma lam t phi x0 := (expect (N Q) (distilled_unbiased Q teacher gamma lam) t phi x0).
Notation k lam := (sqrt (bias Q teacher lam)).
Notation a lam := (sqrt (centred_noise Q teacher lam)).
Definition root_c mu Lcal := sqrt (mu * (Lcal - mu)).
Definition root_q mu Lcal := sqrt ((Lcal - mu) / mu).

(** Noise-dominated when a (1 - gamma mu) >= gamma k c. *)
Definition cross gamma mu Lcal lam :=
  if Rle_dec (gamma * (k lam * root_c mu Lcal)) (a lam * (1 - gamma * mu))
  then noise_cross gamma mu (root_c mu Lcal) (k lam) (a lam) else bias_cross gamma mu Lcal (k lam) (a lam).
Definition least_rate gamma mu Lcal lam :=
  if Rle_dec (gamma * (k lam * root_c mu Lcal)) (a lam * (1 - gamma * mu)) then gamma * mu else 0.

(** T_rate(s) = (1 - rate) s + U + W/(A - rate) and psi, in the three settings. *)
Notation U gamma lam := (left_over gamma (k lam) (a lam)).
Notation U0 gamma lam := (left_over gamma 0 (a lam)).
Notation W0 gamma mu Lcal lam := (noise_cross gamma mu (root_c mu Lcal) 0 (a lam)).
Notation U_pl gamma L lam := (left_over_pl gamma L (k lam) (a lam)).
Notation W_pl gamma mu L Lcal lam := (cross_pl gamma mu L (root_q mu Lcal) (k lam) (a lam)).
Notation U0_pl gamma L lam := (left_over_pl gamma L 0 (a lam)).
Notation W0_pl gamma mu L Lcal lam := (cross_pl gamma mu L (root_q mu Lcal) 0 (a lam)).

Definition psi_1 gamma mu Lcal lam :=
  psi (cap gamma mu Lcal) (U gamma lam) (cross gamma mu Lcal lam) (least_rate gamma mu Lcal lam).
Definition psi_1_unbiased gamma mu Lcal lam := psi (cap gamma mu Lcal) (U0 gamma lam) (W0 gamma mu Lcal lam) (gamma * mu).
Definition psi_2 gamma mu L Lcal lam := psi (cap_pl gamma mu L Lcal) (U_pl gamma L lam) (W_pl gamma mu L Lcal lam) 0.
Definition psi_2_unbiased gamma mu L Lcal lam := psi (cap_pl gamma mu L Lcal) (U0_pl gamma L lam) (W0_pl gamma mu L Lcal lam) 0.

Lemma root_c_spec mu Lcal : 0 < mu -> mu <= Lcal -> 0 <= root_c mu Lcal /\ root_c mu Lcal * root_c mu Lcal = mu * (Lcal - mu).
Proof. intros. split; [apply sqrt_pos|apply sqrt_sqrt, Rmult_le_pos; lra]. Qed.

Lemma root_q_spec mu Lcal : 0 < mu -> mu <= Lcal -> 0 <= root_q mu Lcal /\ mu * (root_q mu Lcal * root_q mu Lcal) = Lcal - mu.
Proof.
  intros. split; [apply sqrt_pos|]. unfold root_q. rewrite sqrt_sqrt; [field; lra|].
  apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra].
Qed.

Lemma bias_root lam : k lam ^ 2 = bias Q teacher lam.
Proof. apply root_of, bias_nonneg. Qed.
Lemma noise_root lam : a lam ^ 2 = centred_noise Q teacher lam.
Proof. apply root_of, centred_noise_nonneg. Qed.

Lemma left_over_nonneg gamma u v : 0 <= left_over gamma u v.
Proof. apply Rmult_le_pos; [apply pow2_ge_0|]. pose proof (pow2_ge_0 u). pose proof (pow2_ge_0 v). lra. Qed.

Lemma left_over_pl_nonneg gamma L u v : 0 < L -> 0 <= left_over_pl gamma L u v.
Proof.
  intros. pose proof (pow2_ge_0 u). pose proof (pow2_ge_0 v). pose proof (pow2_ge_0 gamma).
  apply Rmult_le_pos; [|lra]. apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra].
Qed.

Lemma cross_pl_nonneg gamma mu L q u v : 0 < mu -> 0 <= cross_pl gamma mu L q u v.
Proof.
  intros. pose proof (pow2_ge_0 gamma). apply Rmult_le_pos; [|apply pow2_ge_0]. apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra].
Qed.

(** ** Strong convexity *)

Section StronglyConvex.
Variables gamma mu Lcal lam : R.
Hypothesis Hd : (0 < d Q)%nat.
Hypothesis Hg : 0 < gamma.
Hypothesis Hmu : 0 < mu.
Hypothesis H1 : A1 Q mu.
Hypothesis H1' : A1' Q mu.
Hypothesis H3 : A3 Q Lcal.
Hypothesis Hrange : gamma < 1 / Lcal.
Notation A := (cap gamma mu Lcal).

Let HmuL : mu <= Lcal := mu_le_Lcal Q teacher mu Lcal Hd Hmu H1 H1' H3.

Lemma range_product : gamma * Lcal < 1.
Proof.
  pose proof HmuL. apply Rmult_lt_compat_r with (r := Lcal) in Hrange; [|lra].
  replace (1 / Lcal * Lcal) with 1 in Hrange by (field; lra). assumption.
Qed.

Let Hr := range_product.
Let Hc := root_c_spec mu Lcal Hmu HmuL.

Lemma cross_nonneg : 0 <= cross gamma mu Lcal lam.
Proof.
  unfold cross. destruct (Rle_dec _ _); [apply pow2_ge_0|]. apply Rmult_le_pos; [|apply left_over_nonneg].
  pose proof (cap_le_1 gamma mu Lcal (root_c mu Lcal) (proj2 Hc)). lra.
Qed.

Lemma least_rate_range : 0 <= least_rate gamma mu Lcal lam <= gamma * mu.
Proof.
  pose proof (gamma_mu gamma mu Lcal Hg Hmu HmuL). unfold least_rate. destruct (Rle_dec _ _); lra.
Qed.

(** One step, at every admissible rate. *)
Theorem theorem_1_rate rate x : least_rate gamma mu Lcal lam <= rate < A ->
  avg (N Q) (fun n => dist2 (distilled Q teacher gamma lam n x)) <= tangent A (U gamma lam) (cross gamma mu Lcal lam) rate (dist2 x).
Proof.
  intros Hrate. pose proof HmuL. pose proof Hr. destruct Hc as [Hc0 Hcc].
  assert (HF : forall alpha nu, 0 < alpha <= nu -> 0 <= growth gamma mu Lcal alpha nu ->
    avg (N Q) (fun n => dist2 (distilled Q teacher gamma lam n x)) <=
    slope gamma mu Lcal alpha nu * dist2 x + offset gamma alpha nu (k lam ^ 2) (a lam ^ 2)).
  { intros. rewrite bias_root, noise_root. apply family; lra || assumption. }
  unfold cross, least_rate in *. destruct (Rle_dec _ _).
  - apply noise_dominated_rate; try assumption; try apply sqrt_pos; apply dist2_nonneg.
  - apply (bias_dominated_rate gamma mu Lcal (root_c mu Lcal)); try assumption; apply dist2_nonneg.
Qed.

Theorem theorem_1_sharp t x0 :
  E_t gamma lam t dist2 x0 <=
    (1 - gamma * mu) ^ t * dist2 x0
    + (U gamma lam + cross gamma mu Lcal lam / (A - gamma * mu)) / (gamma * mu) * (1 - (1 - gamma * mu) ^ t).
Proof.
  pose proof HmuL. pose proof Hr. pose proof (gamma_mu gamma mu Lcal Hg Hmu HmuL). pose proof least_rate_range.
  pose proof (sharp_rate_admissible gamma mu Lcal Hg Hmu HmuL Hr).
  apply unroll; [apply N_pos|lra|lra|]. intros x. rewrite <- Rplus_assoc. apply (theorem_1_rate (gamma * mu)). lra.
Qed.

Lemma psi_1_averages_well : averages_well (psi_1 gamma mu Lcal lam).
Proof.
  pose proof HmuL. pose proof Hr. pose proof least_rate_range. pose proof (sharp_rate_admissible gamma mu Lcal Hg Hmu HmuL Hr).
  apply psi_averages_well; [apply left_over_nonneg|apply cross_nonneg|lra|].
  apply (cap_le_1 gamma mu Lcal (root_c mu Lcal)), Hc.
Qed.

Lemma one_step_envelope x : avg (N Q) (fun n => dist2 (distilled Q teacher gamma lam n x)) <= psi_1 gamma mu Lcal lam (dist2 x).
Proof.
  pose proof HmuL. pose proof Hr. pose proof least_rate_range. pose proof (sharp_rate_admissible gamma mu Lcal Hg Hmu HmuL Hr).
  apply below_psi; [apply cross_nonneg|apply dist2_nonneg|lra|]. intros. apply theorem_1_rate. assumption.
Qed.

Theorem theorem_1_envelope t x0 : E_t gamma lam t dist2 x0 <= iterate (psi_1 gamma mu Lcal lam) t (dist2 x0).
Proof.
  apply unroll_envelope; [apply N_pos|apply psi_1_averages_well|intros; apply dist2_nonneg|apply one_step_envelope].
Qed.

Theorem unbiased_rate_bound rate x : gamma * mu <= rate < A ->
  avg (N Q) (fun n => dist2 (distilled_unbiased Q teacher gamma lam n x)) <=
    tangent A (U0 gamma lam) (W0 gamma mu Lcal lam) rate (dist2 x).
Proof.
  intros Hrate. pose proof HmuL. pose proof Hr. destruct Hc as [Hc0 Hcc].
  apply unbiased_rate; try assumption; [apply dist2_nonneg|].
  intros. rewrite noise_root. apply family_unbiased; lra || assumption.
Qed.

Theorem unbiased_sharp t x0 :
  E_t' gamma lam t dist2 x0 <=
    (1 - gamma * mu) ^ t * dist2 x0
    + (U0 gamma lam + W0 gamma mu Lcal lam / (A - gamma * mu)) / (gamma * mu) * (1 - (1 - gamma * mu) ^ t).
Proof.
  pose proof HmuL. pose proof Hr. pose proof (gamma_mu gamma mu Lcal Hg Hmu HmuL).
  pose proof (sharp_rate_admissible gamma mu Lcal Hg Hmu HmuL Hr).
  apply unroll; [apply N_pos|lra|lra|]. intros x. rewrite <- Rplus_assoc. apply (unbiased_rate_bound (gamma * mu)). lra.
Qed.

Lemma psi_1_unbiased_averages_well : averages_well (psi_1_unbiased gamma mu Lcal lam).
Proof.
  pose proof (sharp_rate_admissible gamma mu Lcal Hg Hmu HmuL Hr).
  apply psi_averages_well; [apply left_over_nonneg|apply pow2_ge_0|lra|].
  apply (cap_le_1 gamma mu Lcal (root_c mu Lcal)), Hc.
Qed.

Lemma one_step_envelope_unbiased x :
  avg (N Q) (fun n => dist2 (distilled_unbiased Q teacher gamma lam n x)) <= psi_1_unbiased gamma mu Lcal lam (dist2 x).
Proof.
  pose proof (sharp_rate_admissible gamma mu Lcal Hg Hmu HmuL Hr).
  apply below_psi; [apply pow2_ge_0|apply dist2_nonneg|lra|]. intros. apply unbiased_rate_bound. assumption.
Qed.

Theorem unbiased_envelope t x0 : E_t' gamma lam t dist2 x0 <= iterate (psi_1_unbiased gamma mu Lcal lam) t (dist2 x0).
Proof.
  apply unroll_envelope;
    [apply N_pos|apply psi_1_unbiased_averages_well|intros; apply dist2_nonneg|apply one_step_envelope_unbiased].
Qed.

End StronglyConvex.

(** ** Polyak-Lojasiewicz *)

Section PolyakLojasiewicz.
Variables gamma mu L Lcal lam : R.
Hypothesis Hg : 0 < gamma.
Hypothesis Hmu : 0 < mu.
Hypothesis HL : 0 < L.
Hypothesis Hs : smooth Q L.
Hypothesis Hmin : minimal Q.
Hypothesis HPL : PL Q mu.
Hypothesis H3 : A3 Q Lcal.
Hypothesis Hex : exists x, 0 < gap x.
Notation A := (cap_pl gamma mu L Lcal).

Let HmuLc : mu <= Lcal := mu_le_Lcal_pl Q teacher mu Lcal Hex HPL H3.
Let HmuL : mu <= L := mu_le_L Q mu L Hex HL HPL Hs Hmin.
Let Hq := root_q_spec mu Lcal Hmu HmuLc.

Lemma gap_nonneg x : 0 <= gap x.
Proof. unfold Setting.gap. pose proof (Hmin x). lra. Qed.

Lemma cap_pl_le_1 : A <= 1.
Proof.
  pose proof HmuL. pose proof HmuLc.
  assert (K : A = 2 * (gamma * mu) - gamma * gamma * (L * Lcal)) by (unfold cap_pl; field; lra).
  assert (gamma * gamma * (mu * mu) <= gamma * gamma * (L * Lcal)).
  { apply Rmult_le_compat_l; [apply Rle_0_sqr|]. apply Rmult_le_compat; lra. }
  pose proof (Rle_0_sqr (1 - gamma * mu)) as S. unfold Rsqr in S. rewrite K. lra.
Qed.

Lemma cap_pl_pos : gamma < 2 * mu / (L * Lcal) -> 0 < A.
Proof.
  intros H. pose proof HmuLc. assert (0 < L * Lcal) by (apply Rmult_lt_0_compat; lra).
  apply Rmult_lt_compat_r with (r := L * Lcal) in H; [|assumption].
  replace (2 * mu / (L * Lcal) * (L * Lcal)) with (2 * mu) in H by (field; lra).
  replace A with (gamma * (2 * mu - gamma * (L * Lcal))) by (unfold cap_pl; field; lra).
  apply Rmult_lt_0_compat; lra.
Qed.

Lemma sharp_rate_admissible_pl : gamma < mu / (L * Lcal) -> 0 < gamma * mu < A.
Proof.
  intros H. pose proof HmuLc. assert (0 < L * Lcal) by (apply Rmult_lt_0_compat; lra).
  apply Rmult_lt_compat_r with (r := L * Lcal) in H; [|assumption].
  replace (mu / (L * Lcal) * (L * Lcal)) with mu in H by (field; lra).
  replace A with (gamma * mu + gamma * (mu - gamma * (L * Lcal))) by (unfold cap_pl; field; lra).
  assert (0 < gamma * mu) by (apply Rmult_lt_0_compat; assumption).
  assert (0 < gamma * (mu - gamma * (L * Lcal))) by (apply Rmult_lt_0_compat; lra). lra.
Qed.

Theorem theorem_2_rate rate x : 0 <= rate < A ->
  avg (N Q) (fun n => gap (distilled Q teacher gamma lam n x)) <=
    tangent A (U_pl gamma L lam) (W_pl gamma mu L Lcal lam) rate (gap x).
Proof.
  intros Hrate. destruct Hq as [Hq0 Hqq].
  apply pl_rate; try assumption; try apply sqrt_pos; try apply gap_nonneg.
  intros. rewrite bias_root, noise_root. apply family_pl; assumption.
Qed.

Theorem theorem_2_sharp : gamma < mu / (L * Lcal) -> forall t x0,
  E_t gamma lam t gap x0 <=
    (1 - gamma * mu) ^ t * gap x0
    + (U_pl gamma L lam + W_pl gamma mu L Lcal lam / (A - gamma * mu)) / (gamma * mu) * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hr t x0. pose proof (sharp_rate_admissible_pl Hr). pose proof cap_pl_le_1.
  apply unroll; [apply N_pos|lra|lra|]. intros x. rewrite <- Rplus_assoc. apply (theorem_2_rate (gamma * mu)). lra.
Qed.

Theorem theorem_2_envelope : gamma < 2 * mu / (L * Lcal) -> forall t x0,
  E_t gamma lam t gap x0 <= iterate (psi_2 gamma mu L Lcal lam) t (gap x0).
Proof.
  intros Hr t x0. pose proof (cap_pl_pos Hr). apply unroll_envelope; [apply N_pos| |apply gap_nonneg|].
  - apply psi_averages_well; [apply left_over_pl_nonneg|apply cross_pl_nonneg| |apply cap_pl_le_1]; assumption.
  - intros x. apply below_psi; [apply cross_pl_nonneg; assumption|apply gap_nonneg|assumption|]. intros. apply theorem_2_rate. assumption.
Qed.

Theorem unbiased_pl_rate_bound rate x : 0 <= rate < A ->
  avg (N Q) (fun n => gap (distilled_unbiased Q teacher gamma lam n x)) <=
    tangent A (U0_pl gamma L lam) (W0_pl gamma mu L Lcal lam) rate (gap x).
Proof.
  intros Hrate. destruct Hq as [Hq0 Hqq].
  apply pl_unbiased_rate; try assumption; try apply gap_nonneg.
  intros. rewrite noise_root. apply family_pl_unbiased; assumption.
Qed.

Theorem unbiased_pl_sharp : gamma < mu / (L * Lcal) -> forall t x0,
  E_t' gamma lam t gap x0 <=
    (1 - gamma * mu) ^ t * gap x0
    + (U0_pl gamma L lam + W0_pl gamma mu L Lcal lam / (A - gamma * mu)) / (gamma * mu) * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hr t x0. pose proof (sharp_rate_admissible_pl Hr). pose proof cap_pl_le_1.
  apply unroll; [apply N_pos|lra|lra|]. intros x. rewrite <- Rplus_assoc. apply (unbiased_pl_rate_bound (gamma * mu)). lra.
Qed.

Theorem unbiased_pl_envelope : gamma < 2 * mu / (L * Lcal) -> forall t x0,
  E_t' gamma lam t gap x0 <= iterate (psi_2_unbiased gamma mu L Lcal lam) t (gap x0).
Proof.
  intros Hr t x0. pose proof (cap_pl_pos Hr). apply unroll_envelope; [apply N_pos| |apply gap_nonneg|].
  - apply psi_averages_well; [apply left_over_pl_nonneg|apply cross_pl_nonneg| |apply cap_pl_le_1]; assumption.
  - intros x. apply below_psi; [apply cross_pl_nonneg; assumption|apply gap_nonneg|assumption|].
    intros. apply unbiased_pl_rate_bound. assumption.
Qed.

End PolyakLojasiewicz.

End Sharp.
