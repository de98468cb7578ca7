"""Judge torch's own layers on a device, in each dtype, with TF32 and without.

Run as ``python benchmarks/gpu.py [--device cuda] [--out reports/cuda.md]``; ``--device cpu`` is a dry run
that writes nothing. Each is a check against the same layer in float64 on the CPU (docs/check.md). On a card
that has TF32, a layer must fail in float32 with it and pass without. Not called cuda.py: torch imports a
package of that name.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from conformance.checking.candidate import Direct
from conformance.checking.check import judged, loading, seed_of_instances, trials_of
from conformance.checking.criteria import CRITERIA
from conformance.checking.reference import find_reference
from conformance.errors import DegenerateError, NoiseError, UsageError
from conformance.reference.program import of_dtype
from conformance.report.tables import render
from conformance.subjects.devices import device_of

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 1
DTYPES = ("float32", "float16", "bfloat16")
# Which of the criteria: the precision of a device shows in these.
JUDGED = tuple(each for each in CRITERIA if each.name in {"values", "gradients", "strided", "no_grad"})
# The first generation of cards that has TF32.
TF32_FROM = (8, 0)


class Layer(NamedTuple):
    """A layer of torch's with sizes that people use."""

    spec: str
    init: tuple[Any, ...]
    inputs: Callable[[], tuple[Any, ...]]


def drawn(*shapes: tuple[int, ...]) -> Callable[[], tuple[Any, ...]]:
    """Return what draws normal inputs of some shapes."""
    return lambda: tuple(torch.randn(shape) for shape in shapes)


LAYERS = (
    Layer("torch.nn:Linear", (256, 128), drawn((64, 256))),
    Layer("torch.nn:LSTM", (64, 64), drawn((16, 4, 64))),
    Layer("torch.nn:GRU", (64, 64), drawn((16, 4, 64))),
    Layer("torch.nn:MultiheadAttention", (64, 4), drawn(*[(16, 4, 64)] * 3)),
    Layer("torch.nn.functional:scaled_dot_product_attention", (), drawn(*[(2, 4, 32, 16)] * 3)),
)


def row(layer: Layer, dtype: str, device: str, *, tf32: bool) -> dict[str, object]:
    """Judge a layer, and return what came out."""
    shown = {"layer": layer.spec.partition(":")[2], "dtype": dtype, "TF32": "on" if tf32 else "off"}
    try:
        reference = find_reference(layer.spec, layer.init or None, seed_of_instances(SEED))
        trials = trials_of(reference, SEED, layer.inputs, (), dtype=of_dtype(dtype))
        load = loading(layer.spec, (), dtype, device, allow_tf32=tf32)
        rows, _ = judged(Direct(load), trials, device=device, criteria=JUDGED)
    except (DegenerateError, NoiseError, UsageError) as error:
        return {
            **shown,
            "verdict": "not judged",
            "least headroom": "",
            "reason": " ".join(str(error).split()),
        }
    wrong = [each for each in rows if not each.ok]
    nearest = min((each.headroom for each in rows if each.headroom is not None), default=None)
    return {
        **shown,
        "verdict": "FAIL" if wrong else "PASS",
        "least headroom": "" if nearest is None else f"{nearest:.2g}",
        "reason": f"{wrong[0].criterion}: {wrong[0].reason.splitlines()[0]}" if wrong else "",
    }


def has_tf32(device: str) -> bool:
    """Whether products on a device can round their factors to TF32."""
    return device.startswith("cuda") and torch.cuda.get_device_capability(device) >= TF32_FROM


def unexpected(rows: list[dict[str, object]]) -> list[str]:
    """Return what is not as it has to be in float32: TF32 must fail, and float32 itself pass."""
    wanted = {"on": "FAIL", "off": "PASS"}
    return [
        f"{each['layer']}, TF32 {each['TF32']}: {each['verdict']}"
        for each in rows
        if each["dtype"] == "float32" and each["verdict"] != wanted[str(each["TF32"])]
    ]


def main() -> int:
    """Print the table, and write it where it is of a card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=Path("reports/cuda.md"))
    options = parser.parse_args()
    try:
        device = device_of(options.device)
    except UsageError as error:
        parser.error(str(error))
    began = time.perf_counter()
    # Off last, so that it is off afterwards.
    lanes = [(dtype, tf32) for dtype in DTYPES for tf32 in ((True, False) if has_tf32(device) else (False,))]
    lanes = [(dtype, tf32) for dtype, tf32 in lanes if dtype == "float32" or not tf32]
    rows = [row(layer, dtype, device, tf32=tf32) for layer in LAYERS for dtype, tf32 in lanes]
    card = torch.cuda.get_device_name(device) if device.startswith("cuda") else "the CPU"
    title = f"# torch {torch.__version__} on {card}"
    told = (
        f"Judged against float64 on the CPU, in {time.perf_counter() - began:.0f} s, by "
        f"`python benchmarks/gpu.py --device {device}`."
    )
    text = "\n\n".join([title, told, render(rows, "markdown")]) + "\n"
    print(text)
    if device.startswith("cuda"):
        options.out.write_text(text, encoding="utf-8")
    wrong = unexpected(rows)
    for each in wrong:
        print(f"not as expected: {each}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
