"""The exceptions that the harness raises about its own use.

Raised in every room, and reported by cli.main. What a subject does wrong is a verdict, never an exception.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from operator import index

from conformance.text import safe_message


class UsageError(ValueError):
    """The caller gave a name, a number or a file that cannot be used; the command line exits with 2.

    Args:
        told: what was expected and what came. It may quote anything, so it is kept as it may be shown.
    """

    def __init__(self, told: str) -> None:
        super().__init__(safe_message(told))


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM; the command line exits with 143, as shells count it."""


# How many names a message suggests.
_SUGGESTED = 3
# No name is longer; a longer text would take long to compare.
_LONGEST = 100


def unknown(kind: str, name: str, there_are: Iterable[str], hint: str = "") -> UsageError:
    """Return the error about an unknown name: it suggests the nearest, as there may be too many to name all.

    Args:
        kind: what it should name, e.g. `case`.
        name: the unknown name.
        there_are: the known ones; up to three are all named.
        hint: a sentence that ends the message, e.g. how to list them.
    """
    names = list(there_are)
    # Compared without capitals: who writes lstm means nn.LSTM.
    alike = {each.lower(): each for each in reversed(names)}
    near = [alike[each] for each in get_close_matches(name[:_LONGEST].lower(), alike, n=_SUGGESTED)]
    if len(names) <= _SUGGESTED:
        told = f"There are: {', '.join(names)}."
    elif near:
        told = f"Did you mean {' or '.join(near)}?"
    else:
        told = "" if hint else f"There are {len(names)}, such as {', '.join(names[:_SUGGESTED])}."
    return UsageError(" ".join(part for part in (f"unknown {kind} {name!r}.", told, hint) if part))


def names_of(what: str, names: object) -> list[str]:
    """Return names that were given as a list, a tuple, or anything else that yields them.

    Args:
        what: the argument, for the message.
        names: the names; one text is refused, because it would be read letter by letter.

    Raises:
        UsageError: these are not names.
    """
    found: list[object] = [None] if isinstance(names, str) or not isinstance(names, Iterable) else [*names]
    given = [name for name in found if isinstance(name, str)]
    if len(given) != len(found):
        raise UsageError(f"{what}: expected a list of names, got {names!r}")
    return given


def whole(what: str, value: object, least: int, most: int | None = None) -> int:
    """Return a number that has to be whole, as an `int`.

    Args:
        what: the argument, for the message.
        value: its value: an integer of Python or NumPy.
        least: the least that it may be.
        most: the most, if there is one.

    Raises:
        UsageError: it is not a whole number, or a smaller or larger one.
    """
    limits = f"at least {least}" if most is None else f"{least} to {most}"
    error = UsageError(f"{what}: expected a whole number of {limits}, got {value!r}")
    try:
        number = index(value)  # type: ignore[arg-type]  # this is how to ask whether it is one
    except TypeError:
        raise error from None
    if isinstance(value, bool) or number < least or (most is not None and number > most):
        raise error
    return number


def named(what: str, name: object) -> str:
    """Return the name of an implementation.

    Args:
        what: what has the name, for the message.
        name: the name.

    Raises:
        UsageError: it is not a string, or it is empty.
    """
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"{what}: name: expected a text, got {name!r:.80}")
    return name


def flag(what: str, value: object) -> bool:
    """Return True or False.

    Args:
        what: the argument, for the message.
        value: its value.

    Raises:
        UsageError: it is neither.
    """
    if not isinstance(value, bool):
        raise UsageError(f"{what}: expected True or False, got {value!r}")
    return value


class UnpreparedError(RuntimeError):
    """There is nothing to compare a sample with; of a run that is an ERROR of the sample."""

    @property
    def reason(self) -> str:
        """The reason of that ERROR."""
        return f"{type(self).__name__}: {self}"


class DegenerateError(UnpreparedError):
    """A case was drawn again too often, or its arrays cannot tell right from wrong."""


class NoiseError(UnpreparedError):
    """The oracle ran an operation whose rounding the arithmetic cannot follow.

    Args:
        message: the error, with the operation's name.
        operation: the name alone, as a rule has it; None if no single operation is to blame.
    """

    def __init__(self, message: str, operation: str | None = None) -> None:
        super().__init__(message)
        self.operation = operation


class ReferenceRaisedError(UnpreparedError):
    """The reference raised an exception on a sample, or the harness did while it prepared the sample.

    Args:
        message: which of the two raised what, and where.
        traceback: the end of the traceback.
        refused: the reference raised it, not the harness.
    """

    def __init__(self, message: str, traceback: str = "", *, refused: bool = True) -> None:
        super().__init__(message)
        self.traceback, self.refused = traceback, refused

    @property
    def reason(self) -> str:
        """The message, which says who raised, and the traceback."""
        return f"{self}\n{self.traceback}"
