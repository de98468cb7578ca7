"""Faults of learning rate schedules: late steps, other options or groups, or a state that is not loaded."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay, in_place_of
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values

    Options = dict[str, Any]

# The schedules that depend on the epoch; ExponentialLR multiplies by the same factor in each.
_BY_EPOCH = ("StepLR", "MultiStepLR", "CosineAnnealingLR", "ConstantLR", "LinearLR", "PolynomialLR")
_CHAINED = (*_BY_EPOCH, "ExponentialLR")
# Those whose rates follow from the epoch alone, whatever else changed them.
_CLOSED = ("LambdaLR", "CosineAnnealingWarmRestarts", "OneCycleLR")
_SCHEDULES = (*_CHAINED, *_CLOSED, "ReduceLROnPlateau")


class _Stepped:
    """A schedule whose steps another function makes."""

    def __init__(self, schedule: Any, step: Callable[..., None]) -> None:
        self._schedule, self._step, self._done = schedule, step, 0

    def step(self, *measure: Any) -> None:
        """Make a step as the fault does."""
        self._step(self._schedule, self._done, *measure)
        self._done += 1

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the schedule."""
        return getattr(self._schedule, name)


def _stepping(step: Callable[..., None], names: tuple[str, ...] = _SCHEDULES) -> Around:
    """Return a program whose schedules step by `step(schedule, steps done, *measure)`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        schedules = t.optim.lr_scheduler

        def wrapped(name: str) -> Callable[..., Any]:
            return lambda *given, **options: _Stepped(getattr(schedules, name)(*given, **options), step)

        return correct(Overlay(t, {f"optim.lr_scheduler.{name}": wrapped(name) for name in names}), x)

    return program


def _late(schedule: Any, done: int, *measure: Any) -> None:
    if done:
        schedule.step(*measure)


def _early(schedule: Any, done: int, *measure: Any) -> None:
    schedule.step(*measure)
    if not done:
        schedule.step(*measure)


def _first_group_only(schedule: Any, done: int, *measure: Any) -> None:
    kept = [group["lr"] for group in schedule.optimizer.param_groups[1:]]
    schedule.step(*measure)
    for group, rate in zip(schedule.optimizer.param_groups[1:], kept, strict=True):
        group["lr"] = rate


def _stays_at_the_end(schedule: Any, done: int) -> None:
    del done
    if schedule.last_epoch < schedule.T_max:
        schedule.step()


def _from_own_rates(schedule: Any, done: int, *measure: Any) -> None:
    del done
    for group, rate in zip(schedule.optimizer.param_groups, schedule.get_last_lr(), strict=True):
        group["lr"] = rate
    schedule.step(*measure)


def _in_single_precision(schedule: Any, done: int, *measure: Any) -> None:
    del done
    schedule.step(*measure)
    for group in schedule.optimizer.param_groups:
        group["lr"] = struct.unpack("f", struct.pack("f", group["lr"]))[0]


def _derived(schedules: tuple[str, ...], **methods: Callable[..., Any]) -> Around:
    """Return a program whose schedules have other methods."""
    names = tuple(f"optim.lr_scheduler.{name}" for name in schedules)
    return in_place_of(names, lambda t, right: type("Wrong", (right,), methods))


def _load_epoch(self: Any, state: Any) -> None:
    self.last_epoch = state["last_epoch"]


def _made(name: str, change: Callable[[Options], Options]) -> Around:
    """Return a program that gives a schedule other options."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        right = getattr(t.optim.lr_scheduler, name)

        def make(optimizer: Any, *given: Any, **options: Any) -> Any:
            return right(optimizer, *given, **change(options))

        return correct(Overlay(t, {f"optim.lr_scheduler.{name}": make}), x)

    return program


def _set(**fixed: Any) -> Callable[[Options], Options]:
    return lambda options: {**options, **fixed}


def _more(name: str, amount: int) -> Callable[[Options], Options]:
    return lambda options: {**options, name: options[name] + amount}


def _schedule(name: str, story: str, program: Any, schedules: tuple[str, ...]) -> Fault:
    cases = tuple(f"optim.lr_scheduler.{each}" for each in schedules)
    return Fault(name, "lr_scheduler", cases, story, around=program)


def _option(name: str, schedule: str, change: Callable[[Options], Options], story: str) -> Fault:
    return _schedule(name, story, _made(schedule, change), (schedule,))


def _without_restart(self: Any) -> None:
    self.last_epoch += 1
    turn = sum(each <= self.last_epoch for each in self._milestones)
    self._schedulers[turn].step()
    self._last_lr = self._schedulers[turn].get_last_lr()


def _sequences(change: Callable[[list[int]], list[int]]) -> Around:
    """Return a program whose sequences of schedules have other milestones."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        right = t.optim.lr_scheduler.SequentialLR

        def make(optimizer: Any, schedules: Any, milestones: Any) -> Any:
            return right(optimizer, schedules, change(milestones))

        return correct(Overlay(t, {"optim.lr_scheduler.SequentialLR": make}), x)

    return program


FAULTS = (
    _schedule("schedule-one-late", "starts one step late", _stepping(_late), _SCHEDULES),
    _schedule("schedule-one-early", "starts one step early", _stepping(_early), _SCHEDULES),
    _schedule(
        "schedule-of-the-first-group",
        "changes the first group only",
        _stepping(_first_group_only),
        _SCHEDULES,
    ),
    _schedule(
        "schedule-from-own-rates",
        "goes on from the rate that it set last, also where another changed it",
        _stepping(_from_own_rates),
        (*_CHAINED, "ReduceLROnPlateau"),
    ),
    _schedule(
        "schedule-closed-form",
        "computes rates from the epoch, and forgets what else changed them",
        _derived(_CHAINED, get_lr=lambda self: self._get_closed_form_lr()),
        _CHAINED,
    ),
    _schedule(
        "schedule-in-single-precision",
        "keeps its rates in float32",
        _stepping(_in_single_precision),
        _SCHEDULES,
    ),
    _schedule(
        "schedule-resumed-from-zero",
        "starts anew when it is resumed, as it does not load its state",
        _derived(_SCHEDULES, load_state_dict=lambda self, state: None),
        _SCHEDULES,
    ),
    _schedule(
        "plateau-resumed-without-best",
        "loads the epoch only, and forgets the best measure",
        _derived(("ReduceLROnPlateau",), load_state_dict=_load_epoch),
        ("ReduceLROnPlateau",),
    ),
    _schedule(
        "schedule-names-first-rates",
        "returns the initial rates as the last",
        _derived((*_CHAINED, *_CLOSED), get_last_lr=lambda self: self.base_lrs),
        (*_CHAINED, *_CLOSED),
    ),
    *(
        _option(
            f"{name.lower()}-start-forgotten",
            name,
            _set(last_epoch=-1),
            "starts from the beginning when it is resumed",
        )
        for name in (*_BY_EPOCH, "CosineAnnealingWarmRestarts")
    ),
    _option("steplr-period-longer", "StepLR", _more("step_size", 1), "waits one more epoch before each step"),
    _option(
        "multisteplr-milestones-once",
        "MultiStepLR",
        lambda options: {**options, "milestones": sorted(set(options["milestones"]))},
        "counts a repeated milestone once",
    ),
    _option(
        "multisteplr-milestones-late",
        "MultiStepLR",
        lambda options: {**options, "milestones": [each + 1 for each in options["milestones"]]},
        "steps one epoch after each milestone",
    ),
    _option("cosine-period-longer", "CosineAnnealingLR", _more("T_max", 1), "ends its half period late"),
    _option("cosine-ends-at-zero", "CosineAnnealingLR", _set(eta_min=0.0), "ignores the minimum rate"),
    _schedule(
        "cosine-stays-at-the-end",
        "stays at the minimum rate, where torch's cosine rises again",
        _stepping(_stays_at_the_end, ("CosineAnnealingLR",)),
        ("CosineAnnealingLR",),
    ),
    _option("plateau-more-patient", "ReduceLROnPlateau", _more("patience", 1), "waits one more bad epoch"),
    _option("plateau-without-cooldown", "ReduceLROnPlateau", _set(cooldown=0), "does not cool down"),
    _option("plateau-without-least", "ReduceLROnPlateau", _set(min_lr=0.0), "ignores the minimum rate"),
    _option(
        "plateau-always-min",
        "ReduceLROnPlateau",
        _set(mode="min"),
        "takes a smaller value as better in every mode",
    ),
    *(
        _schedule(f"sequence-{name}", story, _stepping(step, ("SequentialLR",)), ("SequentialLR",))
        for name, step, story in (
            ("one-late", _late, "starts one step late"),
            ("one-early", _early, "starts one step early"),
            ("of-the-first-group", _first_group_only, "changes the first group only"),
        )
    ),
    _schedule(
        "sequence-resumed-from-zero",
        "starts anew when it is resumed, as it does not load its state",
        _derived(("SequentialLR",), load_state_dict=lambda self, state: None),
        ("SequentialLR",),
    ),
    _schedule(
        "sequence-resumed-without-schedules",
        "loads its own epoch, and not the states of its schedules",
        _derived(("SequentialLR",), load_state_dict=_load_epoch),
        ("SequentialLR",),
    ),
    _schedule(
        "sequence-goes-on",
        "does not start the next schedule anew at its milestone, but lets it count on",
        _derived(("SequentialLR",), step=_without_restart),
        ("SequentialLR",),
    ),
    _schedule(
        "sequence-milestones-late",
        "changes from one schedule to the next one epoch late",
        _sequences(lambda milestones: [each + 1 for each in milestones]),
        ("SequentialLR",),
    ),
    _option("constant-ends-late", "ConstantLR", _more("total_iters", 1), "returns to the full rate late"),
    _option("linear-ends-late", "LinearLR", _more("total_iters", 1), "needs one more epoch"),
    _option("linear-ends-at-the-full-rate", "LinearLR", _set(end_factor=1.0), "ignores the last factor"),
    _option("polynomial-ends-late", "PolynomialLR", _more("total_iters", 1), "needs one more epoch"),
    _option("polynomial-linear", "PolynomialLR", _set(power=1.0), "ignores the power"),
    _option("restarts-later", "CosineAnnealingWarmRestarts", _more("T_0", 1), "starts again one epoch late"),
    _option(
        "restarts-at-equal-times",
        "CosineAnnealingWarmRestarts",
        _set(T_mult=1),
        "keeps the waves equally long",
    ),
    _option("restarts-from-zero", "CosineAnnealingWarmRestarts", _set(eta_min=0.0), "ignores eta_min"),
    _option(
        "one-cycle-shape", "OneCycleLR", _set(anneal_strategy="cos"), "follows a cosine with either strategy"
    ),
    _option("one-cycle-two-phases", "OneCycleLR", _set(three_phase=False), "falls in one phase only"),
    _option("one-cycle-last-rate", "OneCycleLR", _set(final_div_factor=1e4), "ignores the last rate"),
    _option(
        "one-cycle-momentum-stays",
        "OneCycleLR",
        _set(base_momentum=0.9, max_momentum=0.9),
        "keeps the momentum",
    ),
)
