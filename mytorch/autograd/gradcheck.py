"""gradcheck and gradgradcheck: compare the gradients that backward computes with finite differences."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch.autograd._engine import derivatives
from mytorch.autograd._gradients import grad
from mytorch.autograd.grad_mode import enable_grad, no_grad
from mytorch.random import default_generator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor


class GradcheckError(RuntimeError):
    """A gradient is not what finite differences say."""


def gradcheck(
    func: Callable[..., Tensor | Sequence[Tensor]],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the derivatives of a function with central differences, element by element.

    Only the derivatives by the floating inputs that require gradients are looked at. The check needs float64:
    in float32 the differences are mostly noise.

    Args:
        func: takes the inputs and returns a Tensor or several.
        inputs: its arguments.
        eps: how far an element is moved to each side.
        atol: absolute tolerance of an element of the Jacobian.
        rtol: tolerance relative to the numerical element.
        raise_exception: whether to raise, or to return False.
        nondet_tol: how much two runs of backward may differ.
        check_undefined_grad: accepted; every other output's gradient is undefined in each run of backward.
        check_grad_dtypes: accepted; the engine gives every gradient its input's dtype.
        check_batched_grad: not supported.
        check_batched_forward_grad: not supported.
        check_forward_ad: not supported.
        check_backward_ad: whether to check at all.
        fast_mode: accepted; the whole Jacobian is still checked.
        masked: accepted; there are no sparse tensors.

    Returns:
        True where all agree; False where not and `raise_exception` is False.

    Raises:
        GradcheckError: derivatives differ, or two runs of backward do.
        ValueError: no input requires gradients, or something is asked for that is not supported.
        RuntimeError: several elements of an input share memory.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html

    Examples:
        >>> x = mytorch.tensor([0.5, 2.0], dtype=mytorch.float64, requires_grad=True)
        >>> mytorch.autograd.gradcheck(mytorch.log, (x,))
        True
    """
    del check_undefined_grad, check_grad_dtypes, fast_mode, masked
    for name, asked in (
        ("check_batched_grad", check_batched_grad),
        ("check_batched_forward_grad", check_batched_forward_grad),
        ("check_forward_ad", check_forward_ad),
    ):
        if asked:
            raise ValueError(
                f"gradcheck({name}=True) is not supported: there is only backward mode, unbatched"
            )
    arguments = (inputs,) if isinstance(inputs, TensorBase) else tuple(inputs)
    try:
        wanted = _differentiable(arguments)
        if check_backward_ad:
            _compare(func, arguments, wanted, eps, (atol, rtol, nondet_tol))
    except (GradcheckError, ValueError, RuntimeError):
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Tensor | Sequence[Tensor]],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compare the second derivatives of a function with central differences of the first ones.

    The function that `gradcheck` checks here computes the gradient, with `create_graph=True`, from the inputs
    and the cotangents.

    Args:
        func: takes the inputs and returns a Tensor or several.
        inputs: its arguments.
        grad_outputs: the cotangents of the outputs; by default drawn by mytorch's generator.
        eps: how far an element is moved to each side.
        atol: absolute tolerance of an element of the Jacobian.
        rtol: tolerance relative to the numerical element.
        gen_non_contig_grad_outputs: whether the cotangents that are drawn lie in memory with gaps.
        raise_exception: whether to raise, or to return False.
        nondet_tol: how much two runs of backward may differ.
        check_undefined_grad: accepted, as by `gradcheck`.
        check_grad_dtypes: accepted, as by `gradcheck`.
        check_batched_grad: not supported.
        check_fwd_over_rev: not supported.
        check_rev_over_rev: whether to check at all.
        fast_mode: accepted; the whole Jacobian is still checked.
        masked: accepted; there are no sparse tensors.

    Returns:
        True where all agree; False where not and `raise_exception` is False.

    Raises:
        GradcheckError: second derivatives differ, or two runs of backward do.
        GradientError: an op's gradient is not recorded; the message names it.
        ValueError: no input requires gradients, or something is asked for that is not supported.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradgradcheck.html

    Examples:
        >>> x = mytorch.tensor([0.5, 2.0], dtype=mytorch.float64, requires_grad=True)
        >>> mytorch.autograd.gradgradcheck(lambda x: x.log() * x, (x,))
        True
    """
    if check_fwd_over_rev:
        raise ValueError(
            "gradgradcheck(check_fwd_over_rev=True) is not supported: there is only backward mode"
        )
    arguments = (inputs,) if isinstance(inputs, TensorBase) else tuple(inputs)
    if grad_outputs is None:
        with enable_grad():
            outputs = _floating(func(*arguments))
        cotangents = tuple([_drawn(y, gaps=gen_non_contig_grad_outputs) for y in outputs])
    else:
        cotangents = (grad_outputs,) if isinstance(grad_outputs, TensorBase) else tuple(grad_outputs)

    def first_derivatives(*given: Any) -> tuple[Tensor, ...]:
        count = len(given) - len(cotangents)
        with enable_grad():
            outputs = _floating(func(*given[:count]))
            wanted = [x for x in given[:count] if isinstance(x, TensorBase) and x.tracked]
            found = grad(outputs, wanted, given[count:], create_graph=True, allow_unused=True)  # type: ignore[arg-type]  # of Tensors
        return tuple([each for each in found if each is not None])

    return gradcheck(
        first_derivatives,
        (*arguments, *cotangents),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


def _drawn(output: TensorBase, *, gaps: bool) -> Tensor:
    """Return a cotangent for an output, which requires gradients itself; with gaps in memory if wanted."""
    drawn = default_generator.stream.standard_normal((*output.array.shape, 2 if gaps else 1))
    cotangent = wrap(drawn.astype(output.array.dtype)[..., 0])
    cotangent.tracked = True
    return cotangent


def _differentiable(arguments: tuple[Any, ...]) -> list[TensorBase]:
    wanted = []
    for position, x in enumerate(arguments):
        if not (isinstance(x, TensorBase) and x.tracked):
            continue
        if x.array.dtype != np.float64:
            warnings.warn(
                f"Input #{position} requires gradient and is not a double precision floating point or "
                "complex. This check will likely fail if all the inputs are not of double precision floating "
                "point or complex.",
                UserWarning,
                stacklevel=3,
            )
        if any(step == 0 and n > 1 for step, n in zip(x.array.strides, x.array.shape, strict=True)):
            raise RuntimeError(
                f"The {position}th input has a dimension with stride 0. gradcheck only supports inputs that "
                "are non-overlapping to be able to compute the numerical gradients correctly. You should "
                "call .contiguous on the input before passing it to gradcheck."
            )
        wanted.append(x)
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, "
            "but none of the them have requires_grad=True."
        )
    return wanted


def _compare(
    func: Callable[..., Any],
    arguments: tuple[Any, ...],
    wanted: list[TensorBase],
    eps: float,
    tolerances: tuple[float, float, float],
) -> None:
    atol, rtol, nondet_tol = tolerances
    with enable_grad():
        outputs = _floating(func(*arguments))
    numerical = [_numerical(func, arguments, x, eps) for x in wanted]
    for row, output in enumerate(outputs):
        for column, x in enumerate(wanted):
            expected = numerical[column][row]
            if not output.tracked:
                if not np.allclose(expected, 0, atol=atol):
                    raise GradcheckError(
                        f"Numerical gradient for function expected to be zero: output {row} does not require "
                        f"gradients, but by input {column} its derivative is\n{expected}"
                    )
                continue
            found, again = (_analytical(output, x) for _ in range(2))
            if not np.allclose(found, again, rtol=0, atol=nondet_tol, equal_nan=True):
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and grad_output "
                    "multiple times gives different values, although analytical gradient matches numerical "
                    f"gradient. The tolerance for nondeterminism was {nondet_tol}."
                )
            if not np.allclose(found, expected, rtol=rtol, atol=atol, equal_nan=True):
                raise GradcheckError(
                    f"Jacobian mismatch for output {row} with respect to input {column},\n"
                    f"numerical:{expected}\nanalytical:{found}\n"
                )


def _floating(returned: Any) -> list[TensorBase]:
    several = (returned,) if isinstance(returned, TensorBase) else tuple(returned)
    return [y for y in several if isinstance(y, TensorBase) and y.array.dtype.kind == "f"]


def _numerical(
    func: Callable[..., Any], arguments: tuple[Any, ...], x: TensorBase, eps: float
) -> list[Array]:
    """Return, for each output, its derivatives by an input: (input's elements, output's elements)."""
    rows = []
    with no_grad():
        for index in np.ndindex(x.array.shape):
            present = x.array[index]
            sides = []
            for moved in (present - eps, present + eps):
                x.array[index] = moved
                # Copies: an output may be a view of the input.
                sides.append([np.array(y.array).ravel() for y in _floating(func(*arguments))])
            x.array[index] = present
            rows.append([(high - low) / (2 * eps) for low, high in zip(*sides, strict=True)])
        outputs = _floating(func(*arguments))
    return [
        np.array([row[k] for row in rows]).reshape(x.array.size, y.array.size) for k, y in enumerate(outputs)
    ]


def _analytical(output: TensorBase, x: TensorBase) -> Array:
    """Return the derivatives that backward computes: (input's elements, output's elements)."""
    columns = []
    for position in range(output.array.size):
        cotangent = np.zeros(output.array.size, output.array.dtype)
        cotangent[position] = 1
        given = cotangent.reshape(output.array.shape)
        (found,) = derivatives([output], [given], [x], retain_graph=True)
        columns.append(np.zeros(x.array.size) if found is None else found.flatten())
    return np.array(columns).reshape(output.array.size, x.array.size).T
