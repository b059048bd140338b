"""A question answered from its start, or from several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kdtheory.evidence import monte_carlo
from kdtheory.evidence.asking import refuse_what_is_not_claimed
from kdtheory.evidence.combined import combined
from kdtheory.evidence.exactly import ExactQuestion, Given, in_floats
from kdtheory.evidence.floats import Question
from kdtheory.evidence.judgement import Judgement
from kdtheory.evidence.process import Process
from kdtheory.evidence.starts import Start, starts_of
from kdtheory.evidence.verdict import Verdict
from kdtheory.problems.base import Array


@dataclass(frozen=True)
class Effort:
    """The kind of evidence; the seed of starts and runs, most runs, and the level over all of
    them.
    """

    method: str
    seed: int
    replicates: int
    alpha: float


class Sampled(Protocol):
    """A question about runs."""

    def sampled(self, x0: Array) -> tuple[Process, monte_carlo.Claimed]:
        """The runs from ``x0``, and what is claimed of them."""


def by_runs(asked: Sampled, starts: tuple[Start, ...], place: int, effort: Effort) -> Judgement:
    """A whole test from the far start or the one given, a glance from the others: to verify from
    there would cost as much again, and what they are for is a violation.
    """
    start, alpha = starts[place], effort.alpha / len(starts)
    process, claim = asked.sampled(start.x0)
    seed = effort.seed + place
    if start.name in ("far", "given"):
        return monte_carlo.judge(
            process, claim, replicates=effort.replicates, seed=seed, alpha=alpha
        )
    return monte_carlo.glance(process, claim, seed=seed, alpha=alpha)


def answered(question: Question, given: Given, effort: Effort, steps: int) -> Verdict:
    """The verdict over all starts."""
    refuse_what_is_not_claimed(question)
    starts, exact = starts_of(question, effort.seed), ExactQuestion(question, given)
    seen = []
    for place, start in enumerate(starts):
        judgement, evidence = None, effort.method
        if evidence in ("rational", "ball"):
            judgement = exact.judged(start, question.times, balls=evidence == "ball")
        elif evidence == "exact":
            judgement, evidence = in_floats(exact, start, alone=len(starts) == 1)
        else:
            judgement = by_runs(question, starts, place, effort)
        seen.append((start, judgement, evidence))
    return combined(question, seen, steps)
