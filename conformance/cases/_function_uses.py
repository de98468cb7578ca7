"""The uses of functions, and so of every layer, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.cases._uses_of_calls import CALL_USES
from conformance.cases._uses_of_gradients import GRADIENT_USES
from conformance.cases._uses_of_memory import MEMORY_USES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases._use import Use

FUNCTION_USES: Mapping[str, Use] = {use.name: use for use in (*GRADIENT_USES, *CALL_USES, *MEMORY_USES)}
