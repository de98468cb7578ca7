"""The named faults. Each module here without a leading underscore is a family, and its `FAULTS` are found.

A fault replaces a step of a case's program, or stands around the whole, in torch's API. Applied to mytorch it
tests the suite; applied to torch, the same text can name what a subject does wrong.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from conformance.errors import names_of, unknown
from conformance.subjects.torchlike import TorchLike

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.faults.fault import Fault

# The module `fault` holds the class of faults, `equivalents` the faults that change nothing in some case, and
# `exploits` candidates that deceive checks of torch code, which `conformance check` has to notice.
FAMILIES = tuple(
    importlib.import_module(f"{__name__}.{name}")
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__))
    if not name.startswith("_") and name not in {"fault", "equivalents", "exploits"}
)

FAULTS: dict[str, Fault] = {fault.name: fault for family in FAMILIES for fault in family.FAULTS}


def find_faults(names: Iterable[str] = ()) -> list[Fault]:
    """Return the faults of those names, in the given order, or every fault.

    Raises:
        UsageError: there is no such fault; the message names those like it.
    """
    chosen = list(dict.fromkeys(names_of("faults", names))) or list(FAULTS)
    for name in chosen:
        if name not in FAULTS:
            raise unknown("fault", name, FAULTS, "`conformance list faults` shows those there are")
    return [FAULTS[name] for name in chosen]


def faulty(fault: Fault, module: str = "mytorch") -> TorchLike:
    """Return an implementation on a namespace with torch's API that is wrong in that one way."""
    return TorchLike(
        f"fault:{fault.name}",
        module,
        seams=dict.fromkeys(fault.cases, fault.seams) if fault.seams else None,
        around=dict.fromkeys(fault.cases, fault.around) if fault.around else None,
        wraps=dict.fromkeys(fault.cases, fault.wrap) if fault.wrap else None,
    )
