"""What `first_divergence` returns: the module, its worst elements, and whether its inputs agree.

Made by diagnosis.comparison; its text is what people read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Element(NamedTuple):
    """One element of a result that is out of tolerance.

    Attributes:
        place: where it is, by its indices.
        expected: the reference's number.
        got: the candidate's number.
        tolerance: what rounding explains.
        headroom: the tolerance divided by the error; below 1 here.
    """

    place: tuple[int, ...]
    expected: float
    got: float
    tolerance: float
    headroom: float


@dataclass(frozen=True)
class Divergence:
    """The first module of a candidate that does not compute what the reference's computes.

    Attributes:
        name: the module's qualified name in the reference; empty for the whole model.
        candidate: its qualified name in the candidate.
        call: which of the candidate's calls of it, from 1; 0 if a parameter or a buffer differs before
            anything ran.
        output: `output`, `output[K]` of several, or the name of the parameter or buffer.
        told: what is wrong with it, in words, with the worst elements.
        worst: up to three elements with the least headroom, the worst first; empty where shapes differ, or
            the output is missing.
        inputs_agree: whether the candidate's module was given what the reference's was given, up to the
            rounding of what ran before; None where that is not known, as before anything ran.
        first_inputs: of a module whose submodules agree, the first of these that was given something else;
            empty if there is none.
        unmatched: the modules that the reference calls and that were not compared.
    """

    name: str
    candidate: str
    call: int
    output: str
    told: str
    worst: tuple[Element, ...] = ()
    inputs_agree: bool | None = None
    first_inputs: str = ""
    unmatched: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """Where the difference comes from, in words; it is never only inherited from the inputs."""
        if not self.call:
            return "differs before anything ran"
        if self.inputs_agree is None:
            return "introduced here"
        if self.inputs_agree:
            return "introduced here; its inputs agree"
        return "introduced here, on inputs that differ already, by code outside the modules compared"

    def __str__(self) -> str:
        module = self.name or "the whole model"
        if self.candidate != self.name:
            module += f" ({self.candidate or 'the whole model'} in the candidate)"
        call = f", call {self.call}" if self.call else ""
        lines = [f"{module}{call}: {self.origin}", self.told]
        if self.first_inputs:
            lines.append(
                f"Its submodules agree, each on its own inputs, and {self.first_inputs} is the first that is "
                "given other inputs than in the reference: the code before it differs."
            )
        if self.unmatched:
            lines.append(f"not compared: {', '.join(self.unmatched)}")
        return "\n".join(lines)
