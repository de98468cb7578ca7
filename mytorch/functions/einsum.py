"""Einstein's summation, in torch's notation."""

from __future__ import annotations

from string import ascii_letters
from typing import TYPE_CHECKING

from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype
from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of
from mytorch.ops import einsum as ops

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._tensor import Tensor

__all__ = ["einsum"]


def einsum(equation: str, *operands: Any) -> Tensor:
    """Return the sum of the products of the operands' elements, over the letters that the output lacks.

    Args:
        equation: a group of letters per operand, one letter per dimension, separated by commas; then `->` and
            the letters of the output. Without these, the output has the letters that occur once, in
            alphabetical order. `...` stands for dimensions that are broadcast.
        *operands: as many tensors as there are groups, of one dtype; or one list of them.

    Returns:
        The sums, of the operands' dtype; a view where one operand's dimensions are only reordered or its
        diagonals taken.

    Raises:
        RuntimeError: the equation is malformed or does not fit the operands' dimensions, or the sizes of one
            letter or the dtypes differ.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.einsum.html

    Examples:
        >>> query, key = mytorch.ones(2, 5, 8), mytorch.ones(2, 7, 8)
        >>> mytorch.einsum("bqd,bkd->bqk", query, key).shape
        mytorch.Size([2, 5, 7])
    """
    given = (
        list(operands[0]) if len(operands) == 1 and isinstance(operands[0], (tuple, list)) else list(operands)
    )
    arrays = [array_of("einsum", x, "operands", i + 2) for i, x in enumerate(given)]
    left, arrow, right = equation.replace(" ", "").partition("->")
    groups = left.split(",")
    if len(groups) != len(given):
        word = "fewer" if len(given) < len(groups) else "more"
        raise RuntimeError(
            f"einsum(): {word} operands were provided than specified in the equation: "
            f"{len(given)} instead of {len(groups)}"
        )
    spare = [letter for letter in ascii_letters if letter not in equation]
    inputs = tuple(
        [_letters(group, i, a.ndim, spare) for i, (group, a) in enumerate(zip(groups, arrays, strict=True))]
    )
    output = _output(right, inputs, spare) if arrow else _implied(groups, inputs)
    _check_sizes(inputs, [a.shape for a in arrays])
    for a in arrays:
        if a.dtype != arrays[0].dtype:
            names = [SCALAR_TYPE_NAMES[from_numpy_dtype(x.dtype)] for x in (arrays[0], a)]
            raise RuntimeError(f"einsum(): expected scalar type {names[0]} but found {names[1]}")
    summed = len(given) > 1 or set(inputs[0]) != set(output)
    return apply(ops.Einsum if summed else ops.Diagonals, *given, inputs=inputs, output=output)


def _letters(group: str, operand: int, rank: int, spare: Sequence[str]) -> str:
    """Return an operand's letters, one per dimension; spare ones stand for the ellipsis, aligned right."""
    before, dots, after = group.partition("...")
    _check_letters(before + after)
    free = rank - len(before + after)
    if free < 0 or (free and not dots):
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({len(before + after)}) does not match the "
            f"number of dimensions ({rank}) for operand {operand}"
            + ("" if dots else " and no ellipsis was given")
        )
    return before + "".join(spare[:free][::-1]) + after


def _check_letters(letters: str) -> None:
    for position, letter in enumerate(letters):
        if letter not in ascii_letters:
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {position} in the equation string: {letter!r}; "
                "subscripts must be in [a-zA-Z]"
            )


def _ellipsis(inputs: Sequence[str], spare: Sequence[str]) -> str:
    return "".join([letter for letter in reversed(spare) if any(letter in group for group in inputs)])


def _output(right: str, inputs: Sequence[str], spare: Sequence[str]) -> str:
    before, dots, after = right.partition("...")
    _check_letters(before + after)
    for letter in before + after:
        if (before + after).count(letter) > 1:
            raise RuntimeError(f"einsum(): output subscript {letter} appears more than once in the output")
        if not any(letter in group for group in inputs):
            raise RuntimeError(
                f"einsum(): output subscript {letter} does not appear in the equation for any input operand"
            )
    return before + (_ellipsis(inputs, spare) if dots else "") + after


def _implied(groups: Sequence[str], inputs: Sequence[str]) -> str:
    named = "".join(groups).replace("...", "")
    free = [
        letter
        for letter in reversed(ascii_letters)
        if letter not in named and any(letter in x for x in inputs)
    ]
    once = [letter for letter in sorted(named) if named.count(letter) == 1]
    return "".join([*free, *once])


def _check_sizes(inputs: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> None:
    known: dict[str, int] = {}
    for operand, (group, shape) in enumerate(zip(inputs, shapes, strict=True)):
        own = dict(zip(group, shape, strict=True))
        for letter, n in zip(group, shape, strict=True):
            if own[letter] != n:
                raise RuntimeError(
                    f"einsum(): subscript {letter} is repeated for operand {operand} but the sizes don't "
                    f"match, {n} != {own[letter]}"
                )
            before = known.get(letter, 1)
            if 1 not in (before, n) and before != n:
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {n} for operand {operand} which does not "
                    f"broadcast with previously seen size {before}"
                )
            known[letter] = n if before == 1 else before
