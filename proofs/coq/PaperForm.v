(** Theorems 1 and 2 of the paper with explicit constants, their refinements, and the unbiased variants: for every horizon t, every
    finite sum, every dimension and every real weight lam.  Indices are i.i.d. uniform ([expect] averages over all index sequences). *)

Require Export KDTheory.Family.

Section PaperForm.
Variables (Q : problem) (teacher : rvec).
Notation dist2 := (dist2 Q).
Notation gap := (gap Q).
Notation E_t gamma lam t phi x0 := (expect (N Q) (distilled Q teacher gamma lam) t phi x0).
Notation E_t' gamma lam t phi x0 := (expect (N Q) (distilled_unbiased Q teacher gamma lam) t phi x0).

Lemma dist2_nonneg x : 0 <= dist2 x.
Proof. apply norm2_nonneg. Qed.

Lemma product_le_1 u v : 0 <= u <= 1 -> 0 <= v <= 1 -> 0 <= u * v <= 1.
Proof. intros. split; [apply Rmult_le_pos; lra|]. replace 1 with (1 * 1) by ring. apply Rmult_le_compat; lra. Qed.

(** gamma mu <= gamma Lcal: the rate is below 1 on every range of step sizes used here. *)
Lemma rate gamma mu Lcal : 0 < gamma -> 0 < mu -> mu <= Lcal -> 0 < gamma * mu <= gamma * Lcal.
Proof. intros. split; [apply Rmult_lt_0_compat|apply Rmult_le_compat_l]; lra. Qed.

Lemma refined_slope gamma mu Lcal :
  0 < gamma -> 0 < mu -> mu <= Lcal -> 2 * gamma * Lcal < 1 ->
  let m := 1 - 2 * gamma * Lcal in let al := gamma * mu * m / (1 + gamma * mu * m) in
  0 < al <= 1 /\ 0 <= growth gamma mu Lcal al 1 /\ slope gamma mu Lcal al 1 <= 1 - gamma * mu.
Proof.
  intros Hg Hmu HmuL Hr m al. pose proof (rate _ _ _ Hg Hmu HmuL) as [Hgm HgL].
  set (g := gamma * mu) in *. assert (Hm : 0 < m) by (unfold m; lra).
  assert (Hgp : 0 < g * m) by (apply Rmult_lt_0_compat; assumption).
  assert (Hal : al * (1 + g * m) = g * m) by (unfold al; field; lra).
  assert (Ha0 : 0 < al) by (apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; lra]).
  assert (Ha1 : al <= 1).
  { apply Rmult_le_reg_r with (1 + g * m); lra. }
  assert (Hag : 0 <= al * (1 - g)) by (apply Rmult_le_pos; lra).
  repeat split; try assumption.
  - replace (growth gamma mu Lcal al 1) with (al * (1 - g) + (g + m)) by (unfold growth, g, m; ring). lra.
  - replace (slope gamma mu Lcal al 1) with (1 - g - (g * m + g * g - (1 - g) ^ 2 * al)) by (unfold slope, g, m; ring).
    enough (0 <= g * m + g * g - (1 - g) ^ 2 * al) by lra.
    apply Rmult_le_reg_r with (1 + g * m); [lra|]. rewrite Rmult_0_l.
    replace ((g * m + g * g - (1 - g) ^ 2 * al) * (1 + g * m))
      with ((g * m + g * g) * (1 + g * m) - (1 - g) ^ 2 * (al * (1 + g * m))) by ring.
    rewrite Hal. replace (_ - _) with (g * g * ((1 + m) * (1 + m))) by ring.
    apply Rmult_le_pos; apply Rle_0_sqr.
Qed.

(** ** Theorem 1, refined: kappa = 1/(2 gamma mu (1 - 2 gamma Lcal)) for gamma < 1/(2 Lcal). *)

Theorem theorem_1_refined gamma mu Lcal lam :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> 2 * gamma * Lcal < 1 ->
  forall t x0, E_t gamma lam t dist2 x0 <=
    (1 - gamma * mu) ^ t * dist2 x0
    + 2 * gamma / mu * noise Q teacher lam (1 / (2 * gamma * mu * (1 - 2 * gamma * Lcal))) * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr t x0.
  pose proof (mu_le_Lcal Q teacher mu Lcal Hd Hmu H1 H2 H3) as HmuL.
  pose proof (rate _ _ _ Hg Hmu HmuL) as [Hgm HgL].
  set (ka := 1 / (2 * gamma * mu * (1 - 2 * gamma * Lcal))).
  replace (2 * gamma / mu * noise Q teacher lam ka) with (2 * gamma ^ 2 * noise Q teacher lam ka / (gamma * mu)) by (field; lra).
  apply unroll; [apply N_pos|lra|assumption|]. intros x.
  destruct (refined_slope gamma mu Lcal Hg Hmu HmuL Hr) as (Ha & Hgrow & Hslope).
  set (al := gamma * mu * (1 - 2 * gamma * Lcal) / (1 + gamma * mu * (1 - 2 * gamma * Lcal))) in *.
  eapply Rle_trans; [apply (family Q teacher gamma mu Lcal lam al 1 x); lra || assumption|].
  apply Rplus_le_compat; [apply Rmult_le_compat_r; [apply dist2_nonneg|assumption]|].
  right. rewrite noise_split. unfold offset, al, ka.
  assert (0 < gamma * mu * (1 - 2 * gamma * Lcal)) by (apply Rmult_lt_0_compat; lra).
  field. repeat split; lra.
Qed.

(** N grows with kappa, so a larger kappa gives a weaker bound. *)
Lemma noise_monotone lam ka ka' : ka <= ka' -> noise Q teacher lam ka <= noise Q teacher lam ka'.
Proof.
  intros. rewrite !noise_split. apply Rplus_le_compat_l, Rmult_le_compat_r; [apply bias_nonneg|lra].
Qed.

Lemma geometric_nonneg r t : 0 < r <= 1 -> 0 <= 1 - (1 - r) ^ t.
Proof.
  intros. assert ((1 - r) ^ t <= 1 ^ t) by (apply pow_incr; lra). rewrite pow1 in *. lra.
Qed.

(** ** Theorem 1: kappa = 1/(gamma mu) for gamma <= 1/(4 Lcal) (the paper asks for 1/(8 Lcal)). *)

Theorem theorem_1 gamma mu Lcal lam :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma <= 1 / (4 * Lcal) ->
  forall t x0, E_t gamma lam t dist2 x0 <=
    (1 - gamma * mu) ^ t * dist2 x0
    + 2 * gamma / mu * noise Q teacher lam (1 / (gamma * mu)) * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr t x0.
  pose proof (mu_le_Lcal Q teacher mu Lcal Hd Hmu H1 H2 H3) as HmuL.
  pose proof (rate _ _ _ Hg Hmu HmuL) as [Hgm HgL].
  assert (Hr' : 4 * gamma * Lcal <= 1).
  { apply Rmult_le_compat_r with (r := 4 * Lcal) in Hr; [|lra]. replace (1 / (4 * Lcal) * (4 * Lcal)) with 1 in Hr by (field; lra). lra. }
  eapply Rle_trans; [apply (theorem_1_refined gamma mu Lcal lam); lra || assumption|].
  apply Rplus_le_compat_l, Rmult_le_compat_r; [apply geometric_nonneg; lra|].
  apply Rmult_le_compat_l; [apply Rlt_le, Rmult_lt_0_compat; [lra|apply Rinv_0_lt_compat; lra]|].
  apply noise_monotone. unfold Rdiv. apply Rmult_le_compat_l; [lra|].
  apply Rinv_le_contravar; [assumption|].
  replace (2 * gamma * mu * (1 - 2 * gamma * Lcal)) with (gamma * mu + gamma * mu * (1 - 4 * gamma * Lcal)) by ring.
  assert (0 <= gamma * mu * (1 - 4 * gamma * Lcal)) by (apply Rmult_le_pos; lra). lra.
Qed.

(** ** Unbiased distillation: only the centred noise is left, and gamma <= 1/(2 Lcal) is allowed. *)

Theorem unbiased gamma mu Lcal lam :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma <= 1 / (2 * Lcal) ->
  forall t x0, E_t' gamma lam t dist2 x0 <=
    (1 - gamma * mu) ^ t * dist2 x0 + 2 * gamma / mu * centred_noise Q teacher lam * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr t x0.
  pose proof (mu_le_Lcal Q teacher mu Lcal Hd Hmu H1 H2 H3) as HmuL.
  pose proof (rate _ _ _ Hg Hmu HmuL) as [Hgm HgL].
  assert (Hr' : 2 * gamma * Lcal <= 1).
  { apply Rmult_le_compat_r with (r := 2 * Lcal) in Hr; [|lra]. replace (1 / (2 * Lcal) * (2 * Lcal)) with 1 in Hr by (field; lra). lra. }
  replace (2 * gamma / mu * centred_noise Q teacher lam) with (2 * gamma ^ 2 * centred_noise Q teacher lam / (gamma * mu)) by (field; lra).
  apply unroll; [apply N_pos|lra|assumption|]. intros x.
  eapply Rle_trans; [apply (family_unbiased Q teacher gamma mu Lcal lam 1 x); try lra; try assumption|].
  - unfold growth. lra.
  - apply Rplus_le_compat; [apply Rmult_le_compat_r; [apply dist2_nonneg|]|right; unfold offset0; field].
    replace (slope gamma mu Lcal 0 1) with (1 - gamma * mu - (gamma * mu * (1 - 2 * gamma * Lcal) + gamma * mu * (gamma * mu)))
      by (unfold slope; ring).
    assert (0 <= gamma * mu * (1 - 2 * gamma * Lcal)) by (apply Rmult_le_pos; lra).
    pose proof (Rle_0_sqr (gamma * mu)) as K. unfold Rsqr in K. lra.
Qed.

(** ** Theorem 2 and its refinement *)

Lemma refined_slope_pl gamma mu L Lcal :
  0 < gamma -> 0 < mu -> 0 < L -> mu <= Lcal -> 2 * L * gamma * Lcal < mu ->
  let l := L * gamma in let m := 1 - 2 * l * Lcal / mu in let al := (1 - l) * m / (1 + l * m) in
  0 < l <= 1 / 2 /\ 0 < m <= 1 /\ 0 < al <= 1 /\ slope_pl gamma mu L Lcal (1 - l) al 1 <= 1 - gamma * mu.
Proof.
  intros Hg Hmu HL HmuL Hr l m al.
  assert (Hl : 0 < l) by (apply Rmult_lt_0_compat; assumption).
  assert (Hl1 : l <= 1 / 2).
  { apply Rmult_le_reg_r with mu; [assumption|]. assert (l * mu <= l * Lcal) by (apply Rmult_le_compat_l; lra). unfold l in *. lra. }
  assert (Hm0 : m * mu = mu - 2 * l * Lcal) by (unfold m; field; lra).
  assert (Hm : 0 < m).
  { apply Rmult_lt_reg_r with mu; [assumption|]. unfold l in *. lra. }
  assert (Hm1 : m <= 1).
  { apply Rmult_le_reg_r with mu; [assumption|]. assert (0 < l * Lcal) by (apply Rmult_lt_0_compat; lra). lra. }
  assert (Hlm : 0 < l * m) by (apply Rmult_lt_0_compat; assumption).
  assert (Hal : al * (1 + l * m) = (1 - l) * m) by (unfold al; field; lra).
  assert (Ha0 : 0 < al).
  { apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; lra|apply Rinv_0_lt_compat; lra]. }
  assert (Ha1 : al <= 1).
  { apply Rmult_le_reg_r with (1 + l * m); lra. }
  repeat split; try assumption.
  assert (K : slope_pl gamma mu L Lcal (1 - l) al 1 = 1 - gamma * mu - gamma * (mu * (m + l - (1 - l) * al))).
  { replace (gamma * (mu * (m + l - (1 - l) * al))) with (gamma * (m * mu + mu * (l - (1 - l) * al))) by ring.
    rewrite Hm0. unfold slope_pl, l. ring. }
  rewrite K. enough (0 <= gamma * (mu * (m + l - (1 - l) * al))) by lra.
  apply Rmult_le_pos; [lra|]. apply Rmult_le_pos; [lra|].
  apply Rmult_le_reg_r with (1 + l * m); [lra|]. rewrite Rmult_0_l.
  replace ((m + l - (1 - l) * al) * (1 + l * m)) with ((m + l) * (1 + l * m) - (1 - l) * (al * (1 + l * m))) by ring.
  rewrite Hal. replace (_ - _) with (l + 2 * (l * m) + l * m * m) by ring.
  assert (0 < l * m * m) by (apply Rmult_lt_0_compat; assumption). lra.
Qed.

Lemma rate_pl gamma mu L Lcal :
  0 < gamma -> 0 < mu -> mu <= L -> mu <= Lcal -> 2 * L * gamma * Lcal < mu -> 0 < gamma * mu < 1.
Proof.
  intros Hg Hmu HL HLc Hr. split; [apply Rmult_lt_0_compat; assumption|].
  apply Rmult_lt_reg_r with mu; [assumption|].
  assert (gamma * mu * mu <= gamma * L * Lcal).
  { apply Rmult_le_compat; try lra; [apply Rmult_le_pos; lra|apply Rmult_le_compat_l; lra]. }
  assert (0 < gamma * mu * mu) by (repeat apply Rmult_lt_0_compat; assumption). lra.
Qed.

Theorem theorem_2_refined gamma mu L Lcal lam :
  0 < gamma -> 0 < mu -> 0 < L -> smooth Q L -> minimal Q -> PL Q mu -> A3 Q Lcal -> (exists x, 0 < gap x) ->
  2 * L * gamma * Lcal < mu ->
  forall t x0, E_t gamma lam t gap x0 <=
    (1 - gamma * mu) ^ t * gap x0
    + L * gamma / mu * noise Q teacher lam (1 / (2 * L * gamma * (1 - 2 * L * gamma * Lcal / mu))) * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hg Hmu HL Hs Hmin HPL H3 Hex Hr t x0.
  pose proof (mu_le_Lcal_pl Q teacher mu Lcal Hex HPL H3) as HmuLc. pose proof (mu_le_L Q mu L Hex HL HPL Hs Hmin) as HmuL.
  pose proof (rate_pl gamma mu L Lcal Hg Hmu HmuL HmuLc Hr) as [Hgm Hgm1].
  set (ka := 1 / (2 * L * gamma * (1 - 2 * L * gamma * Lcal / mu))).
  replace (L * gamma / mu * noise Q teacher lam ka) with (L * gamma ^ 2 * noise Q teacher lam ka / (gamma * mu)) by (field; lra).
  apply unroll; [apply N_pos|lra|assumption|]. intros x.
  destruct (refined_slope_pl gamma mu L Lcal Hg Hmu HL HmuLc Hr) as (Hl & Hm & Ha & Hslope).
  set (l := L * gamma) in *. set (m := 1 - 2 * l * Lcal / mu) in *. set (al := (1 - l) * m / (1 + l * m)) in *.
  assert (HF : 0 <= gap x) by (unfold Setting.gap; specialize (Hmin x); lra).
  assert (Habs : Rabs (1 - L * gamma) = 1 - l) by (apply Rabs_right; fold l; lra).
  eapply Rle_trans.
  - apply (family_pl Q teacher gamma mu L Lcal lam al 1 x); try lra; try assumption.
    rewrite Habs. fold l. pose proof (product_le_1 al (1 - l) ltac:(lra) ltac:(lra)). lra.
  - rewrite Habs. apply Rplus_le_compat; [apply Rmult_le_compat_r; assumption|].
    right. rewrite noise_split. unfold offset_pl, ka.
    replace (1 - 2 * L * gamma * Lcal / mu) with m by (unfold m, l; field; lra).
    assert (0 < l * m) by (apply Rmult_lt_0_compat; lra). unfold al, l in *. field. repeat split; lra.
Qed.

Theorem theorem_2 gamma mu L Lcal lam :
  0 < gamma -> 0 < mu -> 0 < L -> smooth Q L -> minimal Q -> PL Q mu -> A3 Q Lcal -> (exists x, 0 < gap x) ->
  gamma <= mu / (4 * L * Lcal) ->
  forall t x0, E_t gamma lam t gap x0 <=
    (1 - gamma * mu) ^ t * gap x0
    + L * gamma / mu * noise Q teacher lam (1 / (L * gamma)) * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hg Hmu HL Hs Hmin HPL H3 Hex Hr t x0.
  pose proof (mu_le_Lcal_pl Q teacher mu Lcal Hex HPL H3) as HmuLc. pose proof (mu_le_L Q mu L Hex HL HPL Hs Hmin) as HmuL.
  assert (HLL : 0 < L * Lcal) by (apply Rmult_lt_0_compat; lra).
  assert (Hr' : 4 * L * gamma * Lcal <= mu).
  { apply Rmult_le_compat_r with (r := 4 * L * Lcal) in Hr; [|lra].
    replace (mu / (4 * L * Lcal) * (4 * L * Lcal)) with mu in Hr by (field; lra). lra. }
  pose proof (rate_pl gamma mu L Lcal Hg Hmu HmuL HmuLc ltac:(lra)) as [Hgm Hgm1].
  eapply Rle_trans; [apply (theorem_2_refined gamma mu L Lcal lam); lra || assumption|].
  assert (Hlg : 0 < L * gamma) by (apply Rmult_lt_0_compat; assumption).
  apply Rplus_le_compat_l, Rmult_le_compat_r; [apply geometric_nonneg; lra|].
  apply Rmult_le_compat_l; [apply Rlt_le, Rmult_lt_0_compat; [lra|apply Rinv_0_lt_compat; lra]|].
  apply noise_monotone. unfold Rdiv at 1 3. apply Rmult_le_compat_l; [lra|].
  apply Rinv_le_contravar; [assumption|].
  assert (0 <= 1 - 4 * L * gamma * Lcal / mu).
  { replace (1 - 4 * L * gamma * Lcal / mu) with ((mu - 4 * L * gamma * Lcal) / mu) by (field; lra).
    apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]. }
  replace (2 * L * gamma * (1 - 2 * L * gamma * Lcal / mu)) with (L * gamma + L * gamma * (1 - 4 * L * gamma * Lcal / mu)) by (field; lra).
  assert (0 <= L * gamma * (1 - 4 * L * gamma * Lcal / mu)) by (apply Rmult_le_pos; lra). lra.
Qed.

(** ** Unbiased distillation, PL: floor (L gamma / mu) E|S - lam H'|^2 for gamma <= mu/(2 L Lcal). *)

Theorem unbiased_pl gamma mu L Lcal lam :
  0 < gamma -> 0 < mu -> 0 < L -> smooth Q L -> minimal Q -> PL Q mu -> A3 Q Lcal -> (exists x, 0 < gap x) ->
  gamma <= mu / (2 * L * Lcal) ->
  forall t x0, E_t' gamma lam t gap x0 <=
    (1 - gamma * mu) ^ t * gap x0 + L * gamma / mu * centred_noise Q teacher lam * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hg Hmu HL Hs Hmin HPL H3 Hex Hr t x0.
  pose proof (mu_le_Lcal_pl Q teacher mu Lcal Hex HPL H3) as HmuLc. pose proof (mu_le_L Q mu L Hex HL HPL Hs Hmin) as HmuL.
  assert (HLL : 0 < L * Lcal) by (apply Rmult_lt_0_compat; lra).
  assert (Hr' : 2 * L * gamma * Lcal <= mu).
  { apply Rmult_le_compat_r with (r := 2 * L * Lcal) in Hr; [|lra].
    replace (mu / (2 * L * Lcal) * (2 * L * Lcal)) with mu in Hr by (field; lra). lra. }
  assert (Hlg : 0 < L * gamma) by (apply Rmult_lt_0_compat; assumption).
  assert (Hgm : 0 < gamma * mu) by (apply Rmult_lt_0_compat; assumption).
  assert (Hgm1 : gamma * mu <= 1).
  { apply Rmult_le_reg_r with mu; [assumption|].
    assert (gamma * mu * mu <= gamma * L * Lcal)
      by (apply Rmult_le_compat; try lra; apply Rmult_le_compat_l; lra).
    assert (0 < gamma * mu * mu) by (apply Rmult_lt_0_compat; assumption). lra. }
  replace (L * gamma / mu * centred_noise Q teacher lam) with (L * gamma ^ 2 * centred_noise Q teacher lam / (gamma * mu)) by (field; lra).
  apply unroll; [apply N_pos|lra|assumption|]. intros x.
  assert (HF : 0 <= gap x) by (unfold Setting.gap; specialize (Hmin x); lra).
  eapply Rle_trans; [apply (family_pl_unbiased Q teacher gamma mu L Lcal lam 1 x); try lra; assumption|].
  apply Rplus_le_compat; [apply Rmult_le_compat_r; [assumption|]|right; field].
  replace (slope_pl gamma mu L Lcal 0 0 1) with (1 - gamma * mu - gamma * ((mu - 2 * L * gamma * Lcal) + L * gamma * mu))
    by (unfold slope_pl; ring).
  assert (0 < L * gamma * mu) by (apply Rmult_lt_0_compat; assumption).
  assert (0 <= gamma * ((mu - 2 * L * gamma * Lcal) + L * gamma * mu)) by (apply Rmult_le_pos; lra). lra.
Qed.

End PaperForm.
