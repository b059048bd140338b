"""The pictures of ``kdtheory verify --plots DIR``: error curves, floors against lambda, worth of
teachers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kdtheory.report.plots.curves import draw_curves
from kdtheory.report.plots.floors import draw_floors
from kdtheory.report.plots.setting import RANDOM, picture_names
from kdtheory.report.plots.style import FORMATS, Picture
from kdtheory.report.plots.teachers import draw_teachers
from kdtheory.system.parallel import Job, run_all

__all__ = ["Picture", "draw_curves", "draw_floors", "draw_teachers", "file_names", "plot_all"]


def plot_all(
    sources: Sequence[str],
    folder: Path,
    *,
    workers: int = 1,
    seed: int = 0,
    formats: Sequence[str] = FORMATS,
    tick: Callable[[str, int], None] = lambda done, total: None,
) -> list[Picture]:
    """All pictures of every source and of two random instances, as .png, .svg and .pdf.

    Args:
        sources: bundled names or files, see :func:`kdtheory.problems.datasets.load`.
        folder: an existing folder that can be written to, from
            :func:`kdtheory.system.disk.ready_folder`.
        workers: processes, as in :func:`kdtheory.report.main_job.main_job`.
        seed: seed of the random instances, starts and simulations.
        formats: kinds of files; half of the time goes into writing all three.
        tick: called with what is done and the number of pictures, after every picture.

    Raises:
        InvalidInput: unreadable data, or a folder that cannot be written to.
    """
    drawn = (*sources, *RANDOM)
    jobs: list[Job] = [
        (f"{what.__name__} {source}", what, (source, folder, seed, name, formats), {})
        for source, name in zip(drawn, picture_names(drawn), strict=True)
        for what in (draw_curves, draw_floors, draw_teachers)
    ]
    return run_all(jobs, workers, lambda label: tick(label, len(jobs)))


def file_names(sources: Sequence[str], formats: Sequence[str] = FORMATS) -> list[str]:
    """Of everything that :func:`plot_all` writes."""
    return [
        f"{name}-{what}.{kind}"
        for name in picture_names((*sources, *RANDOM))
        for what in ("curves", "floors", "teachers")
        for kind in formats
    ]
