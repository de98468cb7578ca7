"""The public functions of back-propagation: they check the arguments, and hand arrays to the engine."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.promotion import cast
from mytorch._core.typename import typename
from mytorch.autograd import _engine, _post_hooks
from mytorch.autograd._accumulation import accumulate, store
from mytorch.autograd.grad_mode import enable_grad

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor

    Tensors: TypeAlias = Tensor | Sequence[Tensor]
    Cotangents: TypeAlias = Tensor | Sequence[Tensor | None] | None


def backward(
    tensors: Tensors,
    grad_tensors: Cotangents = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Cotangents = None,
    inputs: Tensors | None = None,
) -> None:
    """Add to every leaf's `grad` the derivative of the tensors, each weighted with its cotangent.

    Args:
        tensors: one or several, of any shapes.
        grad_tensors: the cotangent of each, of its shape; None for one that has one element.
        retain_graph: whether backward can be called again; by default where `create_graph` is.
        create_graph: whether the gradients have a history, so that they can be differentiated in turn. They
            keep their tensors alive until `grad` is None again, of which a warning tells the first time.
        grad_variables: torch's deprecated name of `grad_tensors`.
        inputs: the tensors whose `grad` is added to, leaves or not; by default all leaves.

    Raises:
        RuntimeError: there are not as many cotangents as tensors; a tensor has no history, or has several
            elements and got no cotangent, or got one of another shape; the graph was freed before; a value
            that is needed was changed in place; or an input requires no gradient, or there are no inputs.
        GradientError: `create_graph` through an op whose gradient is not recorded; the message names it.
        TypeError: a cotangent is not a Tensor.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.backward.html

    Examples:
        >>> x = mytorch.tensor(3.0, requires_grad=True)
        >>> mytorch.autograd.backward((2 * x, x**2))
        >>> x.grad
        tensor(8.)
    """
    if grad_variables is not None:
        grad_tensors = _renamed(grad_tensors, grad_variables)
    roots = _several(tensors)
    cotangents = _cotangents(roots, grad_tensors)
    wanted = None if inputs is None else _wanted("backward", inputs)
    if create_graph:
        _warn_of_cycles()
        for x, each in _recorded(roots, cotangents, wanted, retain_graph).items():
            store(x, each)
            _post_hooks.call(x, recording=True)
        return
    if wanted is None:
        _engine.backward(roots, _arrays(roots, cotangents), retain_graph=bool(retain_graph))
        return
    arrays = _arrays(roots, cotangents)
    found = _engine.derivatives(roots, arrays, wanted, retain_graph=bool(retain_graph))
    for x, array in zip(wanted, found, strict=True):
        if array is not None:
            accumulate(x, [array])
            _post_hooks.call(x)


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Cotangents = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """Return the derivative of the outputs, each weighted with its cotangent, by each input.

    No `grad` is changed, and only what lies between the inputs and the outputs is walked and freed.

    Args:
        outputs: one or several, of any shapes.
        inputs: one or several, leaves or computed.
        grad_outputs: the cotangent of each output, of its shape; None for one that has one element.
        retain_graph: whether the graph can be walked again; by default where `create_graph` is.
        create_graph: whether the gradients have a history, so that they can be differentiated in turn.
        only_inputs: deprecated, and without meaning.
        allow_unused: whether an input that no output depends on gives None instead of an error.
        is_grads_batched: not supported: there is no vmap.
        materialize_grads: whether such an input gives zeros.

    Returns:
        One gradient per input, of its shape and dtype.

    Raises:
        RuntimeError: there are not as many cotangents as outputs; an output has no history, or has several
            elements and got no cotangent, or got one of another shape; an input is not a Tensor, requires no
            gradient or is not used, or there are no inputs; the graph was freed before; a value that is
            needed was changed in place; or `is_grads_batched`.
        GradientError: `create_graph` through an op whose gradient is not recorded; the message names it.
        TypeError: a cotangent is not a Tensor.
        ValueError: `materialize_grads` with `allow_unused=False`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html

    Examples:
        >>> x = mytorch.tensor(3.0, requires_grad=True)
        >>> mytorch.autograd.grad(x**2, x)
        (tensor(6.),)
        >>> x.grad is None
        True

        With `create_graph` a gradient is differentiated in turn, here for the second derivative, 6x:

        >>> (slope,) = mytorch.autograd.grad(x**3, x, create_graph=True)
        >>> mytorch.autograd.grad(slope, x)
        (tensor(18.),)
    """
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate "
            "gradient for other parts of the graph, please use mytorch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, "
            "but got: allow_unused=False."
        )
    if is_grads_batched:
        raise RuntimeError("grad(is_grads_batched=True) is not supported: there is no vmap")
    roots = _several(outputs)
    wanted = _wanted("grad", inputs)
    cotangents = _cotangents(roots, grad_outputs)
    found: list[Tensor | None]
    if create_graph:
        by_input = _recorded(roots, cotangents, wanted, retain_graph)
        # A copy: two inputs may share one gradient, and it may be the caller's cotangent.
        with enable_grad():
            found = [by_input[x].clone() if x in by_input else None for x in wanted]
    else:
        arrays = _arrays(roots, cotangents)
        derivatives = _engine.derivatives(roots, arrays, wanted, retain_graph=bool(retain_graph))
        found = [None if array is None else wrap(np.array(array)) for array in derivatives]
    result: list[Tensor | None] = []
    for position, (x, gradient) in enumerate(zip(wanted, found, strict=True)):
        if gradient is not None:
            result.append(gradient)
        elif materialize_grads:
            result.append(wrap(np.zeros_like(x.array)))
        elif allow_unused:
            result.append(None)
        else:
            raise RuntimeError(
                f"The differentiated Tensor at index {position} appears to not have been used in the graph. "
                "Set allow_unused=True if this is the desired behavior."
            )
    return tuple(result)


@functools.cache
def _warn_of_cycles() -> None:
    """Warn of tensors that keep each other alive; once in a process, as torch does."""
    warnings.warn(
        "Using backward() with create_graph=True stores in `grad` a tensor whose history leads back to the "
        "parameter: each keeps the other alive, and memory is freed late or never. autograd.grad returns "
        "such gradients without storing them. After backward, set `grad` to None once it is used.",
        UserWarning,
        stacklevel=3,
    )


def _renamed(grad_tensors: Cotangents, grad_variables: Cotangents) -> Cotangents:
    warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=3)
    if grad_tensors is not None:
        raise RuntimeError(
            "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. "
            "Please only use `grad_tensors`."
        )
    return grad_variables


def _several(tensors: Tensors) -> tuple[Tensor, ...]:
    return (tensors,) if isinstance(tensors, TensorBase) else tuple(tensors)


def _cotangents(roots: tuple[Tensor, ...], given: Cotangents) -> tuple[Tensor | None, ...]:
    if given is None:
        return (None,) * len(roots)
    cotangents = (given,) if isinstance(given, TensorBase) else tuple(given)
    if len(cotangents) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(cotangents)} gradients")
    return cotangents


def _arrays(roots: tuple[Tensor, ...], cotangents: tuple[Tensor | None, ...]) -> list[Array]:
    """Return the cotangents as arrays of their roots' shapes and dtypes; None counts as 1 for one element."""
    return [
        _array(root, cotangent, position)
        for position, (root, cotangent) in enumerate(zip(roots, cotangents, strict=True))
    ]


def _array(root: Tensor, cotangent: Tensor | None, position: int) -> Array:
    if not root.tracked:
        raise RuntimeError(f"element {position} of tensors does not require grad and does not have a grad_fn")
    array = root.array
    if cotangent is None:
        if array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        return np.ones_like(array)
    if not isinstance(cotangent, TensorBase):
        raise TypeError(f"gradients can be either Tensors or None, but got {typename(cotangent)}")
    if cotangent.array.shape != array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{position}] has a shape of {cotangent.shape} "
            f"and output[{position}] has a shape of {root.shape}."
        )
    return cast(cotangent.array, array.dtype)


def _wanted(function: str, inputs: Tensors) -> tuple[Tensor, ...]:
    wanted = _several(inputs)
    if not wanted:
        raise RuntimeError(f"`inputs` argument to `{function}()` cannot be empty.")
    for x in wanted:
        if not isinstance(x, TensorBase):
            raise RuntimeError(f"all inputs have to be Tensors, but got {typename(x)}")  # noqa: TRY004 - torch's class
        if not x.tracked:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    return wanted


def _recorded(
    roots: tuple[Tensor, ...],
    cotangents: tuple[Tensor | None, ...],
    wanted: tuple[Tensor, ...] | None,
    retain_graph: bool | None,
) -> dict[TensorBase, Tensor]:
    """Return the gradients as tensors with their histories; also that by a cotangent is in them."""
    from mytorch.autograd._recorded import recorded_derivatives  # noqa: PLC0415 - few programs differentiate twice

    arrays = _arrays(roots, cotangents)
    given = [
        wrap(array) if cotangent is None or cotangent.array.dtype != array.dtype else cotangent
        for array, cotangent in zip(arrays, cotangents, strict=True)
    ]
    retain = True if retain_graph is None else retain_graph
    return recorded_derivatives(roots, given, wanted, retain_graph=retain)
