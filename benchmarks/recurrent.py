"""Print the time of a training step of the recurrent layers, next to torch's, on one thread.

Wall-clock figures for people; no test depends on them. Run it on an idle machine:
``python benchmarks/recurrent.py``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

# Both libraries read these when they are imported.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import torch  # noqa: E402  # after the variables are set

import mytorch  # noqa: E402  # after the variables are set

# (batch, steps, input size, hidden size): from the sizes of the notebook to those that fill a core's caches.
SIZES = (
    (1, 10, 8, 16),
    (4, 16, 8, 16),
    (16, 32, 32, 64),
    (32, 64, 64, 128),
    (32, 128, 128, 256),
    (64, 100, 256, 512),
)


class Step:
    """Forward, backward, and the gradients of input and weights, of one layer in one library.

    Args:
        library: torch or mytorch.
        layer: "LSTM", "GRU" or "RNN".
        arrays: the input, the cotangent and the parameters by name.
        size: (batch, steps, input size, hidden size).
    """

    def __init__(self, library: Any, layer: str, arrays: dict[str, Any], size: tuple[int, ...]) -> None:
        self.layer = getattr(library.nn, layer)(*size[2:])
        self.input = library.from_numpy(arrays["input"].copy()).requires_grad_()
        self.cotangent = library.from_numpy(arrays["cotangent"])
        weights = {name: library.from_numpy(value) for name, value in arrays["weights"].items()}
        self.layer.load_state_dict(weights)

    def seconds(self) -> float:
        """Return the wall-clock seconds that one step took."""
        start = time.perf_counter()
        self.layer.zero_grad()
        self.input.grad = None
        self.layer(self.input)[0].backward(self.cotangent)
        return time.perf_counter() - start


def compare(layer: str, size: tuple[int, ...], budget: float) -> tuple[float, float]:
    """Time both libraries in turn, because a shared machine's speed drifts within seconds.

    Args:
        layer: "LSTM", "GRU" or "RNN".
        size: (batch, steps, input size, hidden size).
        budget: seconds to spend.

    Returns:
        Milliseconds of torch's step, and mytorch's as a multiple of it; medians.
    """
    batch, steps, features, hidden = size
    weights = {
        name: p.detach().numpy() for name, p in getattr(torch.nn, layer)(features, hidden).named_parameters()
    }
    arrays = {
        "input": torch.randn(steps, batch, features).numpy(),
        "cotangent": torch.randn(steps, batch, hidden).numpy(),
        "weights": weights,
    }
    theirs, ours = (Step(library, layer, arrays, size) for library in (torch, mytorch))
    # Once each before the clock starts, so that the set-up on first use is not measured.
    theirs.seconds()
    ours.seconds()
    pairs = []
    end = time.perf_counter() + budget
    while len(pairs) < 5 or time.perf_counter() < end:
        pairs.append((theirs.seconds(), ours.seconds()))
    reference = statistics.median(t for t, _ in pairs)
    return 1e3 * reference, statistics.median(m for _, m in pairs) / reference


def main() -> None:
    """Time the layers that the arguments name, and print one line per layer and size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "layers", nargs="*", default=["LSTM", "GRU", "RNN"], help="LSTM, GRU, RNN (default: all)"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="time to spend on each line (default: 2)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("layer    B    T    I    H    torch, ms   mytorch / torch")
    for layer in options.layers:
        for size in SIZES:
            reference, ratio = compare(layer, size, options.seconds)
            print(f"{layer:4}", *(f"{n:4}" for n in size), f"{reference:12.2f}{ratio:18.2f}", flush=True)


if __name__ == "__main__":
    main()
