"""A room that has just been imported tells Hypothesis of its types, where Hypothesis is loaded."""

from __future__ import annotations

import sys
from importlib import import_module

# Named, not imported: the tests' room stands above all that announce themselves.
LISTENER = "kdtheory.testing.registration"


def announce() -> None:
    """Register what is loaded; nothing is imported where Hypothesis is not."""
    if "hypothesis" in sys.modules:
        import_module(LISTENER).register()
