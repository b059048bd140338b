"""A fixed number of settings from a strategy, the same on every run with the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest

import hypothesis
from hypothesis import HealthCheck, Phase, strategies

from kdtheory.bounds.values import theorem_named
from kdtheory.testing.data import kinds
from kdtheory.testing.setting import Setting
from kdtheory.testing.strategies import settings


@lru_cache(maxsize=64)
def _drawn(theorem: str, count: int, sizes: tuple[int, ...], seed: int) -> tuple[Setting, ...]:
    """In turns from each class of problems: left to itself Hypothesis draws some of them rarely."""
    classes = kinds(strongly_convex=theorem_named(theorem).modulus == "mu")
    shares = [count // len(classes) + (k < count % len(classes)) for k in range(len(classes))]
    parts = [
        _collected(settings(theorem, batch_sizes=sizes, problem=kind), share, seed)
        for kind, share in zip(classes, shares, strict=True)
    ]
    return tuple(one for row in zip_longest(*parts) for one in row if one is not None)


def _collected(source: strategies.SearchStrategy[Setting], count: int, seed: int) -> list[Setting]:
    found: list[Setting] = []
    if count == 0:
        return found

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(source)
    def collect(setting: Setting) -> None:
        found.append(setting)

    collect()
    return found


def drawn(
    theorem: str, count: int, *, batch_sizes: Sequence[int] = (1,), seed: int = 0
) -> tuple[Setting, ...]:
    """``count`` settings of a statement, in turns from its classes of problems (fewer only where
    there are no more).

    Args:
        theorem: a key of ``THEOREMS`` that bounds a step.
        count: how many.
        batch_sizes: the batch sizes to draw from.
        seed: another one gives other settings.
    """
    return _drawn(theorem, count, tuple(batch_sizes), seed)
