"""Cases of learning rate schedules: the rates and the parameters after every step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._linear_model import SIZES, backward, inputs
from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config
    from conformance.sampling.sample import Scalar

    # Makes a schedule for an optimiser of the namespace.
    Make = Callable[[Any, Any, Config], Any]

_STEPS = 8


def _exact(t: Any, rates: list[float]) -> Any:
    """Return learning rates, which are Python floats in both lanes, as integer multiples of 2⁻⁴⁰."""
    return t.tensor([round(rate * 2**40) for rate in rates])


def _schedule(name: str, make: Make, flags: dict[str, tuple[Scalar, ...]], *bad: BadCall) -> Case:
    """Return the case of a schedule of two groups: their learning rates and parameters after every step."""

    def program(t: Any, x: Values) -> dict[str, Any]:
        weight, bias = (x[key].clone().requires_grad_() for key in ("weight", "bias"))
        optimizer = t.optim.SGD([{"params": [weight]}, {"params": [bias], "lr": 0.25}], lr=0.0625)
        schedule = (x.call or make)(t, optimizer, x.config)
        trace: dict[str, Any] = {}
        for step in range(_STEPS):
            optimizer.zero_grad()
            backward(t, x, weight, bias)
            optimizer.step()
            # A measure that stays equal for three steps; only ReduceLROnPlateau takes one.
            schedule.step(*([1.0 / (1 + step // 3)] if name == "ReduceLROnPlateau" else []))
            trace[f"lr.{step}"] = _exact(t, [group["lr"] for group in optimizer.param_groups])
            trace[f"last_lr.{step}"] = _exact(t, schedule.get_last_lr())
        return trace | {"weight": weight.detach(), "bias": bias.detach()}

    return Case(
        name=f"optim.lr_scheduler.{name}",
        space=Space(SIZES, ("small", "one", "strided"), ("normal",), flags),
        inputs=inputs,
        program=program,
        samples=12,
        training=True,
        base={"N": 2, "I": 3, "O": 2} | {key: values[0] for key, values in flags.items()},
        bad_calls=bad,
    )


def _plateau(t: Any, optimizer: Any, config: Config) -> Any:
    names = ("mode", "factor", "patience", "threshold_mode", "cooldown", "min_lr")
    return t.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **{name: config[name] for name in names})


def _lambda(t: Any, optimizer: Any, config: Config) -> Any:
    each = [lambda epoch: 1 / (1 + epoch), lambda epoch: 0.5**epoch, lambda epoch: 1.0]
    return t.optim.lr_scheduler.LambdaLR(optimizer, each[: int(config["functions"])])


def _resumed(name: str, *keys: str) -> Make:
    def make(t: Any, optimizer: Any, config: Config) -> Any:
        options: dict[str, Any] = {key: config[key] for key in keys}
        if "milestones" in options:
            options["milestones"] = [2, 5, 5, int(config["milestones"])]
        if int(config["last_epoch"]) >= 0:
            for group in optimizer.param_groups:
                group["initial_lr"] = 0.5
        options["last_epoch"] = config["last_epoch"]
        return getattr(t.optim.lr_scheduler, name)(optimizer, **options)

    return make


def _without_start(name: str, *arguments: Any) -> BadCall:
    """Return the bad call that resumes a schedule whose groups do not hold their initial rate."""
    return BadCall(
        "resuming without a start",
        ("initial_lr",),
        call=lambda t, optimizer, config: getattr(t.optim.lr_scheduler, name)(
            optimizer, *arguments, last_epoch=2
        ),
    )


_EPOCHS: dict[str, tuple[Scalar, ...]] = {"last_epoch": (-1, -1, 3)}

CASES = (
    _schedule(
        "LambdaLR",
        _lambda,
        {"functions": (2,)},
        BadCall("as many functions as groups", ("2", "1"), config={"functions": 1}),
    ),
    _schedule(
        "StepLR",
        _resumed("StepLR", "step_size", "gamma"),
        {"step_size": (2, 3), "gamma": (0.5, 0.1), **_EPOCHS},
        _without_start("StepLR", 2),
    ),
    _schedule(
        "MultiStepLR",
        _resumed("MultiStepLR", "milestones", "gamma"),
        {"milestones": (7, 1), "gamma": (0.5, 0.1), **_EPOCHS},
        _without_start("MultiStepLR", [2, 5]),
    ),
    _schedule(
        "ExponentialLR",
        _resumed("ExponentialLR", "gamma"),
        {"gamma": (0.5, 0.9), **_EPOCHS},
        _without_start("ExponentialLR", 0.5),
    ),
    _schedule(
        "CosineAnnealingLR",
        _resumed("CosineAnnealingLR", "T_max", "eta_min"),
        {"T_max": (5, 3, 20), "eta_min": (0.0, 0.01), **_EPOCHS},
        _without_start("CosineAnnealingLR", 5),
    ),
    _schedule(
        "ReduceLROnPlateau",
        _plateau,
        {
            "mode": ("min", "max"),
            "factor": (0.5, 0.1),
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
