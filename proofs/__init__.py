"""Why the statements are true: obligations in paper order, and ``prove``, which has them checked.

SymPy and the SMT solvers check the obligations; the passage from one step to t steps (tower rule,
and Jensen for the envelope) is outside them, as ``BY_HAND`` says.  Coq checks it too: its theorems,
in proofs/coq, are the statements for every t, from finite sums and i.i.d. indices.
"""

from __future__ import annotations

from kdtheory.proofs.in_coq import COQ_SOURCES, coq_statements, whole_in_coq
from kdtheory.proofs.proof import Proof, Step, coq_file, latex_file, seconds_spent, smt2_file
from kdtheory.proofs.proving import OBLIGATIONS, examined, not_installed, obligations, prove
from kdtheory.prover.checkers import CHECKERS

__all__ = [
    "CHECKERS",
    "COQ_SOURCES",
    "OBLIGATIONS",
    "Proof",
    "Step",
    "coq_file",
    "coq_statements",
    "examined",
    "latex_file",
    "not_installed",
    "obligations",
    "prove",
    "seconds_spent",
    "smt2_file",
    "whole_in_coq",
]
