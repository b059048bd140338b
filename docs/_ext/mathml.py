"""Formulas as MathML, which browsers draw without a network and without scripts."""

from __future__ import annotations

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

BAR = re.compile(r"<mo[^>]*>(?:&#x0007C;|&#x02223;|\|)</mo>")


def mathml(latex: str, display: str) -> str:
    """A formula; norms' bars without the space that an operator has around it."""
    return BAR.sub(
        '<mo stretchy="false" lspace="0" rspace="0">|</mo>', convert(latex, display=display)
    )


def _inline(writer: HTML5Translator, node: nodes.math) -> None:
    writer.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def _display(writer: HTML5Translator, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="formula">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name that ``html_math_renderer`` asks for."""
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
