"""Other layers, losses, optimisers and data loading, small and large, forward and backward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.bench.libraries import of_mytorch, torch_like
from conformance.bench.workload import Side, Workload
from conformance.bench.workloads._drawing import Draws, load, trained

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.bench.workload import Array, Size


def _linear(t: Any, size: Size) -> Side:
    N, I, O = size
    module, draws = t.nn.Linear(I, O), Draws()
    parameters = load(t, module, I)
    x = t.from_numpy(draws.normal(N, I)).requires_grad_()
    return trained(t, [x, *parameters], lambda: [module(x)], [t.from_numpy(draws.normal(N, O))])


def _layer_norm(t: Any, size: Size) -> Side:
    N, H = size
    module, draws = t.nn.LayerNorm(H), Draws()
    parameters = load(t, module, H)
    x = t.from_numpy(draws.normal(N, H)).requires_grad_()
    return trained(t, [x, *parameters], lambda: [module(x)], [t.from_numpy(draws.normal(N, H))])


def _embedding(t: Any, size: Size) -> Side:
    N, rows, H = size
    module, draws = t.nn.Embedding(rows, H), Draws()
    parameters = load(t, module, H)
    tokens = t.from_numpy(draws.whole(rows, N))
    return trained(t, parameters, lambda: [module(tokens)], [t.from_numpy(draws.normal(N, H))])


def _softmax(t: Any, size: Size) -> Side:
    draws = Draws()
    x = t.from_numpy(draws.normal(*size)).requires_grad_()
    return trained(t, [x], lambda: [t.softmax(x, -1)], [t.from_numpy(draws.normal(*size))])


def _cross_entropy(t: Any, size: Size) -> Side:
    N, classes = size
    draws = Draws()
    x = t.from_numpy(draws.normal(N, classes)).requires_grad_()
    target = t.from_numpy(draws.whole(classes, N))
    one = t.from_numpy(np.ones((), np.float32))
    return trained(t, [x], lambda: [t.nn.functional.cross_entropy(x, target)], [one])


def _attention(t: Any, size: Size) -> Side:
    draws = Draws()
    q, k, v = (t.from_numpy(draws.normal(*size)).requires_grad_() for _ in range(3))
    attention = t.nn.functional.scaled_dot_product_attention
    return trained(t, [q, k, v], lambda: [attention(q, k, v)], [t.from_numpy(draws.normal(*size))])


def _parameters(t: Any, size: Size) -> list[Any]:
    """Return parameters with gradients."""
    count, rows, columns = size
    draws = Draws()
    parameters = [t.nn.Parameter(t.from_numpy(draws.normal(rows, columns))) for _ in range(count)]
    for each in parameters:
        each.grad = t.from_numpy(draws.normal(rows, columns))
    return parameters


def _adam(t: Any, size: Size) -> Side:
    parameters = _parameters(t, size)
    optimizer = t.optim.Adam(parameters, lr=1e-3)

    def result() -> list[Array]:
        optimizer.step()
        return [each.detach().numpy().copy() for each in parameters]

    return Side(optimizer.step, result)


def _clip(t: Any, size: Size) -> Side:
    parameters = _parameters(t, size)

    def step() -> Any:
        return t.nn.utils.clip_grad_norm_(parameters, 1.0)

    def result() -> list[Array]:
        return [step().detach().numpy(), *(each.grad.numpy().copy() for each in parameters)]

    return Side(step, result)


def _loader(t: Any, size: Size) -> Side:
    samples, batch = size
    draws = Draws()
    data = t.utils.data.TensorDataset(
        t.from_numpy(draws.normal(samples, 8, 4)), t.from_numpy(draws.normal(samples))
    )
    loader = t.utils.data.DataLoader(data, batch_size=batch, shuffle=True)

    def step() -> list[Any]:
        return list(loader)

    def result() -> list[Array]:
        # Each library shuffles by its own generator: what has to agree is that each sample comes once.
        xs, ys = (np.concatenate([part.numpy() for part in parts]) for parts in zip(*step(), strict=True))
        order = np.argsort(ys)
        return [xs[order], ys[order]]

    return Side(step, result)


def _workload(
    name: str, letters: str, make: Callable[[Any, Size], Side], small: Size, large: Size
) -> Workload:
    sides = {"torch": torch_like(make)["torch"], "mytorch": of_mytorch(make)["mytorch"]}
    return Workload(name, "layers", tuple(letters.split()), (small, large), sides, (("mytorch", "torch"),))


WORKLOADS = (
    _workload("Linear", "N I O", _linear, (16, 32, 32), (256, 512, 512)),
    _workload("LayerNorm", "N H", _layer_norm, (32, 64), (512, 512)),
    _workload("Embedding", "N rows H", _embedding, (128, 1000, 64), (2048, 20000, 128)),
    _workload("softmax", "N classes", _softmax, (32, 64), (512, 1000)),
    _workload("cross_entropy", "N classes", _cross_entropy, (32, 10), (256, 1000)),
    _workload("attention", "N heads L E", _attention, (2, 2, 16, 16), (8, 4, 64, 64)),
    _workload("Adam", "tensors rows columns", _adam, (20, 16, 16), (3, 1024, 1024)),
    _workload("clip_grad_norm_", "tensors rows columns", _clip, (20, 16, 16), (3, 1024, 1024)),
    _workload("DataLoader", "samples batch", _loader, (256, 32), (4096, 32)),
)
