(** The losses of the paper have the gradients that [Proposition] starts from: in every parameter, the derivative of loss(phi(x), y) is
    sum_c J_c (r(phi(x))_c - y_c), J_c the derivative of logit c.  Squared loss: r(z) = z; cross-entropy: r = softmax, labels soft or hard;
    logistic: r = sigmoid.  The logits are any differentiable functions of the parameters.

    The logarithm is any function with the three properties of [logarithm].  Coq's ln is one, by proofs of its library that use the excluded
    middle; no theorem here does. *)

Require Export KDTheory.Proposition.

Definition logarithm (log : R -> R) : Prop :=
  (forall x, log (exp x) = x) /\ (forall x y, 0 < x -> 0 < y -> log (x * y) = log x + log y) /\
  (forall x, 0 < x -> derivable_pt_lim log x (/ x)).

Lemma ln_is_a_logarithm : logarithm ln.
Proof. split; [exact ln_exp|split; [exact ln_mult|exact derivable_pt_lim_ln]]. Qed.

Section Losses.
Variable log : R -> R.
Hypothesis Hlog : logarithm log.
Let log_exp := proj1 Hlog.
Let log_mult := proj1 (proj2 Hlog).
Let log_derivative := proj2 (proj2 Hlog).

Lemma log_inverse x : 0 < x -> log (/ x) = - log x.
Proof.
  intros H. pose proof (log_mult x (/ x) H (Rinv_0_lt_compat x H)) as K. rewrite Rinv_r in K by lra.
  replace 1 with (exp 0) in K by apply exp_0. rewrite log_exp in K. lra.
Qed.

Lemma derivable_ext f g x l : (forall t, f t = g t) -> derivable_pt_lim f x l -> derivable_pt_lim g x l.
Proof.
  intros E H eps He. destruct (H eps He) as [delta K]. exists delta. intros h Hh Hd. rewrite <- !E. apply K; assumption.
Qed.

Lemma derivable_sum K (u : nat -> R -> R) (du : nat -> R) t : (forall c, (c < K)%nat -> derivable_pt_lim (u c) t (du c)) ->
  derivable_pt_lim (fun s => sum K (fun c => u c s)) t (sum K du).
Proof.
  induction K as [|K IH]; intros H; simpl; [apply derivable_pt_lim_const|].
  apply (derivable_pt_lim_plus (fun s => sum K (fun c => u c s)) (u K)); [apply IH; intros; apply H; lia|apply H; lia].
Qed.

(** ** The three losses as functions of K logits z and a target y, and their links *)
Definition squared (K : nat) (z y : vec) : R := sum K (fun c => (z c - y c) ^ 2 / 2).
Definition softmax (K : nat) (z : vec) : vec := fun c => exp (z c) / sum K (fun j => exp (z j)).
Definition cross_entropy (K : nat) (z y : vec) : R := - sum K (fun c => y c * log (softmax K z c)).
Definition sigmoid (z : vec) : vec := fun c => 1 / (1 + exp (- z c)).
(** One logit; y in [0, 1]. *)
Definition logistic (z y : vec) : R := - (y O * log (sigmoid z O) + (1 - y O) * log (1 - sigmoid z O)).

Lemma exp_sum_positive K (v : vec) : (0 < K)%nat -> 0 < sum K (fun c => exp (v c)).
Proof.
  intros HK. destruct K as [|k]; [lia|]. simpl. apply Rplus_le_lt_0_compat; [apply sum_nonneg; intros; left; apply exp_pos|apply exp_pos].
Qed.

(** Along a curve of logits: z c is the c-th logit as a function of one parameter, J c its derivative. *)
Section Curve.
Variables (K : nat) (z : nat -> R -> R) (J y : vec) (t : R).
Hypothesis smooth_logits : forall c, (c < K)%nat -> derivable_pt_lim (z c) t (J c).
Notation at_ s := (fun c => z c s).

Theorem squared_derivative : derivable_pt_lim (fun s => squared K (at_ s) y) t (sum K (fun c => J c * (z c t - y c))).
Proof.
  apply derivable_sum. intros c Hc.
  pose proof (derivable_pt_lim_minus (z c) (fun _ => y c) t _ _ (smooth_logits c Hc) (derivable_pt_lim_const (y c) t)) as D.
  pose proof (derivable_pt_lim_scal _ (/ 2) t _ (derivable_pt_lim_mult _ _ t _ _ D D)) as D2.
  replace (J c * (z c t - y c)) with (/ 2 * ((J c - 0) * (z c - fct_cte (y c))%F t + (z c - fct_cte (y c))%F t * (J c - 0)))
    by (unfold minus_fct, fct_cte; field).
  refine (derivable_ext _ _ _ _ _ D2). intros s. unfold mult_real_fct, mult_fct, minus_fct. field.
Qed.

(** With sum y = 1, cross-entropy is ln sum exp z - sum y z. *)
Lemma cross_entropy_is (v : vec) : (0 < K)%nat -> sum K y = 1 ->
  cross_entropy K v y = log (sum K (fun c => exp (v c))) + -1 * sum K (fun c => y c * v c).
Proof.
  intros HK Hy. pose proof (exp_sum_positive K v HK) as Hpos. unfold cross_entropy, softmax. set (Z := sum K (fun c => exp (v c))) in *.
  rewrite (sum_ext K _ (fun c => y c * v c + - log Z * y c)).
  - rewrite (sum_plus K (fun c => y c * v c)), sum_scal, Hy. ring.
  - intros c Hc. unfold Rdiv. rewrite log_mult by (apply exp_pos || (apply Rinv_0_lt_compat; exact Hpos)).
    rewrite log_exp, log_inverse by exact Hpos. ring.
Qed.

Theorem cross_entropy_derivative : (0 < K)%nat -> sum K y = 1 ->
  derivable_pt_lim (fun s => cross_entropy K (at_ s) y) t (sum K (fun c => J c * (softmax K (at_ t) c - y c))).
Proof.
  intros HK Hy. pose proof (exp_sum_positive K (at_ t) HK) as Hpos. set (Z := fun s => sum K (fun c => exp (z c s))).
  assert (DZ : derivable_pt_lim Z t (sum K (fun c => exp (z c t) * J c))).
  { apply derivable_sum. intros c Hc. apply (derivable_pt_lim_comp (z c) exp); [apply smooth_logits; exact Hc|apply derivable_pt_lim_exp]. }
  pose proof (derivable_pt_lim_comp Z log t _ _ DZ (log_derivative (Z t) Hpos)) as Dln.
  assert (Dy : derivable_pt_lim (fun s => sum K (fun c => y c * z c s)) t (sum K (fun c => y c * J c))).
  { apply derivable_sum. intros c Hc. apply (derivable_pt_lim_scal (z c) (y c)). apply smooth_logits. exact Hc. }
  pose proof (derivable_pt_lim_plus _ _ t _ _ Dln (derivable_pt_lim_scal _ (-1) t _ Dy)) as D.
  replace (sum K (fun c => J c * (softmax K (at_ t) c - y c))) with (/ Z t * sum K (fun c => exp (z c t) * J c) + -1 * sum K (fun c => y c * J c)).
  - refine (derivable_ext _ _ _ _ _ D). intros s. symmetry. apply (cross_entropy_is (at_ s) HK Hy).
  - rewrite <- !sum_scal, <- sum_plus. apply sum_ext. intros c Hc. unfold softmax. fold (Z t). field. apply Rgt_not_eq. exact Hpos.
Qed.
End Curve.

Lemma logistic_is (v y : vec) : logistic v y = log (1 + exp (v O)) + -1 * (y O * v O).
Proof.
  unfold logistic, sigmoid. pose proof (exp_pos (v O)) as H. pose proof (exp_pos (- v O)) as H'.
  assert (E : exp (- v O) = / exp (v O)) by apply exp_Ropp.
  replace (1 / (1 + exp (- v O))) with (exp (v O) / (1 + exp (v O))) by (rewrite E; field; lra).
  replace (1 - exp (v O) / (1 + exp (v O))) with (/ (1 + exp (v O))) by (field; lra).
  unfold Rdiv. rewrite log_mult by (assumption || (apply Rinv_0_lt_compat; lra)). rewrite log_exp, log_inverse by lra. ring.
Qed.

Theorem logistic_derivative (z : nat -> R -> R) (J y : vec) t : derivable_pt_lim (z O) t (J O) ->
  derivable_pt_lim (fun s => logistic (fun c => z c s) y) t (sum 1 (fun c => J c * (sigmoid (fun c => z c t) c - y c))).
Proof.
  intros Dz. pose proof (exp_pos (z O t)) as H. assert (Hpos : 0 < 1 + exp (z O t)) by lra.
  pose proof (derivable_pt_lim_comp (z O) exp t _ _ Dz (derivable_pt_lim_exp (z O t))) as De.
  pose proof (derivable_pt_lim_plus (fun _ => 1) _ t _ _ (derivable_pt_lim_const 1 t) De) as D1.
  pose proof (derivable_pt_lim_comp _ log t _ _ D1 (log_derivative (1 + exp (z O t)) Hpos)) as Dln.
  pose proof (derivable_pt_lim_plus _ _ t _ _ Dln (derivable_pt_lim_scal _ (-1) t _ (derivable_pt_lim_scal _ (y O) t _ Dz))) as D.
  replace (sum 1 (fun c => J c * (sigmoid (fun c => z c t) c - y c))) with (/ (1 + exp (z O t)) * (0 + exp (z O t) * J O) + -1 * (y O * J O)).
  - refine (derivable_ext _ _ _ _ _ D). intros s. symmetry. apply (logistic_is (fun c => z c s) y).
  - simpl. unfold sigmoid. rewrite (exp_Ropp (z O t)). field. lra.
Qed.

(** ** In every parameter: what [Proposition] calls the gradient is the gradient *)

Section Gradient.
Variables (K : nat) (phi : vec -> vec) (J : vec -> nat -> vec) (x : vec) (i : nat).
(** x with s added to parameter i. *)
Definition moved_in (s : R) : vec := fun j => x j + if Nat.eqb j i then s else 0.
Hypothesis jacobian : forall c, (c < K)%nat -> derivable_pt_lim (fun s => phi (moved_in s) c) 0 (J x c i).
Hypothesis unmoved : forall c, phi (moved_in 0) c = phi x c.

Lemma distilled_derivative (loss : vec -> vec -> R) (r : vec -> vec) b lam theta :
  (forall y, y = b \/ y = r (phi theta) -> derivable_pt_lim (fun s => loss (phi (moved_in s)) y) 0 (grad_loss K phi J r x y i)) ->
  derivable_pt_lim (fun s => (1 - lam) * loss (phi (moved_in s)) b + lam * loss (phi (moved_in s)) (r (phi theta))) 0
    (grad_distilled K phi J r b lam x theta i).
Proof.
  intros H. pose proof (derivable_pt_lim_plus _ _ 0 _ _ (derivable_pt_lim_scal _ (1 - lam) 0 _ (H b (or_introl eq_refl)))
    (derivable_pt_lim_scal _ lam 0 _ (H (r (phi theta)) (or_intror eq_refl)))) as D.
  exact D.
Qed.

Theorem squared_gradient y : derivable_pt_lim (fun s => squared K (phi (moved_in s)) y) 0 (grad_loss K phi J (fun z => z) x y i).
Proof.
  pose proof (squared_derivative K (fun c s => phi (moved_in s) c) (fun c => J x c i) y 0 jacobian) as D.
  unfold grad_loss, pull. rewrite (sum_ext K _ (fun c => J x c i * (phi (moved_in 0) c - y c))) by (intros; rewrite unmoved; reflexivity).
  exact D.
Qed.

Theorem cross_entropy_gradient y : (0 < K)%nat -> sum K y = 1 ->
  derivable_pt_lim (fun s => cross_entropy K (phi (moved_in s)) y) 0 (grad_loss K phi J (softmax K) x y i).
Proof.
  intros HK Hy. pose proof (cross_entropy_derivative K (fun c s => phi (moved_in s) c) (fun c => J x c i) y 0 jacobian HK Hy) as D.
  unfold grad_loss, pull. rewrite (sum_ext K _ (fun c => J x c i * (softmax K (fun c => phi (moved_in 0) c) c - y c))); [exact D|].
  intros c Hc. unfold softmax. rewrite unmoved. do 3 f_equal. apply sum_ext. intros. rewrite unmoved. reflexivity.
Qed.

Theorem logistic_gradient y : K = 1%nat ->
  derivable_pt_lim (fun s => logistic (phi (moved_in s)) y) 0 (grad_loss K phi J sigmoid x y i).
Proof.
  intros HK. pose proof (logistic_derivative (fun c s => phi (moved_in s) c) (fun c => J x c i) y 0 (jacobian O ltac:(lia))) as D.
  unfold grad_loss, pull. rewrite HK. simpl in *. unfold sigmoid in *. rewrite unmoved in D. exact D.
Qed.

(** The distillation objective: (1 - lam) loss(phi(x), b) + lam loss(phi(x), r(phi(theta))). *)
Theorem distilled_squared b lam theta :
  derivable_pt_lim (fun s => (1 - lam) * squared K (phi (moved_in s)) b + lam * squared K (phi (moved_in s)) (phi theta)) 0
    (grad_distilled K phi J (fun z => z) b lam x theta i).
Proof. apply (distilled_derivative (squared K) (fun z => z)). intros. apply squared_gradient. Qed.

Theorem distilled_cross_entropy b lam theta : (0 < K)%nat -> sum K b = 1 ->
  derivable_pt_lim (fun s => (1 - lam) * cross_entropy K (phi (moved_in s)) b + lam * cross_entropy K (phi (moved_in s)) (softmax K (phi theta))) 0
    (grad_distilled K phi J (softmax K) b lam x theta i).
Proof.
  intros HK Hb. apply (distilled_derivative (cross_entropy K) (softmax K)). intros y [->| ->]; apply cross_entropy_gradient; try assumption.
  pose proof (exp_sum_positive K (phi theta) HK). unfold softmax.
  rewrite (sum_ext K _ (fun c => / sum K (fun j => exp (phi theta j)) * exp (phi theta c))) by (intros; unfold Rdiv; ring).
  rewrite sum_scal. field. lra.
Qed.

Theorem distilled_logistic b lam theta : K = 1%nat ->
  derivable_pt_lim (fun s => (1 - lam) * logistic (phi (moved_in s)) b + lam * logistic (phi (moved_in s)) (sigmoid (phi theta))) 0
    (grad_distilled K phi J sigmoid b lam x theta i).
Proof. intros HK. apply (distilled_derivative logistic sigmoid). intros. apply logistic_gradient. exact HK. Qed.
End Gradient.

End Losses.
