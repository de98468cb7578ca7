"""Faults of training: an optimiser whose steps are right is wrong in what a training loop does beside them.

Each is a class derived from the namespace's own, one method of which is wrong.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import in_place_of
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.faults._rewriting import Replace

    Correct = Callable[..., Any]
    # From the optimiser, its correct method and the arguments to the result.
    Method = Callable[..., Any]

# Those whose state counts the steps.
_COUNTING = ("Adadelta", "Adagrad", "Adam", "AdamW", "NAdam", "RAdam", "RMSprop")
_EVERY = (*_COUNTING, "SGD")


def _derived(**methods: Method) -> Replace:
    """Return the class whose methods of those names are `wrong(self, correct, *arguments)`."""

    def replace(t: Any, right: Any) -> Any:
        del t

        def method(name: str, wrong: Method) -> Callable[..., Any]:
            def call(self: Any, *given: Any, **options: Any) -> Any:
                def correct(*own: Any, **own_options: Any) -> Any:
                    return getattr(right, name)(self, *own, **own_options)

                return wrong(self, correct, *given, **options)

            return call

        return type("Wrong", (right,), {name: method(name, wrong) for name, wrong in methods.items()})

    return replace


def _cold(self: Any, correct: Correct, state: Any) -> None:
    del self
    correct({**state, "state": {}})


def _count_lost(self: Any, correct: Correct, state: Any) -> None:
    del self
    correct({**state, "state": {k: {**kept, "step": kept["step"] * 0} for k, kept in state["state"].items()}})


def _in_order(self: Any, correct: Correct, state: Any) -> None:
    del self
    correct({**state, "state": dict(enumerate(state["state"].values()))})


def _options_kept(self: Any, correct: Correct, state: Any) -> None:
    groups = zip(state["param_groups"], self.param_groups, strict=True)
    correct({**state, "param_groups": [{**own, "params": saved["params"]} for saved, own in groups]})


def _saved_as_slots(self: Any, correct: Correct) -> Any:
    del self
    saved = correct()
    state = {k: {f"slot_{n}": value for n, value in kept.items()} for k, kept in saved["state"].items()}
    return {**saved, "state": state}


def _loaded_from_slots(self: Any, correct: Correct, saved: Any) -> None:
    del self
    state = {
        k: {n.removeprefix("slot_"): value for n, value in kept.items()} for k, kept in saved["state"].items()
    }
    correct({**saved, "state": state})


@contextmanager
def _options(self: Any, change: Callable[[int, Any], dict[str, Any]]) -> Iterator[None]:
    """Change options of each group for a while, by its number and its options."""
    kept = [dict(group) for group in self.param_groups]
    try:
        for number, group in enumerate(self.param_groups):
            group.update(change(number, group))
        yield
    finally:
        for group, right in zip(self.param_groups, kept, strict=True):
            group.update(right)


def _stepping_with(change: Callable[[Any, int, Any], dict[str, Any]]) -> Method:
    """Return a step that is made with options changed to `change(self, number of the group, group)`."""

    def step(self: Any, correct: Correct, closure: Any = None) -> Any:
        with _options(self, lambda number, group: change(self, number, group)):
            return correct(closure)

    return step


def _of_first(self: Any, number: int, group: Any) -> dict[str, Any]:
    del number, group
    return {name: value for name, value in self.param_groups[0].items() if name != "params"}


def _first_rate(self: Any, number: int, group: Any) -> dict[str, Any]:
    return {"lr": vars(self).setdefault("first_rates", {}).setdefault(number, group["lr"])}


def _decay_turned(self: Any, number: int, group: Any) -> dict[str, Any]:
    del self, number
    return {"weight_decay": -group["weight_decay"]} if group["maximize"] else {}


def _if_foreach(**options: Any) -> Method:
    return _stepping_with(lambda self, number, group: options if group["foreach"] else {})


def _with_gradients(fits: Callable[[Any], bool], *, zero: bool = True) -> Method:
    """Return a step for which some parameters have a gradient of zeros, or none."""

    def step(self: Any, correct: Correct, closure: Any = None) -> Any:
        if closure is not None:
            return correct(closure)
        chosen = [p for group in self.param_groups for p in group["params"] if fits(p)]
        kept = [(p, p.grad, p in self.state) for p in chosen]
        for p in chosen:
            p.grad = p.detach() * 0.0 if zero else None
        loss = correct()
        for p, grad, known in kept:
            p.grad = grad
            # Only the steps are wrong: the saved state names no other parameters than it should.
            if not known:
                self.state.pop(p, None)
        return loss

    return step


def _one_count(self: Any, correct: Correct, closure: Any = None) -> Any:
    counts = [state["step"] for state in self.state.values()]
    for state in self.state.values():
        state["step"] = max(counts, key=float).clone()
    return correct(closure)


def _made(self: Any, correct: Correct, *given: Any, **options: Any) -> None:
    correct(*given, **options)
    self.made = True


def _adding(change: Callable[[Any], Any]) -> Replace:
    """Return the class that adds `change(group)` once it is made, and nothing in place of None."""

    def add(self: Any, correct: Correct, group: Any) -> None:
        group = change(group) if getattr(self, "made", False) else group
        if group is not None:
            correct(group)

    return _derived(__init__=_made, add_param_group=add)


def _called_twice(self: Any, correct: Correct, closure: Any = None) -> Any:
    del self
    if closure is not None:
        closure()
    return correct(closure)


def _without_loss(self: Any, correct: Correct, closure: Any = None) -> None:
    del self
    correct(closure)


def _clipping_read_twice(t: Any, right: Any) -> Any:
    def clip(parameters: Any, max_norm: float) -> Any:
        norm = t.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        # Read again, a generator is empty; torch warns of that, but not of an empty list.
        right(list(parameters), max_norm)
        return norm

    return clip


def _fault(name: str, replace: Replace, story: str, optimisers: tuple[str, ...] = _EVERY) -> Fault:
    cases = tuple(f"optim.{each}" for each in optimisers)
    return Fault(name, "training", cases, story, around=in_place_of(cases, replace))


FAULTS = (
    _fault("resumed-cold", _derived(load_state_dict=_cold), "forgets the state that it loads"),
    _fault(
        "resumed-step-lost",
        _derived(load_state_dict=_count_lost),
        "counts its steps anew when it is resumed (tinker-feedback #126)",
        _COUNTING,
    ),
    _fault(
        "resumed-in-order",
        _derived(load_state_dict=_in_order),
        "gives the states to the parameters in turn, also to one that had none",
    ),
    _fault(
        "resumed-options-kept",
        _derived(load_state_dict=_options_kept),
        "keeps the options of the constructor when it is resumed",
    ),
    _fault(
        "state-of-other-names",
        _derived(state_dict=_saved_as_slots, load_state_dict=_loaded_from_slots),
        "saves its state by names of its own",
    ),
    _fault(
        "group-options-of-first",
        _derived(step=_stepping_with(_of_first)),
        "steps every group with the options of the first (pytorch-optimizer #96)",
    ),
    _fault(
        "lr-change-ignored",
        _derived(step=_stepping_with(_first_rate)),
        "keeps the learning rates of its first step",
    ),
    _fault(
        "none-gradient-treated-as-zero",
        _derived(step=_with_gradients(lambda p: p.grad is None)),
        "moves a parameter without a gradient by its decay and its momentum (Muon #54)",
    ),
    _fault(
        "frozen-still-moves",
        _derived(step=_with_gradients(lambda p: p.grad is None and not p.requires_grad)),
        "moves a frozen parameter by its momentum",
    ),
    _fault(
        "frozen-skipped",
        _derived(step=_with_gradients(lambda p: not p.requires_grad, zero=False)),
        "skips a frozen parameter whose gradient is still there",
    ),
    _fault("added-group-ignored", _adding(lambda _: None), "ignores groups that are added later"),
    _fault(
        "added-group-by-default",
        _adding(lambda group: {"params": group["params"]}),
        "ignores the options of groups that are added later",
    ),
    _fault(
        "one-count-of-steps",
        _derived(step=_one_count),
        "counts the steps of all parameters together, also where one had no gradient",
        ("Adam", "AdamW"),
    ),
    _fault(
        "closure-not-called",
        _derived(step=lambda self, correct, closure=None: correct()),
        "does not call the closure",
    ),
    _fault("closure-called-twice", _derived(step=_called_twice), "calls the closure twice"),
    _fault("loss-not-returned", _derived(step=_without_loss), "does not return the closure's loss"),
    _fault(
        "foreach-without-decay",
        _derived(step=_if_foreach(weight_decay=0.0)),
        "ignores the weight decay where all parameters are stepped at once",
    ),
    _fault(
        "foreach-always-minimizes",
        _derived(step=_if_foreach(maximize=False)),
        "ignores maximize where all parameters are stepped at once",
    ),
    _fault(
        "maximize-after-decay",
        _derived(step=_stepping_with(_decay_turned)),
        "grows the weights where it should let them decay when it maximizes",
    ),
    _fault(
        "zero-grad-keeps",
        _derived(zero_grad=lambda self, correct, set_to_none=True: correct() if set_to_none else None),
        "does nothing where gradients are set to zero, not to None (pytorch #65342)",
    ),
    _fault(
        "zero-grad-always-none",
        _derived(zero_grad=lambda self, correct, set_to_none=True: correct()),
        "sets gradients to None where they are set to zero",
    ),
    _fault(
        "zero-grad-always-zero",
        _derived(zero_grad=lambda self, correct, set_to_none=True: correct(set_to_none=False)),
        "sets gradients to zero, as torch did before version 2",
    ),
    Fault(
        "training-clips-no-generator",
        "training",
        tuple(f"optim.{each}" for each in _EVERY),
        "reads a generator of parameters twice, and so does not clip their gradients",
        around=in_place_of(("nn.utils.clip_grad_norm_",), _clipping_read_twice),
    ),
)
