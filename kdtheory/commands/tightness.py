"""Search the instance on which a bound comes nearest to equality."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kdtheory.commands import Outcome
from kdtheory.commands.patience import at_work

EXAMPLES = ("kdtheory tightness theorem-1-sharp --kind logistic --rounds 3",)

GENERATION = 0.7  # seconds


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("theorem", help="a key that bounds something")
    command.add_argument(
        "--kind",
        default="least-squares",
        help="least-squares (default), logistic, softmax, sinusoidal",
    )
    command.add_argument(
        "--rounds", type=int, default=60, help="generations of the search (default 60)"
    )
    command.add_argument("--seed", type=int, default=0, help="seed of the search")


def run(options: Namespace) -> Outcome:
    """The ratio of one step, the noise's share of the bound, and the instance in fractions."""
    from kdtheory.campaigns.tightness import search

    with at_work("search", GENERATION * options.rounds):
        found = search(options.theorem, kind=options.kind, seed=options.seed, rounds=options.rounds)
    instance = found.instance.to_dict()
    lines = [
        f"lhs/rhs = {found.ratio:.6f} after {found.evaluations} evaluations; noise is"
        f" {found.noise_share:.0%} of the right-hand side"
    ]
    lines += [
        f"  {name} = {value}" for name, value in {**instance.pop("arrays"), **instance}.items()
    ]
    return (
        {
            "theorem": found.theorem,
            "ratio": found.ratio,
            "noise_share": found.noise_share,
            "evaluations": found.evaluations,
            "instance": found.instance.to_dict(),
        },
        "\n".join(lines),
        0,
    )
