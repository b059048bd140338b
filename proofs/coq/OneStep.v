(** The vectors of one step and their Gram letters.

    Deterministic: e = x - x*, g = grad f(x), h = grad f(theta), x*.  Centred random: G' = G - g, S, H' = H - h.
    Every inner product used in a one-step proof is a combination of the sixteen letters below: pairs across the two
    blocks vanish, because a deterministic vector is orthogonal to a centred random one. *)

Require Export KDTheory.Base.

Record one_step := {
  terms : nat;
  dim : nat;
  terms_pos : (0 < terms)%nat;
  e : vec; g : vec; h : vec; xstar : vec;
  Gc : rvec; Sn : rvec; Hc : rvec;
  Gc_centred : centred terms dim Gc;
  Sn_centred : centred terms dim Sn;
  Hc_centred : centred terms dim Hc;
}.

Section Letters.
Variable P : one_step.
Let E := ip (terms P) (dim P).

Definition e_e := E (always (e P)) (always (e P)).
Definition e_g := E (always (e P)) (always (g P)).
Definition e_h := E (always (e P)) (always (h P)).
Definition e_xstar := E (always (e P)) (always (xstar P)).
Definition g_g := E (always (g P)) (always (g P)).
Definition g_h := E (always (g P)) (always (h P)).
Definition g_xstar := E (always (g P)) (always (xstar P)).
Definition h_h := E (always (h P)) (always (h P)).
Definition h_xstar := E (always (h P)) (always (xstar P)).
Definition xstar_xstar := E (always (xstar P)) (always (xstar P)).
Definition Gc_Gc := E (Gc P) (Gc P).
Definition Gc_S := E (Gc P) (Sn P).
Definition Gc_Hc := E (Gc P) (Hc P).
Definition S_S := E (Sn P) (Sn P).
Definition S_Hc := E (Sn P) (Hc P).
Definition Hc_Hc := E (Hc P) (Hc P).

(** A linear combination of the seven vectors, by its coefficients in the order e, g, h, x*, G', S, H'. *)
Record linear := Linear { on_e : R; on_g : R; on_h : R; on_x : R; on_G : R; on_S : R; on_H : R }.

(** E<u, v> in Gram letters. *)
Definition form (u v : linear) : R :=
  on_e u * on_e v * e_e + (on_e u * on_g v + on_g u * on_e v) * e_g + (on_e u * on_h v + on_h u * on_e v) * e_h
  + (on_e u * on_x v + on_x u * on_e v) * e_xstar + on_g u * on_g v * g_g + (on_g u * on_h v + on_h u * on_g v) * g_h
  + (on_g u * on_x v + on_x u * on_g v) * g_xstar + on_h u * on_h v * h_h
  + (on_h u * on_x v + on_x u * on_h v) * h_xstar + on_x u * on_x v * xstar_xstar
  + on_G u * on_G v * Gc_Gc + (on_G u * on_S v + on_S u * on_G v) * Gc_S + (on_G u * on_H v + on_H u * on_G v) * Gc_Hc
  + on_S u * on_S v * S_S + (on_S u * on_H v + on_H u * on_S v) * S_Hc + on_H u * on_H v * Hc_Hc.

(** The random vector X is the combination u. *)
Definition expands (X : rvec) (u : linear) : Prop :=
  forall n, (n < terms P)%nat -> same (dim P) (X n) (fun i =>
    on_e u * e P i + on_g u * g P i + on_h u * h P i + on_x u * xstar P i
    + on_G u * Gc P n i + on_S u * Sn P n i + on_H u * Hc P n i).

Let family (j : nat) : rvec :=
  match j with
  | 0 => always (e P) | 1 => always (g P) | 2 => always (h P) | 3 => always (xstar P)
  | 4 => Gc P | 5 => Sn P | _ => Hc P
  end.

Let weights (u : linear) (j : nat) : R :=
  match j with 0 => on_e u | 1 => on_g u | 2 => on_h u | 3 => on_x u | 4 => on_G u | 5 => on_S u | _ => on_H u end.

Lemma inner_is_form X Y u v : expands X u -> expands Y v -> E X Y = form u v.
Proof.
  intros HX HY.
  transitivity (E (comb 7 (weights u) family) (comb 7 (weights v) family)).
  - apply ip_ext; intros n Hn i Hi; [rewrite (HX n Hn i Hi)|rewrite (HY n Hn i Hi)];
      unfold comb; simpl; unfold always; ring.
  - unfold E. rewrite ip_comb. simpl.
    rewrite !(ip_sym _ _ (Gc P) (always _)), !(ip_sym _ _ (Sn P) (always _)), !(ip_sym _ _ (Hc P) (always _)).
    rewrite !(ip_centred _ _ _ _ (Gc_centred P)), !(ip_centred _ _ _ _ (Sn_centred P)),
      !(ip_centred _ _ _ _ (Hc_centred P)).
    rewrite (ip_sym _ _ (Sn P) (Gc P)), (ip_sym _ _ (Hc P) (Gc P)), (ip_sym _ _ (Hc P) (Sn P)).
    rewrite (ip_sym _ _ (always (g P)) (always (e P))), (ip_sym _ _ (always (h P)) (always (e P))),
      (ip_sym _ _ (always (xstar P)) (always (e P))), (ip_sym _ _ (always (h P)) (always (g P))),
      (ip_sym _ _ (always (xstar P)) (always (g P))), (ip_sym _ _ (always (xstar P)) (always (h P))).
    unfold form, e_e, e_g, e_h, e_xstar, g_g, g_h, g_xstar, h_h, h_xstar, xstar_xstar, Gc_Gc, Gc_S, Gc_Hc, S_S, S_Hc,
      Hc_Hc, E.
    ring.
Qed.

(** The only inequality between Gram letters that proofs use: squares are non-negative. *)
Lemma square u : 0 <= form u u.
Proof.
  set (X := fun n i => on_e u * e P i + on_g u * g P i + on_h u * h P i + on_x u * xstar P i
    + on_G u * Gc P n i + on_S u * Sn P n i + on_H u * Hc P n i).
  rewrite <- (inner_is_form X X u u); [apply ip_nonneg|intros n Hn i Hi; reflexivity..].
Qed.

End Letters.

(** ** Tactics for the generated proofs: one walk over a tree *)

(** [positive]: 0 < t or 0 <= t for t built by sums, products, powers and quotients from letters whose sign is a hypothesis. *)
Ltac positive :=
  match goal with
  | |- _ => assumption
  | |- 0 <= _ * _ => apply Rmult_le_pos; positive
  | |- 0 <= _ + _ => apply Rplus_le_le_0_compat; positive
  | |- 0 <= _ / _ => apply Rmult_le_pos; [positive|apply Rlt_le, Rinv_0_lt_compat; positive]
  | |- 0 <= / _ => apply Rlt_le, Rinv_0_lt_compat; positive
  | |- 0 <= _ ^ 2 => apply pow2_ge_0
  | |- 0 <= _ ^ _ => apply pow_le; positive
  | |- 0 < _ * _ => apply Rmult_lt_0_compat; positive
  | |- 0 < _ + _ => first [apply Rplus_lt_0_compat; positive | apply Rplus_le_lt_0_compat; positive
                          | apply Rplus_lt_le_0_compat; positive]
  | |- 0 < _ / _ => apply Rmult_lt_0_compat; [positive|apply Rinv_0_lt_compat; positive]
  | |- 0 < / _ => apply Rinv_0_lt_compat; positive
  | |- 0 < _ ^ _ => apply pow_lt; positive
  | |- 0 <= _ => apply Rlt_le; assumption
  | |- _ => lra
  end.

(** Side conditions t <> 0 of [field]. *)
Ltac nonzero := repeat split; first [assumption | apply pow_nonzero; assumption | apply Rgt_not_eq; red; positive].

(** [field] with letters that stand for expressions: Gram letters become variables; denominators, written in slack letters whose
    sign is known, are cleared; only then do definitions replace the letters. *)
Definition letter (x : R) : { y | y = x } := exist _ x eq_refl.

Tactic Notation "abbreviate" constr(x) "as_letter" ident(y) "by_definition" ident(y_def) "positive_by" hyp(sign) :=
  destruct (letter x) as [y y_def]; rewrite <- y_def in sign; try rewrite <- y_def.

Lemma by_identity claim witness : claim = witness -> 0 <= witness -> 0 <= claim.
Proof. intros ->. trivial. Qed.

Ltac variables P :=
  unfold form; cbn [on_e on_g on_h on_x on_G on_S on_H];
  generalize (e_e P) (e_g P) (e_h P) (e_xstar P) (g_g P) (g_h P) (g_xstar P) (h_h P) (h_xstar P) (xstar_xstar P)
    (Gc_Gc P) (Gc_S P) (Gc_Hc P) (S_S P) (S_Hc P) (Hc_Hc P);
  intros.
