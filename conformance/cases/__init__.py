"""The cases by name. Each module here without a leading underscore is a family, and its `CASES` are found.

Families come in alphabetical order, and the cases of a family as its file lists them.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from conformance.errors import names_of, unknown

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
    chosen = list(dict.fromkeys(names_of("cases", names))) or list(CASES)
    for name in chosen:
        if name not in CASES:
            raise unknown("case", name, CASES, "`conformance list cases` shows those there are")
    return [CASES[name] for name in chosen]
