"""The HTML page: all that the text says, nothing of a user's names taken for markup, written
whole.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

import kdtheory as kd
from kdtheory.cli import main
from kdtheory.report.equal_steps import equal_steps
from kdtheory.report.page import page, write_page
from kdtheory.report.plots.setting import picture_names, plain
from kdtheory.report.plots.style import Picture, save
from kdtheory.report.provenance import provenance
from kdtheory.report.tables import main_job_blocks
from kdtheory.statements.theorems import THEOREMS

ROW = {
    "theorem": "theorem-1",
    "step_size": 0.5,
    "evidence": "exact",
    "weight": 0.25,
    "floor": 2.0,
    "lhs_end": 1.0,
    "rhs_end": 4.0,
    "steps": 7,
    "reason": "why",
}


def outcome(status: str, data: str = "<b>&.csv") -> dict[str, Any]:
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
        "data": [{**ROW, "data": data, "status": status}],
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
        self.given: list[tuple[str, dict[str, Any]]] = []
        self.bad = False

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.append(tag)
        self.given.append((tag, dict(attributes)))
        kind = (dict(attributes).get("class") or "").split()
        self.bad = tag == "td" and ("bad" in kind or "open" in kind)

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.bad:
            self.flagged.append(data)


AWKWARD = "<script>alert(1)</script>&#?%$x^2_{$.csv"


def equal_row(data: str) -> dict[str, Any]:
    numbers = {"step_size": 0.01, "weight": 0.3, "floor": 0.5, "truth": None, "steps": 9}
    return {"data": data, "statement": "theorem-1", **numbers, "noise_share": 0.125}


def test_page(tmp_path: Path) -> None:
    for status in ("VERIFIED", "UNDECIDED", "VIOLATED"):
        found = outcome(status, data=AWKWARD)
        picture = Picture([tmp_path / "a b#.svg"], f"{AWKWARD}. Caption.", "a & b, seen")
        text = page(found, [picture], [equal_row(AWKWARD)], [("command", "kdtheory <x>")])
        path = write_page(tmp_path, text)
        reader = Words()
        reader.feed(path.read_text(encoding="utf-8"))
        words = " ".join(reader.words)
        for block in main_job_blocks(found):
            assert all(cell in words for row in (block.header, *block.rows) for cell in row)
        assert "script" not in reader.tags and "b" not in reader.tags
        assert AWKWARD in words and "12%" in words and "kdtheory <x>" in words
        (image,) = (given for tag, given in reader.given if tag == "img")
        assert (image["src"], image["alt"]) == ("a%20b%23.svg", "a & b, seen")
        assert reader.flagged[:1] == ([status] if status != "VERIFIED" else [])
        # Every statement as a formula, every section in the contents.
        assert reader.tags.count("article") == len(THEOREMS)
        assert reader.tags.count("math") > len(THEOREMS)
        links = {given["href"] for tag, given in reader.given if tag == "a"}
        places = {f"#{given['id']}" for tag, given in reader.given if tag == "section"}
        assert places <= links
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_odd_bytes_in_a_name_are_escaped(tmp_path: Path) -> None:
    odd = b"a\xff.csv".decode("utf-8", "surrogateescape")
    path = write_page(tmp_path, page(outcome("VERIFIED", data=odd)))
    assert "a\\udcff.csv" in path.read_text(encoding="utf-8")


def test_picture_names_are_safe_and_differ() -> None:
    """Two files of one name overwrote each other's pictures; #, ? and % broke links."""
    sources = ["a/d.csv", "b/d.csv", "c/D.csv", "x/#?%.npz", "$x^2_{$.csv", "n" * 250 + ".csv", "é"]
    names = picture_names(sources)
    assert names[:3] == ["d.csv", "d.csv-2", "D.csv-3"]
    assert len({name.lower() for name in names}) == len(sources)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,70}", name) for name in names)


def test_a_title_with_mathtext_in_it_is_drawn(tmp_path: Path) -> None:
    """It raised after all the work; a backslash, a new line and odd letters as well."""
    for name in ("$x^2_{$.csv", "\\$.csv", "$$", "a\nb", "\udcff", "図.csv", "x" * 300):
        figure = Figure()
        figure.suptitle(f"{plain(name)}: $N=3$")
        (path,) = save(figure, tmp_path, "t", ("svg",))
        assert path.read_bytes().startswith(b"<?xml")


def test_provenance_tells_data_apart(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("1,2\n3,4\n")
    facts = dict(provenance(["kdtheory", "report", "a b"], [str(tmp_path / "d.csv")], seed=7))
    assert facts["command"] == "kdtheory report 'a b'"
    assert (facts["seed"], facts["version"]) == ("7", f"kdtheory {kd.__version__}")
    before = facts[f"data: {tmp_path / 'd.csv'}"]
    (tmp_path / "d.csv").write_text("1,2\n3,5\n")
    after = dict(provenance([], [str(tmp_path / "d.csv")], seed=7))
    assert after[f"data: {tmp_path / 'd.csv'}"] != before


def test_equal_step_sizes_are_equal_and_order_the_bounds() -> None:
    """At one step size a sharper statement has the lower floor, and no floor is below the truth."""
    rows = equal_steps("diabetes", list(THEOREMS))
    for state in ("theorem-1", "theorem-2"):
        family = {row["statement"]: row for row in rows if row["statement"].startswith(state)}
        assert len({row["step_size"] for row in family.values()}) == 1
        floors = [family[f"{state}{kind}"]["floor"] for kind in ("", "-sharp", "-envelope")]
        assert floors == sorted(floors, reverse=True)
    assert all(row["truth"] <= row["floor"] and 0 <= row["noise_share"] <= 1 for row in rows)


def test_report_refuses_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of the page's name, or of a picture's: it was said after all had been computed."""
    monkeypatch.setattr("kdtheory.report.main_job.main_job", None)
    for name in ("index.html", "diabetes-curves.svg"):
        (tmp_path / name).mkdir()
        assert main(["report", str(tmp_path), "--data", "diabetes"]) == 2
        assert "it is a folder" in capsys.readouterr().err
        (tmp_path / name).rmdir()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two small data sets of one awkward name, as the command writes it."""
    folder = tmp_path_factory.mktemp("report")
    rng = np.random.default_rng(3)
    sources = []
    for place in ("a", "b"):
        (folder / place).mkdir()
        sources.append(folder / place / "<script>$x_{$#%.csv")
        features = rng.standard_normal((12, 2))
        table = np.column_stack([features, features @ [1.0, 2.0] + rng.standard_normal(12)])
        np.savetxt(sources[-1], table, delimiter=",")
    words = [word for source in sources for word in ("--data", str(source))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kdtheory.report.plots.RANDOM", ())
        proved = [{"statement": name, "status": "PROVED", "reason": ""} for name in THEOREMS]
        patch.setattr("kdtheory.report.main_job.proofs_of", lambda names: proved)
        settings = ["--instances", "4", "--workers", "1"]
        assert main(["report", str(folder / "out"), *words, *settings]) == 0
    return folder / "out"


def test_report_of_two_files_of_one_name(report: Path) -> None:
    assert len(list(report.glob("*.svg"))) == 6
    text = (report / "index.html").read_text(encoding="utf-8")
    reader = Words()
    reader.feed(text)
    sources = [given["src"] for tag, given in reader.given if tag == "img"]
    assert len(set(sources)) == 6
    assert all((report / unquote(name)).is_file() for name in sources)
    assert "script" not in reader.tags


@pytest.mark.parametrize("width", [390, 1280])
def test_report_in_chromium(report: Path, tmp_path: Path, width: int) -> None:
    """Nothing is wider than the window but what scrolls by itself, every picture and formula is
    drawn, and the picture of the page is not blank.
    """
    text = (report / "index.html").read_text(encoding="utf-8").replace(' loading="lazy"', "")
    text = text.replace("<head>", f'<head><base href="{report.as_uri()}/">')
    # A frame, for a window of Chromium is at least 500 wide.
    frame = f'<iframe style="border:0;width:{width}px;height:900px" srcdoc="{escape(text)}">'
    look = """<script>onload = () => { const page = frames[0].document;
      const wide = page.documentElement.scrollWidth - page.documentElement.clientWidth;
      const broken = [...page.images].filter(image => !image.naturalWidth).length;
      const flat = [...page.querySelectorAll(".formula math")].filter(
        formula => !formula.getBoundingClientRect().height).length;
      document.title = [wide, broken, flat, page.images.length].join(" "); }</script>"""
    (tmp_path / "look.html").write_text(f"<body style=margin:0>{frame}</iframe>{look}", "utf-8")
    seen = chromium(tmp_path, "--dump-dom").decode()
    title = re.search("<title>(.*?)</title>", seen)
    assert title and title[1] == "0 0 0 6"
    shot = tmp_path / "shot.png"
    chromium(tmp_path, f"--screenshot={shot}", f"--window-size={max(width, 500)},900")
    pixels = matplotlib.image.imread(shot)
    assert pixels.shape[:2] == (900, max(width, 500))
    assert pixels[:, :width].std() > 0.05


def chromium(folder: Path, *words: str) -> bytes:
    """What Chromium says of folder/look.html."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((found for found in map(shutil.which, names) if found), None)
    assert program, "the page is tested in Chromium: make test installs it, or see the README"
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars"
        " --disable-background-networking --disable-component-update --disable-sync"
        " --disable-dev-shm-usage --virtual-time-budget=5000"
    )
    done = subprocess.run(
        [program, *flags.split(), f"--user-data-dir={folder / 'profile'}", *words]
        + [(folder / "look.html").as_uri()],
        capture_output=True,
        timeout=120,
        check=True,
    )
    return done.stdout
