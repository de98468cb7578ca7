"""The named faults: one file a family. A fault replaces a seam of a case's program, in torch's API.

Applied to mytorch it tests the suite; the same text applied to torch can tell what a subject does wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.faults import (
    activations,
    broadcasting,
    cells,
    derivatives,
    dropout,
    everywhere,
    layers,
    losses,
    metamorphic,
    moving,
    optimisers,
    precision,
    recurrent,
    reductions,
    schedules,
    states,
    structure,
    training,
    weights,
)
from conformance.subjects.torchlike import TorchLike

if TYPE_CHECKING:
    from conformance.faults.fault import Fault

FAMILIES = (
    structure,
    weights,
    states,
    cells,
    recurrent,
    training,
    precision,
    optimisers,
    everywhere,
    broadcasting,
    derivatives,
    activations,
    reductions,
    layers,
    losses,
    moving,
    schedules,
    metamorphic,
    dropout,
)

FAULTS: dict[str, Fault] = {fault.name: fault for family in FAMILIES for fault in family.FAULTS}


def faulty(fault: Fault, module: str = "mytorch") -> TorchLike:
    """Return an implementation on a namespace with torch's API that is wrong in that one way."""
    return TorchLike(
        f"fault:{fault.name}",
        module,
        seams=dict.fromkeys(fault.cases, fault.seams) if fault.seams else None,
        around=dict.fromkeys(fault.cases, fault.around) if fault.around else None,
    )
