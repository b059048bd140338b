"""The study's machinery, and a few of its 500 settings: the automatic weight does no harm where
ignoring the horizon does, gains where noise dominates, and is the one of ``DistillationLoss``.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from kdtheory.checks.student_study import least_loss, missing, quantiles, rows_of, table
from kdtheory.reproductions.lockstep import Lockstep, Training
from kdtheory.reproductions.study import (
    FIXED,
    NOISY_REGIMES,
    REGIMES,
    SEEDS,
    TEACHERS,
    OneRun,
    Together,
    groups,
    noisy_groups,
    run_group,
)
from kdtheory.reproductions.study_data import labels, split
from kdtheory.reproductions.study_weights import AUTO, AUTOS, HORIZON
from kdtheory.torch import DistillationLoss

MOMENTUM, ADAM = REGIMES[3:]
SMALL = (
    Together("diabetes", MOMENTUM, 0, ("other half", "early")),
    Together("diabetes", ADAM, 1, ("early",)),
)
ONCE = AUTOS[0]


@pytest.fixture(scope="module")
def rows():
    """Three settings with two automatic arms."""
    torch.set_num_threads(1)
    return [row for group in SMALL for row in run_group(group, (AUTO, ONCE))]


def test_the_automatic_weight_does_no_harm(rows):
    """Where the one that counts the bias once does."""
    auto, once = len(FIXED), len(FIXED) + 1
    for row in rows:
        assert row["train"][auto] <= 1.1 * row["train"][0]
    # The mutant: the bias counted for one step only.
    assert max(row["train"][once] / row["train"][0] for row in rows) > 1.5


def test_it_gains_where_noise_dominates():
    """Labels that cannot be fitted, a converged teacher of the same ones, a large step: more than
    15 %, and more than averaging the iterates.
    """
    group = Together("digits, linear", NOISY_REGIMES[1], 0, ("noisy labels",))
    (row,) = run_group(group, (AUTO,))
    none, *_, auto, averaged = row["train"]
    assert auto <= 0.85 * none and auto < averaged


def test_the_least_loss_is_the_least_squares_one():
    """Of an affine model, by the singular value decomposition."""
    data = split("diabetes, linear", 0)
    rows = np.column_stack([data.train[0].double().numpy(), np.ones(len(data.train[0]))])
    y = labels("diabetes, linear", "noisy labels", 0).double().numpy()
    (squares,) = np.linalg.lstsq(rows, y)[1]
    found = least_loss("diabetes, linear", "noisy labels", 0)
    assert found == pytest.approx(squares / (2 * len(rows)), rel=1e-9)


@pytest.mark.parametrize("auto", [AUTO, HORIZON, ONCE])
@pytest.mark.parametrize("data", ["breast-cancer", "diabetes"])
def test_the_weights_are_those_of_the_loss(data, auto):
    """At every step: written twice, in lockstep and one by one."""
    steps = 60
    job = OneRun(
        Together(data, Training("short", 20, steps, 0.05), 0, ("middle", "early")), (auto,)
    )
    arm = len(FIXED)
    criterion = "horizon" if auto.horizon else "second-moment"
    single = [
        DistillationLoss(
            "auto",
            total_steps=steps,
            criterion=criterion,
            least_gain=auto.least_gain,
            refresh_every=auto.refresh_every,
            loss=job.data.kind,
        )
        for _ in range(2)
    ]
    seen = []
    look = job._look

    def listen(t, z, u, y, features):
        look(t, z, u, y, features)
        for k, loss in enumerate(single):
            mine = k * job.arms + arm
            loss(z[mine].requires_grad_(), u[k], y[k], features[mine])
            seen.append((float(job.weights[k, arm]), loss.weight))

    job._look = listen
    for t in range(steps):
        job.step(t)
    mine, theirs = torch.tensor(seen).T
    # Both average in float64, of logits in float32.
    assert torch.allclose(mine, theirs, atol=1e-6, rtol=1e-5)
    assert len(seen) == 2 * steps and (auto is AUTO or bool((mine > 0).any()))


@pytest.mark.parametrize("model", ["mlp", "cnn", "linear"])
def test_each_network_in_lockstep_is_the_one_that_torch_builds(model):
    """Forward and backward, for every one of three."""
    generator = torch.Generator().manual_seed(3)
    made = Lockstep(model, 3, 64, 5, generator)
    with torch.no_grad():
        for p in made.parameters:
            p += 0.1 * torch.randn(p.shape, generator=generator)
    x = torch.randn(7, 64, generator=generator)
    z, features = made(x)
    (z**2).sum().backward()
    for k in range(3):
        own = [p.detach()[k].clone().requires_grad_() for p in made.parameters]
        h = x.reshape(7, 1, 8, 8) if model == "cnn" else x
        for weight, offset in zip(own[:-2:2], own[1:-2:2], strict=True):
            if model == "cnn":
                h = torch.conv2d(h, weight, offset[0], stride=2, padding=1).relu()
            else:
                h = (h @ weight + offset).relu()
        last = h.flatten(1)
        alone = last @ own[-2] + own[-1]
        (alone**2).sum().backward()
        assert torch.allclose(z[k], alone, atol=1e-4)
        assert torch.allclose(features[k, :, :-1], last, atol=1e-5) and bool(
            (features[..., -1] == 1).all()
        )
        for p, q in zip(made.parameters, own, strict=True):
            scale = 1e-5 * float(q.grad.abs().max())
            assert torch.allclose(p.grad[k], q.grad, atol=scale, rtol=1e-4)


def test_the_same_setting_gives_the_same_numbers(rows):
    """Bit for bit on one machine."""
    again = run_group(SMALL[1], (AUTO, ONCE))[0]
    assert again["train"] == rows[2]["train"] and again["test"] == rows[2]["test"]


def test_the_file_is_resumed_and_a_cut_line_left_out(rows, tmp_path):
    """What is there is not run again."""
    path = tmp_path / "study.jsonl"
    every = [one for group in groups() for one in group.settings()]
    assert len(every) == len(set(every)) == 500 and {one.seed for one in every[:125]} == {0}
    more = [one for group in noisy_groups() for one in group.settings()]
    assert len(set(more)) == 96 and len({one.seed for one in more}) == SEEDS
    group = groups()[0]
    done = [{**rows[0], **vars(one)} for one in group.settings()]
    path.write_text("".join(json.dumps(row) + "\n" for row in done) + json.dumps(rows[1])[:40])
    assert len(rows_of(path)) == len(TEACHERS)
    left = list(missing(path))
    assert len(left) == len(groups()) + len(noisy_groups()) - 1 and group not in left


def test_the_table_has_every_arm_once(rows):
    """And counts a diverged run as the worst."""
    full = [
        row | {part: [*row[part][:-1], *[1.0] * 5, row[part][-1]] for part in ("train", "test")}
        for row in rows
    ]
    told = table([*full, full[0]])
    header = next(line for line in told.splitlines() if line.startswith("| settings"))
    assert all(f" {auto.name} " in header for auto in AUTOS) and header.endswith(" averaging |")
    assert "| **all** | 3 |" in told and f"| regime: {ADAM.name} | 1 |" in told
    lost = [row | {"train": [1e14, *row["train"][1:]], "seed": 3} for row in full]
    assert table([*full, *lost]) == table(full)  # plain SGD itself diverged
    diverged = [row | {"train": [1.0] + [float("nan")] * 11} for row in full]
    assert quantiles(diverged, "train")[0] == (1e6, 1e6)
