"""Prove one statement, or all, by the checkers named; or check a certificate from a file."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from kdtheory.commands import Outcome, path
from kdtheory.errors import InvalidInput

if TYPE_CHECKING:
    from kdtheory.proofs import Step

EXAMPLES = (
    "kdtheory prove theorem-1 --checker sympy --checker z3",
    "kdtheory prove theorem-1 --counterexamples",
)


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("theorem", nargs="?", help="a key; default: all")
    command.add_argument(
        "--checker", action="append", help="sympy (default), z3, cvc5, coq; repeatable"
    )
    command.add_argument(
        "--coqchk",
        action="store_true",
        help="ask Coq, and have its separate kernel re-check the result",
    )
    instead = command.add_mutually_exclusive_group()
    instead.add_argument("--latex", action="store_true", help="print the proof as LaTeX")
    instead.add_argument("--coq", action="store_true", help="print the obligations as Coq")
    instead.add_argument(
        "--counterexamples",
        action="store_true",
        help="refute what lies one step beyond the statement",
    )
    instead.add_argument("--smt2", action="store_true", help="print the obligations as SMT-LIB 2")
    command.add_argument(
        "--statement",
        type=path,
        metavar="FILE.toml|json",
        help="prove a statement of your own, one of ours with fields changed",
    )
    instead.add_argument(
        "--certificate",
        type=path,
        metavar="FILE.json",
        help="check a certificate from a file instead",
    )
    instead.add_argument(
        "--export-certificates",
        type=path,
        metavar="DIR",
        help="write every obligation as such a file",
    )


def run(options: Namespace) -> Outcome:
    """One line a statement; exit code 1 unless all are PROVED, 2 when that is for want of a checker
    that is not installed.
    """
    from kdtheory.proofs import coq_file, latex_file, prove, seconds_spent, smt2_file
    from kdtheory.statements.theorems import THEOREMS

    if options.certificate is not None or options.export_certificates is not None:
        return _files(options)
    if options.statement is not None:
        return _own(options)
    names = [options.theorem] if options.theorem is not None else list(THEOREMS)
    if options.counterexamples:
        from kdtheory.proofs.counterexamples import counterexamples

        found = [item for name in names for item in counterexamples(name)]
        refuted = [
            {
                "statement": item.theorem,
                "claim": item.claim,
                "instance": str(item.instance),
                "lhs": item.lhs,
                "left": str(item.left),
                "right": str(item.right),
                "identity": item.identity,
            }
            for item in found
        ]
        return refuted, "\n\n".join(str(item) for item in found), 0
    checkers = tuple(options.checker or ("sympy",))
    if options.coqchk and "coq" not in checkers:
        checkers = (*checkers, "coq")
    proofs = [prove(name, checkers=checkers, coqchk=options.coqchk) for name in names]
    if options.latex or options.smt2 or options.coq:
        text = (
            latex_file(proofs)
            if options.latex
            else smt2_file(proofs)
            if options.smt2
            else coq_file(proofs)
        )
        return {"text": text}, text, 0
    rows = [
        {
            "statement": name,
            "status": proof.status,
            "reason": proof.reason,
            "checkers": _by_checker(proof.steps),
        }
        for name, proof in zip(names, proofs, strict=True)
    ]
    text = "\n".join(f"{row['statement']:24} {row['status']:10} {row['reason']}" for row in rows)
    proved = sum(row["status"] == "PROVED" for row in rows)
    spent = ", ".join(
        f"{checker} {seconds:.1f} s" for checker, seconds in seconds_spent(proofs).items()
    )
    text += f"\n{'all' if proved == len(rows) else f'{proved} of {len(rows)}'} PROVED; {spent}"
    return rows, text, _code([row["status"] for row in rows], checkers, options.coqchk)


def _by_checker(steps: Sequence[Step]) -> list[dict[str, object]]:
    """Checks made, accepted, and their seconds, by checker (what statements share was checked
    once)."""
    names = dict.fromkeys(step.checker for step in steps)
    own = {name: [step for step in steps if step.checker == name] for name in names}
    return [
        {
            "checker": name,
            "checks": len(found),
            "proved": sum(step.status == "PROVED" for step in found),
            "seconds": round(sum(step.seconds for step in found), 3),
        }
        for name, found in own.items()
    ]


def _own(options: Namespace) -> Outcome:
    """A statement from a file: the claim as it was read, and the outcome."""
    from kdtheory.discovery.statement_files import read_statement
    from kdtheory.proofs import prove

    if options.theorem is not None or options.counterexamples or options.certificate is not None:
        raise InvalidInput("--statement stands alone: leave out the key and the other tasks.")
    statement = read_statement(Path(options.statement))
    checkers = tuple(options.checker or ("sympy",))
    proof = prove(statement, checkers=checkers)
    data = {
        "statement": statement.name,
        "claim": statement.latex(),
        "status": proof.status,
        "reason": proof.reason,
        "obligations": [item.name for item in proof.obligations],
        "counterexample": None if proof.counterexample is None else str(proof.counterexample),
    }
    code = _code([proof.status], checkers, False)
    if options.latex or options.smt2 or options.coq:
        shown = (
            statement.latex()
            if options.latex
            else proof.to_smt2()
            if options.smt2
            else proof.to_coq()
        )
        return {**data, "text": shown}, shown, code
    lines = [statement.latex(), f"{proof.status}: {proof.reason}", *data["obligations"]]
    lines += [] if proof.counterexample is None else [str(proof.counterexample)]
    return data, "\n".join(lines), code


def _code(statuses: list[str], checkers: tuple[str, ...], coqchk: bool) -> int:
    """A tool that is not there says nothing about a proof: that is another exit code than an open
    proof's.
    """
    from kdtheory.proofs import not_installed

    if all(status == "PROVED" for status in statuses):
        return 0
    return 2 if "REFUTED" not in statuses and not_installed(checkers, coqchk=coqchk) else 1


def _files(options: Namespace) -> Outcome:
    from kdtheory.proofs.files import export, prove_file

    if options.theorem is not None:
        raise InvalidInput(
            "--certificate and --export-certificates stand alone: leave out the statement."
        )
    if options.export_certificates is not None:
        paths = export(Path(options.export_certificates))
        return (
            [str(path) for path in paths],
            f"{len(paths)} certificates in {options.export_certificates}",
            0,
        )
    checkers = tuple(options.checker or ("sympy",))
    verdict = prove_file(Path(options.certificate), checkers=checkers)
    text = f"{verdict.name}: {verdict.status}: {verdict.reason} ({verdict.claims})"
    text += f"\nclaim: {verdict.claim}\nwhere: {verdict.region}"
    return asdict(verdict), text, _code([verdict.status], checkers, False)
