"""The SNR law held against searches over one step size and over three at once, counts of steps and
grids of weights; and each law misremembered.

An oracle draws settings, evaluates the statement's right-hand side, and finds the same number in
another way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import sympy as sp
from scipy.optimize import minimize, minimize_scalar

from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.checks import changing
from kdtheory.checks.law import ROUNDING, SEARCH, Numbers, nearly, right, right_side
from kdtheory.checks.mutant import Check, Mutant
from kdtheory.statements import THEOREMS, Theorem, schedules


def settings(count: int, *, pl: bool = False) -> Iterator[Numbers]:
    """Constants over two decades, q = sqrt((Lcal - mu)/mu), L in [mu, Lcal], signals over two."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        mu, q = 10.0 ** rng.uniform(-1, 1), 10.0 ** rng.uniform(-1, 1)
        Lcal = mu * (1 + q**2)
        n = {
            "mu": mu,
            "q": q,
            "Lcal": Lcal,
            "L": mu + rng.uniform() * (Lcal - mu),
            "k": mu * 10.0 ** rng.uniform(-3, 0.5),
            "a_pos": mu * 10.0 ** rng.uniform(-2, 1),
        }
        u = mu * 10.0 ** rng.uniform(-1, 1)
        yield {**n, "s": u**2 / (2 * mu) if pl else (u / mu) ** 2}


def curve(n: Numbers, s: float, gamma: float, *, pl: bool) -> float:
    """psi_gamma(s) by the envelope's triple, not by the law's letters."""
    k, a, mu, Lcal = n["k"], n["a_pos"], n["mu"], n["Lcal"]
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


def _largest(n: Numbers, *, pl: bool) -> float:
    return 2 * n["mu"] / (n["L"] * n["Lcal"]) if pl else 1 / n["Lcal"]


def searched(n: Numbers, *, pl: bool) -> float:
    """The least psi_gamma(s) over the whole range of step sizes."""
    top = _largest(n, pl=pl)
    return float(
        minimize_scalar(
            lambda gamma: curve(n, n["s"], gamma, pl=pl),
            bounds=(0.0, top * (1 - 1e-12)),
            method="bounded",
            options={"xatol": 1e-13 * top},
        ).fun
    )


# Whether the law speaks, from numbers, delta and n.
Where = Callable[[Numbers, float, float], bool]


def _speaks(n: Numbers, where: Where, *, pl: bool) -> bool:
    u = math.sqrt(2 * n["mu"] * n["s"]) if pl else n["mu"] * math.sqrt(n["s"])
    delta = u - n["k"]
    return delta > 0 and where(n, delta, n["q"] * u + n["a_pos"])


def _best_step(theorem: Theorem, where: Where, *, pl: bool) -> str:
    """rhs is the least over gamma where the law speaks; elsewhere nothing is asked of it."""
    spoken = [n for n in settings(300, pl=pl) if _speaks(n, where, pl=pl)]
    for n in spoken:
        law, found = right(theorem, n), searched(n, pl=pl)
        if not found * (1 - SEARCH) <= law <= found * (1 + ROUNDING):
            return f"rhs = {law:.9g}, the least over step sizes is {found:.9g} at {n}"
    return "" if len(spoken) > 10 else f"only {len(spoken)} settings lie where the law speaks"


def _noise_dominates(n: Numbers, delta: float, noise: float) -> bool:
    return n["k"] * delta <= noise * n["a_pos"]


def best_step(theorem: Theorem) -> str:
    """Strongly convex, k delta <= a n: noise dominates at the best step size."""
    return _best_step(theorem, _noise_dominates, pl=False)


def best_step_pl(theorem: Theorem) -> str:
    """PL, k delta <= n^2: the best step size is at most 1/L."""
    return _best_step(theorem, lambda n, delta, noise: n["k"] * delta <= noise**2, pl=True)


def best_step_biased(theorem: Theorem) -> str:
    """Strongly convex, k delta > a n."""
    return _best_step(theorem, lambda *where: not _noise_dominates(*where), pl=False)


def best_schedule(theorem: Theorem, steps: int = 3) -> str:
    """rhs, applied three times, is the least that a search over three step sizes at once finds."""
    seen = 0
    for n in settings(40):
        law, spoken = n["s"], True
        for _ in range(steps):
            spoken &= _speaks({**n, "s": law}, _noise_dominates, pl=False)
            law = right(theorem, {**n, "s_now": law})
        if not spoken:
            continue
        seen += 1
        top = _largest(n, pl=False)

        def after(shares: np.ndarray, n: Numbers = n, top: float = top) -> float:
            s = n["s"]
            for share in shares:  # any real number becomes a step size inside the range
                s = curve(n, s, top / (1 + math.exp(-share)), pl=False)
            return s

        found = min(
            float(minimize(after, np.full(steps, start), method="Nelder-Mead", tol=1e-10).fun)
            for start in (0.0, -3.0)
        )
        if not found * (1 - SEARCH) <= law <= found * (1 + ROUNDING):
            return f"rhs {steps} times = {law:.9g}, the least schedule has {found:.9g} at {n}"
    return "" if seen > 10 else f"only {seen} settings stay where noise dominates"


def steps_counted(theorem: Theorem) -> str:
    """T <= t <= T + rhs for steps taken one by one, without bias."""
    s0, target, most = 10.0, 0.01, 200_000
    T = theorem.definitions[sym.steps_low]
    for n in settings(20):
        s, steps = s0, 0
        while s > target and steps < most:
            u = n["mu"] * math.sqrt(s)
            s /= 1 + (u / (n["q"] * u + n["a_pos"])) ** 2
            steps += 1
        letters = {sym.TABLE[name].symbol: value for name, value in n.items()}
        ends = {**letters, sym.s0: s0, sym.s: target}
        low, more = (float(sp.N(part.subs(ends))) for part in (T, theorem.rhs))
        if not (low <= steps <= low + more or steps == most < low + more):
            return f"{steps} steps, claimed between {low:.6g} and {low + more:.6g} at {n}"
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


EQUALITIES: dict[str, Check] = {
    schedules.SNR_STEP.name: best_step,
    schedules.SNR_STEP_PL.name: best_step_pl,
    schedules.SNR_STEP_BIASED.name: best_step_biased,
    schedules.SNR_SCHEDULE.name: best_schedule,
    schedules.STOP.name: stops_there,
}
HELD_BY: dict[str, Check] = {**EQUALITIES, schedules.STEPS_NEEDED.name: steps_counted}


def _defined(name: str, what: str, letter: sp.Symbol, meaning: sp.Expr) -> Mutant:
    return changing.defined(name, what, what, HELD_BY[name], {letter: meaning})


_LOW = schedules.STEPS_NEEDED.definitions[sym.steps_low]
_NO_BIAS = {sym.k: sp.Integer(0)}
MUTANTS: tuple[Mutant, ...] = (
    *nearly(EQUALITIES),
    *(
        _defined(name, "no bias", sym.snr, THEOREMS[name].definitions[sym.snr].xreplace(_NO_BIAS))
        for name in (schedules.SNR_STEP.name, schedules.SNR_SCHEDULE.name)
    ),
    _defined("snr-schedule", "the signal is mu s", sym.signal, sym.mu * sym.least_now),
    right_side(HELD_BY, "snr-step-pl", "mu for L", lambda rhs: rhs.xreplace({sym.L: sym.mu})),
    right_side(HELD_BY, "snr-step-biased", "the angle's sine", lambda rhs: sym.s - rhs),
    _defined("snr-step-biased", "bias alone", sym.root_shares, sym.k / sym.signal),
    _defined("steps-needed", "three times T", sym.steps_low, 3 * _LOW),
    _defined("steps-needed", "half of T", sym.steps_low, _LOW / 2),
    right_side(HELD_BY, "steps-needed", "T itself", lambda rhs: sp.Integer(0)),
    right_side(HELD_BY, "stop-distilling", "q forgotten", lambda rhs: rhs.subs(sym.q, 0)),
)
TRUE: tuple[Mutant, ...] = ()
