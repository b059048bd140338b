"""What a weight does to small networks: 500 settings, each trained with eleven weights in
lockstep.

Run ``python -m kdtheory.checks.student_study run FILE [--minutes M] [--settings N]`` (resumable:
one line of JSON for each setting, in an order that any prefix covers evenly) and ``... table
FILE``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kdtheory.reproductions.study import ARMS, REGIMES, TEACHERS, Setting, run, settings


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The settings that a file holds; a line cut short by a kill is left out."""
    found = []
    for line in path.read_text().splitlines() if path.is_file() else ():
        if line.endswith("}"):
            found.append(json.loads(line))
    return found


def missing(path: Path) -> Iterator[Setting]:
    """Settings that the file does not hold."""
    done = {
        tuple(row[key] for key in ("data", "teacher", "regime", "seed")) for row in rows_of(path)
    }
    for one in settings():
        if (one.data, one.teacher, one.regime, one.seed) not in done:
            yield one


@dataclass(frozen=True)
class Summary:
    """One arm against "none", over some settings."""

    arm: str
    settings: int
    median: float  # of the ratio of train losses
    worst: float  # its 95th percentile
    test_median: float
    test_worst: float


def summaries(rows: Sequence[dict[str, Any]]) -> list[Summary]:
    """Every arm, iterate averaging last."""
    found = []
    for place, arm in enumerate((*ARMS, "averaging"), start=0):
        ratio = {
            part: [_ratio(row[part][place], row[part][0]) for row in rows]
            for part in ("train", "test")
        }
        quantiles = [
            float(np.quantile(ratio[part], q)) for part in ("train", "test") for q in (0.5, 0.95)
        ]
        found.append(Summary(arm, len(rows), *quantiles))
    return found


def _ratio(loss: float, plain: float) -> float:
    """In units of no distillation; a run that diverged counts as 10^6."""
    ratio = loss / max(plain, 1e-9)
    return min(ratio, 1e6) if math.isfinite(ratio) else 1e6


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: ratios to no distillation, all settings and by regime."""
    lines = []
    groups = [("all", list(rows))]
    groups += [(one.name, [row for row in rows if row["regime"] == one.name]) for one in REGIMES]
    noisy_ones = [
        row for row in rows if row["regime"] == REGIMES[0].name and row["teacher"] == "converged"
    ]
    groups.append(("batch 8, large step, converged teacher", noisy_ones))
    groups += [(f"teacher: {kind}", [r for r in rows if r["teacher"] == kind]) for kind in TEACHERS]
    for name, part in groups:
        if not part:
            continue
        lines += [
            f"**{name}** ({len(part)} settings)",
            "",
            "| weight | train, median | train, 95 % | test, median | test, 95 % |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [
            f"| {s.arm} | {s.median:.4g} | {s.worst:.4g} | {s.test_median:.4g} |"
            f" {s.test_worst:.4g} |"
            for s in summaries(part)
        ]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--settings", type=int, default=len(settings()))
    options = parser.parse_args()
    if options.what == "table":
        print(table(rows_of(options.file)))
        return
    torch.set_num_threads(1)
    end = time.monotonic() + 60.0 * options.minutes
    for setting in itertools.islice(missing(options.file), options.settings):
        if time.monotonic() > end:
            break
        line = json.dumps(run(setting))
        with options.file.open("a") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    main()
