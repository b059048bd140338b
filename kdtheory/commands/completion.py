"""What bash, zsh or fish needs to complete commands and options: a script for its start-up file."""

from __future__ import annotations

import argparse
import re
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass

from kdtheory.commands import COMMANDS, Outcome
from kdtheory.commands.parsing import parser

EXAMPLES = ("kdtheory completion bash",)
WHERE = {
    "bash": 'eval "$(kdtheory completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(kdtheory completion zsh)" in ~/.zshrc, after compinit',
    "fish": "kdtheory completion fish | source in ~/.config/fish/config.fish",
}


@dataclass(frozen=True)
class Word:
    """One option of a command: its spelling, its help, and what may follow it (None: no value;
    empty: a file or any text).
    """

    text: str
    help: str
    values: tuple[str, ...] | None


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("shell", choices=tuple(WHERE), help="for this shell")


def run(options: Namespace) -> Outcome:
    """The script; the first line of it says where it belongs."""
    script = {"bash": _bash, "zsh": _zsh, "fish": _fish}[options.shell](words())
    text = f"# {WHERE[options.shell]}\n{script}"
    return {"shell": options.shell, "script": text}, text, 0


def words() -> dict[str, list[Word]]:
    """Command -> its options, and first those of its arguments that have a list of values."""
    found = {}
    for name in COMMANDS:
        subparsers = next(
            action
            for action in parser(name)._actions
            if isinstance(action, argparse._SubParsersAction)
        )
        found[name] = [
            Word(
                spelling,
                " ".join((action.help or "").split()).replace("%%", "%"),
                None if action.nargs == 0 else tuple(map(str, action.choices or ())),
            )
            for action in subparsers.choices[name]._actions
            for spelling in action.option_strings or [""]
            if spelling or action.choices
        ]
    return found


def _bash(found: dict[str, list[Word]]) -> str:
    cases = []
    for name, options in found.items():
        spelled = " ".join(word.text or " ".join(word.values or ()) for word in options)
        own = [
            f"      {name}:{word.text})"
            f' COMPREPLY=($(compgen -W "{" ".join(word.values)}" -- "$now")); return ;;'
            for word in options
            if word.text and word.values
        ]
        cases.append((own, f'      {name}) COMPREPLY=($(compgen -W "{spelled}" -- "$now")) ;;'))
    values = "\n".join(line for own, _ in cases for line in own)
    listed = "\n".join(line for _, line in cases)
    return f"""_kdtheory() {{
  local now="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{" ".join(found)} --help --version" -- "$now"))
    return
  fi
  case "${{COMP_WORDS[1]}}:$before" in
{values}
  esac
  case "$now" in
    -*) case "${{COMP_WORDS[1]}}" in
{listed}
    esac ;;
    *) case "${{COMP_WORDS[1]}}" in
{listed}
    esac
    [ "${{#COMPREPLY[@]}}" -gt 0 ] || COMPREPLY=($(compgen -f -- "$now")) ;;
  esac
}}
complete -o filenames -F _kdtheory kdtheory"""


def _quoted(text: str) -> str:
    """For zsh's and fish's single quotes; what zsh reads as the end of a description is left
    out.
    """
    return re.sub(r"[\[\]'\\:]", "", text)


def _zsh(found: dict[str, list[Word]]) -> str:
    commands = "\n".join(f"    '{name}:{_quoted(COMMANDS[name])}'" for name in found)
    cases = []
    for name, options in found.items():
        specs = []
        for word in options:
            if not word.text:
                specs.append(f"'1:value:({' '.join(word.values or ())})'")
                continue
            after = (
                ""
                if word.values is None
                else f":value:({' '.join(word.values)})"
                if word.values
                else ":value:_files"
            )
            # "*": may be given again.
            specs.append(f"'*{word.text}[{_quoted(word.help)}]{after}'")
        cases.append(f"    {name}) _arguments {' '.join(specs)} '*:file:_files' ;;")
    listed = "\n".join(cases)
    return f"""_kdtheory() {{
  local -a commands
  commands=(
{commands}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
{listed}
  esac
}}
compdef _kdtheory kdtheory"""


def _fish(found: dict[str, list[Word]]) -> str:
    lines = ["complete -c kdtheory -n __fish_use_subcommand -f"]
    for name, options in found.items():
        lines.append(
            f"complete -c kdtheory -n __fish_use_subcommand -a {name} -d"
            f" '{_quoted(COMMANDS[name])}'"
        )
        for word in options:
            condition = f"complete -c kdtheory -n '__fish_seen_subcommand_from {name}'"
            given = f" -a '{' '.join(word.values)}'" if word.values else ""
            if not word.text:
                lines.append(f"{condition} -f{given}")
                continue
            long = word.text.startswith("--")
            spelled = f"-l {word.text[2:]}" if long else f"-s {word.text[1:]}"
            takes = "" if word.values is None else " -x" if word.values else " -r"
            lines.append(f"{condition} {spelled}{takes}{given} -d '{_quoted(word.help)}'")
    return "\n".join(lines)
