"""The HTML page: all that the text says, nothing of a user's names taken for markup, written
whole.
"""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from kdtheory.report.page import write_page
from kdtheory.report.tables import main_job_text

ROW = {
    "theorem": "theorem-1",
    "evidence": "exact",
    "weight": 0.25,
    "floor": 2.0,
    "lhs_end": 1.0,
    "rhs_end": 4.0,
    "steps": 7,
    "reason": "why",
}


def outcome(status: str) -> dict[str, Any]:
    """A main job's outcome with one row of each kind, from a file with an awkward name."""
    return {
        "proofs": [{"statement": "theorem-1", "status": "PROVED"}],
        "random": [
            {
                "statement": "theorem-1",
                "instances": 3,
                "VERIFIED": 3,
                "UNDECIDED": 0,
                "VIOLATED": 0,
                "tightest": 0.5,
            }
        ],
        "data": [{**ROW, "data": "<b>&.csv", "status": status}],
        "undecided": int(status == "UNDECIDED"),
        "failed": [],
    }


class Words(HTMLParser):
    """All text, and the tags that were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.flagged: list[str] = []
        self.bad = False

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.append(tag)
        self.bad = "bad" in (dict(attributes).get("class") or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.bad:
            self.flagged.append(data)


def test_page(tmp_path: Path) -> None:
    for status in ("VERIFIED", "UNDECIDED"):
        found = outcome(status)
        path = write_page(tmp_path, found, [tmp_path / "a.png", tmp_path / "a.svg"])
        reader = Words()
        reader.feed(path.read_text(encoding="utf-8"))
        text = " ".join(reader.words)
        assert all(word in text for word in main_job_text(found).split())
        assert "b" not in reader.tags and reader.tags.count("img") == 1
        assert reader.flagged[:1] == (["UNDECIDED"] if status == "UNDECIDED" else [])
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
