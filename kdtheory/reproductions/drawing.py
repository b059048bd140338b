"""How the pictures look: readable in grey, since dashes, markers and shades differ and not only
colours.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from kdtheory.report.plots.style import RC

STYLE: Any = {**RC, "axes.titlesize": 10.5}  # a panel is larger than in `kdtheory verify`
# Of the PNG: a page shows eight of them, so that each stays below 100 kB.
RESOLUTION, SHADES = 100, 48
LINES: tuple[dict[str, Any], ...] = (
    {"color": "black", "ls": "-", "marker": "o"},
    {"color": "#0b5fa5", "ls": (0, (6, 2)), "marker": "s"},
    {"color": "#c0501a", "ls": (0, (6, 2, 1, 2)), "marker": "^"},
    {"color": "#1b8a6b", "ls": (0, (1, 1.2)), "marker": "D"},
    {"color": "#8a3d8f", "ls": (0, (10, 2, 2, 2, 2, 2)), "marker": "v"},
)
CONTROL: dict[str, Any] = {"color": "0.6", "ls": "-", "marker": "x"}


def line(place: int, **changes: Any) -> dict[str, Any]:
    """The style of the curve at ``place`` (0 to 4), with changes."""
    return {"lw": 1.5, "ms": 4, **LINES[place], **changes}


def control(**changes: Any) -> dict[str, Any]:
    """The style of what a curve is compared with."""
    return {"lw": 1.3, "ms": 4, **CONTROL, **changes}


@contextmanager
def picture(
    rows: int, columns: int, *, size: tuple[float, float]
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure of panels, row by row, drawn in our style; no pyplot: no global state, works without
    a display.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        yield figure, list(figure.subplots(rows, columns, squeeze=False).ravel())


def pictures(figure: Figure) -> dict[str, bytes]:
    """The figure as "png" and "svg"."""
    png, svg = io.BytesIO(), io.BytesIO()
    with mpl.rc_context(STYLE):  # fonts are looked up when drawn
        canvas = FigureCanvasAgg(figure)
        figure.set_dpi(RESOLUTION)
        canvas.draw()
        Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").quantize(SHADES).save(
            png, format="png", optimize=True
        )
        figure.savefig(svg, format="svg", metadata={"Date": None})
    return {"png": png.getvalue(), "svg": svg.getvalue()}
