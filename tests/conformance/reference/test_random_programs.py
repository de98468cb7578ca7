"""Random programs: torch's own float32 results pass, and what a fault changes visibly does not."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

import pytest
import torch

import conformance
from conformance.reference.draws import draw
from conformance.reference.program import Program

# Each takes a square matrix or two, and returns one of numbers that do not grow without end.
UNARY = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "softmax": lambda x: x.softmax(-1),
    "log_softmax": lambda x: x.log_softmax(0),
    "layer_norm": lambda x: torch.nn.functional.layer_norm(x, x.shape[-1:]),
    "gelu": torch.nn.functional.gelu,
    "bell": lambda x: (-x * x).exp(),
    "root": lambda x: (1 + x * x).sqrt(),
    "logarithm": lambda x: (1 + x * x).log(),
    "cumsum": lambda x: x.cumsum(0) / len(x),
    "centred": lambda x: x - x.mean(0, keepdim=True),
    "total": lambda x: x + x.sum(1, keepdim=True) / len(x),
    "largest": lambda x: x - x.amax(-1, keepdim=True),
    "transpose": lambda x: x.mT,
    "norm": lambda x: x / (1 + x.norm(dim=-1, keepdim=True)),
}
BINARY = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": lambda x, y: x / (1 + y * y),
    "mm": lambda x, y: x @ y / len(x),
    "where": lambda x, y: torch.where(y > 0, x, y),
    "maximum": torch.maximum,
    "lerp": lambda x, y: torch.lerp(x, y, 0.3),
}


@dataclass(frozen=True)
class RandomProgram:
    """A straight line of operations, each on the result before, and on an earlier one.

    Args:
        seed: of the choice, and of the inputs.
    """

    seed: int

    @property
    def steps(self):
        """The operations, each with the places of its operands."""
        choice = random.Random(self.seed)  # noqa: S311 - not for secrets
        depth = choice.randint(1, 12)
        steps = []
        for size in range(2, depth + 2):
            table = choice.choice([UNARY, BINARY])
            # The last result and an earlier one, never the same: x - x is nothing but rounding.
            places = [size - 1, choice.randrange(size - 1)]
            steps.append((choice.choice([*table]), places[: 1 if table is UNARY else 2]))
        return steps

    def inputs(self):
        """The two matrices that it is called with."""
        generator = torch.Generator().manual_seed(self.seed)
        size = 3 + self.seed % 7
        return tuple(torch.randn(size, size, generator=generator) for _ in range(2))

    def __call__(self, first, second, after=lambda value: value):
        """Return the last result; `after` may change the result of each operation."""
        found = [first, second]
        for name, places in self.steps:
            found.append(after({**UNARY, **BINARY}[name](*(found[place] for place in places))))
        return found[-1]


def _one(value, change):
    """Change the first element."""
    changed = value.clone()
    changed[0, 0] = change(changed[0, 0])
    return changed


def _short(value):
    """Return numbers with the 10 bits of fraction that a product in TF32 keeps of its factors."""
    fraction, exponent = torch.frexp(value)
    return torch.ldexp((fraction * 2**11).round() / 2**11, exponent)


# What goes wrong in the result of one operation: from it and the result before to what comes instead.
FAULTS = {
    "computed in float16": lambda value, _: value.half().to(value.dtype),
    "a dropped term": lambda value, _: _one(value, lambda first: first * 0),
    "a mean for a sum": lambda value, _: value / len(value),
    "a stale buffer": lambda _, before: before,
    "the wrong axis": lambda value, _: value.mT,
    "a missing gradient path": lambda value, _: value.detach(),
    "1e-5 relative on one element": lambda value, _: _one(value, lambda first: first * (1 + 1e-5)),
    "a product in TF32": lambda value, _: _short(value),
}


class Faulty:
    """A random program with a fault in one of its operations.

    Args:
        program: the program.
        fault: a name in `FAULTS`.
    """

    def __init__(self, program, fault):
        self.program, self.fault = program, FAULTS[fault]

    def __call__(self, first, second):
        """Return what comes instead of the program's result."""
        steps, results = len(self.program.steps), [first]

        def after(value):
            # One from the middle, so that there are operations before and behind it.
            if len(results) == (steps + 1) // 2:
                value = self.fault(value, results[-1])
            results.append(value)
            return value

        return self.program(first, second, after)


# The programs of these seeds do not come near a tie.
SEEDS = range(16)
# An effect of as many deviations of its element is beyond every tolerance.
SEEN = 10


def computed(fn, seed, dtype):
    """Return the output of a program, a cotangent, and the gradients of its inputs."""
    inputs = [value.to(dtype).requires_grad_() for value in RandomProgram(seed).inputs()]
    output, zeros = fn(*inputs), [torch.zeros_like(value) for value in inputs]
    cotangent = torch.randn(output.shape, generator=torch.Generator().manual_seed(seed)).to(dtype)
    found = [None, None]
    if output.requires_grad:
        found = torch.autograd.grad(output, inputs, cotangent, allow_unused=True)
    # A gradient that is missing is as good as one of zeros.
    return output, cotangent, tuple(x if g is None else g for g, x in zip(found, zeros, strict=True))


@cache
def deviations(seed):
    """Return the deviation of each element of the output and of the two gradients."""
    program = RandomProgram(seed)
    _, cotangent, _ = computed(program, seed, torch.float64)
    given = Program(program, program.inputs(), "float32", cotangents=(cotangent,))
    return [scale.element for scale in draw(given, f"{seed}").scales.values()]


@pytest.mark.parametrize("seed", SEEDS)
def test_torchs_own_float32_passes(seed):
    program = RandomProgram(seed)
    output, cotangent, grads = computed(program, seed, torch.float32)
    conformance.assert_close(output, program, *program.inputs(), grads=grads, cotangents=cotangent)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_visible_fault_does_not(fault):
    """The effect of a fault is known exactly, from two runs in float64."""
    seen = 0
    for seed in SEEDS:
        program = RandomProgram(seed)
        faulty = Faulty(program, fault)
        right, cotangent, right_grads = computed(program, seed, torch.float64)
        wrong, _, wrong_grads = computed(faulty, seed, torch.float64)
        effects = [
            (a - b).detach().abs().numpy()
            for a, b in zip((right, *right_grads), (wrong, *wrong_grads), strict=True)
        ]
        if any((a > SEEN * b).any() for a, b in zip(effects, deviations(seed), strict=True)):
            seen += 1
            output, _, grads = computed(faulty, seed, torch.float32)
            with pytest.raises(AssertionError):
                conformance.assert_close(
                    output, program, *program.inputs(), grads=grads, cotangents=cotangent
                )
    # Some faults change nothing in some programs, as the transpose before a sum.
    assert seen >= len(SEEDS) // 2
