"""What an op declares that its gradient depends on covers what it saves: else changes in place go unseen."""

# A table of programs is one of lambdas.
# ruff: noqa: PLW0108

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import mytorch
from mytorch import functions
from mytorch.autograd import Op, apply
from mytorch.nn import functional as F
from mytorch.nn.utils import rnn

apply_module = importlib.import_module("mytorch.autograd._apply")
graph = importlib.import_module("mytorch.autograd.graph")
views = importlib.import_module("mytorch.autograd._views")


def arrays_in(saved):
    if isinstance(saved, np.ndarray):
        return [saved]
    if isinstance(saved, (tuple, list)):
        return [array for item in saved for array in arrays_in(item)]
    return []


def undeclared(op, saved, inputs, outputs):
    """Positions of inputs, or -1 for the output, that are saved though `uses` does not name them."""
    if op.uses is None:
        return []
    declared = {use for each in op.uses for use in each}
    named = [(i, x) for i, x in enumerate(inputs) if x is not None] + [(-1, y) for y in outputs]
    return [
        position
        for position, tensor in named
        if position not in declared and any(np.shares_memory(s, tensor.array) for s in arrays_in(saved))
    ]


@pytest.fixture
def watched_nodes(monkeypatch):
    """Every node recorded in the test is checked; returns the names of the ops seen."""
    seen = set()

    class CheckedNode(graph.Node):
        __slots__ = ()

        def __init__(self, op, saved, inputs, outputs, single):
            seen.add(op.__name__)
            assert undeclared(op, saved, inputs, outputs) == [], op.__name__
            super().__init__(op, saved, inputs, outputs, single)

    for module in (apply_module, views):
        monkeypatch.setattr(module, "Node", CheckedNode)
    return seen


def leaf(*shape):
    return mytorch.full(shape, 0.5, requires_grad=True)


def calls_with_tensors():
    """All functions that require nothing but one or two tensors: most new functions need no line below."""
    for found in pkgutil.iter_modules(functions.__path__, "mytorch.functions."):
        module = importlib.import_module(found.name)
        for name in getattr(module, "__all__", ()):
            parameters = inspect.signature(getattr(module, name)).parameters.values()
            required = [each for each in parameters if each.default is each.empty]
            if len(required) < 3 and all(each.annotation in {"Tensor", "Operand"} for each in required):
                yield name, getattr(module, name), len(required)


CALLS = list(calls_with_tensors())

# Programs with the other ops; an op in neither fails the last test but one.
PROGRAMS = [
    lambda a, b: mytorch.add(a, b, alpha=2),
    lambda a, b: mytorch.div(a, b, rounding_mode="floor"),
    lambda a, b: mytorch.maximum(a, b) + mytorch.minimum(a, b),
    lambda a, b: mytorch.where(a > b, a, b).clamp(0, 1) + a.clamp(b, b),
    lambda a, _: a.sum(0) + a.mean(0) + a.amax(0) + a.max(0).values,
    lambda a, _: a.view(9).reshape(3, 3).t().reshape(9).unsqueeze(0).squeeze(),
    lambda a, _: a.transpose(0, 1).clone().double(),
    lambda a, _: a[0].expand(3, 3),
    lambda a, _: a[[0, 1]],
    lambda a, b: mytorch.lerp(a, b, 0.5) % b,
    lambda a, _: a.var(0) + a.std(0) + a.prod(0) + a.cumsum(0) + a.cumprod(0) + a.logsumexp(0) + a.norm(3, 0),
    lambda a, _: a.flip(0).roll(1, 0).tril() + a.repeat(1, 1).diagonal(),
    lambda a, b: (a * b).scatter(0, mytorch.zeros(1, 3).long(), 2.0, reduce="add"),
    lambda a, b: a.scatter(0, mytorch.zeros(1, 3).long(), b).gather(0, mytorch.zeros(1, 3).long()),
    lambda a, b: mytorch.einsum("ij,jk->ik", a, b) + mytorch.einsum("ij->ji", a),
    lambda a, b: (a * 1)[0].add_(b[1]),
    lambda a, b: (a * 1).__setitem__(0, b[0]),
    lambda a, b: (a * 1).copy_(b),
    lambda a, b: mytorch.cat([a, b]) + mytorch.cat(mytorch.stack([a, b]).unbind(0)),
    lambda a, _: a.split(2)[0],
    lambda a, b: (a @ b)[0].dot(b[0]) + (a.unsqueeze(0) @ b).sum(),
    lambda a, b: mytorch.nn.functional.linear(a, b, leaf(3)),
    lambda a, b: mytorch.nn.functional.mse_loss(a, b),
    lambda a, b: F.l1_loss(a, b) + F.smooth_l1_loss(a, b) + F.huber_loss(a, b),
    lambda a, b: F.binary_cross_entropy(a, b) + F.binary_cross_entropy_with_logits(a, b),
    lambda a, b: F.kl_div(a, b, reduction="sum") + F.kl_div(a, b, reduction="sum", log_target=True),
    lambda a, _: F.cross_entropy(a, mytorch.tensor([0, 2, 1])),
    lambda a, _: F.nll_loss(a, mytorch.tensor([0, 2, 1])),
    lambda a, _: F.leaky_relu(F.elu(F.hardtanh(a))) + F.softplus(F.logsigmoid(F.silu(a))),
    lambda a, _: F.gelu(a) + F.gelu(a, approximate="tanh"),
    lambda a, _: a.softmax(0) + a.log_softmax(0) + a.relu(),
    lambda a, b: F.layer_norm(a, (3,), b[0], leaf(3)),
    lambda a, b: F.scaled_dot_product_attention(a, b, b, a > 0),
    lambda a, b: F.group_norm(a, 1, b[0]) + F.batch_norm(a, b[0].detach(), b[1].detach(), leaf(3)),
    lambda a, _: F.max_pool1d(a, 2) + F.avg_pool1d(a, 2) + F.adaptive_avg_pool1d(a, 1),
    lambda a, _: F.ctc_loss(a, mytorch.tensor([1]), (3,), (1,)),
    lambda a, b: F.conv1d(a, b.reshape(3, 3, 1), leaf(3)),
    lambda a, _: F.embedding(mytorch.tensor([0, 2]), a),
    lambda a, _: mytorch.nn.LSTM(3, 2)(a)[0],
    lambda a, _: mytorch.nn.GRU(3, 2)(a)[0],
    lambda a, _: mytorch.nn.RNN(3, 2)(a)[0],
    lambda a, b: mytorch.linalg.solve_triangular(mytorch.linalg.cholesky(a * mytorch.eye(3)), b, upper=False),
    lambda a, b: rnn.pad_packed_sequence(rnn.pack_sequence([a, b[:2]]))[0],
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_saved_values_are_declared(program, watched_nodes):
    program(leaf(3, 3), leaf(3, 3))
    assert watched_nodes


@pytest.mark.parametrize(("function", "count"), [each[1:] for each in CALLS], ids=[each[0] for each in CALLS])
@pytest.mark.usefixtures("watched_nodes")
def test_saved_values_of_calls_with_tensors_are_declared(function, count):
    called(function, count)


def called(function, count):
    # Some functions refuse square matrices of floats: the next test reports their op if no program has it.
    with contextlib.suppress(RuntimeError, TypeError, UserWarning):
        function(*[leaf(3, 3) for _ in range(count)])


def all_ops(base=Op):
    for op in base.__subclasses__():
        yield op
        yield from all_ops(op)


def test_every_op_is_among_the_programs(watched_nodes):
    for program in PROGRAMS:
        program(leaf(3, 3), leaf(3, 3))
    for _, function, count in CALLS:
        called(function, count)
    # What is recorded by create_graph is not: a walk goes along nodes that are not watched.
    own = {op.__name__ for op in all_ops() if op.__module__.startswith("mytorch.ops.")}
    assert own - watched_nodes - {"Diagonal", "Put"} == set()


def test_the_check_sees_what_is_not_declared(watched_nodes):
    class Forgetful(Op):
        uses = ()

        @staticmethod
        def forward(a):
            return a * a, a

        @staticmethod
        def backward(saved, grad):
            return (2 * saved * grad,)

    with pytest.raises(AssertionError, match="Forgetful"):
        apply(Forgetful, leaf(3))
    assert watched_nodes == {"Forgetful"}
