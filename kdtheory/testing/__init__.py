"""Tests for other people's optimisers, losses and problems (Hypothesis and pytest).

Strategies, legal by construction: ``problems``, ``points``, ``teachers``, ``rules``, ``weights``,
``step_sizes``, ``batches``, ``compressors`` and, everything at once, ``settings`` (also under the
name ``instances``), which draws a :class:`Setting`.

Checks raise AssertionError and name what is wrong: :func:`check_update` and :func:`check_step` for
an update rule, :func:`check_loss` for a distillation loss, :func:`check_problem` for a finite sum.
:func:`parametrize_with_checks` makes a pytest test of every check of a suite.

Names load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "kdtheory.testing.setting": ("Setting",),
    "kdtheory.testing.data": ("batches", "compressors", "points", "problems", "rules", "teachers"),
    "kdtheory.testing.strategies": ("instances", "settings", "step_sizes", "weights"),
    "kdtheory.testing.updates": ("check_step", "check_update"),
    "kdtheory.testing.suite": ("Check", "checks_for", "parametrize_with_checks"),
    "kdtheory.testing.losses": ("check_loss",),
    "kdtheory.testing.sums": ("check_problem",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Import the module that holds ``name`` (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'kdtheory.testing' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return __all__
