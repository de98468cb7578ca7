"""The uses of modules: training and evaluation, copies, saved states, other dtypes, called twice."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from conformance.cases._call import Unused, flag, kept, labelled, results
from conformance.cases._modules import (
    evaluated,
    flagged,
    learning,
    module_of,
    observed,
    of_modules,
    share_memory,
    with_state,
)
from conformance.cases._use import Use
from conformance.cases.case import is_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases._call import Call, Layer


def _step(call: Call, layer: Layer) -> None:
    call.t.optim.SGD(list(layer.built.parameters.values()), lr=0.125).step()


def _overwrite(call: Call, layer: Layer, values: Mapping[str, Any]) -> None:
    """Overwrite parameters in place."""
    with call.t.no_grad():
        for name, value in values.items():
            layer.built.parameters[name].copy_(value)


def _change(call: Call, module: Any) -> None:
    """Change all parameters and floating buffers of a module in place."""
    with call.t.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                tensor.add_(1)


def _modes(module: Any) -> tuple[bool, ...]:
    return () if module is None else tuple(each.training for each in module.modules())


def _train_then_eval(call: Call) -> dict[str, Any]:
    """Train for a step, take the old parameters again, evaluate, and look at the modes of all children."""
    layer = call.layer()
    module = module_of(call, layer)
    before = {name: kept(parameter) for name, parameter in layer.built.parameters.items()}
    if module is not None:
        module.train()
    layer.backward(layer())
    if before:
        _step(call, layer)
        _overwrite(call, layer, before)
    if module is None:
        return observed(layer)
    flags: dict[str, Any] = {"flag/eval.training": _modes(module.eval())}
    found = observed(layer)
    flags["flag/train.training"] = _modes(module.train())
    # Random, but different from evaluation in every element where something can be dropped.
    flags["flag/train.drops"] = any(bool((out != found[name]).any()) for name, out in layer().items())
    return found | flagged(call, flags)


def _after_a_step(call: Call) -> dict[str, Any]:
    layer = call.layer()
    module_of(call, layer)
    layer.backward(layer())
    _step(call, layer)
    return labelled("after", observed(layer))


def _deepcopy(call: Call) -> dict[str, Any]:
    """Copy a layer that has run, and change the original."""
    layer = call.layer()
    module = module_of(call, layer)
    layer.backward(layer())
    if module is None:
        return observed(layer)
    if layer.built.again is None:
        raise Unused("its layer cannot be made of a copy of its module: Built.again")
    twin = deepcopy(module)
    flags: dict[str, Any] = {"flag/copy.training": _modes(twin)}
    for (name, one), (_, other) in zip(_named(module), _named(twin), strict=True):
        flags |= {
            f"shares/{name}.copy": share_memory(one, other),
            f"flag/{name}.requires_grad": other.requires_grad,
            f"flag/{name}.without_gradient": other.grad is None,
        }
    _change(call, module)
    layer.built = layer.built.again(twin)
    return observed(layer) | flagged(call, flags)


def _named(module: Any) -> list[tuple[str, Any]]:
    return [*module.named_parameters(), *module.named_buffers()]


def _state_dict(call: Call) -> dict[str, Any]:
    """Load a layer's state into a new one with other parameters, and change the first."""
    layer = call.layer()
    module = module_of(call, layer)
    if module is None:
        return observed(layer)
    fresh = call.layer(change=lambda name, tensor: tensor + 1 if is_parameter(name) else tensor)
    fresh()
    state = module.state_dict()
    flags: dict[str, Any] = {}
    for name, tensor in _named(module):
        flags |= {
            f"shares/{name}.state": share_memory(tensor, state[name]),
            f"flag/{name}.state_requires_grad": state[name].requires_grad,
        }
    fresh.built.module.load_state_dict(state)
    for name, tensor in _named(fresh.built.module):
        flags |= {
            f"shares/{name}.loaded": share_memory(tensor, state[name]),
            f"flag/{name}.requires_grad": tensor.requires_grad,
        }
    _change(call, module)
    return observed(fresh) | flagged(call, flags)


def _to_dtype(call: Call) -> dict[str, Any]:
    """Convert a layer to another dtype and back: float32 loses digits there, on every side the same."""
    layer = call.layer()
    module, parameters = module_of(call, layer), layer.built.parameters
    own = next(iter(parameters.values())).dtype
    other = call.t.float32 if own == call.t.float64 else call.t.float64
    layer.backward(layer())
    if module is None:
        _overwrite(call, layer, {name: p.detach().to(other).to(own) for name, p in parameters.items()})
        return observed(layer)
    before = {name: (p, p.grad) for name, p in module.named_parameters()}
    module.to(other)
    flags: dict[str, Any] = {
        f"flag/{name}.gradient_converted": p.grad is None or p.grad.dtype == p.dtype == other
        for name, p in module.named_parameters()
    }
    module.to(own)
    for name, p in module.named_parameters():
        flags |= {
            f"flag/{name}.same": p is before[name][0],
            f"flag/{name}.same_gradient": p.grad is before[name][1],
            f"flag/{name}.requires_grad": p.requires_grad,
            f"flag/{name}.is_leaf": p.is_leaf,
        }
    return observed(layer) | flagged(call, flags)


def _used_twice(call: Call) -> dict[str, Any]:
    """Call one layer with its data and with half of it, and differentiate both at once."""
    layer = call.layer()
    module_of(call, layer)
    half = {n: value * 0.5 if value.is_floating_point() else value for n, value in layer.data.items()}
    outputs = [pair for each in (layer(), layer(half)) for pair in each.items() if pair[1].requires_grad]
    cotangents = [layer.cotangent(name, output) for name, output in outputs]
    call.t.autograd.backward([output for _, output in outputs], cotangents)
    return labelled("sum", layer.gradients())


def _zero_grad(call: Call) -> dict[str, Any]:
    """Set gradients to zero, then to None, and run backward again after each."""
    layer = call.layer()
    module, parameters = module_of(call, layer), layer.built.parameters
    layer.backward(layer())
    before = {name: p.grad for name, p in parameters.items()}
    flags: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for label, to_none in (("zeroed", False), ("none", True)):
        if module is not None:
            module.zero_grad(set_to_none=to_none)
        for leaf in (*layer.data.values(), *(parameters.values() if module is None else ())):
            leaf.grad = None
        for name, p in parameters.items():
            flags[f"flag/{name}.{label}"] = p.grad is None
            if not to_none and p.grad is not None:
                flags[f"flag/{name}.kept"] = p.grad is before[name]
                flags[f"flag/{name}.zero"] = not bool((p.grad != 0).any())
        outputs = layer()
        layer.backward(outputs)
        found |= labelled(label, layer.gradients())
    return found | flagged(call, flags)


def _taken_in_backward(call: Call) -> dict[str, Any]:
    """Take each parameter's gradient in backward, once it is whole, as optimizers that step there do."""
    layer = call.layer()
    module_of(call, layer)
    parameters = {name: p for name, p in layer.built.parameters.items() if p.requires_grad}
    taken: dict[str, list[Any]] = {name: [] for name in parameters}

    def taking(name: str) -> Callable[[Any], None]:
        def hook(parameter: Any) -> None:
            taken[name].append(parameter.grad)
            parameter.grad = None

        return hook

    for name, parameter in parameters.items():
        parameter.register_post_accumulate_grad_hook(taking(name))
    layer.backward(layer())
    flags: dict[str, Any] = {}
    for name, parameter in parameters.items():
        flags |= {f"flag/{name}.times": len(taken[name]), f"flag/{name}.left": parameter.grad is not None}
        # Gradients are read from the parameters.
        parameter.grad = taken[name][-1] if taken[name] else None
    return labelled("taken", layer.gradients()) | flagged(call, flags)


def _frozen_module(call: Call) -> dict[str, Any]:
    """Freeze all parameters, run forward and backward, and let them learn again."""
    layer = call.layer()
    module = module_of(call, layer)
    found: dict[str, Any] = {}
    for label, learns in (("frozen", False), ("learning", True)):
        if module is not None:
            module.requires_grad_(learns)
        else:
            for parameter in layer.built.parameters.values():
                parameter.requires_grad_(learns)
        layer.forget()
        outputs = layer()
        layer.backward(outputs)
        found |= labelled(label, results(outputs) | layer.gradients())
        found |= {f"flag/{label}.{name}.requires_grad": flag(y.requires_grad) for name, y in outputs.items()}
    return found


_USES = (
    Use(
        "train-then-eval",
        "trained for a step and evaluated: dropout must be off, and no state kept from training matter",
        _train_then_eval,
        evaluated,
        trains=True,
    ),
    Use(
        "after-a-step",
        "called again after a step of SGD: parameters that were packed or cached are renewed",
        _after_a_step,
        learning,
        measured=True,
        trains=True,
    ),
    Use(
        "deepcopy",
        "copied, and the original changed: the copy shares nothing with it",
        _deepcopy,
        of_modules,
    ),
    Use(
        "state-dict",
        "loaded from a state, whose layer then changes: load_state_dict copies, state_dict does not",
        _state_dict,
        with_state,
    ),
    Use("to-dtype", "converted to another dtype and back, parameters and gradients", _to_dtype, learning),
    Use(
        "module-twice",
        "one module called twice in one graph: its gradients add up",
        _used_twice,
        learning,
        measured=True,
    ),
    Use(
        "zero-grad",
        "gradients set to zero, and to None, before another backward",
        _zero_grad,
        learning,
    ),
    Use(
        "taken-in-backward",
        "gradients taken from the parameters by hooks in backward, as optimizers that step there do",
        _taken_in_backward,
        learning,
    ),
    Use("frozen-module", "all parameters frozen, then learning again", _frozen_module, learning),
)

MODULE_USES: Mapping[str, Use] = {use.name: use for use in _USES}
