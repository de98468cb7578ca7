"""Faults of optimisers. Each is torch's algorithm, written out, with one step changed."""

from __future__ import annotations

from typing import Any

from conformance.faults.fault import Fault


class _Spelled:
    """An optimiser in torch's API: state by parameter, and a rule that returns the new parameter."""

    def __init__(self, t: Any, parameters: list[Any], config: Any, wrong: str = "") -> None:
        self._t, self._parameters, self._config, self._wrong = t, parameters, config, wrong
        self._state: list[dict[str, Any]] = [{} for _ in parameters]

    def zero_grad(self) -> None:
        """Drop the gradients, as a training loop does before backward."""
        if self._wrong != "never-zeroed":
            for parameter in self._parameters:
                parameter.grad = None

    def step(self) -> None:
        """Apply the rule to every parameter."""
        with self._t.no_grad():
            for parameter, state in zip(self._parameters, self._state, strict=True):
                sign = -1.0 if self._config["maximize"] and self._wrong != "maximize-ignored" else 1.0
                parameter.copy_(self._rule(parameter.detach(), parameter.grad * sign, state))

    def _decayed(self, p: Any, grad: Any) -> tuple[Any, Any]:
        decay = self._config["weight_decay"]
        if self._wrong == "weight-decay-ignored":
            return p, grad
        if self._wrong == "weight-decay-decoupled":
            return p * (1 - self._config["lr"] * decay), grad
        return p, grad + p * decay

    def _rule(self, p: Any, grad: Any, state: dict[str, Any]) -> Any:
        raise NotImplementedError


class SGD(_Spelled):
    """torch.optim.SGD's rule."""

    def _rule(self, p: Any, grad: Any, state: dict[str, Any]) -> Any:
        c = self._config
        nesterov = c["nesterov"]
        momentum, dampening = (0.9, 0.0) if nesterov else (c["momentum"], c["dampening"])
        p, grad = self._decayed(p, grad)
        if momentum:
            first = "buffer" not in state
            damped = grad * (1 - (0.0 if self._wrong == "dampening-ignored" else dampening))
            if first and self._wrong != "momentum-from-zero":
                damped = grad
            old = 0.0 if first else state["buffer"] * momentum
            state["buffer"] = old + damped
            looks_ahead = nesterov and self._wrong != "nesterov-ignored"
            grad = grad + state["buffer"] * momentum if looks_ahead else state["buffer"]
        return p - grad * c["lr"]


class Adam(_Spelled):
    """torch.optim.Adam's rule."""

    def _rule(self, p: Any, grad: Any, state: dict[str, Any]) -> Any:
        c, wrong = self._config, self._wrong
        beta1, beta2 = (c["beta2"], c["beta1"]) if wrong == "betas-swapped" else (c["beta1"], c["beta2"])
        p, grad = self._decayed(p, grad)
        k = state["k"] = state.get("k", -1 if wrong == "step-late" else 0) + 1
        state["m"] = state.get("m", grad * 0.0) * beta1 + grad * (1 - beta1)
        state["v"] = state.get("v", grad * 0.0) * beta2 + grad * grad * (1 - beta2)
        count = max(k, 1)
        correct1 = 1.0 if wrong in {"no-bias-correction", "no-first-correction"} else 1 - beta1**count
        correct2 = 1.0 if wrong in {"no-bias-correction", "no-second-correction"} else 1 - beta2**count
        v = state["v"]
        if c["amsgrad"] and wrong != "amsgrad-ignored":
            v = state["largest"] = self._t.maximum(state.get("largest", v), v)
        v = v / correct2
        root = self._t.sqrt(v + c["eps"]) if wrong == "eps-inside" else self._t.sqrt(v) + c["eps"]
        return p - c["lr"] / correct1 * state["m"] / root


class AdamW(Adam):
    """torch.optim.AdamW's rule: Adam's, with the decay apart from the gradient."""

    def _decayed(self, p: Any, grad: Any) -> tuple[Any, Any]:
        decay = self._config["weight_decay"]
        if self._wrong == "weight-decay-ignored":
            return p, grad
        if self._wrong == "weight-decay-through-the-gradient":
            return p, grad + p * decay
        rate = 1.0 if self._wrong == "weight-decay-without-rate" else self._config["lr"]
        return p * (1 - rate * decay), grad


class RMSprop(_Spelled):
    """torch.optim.RMSprop's rule."""

    def _rule(self, p: Any, grad: Any, state: dict[str, Any]) -> Any:
        c, wrong = self._config, self._wrong
        alpha = 1 - c["alpha"] if wrong == "alpha-reversed" else c["alpha"]
        p, grad = self._decayed(p, grad)
        k = state["k"] = state.get("k", 0) + 1
        start = grad * 0.0 + (1.0 if wrong == "squares-from-one" else 0.0)
        state["v"] = square = state.get("v", start) * alpha + grad * grad * (1 - alpha)
        if c["centered"] and wrong != "centered-ignored":
            state["m"] = state.get("m", grad * 0.0) * alpha + grad * (1 - alpha)
            square = square - state["m"] * state["m"]
        if wrong == "bias-corrected":
            square = square / (1 - alpha**k)
        root = self._t.sqrt(square + c["eps"]) if wrong == "eps-inside" else self._t.sqrt(square) + c["eps"]
        change = grad if wrong == "momentum-of-gradients" else grad / root
        if c["momentum"] and wrong != "momentum-ignored":
            change = state["buffer"] = state.get("buffer", 0.0) * c["momentum"] + change
        return p - (change / root if wrong == "momentum-of-gradients" else change) * c["lr"]


def _fault(rule: type[_Spelled], case: str, wrong: str, story: str) -> Fault:
    def optimizer(t: Any, parameters: list[Any], config: Any) -> Any:
        return rule(t, parameters, config, wrong)

    name = f"{case.rpartition('.')[2].lower()}-{wrong}"
    return Fault(name, "optim", (case,), story, seams={"optimizer": optimizer})


_BOTH = {
    "weight-decay-ignored": "ignores weight decay",
    "weight-decay-decoupled": "decays the weights apart from the gradient, as AdamW does, not through it",
    "maximize-ignored": "descends instead of ascending",
    "never-zeroed": "accumulates the gradients of earlier steps: they are stale",
}
_SGD = {
    "momentum-from-zero": "damps the first step too, where torch's first momentum is the gradient itself",
    "dampening-ignored": "ignores the dampening",
    "nesterov-ignored": "uses the plain momentum instead of Nesterov's",
}
_ADAM = {
    "no-bias-correction": "corrects neither moment",
    "no-first-correction": "corrects the second moment only",
    "no-second-correction": "corrects the first moment only",
    "eps-inside": "adds epsilon inside the root, as TensorFlow's 'epsilon hat' does nearly",
    "betas-swapped": "takes the betas in the wrong order",
    "step-late": "counts the first step as zero",
    "amsgrad-ignored": "ignores amsgrad",
}

_ADAMW = {
    "weight-decay-ignored": "ignores weight decay",
    "weight-decay-through-the-gradient": "decays through the gradient, as Adam does",
    "weight-decay-without-rate": "does not multiply the decay by the learning rate",
    "maximize-ignored": "descends instead of ascending",
    **_ADAM,
}
_RMSPROP = {
    "eps-inside": "adds epsilon inside the root, as TensorFlow did",
    "squares-from-one": "starts the mean of squares at one, as TensorFlow 1 did",
    "alpha-reversed": "exchanges alpha and 1 - alpha",
    "bias-corrected": "corrects the mean of squares as Adam does",
    "centered-ignored": "does not subtract the squared mean",
    "momentum-ignored": "ignores momentum",
    "momentum-of-gradients": "divides the momentum of the gradients, not the gradients",
}

FAULTS = (
    *(_fault(SGD, "optim.SGD", wrong, story) for wrong, story in (_BOTH | _SGD).items()),
    *(_fault(Adam, "optim.Adam", wrong, story) for wrong, story in (_BOTH | _ADAM).items()),
    *(_fault(AdamW, "optim.AdamW", wrong, story) for wrong, story in _ADAMW.items()),
    *(_fault(RMSprop, "optim.RMSprop", wrong, story) for wrong, story in (_BOTH | _RMSPROP).items()),
)
