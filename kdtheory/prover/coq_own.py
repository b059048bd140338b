"""Certificates about somebody's own vectors, made ready for Coq: safe names, and Gram letters as
entries ``mm P i j`` (deterministic) and ``cc P i j`` (centred) of ``proofs/coq/Moments.v``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.vectors import Space, Vector
from kdtheory.prover.obligations import Certificate, Region

ENTRY = re.compile(r"(mm|cc) P ([0-9]+) ([0-9]+)")
# what a letter must not be called in a generated file
_KEYWORDS = (
    "as at cofix cons cc else end exists exists2 fix for forall form fun if IF in let letter match",
    "mm mod moments nil P Prop quadratic R return row Set SProp then Type using where with",
)
RESERVED = frozenset(word for line in _KEYWORDS for word in line.split())


def is_entry(letter: sp.Symbol) -> bool:
    """Whether the letter stands for a Gram entry of own vectors."""
    return ENTRY.fullmatch(letter.name) is not None


def safe(certificate: Certificate) -> Certificate:
    """The certificate with every name one that Coq can read."""
    space = certificate.space
    swap: dict[sp.Symbol, sp.Symbol] = {}
    for kind, block in (("mm", space.mean), ("cc", space.centred)):
        for i, u in enumerate(block):
            for j in range(i, len(block)):
                letter = space.gram[u, block[j]]
                swap[letter] = sym.own(f"{kind} P {i} {j}", "nonnegative" if i == j else "real")
    for letter in sorted(_letters(certificate) - swap.keys(), key=str):
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", letter.name) or letter.name in RESERVED:
            name = "x_" + re.sub(r"[^A-Za-z0-9_]", "_", letter.name)
            swap[letter] = sym.own(
                name,
                "positive"
                if letter.is_positive
                else "nonnegative"
                if letter.is_nonnegative
                else "real",
            )

    def own(expression: sp.Expr) -> sp.Expr:
        return expression.xreplace(swap)

    facts = {
        replace(item, name=f"fact-{i + 1}", slack=own(item.slack)): own(weight)
        for i, (item, weight) in enumerate(certificate.multipliers.items())
    }
    region = Region(
        {swap.get(z, z): own(e) for z, e in certificate.region.slacks.items()},
        {swap.get(z, z): own(e) for z, e in certificate.region.substitutions.items()},
    )
    return replace(
        certificate,
        claim=own(certificate.claim),
        multipliers=facts,
        squares=tuple(
            (own(weight), {name: own(x) for name, x in vector.items()})
            for weight, vector in certificate.squares
        ),
        remainder=own(certificate.remainder),
        region=region,
    )


def _letters(certificate: Certificate) -> set[sp.Symbol]:
    parts: list[sp.Expr] = [certificate.claim, certificate.remainder]
    parts += [item.slack for item in certificate.multipliers] + [*certificate.multipliers.values()]
    parts += [weight for weight, _ in certificate.squares]
    parts += [x for _, vector in certificate.squares for x in vector.values()]
    region = certificate.region
    parts += [*region.slacks, *region.slacks.values()]
    parts += [*region.substitutions, *region.substitutions.values()]
    return {letter for part in parts for letter in part.free_symbols}


def entries(space: Space) -> list[str]:
    """Every Gram entry, as it is written in Coq."""
    return [
        f"({kind} P {i} {j})"
        for kind, block in (("mm", space.mean), ("cc", space.centred))
        for i in range(len(block))
        for j in range(i, len(block))
    ]


def variables(space: Space) -> str:
    """The tactic that makes variables of all Gram entries."""
    turned = [
        f"rewrite ?({kind}_sym P {j} {i}). "
        for kind, block in (("mm", space.mean), ("cc", space.centred))
        for i in range(len(block))
        for j in range(i + 1, len(block))
    ]
    every = " ".join(entries(space))
    return f"cbn [quadratic row]. {''.join(turned)}generalize {every}; intros. "


def square(space: Space, vector: Vector, term: Callable[[sp.Expr], str]) -> tuple[str, str]:
    """The square of a vector as a Coq term, and the lemma that says it is >= 0.

    Raises ValueError for a vector that is in neither block, or in both.
    """
    for kind, lemma, block in (
        ("mm", "mean_square", space.mean),
        ("cc", "centred_square", space.centred),
    ):
        if set(vector) <= set(block):
            places = "; ".join(
                f"({term(x)}, {block.index(name)}%nat)" for name, x in vector.items()
            )
            return f"quadratic ({kind} P) [{places}] [{places}]", lemma
    raise ValueError(f"Coq export: {sorted(vector)} are not vectors of one block")
