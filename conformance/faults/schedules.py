"""What training does beside optimisers, wrongly: schedules that are late, gradients clipped otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults.fault import Fault
from conformance.faults.rewriting import Overlay

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Values

    Options = dict[str, Any]

# Those that ask which epoch it is; ExponentialLR multiplies by the same in each.
_BY_EPOCH = ("StepLR", "MultiStepLR", "CosineAnnealingLR")
_SCHEDULES = (*_BY_EPOCH, "LambdaLR", "ExponentialLR", "ReduceLROnPlateau")


class _Stepped:
    """A schedule whose steps go through another function."""

    def __init__(self, schedule: Any, step: Callable[..., None]) -> None:
        self._schedule, self._step, self._done = schedule, step, 0

    def step(self, *measure: Any) -> None:
        """Step, or not, or otherwise."""
        self._step(self._schedule, self._done, *measure)
        self._done += 1

    def get_last_lr(self) -> Any:
        """Return the schedule's own answer."""
        return self._schedule.get_last_lr()


def _stepping(step: Callable[..., None]) -> Callable[..., Any]:
    """Make a program whose schedules step by `step(schedule, steps done, *measure)`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        schedules = t.optim.lr_scheduler

        def wrapped(name: str) -> Callable[..., Any]:
            return lambda *given, **options: _Stepped(getattr(schedules, name)(*given, **options), step)

        return correct(Overlay(t, {f"optim.lr_scheduler.{name}": wrapped(name) for name in _SCHEDULES}), x)

    return program


def _late(schedule: Any, done: int, *measure: Any) -> None:
    if done:
        schedule.step(*measure)


def _early(schedule: Any, done: int, *measure: Any) -> None:
    schedule.step(*measure)
    if not done:
        schedule.step(*measure)


def _first_group_only(schedule: Any, done: int, *measure: Any) -> None:
    del done
    kept = [group["lr"] for group in schedule.optimizer.param_groups[1:]]
    schedule.step(*measure)
    for group, rate in zip(schedule.optimizer.param_groups[1:], kept, strict=True):
        group["lr"] = rate


def _stays_at_the_end(schedule: Any, done: int) -> None:
    if done < schedule.T_max:
        schedule.step()


def _made(name: str, change: Callable[[Options], Options]) -> Callable[..., Any]:
    """Make a program whose schedule gets other options."""

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


def _replaced(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a program in which a function of `nn.utils` is `function(t, ...)`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        def call(*given: Any, **options: Any) -> Any:
            options.pop("foreach", None)
            options.pop("error_if_nonfinite", None)
            return function(t, *given, **options)

        return correct(Overlay(t, {f"nn.utils.{name}": call}), x)

    return program


def _gradients(parameters: Any) -> list[Any]:
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def _clipping(
    scale: Callable[[Any, Any, float], Any], *, order: float | None = None, after: bool = False
) -> Callable[..., Any]:
    """Make a clipping of the whole by `scale(t, norm, limit)`, of the asked norm or always of one order."""

    def clip(t: Any, parameters: Any, max_norm: float, norm_type: float = 2.0) -> Any:
        grads = _gradients(parameters)
        norm = t.nn.utils.get_total_norm(grads, norm_type if order is None else order)
        factor = scale(t, norm, max_norm)
        for grad in grads:
            grad.mul_(factor)
        return norm * factor if after else norm

    return clip


def _each(t: Any, parameters: Any, max_norm: float, norm_type: float = 2.0) -> Any:
    """Clip each tensor by its own norm."""
    grads = _gradients(parameters)
    total = t.nn.utils.get_total_norm(grads, norm_type)
    for grad in grads:
        grad.mul_(_factor(t, t.nn.utils.get_total_norm([grad], norm_type), max_norm))
    return total


def _by_element(t: Any, parameters: Any, max_norm: float, norm_type: float = 2.0) -> Any:
    """Clip elements, not the norm."""
    norm = t.nn.utils.get_total_norm(_gradients(parameters), norm_type)
    t.nn.utils.clip_grad_value_(parameters, max_norm)
    return norm


def _factor(t: Any, norm: Any, limit: float) -> Any:
    return t.clamp(limit / (norm + 1e-6), max=1.0)


def _value_by_norm(t: Any, parameters: Any, clip_value: float) -> None:
    t.nn.utils.clip_grad_norm_(parameters, clip_value)


def _value_from_above(t: Any, parameters: Any, clip_value: float) -> None:
    del t
    for grad in _gradients(parameters):
        grad.clamp_(max=clip_value)


def _sum_of_norms(t: Any, tensors: Any, norm_type: float = 2.0, _: bool = False) -> Any:
    return sum(t.nn.utils.get_total_norm([each], norm_type) for each in tensors)


def _by_squares(t: Any, tensors: Any, norm_type: float = 2.0, _: bool = False) -> Any:
    if norm_type != 2.0:
        return t.nn.utils.get_total_norm(tensors, norm_type)
    return t.sqrt(sum((each * each).mean() for each in tensors))


def _schedule(name: str, story: str, program: Any, schedules: tuple[str, ...]) -> Fault:
    cases = tuple(f"optim.lr_scheduler.{each}" for each in schedules)
    return Fault(name, "schedules", cases, story, around=program)


def _clip(name: str, function: str, wrong: Callable[..., Any], story: str) -> Fault:
    return Fault(name, "clipping", (f"nn.utils.{function}",), story, around=_replaced(function, wrong))


def _option(name: str, schedule: str, change: Callable[[Options], Options], story: str) -> Fault:
    return _schedule(name, story, _made(schedule, change), (schedule,))


FAULTS = (
    _schedule("schedule-one-late", "starts one step late", _stepping(_late), _SCHEDULES),
    _schedule("schedule-one-early", "starts one step early", _stepping(_early), _SCHEDULES),
    _schedule(
        "schedule-of-the-first-group", "moves the first group only", _stepping(_first_group_only), _SCHEDULES
    ),
    *(
        _option(f"{name.lower()}-start-forgotten", name, _set(last_epoch=-1), "starts anew when resumed")
        for name in _BY_EPOCH
    ),
    _option(
        "steplr-period-longer",
        "StepLR",
        _more("step_size", 1),
        "waits one epoch more for each step",
    ),
    _option(
        "multisteplr-milestones-once",
        "MultiStepLR",
        lambda options: {**options, "milestones": sorted(set(options["milestones"]))},
        "takes a milestone that is named twice for one",
    ),
    _option(
        "multisteplr-milestones-late",
        "MultiStepLR",
        lambda options: {**options, "milestones": [each + 1 for each in options["milestones"]]},
        "passes a milestone only after it",
    ),
    _option("cosine-period-longer", "CosineAnnealingLR", _more("T_max", 1), "ends its half wave late"),
    _option("cosine-ends-at-zero", "CosineAnnealingLR", _set(eta_min=0.0), "ignores the least rate"),
    _schedule(
        "cosine-stays-at-the-end",
        "stays at the least rate where torch's wave rises again",
        _stepping(_stays_at_the_end),
        ("CosineAnnealingLR",),
    ),
    _option("plateau-more-patient", "ReduceLROnPlateau", _more("patience", 1), "waits one bad epoch more"),
    _option("plateau-without-cooldown", "ReduceLROnPlateau", _set(cooldown=0), "does not cool down"),
    _option("plateau-without-least", "ReduceLROnPlateau", _set(min_lr=0.0), "ignores the least rate"),
    _option("plateau-always-min", "ReduceLROnPlateau", _set(mode="min"), "takes less for better always"),
    _clip(
        "clip-without-epsilon",
        "clip_grad_norm_",
        _clipping(lambda t, norm, limit: t.clamp(limit / norm, max=1.0)),
        "divides by the norm alone, where torch adds 1e-6",
    ),
    _clip(
        "clip-enlarges",
        "clip_grad_norm_",
        _clipping(lambda t, norm, limit: limit / (norm + 1e-6)),
        "scales what is below the limit up to it",
    ),
    _clip("clip-always-by-root", "clip_grad_norm_", _clipping(_factor, order=2.0), "takes the root always"),
    _clip(
        "clip-returns-the-clipped",
        "clip_grad_norm_",
        _clipping(_factor, after=True),
        "returns the norm after clipping, where torch returns that before",
    ),
    _clip("clip-each-tensor", "clip_grad_norm_", _each, "clips each tensor by a norm of its own"),
    _clip("clip-each-element", "clip_grad_norm_", _by_element, "clips the elements, not the norm"),
    _clip("clip-value-by-norm", "clip_grad_value_", _value_by_norm, "clips the norm, not the elements"),
    _clip("clip-value-from-above", "clip_grad_value_", _value_from_above, "forgets the lower limit"),
    _clip("total-norm-summed", "get_total_norm", _sum_of_norms, "adds the tensors' norms"),
    _clip("total-norm-of-means", "get_total_norm", _by_squares, "takes means for the sums of squares"),
)
