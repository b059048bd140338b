(** Finite sums, averages over N equally likely indices, vectors of R^d, and expectations over i.i.d. uniform indices.

    A vector is a function [nat -> R] of which the first d entries count; a random vector is a function of the index n < N. *)

Require Export Reals Lra Lia.
Open Scope R_scope.

(** ** Sums *)

Fixpoint sum (n : nat) (u : nat -> R) : R :=
  match n with
  | O => 0
  | S m => sum m u + u m
  end.

Lemma sum_ext n u v : (forall i, (i < n)%nat -> u i = v i) -> sum n u = sum n v.
Proof.
  induction n as [|n IH]; intros H; simpl; [reflexivity|].
  rewrite IH by (intros; apply H; lia). rewrite H by lia. reflexivity.
Qed.

Lemma sum_plus n u v : sum n (fun i => u i + v i) = sum n u + sum n v.
Proof. induction n as [|n IH]; simpl; [lra|]. rewrite IH. lra. Qed.

Lemma sum_scal n c u : sum n (fun i => c * u i) = c * sum n u.
Proof. induction n as [|n IH]; simpl; [lra|]. rewrite IH. lra. Qed.

Lemma sum_const n c : sum n (fun _ => c) = INR n * c.
Proof. induction n as [|n IH]; [simpl; lra|]. rewrite S_INR. simpl. rewrite IH. lra. Qed.

Lemma sum_le n u v : (forall i, (i < n)%nat -> u i <= v i) -> sum n u <= sum n v.
Proof.
  induction n as [|n IH]; intros H; simpl; [lra|].
  apply Rplus_le_compat; [apply IH; intros; apply H|apply H]; lia.
Qed.

Lemma sum_nonneg n u : (forall i, (i < n)%nat -> 0 <= u i) -> 0 <= sum n u.
Proof.
  intros H. replace 0 with (sum n (fun _ => 0)) by (rewrite sum_const; lra). apply sum_le; exact H.
Qed.

Lemma sum_swap n m (u : nat -> nat -> R) : sum n (fun i => sum m (u i)) = sum m (fun j => sum n (fun i => u i j)).
Proof.
  induction n as [|n IH]; simpl.
  - rewrite sum_const. lra.
  - rewrite IH, <- sum_plus. reflexivity.
Qed.

(** ** Averages *)

Definition avg (N : nat) (u : nat -> R) : R := sum N u / INR N.

Lemma avg_ext N u v : (forall n, (n < N)%nat -> u n = v n) -> avg N u = avg N v.
Proof. intros H. unfold avg. rewrite (sum_ext N u v H). reflexivity. Qed.

Lemma avg_plus N u v : avg N (fun n => u n + v n) = avg N u + avg N v.
Proof. unfold avg. rewrite sum_plus. unfold Rdiv. ring. Qed.

Lemma avg_scal N c u : avg N (fun n => c * u n) = c * avg N u.
Proof. unfold avg. rewrite sum_scal. unfold Rdiv. ring. Qed.

Lemma avg_const N c : (0 < N)%nat -> avg N (fun _ => c) = c.
Proof.
  intros HN. unfold avg. rewrite sum_const. field. apply not_0_INR. lia.
Qed.

Lemma avg_le N u v : (forall n, (n < N)%nat -> u n <= v n) -> avg N u <= avg N v.
Proof.
  intros H. destruct N as [|N]; [unfold avg; simpl; lra|].
  apply Rmult_le_compat_r; [|apply sum_le; exact H].
  left. apply Rinv_0_lt_compat. apply lt_0_INR. lia.
Qed.

Lemma avg_nonneg N u : (forall n, (n < N)%nat -> 0 <= u n) -> 0 <= avg N u.
Proof.
  intros H. replace 0 with (avg N (fun _ => 0)) by (unfold avg; rewrite sum_const; unfold Rdiv; ring).
  apply avg_le; exact H.
Qed.

Lemma avg_affine N a b u : (0 < N)%nat -> avg N (fun n => a * u n + b) = a * avg N u + b.
Proof. intros HN. rewrite (avg_plus N (fun n => a * u n) (fun _ => b)), avg_scal, avg_const by exact HN. reflexivity. Qed.

Lemma avg_sum N d (u : nat -> nat -> R) : avg N (fun n => sum d (u n)) = sum d (fun i => avg N (fun n => u n i)).
Proof.
  unfold avg. rewrite sum_swap. unfold Rdiv. rewrite Rmult_comm, <- sum_scal.
  apply sum_ext. intros. ring.
Qed.

(** ** Vectors *)

Definition vec := nat -> R.

Definition dot (d : nat) (x y : vec) : R := sum d (fun i => x i * y i).

Definition norm2 (d : nat) (x : vec) : R := dot d x x.

Definition minus (x y : vec) : vec := fun i => x i - y i.

(** Equality of the entries that count. *)
Definition same (d : nat) (x y : vec) : Prop := forall i, (i < d)%nat -> x i = y i.

Lemma dot_ext d x x' y y' : same d x x' -> same d y y' -> dot d x y = dot d x' y'.
Proof. intros Hx Hy. apply sum_ext. intros i Hi. rewrite (Hx i Hi), (Hy i Hi). reflexivity. Qed.

Lemma dot_sym d x y : dot d x y = dot d y x.
Proof. apply sum_ext. intros. ring. Qed.

Lemma dot_plus_l d x y z : dot d (fun i => x i + y i) z = dot d x z + dot d y z.
Proof. unfold dot. rewrite <- sum_plus. apply sum_ext. intros. ring. Qed.

Lemma dot_scal_l d c x z : dot d (fun i => c * x i) z = c * dot d x z.
Proof. unfold dot. rewrite <- sum_scal. apply sum_ext. intros. ring. Qed.

Lemma norm2_nonneg d x : 0 <= norm2 d x.
Proof. apply sum_nonneg. intros. apply Rle_0_sqr. Qed.

(** |a x + b y|^2, the only expansion that two deterministic vectors need. *)
Lemma norm2_comb d a b x y :
  norm2 d (fun i => a * x i + b * y i) = a * a * norm2 d x + 2 * a * b * dot d x y + b * b * norm2 d y.
Proof.
  unfold norm2, dot. rewrite <- 3 sum_scal, <- 2 sum_plus. apply sum_ext. intros. ring.
Qed.

Lemma cauchy_schwarz d x y : dot d x y * dot d x y <= norm2 d x * norm2 d y.
Proof.
  pose proof (norm2_nonneg d x) as Hx. pose proof (norm2_nonneg d y) as Hy.
  pose proof (norm2_nonneg d (fun i => norm2 d y * x i + - dot d x y * y i)) as H.
  rewrite norm2_comb in H.
  destruct (Rle_lt_or_eq_dec _ _ Hy) as [Hpos|Hzero].
  - apply Rmult_le_reg_l with (norm2 d y); [exact Hpos|]. nra.
  - pose proof (norm2_nonneg d (fun i => - dot d x y * x i + (1 + norm2 d x) * y i)) as K.
    rewrite norm2_comb, <- Hzero in K. nra.
Qed.

(** ** Random vectors *)

Definition rvec := nat -> vec.

Definition ip (N d : nat) (X Y : rvec) : R := avg N (fun n => dot d (X n) (Y n)).

Definition mean (N : nat) (X : rvec) : vec := fun i => avg N (fun n => X n i).

Definition always (x : vec) : rvec := fun _ => x.

Lemma ip_ext N d X X' Y Y' :
  (forall n, (n < N)%nat -> same d (X n) (X' n)) -> (forall n, (n < N)%nat -> same d (Y n) (Y' n)) ->
  ip N d X Y = ip N d X' Y'.
Proof. intros HX HY. apply avg_ext. intros n Hn. apply dot_ext; auto. Qed.

Lemma ip_sym N d X Y : ip N d X Y = ip N d Y X.
Proof. apply avg_ext. intros. apply dot_sym. Qed.

Lemma ip_plus_l N d X Y Z : ip N d (fun n i => X n i + Y n i) Z = ip N d X Z + ip N d Y Z.
Proof. unfold ip. rewrite <- avg_plus. apply avg_ext. intros. apply (dot_plus_l d (X n) (Y n)). Qed.

Lemma ip_scal_l N d c X Z : ip N d (fun n i => c * X n i) Z = c * ip N d X Z.
Proof. unfold ip. rewrite <- avg_scal. apply avg_ext. intros. apply (dot_scal_l d c (X n)). Qed.

Lemma ip_plus_sq N d X Y :
  ip N d (fun n i => X n i + Y n i) (fun n i => X n i + Y n i) = ip N d X X + 2 * ip N d X Y + ip N d Y Y.
Proof.
  rewrite ip_plus_l, (ip_sym N d X (fun n i => X n i + Y n i)), (ip_sym N d Y (fun n i => X n i + Y n i)), !ip_plus_l.
  rewrite (ip_sym N d Y X). ring.
Qed.

Lemma ip_nonneg N d X : 0 <= ip N d X X.
Proof. apply avg_nonneg. intros. apply norm2_nonneg. Qed.

Lemma ip_always N d x y : (0 < N)%nat -> ip N d (always x) (always y) = dot d x y.
Proof. intros HN. unfold ip, always. apply avg_const; exact HN. Qed.

(** A deterministic vector meets only the mean of a random one; so it is orthogonal to a centred one. *)
Lemma ip_always_l N d x Y : ip N d (always x) Y = dot d x (mean N Y).
Proof.
  unfold ip, dot, always. rewrite avg_sum. apply sum_ext. intros i Hi. unfold mean. rewrite <- avg_scal.
  reflexivity.
Qed.

Definition centred (N d : nat) (X : rvec) : Prop := forall i, (i < d)%nat -> mean N X i = 0.

Lemma ip_centred N d x Y : centred N d Y -> ip N d (always x) Y = 0.
Proof.
  intros HY. rewrite ip_always_l. unfold dot. rewrite (sum_ext d _ (fun _ => 0)).
  - rewrite sum_const. ring.
  - intros i Hi. rewrite (HY i Hi). ring.
Qed.

(** Linear combinations of m random vectors, and the one lemma that expands their inner products. *)
Definition comb (m : nat) (c : nat -> R) (v : nat -> rvec) : rvec := fun n i => sum m (fun j => c j * v j n i).

Lemma ip_comb_l N d m c v Z : ip N d (comb m c v) Z = sum m (fun j => c j * ip N d (v j) Z).
Proof.
  induction m as [|m IH]; simpl.
  - unfold ip, dot, comb. simpl. rewrite (avg_ext N _ (fun _ => 0)).
    + unfold avg. rewrite sum_const. unfold Rdiv. ring.
    + intros. rewrite (sum_ext d _ (fun _ => 0)) by (intros; ring). rewrite sum_const. ring.
  - rewrite <- IH, <- ip_scal_l, <- ip_plus_l. reflexivity.
Qed.

Lemma ip_comb N d m c c' v :
  ip N d (comb m c v) (comb m c' v) = sum m (fun j => sum m (fun l => c j * c' l * ip N d (v j) (v l))).
Proof.
  rewrite ip_comb_l. apply sum_ext. intros j Hj.
  rewrite ip_sym, ip_comb_l, <- sum_scal. apply sum_ext. intros l Hl. rewrite (ip_sym N d (v l)). ring.
Qed.

(** ** Expectation over i.i.d. uniform indices *)

(** [expect N step t phi x]: the mean of phi(x^t) over all N^t index sequences, where x^0 = x, x^{s+1} = step n_s x^s. *)
Fixpoint expect (N : nat) (step : nat -> vec -> vec) (t : nat) (phi : vec -> R) (x : vec) : R :=
  match t with
  | O => phi x
  | S t' => avg N (fun n => expect N step t' phi (step n x))
  end.

Lemma expect_le N step t phi psi x : (forall y, phi y <= psi y) -> expect N step t phi x <= expect N step t psi x.
Proof.
  intros H. revert x. induction t as [|t IH]; intros x; simpl; [apply H|].
  apply avg_le. intros. apply IH.
Qed.

(** One step contracts, so t steps do: the geometric sum is kept exactly. *)
Lemma unroll N step phi r T :
  (0 < N)%nat -> r <= 1 -> 0 < r ->
  (forall x, avg N (fun n => phi (step n x)) <= (1 - r) * phi x + T) ->
  forall t x, expect N step t phi x <= (1 - r) ^ t * phi x + T / r * (1 - (1 - r) ^ t).
Proof.
  intros HN Hr Hr0 Hstep t. induction t as [|t IH]; intros x; simpl.
  - lra.
  - pose (P := (1 - r) ^ t). pose (Q := T / r * (1 - P)).
    assert (HP : 0 <= P) by (apply pow_le; lra).
    apply Rle_trans with (avg N (fun n => P * phi (step n x) + Q)).
    + apply avg_le. intros. apply IH.
    + rewrite avg_affine by exact HN. fold P.
      apply Rle_trans with (P * ((1 - r) * phi x + T) + Q).
      * apply Rplus_le_compat_r. apply Rmult_le_compat_l; [exact HP|apply Hstep].
      * right. unfold Q. field. lra.
Qed.

(** Linear combinations pass through [expect]. *)
Lemma expect_affine N step t a b c phi psi x : (0 < N)%nat ->
  expect N step t (fun y => a * phi y + b * psi y + c) x = a * expect N step t phi x + b * expect N step t psi x + c.
Proof.
  intros HN. revert x. induction t as [|t IH]; intros x; simpl; [reflexivity|].
  rewrite (avg_ext _ _ _ (fun n _ => IH (step n x))).
  rewrite (avg_plus N (fun n => a * expect N step t phi (step n x) + b * expect N step t psi (step n x)) (fun _ => c)).
  rewrite avg_const, (avg_plus N (fun n => a * expect N step t phi (step n x))), 2 avg_scal by exact HN. reflexivity.
Qed.

(** The last step first: the mean over t + 1 steps is the mean over t steps of the mean over one. *)
Lemma expect_last N step t phi x : expect N step (S t) phi x = expect N step t (fun y => avg N (fun n => phi (step n y))) x.
Proof. revert x. induction t as [|t IH]; intros x; [reflexivity|]. simpl. apply avg_ext. intros n _. exact (IH (step n x)). Qed.

Lemma expect_nonneg N step t phi x : (forall y, 0 <= phi y) -> 0 <= expect N step t phi x.
Proof. intros H. revert x. induction t as [|t IH]; intros x; simpl; [apply H|]. apply avg_nonneg. auto. Qed.
