"""The eight pictures: slide size, one sentence each with the numbers found, written whole."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib
import matplotlib.image
import pytest

from kdtheory.cli import main
from kdtheory.report import story
from kdtheory.report.story import answers


def looked_at(folder: Path, names: list[str], sentences: list[str]) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*(f"{name}.png" for name in names), "story.md", "story.pdf"]
    )
    for name, sentence in zip(names, sentences, strict=True):
        pixels = matplotlib.image.imread(folder / f"{name}.png")
        assert pixels.shape[:2] == (1080, 1920)
        assert pixels[..., :3].std() > 0.05
        assert 60 < len(sentence) < 200
        assert re.fullmatch(r"[^.]*(\.\d[^.]*)*\.", sentence), sentence  # one sentence
        assert sentence in (folder / "story.md").read_text(encoding="utf-8")
    pages = (folder / "story.pdf").read_bytes().count(b"/Type /Page ")
    assert pages == len(names)


def test_some_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "BLOCKS", 1)
    few = tuple(slide for slide in story.SLIDES if slide.name[0] in "1368")
    monkeypatch.setattr(story, "SLIDES", few)
    found = story.write_story(tmp_path)
    looked_at(tmp_path, [slide.name for slide in few], [sentence for _, sentence in found])
    sentences = dict(zip((slide.name for slide in few), (line for _, line in found), strict=True))
    assert "no violation" in sentences["8-measured"]
    agreement = re.search(r"agrees to (\S+)\)", sentences["6-best"])
    assert agreement and float(agreement[1]) < 1e-6


@pytest.mark.slow
def test_all_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["story", str(tmp_path)]) == 0
    said = capsys.readouterr().out.splitlines()
    sentences = [line.strip() for line in said if line.startswith("  ")]
    looked_at(tmp_path, [slide.name for slide in story.SLIDES], sentences)


def test_a_folder_that_cannot_hold_them_is_refused_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "story.pdf").mkdir()
    assert main(["story", str(tmp_path)]) == 2
    assert "it is a folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["story.pdf"]
