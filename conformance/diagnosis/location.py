"""What `localise` returns: the layer, direction, step and gate that is the first out of tolerance.

Made by diagnosis.localise; its line is what people read.
"""

from __future__ import annotations

from dataclasses import dataclass

# How many places that inherit an error are named; the others are counted.
_TOLD = 2


@dataclass(frozen=True)
class Location:
    """Where a subject leaves the reference first. Layers and steps count from 0.

    Attributes:
        case: the name of the case.
        sample: the text of the sample.
        lane: the lane in which it was looked for; None where the subject can be asked in none.
        observable: the first output or gradient that is wrong, in its own names; None where nothing is.
        layer: the layer; None where the case has none, or it cannot be told.
        direction: `forward`, `reverse` or `both`; likewise.
        step: the place in the sequence; likewise.
        gate: its letters as torch orders them, as `i and f`, or `every gate`; likewise.
        layers: how many layers there are.
        steps: how many steps there are.
        introduced: True where that one step of that one layer and direction is wrong by itself, fed by the
            oracle; False where each part is right by itself, and what joins or carries them is wrong; None
            where it cannot be told.
        inherited: what is wrong in the sample, and right by itself when fed by the oracle.
        told: how that is known, or why nothing can be said.
        notes: what else was found, each in a sentence's part.
        calls: how many tasks the subject was given.
    """

    case: str
    sample: str
    lane: str | None
    observable: str | None = None
    layer: int | None = None
    direction: str | None = None
    step: int | None = None
    gate: str | None = None
    layers: int = 0
    steps: int = 0
    introduced: bool | None = None
    inherited: tuple[str, ...] = ()
    told: str = ""
    notes: tuple[str, ...] = ()
    calls: int = 0

    @property
    def line(self) -> str | None:
        """The place in one line; None where nothing is wrong or nothing can be said, and `told` says why.

        Example:
            >>> from conformance.diagnosis.location import Location
            >>> Location("nn.GRU", "…", "float64", "output", 1, "reverse", 3, "z", 2, 7, told="as shown").line
            'layer 1 of 0–1, reverse, step 3 of 0–6, gate z, in output (as shown)'
        """
        if self.observable is None:
            return None
        parts = []
        if self.layer is not None:
            parts.append(f"layer {_of(self.layer, self.layers)}")
        if self.direction is not None:
            parts.append("both directions" if self.direction == "both" else self.direction)
        if self.step is not None:
            parts.append(f"step {_of(self.step, self.steps)}")
        if self.gate is not None:
            single = self.gate.startswith("every") or len(self.gate) == 1
            word = "" if self.gate.startswith("every") else "gate " if single else "gates "
            parts.append(f"{word}{self.gate}")
        place = f"{', '.join(parts)}, in {self.observable}" if parts else self.observable
        inherited = ", ".join(self.inherited[:_TOLD])
        if more := len(self.inherited[_TOLD:]):
            inherited += f" and {more} more"
        inherited = f"inherited by {inherited}" if inherited else ""
        # Of what else was found, the line has why it says no more.
        untold = [note for note in self.notes if "cannot" in note]
        about = "; ".join(filter(None, (self.told, inherited, *untold[:1])))
        return place + (f" ({about})" if about else "")


def _of(place: int, count: int) -> str:
    return f"{place} of 0–{count - 1}" if count > 1 else str(place)
