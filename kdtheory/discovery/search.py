"""The search: one regime after the other, until the whole region is covered or it gives up."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.discovery.assembly import renamed
from kdtheory.discovery.attained import border, too_large
from kdtheory.discovery.bracket import bracket
from kdtheory.discovery.family import SPARED, Family, Point
from kdtheory.discovery.inhabited import complaint
from kdtheory.discovery.multipliers import NotFound, functions
from kdtheory.discovery.plain import proposals
from kdtheory.discovery.regime import BORDERS, Regime, proved
from kdtheory.discovery.roots import irrational, rationalised
from kdtheory.discovery.sampling import Sampler
from kdtheory.errors import InvalidInput

BASES = 4  # base points tried in a regime
REGIMES = 8  # at the most
LOOKS = 30  # points at which a claim is tried
VECTORS = 2  # of which as much as possible is spared, where multipliers are not unique
ROOTS = 2  # letters replaced by roots, at the most

Way = Callable[[Family, Point], Regime]


def search(family: Family, progress: Callable[[str], None]) -> tuple[Family, list[Regime]]:
    """Certificates whose regions cover the whole region, each with the borders (>= 0) that enclose
    it, and the family they are about (with roots as letters where they are needed).

    Raises:
        NotFound: with the reason.
    """
    if not family.letters:  # functions of one letter that nothing depends on
        family = replace(family, letters=(sym.own("one"),))
    if not family.points(random.Random(0), 1):
        raise NotFound("no point was found that satisfies the conditions")
    nothing = complaint(family.step, family.points(random.Random(5), BASES))
    if nothing:
        raise NotFound(nothing)
    _possible(family)
    if family.pure:
        with suppress(NotFound):
            return family, list(_regimes(family, progress, _plainly))
    for _ in range(ROOTS + 1):
        digits = irrational(family)
        if not digits:
            return family, list(_regimes(family, progress))
        progress("the multipliers are not rational: looking for the root in them")
        better = rationalised(family, digits)
        if better is None:
            raise NotFound(
                "the multipliers are not rational at a rational point, and no square root of a"
                " product of letters and conditions makes them so"
            )
        family = better
    raise NotFound(f"more than {ROOTS} square roots would be needed")


def _possible(family: Family) -> None:
    """A pure claim fails for good where no multipliers prove it at some point.

    Raises:
        NotFound: with the point.
    """
    if not family.pure:
        return
    for at in family.spread(random.Random(4), LOOKS):
        try:
            bracket(family.program(at), "multipliers")
        except InvalidInput as error:
            where = ", ".join(f"{letter} = {value}" for letter, value in at.items())
            raise NotFound(f"no multipliers show it at {where}") from error


def _sampler(family: Family, base: Point) -> Sampler:
    sampler = Sampler(family, base)
    found = sampler.exact(base, most_bits=1024)
    if found is None:
        where = ", ".join(f"{letter} = {value}" for letter, value in base.items())
        raise NotFound(f"the solver finds no finite constant at {where}")
    sampler.shape = found.shape
    return sampler


def _regimes(
    family: Family, progress: Callable[[str], None], at: Way | None = None
) -> Iterator[Regime]:
    """A certificate, then the rest of the region, border by border."""
    waiting: list[Family] = [family]
    for count in itertools.count():
        if not waiting:
            return
        if count >= REGIMES:
            raise NotFound(f"more than {REGIMES} regimes would be needed")
        here = waiting.pop(0)
        progress(f"regime {count + 1}: multipliers by interpolation, then their signs")
        found, borders = _one(here, at or _at)
        name = f"regime-{count + 1}" if count or borders else "discovered"
        yield renamed(found, name), (*here.borders, *borders)
        for i, item in enumerate(borders):
            there = replace(here, borders=(*here.borders, *borders[:i], -item))
            if not there.points(random.Random(3), 1):
                raise NotFound(f"it was not shown that {item} >= 0 everywhere")
            waiting.append(there)


def _one(family: Family, at: Way) -> Regime:
    """The argument at a base point of the region, and the borders that it needs beyond the given
    ones.
    """
    reasons: list[str] = []
    for base in family.points(random.Random(0), 1 if family.pure else BASES):
        try:
            return at(family, base)
        except NotFound as error:
            reasons.append(str(error))
    raise NotFound(reasons[0] if reasons else "no point was found that satisfies the conditions")


def _at(family: Family, base: Point) -> Regime:
    """The first multipliers at a point that lead to a proof.

    Raises:
        NotFound: with the reason for the first ones.
    """
    reasons: list[str] = []
    shape = None if family.pure else _sampler(family, base).shape
    if shape is not None and not shape.unique:
        with suppress(NotFound):
            return _plainly(family, base)
    for definite in _definite(family):
        try:
            sampler = _sampler(_with_few_rows(definite, base), base)
            found = functions(sampler)
            found.pop(SPARED, None)
            return proved(family, base, found) if family.pure else _least(family, sampler, found)
        except NotFound as error:
            reasons.append(str(error))
    raise NotFound(reasons[0] if reasons else "there is no vector whose square could be spared")


def _least(family: Family, sampler: Sampler, found: Mapping[str, sp.Expr]) -> Regime:
    """The proof, in a region where no smaller constant is true (as far as samples see)."""
    here: tuple[sp.Expr, ...] = ()
    for _ in range(BORDERS + 1):
        narrowed = replace(family, borders=(*family.borders, *here))
        proof, borders = proved(narrowed, sampler.base, found)
        inside = replace(narrowed, borders=(*narrowed.borders, *borders))
        good, bad = too_large(inside, proof.constant)
        if not bad:
            return proof, (*here, *borders)
        here += (border(sampler, good, bad),)
    raise NotFound(f"the regime around one point has more than {BORDERS} borders")


def _plainly(family: Family, base: Point) -> Regime:
    """Where multipliers are not unique: the first of the short ones that lead to a proof, of the
    whole region if there are such.
    """
    fixed: dict[str, sp.Expr] = {}
    if not family.pure:
        fixed = functions(replace(_sampler(family, base), only=family.counted))
    narrow: list[Regime] = []
    for proposal in proposals(family, fixed, base):
        with suppress(NotFound):
            proof, borders = proved(family, base, proposal)
            if not borders:
                return proof, borders
            narrow.append((proof, borders))
    if narrow:
        return narrow[0]
    raise NotFound("no short multipliers lead to a proof")


def _definite(family: Family) -> Iterator[Family]:
    """The family itself; for a pure one, those that spare most of one vector."""
    if not family.pure:
        yield family
        return
    vectors = (*reversed(family.step.mean), *family.step.centred)
    yield from (family.tightened(vector) for vector in vectors[:VECTORS])


def _with_few_rows(family: Family, base: Point) -> Family:
    """The family without assumptions that the worst case does not need, so that the multipliers are
    determined.
    """
    sampler = _sampler(family, base)
    assert sampler.shape is not None
    names = list(family.rows)
    kept = replace(
        family,
        rows={
            name: item
            for i, (name, item) in enumerate(family.rows.items())
            if i in sampler.shape.active
        },
    )
    if sampler.shape.unique:
        return family
    program = family.program(base)
    exact = sampler.exact(base, most_bits=256)
    assert exact is not None
    value = program.value(exact.digits)
    for name in names:
        if name not in kept.rows or len(kept.rows) == 1:
            continue
        fewer = kept.without(name)
        own = Sampler(fewer, base).exact(base, most_bits=256)
        if (
            own is not None
            and abs(fewer.program(base).value(own.digits) - value) <= abs(value) / 10**9
        ):
            kept = fewer
            if own.shape.unique:
                return kept
    return kept
