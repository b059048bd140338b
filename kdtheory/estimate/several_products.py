"""Centred products of the student's gradients with those of several teachers, or with one teacher's
by blocks of coordinates: the weights need their sums, the errors each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdtheory.errors import InvalidInput
from kdtheory.estimate.data import CHUNK_ENTRIES, Array, Rows, open_rows
from kdtheory.estimate.gram import Several


@dataclass(frozen=True)
class Products:
    """Centred products of n samples: with each other, and with the teachers' means."""

    student: Array  # (n,)  |G'_i|^2
    cross: Array  # (m, n)  <G'_i, H_j,i'>
    teachers: Array  # (m, m, n)
    along: Array  # (m, m, n)  <h_j, H_k,i'>
    means: Array  # (m, m)  <mean of H_j, mean of H_k>

    def moments(self) -> Several:
        """Unbiased."""
        n = self.student.size
        variance = self.teachers.sum(axis=2) / (n - 1)
        return Several(
            float(self.student.sum()) / (n - 1),
            self.cross.sum(axis=1) / (n - 1),
            variance,
            self.means - variance / n,
            float(n),
        )


def open_teachers(given: Any, student: Rows) -> list[Rows]:
    """Rows (n, d) of each of m teachers.  Raises InvalidInput unless shaped as the student is."""
    parts = [open_rows(part, f"teacher_gradients[{place}]") for place, part in enumerate(given)]
    for part in parts:
        if part.shape != student.shape:
            raise InvalidInput(
                f"{part.name} and student_gradients must have the same shape (n, d), got"
                f" {part.shape} and {student.shape}."
            )
    return parts


def by_teacher(student: Rows, teachers: Sequence[Rows]) -> Products:
    """Of the student and each teacher.  Raises InvalidInput for entries that are not finite."""
    g, h = _mean(student), np.stack([_mean(one) for one in teachers])
    m, n = len(teachers), student.shape[0]
    found = Products(
        np.empty(n), np.empty((m, n)), np.empty((m, m, n)), np.empty((m, m, n)), h @ h.T
    )
    sources, means = [student, *teachers], [g, *h]
    share = CHUNK_ENTRIES // (m + 1)  # all of them together stay in the cache
    for blocks in zip(*(one.chunks(share) for one in sources), strict=True):
        rows = blocks[0][0]
        every = np.empty((len(blocks[0][1]), m + 1, g.size))
        for j, ((_, block), mean) in enumerate(zip(blocks, means, strict=True)):
            np.subtract(block, mean, out=every[:, j])
        gram = (every @ every.transpose(0, 2, 1)).transpose(1, 2, 0)
        found.student[rows] = gram[0, 0]
        found.cross[:, rows] = gram[0, 1:]
        found.teachers[:, :, rows] = gram[1:, 1:]
        found.along[:, :, rows] = (every[:, 1:] @ h.T).transpose(2, 1, 0)
    return found


def by_block(student: Rows, teacher: Rows, blocks: Any) -> Products:
    """Of the student and one teacher in each block: products of different blocks are 0.

    Raises InvalidInput for blocks that overlap or are empty and for entries that are not finite.
    """
    places = _places(blocks, student.shape[1])
    g, h = _mean(student), _mean(teacher)
    m, n = len(places), student.shape[0]
    if teacher.shape != student.shape:
        raise InvalidInput(
            "student_gradients and teacher_gradients must have the same shape (n, d), got"
            f" {student.shape} and {teacher.shape}."
        )
    found = Products(
        np.zeros(n), np.zeros((m, n)), np.zeros((m, m, n)), np.zeros((m, m, n)), np.zeros((m, m))
    )
    for (rows, one), (_, other) in zip(student.chunks(), teacher.chunks(), strict=True):
        mine, theirs = one - g, other - h
        found.student[rows] = np.einsum("ip,ip->i", mine, mine)
        for j, place in enumerate(places):
            part = theirs[:, place]
            found.cross[j, rows] = np.einsum("ip,ip->i", mine[:, place], part)
            found.teachers[j, j, rows] = np.einsum("ip,ip->i", part, part)
            found.along[j, j, rows] = part @ h[place]
            found.means[j, j] = float(h[place] @ h[place])
    return found


def _places(blocks: Any, d: int) -> list[NDArray[np.intp]]:
    every = [np.atleast_1d(np.arange(d)[block]) for block in blocks]
    used = np.concatenate(every) if every else np.zeros(0, dtype=np.intp)
    if not every or any(place.size == 0 for place in every) or np.unique(used).size != used.size:
        raise InvalidInput(
            "blocks are slices or index arrays into the d coordinates, none empty, no coordinate"
            f" twice; got {len(every)} blocks with {used.size} coordinates, of which"
            f" {np.unique(used).size} differ (d = {d})."
        )
    return every


def _mean(source: Rows) -> Array:
    total = np.zeros(source.shape[1])
    for _, block in source.chunks():
        total += block.sum(axis=0)
    if not np.all(np.isfinite(total)):
        raise InvalidInput(f"{source.name} must be finite: {source.locate_bad_entry()}.")
    return np.asarray(total / source.shape[0])
