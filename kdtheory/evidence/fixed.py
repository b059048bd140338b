"""A rule as its table: what every engine and every right-hand side here reads of it.

A rule is what its ``control_variates`` are, whatever it is called: a subclass of ``DistilledSGD``
that overrides something is seen as it acts, and nothing is put in its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.evidence.tolerances import ROUNDING
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.rules.experiment import Experiment
from kdtheory.rules.protocol import Compressor, batch_factor
from kdtheory.statements.theorems import Theorem


@dataclass(frozen=True, eq=False)
class Fixed:
    """The control variates ``table`` (N, d) of one problem and teacher, with the sampling law."""

    table: Array
    batch_size: int
    replacement: bool
    compressor: Compressor | None
    probabilities: None = None

    def control_variates(self, problem: FiniteSum, theta: Array) -> Array:
        """The table."""
        return self.table

    def noise_factor(self, n_terms: int) -> float:
        """What a batch divides centred second moments by."""
        return batch_factor(self.batch_size, n_terms, replacement=self.replacement)


def fixed(made: Experiment, statement: Theorem) -> Fixed:
    """The rule's table, once the statement speaks of it.

    Raises:
        InvalidInput: terms drawn with probabilities of their own (the statements speak of uniform
            ones), or a bias where the statement knows of none.
    """
    if made.probabilities is not None:
        raise InvalidInput(
            f"{statement.title} speaks of terms drawn uniformly, and {type(made.rule).__name__}"
            " draws them with probabilities of its own. Use simulate() or expected(), which claim"
            " nothing."
        )
    table = made.control_variates
    mean, size = np.linalg.norm(table.mean(axis=0)), float(np.sqrt((table**2).sum(axis=1).mean()))
    if statement.unbiased and mean > ROUNDING * size:
        raise InvalidInput(
            f"{statement.title} speaks of control variates with mean 0, and those of"
            f" {type(made.rule).__name__} have a mean of norm {mean:.3g} (size {size:.3g}). Use"
            " unbiased=True, or a statement with a bias such as theorem-1-sharp."
        )
    return Fixed(table, made.batch_size, made.replacement, made.compressor)
