"""torch's LBFGS without a line search, written out: with no mistake it is right. Read by optim.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.faults._rewriting import Replace


def lbfgs(wrong: str = "") -> Replace:
    """Return the class that steps with one mistake in place of the namespace's class.

    Args:
        wrong: the mistake. A step with a line search is the namespace's own.
    """

    def replace(t: Any, right: Any) -> Any:
        class WrittenOut(right):  # type: ignore[misc]  # a base class by namespace
            def step(self, closure: Any) -> Any:
                if self.param_groups[0]["line_search_fn"] is not None:
                    return super().step(closure)
                with t.no_grad():
                    return _step(t, self, closure, wrong)

        return WrittenOut

    return replace


def _step(t: Any, optimizer: Any, closure: Callable[[], Any], wrong: str) -> Any:
    group = optimizer.param_groups[0]
    params, lr = group["params"], group["lr"]
    state = optimizer.state[params[0]]
    kept = {"func_evals": 0, "n_iter": 0, **state}
    evaluations = 0

    def evaluate() -> tuple[Any, Any]:
        nonlocal evaluations
        with t.enable_grad():
            loss = closure()
        evaluations += 1
        kept["func_evals"] += 1
        return loss, t.cat([(p * 0.0 if p.grad is None else p.grad).reshape(-1) for p in params])

    loss, grad = evaluate()
    first_loss = loss
    if not bool(grad.abs().max() <= group["tolerance_grad"]):
        for iteration in range(1, group["max_iter"] + 1):
            kept["n_iter"] += 1
            _choose(kept, grad, group["history_size"], wrong)
            kept["prev_flat_grad"], kept["prev_loss"] = grad.clone(), loss
            starts = kept["n_iter"] == 1 and wrong != "first-step-unscaled"
            kept["t"] = min(1.0, 1.0 / grad.abs().sum()) * lr if starts else lr
            if bool(grad.dot(kept["d"]) > -group["tolerance_change"]):
                break
            step, start = kept["d"] * kept["t"], 0
            for p in params:
                p.add_(step[start : start + p.numel()].reshape(p.shape))
                start += p.numel()
            if iteration != group["max_iter"] or wrong == "evaluates-last":
                loss, grad = evaluate()
            if (
                evaluations >= group["max_eval"]
                or bool(grad.abs().max() <= group["tolerance_grad"])
                or bool(step.abs().max() <= group["tolerance_change"])
                or abs(loss - kept["prev_loss"]) < group["tolerance_change"]
            ):
                break
    counts = ("func_evals", "n_iter")
    names = ("al", "d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss")
    state.update({name: kept[name] for name in (*counts, *names) if name in kept})
    return first_loss


def _choose(kept: dict[str, Any], grad: Any, history_size: int, wrong: str) -> None:
    """Take in the last change, and choose the direction."""
    if kept["n_iter"] == 1:
        kept.update(d=-grad, t=None, old_dirs=[], old_stps=[], ro=[], H_diag=1)
        return
    ys, ss, ros = ([*kept[name]] for name in ("old_dirs", "old_stps", "ro"))
    y, s = grad - kept["prev_flat_grad"], kept["d"] * kept["t"]
    curvature = y.dot(s)
    if bool(curvature > 1e-10):
        for each, value in ((ys, y), (ss, s), (ros, 1.0 / curvature)):
            if len(each) == history_size:
                each.pop(-1 if wrong == "newest-forgotten" else 0)
            each.append(value)
        kept["H_diag"] = curvature / y.dot(y)
    order = list(range(len(ys)))
    first = order if wrong == "oldest-first" else order[::-1]
    al = [*kept.get("al", [None] * history_size)]
    q = -grad
    for i in first:
        al[i] = ss[i].dot(q) * ros[i]
        q = q - ys[i] * al[i]
    q = q * (1.0 if wrong == "unscaled" else kept["H_diag"])
    for i in first[::-1]:
        q = q + ss[i] * (al[i] - ys[i].dot(q) * ros[i])
    kept.update(al=al, d=q, old_dirs=ys, old_stps=ss, ro=ros)
