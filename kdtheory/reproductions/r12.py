"""R12: what a weight does to the train and the test loss of small networks: none, fixed, automatic,
and averaging the iterates."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from kdtheory.errors import MissingTool
from kdtheory.problems.base import Array
from kdtheory.reproductions.drawing import control, line, picture
from kdtheory.reproductions.result import Interval, Reproduction

TITLE = "Small networks: should one distil at all?"
CLAIM = (
    "Practice: a distillation weight, fixed or automatic, helps. Theory, Section 11: the weight for"
    " the steps that are left is the least harmful one; it is a gain only where noise dominates."
)
REGIMES = ("batch 8, large step", "batch 32", "batch 128, momentum")
TEACHERS = ("early", "converged", "clean labels")
SHOWN = ("0.3", "0.7", "0.9", "auto", "averaging")


def losses(seed: int) -> tuple[Array, Array]:
    """Losses in units of no distillation, (regime, teacher, train/test, shown), and where noise
    dominates, (train/test, shown).
    """
    try:
        import torch
    except ImportError as error:
        raise MissingTool("R12 needs PyTorch: pip install 'kdtheory[torch]'.") from error
    from kdtheory.reproductions import study
    from kdtheory.reproductions.study_weights import AUTO

    regimes = [next(how for how in study.REGIMES if how.name == name) for name in REGIMES]
    chosen = [study.Together("digits", how, seed, TEACHERS) for how in regimes]
    noisy = study.Together("digits, linear", study.NOISY_REGIMES[1], seed, study.NOISY_TEACHERS[1:])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        pair = [
            np.array(
                [
                    [row["train"], row["test"]]
                    for group in part
                    for row in study.run_group(group, (AUTO,))
                ]
            )
            for part in (chosen, [noisy])
        ]
    finally:
        torch.set_num_threads(threads)
    shape = (len(REGIMES), len(TEACHERS), 2, len(SHOWN))
    in_units = [part[..., 1:] / part[..., :1] for part in pair]
    return in_units[0].reshape(shape), in_units[1][0]


def run(seed: int) -> Reproduction:
    """Networks of two hidden layers on scikit-learn's digits, three ways of training, teachers that
    are early, converged, or fitted to clean labels while the student's have 20 % noise; and one
    linear model where noise dominates: batch 8, a larger step, a teacher that has converged on the
    student's own noisy labels."""
    found, noisy = losses(seed)
    auto, averaging = SHOWN.index("auto"), SHOWN.index("averaging")
    clean, early = TEACHERS.index("clean labels"), TEACHERS.index("early")
    numbers = {
        "auto: largest train loss": float(found[:, :, 0, auto].max()),
        "auto: median train loss": float(np.median(found[:, :, 0, auto])),
        "averaging: median train loss": float(np.median(found[:, :, 0, averaging])),
        "noise dominates: train loss of auto": float(noisy[0, auto]),
        "noise dominates: auto over averaging": float(noisy[0, auto] / noisy[0, averaging]),
        "0.7, early teacher: least train loss": float(found[:, early, 0, 1].min()),
        "0.9, clean teacher: median test loss": float(np.median(found[:, clean, 1, 2])),
    }
    why = "the study: seen in all its settings of this kind"
    expected = {
        "auto: largest train loss": Interval(0.3, 1.1, "the goal: at most 10 % worse"),
        "auto: median train loss": Interval(0.5, 1.02, "the goal: at most 2 % worse"),
        "averaging: median train loss": Interval(0.3, 1.1, why),
        "noise dominates: train loss of auto": Interval(
            0.1, 0.85, "the goal: at least 15 % better"
        ),
        "noise dominates: auto over averaging": Interval(0.1, 1.0, "better than what is free"),
        "0.7, early teacher: least train loss": Interval(1.5, 1e6, why),
        "0.9, clean teacher: median test loss": Interval(0.0, 0.9, why),
    }
    text = (
        "Losses at the end of training, in units of those without distillation. A fixed weight with"
        " an early teacher multiplies the train loss (at 0.7 by"
        f" {numbers['0.7, early teacher: least train loss']:.1f} and more); with a teacher whose"
        " labels are cleaner than the student's it is well worth it on test data (at 0.9 the test"
        f" loss falls to {numbers['0.9, clean teacher: median test loss']:.2f}), which is not"
        " variance reduction. The automatic weight stays at 0 unless a tenth of the noise would go"
        f" over the steps that are left: its train loss is {numbers['auto: median train loss']:.3f}"
        f" in the median and at most {numbers['auto: largest train loss']:.3f}. Averaging the last"
        f" 20 iterates ({numbers['averaging: median train loss']:.3f}) costs nothing and needs no"
        " teacher. Where noise dominates (a linear model, a large step, labels that cannot be"
        " fitted, and a teacher that has converged on them) the automatic weight finds the gain:"
        f" its train loss is {noisy[0, auto]:.2f}, that of averaging {noisy[0, averaging]:.2f}."
    )
    return Reproduction(numbers, expected, text, _figure(found, noisy))


def _figure(found: Array, noisy: Array) -> Figure:
    with picture(1, 2, size=(9.0, 3.9)) as (figure, panels):
        for k, (panel, part) in enumerate(zip(panels, ("train", "test"), strict=True)):
            for j, teacher in enumerate(TEACHERS):
                for i in range(len(REGIMES)):
                    places = np.arange(len(SHOWN)) + 0.1 * (3 * j + i - 4) / 1.5
                    style = line(j, ls="", ms=5, alpha=(1.0, 0.7, 0.45)[i])
                    label = f"{teacher} teacher" if i == 0 else None
                    panel.plot(places, found[i, j, k], **style, label=label)
            places = np.arange(len(SHOWN)) + 0.36
            label = "noise dominates (linear)"
            panel.plot(places, noisy[k], **line(len(TEACHERS), ls="", ms=5, label=label))
            panel.axhline(1.0, **control(marker="", lw=1.0))
            panel.set_yscale("log")
            names = [rf"$\lambda$ = {x}" if x[0] == "0" else x for x in SHOWN]
            panel.set_xticks(range(len(SHOWN)), names)
            panel.set_title(f"{part} loss (no distillation = 1)")
        panels[0].legend(fontsize=8, frameon=False)
    return figure
