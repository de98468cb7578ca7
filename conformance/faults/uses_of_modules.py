"""Faults of modules that show only after training, in copies, in saved states and with frozen parameters."""

from __future__ import annotations

from copy import copy, deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import on_outputs
from conformance.faults._using import altered, among, calling, fault, fitting, with_module, without

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Built, Tensors
    from conformance.faults.fault import Fault

    Kept = dict[str, Any]

# The reference has no module of these names, so that nothing but values is compared.
_MODELS = ("models.LSTMCell", "models.LSTM")


def _training_remembered(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    """Return other values once the layer was called in training and is called in evaluation."""
    del t
    training = built.module is not None and built.module.training
    kept["trained"] = kept.get("trained", False) or training
    returned = built.call(data)
    return altered(returned) if kept["trained"] and not training else returned


def _first_parameters(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    """Compute with the parameters of the first call, as if they had been packed then."""
    del t
    own = {name: parameter.data for name, parameter in built.parameters.items()}
    packed = kept.setdefault("packed", {name: value.clone() for name, value in own.items()})
    for name, parameter in built.parameters.items():
        parameter.data = packed[name]
    returned = built.call(data)
    for name, parameter in built.parameters.items():
        parameter.data = own[name]
    return returned


def _first_call_only(t: Any, built: Built, data: Tensors, kept: Kept) -> Any:
    """Let the parameters learn from the first call only."""
    del t
    returned = built.call(data)
    again = kept.get("called", False)
    kept["called"] = True
    if not again:
        return returned
    return on_outputs(returned, lambda _, out: out.detach().requires_grad_(out.requires_grad))


def _deaf_eval(_: Any, module: Any) -> None:
    module.eval = lambda: module


def _eval_of_itself_only(_: Any, module: Any) -> None:
    def evaluate() -> Any:
        module.training = False
        return module

    module.eval = evaluate


def _shallow(_: Any, module: Any) -> None:
    module.__deepcopy__ = lambda memo: copy(module)


def _training_copy(_: Any, module: Any) -> None:
    def twin(memo: dict[int, Any]) -> Any:
        del memo
        del module.__deepcopy__
        return deepcopy(module).train(not module.training)

    module.__deepcopy__ = twin


def _assigning(_: Any, module: Any) -> None:
    load = module.load_state_dict
    module.load_state_dict = lambda state: load(state, assign=True)


def _not_loading(_: Any, module: Any) -> None:
    module.load_state_dict = lambda state: None


def _copied_state(_: Any, module: Any) -> None:
    state = module.state_dict
    module.state_dict = lambda: {name: value.clone() for name, value in state().items()}


def _by_float16(t: Any, module: Any) -> None:
    convert = module.to

    def to(dtype: Any) -> Any:
        convert(t.float16)
        return convert(dtype)

    module.to = to


def _without_gradients(_: Any, module: Any) -> None:
    convert = module.to

    def to(dtype: Any) -> Any:
        module.zero_grad()
        return convert(dtype)

    module.to = to


def _new_parameters(t: Any, module: Any) -> None:
    convert = module.to

    def to(dtype: Any) -> Any:
        convert(dtype)
        for owner in module.modules():
            for name, parameter in [*owner.named_parameters(recurse=False)]:
                setattr(owner, name, t.nn.Parameter(parameter.detach()))
        return module

    module.to = to


def _zeroing(change: Callable[[Any, bool], None]) -> Callable[[Any, Any], None]:
    """Return what makes a module set its gradients by `change(parameter, set_to_none)`."""

    def on_module(_: Any, module: Any) -> None:
        def zero_grad(set_to_none: bool = True) -> None:
            for parameter in module.parameters():
                change(parameter, set_to_none)

        module.zero_grad = zero_grad

    return on_module


def _always_none(parameter: Any, set_to_none: bool) -> None:
    del set_to_none
    parameter.grad = None


def _always_zero(parameter: Any, set_to_none: bool) -> None:
    del set_to_none
    if parameter.grad is not None:
        parameter.grad.zero_()


def _new_zeros(parameter: Any, set_to_none: bool) -> None:
    if parameter.grad is not None:
        parameter.grad = None if set_to_none else parameter.grad.detach().clone().zero_()


def _nothing(parameter: Any, set_to_none: bool) -> None:
    del parameter, set_to_none


def _first_stays(learning: bool) -> Callable[[Any, Any], None]:
    """Return what makes a module leave its first parameter as it is when it freezes or learns again."""

    def on_module(_: Any, module: Any) -> None:
        change = module.requires_grad_

        def requires_grad_(requires_grad: bool = True) -> Any:
            change(requires_grad)
            if requires_grad is learning:
                next(iter(module.parameters())).requires_grad_(not requires_grad)
            return module

        module.requires_grad_ = requires_grad_

    return on_module


def _hooking(register: Callable[[Any, Callable[[Any], None]], object]) -> Callable[[Any, Any], None]:
    """Return what makes a module's parameters register such hooks by `register(parameter, hook)`."""

    def on_module(_: Any, module: Any) -> None:
        for parameter in module.parameters():
            parameter.register_post_accumulate_grad_hook = partial(register, parameter)

    return on_module


def _never_called(parameter: Any, hook: Callable[[Any], None]) -> None:
    del parameter, hook


def _before_it_is_added(parameter: Any, hook: Callable[[Any], None]) -> None:
    def see(grad: Any) -> None:
        parameter.grad = grad
        hook(parameter)

    parameter.register_hook(see)


def _of_module(
    name: str, use: str, change: Callable[[Any, Any], None], story: str, cases: tuple[str, ...] | None = None
) -> Fault:
    chosen = without(use, _MODELS) if cases is None else cases
    return fault(name, "modules", use, with_module(change), story, chosen)


# Cases that have no weights in some of their settings, or that a mean of one sample does not depend on.
_SOMETIMES = ("nn.functional.nll_loss", "nn.functional.cross_entropy", "nn.LayerNorm")
_STATEFUL = without("state-dict", (*_MODELS, *_SOMETIMES))

FAULTS = (
    fault(
        "training-leaves-state",
        "modules",
        "train-then-eval",
        calling(_training_remembered),
        "a state kept from training enters evaluation (pytorch #180744)",
        without("train-then-eval", _MODELS),
    ),
    _of_module("eval-keeps-training", "train-then-eval", _deaf_eval, "eval() changes nothing"),
    _of_module(
        "eval-forgets-children",
        "train-then-eval",
        _eval_of_itself_only,
        "eval() does not reach the children, whose dropout stays on",
        among("train-then-eval", ("nn.ModuleDict",)),
    ),
    fault(
        "parameters-of-first-call",
        "modules",
        "after-a-step",
        calling(_first_parameters),
        "parameters that were packed at the first call are not renewed after a step",
        fitting("after-a-step"),
    ),
    fault(
        "second-call-does-not-learn",
        "modules",
        "module-twice",
        calling(_first_call_only),
        "one module called twice in a graph gets the gradient of one call",
        fitting("module-twice"),
    ),
    _of_module("deepcopy-shares", "deepcopy", _shallow, "a copy shares its tensors", _STATEFUL),
    _of_module("deepcopy-changes-mode", "deepcopy", _training_copy, "a copy is in another mode"),
    _of_module("state-dict-shares", "state-dict", _assigning, "load_state_dict keeps the given tensors"),
    _of_module("state-dict-ignored", "state-dict", _not_loading, "load_state_dict loads nothing", _STATEFUL),
    _of_module("state-dict-copies", "state-dict", _copied_state, "state_dict returns copies"),
    _of_module(
        "to-loses-digits",
        "to-dtype",
        _by_float16,
        "converts by way of float16",
        # Its integers have few digits.
        without("to-dtype", (*_MODELS, "nn.Linear")),
    ),
    _of_module("to-forgets-gradients", "to-dtype", _without_gradients, "converting drops the gradients"),
    _of_module("to-makes-new-parameters", "to-dtype", _new_parameters, "an optimizer loses the parameters"),
    _of_module("module-zero-grad-none", "zero-grad", _zeroing(_always_none), "set_to_none=False sets None"),
    _of_module("module-zero-grad-zero", "zero-grad", _zeroing(_always_zero), "set_to_none=True sets zeros"),
    _of_module("zero-grad-new-tensors", "zero-grad", _zeroing(_new_zeros), "zeros are new tensors"),
    _of_module("zero-grad-forgets-nothing", "zero-grad", _zeroing(_nothing), "gradients are kept"),
    _of_module("post-hook-never-called", "taken-in-backward", _hooking(_never_called), "it is never called"),
    _of_module(
        "post-hook-before-addition",
        "taken-in-backward",
        _hooking(_before_it_is_added),
        "a gradient that a hook has dropped is added nevertheless",
    ),
    _of_module("freezing-leaves-one", "frozen-module", _first_stays(learning=False), "one still learns"),
    _of_module("thawing-leaves-one", "frozen-module", _first_stays(learning=True), "one stays frozen"),
)
