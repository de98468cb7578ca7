"""A saved object as JSON, with the names of its tensors in their places. Called by `save` and `load`.

Types that JSON lacks are objects of one key: {"tuple": […]}, {"float": "nan"}, {"tensor": name}. So every
dict is one too, {"dict": [[key, value], …]}, which also keeps keys that are not text, and their order.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core import dtypes
from mytorch._core.device import device
from mytorch._core.size import Size
from mytorch._tensor import Tensor
from mytorch.nn.parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

    Path: TypeAlias = tuple[str, ...]

# What a default dict would make of a missing key cannot be saved.
_DICTS: dict[type, str] = {dict: "dict", defaultdict: "dict", OrderedDict: "OrderedDict", Counter: "Counter"}
_SEQUENCES: dict[type, str] = {list: "list", tuple: "tuple", Size: "Size"}
# A few hundred levels could be written, but not read, in Python's depth of calls.
_DEEPEST = 100
# Files keep this name for themselves.
_RESERVED = "__metadata__"
# What else can be done with some objects, by an attribute that they have.
_HINTS = {
    "state_dict": "save its state_dict(), as in save(module.state_dict(), path), "
    "and give what load(path) returns to load_state_dict()",
    "__array__": "make it a tensor, as in mytorch.from_numpy(numpy.asarray(x))",
}


def take_apart(obj: Any) -> tuple[Any, dict[str, Tensor]]:
    """Return an object as JSON, and its tensors by the names that it has for them.

    Args:
        obj: see `mytorch.save`.

    Returns:
        What json can write, and the tensors; those of a dict with text keys have these keys as names, those
        deeper inside the path, with "/" between its parts.

    Raises:
        TypeError: something in it cannot be saved; the message names its place.
    """
    packer = _Packer()
    return packer.pack(obj, ()), packer.tensors


class _Packer:
    """Walks through an object; `path` says how it came to a place."""

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}

    def pack(self, x: Any, path: Path) -> Any:
        if len(path) > _DEEPEST:
            raise TypeError(
                f"save() expected at most {_DEEPEST} dicts, lists and tuples inside each other, "
                f"got more, or one that holds itself, at {'/'.join(path[:5])}"
            )
        if isinstance(x, Tensor):
            return self._tensor(x, path)
        if type(x) in _DICTS:
            pairs = [[self.pack(key, (*path, "a key")), self.pack(x[key], (*path, str(key)))] for key in x]
            return {_DICTS[type(x)]: pairs}
        if type(x) in _SEQUENCES:
            packed = [self.pack(each, (*path, str(i))) for i, each in enumerate(x)]
            return packed if type(x) is list else {_SEQUENCES[type(x)]: packed}
        return _word(x, path)

    def _tensor(self, x: Tensor, path: Path) -> dict[str, Any]:
        # As any form of files can hold it. The tree has the keys as they are.
        name = "/".join(path).encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")[:10_000]
        name = name or "tensor"
        while name in self.tensors or name == _RESERVED:
            name += "'"
        self.tensors[name] = x
        entry: dict[str, Any] = {"tensor": name}
        if isinstance(x, Parameter):
            entry["parameter"] = True
        if x.requires_grad:
            entry["requires_grad"] = True
        return entry


def _word(x: Any, path: Path) -> Any:
    if isinstance(x, np.generic):
        x = x.item()
    if type(x) in (bool, int, str, type(None)):
        return x
    if type(x) is float:
        return x if math.isfinite(x) else {"float": repr(x)}
    if isinstance(x, dtypes.dtype):
        return {"dtype": x.name}
    if isinstance(x, device):
        return {"device": str(x)}
    hint = next((f"; {_HINTS[each]}" for each in _HINTS if hasattr(x, each)), "")
    raise TypeError(
        "save() expected tensors, numbers, text, None, and dicts, lists and tuples of them, "
        f"got {_kind(x)} at {'/'.join(path) or 'the top'}{hint}"
    )


def _kind(x: Any) -> str:
    # With its package: torch has a Tensor too.
    package, kind = type(x).__module__.partition(".")[0], type(x).__qualname__
    return kind if package == "builtins" else f"{package}.{kind}"


def put_together(tree: Any, tensors: Mapping[str, Tensor]) -> Any:
    """Return the object that `take_apart` took apart.

    Args:
        tree: what json read.
        tensors: by their names.

    Returns:
        The object.

    Raises:
        KeyError: a tensor is missing.
        ValueError: the tree says what `take_apart` never says.
    """
    if isinstance(tree, list):
        return [put_together(each, tensors) for each in tree]
    if not isinstance(tree, dict):
        return tree
    if "tensor" in tree:
        return _tensor_from(tree, tensors)
    (kind, content), *others = tree.items()
    if not others and kind in _KINDS:
        return _KINDS[kind](put_together(content, tensors))
    raise ValueError(f"unknown structure {kind!r}: the file was written by a newer mytorch, or by hand")


_KINDS: dict[str, Callable[[Any], Any]] = {
    "dict": dict,
    "OrderedDict": OrderedDict,
    "Counter": lambda pairs: Counter(dict(pairs)),
    "tuple": tuple,
    "Size": Size,
    "float": float,
    "dtype": lambda name: next(each for each in dtypes.ALL if each.name == name),
    "device": device,
}


def _tensor_from(entry: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Tensor:
    tensor = tensors[entry["tensor"]]
    tracked = bool(entry.get("requires_grad"))
    if entry.get("parameter"):
        return Parameter(tensor, tracked)
    return tensor.requires_grad_(tracked)
