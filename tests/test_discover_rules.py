"""Rules that nobody tuned the search for: found, and equal to what a proof by hand says."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import sympy as sp

import kdtheory as kd
from kdtheory.checks.known_rules import RULES, agreement
from kdtheory.checks.rule import L, gamma, mu
from kdtheory.discovery import plain
from kdtheory.discovery.attained import too_large
from kdtheory.discovery.family import family_of
from kdtheory.discovery.multipliers import NotFound
from kdtheory.discovery.search import search

NAMED = {rule.name: rule for rule in RULES}
# what each of them stands for: one family of difficulties
QUICK = (
    "Frank-Wolfe",  # no vectors, a constant in E V(x+)
    "SGD under ABC, PL",  # a constant inside an assumption
    "Nesterov, strongly convex",  # exactly one set of multipliers proves it
    "heavy ball, PL",  # many sets do
    "error feedback",
    "decentralised, mean and disagreement",  # two regimes, multipliers not unique in one
    "gradient norm",  # a border that makes another one superfluous
    "biased compressor, PL",  # a root of a condition
    "bias at Young's price",
)


@pytest.mark.parametrize("name", QUICK)
def test_found_and_equal_to_what_is_known(name):
    rule = NAMED[name]
    found = kd.discover(rule.step(), rate=rule.rate)
    assert found.status == "PROVED", found.reason
    assert agreement(rule, found, count=3) == "yes"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(NAMED) - set(QUICK)))
def test_the_others(name):
    rule = NAMED[name]
    found = kd.discover(rule.step(), rate=rule.rate)
    assert found.status == "PROVED", found.reason
    assert agreement(rule, found) == "yes"


def test_a_larger_constant_is_not_the_least():
    step = NAMED["cocoercive operator"].step()
    family = family_of(step, None)
    least = sp.Max(1 - gamma * mu * (2 - gamma * L), (1 - gamma * L) ** 2)
    one = replace(family, conditions=(*family.conditions, 2 - gamma * L))
    assert not too_large(one, least.args[0] if least.args[0].has(mu) else least.args[1])[1]
    good, bad = too_large(one, 1 - gamma * mu * (2 - gamma * L) + sp.Rational(1, 1000))
    assert bad and not good


@pytest.mark.slow
def test_a_valid_constant_stops_where_a_smaller_one_is_true():
    """Relative errors: one set of multipliers proves its factor on the whole region, and the factor
    is the least one only where errors are large.
    """
    rule = NAMED["relative error, interpolation"]
    step = rule.step()
    first = search(family_of(step, None), lambda said: None)[1]
    assert len(first) == 2
    border = first[0][1]
    assert len(border) == 1 and {gamma, mu, L} < border[0].free_symbols
    agreement_at = kd.discover(step, rate=None)
    assert agreement(rule, agreement_at, count=8) == "yes"


def test_proposals_are_short_and_respect_what_must_cancel():
    rule = NAMED["Nesterov, strongly convex"]
    step = rule.step()
    family = family_of(step, step.rate(rule.rate))
    base = family.points(random.Random(0), 1)[0]
    first = next(plain.proposals(family, {}, base))
    q = step.letters[1]
    assert first == {"descent": 1, "between": 1 - q, "minimiser": q}


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("Nesterov, strongly convex", 2),
        ("heavy ball, PL", 3),
        ("SAGA, fixed potential", 4),
    ],
)
def test_a_faster_rate_is_not_proved(name, rate):
    rule = NAMED[name]
    found = kd.discover(rule.step(), rate=rate * rule.rate)
    assert found.status == "UNDECIDED" and found.constant is None
    assert "the least constant is between" in found.reason or "infinite" in found.reason


def test_a_root_that_is_not_real_everywhere_is_refused():
    """Without L > mu the root of 1 - 2 gamma mu + gamma^2 L^2 may be imaginary."""
    step = NAMED["relative error, one-point"].step()
    family = family_of(step, None)
    free = replace(family, conditions=tuple(x for x in family.conditions if x != L - mu))
    with pytest.raises(NotFound):
        search(free, lambda said: None)


def test_an_assumption_that_leaves_no_room_still_has_an_interval():
    """mu = L: the gradient is mu e, and nothing around it satisfies both assumptions."""
    step = NAMED["cocoercive operator"].step()
    point = {"gamma": sp.Rational(1, 10), "mu": 1, "L": 1}
    same = kd.OneStep(
        mean=step.mean,
        centred=(),
        after=step.after,
        before=step.before,
        slacks=step.slacks,
        data={},
        letters=step.letters,
    )
    low, high = same.worst_case(point, rate=None)
    assert low <= sp.Rational(81, 100) <= high and high - low < 1e-6
