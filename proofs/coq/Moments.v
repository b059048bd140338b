(** Steps of somebody's own: any number of vectors, in two blocks with a Gram matrix each.

    [mm P i j] is the inner product of two deterministic vectors, [cc P i j] the mean of that of two random ones.
    A combination is a list of (coefficient, place); [quadratic] is its square in Gram entries, and squares are >= 0. *)

Require Export KDTheory.OneStep.
Require Export List.
Import ListNotations.

Record moments := {
  own_terms : nat;
  own_dim : nat;
  fixed : nat -> vec;
  random : nat -> rvec;
}.

Definition combination := list (R * nat).

Fixpoint row (G : nat -> nat -> R) (i : nat) (v : combination) : R :=
  match v with
  | nil => 0
  | (d, j) :: rest => d * G i j + row G i rest
  end.

Fixpoint quadratic (G : nat -> nat -> R) (u v : combination) : R :=
  match u with
  | nil => 0
  | (c, i) :: rest => c * row G i v + quadratic G rest v
  end.

Fixpoint combined (F : nat -> rvec) (u : combination) : rvec :=
  match u with
  | nil => fun _ _ => 0
  | (c, i) :: rest => fun n k => c * F i n k + combined F rest n k
  end.

Section Squares.
Variables (N d : nat) (F : nat -> rvec).
Let G i j := ip N d (F i) (F j).

Lemma ip_zero_l Z : ip N d (fun _ _ => 0) Z = 0.
Proof.
  unfold ip, dot. rewrite (avg_ext N _ (fun _ => 0)).
  - unfold avg. rewrite sum_const. unfold Rdiv. ring.
  - intros n Hn. rewrite (sum_ext d _ (fun _ => 0)) by (intros; ring). rewrite sum_const. ring.
Qed.

Lemma ip_combined_l u Z : ip N d (combined F u) Z = fold_right (fun p rest => fst p * ip N d (F (snd p)) Z + rest) 0 u.
Proof.
  induction u as [|[c i] rest IH]; simpl; [apply ip_zero_l|].
  rewrite <- IH, <- ip_scal_l, <- ip_plus_l. reflexivity.
Qed.

Lemma row_is_ip i v : row G i v = ip N d (F i) (combined F v).
Proof.
  rewrite ip_sym, ip_combined_l. induction v as [|[c j] rest IH]; simpl; [reflexivity|].
  rewrite IH. unfold G. rewrite (ip_sym N d (F j)). reflexivity.
Qed.

Lemma quadratic_is_ip u v : quadratic G u v = ip N d (combined F u) (combined F v).
Proof.
  rewrite ip_combined_l. induction u as [|[c i] rest IH]; simpl; [reflexivity|].
  rewrite IH, row_is_ip. reflexivity.
Qed.

Lemma quadratic_nonneg u : 0 <= quadratic G u u.
Proof. rewrite quadratic_is_ip. apply ip_nonneg. Qed.

End Squares.

Definition mm (P : moments) (i j : nat) := ip (own_terms P) (own_dim P) (always (fixed P i)) (always (fixed P j)).
Definition cc (P : moments) (i j : nat) := ip (own_terms P) (own_dim P) (random P i) (random P j).

Lemma mm_sym P i j : mm P i j = mm P j i.
Proof. apply ip_sym. Qed.

Lemma cc_sym P i j : cc P i j = cc P j i.
Proof. apply ip_sym. Qed.

Lemma mean_square P u : 0 <= quadratic (mm P) u u.
Proof. apply (quadratic_nonneg (own_terms P) (own_dim P) (fun i => always (fixed P i))). Qed.

Lemma centred_square P u : 0 <= quadratic (cc P) u u.
Proof. apply (quadratic_nonneg (own_terms P) (own_dim P) (random P)). Qed.
