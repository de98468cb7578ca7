"""A fault: a named, deliberate mistake that the suite must catch.

The families are tuples of faults; running.selftest judges each on its cases.
"""

from __future__ import annotations

import re
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

# The projects in which a mistake was made, by the numbers of their issues.
_SOURCE = re.compile(r" \([^()]*#\d[^()]*\)")


@dataclass(frozen=True)
class Fault:
    """A named, deliberate mistake.

    Attributes:
        name: its name in commands.
        family: the kind of mistake.
        cases: the cases that it applies to.
        story: the mistake, and a project that made it in real life if there is one.
        says: the mistake as a diagnosis tells it, where that is not the story without its sources.
        seams: the steps of those cases' programs that it replaces.
        around: called as `(t, x, correct)` instead of the whole program: it may change the namespace, the
            tensors and settings, or the result of the correct program.
        wrap: called as `(t, built)` with the layer that the correct program builds; returns the layer that is
            used instead. It is judged in the uses that `uses` names, where they apply, and not in the plain
            call.
        uses: the uses that must show what `wrap` does wrong.
        computes: the type that it computes in, where that is not the one that it returns.
    """

    name: str
    family: str
    cases: tuple[str, ...]
    story: str
    seams: Mapping[str, Callable[..., Any]] = field(default_factory=dict, kw_only=True)
    around: Around | None = field(default=None, kw_only=True)
    wrap: Callable[[Any, Built], Built] | None = field(default=None, kw_only=True)
    uses: tuple[str, ...] = field(default=(), kw_only=True)
    says: str = field(default="", kw_only=True)
    computes: str = field(default="", kw_only=True)

    @property
    def line(self) -> str:
        """The mistake in a few words, without where it was made.

        Example:
            >>> from conformance.faults import FAULTS
            >>> FAULTS["h-c-swapped"].line
            'returns (c, h) for (h, c)'
        """
        return self.says or _SOURCE.sub("", self.story)
