"""OneCycleLR: the learning rates rise and fall once, and the momentum falls and rises."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from mytorch.optim._schedule import LRScheduler, per_group, require_optimizer

if TYPE_CHECKING:
    from typing import Any

    from mytorch.optim.optimizer import Group, Optimizer


class OneCycleLR(LRScheduler):
    """Raise the learning rates to their highest, and lower them far below where they began, step by step.

    `step` is called after every batch. The momentum, or β₁ of an optimizer with `betas`, goes the other way.

    Args:
        optimizer: its learning rates change, and by default its momentum.
        max_lr: the highest rate; one for all groups, or one per group.
        total_steps: the number of steps; or else
        epochs: the number of epochs, and
        steps_per_epoch: how many steps each has.
        pct_start: the share of the steps in which the rate rises, a float from 0 to 1.
        anneal_strategy: "cos" or "linear", the shape of the rise and the fall.
        cycle_momentum: whether the momentum changes.
        base_momentum: the lowest momentum; one for all groups, or one per group.
        max_momentum: the highest momentum.
        div_factor: the highest rate over the first.
        final_div_factor: the first rate over the last.
        three_phase: whether the rate first falls to where it began, as long as it rose.
        last_epoch: the step to resume after; -1 to start.

    Raises:
        TypeError: `optimizer` is not an Optimizer.
        ValueError: an option is out of its range, the number of steps is not given, there are not as many
            values as groups, or the optimizer has no momentum.

    Source: Smith & Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning
        Rates", 2017, in the form of
        https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html

    Examples:
        >>> own = optim.SGD([mytorch.ones(1)], lr=1.0, momentum=0.9)
        >>> scheduler = optim.lr_scheduler.OneCycleLR(own, max_lr=1.0, total_steps=5, pct_start=0.4)
        >>> [(own.step(), scheduler.step(), round(own.param_groups[0]["lr"], 3))[2] for _ in range(3)]
        [1.0, 0.75, 0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        require_optimizer(optimizer)
        self.optimizer = optimizer
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        self._schedule_phases = _phases(pct_start, self.total_steps, three_phase=three_phase)
        if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in {"cos", "linear"}:
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._anneal_func_type = anneal_strategy
        highest = per_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, highest, strict=True):
                group["initial_lr"] = rate / div_factor
                group["max_lr"] = rate
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(base_momentum, max_momentum, first=last_epoch == -1)
        super().__init__(optimizer, last_epoch)

    def _start_momentum(self, base: Any, highest: Any, *, first: bool) -> None:
        optimizer = self.optimizer
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError(
                "optimizer must support momentum or beta1 with `cycle_momentum` option enabled, "
                f"but got {type(optimizer).__name__}"
            )
        self.use_beta1 = "betas" in optimizer.defaults
        tops = per_group("max_momentum", optimizer, highest)
        bases = per_group("base_momentum", optimizer, base)
        if first:
            for top, low, group in zip(tops, bases, optimizer.param_groups, strict=True):
                self._set_momentum(group, top)
                group["max_momentum"] = top
                group["base_momentum"] = low

    def _set_momentum(self, group: Group, value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value

    def get_lr(self) -> list[Any]:
        """Return the learning rates of this step, one per group, and set the momentum.

        Raises:
            ValueError: there are no more steps.
        """
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"Tried to step {self.last_epoch} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        start = 0.0
        for phase in self._schedule_phases[:-1]:
            if self.last_epoch <= phase["end_step"]:
                break
            start = phase["end_step"]
        else:
            phase = self._schedule_phases[-1]
        done = (self.last_epoch - start) / (phase["end_step"] - start)
        found = []
        for group in self.optimizer.param_groups:
            found.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], done))
            if self.cycle_momentum:
                first, last = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._set_momentum(group, self._between(first, last, done))
        return found

    def _between(self, start: Any, end: Any, done: float) -> Any:
        if self._anneal_func_type == "linear":
            return (end - start) * done + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * done) + 1)


def _total(steps: Any, epochs: Any, per_epoch: Any) -> int:
    if steps is not None:
        return _positive("total_steps", steps)
    if epochs is not None and per_epoch is not None:
        return _positive("epochs", epochs) * _positive("steps_per_epoch", per_epoch)
    raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")


def _positive(name: str, value: Any) -> int:
    if value <= 0 or not isinstance(value, int):
        raise ValueError(f"Expected positive integer {name}, but got {value}")
    return value


def _phases(share: float, total: int, *, three_phase: bool) -> list[dict[str, Any]]:
    """Return the phases as torch's states hold them: where each ends, and between which values it leads."""
    rise, end = float(share * total) - 1, total - 1
    phases = [_phase(rise, "initial_lr", "max_lr", "max_momentum", "base_momentum")]
    if not three_phase:
        return [*phases, _phase(end, "max_lr", "min_lr", "base_momentum", "max_momentum")]
    fall = float(2 * share * total) - 2
    return [
        *phases,
        _phase(fall, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
        _phase(end, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
    ]


def _phase(end: float, start_lr: str, end_lr: str, start_momentum: str, end_momentum: str) -> dict[str, Any]:
    return {
        "end_step": end,
        "start_lr": start_lr,
        "end_lr": end_lr,
        "start_momentum": start_momentum,
        "end_momentum": end_momentum,
    }
