"""The program of a case, as text: what both sides were asked to compute.

Called by `drawers`.
"""

from __future__ import annotations

import inspect
import textwrap
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.cases import CASES
from conformance.cases import case as cases

if TYPE_CHECKING:
    from collections.abc import Callable

# How many lines of a program are shown.
_LINES = 40


class Program(NamedTuple):
    """A program's text.

    Attributes:
        text: its source, or its beginning.
        where: the module that has all of it.
    """

    text: str
    where: str


@cache
def program(case: str) -> Program | None:
    """Return the program of a case; None where this version has no such case, or not its source."""
    if case not in CASES:
        return None
    found = CASES[case].program
    function = _written(found.build if isinstance(found, cases.LayerProgram) else found)
    try:
        lines = textwrap.dedent(inspect.getsource(function)).rstrip().split("\n")
    except (OSError, TypeError):  # compiled, or an object without source
        return None
    shown = [*_given(function), *lines]
    text = "\n".join(shown[:_LINES] + ["…"] * (len(shown) > _LINES))
    return Program(text, function.__module__)


def _given(function: Callable[..., Any]) -> list[str]:
    """Return the values that one text is written with for several cases, such as the name that it calls."""
    given = inspect.getclosurevars(function).nonlocals if inspect.isfunction(function) else {}
    return [f"# {name} = {value!r}" for name, value in given.items() if isinstance(value, (str, int, float))]


def _written(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of a case's family, below what joins every function to its build."""
    while True:
        if isinstance(function, partial):
            function = function.func
            continue
        inner = inspect.getclosurevars(function).nonlocals if inspect.isfunction(function) else {}
        if function.__module__ == cases.__name__ and "program" in inner:
            function = inner["program"]
            continue
        return function
