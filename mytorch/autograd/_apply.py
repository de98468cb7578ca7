"""Applying ops to tensors, and recording them: every function of `mytorch.functions` calls these.

`apply` takes the arrays out of the tensors, runs the op's forward and wraps the result, which gets a `Node`
if an input requires gradients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.promotion import to_float, unify
from mytorch._core.state import state
from mytorch._core.typename import typename
from mytorch.autograd._views import join
from mytorch.autograd.graph import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from mytorch._core.types import Operand
    from mytorch._tensor import Tensor
    from mytorch.ops.op import Op


def apply(op: type[Op], *inputs: Tensor | None, **params: Any) -> Tensor:
    """Apply an op with one output, and record it where a gradient may be asked for.

    Args:
        op: the op; its forward gets the inputs' arrays, None for None.
        *inputs: tensors whose dtypes the op takes as they are.
        **params: the other arguments of forward.

    Returns:
        The op's output.

    Raises:
        TypeError: an input is not a Tensor.
    """
    # This runs for every op: one loop, because a comprehension is a call.
    arrays: list[Any] = []
    tracked = False
    try:
        for x in inputs:
            if x is None:
                arrays.append(None)
            else:
                arrays.append(x.array)
                tracked = tracked or x.tracked
    except AttributeError:
        _refuse(op.__name__.lower(), inputs)
        raise
    if op.float_result:
        arrays = [to_float(x) for x in arrays]
    out, saved = state.run(op.forward, *arrays, **params)
    result = wrap(out)
    if op.is_view:
        join(inputs[0], result)  # type: ignore[arg-type]  # a view is always of a tensor
    if tracked and state.enabled:
        _record(op, inputs, result, saved)
    return result


def unary(op: type[Op], input: Tensor) -> Tensor:
    """Apply an op of one input without other arguments: as `apply`, but with less to look at.

    Args:
        op: the op; its forward gets the input's array, and its output shares no memory with it.
        input: a tensor.

    Returns:
        The op's output.

    Raises:
        TypeError: the input is not a Tensor.
    """
    try:
        array = input.array
    except AttributeError:
        _refuse(op.__name__.lower(), (input,))
        raise
    if op.float_result and array.dtype.kind != "f":
        array = to_float(array)
    out, saved = state.run(op.forward, array)
    result = wrap(out)
    if input.tracked and state.enabled:
        _record(op, (input,), result, saved)
    return result


def view(op: type[Op], input: Tensor, *params: Any) -> Tensor:
    """Apply an op whose output shares memory with its only input: as `apply`, but with less to look at.

    Args:
        op: the op; its forward computes nothing that NumPy could warn of.
        input: a tensor.
        *params: the other arguments of forward.

    Returns:
        The op's output.
    """
    out, saved = op.forward(input.array, *params)
    result = wrap(out)
    join(input, result)
    if input.tracked and state.enabled:
        _record(op, (input,), result, saved)
    return result


def apply_many(op: type[Op], *inputs: Tensor | None, **params: Any) -> tuple[Tensor, ...]:
    """Apply an op with several outputs, and record it where a gradient may be asked for.

    Args:
        op: the op; its forward returns a tuple of arrays as output.
        *inputs: tensors whose dtypes the op takes as they are.
        **params: the other arguments of forward.

    Returns:
        The op's outputs.

    Raises:
        TypeError: an input is not a Tensor.
    """
    try:
        arrays = [None if x is None else x.array for x in inputs]
    except AttributeError:
        _refuse(op.__name__.lower(), inputs)
        raise
    outs, saved = state.run(op.forward, *arrays, **params)
    results = tuple([wrap(out) for out in outs])
    if op.is_view:
        for result in results:
            join(inputs[0], result)  # type: ignore[arg-type]  # a view is always of a tensor
    if state.enabled and any(x is not None and x.tracked for x in inputs):
        node = Node(op, saved, inputs, results, single=False)
        for slot, result in enumerate(results):
            if result.array.dtype.kind == "f":
                result.node = node
                result.tracked = True
                result.output = slot
    return results


def binary(op: type[Op], a: Operand, b: Operand, **params: Any) -> Tensor:
    """Apply an op of two operands after torch's type promotion, with broadcasting.

    Args:
        op: the op; its forward gets two arrays of one dtype, or a floating array and a Python scalar.
        a: a tensor or a Python scalar.
        b: a tensor or a Python scalar.
        **params: the other arguments of forward.

    Returns:
        The op's output, of the broadcast shape.

    Raises:
        TypeError: an operand is neither a tensor nor a number.
        RuntimeError: the shapes do not broadcast; the message gives both sizes and the dimension.
    """
    first: TensorBase | None
    second: TensorBase | None
    if (
        isinstance(a, TensorBase)
        and isinstance(b, TensorBase)
        and a.array.dtype is b.array.dtype
        and (not op.float_result or a.array.dtype.kind == "f")
    ):
        # The usual operands need no promotion.
        x, y, first, second = a.array, b.array, a, b
    else:
        x, y, first, second = unify(op.__name__.lower(), a, b, float_result=op.float_result)
    try:
        out, saved = state.run(op.forward, x, y, **params) if params else state.run(op.forward, x, y)
    except ValueError:
        require_broadcastable(np.shape(x), np.shape(y))
        raise
    result = wrap(out)
    if state.enabled and ((first is not None and first.tracked) or (second is not None and second.tracked)):
        _record(op, (first, second), result, saved)
    return result


def plain(function: Callable[..., Any], *inputs: Tensor, **params: Any) -> Tensor:
    """Apply a function of arrays that has no derivative, such as an arg-index.

    Args:
        function: takes the inputs' arrays.
        *inputs: tensors.
        **params: the other arguments of the function.

    Returns:
        The function's result, as a tensor without history.

    Raises:
        TypeError: an input is not a Tensor.
    """
    try:
        arrays = [x.array for x in inputs]
    except AttributeError:
        _refuse(function.__name__, inputs)
        raise
    return wrap(state.run(function, *arrays, **params))


def plain_binary(function: Callable[..., Any], a: Operand, b: Operand) -> Tensor:
    """Apply a function of two arrays that has no derivative, such as a comparison, after type promotion.

    Args:
        function: takes two arrays of one dtype, or a floating array and a Python scalar.
        a: a tensor or a Python scalar.
        b: a tensor or a Python scalar.

    Returns:
        The function's result, as a tensor without history.

    Raises:
        TypeError: an operand is neither a tensor nor a number.
        RuntimeError: the shapes do not broadcast; the message gives both sizes and the dimension.
    """
    x, y, _, _ = unify(function.__name__, a, b)
    try:
        return wrap(state.run(function, x, y))
    except ValueError:
        require_broadcastable(np.shape(x), np.shape(y))
        raise


def require_broadcastable(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    """Refuse two shapes that do not broadcast.

    Args:
        a: first shape.
        b: second shape.

    Raises:
        RuntimeError: torch's, with both sizes and the dimension.
    """
    rank = max(len(a), len(b))
    for back in range(1, min(len(a), len(b)) + 1):
        if a[-back] != b[-back] and 1 not in (a[-back], b[-back]):
            raise RuntimeError(
                f"The size of tensor a ({a[-back]}) must match the size of tensor b ({b[-back]}) "
                f"at non-singleton dimension {rank - back}"
            ) from None


def _record(op: type[Op], inputs: Sequence[TensorBase | None], result: Tensor, saved: Any) -> None:
    # Non-float results have no gradient.
    if result.array.dtype.kind == "f":
        result.node = Node(op, saved, inputs, (result,), single=True)
        result.tracked = True


def _refuse(name: str, inputs: Sequence[Any]) -> None:
    for position, x in enumerate(inputs, 1):
        if x is not None and not isinstance(x, TensorBase):
            argument = "'input' " if position == 1 else ""
            raise TypeError(
                f"{name}(): argument {argument}(position {position}) must be Tensor, not {typename(x)}"
            ) from None
