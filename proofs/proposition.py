"""Why the proposition is true: the gradient of a distillation loss, the gap of non-linear models,
the temperature.

1. A loss with d/dz loss(z, y) = r(z) - y is linear in y, so mixing labels mixes residuals.  That
derivative is computed
   here, by SymPy, for the squared loss, the logistic loss and softmax cross-entropy, soft labels
   included, with any number of classes: seen from one logit, the others enter only through R, the
   sum of their exponentials.
2. The chain rule gives grad f_n(x | theta, lam) = J(x)^T (r(x) - b) - lam J(x)^T (r(theta) - b);
where J is constant
   that is the identity.
3. Otherwise the gap is lam (J(theta) - J(x))^T r_n(theta), at most lam |J(theta) - J(x)|
|r_n(theta)|.
4. At a temperature T the identity fails even where J is constant; the gap and its limit as T grows
are below.

Derivatives are taken by SymPy; what a checker sees afterwards is rational: e^z is a letter, and
phi'(x) is another.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec
from kdtheory.instances.counterexamples import Counterexample
from kdtheory.instances.models import Softened
from kdtheory.problems.temperature import residual_gap
from kdtheory.proofs.parts.forms import nothing_exported as exported
from kdtheory.proofs.parts.too_far import Overclaim, case
from kdtheory.prover.obligations import Certificate, Identity, Obligation
from kdtheory.statements.theorem import Theorem

__all__ = ["ARGUMENTS", "exported", "obligations", "too_far"]
lam, T = sym.lam, sym.temperature
Letters = tuple[sp.Expr, ...]
ARGUMENTS = {
    "distillation-gradient": (
        r"The loss has the derivative $r(z)-y$ in the logits $z$ (SymPy differentiates each loss;"
        r" in Coq the gradient is defined by the formula that follows), so the chain rule gives "
        r"$\nabla"
        r" f_n(x\mid\theta,\lambda)=J_x^\top\big((1-\lambda)(r_x-b)+\lambda(r_x-r_\theta)\big)$.",
        (
            r"The bracket is $(r_x-b)-\lambda(r_\theta-b)$: the mixed residual is the plain one"
            r" less $\lambda$ times the teacher's."
        ),
        r"Add and subtract $\lambda J_\theta^\top(r_\theta-b)=\lambda\nabla f_n(\theta)$.",
        r"What is left over is the gap $\lambda(J_\theta-J_x)^\top(r_\theta-b)$. It is 0 where the"
        r" Jacobian is constant (linear, logistic and "
        r"softmax regression), and its norm is at most $\lambda|J_\theta-J_x||r_\theta-b|$"
        r" (Cauchy--Schwarz) elsewhere.",
    )
}


def rational(expression: sp.Expr) -> sp.Expr:
    """Exponentials of logits become letters: e^z_i is E_i, e^(z_1/T) is E_T."""
    letter_of = dict(zip(sym.logits, sym.exponentials, strict=True))

    def name(argument: sp.Expr) -> sp.Expr:
        if argument == sym.logits[0] / T:
            return sym.softened
        found = sp.Integer(1)
        for term in sp.Add.make_args(argument):
            power, logit = term.as_coeff_Mul()
            found *= letter_of[logit] ** power
        return found

    return expression.replace(sp.exp, name)


def softmax(z: Letters) -> Letters:
    """Softmax of finitely many logits."""
    total = sp.Add(*(sp.exp(one) for one in z))
    return tuple(sp.exp(one) / total for one in z)


def cross_entropy(z: Letters, y: Letters) -> sp.Expr:
    """-sum_k y_k log softmax(z)_k."""
    return -sp.Add(*(label * sp.log(p) for label, p in zip(y, softmax(z), strict=True)))


def probabilities(letters: Letters) -> Letters:
    """The same letters, the last one replaced so that they sum to 1."""
    return (*letters[:-1], 1 - sp.Add(*letters[:-1]))


def one_logit(z: sp.Expr, y: sp.Expr, rest: sp.Expr) -> sp.Expr:
    """Softmax cross-entropy as a function of one of any number of logits: labels sum to 1, so it is
    log(e^z + R) - y z + (free of z)."""
    return sp.log(sp.exp(z) + rest) - y * z + sym.unnormalised


def losses() -> tuple[Obligation, ...]:
    """d/dz loss(z, y) = r(z) - y, loss by loss."""
    z, y = sym.logits[0], sym.labels[0]
    sigmoid = 1 / (1 + sp.exp(-z))
    # 1 - sigmoid(z) = sigmoid(-z).
    logistic = -y * sp.log(sigmoid) - (1 - y) * sp.log(1 / (1 + sp.exp(z)))
    p = sp.exp(z) / (sp.exp(z) + sym.others)
    found = [
        Identity("squared-loss", sp.diff((z - y) ** 2 / 2, z) - (z - y)),
        Identity("logistic-loss", rational(sp.diff(logistic, z) - (sigmoid - y))),
        Identity("softmax-loss", rational(sp.diff(one_logit(z, y, sym.others), z) - (p - y))),
    ]
    for count in (2, 3):  # in full, the form with R not used
        many, soft = sym.logits[:count], probabilities(sym.labels[:count])
        loss, p = cross_entropy(many, soft), softmax(many)
        found += [
            Identity(
                f"softmax-loss-{count}-logit-{i + 1}",
                rational(sp.diff(loss, many[i]) - (p[i] - soft[i])),
            )
            for i in range(count)
        ]
    return tuple(found)


def claimed(
    p: Letters, q: Letters, b: Letters, J: Letters, J_theta: Letters, *, gap: bool = True
) -> sp.Expr:
    """One entry of grad f_n(x) - lam grad f_n(theta), plus lam (J(theta) - J(x))^T (q - b) where
    ``gap``.
    """
    rows = list(zip(p, q, b, J, J_theta, strict=True))
    exact = sp.Add(*(u * (s - y) - lam * v * (t - y) for s, t, y, u, v in rows))
    return exact + (sp.Add(*(gap_row(v - u, t - y) for _, t, y, u, v in rows)) if gap else 0)


def gap_row(change: sp.Expr, residual: sp.Expr) -> sp.Expr:
    """One output's share of an entry of the gap."""
    return lam * change * residual


def chain_rule(*, gap: bool = True) -> Identity:
    """The objective itself, differentiated in a parameter through two unknown functions phi_1,
    phi_2: nothing but SymPy's chain rule."""
    x, z = sym.entry, sym.logits[:2]
    phi = tuple(output(x) for output in sym.model)
    q, b = probabilities(sym.outputs[:2]), probabilities(sym.labels[:2])
    objective = (1 - lam) * cross_entropy(phi, b) + lam * cross_entropy(phi, q)
    derivative = sp.diff(objective, x)
    derivative = derivative.xreplace(
        {sp.Derivative(f, x): J for f, J in zip(phi, sym.slopes, strict=False)}
    )
    derivative = derivative.xreplace(dict(zip(phi, z, strict=True)))
    right = claimed(softmax(z), q, b, sym.slopes[:2], sym.slopes_theta[:2], gap=gap)
    return Identity("chain-rule", rational(derivative - right))


def output_by_output(*, gap: bool = True) -> tuple[Obligation, ...]:
    """For any response r: mixing labels mixes residuals, and one entry of J(x)^T(mixed residual) is
    the identity plus the gap."""
    p, q, b, J, J_theta = sym.logits, sym.outputs, sym.labels, sym.slopes, sym.slopes_theta
    mixed = tuple(s - (1 - lam) * y - lam * t for s, t, y in zip(p, q, b, strict=True))
    entry = sp.Add(*(slope * residual for slope, residual in zip(J, mixed, strict=True)))
    return (
        Identity("mixed-residual", (1 - lam) * (p[0] - b[0]) + lam * (p[0] - q[0]) - mixed[0]),
        Identity("distillation-gradient", entry - claimed(p, q, b, J, J_theta, gap=gap)),
    )


def constant_jacobian() -> Identity:
    """Linear models: phi_k(x) = J_k x + (free of x) has J(theta) = J(x), and the identity holds
    without a gap (any of the losses)."""
    x, J = sym.entry, sym.slopes
    outputs = tuple(slope * x + rest for slope, rest in zip(J, sym.teacher_logits, strict=True))
    at_x = tuple(sp.diff(z, x) for z in outputs)
    at_theta = tuple(sp.diff(z, x).xreplace({x: sym.rescaling}) for z in outputs)
    p, q, b = sym.logits, sym.outputs, sym.labels
    mixed = sp.Add(
        *(J_k * (s - (1 - lam) * y - lam * t) for J_k, s, t, y in zip(at_x, p, q, b, strict=True))
    )
    return Identity("linear-model", mixed - claimed(p, q, b, at_x, at_theta, gap=False))


def deep_linear() -> tuple[Obligation, ...]:
    """W_k...W_1 a.  In an entry of the product P, logit c is P_cj a_j + rest: a constant slope, so
    ``constant_jacobian`` applies.

    In an entry w of one layer, logit c is A_c w B + rest, A the layers above and B what those below
    make of a: slope A_c B, and the gap is lam sum_c (A_c(theta) B(theta) - A_c(x) B(x)) r_c(theta).
    It vanishes for every residual when the teacher's other layers are the student's up to a factor:
    A(theta) = s A(x), B(theta) = B(x)/s; or at a given sample when r(theta) = 0.  For a whole layer
    these are all cases but zeros, as two matrices u v^T of rank one agree only so.
    """
    w, B, s = sym.entry, sym.below, sym.rescaling
    residual = tuple(q - b for q, b in zip(sym.outputs, sym.labels, strict=True))
    here = tuple(
        sp.diff(A * w * B + rest, w) for A, rest in zip(sym.above, sym.teacher_logits, strict=True)
    )
    rescaled = tuple(
        sp.diff((s * A) * w * (B / s) + rest, w)
        for A, rest in zip(sym.above, sym.teacher_logits, strict=True)
    )
    p, q, b = sym.logits, sym.outputs, sym.labels
    mixed = sp.Add(
        *(J * (z - (1 - lam) * y - lam * t) for J, z, t, y in zip(here, p, q, b, strict=True))
    )
    no_gap = sp.Add(*(gap_row(v - u, r) for u, v, r in zip(here, rescaled, residual, strict=True)))
    return (
        Identity("deep-linear-layer", mixed - claimed(p, q, b, here, sym.slopes_theta)),
        Identity("deep-linear-rescaled-teacher", no_gap),
    )


def gap_bound() -> Certificate:
    """|gap| <= lam |J(theta) - J(x)| |r(theta)|: Cauchy-Schwarz for u, one parameter's column of
    J(theta) - J(x), and v, the residual.

    The letters of g and h stand for u and v, in any dimension K: lam^2 |v|^2 (|u|^2 |v|^2 -
    <u,v>^2) = lam^2 | |v|^2 u
    - <u,v> v |^2.  So lam^2 <u,v>^2 <= lam^2 |u|^2 |v|^2 where v != 0, and both are 0 where v = 0.
    Summed over the parameters, |J(theta) - J(x)| is the Frobenius norm. With the operator norm m of
    J(theta) - J(x) the bound is the definition of m: |D^T v| <= m |v|.
    """
    u, v = vec.g, vec.h
    uu, vv, uv = vec.norm_sq(u), vec.norm_sq(v), vec.inner(u, v)
    return Certificate(
        "gap-bound",
        lam**2 * vv * (uu * vv - uv**2),
        {},
        ((lam**2, vec.combine((vv, u), (-uv, v))),),
    )


def temperature(*, factor: sp.Expr = T**2) -> Identity:
    """Derivative of (1-lam) CE + lam T^2 CE at logits/T in one of any number of logits: the
    identity plus ``residual_gap``."""
    z, b = sym.logits[0], sym.labels[0]
    soft = one_logit(z / T, sym.output_softened, sym.others_softened)
    derivative = sp.diff((1 - lam) * one_logit(z, b, sym.others) + lam * factor * soft, z)
    p, p_soft = (
        sp.exp(u) / (sp.exp(u) + rest)
        for u, rest in ((z, sym.others), (z / T, sym.others_softened))
    )
    q, q_soft = sym.outputs[0], sym.output_softened
    gap = residual_gap(p=p, q=q, p_soft=p_soft, q_soft=q_soft, weight=lam, temperature=T)
    return Identity("temperature-gap", rational(derivative - ((p - b) - lam * (q - b) + gap)))


def temperature_limit() -> tuple[Obligation, ...]:
    """T (softmax(z/T) - softmax(v/T)) tends to ((z - mean z) - (v - mean v))/K.

    With eps = 1/T it is [s(eps z) - s(eps v)]/eps, and s(0) = 1/K for both: the limit is the
    difference of the derivatives at eps = 0.  Of the other classes only sum e^(eps z_k) = K - 1 +
    eps Z + O(eps^2) enters.  For three classes in full as well.
    """
    eps, K = sym.inverse_temperature, sym.classes

    def slope(logit: sp.Expr, rest: sp.Expr) -> sp.Expr:
        return sp.diff(sp.exp(eps * logit) / (sp.exp(eps * logit) + rest), eps).subs(eps, 0)

    z, v = sym.logits, sym.teacher_logits
    many = slope(z[0], K - 1 + eps * sym.other_logits) - slope(
        v[0], K - 1 + eps * sym.other_teacher_logits
    )
    mean_z, mean_v = (z[0] + sym.other_logits) / K, (v[0] + sym.other_teacher_logits) / K
    three = [
        slope(u[0], sp.exp(eps * u[1]) + sp.exp(eps * u[2])) - (u[0] - sp.Add(*u) / 3) / 3
        for u in (z, v)
    ]
    return (
        Identity("temperature-limit", many - ((z[0] - mean_z) - (v[0] - mean_v)) / K),
        *(
            Identity(f"temperature-limit-three-{who}", part)
            for who, part in zip(("student", "teacher"), three, strict=True)
        ),
    )


def obligations(statement: Theorem | None = None) -> tuple[Obligation, ...]:
    """The proposition, in the order of the argument; ``bind`` adds what the statement says."""
    return (
        *losses(),
        *output_by_output(),
        chain_rule(),
        constant_jacobian(),
        *deep_linear(),
        gap_bound(),
        temperature(),
        *temperature_limit(),
    )


def too_far(theorem: Theorem) -> tuple[Overclaim, ...]:
    """A temperature, half the gap, no gap."""
    gap = sym.lam * (sym.J_theta - sym.J_x).T * (sym.r_theta - sym.label)
    soft = Softened(Fraction(4), Fraction(9), Fraction(1, 2), Fraction(1))
    what = "temperature 2 in place of 1, a linear model"
    return (
        Overclaim(
            "range",
            what,
            lambda: Counterexample(
                theorem.name,
                what,
                soft,
                "the KD gradient in the first weight",
                soft.objective_gradient(),
                soft.identity(),
                identity=True,
            ),
        ),
        case(
            "constant",
            "half the gap of a two-layer linear network",
            replace(theorem, rhs=theorem.rhs - gap / 2),
        ),
        case(
            "term",
            "no gap, layer by layer in a two-layer linear network",
            replace(theorem, rhs=theorem.rhs - gap),
        ),
    )
