"""Claims and certificates of one's own in LaTeX, to be checked by hand."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.discovery.forms import ONE, Form
from kdtheory.discovery.step import OneStep
from kdtheory.prover.obligations import Certificate


def _name(name: str) -> str:
    """A vector's or letter's name: a Greek letter's own sign, an index after "_"."""
    row = sym.TABLE.get(name)
    return row.latex if row is not None else str(sp.latex(sym.own(name)))


class Writer:
    """LaTeX of expressions in the letters of one step."""

    def __init__(self, step: OneStep) -> None:
        self.step = step
        self.names: dict[sp.Symbol, str] = {}
        for letter in (*step.letters, *step.symbols.values()):
            self.names[letter] = _name(letter.name)
        for (u, v), letter in step.space.gram.items():
            if letter not in self.names:
                inner = rf"|{_name(u)}|^2" if u == v else rf"\langle {_name(u)},{_name(v)}\rangle"
                self.names[letter] = inner if u in step.mean else rf"\mathbb{{E}}{inner}"

    def __call__(self, expression: sp.Basic) -> str:
        """The expression."""
        return str(sp.latex(expression, symbol_names=self.names))

    def form(self, form: Form) -> str:
        """A form as a sum of products."""
        gram, scalars = self.step.space.gram, self.step.scalar_letters
        parts = [
            value
            * (sp.Integer(1) if key == ONE else scalars[key] if isinstance(key, str) else gram[key])
            for key, value in form.items()
        ]
        return self(sp.Add(*parts))

    def vector(self, vector: Mapping[str, sp.Expr]) -> str:
        """A combination of vectors."""
        marks = {name: sym.own(f"vector {name}", "real") for name in vector}
        names = self.names | {mark: _name(name) for name, mark in marks.items()}
        total = sp.Add(*(x * marks[name] for name, x in vector.items()))
        return str(sp.latex(total, symbol_names=names))


def claim(step: OneStep, rate: sp.Expr | None, constant: sp.Expr | None) -> str:
    """What is asked (``constant`` None) or claimed, with assumptions, data and conditions."""
    write = Writer(step)
    right = write(constant) if constant is not None else "T"
    if rate is None:
        bound = rf"\Big({right}\Big)\Big({write.form(step.before)}\Big)"
    else:
        bound = rf"\Big({write(1 - rate)}\Big)\Big({write.form(step.before)}\Big) + {right}"
    lines = [rf"\[ {write.form(step.after)} \;\le\; {bound} \]"]
    if step.slacks:
        lines.append("whenever")
        lines += [
            rf"\[ {write.form(form)} \ge 0 \qquad\text{{({name})}} \]"
            for name, form in step.slacks.items()
        ]
    lines += [
        rf"\[ {write.form(form)} \le {write(bound)} \qquad\text{{({name})}} \]"
        for name, (form, bound) in step.data.items()
    ]
    letters = ", ".join(write(letter) for letter in step.letters)
    facts = [rf"{letters} > 0"] if letters else []
    facts += [rf"{write(item)} > 0" for item in step.conditions]
    everywhere = r",\; ".join(facts)
    return "\n".join([*lines, f"for all ${everywhere}$."])


def certificate(step: OneStep, item: Certificate) -> str:
    """The identity: every slack with its multiplier, every square with its weight."""
    write = Writer(step)
    region = item.region
    for letter in (*region.slacks, *region.substitutions):
        write.names.setdefault(letter, _name(letter.name))
    lines = [rf"\paragraph{{{item.name}}} With"] if region.slacks or region.substitutions else []
    lines += [
        rf"\[ {write(letter)} = {write(meaning)}"
        + (r" > 0 \]" if letter.is_positive else r" \ge 0 \]")
        for letter, meaning in (*region.slacks.items(), *region.substitutions.items())
    ]
    lines.append("the difference of the two sides is the sum of")
    lines += [
        rf"\[ {write(weight)} \;\cdot\; \text{{slack of ({need.name})}} \]"
        for need, weight in item.multipliers.items()
    ]
    for weight, vector in item.squares:
        mean = set(vector) <= set(step.mean)
        size = rf"\Big|{write.vector(vector)}\Big|^2"
        expected = size if mean else rf"\mathbb{{E}}{size}"
        lines.append(rf"\[ {write(weight)} \;\cdot\; {expected}. \]")
    return "\n".join(lines)
