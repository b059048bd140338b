"""Play a stored instance of a campaign again, with the engines of `kdtheory verify`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kdtheory.commands import Outcome, path

EXAMPLES = ("kdtheory replay 1 --store runs.sqlite",)  # of `kdtheory campaign`


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("id", type=int, help="number of the record, from `kdtheory campaign`")
    command.add_argument("--store", type=path, required=True, help="the campaign's SQLite file")
    command.add_argument(
        "--method", default="exact", help="evidence asked of verify (default exact)"
    )


def run(options: Namespace) -> Outcome:
    """The instance in fractions, the stored ratio and the verdict; exit code 1 when it is
    violated, 2 when the ratio is another one than was stored.
    """
    from kdtheory.campaigns import replay

    record, verdict = replay(options.id, store=options.store, method=options.method)
    instance = record["instance"]
    lines = [f"{record['kind']} of {record['theorem']}, ratio on record {record['ratio']:.12g}"]
    lines += [f"  {name} = {instance[name]}" for name in instance]
    lines.append(
        f"now: {verdict.status}, largest ratio {verdict.ratio:.12g}, evidence {verdict.evidence};"
        f" {verdict.reason}"
    )
    code = int(verdict.status == "VIOLATED")
    if not record["agrees"]:
        lines.append(
            f"NOT the ratio on record: {record['now']:.12g} now. The record was made by another"
            " version of kdtheory, or by a statement that has changed."
        )
        code = code or 2
    return {**record, "verdict": verdict.to_dict()}, "\n".join(lines), code
