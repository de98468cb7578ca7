"""The cases by name. Each module here without a leading underscore is a family, and its `CASES` are found.

Families come in alphabetical order, and the cases of a family as its file lists them.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from conformance.errors import UsageError, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.cases.case import Case

# The module `case` holds the class of cases.
FAMILIES = tuple(
    importlib.import_module(f"{__name__}.{name}")
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__))
    if not name.startswith("_") and name != "case"
)

CASES: dict[str, Case] = {case.name: case for family in FAMILIES for case in family.CASES}


def find_cases(names: Iterable[str] = ()) -> list[Case]:
    """Return the cases of those names, in the given order, or every case.

    Raises:
        UsageError: there is no such case; the message names those like it. Or these are not names.
    """
    # One string would be read letter by letter.
    given = [names] if isinstance(names, str) else list(names)
    if isinstance(names, str) or not all(isinstance(name, str) for name in given):
        raise UsageError(f"cases: expected a list of names, got {names!r}")
    chosen = list(dict.fromkeys(given)) or list(CASES)
    for name in chosen:
        if name not in CASES:
            raise unknown("case", name, CASES)
    return [CASES[name] for name in chosen]
