"""Optimizer, the base class: parameter groups, the state of each parameter, and a step over both."""

from __future__ import annotations

import warnings
from collections import defaultdict
from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.typename import typename
from mytorch._tensor import Tensor
from mytorch.autograd import enable_grad
from mytorch.autograd.graph import counter_of
from mytorch.optim._hooks import (
    Hooked,
    hooked,
    passed_through,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from mytorch._core.types import Array

    Group: TypeAlias = dict[str, Any]
    Params: TypeAlias = Iterable[Tensor] | Iterable[Group] | Iterable[tuple[str, Tensor]]
    # Takes (parameter, gradient, options of the group, state), and changes parameter and state in place.
    Rule: TypeAlias = Callable[[Array, Array, Group, dict[str, Any]], None]

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]


class Optimizer(Hooked):
    """Base class of optimizers.

    A subclass defines the defaults of its options and `step`.

    Args:
        params: the parameters; or (name, parameter) pairs; or groups, dictionaries with a "params" entry and
            their own options.
        defaults: values of the options that a group does not give, by name.

    Attributes:
        param_groups: the groups, each with its "params" and every option.
        state: the state of each parameter.

    Raises:
        TypeError: a parameter is not a Tensor, or `params` is a single Tensor.
        ValueError: there are no parameters, or one is not a leaf or is in two groups.

    Source: https://docs.pytorch.org/docs/stable/optim.html

    Examples:
        >>> model = nn.Linear(3, 1)
        >>> groups = [{"params": [model.weight]}, {"params": [model.bias], "lr": 0.01}]
        >>> optimizer = optim.SGD(groups, lr=0.1)
        >>> [group["lr"] for group in optimizer.param_groups]
        [0.1, 0.01]
    """

    # Whether `step` was called, which learning rate schedulers ask before their own first step.
    _opt_called = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Put the hooks around the subclass's `step`, and make it note that it was called."""
        super().__init_subclass__(**kwargs)
        step = cls.__dict__.get("step")
        if step is not None:
            cls.step = hooked(step)  # type: ignore[method-assign]  # the same function, and what is around it

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {typename(params)}"
            )
        if defaults.get("differentiable"):
            raise RuntimeError("differentiable=True is not supported: steps are not recorded")
        if defaults.get("capturable"):
            raise RuntimeError("capturable=True is not supported: there are no CUDA graphs on a CPU")
        if defaults.get("fused") and defaults.get("foreach"):
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        given: list[Any] = list(params)
        if not given:
            raise ValueError("optimizer got an empty parameter list")
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
            lines.append("")
        return "\n".join([*lines[:-1], ")"])

    def add_param_group(self, param_group: Group) -> None:
        """Add a group of parameters with its own options.

        Args:
            param_group: "params", a tensor or an ordered collection of tensors or of (name, tensor) pairs,
                and options by name. The dictionary becomes the group, completed by the defaults.

        Raises:
            TypeError: it is not a dictionary, its parameters have no order, or one is not a Tensor.
            ValueError: a parameter is not a leaf, is in another group, or lacks a name that others have.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        given = param_group["params"]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of "
                "tensors in sets will change between runs. Please use a list instead."
            )
        entries = [given] if isinstance(given, Tensor) else list(given)
        names = [entry[0] for entry in entries if isinstance(entry, tuple)]
        params = [entry[1] if isinstance(entry, tuple) else entry for entry in entries]
        if names and len(names) != len(params):
            raise ValueError(
                "all optimizer params should be with/without names. Some param names are missing"
            )
        self._check(params)
        param_group["params"] = params
        if names:
            param_group["param_names"] = names
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        if len(set(params)) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; "
                "in future, this will cause an error",
                UserWarning,
                stacklevel=3,
            )
        for group in self.param_groups:
            if ("param_names" in group) != ("param_names" in param_group):
                kind = "with" if names else "without"
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {kind} names to the optimizer"
                )
        known = set(chain.from_iterable(group["params"] for group in self.param_groups))
        if not known.isdisjoint(params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    @staticmethod
    def _check(params: list[Any]) -> None:
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {typename(param)}"
                )
            if not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: whether `grad` becomes None; otherwise its elements become zero.
        """
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param.grad = None
                elif param.grad is not None:
                    # The same tensor stays: others may hold it.
                    if param.grad.node is not None:
                        param.grad.detach_()
                    else:
                        param.grad.requires_grad_(False)
                    param.grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient.

        Args:
            closure: computes the loss and its gradients; called before the step.

        Returns:
            What `closure` returned, or None without one.

        Raises:
            NotImplementedError: the subclass has no `step`.
        """
        raise NotImplementedError

    def _update(self, closure: Callable[[], Any] | None, rule: Rule) -> Any:
        """Take a step: apply `rule` to the arrays of every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        # torch does not warn of overflow.
        with np.errstate(all="ignore"):
            for group in self.param_groups:
                for param in group["params"]:
                    grad = param.grad
                    if grad is not None:
                        array = -grad.array if group["maximize"] else grad.array
                        state = self.state.get(param, {})
                        rule(param.array, array, group, state)
                        if state:
                            self.state[param] = state
                        # A graph that saved the old value must not use the new one.
                        counter_of(param).value += 1
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return the options and the state, with parameters replaced by their positions.

        Returns:
            "state", from positions to states, and "param_groups". The tensors are not copied.
        """
        hooks = None if self._hooks is None else self._hooks["state_dict"]
        if hooks is not None:
            for hook in tuple(hooks.before.values()):
                hook(self)
        positions: dict[Tensor, int] = {}
        groups = []
        start = 0
        for group in self.param_groups:
            for i, param in enumerate(group["params"], start):
                positions.setdefault(param, i)
            start += len(group["params"])
            packed = {name: value for name, value in group.items() if name != "params"}
            packed["params"] = [positions[param] for param in group["params"]]
            groups.append(packed)
        state = {positions.get(param, param): kept for param, kept in self.state.items()}
        saved = {"state": state, "param_groups": groups}
        return saved if hooks is None else passed_through(hooks.after, self, saved)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the options and the state that `state_dict` returned.

        Args:
            state_dict: of an optimizer with groups of the same lengths. Its tensors get the dtype of their
                parameter if that is floating, except "step"; those that have it are not copied, as in torch:
                two optimizers that go on from one state need `copy.deepcopy` of it.

        Raises:
            ValueError: the number of groups, or the length of one, differs.
        """
        hooks = None if self._hooks is None else self._hooks["load_state_dict"]
        if hooks is not None:
            state_dict = passed_through(hooks.before, self, state_dict.copy())
        groups = deepcopy(state_dict["param_groups"])
        if len(groups) != len(self.param_groups):
            raise ValueError(
                "loaded state dict has a different number of parameter groups: "
                f"expected {len(self.param_groups)}, got {len(groups)}"
            )
        owners: dict[Any, Tensor] = {}
        for present, group in zip(self.param_groups, groups, strict=True):
            if len(present["params"]) != len(group["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of "
                    f"optimizer's group: expected {len(present['params'])}, got {len(group['params'])}"
                )
            owners.update(zip(group["params"], present["params"], strict=True))
            group["params"] = present["params"]
            if "param_names" in present:
                group.setdefault("param_names", present["param_names"])
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for position, kept in state_dict["state"].items():
            owner = owners.get(position)
            state[position if owner is None else owner] = {
                name: _taken(owner, name, value) for name, value in kept.items()
            }
        self.state = state
        self.param_groups = groups
        if hooks is not None:
            for hook in tuple(hooks.after.values()):
                hook(self)


def _taken(owner: Tensor | None, name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _taken(owner, key, each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_taken(owner, "", each) for each in value)
    if not isinstance(value, Tensor):
        return deepcopy(value)
    # A count keeps its dtype, so that it loses no digits.
    if owner is not None and owner.is_floating_point() and name != "step":
        return value.to(owner.dtype)
    return value
