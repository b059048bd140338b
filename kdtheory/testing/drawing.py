"""A fixed number of settings from a strategy, the same on every run with the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import hypothesis
from hypothesis import HealthCheck, Phase, strategies

from kdtheory.testing.setting import Setting
from kdtheory.testing.strategies import settings


@lru_cache(maxsize=64)
def _drawn(theorem: str, count: int, sizes: tuple[int, ...], seed: int) -> tuple[Setting, ...]:
    found: list[Setting] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(strategies.data())
    def collect(data: strategies.DataObject) -> None:
        found.append(data.draw(settings(theorem, batch_sizes=sizes)))

    collect()
    return tuple(found)


def drawn(
    theorem: str, count: int, *, batch_sizes: Sequence[int] = (1,), seed: int = 0
) -> tuple[Setting, ...]:
    """``count`` settings of a statement (fewer only where there are no more).

    Args:
        theorem: a key of ``THEOREMS`` that bounds a step.
        count: how many.
        batch_sizes: the batch sizes to draw from.
        seed: another one gives other settings.
    """
    return _drawn(theorem, count, tuple(batch_sizes), seed)
