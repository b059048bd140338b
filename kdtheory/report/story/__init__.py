"""The paper in eight pictures, for talks: from its claim to what was proved and measured."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_pdf import PdfPages

from kdtheory.report.story.answers import best_possible, exact_law, measured, ranges
from kdtheory.report.story.claims import control_variate, on_data, quality, weights
from kdtheory.report.story.slide import DPI, LOOK, Slide, drawn
from kdtheory.system.disk import replace_file

SLIDES = (
    Slide("1-claim", control_variate),
    Slide("2-seen", on_data),
    Slide("3-weights", weights),
    Slide("4-teachers", quality),
    Slide("5-proved", ranges),
    Slide("6-best", best_possible),
    Slide("7-law", exact_law),
    Slide("8-measured", measured),
)
FILES = (*(f"{slide.name}.png" for slide in SLIDES), "story.pdf", "story.md")


def write_story(
    folder: Path, tick: Callable[[str, int], None] = lambda done, total: None
) -> list[tuple[Path, str]]:
    """Eight pictures (1920 x 1080), all of them as story.pdf, and their sentences as story.md;
    (picture, sentence) each.

    Raises:
        InvalidInput: the folder cannot be written to, or the disk is full.
    """
    found, pages = [], BytesIO()
    with matplotlib.rc_context(LOOK), PdfPages(pages, metadata={"CreationDate": None}) as together:
        for place, slide in enumerate(SLIDES, start=1):
            figure, sentence = drawn(slide, place, len(SLIDES))
            target = folder / f"{slide.name}.png"
            replace_file(target, partial(figure.savefig, format="png", dpi=DPI))
            together.savefig(figure)
            found.append((target, sentence))
            tick(slide.name, len(SLIDES))
    text = "".join(f"![{sentence}]({path.name})\n\n{sentence}\n\n" for path, sentence in found)
    replace_file(folder / "story.pdf", lambda file: file.write(pages.getvalue()))
    replace_file(folder / "story.md", lambda file: file.write(text.encode("utf-8")))
    return found
