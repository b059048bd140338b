"""What is behind a bound of each form: a line in s, the line of the best constant, the curve."""

from __future__ import annotations

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.proofs import paper
from kdtheory.proofs.parts import (
    certificates,
    chain,
    convexity,
    corners,
    every_horizon,
    joining,
    limits,
    recursion,
)
from kdtheory.prover.binding.affine import is_affine
from kdtheory.prover.obligations import Certificate, Obligation
from kdtheory.statements.theorem import Theorem


def bound(statement: Theorem) -> tuple[Obligation, ...]:
    """By the form of psi and of its letters."""
    assert statement.psi is not None
    if sym.A not in statement.definitions:
        return affine(statement)
    return sharp(statement) if is_affine(statement.psi) else envelope(statement)


def one_step(statement: Theorem) -> tuple[Certificate, ...]:
    """The one-step certificates of one setting, with the corners where a certificate would divide
    by 0: those that use no assumption but the statement's, and what k and a stand for.
    """
    allowed = {*statement.needs, asm.bias_norm, asm.noise_norm, asm.nonnegative_gap}
    rule = {asm.descent_lemma, asm.descent_lemma_unbiased, asm.strong_convexity} & {
        *statement.needs
    }
    return tuple(
        item
        for item in (*certificates.obligations(), *corners.obligations())
        if {*item.multipliers} <= allowed
        and rule & {*item.multipliers}
        and (asm.bias_norm in item.multipliers) != statement.unbiased
    )


def constants(statement: Theorem) -> tuple[Certificate, ...]:
    """Lcal >= mu, and L >= mu for PL."""
    if asm.polyak_lojasiewicz in statement.needs:
        return joining.smooth_enough(), joining.constants()[1]
    return joining.constants()[:1]


def affine(statement: Theorem) -> tuple[Obligation, ...]:
    """The paper's form."""
    return (*paper.affine(statement), *constants(statement))


def sharp(statement: Theorem) -> tuple[Obligation, ...]:
    """The best constant at one rate, and how it compares with the paper's."""
    return (
        *one_step(statement),
        *joining.sharp(statement.name),
        *constants(statement),
        *chain.obligations(),
        *convexity.obligations(),
    )


def envelope(statement: Theorem) -> tuple[Obligation, ...]:
    """The best concave recursion; without bias it is exact for every horizon."""
    pl = asm.polyak_lojasiewicz in statement.needs
    return (
        *one_step(statement),
        *joining.envelopes(pl=pl),
        *constants(statement),
        *recursion.obligations(),
        *convexity.obligations(),
        *limits.obligations(),
        *(every_horizon.obligations() if statement.unbiased and not pl else ()),
    )


def exported(statement: Theorem) -> tuple[Certificate, ...]:
    """One step, and the corollary or the comparison with the paper's constant; the wide range of
    rates is proved in ``proofs/coq`` by hand.
    """
    if sym.A not in statement.definitions:
        return (paper.one_step(statement), *paper.corollaries(statement))
    mine = {item.name for item in one_step(statement)} - {"noise-dominated-wide"}
    steps = tuple(item for item in certificates.obligations() if item.name in mine)
    return steps if statement.is_curve else (*steps, *chain.sharp_below_refined_all())


def nothing_exported(statement: Theorem) -> tuple[Certificate, ...]:
    """Its certificates are translated where they are asked for."""
    return ()
