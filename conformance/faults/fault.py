"""A fault: a named, deliberate mistake that the suite must catch.

The families are tuples of faults; running.selftest judges each on its cases.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Around, Built

# Those of `models`, and torch's own; each family of faults names those that it fits.
MODELS = ("models.LSTMCell", "models.LSTM")
LSTMS = (*MODELS, "nn.LSTMCell", "nn.LSTM")
GRUS = ("nn.GRUCell", "nn.GRU")
RNNS = ("nn.RNNCell", "nn.RNN")


@dataclass(frozen=True)
class Fault:
    """A named, deliberate mistake.

    Attributes:
        name: its name in commands.
        family: the kind of mistake.
        cases: the cases that it applies to.
        story: the mistake, and a project that made it in real life if there is one.
        seams: the steps of those cases' programs that it replaces.
        around: called as `(t, x, correct)` instead of the whole program: it may change the namespace, the
            tensors and settings, or the result of the correct program.
        wrap: called as `(t, built)` with the layer that the correct program builds; returns the layer that is
            used instead. It is judged in the uses that `uses` names, where they apply, and not in the plain
            call.
        uses: the uses that must show what `wrap` does wrong.
    """

    name: str
    family: str
    cases: tuple[str, ...]
    story: str
    seams: Mapping[str, Callable[..., Any]] = field(default_factory=dict, kw_only=True)
    around: Around | None = field(default=None, kw_only=True)
    wrap: Callable[[Any, Built], Built] | None = field(default=None, kw_only=True)
    uses: tuple[str, ...] = field(default=(), kw_only=True)
