"""`conformance.assert_close`: compares results with a torch program, within what rounding explains.

The program is measured on these inputs (reference.draws); each element has its own tolerance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.errors import DegenerateError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.reference.draws import Draw
    from conformance.sampling.values import Array

_BFLOAT16 = "bfloat16"
# How many of the worst elements a failure shows.
_SHOWN = 3


def assert_close(
    actual: Any,
    fn: Callable[..., Any],
    *inputs: Any,
    grads: Any = None,
    cotangents: Any = None,
    compute: Any = None,
    accumulate: Any = None,
) -> None:
    """Raise an AssertionError unless results are those of a torch program, up to what rounding explains.

    The program runs in float64, and rounding to the dtype of `actual` is followed through it; see
    `conformance.tolerance`. Nothing has to be chosen.

    Args:
        actual: what is tested: a tensor or an array, or a tuple, list or dict of them, as fn returns it; of
            float32, float64, bfloat16 or float16.
        fn: the program that is right: a function of tensors that is made of torch's operations, or a module.
        *inputs: its arguments, the same that `actual` was computed from.
        grads: the gradients that are tested: a tuple with one for each input, None for those that are not, or
            a dict of them by the names of a module's parameters and by the places of inputs.
        cotangents: what `grads` were computed from: one array per output, as `backward` takes it. May be left
            out where the output is a single number, as a loss is.
        compute: the dtype that operations compute in, before a result is rounded to that of `actual`. The
            default is what torch's kernels do: float32 for the half types, and otherwise the same dtype.
        accumulate: likewise, the dtype of partial sums; by default that of `compute`.

    Raises:
        AssertionError: an element is further away; the worst three of each output and gradient are shown.
        DegenerateError: rounding decides which branch the program takes, as near a tie.
        NoiseError: an operation has no rounding rule, which the message names, or the program takes numbers
            out of tensors.
        UsageError: an argument cannot be used, or the program draws at random.

    Example:
        >>> import conformance, numpy as np, torch
        >>> x = np.random.default_rng(0).normal(size=(8, 5)).astype("float32")
        >>> conformance.assert_close(np.exp(x) / np.exp(x).sum(1, keepdims=True), torch.softmax, x, 1)
        >>> conformance.assert_close(np.exp(x), torch.softmax, x, 1)
        Traceback (most recent call last):
        ...
        AssertionError: output: 40 of 40 elements are further away than float32 rounding explains
        ...
    """
    # Here, because they import torch, which takes seconds.
    from conformance.reference.draws import BRANCH, checked, draw
    from conformance.reference.program import Program, as_input, leaves, of_dtype, parted

    checked(fn, inputs)
    if cotangents is not None and grads is None:
        raise UsageError("cotangents: expected grads with them, got none, so no gradient would be compared")
    dtypes: dict[str, str] = {}
    got = dict(parted((name, _array(name, value, dtypes)) for name, value in leaves("output", actual)))
    if grads is not None:
        if not isinstance(grads, (Mapping, tuple, list)):
            raise UsageError(
                f"grads: expected a tuple with one for each input, or a dict, got {type(grads).__name__}"
            )
        named = grads.items() if isinstance(grads, Mapping) else enumerate(grads)
        for key, value in named:
            start = f"grad[{key}]" if isinstance(key, int) else f"grad.{key}"
            got |= {
                name: _array(name, each, dtypes) for name, each in leaves(start, value) if each is not None
            }
    program = Program(
        fn,
        as_input(tuple(inputs)),
        _dtype(dtypes),
        backward=grads is not None,
        cotangents=None if cotangents is None else _each(as_input(cotangents, "cotangents")),
        random=False,
        compute=None if compute is None else of_dtype(compute, "compute"),
        accumulate=None if accumulate is None else of_dtype(accumulate, "accumulate"),
    )
    if cotangents is not None:
        program = replace(program, cotangents=program.turned(got))
    right = draw(program, "assert_close")
    if right is None:
        raise DegenerateError(f"fn: on these inputs {BRANCH}; give others")
    if grads is not None and cotangents is None:
        _only_losses(right)
    if failures := [*_failures(right, got)]:
        raise AssertionError("\n".join([*failures, *right.told.splitlines()]))


def _array(name: str, value: Any, dtypes: dict[str, str]) -> Array:
    """Return a result as an array: a tensor of torch, or of any library that NumPy can read.

    NumPy has no bfloat16, whose numbers are in float32 here; the name of each floating dtype is noted.
    """
    value = value.detach() if hasattr(value, "detach") else value
    # torch may keep only that numbers are conjugates or negatives of others.
    value = value.resolve_conj().resolve_neg() if hasattr(value, "resolve_conj") else value
    if getattr(value, "is_meta", False):
        raise UsageError(f"actual: expected numbers in {name}, which is on the device meta")
    value = value.cpu() if hasattr(value, "cpu") else value
    kind = str(getattr(value, "dtype", "")).rpartition(".")[2]
    if kind == _BFLOAT16 and hasattr(value, "float"):
        value = value.float()
    try:
        array = np.asarray(value)
    except TypeError as error:  # as of torch's float8
        raise UsageError(f"actual: {name} is not an array that NumPy can read: {error}") from error
    if array.dtype.name == _BFLOAT16:
        array = array.astype(np.float32)
    if array.dtype.kind not in "biufc":
        raise UsageError(f"actual: expected numbers in {name}, got {type(value).__name__} of {array.dtype}")
    if array.dtype.kind in "fc":
        dtypes[name] = kind if kind == _BFLOAT16 else array.real.dtype.name
    return array


def _dtype(got: Mapping[str, str]) -> str:
    from conformance.reference.program import of_dtype

    dtypes = {*got.values()}
    if len(dtypes) > 1:
        raise UsageError(f"actual: expected one floating dtype, got {', '.join(sorted(dtypes))}")
    # Whole numbers and truth values do not round.
    return of_dtype(dtypes.pop()) if dtypes else "float32"


def _each(given: Any) -> tuple[Any, ...]:
    from conformance.reference.program import leaves

    return tuple(each for _, each in leaves("cotangents", given))


def _only_losses(right: Draw) -> None:
    """Refuse to guess the cotangents of an output with dimensions, as torch's `backward` does."""
    for name, value in {**right.reported, **right.oracle}.items():
        if name.startswith("output") and value.ndim and value.dtype.kind == "f":
            raise UsageError(f"cotangents: expected one for {name} of shape {value.shape}, got none")


def _failures(right: Draw, got: Mapping[str, Array]) -> Iterator[str]:
    """Yield what is wrong, observable by observable."""
    for name in right.returned:
        if name not in got:
            given = ", ".join(each for each in got if each.startswith("output")) or "none"
            yield f"{name}: missing; fn returns {', '.join(right.returned)}, and actual has {given}"
    compared, unlike = right.judged(got)
    yield from unlike
    for name, array in compared.items():
        if name not in right.oracle:
            gradients = [each for each in right.oracle if each.startswith("grad")]
            has = f"fn has {', '.join((*right.returned, *gradients))}"
            yield f"{name}: unexpected; {has}"
        elif (wrong := failure(name, array, right)) is not None:
            yield wrong


def headrooms(array: Array, oracle: Array, allowed: Array) -> tuple[Array, Array]:
    """Return the error of each element, and its headroom: what it may differ by, by how much it does.

    Args:
        array: what is compared, of the oracle's shape.
        oracle: the right numbers.
        allowed: what each may differ by.
    """
    same = (array == oracle) | (np.isnan(array.astype(np.float64)) & np.isnan(oracle.astype(np.float64)))
    with np.errstate(all="ignore"):
        error = np.where(same, 0.0, np.abs(array.astype(np.float64) - oracle.astype(np.float64)))
        error = np.nan_to_num(error, nan=np.inf, posinf=np.inf)
        return error, np.where(error == 0, np.inf, allowed / np.where(error == 0, 1.0, error))


def failure(name: str, array: Array, right: Draw) -> str | None:
    """Return what is wrong with one output or gradient, with its worst elements; None if nothing is."""
    from conformance.reference.draws import unlike

    oracle, allowed = right.oracle[name], right.allowed(name)
    if told := unlike(name, array, oracle):
        return told
    error, headroom = headrooms(array, oracle, allowed)
    wrong = headroom < 1
    if not wrong.any():
        return None
    further = f"further away than {right.program.dtype} rounding explains"
    what = further if oracle.dtype.kind == "f" else "other numbers, which nothing rounds"
    lines = [f"{name}: {int(wrong.sum())} of {wrong.size} elements are {what}"]
    for place in np.argsort(headroom, axis=None)[: min(_SHOWN, int(wrong.sum()))]:
        at = np.unravel_index(place, oracle.shape)
        where = f"at [{', '.join(map(str, at))}]: " if at else ""
        lines.append(
            f"  {where}expected {oracle[at]!s}, got {array[at]!s}; error {error[at]:.3g}, tolerance "
            f"{allowed[at]:.3g}, headroom {headroom[at]:.3g}"
        )
    return "\n".join(lines)
