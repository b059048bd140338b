(** How many steps the best schedule without bias takes, from below and above; and the error at which a biased teacher should be dropped.
    Logarithms are the numbers whose exponential is given: the library's [ln] rests on the excluded middle. *)

Require Export KDTheory.Convex.

Lemma inverse_positive x : 0 < x -> 0 < / x.
Proof. apply Rinv_0_lt_compat. Qed.

(** (1 - z) exp z <= 1 for 0 <= z < 1, from the series. *)
Lemma exp_below_geometric z : 0 <= z < 1 -> exp z * (1 - z) <= 1.
Proof.
  intros [Hz H1]. unfold exp. destruct (exist_exp z) as [l Hl]. simpl. apply Rnot_lt_le. intros Hlt.
  destruct (Hl (l - / (1 - z))) as [n0 Hn].
  - apply Rlt_Rminus. apply Rmult_lt_reg_r with (1 - z); [lra|]. rewrite Rinv_l by lra. exact Hlt.
  - specialize (Hn n0 ltac:(lia)).
    assert (K : forall n, sum_f_R0 (fun i => / INR (fact i) * z ^ i) n * (1 - z) <= 1 - z ^ S n).
    { induction n as [|n IH].
      - simpl. lra.
      - rewrite tech5, Rmult_plus_distr_r. eapply Rle_trans; [apply Rplus_le_compat_r; exact IH|].
        assert (Hp : 0 <= z ^ S n) by (apply pow_le; exact Hz).
        assert (Hf : / INR (fact (S n)) <= 1).
        { rewrite <- Rinv_1. apply Rinv_le_contravar; [lra|]. change 1 with (INR 1). apply le_INR. pose proof (lt_O_fact (S n)). lia. }
        assert (/ INR (fact (S n)) * z ^ S n * (1 - z) <= 1 * z ^ S n * (1 - z))
          by (apply Rmult_le_compat_r; [lra|]; apply Rmult_le_compat_r; assumption).
        change (z ^ S (S n)) with (z * z ^ S n). lra. }
    specialize (K n0). assert (0 <= z ^ S n0) by (apply pow_le; exact Hz).
    assert (K2 : sum_f_R0 (fun i => / INR (fact i) * z ^ i) n0 <= / (1 - z)).
    { apply Rmult_le_reg_r with (1 - z); [lra|]. rewrite Rinv_l by lra. lra. }
    unfold R_dist in Hn. apply Rabs_def2 in Hn. lra.
Qed.

Lemma exp_reflects_order m l : exp m <= exp l -> m <= l.
Proof.
  intros H. apply Rnot_lt_le. intros Hlt. pose proof (exp_above_line (m - l) ltac:(lra)) as K. pose proof (exp_pos l) as Hp.
  replace m with (l + (m - l)) in H by ring. rewrite exp_plus in H.
  assert (exp l * (1 + (m - l)) <= exp l * exp (m - l)) by (apply Rmult_le_compat_l; lra).
  assert (0 < exp l * (m - l)) by (apply Rmult_lt_0_compat; lra). lra.
Qed.

Lemma log_exists y : 1 <= y -> exists l, 0 <= l /\ exp l = y.
Proof.
  intros Hy. destruct (Req_dec y 1) as [->|Hne]; [exists 0; split; [lra|apply exp_0]|].
  assert (Hc : continuity (fun x => exp x - y)).
  { apply continuity_minus; [apply derivable_continuous, derivable_exp|apply continuity_const; intros u v; reflexivity]. }
  destruct (IVT (fun x => exp x - y) 0 y Hc ltac:(lra)) as (l & Hl & E); [rewrite exp_0; lra|pose proof (exp_above_line y ltac:(lra)); lra|].
  exists l. split; [apply Hl|lra].
Qed.

(** ** Steps needed

    In v = 1/sqrt s one step is v+^2 = v^2 (1 + 1/nu^2), nu = q + a v/mu; and T(m), the increase of F m, gains at most 1 a step for m = q^2,
    at least 1 for m = q^2 + 1. *)

Section Steps.
Variables mu q a : R.
Hypothesis Hmu : 0 < mu.
Hypothesis Hq : 0 <= q.
Hypothesis Ha : 0 < a.
(** What v adds beside the logarithm. *)
Definition rest v := 4 * (q * a / mu) * v + (a / mu) ^ 2 * v ^ 2.

Let Hamu : 0 < a / mu.
Proof. apply Rmult_lt_0_compat; [exact Ha|apply inverse_positive, Hmu]. Qed.

Lemma rest_increases v w : 0 < v <= w -> rest v <= rest w.
Proof.
  intros [Hv Hw]. unfold rest.
  assert (H0 : 0 <= q * a / mu) by (unfold Rdiv; rewrite Rmult_assoc; apply Rmult_le_pos; [exact Hq|exact (Rlt_le _ _ Hamu)]).
  assert (K2 : 4 * (q * a / mu) * v <= 4 * (q * a / mu) * w) by (apply Rmult_le_compat_l; lra).
  assert (K3 : (a / mu) ^ 2 * v ^ 2 <= (a / mu) ^ 2 * w ^ 2) by (apply Rmult_le_compat_l; [apply pow2_ge_0|apply pow_incr; lra]).
  lra.
Qed.

Lemma one_gain v w nu l : 0 < v -> 0 < w -> nu = q + a / mu * v -> w ^ 2 = v ^ 2 * (1 + / nu ^ 2) -> 0 <= l -> exp l = 1 + / nu ^ 2 ->
  q ^ 2 * l + (rest w - rest v) <= 1 <= (q ^ 2 + 1) * l + (rest w - rest v).
Proof.
  intros Hv Hw Hnu E Hl El. set (b := a / mu) in *.
  assert (Hn : 0 < nu) by (rewrite Hnu; assert (0 < b * v) by (apply Rmult_lt_0_compat; assumption); lra).
  assert (Hn2 : 0 < nu ^ 2) by (apply pow_lt; exact Hn). assert (Hi : 0 < / nu ^ 2) by (apply inverse_positive, Hn2).
  assert (Hv2 : 0 < v ^ 2) by (apply pow_lt; exact Hv). assert (Hw2 : 0 < w ^ 2) by (apply pow_lt; exact Hw).
  assert (L1 : l <= / nu ^ 2) by (pose proof (exp_above_line l Hl); lra).
  assert (L2 : / (1 + nu ^ 2) <= l).
  { apply exp_reflects_order. rewrite El. set (z := / (1 + nu ^ 2)).
    assert (Hz : 0 < z) by (apply inverse_positive; lra). assert (Ez : z * (1 + nu ^ 2) = 1) by (apply Rinv_l; lra).
    assert (Hz1 : 0 < 1 - z) by (assert (0 < z * nu ^ 2) by (apply Rmult_lt_0_compat; assumption); lra).
    pose proof (exp_below_geometric z ltac:(lra)) as K. apply Rmult_le_reg_r with (1 - z); [exact Hz1|].
    replace ((1 + / nu ^ 2) * (1 - z)) with 1; [exact K|]. unfold z. field. split; lra. }
  assert (D : w ^ 2 - v ^ 2 = v ^ 2 * / nu ^ 2) by (rewrite E; ring).
  assert (D1 : 2 * v * (w - v) <= v ^ 2 * / nu ^ 2).
  { rewrite <- D. replace (w ^ 2 - v ^ 2) with (2 * v * (w - v) + (w - v) ^ 2) by ring. pose proof (pow2_ge_0 (w - v)). lra. }
  assert (D2 : v * l <= 2 * (w - v)).
  { pose proof (exp_above_line (l / 2) ltac:(lra)) as K.
    assert (Ew : v * exp (l / 2) = w).
    { assert (P : 0 < v * exp (l / 2)) by (apply Rmult_lt_0_compat; [exact Hv|apply exp_pos]).
      apply Rsqr_inj; [lra|lra|]. unfold Rsqr. replace (w * w) with (w ^ 2) by ring. rewrite E, <- El.
      replace l with (l / 2 + l / 2) at 3 by lra. rewrite exp_plus. ring. }
    assert (v * (1 + l / 2) <= v * exp (l / 2)) by (apply Rmult_le_compat_l; lra). lra. }
  assert (D3 : v ^ 2 * l <= w ^ 2 - v ^ 2) by (rewrite D; apply Rmult_le_compat_l; lra).
  assert (Hqb : 0 <= q * b) by (apply Rmult_le_pos; lra). assert (Hq2 : 0 <= q ^ 2) by apply pow2_ge_0. assert (Hb2 : 0 <= b ^ 2) by apply pow2_ge_0.
  assert (Step : rest w - rest v = 4 * (q * b) * (w - v) + b ^ 2 * (w ^ 2 - v ^ 2)) by (unfold rest, b; field; lra).
  rewrite !Step. split.
  - assert (K1 : q ^ 2 * l <= q ^ 2 * / nu ^ 2) by (apply Rmult_le_compat_l; lra).
    assert (K2 : 2 * (q * b) * / v * (2 * v * (w - v)) <= 2 * (q * b) * / v * (v ^ 2 * / nu ^ 2)).
    { apply Rmult_le_compat_l; [|exact D1]. apply Rmult_le_pos; [lra|left; apply inverse_positive, Hv]. }
    replace (2 * (q * b) * / v * (2 * v * (w - v))) with (4 * (q * b) * (w - v)) in K2 by (field; lra).
    replace (2 * (q * b) * / v * (v ^ 2 * / nu ^ 2)) with (2 * (q * b) * v * / nu ^ 2) in K2 by (field; lra).
    rewrite D. replace 1 with ((q ^ 2 + 2 * (q * b) * v + b ^ 2 * v ^ 2) * / nu ^ 2) by (rewrite Hnu; field; lra). lra.
  - assert (K1 : (1 + nu ^ 2) * / (1 + nu ^ 2) <= (1 + nu ^ 2) * l) by (apply Rmult_le_compat_l; lra).
    rewrite Rinv_r in K1 by lra. assert (K2 : 2 * (q * b) * (v * l) <= 2 * (q * b) * (2 * (w - v))) by (apply Rmult_le_compat_l; lra).
    assert (K3 : b ^ 2 * (v ^ 2 * l) <= b ^ 2 * (w ^ 2 - v ^ 2)) by (apply Rmult_le_compat_l; lra).
    replace ((1 + nu ^ 2) * l) with ((q ^ 2 + 1) * l + 2 * (q * b) * (v * l) + b ^ 2 * (v ^ 2 * l)) in K1 by (rewrite Hnu; ring). lra.
Qed.

(** The law of BestSchedule with c = mu q, and T, where log stands for ln(s0/s). *)
Definition next_error s := s / (1 + (mu * sqrt s / (q * (mu * sqrt s) + a)) ^ 2).
Definition least_steps log s0 s := q ^ 2 * log + 4 * q * a / mu * (1 / sqrt s - 1 / sqrt s0) + a ^ 2 / mu ^ 2 * (1 / s - 1 / s0).

Lemma next_positive s : 0 < s -> 0 < next_error s.
Proof.
  intros Hs. apply Rmult_lt_0_compat; [exact Hs|apply inverse_positive]. pose proof (pow2_ge_0 (mu * sqrt s / (q * (mu * sqrt s) + a))). lra.
Qed.

Lemma root_inverse s : 0 < s -> 0 < / sqrt s /\ (/ sqrt s) ^ 2 = / s.
Proof.
  intros Hs. pose proof (sqrt_lt_R0 s Hs) as Hr. split; [apply inverse_positive, Hr|].
  rewrite <- (sqrt_sqrt s) at 2 by lra. field. lra.
Qed.

Lemma next_in_inverse s : 0 < s -> (/ sqrt (next_error s)) ^ 2 = (/ sqrt s) ^ 2 * (1 + / (q + a / mu * / sqrt s) ^ 2).
Proof.
  intros Hs. rewrite (proj2 (root_inverse _ (next_positive s Hs))), (proj2 (root_inverse s Hs)). unfold next_error.
  pose proof (sqrt_lt_R0 s Hs) as Hr. set (r := sqrt s) in *.
  assert (0 <= q * (mu * r)) by (apply Rmult_le_pos; [exact Hq|left; apply Rmult_lt_0_compat; assumption]).
  pose proof (pow2_ge_0 (mu * r)). pose proof (pow_lt (q * (mu * r) + a) 2 ltac:(lra)).
  field. repeat split; try lra; try (replace (q * (mu * r) + a) with (q * mu * r + a) in * by ring; lra).
Qed.

Lemma iterates_positive t s : 0 < s -> 0 < iterate next_error t s.
Proof. revert s. induction t as [|t IH]; intros s Hs; [exact Hs|]. apply IH, next_positive, Hs. Qed.

(** t steps, and the logarithm of what they gain. *)
Lemma many_gains t : forall s, 0 < s -> exists l, exp l * iterate next_error t s = s /\
  q ^ 2 * l + (rest (/ sqrt (iterate next_error t s)) - rest (/ sqrt s)) <= INR t <= (q ^ 2 + 1) * l + (rest (/ sqrt (iterate next_error t s)) - rest (/ sqrt s)).
Proof.
  induction t as [|t IH]; intros s Hs; [exists 0; change (iterate next_error 0 s) with s; change (INR 0) with 0; rewrite exp_0; repeat split; lra|].
  rewrite S_INR. change (iterate next_error (S t) s) with (iterate next_error t (next_error s)).
  destruct (IH (next_error s) (next_positive s Hs)) as (l & El & K).
  set (nu := q + a / mu * / sqrt s). destruct (log_exists (1 + / nu ^ 2)) as (k & Hk & Ek).
  { assert (0 < nu ^ 2); [|pose proof (inverse_positive (nu ^ 2) ltac:(assumption)); lra]. apply pow_lt. unfold nu.
    assert (0 < a / mu * / sqrt s) by (apply Rmult_lt_0_compat; [exact Hamu|apply root_inverse, Hs]). lra. }
  pose proof (one_gain (/ sqrt s) (/ sqrt (next_error s)) nu k (proj1 (root_inverse s Hs)) (proj1 (root_inverse _ (next_positive s Hs))) eq_refl
    (next_in_inverse s Hs) Hk Ek).
  exists (k + l). split; [|lra]. rewrite exp_plus, Rmult_assoc, El, Ek.
  pose proof (next_in_inverse s Hs) as E. fold nu in E.
  rewrite (proj2 (root_inverse _ (next_positive s Hs))) in E. rewrite (proj2 (root_inverse s Hs)) in E.
  pose proof (next_positive s Hs) as Hp. apply Rmult_eq_reg_l with (/ s * / next_error s).
  - transitivity (/ s * (1 + / nu ^ 2)); [field; repeat split; try lra|rewrite <- E; field; lra].
    unfold nu. assert (0 < a / mu * / sqrt s) by (apply Rmult_lt_0_compat; [exact Hamu|apply root_inverse, Hs]). lra.
  - apply Rmult_integral_contrapositive_currified; apply Rinv_neq_0_compat; lra.
Qed.

Lemma root_inverse_falls s s' : 0 < s <= s' -> / sqrt s' <= / sqrt s.
Proof. intros H. apply Rinv_le_contravar; [apply sqrt_lt_R0; lra|apply sqrt_le_1_alt; lra]. Qed.

(** The first t with s_t <= s: T <= t <= T + 1 + ln(s0/s). *)
Theorem steps_needed s0 s t log : 0 < s -> s <= s0 -> exp log = s0 / s ->
  iterate next_error t s0 <= s -> (forall j, (j < t)%nat -> s < iterate next_error j s0) -> 0 <= INR t - least_steps log s0 s <= log + 1.
Proof.
  intros Hs Hs0 Elog Ht Hbefore. assert (H0 : 0 < s0) by lra. assert (Hq2 : 0 <= q ^ 2) by apply pow2_ge_0.
  assert (E : least_steps log s0 s = q ^ 2 * log + (rest (/ sqrt s) - rest (/ sqrt s0))).
  { unfold least_steps, rest. rewrite (proj2 (root_inverse s Hs)), (proj2 (root_inverse s0 H0)).
    pose proof (sqrt_lt_R0 s Hs). pose proof (sqrt_lt_R0 s0 H0). field. repeat split; lra. }
  assert (Elog' : exp log * s = s0) by (rewrite Elog; field; lra). rewrite E.
  assert (Compare : forall l x, 0 < x -> exp l * x = s0 -> (x <= s -> log <= l) /\ (s <= x -> l <= log)).
  { intros l x Hx El. pose proof (exp_pos l). pose proof (exp_pos log). split; intros Hle; apply exp_reflects_order.
    - apply Rmult_le_reg_r with x; [exact Hx|]. assert (exp log * x <= exp log * s) by (apply Rmult_le_compat_l; lra). lra.
    - apply Rmult_le_reg_r with s; [exact Hs|]. assert (exp l * s <= exp l * x) by (apply Rmult_le_compat_l; lra). lra. }
  split.
  - destruct (many_gains t s0 H0) as (l & El & K). pose proof (iterates_positive t s0 H0) as Hx.
    pose proof (proj1 (Compare l _ Hx El) Ht) as Hl. assert (q ^ 2 * log <= q ^ 2 * l) by (apply Rmult_le_compat_l; lra).
    pose proof (rest_increases (/ sqrt s) (/ sqrt (iterate next_error t s0)) (conj (proj1 (root_inverse s Hs)) (root_inverse_falls _ _ (conj Hx Ht)))). lra.
  - destruct t as [|t].
    + change (INR 0) with 0. assert (0 <= log) by (apply exp_reflects_order; rewrite exp_0, Elog; apply Rmult_le_reg_r with s; [exact Hs|];
        unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra).
      assert (0 <= q ^ 2 * log) by (apply Rmult_le_pos; assumption).
      pose proof (rest_increases (/ sqrt s0) (/ sqrt s) (conj (proj1 (root_inverse s0 H0)) (root_inverse_falls _ _ (conj Hs Hs0)))). lra.
    + rewrite S_INR. destruct (many_gains t s0 H0) as (l & El & K). pose proof (Hbefore t ltac:(lia)) as Hlast.
      pose proof (iterates_positive t s0 H0) as Hx. pose proof (proj2 (Compare l _ Hx El) (Rlt_le _ _ Hlast)) as Hl.
      assert ((q ^ 2 + 1) * l <= (q ^ 2 + 1) * log) by (apply Rmult_le_compat_l; lra).
      pose proof (rest_increases (/ sqrt (iterate next_error t s0)) (/ sqrt s)
        (conj (proj1 (root_inverse _ Hx)) (root_inverse_falls _ _ (conj Hs (Rlt_le _ _ Hlast))))). lra.
Qed.
End Steps.

(** ** When to stop distilling

    The weight lam >= 0 has the bias h lam and the noise a(lam) = sqrt(sigma^2 - 2 lam p + lam^2 V), p = E<S,H>. *)

Section Stop.
Variables sigma V h p q : R.
Hypothesis Hsigma : 0 < sigma.
Hypothesis Hh : 0 < h.
Hypothesis Hq : 0 <= q.
Hypothesis HV : 0 < V.
Hypothesis correlated : p ^ 2 <= sigma ^ 2 * V.
Hypothesis useful : h * sigma * q < p.
Definition left_noise lam := sqrt (sigma ^ 2 - 2 * lam * p + lam ^ 2 * V).
Definition ratio u lam := (u - h * lam) / (q * u + left_noise lam).
Definition u_stop := h * sigma ^ 2 / (p - h * sigma * q).

Lemma left_noise_none : left_noise 0 = sigma.
Proof. unfold left_noise. replace (sigma ^ 2 - 2 * 0 * p + 0 ^ 2 * V) with (sigma ^ 2) by ring. apply sqrt_pow2. lra. Qed.

Lemma border u : u * (p - h * sigma * q) - h * sigma ^ 2 = u * p - h * sigma * (q * u + sigma).
Proof. ring. Qed.

Lemma quotients x y v w : 0 < y -> 0 < w -> x * w <= v * y -> x / y <= v / w.
Proof.
  intros Hy Hw H. apply Rmult_le_reg_r with (y * w); [apply Rmult_lt_0_compat; assumption|].
  replace (x / y * (y * w)) with (x * w) by (field; lra). replace (v / w * (y * w)) with (v * y) by (field; lra). exact H.
Qed.

Theorem no_gain_below u lam : 0 < u <= u_stop -> 0 <= lam -> 0 < q * u + left_noise lam -> ratio u lam <= ratio u 0.
Proof.
  intros [Hu Hstop] Hlam Hpos. unfold ratio. rewrite left_noise_none, Rmult_0_r, Rminus_0_r.
  assert (Hqu : 0 <= q * u) by (apply Rmult_le_pos; lra). apply quotients; [exact Hpos|lra|].
  assert (Hline : sigma - lam * (p / sigma) <= left_noise lam).
  { destruct (Rle_lt_dec (sigma - lam * (p / sigma)) 0) as [Hn|Hn]; [eapply Rle_trans; [exact Hn|apply sqrt_pos]|].
    rewrite <- (sqrt_pow2 (sigma - lam * (p / sigma))) by lra. apply sqrt_le_1_alt.
    replace ((sigma - lam * (p / sigma)) ^ 2) with (sigma ^ 2 - 2 * lam * p + lam ^ 2 * (p ^ 2 / sigma ^ 2)) by (field; lra).
    assert (p ^ 2 / sigma ^ 2 <= V).
    { apply Rmult_le_reg_r with (sigma ^ 2); [apply pow_lt; exact Hsigma|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by (apply pow_nonzero; lra). lra. }
    assert (lam ^ 2 * (p ^ 2 / sigma ^ 2) <= lam ^ 2 * V) by (apply Rmult_le_compat_l; [apply pow2_ge_0|assumption]). lra. }
  assert (Hb : u * p <= h * sigma * (q * u + sigma)).
  { assert (K : u * (p - h * sigma * q) <= h * sigma ^ 2); [|pose proof (border u); lra].
    apply Rmult_le_compat_r with (r := p - h * sigma * q) in Hstop; [|lra]. unfold u_stop in Hstop.
    replace (h * sigma ^ 2 / (p - h * sigma * q) * (p - h * sigma * q)) with (h * sigma ^ 2) in Hstop by (field; lra). exact Hstop. }
  assert (K1 : u * (sigma - lam * (p / sigma)) <= u * left_noise lam) by (apply Rmult_le_compat_l; lra).
  assert (K2 : lam / sigma * (u * p) <= lam / sigma * (h * sigma * (q * u + sigma)))
    by (apply Rmult_le_compat_l; [apply Rmult_le_pos; [exact Hlam|left; apply inverse_positive, Hsigma]|exact Hb]).
  replace (lam / sigma * (u * p)) with (u * (lam * (p / sigma))) in K2 by (field; lra).
  replace (lam / sigma * (h * sigma * (q * u + sigma))) with (h * lam * (q * u + sigma)) in K2 by (field; lra). lra.
Qed.

Theorem gain_above u : u_stop < u -> exists lam, 0 < lam /\ 0 < left_noise lam /\ ratio u 0 < ratio u lam.
Proof.
  intros Hstop. assert (Hroom : 0 < p - h * sigma * q) by lra.
  assert (H0 : 0 < u_stop) by (apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; [exact Hh|apply pow_lt; exact Hsigma]|apply inverse_positive, Hroom]).
  assert (Hu : 0 < u) by lra. assert (Hqu : 0 <= q * u) by (apply Rmult_le_pos; lra).
  set (g := u * p - h * sigma * (q * u + sigma)).
  assert (Hg : 0 < g).
  { unfold g. rewrite <- border. apply Rmult_lt_compat_r with (r := p - h * sigma * q) in Hstop; [|exact Hroom]. unfold u_stop in Hstop.
    replace (h * sigma ^ 2 / (p - h * sigma * q) * (p - h * sigma * q)) with (h * sigma ^ 2) in Hstop by (field; lra). lra. }
  set (lam := g / (u * V)). assert (HuV : 0 < u * V) by (apply Rmult_lt_0_compat; assumption).
  assert (Hlam : 0 < lam) by (apply Rmult_lt_0_compat; [exact Hg|apply inverse_positive, HuV]).
  assert (El : u * V * lam = g) by (unfold lam; field; lra).
  set (X := sigma ^ 2 - 2 * lam * p + lam ^ 2 * V).
  assert (HX : 0 < X).
  { assert (E : V * X = (p - V * lam) ^ 2 + (sigma ^ 2 * V - p ^ 2)) by (unfold X; ring).
    assert (K : 0 < p - V * lam).
    { apply Rmult_lt_reg_l with u; [exact Hu|]. rewrite Rmult_0_r. replace (u * (p - V * lam)) with (u * p - u * V * lam) by ring. rewrite El.
      unfold g. assert (0 < h * sigma * (q * u + sigma)) by (repeat apply Rmult_lt_0_compat; lra). lra. }
    pose proof (pow_lt _ 2 K). apply Rmult_lt_reg_l with V; [exact HV|]. lra. }
  exists lam. assert (Hn : 0 < left_noise lam) by (apply sqrt_lt_R0; exact HX). split; [exact Hlam|split; [exact Hn|]].
  set (y := 2 * lam * p - lam ^ 2 * V).
  assert (Htop : left_noise lam <= sigma - y / (2 * sigma)).
  { assert (Hy : y < sigma ^ 2) by (unfold X in HX; unfold y; lra). assert (Ey : sigma ^ 2 - 2 * lam * p + lam ^ 2 * V = sigma ^ 2 - y) by (unfold y; ring).
    unfold left_noise. rewrite Ey, <- (sqrt_pow2 (sigma - y / (2 * sigma))).
    - apply sqrt_le_1_alt. replace ((sigma - y / (2 * sigma)) ^ 2) with (sigma ^ 2 - y + (y / (2 * sigma)) ^ 2) by (field; lra).
      pose proof (pow2_ge_0 (y / (2 * sigma))). lra.
    - apply Rmult_le_reg_r with (2 * sigma); [lra|]. rewrite Rmult_0_l. replace ((sigma - y / (2 * sigma)) * (2 * sigma)) with (2 * sigma ^ 2 - y) by (field; lra).
      pose proof (pow_lt sigma 2 Hsigma). lra. }
  unfold ratio. rewrite left_noise_none, Rmult_0_r, Rminus_0_r. apply Rmult_lt_reg_r with ((q * u + sigma) * (q * u + left_noise lam)).
  - apply Rmult_lt_0_compat; lra.
  - replace (u / (q * u + sigma) * ((q * u + sigma) * (q * u + left_noise lam))) with (u * (q * u + left_noise lam)) by (field; lra).
    replace ((u - h * lam) / (q * u + left_noise lam) * ((q * u + sigma) * (q * u + left_noise lam))) with ((u - h * lam) * (q * u + sigma)) by (field; lra).
    assert (K : u * left_noise lam <= u * (sigma - y / (2 * sigma))) by (apply Rmult_le_compat_l; lra).
    assert (K2 : 0 < lam / (2 * sigma) * g) by (apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; [exact Hlam|apply inverse_positive; lra]|exact Hg]).
    replace ((u - h * lam) * (q * u + sigma)) with (u * (q * u + sigma - y / (2 * sigma)) + lam / sigma * g - lam / (2 * sigma) * (u * V * lam))
      by (unfold g, y; field; lra).
    rewrite El. replace (lam / sigma * g) with (2 * (lam / (2 * sigma) * g)) by (field; lra). lra.
Qed.

(** Above u_stop some weight helps, below none. *)
Theorem stop_distilling u : 0 < u ->
  (u <= u_stop -> forall lam, 0 <= lam -> 0 < q * u + left_noise lam -> ratio u lam <= ratio u 0) /\
  (u_stop < u -> exists lam, 0 < lam /\ 0 < left_noise lam /\ ratio u 0 < ratio u lam).
Proof. intros Hu. split; [intros H lam; apply no_gain_below; lra|apply gain_above]. Qed.
End Stop.
