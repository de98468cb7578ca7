"""Trains the linear model in one of the ways of _ways.py, and traces all that an optimiser decides.

The program of the cases of optimisers: `train` makes a `Training` and steps it; events change it in between.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.cases._facts import DTYPES
from conformance.cases._leading import numbers
from conformance.cases._ways import WAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases._ways import Way
    from conformance.cases.case import Config, Values
    from conformance.sampling.sample import Scalar


class Optimiser(NamedTuple):
    """What the cases say of an optimiser.

    Attributes:
        name: its name in `optim`.
        options: from the settings to its options.
        others: the options of a second group that are not those of the first.
        kept: from the settings to the tensors of its state, and whether each is a sum of squares.
        numbers: the numbers of its state, besides the count of steps, with a value that they can have.
    """

    name: str
    options: Callable[[Config], dict[str, Any]]
    others: Mapping[str, Any]
    kept: Callable[[Config], Mapping[str, bool]]
    numbers: Mapping[str, float] = MappingProxyType({})


# The parameters by name. `idle` never has a gradient, so it never has a state, and the positions in a saved
# state have a gap.
PARAMETERS = ("weight", "idle", "bias")
# How many steps the loaded states say that each parameter has done.
_DONE: Mapping[str, Scalar] = {"weight": 7.0, "bias": 2.0}


class Training:
    """A model, its optimiser and its schedules.

    Args:
        t: the namespace.
        x: the values of the program.
        optimiser: the optimiser of the case.
        parameters: the values that the parameters start from, by name.
        options: options that differ from those of the sample.
    """

    def __init__(
        self,
        t: Any,
        x: Values,
        optimiser: Optimiser,
        parameters: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> None:
        self.t, self.x, self.optimiser = t, x, optimiser
        self.way: Way = WAYS[str(x.config["way"])]
        self.parameters = {name: parameters[name].detach().clone().requires_grad_() for name in PARAMETERS}
        self.calls = 0
        self.last = self.parameters["bias"]
        early = [self.parameters["weight"], self.parameters["idle"]]
        groups: list[Any] = [{"params": early}]
        if self.way.separate:
            groups.append({"params": [self.last], **optimiser.others})
        elif not self.way.late:
            groups = [*early, self.last]
        if x.call:
            self.optimizer = x.call(t, groups, x.config)
        else:
            given = {**optimiser.options(x.config), **self.way.options, **options}
            self.optimizer = getattr(t.optim, optimiser.name)(groups, **given)
        schedules = t.optim.lr_scheduler
        self.schedules = (
            (schedules.StepLR(self.optimizer, 4, 0.5), schedules.ExponentialLR(self.optimizer, 0.875))
            if self.way.scheduled
            else ()
        )

    def step(self, number: int) -> dict[str, Any]:
        """Make a step of training, and return the loss and the parameters after it."""
        way, zero = self.way, () if self.way.set_to_none is None else (self.way.set_to_none,)

        def loss_and_gradients() -> Any:
            self.calls += 1
            self.optimizer.zero_grad(*zero)
            loss = self._loss(number)
            loss.backward()
            return loss

        if way.closure:
            loss = self.optimizer.step(loss_and_gradients)
        else:
            loss = loss_and_gradients()
            if way.clipped:
                self._clip(number)
            self.optimizer.step()
        for schedule in self.schedules:
            schedule.step()
        found = {f"{name}.{number}": self.parameters[name].detach().clone() for name in ("weight", "bias")}
        # An optimiser that does not return the loss of a closure has no loss to show.
        return found if loss is None else {f"loss.{number}": loss.detach(), **found}

    def _loss(self, number: int) -> Any:
        bias = None if number in self.way.unused else self.parameters["bias"]
        output = self.t.nn.functional.linear(self.x["input"], self.parameters["weight"], bias)
        return self.t.nn.functional.mse_loss(output, self.x["target"])

    def _clip(self, number: int) -> None:
        parameters = (parameter for parameter in self.parameters.values())
        if number % 2:
            self.t.nn.utils.clip_grad_norm_(parameters, 0.25)
        else:
            self.t.nn.utils.clip_grad_value_(parameters, 0.125)

    def saved(self) -> dict[str, Any]:
        """Return the optimiser's state with copies of its tensors, as a file would give it back."""
        saved = self.optimizer.state_dict()
        state = {
            place: {name: value.clone() if hasattr(value, "clone") else value for name, value in kept.items()}
            for place, kept in saved["state"].items()
        }
        return {"state": state, "param_groups": [dict(group) for group in saved["param_groups"]]}

    def load(self, state: Mapping[str, Any]) -> None:
        """Load a state. Its numbers stay float32, as they are in training.

        torch casts all but the count to the dtype of the parameters, and no noise can follow a float64 number
        into the Python scalar that a step makes of it.
        """
        self.optimizer.load_state_dict(state)
        for kept in self.optimizer.state.values():
            kept |= {key: kept[key].float() for key in self.optimiser.numbers if key in kept}

    def result(self) -> dict[str, Any]:
        """Return what is left at the end: the unused parameter, the options and the state."""
        t, saved = self.t, self.optimizer.state_dict()
        found = {"idle": self.parameters["idle"].detach(), "calls": t.tensor(self.calls)}
        places: dict[int, str] = {}
        names = {id(parameter): name for name, parameter in self.parameters.items()}
        pairs = zip(self.optimizer.param_groups, saved["param_groups"], strict=True)
        for number, (group, packed) in enumerate(pairs):
            places |= {
                place: names[id(parameter)]
                for place, parameter in zip(packed["params"], group["params"], strict=True)
            }
            if self.way.events:
                found |= {f"option.{number}.{key}": t.tensor(numbers(value)) for key, value in packed.items()}
        for place, kept in saved["state"].items():
            for order, (key, value) in enumerate(kept.items()):
                name = f"state.{places.get(place, place)}.{key}"
                found |= {f"form of {name}": t.tensor([order, *_form(value)])}
                if getattr(value, "shape", ()):
                    found[name] = value.detach()
        return found


def _form(value: Any) -> list[int]:
    """Return the dtype and the shape of a tensor of a state as whole numbers; a scalar with its value."""
    if not hasattr(value, "shape"):
        return [-1, *numbers(value)]
    dtype = DTYPES.index(str(value.dtype).rpartition(".")[2])
    # A count of steps is float32 in both lanes.
    return [dtype if not value.dim() else -2, *value.shape, *([] if value.dim() else numbers(float(value)))]


def train(t: Any, x: Values, optimiser: Optimiser) -> dict[str, Any]:
    """Train in the way of the sample, and return losses, parameters, options and states."""
    first = Training(t, x, optimiser, x, {})
    runs, way = {"": first}, first.way
    trace: dict[str, Any] = {}
    for number in range(1, way.steps + 1):
        if number in way.events:
            EVENTS[way.events[number]](runs)
        for label, run in runs.items():
            trace |= {label + name: value for name, value in run.step(number).items()}
    for label, run in runs.items():
        trace |= {label + name: value for name, value in run.result().items()}
    return trace


def _scale_rates(factors: tuple[float, ...]) -> Callable[[dict[str, Training]], None]:
    def change(runs: dict[str, Training]) -> None:
        for group, factor in zip(runs[""].optimizer.param_groups, factors, strict=True):
            group["lr"] *= factor

    return change


def _freeze(runs: dict[str, Training]) -> None:
    runs[""].last.requires_grad_(requires_grad=False)


def _freeze_and_drop(runs: dict[str, Training]) -> None:
    _freeze(runs)
    runs[""].last.grad = None


def _thaw(runs: dict[str, Training]) -> None:
    runs[""].last.requires_grad_()


def _add(runs: dict[str, Training]) -> None:
    run = runs[""]
    run.optimizer.add_param_group({"params": [run.last], **run.optimiser.others})


def _resume(runs: dict[str, Training]) -> None:
    """Load the state into an optimiser of other options and of parameters that are copies; both go on."""
    run = runs[""]
    resumed = Training(run.t, run.x, run.optimiser, run.parameters, {"lr": 0.5, "weight_decay": 0.0})
    resumed.load(run.saved())
    runs["resumed."] = resumed


def _load(runs: dict[str, Training]) -> None:
    """Load a state in the form in which torch's optimiser saves it, of numbers of the sample."""
    run = runs[""]
    t, x = run.t, run.x
    state: dict[int, dict[str, Any]] = {}
    for place, name in enumerate(PARAMETERS):
        if name in _DONE:
            counted = {} if run.optimiser.name == "SGD" else {"step": t.tensor(_DONE[name])}
            counted |= {key: t.tensor(kept) for key, kept in run.optimiser.numbers.items()}
            state[place] = counted | {key: x[f"{name}.{key}"].clone() for key in run.optimiser.kept(x.config)}
    groups = run.saved()["param_groups"]
    for group, rate in zip(groups, (0.03125, 0.125), strict=True):
        group["lr"] = rate
    run.load({"state": state, "param_groups": groups})


EVENTS: Mapping[str, Callable[[dict[str, Training]], None]] = {
    "halve": _scale_rates((0.5, 1.0)),
    "raise": _scale_rates((1.0, 3.0)),
    "freeze": _freeze,
    "freeze and drop": _freeze_and_drop,
    "thaw": _thaw,
    "add": _add,
    "resume": _resume,
    "load": _load,
}
