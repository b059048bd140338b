(** Distillation of a compressed model: x+ = C(x - gamma (G - lam H)), the compressor C being random and drawn afresh at every step,
    unbiased, with E|C(y) - y|^2 <= omega |y|^2 + delta for every y.  Of M outcomes, outcome m has the real probability chance y m; both it
    and the outcome may depend on the point y that is compressed, as in stochastic rounding. *)

Require Export KDTheory.Outcomes KDTheory.Sharp.

Record compressor (dim : nat) (omega delta : R) := {
  M : nat;
  chance : vec -> nat -> R;
  apply_n : nat -> vec -> vec;
  chance_probabilities : forall y, probabilities M (chance y);
  compressor_unbiased : forall y i, (i < dim)%nat -> weighted M (chance y) (fun m => apply_n m y i) = y i;
  compressor_error : forall y, weighted M (chance y) (fun m => norm2 dim (minus (apply_n m y) y)) <= omega * norm2 dim y + delta;
}.
Arguments M {_ _ _}. Arguments chance {_ _ _}. Arguments apply_n {_ _ _}. Arguments chance_probabilities {_ _ _}.
Arguments compressor_unbiased {_ _ _}. Arguments compressor_error {_ _ _}.

(** The mean of phi(x^t) over all index sequences and all outcomes of the compressor. *)
Fixpoint expect_compressed (N M : nat) (p : vec -> nat -> R) (step C : nat -> vec -> vec) (t : nat) (phi : vec -> R) (x : vec) : R :=
  match t with
  | O => phi x
  | S t' => avg N (fun n => weighted M (p (step n x)) (fun m => expect_compressed N M p step C t' phi (C m (step n x))))
  end.

Lemma unroll_compressed N M p step C phi r T :
  (0 < N)%nat -> (forall y, probabilities M (p y)) -> r <= 1 -> 0 < r ->
  (forall x, avg N (fun n => weighted M (p (step n x)) (fun m => phi (C m (step n x)))) <= (1 - r) * phi x + T) ->
  forall t x, expect_compressed N M p step C t phi x <= (1 - r) ^ t * phi x + T / r * (1 - (1 - r) ^ t).
Proof.
  intros HN Hp Hr Hr0 Hstep t. induction t as [|t IH]; intros x; simpl; [lra|].
  pose (P := (1 - r) ^ t). pose (B := T / r * (1 - P)). assert (HP : 0 <= P) by (apply pow_le; lra).
  apply Rle_trans with (avg N (fun n => P * weighted M (p (step n x)) (fun m => phi (C m (step n x))) + B)).
  - apply avg_le. intros n Hn. rewrite <- weighted_affine by apply Hp. apply weighted_le; [apply Hp|]. intros. apply IH.
  - rewrite (avg_affine N P B (fun n => weighted M (p (step n x)) (fun m => phi (C m (step n x))))) by exact HN. fold P.
    apply Rle_trans with (P * ((1 - r) * phi x + T) + B).
    + apply Rplus_le_compat_r, Rmult_le_compat_l; [exact HP|apply Hstep].
    + right. unfold B. field. lra.
Qed.

Theorem unroll_envelope_compressed N M p step C phi psi :
  (0 < N)%nat -> (forall y, probabilities M (p y)) -> averages_well psi -> (forall x, 0 <= phi x) ->
  (forall x, avg N (fun n => weighted M (p (step n x)) (fun m => phi (C m (step n x)))) <= psi (phi x)) ->
  forall t x, expect_compressed N M p step C t phi x <= iterate psi t (phi x).
Proof.
  intros HN Hp Hpsi Hphi Hstep t. induction t as [|t IH]; intros x; simpl; [lra|].
  pose proof (iterate_averages_well psi t Hpsi) as Hit.
  assert (Hav : forall n, 0 <= weighted M (p (step n x)) (fun m => phi (C m (step n x)))) by (intros; apply weighted_nonneg; auto).
  apply Rle_trans with (avg N (fun n => iterate psi t (weighted M (p (step n x)) (fun m => phi (C m (step n x)))))).
  - apply avg_le. intros n Hn. eapply Rle_trans; [apply weighted_le; [apply Hp|]; intros; apply IH|].
    apply (jensen_weighted M (p (step n x)) (iterate psi t)); auto.
  - eapply Rle_trans; [apply (jensen N (iterate psi t)); auto|].
    apply averages_well_increasing; [assumption|]. split; [apply avg_nonneg; auto|apply Hstep].
Qed.

Section Compressed.
Variables (Q : problem) (teacher : rvec) (omega delta : R) (C : compressor (d Q) omega delta).
Hypothesis omega_nonneg : 0 <= omega.
Hypothesis delta_nonneg : 0 <= delta.
Notation xs := (minimiser Q).
Notation dist2 := (dist2 Q).
Notation X2 := (norm2 (d Q) xs).
Notation E_t gamma lam t phi x0 := (expect_compressed (N Q) (M C) (chance C) (distilled Q teacher gamma lam) (apply_n C) t phi x0).
Notation E_t' gamma lam t phi x0 := (expect_compressed (N Q) (M C) (chance C) (distilled_unbiased Q teacher gamma lam) (apply_n C) t phi x0).

(** The compressor's mean error is 0, so the cross term vanishes. *)
Lemma compressor_step y : weighted (M C) (chance C y) (fun m => dist2 (apply_n C m y)) <= dist2 y + omega * norm2 (d Q) y + delta.
Proof.
  set (X := fun m => minus (apply_n C m y) y). pose proof (chance_probabilities C y) as [_ Hone].
  assert (HX : weighted (M C) (chance C y) (fun m => dot (d Q) (minus y xs) (X m)) = 0).
  { unfold dot. rewrite weighted_sum. rewrite (sum_ext (d Q) _ (fun _ => 0)); [rewrite sum_const; ring|]. intros i Hi.
    rewrite weighted_scal. unfold X, minus.
    rewrite (weighted_ext _ _ _ (fun m => 1 * apply_n C m y i + - y i)) by (intros; ring).
    rewrite weighted_affine by exact Hone. rewrite (compressor_unbiased C y i Hi). ring. }
  rewrite (weighted_ext _ _ _ (fun m => (norm2 (d Q) (X m) + 2 * dot (d Q) (minus y xs) (X m)) + dist2 y)).
  - rewrite (weighted_plus _ _ (fun m => norm2 (d Q) (X m) + 2 * dot (d Q) (minus y xs) (X m)) (fun _ => dist2 y)).
    rewrite weighted_const by exact Hone.
    rewrite (weighted_plus _ _ (fun m => norm2 (d Q) (X m)) (fun m => 2 * dot (d Q) (minus y xs) (X m))), weighted_scal, HX.
    pose proof (compressor_error C y : weighted _ _ (fun m => norm2 (d Q) (X m)) <= _) as K. lra.
  - intros m Hm. unfold Setting.dist2. transitivity (norm2 (d Q) (fun i => 1 * minus y xs i + 1 * X m i)).
    + apply dot_ext; intros i Hi; unfold X, minus; ring.
    + rewrite norm2_comb. ring.
Qed.

(** |y|^2 <= (1+p)|y - x-star|^2 + (1 + 1/p)|x-star|^2. *)
Lemma young_minimiser p y : 0 < p -> norm2 (d Q) y <= (1 + p) * dist2 y + (1 + / p) * X2.
Proof.
  intros Hp. pose proof (norm2_nonneg (d Q) (fun i => p * minus y xs i + (-1) * xs i)) as K. rewrite norm2_comb in K.
  replace (norm2 (d Q) y) with (norm2 (d Q) (fun i => 1 * minus y xs i + 1 * xs i))
    by (apply dot_ext; intros i Hi; unfold minus; ring).
  rewrite norm2_comb. unfold Setting.dist2. set (D := norm2 (d Q) (minus y xs)) in *. set (Y := dot (d Q) (minus y xs) xs) in *.
  apply Rmult_le_reg_l with p; [assumption|].
  replace (p * ((1 + p) * D + (1 + / p) * X2)) with (p * D + p * p * D + p * X2 + X2) by (field; lra). lra.
Qed.

(** One step, whatever bounds E|x+ - x-star|^2 before compression. *)
Lemma compress_bound (step : nat -> vec -> vec) B p x : 0 < p ->
  avg (N Q) (fun n => dist2 (step n x)) <= B ->
  avg (N Q) (fun n => weighted (M C) (chance C (step n x)) (fun m => dist2 (apply_n C m (step n x)))) <=
    (1 + omega * (1 + p)) * B + (omega * (1 + / p) * X2 + delta).
Proof.
  intros Hp HB.
  apply Rle_trans with (avg (N Q) (fun n => (1 + omega * (1 + p)) * dist2 (step n x) + (omega * (1 + / p) * X2 + delta))).
  - apply avg_le. intros n Hn. eapply Rle_trans; [apply compressor_step|].
    assert (omega * norm2 (d Q) (step n x) <= omega * ((1 + p) * dist2 (step n x) + (1 + / p) * X2))
      by (apply Rmult_le_compat_l; [assumption|apply young_minimiser; assumption]). lra.
  - rewrite avg_affine by apply N_pos. apply Rplus_le_compat_r, Rmult_le_compat_l; [|assumption].
    assert (0 <= omega * (1 + p)) by (apply Rmult_le_pos; lra). lra.
Qed.

(** The paper's one step in the range gamma <= 1/(4 Lcal), as used below. *)
Lemma one_step_1 gamma mu Lcal lam x :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma <= 1 / (4 * Lcal) ->
  avg (N Q) (fun n => dist2 (distilled Q teacher gamma lam n x)) <=
    (1 - gamma * mu) * dist2 x + 2 * gamma ^ 2 * noise Q teacher lam (1 / (gamma * mu)).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr. assert (0 < gamma * mu) by (apply Rmult_lt_0_compat; assumption).
  pose proof (theorem_1 Q teacher gamma mu Lcal lam Hd Hg Hmu H1 H2 H3 Hr 1 x) as K. simpl in K.
  eapply Rle_trans; [exact K|]. right. field. lra.
Qed.

Lemma one_step_unbiased gamma mu Lcal lam x :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma <= 1 / (2 * Lcal) ->
  avg (N Q) (fun n => dist2 (distilled_unbiased Q teacher gamma lam n x)) <=
    (1 - gamma * mu) * dist2 x + 2 * gamma ^ 2 * centred_noise Q teacher lam.
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr. assert (0 < gamma * mu) by (apply Rmult_lt_0_compat; assumption).
  pose proof (unbiased Q teacher gamma mu Lcal lam Hd Hg Hmu H1 H2 H3 Hr 1 x) as K. simpl in K.
  eapply Rle_trans; [exact K|]. right. field. lra.
Qed.

Lemma rate_from_range gamma mu Lcal : (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal ->
  gamma <= 1 / (2 * Lcal) -> 0 < gamma * mu <= 1 / 2.
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr. pose proof (mu_le_Lcal Q teacher mu Lcal Hd Hmu H1 H2 H3) as HmuL.
  pose proof (rate _ _ _ Hg Hmu HmuL). apply Rmult_le_compat_r with (r := Lcal) in Hr; [|lra].
  replace (1 / (2 * Lcal) * Lcal) with (1 / 2) in Hr by (field; lra). lra.
Qed.

Lemma narrower_range gamma mu Lcal : (0 < d Q)%nat -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal ->
  gamma <= 1 / (4 * Lcal) -> gamma <= 1 / (2 * Lcal).
Proof.
  intros Hd Hmu H1 H2 H3 Hr. pose proof (mu_le_Lcal Q teacher mu Lcal Hd Hmu H1 H2 H3) as HmuL.
  eapply Rle_trans; [exact Hr|]. apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; lra.
Qed.

(** For every p > 0 that leaves a contraction r = (1 + omega (1+p)) (1 - gamma mu) < 1. *)
Theorem compressed_every_p gamma mu Lcal lam p :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma <= 1 / (4 * Lcal) -> 0 < p ->
  let r := (1 + omega * (1 + p)) * (1 - gamma * mu) in
  r < 1 ->
  forall t x0, E_t gamma lam t dist2 x0 <=
    r ^ t * dist2 x0
    + ((1 + omega * (1 + p)) * (2 * gamma ^ 2 * noise Q teacher lam (1 / (gamma * mu))) + (omega * (1 + / p) * X2 + delta))
      / (1 - r) * (1 - r ^ t).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr Hp r Hcontract t x0.
  pose proof (rate_from_range gamma mu Lcal Hd Hg Hmu H1 H2 H3 (narrower_range gamma mu Lcal Hd Hmu H1 H2 H3 Hr)) as Hgm.
  assert (0 <= omega * (1 + p)) by (apply Rmult_le_pos; lra).
  assert (0 <= r) by (apply Rmult_le_pos; lra).
  replace (r ^ t) with ((1 - (1 - r)) ^ t) by (f_equal; ring).
  apply unroll_compressed; [apply N_pos|apply chance_probabilities|lra|lra|]. intros x.
  eapply Rle_trans; [eapply (compress_bound (distilled Q teacher gamma lam)); [exact Hp|apply (one_step_1 gamma mu Lcal); assumption]|].
  right. unfold r. ring.
Qed.

(** p = 1 and omega <= gamma mu / 4: the contraction is at least 1 - gamma mu / 2. *)
Theorem compressed_half_rate gamma mu Lcal lam :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma <= 1 / (4 * Lcal) -> omega <= gamma * mu / 4 ->
  forall t x0, E_t gamma lam t dist2 x0 <=
    (1 - gamma * mu / 2) ^ t * dist2 x0
    + ((1 + 2 * omega) * (2 * gamma ^ 2 * noise Q teacher lam (1 / (gamma * mu))) + (2 * omega * X2 + delta))
      / (gamma * mu / 2) * (1 - (1 - gamma * mu / 2) ^ t).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr Hom t x0.
  pose proof (rate_from_range gamma mu Lcal Hd Hg Hmu H1 H2 H3 (narrower_range gamma mu Lcal Hd Hmu H1 H2 H3 Hr)) as Hgm.
  apply unroll_compressed; [apply N_pos|apply chance_probabilities|lra|lra|]. intros x.
  eapply Rle_trans; [eapply (compress_bound (distilled Q teacher gamma lam)); [exact Rlt_0_1|apply (one_step_1 gamma mu Lcal); assumption]|].
  assert (0 <= (gamma * mu / 4 - omega) * (1 - gamma * mu)) by (apply Rmult_le_pos; lra).
  assert (0 <= gamma * mu * (gamma * mu)) by apply Rle_0_sqr.
  assert ((1 + 2 * omega) * (1 - gamma * mu) * dist2 x <= (1 - gamma * mu / 2) * dist2 x)
    by (apply Rmult_le_compat_r; [apply dist2_nonneg|lra]).
  rewrite Rinv_1. lra.
Qed.

(** The unbiased step before compression. *)
Theorem compressed_unbiased gamma mu Lcal lam p :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma <= 1 / (2 * Lcal) -> 0 < p ->
  let r := (1 + omega * (1 + p)) * (1 - gamma * mu) in
  r < 1 ->
  forall t x0, E_t' gamma lam t dist2 x0 <=
    r ^ t * dist2 x0
    + ((1 + omega * (1 + p)) * (2 * gamma ^ 2 * centred_noise Q teacher lam) + (omega * (1 + / p) * X2 + delta))
      / (1 - r) * (1 - r ^ t).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr Hp r Hcontract t x0.
  pose proof (rate_from_range gamma mu Lcal Hd Hg Hmu H1 H2 H3 Hr) as Hgm.
  assert (0 <= omega * (1 + p)) by (apply Rmult_le_pos; lra).
  assert (0 <= r) by (apply Rmult_le_pos; lra).
  replace (r ^ t) with ((1 - (1 - r)) ^ t) by (f_equal; ring).
  apply unroll_compressed; [apply N_pos|apply chance_probabilities|lra|lra|]. intros x.
  eapply Rle_trans; [eapply (compress_bound (distilled_unbiased Q teacher gamma lam)); [exact Hp|apply (one_step_unbiased gamma mu Lcal); assumption]|].
  right. unfold r. ring.
Qed.

(** ** The envelope after compression: the best p for every state *)

(** (1 + omega) v + 2 omega |x-star| sqrt v + omega |x-star|^2 (+ delta). *)
Definition chi v := (1 + omega) * v + 2 * omega * sqrt (X2 * v) + omega * X2 + delta.

Lemma X2_nonneg : 0 <= X2.
Proof. apply norm2_nonneg. Qed.

(** Any p > 0 gives a line above chi; sqrt(X2/v) touches. *)
Lemma chi_below p v : 0 < p -> 0 <= v -> chi v <= (1 + omega * (1 + p)) * v + (omega * (1 + / p) * X2 + delta).
Proof.
  intros Hp Hv. pose proof X2_nonneg. unfold chi. rewrite sqrt_mult by assumption.
  set (u := sqrt X2). set (w := sqrt v).
  replace X2 with (u * u) by (apply sqrt_sqrt; assumption). replace v with (w * w) by (apply sqrt_sqrt; assumption).
  assert (0 <= omega * ((p * w - u) * (p * w - u) / p)).
  { apply Rmult_le_pos; [assumption|]. apply Rmult_le_pos; [apply Rle_0_sqr|left; apply Rinv_0_lt_compat; assumption]. }
  replace ((1 + omega * (1 + p)) * (w * w) + (omega * (1 + / p) * (u * u) + delta))
    with ((1 + omega) * (w * w) + 2 * omega * (u * w) + omega * (u * u) + delta + omega * ((p * w - u) * (p * w - u) / p))
    by (field; lra). lra.
Qed.

(** With p = (sqrt X2 + eps)/(sqrt v + eps) the line comes as close to chi as one likes. *)
Lemma line_close v eps : 0 <= v -> 0 < eps -> let u := sqrt X2 in let w := sqrt v in let p := (u + eps) / (w + eps) in
  0 < p /\ (1 + omega * (1 + p)) * v + (omega * (1 + / p) * X2 + delta) <= chi v + 2 * omega * (u * eps + w * eps + eps * eps).
Proof.
  intros Hv He u w p. pose proof X2_nonneg. unfold chi. rewrite sqrt_mult by assumption. fold u w.
  assert (Hu : 0 <= u) by apply sqrt_pos. assert (Hw : 0 <= w) by apply sqrt_pos.
  assert (HX : X2 = u * u) by (symmetry; apply sqrt_sqrt; assumption).
  assert (Hvw : v = w * w) by (symmetry; apply sqrt_sqrt; assumption).
  assert (Hp : 0 < p) by (apply Rmult_lt_0_compat; [lra|apply Rinv_0_lt_compat; lra]).
  split; [assumption|]. rewrite HX, Hvw. clearbody u w.
  assert (K1 : p * (w * w) <= p * ((w + eps) * (w + eps))) by (apply Rmult_le_compat_l; [lra|apply Rmult_le_compat; lra]).
  assert (K2 : / p * (u * u) <= / p * ((u + eps) * (u + eps)))
    by (apply Rmult_le_compat_l; [left; apply Rinv_0_lt_compat; assumption|apply Rmult_le_compat; lra]).
  replace (p * ((w + eps) * (w + eps))) with ((u + eps) * (w + eps)) in K1 by (unfold p; field; lra).
  replace (/ p * ((u + eps) * (u + eps))) with ((u + eps) * (w + eps)) in K2 by (unfold p; field; split; lra).
  assert (omega * (p * (w * w) + / p * (u * u)) <= omega * (2 * ((u + eps) * (w + eps)))) by (apply Rmult_le_compat_l; lra).
  lra.
Qed.

Lemma below_chi v V : 0 <= v ->
  (forall p, 0 < p -> V <= (1 + omega * (1 + p)) * v + (omega * (1 + / p) * X2 + delta)) -> V <= chi v.
Proof.
  intros Hv HV. set (f := fun eps => chi v + 2 * omega * (sqrt X2 * eps + sqrt v * eps + eps * eps)).
  replace (chi v) with (f 0) by (unfold f; ring).
  apply le_limit; [unfold f; reg|]. intros eps He. destruct (line_close v eps Hv He) as [Hp Hclose].
  eapply Rle_trans; [apply (HV _ Hp)|exact Hclose].
Qed.

Lemma chi_averages_well : averages_well chi.
Proof.
  split.
  - intros v Hv. unfold chi. pose proof X2_nonneg. pose proof (sqrt_pos (X2 * v)).
    repeat apply Rplus_le_le_0_compat; try assumption; repeat apply Rmult_le_pos; lra.
  - intros r eps Hr He. set (K := 2 * omega * (sqrt X2 + sqrt r + 1)).
    pose proof (sqrt_pos X2) as Hu. pose proof (sqrt_pos r) as Hw.
    assert (HK : 0 <= K) by (repeat apply Rmult_le_pos; lra).
    set (eta := eps / (eps + K)).
    assert (Heta : 0 < eta) by (apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; lra]).
    assert (Heta1 : eta <= 1) by (apply quotient_le; lra).
    assert (HKeta : K * eta <= eps).
    { replace eps with (K * eta + eps * eta) at 1 by (unfold eta; field; lra).
      assert (0 < eps * eta) by (apply Rmult_lt_0_compat; assumption). lra. }
    destruct (line_close r eta Hr Heta) as [Hp Hclose].
    set (p := (sqrt X2 + eta) / (sqrt r + eta)) in *.
    exists (1 + omega * (1 + p)), (omega * (1 + / p) * X2 + delta). repeat split.
    + assert (0 <= omega * (1 + p)) by (apply Rmult_le_pos; lra). lra.
    + intros. apply chi_below; assumption.
    + eapply Rle_trans; [exact Hclose|]. apply Rplus_le_compat_l. eapply Rle_trans; [|exact HKeta].
      replace (K * eta) with (2 * omega * (sqrt X2 * eta + sqrt r * eta + 1 * eta)) by (unfold K; ring).
      apply Rmult_le_compat_l; [lra|]. apply Rplus_le_compat_l, Rmult_le_compat_r; lra.
Qed.

Theorem compressed_envelope gamma mu Lcal lam :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma < 1 / Lcal ->
  forall t x0, E_t gamma lam t dist2 x0 <= iterate (fun s => chi (psi_1 Q teacher gamma mu Lcal lam s)) t (dist2 x0).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr t x0.
  pose proof (psi_1_averages_well Q teacher gamma mu Lcal lam Hd Hg Hmu H1 H2 H3 Hr) as Hpsi.
  apply unroll_envelope_compressed; [apply N_pos|apply chance_probabilities| |apply dist2_nonneg|].
  - apply composition_averages_well; [apply chi_averages_well|assumption].
  - intros x. apply below_chi; [apply Hpsi, dist2_nonneg|]. intros p Hp.
    apply (compress_bound (distilled Q teacher gamma lam)); [assumption|].
    apply (one_step_envelope Q teacher gamma mu Lcal lam); assumption.
Qed.

Theorem compressed_unbiased_envelope gamma mu Lcal lam :
  (0 < d Q)%nat -> 0 < gamma -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> gamma < 1 / Lcal ->
  forall t x0, E_t' gamma lam t dist2 x0 <= iterate (fun s => chi (psi_1_unbiased Q teacher gamma mu Lcal lam s)) t (dist2 x0).
Proof.
  intros Hd Hg Hmu H1 H2 H3 Hr t x0.
  pose proof (psi_1_unbiased_averages_well Q teacher gamma mu Lcal lam Hd Hg Hmu H1 H2 H3 Hr) as Hpsi.
  apply unroll_envelope_compressed; [apply N_pos|apply chance_probabilities| |apply dist2_nonneg|].
  - apply composition_averages_well; [apply chi_averages_well|assumption].
  - intros x. apply below_chi; [apply Hpsi, dist2_nonneg|]. intros p Hp.
    apply (compress_bound (distilled_unbiased Q teacher gamma lam)); [assumption|].
    apply (one_step_envelope_unbiased Q teacher gamma mu Lcal lam); assumption.
Qed.

End Compressed.
