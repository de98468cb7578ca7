"""Declarative weight maps: which part of which reference parameter each parameter of a subject holds.

A map is data. It copies values to the subject and gradients (or values) back. A parameter that it leaves out,
on either side, is an error. Used by the subjects whose parameters have other names or layouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.sampling.values import Array


@dataclass(frozen=True)
class Entry:
    """One parameter of the subject.

    Attributes:
        target: its name there.
        source: the reference's parameter that it holds, or a part of.
        gates: the blocks of the source's first axis, in its order (`"i"`, `"ifog"`); all if empty.
        transpose: the subject stores the transpose.
        merge: a second source that is added: the subject has one bias where the reference has two.
    """

    target: str
    source: str
    gates: str = ""
    transpose: bool = False
    merge: str = ""


@dataclass(frozen=True)
class WeightMap:
    """All parameters of a subject, by entries.

    Attributes:
        entries: one for each of the subject's parameters.
        layout: the order of the gates in the reference, e.g. `"ifgo"`.
        zero: parameters of the reference that the subject does not have; they are zero, and their gradients
            are not observables.
    """

    entries: tuple[Entry, ...]
    layout: str = "ifgo"
    zero: tuple[str, ...] = ()

    def to_subject(self, reference: Mapping[str, Array]) -> dict[str, Array]:
        """Return the subject's parameters, from the reference's.

        Raises:
            UsageError: a parameter of the reference is mapped nowhere, one that the map names is missing, one
                that it declares zero is not, or one that it cuts into gates cannot be cut evenly.
        """
        self._check(reference)
        subject = {}
        for entry in self.entries:
            value = reference[entry.source]
            if entry.merge:
                value = value + reference[entry.merge]
            value = (
                np.concatenate([self._block(value, gate) for gate in entry.gates]) if entry.gates else value
            )
            subject[entry.target] = np.ascontiguousarray(value.T if entry.transpose else value)
        return subject

    def to_reference(self, subject: Mapping[str, Array], *, gradients: bool = False) -> dict[str, Array]:
        """Return the reference's parameters, or their gradients, from the subject's.

        Args:
            subject: every parameter of the subject, by its own names.
            gradients: these are gradients: of two biases that were added, both have the gradient of the sum.
                Of values, the first gets the sum and the second zero.

        Raises:
            UsageError: a parameter of the subject is mapped nowhere, or one that the map names is missing.
        """
        _compare("subject", set(subject), {entry.target for entry in self.entries})
        reference: dict[str, Array] = {}
        for entry in self.entries:
            value = subject[entry.target]
            value = value.T if entry.transpose else value
            if entry.gates:
                self._put(reference, entry, value)
            else:
                reference[entry.source] = np.ascontiguousarray(value)
        for entry in self.entries:
            if entry.merge:
                whole = reference[entry.source]
                reference[entry.merge] = whole.copy() if gradients else np.zeros_like(whole)
        return reference

    def _block(self, value: Array, gate: str) -> Array:
        height = value.shape[0] // len(self.layout)
        k = self.layout.index(gate)
        return np.asarray(value[k * height : (k + 1) * height])

    def _put(self, reference: dict[str, Array], entry: Entry, value: Array) -> None:
        height = value.shape[0] // len(entry.gates)
        shape = (height * len(self.layout), *value.shape[1:])
        whole = reference.setdefault(entry.source, np.full(shape, np.nan, dtype=value.dtype))
        for k, gate in enumerate(entry.gates):
            self._block(whole, gate)[...] = value[k * height : (k + 1) * height]

    def _check(self, reference: Mapping[str, Array]) -> None:
        blocks: dict[str, set[str]] = {}
        for entry in self.entries:
            for source in filter(None, (entry.source, entry.merge)):
                blocks.setdefault(source, set()).update(entry.gates or self.layout)
        _compare("reference", set(reference), set(blocks) | (set(self.zero) & set(reference)))
        for source, gates in blocks.items():
            if gates != set(self.layout):
                lacking = "".join(gate for gate in self.layout if gate not in gates)
                raise UsageError(f"weight map: gates {lacking!r} of {source} are mapped nowhere")
        for source in {entry.source for entry in self.entries if entry.gates}:
            rows = len(reference[source])
            if rows % len(self.layout):
                raise UsageError(
                    f"weight map: {rows} rows of {source} are not a multiple of its {len(self.layout)} gates"
                )
        for name in self.zero:
            if name in reference and np.any(reference[name]):
                raise UsageError(f"weight map: {name} is declared zero, but holds other numbers")


def _compare(side: str, given: set[str], mapped: set[str]) -> None:
    if given - mapped:
        raise UsageError(f"weight map: left unmapped in the {side}: {', '.join(sorted(given - mapped))}")
    if mapped - given:
        raise UsageError(f"weight map: missing in the {side}: {', '.join(sorted(mapped - given))}")
