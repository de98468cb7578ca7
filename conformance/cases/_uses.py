"""The uses by name: the ways in which every layer and function is called, other than once and plainly.

Read by running.plan, which chooses the samples of each, by judging and by subjects.torchlike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cases._function_uses import FUNCTION_USES
from conformance.cases._module_uses import MODULE_USES
from conformance.errors import UsageError, unknown

if TYPE_CHECKING:
    from conformance.cases._use import Use
    from conformance.cases.case import Case, Config

USES: dict[str, Use] = {**FUNCTION_USES, **MODULE_USES}


def find_use(name: str, case: Case, config: Config) -> Use:
    """Return the use of that name, which applies to a case with some settings.

    Raises:
        UsageError: there is no such use, or it does not apply; the message names those like it, or says why.
    """
    if name not in USES:
        raise unknown("use", name, USES)
    if (why := USES[name].why_unused(case, config)) is not None:
        raise UsageError(f"use {name!r} does not apply to {case.name} here: {why}")
    return USES[name]
