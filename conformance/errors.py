"""The exceptions that the harness raises about its own use.

Raised in every room, and reported by cli.main. What a subject does wrong is a verdict, never an exception.
"""

from __future__ import annotations


class UsageError(ValueError):
    """The caller gave a name, a number or a file that cannot be used; the command line exits with 2."""


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
