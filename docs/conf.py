"""How the site is built: ``make docs``, strictly (a warning is an error)."""

import sys
from pathlib import Path

import kdtheory

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
project = "kdtheory"
author = "The kdtheory authors"
copyright = "the kdtheory authors"
version = release = kdtheory.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml", "from_package"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_ext"]
html_theme = "furo"
html_title = "kdtheory"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
