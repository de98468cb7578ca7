"""Judges torch's own results in half types by tolerances of their own, and by float32's scaled.

    python benchmarks/half_types.py --seeds 60

The table is in docs/tolerance.md: per program the seeds in which an element of an output or of a gradient is
beyond its tolerance, and the least headroom of the others.
"""

from __future__ import annotations

import argparse
import copy
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tabulate import tabulate
from torch import nn
from torch.nn import functional

from conformance.arithmetic.deviation import deviations
from conformance.arithmetic.formats import precision
from conformance.arithmetic.storing import Stores
from conformance.arithmetic.tolerance import UNIT, scale
from conformance.reference.program import Program
from conformance.subjects.modes import quietly_on_one_thread

if TYPE_CHECKING:
    from collections.abc import Iterator


def _multilayer() -> nn.Module:
    return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))


# Program → what makes it, and the shapes of its inputs.
PROGRAMS = {
    "nn.Linear": (lambda: nn.Linear(128, 32), (16, 128)),
    "mm, K = 4096": (lambda: torch.mm, (4, 4096), (4096, 4)),
    "softmax": (lambda: lambda x: x.softmax(-1), (8, 100)),
    "cross_entropy": (lambda: lambda x: functional.cross_entropy(x, torch.arange(8)), (8, 30)),
    "nn.LayerNorm": (lambda: nn.LayerNorm(64), (32, 64)),
    "attention": (lambda: functional.scaled_dot_product_attention, *[(2, 2, 6, 8)] * 3),
    "nn.LSTM": (lambda: nn.LSTM(8, 12), (20, 3, 8)),
    "nn.GRU": (lambda: nn.GRU(8, 12), (20, 3, 8)),
    "nn.RNN, tanh": (lambda: nn.RNN(8, 12), (20, 3, 8)),
    "nn.RNN, relu": (lambda: nn.RNN(8, 12, nonlinearity="relu"), (7, 3, 8)),
    "two layers of relu": (_multilayer, (32, 32)),
}


def _observables(program: Program, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Return what a program gives where it is run in a dtype."""
    fn = copy.deepcopy(program.fn).to(dtype) if isinstance(program.fn, nn.Module) else program.fn
    inputs = [each.to(dtype).requires_grad_() for each in program.inputs]
    returned = fn(*inputs)
    outputs = dict(_named("output", returned))
    sources = dict(_named("grad", tuple(inputs)))
    if isinstance(fn, nn.Module):
        sources |= {f"grad.{name}": each for name, each in fn.named_parameters()}
    wide = {name: each.double() for name, each in outputs.items()}
    cotangents = [each.to(dtype) for each in program._cotangents(wide, wide)]  # noqa: SLF001 - the oracle's own
    grads = torch.autograd.grad([*outputs.values()], [*sources.values()], cotangents)
    return {name: each.detach() for name, each in outputs.items()} | dict(zip(sources, grads, strict=True))


def _named(name: str, value: Any) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield name, value
        return
    for place, each in enumerate(value):
        yield from _named(f"{name}[{place}]", each)


def _least(program: Program, dtype: str, seed: int, *, scaled: bool) -> float | None:
    """Return the least headroom of all observables; None where rounding decides a branch."""
    oracle = {name: value.numpy() for name, value in program.observables().items()}
    of = precision(dtype)
    found = deviations(
        program.observables,
        f"half|{seed}",
        zeros=True,
        most=of.values.largest,
        stores=None if scaled else Stores(of),
    )
    if found is None:
        return None
    got, least = _observables(program, getattr(torch, dtype)), inf
    for name, right in oracle.items():
        allowed = scale(found[name], dtype).allowed() * (UNIT[dtype] / UNIT["float32"] if scaled else 1)
        error = np.abs(got[name].double().numpy() - right)
        with np.errstate(all="ignore"):
            least = min(least, float(np.where(error == 0, inf, allowed / error).min()))
    return least


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=60)
    options = parser.parse_args()
    rows = []
    with quietly_on_one_thread():
        for name, (make, *shapes) in PROGRAMS.items():
            row = [name]
            for dtype in ("bfloat16", "float16"):
                for scaled in (False, True):
                    found = []
                    for seed in range(options.seeds):
                        torch.manual_seed(seed)
                        inputs = tuple(torch.randn(shape) for shape in shapes)
                        program = Program(make(), inputs, dtype, seed=seed)
                        found.append(_least(program, dtype, seed, scaled=scaled))
                    judged = [each for each in found if each is not None]
                    passed = [each for each in judged if each >= 1]
                    row.append(f"{len(judged) - len(passed)} of {len(judged)}, {min(passed, default=0):.1f}")
            rows.append(row)
    headers = ("program", "bfloat16", "bfloat16, scaled", "float16", "float16, scaled")
    print(tabulate(rows, headers, tablefmt="github"))


if __name__ == "__main__":
    main()
