(** The laws of schedules, several teachers, renewed teachers and sampling as kdtheory states them, one theorem each; the number of steps and
    when to stop distilling are in [Steps], the greedy schedule in [BestSchedule]. *)

Require Export KDTheory.Steps KDTheory.BestSchedule KDTheory.Teachers.

(** ** The SNR law of one step: a lower bound for every step size of the range, and the step size that reaches it *)

Section Steps.
Variables (Q : problem) (teacher : rvec) (mu L Lcal lam s : R).
Notation k := (sqrt (bias Q teacher lam)).
Notation a := (sqrt (centred_noise Q teacher lam)).
Notation r := (sqrt s).

Theorem snr_step :
  (0 < d Q)%nat -> 0 < mu -> A1 Q mu -> A1' Q mu -> A3 Q Lcal -> 0 <= s -> 0 < clear (mu * r) k ->
  k * clear (mu * r) k < a * (root_c mu Lcal * r + a) ->
  (0 < step_at Q teacher mu Lcal lam s /\ step_at Q teacher mu Lcal lam s < 1 / Lcal) /\
  psi_1 Q teacher (step_at Q teacher mu Lcal lam s) mu Lcal lam s = s / (1 + snr_at Q teacher mu Lcal lam s ^ 2) /\
  forall gamma, 0 < gamma -> gamma < 1 / Lcal -> s / (1 + snr_at Q teacher mu Lcal lam s ^ 2) <= psi_1 Q teacher gamma mu Lcal lam s.
Proof.
  intros Hd Hmu H1 H1' H3 Hs Hdelta Hcalm.
  destruct (snr_reached Q teacher mu Lcal Hd Hmu H1 H1' H3 lam s Hs Hdelta Hcalm) as (Hg & Hr & E).
  repeat split; try assumption. intros gamma Hgamma Hrange.
  apply (snr_lower Q teacher mu Lcal Hd Hmu H1 H1' H3); try assumption.
  pose proof (sqrt_pos (bias Q teacher lam)). pose proof (sqrt_pos (centred_noise Q teacher lam)).
  assert (0 <= k * clear (mu * r) k) by (apply Rmult_le_pos; lra).
  destruct (Rle_lt_dec (root_c mu Lcal * r + a) 0) as [Hn|Hn]; [|exact Hn]. exfalso.
  assert (a * (root_c mu Lcal * r + a) <= a * 0) by (apply Rmult_le_compat_l; assumption). lra.
Qed.

Theorem snr_step_pl :
  0 < mu -> 0 < L -> PL Q mu -> A3 Q Lcal -> (exists x, 0 < gap Q x) -> 0 <= s ->
  0 < clear (sqrt (2 * mu * s)) k -> 0 < loud (root_q mu Lcal) (sqrt (2 * mu * s)) a ->
  k * clear (sqrt (2 * mu * s)) k <= loud (root_q mu Lcal) (sqrt (2 * mu * s)) a ^ 2 ->
  (0 < step_at_pl Q teacher mu L Lcal lam s /\ step_at_pl Q teacher mu L Lcal lam s < 2 * mu / (L * Lcal)) /\
  psi_2 Q teacher (step_at_pl Q teacher mu L Lcal lam s) mu L Lcal lam s = law_pl Q teacher mu L Lcal lam s /\
  forall gamma, 0 < gamma -> gamma < 2 * mu / (L * Lcal) -> law_pl Q teacher mu L Lcal lam s <= psi_2 Q teacher gamma mu L Lcal lam s.
Proof.
  intros Hmu HL HPL H3 Hex Hs Hdelta Hn Hk.
  destruct (snr_reached_pl Q teacher mu L Lcal Hmu HL HPL H3 Hex lam s Hs Hdelta Hn Hk) as (Hg & Hr & E).
  repeat split; try assumption. intros gamma Hgamma Hrange.
  apply (snr_lower_pl Q teacher mu L Lcal Hmu HL HPL H3 Hex); assumption.
Qed.
End Steps.

(** ** Several teachers, blocks, the affine hull *)

Section Teachers.
Variable Q : problem.

(** M lam* = C: the least criterion is sigma*^2 - lam*^T M lam*. *)
Theorem several_teachers m (H : nat -> rvec) kappa star : -1 <= kappa ->
  (forall i, (i < m)%nat -> sum m (fun j => gram Q H kappa i j * star j) = covariances Q H i) ->
  noise Q (combined m H star) 1 kappa = sigma_star_sq Q - sum m (fun i => sum m (fun j => star i * star j * gram Q H kappa i j)) /\
  forall lam, noise Q (combined m H star) 1 kappa <= noise Q (combined m H lam) 1 kappa.
Proof.
  intros Hk Hsol. destruct (several_lambda_star Q m H kappa star Hk Hsol) as [K1 K2]. split; [|exact K2]. rewrite K1. f_equal.
  symmetry. exact (bilinear_solved m (gram Q H kappa) star star (covariances Q H) Hsol).
Qed.

(** Quadratics: with M w = 1, M_ij = <D_i,D_j>, the weights w_j delta^2 S0/(S0 + delta^2), delta^2 = 1/sum w, have the least stationary error
    of all weights. *)
Theorem affine_hull m theta gamma (A : nat -> nat -> vec) w S0 :
  (forall n x i, (i < d Q)%nat -> grad_n Q n x i = dot (d Q) (A n i) (minus x (minimiser Q)) + grad_n Q n (minimiser Q) i) ->
  (forall x, Un_cv (fun t => expect (N Q) (fun n x i => x i - gamma * grad_n Q n x i) t (dist2 Q) x) S0) -> 0 <= S0 ->
  (forall i, (i < m)%nat -> sum m (fun j => dot (d Q) (minus (theta i) (minimiser Q)) (minus (theta j) (minimiser Q)) * w j) = 1) -> 0 < sum m w ->
  let delta2 := / sum m w in
  let run lam x := fun t => expect (N Q) (distilled Q (combined m (fun j => grads Q (theta j)) lam) gamma 1) t (dist2 Q) x in
  (forall x, Un_cv (run (fun j => w j * delta2 * (S0 / (S0 + delta2))) x) (S0 * delta2 / (S0 + delta2))) /\
  forall lam x limit, Un_cv (run lam x) limit -> S0 * delta2 / (S0 + delta2) <= limit.
Proof.
  intros Haff HS Hpos Hw Hsum delta2 run.
  destruct (hull_law Q m theta w S0 Hw Hsum Hpos) as [E Hleast]. fold delta2 in E, Hleast.
  assert (Law : forall lam x, Un_cv (run lam x) ((1 - sum m lam) ^ 2 * S0 + norm2 (d Q) (hull Q m theta lam))).
  { intros lam x. set (T := combined m (fun j => grads Q (theta j)) lam).
    assert (Plain : forall t y, expect (N Q) (distilled Q T gamma 0) t (dist2 Q) y = expect (N Q) (fun n x i => x i - gamma * grad_n Q n x i) t (dist2 Q) y).
    { induction t as [|t IH]; intros y; [reflexivity|]. simpl. apply avg_ext. intros n Hn. rewrite IH. f_equal.
      apply FunctionalExtensionality.functional_extensionality. intros i. unfold distilled. ring. }
    apply (several_exact_stationary Q m theta gamma A Haff S0 lam). intros y eps He. destruct (HS y eps He) as [n Hn].
    exists n. intros t Ht. fold T. rewrite Plain. exact (Hn t Ht). }
  split.
  - intros x. cbv zeta in E. rewrite <- E. apply Law.
  - intros lam x limit Hl. rewrite (UL_sequence _ _ _ Hl (Law lam x)). apply Hleast.
Qed.

(** lam_b = C_b/(V_b + (1 + kappa)|h_b|^2) =: C_b/M_b: the least criterion is sigma*^2 - sum M_b lam_b^2. *)
Theorem blocks teacher block m kappa : (forall i, (i < d Q)%nat -> (block i < m)%nat) -> -1 <= kappa ->
  let M b := spread (in_block Q block b) (teacher_in teacher block b) kappa in let star := block_star Q teacher block kappa in
  (forall b, (b < m)%nat -> M b <> 0) ->
  noise Q (weighted_by teacher block star) 1 kappa = sigma_star_sq Q - sum m (fun b => M b * star b ^ 2) /\
  forall lam, noise Q (weighted_by teacher block star) 1 kappa <= noise Q (weighted_by teacher block lam) 1 kappa.
Proof.
  intros Hblocks Hk M star HM. split; [|intros lam; exact (block_weights_are_best Q teacher block m kappa Hblocks Hk lam)].
  assert (E0 : sigma_star_sq Q = sum m (fun b => sigma_star_sq (in_block Q block b))).
  { assert (Z : noise Q (weighted_by teacher block (fun _ => 0)) 1 kappa = sigma_star_sq Q).
    { unfold noise, sigma_star_sq, E2. replace (norm2 (d Q) _) with 0.
      - rewrite Rmult_0_r, Rplus_0_r. apply ip_ext; intros n Hn i Hi; unfold weighted_by; ring.
      - symmetry. unfold norm2, dot. rewrite (sum_ext (d Q) _ (fun _ => 0)); [rewrite sum_const; ring|]. intros i Hi.
        replace (average_teacher Q (weighted_by teacher block (fun _ => 0)) i) with 0; [ring|]. unfold average_teacher, mean, weighted_by.
        rewrite (avg_ext (N Q) _ (fun _ => 0)) by (intros; ring). rewrite avg_const by apply N_pos. reflexivity. }
    rewrite <- Z, (blocks_separate Q teacher block m kappa Hblocks). apply sum_ext. intros b Hb. apply noise_without_teacher. }
  rewrite (blocks_separate Q teacher block m kappa Hblocks), E0. unfold Rminus. rewrite <- (Rmult_1_l (sum m (fun b => M b * star b ^ 2))), <- Ropp_mult_distr_l_reverse, <- sum_scal, <- sum_plus.
  apply sum_ext. intros b Hb. rewrite noise_quadratic. specialize (HM b Hb). fold (M b).
  assert (K : covariance (in_block Q block b) (teacher_in teacher block b) = M b * star b) by (unfold star, block_star, lambda_star; fold (M b); field; exact HM).
  fold (star b). rewrite K. ring.
Qed.
End Teachers.

(** ** A renewed teacher, one curvature and additive noise

    M equally likely states (e, eta) of student and teacher, N equally likely noises z with mean 0 and mean square a^2; a step makes e+ = (1 - y) e + y lam eta - (1 - lam) z,
    eta+ = (1 - alpha) eta + alpha e+, y = gamma h.  If the second moments stay, E e^2 is what the three equations say. *)

Section Renewed.
Variables (M N : nat) (e eta z : nat -> R) (y alpha lam a : R).
Hypothesis HM : (0 < M)%nat.
Hypothesis HN : (0 < N)%nat.
Hypothesis mean_noise : avg N z = 0.
Hypothesis square_noise : avg N (fun n => z n ^ 2) = a ^ 2.
Definition e_next m n := (1 - y) * e m + y * lam * eta m - (1 - lam) * z n.
Definition eta_next m n := (1 - alpha) * eta m + alpha * e_next m n.
Notation over f := (avg M (fun m => avg N (fun n => f m n))).
Notation A := (avg M (fun m => e m ^ 2)).
Notation B := (avg M (fun m => e m * eta m)).
Notation C := (avg M (fun m => eta m ^ 2)).

(** The mean over m and n of any quadratic form in (e, eta, z). *)
Lemma over_form f p0 p1 p2 p3 p4 p5 : (forall m n, f m n = p0 * e m ^ 2 + p1 * (e m * eta m) + p2 * eta m ^ 2 + (p3 * e m + p4 * eta m) * z n + p5 * z n ^ 2) ->
  over f = p0 * A + p1 * B + p2 * C + p5 * a ^ 2.
Proof.
  intros Hf. rewrite (avg_ext M _ (fun m => p0 * e m ^ 2 + (p1 * (e m * eta m) + (p2 * eta m ^ 2 + p5 * a ^ 2)))).
  - rewrite (avg_plus M (fun m => p0 * e m ^ 2)), (avg_plus M (fun m => p1 * (e m * eta m))), (avg_plus M (fun m => p2 * eta m ^ 2)), !avg_scal, avg_const by exact HM. ring.
  - intros m Hm. rewrite (avg_ext N _ (fun n => (p3 * e m + p4 * eta m) * z n + (p5 * z n ^ 2 + (p0 * e m ^ 2 + p1 * (e m * eta m) + p2 * eta m ^ 2))))
      by (intros n Hn; rewrite Hf; ring).
    rewrite (avg_plus N (fun n => (p3 * e m + p4 * eta m) * z n)), (avg_plus N (fun n => p5 * z n ^ 2)), !avg_scal, avg_const, mean_noise, square_noise by exact HN. ring.
Qed.

Theorem renewed_teacher : 0 < y -> 0 < alpha <= 1 -> lam <> 1 -> 0 < 4 - 2 * alpha - 2 * y + alpha * y + alpha * lam * y ->
  over (fun m n => e_next m n ^ 2) = A -> over (fun m n => e_next m n * eta_next m n) = B -> over (fun m n => eta_next m n ^ 2) = C ->
  A = a ^ 2 * (1 - lam) * (2 * (alpha + y * (1 - lam)) - alpha ^ 2 - 3 * alpha * y + 2 * alpha * lam * y + alpha ^ 2 * y)
    / (y * (alpha + y - alpha * y) * (4 - 2 * alpha - 2 * y + alpha * y + alpha * lam * y)).
Proof.
  intros Hy Halpha Hlam Hroom.
  rewrite (over_form _ ((1 - y) ^ 2) (2 * (1 - y) * y * lam) (y ^ 2 * lam ^ 2) (-2 * (1 - y) * (1 - lam)) (-2 * (y * lam) * (1 - lam)) ((1 - lam) ^ 2))
    by (intros; unfold e_next; ring).
  rewrite (over_form _ (alpha * (1 - y) ^ 2) ((1 - alpha) * (1 - y) + 2 * alpha * ((1 - y) * (y * lam))) ((1 - alpha) * (y * lam) + alpha * (y * lam) ^ 2)
    (-2 * alpha * (1 - y) * (1 - lam)) (- (1 - alpha) * (1 - lam) - 2 * alpha * (y * lam) * (1 - lam)) (alpha * (1 - lam) ^ 2))
    by (intros; unfold eta_next, e_next; ring).
  rewrite (over_form _ (alpha ^ 2 * (1 - y) ^ 2) (2 * (1 - alpha) * (alpha * (1 - y)) + 2 * alpha ^ 2 * ((1 - y) * (y * lam)))
    ((1 - alpha) ^ 2 + 2 * (1 - alpha) * (alpha * (y * lam)) + alpha ^ 2 * (y * lam) ^ 2)
    (-2 * alpha ^ 2 * (1 - y) * (1 - lam)) (-2 * (1 - alpha) * alpha * (1 - lam) - 2 * alpha ^ 2 * (y * lam) * (1 - lam)) (alpha ^ 2 * (1 - lam) ^ 2))
    by (intros; unfold eta_next, e_next; ring).
  generalize A B C. intros x v w E1 E2 E3.
  set (D4 := 4 - 2 * alpha - 2 * y + alpha * y + alpha * lam * y) in *.
  assert (Hden : 0 < y * (alpha + y - alpha * y)).
  { apply Rmult_lt_0_compat; [exact Hy|]. assert (0 <= y * (1 - alpha)) by (apply Rmult_le_pos; lra). lra. }
  assert (K : alpha * (1 - lam) * (y * (alpha + y - alpha * y) * D4 * x)
    = alpha * (1 - lam) * (a ^ 2 * (1 - lam) * (2 * (alpha + y * (1 - lam)) - alpha ^ 2 - 3 * alpha * y + 2 * alpha * lam * y + alpha ^ 2 * y))).
  { unfold D4. (* the first row of the adjugate *)
    match type of E1 with ?l1 = _ => match type of E2 with ?l2 = _ => match type of E3 with ?l3 = _ =>
      assert (P1 : alpha * (alpha^2 * lam^2 * y^3 - alpha^2 * lam^2 * y^2 - 2 * alpha^2 * lam * y^2 + 2 * alpha^2 * lam * y + alpha^2 * y - alpha^2 - alpha * lam^2 * y^3 + 4 * alpha * lam * y^2 - 2 * alpha * lam * y - 3 * alpha * y + 2 * alpha - 2 * lam * y + 2 * y) * (l1 - x) = 0) by (rewrite E1; ring);
      assert (P2 : -2 * alpha * lam * y * (y - 1) * (alpha * lam * y - alpha - lam * y + 2) * (l2 - v) = 0) by (rewrite E2; ring);
      assert (P3 : lam^2 * y^2 * (alpha * y - alpha - y + 2) * (l3 - w) = 0) by (rewrite E3; ring)
    end end end.
    match type of P1 with ?p1 = 0 => match type of P2 with ?p2 = 0 => match type of P3 with ?p3 = 0 =>
      apply Rminus_diag_uniq; transitivity (- (p1 + p2 + p3)); [ring|rewrite P1, P2, P3; ring]
    end end end. }
  apply Rmult_eq_reg_l in K; [|apply Rmult_integral_contrapositive_currified; intros Z; [lra|apply Hlam; lra]].
  rewrite <- K. field. repeat split; try lra; intros Z; rewrite Z in Hden; lra.
Qed.
End Renewed.

(** ** Importance sampling: a^2 = N^-2 sum r_n^2/p_n is least at p_n = r_n/sum r *)

Theorem importance_sampling N r : (0 < N)%nat -> (forall n, (n < N)%nat -> 0 < r n) ->
  let noise p := sum N (fun n => r n ^ 2 / p n) / INR N ^ 2 in
  noise (fun n => r n / sum N r) = sum N r ^ 2 / INR N ^ 2 /\
  forall p, (forall n, (n < N)%nat -> 0 < p n) -> sum N p = 1 -> sum N r ^ 2 / INR N ^ 2 <= noise p.
Proof.
  intros HN Hr noise_. split.
  - unfold noise_. f_equal. apply (importance_best N r HN Hr).
  - intros p Hp Hone. apply Rmult_le_compat_r; [|apply importance_bound; assumption].
    left. apply Rinv_0_lt_compat, pow_lt, lt_0_INR. lia.
Qed.
