"""Small files to try every command on: data, a teacher, a start, per-sample gradients and logits of
the same two models.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from kdtheory.commands import Outcome, path
from kdtheory.errors import InvalidInput

EXAMPLES = ("kdtheory example .",)

STEP = """# SGD with noise of variance a^2 on a strongly convex function
letters = ["gamma", "mu", "a"]
mean = ["e", "g"]
centred = ["N"]
scalars = ["F"]
after = "|e - gamma g|^2 + gamma^2 |N|^2"
before = "|e|^2"
rate = "gamma mu"
conditions = ["1 - gamma mu"]

[slacks]
convex = "<e, g> - F - mu/2 |e|^2"
bounded = "F - gamma/2 |g|^2"

[data]
noise = "|N|^2 <= a^2"
"""


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("folder", type=path, metavar="DIR", help="made when it is not there")
    command.add_argument("--seed", type=int, default=0, help="seed of the numbers (default 0)")


def run(options: Namespace) -> Outcome:
    """The files, what they hold, and what to do next; what is there already is left alone."""
    from kdtheory.problems.base import positive_int
    from kdtheory.system.disk import ready_folder, replace_file

    files = contents(positive_int(options.seed, "seed", minimum=0))
    folder = ready_folder(options.folder, files)
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise InvalidInput(
            f"{str(folder)!r} has {', '.join(there)} already, which would be lost. Name another"
            " folder."
        )
    for name, (_, write) in files.items():
        replace_file(folder / name, write)
    rows = [{"file": str(folder / name), "holds": holds} for name, (holds, _) in files.items()]
    lines = [f"{name:20} {holds}" for name, (holds, _) in files.items()]
    lines += [
        "",
        f"Then, in {folder}:",
        "  kdtheory verify --data mine.csv --theorem theorem-1 --teacher theta.npy",
        "  kdtheory weight --student S.npy --teacher T.npy",
    ]
    return rows, "\n".join(lines), 0


def contents(seed: int) -> dict[str, tuple[str, Callable[[IO[bytes]], object]]]:
    """Name -> what it holds, and how to write it."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((60, 3)) * [2.0, 1.0, 0.5]
    targets = features @ [1.0, -1.0, 0.5] + 0.5 * rng.standard_normal(60)
    table = np.column_stack([features, targets])
    # One linear layer with 4 classes: a student, and a teacher near it.
    inputs, labels = rng.standard_normal((400, 5)), rng.integers(0, 4, 400)
    student = 0.3 * rng.standard_normal((4, 5))
    teacher = student + 0.6 * rng.standard_normal((4, 5))
    logits = {name: inputs @ layer.T for name, layer in (("s", student), ("t", teacher))}
    arrays = {
        "theta.npy": ("a teacher for mine.csv, (3,)", np.array([2.0, -0.9, 0.3]) / 2.5),
        "start.npy": ("a start for mine.csv, (3,)", np.ones(3)),
        "S.npy": ("gradients of a student, (400, 20)", _gradients(logits["s"], inputs, labels)),
        "T.npy": ("gradients of its teacher", _gradients(logits["t"], inputs, labels)),
        "student-logits.npy": ("logits of the same student, (400, 4)", logits["s"]),
        "teacher-logits.npy": ("logits of its teacher", logits["t"]),
        "labels.npy": ("their classes, (400,)", labels),
        "features.npy": ("their inputs, (400, 5)", inputs),
    }
    return {
        "mine.csv": (
            "60 rows of 3 features and, last, the target, under a header",
            lambda file: np.savetxt(
                file, table, delimiter=",", fmt="%.6g", header="a,b,c,target", comments=""
            ),
        ),
        "mine.npz": (
            "the same as arrays features (60, 3) and targets (60,)",
            lambda file: np.savez(file, features=features, targets=targets),
        ),
        "step.toml": (
            "a step of one's own, for kdtheory discover",
            lambda file: file.write(STEP.encode("utf-8")),
        ),
        **{name: (holds, _saver(array)) for name, (holds, array) in arrays.items()},
    }


def _saver(array: Any) -> Callable[[IO[bytes]], object]:
    return lambda file: np.save(file, array)


def _gradients(logits: Any, inputs: Any, labels: Any) -> Any:
    """Of softmax cross-entropy in the layer's weights, one row a sample."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(len(labels)), labels] -= 1.0
    return (shares[:, :, None] * inputs[:, None, :]).reshape(len(labels), -1)
