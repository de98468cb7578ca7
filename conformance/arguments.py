"""A parser of arguments that says in one line what was expected and what came, as all errors here do.

Made by cli.main, and by running.peers; both report a UsageError and leave with 2. Python's own prints the
usage of all options above its message.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from conformance.errors import UsageError, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

# What the types of options say, in Python's words and in ours.
_WORDS = {
    r"invalid int value: (.*)": r"expected a whole number, got \1",
    r"invalid float value: (.*)": r"expected a number, got \1",
    r"expected one argument": "expected a value, got none",
}
_CHOICE = re.compile(r"invalid choice: (.*) \(choose from (.*)\)", re.DOTALL)
# So many choices are all named.
_FEW = 5


def path_of(text: str) -> Path:
    """Return a path that was given: the type of each option and argument that takes one.

    Raises:
        ArgumentTypeError: it is empty, as `--out "$OUT"` is where the variable is not set. Path would take it
            for the current directory.
    """
    if not text:
        raise argparse.ArgumentTypeError(f"expected a path, got {text!r}")
    return Path(text)


class Parser(argparse.ArgumentParser):
    """A parser that raises what is wrong.

    Raises:
        UsageError: the arguments are not those of the command; the message names the option.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse other arguments here, where the command that was given them is known."""
        found, others = super().parse_known_args(args, namespace)
        if others:
            self.error(f"unrecognized arguments: {' '.join(others)}")
        return found, others

    def error(self, message: str) -> NoReturn:
        """Raise an error in our words."""
        if found := re.fullmatch(r"argument (\S+): (.*)", message, re.DOTALL):
            raise _of_option(found[1], found[2], self.prog)
        raise UsageError(f"{message}; `{self.prog} --help` shows what there is")


def _of_option(option: str, told: str, prog: str) -> UsageError:
    """Return the error about the value of an option."""
    if choice := _CHOICE.fullmatch(told):
        return _of_choice(option, choice[1], re.findall(r"[\w-]+", choice[2]), prog)
    for theirs, ours in _WORDS.items():
        told = re.sub(f"^{theirs}$", ours, told, flags=re.DOTALL)
    return UsageError(f"{option}: {told}")


def _of_choice(option: str, given: str, choices: Iterable[str], prog: str) -> UsageError:
    """Return the error about a value that is none of some."""
    *others, last = choices
    if len(others) < _FEW:
        return UsageError(f"{option}: expected {', '.join(others)} or {last}, got {given}")
    return unknown(option.lower(), given[1:-1], [*others, last], f"`{prog} --help` lists them")
