"""The exceptions that the harness raises about its own use.

Raised in every room, and reported by cli.main. What a subject does wrong is a verdict, never an exception.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class UsageError(ValueError):
    """The caller gave a name, a number or a file that cannot be used; the command line exits with 2."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM; the command line exits with 143, as shells count it."""


def unknown(kind: str, name: str, there_are: Iterable[str]) -> UsageError:
    """Return the error about an unknown `case` or `fault`; there are too many to name them all."""
    near = get_close_matches(name, list(there_are), n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return UsageError(f"unknown {kind} {name!r}.{hint} `conformance list {kind}s` shows those there are")


class DegenerateError(RuntimeError):
    """A case was drawn again too often, or its arrays cannot tell right from wrong."""


class NoiseError(RuntimeError):
    """The oracle ran an operation whose rounding the arithmetic cannot follow.

    Args:
        message: the error, with the operation's name.
        operation: the name alone, as a rule has it; None if no single operation is to blame.
    """

    def __init__(self, message: str, operation: str | None = None) -> None:
        super().__init__(message)
        self.operation = operation
