"""The uses of modules: train and eval, copies, saved states, shared parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.cases._use import Use

MODULE_USES: Mapping[str, Use] = {}
