"""Run torch's own samples of its operations on mytorch, and print per operation how many differ.

torch tests its operations with the samples of `torch.testing._internal.common_methods_invocations.op_db`.
Each sample of an operation that mytorch has, as function, as method, in place and under its other names, is
run on both libraries, in float64, float32, int64 and bool, with gradients where there are any:
``python benchmarks/opinfo.py [OPERATION...] [--failures N]``. It differs where a value, a dtype, a shape, a
gradient or `requires_grad` does, or where one of the two raises and the other does not. Samples that
ask for what mytorch does not have are left out and counted: sparse, nested and complex tensors, `out=` and
memory formats. So are those that both libraries refuse, such as a larger result in place. The command ends
with status 1 where more than 0.5 % differ.
"""

from __future__ import annotations

import argparse
import re
import sys
import types
import unittest
import warnings
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import mytorch

# torch's samples live in a module of its tests, which imports this package for a class that no sample uses.
# The module also locks flags such as torch.backends.cudnn.deterministic for the rest of the process.
sys.modules.setdefault("expecttest", types.SimpleNamespace(TestCase=unittest.TestCase))  # type: ignore[arg-type]

from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402  # after the line above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DTYPES = (torch.float64, torch.float32, torch.int64, torch.bool)
GOAL = 0.005
# As torch's own tests compare: rtol and atol. Other dtypes are compared exactly.
CLOSE = {"float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}
# Where the argument `dim` stands in operations that leave the order of equal elements open, unless asked for.
ORDERED = {"argsort": 1, "sort": 1, "topk": 2}

# Their values are drawn or left over: two generators agree in shapes and dtypes only.
VALUES_DIFFER = {
    *("bernoulli", "empty", "empty_like", "multinomial", "new_empty", "nn.functional.dropout", "normal"),
    *("rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "uniform", "empty_strided"),
}


class NotExposedError(Exception):
    """The sample asks for something that mytorch does not have; the text says what."""


@dataclass
class Tally:
    """What became of the samples of one operation."""

    run: int = 0
    differ: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def find(root: Any, path: str) -> Any:
    """Return the attribute at a dotted path, or None."""
    for name in path.split("."):
        root = getattr(root, name, None)
    return root


def translated(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of torch's tests whose global name `torch` means mytorch."""
    space = {**function.__globals__, "torch": mytorch}
    return types.FunctionType(
        function.__code__, space, function.__name__, function.__defaults__, function.__closure__
    )


def in_place(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method applied to a copy, which may require gradients."""
    return lambda tensor, *args, **kwargs: method(tensor.clone(), *args, **kwargs)


def forms(op: Any) -> Iterator[tuple[str, Callable[..., Any], Callable[..., Any]]]:
    """Give (name, torch's, mytorch's) for every form of an operation that both libraries have."""
    wrapped = isinstance(op.op, types.FunctionType) and find(torch, op.name) is not op.op
    if op.name.startswith("__"):
        if hasattr(mytorch.Tensor, op.name):
            yield op.name, op.op, getattr(mytorch.Tensor, op.name)
        return
    root = "" if find(torch, op.name) is not None else "Tensor."
    own = find(mytorch, root + op.name)
    if own is not None:
        # A wrapper of the tests sets a seed, sorts the arguments or calls a method.
        yield op.name, op.op, translated(op.op) if wrapped else own
    names = (op.name, *(alias.name for alias in op.aliases))
    for name in names[1:]:
        yield from _both(name)
    if op.method_variant is not None or op.inplace_variant is not None:
        for name in names:
            yield from _both(f"Tensor.{name}")
            yield from _both(f"Tensor.{name}_")


def _both(path: str) -> Iterator[tuple[str, Callable[..., Any], Callable[..., Any]]]:
    theirs, ours = (find(library, path) for library in (torch, mytorch))
    if callable(theirs) and callable(ours):
        yield (path, in_place(theirs), in_place(ours)) if path.endswith("_") else (path, theirs, ours)


def converted(value: Any) -> Any:
    """Return the same value for mytorch: tensors with dtype, strides and flags, and what contains them."""
    for kind, convert in CONVERTED.items():
        if isinstance(value, kind):
            return convert(value)
    return value


def _refuse(value: object) -> None:
    raise NotExposedError(f"{type(value).__name__} numbers")


def _named(name: str) -> Any:
    found = find(mytorch, name.removeprefix("torch."))
    if found is None:
        raise NotExposedError("complex numbers" if "complex" in name else name)
    return found


def _tensor(tensor: torch.Tensor) -> mytorch.Tensor:
    if tensor.is_nested:
        raise NotExposedError("nested tensors")
    if tensor.layout is not torch.strided:
        raise NotExposedError("sparse tensors")
    _named(str(tensor.dtype))
    plain = tensor.detach()
    storage = torch.empty(0, dtype=tensor.dtype).set_(plain.untyped_storage()).numpy().copy()
    start = storage[plain.storage_offset() :]
    strides = tuple(stride * storage.itemsize for stride in plain.stride())
    array = np.lib.stride_tricks.as_strided(start, tuple(plain.shape), strides)
    return mytorch.from_numpy(array).requires_grad_(tensor.requires_grad)


CONVERTED: dict[Any, Callable[[Any], Any]] = {
    torch.Tensor: _tensor,
    (torch.dtype, torch.memory_format, torch.layout): lambda value: _named(str(value)),
    torch.device: lambda value: mytorch.device(str(value)),
    torch.Size: mytorch.Size,
    (list, tuple): lambda value: type(value)(converted(each) for each in value),
    dict: lambda value: {key: converted(each) for key, each in value.items()},
    complex: _refuse,
}


def leaves(value: Any) -> Iterator[Any]:
    """Give the tensors in nested lists, tuples and dicts of arguments or results."""
    if isinstance(value, (torch.Tensor, mytorch.Tensor)):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from leaves(each)
    elif isinstance(value, dict):
        yield from leaves(list(value.values()))


def described(value: Any, values: bool) -> list[Any]:
    """Return what is compared of a result: for each tensor its dtype, shape, flag and array."""
    if isinstance(value, (torch.Tensor, mytorch.Tensor)):
        dtype = str(value.dtype).removeprefix("my")
        array = value.detach().numpy() if values else None
        return [(dtype, tuple(value.shape), value.requires_grad), array]
    if isinstance(value, (list, tuple)):
        return [each for item in value for each in described(item, values)]
    return [str(value).removeprefix("my") if isinstance(value, (torch.dtype, mytorch.dtype)) else value]


def gradients(library: Any, result: Any, arguments: Any) -> list[Any]:
    """Return the gradients of the arguments under random cotangents; [] where there are none to compare."""
    inputs = [tensor for tensor in leaves(arguments) if tensor.requires_grad]
    outputs = [tensor for tensor in leaves(result) if tensor.requires_grad]
    if not inputs or not outputs:
        return []
    draw = np.random.default_rng(5)
    cotangents = [library.tensor(draw.standard_normal(tuple(out.shape)), dtype=out.dtype) for out in outputs]
    return list(library.autograd.grad(outputs, inputs, cotangents, allow_unused=True))


def difference(got: list[Any], expected: list[Any]) -> str | None:
    """Say where two descriptions differ, or return None. Arrays are as close as torch's tests ask for."""
    if len(got) != len(expected):
        return f"{len(got)} results, not {len(expected)}"
    for ours, theirs in zip(got, expected, strict=True):
        if isinstance(theirs, np.ndarray) and isinstance(ours, np.ndarray):
            rtol, atol = CLOSE.get(str(theirs.dtype), (0, 0))
            if not np.allclose(ours, theirs, rtol, atol, equal_nan=True):
                return "another value"
        elif str(ours) != str(theirs):
            return f"{ours} instead of {theirs}"
    return None


def compare(name: str, sample: Any, theirs: Any, ours: Any) -> str | None:
    """Run one sample of an operation on both libraries, and say how they differ; None where they agree."""
    values = name not in VALUES_DIFFER and not sample.kwargs.get("dropout_p")
    arguments = (sample.input, *sample.args), sample.kwargs
    if "out" in sample.kwargs:
        raise NotExposedError("out=")
    mine = converted(arguments)
    try:
        expected = picked(name, arguments, theirs(*arguments[0], **arguments[1]))
        theirs_raised = None
    except Exception as error:  # noqa: BLE001 - torch refuses the sample in this form
        theirs_raised = error
    try:
        got = picked(name, mine, ours(*mine[0], **mine[1]))
    except Exception as error:  # noqa: BLE001 - what it raises is reported
        if theirs_raised is not None:
            raise NotExposedError("arguments that both refuse in this form") from None
        return f"{type(error).__name__}: {error}"
    if theirs_raised is not None:
        return f"accepted; torch: {theirs_raised}"
    if any(tensor.layout is not torch.strided or tensor.is_complex() for tensor in leaves(expected)):
        raise NotExposedError("sparse or complex results")
    wrong = difference(described(got, values), described(expected, values))
    if wrong or not values:
        return wrong
    gradients_theirs = gradients(torch, expected, arguments)
    try:
        gradients_ours = gradients(mytorch, got, mine)
    except Exception as error:  # noqa: BLE001 - what it raises is reported
        return f"backward: {type(error).__name__}: {error}"
    described_ours, described_theirs = (
        [each for gradient in group for each in described(gradient, values)]
        for group in (gradients_ours, gradients_theirs)
    )
    wrong = difference(described_ours, described_theirs)
    return wrong and f"gradient: {wrong}"


def picked(name: str, arguments: Any, result: Any) -> Any:
    """Return a result with the elements in place of their positions, where equal elements may be swapped."""
    if name not in ORDERED or arguments[1].get("stable"):
        return result
    tensor, dim = arguments[0][0], [*arguments[0], *[-1] * 3][ORDERED[name]]
    values, positions = ([], result) if name == "argsort" else result
    if not positions.shape:
        return result
    return [values, tensor.gather(arguments[1].get("dim", dim), positions)]


def judge(op: Any, tally: Tally, dtypes: tuple[torch.dtype, ...]) -> None:
    """Add to a tally what becomes of the samples of one operation in all its forms."""
    for dtype in dtypes:
        needs = op.supports_autograd and dtype.is_floating_point
        samples = list(op.sample_inputs("cpu", dtype, requires_grad=needs))
        for form, theirs, ours in forms(op):
            for number, sample in enumerate(samples):
                try:
                    wrong = compare(op.name, sample, theirs, ours)
                except NotExposedError as reason:
                    tally.left_out[str(reason)] += 1
                    continue
                tally.run += 1
                if wrong:
                    text = f"{form} {op.variant_test_name} {dtype} {number}: {wrong}"
                    tally.differ.append(re.sub(r"\s+", " ", text))


def main(arguments: list[str] | None = None) -> int:
    """Print the table, and return 1 where too many samples differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("operations", nargs="*", help="names as torch's samples have them; all, if left out")
    parser.add_argument("--failures", type=int, default=1, help="how many differences to print per operation")
    parser.add_argument("--quick", action="store_true", help="one dtype of each operation, in turn")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    tallies: dict[str, Tally] = {}
    for number, op in enumerate(op_db):
        if (not options.operations or op.name in options.operations) and any(True for _ in forms(op)):
            dtypes = tuple(dtype for dtype in DTYPES if dtype in op.dtypes)
            if options.quick and dtypes:
                dtypes = (dtypes[number % len(dtypes)],)
            judge(op, tallies.setdefault(op.name, Tally()), dtypes)
    for name, tally in sorted(tallies.items(), key=lambda item: (-len(item[1].differ), item[0])):
        print(f"{name:45} {tally.run:6} samples {len(tally.differ):5} differ")
        for line in tally.differ[: options.failures]:
            print(f"    {line[:200]}")
    left_out = sum((tally.left_out for tally in tallies.values()), Counter())
    for reason, count in left_out.most_common():
        print(f"left out: {count:6} samples with {reason}")
    run = sum(tally.run for tally in tallies.values())
    differ = sum(len(tally.differ) for tally in tallies.values())
    share = differ / run if run else 0.0
    print(f"{len(tallies)} operations, {run} samples: {differ} differ ({share:.2%}; goal {GOAL:.1%})")
    return int(share > GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
