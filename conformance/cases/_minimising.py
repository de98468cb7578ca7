"""Minimises a logistic regression in two steps of LBFGS, and traces all that it decides.

LBFGS makes a Python float of the loss, where no noise can follow. It only compares losses, and a line search
takes its cubics through them. So the closure returns numbers of a script, and the gradients are real: the
script chooses between the branches of a search, and gradients decide what it finds. That the losses of a
real minimisation lead where torch's lead is tested in tests/mytorch/test_lbfgs.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._leading import numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Config, Values

# `idle` never has a gradient, and stands between the others: its part of all vectors is zero.
PARAMETERS = ("weight", "idle", "bias")
_STEPS = 2
# From the number of evaluations in a step to the loss. The numbers are exact in float32, and become small as
# brackets do. The settings allow a search few evaluations: these losses do not fit the slopes, and each makes
# a bracket a hundred times smaller, until rounding decides on which side of its end a minimum is.
SCRIPTS: Mapping[str, Callable[[int], float]] = {
    "falling": lambda calls: 2.0**-5 * 4.0**-calls,
    # Every third is higher than the one before, so that searches turn back.
    "uneven": lambda calls: 2.0**-5 * 4.0**-calls * (5 if calls % 3 == 2 else 1),
}


_OPTIONS = ("lr", "max_iter", "max_eval", "tolerance_grad", "tolerance_change", "history_size")


def options(config: Config) -> dict[str, Any]:
    """Return the optimiser's options."""
    search = config["line_search_fn"]
    return {name: config[name] for name in _OPTIONS} | {
        "line_search_fn": None if search == "none" else search
    }


class _Minimisation:
    """The parameters, the optimiser and the count of evaluations."""

    def __init__(self, t: Any, x: Values, start: Mapping[str, Any], **others: Any) -> None:
        self.t, self.x, self.calls, self.before = t, x, 0, 0
        self.parameters = {name: start[name].detach().clone().requires_grad_() for name in PARAMETERS}
        given = list(self.parameters.values())
        make = x.call or (lambda t, given, config: t.optim.LBFGS(given, **{**options(config), **others}))
        self.optimizer = make(t, given, x.config)

    def evaluate(self) -> float:
        """Give the parameters their gradients, and return the loss of the script."""
        t, x, own = self.t, self.x, self.parameters
        self.optimizer.zero_grad()
        output = t.nn.functional.linear(x["input"], own["weight"], own["bias"])
        loss = t.nn.functional.binary_cross_entropy_with_logits(output, t.sigmoid(x["target"]))
        size = (own["weight"] * own["weight"]).sum() + (own["bias"] * own["bias"]).sum()
        # For any number of outputs the slopes are of one size.
        (loss * int(x.config["O"]) + size * 0.0625).backward()
        self.calls += 1
        return SCRIPTS[str(x.config["script"])](self.calls - self.before)

    def step(self) -> dict[str, Any]:
        """Make a step, and return the loss, the parameters and the count of evaluations."""
        self.before = self.calls
        loss = self.optimizer.step(self.evaluate)
        values = {name: each.detach().clone() for name, each in self.parameters.items()}
        return {"loss": self.t.tensor(numbers(loss)), "calls": self.t.tensor(self.calls), **values}

    def saved(self) -> dict[str, Any]:
        """Return the optimiser's state with copies of its tensors."""
        saved = self.optimizer.state_dict()
        return {"state": _copied(saved["state"]), "param_groups": [dict(g) for g in saved["param_groups"]]}

    def state(self) -> dict[str, Any]:
        """Return the forms and the tensors of the state."""
        found: dict[str, Any] = {}
        for place, kept in self.optimizer.state_dict()["state"].items():
            for order, (key, value) in enumerate(kept.items()):
                parts = value if isinstance(value, list) else [value]
                form = [place, order, len(parts) if isinstance(value, list) else -1]
                for number, part in enumerate(parts):
                    tensor = hasattr(part, "shape")
                    form += [-2, *part.shape] if tensor else numbers(part)
                    if tensor:
                        found[f"state.{key}.{number}"] = part.detach()
                found[f"form of state.{key}"] = self.t.tensor(form)
        return found


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return value.clone() if hasattr(value, "clone") else value


def minimise(t: Any, x: Values) -> dict[str, Any]:
    """Return what each step does, and the state at the end, also of an optimiser that loads a state."""
    runs = {"": _Minimisation(t, x, x)}
    trace: dict[str, Any] = {}
    for number in range(1, _STEPS + 1):
        for label, run in runs.items():
            trace |= {f"{label}{name}.{number}": value for name, value in run.step().items()}
        if number == 1 and x.config["resumed"]:
            first = runs[""]
            other = _Minimisation(t, x, first.parameters, lr=0.125, history_size=1)
            other.optimizer.load_state_dict(first.saved())
            other.calls = first.calls
            runs["resumed."] = other
    for label, run in runs.items():
        trace |= {f"{label}{name}": value for name, value in run.state().items()}
    return trace
