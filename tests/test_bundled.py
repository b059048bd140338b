"""The bundled sets are scikit-learn's, read from its files or by its own readers."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from kdtheory.problems.classification import AT_ONCE
from kdtheory.problems.datasets import BUNDLED, carried, load


@pytest.mark.parametrize("name", BUNDLED)
def test_files_and_readers_agree(name, monkeypatch):
    files = carried(name)
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: None)
    readers = carried(name)
    assert all((one == other).all() for one, other in zip(files, readers, strict=True))
    assert not any((one == np.roll(one, 1, axis=0)).all() for one in files)


def test_values_of_many_points_are_made_in_parts():
    problem = load("digits")
    points = np.random.default_rng(0).standard_normal((31, problem.dim)) / 10
    assert len(points) > 2 * AT_ONCE // (problem.n_terms * problem.n_outputs)
    each = [problem.value(x) for x in points]
    # Sums of N terms in another order: N units of rounding at most.
    assert problem.values(points) == pytest.approx(each, rel=problem.n_terms * 2.0**-53, abs=0)
