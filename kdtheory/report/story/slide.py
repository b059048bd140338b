"""A slide: one sentence over one picture, in the size of a projector."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from kdtheory import __version__
from kdtheory.report.plots.style import RC

SIZE, DPI = (13.3334, 7.5), 144  # 1920 x 1080
LOOK: Any = {
    **RC,
    "font.size": 16,
    "axes.titlesize": 17,
    "axes.labelsize": 17,
    "legend.fontsize": 14.5,
    "lines.linewidth": 2.6,
    "savefig.dpi": DPI,
}
BLUE, RED, GREEN, GREY = "#0b5fa5", "#c0501a", "#1b8a6b", "0.55"


@dataclass(frozen=True)
class Slide:
    """``draw`` fills a figure and returns its one sentence, with the numbers that were found."""

    name: str
    draw: Callable[[Any], str]


def drawn(slide: Slide, place: int, count: int) -> tuple[Figure, str]:
    """The figure of one slide, and its sentence; under :data:`LOOK`."""
    figure = Figure(figsize=SIZE)
    body = figure.add_gridspec(1, 1, left=0.085, right=0.965, top=0.76, bottom=0.15)
    sentence = slide.draw(body)
    figure.text(0.04, 0.945, textwrap.fill(sentence, 82), fontsize=22, va="top", linespacing=1.25)
    figure.text(0.04, 0.025, f"kdtheory {__version__}", fontsize=11, color="0.45")
    figure.text(0.965, 0.025, f"{place} / {count}", fontsize=11, color="0.45", ha="right")
    return figure, sentence
