"""L-BFGS: quasi-Newton steps from the last few changes of parameters and gradients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mytorch._core.base import wrap
from mytorch._core.typename import typename
from mytorch._tensor import Tensor
from mytorch.autograd import enable_grad
from mytorch.autograd.graph import counter_of
from mytorch.optim._options import as_number, require_rate
from mytorch.optim._strong_wolfe import Point, strong_wolfe
from mytorch.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from mytorch._core.types import Array
    from mytorch.optim.optimizer import Params

# A pair whose y·s is not larger says nothing about the curvature.
_LEAST_CURVATURE = 1e-10


class LBFGS(Optimizer):
    """Step by an approximation of the inverse Hessian, built from the last changes.

    With g the gradient of all parameters as one vector, s = θ' - θ and y = g' - g the changes of the last
    iterations, ρ = 1 / (y·s) and η lr, an iteration is

        q ← -g;   αᵢ ← ρᵢ sᵢ·q, q ← q - αᵢ yᵢ  (newest pair first);   d ← (y·s / y·y) q;
        d ← d + (αᵢ - ρᵢ yᵢ·d) sᵢ  (oldest pair first);   θ ← θ + t d,

    with t = η, min(1, 1 / |g|₁) η in the first iteration of all, and with a line search what it finds from
    there. A step does up to `max_iter` iterations. Parameters without a gradient have one of zeros.

    Args:
        params: parameters or (name, parameter) pairs; or one group of them.
        lr: η, at least 0; a number or a one-element tensor.
        max_iter: the most iterations in a step.
        max_eval: the most calls of the closure in a step; by default 5/4 of `max_iter`.
        tolerance_grad: a step ends where no element of the gradient is larger.
        tolerance_change: a step ends where no parameter changes by more, or the loss by less.
        history_size: how many changes are kept.
        line_search_fn: "strong_wolfe", or None for steps of fixed length.

    Raises:
        ValueError: lr is negative, or there is more than one group.

    Source: Liu & Nocedal, "On the limited memory BFGS method for large scale optimization", 1989, in the
        form of https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html

    Examples:
        >>> w = mytorch.nn.Parameter(mytorch.zeros(2))
        >>> def closure():
        ...     w.grad = w.detach() - 3.0
        ...     return (w.grad**2).sum() / 2
        >>> optim.LBFGS([w]).step(closure), w.detach()
        (tensor(9.), tensor([3., 3.]))
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        require_rate(lr)
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )
        if len(self.param_groups) != 1:
            raise ValueError(
                "LBFGS doesn't support per-parameter options (parameter groups): "
                f"expected 1 group, got {len(self.param_groups)}"
            )

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]  # it cannot do without
        """Do up to `max_iter` iterations.

        Args:
            closure: computes the loss and its gradients, and returns the loss; called once per evaluation.

        Returns:
            What `closure` returned the first time.

        Raises:
            AssertionError: a group was added.
            RuntimeError: `line_search_fn` is neither None nor "strong_wolfe".
            TypeError: `closure` is not callable, or returned no number.
        """
        if len(self.param_groups) != 1:
            raise AssertionError(f"Expected exactly one param_group, but got {len(self.param_groups)}")
        if not callable(closure):
            raise TypeError(f"LBFGS needs a closure that returns the loss, but got {typename(closure)}")
        group = self.param_groups[0]
        problem = _Problem(group["params"], closure)
        # As in torch, the first parameter has the state of all.
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        original = problem.evaluate()
        state["func_evals"] += 1
        if problem.largest_gradient() <= group["tolerance_grad"]:
            return original
        # torch does not warn of overflow.
        with np.errstate(all="ignore"):
            memory = _Memory.of(state)
            _iterate(problem, memory, group, state)
            state.update(memory.as_state())
        return original


@dataclass
class _Problem:
    """The parameters as one vector, and the last loss and gradient.

    Attributes:
        params: the parameters.
        closure: of the step.
        loss: the last loss.
        grad: its gradient, (n,).
    """

    params: list[Tensor]
    closure: Callable[[], Any]
    loss: float = 0.0
    grad: Array = field(default_factory=lambda: np.zeros(0))

    def evaluate(self) -> Any:
        """Call the closure, keep the loss and the gradient, and return what it returned."""
        with enable_grad():
            returned = self.closure()
        try:
            self.loss = float(returned)
        except TypeError:
            raise TypeError(
                f"the closure must return the loss, a number or a tensor, but got {typename(returned)}"
            ) from None
        self.grad = np.concatenate(
            [
                (np.zeros_like(param.array) if param.grad is None else param.grad.array).reshape(-1)
                for param in self.params
            ]
        )
        return returned

    def largest_gradient(self) -> Any:
        """Return the largest element of the gradient by its size."""
        return np.abs(self.grad).max()

    def move(self, t: Any, direction: Array) -> None:
        """Add t times the direction to the parameters, in place."""
        start = 0
        for param in self.params:
            array = param.array
            array += (direction[start : start + array.size] * t).reshape(array.shape)
            # A graph that saved the old value must not use the new one.
            counter_of(param).value += 1
            start += array.size

    def search(
        self, t: Any, direction: Array, slope: Any, tolerance_change: float, most: int
    ) -> tuple[Any, int]:
        """Search along the direction; leave the parameters, and keep the loss and the gradient found.

        Returns:
            The length of the step, and the number of evaluations.
        """
        kept = [param.array.copy() for param in self.params]

        def evaluate(t: Any) -> tuple[float, Array]:
            self.move(t, direction)
            self.evaluate()
            for param, values in zip(self.params, kept, strict=True):
                param.array[...] = values
                counter_of(param).value += 1
            return self.loss, self.grad

        start = Point(0, self.loss, self.grad, slope)
        found, count = strong_wolfe(evaluate, t, direction, start, tolerance_change, most)
        self.loss, self.grad = found.loss, found.grad
        return found.t, count


@dataclass
class _Memory:
    """What is known from earlier iterations, as arrays; a saved state has them under the same names.

    Attributes:
        d: the last direction, (n,).
        t: the length of the last step.
        old_dirs: the changes y of the gradient, the oldest first.
        old_stps: the changes s of the parameters.
        ro: 1 / (y·s) of each.
        H_diag: the scale of the inverse Hessian that the recursion starts from.
        prev_flat_grad: the last gradient, (n,).
        prev_loss: the last loss.
        al: the factors of the first half of the recursion; its scratch, which torch saves too.
    """

    d: Any = None
    t: Any = None
    old_dirs: Any = None
    old_stps: Any = None
    ro: Any = None
    H_diag: Any = None
    prev_flat_grad: Any = None
    prev_loss: Any = None
    al: list[Any] | None = None

    @classmethod
    def of(cls, state: dict[str, Any]) -> _Memory:
        """Return what a state keeps."""
        names = cls.__dataclass_fields__
        return cls(**{name: _array_of(state[name]) for name in names if name in state})

    def as_state(self) -> dict[str, Any]:
        """Return the entries of the state, in torch's order."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "al"}
        first = {} if self.al is None else {"al": self.al}
        return {name: _tensor_of(value) for name, value in (first | found).items()}

    def learn(self, grad: Array, history_size: int) -> None:
        """Take in the change since the last iteration, if it shows a curvature."""
        y = grad - self.prev_flat_grad
        s = self.d * self.t
        curvature = y.dot(s)
        if curvature > _LEAST_CURVATURE:
            kept = (self.old_dirs, self.old_stps, self.ro)
            for each, value in zip(kept, (y, s, 1.0 / curvature), strict=True):
                if len(each) == history_size:
                    each.pop(0)
                each.append(value)
            self.H_diag = curvature / y.dot(y)

    def direction(self, grad: Array, history_size: int) -> Array:
        """Return minus the inverse Hessian times the gradient."""
        if self.al is None:
            self.al = [None] * history_size
        pairs = list(zip(self.old_dirs, self.old_stps, self.ro, strict=True))
        q = -grad
        for i, (y, s, ro) in reversed(list(enumerate(pairs))):
            self.al[i] = s.dot(q) * ro
            q -= self.al[i] * y
        q *= self.H_diag
        for i, (y, s, ro) in enumerate(pairs):
            q += (self.al[i] - y.dot(q) * ro) * s
        return q


def _iterate(problem: _Problem, memory: _Memory, group: dict[str, Any], state: dict[str, Any]) -> None:
    """Do the iterations of a step, until one of the limits is reached."""
    lr = group["lr"] if isinstance(group["lr"], int) else as_number(group["lr"])
    max_iter, max_eval, tolerance_change = (group[k] for k in ("max_iter", "max_eval", "tolerance_change"))
    evaluations = 1
    for iteration in range(1, max_iter + 1):
        state["n_iter"] += 1
        first = state["n_iter"] == 1
        if first:
            memory.d, memory.H_diag = -problem.grad, 1
            memory.old_dirs, memory.old_stps, memory.ro = [], [], []
        else:
            memory.learn(problem.grad, group["history_size"])
            memory.d = memory.direction(problem.grad, group["history_size"])
        memory.prev_flat_grad, memory.prev_loss = problem.grad, problem.loss
        memory.t = min(1.0, 1.0 / np.abs(problem.grad).sum()) * lr if first else lr
        slope = problem.grad.dot(memory.d)
        if slope > -tolerance_change:
            break
        count = 0
        if group["line_search_fn"] is None:
            problem.move(memory.t, memory.d)
            # Nothing would use the evaluation after the last iteration.
            if iteration != max_iter:
                problem.evaluate()
                count = 1
        elif group["line_search_fn"] == "strong_wolfe":
            memory.t, count = problem.search(
                memory.t, memory.d, slope, tolerance_change, max_eval - evaluations
            )
            problem.move(memory.t, memory.d)
        else:
            raise RuntimeError(f"only 'strong_wolfe' is supported, but got {group['line_search_fn']!r}")
        evaluations += count
        state["func_evals"] += count
        if (
            evaluations >= max_eval
            or problem.largest_gradient() <= group["tolerance_grad"]
            or np.abs(memory.d * memory.t).max() <= tolerance_change
            or abs(problem.loss - memory.prev_loss) < tolerance_change
        ):
            break


def _array_of(value: Any) -> Any:
    """Return an array for a tensor of the state, and lists of them for lists."""
    if isinstance(value, list):
        return [_array_of(each) for each in value]
    return value.array if isinstance(value, Tensor) else value


def _tensor_of(value: Any) -> Any:
    """Return a tensor for an array, or for a scalar of NumPy's; Python's stay what they are."""
    if isinstance(value, list):
        return [_tensor_of(each) for each in value]
    return wrap(np.asarray(value)) if isinstance(value, (np.ndarray, np.generic)) else value
