"""Real data: three sets that scikit-learn carries, and a user's .npz or .csv (read by
:mod:`kdtheory.problems.tables`).
"""

from __future__ import annotations

import importlib.util
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.problems import LeastSquares, LogisticRegression, SoftmaxRegression
from kdtheory.problems.base import Array, frozen_array
from kdtheory.problems.tables import read_table
from kdtheory.system.disk import refuse_unplain, why
from kdtheory.system.npy import MAGIC, read_numbers

BUNDLED = ("diabetes", "breast-cancer", "digits")
LARGEST_DATA = 2**29  # bytes as float64: MNIST's 60,000 x 784 fit; a problem takes some copies
EXPECTED = (
    "arrays 'features' (N, d) and 'targets' (N,), or rows of numbers separated by commas with the"
    " target last"
)
Problem = LeastSquares | LogisticRegression | SoftmaxRegression


def standardised(features: Array) -> Array:
    """Columns with mean 0 and variance 1; constant columns become 0."""
    centred = features - features.mean(axis=0)
    size = np.abs(centred).max(axis=0)
    # The squares of smaller numbers underflow: such a column would count as constant.
    unit = np.where((size > 0.0) & (size < 1e-100), size, 1.0)
    spread = (features / unit).std(axis=0)
    return centred / unit / np.where(spread > 0, spread, 1.0)


def bundled(name: str) -> Problem:
    """One of ``BUNDLED`` as a problem: ridge 0.1 (regression, two classes) or 0.05 (ten classes).

    Raises:
        InvalidInput: another name.
    """
    if name not in BUNDLED:
        raise InvalidInput(f"No bundled data set {name!r}; there are {', '.join(BUNDLED)}.")
    features, targets = carried(name)
    if name == "diabetes":
        return LeastSquares(standardised(features), standardised(targets[:, None])[:, 0], ridge=0.1)
    if name == "breast-cancer":
        return LogisticRegression(standardised(features), targets, ridge=0.1)
    return SoftmaxRegression(features / 16.0, targets, ridge=0.05)


def carried(name: str) -> tuple[Array, Array]:
    """Features and targets of one of ``BUNDLED`` (diabetes in years, mmHg and mg/dl) from the files
    inside scikit-learn, without the second that importing it takes; by its own readers where a
    release keeps them elsewhere.
    """
    package = importlib.util.find_spec("sklearn")
    folder = Path(str(package and package.origin)).parent / "datasets" / "data"
    try:
        if name == "diabetes":
            parts = ("data_raw", "target")
            features, targets = (np.loadtxt(folder / f"diabetes_{part}.csv.gz") for part in parts)
            return features, targets
        header, file = (0, "digits.csv.gz") if name == "digits" else (1, "breast_cancer.csv")
        table = np.loadtxt(folder / file, delimiter=",", skiprows=header)
        return table[:, :-1], table[:, -1]
    except OSError:
        from sklearn import datasets

        settings = {"scaled": False} if name == "diabetes" else {}
        load = getattr(datasets, f"load_{name.replace('-', '_')}")
        features, targets = load(return_X_y=True, **settings)
        return features, targets


def load(source: str, *, ridge: float = 0.1) -> Problem:
    """A bundled name, an .npz with ``features`` and ``targets``, or a numeric .csv whose last
    column is the target.

    A .csv or .npz is read as least squares on standardised features.

    Raises:
        InvalidInput: no such file, another format, or content that is not numbers.
    """
    if source in BUNDLED:
        return bundled(source)
    path = Path(source)
    if not os.path.exists(path):  # of os: Path's raises where the name is too long
        raise InvalidInput(
            f"No file {source!r}, and no bundled set of that name ({', '.join(BUNDLED)})."
        )
    if path.suffix not in (".npz", ".csv"):
        raise InvalidInput(
            f"{source!r} must end in .npz (arrays features, targets) or .csv (last column the"
            " target)."
        )
    try:
        refuse_unplain(path)
        features, targets = _archive(path) if path.suffix == ".npz" else read_table(path)
    except InvalidInput:
        raise
    # What zipfile raises for members that are encrypted, or packed in a way that it does not know.
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise InvalidInput(f"Cannot read {source!r}: {why(error)}. Expected {EXPECTED}.") from error
    if features.ndim != 2 or features.size == 0:
        raise InvalidInput(
            f"features in {source!r} must have two axes and at least one entry, got shape"
            f" {features.shape}. Expected {EXPECTED}."
        )
    return LeastSquares(
        standardised(frozen_array(features, "features", ndim=2)), targets, ridge=ridge
    )


def _archive(path: Path) -> tuple[Array, Array]:
    """``features`` and ``targets`` of an .npz."""
    # Np.load would take it for a pickle, and its advice would be to trust it.
    if not zipfile.is_zipfile(path):
        raise InvalidInput(
            f"Cannot read {str(path)!r}: it is no .npz archive, or only a part of one. Expected"
            f" {EXPECTED}."
        )
    found = []
    with zipfile.ZipFile(path) as archive:
        there = {name.removesuffix(".npy"): name for name in archive.namelist()}
        missing = [name for name in ("features", "targets") if name not in there]
        if missing:
            raise InvalidInput(
                f"{str(path)!r} lacks {' and '.join(missing)}; it holds"
                f" {', '.join(there) or 'nothing'}. Expected {EXPECTED}."
            )
        for name in ("features", "targets"):
            with archive.open(there[name]) as member:
                try:
                    found.append(read_numbers(member, LARGEST_DATA))
                except ValueError as error:
                    raise InvalidInput(
                        f"{name} in {str(path)!r} cannot be taken: {why(error)}. Expected"
                        f" {EXPECTED}."
                    ) from error
    return found[0], found[1]


def load_point(path: str) -> Array:
    """A vector (d,) from a .npy file: a teacher or a start.

    Raises:
        InvalidInput: no such file, or not a one-dimensional array of finite numbers.
    """
    expected = "Expected a .npy file with one vector (d,) of numbers, as np.save writes it"
    try:
        refuse_unplain(path)
        with open(path, "rb") as file:
            # Np.load would take it for a pickle, and its advice would be to trust it.
            if file.read(len(MAGIC)) != MAGIC:
                raise InvalidInput(f"{path!r} is no .npy file. {expected}.")
            file.seek(0)
            values = read_numbers(file, LARGEST_DATA)
    except InvalidInput:
        raise
    except (ValueError, OSError, EOFError) as error:
        raise InvalidInput(f"Cannot read {path!r}: {why(error)}. {expected}.") from error
    return frozen_array(values, path, ndim=1)
