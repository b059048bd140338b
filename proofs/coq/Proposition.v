(** The distillation gradient.  The loss has derivative r(z) - y in the logits z (squared loss: r(z) = z; cross-entropy: r = softmax;
    logistic: r = sigmoid), so by the chain rule the gradient of x |-> loss(phi(x), y) is J(x)^T (r(phi(x)) - y), J the Jacobian of
    the K logits.  The chain rule is the definition [grad_loss] here, and a theorem for each loss in [Losses]; the proposition is what follows from it. *)

Require Export KDTheory.Base.

Section Proposition_.
Variables (K d : nat).
Variable phi : vec -> vec.                 (* logits of one sample, as a function of the parameters *)
Variable J : vec -> nat -> vec.            (* J x c i: derivative of logit c in parameter i *)
Variable r : vec -> vec.                   (* the link *)
Variable b : vec.                          (* the label, one-hot or soft *)

(** J(x)^T v. *)
Definition pull (x v : vec) : vec := fun i => sum K (fun c => J x c i * v c).

Definition grad_loss (x target : vec) : vec := pull x (fun c => r (phi x) c - target c).
Definition grad_f (x : vec) : vec := grad_loss x b.
(** (1 - lam) loss(phi(x), b) + lam loss(phi(x), r(phi(theta))), differentiated. *)
Definition grad_distilled (lam : R) (x theta : vec) : vec := fun i =>
  (1 - lam) * grad_loss x b i + lam * grad_loss x (r (phi theta)) i.
Definition residual (theta : vec) : vec := fun c => r (phi theta) c - b c.
Definition gap_term (lam : R) (x theta : vec) : vec := fun i => lam * sum K (fun c => (J theta c i - J x c i) * residual theta c).

Theorem distillation_gradient lam x theta i :
  grad_distilled lam x theta i = grad_f x i - lam * pull x (residual theta) i /\
  grad_distilled lam x theta i = grad_f x i - lam * grad_f theta i + gap_term lam x theta i.
Proof.
  assert (H1 : grad_distilled lam x theta i = grad_f x i - lam * pull x (residual theta) i).
  { unfold grad_distilled, grad_f, grad_loss, pull, residual. unfold Rminus. rewrite Ropp_mult_distr_l.
    rewrite <- 3 sum_scal, <- 2 sum_plus. apply sum_ext. intros. ring. }
  split; [exact H1|]. rewrite H1. unfold gap_term, grad_f, grad_loss, pull, residual.
  transitivity (sum K (fun c => J x c i * (r (phi x) c - b c)) +
    sum K (fun c => - lam * (J theta c i * (r (phi theta) c - b c)) + lam * ((J theta c i - J x c i) * (r (phi theta) c - b c)))).
  - unfold Rminus. rewrite Ropp_mult_distr_l, <- sum_scal. f_equal. apply sum_ext. intros. ring.
  - rewrite sum_plus, 2 sum_scal. ring.
Qed.

(** Constant Jacobian (linear, logistic, softmax regression; a deep linear network in its end-to-end matrix): no gap. *)
Corollary distillation_gradient_linear lam x theta :
  (forall c i, J theta c i = J x c i) -> forall i, grad_distilled lam x theta i = grad_f x i - lam * grad_f theta i.
Proof.
  intros HJ i. rewrite (proj2 (distillation_gradient lam x theta i)). unfold gap_term.
  rewrite (sum_ext K _ (fun _ => 0)) by (intros; rewrite HJ; ring). rewrite sum_const. ring.
Qed.

(** |gap|^2 <= lam^2 |J(theta) - J(x)|^2 |r_n(theta)|^2, Frobenius norm. *)
Theorem distillation_gradient_gap lam x theta :
  norm2 d (gap_term lam x theta)
  <= lam ^ 2 * (sum d (fun i => norm2 K (fun c => J theta c i - J x c i)) * norm2 K (residual theta)).
Proof.
  rewrite Rmult_comm with (r1 := sum d _), <- sum_scal, <- sum_scal. apply sum_le. intros i Hi. unfold gap_term.
  pose proof (cauchy_schwarz K (fun c => J theta c i - J x c i) (residual theta)) as CS. unfold dot at 1 2 in CS.
  set (s := sum K (fun c => (J theta c i - J x c i) * residual theta c)) in *.
  replace (lam * s * (lam * s)) with (lam ^ 2 * (s * s)) by ring.
  apply Rmult_le_compat_l; [apply pow2_ge_0|]. lra.
Qed.

End Proposition_.
