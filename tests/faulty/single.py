"""Implementations with one mistake each, which only one check of the judge catches.

Used by tests/conformance/judging/test_each_check_alone.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from conformance.faults import FAULTS, faulty
from conformance.subjects import pytorch

from .altered import Altered

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance import TorchLike
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Task, Trace


def _is_float(array: Array) -> bool:
    return np.issubdtype(array.dtype, np.floating)


def _arrays(change: Callable[[Array], Array], where: Callable[[Task, str, Array], bool]) -> Altered:
    """Change the arrays for which `where(task, name, array)` holds."""

    def alter(task: Task, trace: Trace) -> Trace:
        return {
            name: change(array) if where(task, name, array) and array.size else array
            for name, array in trace.items()
        }

    return Altered(getattr(where, "__name__", "altered"), alter)


def _scaled(array: Array) -> Array:
    return array * array.dtype.type(1.001)


def _one_ulp(array: Array) -> Array:
    return np.nextafter(array, array.dtype.type(np.inf))


def _through_bfloat16(array: Array) -> Array:
    """Keep 8 significant bits: float32 with the lower half of its word cut off."""
    words = np.ascontiguousarray(array).view(np.uint32) & np.uint32(0xFFFF0000)
    return words.view(np.float32).reshape(array.shape)


def _next(array: Array) -> Array:
    changed = array.copy()
    changed.flat[-1] += 1
    return changed


def _is_output(task: Task, name: str, array: Array) -> bool:
    return _is_float(array) and not name.startswith("grad.") and not task.case.training


def _is_gradient(task: Task, name: str, array: Array) -> bool:
    del task, array
    return name.startswith("grad.")


def _is_trained(task: Task, name: str, array: Array) -> bool:
    del array
    return task.case.training and not name.startswith("grad.")


def _floats_through_float32(task: Task, trace: Trace) -> Trace:
    """Compute in float32 in the float64 lane; integers stay."""
    if task.dtype != "float64":
        return trace
    low = pytorch.make().run(replace(task, dtype="float32", carrier=""))
    return {n: low[n].astype(np.float64) if _is_float(array) else array for n, array in trace.items()}


floats_through_float32 = Altered("floats through float32", _floats_through_float32)
wrong_output = _arrays(_scaled, _is_output)
wrong_gradient = _arrays(_scaled, _is_gradient)
wrong_training = _arrays(_scaled, _is_trained)
low_precision = _arrays(_through_bfloat16, lambda _, __, array: array.dtype == np.float32)
wrong_index = _arrays(_next, lambda task, _, array: array.dtype == np.int64 and not task.case.training)
one_more_axis = _arrays(lambda array: array[None], lambda _, __, array: array.ndim > 0)
doubles = _arrays(lambda array: array.astype(np.float64), lambda _, __, array: _is_float(array))
rounds_integers = _arrays(
    _one_ulp, lambda task, name, _: task.case.name == "nn.Linear" and not name.startswith("grad.")
)


def _on(fault: str, *cases: str) -> TorchLike:
    """Put a named fault into torch in the given cases, which need not be the fault's own."""
    return faulty(replace(FAULTS[fault], cases=cases), "torch")


between_calls = _on("state-remembered", "nn.GRUCell", "nn.GRUCell@batch-permutation")
redrawn_mask = _on("dropout-redrawn-in-backward", "nn.Dropout", "nn.Dropout@own-mask")
