"""Certificates as Coq theorems about vectors, by a walk of their own over the expressions.

``to_coq`` states a certificate for any number of terms N and any dimension d: its letters are inner
products of the vectors of ``OneStep.one_step``, its squares become calls of the lemma ``square``
(proved there from finite sums, not assumed).  Coq then checks signs by one walk (tactic
``positive``) and the identity by ``field``.  Nothing of the SymPy checker is used, and a wrong
multiplier, square or range makes the file fail to compile.  ``kdtheory.prover.coq_build`` runs Coq.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import sympy as sp

from kdtheory.algebra.assumptions import Assumption
from kdtheory.algebra.symbols import CENTRED, DETERMINISTIC, GRAM
from kdtheory.algebra.vectors import PAPER, Space, Vector
from kdtheory.prover import coq_own
from kdtheory.prover.obligations import Certificate, Identity, Obligation, Region
from kdtheory.prover.regions import witness

LIBRARY = "KDTheory"
FOLDER = "generated"
ORDER = DETERMINISTIC + CENTRED  # the order of OneStep.linear
_GRAM_NAME = {
    GRAM[u, v]: f"{u}_{v}"
    for block in (DETERMINISTIC, CENTRED)
    for i, u in enumerate(block)
    for v in block[i:]
}
ZERO = sp.Integer(0)


def identifier(name: str) -> str:
    """A certificate's or an assumption's name as a Coq identifier.

    Raises ValueError at a name that would not be one: it might end the sentence and begin another,
    with an axiom in it.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        raise ValueError(f"Coq export: {name[:40]!r} is no name; use letters, digits and hyphens")
    return name.replace("-", "_")


def term(expression: sp.Expr) -> str:
    """The expression in Coq's real numbers, fully bracketed; Gram letters are taken at the step
    ``P``.

    Raises ValueError at anything but +, *, integer powers, rational numbers and letters.
    """
    if isinstance(expression, sp.Integer):
        return str(expression) if expression >= 0 else f"({expression})"
    if isinstance(expression, sp.Rational):
        return f"({expression.p} / {expression.q})"
    if isinstance(expression, sp.Symbol):
        gram = _GRAM_NAME.get(expression)
        return expression.name if gram is None else f"{gram} P"
    if isinstance(expression, sp.Add):
        return "(" + " + ".join(term(part) for part in expression.args) + ")"
    if isinstance(expression, sp.Mul):
        return "(" + _product(expression.args) + ")"
    if isinstance(expression, sp.Pow) and isinstance(expression.exp, sp.Integer):
        if expression.exp < 0:
            return f"(/ {term(expression.base**-expression.exp)})"
        return f"({term(expression.base)} ^ {expression.exp})"
    raise ValueError(f"Coq export: {expression} is not built from +, *, integer powers and letters")


def _product(factors: Sequence[sp.Basic]) -> str:
    lower = [f for f in factors if isinstance(f, sp.Pow) and f.exp.is_negative]
    text = " * ".join(term(f) for f in factors if f not in lower) or "1"
    return text if not lower else f"{text} / ({' * '.join(term(f.base**-f.exp) for f in lower)})"


def _linear(vector: Vector) -> str:
    unknown = set(vector) - set(ORDER)
    if unknown:
        raise ValueError(f"Coq export: vectors {sorted(unknown)} are not among {ORDER}")
    parts = (vector.get(name, ZERO) for name in ORDER)
    return (
        "(Linear "
        + " ".join(f"({term(part)})" if part in _GRAM_NAME else term(part) for part in parts)
        + ")"
    )


def _letters(expressions: Iterable[sp.Expr]) -> set[sp.Symbol]:
    return {
        s
        for e in expressions
        for s in e.free_symbols
        if isinstance(s, sp.Symbol) and s not in _GRAM_NAME and not coq_own.is_entry(s)
    }


def _divisors(expressions: Iterable[sp.Expr]) -> set[sp.Expr]:
    return {
        node.base
        for e in expressions
        for node in sp.preorder_traversal(e)
        if isinstance(node, sp.Pow) and node.exp.is_negative
    }


def _sign(symbol: sp.Symbol, of: str) -> str:
    if symbol.is_positive:
        return f"0 < {of}"
    if symbol.is_nonnegative:
        return f"0 <= {of}"
    raise ValueError(f"Coq export: {symbol} is used as non-negative, but its sign is unknown")


@dataclass(frozen=True)
class _Parts:
    """A certificate after letters that merely say "this other letter is > 0" have been replaced by
    that letter.
    """

    claim: sp.Expr
    multipliers: list[tuple[Assumption, sp.Expr]]
    squares: list[tuple[sp.Expr, dict[str, sp.Expr]]]
    remainder: sp.Expr
    slacks: dict[sp.Symbol, sp.Expr]
    signs: dict[sp.Symbol, str]
    eliminated: dict[sp.Symbol, sp.Expr]

    @property
    def structural(self) -> list[sp.Expr]:
        """What Coq must see to be non-negative from the letters' signs."""
        weights = [w for w, _ in self.squares]
        return [*(m for a, m in self.multipliers if not a.equality), *weights, self.remainder]

    @property
    def everything(self) -> list[sp.Expr]:
        """All expressions of the statement and of its proof."""
        inside = [
            self.claim,
            self.remainder,
            *(m for _, m in self.multipliers),
            *(a.slack for a, _ in self.multipliers),
            *(w for w, _ in self.squares),
            *(c for _, v in self.squares for c in v.values()),
        ]
        return [*inside, *self.slacks.values(), *self.eliminated.values()]


def _parts(certificate: Certificate) -> _Parts:
    region = certificate.region
    same = {s: e for s, e in region.slacks.items() if isinstance(e, sp.Symbol)}

    def clean(expression: sp.Expr) -> sp.Expr:
        return expression.xreplace(same)

    parts = _Parts(
        certificate.claim.xreplace(dict(region.slacks)),  # a theorem speaks of no letter of a proof
        [(a, clean(m)) for a, m in certificate.multipliers.items()],
        [(clean(w), {n: clean(c) for n, c in v.items()}) for w, v in certificate.squares],
        clean(certificate.remainder),
        {},
        {e: _sign(s, e.name) for s, e in same.items()},
        {},
    )
    inside = parts.everything
    # A condition is stated when a multiplier or a denominator needs it; what is idle stays out of
    # the theorem.
    parts.slacks.update(
        {
            s: e
            for s, e in region.slacks.items()
            if s not in same and (s in _letters(inside) or e in _divisors(inside))
        }
    )
    parts.slacks.update(_unseen_divisors([parts.claim], parts.slacks.values()))
    reached = _letters([*inside, *parts.slacks.values()])
    parts.eliminated.update({s: e for s, e in region.substitutions.items() if s in reached})
    return parts


def _visibly_positive(expression: sp.Expr) -> bool:
    if isinstance(expression, sp.Add | sp.Mul):
        return all(_visibly_positive(part) for part in expression.args)
    return bool(expression.is_positive) and not (
        isinstance(expression, sp.Pow) and not _visibly_positive(expression.base)
    )


def _unseen_divisors(
    expressions: Iterable[sp.Expr], known: Iterable[sp.Expr]
) -> dict[sp.Symbol, sp.Expr]:
    """Sums that are divided by and are not positive by sight: the theorem then assumes that they
    are not 0.
    """
    sums = {
        d for d in _divisors(expressions) if isinstance(d, sp.Add) and not _visibly_positive(d)
    } - set(known)
    return {sp.Dummy(f"divisor_{i}"): d for i, d in enumerate(sorted(sums, key=term))}


def _hypotheses(parts: _Parts) -> list[str]:
    # A real letter may stand in an even power; if its sign were needed after all, Coq refuses the
    # file.
    inside = _letters([*parts.structural, *_divisors(parts.everything)]) - set(parts.slacks)
    positive = {s for s in inside if s in parts.signs or s.is_nonnegative}
    lines = [
        f"({s}_sign : {parts.signs.get(s) or _sign(s, s.name)})" for s in sorted(positive, key=str)
    ]
    lines += [
        f"({s.name}_sign : {_sign(s, term(e)) if s.is_nonnegative else f'{term(e)} <> 0'})"
        for s, e in parts.slacks.items()
    ]
    lines += [f"({s}_elimination : {s} = {term(e)})" for s, e in parts.eliminated.items()]
    lines += [
        f"({identifier(a.name)} : "
        + (f"{term(a.slack)} = 0)" if a.equality else f"0 <= {term(a.slack)})")
        for a, _ in parts.multipliers
    ]
    return lines


def _identity(parts: _Parts) -> str:
    """The tactic for the identity: clear denominators written with slack letters first, then
    replace the letters.
    """
    divisors = _divisors(parts.everything)
    early = [
        s for s, e in parts.slacks.items() if _divisors([e]) & set(parts.slacks.values())
    ]  # definitions that divide by another
    late = [s for s in parts.slacks if s not in early]
    first = "".join(f"try rewrite {s.name}_definition; " for s in early)
    again = "".join(f"try rewrite <- {s.name}_definition; " for s in late) if early else ""
    names = (
        *(f"{s.name}_definition" for s in late),
        *(f"{s}_elimination" for s in parts.eliminated),
    )
    replace = "".join(f"try rewrite {name}; " for name in names)
    if {*parts.slacks, *parts.eliminated} & _letters(divisors) or divisors & set(
        parts.slacks.values()
    ):
        return f"{first}{again}field_simplify_eq; [{replace}field; nonzero|nonzero ..]."
    return f"{first}{replace}field; nonzero."


def _gram_definitions(parts: _Parts) -> str:
    """Letters that stand for Gram letters are replaced first: once the Gram letters are variables,
    their definitions no longer fit.
    """
    names = [
        f"{s.name}_definition"
        for s, e in parts.slacks.items()
        if e.free_symbols & _GRAM_NAME.keys()
    ]
    names += [
        f"{s}_elimination"
        for s, e in parts.eliminated.items()
        if e.free_symbols & _GRAM_NAME.keys()
    ]
    return "".join(f"try rewrite {name}; " for name in names).replace("; ", ". ")


def to_coq(obligation: Obligation) -> str:
    """One Coq file: a certificate as theorem ``<name>_certificate`` about vectors, an identity as
    ``<name>_identity``.

    Raises ValueError when the obligation holds something that is no rational expression in signed
    letters, or lists an idle assumption.
    """
    return (
        _identity_file(obligation)
        if isinstance(obligation, Identity)
        else _certificate_file(obligation)
    )


def region_lemma(obligation: Obligation) -> str:
    """Coq's proof that the region has a point in it; empty when the region says nothing.  The point
    is a hint, Coq checks it.

    Raises ValueError when no point is found.
    """
    region = obligation.region
    if not region.slacks and not region.substitutions:
        return ""
    point = witness(region)
    if point is None:
        raise ValueError("Coq export: no point found that satisfies the region")
    meanings = [*region.slacks.values(), *region.substitutions.values()]
    # Here an entry of a Gram matrix is a number like any other: there are no vectors to make it.
    entries = {
        s: sp.Dummy(s.name, nonnegative=s.is_nonnegative or None)
        for s in sorted(set().union(*(e.free_symbols for e in meanings)), key=str)
        if s in _GRAM_NAME
    }
    point |= {letter: point[s] for s, letter in entries.items()}
    slacks = {s: e.xreplace(entries) for s, e in region.slacks.items()}
    eliminated = {s: e.xreplace(entries) for s, e in region.substitutions.items()}
    free = sorted(_letters([*slacks.values(), *eliminated.values()]) - eliminated.keys(), key=str)
    # A positive symbol is non-negative too.
    conditions = [_sign(s, s.name) for s in free if s.is_nonnegative]
    conditions += [f"{s.name} = {term(e)} /\\ {_sign(s, s.name)}" for s, e in eliminated.items()]
    conditions += [_sign(s, term(e)) for s, e in slacks.items()]
    order = [*free, *region.substitutions]
    return "\n".join(
        [
            (
                f"Lemma {identifier(obligation.name)}_region_has_a_point : exists"
                f" {' '.join(s.name for s in order)} : R,"
            ),
            "  " + " /\\ ".join(conditions) + ".",
            (
                "Proof. exists"
                f" {', '.join(f'({point[s].numerator} / {point[s].denominator})' for s in order)}."
                " repeat split; lra. Qed."
            ),
            "",
        ]
    )


def _value(expression: sp.Expr, region: Region, at: Mapping[sp.Symbol, Fraction]) -> Fraction:
    if isinstance(expression, sp.Symbol):
        meaning = region.slacks.get(expression, region.substitutions.get(expression))
        return at[expression] if meaning is None else _value(meaning, region, at)
    if isinstance(expression, sp.Rational):
        return Fraction(int(expression.p), int(expression.q))
    parts = [_value(part, region, at) for part in expression.args]
    if isinstance(expression, sp.Add):
        return sum(parts, Fraction(0))
    if isinstance(expression, sp.Pow):
        return Fraction(parts[0] ** int(parts[1]))
    product = Fraction(1)
    for part in parts:
        product *= part
    return product


def _idle(multiplier: sp.Expr, region: Region) -> bool:
    """Whether the multiplier is 0 at three random points: for all practical purposes it is 0 then;
    a value that is not 0 settles it.
    """
    term(multiplier)  # rational, or a complaint
    draw = random.Random(0)
    letters = _letters([multiplier, *region.slacks.values(), *region.substitutions.values()])
    points = [
        {
            letter: Fraction(draw.randint(1, 10**6), draw.randint(1, 10**6))
            for letter in sorted(letters, key=str)
        }
        for _ in range(3)
    ]
    try:
        return all(_value(multiplier, region, point) == 0 for point in points)
    except ZeroDivisionError as error:
        raise ValueError(f"Coq export: the multiplier {multiplier} divides by 0") from error


def _identity_file(identity: Identity) -> str:
    """Letters are plain real numbers, and whatever is divided by is assumed not to be 0."""
    plain = {letter: sp.Dummy(name) for letter, name in _GRAM_NAME.items()}
    expression = identity.region.resolve(identity.expression).xreplace(plain)
    # No letter's sign is stated here, so that every sum that is divided by has to be assumed not 0.
    sums = {
        sp.Dummy(f"divisor_{i}"): d
        for i, d in enumerate(
            sorted((d for d in _divisors([expression]) if isinstance(d, sp.Add)), key=term)
        )
    }
    divisors = sorted(
        {s.name for s in _divisors([expression]) if isinstance(s, sp.Symbol)}
        | {s.name for d in sums.values() for s in _divisors([d]) if isinstance(s, sp.Symbol)}
    )
    free = sorted(s.name for s in expression.free_symbols if isinstance(s, sp.Symbol))
    late = "".join(f"try rewrite {s.name}_definition; " for s in sums)
    return "\n".join(
        [
            (
                f'(** Generated from the identity "{identity.name}" by kdtheory.prover.coq; do not'
                " edit. *)"
            ),
            "",
            f"Require Import {LIBRARY}.OneStep.",
            "",
            f"Theorem {identifier(identity.name)}_identity"
            + (f" ({' '.join(free)} : R)" if free else ""),
            *(f"  ({name}_nonzero : {name} <> 0)" for name in divisors),
            *(f"  ({s.name}_sign : {term(d)} <> 0)" for s, d in sums.items()),
            f"  : {term(expression)} = 0.",
            "Proof.",
            *(
                f"  abbreviate {term(d)} as_letter {s.name} by_definition {s.name}_definition"
                f" positive_by {s.name}_sign."
                for s, d in sums.items()
            ),
            (
                f"  field_simplify_eq; [{late}field; nonzero|nonzero ..]."
                if sums
                else "  field; nonzero."
                if divisors
                else "  ring."
            ),
            "Qed.",
            "",
        ]
    )


def _variables(space: Space, own: bool) -> str:
    return coq_own.variables(space) if own else "variables P. "


def _certificate_file(certificate: Certificate) -> str:
    idle = [a.name for a, m in certificate.multipliers.items() if _idle(m, certificate.region)]
    if idle:
        raise ValueError(f"Coq export: {idle[0]} is listed but has multiplier 0")
    own = certificate.space != PAPER
    certificate = coq_own.safe(certificate) if own else certificate
    space = certificate.space
    parts = _parts(certificate)
    vectors = bool(parts.squares) or any(
        e.free_symbols & _GRAM_NAME.keys() or any(map(coq_own.is_entry, e.free_symbols))
        for e in parts.everything
    )
    free = sorted(_letters(parts.everything) - parts.slacks.keys(), key=str)
    summands = [
        (
            f"{term(m)} * {term(a.slack)}",
            (
                f"rewrite {identifier(a.name)}, Rmult_0_r; apply Rle_refl."
                if a.equality
                else f"apply Rmult_le_pos; [positive|exact {identifier(a.name)}]."
            ),
        )
        for a, m in parts.multipliers
    ]
    for w, v in parts.squares:
        text, lemma = (
            coq_own.square(space, v, term)
            if own
            else (f"form P {_linear(v)} {_linear(v)}", "square")
        )
        summands.append((f"{term(w)} * {text}", f"apply Rmult_le_pos; [positive|apply {lemma}]."))
    if parts.remainder != 0 or not summands:
        summands.append((term(parts.remainder), "positive."))
    binders = " ".join(
        ([f"(P : {'moments' if own else 'one_step'})"] if vectors else [])
        + ([f"({' '.join(s.name for s in free)} : R)"] if free else [])
    )
    return "\n".join(
        [
            (
                f'(** Generated from the certificate "{certificate.name}" by kdtheory.prover.coq;'
                " do not edit. *)"
            ),
            "",
            f"Require Import {LIBRARY}.{'Moments' if own else 'OneStep'}.",
            *(["Import ListNotations."] if own else []),
            "",
            f"Theorem {identifier(certificate.name)}_certificate {binders}",
            *(f"  {line}" for line in _hypotheses(parts)),
            f"  : 0 <= {term(parts.claim)}.",
            "Proof.",
            *(
                f"  abbreviate {term(e)} as_letter {s.name} by_definition {s.name}_definition"
                f" positive_by {s.name}_sign."
                for s, e in parts.slacks.items()
            ),
            "  apply (by_identity _ (",
            "    " + "\n    + ".join(f"({text})" for text, _ in summands) + ")).",
            (
                f"  {{ {_gram_definitions(parts)}"
                f"{_variables(space, own) if vectors else ''}{_identity(parts)} }}"
            ),
            *(["  repeat apply Rplus_le_le_0_compat."] if len(summands) > 1 else []),
            *(f"  - {tactic}" for _, tactic in summands),
            "Qed.",
            "",
        ]
    )


def generate(certificates: Sequence[Obligation]) -> dict[str, str]:
    """File name (inside ``generated/``) to text, one file per obligation.  Raises ValueError when
    two share a name.
    """
    files = {f"{identifier(c.name)}.v": to_coq(c) for c in certificates}
    if len(files) != len(certificates):
        raise ValueError(
            f"Coq export: {len(certificates)} certificates have only {len(files)} different names"
        )
    return files


def drift(folder: Path, certificates: Sequence[Obligation]) -> list[str]:
    """One sentence per generated file that is missing, stale or superfluous in
    ``folder/generated``; empty when all is well.
    """
    expected = generate(certificates)
    present = {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted((folder / FOLDER).glob("*.v"))
    }
    complaints = [f"{name} is missing" for name in expected if name not in present]
    complaints += [
        f"{name} differs from its certificate"
        for name, text in expected.items()
        if present.get(name, text) != text
    ]
    return complaints + [
        f"{name} belongs to no certificate" for name in present if name not in expected
    ]


def write(folder: Path, certificates: Sequence[Obligation]) -> None:
    """Make ``folder/generated`` hold exactly the generated files."""
    expected = generate(certificates)
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    for path in (folder / FOLDER).glob("*.v"):
        if path.name not in expected:
            path.unlink()
    for name, text in expected.items():
        (folder / FOLDER / name).write_text(text, encoding="utf-8")
