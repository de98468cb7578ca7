"""SequentialLR: schedules of one optimizer that take turns."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from mytorch.optim._plateau import ReduceLROnPlateau
from mytorch.optim._schedule import LRScheduler, set_rate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch.optim.optimizer import Optimizer


class SequentialLR(LRScheduler):
    """Follow one schedule up to an epoch, then the next one: a warmup and a decay, as a rule.

    Args:
        optimizer: its learning rates change.
        schedulers: the schedules of this optimizer, in their order.
        milestones: the epochs at which the second, third, … begins; one less than schedules.
        last_epoch: the epoch to resume after; -1 to start.

    Raises:
        TypeError: one of the schedules has no optimizer.
        ValueError: there are no schedules, one is of another optimizer or is a ReduceLROnPlateau, or the
            number of milestones is wrong.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html

    Examples:
        >>> own = optim.SGD([mytorch.ones(1)], lr=1.0)
        >>> warmup = optim.lr_scheduler.LinearLR(own, 0.5, total_iters=2)
        >>> decay = optim.lr_scheduler.ExponentialLR(own, gamma=0.5)
        >>> scheduler = optim.lr_scheduler.SequentialLR(own, [warmup, decay], milestones=[2])
        >>> [(own.step(), scheduler.step(), scheduler.get_last_lr())[2] for _ in range(3)]
        [[0.75], [1.0], [0.5]]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        if len(schedulers) < 1:
            raise ValueError("SequentialLR expects at least one scheduler, but got no scheduler.")
        for i, each in enumerate(schedulers):
            _check(i, each, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than the number "
                f"of milestone points, but got number of schedulers {len(schedulers)} and the number of "
                f"milestones to be equal to {len(milestones)}"
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        # Each schedule made its first step when it was made; only the first one's counts.
        for group in optimizer.param_groups:
            set_rate(group, group["initial_lr"])
        self.recursive_undo()
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()  # noqa: SLF001 - kept for this class
        self._last_lr = first.get_last_lr()

    def recursive_undo(self, sched: Any = None) -> None:
        """Take back the first step of every schedule, also of those within schedules of this kind.

        Args:
            sched: a schedule; by default this one.
        """
        undone = self if sched is None else sched
        if hasattr(undone, "_schedulers"):
            for each in undone._schedulers:  # noqa: SLF001 - its own kind
                self.recursive_undo(each)
        elif hasattr(undone, "last_epoch"):
            undone.last_epoch -= 1

    def step(self) -> None:  # type: ignore[override]  # as in torch, it takes no epoch
        """Count an epoch, and let the schedule whose turn it is set the learning rates."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        schedule = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            schedule._update_lr(0)  # noqa: SLF001 - kept for this class
        else:
            schedule.step()
        self._last_lr = schedule.get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        """Return all attributes but the optimizer, by name, with the states of the schedules."""
        state = {
            key: value for key, value in self.__dict__.items() if key not in {"optimizer", "_schedulers"}
        }
        state["_schedulers"] = [each.state_dict() for each in self._schedulers]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the state that `state_dict` returned."""
        self.__dict__.update({key: value for key, value in state_dict.items() if key != "_schedulers"})
        for each, state in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            each.load_state_dict(state)


def _check(i: int, schedule: Any, optimizer: Optimizer) -> None:
    if not hasattr(schedule, "optimizer"):
        raise TypeError(f"SequentialLR at index {i} should have `optimizer` as its attribute.")
    if isinstance(schedule, ReduceLROnPlateau):
        raise ValueError(  # noqa: TRY004 - torch's class
            "SequentialLR does not support `ReduceLROnPlateau` scheduler as it requires additional kwargs to "
            f"be specified when calling `step`, but got one at index {i} in the given schedulers sequence."
        )
    if schedule.optimizer is not optimizer:
        raise ValueError(
            "SequentialLR expects all schedulers to belong to the same optimizer, but got scheduler "
            f"{type(schedule).__name__} at index {i} has {schedule.optimizer}, which is different from "
            f"{type(optimizer).__name__}."
        )
