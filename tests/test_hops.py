"""Every page of a proof leads to statement, certificate, Coq, check and test in one hop."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kdtheory as kd
from kdtheory.proofs import families, hops, markdown, whole_in_coq

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"^\| ([^|]+) \| \[([^]]+)\]\(([^)]+)\): `([^`]+)`", re.MULTILINE)
KINDS = ("statement", "certificate", "Coq", "check", "test")


def there(path, name):
    """Whether the file really has the function, the theorem or the name."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".v":
        return re.search(rf"^(Theorem|Lemma|Corollary) {name}\b", text, re.MULTILINE)
    if name in kd.THEOREMS:
        return f'"{name}"' in text
    return re.search(rf"^(def {name}\(|from .* as {name}$|{name}\b)", text, re.MULTILINE)


@pytest.mark.parametrize("name", list(kd.THEOREMS))
def test_every_link_leads_there(name):
    page = (markdown.PAGES / f"{name}.md").read_text(encoding="utf-8")
    found = LINK.findall(page)
    assert {kind.split(",")[0] for kind, *_ in found} == set(KINDS)
    for _, said, link, what in found:
        path = (markdown.PAGES / link).resolve()
        assert path == ROOT / said and there(path, what), (said, what)


# Where each obligation is made: the innermost frame in proofs/ when its object comes to be.
MADE = """
import json, sys
from collections import defaultdict
from kdtheory.prover.obligations import Certificate, Identity

made = defaultdict(set)
for kind in (Certificate, Identity):
    def note(self, *given, _init=kind.__init__, **named):
        _init(self, *given, **named)
        frame = sys._getframe(1)
        while frame and not frame.f_globals["__name__"].startswith("kdtheory.proofs."):
            frame = frame.f_back
        made[self.name].add(frame.f_globals["__name__"].split(".")[-1] if frame else "")
    kind.__init__ = note
from kdtheory.proofs import OBLIGATIONS
found = {name: [item.name for item in make()] for name, make in OBLIGATIONS.items()}
print(json.dumps([found, {name: sorted(files) for name, files in made.items()}]))
"""


def test_certificates_are_made_where_the_page_says():
    """What a page prints is made in a file that it links, or read off the statement."""
    run = subprocess.run([sys.executable, "-c", MADE], capture_output=True, text=True, check=True)
    own, made = json.loads(run.stdout)
    for name, theorem in kd.THEOREMS.items():
        page = (markdown.PAGES / f"{name}.md").read_text(encoding="utf-8")
        shown = re.findall(r"^\*\*([\w-]+)\.\*\*", page, re.MULTILINE)
        derived = {item for item in shown if item not in own[name]}
        assert shown and all(item.startswith(f"{name}-") for item in derived)
        linked = {Path(h.file).stem for h in hops.hops(theorem) if h.kind == "certificate"}
        for item in set(shown) - derived:
            assert linked & {*made[item]}, f"{name}: {item} is made in {made[item]}"


def test_what_coq_has_is_said():
    """Whole, in part, or not at all: on the pages, and in numbers in the README."""
    whole = whole_in_coq()
    for name in kd.THEOREMS:
        page = (markdown.PAGES / f"{name}.md").read_text(encoding="utf-8")
        assert ("Coq checks the whole statement" in page) == (name in whole)
        assert ("--checker coq" in page) == (name in whole)
        assert (name in whole) != (name in families.NOT_WHOLE)
    parts = [name for name, theorems in families.NOT_WHOLE.items() if theorems]
    said = f"{len(whole)} of the {len(kd.THEOREMS)} statements"
    told = (ROOT / "README.md").read_text(encoding="utf-8")
    assert said in told and f"parts of {len(parts)} more" in told
