"""torch's optimisers, written out: with no mistake they are right, and each of optim.py makes one in a step.

They are classes derived from the namespace's own, of which they replace the step only; states have its names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.faults._rewriting import Replace

    Group = Mapping[str, Any]
    State = dict[str, Any]
    # From the namespace, a parameter, its gradient, options, state and the mistake to the new parameter.
    Rule = Callable[[Any, Any, Any, Group, State, str], Any]


def written_out(rule: Rule, wrong: str = "") -> Replace:
    """Return the class that steps by a rule with one mistake in place of the namespace's class."""

    def replace(t: Any, right: Any) -> Any:
        class WrittenOut(right):  # type: ignore[misc]  # a base class by namespace
            def zero_grad(self, *given: Any, **options: Any) -> None:
                if wrong != "never-zeroed":
                    super().zero_grad(*given, **options)

            def step(self, closure: Any = None) -> Any:
                loss = None if closure is None else closure()
                with t.no_grad():
                    _step(t, self, rule, wrong)
                return loss

        return WrittenOut

    return replace


def _step(t: Any, optimizer: Any, rule: Rule, wrong: str) -> None:
    for group in optimizer.param_groups:
        for parameter in [each for each in group["params"] if each.grad is not None]:
            ascends = group["maximize"] and wrong != "maximize-ignored"
            grad = parameter.grad * (-1.0 if ascends else 1.0)
            state = optimizer.state[parameter]
            parameter.copy_(rule(t, parameter.detach().clone(), grad, group, state, wrong))
            if not state:
                del optimizer.state[parameter]


def _decayed(p: Any, grad: Any, group: Group, wrong: str) -> tuple[Any, Any]:
    decay = group["weight_decay"]
    if wrong == "weight-decay-ignored":
        return p, grad
    if wrong == "weight-decay-decoupled":
        return p * (1 - group["lr"] * decay), grad
    return p, grad + p * decay


def _decoupled(p: Any, grad: Any, group: Group, wrong: str) -> tuple[Any, Any]:
    decay = group["weight_decay"]
    if wrong == "weight-decay-ignored":
        return p, grad
    if wrong == "weight-decay-through-the-gradient":
        return p, grad + p * decay
    rate = 1.0 if wrong == "weight-decay-without-rate" else group["lr"]
    return p * (1 - rate * decay), grad


def sgd(t: Any, p: Any, grad: Any, group: Group, state: State, wrong: str) -> Any:
    """Step as torch.optim.SGD does."""
    del t
    p, grad = _decayed(p, grad, group, wrong)
    momentum = group["momentum"]
    if momentum:
        first = "momentum_buffer" not in state
        damped = grad * (1 - (0.0 if wrong == "dampening-ignored" else group["dampening"]))
        if first and wrong != "momentum-from-zero":
            damped = grad
        buffer = damped if first else state["momentum_buffer"] * momentum + damped
        state["momentum_buffer"] = buffer
        looks_ahead = group["nesterov"] and wrong != "nesterov-ignored"
        grad = grad + buffer * momentum if looks_ahead else buffer
    return p - grad * group["lr"]


def adam(t: Any, p: Any, grad: Any, group: Group, state: State, wrong: str) -> Any:
    """Step as torch.optim.Adam does."""
    p, grad = _decayed(p, grad, group, wrong)
    return _by_moments(t, p, grad, group, state, wrong)


def adamw(t: Any, p: Any, grad: Any, group: Group, state: State, wrong: str) -> Any:
    """Step as torch.optim.AdamW does: as Adam, with the decay apart from the gradient."""
    p, grad = _decoupled(p, grad, group, wrong)
    return _by_moments(t, p, grad, group, state, wrong)


def _by_moments(t: Any, p: Any, grad: Any, group: Group, state: State, wrong: str) -> Any:
    beta1, beta2 = reversed(group["betas"]) if wrong == "betas-swapped" else group["betas"]
    names = ("exp_avg", "exp_avg_sq", *(["max_exp_avg_sq"] if group["amsgrad"] else []))
    if not state:
        state |= {"step": t.tensor(0.0), **dict.fromkeys(names, grad * 0.0)}
    state["step"] = state["step"] + 1
    state["exp_avg"] = state["exp_avg"] * beta1 + grad * (1 - beta1)
    state["exp_avg_sq"] = v = state["exp_avg_sq"] * beta2 + grad * grad * (1 - beta2)
    count = max(float(state["step"]) - (1 if wrong == "step-late" else 0), 1)
    correct1 = 1.0 if wrong in {"no-bias-correction", "no-first-correction"} else 1 - beta1**count
    correct2 = 1.0 if wrong in {"no-bias-correction", "no-second-correction"} else 1 - beta2**count
    if group["amsgrad"]:
        largest = state["max_exp_avg_sq"] = t.maximum(state["max_exp_avg_sq"], v)
        v = v if wrong == "amsgrad-ignored" else largest
    v, eps = v / correct2, group["eps"]
    root = t.sqrt(v + eps) if wrong == "eps-inside" else t.sqrt(v) + eps
    return p - group["lr"] / correct1 * state["exp_avg"] / root


def rmsprop(t: Any, p: Any, grad: Any, group: Group, state: State, wrong: str) -> Any:
    """Step as torch.optim.RMSprop does."""
    alpha = 1 - group["alpha"] if wrong == "alpha-reversed" else group["alpha"]
    p, grad = _decayed(p, grad, group, wrong)
    if not state:
        state |= {"step": t.tensor(0.0), "square_avg": grad * 0.0 + float(wrong == "squares-from-one")}
        state |= {"momentum_buffer": grad * 0.0} if group["momentum"] else {}
        state |= {"grad_avg": grad * 0.0} if group["centered"] else {}
    state["step"] = state["step"] + 1
    state["square_avg"] = square = state["square_avg"] * alpha + grad * grad * (1 - alpha)
    if group["centered"]:
        mean = state["grad_avg"] = state["grad_avg"] * alpha + grad * (1 - alpha)
        square = square if wrong == "centered-ignored" else square - mean * mean
    if wrong == "bias-corrected":
        square = square / (1 - alpha ** float(state["step"]))
    eps = group["eps"]
    root = t.sqrt(square + eps) if wrong == "eps-inside" else t.sqrt(square) + eps
    late = wrong == "momentum-of-gradients"
    change = grad if late else grad / root
    if group["momentum"]:
        buffer = state["momentum_buffer"] = state["momentum_buffer"] * group["momentum"] + change
        change = change if wrong == "momentum-ignored" else buffer
    return p - (change / root if late else change) * group["lr"]


def adagrad(t: Any, p: Any, grad: Any, group: Group, state: State, wrong: str) -> Any:
    """Step as torch.optim.Adagrad does."""
    p, grad = _decayed(p, grad, group, wrong)
    if not state:
        # Of a group that was added later; the constructor made the others.
        state |= {"step": t.tensor(0.0), "sum": grad * 0.0 + group["initial_accumulator_value"]}
    state["step"] = state["step"] + 1
    done = float(state["step"]) - (0 if wrong == "lr-decay-from-one" else 1)
    state["sum"] = total = state["sum"] + grad * grad
    eps = group["eps"]
    root = t.sqrt(total + eps) if wrong == "eps-inside" else t.sqrt(total) + eps
    rate = group["lr"] / (1 + (0 if wrong == "lr-decay-ignored" else done) * group["lr_decay"])
    return p - grad / root * rate


def adadelta(t: Any, p: Any, grad: Any, group: Group, state: State, wrong: str) -> Any:
    """Step as torch.optim.Adadelta does."""
    rho, eps = group["rho"], group["eps"]
    p, grad = _decayed(p, grad, group, wrong)
    if not state:
        state |= {"step": t.tensor(0.0), "square_avg": grad * 0.0, "acc_delta": grad * 0.0}
    state["step"] = state["step"] + 1
    state["square_avg"] = square = state["square_avg"] * rho + grad * grad * (1 - rho)

    def root(mean: Any) -> Any:
        return t.sqrt(mean) + eps if wrong == "eps-outside" else t.sqrt(mean + eps)

    change = root(state["acc_delta"]) / root(square) * grad
    state["acc_delta"] = state["acc_delta"] * rho + change * change * (1 - rho)
    if wrong == "changes-first":
        change = root(state["acc_delta"]) / root(square) * grad
    return p - change * (1.0 if wrong == "lr-ignored" else group["lr"])


def _decaying(p: Any, grad: Any, group: Group, wrong: str) -> tuple[Any, Any]:
    """Decay as `decoupled_weight_decay` says, which the mistakes ignore or turn around."""
    if wrong in {"always-coupled", "always-decoupled"}:
        decoupled = wrong == "always-decoupled"
    else:
        decoupled = group["decoupled_weight_decay"]
    return (_decoupled if decoupled else _decayed)(p, grad, group, wrong)


def _moments(t: Any, grad: Any, group: Group, state: State) -> tuple[Any, Any, float]:
    """Step the running means of the gradient and of its square, and return them and the count."""
    beta1, beta2 = group["betas"]
    if not state:
        state |= {"step": t.tensor(0.0), "exp_avg": grad * 0.0, "exp_avg_sq": grad * 0.0}
    state["step"] = state["step"] + 1
    state["exp_avg"] = m = state["exp_avg"] * beta1 + grad * (1 - beta1)
    state["exp_avg_sq"] = v = state["exp_avg_sq"] * beta2 + grad * grad * (1 - beta2)
    return m, v, float(state["step"])


def nadam(t: Any, p: Any, grad: Any, group: Group, state: State, wrong: str) -> Any:
    """Step as torch.optim.NAdam does."""
    p, grad = _decaying(p, grad, group, wrong)
    if not state:
        state |= {"step": t.tensor(0.0), "mu_product": t.tensor(1.0)}
        state |= {"exp_avg": grad * 0.0, "exp_avg_sq": grad * 0.0}
    m, v, count = _moments(t, grad, group, state)
    decay = 0.0 if wrong == "momentum-decay-ignored" else group["momentum_decay"]
    beta1, beta2 = group["betas"]
    mu, later = (beta1 * (1 - 0.5 * 0.96 ** (at * decay)) for at in (count, count + 1))
    state["mu_product"] = state["mu_product"] * mu
    product = float(state["mu_product"])
    eps = group["eps"]
    v = v / (1 - beta2**count)
    root = t.sqrt(v + eps) if wrong == "eps-inside" else t.sqrt(v) + eps
    ahead = m * (later / (1 - product * later)) + grad * ((1 - mu) / (1 - product))
    if wrong == "not-ahead":
        ahead = m / (1 - product)
    if wrong == "product-not-ahead":
        ahead = m * (later / (1 - product)) + grad * ((1 - mu) / (1 - product))
    return p - group["lr"] * ahead / root


def radam(t: Any, p: Any, grad: Any, group: Group, state: State, wrong: str) -> Any:
    """Step as torch.optim.RAdam does."""
    p, grad = _decaying(p, grad, group, wrong)
    m, v, count = _moments(t, grad, group, state)
    beta1, beta2 = group["betas"]
    correction, eps = 1 - beta2**count, group["eps"]
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * count * beta2**count / correction
    change = group["lr"] * m / (1 - beta1**count)
    if length > (4.0 if wrong == "adaptive-from-four" else 5.0):
        above, below = (length - 4) * (length - 2) * longest, (longest - 4) * (longest - 2) * length
        factor = 1.0 if wrong == "not-rectified" else (above / below) ** 0.5
        v = v / correction
        late = t.sqrt(v + eps) if wrong == "eps-inside" else t.sqrt(v) + eps / correction**0.5
        change = change * factor / (t.sqrt(v) + eps if wrong == "eps-after-correction" else late)
    elif wrong == "waits-with-nothing":
        change = change * 0.0
    return p - change


RULES: Mapping[str, Rule] = {
    "SGD": sgd,
    "Adam": adam,
    "AdamW": adamw,
    "RMSprop": rmsprop,
    "Adagrad": adagrad,
    "Adadelta": adadelta,
    "NAdam": nadam,
    "RAdam": radam,
}
