"""What was proved of it, and what was measured against the proofs."""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory.bounds.letters import complete
from kdtheory.bounds.values import noise_floor
from kdtheory.campaigns.batched import KEYS, judge
from kdtheory.campaigns.blocks import SIZE, draw
from kdtheory.engines.exact import stationary
from kdtheory.engines.simulate.simulation import simulate
from kdtheory.report.plots.setting import setting_of
from kdtheory.report.story.claims import DATA
from kdtheory.report.story.slide import BLUE, GREEN, GREY, RED
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.theorems import THEOREMS
from kdtheory.worst_cases.value import worst_case

BLOCKS = 24  # of 256 random problems


def ranges(body: Any) -> str:
    """Floors of the statements without bias against the step size, each on its own range."""
    case = setting_of(DATA, 0)
    Lcal = float(case.problem.constants.Lcal)
    axes = body.subplots()
    floors = {}
    for key, label, color, most in (
        ("theorem-1", r"the paper: $\gamma\leq 1/(8\mathcal{L})$", BLUE, 0.125),
        ("theorem-1-refined", r"its constants, kept: $\gamma<1/(2\mathcal{L})$", RED, 0.499),
        ("theorem-1-envelope", r"the best bound: $\gamma<1/\mathcal{L}$", GREEN, 0.97),
    ):
        parts = np.geomspace(0.005, most, 60)
        curve = [
            noise_floor(case.problem, case.theta, theorem=key, step_size=part / Lcal, weight=0.0)
            for part in parts
        ]
        floors[key] = curve[0]
        width = 9 if key == "theorem-1" else 3  # the first two lie on each other
        axes.loglog(parts, curve, color=color, label=label, lw=width)
        axes.plot(parts[-1], curve[-1], "o", color=color, ms=10)
    axes.set_xlabel(r"step size $\gamma\mathcal{L}$")
    axes.set_ylabel("guaranteed floor of SGD's error")
    axes.legend(loc="upper left")
    return (
        f"Proved by exact certificates, {len(THEOREMS)} statements in all: the paper's bounds, and"
        " from the same assumptions eight times the step sizes and a floor"
        f" {floors['theorem-1'] / floors['theorem-1-envelope']:.1f} times lower."
    )


def best_possible(body: Any) -> str:
    """One step's constant against the rate: the formula, and the value of the worst-case programme
    that knows nothing of it.
    """
    numbers = {"gamma": 0.25, "mu": 0.5, "L": 2.0, "Lcal": 2.0}
    bias, noise = 0.05, 1.0
    theorem = THEOREMS["theorem-1-envelope"]
    teacher = {"lam": 1.0, "bias_sq": bias**2, "sigma_star_sq": noise**2, "V": 0.0, "C": 0.0}
    letters = complete(theorem, {**numbers, **teacher})
    A, U, W = (float(letters[name]) for name in ("A", "U", "W"))
    least = numbers["gamma"] * numbers["mu"]
    rates = np.linspace(least, A - 0.03 * (A - least), 200)
    axes = body.subplots()
    axes.semilogy(
        rates, U + W / (A - rates), color=GREEN, label=r"$T_\varrho=U+W/(A-\varrho)$, proved"
    )
    asked = np.linspace(least, rates[-1], 9)
    found = [
        worst_case(
            "theorem-1-envelope",
            step_size=numbers["gamma"],
            mu=numbers["mu"],
            L=numbers["L"],
            Lcal=numbers["Lcal"],
            bias=bias,
            noise=noise,
            rate=float(rate),
        )
        for rate in asked
    ]
    axes.semilogy(asked, found, "o", color="black", ms=11, mfc="white", mew=2, label="worst case")
    axes.set_xlabel(r"rate $\varrho$ in $\mathbf{E}s^{+}\leq(1-\varrho)s+T$")
    axes.set_ylabel("least possible $T$")
    axes.legend(loc="upper left")
    off = max(
        abs(value / (U + W / (A - rate)) - 1) for value, rate in zip(found, asked, strict=True)
    )
    return (
        "It cannot be improved: at every rate the constant is the exact worst case over all"
        f" problems with these assumptions (a semidefinite programme agrees to {off:.0e})."
    )


def exact_law(body: Any) -> str:
    """The stationary error of distilled SGD on least squares: a parabola, and simulations."""
    case = setting_of("random-least-squares", 0)
    problem, theta, gamma = case.problem, case.theta, case.gamma

    def truth(weight: float) -> float:
        rule = DistilledSGD(weight)
        return stationary(problem, theta, rule, step_size=gamma).sq_distance

    plain, away = truth(0.0), float(((theta - problem.minimiser) ** 2).sum())
    lams = np.linspace(-0.1, 1.2, 200)
    axes = body.subplots()
    axes.plot(
        lams,
        (1 - lams) ** 2 * plain + lams**2 * away,
        color="black",
        label=r"$(1-\lambda)^2 S_0+\lambda^2|\theta-x^{\ast}|^2$, proved",
    )
    for level, label, color in ((plain, "SGD", GREY), (away, "the teacher itself", RED)):
        axes.axhline(level, color=color, ls=":", lw=2, label=label)
    shown = np.linspace(0.0, 1.1, 8)
    for place, lam in enumerate(shown):
        run = simulate(
            problem,
            theta,
            DistilledSGD(float(lam)),
            step_size=gamma,
            x0=problem.minimiser + lam * (theta - problem.minimiser),
            steps=case.simulated_steps,
            replicates=400,
            seed=7,
            record_every=case.simulated_steps,
        )
        low, high = (float(side[-1]) for side in run.interval(0.95))
        mean = float(run.sq_distance[-1])
        axes.errorbar(
            [lam],
            [mean],
            yerr=[[mean - low], [high - mean]],
            fmt="o",
            color=BLUE,
            ms=9,
            capsize=5,
            label="simulated, 95 %" if place == 0 else None,
        )
    degree = plain / (plain + away)
    axes.plot([degree], [truth(degree)], "*", color="black", ms=24, zorder=5)
    axes.set_xlabel(r"distillation weight $\lambda$")
    axes.set_ylabel(rf"{case.state}, $t\to\infty$")
    axes.set_ylim(0, 1.25 * max(plain, away))
    axes.legend(loc="upper center", ncols=2)
    return (
        "For least squares the whole law is known: the error is a parabola in λ, and at its"
        f" minimum, {truth(degree) / min(plain, away):.0%} of the better of SGD and the teacher,"
        " never worse than either."
    )


def measured(body: Any) -> str:
    """Ratios of the two sides over random problems, for the best bounds."""
    shown = {
        "theorem-1-envelope": ("the best bound", GREEN),
        "unbiased-envelope": ("the best bound, without bias", BLUE),
    }
    ratios: dict[str, list[float]] = {key: [] for key in shown}
    verdicts = violated = 0
    tightest = 0.0
    for number in range(BLOCKS):
        for outcome in judge(draw(11, number), KEYS):
            verdicts += len(outcome.ratio)
            violated += int(outcome.violated.sum())
            if THEOREMS[outcome.theorem].kind != "identity":
                tightest = max(tightest, float(outcome.noisy.max()))
            if outcome.theorem in shown:
                ratios[outcome.theorem] += [float(x) for x in outcome.noisy if x > 0]
    axes = body.subplots()
    for key, (label, color) in shown.items():
        values = np.sort(ratios[key])
        axes.plot(values, np.linspace(0, 1, len(values)), color=color, lw=3, label=label)
    axes.axvline(1.0, color="black", lw=2, ls=":")
    axes.set_xlabel("error / bound where noise dominates (1 would be equality)")
    axes.set_ylabel("share of random problems below")
    axes.set_xlim(0, 1.05)
    axes.legend(loc="lower center")
    found = "no violation" if violated == 0 else f"{violated:,} violations"
    return (
        f"Measured: {BLOCKS * SIZE:,} random problems, {verdicts:,} exact comparisons, {found};"
        f" the tightest comes to {tightest:.6f} of its bound."
    )
