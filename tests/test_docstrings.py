"""Public docstrings: every parameter is spoken of, and every array parameter has its shape."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

import pytest
from numpy.typing import ArrayLike

import kdtheory as kd

NAMES = [name for name in kd.__all__ if inspect.isfunction(getattr(kd, name))]


def lacking(thing: Callable[..., object]) -> list[str]:
    """Parameters that the docstring does not name, and array parameters without a shape on their
    line or before.
    """
    text = inspect.getdoc(thing) or ""
    found = []
    for name, parameter in inspect.signature(thing).parameters.items():
        if not re.search(rf"\b{name}\b", text):
            found.append(name)
        elif "ArrayLike" in str(parameter.annotation) and not re.search(
            rf"\b{name}\b[^\n]*?\([^()]*\b(dim|N|T|d|n|m|K)\b[^()]*\)", text
        ):
            found.append(f"{name} (shape)")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_documented(name: str) -> None:
    assert lacking(getattr(kd, name)) == []


def test_a_lacking_docstring_is_noticed() -> None:
    def example(theta: ArrayLike, steps: int) -> None:
        """Do something with theta."""

    assert lacking(example) == ["theta (shape)", "steps"]
