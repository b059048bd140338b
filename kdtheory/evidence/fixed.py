"""A rule as its table: what every engine and every right-hand side here reads of it.

A rule is what its ``control_variates`` are, whatever it is called: a subclass of ``DistilledSGD``
that overrides something is seen as it acts, and nothing is put in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kdtheory.bounds.letters import Letters, agreed, check_step_size, constants_for
from kdtheory.errors import InvalidInput
from kdtheory.evidence.tolerances import ROUNDING
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.experiment import experiment
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


def fixed(problem: FiniteSum, theta: Array, rule: Any, statement: Theorem, gamma: float) -> Fixed:
    """The rule's table, once the statement speaks of it.

    Raises:
        InvalidInput: no rule, terms drawn with probabilities of their own (the statements speak of
            uniform ones), or a bias where the statement knows of none.
    """
    made = experiment(problem, theta, rule, step_size=gamma)
    if made.probabilities is not None:
        raise InvalidInput(
            f"{statement.title} speaks of terms drawn uniformly, and {type(rule).__name__} draws"
            " them with probabilities of its own. Use simulate() or expected(), which claim"
            " nothing."
        )
    table = made.control_variates
    mean, size = np.linalg.norm(table.mean(axis=0)), float(np.sqrt((table**2).sum(axis=1).mean()))
    if statement.unbiased and mean > ROUNDING * size:
        raise InvalidInput(
            f"{statement.title} speaks of control variates with mean 0, and those of"
            f" {type(rule).__name__} have a mean of norm {mean:.3g} (size {size:.3g}). Use"
            " unbiased=True, or a statement with a bias such as theorem-1-sharp."
        )
    return Fixed(table, made.batch_size, made.replacement, made.compressor)


def is_plain(rule: Any, theta: Array) -> bool:
    """Whether the rule is distilled SGD with one weight and one teacher, and nothing else."""
    return (
        type(rule) is DistilledSGD
        and rule.blocks is None
        and isinstance(rule.weight, float)
        and np.ndim(theta) == 1
    )


def letters_of_table(problem: FiniteSum, statement: Theorem, rule: Fixed, gamma: float) -> Letters:
    """Every letter of the statement with c_n in the place of lam H_n: the weight 1 of a teacher
    whose gradients are the control variates.
    """
    letters = constants_for(
        problem, statement, batch_size=rule.batch_size, replacement=rule.replacement
    )
    letters["gamma"] = check_step_size(statement, letters, gamma)
    noise = problem.gradients(problem.minimiser)
    noise, mean = noise - noise.mean(axis=0), rule.table.mean(axis=0)
    centred, best = rule.table - mean, problem.minimiser
    factor, compressor = rule.noise_factor(problem.n_terms), rule.compressor

    def moment(left: Array, right: Array) -> float:
        return factor * float((left * right).sum() / problem.n_terms)

    letters |= {
        "lam": 1.0,
        "sigma_star_sq": moment(noise, noise),
        "V": moment(centred, centred),
        "C": moment(noise, centred),
        "bias_sq": float(mean @ mean),
        "noise_sq": moment(noise - centred, noise - centred),
        "xstar_sq": float(best @ best),
        "omega": compressor.omega(problem.dim) if compressor else 0.0,
        "delta_sq": compressor.absolute_error(problem.dim) if compressor else 0.0,
    }
    return agreed(statement, letters)
