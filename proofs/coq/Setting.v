(** The setting of the paper: a finite sum, a teacher, the assumptions, the two updates; and the Gram letters of one step. *)

Require Export KDTheory.OneStep.

Record problem := {
  N : nat;
  d : nat;
  N_pos : (0 < N)%nat;
  value_n : nat -> vec -> R;               (* f_n(x) *)
  grad_n : nat -> vec -> vec;              (* its gradient; tied to f_n by the assumptions only *)
  minimiser : vec;
  stationary : centred N d (fun n => grad_n n minimiser);        (* grad f(x-star) = 0 *)
}.

Section Setting.
Variable Q : problem.
Notation xs := (minimiser Q).

Definition value (x : vec) : R := avg (N Q) (fun n => value_n Q n x).
Definition grad (x : vec) : vec := mean (N Q) (fun n => grad_n Q n x).
Definition grads (x : vec) : rvec := fun n => grad_n Q n x.
Definition gap (x : vec) : R := value x - value xs.
Definition dist2 (x : vec) : R := norm2 (d Q) (minus x xs).
Definition E2 (X : rvec) : R := ip (N Q) (d Q) X X.

(** ** Assumptions *)

Definition A1 mu := forall x, gap x + mu / 2 * dist2 x <= dot (d Q) (minus x xs) (grad x).
Definition A1' mu := forall x, mu / 2 * dist2 x <= gap x.
Definition A3 Lcal := forall x, E2 (fun n => minus (grads x n) (grads xs n)) <= 2 * Lcal * gap x.
Definition PL mu := forall x, 2 * mu * gap x <= norm2 (d Q) (grad x).
Definition smooth L := forall x y,
  value y <= value x + dot (d Q) (grad x) (minus y x) + L / 2 * norm2 (d Q) (minus y x).
Definition minimal := forall x, value xs <= value x.

(** mu-strong convexity between any two points gives both A1 and A1'. *)
Definition strongly_convex mu := forall x y,
  value x + dot (d Q) (grad x) (minus y x) + mu / 2 * norm2 (d Q) (minus y x) <= value y.

Lemma strong_convexity_gives mu : strongly_convex mu -> A1 mu /\ A1' mu.
Proof.
  intros H. split; intros x; unfold gap, dist2.
  - pose proof (H x xs) as K.
    assert (K1 : dot (d Q) (grad x) (minus xs x) = - dot (d Q) (minus x xs) (grad x)).
    { rewrite (dot_sym _ (grad x)). replace (- dot (d Q) (minus x xs) (grad x)) with ((-1) * dot (d Q) (minus x xs) (grad x)) by ring.
      rewrite <- dot_scal_l. apply dot_ext; intros i Hi; unfold minus; ring. }
    assert (K2 : norm2 (d Q) (minus xs x) = norm2 (d Q) (minus x xs)).
    { unfold norm2, dot. apply sum_ext. intros. unfold minus. ring. }
    rewrite K1, K2 in K. lra.
  - pose proof (H xs x) as K.
    assert (K1 : dot (d Q) (grad xs) (minus x xs) = 0).
    { unfold dot. rewrite (sum_ext _ _ (fun _ => 0)); [rewrite sum_const; ring|].
      intros i Hi. unfold grad. rewrite (stationary Q i Hi). ring. }
    rewrite K1 in K. lra.
Qed.

(** ** The teacher and the bounds' noise *)

(** What the teacher sends: the random vector H_n.  Of one teacher theta it is [grads theta]; of several, or with one weight for each block
    of coordinates, it is their combination.  Nothing below asks where it comes from. *)
Variable teacher : rvec.
Definition average_teacher : vec := mean (N Q) teacher.                (* h = E H *)

(** N(lam; kappa) = E|S - lam H|^2 + kappa lam^2 |h|^2. *)
Definition noise lam kappa : R :=
  E2 (fun n i => grads xs n i - lam * teacher n i) + kappa * lam ^ 2 * norm2 (d Q) average_teacher.

(** a^2 = E|S - lam H'|^2 and k^2 = lam^2 |h|^2. *)
Definition centred_noise lam : R := E2 (fun n i => grads xs n i - lam * (teacher n i - average_teacher i)).
Definition bias lam : R := lam ^ 2 * norm2 (d Q) average_teacher.

(** ** The updates *)

Definition distilled gamma lam (n : nat) (x : vec) : vec :=
  fun i => x i - gamma * (grad_n Q n x i - lam * teacher n i).

Definition distilled_unbiased gamma lam (n : nat) (x : vec) : vec :=
  fun i => x i - gamma * (grad_n Q n x i - lam * teacher n i + lam * average_teacher i).

(** ** The letters of one step from x *)

Lemma minus_mean_centred (X : rvec) : centred (N Q) (d Q) (fun n i => X n i - mean (N Q) X i).
Proof.
  intros i Hi. unfold mean. rewrite (avg_ext _ _ (fun n => 1 * X n i + - avg (N Q) (fun n => X n i))) by (intros; ring).
  rewrite avg_affine by apply N_pos. ring.
Qed.

Definition at_point (x : vec) : one_step := {|
  terms := N Q; dim := d Q; terms_pos := N_pos Q;
  e := minus x xs; g := grad x; h := average_teacher; xstar := xs;
  Gc := fun n i => grads x n i - grad x i; Sn := grads xs; Hc := fun n i => teacher n i - average_teacher i;
  Gc_centred := minus_mean_centred (grads x); Sn_centred := stationary Q; Hc_centred := minus_mean_centred teacher;
|}.

Ltac by_form := apply (inner_is_form (at_point _)); intros n Hn i Hi; simpl; unfold minus, grads, always; ring.

Lemma letter_e_e x : e_e (at_point x) = dist2 x.
Proof. apply (ip_always (N Q) (d Q)), N_pos. Qed.
Lemma letter_e_g x : e_g (at_point x) = dot (d Q) (minus x xs) (grad x).
Proof. apply (ip_always (N Q) (d Q)), N_pos. Qed.
Lemma letter_g_g x : g_g (at_point x) = norm2 (d Q) (grad x).
Proof. apply (ip_always (N Q) (d Q)), N_pos. Qed.
Lemma letter_h_h x : h_h (at_point x) = norm2 (d Q) average_teacher.
Proof. apply (ip_always (N Q) (d Q)), N_pos. Qed.
Lemma letter_xstar x : xstar_xstar (at_point x) = norm2 (d Q) xs.
Proof. apply (ip_always (N Q) (d Q)), N_pos. Qed.

Lemma smoothness_form x :
  E2 (fun n => minus (grads x n) (grads xs n)) = form (at_point x) (Linear 0 1 0 0 1 (-1) 0) (Linear 0 1 0 0 1 (-1) 0).
Proof. by_form. Qed.

Lemma centred_noise_form x lam :
  centred_noise lam = form (at_point x) (Linear 0 0 0 0 0 1 (- lam)) (Linear 0 0 0 0 0 1 (- lam)).
Proof. by_form. Qed.

Definition moved gamma lam : linear := Linear 1 (- gamma) (gamma * lam) 0 (- gamma) 0 (gamma * lam).
Definition moved_unbiased gamma lam : linear := Linear 1 (- gamma) 0 0 (- gamma) 0 (gamma * lam).

Lemma dist2_form gamma lam x :
  avg (N Q) (fun n => dist2 (distilled gamma lam n x)) = form (at_point x) (moved gamma lam) (moved gamma lam).
Proof.
  change (E2 (fun n => minus (distilled gamma lam n x) xs) = form (at_point x) (moved gamma lam) (moved gamma lam)).
  unfold distilled. by_form.
Qed.

Lemma dist2_form_unbiased gamma lam x :
  avg (N Q) (fun n => dist2 (distilled_unbiased gamma lam n x))
  = form (at_point x) (moved_unbiased gamma lam) (moved_unbiased gamma lam).
Proof.
  change (E2 (fun n => minus (distilled_unbiased gamma lam n x) xs)
    = form (at_point x) (moved_unbiased gamma lam) (moved_unbiased gamma lam)).
  unfold distilled_unbiased. by_form.
Qed.

(** E|S - lam H|^2 splits into bias and centred noise; the letters k and a of the certificates. *)
Lemma noise_split lam kappa : noise lam kappa = centred_noise lam + (1 + kappa) * bias lam.
Proof.
  unfold noise, bias.
  assert (K : E2 (fun n i => grads xs n i - lam * teacher n i)
    = form (at_point xs) (Linear 0 0 (- lam) 0 0 1 (- lam)) (Linear 0 0 (- lam) 0 0 1 (- lam))) by by_form.
  rewrite K, (centred_noise_form xs), <- (letter_h_h xs). unfold form. simpl. ring.
Qed.

Lemma centred_noise_nonneg lam : 0 <= centred_noise lam.
Proof. apply ip_nonneg. Qed.

Lemma bias_nonneg lam : 0 <= bias lam.
Proof. apply Rmult_le_pos; [apply pow2_ge_0|apply norm2_nonneg]. Qed.

(** ** The descent lemma, averaged over the index *)

Lemma descent L gamma lam x : smooth L ->
  avg (N Q) (fun n => gap (distilled gamma lam n x)) <=
    gap x + form (at_point x) (Linear 0 1 0 0 0 0 0) (Linear 0 (- gamma) (gamma * lam) 0 (- gamma) 0 (gamma * lam))
    + L / 2 * form (at_point x) (Linear 0 (- gamma) (gamma * lam) 0 (- gamma) 0 (gamma * lam))
                                (Linear 0 (- gamma) (gamma * lam) 0 (- gamma) 0 (gamma * lam)).
Proof.
  intros H. set (u := Linear 0 (- gamma) (gamma * lam) 0 (- gamma) 0 (gamma * lam)).
  set (X := fun n => minus (distilled gamma lam n x) x).
  replace (form (at_point x) (Linear 0 1 0 0 0 0 0) u) with (ip (N Q) (d Q) (always (grad x)) X)
    by (unfold X, u, distilled; by_form).
  replace (form (at_point x) u u) with (ip (N Q) (d Q) X X) by (unfold X, u, distilled; by_form).
  apply Rle_trans with (avg (N Q) (fun n => (dot (d Q) (grad x) (X n) + L / 2 * norm2 (d Q) (X n)) + gap x)).
  - apply avg_le. intros n Hn. unfold gap. pose proof (H x (distilled gamma lam n x)). unfold X. lra.
  - right. rewrite (avg_ext _ _ (fun n => 1 * (dot (d Q) (grad x) (X n) + L / 2 * norm2 (d Q) (X n)) + gap x)) by (intros; ring).
    rewrite avg_affine by apply N_pos. rewrite avg_plus, avg_scal. unfold ip, always, norm2. ring.
Qed.

Lemma descent_unbiased L gamma lam x : smooth L ->
  avg (N Q) (fun n => gap (distilled_unbiased gamma lam n x)) <=
    gap x + form (at_point x) (Linear 0 1 0 0 0 0 0) (Linear 0 (- gamma) 0 0 (- gamma) 0 (gamma * lam))
    + L / 2 * form (at_point x) (Linear 0 (- gamma) 0 0 (- gamma) 0 (gamma * lam))
                                (Linear 0 (- gamma) 0 0 (- gamma) 0 (gamma * lam)).
Proof.
  intros H. set (u := Linear 0 (- gamma) 0 0 (- gamma) 0 (gamma * lam)).
  set (X := fun n => minus (distilled_unbiased gamma lam n x) x).
  replace (form (at_point x) (Linear 0 1 0 0 0 0 0) u) with (ip (N Q) (d Q) (always (grad x)) X)
    by (unfold X, u, distilled_unbiased; by_form).
  replace (form (at_point x) u u) with (ip (N Q) (d Q) X X) by (unfold X, u, distilled_unbiased; by_form).
  apply Rle_trans with (avg (N Q) (fun n => (dot (d Q) (grad x) (X n) + L / 2 * norm2 (d Q) (X n)) + gap x)).
  - apply avg_le. intros n Hn. unfold gap. pose proof (H x (distilled_unbiased gamma lam n x)). unfold X. lra.
  - right. rewrite (avg_ext _ _ (fun n => 1 * (dot (d Q) (grad x) (X n) + L / 2 * norm2 (d Q) (X n)) + gap x)) by (intros; ring).
    rewrite avg_affine by apply N_pos. rewrite avg_plus, avg_scal. unfold ip, always, norm2. ring.
Qed.

(** ** Constants compare as they should *)

(** A point with |x - x-star| = 1 exists when d > 0, so mu <= Lcal is a consequence, not an assumption. *)
Lemma mu_le_Lcal mu Lcal : (0 < d Q)%nat -> 0 < mu -> A1 mu -> A1' mu -> A3 Lcal -> mu <= Lcal.
Proof.
  intros Hd Hmu H1 H2 H3.
  set (x := fun i => xs i + match i with O => 1 | _ => 0 end).
  assert (Hx : dist2 x = 1).
  { unfold dist2, norm2, dot, minus, x. destruct (d Q) as [|m]; [lia|]. clear. induction m as [|m IH]; simpl in *; [ring|].
    rewrite IH. ring. }
  specialize (H1 x). specialize (H2 x). specialize (H3 x). rewrite Hx in *.
  rewrite smoothness_form in H3. rewrite <- letter_e_g in H1.
  pose proof (square (at_point x) (Linear 0 0 0 0 1 (-1) 0)) as K1.
  pose proof (square (at_point x) (Linear (- e_g (at_point x)) 1 0 0 0 0 0)) as K2.
  unfold form in *. simpl in *. rewrite letter_e_e, Hx in K2.
  apply Rnot_lt_le. intros Hlt.
  assert (0 < gap x) by lra.
  assert ((gap x + mu / 2) * (gap x + mu / 2) <= e_g (at_point x) * e_g (at_point x)) by (apply Rmult_le_compat; lra).
  assert (2 * mu * gap x <= (gap x + mu / 2) * (gap x + mu / 2)) by (pose proof (Rle_0_sqr (gap x - mu / 2)) as K; unfold Rsqr in K; lra).
  assert (Lcal * gap x < mu * gap x) by (apply Rmult_lt_compat_r; assumption).
  lra.
Qed.

(** For PL functions the same needs f to be non-constant. *)
Lemma mu_le_Lcal_pl mu Lcal : (exists x, 0 < gap x) -> PL mu -> A3 Lcal -> mu <= Lcal.
Proof.
  intros [x Hx] H1 H3. specialize (H1 x). specialize (H3 x). rewrite smoothness_form in H3. rewrite <- letter_g_g in H1.
  pose proof (square (at_point x) (Linear 0 0 0 0 1 (-1) 0)) as K. unfold form in *. simpl in *.
  apply Rmult_le_reg_r with (gap x); lra.
Qed.

(** f is L-smooth and bounded below by f*: |grad f(x)|^2 <= 2 L (f(x) - f* ). *)
Lemma smooth_bounds_gradient L : 0 < L -> smooth L -> minimal -> forall x, norm2 (d Q) (grad x) <= 2 * L * gap x.
Proof.
  intros HL H2 H3 x.
  pose proof (H2 x (fun i => x i - / L * grad x i)) as K. pose proof (H3 (fun i => x i - / L * grad x i)) as K3.
  assert (K1 : dot (d Q) (grad x) (minus (fun i => x i - / L * grad x i) x) = - / L * norm2 (d Q) (grad x)).
  { rewrite dot_sym. rewrite (dot_ext _ _ (fun i => - / L * grad x i) _ (grad x)) by (intros i Hi; unfold minus; ring).
    apply dot_scal_l. }
  assert (K2 : norm2 (d Q) (minus (fun i => x i - / L * grad x i) x) = / L * / L * norm2 (d Q) (grad x)).
  { unfold norm2, dot. rewrite <- sum_scal. apply sum_ext. intros. unfold minus. ring. }
  rewrite K1, K2 in K. unfold gap in *.
  assert (K4 : L * (value xs - value x) <= - / 2 * norm2 (d Q) (grad x)).
  { apply Rle_trans with (L * (- / L * norm2 (d Q) (grad x) + L / 2 * (/ L * / L * norm2 (d Q) (grad x)))).
    - apply Rmult_le_compat_l; lra.
    - right. field. lra. }
  lra.
Qed.

(** Expected smoothness gives the same with Lcal (Jensen), so L may be taken <= Lcal wherever only this is used. *)
Lemma expected_smoothness_bounds_gradient Lcal : A3 Lcal -> forall x, norm2 (d Q) (grad x) <= 2 * Lcal * gap x.
Proof.
  intros H3 x. specialize (H3 x). rewrite smoothness_form in H3. rewrite <- letter_g_g.
  pose proof (square (at_point x) (Linear 0 0 0 0 1 (-1) 0)) as K. unfold form in *. simpl in *. lra.
Qed.

Lemma mu_le_L mu L : (exists x, 0 < gap x) -> 0 < L -> PL mu -> smooth L -> minimal -> mu <= L.
Proof.
  intros [x Hx] HL H1 H2 H3. specialize (H1 x). pose proof (smooth_bounds_gradient L HL H2 H3 x).
  apply Rmult_le_reg_r with (gap x); lra.
Qed.

Lemma growth_gives_minimal mu : 0 < mu -> A1' mu -> minimal.
Proof.
  intros Hmu H x. specialize (H x). unfold gap in H.
  assert (0 <= mu / 2 * dist2 x) by (apply Rmult_le_pos; [lra|apply norm2_nonneg]). lra.
Qed.

End Setting.
