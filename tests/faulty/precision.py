"""Implementations that compute in fewer bits than the lane has; copied values lose bits too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from conformance.subjects import pytorch

from .altered import Altered

if TYPE_CHECKING:
    from conformance.subjects.protocol import Task, Trace


def _through_float32(task: Task, trace: Trace) -> Trace:
    del trace
    low = pytorch.make().run(replace(task, dtype="float32", carrier=""))
    return {name: array.astype(task.dtype) for name, array in low.items()}


def _through_float16(task: Task, trace: Trace) -> Trace:
    del task
    with np.errstate(over="ignore", under="ignore"):
        return {name: array.astype(np.float16).astype(array.dtype) for name, array in trace.items()}


float64_through_float32 = Altered("float64 through float32", _through_float32)
through_float16 = Altered("through float16", _through_float16)
