"""Where a false statement is looked for: families of explicit instances
(``kdtheory.instances.exact``), simplest first.  Source: our own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import product

from kdtheory.algebra import assumptions as asm
from kdtheory.instances import matching
from kdtheory.instances.exact import HALF
from kdtheory.instances.gram import GramPoint, bias_dominated
from kdtheory.instances.lines import lines
from kdtheory.instances.samples import Group, line
from kdtheory.instances.shapes import gram, knee, softening
from kdtheory.instances.suspects import Built, Suspect, step_sizes, weights
from kdtheory.statements.theorems import Theorem


def _knees(theorem: Theorem) -> Iterator[Suspect]:
    """Sums with L > mu (biased rule), the student at the knee, before it or beyond it."""
    if theorem.unbiased:
        return
    mu, places = Fraction(1), (HALF, Fraction(1), Fraction(3))
    for L, q, s in product(
        (Fraction(2), Fraction(6)), (HALF, Fraction(3)), (Fraction(0), Fraction(1))
    ):
        if mu * (1 + q**2) >= L:
            problem = matching.KneeSum(mu, L, q, s, Fraction(1))
            for gamma, weight, theta, x in product(
                step_sizes(theorem, mu=mu, L=L, Lcal=problem.Lcal), weights(theorem), places, places
            ):
                yield Built(knee(problem, theta=theta, weight=weight, gamma=gamma, x=x))


def _grams(theorem: Theorem) -> Iterator[Suspect]:
    """Bias-dominated worst points: vectors only."""
    if theorem.modulus == "mu" and theorem.quantity == "sq_distance" and not theorem.unbiased:
        for point in _turned():
            if point.gamma < max(
                step_sizes(theorem, mu=point.mu, L=point.Lcal, Lcal=point.Lcal), default=Fraction(0)
            ):
                yield Built(gram(point))


def _turned() -> Iterator[GramPoint]:
    """Fluctuations are 3/4 and 4/3 of the part of g across e, which makes c rational; the last
    scale gives the rate gamma mu."""
    tenth = Fraction(1, 10)
    for mu, gamma, turn, share in product(
        (HALF, Fraction(1)),
        (2 * tenth, tenth / 2),
        (tenth / 5, tenth),
        (Fraction(3, 4), Fraction(4, 3)),
    ):
        across = (1 - gamma * mu) * 2 * turn / (1 - turn**2) / gamma
        Lcal = mu + (1 + share**2) * across**2 / mu
        A = gamma * mu * (2 - gamma * Lcal)
        if gamma * Lcal < 1:
            for scale in (tenth, Fraction(1), (A - gamma * mu) / ((1 - A) * gamma)):
                yield bias_dominated(
                    mu=mu, gamma=gamma, turn=turn, fluctuation=share * across, scale=scale
                )


def _softening(theorem: Theorem) -> Iterator[Suspect]:
    """mu = 1/2, Lcal = 13/8 (c = 3/4), noise 1, without bias: points with F > (mu/2) x^2."""
    mu, Lcal = HALF, Fraction(13, 8)
    sizes = (
        (Fraction(1, 5), Fraction(2, 5)),
        (Fraction(3, 2), Fraction(1)),
        (HALF, Fraction(1, 10)),
        (Fraction(3), Fraction(6)),
    )
    for gamma, L, x, part in product(*sizes):
        if gamma < max(step_sizes(theorem, mu=mu, L=L, Lcal=Lcal), default=Fraction(0)):
            yield Built(
                softening(mu=mu, L=L, Lcal=Lcal, knee=x / part, x=x, noise=Fraction(1), gamma=gamma)
            )


def _violating(theorem: Theorem) -> Iterator[Suspect]:
    """Where expected smoothness is not assumed: a sum with a larger Lcal than is said, or with
    mu larger than it is where no convexity is.
    """
    groups = (Group(1, Fraction(10), Fraction(10)), Group(36, Fraction(1), Fraction(0)))
    true = line(groups, theta=Fraction(1), weight=HALF, gamma=HALF, x=Fraction(1))
    said: list[dict[str, Fraction]] = []
    if asm.expected_smoothness not in theorem.needs:
        said.append({"Lcal": true.mu})
    if not {asm.strong_convexity, asm.quadratic_growth, asm.polyak_lojasiewicz} & {*theorem.needs}:
        said.append({"mu": true.Lcal, "L": true.Lcal})
    for letters, x in product(said, (Fraction(0), Fraction(1), Fraction(1000))):
        own = {"mu": true.mu, "L": true.L, "Lcal": true.Lcal} | letters
        for gamma, weight in product(step_sizes(theorem, **own), weights(theorem)):
            found = line(
                groups,
                theta=Fraction(1),
                weight=weight,
                gamma=gamma,
                x=x,
                unbiased=theorem.unbiased,
            )
            note = ", ".join(f"{name} = {value}" for name, value in letters.items())
            told = f"{note} is what the statement lets us say: no assumption speaks against it"
            yield Built(replace(found, mu=own["mu"], L=own["L"], Lcal=own["Lcal"], globally=told))


# "other units" is for claims whose units do not match, "steep" for what fails as gamma mu -> 0.
KINDS: Mapping[str, Callable[[Theorem], Iterator[Suspect]]] = {
    "least squares": lines,
    "other units": partial(lines, scales=(Fraction(1, 10), Fraction(12))),
    "L > mu": _knees,
    "F > mu/2 x^2": _softening,
    "vectors": _grams,
    "steep": partial(
        lines, counts=((1, 10**4), (1, 10**8)), slopes=((100, 1), (10**4, 1)), digits=3
    ),
    "not assumed": _violating,
}
"""The families, simplest first; each yields only what fits the statement."""
