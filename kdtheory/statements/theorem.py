"""What a statement is: one frozen object, from which numbers, LaTeX, proofs and tables come.

Three forms are understood by ``kdtheory.proofs.prove``, which derives from the object itself what
has to be shown (``kdtheory.prover.binding``):

* a scalar recursion, E s(x+) <= psi(s) in one step: ``psi``, ``rhs``, ``floor``, ``definitions``;
* an identity (``kind="identity"``): both sides, and the floor of a law;
* anything else names its facts: ``claims`` is a function (of a module, so that it can be pickled)
  that makes a tuple of :class:`Claim` from the statement.  It must read ``lhs``, ``rhs``, ``floor``
  and every definition: a claim that stays when one of them changes does not bind it, and ``prove``
  says so.

A new statement is one file in ``statements/``, one of the same name in ``proofs/`` (a function
``obligations(statement)``) and one in ``checks/``; ``family`` is that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import Assumption, compressor, compressor_unbiased
from kdtheory.errors import InvalidInput

# Fields that say nothing mathematical.
WORDS = ("name", "title", "source", "family", "form")

EXPRESSIONS = ("lhs", "rhs", "psi", "floor", "step_size_max")
NO_NUMBERS = (sp.oo, -sp.oo, sp.zoo, sp.nan, sp.I)
# Letters whose numbers come from the problem and the teacher, by name: verdicts go by names.
GIVEN = {
    letter.name
    for letter in (
        *(sym.mu, sym.L, sym.Lcal, sym.sigma_star_sq),
        *(sym.covariance, sym.teacher_variance, sym.bias_sq),
    )
}
MODULI = ("mu", "mu_pl")


@dataclass(frozen=True)
class Claim:
    """One fact behind a statement: ``expression >= 0``, or ``== 0`` where ``identity``.

    ``conditions`` are expressions that are >= 0 where it is claimed, beyond the statement's range
    of step sizes; a letter alone is > 0.  An inequality needs a certificate that makes it; an
    identity is handed to every checker as it stands.  ``at``: letters at which the inequality is an
    equation, as every inequality behind a statement of kind "identity" must be somewhere.
    """

    what: str
    expression: sp.Expr
    conditions: tuple[sp.Expr, ...] = ()
    identity: bool = False
    at: Mapping[sp.Symbol, sp.Expr] | None = None


@dataclass(frozen=True)
class Theorem:
    """One statement: lhs <= rhs (or lhs = rhs for an identity) for every step size in its range.

    ``quantity`` is "sq_distance", "gap" or "gradient"; ``modulus`` names the constant that mu
    stands for ("mu" or "mu_pl"); ``psi`` and ``floor`` are expressions in the letters of
    ``definitions`` and of the symbol table.  ``definitions`` is copied and cannot be changed.
    ``family`` is the module of this name in ``statements/``, ``proofs/`` and ``checks/``; ``form``
    is "paper", "refined", "sharp" or "envelope" where pictures draw it beside others like it.

    >>> import kdtheory as kd
    >>> kd.THEOREMS['theorem-1'].step_size_max
    1/(8*Lcal)
    """

    name: str
    title: str
    source: str
    needs: tuple[Assumption, ...]
    kind: str
    quantity: str
    lhs: sp.Expr
    rhs: sp.Expr
    step_size_max: sp.Expr | None = None
    strict: bool = False
    unbiased: bool = False
    modulus: str = "mu"
    psi: sp.Expr | None = None
    floor: sp.Expr | None = None
    definitions: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict, hash=False)
    claims: Callable[[Theorem], tuple[Claim, ...]] | None = None
    family: str = field(default="", compare=False)
    form: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """A copy of its own of whatever could be changed from outside.

        Raises:
            InvalidInput: something else than an expression of finite real numbers, a definition of
                what the problem gives, or an unknown modulus.
        """
        parts = {name: getattr(self, name) for name in EXPRESSIONS} | dict(self.definitions)
        for name, part in parts.items():
            plain = part is None or isinstance(part, int | Fraction | sp.Basic)
            if not plain or (isinstance(part, sp.Basic) and part.has(*NO_NUMBERS)):
                raise InvalidInput(
                    f"Theorem {self.name!r}: {name} must be a SymPy expression of finite numbers,"
                    f" got {part!r:.60}."
                )
        taken = [letter for letter in self.definitions if str(letter) in GIVEN]
        if taken:
            raise InvalidInput(
                f"Theorem {self.name!r}: the problem says what {taken[0]} is, and assumptions speak"
                " of it, so that no definition can change it. Use a letter of your own."
            )
        if self.modulus not in MODULI:
            raise InvalidInput(
                f"Theorem {self.name!r}: modulus, the constant that mu stands for, must be one of"
                f" {', '.join(MODULI)}, got {self.modulus!r:.60}."
            )
        object.__setattr__(self, "needs", tuple(self.needs))
        object.__setattr__(self, "definitions", MappingProxyType(dict(self.definitions)))

    @property
    def compresses(self) -> bool:
        """Whether the step ends with a compressor."""
        return bool({compressor, compressor_unbiased} & {*self.needs})

    @property
    def is_curve(self) -> bool:
        """Whether rhs is psi applied t times, with no closed form in t."""
        return self.rhs.has(sym.iterate)

    @cached_property
    def unrolls(self) -> bool:
        """Whether rhs is psi applied t times to s_0, so that to follow psi is to evaluate rhs: at
        rational points, exactly where no root is in the way.
        """
        if self.psi is None or self.is_curve:
            return self.psi is not None and self.rhs == sym.iterate(sym.t, sym.s0)
        letters = sorted(self.psi.free_symbols | self.rhs.free_symbols, key=str)
        for first in (2, 3, 5):
            at = {x: sp.Rational(first + 2 * i, 7 + 3 * i) for i, x in enumerate(letters)}
            state = next((at[x] for x in letters if x.name == sym.s0.name), sp.Integer(0))
            for t in range(3):
                said = self.rhs.xreplace(at | {x: sp.Integer(t) for x in at if x.name == "t"})
                if abs(sp.N(said - state, 40)) > sp.Rational(1, 10**30):
                    return False
                state = self.psi.xreplace(at | {x: state for x in at if x.name == sym.s.name})
        return True

    @property
    def is_law(self) -> bool:
        """Whether it is an equality over time: nothing has to be bounded, nor a range be kept."""
        return self.kind == "identity" and self.quantity not in ("gradient", "law")

    @property
    def is_pl(self) -> bool:
        """Whether mu is a Polyak-Lojasiewicz constant."""
        return self.modulus == "mu_pl"

    def __getstate__(self) -> dict[str, Any]:
        """A mapping that cannot be changed cannot be pickled either: a plain one travels."""
        return {**vars(self), "definitions": dict(self.definitions)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """The fields as they were, frozen again."""
        vars(self).update(state)
        self.__post_init__()

    @property
    def has_curve(self) -> bool:
        """Whether it speaks of each E s(x^t) or of a gradient; averages and laws do not."""
        return self.quantity != "law" and (self.psi is not None or self.kind == "identity")

    def latex(self) -> str:
        """The statement with its definitions, in the paper's letters."""
        sign = "=" if self.kind == "identity" else r"\le"
        text = f"{sym.latex(self.lhs)} {sign} {sym.latex(self.rhs)}"
        where = ",\\quad ".join(
            f"{sym.latex(key)} = {sym.latex(value)}" for key, value in self.definitions.items()
        )
        return text + (rf"\qquad\text{{where }} {where}" if where else "")
