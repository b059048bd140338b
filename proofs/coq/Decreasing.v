(** Step sizes gamma_0, gamma_1, ... and weights lam_0, lam_1, ... that change with time: the same recursions, one psi per step. *)

Require Export KDTheory.Sharp.

(** The mean of phi(x^t) over all index sequences when step j is [steps j]. *)
Fixpoint expect_steps (N : nat) (steps : nat -> nat -> vec -> vec) (t : nat) (phi : vec -> R) (x : vec) : R :=
  match t with
  | O => phi x
  | S t' => avg N (fun n => expect_steps N (fun j => steps (S j)) t' phi (steps O n x))
  end.

(** psi_{t-1}(... psi_1(psi_0(s))). *)
Fixpoint iterate_steps (psis : nat -> R -> R) (t : nat) (s : R) : R :=
  match t with O => s | S t' => iterate_steps (fun j => psis (S j)) t' (psis O s) end.

(** With equal steps nothing changes. *)
Lemma expect_steps_constant N step t phi x : expect_steps N (fun _ => step) t phi x = expect N step t phi x.
Proof. revert x. induction t as [|t IH]; intros x; simpl; [reflexivity|]. apply avg_ext. intros. apply IH. Qed.

Lemma iterate_steps_average_well psis t : (forall j, averages_well (psis j)) -> averages_well (iterate_steps psis t).
Proof.
  revert psis. induction t as [|t IH]; intros psis H.
  - split; [auto|]. intros r eps Hr He. exists 1, 0. simpl. repeat split; intros; lra.
  - apply (composition_averages_well (iterate_steps (fun j => psis (S j)) t) (psis O)); auto.
Qed.

Theorem unroll_steps N phi : forall t steps psis,
  (0 < N)%nat -> (forall j, averages_well (psis j)) -> (forall x, 0 <= phi x) ->
  (forall j x, avg N (fun n => phi (steps j n x)) <= psis j (phi x)) ->
  forall x, expect_steps N steps t phi x <= iterate_steps psis t (phi x).
Proof.
  induction t as [|t IH]; intros steps psis HN Hpsi Hphi Hstep x; simpl; [lra|].
  set (rest := iterate_steps (fun j => psis (S j)) t).
  assert (Hrest : averages_well rest) by (apply iterate_steps_average_well; auto).
  apply Rle_trans with (avg N (fun n => rest (phi (steps O n x)))).
  - apply avg_le. intros n Hn. apply IH; auto.
  - eapply Rle_trans; [apply (jensen N rest); auto|].
    apply averages_well_increasing; [assumption|]. split; [apply avg_nonneg; auto|apply Hstep].
Qed.

(** An affine bound averages well. *)
Lemma affine_averages_well al be : 0 <= al -> 0 <= be -> averages_well (fun s => al * s + be).
Proof.
  intros Ha Hb. split.
  - intros s Hs. assert (0 <= al * s) by (apply Rmult_le_pos; assumption). lra.
  - intros r eps Hr He. exists al, be. repeat split; intros; lra.
Qed.

Section Decreasing.
Variables (Q : problem) (teacher : rvec) (gam lam : nat -> R).
Hypothesis Hg : forall j, 0 < gam j.
Notation steps := (fun j => distilled Q teacher (gam j) (lam j)).
Notation steps' := (fun j => distilled_unbiased Q teacher (gam j) (lam j)).
Notation E_t t phi x0 := (expect_steps (N Q) steps t phi x0).
Notation E_t' t phi x0 := (expect_steps (N Q) steps' t phi x0).

Section StronglyConvex.
Variables mu Lcal : R.
Hypothesis Hd : (0 < d Q)%nat.
Hypothesis Hmu : 0 < mu.
Hypothesis H1 : A1 Q mu.
Hypothesis H1' : A1' Q mu.
Hypothesis H3 : A3 Q Lcal.

Theorem theorem_1_envelope_decreasing : (forall j, gam j < 1 / Lcal) -> forall t x0,
  E_t t (dist2 Q) x0 <= iterate_steps (fun j => psi_1 Q teacher (gam j) mu Lcal (lam j)) t (dist2 Q x0).
Proof.
  intros Hr t x0. apply (unroll_steps (N Q) (dist2 Q) t steps); [apply N_pos| |apply dist2_nonneg|].
  - intros. apply psi_1_averages_well; auto.
  - intros. apply one_step_envelope; auto.
Qed.

Theorem unbiased_envelope_decreasing : (forall j, gam j < 1 / Lcal) -> forall t x0,
  E_t' t (dist2 Q) x0 <= iterate_steps (fun j => psi_1_unbiased Q teacher (gam j) mu Lcal (lam j)) t (dist2 Q x0).
Proof.
  intros Hr t x0. apply (unroll_steps (N Q) (dist2 Q) t steps'); [apply N_pos| |apply dist2_nonneg|].
  - intros. apply psi_1_unbiased_averages_well; auto.
  - intros. apply one_step_envelope_unbiased; auto.
Qed.

(** Theorem 1: s_{j+1} = (1 - gamma_j mu) s_j + 2 gamma_j^2 N(lam_j; 1/(gamma_j mu)). *)
Theorem theorem_1_decreasing : (forall j, gam j <= 1 / (4 * Lcal)) -> forall t x0,
  E_t t (dist2 Q) x0 <=
    iterate_steps (fun j s => (1 - gam j * mu) * s + 2 * gam j ^ 2 * noise Q teacher (lam j) (1 / (gam j * mu))) t (dist2 Q x0).
Proof.
  intros Hr t x0. pose proof (mu_le_Lcal Q teacher mu Lcal Hd Hmu H1 H1' H3) as HmuL.
  apply (unroll_steps (N Q) (dist2 Q) t steps); [apply N_pos| |apply dist2_nonneg|].
  - intros j. pose proof (rate _ _ _ (Hg j) Hmu HmuL) as Hrate. specialize (Hr j).
    apply Rmult_le_compat_r with (r := Lcal) in Hr; [|lra]. replace (1 / (4 * Lcal) * Lcal) with (1 / 4) in Hr by (field; lra).
    apply affine_averages_well; [lra|].
    assert (0 <= 1 / (gam j * mu)) by (apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]).
    rewrite noise_split. pose proof (centred_noise_nonneg Q teacher (lam j)). pose proof (pow2_ge_0 (gam j)).
    assert (0 <= (1 + 1 / (gam j * mu)) * bias Q teacher (lam j)) by (apply Rmult_le_pos; [lra|apply bias_nonneg]).
    apply Rmult_le_pos; lra.
  - intros j x. pose proof (theorem_1 Q teacher (gam j) mu Lcal (lam j) Hd (Hg j) Hmu H1 H1' H3 (Hr j) 1 x) as K. simpl in K.
    eapply Rle_trans; [exact K|]. right. pose proof (Hg j). field. lra.
Qed.

End StronglyConvex.

Section PolyakLojasiewicz.
Variables mu L Lcal : R.
Hypothesis Hmu : 0 < mu.
Hypothesis HL : 0 < L.
Hypothesis Hs : smooth Q L.
Hypothesis Hmin : minimal Q.
Hypothesis HPL : PL Q mu.
Hypothesis H3 : A3 Q Lcal.
Hypothesis Hex : exists x, 0 < gap Q x.
Hypothesis Hr : forall j, gam j < 2 * mu / (L * Lcal).

Theorem theorem_2_envelope_decreasing t x0 :
  E_t t (gap Q) x0 <= iterate_steps (fun j => psi_2 Q teacher (gam j) mu L Lcal (lam j)) t (gap Q x0).
Proof.
  apply (unroll_steps (N Q) (gap Q) t steps); [apply N_pos| |apply gap_nonneg; assumption|].
  - intros. apply psi_averages_well; [apply left_over_pl_nonneg|apply cross_pl_nonneg|apply (cap_pl_pos Q teacher)|apply (cap_pl_le_1 Q teacher)]; auto.
  - intros j x. pose proof (theorem_2_envelope Q teacher (gam j) mu L Lcal (lam j)) as K. apply (K (Hg j) Hmu HL Hs Hmin HPL H3 Hex (Hr j) 1%nat).
Qed.

Theorem unbiased_pl_envelope_decreasing t x0 :
  E_t' t (gap Q) x0 <= iterate_steps (fun j => psi_2_unbiased Q teacher (gam j) mu L Lcal (lam j)) t (gap Q x0).
Proof.
  apply (unroll_steps (N Q) (gap Q) t steps'); [apply N_pos| |apply gap_nonneg; assumption|].
  - intros. apply psi_averages_well; [apply left_over_pl_nonneg|apply cross_pl_nonneg|apply (cap_pl_pos Q teacher)|apply (cap_pl_le_1 Q teacher)]; auto.
  - intros j x. pose proof (unbiased_pl_envelope Q teacher (gam j) mu L Lcal (lam j)) as K. apply (K (Hg j) Hmu HL Hs Hmin HPL H3 Hex (Hr j) 1%nat).
Qed.

End PolyakLojasiewicz.

End Decreasing.
