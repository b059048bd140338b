"""A problem's own functions take one point, as an array or a list, and say what else they got."""

from __future__ import annotations

import numpy as np
import pytest

import kdtheory as kd

ROWS = np.array([[1.0, 0.5], [-0.5, 1.0], [0.3, -0.8]])
PROBLEMS = (
    kd.LeastSquares(ROWS, [1.0, 0.0, -1.0], ridge=0.1),
    kd.LogisticRegression(ROWS, [1.0, 0.0, 1.0], ridge=0.1),
    kd.SoftmaxRegression(ROWS, [0, 1, 1], ridge=0.1),
    kd.SinusoidalSum(np.eye(2), np.ones(3), np.zeros((3, 2))),
)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
@pytest.mark.parametrize("name", ["value", "gradient", "gradients"])
def test_a_list_is_a_point_and_other_shapes_are_refused(problem, name):
    function, x = getattr(problem, name), np.linspace(-1.0, 1.0, problem.dim)
    np.testing.assert_array_equal(function(x.tolist()), function(x))
    for wrong in (x[:-1], x[None], 0.5):
        with pytest.raises(kd.InvalidInput, match=r"x must be a point of the problem, \("):
            function(wrong)
