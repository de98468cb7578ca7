"""torch with an Adam that is wrong beside its steps, and with one that is right in the same clothes."""

from __future__ import annotations

import sys
from types import ModuleType

import torch

from conformance import TorchLike


class _Cold(torch.optim.Adam):
    """Forgets the moments and the counts that it loads."""

    def load_state_dict(self, state):
        super().load_state_dict({**state, "state": {}})


class _Warm(torch.optim.Adam):
    """Loads a state through Python scalars, as one that reads a file of another format does."""

    def load_state_dict(self, state):
        kept = {
            place: {name: torch.tensor(value.tolist(), dtype=value.dtype) for name, value in each.items()}
            for place, each in state["state"].items()
        }
        super().load_state_dict({**state, "state": kept})


class _FirstGroup(torch.optim.Adam):
    """Steps every group with the options of the first."""

    def step(self, closure=None):
        first = {name: value for name, value in self.param_groups[0].items() if name != "params"}
        for group in self.param_groups[1:]:
            group.update(first)
        return super().step(closure)


class _EachGroup(torch.optim.Adam):
    """Steps each group in turn, with its own options."""

    def step(self, closure=None):
        loss = None if closure is None else closure()
        every = self.param_groups
        for group in every:
            self.param_groups = [group]
            super().step()
        self.param_groups = every
        return loss


def _with(name, adam):
    """Return torch with another Adam, as an implementation."""
    namespace = ModuleType(f"faulty_{name}")
    vars(namespace).update({key: value for key, value in vars(torch).items() if key != "__name__"})
    namespace.optim = ModuleType(f"faulty_{name}.optim")
    vars(namespace.optim).update(vars(torch.optim) | {"Adam": adam})
    sys.modules[namespace.__name__] = namespace
    return TorchLike(name, namespace.__name__)


resumed_cold = _with("resumed_cold", _Cold)
resumed_warm = _with("resumed_warm", _Warm)
first_group = _with("first_group", _FirstGroup)
each_group = _with("each_group", _EachGroup)
