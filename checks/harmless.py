"""Why a corruption that a checker accepts is harmless: it left the same certificate, by an exact
computation.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from kdtheory.algebra.vectors import norm_sq
from kdtheory.checks.corruptions import Corruption
from kdtheory.prover.obligations import Certificate, Identity, Obligation
from kdtheory.prover.sympy_checker import vanishes


def argument(change: Corruption) -> str:
    """Why an accepted change is harmless, by exact computation; empty when there is no such
    reason.
    """
    good, bad = change.good, change.bad
    if isinstance(good, Identity) or isinstance(bad, Identity):
        return _same_identity(good, bad)
    if good.region != bad.region:
        ours, theirs = good.region.slacks, bad.region.slacks
        changed = {x for x in {*ours, *theirs} if ours.get(x) != theirs.get(x)}
        same = good.region.substitutions == bad.region.substitutions and not changed & _used(bad)
        if same and replace(bad, region=good.region, name=good.name) == good:
            return "the condition changed is used nowhere: the same certificate without it"
        return ""
    if good.remainder != bad.remainder or good.multipliers != bad.multipliers:
        return ""
    if good.claim != bad.claim:
        same = good.squares == bad.squares and vanishes(good.region.resolve(good.claim - bad.claim))
        return "the same claim: the letter changed cancels in it" if same else ""
    if len(good.squares) == len(bad.squares) and all(
        v is w or vanishes(good.region.resolve(x * norm_sq(v) - y * norm_sq(w)))
        for (x, v), (y, w) in zip(good.squares, bad.squares, strict=True)
    ):
        return "the same square: E|v|^2 is the same expression"
    return ""


def _same_identity(good: Obligation, bad: Obligation) -> str:
    if (
        isinstance(good, Identity)
        and isinstance(bad, Identity)
        and vanishes(good.region.resolve(good.expression) - bad.region.resolve(bad.expression))
    ):
        return "the same expression"
    return ""


def _used(item: Certificate) -> set[sp.Basic]:
    inside = [
        item.claim,
        item.remainder,
        *item.multipliers.values(),
        *(key.slack for key in item.multipliers),
        *(w for w, _ in item.squares),
        *(x for _, v in item.squares for x in v.values()),
    ]
    return set().union(*(x.free_symbols for x in inside))
