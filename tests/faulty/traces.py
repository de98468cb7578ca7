"""Implementations that compute correctly and return a trace with one mistake.

Each is a plug-in: `conformance run --implementation tests.faulty.traces:NAME`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .altered import Altered

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Task, Trace


def _first_output(change: Callable[[Array], Array]) -> Callable[[Task, Trace], Trace]:
    """Change the first output that has elements."""

    def alter(task: Task, trace: Trace) -> Trace:
        del task
        name = next((name for name, array in trace.items() if array.size), None)
        return trace if name is None else {**trace, name: change(trace[name])}

    return alter


def _gradients(change: Callable[[Array], Array]) -> Callable[[Task, Trace], Trace]:
    def alter(task: Task, trace: Trace) -> Trace:
        del task
        return {name: change(array) if name.startswith("grad.") else array for name, array in trace.items()}

    return alter


def _last(array: Array, value: Callable[[float], float]) -> Array:
    changed = array.copy()
    changed.flat[-1] = value(changed.flat[-1])
    return changed


def _other_dtype(array: Array) -> Array:
    return array.astype(np.float64 if array.dtype == np.float32 else np.float32)


def _without_last_gradient(task: Task, trace: Trace) -> Trace:
    del task
    gradients = [name for name in trace if name.startswith("grad.")]
    return {name: array for name, array in trace.items() if name not in gradients[-1:]}


nan_in_one_element = Altered("nan in one element", _first_output(lambda a: _last(a, lambda _: np.nan)))
inf_in_one_element = Altered("inf in one element", _first_output(lambda a: _last(a, lambda _: np.inf)))
one_element_off = Altered("one element off", _first_output(lambda a: _last(a, lambda x: x * 1.001)))
wrong_shape = Altered("wrong shape", _first_output(lambda a: a[None]))
wrong_dtype = Altered("wrong dtype", _first_output(_other_dtype))
missing_gradient = Altered("missing gradient", _without_last_gradient)
zero_gradients = Altered("zero gradients", _gradients(np.zeros_like))
negated_gradients = Altered("negated gradients", _gradients(np.negative))
extra_observable = Altered("extra observable", lambda _, trace: {**trace, "hidden": np.ones(3)})
nothing_at_all = Altered("nothing at all", lambda _, __: {})
lists_for_arrays = Altered("lists", lambda _, trace: {name: array.tolist() for name, array in trace.items()})
