"""``discover``: the least constant of a step in closed form, with its proof."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.discovery import tex
from kdtheory.discovery.assembly import Argument
from kdtheory.discovery.bracket import bracket
from kdtheory.discovery.family import Family, family_of
from kdtheory.discovery.multipliers import NotFound
from kdtheory.discovery.roots import back
from kdtheory.discovery.search import search
from kdtheory.discovery.step import OneStep
from kdtheory.errors import InvalidInput, MissingTool
from kdtheory.prover import coq, coq_build, smt, solvers, sympy_checker
from kdtheory.prover.checkers import named
from kdtheory.prover.obligations import Certificate
from kdtheory.statements.theorems import Theorem

# the installed sources of Coq's base, beside this package
COQ_SOURCES = Path(str(files("kdtheory.proofs") / "coq"))


@dataclass(frozen=True)
class Regime:
    """Where all ``borders`` are >= 0 the least constant is ``constant``, by ``certificate``."""

    borders: tuple[sp.Expr, ...]
    constant: sp.Expr
    multipliers: Mapping[str, sp.Expr]
    certificate: Certificate


@dataclass(frozen=True)
class Discovery:
    """What was found.

    ``status`` is PROVED when the certificates of ``regimes`` cover the whole region and every
    checker accepted every one of them; else UNDECIDED, with the ``reason``, and nothing is claimed.
    ``constant`` and ``multipliers`` are in the caller's symbols, Piecewise where there are several
    regimes.

    >>> import kdtheory as kd
    >>> sorted(kd.Discovery.__dataclass_fields__)[:3]
    ['constant', 'multipliers', 'rate']
    """

    status: str
    reason: str
    constant: sp.Expr | None
    multipliers: Mapping[str, sp.Expr]
    regimes: tuple[Regime, ...]
    theorem: Theorem | None
    seconds: float
    step: OneStep
    rate: sp.Expr | None

    @property
    def certificate(self) -> Certificate | None:
        """The certificate; the first one where there are several regimes."""
        return self.regimes[0].certificate if self.regimes else None

    def to_coq(self) -> str:
        """Every certificate as a Coq theorem about vectors of any dimension over
        ``KDTheory.Moments``; empty where nothing was found.
        """
        return "\n".join(coq.to_coq(item.certificate) for item in self.regimes)

    def to_smt2(self) -> str:
        """All questions about all certificates as one SMT-LIB file."""
        return smt.RESET.join(smt.to_smt2(item.certificate) for item in self.regimes)

    def to_latex(self) -> str:
        """The claim with its conditions and every certificate line by line."""
        head = tex.claim(self.step, self.rate, self.constant)
        parts = [tex.certificate(self.step, item.certificate) for item in self.regimes]
        return "\n\n".join([head, *(parts or [self.reason])])


def discover(
    step: OneStep,
    *,
    rate: Any,
    checkers: str | Sequence[str] = ("sympy",),
    progress: Callable[[str], None] = lambda said: None,
) -> Discovery:
    """The least T with E V(x+) <= (1 - rate) V(x) + T as a function of the letters, with its proof
    on the whole region; for ``rate=None`` the least factor of V(x).

    The multipliers are found by numbers (a semidefinite program at many points, then Newton, then
    interpolation) and believed only after the checkers have expanded the certificate.

    Args:
        step: the step.
        rate: an expression in the letters, a number, or None for a step without data.
        checkers: names out of "sympy", "z3", "cvc5", "coq"; PROVED needs all of them.
        progress: is told what is tried.

    Raises:
        InvalidInput: an unknown checker, or a rate that the step does not understand.
        MissingTool: python-flint is not installed.

    >>> import kdtheory as kd, sympy as sp
    >>> h, s = sp.symbols('h s', positive=True)
    >>> step = kd.OneStep(mean=('e',), centred=('N',), before={('e', 'e'): 1}, slacks={},
    ...                   after={('e', 'e'): (1 - h)**2, ('N', 'N'): 1},
    ...                   data={'noise': ({('N', 'N'): 1}, s)}, letters=(h, s), conditions=(1 - h,))
    >>> found = kd.discover(step, rate=h)
    >>> found.status, found.constant
    ('PROVED', s)
    """
    start = time.perf_counter()
    checkers = named(checkers)
    own = step.rate(rate)
    names = {letter: step.symbols[letter.name] for letter in step.letters}

    def open_(reason: str) -> Discovery:
        spent = time.perf_counter() - start
        reason += _numbers(step, own)
        return Discovery("UNDECIDED", reason, None, {}, (), None, spent, step, own)

    try:
        family, found = search(family_of(step, own), progress)
    except NotFound as error:
        return open_(f"{error}")
    complaint = _checked([item.certificate for item, _ in found], checkers, progress)
    if complaint:
        return open_(complaint)
    regimes = tuple(_regime(item, borders, family, names) for item, borders in found)
    constant = _pieces([(item.borders, item.constant) for item in regimes])
    multipliers = {
        row: _pieces([(item.borders, item.multipliers.get(row, sp.Integer(0))) for item in regimes])
        for row in dict.fromkeys(row for item in regimes for row in item.multipliers)
    }
    count = f"{len(regimes)} regimes" if len(regimes) > 1 else "one regime"
    reason = f"{count}, accepted by {', '.join(checkers)}"
    theorem = _theorem(step, None if own is None else own.xreplace(names), constant)
    spent = time.perf_counter() - start
    return Discovery("PROVED", reason, constant, multipliers, regimes, theorem, spent, step, own)


def _numbers(step: OneStep, rate: sp.Expr | None) -> str:
    """The interval at one point of the region, for where there is no theorem."""
    for at in family_of(step, rate).points(random.Random(0), 1):
        where = ", ".join(f"{letter} = {value}" for letter, value in at.items())
        try:
            found = bracket(step.program(at, rate), "the worst case")
        except InvalidInput as error:
            return f"; at {where}: {error}"
        low, high = (f"{float(x):.8g}" for x in (found.low, found.high))
        return f"; at {where} the least constant is between {low} and {high}"
    return ""


def _regime(
    item: Argument, borders: Sequence[sp.Expr], family: Family, names: Mapping[sp.Symbol, sp.Symbol]
) -> Regime:
    def own(expression: sp.Expr) -> sp.Expr:
        return back(expression, family).xreplace(dict(names))

    return Regime(
        tuple(own(border) for border in borders),
        own(item.constant),
        {row: own(value) for row, value in item.multipliers.items()},
        item.certificate,
    )


def _pieces(parts: Sequence[tuple[Sequence[sp.Expr], sp.Expr]]) -> sp.Expr:
    """One expression; the last regime is all that the others leave."""
    if len({value for _, value in parts}) == 1:
        return parts[0][1]
    pairs = [
        (value, sp.And(*(sp.Ge(border, 0) for border in borders))) for borders, value in parts[:-1]
    ]
    return sp.Piecewise(*pairs, (parts[-1][1], True))


def _checked(
    certificates: Sequence[Certificate], checkers: Sequence[str], progress: Callable[[str], None]
) -> str:
    """The first complaint of a checker; empty when all accept."""
    for checker in checkers:
        for item in certificates:
            progress(f"{item.name}: asking {checker}")
            if checker == "coq":
                said = _by_coq(item)
            elif checker == "sympy":
                result = sympy_checker.check(item)
                said = "" if result.status == "PROVED" else result.reason
            else:
                try:
                    result = solvers.check(item, checker)
                except MissingTool as error:
                    return str(error)
                said = "" if result.status == "PROVED" else result.reason
            if said:
                return f"{checker}: {said}"
    return "" if checkers else "no checker was asked"


def _by_coq(item: Certificate) -> str:
    report = coq_build.check(COQ_SOURCES, [item])[item.name]
    return "" if report.status == "PROVED" else f"{item.name}: {report.reason}"


def _theorem(step: OneStep, rate: sp.Expr | None, constant: sp.Expr) -> Theorem:
    """The claim for t steps: one step again and again, in the mean."""
    if rate is None:
        psi, rhs = constant * sym.s, constant**sym.t * sym.s0
    else:
        psi = (1 - rate) * sym.s + constant
        power = (1 - rate) ** sym.t
        rhs = power * sym.s0 + constant * (1 - power) / rate
        if rate == 0:
            rhs = sym.s0 + sym.t * constant
    return Theorem(
        "discovered",
        "A one-step claim of one's own",
        "discover",
        (),
        "upper",
        "own",
        sym.own("E V(x^t)", "real"),
        rhs,
        psi=psi,
    )
