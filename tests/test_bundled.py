"""The bundled sets are scikit-learn's, read from its files or by its own readers."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from kdtheory.problems.datasets import BUNDLED, carried


@pytest.mark.parametrize("name", BUNDLED)
def test_files_and_readers_agree(name, monkeypatch):
    files = carried(name)
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: None)
    readers = carried(name)
    assert all((one == other).all() for one, other in zip(files, readers, strict=True))
    assert not any((one == np.roll(one, 1, axis=0)).all() for one in files)
