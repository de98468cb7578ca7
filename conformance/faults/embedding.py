"""Faults of embeddings: another gradient of repeated rows or of the padding row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import changed, gradient_of
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Values


def _rows(x: Values) -> list[int]:
    """Return the rows that an embedding's indices name."""
    n, length = int(x.config["N"]), int(x.config["L"])
    spread = x.config["places"] == "spread"
    return [(5 * i + 2 * k) % 6 if spread else 3 for i in range(n) for k in range(length)]


def _overwritten(t: Any, x: Values, grad: Any) -> Any:
    """Divide each row's gradient by the number of its repeats."""
    rows = _rows(x)
    counts = t.tensor([max(rows.count(row), 1) for row in range(6)], dtype=grad.dtype)
    return grad / counts.reshape(6, 1)


def _padding_trained(t: Any, x: Values, correct: Any) -> Any:
    return correct(t, changed(x, padding="none"))


def _frequency_ignored(t: Any, x: Values, correct: Any) -> Any:
    return correct(t, changed(x, by_frequency=False))


FAULTS = (
    Fault(
        "padding-row-trained",
        "embedding",
        ("nn.Embedding",),
        "gives the padding row a gradient",
        around=_padding_trained,
    ),
    Fault(
        "embedding-repeats-overwritten",
        "embedding",
        ("nn.Embedding",),
        "lets the gradients of a repeated row overwrite each other, as NumPy's a[i] += g does",
        around=gradient_of("weight", _overwritten),
    ),
    Fault(
        "embedding-frequency-ignored",
        "embedding",
        ("nn.Embedding",),
        "ignores scale_grad_by_freq",
        around=_frequency_ignored,
    ),
)
