"""Real data: three sets that scikit-learn carries, and a user's .npz or .csv."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.problems import LeastSquares, LogisticRegression, SoftmaxRegression
from kdtheory.problems.base import Array, frozen_array

BUNDLED = ("diabetes", "breast-cancer", "digits")
Problem = LeastSquares | LogisticRegression | SoftmaxRegression


def standardised(features: Array) -> Array:
    """Columns with mean 0 and variance 1; constant columns become 0."""
    spread = features.std(axis=0)
    return (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def bundled(name: str) -> Problem:
    """One of ``BUNDLED`` as a problem: ridge 0.1 (regression, two classes) or 0.05 (ten classes).

    Raises:
        InvalidInput: another name.
    """
    from sklearn import datasets

    if name == "diabetes":
        features, targets = datasets.load_diabetes(return_X_y=True)
        return LeastSquares(standardised(features), standardised(targets[:, None])[:, 0], ridge=0.1)
    if name == "breast-cancer":
        features, targets = datasets.load_breast_cancer(return_X_y=True)
        return LogisticRegression(standardised(features), targets, ridge=0.1)
    if name == "digits":
        features, targets = datasets.load_digits(return_X_y=True)
        return SoftmaxRegression(features / 16.0, targets, ridge=0.05)
    raise InvalidInput(f"No bundled data set {name!r}; there are {', '.join(BUNDLED)}.")


def load(source: str, *, ridge: float = 0.1) -> Problem:
    """A bundled name, an .npz with ``features`` and ``targets``, or a numeric .csv whose last column is the target.

    A .csv or .npz is read as least squares on standardised features.

    Raises:
        InvalidInput: no such file, another format, or content that is not numbers.
    """
    if source in BUNDLED:
        return bundled(source)
    path = Path(source)
    if not path.is_file():
        raise InvalidInput(f"No file {source!r}, and no bundled set of that name ({', '.join(BUNDLED)}).")
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                features, targets = np.asarray(archive["features"], float), np.asarray(archive["targets"], float)
        elif path.suffix == ".csv":
            first = path.read_text(encoding="utf-8").split("\n", 1)[0]
            header = any(not _number(cell) for cell in first.split(","))
            table = np.loadtxt(path, delimiter=",", skiprows=int(header), ndmin=2)
            features, targets = table[:, :-1], table[:, -1]
        else:
            raise InvalidInput(f"{source!r} must end in .npz (arrays features, targets) or .csv (last column the target).")
    except (ValueError, KeyError, OSError, EOFError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"Cannot read {source!r}: {error}. Expected arrays 'features' (N, d) and 'targets' (N,), all numbers.") from error
    if features.ndim != 2 or features.size == 0:
        raise InvalidInput(f"features in {source!r} must have two axes and at least one entry, got shape {features.shape}.")
    return LeastSquares(standardised(features), targets, ridge=ridge)


def load_point(path: str) -> Array:
    """A vector (d,) from a .npy file: a teacher or a start.

    Raises:
        InvalidInput: no such file, or not a one-dimensional array of finite numbers.
    """
    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InvalidInput(f"Cannot read {path!r}: {error}. Expected a .npy file with one vector (d,), as np.save writes it.") from error
    if not isinstance(values, np.ndarray):
        raise InvalidInput(f"{path!r} is an archive of several arrays; expected a .npy file with one vector (d,).")
    return frozen_array(values, path, ndim=1)


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
