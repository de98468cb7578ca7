"""Cases of learning rate schedules: the rates of 300 steps, run in four ways, and the state at the end."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

from conformance.cases._leading import leading, numbers
from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conformance.cases.case import Config
    from conformance.sampling.sample import Scalar

    # Makes a schedule for an optimiser of the namespace, to resume after the given epoch.
    Make = Callable[[Any, Any, Config, int], Any]

_STEPS = 300
# The step before which a run is saved and resumed: not one with a new best measure, which would hide the loss
# of the old one.
_TURN = 102
# The constructors of all but these resume after a given epoch, too.
_WITHOUT_EPOCH = ("ReduceLROnPlateau", "SequentialLR")
# Entries of a state that torch reads back, although their names have an underscore.
_READ = ("_step_count", "_last_lr", "_schedulers", "_schedule_phases")


class _Run(NamedTuple):
    """An optimiser and its schedules, of which the first is judged."""

    optimizer: Any
    schedules: list[Any]

    def step(self, number: int, config: Config) -> None:
        """Make a step of every schedule; only ReduceLROnPlateau takes a measure."""
        for schedule in self.schedules:
            schedule.step(*([_measure(number, config)] if "mode" in config else []))

    def rates(self) -> list[Any]:
        """Return the rates of the groups, as the optimiser and as the schedule name them."""
        groups = self.optimizer.param_groups
        momentums = [group["momentum"] for group in groups if "max_momentum" in group]
        return [*(group["lr"] for group in groups), *momentums, *self.schedules[0].get_last_lr()]


def _measure(number: int, config: Config) -> float:
    """Return a measure that becomes better every fifth step, and better or worse in between."""
    gain = number // 5 + number * 3 % 7 / 10
    return 1 + gain if config["mode"] == "max" else 100 - gain


def _optimizer(t: Any, x: Values) -> Any:
    """Return an optimiser of two groups with drawn rates, which has made a step."""
    groups = [{"params": [t.zeros(1, requires_grad=True)], "lr": rate} for rate in x["rates"].tolist()]
    optimizer = t.optim.SGD(groups, lr=1.0)
    if int(x.config.get("last_epoch", -1)) >= 0:
        for group in optimizer.param_groups:
            group["initial_lr"] = 0.5
    return optimizer


def _start(t: Any, x: Values, make: Make) -> _Run:
    optimizer = _optimizer(t, x)
    schedule = (x.call or make)(t, optimizer, x.config, int(x.config.get("last_epoch", -1)))
    # A schedule warns where its optimiser has made no step.
    optimizer.step()
    return _Run(optimizer, [schedule])


def _steps(run: _Run, config: Config, numbers_of_steps: Iterable[int]) -> list[list[Any]]:
    rates = []
    for number in numbers_of_steps:
        run.step(number, config)
        rates.append(run.rates())
    return rates


def _resumed(t: Any, x: Values, make: Make, run: _Run) -> _Run:
    """Return a new schedule of a new optimiser, which both load the states of another run."""
    other = _start(t, x, make)
    other.optimizer.load_state_dict(deepcopy(run.optimizer.state_dict()))
    other.schedules[0].load_state_dict(deepcopy(run.schedules[0].state_dict()))
    return other


def _at_epoch(t: Any, x: Values, make: Make, run: _Run) -> _Run:
    """Return a schedule of a new optimiser that loads its state, made to resume after the last epoch."""
    optimizer = _optimizer(t, x)
    optimizer.load_state_dict(deepcopy(run.optimizer.state_dict()))
    schedule = make(t, optimizer, x.config, run.schedules[0].last_epoch)
    optimizer.step()
    return _Run(optimizer, [schedule])


def _schedule(name: str, make: Make, flags: Mapping[str, tuple[Scalar, ...]], *bad: BadCall) -> Case:
    """Return the case of a schedule of two groups: their rates after every step, in each way to run it."""

    def program(t: Any, x: Values) -> dict[str, Any]:
        config = x.config
        run = _start(t, x, make)
        trace = {"start": [run.rates()], "straight": _steps(run, config, range(_TURN))}
        others = {"resumed": _resumed(t, x, make, run)}
        if name not in _WITHOUT_EPOCH:
            others["at epoch"] = _at_epoch(t, x, make, run)
        trace["straight"] += _steps(run, config, range(_TURN, _STEPS))
        for label, other in others.items():
            trace[label] = _steps(other, config, range(_TURN, _STEPS))

        # A rate that is changed by hand stays changed.
        by_hand = _start(t, x, make)
        trace["by hand"] = _steps(by_hand, config, range(2))
        by_hand.optimizer.param_groups[1]["lr"] *= 1.5
        trace["by hand"] += _steps(by_hand, config, range(2, _STEPS))

        # Another schedule of the same optimiser is stepped after each step.
        chained = _start(t, x, make)
        factor = t.optim.lr_scheduler.ExponentialLR(chained.optimizer, 0.99)
        chained.optimizer.step()
        trace["chained"] = []
        for number in range(_STEPS):
            chained.step(number, config)
            factor.step()
            trace["chained"].append(chained.rates())

        found = {f"rates.{label}": t.from_numpy(leading(rates)) for label, rates in trace.items()}
        for key, value in others["resumed"].schedules[0].state_dict().items():
            if not key.startswith("_") or key in _READ:
                found[f"state.{key}"] = t.tensor(numbers(value))
        return found

    return Case(
        name=f"optim.lr_scheduler.{name}",
        space=Space({}, ("small",), ("normal",), flags),
        inputs=lambda _: {"rates": Input((2,), positive=True)},
        program=program,
        samples=8,
        constant={"state.lr_lambdas": "functions are not saved: it is None"} if name == "LambdaLR" else {},
        training=True,
        base={key: values[0] for key, values in flags.items()},
        bad_calls=bad,
    )


def _plateau(t: Any, optimizer: Any, config: Config, _: int) -> Any:
    names = ("mode", "factor", "patience", "threshold_mode", "cooldown", "min_lr")
    return t.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **{name: config[name] for name in names})


def _lambda(t: Any, optimizer: Any, config: Config, last_epoch: int) -> Any:
    each = [lambda epoch: 1 / (1 + epoch), lambda epoch: 0.99**epoch]
    return t.optim.lr_scheduler.LambdaLR(optimizer, each[: int(config["functions"])], last_epoch)


def _of(name: str, *keys: str) -> Make:
    def make(t: Any, optimizer: Any, config: Config, last_epoch: int) -> Any:
        options: dict[str, Any] = {key: config[key] for key in keys}
        if "milestones" in options:
            options["milestones"] = [2, 5, 5, int(config["milestones"]), 150, 200]
        return getattr(t.optim.lr_scheduler, name)(optimizer, **options, last_epoch=last_epoch)

    return make


def _one_cycle(t: Any, optimizer: Any, config: Config, last_epoch: int) -> Any:
    keys = ("pct_start", "anneal_strategy", "cycle_momentum", "div_factor", "final_div_factor", "three_phase")
    steps: dict[str, Any] = {"total_steps": config["total_steps"]}
    if config["by_epochs"]:
        steps = {"epochs": int(config["total_steps"]) // 20, "steps_per_epoch": 20}
    return t.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [2 * group["lr"] for group in optimizer.param_groups],
        **steps,
        **{key: config[key] for key in keys},
        base_momentum=[0.75, 0.8],
        last_epoch=last_epoch,
    )


def _sequence(t: Any, optimizer: Any, config: Config, _: int) -> Any:
    schedules, second = t.optim.lr_scheduler, int(config["second"])
    first = {
        "linear": lambda: schedules.LinearLR(optimizer, 0.25, total_iters=int(config["first"])),
        "constant": lambda: schedules.ConstantLR(optimizer, 0.5, total_iters=int(config["first"])),
        "step": lambda: schedules.StepLR(optimizer, 2, 0.75),
    }[str(config["warmup"])]()
    rest = [
        schedules.ExponentialLR(optimizer, 0.95),
        schedules.CosineAnnealingLR(optimizer, 70, 0.001),
    ]
    return schedules.SequentialLR(
        optimizer, [first, *rest][: int(config["schedules"])], [int(config["first"]), second]
    )


def _without_start(name: str, *arguments: Any) -> BadCall:
    """Return the bad call that resumes a schedule whose groups do not hold their initial rate."""
    return BadCall(
        "resuming without a start",
        ("initial_lr",),
        call=lambda t, optimizer, config, _: getattr(t.optim.lr_scheduler, name)(
            optimizer, *arguments, last_epoch=2
        ),
    )


_EPOCHS: Mapping[str, tuple[Scalar, ...]] = {"last_epoch": (-1, -1, 3)}

CASES = (
    _schedule(
        "LambdaLR",
        _lambda,
        {"functions": (2,)},
        BadCall("as many functions as groups", ("2", "1"), config={"functions": 1}),
    ),
    _schedule(
        "StepLR",
        _of("StepLR", "step_size", "gamma"),
        {"step_size": (2, 3, 70), "gamma": (0.5, 0.1, 0.95), **_EPOCHS},
        _without_start("StepLR", 2),
    ),
    _schedule(
        "MultiStepLR",
        _of("MultiStepLR", "milestones", "gamma"),
        {"milestones": (7, 1), "gamma": (0.5, 0.1), **_EPOCHS},
        _without_start("MultiStepLR", [2, 5]),
    ),
    _schedule(
        "ExponentialLR",
        _of("ExponentialLR", "gamma"),
        {"gamma": (0.5, 0.98), **_EPOCHS},
        _without_start("ExponentialLR", 0.5),
    ),
    _schedule(
        "CosineAnnealingLR",
        _of("CosineAnnealingLR", "T_max", "eta_min"),
        {"T_max": (5, 3, 20, 250), "eta_min": (0.0, 0.01), **_EPOCHS},
        _without_start("CosineAnnealingLR", 5),
    ),
    _schedule(
        "ConstantLR",
        _of("ConstantLR", "factor", "total_iters"),
        {"factor": (0.5, 0.3, 1.0), "total_iters": (5, 1, 150), **_EPOCHS},
        BadCall("factor above one", ("actor", "0"), config={"factor": 1.5}),
        _without_start("ConstantLR"),
    ),
    _schedule(
        "LinearLR",
        _of("LinearLR", "start_factor", "end_factor", "total_iters"),
        {
            "start_factor": (0.25, 0.3, 1.0),
            "end_factor": (1.0, 0.5),
            "total_iters": (5, 9, 150),
            **_EPOCHS,
        },
        BadCall("factor of zero", ("actor", "0"), config={"start_factor": 0.0}),
        BadCall("last factor above one", ("actor", "0"), config={"end_factor": 1.5}),
        _without_start("LinearLR"),
    ),
    _schedule(
        "PolynomialLR",
        _of("PolynomialLR", "total_iters", "power"),
        {"total_iters": (400, 330, 120), "power": (1.0, 2.0, 0.5), **_EPOCHS},
        _without_start("PolynomialLR"),
    ),
    _schedule(
        "CosineAnnealingWarmRestarts",
        _of("CosineAnnealingWarmRestarts", "T_0", "T_mult", "eta_min"),
        {"T_0": (5, 3, 70), "T_mult": (1, 2, 3), "eta_min": (0.0, 0.01), **_EPOCHS},
        BadCall("no wave", ("T_0", "0"), config={"T_0": 0}),
        BadCall("shorter waves", ("T_mult", "0"), config={"T_mult": 0}),
        _without_start("CosineAnnealingWarmRestarts", 5),
    ),
    _schedule(
        "OneCycleLR",
        _one_cycle,
        {
            "total_steps": (320, 400),
            "by_epochs": (False, True),
            "pct_start": (0.3, 0.25, 0.1),
            "anneal_strategy": ("cos", "linear"),
            "cycle_momentum": (True, True, False),
            "div_factor": (25.0, 4.0),
            "final_div_factor": (1e4, 10.0),
            "three_phase": (False, True),
        },
        BadCall("share above one", ("pct_start", "1.5"), config={"pct_start": 1.5}),
        BadCall("strategy", ("anneal_strategy", "cubic"), config={"anneal_strategy": "cubic"}),
        BadCall("no steps", ("total_steps", "-20"), config={"total_steps": -20}),
        BadCall(
            "steps not given",
            ("total_steps", "epochs"),
            call=lambda t, optimizer, config, _: t.optim.lr_scheduler.OneCycleLR(optimizer, 0.1),
        ),
        BadCall(
            "as many rates as groups",
            ("max_lr", "1"),
            call=lambda t, optimizer, config, _: t.optim.lr_scheduler.OneCycleLR(optimizer, [0.1], 9),
        ),
    ),
    _schedule(
        "SequentialLR",
        _sequence,
        {
            "warmup": ("linear", "constant", "step"),
            "first": (5, 2, 20),
            "second": (50, 101, 150),
            "schedules": (3,),
        },
        BadCall("as many milestones as changes", ("milestone", "2"), config={"schedules": 2}),
        BadCall(
            "no schedules",
            ("schedule",),
            call=lambda t, optimizer, config, _: t.optim.lr_scheduler.SequentialLR(optimizer, [], []),
        ),
    ),
    _schedule(
        "ReduceLROnPlateau",
        _plateau,
        {
            "mode": ("min", "max"),
            "factor": (0.5, 0.9),
            "patience": (0, 1),
            "threshold_mode": ("rel", "abs"),
            "cooldown": (0, 2),
            "min_lr": (0.0, 0.05),
        },
        BadCall("mode", ("least",), config={"mode": "least"}),
        BadCall("threshold mode", ("some",), config={"threshold_mode": "some"}),
        BadCall("factor of one", ("actor", "1.0"), config={"factor": 1.0}),
    ),
)
