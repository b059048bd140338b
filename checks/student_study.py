"""What a weight does to small networks: 500 settings, each trained with eleven weights in
lockstep, and 96 more where noise dominates.

Run ``python -m kdtheory.checks.student_study run FILE [--minutes M]`` (resumable: one line of JSON
for each setting, in an order that any prefix covers evenly) and ``... table FILE``.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize

from kdtheory.reproductions.lockstep import losses
from kdtheory.reproductions.study import (
    ARMS,
    DATA,
    LINEAR,
    NOISY_DATA,
    NOISY_REGIMES,
    NOISY_TEACHERS,
    REGIMES,
    TEACHERS,
    Together,
    groups,
    noisy_groups,
    run_group,
)
from kdtheory.reproductions.study_data import labels, split


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The settings that a file holds; a line cut short by a kill is left out."""
    found = []
    for line in path.read_text().splitlines() if path.is_file() else ():
        if line.endswith("}"):
            found.append(json.loads(line))
    return found


def missing(path: Path) -> Iterator[Together]:
    """Groups of which the file does not hold all settings, seed by seed."""
    done = {
        tuple(row[key] for key in ("data", "teacher", "regime", "seed")) for row in rows_of(path)
    }
    for one in sorted([*groups(), *noisy_groups()], key=lambda group: group.seed):
        every = {(s.data, s.teacher, s.regime, s.seed) for s in one.settings()}
        if not every <= done:
            yield one


NAMES = (*ARMS[1:], "averaging")
# Of plain SGD, where a model that knows nothing has log K <= 2.31, or 1/2: nothing is compared with
# a run that diverged.
DIVERGED = 10.0


def quantiles(rows: Sequence[dict[str, Any]], part: str) -> list[tuple[float, float]]:
    """Median and 95th percentile of the loss in units of that without distillation, for every name
    of ``NAMES``.
    """
    found = []
    for place in range(1, len(NAMES) + 1):
        ratio = [_ratio(row[part][place], row[part][0]) for row in rows]
        found.append((float(np.median(ratio)), float(np.quantile(ratio, 0.95))))
    return found


def _ratio(loss: float, plain: float) -> float:
    """In units of no distillation; a run that diverged counts as 10^6."""
    ratio = loss / max(plain, 1e-9)
    return min(ratio, 1e6) if math.isfinite(ratio) else 1e6


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: median (and 95 %) of the ratios to no distillation, over all settings in which
    plain SGD did not diverge, by what they have in common, and where noise dominates.
    """
    once = {
        (row["data"], row["teacher"], row["regime"], row["seed"]): row
        for row in rows
        if row["train"][0] < DIVERGED  # NaN is not
    }
    study = _among(once, DATA, TEACHERS, [one.name for one in REGIMES])
    lines = []
    for part in ("train", "test"):
        groups_of = [("**all**", study)]
        for key, values in (
            ("regime", [one.name for one in REGIMES]),
            ("teacher", TEACHERS),
            ("data", DATA),
        ):
            groups_of += [
                (f"{key}: {value}", [row for row in study if row[key] == value]) for value in values
            ]
        for teacher in NOISY_TEACHERS:
            for how in NOISY_REGIMES:
                name = f"{how.name}; teacher: {teacher}"
                groups_of.append((name, _among(once, NOISY_DATA, [teacher], [how.name])))
                name += "; linear models"
                groups_of.append((name, _among(once, LINEAR, [teacher], [how.name])))
        lines += [f"{part.capitalize()} loss:", ""]
        lines.append(f"| settings | | {' | '.join(NAMES)} |")
        lines.append("| --- " * (len(NAMES) + 2) + "|")
        for name, chosen in groups_of:
            if chosen:
                cells = [f"{a:.3g} ({b:.3g})" for a, b in quantiles(chosen, part)]
                lines.append(f"| {name} | {len(chosen)} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join([*lines, *_excesses(once)])


@cache
def least_loss(problem: str, teacher: str, seed: int) -> float:
    """Of a linear model on the student's training labels: what L-BFGS comes down to, which is the
    minimum or a little more.
    """
    data = split(problem, seed)
    rows, y = data.train[0].double(), labels(problem, teacher, seed)
    rows = torch.cat([rows, rows.new_ones(len(rows), 1)], dim=1)
    y = y.double() if data.kind == "squared" else y
    shape = (rows.shape[1], data.outputs)

    def value(x: np.ndarray) -> tuple[float, np.ndarray]:
        weight = torch.tensor(x.reshape(shape), requires_grad=True)
        loss = losses((rows @ weight)[None], y, data.kind).sum()
        (slope,) = torch.autograd.grad(loss, weight)
        return loss.item(), slope.numpy().ravel()

    options = {"maxiter": 2000, "maxfun": 2500, "ftol": 1e-12, "gtol": 1e-8}
    start = np.zeros(shape[0] * shape[1])
    return float(minimize(value, start, jac=True, method="L-BFGS-B", options=options).fun)


def _excesses(rows: dict[tuple[str, str, str, int], dict[str, Any]]) -> list[str]:
    """Markdown: medians of what is left of f - f*, which is what noise and theorems are about, of
    linear models on labels that cannot be fitted, and its share of the loss without distillation.
    """
    lines = [f"| settings | | excess / loss | {' | '.join(NAMES)} |"]
    lines.append("| --- " * (len(NAMES) + 3) + "|")
    for how in NOISY_REGIMES:
        for names in (LINEAR, *([name] for name in LINEAR)):
            found = []
            for row in _among(rows, names, ["noisy labels"], [how.name]):
                least = least_loss(row["data"], row["teacher"], row["seed"])
                plain, *others = (_ratio(loss - least, 1.0) for loss in row["train"])
                found.append([plain / row["train"][0], *(_ratio(other, plain) for other in others)])
            if found:
                cells = [f"{cell:.2g}" for cell in np.median(found, axis=0)]
                name = "**all**" if names is LINEAR else names[0]
                lines.append(f"| {how.name}; {name} | {len(found)} | {' | '.join(cells)} |")
    return (
        ["Excess of the train loss over the least one:", "", *lines, ""] if len(lines) > 2 else []
    )


def _among(
    rows: dict[tuple[str, str, str, int], dict[str, Any]],
    data: Sequence[str],
    teachers: Sequence[str],
    regimes: Sequence[str],
) -> list[dict[str, Any]]:
    return [
        row
        for (name, teacher, regime, _), row in rows.items()
        if name in data and teacher in teachers and regime in regimes
    ]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--minutes", type=float, default=math.inf)
    options = parser.parse_args()
    if options.what == "table":
        print(table(rows_of(options.file)))
        return
    torch.set_num_threads(1)
    end = time.monotonic() + 60.0 * options.minutes
    for group in missing(options.file):
        if time.monotonic() > end:
            break
        lines = "".join(json.dumps(row) + "\n" for row in run_group(group))
        with options.file.open("a") as file:
            file.write(lines)


if __name__ == "__main__":
    main()
