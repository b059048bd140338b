"""A proof on paper: one LaTeX section per statement (``document`` makes a file of them).

Generated from the objects that are checked (statement, assumptions, certificates, outcomes); the
argument in words is hand-written, ``ARGUMENTS`` of its family.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import Assumption
from kdtheory.proofs import families
from kdtheory.proofs.document import plain
from kdtheory.prover.latex import Listing, formula, listing, narrowed
from kdtheory.prover.obligations import Obligation
from kdtheory.statements.theorems import NOISE_SQ, THEOREMS, Theorem, noise

QUANTITIES = {"sq_distance": r"$s(x)=|x-x^*|^2$", "gap": r"$s(x)=f(x)-f^*$"}
KINDS = {"identity": "identity", "upper": "upper bound", "tight": "upper bound that is attained"}
PRODUCT = r"$\gamma\mu$"
NONNEGATIVE, AT_SIGHT = r" \ge 0", "0 = 0"


def words(assumption: Assumption) -> str:
    """What the assumption says, without the formula that stands beside it."""
    return assumption.meaning.split(": ")[0]


def condition(assumption: Assumption) -> str:
    """The slack with its sign."""
    return formula(assumption.slack) + (" > 0" if assumption.strict else NONNEGATIVE)


def conditions(theorem: Theorem) -> str:
    """Range of step sizes and kind, in a sentence."""
    if theorem.step_size_max is None:
        return f"Kind: {KINDS[theorem.kind]}."
    sign = "<" if theorem.strict else r"\le"
    return (
        rf"For $0<\gamma {sign} {formula(theorem.step_size_max)}$ and every real $\lambda$. Kind:"
        rf" {KINDS[theorem.kind]}."
    )


def statement(theorem: Theorem) -> tuple[str, list[str]]:
    """The claim, and what its letters stand for."""
    definitions = dict(theorem.definitions)
    floor = [theorem.floor] if theorem.floor is not None and theorem.kind != "identity" else []
    after_a_curve = theorem.compresses and theorem.is_curve
    iterated = THEOREMS["theorem-1-envelope"] if after_a_curve else theorem
    # What is iterated has to be said.
    psi = [iterated.psi] if theorem.is_curve and iterated.psi is not None else []
    if theorem.kind == "identity":  # matrices, and nothing wide
        return f"{formula(theorem.lhs)} = {formula(theorem.rhs)}", []
    amount = sp.Dummy("N")
    short = (
        {noise(sym.kappa): amount, NOISE_SQ: amount}
        if sym.kappa in definitions or not definitions
        else {}
    )
    (right, *rest), letters = narrowed(
        [part.xreplace(short) for part in (theorem.rhs, *definitions.values(), *psi, *floor)]
    )
    said = [
        f"{formula(key)} = {formula(value)}" for key, value in zip(definitions, rest, strict=False)
    ]
    rest = rest[len(definitions) :]
    if after_a_curve:
        size, error = sym.latex(sym.minimiser_sq), sym.latex(sym.rounding_sq)
        said += [
            rf"\psi_0(s) = {formula(rest[0])}",
            (
                rf"\psi = (1+\omega)\,\psi_0 + 2\,\omega\,|x^*|\,\sqrt{{\psi_0}} + \omega\,{size} +"
                rf" {error}"
            ),
        ]
    elif psi:
        said.append(rf"\psi(s) = {formula(rest[0])}")
    said += [rf"\text{{floor}} = {formula(value)}" for value in rest[len(psi) :]]
    said += [f"{formula(letter)} = {formula(value)}" for letter, value in letters.items()]
    if short:
        biased = sym.kappa in definitions
        meaning = (
            r"N(\lambda;\kappa) = \mathbb{E}|S-\lambda H|^2 + \kappa\lambda^2|h|^2"
            if biased
            else r"\mathbb{E}|S-\lambda H'|^2"
        )
        said.append(rf"N = {meaning} = {formula(noise(sym.kappa) if biased else NOISE_SQ)}")
    return rf"{formula(theorem.lhs)} \le {formula(right)}", said


def _math(text: str) -> str:
    return rf"$\displaystyle {text}$"


def _items(lines: Iterable[str], kind: str = "itemize") -> list[str]:
    found = [rf"\item {line}" for line in lines]
    return [rf"\begin{{{kind}}}\raggedright", *found, rf"\end{{{kind}}}"] if found else []


def _set(entry: Listing) -> list[str]:
    lines = [rf"\paragraph{{{entry.name}.}}"]
    if entry.letters:
        lines.append(rf"With {', '.join(_math(letter) for letter in entry.letters)}:")
    if entry.claim == AT_SIGHT:
        return [*lines, "The two sides are one expression as they are written."]
    lines.append(_math(entry.claim) + (", since it is the sum of" if entry.lines else r"."))
    lines += _items(
        _math(line.factor)
        + (rf" times {_math(line.what)}" if line.what else "")
        + rf" \hfill \mbox{{\small {line.why}}}"
        for line in entry.lines
    )
    if entry.abbreviations:
        lines.append(rf"Here {', '.join(_math(item) for item in entry.abbreviations)}.")
    return lines


def _checked(steps: Sequence[tuple[str, str, str]]) -> list[str]:
    """Rows are obligations, columns the checkers that were asked."""
    checkers = list(dict.fromkeys(checker for _, checker, _ in steps))
    outcome = {(name, checker): status.lower() for name, checker, status in steps}
    names = list(dict.fromkeys(name for name, _, _ in steps))
    head = " & ".join(["obligation", *checkers]) + r" \\ \hline"
    rows = [
        " & ".join([plain(name), *(outcome.get((name, checker), "") for checker in checkers)])
        + r" \\"
        for name in names
    ]
    return [
        r"\begin{longtable}{" + "l" * (len(checkers) + 1) + "}",
        head,
        r"\endhead",
        *rows,
        r"\end{longtable}",
    ]


def section(
    theorem: Theorem,
    obligations: Sequence[Obligation],
    steps: Sequence[tuple[str, str, str]],
    said: str,
    *,
    elsewhere: Sequence[str] = (),
) -> str:
    """One statement: assumptions, claim, argument, every certificate line by line, who checked it.

    Needs amsmath, amssymb, longtable.  ``steps``: obligation, checker and status; ``said``: the
    verdict and its reason; ``elsewhere``: names of obligations that another section has printed, to
    be referred to by name.
    """
    claim, definitions = statement(theorem)
    new = [item for item in obligations if item.name not in elsewhere]
    old = [item.name for item in obligations if item.name in elsewhere]
    lines = [
        rf"\section{{{theorem.title.replace('gamma mu', PRODUCT)}}}\label{{kd:{theorem.name}}}",
        r"\begingroup\raggedright\binoppenalty=0\relpenalty=0",
        rf"\textit{{Source:}} {theorem.source}. {QUANTITIES.get(theorem.quantity, '')}",
        "",
        conditions(theorem),
        "",
        r"\medskip\noindent\textbf{Statement.}",
        _math(claim),
        *(["", "where", *_items(_math(item) for item in definitions)] if definitions else [""]),
    ]
    if theorem.needs:
        lines += [
            r"\noindent\textbf{Assumptions}, at every point where the step is taken.",
            *_items(
                rf"{need.label} {_math(condition(need))}: {plain(words(need))}"
                for need in theorem.needs
            ),
        ]
    if obligations:  # a statement that was not proved may have none
        argument = families.words(theorem)
        lines += [
            r"\noindent\textbf{Proof.}",
            *(_items(argument, "enumerate") if argument else []),
            r"\noindent\textbf{Certificates.}\nopagebreak",
        ]
    for item in new:
        lines += _set(listing(item)) + [""]
    if old:
        lines.append(rf"Printed in an earlier section: {', '.join(old)}.")
    lines += [
        "",
        rf"\noindent\textbf{{Checked.}} {plain(said)}.",
        r"\small",
        *(_checked(steps) if steps else []),
        r"\endgroup",
    ]
    return "\n".join(lines)
