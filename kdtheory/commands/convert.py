"""What other trainers weight, in terms of the paper's lambda, in both directions."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from kdtheory.commands import Outcome
from kdtheory.errors import InvalidInput

if TYPE_CHECKING:
    from kdtheory.estimate.conventions import Conversion

EXAMPLES = (
    "kdtheory convert repdistiller --set r=0.1 --set a=0.9",
    "kdtheory convert torchtune --weight 0.7",
)


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument(
        "trainer",
        nargs="?",
        help="torchtune, torchdistill, repdistiller, ...; default: the table of all",
    )
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the trainer; repeatable",
    )
    command.add_argument(
        "--weight", type=float, help="the other direction: this lambda as the trainer's settings"
    )
    command.add_argument(
        "--loss-scale",
        type=float,
        default=1.0,
        help="with --weight: label + teacher coefficients (default 1)",
    )
    command.add_argument("--temperature", type=float, help="default: the trainer's")
    command.add_argument("--classes", type=int, metavar="K", help="for trainers that divide by it")


def run(options: Namespace) -> Outcome:
    """One conversion, or the table of all conventions."""
    from kdtheory.estimate.conventions import from_lambda, to_lambda

    if options.trainer is None:
        if options.set or options.weight is not None:
            raise InvalidInput(
                "--set and --weight need a trainer, e.g. kdtheory convert torchtune --weight 0.7."
            )
        return _table()
    if options.weight is not None:
        if options.set:
            raise InvalidInput(
                "Either --weight (lambda to settings) or --set (settings to lambda), not both."
            )
        found = from_lambda(
            options.trainer,
            options.weight,
            loss_scale=options.loss_scale,
            temperature=options.temperature,
            classes=options.classes,
        )
    else:
        found = to_lambda(
            options.trainer,
            dict(_setting(text) for text in options.set),
            temperature=options.temperature,
            classes=options.classes,
        )
    return _report(found)


def _setting(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        return name.strip().lstrip("-").replace("-", "_"), float(value)
    except ValueError as error:
        raise InvalidInput(
            f"--set expects NAME=VALUE with a number, got {text!r}, e.g. --set alpha=0.5."
        ) from error


def _report(found: Conversion) -> Outcome:
    data: dict[str, Any] = found.to_dict()
    settings = ", ".join(f"{name} = {value:g}" for name, value in found.settings.items())
    lines = [
        f"{found.trainer}: {settings} (weighs: {found.weighs})  <=>  lambda = {found.weight:.6g},"
        f" theory's step size = {found.loss_scale:g} x learning rate, temperature"
        f" {found.temperature:g}"
    ]
    if found.exact:
        lines.append(
            "Temperature 1: in logits the distillation gradient is exactly (r(z) - y) - lambda"
            " (r(u) - y)."
        )
    else:
        from kdtheory.estimate.agreement import measured_agreement

        seen = measured_agreement(found.weight, found.temperature)
        data["agreement"] = {
            "cosine_sample": seen.sample,
            "cosine_batch": seen.batch,
            "length_ratio": seen.length,
        }
        lines.append(
            f"Temperature {found.temperature:g}: the theory speaks of temperature 1 only. Measured"
            f" on softmax regression (digits): cosine {_range(seen.sample)} a sample,"
            f" {_range(seen.batch)} a batch of 32, length {_range(seen.length)} times the control"
            " variate's."
        )
    if found.note:
        lines.append(f"Note: {found.note}.")
    lines.append(f"Source: {found.source}.")
    return data, "\n".join(lines), 0


def _range(pair: tuple[float, float]) -> str:
    return f"{pair[0]:.2f}-{pair[1]:.2f}"


def _table() -> Outcome:
    from kdtheory.estimate.conventions import CONVENTIONS, NO_WEIGHT

    rows = [
        {
            "trainer": one.name,
            "settings": list(one.parameters),
            "weighs": one.weighs,
            "defaults": dict(one.defaults),
            "temperature": one.temperature,
            "adds_to_one": one.adds_to_one,
            "note": one.note,
            "source": one.source,
        }
        for one in CONVENTIONS.values()
    ]
    lines = [f"{'trainer':18} {'settings':18} {'weighs':27} {'defaults':18} {'tau':>4}  sum"]
    for one in CONVENTIONS.values():
        defaults = ", ".join(f"{name} {value:g}" for name, value in one.defaults.items()) or "-"
        lines.append(
            f"{one.name:18} {', '.join(one.parameters):18} {one.weighs:27} {defaults:18}"
            f" {one.temperature:4g}  {'1' if one.adds_to_one else 'free'}"
        )
    lines += [f"{name:18} no mixing weight: {text}" for name, text in NO_WEIGHT.items()]
    lines.append("All multiply the teacher's loss by tau^2. Sources: kdtheory convert --json.")
    return {"conventions": rows, "no_weight": dict(NO_WEIGHT)}, "\n".join(lines), 0
