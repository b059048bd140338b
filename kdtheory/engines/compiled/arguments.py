"""What kernels are given, in few pieces: named tuples, which Numba takes apart for nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kdtheory.problems.base import Array


class Run(NamedTuple):
    """Blocks ``first`` <= b < ``last`` of eight replicates, from time ``t0`` through the times
    ``wanted``.
    """

    key: np.ndarray
    wanted: np.ndarray
    t0: int
    first: int
    last: int
    replicates: int


class KernelLine(NamedTuple):
    """y <- decay y + shift - gamma (r(a_n.y + offset_n) - target_n) a_n: flat rows, offsets and
    targets (N,) or (N, K), ``weights`` of the squares that make a gap, empty where they do not.
    """

    rows: Array
    offsets: Array
    targets: Array
    gamma: float
    decay: float
    shift: Array
    response: int
    weights: Array


class Sampling(NamedTuple):
    """Batch, replacement, and the number and parameter of a compressor."""

    batch: int
    replacement: bool
    code: int
    parameter: float


class Loss(NamedTuple):
    """gap = scale sums - linear.y + (ridge / 2) |y + origin|^2 - constant."""

    scale: float
    linear: Array
    ridge: float
    origin: Array
    constant: float


class Steps(NamedTuple):
    """Step sizes (T,) or (1,), weights (T, m) or (1, m); control variates of each unit weight: s
    (m, N, K) and v (m, size) where they are s_n a_n + v, else flat rows (m, N, size).
    """

    gammas: Array
    weights: Array
    shares: Array
    commons: Array
    tables: Array


class Chances(NamedTuple):
    """1/(N p_n), thresholds and partners of the alias table, (N,); empty for uniform sampling."""

    ratios: Array
    thresholds: np.ndarray
    partners: np.ndarray
