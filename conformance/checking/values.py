"""Arguments and results as messages hold them: JSON with the tensors taken out, as arrays.

Called on both sides: by checking.candidate, where the judge is, and by checking.server, where the candidate
is. Dtypes that NumPy lacks travel as their raw 16-bit words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.sampling.values import Array

_PLAIN = (type(None), bool, int, float, str)


def dtype_name(dtype: torch.dtype) -> str:
    """Return the name of a dtype of torch's: `float32`."""
    return str(dtype).removeprefix("torch.")


def as_array(tensor: Tensor) -> Array:
    """Return a copy of a tensor's numbers as an array; of bfloat16, its raw words."""
    kept = tensor.detach().cpu().contiguous().clone()
    found: Array = (kept.view(torch.uint16) if kept.dtype == torch.bfloat16 else kept).numpy()
    return found


def as_tensor(array: Array, dtype: str) -> Tensor:
    """Return the tensor that an array was made of by `as_array`."""
    # NumPy marks some arrays of no dimension read only.
    tensor = torch.from_numpy(array.copy())
    return tensor.view(torch.bfloat16) if dtype == "bfloat16" else tensor


def numbers(array: Array, dtype: str) -> Array:
    """Return the numbers of an array that `as_array` made, in a dtype of NumPy's that holds them all."""
    if dtype != "bfloat16":
        return array
    found: Array = as_tensor(array, dtype).float().numpy()
    return found


def packed(name: str, value: Any, arrays: dict[str, Array]) -> Any:
    """Return a value as JSON, and put the arrays of its tensors into a dict.

    Args:
        name: what the value is, for the message; the arrays are called NAME:0 and so on.
        value: a tensor, a number, a text, None or a dtype, or tuples, lists and dicts of these.
        arrays: takes the arrays.

    Raises:
        UsageError: the value holds something else.
    """
    if isinstance(value, Tensor):
        place = f"{name}:{len(arrays)}"
        arrays[place] = as_array(value)
        return {"tensor": place, "dtype": dtype_name(value.dtype)}
    if isinstance(value, torch.dtype):
        return {"dtype": dtype_name(value)}
    if type(value) in _PLAIN:
        return {"value": value}
    if type(value) in {tuple, list, torch.Size}:
        kind = "list" if type(value) is list else "tuple"
        return {kind: [packed(name, each, arrays) for each in value]}
    if type(value) is dict and all(type(key) in _PLAIN for key in value):
        return {"dict": [[key, packed(name, each, arrays)] for key, each in value.items()]}
    expected = "tensors, numbers, texts and None, and tuples, lists and dicts of these"
    raise UsageError(f"{name}: expected {expected}, got {type(value).__name__}")


def unpacked(form: Any, arrays: Mapping[str, Array], put: Callable[[Tensor], Tensor]) -> Any:
    """Return a value that was packed.

    Args:
        form: the JSON.
        arrays: the arrays of its tensors.
        put: from a tensor to what stands in its place, such as a copy on a device.
    """
    match form:
        case {"tensor": str(place), "dtype": str(dtype)}:
            return put(as_tensor(arrays[place], dtype))
        case {"dtype": str(dtype)}:
            return getattr(torch, dtype)
        case {"tuple": [*each]}:
            return tuple(unpacked(one, arrays, put) for one in each)
        case {"list": [*each]}:
            return [unpacked(one, arrays, put) for one in each]
        case {"dict": [*each]}:
            return {key: unpacked(one, arrays, put) for key, one in each}
        case _:
            return form["value"]
