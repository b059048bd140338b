"""Rules whose constants are known, given to ``discover`` as they stand on paper.

``python -m kdtheory.checks.known_rules`` writes docs/discovery.md: what was found, whether it
agrees with what is known, and what was not found; with words after it, only the rules that have one
of them in their name, to the terminal.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import sympy as sp

from kdtheory.checks.rule import KnownRule
from kdtheory.checks.rules_listed import LISTED
from kdtheory.checks.rules_operators import OPERATORS
from kdtheory.checks.rules_potentials import POTENTIALS
from kdtheory.checks.rules_steps import STEPS
from kdtheory.discovery.family import family_of
from kdtheory.discovery.result import Discovery, discover

RULES = (*LISTED, *STEPS, *OPERATORS, *POTENTIALS)
SHORT = 120  # characters of a constant that the table shows


def agreement(rule: KnownRule, found: Discovery, *, count: int = 5) -> str:
    """ "yes" where the closed form lies in the worst case's interval and equals what is known at
    fresh points; else what differs.
    """
    step = rule.step()
    assert found.constant is not None
    for at in family_of(step, step.rate(rule.rate)).points(random.Random(9), count):
        here = {z: sp.Rational(x.numerator, x.denominator) for z, x in at.items()}
        value = sp.N(found.constant.xreplace(here), 30)
        low, high = step.worst_case(dict(at), rate=rule.rate)
        if not float(low) * (1 - 1e-9) <= float(value) <= float(high) * (1 + 1e-9):
            return f"no: {float(value)} outside the worst case [{float(low)}, {float(high)}]"
        if rule.known is not None:
            known = sp.N(rule.known.xreplace(here), 30)
            if abs(known - value) > Fraction(1, 10**12) * abs(known):
                return f"no: {float(known)} is known, {float(value)} was found"
    return "yes"


def table(rules: Sequence[KnownRule] = RULES) -> str:
    """The page's table; processor seconds, one rule after the other."""
    lines = [
        "| rule | found | regimes | known from | agrees | seconds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for rule in rules:
        start = time.process_time()
        found = discover(rule.step(), rate=rule.rate)
        spent = time.process_time() - start
        if found.constant is not None:
            agrees = agreement(rule, found)
            text = f"`{found.constant}`" if len(str(found.constant)) < SHORT else "yes"
            regimes = str(len(found.regimes))
        else:
            agrees, text, regimes = "", f"no: {found.reason}", ""
        source = rule.source or "(new)"
        lines.append(f"| {rule.name} | {text} | {regimes} | {source} | {agrees} | {spent:.1f} |")
        print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    wanted = [rule for rule in RULES if any(word in rule.name for word in sys.argv[1:])]
    rows = table(wanted if sys.argv[1:] else RULES)
    if not sys.argv[1:]:
        page = Path(__file__).parents[1] / "docs" / "discovery.md"
        text = page.read_text(encoding="utf-8")
        head, tail = text.split("<!-- table -->")[0], text.split("<!-- end -->")[-1]
        page.write_text(f"{head}<!-- table -->\n{rows}\n<!-- end -->{tail}", encoding="utf-8")
