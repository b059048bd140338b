"""A single instance of a campaign, written down exactly, and played again."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from kdtheory.campaigns.batched import STEPS, Case
from kdtheory.campaigns.blocks import Block, exact_text
from kdtheory.errors import InvalidInput
from kdtheory.problems import LeastSquares
from kdtheory.rules.compressors import Bernoulli

FORMAT = 1
_FRACTION = re.compile(r"-?\d{1,400}(/\d{1,400})?")
_NUMBERS = ("features", "targets", "theta", "x0", "ridge", "step_size", "weight", "keep")


def written(block: Block, case: Case) -> dict[str, Any]:
    """An instance of a block under one statement, every number a fraction in text."""
    index = case.index
    return {
        "format": FORMAT,
        "theorem": case.theorem,
        "origin": f"block {block.number}, instance {index}",
        "features": exact_text(block.features[index]),
        "targets": exact_text(block.targets[index]),
        "ridge": exact_text(block.ridge[index]),
        "theta": exact_text(block.theta[index]),
        "x0": exact_text(block.x0[index]),
        "step_size": exact_text(case.step_size),
        "weight": exact_text(case.weight),
        "keep": exact_text(case.keep),
        "batch_size": block.batch_size,
        "replacement": block.replacement,
        "steps": STEPS,
    }


def read(record: object) -> dict[str, Any]:
    """The arguments of :func:`kdtheory.verify` from a written instance: ``problem``, ``theta``, and
    the keywords.

    Raises:
        InvalidInput: another format, a missing entry, an entry that is no fraction, shapes that do
            not fit.
    """
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise InvalidInput(
            f"An instance must be an object with format = {FORMAT}, got {str(record)[:60]!r}."
        )
    missing = [
        name
        for name in (*_NUMBERS, "theorem", "batch_size", "replacement", "steps")
        if name not in record
    ]
    if missing:
        raise InvalidInput(f"The instance lacks {', '.join(missing)}.")
    numbers = {name: floats(record[name], name) for name in _NUMBERS}
    keep = float(numbers["keep"])
    return {
        "problem": LeastSquares(
            numbers["features"], numbers["targets"], ridge=float(numbers["ridge"])
        ),
        "theta": numbers["theta"],
        "theorem": record["theorem"],
        "step_size": float(numbers["step_size"]),
        "weight": float(numbers["weight"]),
        "x0": numbers["x0"],
        "steps": record["steps"],
        "batch_size": record["batch_size"],
        "replacement": bool(record["replacement"]),
        "compressor": Bernoulli(keep) if keep < 1.0 else None,
    }


def floats(value: object, name: str) -> np.ndarray:
    """Nested lists of fractions in text as an array; text that is anything else is refused before
    it is read.
    """

    def read_one(item: object) -> Any:
        if isinstance(item, list):
            return [read_one(part) for part in item]
        if not isinstance(item, str) or not _FRACTION.fullmatch(item):
            raise InvalidInput(f"{name} must hold fractions like '-3/4', got {str(item)[:40]!r}.")
        above, _, below = item.partition("/")
        if below and int(below) == 0:
            raise InvalidInput(f"{name} holds a fraction with denominator 0: {item[:40]!r}.")
        try:
            return int(above) / int(below or 1)
        except OverflowError as error:
            raise InvalidInput(
                f"{name} holds a number beyond the range of floats: {item[:40]!r}."
            ) from error

    try:
        return np.array(read_one(value), dtype=np.float64)
    except ValueError as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"{name} must be a number or lists of equal length, {error}.") from error
