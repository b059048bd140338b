"""Logits, features and labels of a student and a teacher, written in chunks for ``diagnose`` and
``lambda_star_from_logits``: a run that was cut short goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdtheory.errors import InvalidInput

NAMES = ("student", "teacher", "labels", "features")


class Collector:
    """A folder of .npy chunks, one for each call of ``add``, joined by ``finish``.

    A chunk is complete or not there: it is written under another name and renamed.  Half precision
    is kept (bfloat16 becomes float32: NumPy has none).  Rows labelled -100 are left out.
    """

    def __init__(self, folder: str | Path, *, ignore_index: int = -100) -> None:
        """Make the folder, or go on with it."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ignore_index = ignore_index

    @property
    def chunks(self) -> int:
        """How many are complete: where to go on."""
        found = 0
        while (self.folder / f"chunk-{found:06d}.json").is_file():
            found += 1
        return found

    def add(
        self,
        student_logits: Tensor,
        teacher_logits: Tensor,
        labels: Tensor,
        features: Tensor | None = None,
    ) -> None:
        """One batch, (B, K) or (B, T, K) logits with (B,) or (B, T) labels.

        Raises InvalidInput for shapes that differ.
        """
        if student_logits.shape != teacher_logits.shape:
            raise InvalidInput(
                "student_logits and teacher_logits must have one shape, got"
                f" {tuple(student_logits.shape)} and {tuple(teacher_logits.shape)}."
            )
        outputs = student_logits.shape[-1]
        given = [student_logits.reshape(-1, outputs), teacher_logits.reshape(-1, outputs)]
        y = labels.reshape(-1)
        if len(y) != len(given[0]):
            raise InvalidInput(f"There are {len(y)} labels for {len(given[0])} rows of logits.")
        kept = y != self.ignore_index
        given.append(y)
        if features is not None:
            given.append(features.reshape(len(y), -1))
        place = self.chunks
        for name, tensor in zip(NAMES, given, strict=False):
            self._write(f"chunk-{place:06d}-{name}.npy", _numpy(tensor[kept]))
        # The mark comes last: what has none is written again.
        mark = self.folder / f"chunk-{place:06d}.json"
        mark.with_suffix(".part").write_text(json.dumps({"rows": int(kept.sum())}))
        mark.with_suffix(".part").rename(mark)

    def finish(self) -> dict[str, Path]:
        """One .npy file for each kind, row by row from the chunks; the chunks stay.  A file is
        complete or not there.

        Raises InvalidInput where nothing was collected, or features with some batches only.
        """
        count = self.chunks
        if count == 0:
            raise InvalidInput(f"Nothing was collected in {self.folder.name!r}: call add() first.")
        found = {}
        for name in NAMES:
            parts = [self.folder / f"chunk-{k:06d}-{name}.npy" for k in range(count)]
            there = sum(part.is_file() for part in parts)
            if there == 0:
                continue
            if there < count:
                raise InvalidInput(
                    f"{name} came with {there} of {count} batches: pass it with all."
                )
            heads = [_head(part) for part in parts]
            rows = sum(shape[0] for shape, _ in heads)
            if rows == 0:
                raise InvalidInput(f"Every row was labelled {self.ignore_index}: none is left.")
            target = self.folder / f"{name}.npy"
            unfinished = target.with_suffix(".part")
            dtype = np.result_type(*(dtype for _, dtype in heads))
            shape = rows, *heads[0][0][1:]
            whole = np.lib.format.open_memmap(unfinished, "w+", dtype, shape)
            start = 0
            for part in parts:
                block = np.load(part)
                whole[start : start + len(block)] = block
                start += len(block)
            whole.flush()
            found[name] = unfinished.rename(target)
        return found

    def _write(self, name: str, array: np.ndarray[Any, Any]) -> None:
        part = self.folder / f"{name}.part"
        with part.open("wb") as file:
            np.save(file, array, allow_pickle=False)
        part.rename(self.folder / name)


@torch.no_grad()
def collect(
    student: Any, teacher: Any, batches: Iterable[tuple[Tensor, Tensor]], folder: str | Path
) -> dict[str, Path]:
    """Run both models over (inputs, labels) and write what ``diagnose`` reads.

    Args:
        student: inputs -> logits, or (logits, features of the output layer); in eval mode.
        teacher: inputs -> logits (what comes after them in a tuple is left aside).
        batches: the same at every call: those whose chunks are there already are skipped.
        folder: where the files go.

    Returns the paths by kind: "student", "teacher", "labels", and "features" if there are any.
    """
    held = Collector(folder)
    for x, y in islice(batches, held.chunks, None):
        outputs, taught = student(x), teacher(x)
        logits, features = outputs if isinstance(outputs, tuple) else (outputs, None)
        held.add(logits, taught[0] if isinstance(taught, tuple) else taught, y, features)
    return held.finish()


def _head(path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype of an array in a file."""
    found = np.load(path, mmap_mode="r")
    return found.shape, found.dtype


def _numpy(x: Tensor) -> np.ndarray[Any, Any]:
    x = x.detach().cpu()
    return (x.float() if x.dtype == torch.bfloat16 else x).numpy()
