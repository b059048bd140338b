"""The study's machinery, and three of its 500 settings: the automatic weight does no harm where
ignoring the horizon does.
"""

from __future__ import annotations

import json

import pytest
import torch

from kdtheory.checks.student_study import missing, rows_of, summaries, table
from kdtheory.reproductions.study import AUTO, FIXED, Setting, run, settings

SMALL = (
    Setting("breast-cancer", "early", "batch 128, Adam", 0),
    Setting("diabetes", "other half", "batch 128, momentum", 0),
    Setting("diabetes", "early", "batch 128, Adam", 1),
)
ARMS = ("horizon, gain of 10 %", "one step")


@pytest.fixture(scope="module")
def rows():
    """Three settings with two automatic arms."""
    torch.set_num_threads(1)
    return [run(setting, ARMS) for setting in SMALL]


def test_the_automatic_weight_does_no_harm(rows):
    """Where the one that counts the bias once does."""
    auto, once = len(FIXED), len(FIXED) + 1
    for row in rows:
        assert row["train"][auto] <= 1.1 * row["train"][0]
    # The mutant: the bias counted for one step only.
    assert max(row["train"][once] / row["train"][0] for row in rows) > 1.5


def test_the_same_setting_gives_the_same_numbers(rows):
    """Bit for bit on one machine."""
    again = run(SMALL[1], ARMS)
    assert again["train"] == rows[1]["train"] and again["test"] == rows[1]["test"]


def test_the_file_is_resumed_and_a_cut_line_left_out(rows, tmp_path):
    """What is there is not run again."""
    path = tmp_path / "study.jsonl"
    every = settings()
    assert len(every) == len(set(every)) == 500 and {one.seed for one in every[:100]} == {0}
    path.write_text(json.dumps(rows[0]) + "\n" + json.dumps(rows[1])[:40])
    assert len(rows_of(path)) == 1
    left = list(missing(path))
    assert len(left) == 499 and SMALL[0] not in left


def test_the_table_has_every_arm(rows):
    """And counts a diverged run as the worst."""
    full = [
        row | {part: [*row[part][:-1], *[1.0] * 5, row[part][-1]] for part in ("train", "test")}
        for row in rows
    ]
    names = [one.arm for one in summaries(full)]
    assert names[0] == "none" and names[-1] == "averaging" and set(AUTO) <= set(names)
    assert "**all** (3 settings)" in table(full)
    diverged = [row | {"train": [1.0] + [float("nan")] * 11} for row in full]
    assert summaries(diverged)[1].median == 1e6
