"""What a fault is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Those of `models`, and torch's own; each family of faults says which of them it fits.
MODELS = ("models.LSTMCell", "models.LSTM")
LSTMS = (*MODELS, "nn.LSTMCell", "nn.LSTM")
GRUS = ("nn.GRUCell", "nn.GRU")
RNNS = ("nn.RNNCell", "nn.RNN")


@dataclass(frozen=True)
class Fault:
    """A named way to be wrong.

    Attributes:
        name: what a command calls it.
        family: the kind of mistake.
        cases: where it applies.
        seams: the steps of those cases' programs that it replaces; `program` stands around the whole.
        story: what it is, and who made it in real life where someone did.
    """

    name: str
    family: str
    cases: tuple[str, ...]
    seams: Mapping[str, Callable[..., Any]]
    story: str
