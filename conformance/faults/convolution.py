"""Faults of convolutions: other windows, other channels, or another padding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.convolution import options_of
from conformance.faults._rewriting import setting
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values

    # From the namespace, the input, the weight, the options and the rank to the output without bias.
    Wrong = Callable[[Any, Any, Any, dict[str, Any], int], Any]

_CASES = ("nn.Conv1d", "nn.Conv2d")


def _instead(wrong: Wrong) -> Around:
    """Return a program that computes what pads with zeros by `wrong`, and adds the bias."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        config, weight = x.config, x["weight"]
        if config["mode"] != "zeros":
            return correct(t, x)
        rank, options = weight.dim() - 2, options_of(config)
        out = wrong(t, x["input"], weight, options, rank)
        return {"output": out + x["bias"].reshape(-1, *[1] * rank) if "bias" in x else out}

    return program


def _convolved(t: Any, x: Any, weight: Any, options: dict[str, Any], rank: int) -> Any:
    return getattr(t.nn.functional, f"conv{rank}d")(x, weight, **options)


def _flipped(t: Any, x: Any, weight: Any, options: dict[str, Any], rank: int) -> Any:
    return _convolved(t, x, t.flip(weight, tuple(range(2, 2 + rank))), options, rank)


def _more_before(t: Any, x: Any, weight: Any, options: dict[str, Any], rank: int) -> Any:
    """Pad to the same size with the larger half before: the same from the other end."""
    if options["padding"] != "same":
        return _convolved(t, x, weight, options, rank)
    axes = tuple(range(-rank, 0))
    out = _convolved(t, t.flip(x, axes), t.flip(weight, axes), options, rank)
    return t.flip(out, axes)


def _interleaved(t: Any, x: Any, weight: Any, options: dict[str, Any], rank: int) -> Any:
    """Give every group each G-th channel, and not neighbours."""
    groups = int(options["groups"])
    order = [k for first in range(groups) for k in range(first, x.shape[-rank - 1], groups)]
    picked = t.index_select(x, x.dim() - rank - 1, t.tensor(order, dtype=t.int64))
    return _convolved(t, picked, weight, options, rank)


def _swapped(t: Any, x: Any, weight: Any, options: dict[str, Any], rank: int) -> Any:
    """Give the stride of the columns to the rows."""
    stride = options["stride"]
    swapped = stride[::-1] if isinstance(stride, tuple) else stride
    return _convolved(t, x, weight, {**options, "stride": swapped}, rank)


def _transposed(t: Any, x: Any, weight: Any, options: dict[str, Any], rank: int) -> Any:
    """Take columns of the weight for rows, where windows are as wide as high."""
    height, width = weight.shape[2:]
    turned = t.transpose(weight, 2, 3) if height == width else weight
    return _convolved(t, x, turned, options, rank)


def _fault(name: str, wrong: Wrong, story: str, cases: tuple[str, ...] = _CASES) -> Fault:
    return Fault(f"conv-{name}", "convolution", cases, story, around=_instead(wrong))


FAULTS = (
    _fault("flips-kernel", _flipped, "flips the kernel, as convolutions of mathematics and of SciPy do"),
    _fault(
        "same-pads-before",
        _more_before,
        "pads an even window to the same size with more zeros before",
        # One of two windows is mostly even; of one dimension, few samples show it.
        ("nn.Conv2d",),
    ),
    _fault("groups-interleaved", _interleaved, "gives each group every G-th channel"),
    _fault("stride-swapped", _swapped, "exchanges the strides of rows and columns", ("nn.Conv2d",)),
    _fault("kernel-transposed", _transposed, "transposes square windows", ("nn.Conv2d",)),
    Fault(
        "conv-padding-mode-ignored",
        "convolution",
        _CASES,
        "pads with zeros in every mode",
        around=setting("mode", lambda mode: "zeros"),
    ),
)
