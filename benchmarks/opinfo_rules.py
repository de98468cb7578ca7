"""Count torch's own operations that the noise mode goes through, forward and backward, in float64.

torch tests its operations with the samples of `torch.testing._internal.common_methods_invocations.op_db`.
The first samples of each operation are run with two noisy replicates, as `conformance.tolerance` runs
programs, with gradients where torch's tests take any: ``python benchmarks/opinfo_rules.py [OPERATION...]
[--samples N] [--every N]``. An operation goes through, or stands in `REFUSED` with the reason, or lacks a
rule: these are printed by name. The command ends with status 1 where less than `GOAL` go
through, or one of `REFUSED` does.
"""

from __future__ import annotations

import argparse
import random
import sys
import types
import unittest
import warnings
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from conformance.arithmetic.mode import Arithmetic
from conformance.reference.program import Program

# See opinfo.py.
sys.modules.setdefault("expecttest", types.SimpleNamespace(TestCase=unittest.TestCase))  # type: ignore[arg-type]

from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402  # after the line above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# The least share of operations that go through.
GOAL = 0.85

_DTYPE = "is asked for another dtype than the program's, where no rounding of that can be followed"
_NUMBER = "returns a Python scalar, which no noise can follow"
_SPARSE = "makes or takes sparse tensors, which have no storage of their own for replicates"
_GPU = "compiles a kernel for a GPU"

# Operations that no rule could be given, by the reason.
REFUSED: dict[str, str] = {
    **dict.fromkeys(("bfloat16", "cfloat", "chalf", "float", "half"), _DTYPE),
    **dict.fromkeys(("allclose", "equal", "item"), _NUMBER),
    **dict.fromkeys(("sparse.mm.reduce", "sparse.sampled_addmm", "to_sparse"), _SPARSE),
    **dict.fromkeys(("jiterator_2inputs_2outputs", "jiterator_4inputs_with_extra_args"), _GPU),
    **dict.fromkeys(("jiterator_binary", "jiterator_binary_return_by_ref", "jiterator_unary"), _GPU),
    "hash_tensor": "hashes the bits of the dtype, which another dtype has not",
}
# Operations whose values are not defined.
UNDEFINED = frozenset(
    {"empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided"}
)


def named(op: Any) -> str:
    """Return an operation's name with that of its variant."""
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else str(op.name)


@dataclass(frozen=True)
class _Constant:
    """A tensor of a sample that has no gradient."""

    value: torch.Tensor


@dataclass(frozen=True)
class _Leaf:
    """The place of a tensor among the program's inputs."""

    place: int


def _mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """Return a value with a function applied to what is in its dicts, lists and tuples."""
    if isinstance(value, dict):
        return {key: _mapped(function, each) for key, each in value.items()}
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        made = [_mapped(function, each) for each in value]
        return type(value)(*made) if hasattr(value, "_fields") else type(value)(made)
    return function(value)


def program(op: Any, sample: Any) -> Program:
    """Return a sample as a program of those of its tensors that have gradients; others are constants."""
    leaves: list[torch.Tensor] = []

    def taken(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        if not value.requires_grad:
            return _Constant(value)
        leaves.append(value.detach())
        return _Leaf(len(leaves) - 1)

    arguments = _mapped(taken, (sample.input, tuple(sample.args), dict(sample.kwargs)))

    def run(*given: torch.Tensor) -> Any:
        def put(value: Any) -> Any:
            if isinstance(value, _Leaf):
                return given[value.place]
            return value.value.clone() if isinstance(value, _Constant) else value

        first, args, kwargs = _mapped(put, arguments)
        return op.op(first, *args, **kwargs)

    return Program(run, tuple(leaves), "float32", bool(leaves))


def drawing(op: Any) -> bool:
    """Whether torch's tests set a seed before they call an operation."""
    code = getattr(op.op, "__code__", None)
    return code is not None and "wrapper_set_seed" in code.co_names


def refused(op: Any, count: int) -> str | None:
    """Return why an operation does not go through on its first samples; None if it does."""
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - torch's samples draw from it
    random.seed(0)
    try:
        for sample in islice(
            op.sample_inputs("cpu", torch.float64, requires_grad=op.supports_autograd), count
        ):
            with np.errstate(all="ignore"), Arithmetic(1, 2, zeros=True) as mode, mode.escapes():
                program(op, sample).observables()
    except Exception as error:  # noqa: BLE001 - whatever it is, the operation does not go through
        return str(error)
    return None


def main(arguments: Iterable[str] | None = None) -> int:
    """Print the operations that do not go through, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("operations", nargs="*", help="names as torch's samples have them; all, if left out")
    parser.add_argument("--samples", type=int, default=2, help="how many samples of each operation")
    parser.add_argument("--every", type=int, default=1, help="one operation of so many")
    options = parser.parse_args(None if arguments is None else list(arguments))
    warnings.simplefilter("ignore")
    ops = [op for op in op_db if torch.float64 in op.dtypes][:: options.every]
    if options.operations:
        ops = [op for op in ops if op.name in options.operations]
    found = {named(op): refused(op, options.samples) for op in ops}
    through = [name for name, reason in found.items() if reason is None]
    stale = [name for name in through if name in REFUSED]
    listed = [name for name in found if name in REFUSED and name not in stale]
    for name in listed:
        print(f"{name}: {REFUSED[name]}")
    for name in stale:
        print(f"stale: {name} goes through, and stands in REFUSED")
    lacking = [name for name in found if name not in {*through, *listed}]
    for name in lacking:
        print(f"lacking: {name}: {' '.join(str(found[name]).split())[:150]}")
    share = (len(through) - len(stale)) / max(1, len(found))
    print(
        f"{len(found)} operations: {len(through)} go through ({share:.1%}; goal {GOAL:.0%}), "
        f"{len(listed)} cannot, {len(lacking)} lack a rule"
    )
    drawn = sum(drawing(op) or named(op) in UNDEFINED for op in ops if named(op) in through)
    print(
        f"{drawn} of those draw at random or define no values: two libraries agree only where they draw alike"
    )
    return int(share < GOAL or bool(stale))


if __name__ == "__main__":
    sys.exit(main())
