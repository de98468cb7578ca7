"""CosineAnnealingWarmRestarts: half a cosine wave after another, each from the full learning rate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mytorch.optim._schedule import LRScheduler, rates, set_rate

if TYPE_CHECKING:
    from typing import Any

    from mytorch.optim.optimizer import Optimizer


class CosineAnnealingWarmRestarts(LRScheduler):
    """Decrease the learning rates along half a cosine wave, start again from the full ones, and so on.

    In epoch t of a wave of T epochs a rate is η_min + (η - η_min)(1 + cos(πt / T)) / 2, where η is the first
    rate. `step` may be called within an epoch, with a fraction of it.

    Args:
        optimizer: its learning rates change.
        T_0: the number of epochs of the first wave, at least 1.
        T_mult: how many times longer each wave is than the one before, at least 1.
        eta_min: η_min, the lowest rate.
        last_epoch: the epoch to resume after; -1 to start.

    Raises:
        ValueError: T_0 or T_mult is not such a whole number, or eta_min is not a number.

    Source: Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, in the
        form of https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html

    Examples:
        >>> own = optim.SGD([mytorch.ones(1)], lr=1.0)
        >>> scheduler = optim.lr_scheduler.CosineAnnealingWarmRestarts(own, T_0=2)
        >>> [(own.step(), scheduler.step(), scheduler.get_last_lr())[2] for _ in range(4)]
        [[0.5], [1.0], [0.5], [1.0]]
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}")  # noqa: TRY004 - torch's class
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the learning rates of this epoch, one per group."""
        height = 1 + math.cos(math.pi * self.T_cur / self.T_i)
        return [self.eta_min + (base - self.eta_min) * height / 2 for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Count an epoch, or go to one, and set the learning rates.

        Args:
            epoch: the epoch to go to, with a fraction for steps within it; by default the next one.

        Raises:
            ValueError: the epoch is negative.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._go_to(epoch)
        self.last_epoch = math.floor(epoch)
        for group, value in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            set_rate(group, value)
        self._last_lr = rates(self.optimizer)

    def _go_to(self, epoch: float) -> None:
        if epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            waves = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**waves - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**waves
