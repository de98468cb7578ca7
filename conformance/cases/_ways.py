"""The ways to train: a table, read by _training.py, which trains in one of them, and by the family optim.

A way is data, so that each optimiser is trained in all of them, and a fault of training is one for all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.sampling.sample import Scalar

# Options with which a parameter moves even where its gradient is zero.
_MOVING: Mapping[str, Scalar] = {"momentum": 0.9, "weight_decay": 0.01}


@dataclass(frozen=True)
class Way:
    """A way to train the linear model.

    Attributes:
        steps: the number of steps.
        separate: the bias has a group of its own, with options of its own.
        late: the bias is not given to the optimiser at the start; an event adds it.
        closure: each step gets a function that computes the loss and the gradients.
        clipped: gradients are clipped, by their norm and by value in turn; the parameters come from a
            generator.
        scheduled: two schedules change the learning rates after each step.
        set_to_none: the argument of `zero_grad`; None leaves it out.
        unused: the steps in which the loss does not depend on the bias.
        events: what happens before a step, by its number: names of events of _training.py.
        options: options given to the optimiser beside those of the sample.
        settings: settings of the sample that the way needs to show anything; only those that a case has.
    """

    steps: int
    separate: bool = False
    late: bool = False
    closure: bool = False
    clipped: bool = False
    scheduled: bool = False
    set_to_none: bool | None = None
    unused: tuple[int, ...] = ()
    events: Mapping[int, str] = field(default_factory=dict)
    options: Mapping[str, Scalar] = field(default_factory=dict)
    settings: Mapping[str, Scalar] = field(default_factory=dict)


WAYS: Mapping[str, Way] = {
    "plain": Way(5),
    "groups": Way(4, separate=True),
    # The rate is changed by hand, as warm-up loops do.
    "rates": Way(5, separate=True, events={2: "halve", 4: "raise"}),
    # More than ten steps, after which the bias corrections of Adam still matter.
    "scheduled": Way(12, separate=True, clipped=True, scheduled=True),
    # A layer that is skipped in some steps has no gradient there: it stays, and its state too.
    "skipped": Way(5, unused=(1, 3, 4), settings=_MOVING),
    # The same with zeros in place of None: it moves by its momentum and its decay. A frozen parameter whose
    # gradient is still there moves too.
    "zeros": Way(5, unused=(3, 4), set_to_none=False, events={5: "freeze"}, settings=_MOVING),
    "none": Way(4, unused=(3,), set_to_none=True, settings=_MOVING),
    "frozen": Way(6, events={3: "freeze and drop", 6: "thaw"}, settings=_MOVING),
    "added": Way(5, late=True, events={3: "add"}),
    "closure": Way(3, closure=True),
    "foreach": Way(4, separate=True, options={"foreach": True}, settings={**_MOVING, "maximize": True}),
    "each": Way(3, options={"foreach": False}),
    # Saved after three steps, and loaded into another optimiser with other options; both go on.
    "resumed": Way(5, separate=True, events={4: "resume"}, settings=_MOVING),
    # A state as torch's optimiser makes it, of drawn numbers.
    "loaded": Way(3, separate=True, events={1: "load"}, settings=_MOVING),
}


def settle(config: Mapping[str, Scalar]) -> Mapping[str, Scalar]:
    """Return the settings that the way of a sample needs; see `Space.settle`."""
    needed = WAYS[str(config["way"])].settings
    return {name: value for name, value in needed.items() if name in config}
