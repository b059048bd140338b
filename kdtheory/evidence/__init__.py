"""How the left-hand side of a statement is had, and what follows: exact floats, rationals, balls,
or samples.
"""

from __future__ import annotations
