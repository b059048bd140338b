"""What is claimed: one object a statement, in paper order."""

from kdtheory.statements.theorem import Claim, Theorem
from kdtheory.statements.theorems import THEOREMS

__all__ = ["THEOREMS", "Claim", "Theorem"]
