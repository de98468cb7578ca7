"""LRScheduler, the base class: counts epochs, and writes learning rates into an optimizer."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mytorch._core.typename import typename
from mytorch._tensor import Tensor
from mytorch.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from typing import Any


class LRScheduler:
    """Base class of schedules.

    A subclass defines `get_lr`, which returns the learning rates of the epoch `last_epoch`.

    Args:
        optimizer: its learning rates change.
        last_epoch: the epoch to resume after; -1 to start.

    Attributes:
        optimizer: its learning rates change.
        base_lrs: the initial learning rates, one per group.
        last_epoch: number of calls of `step`.

    Raises:
        TypeError: `optimizer` is not an Optimizer.
        KeyError: `last_epoch` is given, and a group has no "initial_lr".

    Source: https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate

    Examples:
        >>> class Warmup(optim.lr_scheduler.LRScheduler):
        ...     def get_lr(self):
        ...         return [base * min(1, (self.last_epoch + 1) / 4) for base in self.base_lrs]
        >>> Warmup(optim.SGD([mytorch.ones(1)], lr=0.1)).get_last_lr()
        [0.025]
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        require_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with "
                    "last_epoch >= 0. Load the optimizer's state first, or leave last_epoch at -1."
                )
        self.base_lrs = rates(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the first learning rates; SequentialLR calls it again where a schedule's turn begins."""
        self._step_count = 0
        self._is_initial = True
        # Not used; it makes the state_dict's entries the same as torch's.
        self._get_lr_called_within_step = False
        self.step()
        self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Return all attributes but the optimizer, by name."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state that `state_dict` returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """Return the learning rates that were last set, one per group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Return the learning rates of this epoch, one per group.

        Raises:
            NotImplementedError: the subclass has no `get_lr`.
        """
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> None:
        """Count an epoch and set the learning rates; called after the optimizer's steps of the epoch.

        Args:
            epoch: torch's deprecated way to name the epoch; leave it out.
        """
        if self._step_count == 1 and not self.optimizer._opt_called:  # noqa: SLF001 - kept for this class
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. You should call them in "
                "the opposite order: `optimizer.step()` before `lr_scheduler.step()`. Failure to do this "
                "will result in skipping the first value of the learning rate schedule.",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warn_of_epoch()
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        """Set the learning rates of the next epoch, or of the one that is named."""
        if epoch is None:
            self.last_epoch += 1
            values = self.get_lr()
        else:
            self.last_epoch = epoch
            values = getattr(self, "_get_closed_form_lr", self.get_lr)()
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            set_rate(group, value)
        self._last_lr = rates(self.optimizer)


def rates(optimizer: Optimizer, name: str = "lr") -> list[Any]:
    """Return the learning rates of the groups, tensors as copies.

    Args:
        optimizer: the optimizer.
        name: "lr" or "initial_lr".

    Returns:
        One number or tensor per group.
    """
    return [_copied(group[name]) for group in optimizer.param_groups]


def set_rate(group: dict[str, Any], value: Any) -> None:
    """Set the learning rate of a group; one that is a tensor stays the same tensor.

    Args:
        group: changed in place.
        value: a number or a tensor.
    """
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(value)
    else:
        group["lr"] = value


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """Return an option with one value per group, which may be given as one value for all.

    Args:
        name: the option, for the message.
        optimizer: its groups.
        value: a number or tensor, or a list or tuple of them.

    Returns:
        One number or tensor per group, tensors as copies.

    Raises:
        ValueError: there are not as many values as groups.
    """
    groups = len(optimizer.param_groups)
    values = list(value) if isinstance(value, (list, tuple)) else [value] * groups
    if len(values) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(values)} values, "
            f"param_groups has {groups}."
        )
    return [_copied(each) for each in values]


def require_optimizer(given: object) -> None:
    """Refuse anything but an Optimizer.

    Args:
        given: the argument.

    Raises:
        TypeError: it is another object.
    """
    if not isinstance(given, Optimizer):
        raise TypeError(f"{typename(given)} is not an Optimizer")


def warn_of_epoch() -> None:
    """Warn of the epoch as an argument, as torch does."""
    warnings.warn(
        "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. "
        "Please use `scheduler.step()` to step the scheduler.",
        UserWarning,
        stacklevel=3,
    )


def _copied(rate: Any) -> Any:
    return rate.clone() if isinstance(rate, Tensor) else rate
