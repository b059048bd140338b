"""Obligations as JSON files, and back: a versioned format that is read without evaluating anything.

An expression is a nested list: ``["+", x, y, ...]``, ``["*", x, y, ...]``, ``["^", x, "3"]``; a
string is a rational number (``"-3/4"``) or a letter of ``kdtheory.algebra.symbols``.  Assumptions
go by their names in ``kdtheory.algebra.assumptions``, so that a file cannot bring its own.

    {"format": "kdtheory-certificate", "version": 1, "kind": "certificate", "name": "...",
     "claim": ..., "multipliers": {"strong-convexity": ...}, "squares": [{"weight": ..., "vector":
     {"e": ...}}], "remainder": ..., "region": {"slacks": {"m_4": ...}, "eliminated": {"Lcal":
     ...}}}

An identity has ``"kind": "identity"`` and ``"expression"`` in place of claim, multipliers, squares
and remainder.  Whatever is wrong with a file is an :class:`InvalidInput` of one line; limits on
size, depth and degree keep the reading short.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import ASSUMPTIONS
from kdtheory.algebra.vectors import Vector
from kdtheory.errors import InvalidInput
from kdtheory.prover.expansion import MOST, most_terms_of
from kdtheory.prover.obligations import Certificate, Identity, Obligation, Region

FORMAT, VERSION = "kdtheory-certificate", 1
# Our own largest file has 12 kB, depth 13, powers up to 4 and degree 35: ample room, and still read
# in milliseconds.
LARGEST_FILE = 1_000_000  # bytes
DEEPEST = 40
MOST_NODES = 20_000
LARGEST_POWER = 12
LARGEST_DEGREE = 100  # of numerator and denominator together, conditions written out
LONGEST_NUMBER = 40  # digits of numerator or denominator; 2,000 in all after powers
MOST_DIGITS = 2_000
_NUMBER = re.compile(
    rf"(-?[0-9]{{1,{LONGEST_NUMBER}}})(?:/([0-9]{{1,{LONGEST_NUMBER}}}))?", re.ASCII
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,99}", re.ASCII)
_FIELDS = {
    "certificate": {"claim", "multipliers", "squares", "remainder"},
    "identity": {"expression"},
}
_VECTORS = (*sym.DETERMINISTIC, *sym.CENTRED)
_STATE = {*sym.GRAM.values(), sym.F, sym.F_plus, sym.F_theta, sym.out_sq}


def encode(expression: sp.Expr) -> Any:
    """The expression as nested lists.  Raises ValueError at anything but +, *, integer powers,
    rational numbers and letters of the table.
    """
    if isinstance(expression, sp.Rational):
        return str(expression)
    if isinstance(expression, sp.Symbol) and expression.name in sym.TABLE:
        return expression.name
    if isinstance(expression, sp.Add | sp.Mul):
        return [
            "+" if isinstance(expression, sp.Add) else "*",
            *(encode(part) for part in expression.args),
        ]
    if isinstance(expression, sp.Pow) and isinstance(expression.exp, sp.Integer):
        return ["^", encode(expression.base), str(expression.exp)]
    raise ValueError(
        f"certificate file: {expression} is not built from +, *, integer powers and letters"
    )


def to_json(obligation: Obligation) -> str:
    """The file's text."""
    region = {
        "slacks": {
            letter.name: encode(meaning) for letter, meaning in obligation.region.slacks.items()
        },
        "eliminated": {
            letter.name: encode(meaning)
            for letter, meaning in obligation.region.substitutions.items()
        },
    }
    head = {
        "format": FORMAT,
        "version": VERSION,
        "kind": "identity" if isinstance(obligation, Identity) else "certificate",
        "name": obligation.name,
    }
    if isinstance(obligation, Identity):
        return json.dumps(
            {**head, "expression": encode(obligation.expression), "region": region}, indent=1
        )
    body = {
        "claim": encode(obligation.claim),
        "multipliers": {key.name: encode(weight) for key, weight in obligation.multipliers.items()},
        "squares": [
            {
                "weight": encode(weight),
                "vector": {name: encode(entry) for name, entry in vector.items()},
            }
            for weight, vector in obligation.squares
        ],
        "remainder": encode(obligation.remainder),
    }
    return json.dumps({**head, **body, "region": region}, indent=1)


class _Reader:
    """One file being read: counts nodes, and knows the degree of the letters that stand for
    something.
    """

    def __init__(self) -> None:
        self.nodes = 0
        self.degrees: dict[sp.Symbol, int] = {}

    def expression(self, node: Any, where: str) -> sp.Expr:
        found, _, _ = self._walk(node, where, 0)
        return found

    def degree(self, node: Any, where: str) -> tuple[sp.Expr, int]:
        found, degree, _ = self._walk(node, where, 0)
        return found, degree

    def _walk(self, node: Any, where: str, depth: int) -> tuple[sp.Expr, int, int]:
        """Expression, a bound on its degree and one on the digits of its numbers, known before
        SymPy multiplies anything out.
        """
        self.nodes += 1
        if depth > DEEPEST or self.nodes > MOST_NODES:
            raise InvalidInput(
                f"{where} is nested deeper than {DEEPEST} or has more than {MOST_NODES} parts"
            )
        if isinstance(node, str):
            return self._leaf(node, where)
        if not isinstance(node, list) or len(node) < 2 or node[0] not in ("+", "*", "^"):
            raise InvalidInput(
                f'{where}: {_short(node)} is no expression; write ["+", ..], ["*", ..], ["^", x,'
                ' "2"], "-3/4" or a letter'
            )
        if node[0] == "^":
            base, degree, digits = self._walk(node[1], where, depth + 1)
            power = (
                int(node[2])
                if len(node) == 3
                and isinstance(node[2], str)
                and re.fullmatch(r"-?[0-9]{1,3}", node[2], re.ASCII)
                else None
            )
            if power is None or abs(power) > LARGEST_POWER:
                raise InvalidInput(
                    f"{where}: the power {_short(node[2:])} must be one integer between"
                    f" -{LARGEST_POWER} and {LARGEST_POWER}"
                )
            self._limit(abs(power) * degree, abs(power) * digits, where)
            return (
                self._finite(sp.Pow(base, power), where),
                abs(power) * degree,
                abs(power) * digits,
            )
        parts = [self._walk(part, where, depth + 1) for part in node[1:]]
        degree, digits = sum(part[1] for part in parts), sum(part[2] for part in parts)
        if node[0] == "+":
            degree = max(part[1] for part in parts)
        self._limit(degree, digits, where)
        return (
            self._finite(
                (sp.Add if node[0] == "+" else sp.Mul)(*(part[0] for part in parts)), where
            ),
            degree,
            digits,
        )

    def _leaf(self, text: str, where: str) -> tuple[sp.Expr, int, int]:
        number = _NUMBER.fullmatch(text)
        if number:
            if number[2] and int(number[2]) == 0:
                raise InvalidInput(f"{where}: {text} divides by 0")
            return (
                sp.Rational(int(number[1]), int(number[2] or 1)),
                0,
                len(text) if text not in ("0", "1", "-1") else 0,
            )
        if text not in sym.TABLE:
            raise InvalidInput(
                f"{where}: {_short(text)} is neither a rational number of up to {LONGEST_NUMBER}"
                " digits nor a letter of kdtheory.algebra.symbols"
            )
        letter = sym.TABLE[text].symbol
        return letter, self.degrees.get(letter, 1), 0

    @staticmethod
    def _limit(degree: int, digits: int, where: str) -> None:
        if degree > LARGEST_DEGREE or digits > MOST_DIGITS:
            raise InvalidInput(
                f"{where} has a degree above {LARGEST_DEGREE} or numbers longer than {MOST_DIGITS}"
                " digits"
            )

    @staticmethod
    def _finite(expression: sp.Expr, where: str) -> sp.Expr:
        if expression.has(sp.zoo, sp.nan, sp.oo, -sp.oo):
            raise InvalidInput(f"{where} divides by 0")
        return expression

    def region(self, node: Any, *, scalar: bool) -> Region:
        _fields(node, {"slacks", "eliminated"}, "region")
        slacks, eliminated = (
            _letters(node[key], f"region.{key}") for key in ("slacks", "eliminated")
        )
        own = {*slacks, *eliminated}
        if len(own) < len(slacks) + len(eliminated):
            raise InvalidInput("region: one letter is both a slack and eliminated")
        substitutions = self._meanings(eliminated, "region.eliminated", own, scalar=scalar)
        return Region(
            self._meanings(slacks, "region.slacks", set(slacks), scalar=scalar), substitutions
        )

    def _meanings(
        self, nodes: Mapping[sp.Symbol, Any], where: str, forbidden: set[sp.Symbol], *, scalar: bool
    ) -> dict[sp.Symbol, sp.Expr]:
        """``scalar``: without assumptions and squares, moments are letters like any other."""
        found = {
            letter: self.degree(node, f"{where}.{letter.name}") for letter, node in nodes.items()
        }
        for letter, (meaning, _) in found.items():
            circular = sorted(x.name for x in meaning.free_symbols & forbidden)
            if circular or (not scalar and meaning.free_symbols & _STATE):
                raise InvalidInput(
                    f"{where}.{letter.name} may speak of parameters only, not of "
                    f"{circular[0] if circular else 'the vectors of a step'}"
                )
        self.degrees |= {letter: max(1, degree) for letter, (_, degree) in found.items()}
        return {letter: meaning for letter, (meaning, _) in found.items()}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _fields(node: Any, wanted: set[str], where: str) -> None:
    if not isinstance(node, dict):
        raise InvalidInput(f"{where} must be an object, got {_short(node)}")
    missing, strange = sorted(wanted - set(node)), sorted(set(node) - wanted)
    if missing or strange:
        raise InvalidInput(
            f"{where}: "
            + (
                f"field {missing[0]!r} is missing"
                if missing
                else f"unknown field {_short(strange[0])}"
            )
        )


def _letters(node: Any, where: str) -> dict[sp.Symbol, Any]:
    if not isinstance(node, dict):
        raise InvalidInput(f"{where} must be an object, got {_short(node)}")
    for name in node:
        if (
            name not in sym.TABLE
            or sym.TABLE[name].symbol in _STATE
            or not sym.TABLE[name].symbol.is_nonnegative
        ):
            raise InvalidInput(
                f"{where}: {_short(name)} is no letter of kdtheory.algebra.symbols with a sign, or"
                " one of the vectors of a step"
            )
    return {sym.TABLE[name].symbol: value for name, value in node.items()}


def _vector(reader: _Reader, node: Any, where: str) -> Vector:
    if not isinstance(node, dict) or not set(node) <= set(_VECTORS):
        raise InvalidInput(
            f"{where} must be an object with keys among {', '.join(_VECTORS)}, got {_short(node)}"
        )
    return {name: reader.expression(entry, f"{where}.{name}") for name, entry in node.items()}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidInput("one object has the same key twice")
    return found


def _no_number(text: str) -> Any:
    raise InvalidInput(f'the number {_short(text)} must be written as a string, as "3" or "-1/2"')


def from_json(text: str) -> Obligation:
    """The obligation in a file's text.

    Raises:
        InvalidInput: anything that is not the format above: one line that names the field.
    """
    try:
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_no_number,
            parse_constant=_no_number,
            parse_int=lambda digits: int(digits) if digits == str(VERSION) else _no_number(digits),
        )
    except RecursionError as error:
        raise InvalidInput(f"the file is nested deeper than {DEEPEST}") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"the file is no JSON: {error.msg} at line {error.lineno}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise InvalidInput(f'the file does not say "format": "{FORMAT}"')
    version = found.get("version")
    if version != VERSION or isinstance(version, bool):
        raise InvalidInput(
            f"version {_short(version)} is unknown; this kdtheory reads version {VERSION}"
        )
    kind = found.get("kind")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise InvalidInput(f"kind must be one of {', '.join(_FIELDS)}, got {_short(kind)}")
    _fields(found, {"format", "version", "kind", "name", "region", *_FIELDS[kind]}, "the file")
    name, reader = found["name"], _Reader()
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidInput(
            f"name must be up to 100 letters, digits and hyphens, got {_short(name)}"
        )
    region = reader.region(
        found["region"], scalar=kind == "identity" or not (found["multipliers"] or found["squares"])
    )
    obligation = (
        Identity(name, reader.expression(found["expression"], "expression"), region)
        if kind == "identity"
        else _certificate(reader, found, name, region)
    )
    if most_terms_of(obligation) > MOST:
        raise InvalidInput(
            f"expanded, it may have more than {MOST:,} terms, for which no checker has the memory;"
            " our own have up to 20,000. Split it into several identities"
        )
    return obligation


def _certificate(
    reader: _Reader, found: Mapping[str, Any], name: str, region: Region
) -> Certificate:
    multipliers, squares = found["multipliers"], found["squares"]
    if not isinstance(multipliers, dict) or not set(multipliers) <= set(ASSUMPTIONS):
        raise InvalidInput(
            f"multipliers must be an object with keys among {', '.join(ASSUMPTIONS)}, got"
            f" {_short(multipliers)}"
        )
    if not isinstance(squares, list):
        raise InvalidInput(f"squares must be a list, got {_short(squares)}")
    for index, square in enumerate(squares):
        _fields(square, {"weight", "vector"}, f"squares[{index}]")
    return Certificate(
        name,
        reader.expression(found["claim"], "claim"),
        {
            ASSUMPTIONS[key]: reader.expression(node, f"multipliers.{key}")
            for key, node in multipliers.items()
        },
        tuple(
            (
                reader.expression(square["weight"], f"squares[{index}].weight"),
                _vector(reader, square["vector"], f"squares[{index}].vector"),
            )
            for index, square in enumerate(squares)
        ),
        reader.expression(found["remainder"], "remainder"),
        region,
    )


def read(path: Path) -> Obligation:
    """The obligation in a file.

    Raises:
        InvalidInput: no such file, no plain file, too large, not UTF-8, or not the format; one line
            that names the file and the fault.
    """
    try:
        if not path.is_file():
            raise InvalidInput("no such file" if not path.exists() else "not a plain file")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise InvalidInput(f"larger than {LARGEST_FILE} bytes")
        return from_json(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidInput(f"certificate {path}: not UTF-8 at byte {error.start}") from error
    except OSError as error:
        raise InvalidInput(f"certificate {path}: {error.strerror}") from error
    except InvalidInput as error:
        raise InvalidInput(f"certificate {path}: {error}") from error
