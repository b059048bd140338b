"""The paper's letters: one table with sign, LaTeX and meaning. Nothing else calls ``Symbol``."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy.printing.latex import LatexPrinter


@dataclass(frozen=True)
class Letter:
    """One row of the table.  ``unit`` is a monomial in f (objective) and x (parameter) units."""

    symbol: sp.Symbol
    latex: str
    unit: str
    meaning: str


TABLE: dict[str, Letter] = {}
_SIGNS = ("positive", "nonnegative", "real")


def _letter(name: str, latex: str, sign: str, unit: str, meaning: str) -> sp.Symbol:
    flags = {
        "positive": {"positive": True},
        "nonnegative": {"nonnegative": True},
        "real": {"real": True},
    }
    symbol = sp.Symbol(name, **flags[sign])
    TABLE[name] = Letter(symbol, latex, unit, meaning)
    return symbol


# Parameters of the problem and of the method.
gamma = _letter("gamma", r"\gamma", "positive", "x^2/f", "step size")
mu = _letter("mu", r"\mu", "positive", "f/x^2", "strong convexity or PL constant")
L = _letter("L", "L", "positive", "f/x^2", "smoothness constant of f")
Lcal = _letter(
    "Lcal", r"\mathcal{L}", "positive", "f/x^2", "expected smoothness: E|G-S|^2 <= 2 Lcal F"
)
lam = _letter("lam", r"\lambda", "real", "1", "distillation weight")
kappa = _letter(
    "kappa", r"\kappa", "nonnegative", "1", "weight of the squared bias in N(lam; kappa)"
)
batch = _letter("B", "B", "positive", "1", "batch size, drawn with replacement")
omega = _letter(
    "omega", r"\omega", "nonnegative", "1", "relative variance of an unbiased compressor"
)
p = _letter("p", "p", "positive", "1", "free parameter of Young's inequality for compression")
varrho = _letter("varrho", r"\varrho", "nonnegative", "1", "rate: s(x+) <= (1 - varrho) s(x) + T")
t = sp.Symbol("t", integer=True, nonnegative=True)
TABLE["t"] = Letter(t, "t", "1", "time")

# What the teacher is, seen from the optimum.
sigma_star_sq = _letter(
    "sigma_star_sq", r"\sigma_*^2", "nonnegative", "f^2/x^2", "E|S|^2, gradient noise at x*"
)
teacher_variance = _letter(
    "V", "V", "nonnegative", "f^2/x^2", "E|H'|^2, variance of the teacher's gradient"
)
covariance = _letter("C", r"\mathbb{E}\langle S,H\rangle", "real", "f^2/x^2", "E<S,H>")
bias_sq = _letter(
    "bias_sq", "|h|^2", "nonnegative", "f^2/x^2", "squared norm of the teacher's full gradient"
)
rho = _letter("rho", r"\rho", "real", "1", "correlation of S and H")
beta = _letter("beta", r"\beta", "nonnegative", "1", "|h|^2 / V")
F_theta = _letter("F_theta", r"F_\theta", "nonnegative", "f", "f(theta) - f*")
distance_theta = _letter(
    "D_sq", r"|\theta-x^*|^2", "nonnegative", "x^2", "squared distance of the teacher to x*"
)
minimiser_sq = _letter("xstar_sq", "|x^*|^2", "nonnegative", "x^2", "squared norm of x*")
rounding_sq = _letter(
    "delta_sq", r"d\delta^2/4", "nonnegative", "x^2", "absolute error of stochastic rounding"
)

# The state of a bound: s is E|x - x*|^2 or E f - f*.
s = _letter("s", "s", "nonnegative", "state", "the quantity bounded")
s0 = _letter("s0", "s_0", "nonnegative", "state", "its value at the start")
sgd_floor = _letter("S0", "S_0", "nonnegative", "x^2", "stationary E|x-x*|^2 of plain SGD")

# The envelope's three numbers and what they are made of.
k = _letter("k", "k", "nonnegative", "f/x", "|lam| |h|, the bias of the step")
a = _letter("a", "a", "nonnegative", "f/x", "sqrt E|S - lam H'|^2, its noise")
c = _letter("c", "c", "nonnegative", "f/x^2", "sqrt(mu (Lcal - mu))")
q = _letter("q", "q", "nonnegative", "1", "sqrt((Lcal - mu)/mu)")
A = _letter("A", "A", "positive", "1", "largest rate of the envelope")
U = _letter("U", "U", "nonnegative", "state", "noise and bias left at s = 0")
W = _letter("W", "W", "nonnegative", "state", "cross term: psi(s) = (1-A)s + 2 sqrt(W s) + U")

# Letters of the envelope's certificates.  The *_pos letters say "> 0" where a certificate divides
# by the number.
k_pos = _letter("k_pos", "k", "positive", "f/x", "k where it is > 0")
a_pos = _letter("a_pos", "a", "positive", "f/x", "a where it is > 0")
c_pos = _letter("c_pos", "c", "positive", "f/x^2", "c where it is > 0")
q_pos = _letter("q_pos", "q", "positive", "1", "q where it is > 0")
tau = _letter("tau", r"\tau", "positive", "1", "A - varrho, the distance to the largest rate")
alpha = _letter(
    "alpha", r"\alpha", "positive", "1", "Young's parameter between e - gamma g and the bias"
)
nu = _letter("nu", r"\nu", "positive", "1", "Young's parameter between G' - S and the noise")
b = _letter("b", "b", "nonnegative", "1", "|1 - L gamma|")
b_pos = _letter("b_pos", "b", "positive", "1", "|1 - L gamma| where it is > 0")
slack_range = _letter("n", "n", "positive", "1", "1 - gamma Lcal, room left in the step-size range")
slack_regime = _letter(
    "z", "z", "nonnegative", "f/x", "a (1 - gamma mu) - gamma k c, how noise-dominated a step is"
)
slack_rate = _letter("y", "y", "nonnegative", "1", "room left in the range of rates")
slack_young = _letter("delta_nu", r"\delta_\nu", "nonnegative", "1", "nu - alpha")
slack_growth = _letter(
    "m_F", "m_F", "nonnegative", "1", "scaled multiplier of quadratic growth or PL"
)
slack_L = _letter("delta_L", r"\delta_L", "nonnegative", "f/x^2", "L - mu")
root_s = _letter("root_s", r"\sqrt{s}", "nonnegative", "state^(1/2)", "square root of the state")
root_s_pos = _letter(
    "root_r", r"\sqrt{r}", "positive", "state^(1/2)", "square root of another state r > 0"
)
root_W = _letter("w", r"\sqrt{W}", "nonnegative", "state^(1/2)", "square root of W")
root_UAW = _letter("v", r"\sqrt{UA+W}", "positive", "state^(1/2)", "square root of U A + W")
slack_half = _letter("m", "m", "positive", "1", "1 - 2 gamma Lcal (PL: 1 - 2 L gamma Lcal/mu)")
slack_quarter = _letter(
    "m_4", "m_4", "nonnegative", "1", "1 - 4 gamma Lcal (PL: 1 - 4 L gamma Lcal/mu)"
)
slack_bias = _letter(
    "z_k", "z_k", "nonnegative", "f/x", "k y - a (1 - g), how bias-dominated a step is"
)
increase = _letter(
    "d", "d", "nonnegative", "state^(1/2)", "how much larger one root is than another"
)
slope_k = _letter("u_1", "u_1", "real", "1", "slope in k of a linear minorant of sqrt(W)/gamma")
slope_a = _letter("u_2", "u_2", "real", "1", "slope in a of that minorant")
slack_disc = _letter("y_disc", "y_d", "nonnegative", "1", "1 - A - u_1^2 - u_2^2")
slack_cap = _letter("y_cap", "y_c", "nonnegative", "1", "gamma c - u_2")
share = _letter(
    "w_1", "w_1", "positive", "1", "weight of one of two points in a convex combination"
)
slack_share = _letter("w_2", "w_2", "nonnegative", "1", "1 - w_1, the weight of the other")
lam_other = _letter("lam_2", r"\lambda'", "real", "1", "a second distillation weight")
product_of_norms = _letter(
    "P_a", "P", "nonnegative", "f^2/x^2", "product of the noise norms at two weights"
)
slack_product = _letter(
    "z_P", "z_P", "nonnegative", "f^2/x^2", "P less the inner product (Cauchy-Schwarz)"
)
root_shrink = _letter("r_A", "r", "nonnegative", "1", "sqrt(1 - A)")
slack_shrink = _letter("n_A", "n_A", "nonnegative", "1", "1 - A")
slack_low = _letter(
    "y_low", "y_s", "nonnegative", "state", "W - s (A - varrho_min)^2, how far s is below s_0"
)
slope = _letter(
    "grad", "|g|", "nonnegative", "f/x", "norm of the gradient at the worst point of a PL step"
)
root_bound = _letter(
    "root_P", r"\sqrt{\psi}", "nonnegative", "x", "root of a bound before compression"
)
root_minimiser = _letter("root_X", "|x^*|", "nonnegative", "x", "norm of x*")

# The proposition: one sample's logits, labels and Jacobians.
logits = tuple(
    _letter(f"z_{i}", f"z_{i}", "real", "1", f"logit {i} of the student") for i in (1, 2, 3)
)
labels = tuple(
    _letter(f"y_{i}", f"y_{i}", "real", "1", f"label {i}, soft or hard") for i in (1, 2, 3)
)
exponentials = tuple(
    _letter(f"E_{i}", f"e^{{z_{i}}}", "positive", "1", f"exp of logit {i}") for i in (1, 2, 3)
)
softened = _letter("E_T", r"e^{z/T}", "positive", "1", "exp of a logit over the temperature")
others = _letter("R_1", "R", "positive", "1", "sum of exp over the other logits, free of this one")
others_softened = _letter("R_T", "R_T", "positive", "1", "the same at the temperature")
unnormalised = _letter("C_0", "C_0", "real", "1", "what does not depend on this logit")
teacher_logits = tuple(
    _letter(f"v_{i}", f"v_{i}", "real", "1", f"logit {i} of the teacher") for i in (1, 2, 3)
)
outputs = tuple(
    _letter(f"q_{i}", f"r(v)_{i}", "real", "1", f"teacher's response {i}") for i in (1, 2, 3)
)
output_softened = _letter("q_T", "r(v/T)", "real", "1", "teacher's response at the temperature")
slopes = tuple(
    _letter(
        f"J_{i}",
        f"J_{i}(x)",
        "real",
        "1",
        f"derivative of logit {i} in a parameter, at the student",
    )
    for i in (1, 2, 3)
)
slopes_theta = tuple(
    _letter(f"Jt_{i}", rf"J_{i}(\theta)", "real", "1", "the same at the teacher") for i in (1, 2, 3)
)
above = tuple(
    _letter(f"A_{i}", f"A_{i}", "real", "1", f"layers above an entry, row {i}") for i in (1, 2, 3)
)
below = _letter("B_in", "B", "real", "1", "what the layers below feed into an entry")
entry = _letter("w_entry", "w", "real", "1", "one entry of one layer")
rescaling = _letter(
    "s_layer", "s", "positive", "1", "factor between the teacher's and the student's layers"
)
temperature = _letter("T", "T", "positive", "1", "temperature of distillation")
inverse_temperature = _letter("epsilon", r"\epsilon", "real", "1", "1/T")
classes = _letter("K_n", "K", "positive", "1", "number of classes")
other_logits = _letter("Z_1", "Z", "real", "1", "sum of the student's other logits")
other_teacher_logits = _letter("Z_v", "Z_v", "real", "1", "sum of the teacher's other logits")
model = tuple(sp.Function(f"phi_{i}") for i in (1, 2))

# The exact law, one coordinate: y around the shifted centre, D = theta - x*, what a term's matrix
# makes of both, the noise at x* and the teacher's full gradient.
y_one = _letter("y_one", "y", "real", "x", "one coordinate of y")
D_one = _letter("D_one", "D", "real", "x", "one coordinate of theta - x*")
Ay_one = _letter("Ay_one", "(Ay)", "real", "f/x", "one coordinate of A_n y")
AD_one = _letter("AD_one", "(AD)", "real", "f/x", "one coordinate of A_n (theta - x*)")
S_one = _letter("S_one", "S", "real", "f/x", "one coordinate of the term's gradient at x*")
h_one = _letter("h_one", "h", "real", "f/x", "one coordinate of the teacher's full gradient")

# The laws of schedules and of several teachers.
signal = _letter("u", "u", "positive", "f/x", "signal mu sqrt(s); for PL sqrt(2 mu s)")
snr = _letter("SNR", r"\mathrm{SNR}", "nonnegative", "1", "(u - k)/(q u + a)")
best_step = _letter("gamma_best", r"\gamma^\circ", "positive", "x^2/f", "the best step size at s")
least_next = _letter(
    "s_next", r"\min_\gamma\psi_\gamma(s)", "nonnegative", "state", "the best bound of one step"
)
least_now = _letter("s_now", "s_t^*", "nonnegative", "state", "least bound over t steps")
least_after = _letter("s_after", "s_{t+1}^*", "nonnegative", "state", "the same over t + 1 steps")
clear = _letter("delta_u", r"\delta", "nonnegative", "f/x", "u - k, signal that bias leaves")
other_clear = _letter("delta_2", r"\delta'", "nonnegative", "f/x", "the same at another weight")
loud = _letter("n_u", "n", "positive", "f/x", "q u + a, noise of a step")
other_loud = _letter("n_2", "n'", "positive", "f/x", "the same at another weight")
dimension = _letter("d_x", "d", "positive", "1", "dimension of the parameters")
fresh = _letter("c_d", "c_d", "positive", "f/x^2", "c that a problem in d dimensions attains")
steps_low = _letter(
    "T_s", "T(s_0,s)", "nonnegative", "1", "steps that every schedule from s_0 to s takes"
)
steps_over = _letter(
    "t_s", r"0 \le t(s_0,s) - T(s_0,s)", "nonnegative", "1", "how many more the best one takes"
)
root_shares = _letter("v_m", "v", "positive", "1", "sqrt(k^2 + a^2)/u")
root_rest = _letter("w_m", "w", "positive", "1", "sqrt(1 + q^2 - v^2)")
signal_stop = _letter(
    "u_stop", r"u_{\mathrm{stop}}", "nonnegative", "f/x", "signal below which a weight is 0"
)
half_angle = _letter("tau_B", r"\tan(\theta/2)", "real", "1", "half of the angle of a biased step")
bias_norm_h = _letter("h_norm", "|h|", "positive", "f/x", "norm of the teacher's full gradient")
sigma_pos = _letter("sigma_star", r"\sigma_*", "positive", "f/x", "root of sigma_*^2, > 0")
weight_1 = _letter("w_a", r"\lambda_1", "real", "1", "weight of the first teacher or block")
weight_2 = _letter("w_b", r"\lambda_2", "real", "1", "weight of the second")
best_1 = _letter("w_a_best", r"\lambda_1^*", "real", "1", "its best value")
best_2 = _letter("w_b_best", r"\lambda_2^*", "real", "1", "its best value")
gram_11 = _letter("M_11", "M_{11}", "positive", "product", "first diagonal entry of a Gram matrix")
gram_12 = _letter("M_12", "M_{12}", "real", "product", "its off-diagonal entry")
gram_22 = _letter("M_22", "M_{22}", "nonnegative", "product", "its second diagonal entry")
spread_of_two = _letter(
    "M_apart", "|D_1-D_2|^2", "positive", "product", "squared distance of two teachers"
)
sgd_floor_pos = _letter("S0_pos", "S_0", "positive", "x^2", "S0 where it is > 0")
mixed_noise = _letter(
    "N_mix",
    r"\min_\lambda\mathcal{N}(\lambda)",
    "real",
    "f^2/x^2",
    "least noise and charged bias of a mixture",
)
sampled_noise = _letter(
    "N_p", r"\min_pa^2", "nonnegative", "f^2/x^2", "least noise over probabilities"
)
law_value = _letter(
    "E_law", r"\mathbb{E}|x^\infty-x^*|^2", "nonnegative", "x^2", "stationary squared distance"
)
least_law = _letter(
    "E_least",
    r"\min_\lambda\mathbb{E}|x^\infty-x^*|^2",
    "nonnegative",
    "x^2",
    "the same at the best weights",
)
chance = _letter("p_1", "p_1", "positive", "1", "probability of the first of two terms")
chance_other = _letter("p_2", "p_2", "positive", "1", "probability of the second")
size_1 = _letter("r_1", "|N_1|", "nonnegative", "f/x", "norm of the first term's noise S - lam H'")
size_2 = _letter("r_2", "|N_2|", "nonnegative", "f/x", "norm of the second term's")
renewal = _letter("alpha_r", r"\alpha", "positive", "1", "renewal of the teacher")
decay = _letter("y_h", r"\gamma h", "positive", "1", "step size times the one curvature")

# One step from x.  Deterministic vectors e, g, h, x* are orthogonal (in L2) to the centred random
# ones.
F = _letter("F", "F", "nonnegative", "f", "f(x) - f*")
F_plus = _letter("F_plus", "F^+", "real", "f", "E f(x+) - f*")
out_sq = _letter(
    "out_sq", r"\mathbb{E}|C(y)-x^*|^2", "nonnegative", "x^2", "squared distance after compression"
)

# What the statements speak of.
distance_t = _letter(
    "distance_t", r"\mathbb{E}|x^t-x^*|^2", "nonnegative", "x^2", "squared distance at time t"
)
gap_t = _letter("gap_t", r"\mathbb{E}f(x^t)-f^*", "nonnegative", "f", "suboptimality at time t")
average_gap = _letter(
    "average_gap",
    r"\frac{1}{t}\sum_{i<t}\mathbb{E}f(x^i)-f^*",
    "nonnegative",
    "f",
    "mean suboptimality of the first t iterates",
)
shifted_t = _letter(
    "shifted_t",
    r"\mathbb{E}|y^t|^2",
    "nonnegative",
    "x^2",
    "SGD around x* + lam (theta - x*), noise (1-lam) S",
)
drift_t = _letter(
    "drift_t",
    r"\langle D,(I-\gamma H)^t(e^0-\lambda D)\rangle",
    "real",
    "x^2",
    "how the start fades, D = theta - x*",
)
rate_min = _letter(
    "varrho_min", r"\varrho_{\min}", "nonnegative", "1", "least admissible rate of the envelope"
)
young = _letter("p_star", r"p^*", "nonnegative", "1", "the p that minimises the floor")
young_pos = _letter("p_best", r"p^*", "positive", "1", "that p where x* is not 0")
root_minimiser_pos = _letter("root_Xp", r"|x^*|", "positive", "x", "norm of x* where it is not 0")
young_inverse = _letter(
    "xp", r"|x^*|^2/p^*", "nonnegative", "x^2", "squared norm of x* over that p"
)
iterate = sp.Function("psi_iterated")
_n_out, _n_in = (
    sp.Symbol("K", integer=True, positive=True),
    sp.Symbol("d", integer=True, positive=True),
)
J_x, J_theta = sp.MatrixSymbol("J_x", _n_out, _n_in), sp.MatrixSymbol("J_theta", _n_out, _n_in)
r_x, r_theta, label = (sp.MatrixSymbol(name, _n_out, 1) for name in ("r_x", "r_theta", "b"))

DETERMINISTIC = ("e", "g", "h", "xstar")
CENTRED = ("Gc", "S", "Hc")
VECTOR_LATEX = {"e": "e", "g": "g", "h": "h", "xstar": "x^*", "Gc": "G'", "S": "S", "Hc": "H'"}
_OWN_NAME = {
    ("h", "h"): bias_sq,
    ("S", "S"): sigma_star_sq,
    ("S", "Hc"): covariance,
    ("Hc", "Hc"): teacher_variance,
    ("xstar", "xstar"): minimiser_sq,
}


def _gram_letters() -> dict[tuple[str, str], sp.Expr]:
    letters: dict[tuple[str, str], sp.Expr] = {}
    for block, mean in ((DETERMINISTIC, ""), (CENTRED, r"\mathbb{E}")):
        for i, u in enumerate(block):
            for v in block[i:]:
                latex = rf"{mean}\langle {VECTOR_LATEX[u]},{VECTOR_LATEX[v]}\rangle"
                if u == v:
                    latex = rf"{mean}|{VECTOR_LATEX[u]}|^2"
                sign = "nonnegative" if u == v else "real"
                letter = _OWN_NAME.get((u, v))
                if letter is None:
                    letter = _letter(f"{u}_{v}", latex, sign, "product", f"{mean and 'E'}<{u},{v}>")
                letters[u, v] = letters[v, u] = letter
    return letters


GRAM: dict[tuple[str, str], sp.Expr] = _gram_letters()


def own(name: str, sign: str = "positive") -> sp.Symbol:
    """A letter of somebody's own statement: "positive", "nonnegative" or "real"; it has no row in
    the table.
    """
    if sign not in _SIGNS:
        raise ValueError(f"a letter is one of {', '.join(_SIGNS)}, got {sign!r}")
    return sp.Symbol(name, **{sign: True})


def own_gram(mean: tuple[str, ...], centred: tuple[str, ...]) -> dict[tuple[str, str], sp.Expr]:
    """Letters for the two Gram matrices of vectors of one's own, both orders of a pair.

    Their names, "<u,v>", are no identifiers, so that no letter of a statement can be one of them.
    """
    letters: dict[tuple[str, str], sp.Expr] = {}
    for block in (mean, centred):
        for i, u in enumerate(block):
            for v in block[i:]:
                letter = own(f"<{u},{v}>", "nonnegative" if u == v else "real")
                letters[u, v] = letters[v, u] = letter
    return letters


ROOT, EVEN = r"\sqrt{", (2, 4, 6, 8)


class _Printer(LatexPrinter):
    """Sums start with a term that has no minus sign: 1 - gamma mu, not -gamma mu + 1."""

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        terms: list[sp.Expr] = super()._as_ordered_terms(expr, order=order)
        return sorted(terms, key=lambda term: bool(term.could_extract_minus_sign()))

    def _print_Mul(self, expr: sp.Expr) -> str:
        number, rest = expr.as_coeff_Mul()
        if (
            number.is_Rational
            and not number.is_Integer
            and number > 0
            and rest.is_Mul
            and rest.has(sp.Add)
        ):
            # no sum over a number
            times = self._settings["mul_symbol_latex"]
            return rf"\frac{{{number.p}}}{{{number.q}}}{times}{self._print(rest)}"
        return str(super()._print_Mul(expr))

    def _print_Pow(self, expr: sp.Pow) -> str:
        """Even powers of a root or a norm, the root of a square: letters have marks already."""
        base, power = expr.as_base_exp()
        if base.is_Symbol:
            name = self._print(base)
            if name.startswith(ROOT) and name.endswith("}") and power in EVEN:
                inside = name.removeprefix(ROOT)[:-1]
                return inside if power == 2 else rf"{inside}^{{{power // 2}}}"
            if name.startswith("|") and name.endswith("|") and power in EVEN:
                return rf"{name}^{{{power}}}"
            if name.endswith("^2") and power == sp.Rational(1, 2):
                return name.removesuffix("^2")
        return str(super()._print_Pow(expr))

    def _print_Function(self, expr: sp.Function, exp: str | None = None) -> str:
        if expr.func == iterate:
            count, start = (self.doprint(part) for part in expr.args)
            return rf"\psi^{{{count}}}({start})"
        return str(super()._print_Function(expr, exp=exp))


def latex(expression: sp.Basic, *, mul_symbol: str | None = None) -> str:
    """LaTeX of an expression in the paper's letters; ``mul_symbol`` goes between factors."""
    names = {row.symbol: row.latex for row in TABLE.values()}
    return str(_Printer({"symbol_names": names, "mul_symbol": mul_symbol}).doprint(expression))
