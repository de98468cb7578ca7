"""Count through how many of torch's operations rounding can be followed, and write reports/rule_coverage.md.

torch tests its operations with the samples of `torch.testing._internal.common_methods_invocations.op_db`.
Of each operation that takes float64, the first sample and the largest small one go through the noise mode,
forward and, where it has gradients, backward: as they are, and with operands that were just rounded.
Then torch's own result in float32 has to be as near as `conformance.assert_close` asks for.

``python benchmarks/rule_coverage.py`` writes the report; with names of operations it prints these alone. The
command ends with status 1 where fewer operations are covered than the goal.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
import types
import unittest
import warnings
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from conformance.errors import NoiseError
from conformance.reference.draws import draw
from conformance.reference.program import Program, leaves, parted
from conformance.subjects.modes import quietly_on_one_thread

# torch's samples live in a module of its tests, which imports this package for a class that no sample uses.
# The module also locks flags such as torch.backends.cudnn.deterministic for the rest of the process.
sys.modules.setdefault("expecttest", types.SimpleNamespace(TestCase=unittest.TestCase))  # type: ignore[arg-type]

from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402  # after the line above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.reference.draws import Draw

REPORT = Path(__file__).parents[1] / "reports/rule_coverage.md"
GOAL = 0.85
# What is looked at of an operation: of its first samples, those with at most so many numbers.
FIRST, NUMBERS = 8, 2000

# Their numbers are left over from whatever was in memory.
LEFT_OVER = {
    *("empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided"),
    *("resize_", "resize_as_"),
}


class Sampled(NamedTuple):
    """A sample as a program: a function of the tensors that it differentiates, or of all."""

    fn: Callable[..., Any]
    given: tuple[torch.Tensor, ...]
    backward: bool


def tensors(value: Any) -> Iterator[torch.Tensor]:
    """Give the tensors in arguments or results."""
    return (each for _, each in leaves("", value) if isinstance(each, torch.Tensor))


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """Return arguments with a function applied to each that is not a list, a tuple or a dict."""
    if isinstance(value, dict):
        return {key: mapped(function, each) for key, each in value.items()}
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        made = [mapped(function, each) for each in value]
        return type(value)(*made) if hasattr(value, "_fields") else type(value)(made)
    return function(value)


def program(op: Any, sample: Any, dtype: torch.dtype, *, rounded: bool = False) -> Sampled:
    """Return a sample as a program in a dtype, on numbers that float32 holds.

    Args:
        op: the operation.
        sample: its arguments, in float64.
        dtype: the dtype to compute in.
        rounded: the operands are just rounded, so that noise reaches the operation.
    """
    arguments = (sample.input, *sample.args), sample.kwargs
    chosen = [each for each in tensors(arguments) if each.requires_grad]
    backward = bool(chosen)
    chosen = chosen or [each for each in tensors(arguments) if each.dtype == torch.float64]
    places = {id(each): place for place, each in enumerate(chosen)}

    def fn(*given: torch.Tensor) -> Any:
        def put(value: Any) -> Any:
            if id(value) in places:
                own = given[places[id(value)]]
                return own * 1.0 if rounded else own
            if isinstance(value, torch.Tensor) and value.layout is torch.strided:
                kept = value.detach().clone()
                return kept.float().to(dtype) if kept.dtype == torch.float64 else kept
            return dtype if value is torch.float64 else value

        args, kwargs = mapped(put, arguments)
        out = sample.output_process_fn_grad(op.op(*args, **kwargs))
        # A Python number is a result, too.
        return torch.tensor(out, dtype=dtype) if type(out) in {bool, int, float} else out

    return Sampled(fn, tuple(each.detach() for each in chosen), backward)


def noisy(sampled: Sampled) -> Draw | None:
    """Measure a program; None where rounding changed a branch."""
    return draw(Program(sampled.fn, sampled.given, "float32", sampled.backward), "rule coverage")


def in_float32(op: Any, sample: Any, like: Program) -> dict[str, torch.Tensor]:
    """Return what torch computes in float32: outputs and gradients, under the names of the program."""
    fn, given, backward = program(op, sample, torch.float32)
    inputs = [each.float().requires_grad_(backward) for each in given]
    with torch.random.fork_rng(devices=()), torch.set_grad_enabled(backward):
        torch.manual_seed(like.seed)
        returned = leaves("output", fn(*inputs))
    outputs = dict(parted((name, each) for name, each in returned if isinstance(each, torch.Tensor)))
    into = {name: value for name, value in outputs.items() if value.requires_grad}
    found = {name: value.detach() for name, value in outputs.items()}
    if not into:
        return found
    doubled = {name: value.detach().double() for name, value in outputs.items() if value.is_floating_point()}
    cotangents = like._cotangents(doubled, {name: doubled[name] for name in into})  # noqa: SLF001 - the same
    gradients = torch.autograd.grad(
        [*into.values()], inputs, [each.float() for each in cotangents], materialize_grads=True
    )
    return found | {f"grad[{place}]": each for place, each in enumerate(gradients)}


def further(op: Any, sample: Any, right: Draw) -> str | None:
    """Say which of torch's results in float32 is further away than rounding explains, if one is."""
    returned = in_float32(op, sample, right.program)
    got, _ = right.judged({name: each.clone().resolve_neg().numpy() for name, each in returned.items()})
    for name, expected in right.oracle.items():
        observed = got[name]
        with np.errstate(all="ignore"):
            same = (expected == observed) | (np.isnan(expected) & np.isnan(observed))
            if expected.dtype.kind == "f":
                same |= np.abs(observed.astype(np.float64) - expected) <= right.allowed(name)
        if not same.all():
            return f"torch's own float32: {name} is further away than rounding explains"
    return None


class _Drawing(TorchDispatchMode):  # type: ignore[misc,no-untyped-call] # torch's own lacks annotations
    """Notes whether a program draws random numbers."""

    seen = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation."""
        self.seen |= torch.Tag.nondeterministic_seeded in func.tags
        return func(*args, **(kwargs or {}))


def draws(sampled: Sampled) -> bool:
    """Whether a program draws random numbers, which are other ones in float32."""
    with torch.random.fork_rng(devices=()), _Drawing() as mode:
        sampled.fn(*(each.clone() for each in sampled.given))
    return mode.seen


def lacking(op: Any, sample: Any) -> str | None:
    """Say why rounding cannot be followed through a sample, or return None."""
    try:
        sampled = program(op, sample, torch.float64)
        right = noisy(sampled)
        if right is None:
            return "rounding decides which branch is taken"
        # By what rounding moves nothing can be drawn, and what is drawn is something else in float32.
        if draws(sampled):
            return None
        # Noise that reaches a decision may change it, which is as it should be.
        noisy(program(op, sample, torch.float64, rounded=True))
        if op.name in LEFT_OVER or torch.float32 not in op.dtypes:
            return None
        return further(op, sample, right)
    except NoiseError as error:
        return f"no rule of `{error.operation}`" if "no rule says" in str(error) else str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it stands in the table
        return f"{type(error).__name__}: {error}"


def samples(op: Any) -> list[Any]:
    """Return the first sample of an operation, and the largest of the first small ones."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        made = op.sample_inputs("cpu", torch.float64, requires_grad=op.supports_autograd)
        drawn = [*islice(made, FIRST)]
    sizes = [sum(each.numel() for each in tensors(((it.input, *it.args), it.kwargs))) for it in drawn]
    small = [place for place, size in enumerate(sizes) if size <= NUMBERS]
    return [drawn[place] for place in sorted({0, max(small, key=lambda place: sizes[place], default=0)})]


def judged(op: Any) -> str:
    """Return why an operation is not covered; nothing if it is."""
    with quietly_on_one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reasons = (lacking(op, sample) for sample in samples(op))
        reason = next((each for each in reasons if each), "")
    # In one line, of a table, and without what differs from run to run.
    line = re.sub(r"\s+", " ", reason).replace("|", "/")
    return textwrap.shorten(line, 120, placeholder=" …")


def named(op: Any) -> str:
    """Return the name of an operation with that of its variant, which several have."""
    return f"{op.name} ({op.variant_test_name})" if op.variant_test_name else str(op.name)


def operations() -> dict[str, Any]:
    """Return torch's operations that take float64, by name."""
    return {named(op): op for op in op_db if torch.float64 in op.dtypes}


def _lines(text: str) -> str:
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)


def report(reasons: dict[str, str]) -> str:
    """Return the report: how many are covered, a table of the others with reasons, and the covered ones."""
    covered = [name for name, reason in reasons.items() if not reason]
    rows = [f"| `{name}` | {reason} |" for name, reason in sorted(reasons.items()) if reason]
    names = _lines(", ".join(f"`{name}`" for name in sorted(covered)))
    text = _lines(
        f"Of torch {torch.__version__.partition('+')[0]}'s {len(reasons)} operations that take float64, "
        f"rounding is followed through {len(covered)}, {len(covered) / len(reasons):.1%}: forward and, where "
        "there are gradients, backward, and torch's own float32 is within the tolerance that follows. Two "
        "samples of each are looked at."
    )
    return (
        "# Operations that rounding is followed through\n\n"
        "Written by `python benchmarks/rule_coverage.py`.\n\n"
        f"{text}\n\n## Not covered\n\n| operation | reason |\n| --- | --- |\n"
        + "\n".join(rows)
        + f"\n\n## Covered\n\n{names}\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """Write the report, or print what becomes of the operations named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("operations", nargs="*", help="names, or parts of them; all, if left out")
    options = parser.parse_args(arguments)
    chosen = {
        name: op
        for name, op in operations().items()
        if not options.operations or any(part in name for part in options.operations)
    }
    reasons = {name: judged(op) for name, op in chosen.items()}
    if options.operations:
        for name, reason in reasons.items():
            print(f"{name:50} {reason or 'covered'}")
        return 0
    REPORT.write_text(report(reasons), encoding="utf-8")
    share = sum(not reason for reason in reasons.values()) / len(reasons)
    print(f"{len(reasons)} operations, {share:.1%} covered (goal {GOAL:.0%}); {REPORT}")
    return int(share < GOAL)


if __name__ == "__main__":
    sys.exit(main())
