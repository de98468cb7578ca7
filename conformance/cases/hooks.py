"""Cases of module hooks: their arguments and their changes, forward and backward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import BadCall, Case, Values
from conformance.sampling.space import Space
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Config

    # Registers hooks on a module of the namespace; they add what they are given to the outputs.
    Prepare = Callable[[Any, dict[str, Any], Config], None]


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
    del seen
    if config["broken"]:
        module.register_full_backward_pre_hook(lambda m, out: (out[0], out[0]))
    module.register_full_backward_pre_hook(lambda m, out: (out[0] + 1,))
    handle = module.register_full_backward_pre_hook(lambda m, out: (out[0] * 3,), prepend=config["prepend"])
    if config["removed"]:
        handle.remove()


def _backward(module: Any, seen: dict[str, Any], config: Config) -> None:
    del seen
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


CASES = (
    _hook("register_forward_pre_hook", _before, ("new_args", "new_kwargs")),
    _hook("register_forward_hook", _after, ("[7, 7]", "6")),
    _hook("register_full_backward_pre_hook", _backward_before, ("got 2", "expected 1")),
    _hook("register_full_backward_hook", _backward, ("got 2", "expected 1")),
)
