"""The structure that control variates may have, for engines that are faster when they know it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.problems.base import Array

# Entries of c_n - v - s_n a_n that are rounding: a few units in the last place of the largest term.
ROUNDING = 64 * np.finfo(float).eps


@dataclass(frozen=True, eq=False)
class Combination:
    """c_n = sum_j weights_j grad f_n(points_j), less its mean over n where ``centred``."""

    weights: Array  # (m,)
    points: Array  # (m, d)
    centred: bool


def rank_one(features: Array, table: Array) -> tuple[Array, Array] | None:
    """(s, v) with c_nk = s_nk a_n + v_k for every row of ``table`` (N, K, d) and ``features`` (N,
    d) up to rounding, s (N, K) and v (K, d), or None.

    v is what the parts of c_n orthogonal to a_n have in common: sum P_n v = sum P_n c_n with P_n =
    I - a_n a_n^T/|a_n|^2, over as many terms as determine it; all terms are then held against it.
    """
    n, outputs, d = table.shape
    lengths = np.einsum("nd,nd->n", features, features)
    some = np.unique(np.linspace(0, n - 1, min(n, 4 * d + 8)).astype(int))
    axes = features[some] / np.sqrt(np.where(lengths[some] > 0.0, lengths[some], 1.0))[:, None]
    across = len(some) * np.eye(d) - axes.T @ axes
    along = np.einsum("nd,nkd->nk", axes, table[some])
    left = table[some].sum(axis=0) - np.einsum("nk,nd->kd", along, axes)
    # Singular values below this are rounding; what v then is, all terms judge.
    common = np.linalg.lstsq(across, left.T, rcond=1e-12)[0].T
    common[np.abs(common) <= ROUNDING * np.abs(table).max(axis=(0, 2))[:, None]] = 0.0
    rest = table - common
    shares = (
        np.einsum("nd,nkd->nk", features, rest) / np.where(lengths > 0.0, lengths, 1.0)[:, None]
    )
    size = np.abs(table).max(axis=2, keepdims=True) + np.abs(common).max(initial=0.0)
    if (np.abs(rest - shares[:, :, None] * features[:, None, :]) > ROUNDING * d * size).any():
        return None
    return shares, common
