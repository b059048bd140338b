"""One line of the statements' source edited: does ``prove`` notice?

The modules of ``kdtheory.statements`` are run again from their text with one line changed, as an
editor would leave them, and every statement that comes out different is examined.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from types import ModuleType

from kdtheory import statements
from kdtheory.proofs import examined
from kdtheory.statements import THEOREMS, Theorem

FAMILIES = (
    "proposition",
    "theorem_1",
    "theorem_2",
    "sharp",
    "envelope",
    "unbiased",
    "compressed",
    "quadratic",
)
# Module, what is written there, what is written instead.
EDITS = (
    ("theorem_1", "limit=1 / (8 * sym.Lcal)", "limit=1 / (3 * sym.Lcal)"),
    ("theorem_2", "limit=sym.mu / (4 * sym.L", "limit=sym.mu / (3 * sym.L"),
    ("theorem_1", "kappa=1 / (2 * sym.gamma", "kappa=1 / (3 * sym.gamma"),
    ("parts", "(sym.L if pl else 2) * sym.gamma", "(sym.L if pl else 1) * sym.gamma"),
    ("parts", "floor * (1 - POWER)", "floor * (1 + POWER)"),
    ("parts", "(asm.strong_convexity, asm.quadratic_growth", "(asm.quadratic_growth"),
    ("parts", "sym.U: calm.U", "sym.U: calm.U * sp.Rational(9, 10)"),
    ("parts", "sp.Ge(sym.a", "sp.Le(sym.a"),
    ("parts", "sp.Abs(1 - sym.L * sym.gamma)", "(1 - sym.L * sym.gamma)"),
    ("parts", "if pl else 1 / sym.Lcal", "if pl else 2 / sym.Lcal"),
    ("parts", '"upper" if pl else "tight"', '"tight" if pl else "tight"'),
    ("parts", "+ sp.sqrt(sym.W)) / sym.A) ** 2", "- sp.sqrt(sym.W)) / sym.A) ** 2"),
    ("parts", "(1 - sym.A) * sym.s + 2 * sp.sqrt", "(1 - sym.A) * sym.s + sp.sqrt"),
    ("compressed", "(X + sym.young_inverse)", "(sym.young_inverse)"),
    ("quadratic", "+ 2 * sym.lam * sym.drift_t", "- 2 * sym.lam * sym.drift_t"),
    ("proposition", "+ sym.lam * (sym.J_theta", "- sym.lam * (sym.J_theta"),
)


def edited(name: str, old: str, new: str) -> Mapping[str, Theorem]:
    """The statements as the edited source makes them; raises AssertionError where the text to be
    edited is not there.
    """
    before = dict(vars(statements))
    try:
        for module in ("parts", *FAMILIES, "theorems"):
            whole = f"kdtheory.statements.{module}"
            text = inspect.getsource(importlib.import_module(whole))
            if module == name:
                assert old in text, f"{old!r} is not in {module}.py"
                text = text.replace(old, new)
            fresh = ModuleType(whole)
            exec(compile(text, f"{module}.py", "exec"), vars(fresh))
            setattr(statements, module, fresh)
        return dict(vars(statements)["theorems"].THEOREMS)
    finally:
        vars(statements).update(before)


def missed(found: Mapping[str, Theorem]) -> tuple[int, list[str]]:
    """How many statements differ, and the names of those that are still PROVED."""
    changed = [theorem for name, theorem in found.items() if theorem != THEOREMS[name]]
    return len(changed), [item.name for item in changed if not examined(item, ("sympy",))[1]]
