"""Judge random programs, right ones and ones with a planted fault, and write what was noticed.

A program is a straight line of up to 12 operations on square matrices, drawn from a seed. torch's own float32
result of each, with its gradients, has to pass `conformance.assert_close`; then each fault is planted in the
middle. The effect of a fault is known exactly, from two runs in float64, and counted in deviations of the
element where it is largest. Each fault is planted whole and, to find the smallest effect that is noticed,
diluted: ``python benchmarks/random_programs.py [--programs N]`` writes
reports/random_programs.md, and ends with status 1 where a right program fails or an effect of more than ten
deviations passes.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from tabulate import tabulate
from torch import Tensor
from torch.nn import functional as F

import conformance
from conformance.reference.draws import draw
from conformance.reference.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

REPORT = Path(__file__).parents[1] / "reports" / "random_programs.md"

# Each takes a square matrix or two, and returns one of numbers that do not grow without end.
UNARY: Mapping[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "softmax": lambda x: x.softmax(-1),
    "log_softmax": lambda x: x.log_softmax(0),
    "layer_norm": lambda x: F.layer_norm(x, x.shape[-1:]),
    "gelu": F.gelu,
    "bell": lambda x: (-x * x).exp(),
    "root": lambda x: (1 + x * x).sqrt(),
    "logarithm": lambda x: (1 + x * x).log(),
    "cumsum": lambda x: x.cumsum(0) / len(x),
    "centred": lambda x: x - x.mean(0, keepdim=True),
    "total": lambda x: x + x.sum(1, keepdim=True) / len(x),
    "largest": lambda x: x - x.amax(-1, keepdim=True),
    "transpose": lambda x: x.mT,
    "norm": lambda x: x / (1 + x.norm(dim=-1, keepdim=True)),
    "asinh": torch.asinh,
    "erf": torch.erf,
    "gamma": lambda x: torch.lgamma(1 + x * x),
    "log of sums": lambda x: x.logcumsumexp(0),
    "average pool": lambda x: F.avg_pool1d(x[None], 3, 1, 1)[0],
    "maximum pool": lambda x: F.max_pool1d(x[None], 3, 1, 1)[0],
    "spectrum": lambda x: torch.fft.fft(x, norm="ortho").real,
    "largest singular value": lambda x: x / (1 + torch.linalg.matrix_norm(x, 2)),
}
BINARY: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": lambda x, y: x / (1 + y * y),
    "mm": lambda x, y: x @ y / len(x),
    "where": lambda x, y: torch.where(y > 0, x, y),
    "maximum": torch.maximum,
    "lerp": lambda x, y: torch.lerp(x, y, 0.3),
    "convolution": lambda x, y: F.conv1d(x[None], y[:, :, None].expand(-1, -1, 3) / len(x), padding=1)[0],
    "attention": lambda x, y: F.scaled_dot_product_attention(x[None], y[None], x[None])[0],
    "solution": lambda x, y: torch.linalg.solve(torch.eye(len(x)).to(x) + x @ x.mT / len(x), y),
}
OPERATIONS: Mapping[str, Callable[..., Tensor]] = {**UNARY, **BINARY}
# The most operations of a program.
DEPTH = 12
# An effect of as many deviations of its element is beyond every tolerance.
SEEN = 10.0
# The strengths of a diluted fault are drawn between 1 and this, evenly in the logarithm.
WEAKEST = 1e-7


@dataclass(frozen=True)
class RandomProgram:
    """A straight line of operations, each on the result before, and on an earlier one.

    Args:
        seed: of the choice, and of the inputs.
    """

    seed: int

    @property
    def steps(self) -> list[tuple[str, list[int]]]:
        """The operations, each with the places of its operands."""
        choice = random.Random(self.seed)  # noqa: S311 - not for secrets
        steps = []
        for size in range(2, choice.randint(1, DEPTH) + 2):
            table = choice.choice([UNARY, BINARY])
            # The last result and an earlier one, never the same: x - x is nothing but rounding.
            places = [size - 1, choice.randrange(size - 1)]
            steps.append((choice.choice([*table]), places[: 1 if table is UNARY else 2]))
        return steps

    def inputs(self) -> tuple[Tensor, Tensor]:
        """Return the two matrices that it is called with."""
        generator = torch.Generator().manual_seed(self.seed)
        first, second = torch.randn(2, *[3 + self.seed % 7] * 2, generator=generator)
        return first, second

    def __call__(
        self, first: Tensor, second: Tensor, after: Callable[[Tensor], Tensor] = lambda value: value
    ) -> Tensor:
        """Return the last result; `after` may change the result of each operation."""
        found = [first, second]
        for name, places in self.steps:
            found.append(after(OPERATIONS[name](*(found[place] for place in places))))
        return found[-1]


def _one(value: Tensor, factor: float) -> Tensor:
    """Multiply the first element."""
    changed = value.clone()
    changed[0, 0] *= factor
    return changed


def _short(value: Tensor) -> Tensor:
    """Return numbers with the 10 bits of fraction that a product in TF32 keeps of its factors."""
    fraction, exponent = torch.frexp(value.detach())
    short = torch.ldexp((fraction * 2**11).round() / 2**11, exponent)
    # The gradient goes on as it does in a product.
    return value + (short - value.detach())


# What goes wrong in the result of one operation: from it and the result before to what comes instead.
FAULTS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "computed in float16": lambda value, _: value.half().to(value.dtype),
    "a dropped term": lambda value, _: _one(value, 0.0),
    "a mean for a sum": lambda value, _: value / len(value),
    "a stale buffer": lambda _, before: before,
    "the wrong axis": lambda value, _: value.mT,
    "a missing gradient path": lambda value, _: value.detach(),
    "1e-5 relative on one element": lambda value, _: _one(value, 1 + 1e-5),
    "a product in TF32": lambda value, _: _short(value),
}


@dataclass(frozen=True)
class Faulty:
    """A random program with a fault in one of its operations.

    Args:
        program: the program.
        fault: a name in `FAULTS`.
        strength: the share of the wrong result in what comes instead; the rest is the right one.
    """

    program: RandomProgram
    fault: str
    strength: float = 1.0

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        """Return what comes instead of the program's result."""
        # One from the middle, so that there are operations before and behind it.
        place, results = (len(self.program.steps) + 1) // 2, [first]

        def after(value: Tensor) -> Tensor:
            if len(results) == place:
                wrong = FAULTS[self.fault](value, results[-1])
                value = wrong if self.strength == 1 else torch.lerp(value, wrong, self.strength)
            results.append(value)
            return value

        return self.program(first, second, after)


@dataclass(frozen=True)
class Computed:
    """What a program computes in a dtype."""

    output: Tensor
    cotangent: Tensor
    grads: tuple[Tensor, ...]


def computed(fn: Callable[..., Tensor], seed: int, dtype: torch.dtype) -> Computed:
    """Return the output of a program, a cotangent, and the gradients of its inputs."""
    inputs = [value.to(dtype).requires_grad_() for value in RandomProgram(seed).inputs()]
    output = fn(*inputs)
    cotangent = torch.randn(output.shape, generator=torch.Generator().manual_seed(seed)).to(dtype)
    found: Sequence[Tensor | None] = [None] * len(inputs)
    if output.requires_grad:
        found = torch.autograd.grad(output, inputs, cotangent, allow_unused=True)
    # A gradient that is missing is as good as one of zeros.
    grads = [torch.zeros_like(x) if g is None else g for g, x in zip(found, inputs, strict=True)]
    return Computed(output.detach(), cotangent, tuple(grads))


def passes(program: RandomProgram, fn: Callable[..., Tensor]) -> bool:
    """Return whether what a function computes in float32 is taken for the program's result.

    Raises:
        DegenerateError: rounding decides which branch the program takes.
    """
    actual = computed(fn, program.seed, torch.float32)
    try:
        conformance.assert_close(
            actual.output, program, *program.inputs(), grads=actual.grads, cotangents=actual.cotangent
        )
    except AssertionError:
        return False
    return True


def effects(program: RandomProgram) -> Iterator[tuple[Faulty, float]]:
    """Yield each fault, whole and diluted, with its largest effect, in deviations of the element."""
    right = computed(program, program.seed, torch.float64)
    given = Program(program, program.inputs(), "float32", cotangents=(right.cotangent,))
    measured = draw(given, f"{program.seed}")
    if measured is None:
        return
    deviations = [scale.element for scale in measured.scales.values()]
    strength = WEAKEST ** random.Random(f"dilute|{program.seed}").random()  # noqa: S311 - not for secrets
    # Diluting rounds, which shows where the program does not; so exact ones have whole faults only.
    strengths = (1.0,) if any(scale.exact for scale in measured.scales.values()) else (1.0, strength)
    for faulty in (Faulty(program, fault, share) for fault in FAULTS for share in strengths):
        wrong = computed(faulty, program.seed, torch.float64)
        pairs = zip((right.output, *right.grads), (wrong.output, *wrong.grads), strict=True)
        moved = [(a - b).abs().numpy() for a, b in pairs]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = [a / b for a, b in zip(moved, deviations, strict=True)]
        sizes = [np.nan_to_num(ratio, nan=0.0, posinf=inf) for ratio in ratios]
        yield faulty, max(float(size.max()) for size in sizes)


@dataclass
class Tally:
    """What became of one fault: (strength, effect, whether it was noticed) in each program where it shows."""

    shown: list[tuple[float, float, bool]] = field(default_factory=list)

    @property
    def passed(self) -> list[float]:
        """The effects that were not noticed."""
        return [effect for _, effect, caught in self.shown if not caught]

    def row(self, fault: str) -> tuple[str, ...]:
        """Return its row of the table."""
        whole = [caught for strength, _, caught in self.shown if strength == 1]
        visible = [caught for _, effect, caught in self.shown if effect > SEEN]
        noticed = [effect for _, effect, caught in self.shown if caught]
        return (
            fault,
            f"{sum(whole)} of {len(whole)}",
            f"{sum(whole) / len(whole):.1%}" if whole else "",
            f"{sum(visible)} of {len(visible)}",
            f"{min(noticed):.1f}" if noticed else "",
            f"{max(self.passed):.1f}" if self.passed else "",
        )


def judged(count: int) -> tuple[dict[str, Tally], list[int], list[int]]:
    """Judge programs of the first seeds, with and without faults.

    Returns:
        the tally of each fault, the seeds of the programs that failed without one, and those of the programs
        that were refused, because rounding decides their branch; others were taken in their place.
    """
    tallies = {fault: Tally() for fault in FAULTS}
    failed: list[int] = []
    refused: list[int] = []
    seed = 0
    while seed - len(refused) < count:
        program = RandomProgram(seed)
        seed += 1
        try:
            if not passes(program, program):
                failed.append(program.seed)
            for faulty, effect in effects(program):
                if effect:
                    caught = not passes(program, faulty)
                    tallies[faulty.fault].shown.append((faulty.strength, effect, caught))
        except conformance.DegenerateError:
            refused.append(program.seed)
    return tallies, failed, refused


def text(count: int, tallies: Mapping[str, Tally], failed: Sequence[int], refused: Sequence[int]) -> str:
    """Return the report."""
    rows = [tally.row(fault) for fault, tally in tallies.items()]
    headers = ("fault", "caught", "share", f"beyond {SEEN:g}, caught", "smallest caught", "largest passed")
    table = tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True)
    bound = f"at most {3 / count:.1%} of such programs fail (with 95 %, by the rule of three)"
    told = bound if not failed else f"seeds {', '.join(map(str, failed))} fail"
    return f"""# Random programs: right ones pass, and visible faults do not

Written by `python benchmarks/random_programs.py --programs {count}`.

{count} random programs of up to {DEPTH} operations of {len(OPERATIONS)} kinds, forward and backward:
torch's own float32 results pass `conformance.assert_close` in {count - len(failed)}: {told}.
{len(refused)} more were refused, because rounding decides which branch they take.

A fault is planted in the middle of each. Its effect is the largest that it has in float64 on an element of an
output or a gradient, in deviations of that element. The first two columns count it planted whole, in the
programs where it has an effect; the others count it diluted, too, down to {WEAKEST:.0e} of its strength.

{table}
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the report, and return 1 where it shows a false alarm or a visible fault that passed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--programs", type=int, default=200, help="how many programs (default: 200)")
    options = parser.parse_args(arguments)
    tallies, failed, refused = judged(options.programs)
    written = text(options.programs, tallies, failed, refused)
    REPORT.write_text(written, encoding="utf-8")
    print(written)
    return int(bool(failed) or any(size > SEEN for tally in tallies.values() for size in tally.passed))


if __name__ == "__main__":
    raise SystemExit(main())
