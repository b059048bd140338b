"""A proof as it came out: its steps, what was checked, and its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import sympy as sp

from kdtheory.instances.counterexamples import Counterexample
from kdtheory.proofs import document, writing
from kdtheory.prover import coq, smt
from kdtheory.prover.obligations import Identity, Obligation
from kdtheory.statements.theorem import Theorem


@dataclass(frozen=True)
class Step:
    """One obligation, who checked it, and the outcome; ``seconds`` of the check itself, which a
    process makes once.
    """

    name: str
    checker: str
    status: str
    reason: str
    seconds: float


@dataclass(frozen=True)
class Proof:
    """``status`` PROVED (every step by every checker), REFUTED or UNDECIDED; ``reason`` in one
    sentence.

    A statement of somebody's own is REFUTED by a ``counterexample``, whose ``str`` can be checked
    by hand.

    >>> import kdtheory as kd
    >>> found = kd.prove('exact-quadratic')
    >>> found.status, len(found.steps) > 0
    ('PROVED', True)
    """

    theorem: str
    status: str
    reason: str
    steps: tuple[Step, ...]
    obligations: tuple[Obligation, ...]
    statement: Theorem
    counterexample: Counterexample | None = None

    def to_latex(self, *, elsewhere: Sequence[str] = ()) -> str:
        """A section with statement, assumptions, argument, every certificate line by line and the
        outcome; :func:`latex_file` makes it a file.

        Args:
            elsewhere: names of obligations that another section has printed.
        """
        steps = [(step.name, step.checker, step.status) for step in self.steps]
        said = f"{self.status}: {self.reason}"
        return writing.section(self.statement, self.obligations, steps, said, elsewhere=elsewhere)

    def to_smt2(self) -> str:
        """All questions as one SMT-LIB file, every one preceded by the answer it must have."""
        return smt2_file([self])

    def to_coq(self) -> str:
        """All obligations as Coq theorems over ``KDTheory.OneStep``: ``coqc -R proofs/coq
        KDTheory`` compiles the file; not yet that of ``compressed``, one theorem of which lacks the
        hypothesis gamma mu <> 1.
        """
        return coq_file([self])


def _once(proofs: Sequence[Proof]) -> list[Obligation]:
    """What statements share is written once."""
    return list({item.name: item for proof in proofs for item in proof.obligations}.values())


def seconds_spent(proofs: Sequence[Proof]) -> dict[str, float]:
    """Seconds by checker; what statements share counts once, and Coq compiles its files once for
    all of them.
    """
    checks = {
        (step.checker, "" if step.checker == "coq" else step.name): step.seconds
        for proof in proofs
        for step in proof.steps
    }
    spent: dict[str, float] = {}
    for (checker, _), seconds in checks.items():
        spent[checker] = spent.get(checker, 0.0) + seconds
    return spent


def smt2_file(proofs: Sequence[Proof]) -> str:
    """One SMT-LIB 2 file for several statements."""
    return smt.RESET.join(smt.to_smt2(item) for item in _once(proofs))


def coq_file(proofs: Sequence[Proof]) -> str:
    """One Coq file for several statements; a name's words are joined by hyphens, and no fraction
    stands in a denominator, for Coq's ``field`` looks no deeper.
    """
    return "\n".join(coq.to_coq(_for_coq(item)) for item in _once(proofs))


def _for_coq(item: Obligation) -> Obligation:
    name = re.sub(r"[^A-Za-z0-9]+", "-", item.name).strip("-")
    if isinstance(item, Identity):
        return replace(item, name=name, expression=_flat(item.expression))
    return replace(item, name=name, claim=_flat(item.claim))


def _flat(expression: sp.Expr) -> sp.Expr:
    if not expression.args:
        return expression
    whole = expression.func(*map(_flat, expression.args))
    if whole.is_Pow and whole.exp.is_Integer and whole.exp < 0:
        top, bottom = sp.fraction(sp.together(whole.base))
        return whole if bottom == 1 else (bottom / top) ** -whole.exp
    return whole


def latex_file(proofs: Sequence[Proof]) -> str:
    """A complete LaTeX file with the whole argument; an obligation that several statements share is
    printed once.
    """
    printed: list[str] = []
    sections = []
    for proof in proofs:
        sections.append(proof.to_latex(elsewhere=printed))
        printed += [item.name for item in proof.obligations if item.name not in printed]
    return document.document(sections)
