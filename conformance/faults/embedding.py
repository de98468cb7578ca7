"""Faults of embeddings: another gradient of repeated rows or of the padding row."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from conformance.cases.embedding import row_numbers
from conformance.faults._rewriting import Overlay, changed, gradient_of
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from conformance.cases.case import Values

# How many rows a byte can number.
_BYTE = 256


def _overwritten(t: Any, x: Values, grad: Any) -> Any:
    """Divide each row's gradient by the number of its repeats."""
    rows = [row for numbers in row_numbers(x.config) for row in numbers]
    counts = t.tensor([max(rows.count(row), 1) for row in range(x["weight"].shape[0])], dtype=grad.dtype)
    return grad / counts.reshape(-1, 1)


def _numbered_by_byte(t: Any, x: Values, correct: Any) -> Any:
    """Keep row numbers in eight bits."""
    if x["weight"].shape[0] <= _BYTE:
        return correct(t, x)

    def embed(places: Any, weight: Any, **options: Any) -> Any:
        return t.nn.functional.embedding(places % _BYTE, weight, **options)

    return correct(Overlay(t, {"nn.functional.embedding": embed}), changed(x, module=False))


def _transposed_places(rank: int, case: str, function: str) -> Fault:
    """Return the fault that looks up the places in another order, where they have that many dimensions."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        def call(places: Any, *rest: Any, **options: Any) -> Any:
            turned = places.flip(0) if rank == 1 else places.transpose(0, 1).reshape(places.shape)
            return attrgetter(function)(t)(turned, *rest, **options)

        if x.config["rank"] != rank:
            return correct(t, x)
        return correct(Overlay(t, {function: call}), changed(x, module=False))

    how = (
        "reads a vector of places from its end"
        if rank == 1
        else "exchanges axes of places of three dimensions"
    )
    name = f"{function.rpartition('.')[2]}-places-of-rank-{rank}".replace("_", "-")
    return Fault(name, "embedding", (case,), how, around=program)


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
    Fault(
        "embedding-rows-in-a-byte",
        "embedding",
        ("nn.Embedding",),
        "keeps row numbers in eight bits, which is enough for 256 rows",
        around=_numbered_by_byte,
    ),
    *(
        _transposed_places(rank, case, function)
        for case, function in (
            ("nn.Embedding", "nn.functional.embedding"),
            ("nn.functional.one_hot", "nn.functional.one_hot"),
        )
        for rank in (1, 3)
    ),
)
