"""ReduceLROnPlateau: a schedule that depends on a measure of success instead of the epoch."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from mytorch.optim._schedule import LRScheduler, rates, require_optimizer, set_rate, warn_of_epoch

if TYPE_CHECKING:
    from typing import Any, SupportsFloat

    from mytorch.optim.optimizer import Optimizer


class ReduceLROnPlateau(LRScheduler):
    """Multiply the learning rates by a factor when a measure has not improved for some epochs.

    Args:
        optimizer: its learning rates change.
        mode: "min" where less is better, "max" where more is.
        factor: below 1.
        patience: number of epochs without improvement before a reduction.
        threshold: the least improvement that counts, relative or absolute.
        threshold_mode: "rel" or "abs".
        cooldown: number of epochs after a reduction that are not counted.
        min_lr: the least learning rate; one for all groups, or a list with one per group.
        eps: the least reduction; smaller ones are not made.

    Attributes:
        best: the best measure so far.
        num_bad_epochs: epochs without improvement since then.
        cooldown_counter: number of the next epochs that are not counted.

    Raises:
        ValueError: an option is out of its range, or the numbers of `min_lr` and groups differ.
        TypeError: `optimizer` is not an Optimizer.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html

    Examples:
        >>> optimizer = optim.SGD([mytorch.ones(1)], lr=1.0)
        >>> scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)
        >>> for loss in [3.0, 2.0, 2.0, 2.0]:
        ...     scheduler.step(loss)
        >>> scheduler.get_last_lr()
        [0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: list[float] | float = 0,
        eps: float = 1e-8,
    ) -> None:
        # The base class's constructor counts an epoch, which needs a measure here.
        if factor >= 1.0:
            raise ValueError(f"Factor should be < 1.0, got {factor}.")
        self.factor = factor
        require_optimizer(optimizer)
        self.optimizer = optimizer
        groups = len(optimizer.param_groups)
        self.default_min_lr: float | None = None
        if isinstance(min_lr, (list, tuple)):
            if len(min_lr) != groups:
                raise ValueError(f"expected {groups} min_lrs, got {len(min_lr)}")
            self.min_lrs = list(min_lr)
        else:
            self.default_min_lr = min_lr
            self.min_lrs = [min_lr] * groups
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = rates(optimizer)
        self._choose(mode, threshold, threshold_mode)
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def _choose(self, mode: str, threshold: float, threshold_mode: str) -> None:
        if mode not in {"min", "max"}:
            raise ValueError(f"mode {mode} is unknown!")
        if threshold_mode not in {"rel", "abs"}:
            raise ValueError(f"threshold mode {threshold_mode} is unknown!")
        self.mode_worse = inf if mode == "min" else -inf
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode

    @property
    def in_cooldown(self) -> bool:
        """Whether the next epoch is not counted."""
        return self.cooldown_counter > 0

    def step(  # type: ignore[override]  # torch's signature has a measure too
        self, metrics: SupportsFloat, epoch: int | None = None
    ) -> None:
        """Count an epoch, and reduce the learning rates where that is due.

        Args:
            metrics: the measure, a number or a one-element tensor.
            epoch: torch's deprecated way to name the epoch; leave it out.

        Raises:
            RuntimeError: a group was added to the optimizer, and `min_lr` is a list.
        """
        current = float(metrics)
        if epoch is not None:
            warn_of_epoch()
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = rates(self.optimizer)

    def _is_better(self, current: float) -> bool:
        sign = -1.0 if self.mode == "min" else 1.0
        if self.threshold_mode == "rel":
            bar = self.best * (1.0 + sign * self.threshold)
        else:
            bar = self.best + sign * self.threshold
        return current < bar if self.mode == "min" else current > bar

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"The number of param groups in the `optimizer` ({len(groups)}) differs from when "
                    f"`ReduceLROnPlateau` was initialized ({len(self.min_lrs)}), usually due to a new param "
                    "group being added to the optimizer. Please modify the `min_lrs` field to match the "
                    "length of the `optimizer` param groups."
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, least in zip(groups, self.min_lrs, strict=True):
            old = float(group["lr"])
            new = max(old * self.factor, least)
            if old - new > self.eps:
                set_rate(group, new)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state that `state_dict` returned."""
        self.__dict__.update(state_dict)
        self._choose(self.mode, self.threshold, self.threshold_mode)
