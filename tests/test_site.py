"""The documentation site builds without a warning, and shows what it was made of."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import kdtheory as kd

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built from a copy: strictly, so that a broken link or docstring is an error."""
    place = tmp_path_factory.mktemp("docs")
    source, out = place / "source", place / "html"
    shutil.copytree(DOCS, source, ignore=shutil.ignore_patterns("_build", "generated"))
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(source), str(out)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return out


def test_every_statement_and_name_is_there(site: Path) -> None:
    theory = (site / "generated" / "theory.html").read_text()
    names = (site / "generated" / "api.html").read_text()
    assert all(f">{name}<" in theory for name in kd.THEOREMS)
    assert [name for name in kd.__all__ if f'id="kdtheory.{name}"' not in names] == []


def test_formulas_are_drawn_without_a_network(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) >= 12
    assert "<math" in (site / "generated" / "theory.html").read_text()
    for page in pages:
        text = page.read_text()
        assert "$$" not in re.sub(r"(?s)<(pre|code).*?</\\1>", "", text), page.name
        assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://', text), page.name


def test_links_inside_the_site_lead_somewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        for target in re.findall(r'href="([^"#?:]+)(?:[#?][^"]*)?"', page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
