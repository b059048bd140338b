"""How the house is kept: one name means one thing, few arguments, files of one sitting."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from functools import cache
from pathlib import Path

import kdtheory as kd

ROOT = Path(__file__).parents[1]
ROOMS = ("kdtheory", "proofs", "checks")
MOST_LINES, MOST_ARGUMENTS = 250, 8

# Classes of one name, and why that is right.
TWINS = {
    "DistillationCallback": "each trainer's own: kdtheory.torch.huggingface and .lightning",
}
# Functions of more than eight arguments; public ones of the interface need no reason here.
LONG = {
    "kdtheory/engines/compiled/draws.py: sixteen_indices": "a Numba kernel takes scalars: no tuple",
    "kdtheory/instances/samples.py: line": "one argument for each letter of an instance",
    "kdtheory/testing/setting.py: __init__": "public: what a bound speaks of, by keyword",
    "kdtheory/torch/gradients.py: lambda_star_from_models": "public: two models and lambda_star()",
}
# Files of more than 250 lines that hold one thought.
WHOLE = {
    "checks/one_field.py": "one table: every change of every field, and which are true",
    "kdtheory/statements/schedules.py": "one family: the laws of schedules",
    "kdtheory/algebra/symbols.py": "one table: the letters",
    "kdtheory/estimate/conventions.py": "one table: what other trainers weight",
    "kdtheory/discovery/grammar.py": "one grammar and its reader",
    "kdtheory/problems/classification.py": "logistic and softmax regression share their rows",
    "kdtheory/engines/compiled/groups.py": "one kernel by its shapes; Numba compiles what it sees",
    "kdtheory/campaigns/batched.py": "one batch of instances, from letters to verdicts",
    "kdtheory/campaigns/store.py": "one file format, written and read",
    "kdtheory/prover/certificate_files.py": "one file format, written and read",
    "kdtheory/prover/coq.py": "one translation",
    "kdtheory/prover/smt.py": "one translation",
    "kdtheory/reproductions/r1.py": "one experiment",
    "kdtheory/reproductions/r5.py": "one experiment",
    "kdtheory/reproductions/r6.py": "one experiment",
    "kdtheory/reproductions/r8.py": "one experiment",
    "checks/rules_listed.py": "one table: rules of the literature with what is known of each",
    "checks/engine_mutants.py": "one table: wrong engines",
    "checks/properties/test_equalities.py": "one list of equalities",
    "proofs/parts/certificates.py": "one chain: the one-step certificates of the three regimes",
    "proofs/parts/corners.py": "one list: where a certificate would divide by 0",
    "proofs/proposition.py": "one proof",
}


@cache
def trees() -> dict[str, ast.Module]:
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text())
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
    }


def test_a_class_has_a_name_of_its_own():
    homes: dict[str, list[str]] = defaultdict(list)
    for file, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(file)
    twins = {name: files for name, files in homes.items() if len(files) > 1}
    assert set(twins) == set(TWINS), twins


def _arguments(node: ast.FunctionDef) -> int:
    given = node.args
    named = (*given.posonlyargs, *given.args, *given.kwonlyargs)
    return len([one for one in named if one.arg not in ("self", "cls")])


def test_no_function_takes_more_than_eight_arguments():
    """Inside the package: what a layer passes on is one object."""
    public = {f"{file}: {name}" for name in kd.__all__ for file in _homes(name)}
    long = {
        f"{file}: {node.name}"
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and _arguments(node) > MOST_ARGUMENTS
    }
    public |= {
        "kdtheory/torch/loss.py: __init__",  # DistillationLoss
        "kdtheory/estimate/streaming.py: __init__",  # LambdaEstimator
    }
    assert long - public == set(LONG)


def _homes(name: str) -> list[str]:
    return [
        file
        for file, tree in trees().items()
        if any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)
    ]


def test_files_are_read_in_one_sitting():
    long = {file for file in trees() if (ROOT / file).read_text().count("\n") > MOST_LINES}
    new = long - set(WHOLE)
    assert not new, f"split where two thoughts meet, or argue in WHOLE: {sorted(new)}"
    assert not set(WHOLE) - long, "no longer long"


AMBIGUOUS = ("horizon", "unbiased")  # names of an argument and of a field, too
SPOKEN = ("kdtheory/report/story/", "kdtheory/reproductions/")  # tell of statements by name


def _strings(node: ast.AST) -> list[str]:
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    return [p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)]


def _branches(tree: ast.AST) -> list[str]:
    """Comparisons with a statement's key, and looks at how a key begins or ends."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            said = [word for part in (node.left, *node.comparators) for word in _strings(part)]
            found += [word for word in said if word in kd.THEOREMS and word not in AMBIGUOUS]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            ends = {"startswith": str.startswith, "endswith": str.endswith}.get(node.func.attr)
            for word in _strings(node.args[0]) if ends and node.args else []:
                found += [f"...{word}"] * any(ends(key, word) for key in kd.THEOREMS if word)
    return found


def test_nothing_branches_on_a_statements_name():
    """What is special about a statement is a field of it."""
    found = {file: _branches(tree) for file, tree in trees().items()}
    assert {f: b for f, b in found.items() if b and not f.startswith(SPOKEN)} == {}


# Lists of statements' keys outside their families, and why they are not computed.
CHOSEN = {
    "checks/coverage.py": "one criterion of each form, for each takes an hour",
    "checks/engine_oracles.py": "pairs of a statement and a batch size",
    "checks/properties/test_changed_statements.py": "one statement of each form",
    "checks/properties/test_rule_properties.py": "the four forms of the paper",
}


def test_no_list_of_statements_beside_the_statements():
    """Four keys in one literal are a registry, which the next statement will be missing from."""
    families = {theorem.family for theorem in kd.THEOREMS.values()}
    found = set()
    for file, tree in trees().items():
        for node in ast.walk(tree):
            keys = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
            said = [word for key in keys if key is not None for word in _strings(key)]
            if sum(word in kd.THEOREMS for word in said) > 3:
                found.add(file)
    found = {file for file in found if not file.startswith(SPOKEN)}
    own = {f"{room}/{family}.py" for room in ("proofs", "checks") for family in families}
    assert found - own <= set(CHOSEN)


SMALL = re.compile(r"[\d.]+[eE]-\d+")


def _unreasoned(source: str) -> list[str]:
    """Lines with a number such as 1e-9, below 1e-3, and no comment there or on the line above."""
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    told = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    return [
        f"{token.start[0]}: {token.line.strip()}"
        for token in tokens
        if token.type == tokenize.NUMBER and SMALL.fullmatch(token.string)
        if float(token.string) < 1e-3 and not {token.start[0], token.start[0] - 1} & told
    ]


def test_small_numbers_have_a_reason():
    """Of the checks each holds its own against an oracle, and of the reproductions each number
    stands in a table with its reason.
    """
    assert _unreasoned("x = 1\n# why\ny = 2e-9\nz = 1.5E-4\n") == ["4: z = 1.5E-4"]
    files = [file for file in trees() if not file.startswith(("checks/", "kdtheory/reproductions"))]
    found = {file: _unreasoned((ROOT / file).read_text()) for file in files}
    assert {file: lines for file, lines in found.items() if lines} == {}
