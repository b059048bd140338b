(** The weight lam* = E<S,H> / (E|H|^2 + kappa |h|^2) minimises N(lam; kappa), so with it Theorems 1 and 2 are never worse than SGD
    (lam = 0) nor than what a good teacher allows (lam = 1): the paper's min(gamma sigma*^2, O(f(teacher) - f* )). *)

Require Export KDTheory.PaperForm.

Section Weight.
Variables (Q : problem) (teacher : rvec).
Notation xs := (minimiser Q).
Notation N_ lam kappa := (noise Q teacher lam kappa).
Notation P := (at_point Q teacher (minimiser Q)).

(** sigma*^2 = E|S|^2, E<S,H>, V = E|H - h|^2, |h|^2. *)
Definition sigma_star_sq := E2 Q (grads Q xs).
Definition covariance := ip (N Q) (d Q) (grads Q xs) teacher.
Definition variance := E2 Q (fun n i => teacher n i - average_teacher Q teacher i).
Definition bias_sq := norm2 (d Q) (average_teacher Q teacher).

Definition spread kappa := variance + (1 + kappa) * bias_sq.
Definition lambda_star kappa := covariance / spread kappa.

Lemma variance_letter : Hc_Hc P = variance.
Proof. reflexivity. Qed.

(** E S = 0, so the teacher may be centred or not. *)
Lemma covariance_letter : S_Hc P = covariance.
Proof.
  change (S_Hc P) with (ip (N Q) (d Q) (grads Q xs) (fun n i => teacher n i - average_teacher Q teacher i)).
  rewrite ip_sym. unfold covariance. rewrite (ip_sym _ _ _ teacher).
  rewrite (ip_ext _ _ _ (fun n i => teacher n i + -1 * always (average_teacher Q teacher) n i) (grads Q xs) (grads Q xs))
    by (intros n Hn i Hi; unfold always; ring).
  rewrite (ip_plus_l _ _ teacher (fun n i => -1 * always (average_teacher Q teacher) n i)), ip_scal_l.
  rewrite (ip_centred _ _ (average_teacher Q teacher) (grads Q xs)) by exact (stationary Q). ring.
Qed.

Lemma noise_quadratic lam kappa : N_ lam kappa = sigma_star_sq - 2 * lam * covariance + lam ^ 2 * spread kappa.
Proof.
  rewrite noise_split, (centred_noise_form Q teacher xs). unfold bias, spread.
  fold bias_sq. rewrite <- covariance_letter. change sigma_star_sq with (S_S P). rewrite <- variance_letter.
  unfold form. simpl. ring.
Qed.

(** Without a teacher the noise is SGD's, whatever kappa. *)
Lemma noise_without_teacher kappa : N_ 0 kappa = sigma_star_sq.
Proof. rewrite noise_quadratic. ring. Qed.

Lemma letters_nonneg : 0 <= bias_sq /\ 0 <= variance.
Proof. split; [apply norm2_nonneg|apply ip_nonneg]. Qed.

(** kappa = -1 is unbiased distillation: N(lam; -1) = E|S - lam H'|^2. *)
Theorem lambda_star_minimises kappa : -1 <= kappa -> forall lam, N_ (lambda_star kappa) kappa <= N_ lam kappa.
Proof.
  intros Hk lam. destruct letters_nonneg as [Hh HV]. rewrite !noise_quadratic.
  assert (Hh' : 0 <= (1 + kappa) * bias_sq) by (apply Rmult_le_pos; lra).
  destruct (Req_dec (spread kappa) 0) as [Hzero|Hspread].
  - (* no spread: then E<S,H'> = 0 too, and N is constant *)
    assert (HV0 : variance = 0) by (unfold spread in Hzero; lra).
    assert (HC : covariance = 0).
    { rewrite <- covariance_letter. destruct (Req_dec (S_Hc P) 0) as [K|K]; [exact K|exfalso].
      pose proof (square P (Linear 0 0 0 0 0 1 (- (S_S P + 1) / (2 * S_Hc P)))) as Hsq. unfold form in Hsq. simpl in Hsq.
      rewrite variance_letter, HV0 in Hsq. set (s := S_S P) in *. set (u := S_Hc P) in *.
      replace (- (s + 1) / (2 * u)) with (- ((s + 1) / 2 * / u)) in Hsq by (field; assumption).
      assert (((s + 1) / 2 * / u) * u = (s + 1) / 2) by (field; assumption). lra. }
    rewrite Hzero, HC. lra.
  - assert (K : sigma_star_sq - 2 * lam * covariance + lam ^ 2 * spread kappa
      = sigma_star_sq - 2 * lambda_star kappa * covariance + lambda_star kappa ^ 2 * spread kappa
        + spread kappa * ((lam - lambda_star kappa) * (lam - lambda_star kappa))) by (unfold lambda_star; field; assumption).
    rewrite K. assert (0 <= spread kappa * ((lam - lambda_star kappa) * (lam - lambda_star kappa)))
      by (apply Rmult_le_pos; [unfold spread; lra|apply Rle_0_sqr]). lra.
Qed.

(** The least noise is sigma*^2 - E<S,H>^2/(V + (1+kappa)|h|^2) ... *)
Theorem noise_at_lambda_star kappa : spread kappa <> 0 ->
  N_ (lambda_star kappa) kappa = sigma_star_sq - covariance ^ 2 / spread kappa.
Proof. intros H. rewrite noise_quadratic. unfold lambda_star. field. assumption. Qed.

(** ... which in the paper's letters, rho = E<S,H>/(sigma* sqrt V) and beta = |h|^2/V, is sigma*^2 (1 - rho^2/(1 + beta(1+kappa))). *)
Definition rho := covariance / (sqrt sigma_star_sq * sqrt variance).
Definition beta := bias_sq / variance.

Theorem lambda_star_in_letters kappa : 0 < sigma_star_sq -> 0 < variance -> -1 <= kappa ->
  lambda_star kappa = rho * (sqrt sigma_star_sq / sqrt variance) / (1 + beta * (1 + kappa)) /\
  N_ (lambda_star kappa) kappa = sigma_star_sq * (1 - rho ^ 2 / (1 + beta * (1 + kappa))).
Proof.
  intros Hs HV Hk. destruct letters_nonneg as [Hh _]. pose proof (sqrt_lt_R0 _ Hs) as Hs'. pose proof (sqrt_lt_R0 _ HV) as HV'.
  pose proof (sqrt_sqrt sigma_star_sq ltac:(lra)) as Ks. pose proof (sqrt_sqrt variance ltac:(lra)) as KV.
  assert (Hsum : 0 <= (1 + kappa) * bias_sq) by (apply Rmult_le_pos; lra).
  assert (Hspread : 0 < spread kappa) by (unfold spread; lra).
  assert (Hden : 1 + beta * (1 + kappa) = spread kappa / variance) by (unfold beta, spread; field; lra).
  split.
  - rewrite Hden. unfold rho, lambda_star. set (u := sqrt sigma_star_sq) in *. set (v := sqrt variance) in *. rewrite <- KV.
    field. repeat split; lra.
  - rewrite noise_at_lambda_star by lra. rewrite Hden. unfold rho. set (u := sqrt sigma_star_sq) in *.
    set (v := sqrt variance) in *. rewrite <- KV, <- Ks. field. repeat split; lra.
Qed.

End Weight.

(** ** A good teacher *)

Section GoodTeacher.
Variables (Q : problem) (theta : vec).
Notation xs := (minimiser Q).
Notation T := (grads Q theta).
Notation N_ lam kappa := (noise Q T lam kappa).
Notation lambda_star := (lambda_star Q T).
Notation sigma_star_sq := (sigma_star_sq Q).
Notation P := (at_point Q T (minimiser Q)).

(** A good teacher: E|S - H|^2 <= 2 Lcal F_theta and |h|^2 <= 2 L F_theta. *)
Lemma good_teacher L Lcal kappa : 0 <= kappa -> A3 Q Lcal -> norm2 (d Q) (grad Q theta) <= 2 * L * gap Q theta ->
  N_ 1 kappa <= (2 * Lcal + kappa * (2 * L)) * gap Q theta.
Proof.
  intros Hk H3 HL. specialize (H3 theta). unfold noise. change (average_teacher Q T) with (grad Q theta).
  replace (E2 Q (fun n i => grads Q xs n i - 1 * grads Q theta n i)) with (E2 Q (fun n => minus (grads Q theta n) (grads Q xs n)))
    by (unfold E2, ip; apply avg_ext; intros n Hn; apply sum_ext; intros i Hi; unfold minus; ring).
  assert (kappa * norm2 (d Q) (grad Q theta) <= kappa * (2 * L * gap Q theta)) by (apply Rmult_le_compat_l; assumption). lra.
Qed.

Theorem theorem_1_at_lambda_star gamma mu L Lcal :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> 0 < L -> A1 Q mu -> A1' Q mu -> smooth Q L -> A3 Q Lcal -> gamma <= 1 / (4 * Lcal) ->
  forall t x0, expect (N Q) (distilled Q T gamma (lambda_star (1 / (gamma * mu)))) t (dist2 Q) x0 <=
    (1 - gamma * mu) ^ t * dist2 Q x0
    + 2 / mu * Rmin (gamma * sigma_star_sq) ((2 * gamma * Lcal + 2 * L / mu) * gap Q theta) * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hd Hg Hmu HL0 H1 H2 Hsm H3 Hr t x0.
  pose proof (smooth_bounds_gradient Q L HL0 Hsm (growth_gives_minimal Q mu Hmu H2) theta) as HL. set (ka := 1 / (gamma * mu)).
  assert (Hgm : 0 < gamma * mu) by (apply Rmult_lt_0_compat; assumption).
  assert (Hka : 0 <= ka) by (apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; assumption]).
  assert (Hgm1 : gamma * mu <= 1).
  { pose proof (mu_le_Lcal Q T mu Lcal Hd Hmu H1 H2 H3) as HmuL. pose proof (rate _ _ _ Hg Hmu HmuL).
    apply Rmult_le_compat_r with (r := Lcal) in Hr; [|lra]. replace (1 / (4 * Lcal) * Lcal) with (1 / 4) in Hr by (field; lra). lra. }
  eapply Rle_trans; [apply (theorem_1 Q T gamma mu Lcal); assumption|].
  apply Rplus_le_compat_l, Rmult_le_compat_r; [apply geometric_nonneg; lra|]. fold ka.
  replace (2 * gamma / mu * N_ (lambda_star ka) ka) with (2 / mu * (gamma * N_ (lambda_star ka) ka)) by (field; lra).
  apply Rmult_le_compat_l; [apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; assumption]|].
  pose proof (lambda_star_minimises Q T ka ltac:(lra) 0) as K0. pose proof (lambda_star_minimises Q T ka ltac:(lra) 1) as K1.
  rewrite noise_without_teacher in K0. pose proof (good_teacher L Lcal ka Hka H3 HL) as K.
  apply Rmin_glb; [apply Rmult_le_compat_l; lra|].
  apply Rle_trans with (gamma * ((2 * Lcal + ka * (2 * L)) * gap Q theta)); [apply Rmult_le_compat_l; lra|].
  right. unfold ka. field. lra.
Qed.

Theorem theorem_2_at_lambda_star gamma mu L Lcal :
  0 < gamma -> 0 < mu -> 0 < L -> smooth Q L -> minimal Q -> PL Q mu -> A3 Q Lcal -> (exists x, 0 < gap Q x) ->
  gamma <= mu / (4 * L * Lcal) ->
  forall t x0, expect (N Q) (distilled Q T gamma (lambda_star (1 / (L * gamma)))) t (gap Q) x0 <=
    (1 - gamma * mu) ^ t * gap Q x0
    + L / mu * Rmin (gamma * sigma_star_sq) ((2 * gamma * Lcal + 2) * gap Q theta) * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hg Hmu HL Hs Hmin HPL H3 Hex Hr t x0. pose proof (smooth_bounds_gradient Q L HL Hs Hmin theta) as HLt. set (ka := 1 / (L * gamma)).
  assert (Hlg : 0 < L * gamma) by (apply Rmult_lt_0_compat; assumption).
  assert (Hka : 0 <= ka) by (apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; assumption]).
  pose proof (mu_le_Lcal_pl Q T mu Lcal Hex HPL H3) as HmuLc. pose proof (mu_le_L Q mu L Hex HL HPL Hs Hmin) as HmuL.
  assert (HLL : 0 < L * Lcal) by (apply Rmult_lt_0_compat; lra).
  assert (Hr' : 4 * L * gamma * Lcal <= mu).
  { apply Rmult_le_compat_r with (r := 4 * L * Lcal) in Hr; [|lra].
    replace (mu / (4 * L * Lcal) * (4 * L * Lcal)) with mu in Hr by (field; lra). lra. }
  assert (0 < gamma * mu <= 1) by (pose proof (rate_pl gamma mu L Lcal Hg Hmu HmuL HmuLc ltac:(lra)); lra).
  eapply Rle_trans; [apply (theorem_2 Q T gamma mu L Lcal); assumption|].
  apply Rplus_le_compat_l, Rmult_le_compat_r; [apply geometric_nonneg; lra|]. fold ka.
  replace (L * gamma / mu * N_ (lambda_star ka) ka) with (L / mu * (gamma * N_ (lambda_star ka) ka)) by (field; lra).
  apply Rmult_le_compat_l; [apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; assumption]|].
  pose proof (lambda_star_minimises Q T ka ltac:(lra) 0) as K0. pose proof (lambda_star_minimises Q T ka ltac:(lra) 1) as K1.
  rewrite noise_without_teacher in K0. pose proof (good_teacher L Lcal ka Hka H3 HLt) as K.
  apply Rmin_glb; [apply Rmult_le_compat_l; lra|].
  apply Rle_trans with (gamma * ((2 * Lcal + ka * (2 * L)) * gap Q theta)); [apply Rmult_le_compat_l; lra|].
  right. unfold ka. field. lra.
Qed.

(** ** Unbiased distillation: lam* = E<S,H>/V, the noise sigma*^2 (1 - rho^2), and with a good teacher that of SVRG's fixed snapshot. *)

Notation lambda_u := (lambda_star (-1)).

Lemma unbiased_noise lam : centred_noise Q T lam = N_ lam (-1).
Proof. rewrite noise_split. ring. Qed.

Lemma good_teacher_unbiased Lcal : A3 Q Lcal -> centred_noise Q T 1 <= 2 * Lcal * gap Q theta.
Proof.
  intros H3. specialize (H3 theta). rewrite (centred_noise_form Q T theta). rewrite (smoothness_form Q T) in H3.
  pose proof (square (at_point Q T theta) (Linear 0 1 0 0 0 0 0)) as K. unfold form in *. simpl in *.
  change (Gc_Gc (at_point Q T theta)) with (Hc_Hc (at_point Q T theta)) in H3.
  change (Gc_S (at_point Q T theta)) with (ip (N Q) (d Q) (Hc (at_point Q T theta)) (Sn (at_point Q T theta))) in H3.
  rewrite ip_sym in H3. change (ip _ _ _ _) with (S_Hc (at_point Q T theta)) in H3. lra.
Qed.

Lemma least_unbiased_noise gamma Lcal : 0 < gamma -> A3 Q Lcal ->
  gamma * centred_noise Q T lambda_u <= Rmin (gamma * sigma_star_sq) (2 * gamma * Lcal * gap Q theta).
Proof.
  intros Hg H3. pose proof (lambda_star_minimises Q T (-1) ltac:(lra) 0) as K0. pose proof (lambda_star_minimises Q T (-1) ltac:(lra) 1) as K1.
  rewrite noise_without_teacher in K0. rewrite <- !unbiased_noise in *. pose proof (good_teacher_unbiased Lcal H3) as K.
  apply Rmin_glb; [apply Rmult_le_compat_l; lra|].
  replace (2 * gamma * Lcal * gap Q theta) with (gamma * (2 * Lcal * gap Q theta)) by ring. apply Rmult_le_compat_l; lra.
Qed.

Theorem unbiased_at_lambda_star gamma mu Lcal :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma <= 1 / (2 * Lcal) ->
  forall t x0, expect (N Q) (distilled_unbiased Q T gamma lambda_u) t (dist2 Q) x0 <=
    (1 - gamma * mu) ^ t * dist2 Q x0
    + 2 / mu * Rmin (gamma * sigma_star_sq) (2 * gamma * Lcal * gap Q theta) * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr t x0.
  assert (Hgm : 0 < gamma * mu <= 1).
  { pose proof (mu_le_Lcal Q T mu Lcal Hd Hmu H1 H2 H3) as HmuL. pose proof (rate _ _ _ Hg Hmu HmuL).
    apply Rmult_le_compat_r with (r := Lcal) in Hr; [|lra]. replace (1 / (2 * Lcal) * Lcal) with (1 / 2) in Hr by (field; lra). lra. }
  eapply Rle_trans; [apply (unbiased Q T gamma mu Lcal); assumption|].
  apply Rplus_le_compat_l, Rmult_le_compat_r; [apply geometric_nonneg; lra|].
  replace (2 * gamma / mu * centred_noise Q T lambda_u) with (2 / mu * (gamma * centred_noise Q T lambda_u)) by (field; lra).
  apply Rmult_le_compat_l; [apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; assumption]|].
  apply least_unbiased_noise; assumption.
Qed.

Theorem unbiased_pl_at_lambda_star gamma mu L Lcal :
  0 < gamma -> 0 < mu -> 0 < L -> smooth Q L -> minimal Q -> PL Q mu -> A3 Q Lcal -> (exists x, 0 < gap Q x) ->
  gamma <= mu / (2 * L * Lcal) ->
  forall t x0, expect (N Q) (distilled_unbiased Q T gamma lambda_u) t (gap Q) x0 <=
    (1 - gamma * mu) ^ t * gap Q x0
    + L / mu * Rmin (gamma * sigma_star_sq) (2 * gamma * Lcal * gap Q theta) * (1 - (1 - gamma * mu) ^ t).
Proof.
  intros Hg Hmu HL Hs Hmin HPL H3 Hex Hr t x0.
  pose proof (mu_le_Lcal_pl Q T mu Lcal Hex HPL H3) as HmuLc. pose proof (mu_le_L Q mu L Hex HL HPL Hs Hmin) as HmuL.
  assert (HLL : 0 < L * Lcal) by (apply Rmult_lt_0_compat; lra).
  assert (Hr' : 2 * gamma * (L * Lcal) <= mu).
  { apply Rmult_le_compat_r with (r := 2 * L * Lcal) in Hr; [|lra].
    replace (mu / (2 * L * Lcal) * (2 * L * Lcal)) with mu in Hr by (field; lra). lra. }
  assert (Hgm : 0 < gamma * mu <= 1).
  { split; [apply Rmult_lt_0_compat; assumption|]. apply Rmult_le_reg_r with mu; [assumption|].
    assert (gamma * mu * mu <= gamma * (L * Lcal)).
    { rewrite Rmult_assoc. apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat; lra. }
    assert (0 < gamma * (L * Lcal)) by (apply Rmult_lt_0_compat; assumption). lra. }
  eapply Rle_trans; [apply (unbiased_pl Q T gamma mu L Lcal); assumption|].
  apply Rplus_le_compat_l, Rmult_le_compat_r; [apply geometric_nonneg; lra|].
  replace (L * gamma / mu * centred_noise Q T lambda_u) with (L / mu * (gamma * centred_noise Q T lambda_u)) by (field; lra).
  apply Rmult_le_compat_l; [apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; assumption]|].
  apply least_unbiased_noise; assumption.
Qed.

End GoodTeacher.
