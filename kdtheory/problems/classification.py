"""Logistic and softmax regression: cross-entropy of a linear model, soft labels allowed, ridge."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput
from kdtheory.problems.asked import of_a_point
from kdtheory.problems.base import Array, frozen_array, point, positive_float, refuse_wide
from kdtheory.problems.constants import Constant, Constants
from kdtheory.problems.newton import newton_minimiser
from kdtheory.problems.written import Written

AT_ONCE = 2**18  # outputs: a few arrays of so many fit the caches


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)) without overflow."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, small) / (1.0 + small)


def softmax(z: Array) -> Array:
    """Softmax over the last axis, without overflow."""
    shifted = np.exp(z - z.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


class LinearClassifier(Written):
    """Shared by both: outputs z_n = W a_n with K outputs, x = W.ravel() row-major, residual r(z) -
    y.

    ``curvature`` bounds the Hessian of the loss in z: 1/4 for the logistic loss, 1/2 for softmax.
    """

    curvature: float
    n_outputs: int
    features: Array
    labels: Array  # (N, K)
    ridge: float

    def given_labels(self) -> Array:
        """The labels as the class takes them."""
        return self.labels

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Features, labels and ridge."""
        return (self.features, self.given_labels()), {"ridge": self.ridge} if self.ridge else {}

    @property
    def n_terms(self) -> int:
        """Number of terms N."""
        return int(self.features.shape[0])

    @property
    def dim(self) -> int:
        """Dimension K d."""
        return int(self.features.shape[1]) * self.n_outputs

    def response(self, z: Array) -> Array:
        """r(z), the gradient of the loss is r(z) - y; shape as z, (..., K)."""
        raise TypeError(
            "LinearClassifier is a base for LogisticRegression and SoftmaxRegression; use one of"
            " these."
        )

    def log_partition(self, z: Array) -> Array:
        """The loss is log_partition(z) - <y, z>; (..., K) -> (...)."""
        raise TypeError(
            "LinearClassifier is a base for LogisticRegression and SoftmaxRegression; use one of"
            " these."
        )

    def _outputs(self, points: Array) -> Array:
        """Outputs of every sample at every row of ``points`` (R, K d), as (R, N, K)."""
        weights = points.reshape(len(points) * self.n_outputs, -1)
        return (
            (weights @ self.features.T).reshape(len(points), self.n_outputs, -1).transpose(0, 2, 1)
        )

    def values(self, points: Array) -> Array:
        """f at every row of ``points`` (R, dim), as (R,)."""
        most = max(1, AT_ONCE // (self.n_terms * self.n_outputs))
        if len(points) > most:
            parts = range(0, len(points), most)
            return np.concatenate([self.values(points[first : first + most]) for first in parts])
        partition = self.log_partition(self._outputs(points)).mean(axis=1)
        return partition - points @ self._pull + self.ridge / 2 * (points**2).sum(axis=1)

    @cached_property
    def _pull(self) -> Array:
        """The mean of y_n a_n, which <y_n, z_n> is linear in, (dim,)."""
        return (self.labels.T @ self.features).ravel() / self.n_terms

    @of_a_point
    def value(self, x: Array) -> float:
        """f(x)."""
        return float(self.values(x[None, :])[0])

    def residuals(self, x: Array) -> Array:
        """r(z_n) - y_n at x, (N, K)."""
        return self.response(self._outputs(x[None, :])[0]) - self.labels

    @of_a_point
    def gradient(self, x: Array) -> Array:
        """The full gradient at x, (dim,)."""
        return (self.residuals(x).T @ self.features).ravel() / self.n_terms + self.ridge * x

    @of_a_point
    def gradients(self, x: Array) -> Array:
        """Every term's gradient at x, (N, dim)."""
        return self._outer(self.residuals(x), self.features) + self.ridge * x

    def sampled_gradients(self, points: Array, indices: np.ndarray) -> Array:
        """Mean gradient over each row's indices (R, B) at each row of ``points`` (R, dim), as (R,
        dim).
        """
        rows = self.features[indices]
        weights = points.reshape(len(points), self.n_outputs, -1)
        residual = self.response(np.einsum("rbd,rkd->rbk", rows, weights)) - self.labels[indices]
        mean = np.einsum("rbk,rbd->rkd", residual, rows) / indices.shape[1]
        return mean.reshape(points.shape) + self.ridge * points

    def distillation_gradients(self, x: Array, theta: Array, weight: float) -> Array:
        """Gradients of the KD objective's terms, (N, dim), from its definition (paper, Section 3):
        mixed losses.

        The ridge is a squared loss on the outputs x_i with targets 0, and is distilled like every
        other loss.
        """
        x, theta = point(self, x, "x"), point(self, theta, "theta")
        student = self.response(self._outputs(x[None, :])[0])
        teacher = self.response(self._outputs(theta[None, :])[0])
        mixed = (1 - weight) * (student - self.labels) + weight * (student - teacher)
        ridge = (1 - weight) * self.ridge * x + weight * self.ridge * (x - theta)
        return self._outer(mixed, self.features) + ridge

    @staticmethod
    def _outer(residuals: Array, features: Array) -> Array:
        return np.einsum("nk,nd->nkd", residuals, features).reshape(len(features), -1)

    def hessian_at(self, x: Array) -> Array:
        """The Hessian of f at x, (dim, dim)."""
        probabilities = self.response(self._outputs(x[None, :])[0])
        d = self.features.shape[1]
        hessian = self.ridge * np.eye(self.dim)
        for i in range(self.n_outputs):
            for j in range(i, self.n_outputs):
                curvature = -probabilities[:, i] * probabilities[:, j]
                if i == j:
                    curvature = probabilities[:, i] * (1.0 - probabilities[:, i])
                block = (self.features.T * curvature) @ self.features / self.n_terms
                hessian[i * d : (i + 1) * d, j * d : (j + 1) * d] += block
                if i != j:
                    hessian[j * d : (j + 1) * d, i * d : (i + 1) * d] += block.T
        return hessian

    @cached_property
    def minimiser(self) -> Array:
        """x*, (dim,), by damped Newton from 0; ``InvalidInput`` when there is none (separable
        classes, ridge = 0).
        """
        return newton_minimiser(self)

    @cached_property
    def minimum(self) -> float:
        """f* = f(x*)."""
        return self.value(self.minimiser)

    @property
    def term_curvature(self) -> tuple[float, float]:
        """Bounds on the Hessian of every single f_n, at any point: ridge and curvature max |a_n|^2
        + ridge.
        """
        return (
            self.ridge,
            self.curvature * float(np.einsum("nd,nd->n", self.features, self.features).max())
            + self.ridge,
        )

    @cached_property
    def constants(self) -> Constants:
        """Valid bounds from the curvature of the loss; sigma_*^2 exact."""
        sq_norms = np.einsum("nd,nd->n", self.features, self.features)
        top = np.linalg.eigvalsh(self.features.T @ self.features / self.n_terms)[-1]
        noise = self.gradients(self.minimiser)
        ridge_why = "the ridge: cross-entropy is convex, and flat at infinity"
        return Constants(
            mu=Constant(self.ridge, exact=False, why=ridge_why),
            mu_pl=Constant(
                self.ridge, exact=False, why="strong convexity implies PL with the same constant"
            ),
            L=Constant(
                self.curvature * top + self.ridge,
                exact=False,
                why=f"the loss has curvature <= {self.curvature} in the outputs",
            ),
            Lcal=Constant(
                self.curvature * sq_norms.max() + self.ridge,
                exact=False,
                why="convex terms: Lcal <= max L_n, and L_n <= curvature |a_n|^2 + ridge",
            ),
            sigma_star_sq=Constant(
                float((noise**2).sum() / self.n_terms), exact=True, why="mean over the terms at x*"
            ),
        )


def _checked_features(features: ArrayLike, n_labels: int) -> Array:
    array = frozen_array(features, "features", ndim=2)
    if array.shape[0] != n_labels:
        raise InvalidInput(
            f"features and labels must have one row per sample, got {array.shape[0]} and {n_labels}"
            " samples."
        )
    return array


class LogisticRegression(LinearClassifier):
    """f_n(x) = log(1 + exp(a_n.x)) - y_n a_n.x + (ridge/2)|x|^2, labels in [0, 1].

    Args:
        features: (N, d).
        labels: (N,), hard (0, 1) or soft (between).
        ridge: weight of the penalty, >= 0; 0 leaves Theorem 1 without its assumption.

    Raises:
        InvalidInput: shapes, non-finite entries, labels outside [0, 1].

    >>> import kdtheory as kd
    >>> made = kd.LogisticRegression([[1.0], [-1.0]], [1.0, 0.0], ridge=0.5)
    >>> made.n_terms, made.dim
    (2, 1)
    """

    curvature = 0.25
    n_outputs = 1

    def __init__(self, features: ArrayLike, labels: ArrayLike, *, ridge: float = 0.0) -> None:
        """See the class."""
        flat = frozen_array(labels, "labels", ndim=1)
        outside = np.flatnonzero((flat < 0.0) | (flat > 1.0))
        if len(outside):
            first = int(outside[0])
            raise InvalidInput(
                f"labels must lie in [0, 1], got labels[{first}] = {flat[first]}. Map classes {{-1,"
                " 1} to {0, 1}; for more than two classes use SoftmaxRegression."
            )
        self.features = _checked_features(features, len(flat))
        self.labels = flat[:, None]
        self.ridge = positive_float(ridge, "ridge", allow_zero=True)
        refuse_wide(self.dim, "LogisticRegression")

    def given_labels(self) -> Array:
        """(N,)."""
        return self.labels[:, 0]

    def response(self, z: Array) -> Array:
        """The sigmoid."""
        return sigmoid(z)

    def log_partition(self, z: Array) -> Array:
        """log(1 + exp(z))."""
        return np.logaddexp(0.0, z[..., 0])


class SoftmaxRegression(LinearClassifier):
    """Cross-entropy of softmax(W a_n), x = W.ravel() with W (K, d) row-major, plus (ridge/2)|x|^2.

    Args:
        features: (N, d).
        labels: (N,) whole numbers in 0..K-1 (K = largest + 1, at least 2), or (N, K) rows of
            probabilities.
        ridge: weight of the penalty, >= 0.

    Raises:
        InvalidInput: shapes, non-finite entries, labels that are neither classes nor probabilities.

    >>> import kdtheory as kd
    >>> made = kd.SoftmaxRegression([[1.0, 0.0], [0.0, 1.0]], [0, 2], ridge=0.5)
    >>> made.n_terms, made.dim
    (2, 6)
    """

    curvature = 0.5

    def __init__(self, features: ArrayLike, labels: ArrayLike, *, ridge: float = 0.0) -> None:
        """See the class."""
        self.labels = _label_matrix(labels)
        self.n_outputs = int(self.labels.shape[1])
        self.features = _checked_features(features, len(self.labels))
        self.ridge = positive_float(ridge, "ridge", allow_zero=True)
        refuse_wide(self.dim, "SoftmaxRegression")

    def given_labels(self) -> Array:
        """Class numbers (N,) where they say the same, else rows of probabilities (N, K)."""
        classes = self.labels.argmax(axis=1)
        hard = bool((self.labels.max(axis=1) == 1.0).all())
        return classes if hard and classes.max() + 1 == self.n_outputs else self.labels

    def response(self, z: Array) -> Array:
        """Softmax over the outputs."""
        return softmax(z)

    def log_partition(self, z: Array) -> Array:
        """log sum exp."""
        top = z.max(axis=-1)
        return np.log(np.exp(z - top[..., None]).sum(axis=-1)) + top


def _label_matrix(labels: ArrayLike) -> Array:
    """Labels as rows of probabilities, (N, K)."""
    if np.ndim(labels) == 1:
        flat = frozen_array(labels, "labels", ndim=1)
        if (flat != np.round(flat)).any() or flat.min() < 0:
            raise InvalidInput(
                "labels with one axis must be class numbers 0, 1, ..., K-1; for soft labels pass"
                f" rows of probabilities, shape (N, K). Smallest {flat.min()}, largest"
                f" {flat.max()}."
            )
        classes = max(int(flat.max()) + 1, 2)
        if classes > 100_000:
            raise InvalidInput(
                f"labels name {classes} classes (largest label {flat.max()}); number the classes"
                " from 0."
            )
        matrix = np.zeros((len(flat), classes))
        matrix[np.arange(len(flat)), flat.astype(int)] = 1.0
    else:
        matrix = frozen_array(labels, "labels", ndim=2).copy()
        # Rows summed in float64: rounding is below K * eps; a forgotten normalisation is far above.
        off = float(np.abs(matrix.sum(axis=1) - 1.0).max()) > 1e-9
        if matrix.shape[1] < 2 or matrix.min() < 0.0 or off:
            raise InvalidInput(
                "labels with two axes must be rows of at least two probabilities that sum to 1,"
                f" got shape {matrix.shape}, smallest {matrix.min()}, row sums in"
                f" [{matrix.sum(axis=1).min()}, {matrix.sum(axis=1).max()}]."
            )
    matrix.flags.writeable = False
    return matrix
