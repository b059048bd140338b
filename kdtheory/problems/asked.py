"""What the problems' own functions of one point take."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput

Answer = TypeVar("Answer")


def of_a_point(function: Callable[[Any, Any], Answer]) -> Callable[[Any, ArrayLike], Answer]:
    """``x`` (dim,) as an array of floats, or ``InvalidInput`` with both shapes; not checked for
    being finite, since iterates may diverge.
    """

    @wraps(function)
    def asked(problem: Any, x: ArrayLike) -> Answer:
        array = np.asarray(x, dtype=float)
        if array.shape != (problem.dim,):
            raise InvalidInput(
                f"x must be a point of the problem, ({problem.dim},), got shape {array.shape}."
                " Ask for one point at a time."
            )
        return function(problem, array)

    return asked
