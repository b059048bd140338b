"""The laws held against numbers: searches over step sizes, weights and probabilities, counts of
steps, exact moments; and each law misremembered.

An oracle draws settings, evaluates the statement's right-hand side, and finds the same number in
another way.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import sympy as sp
from scipy.optimize import minimize_scalar

from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.algebra.evaluate import value_of
from kdtheory.checks import changing
from kdtheory.checks.mutant import Check, Mutant
from kdtheory.engines.exact import stationary
from kdtheory.problems import LeastSquares
from kdtheory.rules.renewed import RenewedTeacher
from kdtheory.statements import THEOREMS, Theorem, laws

Numbers = dict[str, float]
# A bounded search stops near a minimum, above all near a kink: 1e-6 of the value, measured.
SEARCH = 1e-6
ROUNDING = 1e-9


def settings(count: int) -> Iterator[Numbers]:
    """Constants over two decades, q = sqrt((Lcal - mu)/mu), L in [mu, Lcal], r = sqrt(s)."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        mu, q = 10.0 ** rng.uniform(-1, 1), 10.0 ** rng.uniform(-1, 1)
        Lcal = mu * (1 + q**2)
        yield {
            "mu": mu,
            "q": q,
            "Lcal": Lcal,
            "L": mu + rng.uniform() * (Lcal - mu),
            "k": mu * 10.0 ** rng.uniform(-3, 0.5),
            "a_pos": mu * 10.0 ** rng.uniform(-2, 1),
            "root_r": 10.0 ** rng.uniform(-1, 1),
        }


def right(theorem: Theorem, n: Numbers) -> float:
    """The right-hand side in numbers."""
    return float(value_of(theorem.rhs, n))


def curve(n: Numbers, gamma: float, *, pl: bool) -> float:
    """psi_gamma(s) by the envelope's triple, not by the law's letters."""
    s, k, a, mu, Lcal = _start(n, pl=pl), n["k"], n["a_pos"], n["mu"], n["Lcal"]
    if pl:
        t = envelope.polyak_lojasiewicz(
            gamma=gamma, mu=mu, L=n["L"], Lcal=Lcal, q=n["q"], k=k, a=a, b=abs(1 - n["L"] * gamma)
        )
        rate = 0.0
    else:
        c = mu * n["q"]
        calm = a * (1 - gamma * mu) >= gamma * k * c
        t = (
            envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a)
            if calm
            else envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=k, a=a)
        )
        rate = gamma * mu if calm else 0.0
    if s * (t.A - rate) ** 2 >= t.W:
        return (1 - t.A) * s + 2 * math.sqrt(t.W * s) + t.U
    return (1 - rate) * s + t.constant(rate)


def _start(n: Numbers, *, pl: bool) -> float:
    return n["root_r"] ** 2 * (n["mu"] / 2 if pl else 1.0)


def searched(n: Numbers, *, pl: bool) -> float:
    """The least psi_gamma(s) over the whole range of step sizes."""
    top = 2 * n["mu"] / (n["L"] * n["Lcal"]) if pl else 1 / n["Lcal"]
    return float(
        minimize_scalar(
            lambda gamma: curve(n, gamma, pl=pl),
            bounds=(0.0, top * (1 - 1e-12)),
            method="bounded",
            options={"xatol": 1e-13 * top},
        ).fun
    )


Region = Callable[[Numbers, float, float], bool]


def _best_step(theorem: Theorem, region: Region, *, pl: bool) -> str:
    """rhs is the least over gamma wherever the region says that the law speaks; settings where no
    step helps are passed over.
    """
    seen = 0
    for n in settings(300):
        u = n["mu"] * n["root_r"]
        delta, noise = u - n["k"], n["q"] * u + n["a_pos"]
        if delta <= 0 or not region(n, delta, noise):
            continue
        m = math.hypot(n["k"], n["a_pos"]) / (u * math.hypot(1, n["q"]))
        half = math.tan((math.atan(1 / n["q"]) - math.asin(min(m, 1.0))) / 2)
        law, found = right(theorem, {**n, "tau_B": half}), searched(n, pl=pl)
        seen += 1
        if not found * (1 - SEARCH) <= law <= found * (1 + ROUNDING):
            return f"rhs = {law:.9g}, the least over step sizes is {found:.9g} at {n}"
    return "" if seen > 10 else f"only {seen} settings lie where the law speaks"


def _noise_dominates(n: Numbers, delta: float, noise: float) -> bool:
    return n["k"] * delta <= noise * n["a_pos"]


def best_step(theorem: Theorem) -> str:
    """Strongly convex, k delta <= a n: noise dominates at the best step size."""
    return _best_step(
        theorem, lambda n, delta, noise: n["k"] * delta <= noise * n["a_pos"], pl=False
    )


def best_step_pl(theorem: Theorem) -> str:
    """PL, k delta <= n^2: the best step size is at most 1/L."""
    return _best_step(theorem, lambda n, delta, noise: n["k"] * delta <= noise**2, pl=True)


def best_step_biased(theorem: Theorem) -> str:
    """Strongly convex, k delta > a n."""
    return _best_step(
        theorem, lambda n, delta, noise: n["k"] * delta > noise * n["a_pos"], pl=False
    )


def steps_counted(theorem: Theorem) -> str:
    """T <= t <= T + ln(s_0/s) + 1 for steps taken one by one, without bias."""
    s0, target, most = 10.0, 0.01, 200_000
    for n in settings(20):
        s, steps = s0, 0
        while s > target and steps < most:
            u = n["mu"] * math.sqrt(s)
            s /= 1 + (u / (n["q"] * u + n["a_pos"])) ** 2
            steps += 1
        letters = {sym.TABLE[name].symbol: value for name, value in n.items()}
        low = float(sp.N(theorem.rhs.subs({**letters, sym.s0: s0, sym.s: target})))
        high = low + math.log(s0 / target) + 1
        if not (low <= steps <= high or steps == most < high):
            return f"{steps} steps, claimed between {low:.6g} and {high:.6g} at {n}"
    return ""


def stops_there(theorem: Theorem) -> str:
    """A weight raises the signal-to-noise ratio just above u_stop, and none does just below."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        sigma, V, h, q = (10.0 ** rng.uniform(-1, 1) for _ in range(4))
        p = rng.uniform(0.05, 1) * sigma * math.sqrt(V)
        if p <= h * sigma * q:
            continue
        stop = right(theorem, {"h_norm": h, "sigma_star": sigma, "C": p, "q": q})
        lam = np.geomspace(1e-9, 10, 2000) * p / V
        a = np.sqrt(np.maximum(sigma**2 - 2 * lam * p + lam**2 * V, 0))
        for u, helps in ((stop * 0.999, False), (stop * 1.001, True)):
            plain = u / (q * u + sigma)
            if ((u - h * lam) / (q * u + a) > plain * (1 + 1e-13)).any() != helps:
                return f"u_stop = {stop:.6g}, but at {u:.6g} a weight does{' not' * helps} help"
    return ""


def renewed_moments(theorem: Theorem) -> str:
    """The stationary E|x - x*|^2 of the exact engine, for one curvature and additive noise."""
    problem = LeastSquares([[1.5], [1.5]], [1.0, -1.0])  # h = 2.25, sigma^2 = 2.25
    for lam, alpha, gamma in itertools.product((-0.5, 0.3, 0.9), (0.01, 0.4, 1.0), (0.01, 0.3)):
        rule = RenewedTeacher(lam, renewal=alpha)
        found = stationary(problem, [0.0], rule, step_size=gamma).sq_distance
        law = right(theorem, {"lam": lam, "alpha_r": alpha, "y_h": gamma * 2.25, "a": gamma * 1.5})
        if not abs(law - found) <= ROUNDING * found:
            return f"rhs = {law:.9g}, stationary E|x-x*|^2 = {found:.9g}, lam = {lam}"
    return ""


def _gram(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A positive definite 2 x 2 matrix, and two numbers."""
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((2, 2))
    return root @ root.T + 0.1 * np.eye(2), rng.standard_normal(2)


def _letters(gram: np.ndarray, best: np.ndarray) -> Numbers:
    names = (sym.gram_11, sym.gram_12, sym.gram_22, sym.best_1, sym.best_2)
    values = (gram[0, 0], gram[0, 1], gram[1, 1], *best)
    return {letter.name: float(x) for letter, x in zip(names, values, strict=True)}


def _least_criterion(theorem: Theorem, gram: np.ndarray, best: np.ndarray) -> str:
    """sigma^2 + lam^T M lam - 2 lam^T C at the solution of M lam = C, and at no other lam less."""
    C, sigma = gram @ best, 7.0
    solved = np.linalg.solve(gram, C)
    found = sigma + solved @ gram @ solved - 2 * solved @ C
    law = right(theorem, {**_letters(gram, best), sym.sigma_star_sq.name: sigma})
    far = abs(sigma) + abs(solved @ C)
    return "" if abs(law - found) <= ROUNDING * far else f"rhs = {law:.9g}, least {found:.9g}"


def least_for_two(theorem: Theorem) -> str:
    """Two teachers, by the linear system of their Gram matrix."""
    return next(filter(None, (_least_criterion(theorem, *_gram(seed)) for seed in range(20))), "")


def least_by_block(theorem: Theorem) -> str:
    """Two blocks: a diagonal matrix."""
    wrong = (
        _least_criterion(theorem, np.diag(np.diag(gram)), best)
        for gram, best in map(_gram, range(20))
    )
    return next(filter(None, wrong), "")


def nearest_of_the_hull(theorem: Theorem) -> str:
    """The least of (1 - Lambda)^2 S_0 + |lam_1 D_1 + lam_2 D_2|^2 by its 2 x 2 linear system."""
    for seed in range(20):
        gram, _ = _gram(seed)
        S0 = 0.5 + seed
        ones = np.ones(2)
        solved = np.linalg.solve(gram + S0 * np.outer(ones, ones), S0 * ones)
        found = (1 - solved.sum()) ** 2 * S0 + solved @ gram @ solved
        apart = gram[0, 0] - 2 * gram[0, 1] + gram[1, 1]
        n = {
            sym.gram_11.name: gram[0, 0],
            sym.gram_12.name: gram[0, 1],
            sym.spread_of_two.name: apart,
            sym.sgd_floor_pos.name: S0,
        }
        n[sym.distance_theta.name] = float(value_of(theorem.definitions[sym.distance_theta], n))
        law = right(theorem, n)
        if not abs(law - found) <= ROUNDING * found:
            return f"rhs = {law:.9g}, the least over weights is {found:.9g}"
    return ""


def best_probabilities(theorem: Theorem) -> str:
    """N^-2 (r_1^2/p + r_2^2/(1 - p)) searched over p."""
    for r, w in ((0.3, 1.0), (2.5, 0.1), (1.0, 1.0)):
        found = minimize_scalar(
            lambda p, r=r, w=w: (r**2 / p + w**2 / (1 - p)) / 4,
            bounds=(1e-9, 1 - 1e-9),
            method="bounded",
            options={"xatol": 1e-12},
        ).fun
        law = right(theorem, {sym.size_1.name: r, sym.size_2.name: w})
        if not found * (1 - SEARCH) <= law <= found * (1 + ROUNDING):
            return f"rhs = {law:.9g}, the least over probabilities is {found:.9g}"
    return ""


HELD_BY: dict[str, Check] = {
    laws.SNR_STEP.name: best_step,
    laws.SNR_STEP_PL.name: best_step_pl,
    laws.SNR_STEP_BIASED.name: best_step_biased,
    laws.STEPS_NEEDED.name: steps_counted,
    laws.STOP.name: stops_there,
    laws.SEVERAL.name: least_for_two,
    laws.HULL.name: nearest_of_the_hull,
    laws.BLOCKS.name: least_by_block,
    laws.RENEWED.name: renewed_moments,
    laws.IMPORTANCE.name: best_probabilities,
}


def _right_side(name: str, what: str, change: Callable[[sp.Expr], sp.Expr]) -> Mutant:
    return changing.statement(name, what, what, HELD_BY[name], rhs=change(THEOREMS[name].rhs))


MUTANTS: tuple[Mutant, ...] = (
    *(
        _right_side(name, f"{factor} times it", lambda rhs, factor=factor: factor * rhs)
        for name, oracle in HELD_BY.items()
        for factor in (sp.Rational(99, 100), sp.Rational(101, 100))
        if oracle is not steps_counted  # its two sides are ln(s_0/s) + 1 apart
    ),
    _right_side("steps-needed", "three times it", lambda rhs: 3 * rhs),
    _right_side("steps-needed", "half of it", lambda rhs: rhs / 2),
    _right_side("snr-step", "no bias", lambda rhs: rhs.xreplace({sym.k: sp.Integer(0)})),
    _right_side("snr-step-pl", "mu for L", lambda rhs: rhs.xreplace({sym.L: sym.mu})),
    _right_side("snr-step-biased", "the angle's sine", lambda rhs: sym.root_s_pos**2 - rhs),
    _right_side("stop-distilling", "q forgotten", lambda rhs: rhs.xreplace({sym.q: sp.Integer(0)})),
    _right_side(
        "several-teachers",
        "teachers uncorrelated",
        lambda rhs: rhs.xreplace({sym.gram_12: sp.Integer(0)}),
    ),
    changing.defined(
        "affine-hull",
        "the nearer teacher for the hull",
        "|D_1|^2",
        nearest_of_the_hull,
        {sym.distance_theta: sym.gram_11},
    ),
    _right_side("renewed-teacher", "1 - lam squared", lambda rhs: rhs * (1 - sym.lam)),
    _right_side(
        "importance-sampling",
        "uniform probabilities",
        lambda rhs: (sym.size_1**2 + sym.size_2**2) / 2,
    ),
)
TRUE: tuple[Mutant, ...] = ()
