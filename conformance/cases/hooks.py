"""Cases of hooks of modules, forward and backward, of optimizers and of leaves: what they see and change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._linear_model import SIZES, backward, inputs
from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Config

    # Registers hooks on a module of the namespace; they add what they are given to the outputs.
    Prepare = Callable[[Any, dict[str, Any], Config], None]
    # Registers hooks on an optimizer of two groups; they append what they see.
    PrepareSteps = Callable[[Any, list[Any], Config], None]


def _inputs(config: Config) -> dict[str, Input]:
    return {"input": Input((int(config["N"]), int(config["F"])))}


def _before(module: Any, seen: dict[str, Any], config: Config) -> None:
    if config["broken"]:
        module.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
    module.register_forward_pre_hook(lambda m, args: seen.update(given=args[0]))
    handle = module.register_forward_pre_hook(lambda m, args: (args[0] * 3,), prepend=config["prepend"])
    if config["removed"]:
        handle.remove()


def _after(module: Any, seen: dict[str, Any], config: Config) -> None:
    if config["broken"]:
        module.register_forward_hook(lambda m, args, out: out.reshape(7, 7))
    module.register_forward_hook(lambda m, args, out: seen.update(given=out))
    handle = module.register_forward_hook(lambda m, args, out: out * args[0], prepend=config["prepend"])
    if config["removed"]:
        handle.remove()


def _backward_before(module: Any, seen: dict[str, Any], config: Config) -> None:
    if config["broken"]:
        module.register_full_backward_pre_hook(lambda m, out: (out[0], out[0]))
    module.register_full_backward_pre_hook(lambda m, out: (out[0] + 1,))
    handle = module.register_full_backward_pre_hook(lambda m, out: (out[0] * 3,), prepend=config["prepend"])
    if config["removed"]:
        handle.remove()


def _backward(module: Any, seen: dict[str, Any], config: Config) -> None:
    if config["broken"]:
        module.register_full_backward_hook(lambda m, into, out: (into[0], into[0]))
    module.register_full_backward_hook(lambda m, into, out: (into[0] + 1,))
    handle = module.register_full_backward_hook(
        lambda m, into, out: (into[0] * out[0],), prepend=config["prepend"]
    )
    if config["removed"]:
        handle.remove()


def _hook(name: str, prepare: Prepare, mentions: tuple[str, ...]) -> Case:
    def program(t: Any, x: Values) -> dict[str, Any]:
        module = t.nn.Tanh()
        seen: dict[str, Any] = {}
        prepare(module, seen, x.config)
        return {"output": module(x["input"])} | seen

    return Case(
        name=f"nn.Module.{name}",
        space=Space(
            {"N": "batch", "F": "feature"},
            ("small", "one", "empty", "strided"),
            ("normal",),
            {"prepend": (False, True), "removed": (False, False, True), "broken": (False,)},
        ),
        inputs=_inputs,
        program=program,
        samples=12,
        base={"N": 2, "F": 3, "prepend": False, "removed": False, "broken": False},
        bad_calls=(BadCall("a hook that returns something else", mentions, config={"broken": True}),),
    )


def _before_step(optimizer: Any, seen: list[Any], config: Config) -> None:
    """Scale the gradients, look at them, and let the step call its closure twice."""
    if config["broken"]:
        optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: [args, kwargs])
    weight, bias = (group["params"][0] for group in optimizer.param_groups)
    optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: seen.append(weight.grad.clone()))
    handle = optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: _scale(bias.grad, 0.25))
    if config["removed"]:
        handle.remove()
    optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: _scale(weight.grad, -0.5))
    if config["closure"]:
        optimizer.register_step_pre_hook(
            lambda optimizer, args, kwargs: ((*args, _Twice(kwargs["closure"])), {})
        )


def _after_step(optimizer: Any, seen: list[Any], config: Config) -> None:
    """Scale the parameters, look at them, and call what the step was given."""
    weight, bias = (group["params"][0].data for group in optimizer.param_groups)
    optimizer.register_step_post_hook(lambda optimizer, args, kwargs: seen.append(weight.clone()))
    handle = optimizer.register_step_post_hook(lambda optimizer, args, kwargs: _scale(bias, 0.25))
    if config["removed"]:
        handle.remove()
    optimizer.register_step_post_hook(lambda optimizer, args, kwargs: _scale(weight, -0.5))
    if config["closure"] or config["broken"]:
        optimizer.register_step_post_hook(lambda optimizer, args, kwargs: kwargs["closure"]())


def _scale(tensor: Any, factor: float) -> None:
    tensor.mul_(factor)


# A large epsilon, so that steps do not depend on the signs of gradients that are nearly zero.
STEP_OPTIONS: Mapping[str, Mapping[str, float]] = {
    "SGD": {"momentum": 0.5},
    "Adam": {"eps": 0.25},
    "RMSprop": {"eps": 0.25},
}


class _Twice:
    """A closure that calls another one twice, so that gradients are added."""

    def __init__(self, closure: Callable[[], Any]) -> None:
        self.closure = closure

    def __call__(self) -> Any:
        self.closure()
        return self.closure()


def _step_hook(name: str, prepare: PrepareSteps, mentions: tuple[str, ...], error: str) -> Case:
    def program(t: Any, x: Values) -> dict[str, Any]:
        weight, bias = (x[name].detach().clone().requires_grad_() for name in ("weight", "bias"))
        chosen = str(x.config["optimizer"])
        groups = [{"params": [weight]}, {"params": [bias], "lr": 0.25}]
        optimizer = getattr(t.optim, chosen)(groups, lr=0.0625, **STEP_OPTIONS[chosen])
        seen: list[Any] = []
        prepare(optimizer, seen, x.config)
        found: dict[str, Any] = {}
        for number in range(3):
            # Gradients add up from step to step: hooks before a step see them.
            backward(t, x, weight, bias)
            if x.config["closure"]:
                optimizer.step(closure=lambda: backward(t, x, weight, bias))
            else:
                optimizer.step()
            found |= {f"weight.{number}": weight.detach().clone(), f"bias.{number}": bias.detach().clone()}
        return found | {f"seen.{number}": each for number, each in enumerate(seen)}

    return Case(
        name=f"optim.Optimizer.{name}",
        space=Space(
            SIZES,
            ("small", "one", "wide", "strided"),
            ("normal",),
            {
                "optimizer": tuple(STEP_OPTIONS),
                "closure": (False, True),
                "removed": (False, False, True),
                "broken": (False,),
            },
        ),
        inputs=inputs,
        program=program,
        samples=12,
        training=True,
        base={"N": 2, "I": 3, "O": 2, **dict.fromkeys(("closure", "removed", "broken"), False)}
        | {"optimizer": "SGD"},
        bad_calls=(BadCall(error, mentions, config={"broken": True}),),
    )


def _register(parameter: Any, hook: Callable[[Any], object]) -> Any:
    """Have a hook called after the parameter's gradient was added up; return the handle."""
    return parameter.register_post_accumulate_grad_hook(hook)


def _steps_in_backward(t: Any, x: Values) -> dict[str, Any]:
    """Train two layers of one weight: each parameter makes its step in backward, and drops its gradient."""
    config = x.config
    parameters = {
        name: x[name].detach().clone().requires_grad_(name != config["frozen"])
        for name in ("weight", "bias", "last")
    }
    weight, bias, last = parameters.values()
    # Gradients that are kept add up: the hook sees their sum.
    kept = config["kept"]
    seen: list[Any] = []

    def step(name: str, optimizer: Any) -> Callable[[Any], None]:
        def hook(parameter: Any) -> None:
            seen.append((name, parameter.grad.clone()))
            optimizer.step()
            if not kept:
                optimizer.zero_grad()

        return hook

    register = x.seams["register"]
    if config["frozen"] in parameters:
        register(weight, print)
    if config["frozen"] == "result":
        register(weight * 2, print)
    for name, parameter in parameters.items():
        optimizer = t.optim.SGD([parameter], lr=0.125, momentum=0.5)
        register(parameter, step(name, optimizer))
    removed = register(bias, lambda parameter: _scale(parameter.data, 0.5))
    removed.remove()
    found: dict[str, Any] = {}
    for number in range(2):
        hidden = t.tanh(t.nn.functional.linear(x["input"], weight, bias))
        hidden = t.tanh(t.nn.functional.linear(hidden, weight, bias))
        loss = t.nn.functional.mse_loss(t.nn.functional.linear(hidden, last), x["target"])
        loss.backward()
        # This calls no hook.
        t.autograd.grad((weight * weight).sum(), weight)
        found |= {f"{name}.{number}": each.detach().clone() for name, each in parameters.items()}
        found |= {f"seen.{name}.{number}": grad for name, grad in seen}
        found[f"calls.{number}"] = t.tensor([len(seen), *(each.grad is None for each in parameters.values())])
        seen.clear()
    return found


def _of_two_layers(config: Config) -> dict[str, Input]:
    n, i, o = (int(config[name]) for name in ("N", "I", "O"))
    return {
        "input": Input((n, i)),
        "target": Input((n, o)),
        "weight": Input((i, i), fan_in=i, weight=True),
        "bias": Input((i,), weight=True),
        "last": Input((o, i), fan_in=i, weight=True),
    }


CASES = (
    _hook("register_forward_pre_hook", _before, ("new_args", "new_kwargs")),
    _hook("register_forward_hook", _after, ("[7, 7]", "6")),
    _hook("register_full_backward_pre_hook", _backward_before, ("got 2", "expected 1")),
    _hook("register_full_backward_hook", _backward, ("got 2", "expected 1")),
    _step_hook(
        "register_step_pre_hook",
        _before_step,
        ("new_args", "new_kwargs"),
        "a hook that returns neither None nor both",
    ),
    _step_hook("register_step_post_hook", _after_step, ("closure",), "a hook that raises"),
    Case(
        name="Tensor.register_post_accumulate_grad_hook",
        space=Space(
            SIZES,
            ("small", "one", "pow2", "strided"),
            ("normal",),
            {"kept": (False, True), "frozen": ("nothing",)},
        ),
        inputs=_of_two_layers,
        program=_steps_in_backward,
        seams={"register": _register},
        samples=8,
        training=True,
        base={"N": 2, "I": 3, "O": 2, "kept": False, "frozen": "nothing"},
        bad_calls=(
            BadCall("a tensor without gradients", ("hook", "gradient"), config={"frozen": "weight"}),
            BadCall("a result of an operation", ("hook", "leaf"), config={"frozen": "result"}),
        ),
    ),
)
