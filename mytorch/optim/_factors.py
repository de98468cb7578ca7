"""Schedules that reach the full or the last learning rate after a number of epochs, and then rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.optim._schedule import LRScheduler, rates

if TYPE_CHECKING:
    from typing import Any

    from mytorch.optim.optimizer import Optimizer


class ConstantLR(LRScheduler):
    """Multiply the learning rates by a factor for some epochs, and return to the initial ones.

    Args:
        optimizer: its learning rates change.
        factor: from 0 to 1.
        total_iters: the number of epochs.
        last_epoch: the epoch to resume after; -1 to start.

    Raises:
        ValueError: the factor is out of its range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html

    Examples:
        >>> scheduler = optim.lr_scheduler.ConstantLR(optim.SGD([mytorch.ones(1)], lr=1.0), 0.5, 2)
        >>> for epoch in range(3):
        ...     print(epoch, scheduler.get_last_lr())
        ...     scheduler.optimizer.step()
        ...     scheduler.step()
        0 [0.5]
        1 [0.5]
        2 [1.0]
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if factor > 1.0 or factor < 0:
            raise ValueError(
                f"Constant multiplicative factor expected to be between 0 and 1, but got {factor}."
            )
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the learning rates of this epoch, one per group."""
        present = rates(self.optimizer)
        if self.last_epoch == 0:
            return [rate * self.factor for rate in present]
        if self.last_epoch != self.total_iters:
            return present
        return [rate * (1.0 / self.factor) for rate in present]

    def _get_closed_form_lr(self) -> list[Any]:
        factor = self.factor + (self.last_epoch >= self.total_iters) * (1 - self.factor)
        return [base * factor for base in self.base_lrs]


class LinearLR(LRScheduler):
    """Change the factor of the learning rates along a line, from one value to another: a warmup, as a rule.

    Args:
        optimizer: its learning rates change.
        start_factor: the first factor, above 0 and up to 1.
        end_factor: the last factor, from 0 to 1.
        total_iters: the number of epochs after which the last factor is reached.
        last_epoch: the epoch to resume after; -1 to start.

    Raises:
        ValueError: a factor is out of its range.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html

    Examples:
        >>> scheduler = optim.lr_scheduler.LinearLR(optim.SGD([mytorch.ones(1)], lr=1.0), 0.5, total_iters=2)
        >>> for epoch in range(4):
        ...     print(epoch, scheduler.get_last_lr())
        ...     scheduler.optimizer.step()
        ...     scheduler.step()
        0 [0.5]
        1 [0.75]
        2 [1.0]
        3 [1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if start_factor > 1.0 or start_factor <= 0:
            raise ValueError(
                "Starting multiplicative factor expected to be greater than 0 and less or equal to 1, "
                f"but got {start_factor}."
            )
        if end_factor > 1.0 or end_factor < 0:
            raise ValueError(
                f"Ending multiplicative factor expected to be between 0 and 1, but got {end_factor}."
            )
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the learning rates of this epoch, one per group."""
        present = rates(self.optimizer)
        if self.last_epoch == 0:
            return [rate * self.start_factor for rate in present]
        if self._is_initial or self.last_epoch > self.total_iters:
            return present
        slope = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * slope
        return [rate * (1.0 + slope / before) for rate in present]

    def _get_closed_form_lr(self) -> list[Any]:
        slope, done = self.end_factor - self.start_factor, min(self.total_iters, self.last_epoch)
        return [base * (self.start_factor + slope * done / self.total_iters) for base in self.base_lrs]


class PolynomialLR(LRScheduler):
    """Decrease the learning rates to zero along a power of the epochs that are left.

    At epoch t of T a rate is η (1 - t / T)ᵖ, where η is the initial one. It is computed from the rate of the
    epoch before, so that another change of the rate lasts.

    Args:
        optimizer: its learning rates change.
        total_iters: T, the number of epochs after which it is zero.
        power: p.
        last_epoch: the epoch to resume after; -1 to start.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html

    Examples:
        >>> scheduler = optim.lr_scheduler.PolynomialLR(optim.SGD([mytorch.ones(1)], lr=1.0), 4, power=2.0)
        >>> for epoch in range(3):
        ...     print(epoch, scheduler.get_last_lr())
        ...     scheduler.optimizer.step()
        ...     scheduler.step()
        0 [1.0]
        1 [0.5625]
        2 [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the learning rates of this epoch, one per group."""
        present, epoch, total = rates(self.optimizer), self.last_epoch, self.total_iters
        if self._is_initial or epoch > total:
            return present
        factor = ((1.0 - epoch / total) / (1.0 - (epoch - 1) / total)) ** self.power
        return [rate * factor for rate in present]

    def _get_closed_form_lr(self) -> list[Any]:
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * left**self.power for base in self.base_lrs]
