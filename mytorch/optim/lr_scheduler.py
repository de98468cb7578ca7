"""Schedules of learning rates: each changes those of an optimizer from epoch to epoch."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

from mytorch._core.lacking import no_attribute as _no_attribute
from mytorch.optim._factors import ConstantLR, LinearLR, PolynomialLR
from mytorch.optim._one_cycle import OneCycleLR
from mytorch.optim._plateau import ReduceLROnPlateau
from mytorch.optim._restarts import CosineAnnealingWarmRestarts
from mytorch.optim._schedule import LRScheduler, rates
from mytorch.optim._sequence import SequentialLR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from mytorch.optim.optimizer import Optimizer

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]


class _LRScheduler(LRScheduler):
    """The base class under the name that it had before torch 2.0, which many programs import."""


class LambdaLR(LRScheduler):
    """Set each learning rate to its initial value times a function of the epoch.

    Args:
        optimizer: its learning rates change.
        lr_lambda: takes the epoch and returns the factor; one function, or a list with one per group.
        last_epoch: the epoch to resume after; -1 to start.

    Raises:
        ValueError: the numbers of functions and groups differ.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html

    Examples:
        >>> scheduler = optim.lr_scheduler.LambdaLR(optim.SGD([mytorch.ones(1)], lr=1.0), lambda t: 0.5**t)
        >>> for epoch in range(4):
        ...     print(epoch, scheduler.get_last_lr())
        ...     scheduler.optimizer.step()
        ...     scheduler.step()
        0 [1.0]
        1 [0.5]
        2 [0.25]
        3 [0.125]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = len(optimizer.param_groups)
        given = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        if len(given) != groups:
            raise ValueError(f"Expected {groups} lr_lambdas, but got {len(given)}")
        self.lr_lambdas = given
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the learning rates of this epoch, one per group."""
        return [
            base * function(self.last_epoch)
            for function, base in zip(self.lr_lambdas, self.base_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        """Return all attributes but the optimizer; None for a function, its attributes for an object."""
        state = super().state_dict()
        # Last, as in torch.
        del state["lr_lambdas"]
        state["lr_lambdas"] = [
            dict(vars(each)) if not hasattr(each, "__code__") else None for each in self.lr_lambdas
        ]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state that `state_dict` returned; functions stay those of the constructor."""
        self.__dict__.update({key: value for key, value in state_dict.items() if key != "lr_lambdas"})
        for function, kept in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if kept is not None:
                vars(function).update(kept)


class StepLR(LRScheduler):
    """Multiply the learning rates by gamma every `step_size` epochs.

    Args:
        optimizer: its learning rates change.
        step_size: the number of epochs.
        gamma: the factor.
        last_epoch: the epoch to resume after; -1 to start.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html

    Examples:
        >>> scheduler = optim.lr_scheduler.StepLR(optim.SGD([mytorch.ones(1)], lr=1.0), step_size=2)
        >>> for epoch in range(4):
        ...     print(epoch, scheduler.get_last_lr())
        ...     scheduler.optimizer.step()
        ...     scheduler.step()
        0 [1.0]
        1 [1.0]
        2 [0.1]
        3 [0.1]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the learning rates of this epoch, one per group."""
        due = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return [rate * self.gamma if due else rate for rate in rates(self.optimizer)]

    def _get_closed_form_lr(self) -> list[Any]:
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    """Multiply the learning rates by gamma at each of some epochs.

    Args:
        optimizer: its learning rates change.
        milestones: the epochs; one that occurs twice counts twice.
        gamma: the factor.
        last_epoch: the epoch to resume after; -1 to start.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html

    Examples:
        >>> scheduler = optim.lr_scheduler.MultiStepLR(optim.SGD([mytorch.ones(1)], lr=1.0), [1, 3], 0.5)
        >>> for epoch in range(4):
        ...     print(epoch, scheduler.get_last_lr())
        ...     scheduler.optimizer.step()
        ...     scheduler.step()
        0 [1.0]
        1 [0.5]
        2 [0.5]
        3 [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the learning rates of this epoch, one per group."""
        times = self.milestones[self.last_epoch]
        return [rate * self.gamma**times if times else rate for rate in rates(self.optimizer)]

    def _get_closed_form_lr(self) -> list[Any]:
        passed = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [base * self.gamma**passed for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """Multiply the learning rates by gamma every epoch.

    Args:
        optimizer: its learning rates change.
        gamma: the factor.
        last_epoch: the epoch to resume after; -1 to start.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html

    Examples:
        >>> scheduler = optim.lr_scheduler.ExponentialLR(optim.SGD([mytorch.ones(1)], lr=1.0), gamma=0.5)
        >>> for epoch in range(4):
        ...     print(epoch, scheduler.get_last_lr())
        ...     scheduler.optimizer.step()
        ...     scheduler.step()
        0 [1.0]
        1 [0.5]
        2 [0.25]
        3 [0.125]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the learning rates of this epoch, one per group."""
        return [rate if self._is_initial else rate * self.gamma for rate in rates(self.optimizer)]

    def _get_closed_form_lr(self) -> list[Any]:
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class CosineAnnealingLR(LRScheduler):
    """Decrease the learning rates along half a cosine wave, and increase them along the other half.

    At epoch t a rate is η_min + (η - η_min)(1 + cos(πt / T)) / 2, where η is the initial one. It is computed
    from the rate of the epoch before, so that another change of the rate lasts.

    Args:
        optimizer: its learning rates change.
        T_max: T, the number of epochs until the lowest rate.
        eta_min: η_min, the lowest rate.
        last_epoch: the epoch to resume after; -1 to start.

    Source: Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, without
        the restarts, in the form of
        https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html

    Examples:
        >>> scheduler = optim.lr_scheduler.CosineAnnealingLR(optim.SGD([mytorch.ones(1)], lr=1.0), T_max=2)
        >>> for epoch in range(3):
        ...     print(epoch, scheduler.get_last_lr())
        ...     scheduler.optimizer.step()
        ...     scheduler.step()
        0 [1.0]
        1 [0.5]
        2 [0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the learning rates of this epoch, one per group."""
        present, epoch = rates(self.optimizer), self.last_epoch
        if self._is_initial:
            return present
        if self._step_count == 1 and epoch > 0:
            return self._get_closed_form_lr()
        if (epoch - 1 - self.T_max) % (2 * self.T_max) == 0:
            # The rate before was the lowest, which no factor changes.
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [
                rate + (base - self.eta_min) * rise for base, rate in zip(self.base_lrs, present, strict=True)
            ]
        factor = self._height(epoch) / self._height(epoch - 1)
        return [factor * (rate - self.eta_min) + self.eta_min for rate in present]

    def _height(self, epoch: int) -> float:
        return 1 + math.cos(math.pi * epoch / self.T_max)

    def _get_closed_form_lr(self) -> list[Any]:
        height = self._height(self.last_epoch)
        return [self.eta_min + (base - self.eta_min) * height / 2 for base in self.base_lrs]


if not TYPE_CHECKING:  # to a type checker, a module with this function has every name

    def __getattr__(name: str) -> object:
        raise _no_attribute(__name__, name)
