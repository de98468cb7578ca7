"""Implementations that are wrong for one regime or one shape class only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance import TorchLike
from conformance.subjects import pytorch

from .altered import Altered

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Values
    from conformance.sampling.values import Array
    from conformance.subjects.protocol import Task, Trace


def _each(change: Callable[[Array], Array]) -> Callable[[Task, Trace], Trace]:
    """Change every array of floats."""

    def alter(task: Task, trace: Trace) -> Trace:
        del task
        return {
            name: change(array) if np.issubdtype(array.dtype, np.floating) else array
            for name, array in trace.items()
        }

    return alter


def _flushed(array: Array) -> Array:
    return np.where(np.abs(array) < np.finfo(array.dtype).tiny, array.dtype.type(0), array)


def _misread(task: Task, trace: Trace) -> Trace:
    """Read the memory of each input from its start on, ignoring its strides."""
    inputs = task.inputs()
    if all(array.flags.c_contiguous for array in inputs.values()):
        return trace
    read = {}
    for name, array in inputs.items():
        memory = array if array.base is None else array.base
        read[name] = memory.reshape(-1)[: array.size].reshape(array.shape)
    return pytorch.make().run(replace(task, stored=read))


def _at_least_one(task: Task, trace: Trace) -> Trace:
    """Take one row for none, where the input has none; the axis that comes first in a sum may be another."""
    if all(array.shape[:1] != (0,) for array in task.inputs().values()):
        return trace
    return {
        name: np.zeros((1, *array.shape[1:]), array.dtype) if array.shape[:1] == (0,) else array
        for name, array in trace.items()
    }


def _uncleared(task: Task, trace: Trace) -> Trace:
    """Do not write an output that is a sum over no elements."""
    if all(array.shape[-1] for array in task.inputs().values()):
        return trace
    return {name: a if name.startswith("grad.") else np.ones_like(a) for name, a in trace.items()}


def _product_with_mask(t: Any, x: Values) -> dict[str, Any]:
    """Cut the triangle out by a product with zeros and ones."""
    ones = t.ones(x["x0"].shape[-2:], dtype=x["x0"].dtype)
    diagonal = {"main": 0, "below": -1, "above": 1}[str(x.config["form"])]
    return {"output": x["x0"] * t.tril(ones, diagonal)}


nan_is_zero = Altered("nan is zero", _each(lambda a: np.where(np.isnan(a), a.dtype.type(0), a)))
inf_for_nan = Altered("inf for nan", _each(lambda a: np.where(np.isnan(a), a.dtype.type(np.inf), a)))
unsigned_inf = Altered("unsigned inf", _each(lambda a: np.where(np.isneginf(a), -a, a)))
flushed_denormals = Altered("flushed denormals", _each(_flushed))
misread_strides = Altered("misread strides", _misread)
batch_of_at_least_one = Altered("batch of at least one", _at_least_one)
uncleared_sums = Altered("uncleared sums", _uncleared)
masked_by_product = TorchLike("masked by product", "torch", {"tril": _product_with_mask})
