"""Faults of maxima and means over windows: other padding, other counts, another one of equal elements."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.cases._windows import by_dimension
from conformance.cases.pooling import options_of
from conformance.faults._rewriting import on_outputs, setting
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Values

_MAX = ("nn.functional.max_pool1d", "nn.functional.max_pool2d")
_AVG = ("nn.functional.avg_pool1d", "nn.functional.avg_pool2d")
_ADAPTIVE = ("nn.functional.adaptive_avg_pool1d", "nn.functional.adaptive_avg_pool2d")


def _rank(x: Values) -> int:
    return int(x.case[-2])


def _zeros_around(t: Any, x: Values, correct: Any) -> Any:
    """Take at least 0 where a window reaches into the padding, wherever that is."""
    rank = _rank(x)
    padding = by_dimension(rank, x.config, "padding")
    if not any(padding) or not x["input"].numel():
        return correct(t, x)
    pool = getattr(t.nn.functional, f"max_pool{rank}d")
    options = {**options_of(rank, x.config), "return_indices": False}
    # Where a pool of ones with its padding subtracted is not full, there is padding.
    given = {key: options[key] for key in ("kernel_size", "stride", "padding", "dilation", "ceil_mode")}
    inside = -pool(-_framed(t, x["input"], padding, rank), **{**given, "padding": 0})

    def changed(name: str, out: Any) -> Any:
        full = inside[tuple(slice(0, n) for n in out.shape)]
        return t.where(full > 0, out, t.clamp(out, min=0.0)) if name == "output" else out

    return on_outputs(correct(t, x), changed)


def _framed(t: Any, like: Any, padding: tuple[int, ...], rank: int) -> Any:
    """Return ones with zeros around them, as the input with its padding."""
    sizes = list(zip(like.shape[-rank:], padding, strict=True))
    frame = t.zeros([*like.shape[:-rank], *(n + 2 * pad for n, pad in sizes)], dtype=like.dtype)
    inside = tuple(slice(pad, pad + n) for n, pad in sizes)
    frame[(..., *inside)] = 1.0
    return frame


def _last_of_equals(t: Any, x: Values, correct: Any) -> Any:
    """Take the last of equal elements: the first one from the other end, where windows are the same there."""
    rank, config, a = _rank(x), x.config, x["input"]
    kernel, dilation, padding = (by_dimension(rank, config, n) for n in ("kernel", "dilation", "padding"))
    steps = by_dimension(rank, config, "stride") if config["stride"] else kernel
    sizes = a.shape[-rank:]
    for axis, (size, k, step, apart, pad) in enumerate(
        zip(sizes, kernel, steps, dilation, padding, strict=True), -rank
    ):
        left = (size + 2 * pad - apart * (k - 1) - 1) % step
        if left and (pad or config["ceil_mode"]):
            return correct(t, x)
        # No window reaches the elements that are left over.
        a = t.narrow(a, axis, 0, size - left)
    axes = tuple(range(-rank, 0))
    pool = partial(getattr(t.nn.functional, f"max_pool{rank}d"), **options_of(rank, config))
    found = pool(t.flip(a, axes))
    if not config["return_indices"]:
        return {"output": t.flip(found, axes)}
    places = math.prod(a.shape[-rank:]) - 1 - t.flip(found[1], axes)
    width = a.shape[-1]
    return {
        "output": t.flip(found[0], axes),
        "indices": places // width * sizes[-1] + places % width,
    }


def _equal_windows(t: Any, x: Values, correct: Any) -> Any:
    """Take windows of one size and one stride, where their number does not divide the size."""
    rank, a = _rank(x), x["input"]
    wanted = options_of(rank, x.config)["output_size"]
    wanted = (wanted,) * rank if isinstance(wanted, int) else wanted
    sizes = list(zip(a.shape[-rank:], wanted, strict=True))
    if any(n is not None and n > size for size, n in sizes) or not a.numel():
        return correct(t, x)
    strides = tuple(size // (n or size) for size, n in sizes)
    kernels = tuple(size - ((n or size) - 1) * step for (size, n), step in zip(sizes, strides, strict=True))
    return {"output": getattr(t.nn.functional, f"avg_pool{rank}d")(a, kernels, strides)}


FAULTS = (
    *(
        Fault(f"max-pool-{name}", "pooling", _MAX, story, around=around)
        for name, around, story in (
            ("pads-with-zeros", _zeros_around, "pads with zeros instead of -inf"),
            ("last-of-equals", _last_of_equals, "takes the last of equal elements"),
        )
    ),
    Fault(
        "avg-pool-count-include-pad-inverted",
        "pooling",
        _AVG,
        "counts the padding where it must not, as other frameworks' defaults do",
        around=setting("count_include_pad", lambda given: not given),
    ),
    Fault(
        "adaptive-pool-equal-windows",
        "pooling",
        _ADAPTIVE,
        "takes windows of one size, as exporters to ONNX do",
        around=_equal_windows,
    ),
)
