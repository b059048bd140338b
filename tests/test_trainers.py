"""docs/using-it-in-a-trainer.md runs: the plain loop, Hugging Face's Trainer, Lightning."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
import torch

PAGE = Path(__file__).parents[1] / "docs" / "using-it-in-a-trainer.md"


@pytest.mark.filterwarnings("ignore")  # the trainers' own: workers, loggers, deprecations
def test_the_page_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    assert len(blocks) == 3
    scope: dict[str, object] = {"__name__": "page"}
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        for block in blocks:
            exec(block, scope)
    text = out.getvalue()
    assert "about the noise of the training loss" in text or "λ = 0" in text
    weight = scope["module"].distil.weight
    assert 0.0 <= weight <= 1.0 and scope["module"].distil._weights.follower.calls == 8
