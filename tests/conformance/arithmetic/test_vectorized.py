"""An operation on all replicates at once gives what each replicate alone would give."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from zlib import crc32

import numpy as np
import pytest
import torch

from conformance.arithmetic import vectorized
from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.overloads import overload
from conformance.arithmetic.replicates import Replicates
from conformance.arithmetic.rules import RULES
from conformance.arithmetic.rules.rule import Given
from conformance.arithmetic.vectorized import batched, written
from conformance.cases import CASES
from conformance.errors import NoiseError
from conformance.sampling.space import draw
from conformance.subjects import pytorch
from conformance.subjects.protocol import Task

ATEN = torch.ops.aten
COUNT = 4


def _random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


# With zeros, ties and non-finite numbers.
A, B, ROW, COLUMN, ONE = _random(4, 3), _random(4, 3, seed=1), _random(3), _random(4, 1), _random()
A[0], A[1, 0], A[1, 1], A[2, 0] = ROW, 0.0, torch.inf, torch.nan
MASK = A > B
IMAGE, KERNEL = _random(2, 4, 3, 5), _random(6, 2, 2, 3)
# The same of complex numbers, whose second is marked as a conjugate.
C, CROW = torch.complex(A, B), torch.complex(ROW, A[2]).conj()
M, N, P = _random(4, 5), _random(5, 3), _random(2, 4, 5)

# Calls of operations that run on all replicates at once: the overload, its arguments, and those by name.
# Plain functions of one or two tensors are added below.
FIRST, SECOND = torch.tensor([3, 0, 3]), torch.tensor([[1], [0]])
CALLS = {
    "amax": [(ATEN.amax.default, (B, [0]), {}), (ATEN.amax.default, (A, [-1, 0], True), {})],
    "amin": [(ATEN.amin.default, (B,), {}), (ATEN.amin.default, (ONE,), {})],
    "flip": [(ATEN.flip.default, (A, [0]), {}), (ATEN.flip.default, (P, [-1, 0]), {})],
    "gather": [
        (ATEN.gather.default, (A, 0, SECOND), {}),
        (ATEN.gather.default, (A, -1, SECOND), {}),
        (ATEN.gather.default, (ONE, 0, torch.tensor(0)), {}),
        (ATEN.gather.default, (ONE, 0, torch.tensor([0, 0])), {}),
    ],
    "index": [
        (ATEN.index.Tensor, (A, [FIRST]), {}),
        (ATEN.index.Tensor, (A, [None, SECOND]), {}),
        (ATEN.index.Tensor, (A, [MASK]), {}),
        (ATEN.index.Tensor, (P, [SECOND, None, FIRST]), {}),
        (ATEN.index.Tensor, (P, [None, FIRST, SECOND]), {}),
    ],
    "index_put": [
        (ATEN.index_put.default, (A, [FIRST], ROW, True), {}),
        (ATEN.index_put.default, (B, [None, SECOND], ONE), {}),
        (ATEN.index_put.default, (A, [MASK], ONE), {}),
        (ATEN.index_put.default, (P, [SECOND, None, FIRST], N[:4, 0]), {}),
        (ATEN.index_put.default, (P, [None, FIRST, SECOND], N[:2, :1], True), {}),
        (ATEN.index_put.default, (C, [FIRST], CROW, True), {}),
    ],
    "index_select": [
        (ATEN.index_select.default, (A, 0, FIRST), {}),
        (ATEN.index_select.default, (P, -2, FIRST), {}),
        (ATEN.index_select.default, (ONE, 0, torch.tensor([0])), {}),
    ],
    "_fft_c2c": [
        (ATEN._fft_c2c.default, (torch.complex(M, -M), [1], 0, True), {}),
        (ATEN._fft_c2c.default, (torch.complex(M, -M).conj(), [0, 1], 2, False), {}),
    ],
    "_fft_c2r": [(ATEN._fft_c2r.default, (torch.complex(M, -M), [1], 1, 8), {})],
    "_fft_r2c": [
        (ATEN._fft_r2c.default, (M, [1], 0, True), {}),
        (ATEN._fft_r2c.default, (M, [0, 1], 0, False), {}),
    ],
    "_to_copy": [
        (ATEN._to_copy.default, (A,), {"dtype": torch.float64}),
        (ATEN._to_copy.default, (A,), {"dtype": torch.complex128}),
    ],
    "add": [
        (ATEN.add.Tensor, (A, ROW), {"alpha": 0.5}),
        (ATEN.add.Tensor, (ONE, A), {}),
        (ATEN.add.Scalar, (A, 2.0), {}),
        (ATEN.add_.Tensor, (A, ROW), {}),
        (ATEN.add.out, (A, ROW), {"out": B}),
        (ATEN.add.out, (A, ROW), {"out": A}),
        (ATEN.add.out, (A, ROW), {"out": torch.zeros(0, dtype=torch.float64)}),
    ],
    "addcdiv": [(ATEN.addcdiv.default, (A, ROW, COLUMN), {"value": 0.5})],
    "addcmul": [
        (ATEN.addcmul.default, (ROW, A, COLUMN), {}),
        (ATEN.addcmul_.default, (A, ROW, COLUMN), {}),
    ],
    "addmm": [
        (ATEN.addmm.default, (torch.full((3,), torch.nan, dtype=torch.float64), M, N), {"beta": 0}),
        (ATEN.addmm.default, (ROW, M, N), {}),
        (ATEN.addmm.default, (A, M, N), {"beta": 0.5, "alpha": 2.0}),
        (ATEN.addmm.default, (ONE, M, N), {}),
        (ATEN.addmm_.default, (A, M, N), {}),
    ],
    "baddbmm": [
        (ATEN.baddbmm.default, (ROW, P, N.expand(2, 5, 3)), {}),
        (ATEN.baddbmm.default, (A, P, N.expand(2, 5, 3)), {}),
    ],
    "bmm": [(ATEN.bmm.default, (P, _random(2, 5, 3)), {})],
    "cat": [
        (ATEN.cat.default, ([A, B[:2]],), {}),
        (ATEN.cat.default, ([A, COLUMN], 1), {}),
        (ATEN.cat.default, ([A, COLUMN], -1), {}),
        (ATEN.cat.default, ([torch.zeros(0, dtype=torch.float64), A],), {}),
    ],
    "clamp": [(ATEN.clamp.default, (A, 0.5, 0.75), {}), (ATEN.clamp.Tensor, (A, ROW, None), {})],
    "clamp_max": [(ATEN.clamp_max.default, (A, 0.5), {})],
    "clamp_min": [(ATEN.clamp_min.default, (A, 0.5), {})],
    "clone": [
        (ATEN.clone.default, (A.T,), {}),
        (ATEN.clone.default, (CROW,), {}),
        (ATEN.clone.default, (CROW.imag,), {}),
        (ATEN.clone.default, (_random(2, 3, 4, 5),), {"memory_format": torch.channels_last}),
    ],
    "convolution": [
        (ATEN.convolution.default, (IMAGE, KERNEL, ROW.repeat(2), [1], [1], [1], False, [0], 2), {}),
        (
            ATEN.convolution.default,
            (IMAGE, KERNEL[:4], _random(4), [2, 1], [0, 1], [1, 2], True, [1, 0], 2),
            {},
        ),
        (ATEN.convolution.default, (IMAGE[..., 0], _random(3, 4, 2), None, [1], [0], [1], False, [0], 1), {}),
    ],
    "div_mode": [(ATEN.div.Tensor_mode, (A, ROW), {"rounding_mode": "floor"})],
    "hardshrink_backward": [(ATEN.hardshrink_backward.default, (A, B, 0.5), {})],
    "lerp": [(ATEN.lerp.Scalar, (A, ROW, 0.25), {}), (ATEN.lerp.Tensor, (A, ROW, COLUMN), {})],
    "mean": [
        (ATEN.mean.dim, (A, [0]), {}),
        (ATEN.mean.default, (A,), {}),
        (ATEN.mean.dim, (A, [-1], True), {}),
    ],
    "masked_fill": [
        (ATEN.masked_fill.Scalar, (A, MASK, 0.25), {}),
        (ATEN.masked_fill.Scalar, (ROW, MASK, torch.inf), {}),
        (ATEN.masked_fill.Scalar, (C, MASK, 0.25), {}),
        (ATEN.masked_fill.Tensor, (A, MASK, ONE), {}),
        (ATEN.masked_fill_.Scalar, (A, MASK[:1], 0.25), {}),
        (ATEN.masked_fill_.Tensor, (A, MASK, ONE), {}),
    ],
    "maximum": [
        (ATEN.maximum.default, (A, ROW), {}),
        (ATEN.maximum.out, (A, ROW), {"out": B}),
        (ATEN.maximum.out, (A, B), {"out": A}),
        (ATEN.maximum.out, (ROW, ROW), {"out": B}),
        (ATEN.maximum.out, (A, ROW), {"out": torch.zeros(4, 3, 2, dtype=torch.float64)[..., 0]}),
    ],
    "mm": [(ATEN.mm.default, (M, N), {})],
    "polygamma": [(ATEN.polygamma.default, (1, A), {})],
    "threshold": [(ATEN.threshold.default, (A, 0.5, 0.25), {})],
    "pow_complex": [(ATEN.pow.Tensor_Scalar, (C, 3), {}), (ATEN.pow.Tensor_Tensor, (C, CROW), {})],
    "pow": [(ATEN.pow.Tensor_Scalar, (A, 1.5), {}), (ATEN.pow.Scalar, (1.5, A), {})],
    "rsub": [(ATEN.rsub.Scalar, (A, 1.0), {}), (ATEN.rsub.Tensor, (A, ROW), {"alpha": 2})],
    "select_backward": [
        (ATEN.select_backward.default, (ROW, [4, 3], 0, 2), {}),
        (ATEN.select_backward.default, (ROW, [3, 4], -1, -1), {}),
    ],
    "sigmoid_backward": [(ATEN.sigmoid_backward.default, (A, B), {})],
    "slice_backward": [
        (ATEN.slice_backward.default, (A, [4, 6], 1, 0, 6, 2), {}),
        (ATEN.slice_backward.default, (A, [6, 3], -2, 1, 5, 1), {}),
    ],
    "softshrink_backward": [(ATEN.softshrink_backward.default, (A, B, 0.5), {})],
    "stack": [(ATEN.stack.default, ([A, B],), {}), (ATEN.stack.default, ([A, B], -1), {})],
    "sum": [
        (ATEN.sum.default, (A,), {}),
        (ATEN.sum.default, (ONE,), {}),
        (ATEN.sum.dim_IntList, (A, [1], True), {}),
        (ATEN.sum.dim_IntList, (A, [0, -1]), {}),
        (ATEN.sum.dim_IntList, (A, []), {}),
        (ATEN.sum.dim_IntList, (ONE, [0]), {}),
        (ATEN.sum.dim_IntList, (ONE, [-1], True), {}),
    ],
    "tanh_backward": [(ATEN.tanh_backward.default, (A, B), {})],
    "threshold_backward": [(ATEN.threshold_backward.default, (A, B, 0.5), {})],
    "tril": [(ATEN.tril.default, (A,), {}), (ATEN.tril.default, (P.mT, -1), {})],
    "triu": [(ATEN.triu.default, (A, 1), {}), (ATEN.triu.default, (P,), {})],
    "where": [(ATEN.where.self, (MASK, A, ROW), {}), (ATEN.where.self, (MASK, ONE, A), {})],
    "zero": [(ATEN.zero_.default, (A,), {})],
    # Some that run once per replicate, but for `copy_`.
    "copy": [(ATEN.copy_.default, (A, ROW), {}), (ATEN.copy.default, (A, ROW), {})],
    "cumsum": [(ATEN.cumsum.default, (A, 0), {}), (ATEN.cumsum_.default, (A.T, 1), {})],
    "diagonal_scatter": [(ATEN.diagonal_scatter.default, (A, ROW, 0), {})],
    "dot": [(ATEN.dot.default, (ROW, B[0]), {}), (ATEN.dot.default, (A[:, 0], COLUMN[:, 0]), {})],
    "sort": [
        (ATEN.sort.default, (B, 0), {}),
        (ATEN.sort.values, (B, 0), {"values": COLUMN, "indices": torch.zeros(1, dtype=torch.int64)}),
    ],
}


def _overload(name):
    packet = getattr(ATEN, name.removesuffix("_complex"))
    return packet.Tensor if "Tensor" in packet.overloads() else packet.default


def _plain(name):
    """Return calls of an elementwise operation of one tensor, or of two that broadcast."""
    func = _overload(name)
    a, row = (C, CROW) if name.endswith("_complex") else (A, ROW)
    needed = sum(not argument.has_default_value() for argument in func._schema.arguments)
    return [(func, (a.T,), {})] if needed == 1 else [(func, (a, row), {}), (func, (ONE, a), {})]


ELEMENTWISE = {name for name, rule in RULES.items() if rule.elementwise is True}
# What LAPACK makes of other matrices depends on its pivots: see test_linalg.py.
TOGETHER = {name for name, rule in RULES.items() if rule.together is not None and rule.nearby is None}
CALLS |= {
    f"{prefix}{rank}d": [
        (getattr(ATEN, f"{prefix}{rank}d").default, (_random(*(2, 3, 4, 3, 2)[: rank + 2]), [5] * rank), {})
    ]
    for prefix in ("upsample_nearest", "_upsample_nearest_exact")
    for rank in (1, 2, 3)
}
CALLS |= {name: _plain(name) for name in sorted(ELEMENTWISE - set(CALLS))}
FLAT = [
    pytest.param(name, *call, id=f"{name}-{number}")
    for name, calls in CALLS.items()
    for number, call in enumerate(calls)
]


def _noisy(tensor, number):
    """Return replicates: the number itself, its neighbour, another number, and none."""
    other = torch.randn(
        tensor.shape, generator=torch.Generator().manual_seed(100 + number), dtype=tensor.dtype
    )
    return torch.stack([tensor, tensor + 2.0**-20, other, torch.where(other.real > -0.5, 0.0, other)])


def _copied(values):
    """Return copies; a tensor that occurs twice is copied once."""
    copies = {}

    def copied(value):
        if isinstance(value, torch.Tensor):
            if value.is_conj():
                return copies.setdefault(id(value), copied(value.conj()).conj())
            if value.is_neg():
                return copies.setdefault(id(value), torch._neg_view(copied(torch._neg_view(value))))
            return copies.setdefault(id(value), torch.empty_like(value).copy_(value))
        if isinstance(value, dict):
            return {key: copied(each) for key, each in value.items()}
        return [copied(each) for each in value] if isinstance(value, (list, tuple)) else value

    return copied(values)


def _float_operands(args, kwargs):
    return [
        each
        for each in vectorized.tensors((*args, *kwargs.values()))
        if each.dtype in (torch.float64, torch.complex128)
    ]


def _subsets(count):
    return [[k for k in range(count) if mask >> k & 1] for mask in range(1, 2**count)]


@pytest.mark.parametrize(("name", "func", "args", "kwargs"), FLAT)
def test_it_gives_each_replicate_its_own(name, func, args, kwargs):
    """For any choice of the operands that have replicates."""
    differ, call = False, overload(func).call
    # What computes nothing gives the same bits.
    exact = RULES[name].rounds is None or isinstance(RULES[name].rounds, Given)
    within = {"rtol": 0, "atol": 0} if exact else {}
    for chosen in _subsets(len(_float_operands(args, kwargs))):
        given, named = _copied((args, kwargs))
        held = Replicates(COUNT)
        for k, operand in enumerate(_float_operands(given, named)):
            if k in chosen:
                held.put(operand, _noisy(operand, k))
        rows = [_alone(func, given, named, held, k) for k in range(COUNT)]
        if func._schema.is_mutable:
            targets = [named[key] for key in ("out", "values", "indices") if key in named] or [given[0]]
            moved = written(call, RULES[name], given, named, targets, held)
        else:
            moved = batched(call, RULES[name], given, named, held)
        assert len(moved) == len(rows[0])
        for number, result in enumerate(moved):
            expected = torch.stack([row[number] for row in rows])
            torch.testing.assert_close(result, expected, equal_nan=True, **within)
            differ |= any(not torch.equal(expected[0], each) for each in expected[2:])
        for operand, original in zip(
            _float_operands(given, named), _float_operands(args, kwargs), strict=True
        ):
            torch.testing.assert_close(operand, original, rtol=0, atol=0, equal_nan=True)
        if not func._schema.is_mutable:
            again = [_alone(func, given, named, held, k) for k in range(COUNT)]
            torch.testing.assert_close(again, rows, rtol=0, atol=0, equal_nan=True)
    # Otherwise replicates in another order would pass.
    assert differ or name == "zero"


def test_a_result_may_have_another_shape_than_the_tensor_that_it_is_written_into():
    for size in (2, 3, 24):
        with Arithmetic(1, COUNT) as mode, warnings.catch_warnings():
            # torch says that this will be an error.
            warnings.simplefilter("ignore", UserWarning)
            x, out = B * 1.5, _random(size) * 1.5
            torch.maximum(x, ROW, out=out)
            expected = mode.replicates(torch.maximum(x, ROW))
            assert torch.equal(mode.replicates(out), expected)
            assert not torch.equal(expected[0], expected[1])


def _alone(func, args, kwargs, held, k):
    """Return what one replicate gives or writes, by copies of its operands."""
    copies = {}

    def swap(value):
        if isinstance(value, torch.Tensor):
            found = held.get(value)
            return copies.setdefault(id(value), value.clone() if found is None else found[k].clone())
        return [swap(each) for each in value] if isinstance(value, (list, tuple)) else value

    out = func(*swap(args), **{key: swap(value) for key, value in kwargs.items()})
    return out if isinstance(out, (tuple, list)) else [out]


def test_every_way_to_run_on_all_replicates_is_called():
    assert set(CALLS) >= ELEMENTWISE | TOGETHER


def _moved(k, array):
    """Move every number by about 1e-7 of itself, depending on the replicate and the whole array."""
    if array.dtype != np.float64 or k is None:
        return array
    generator = np.random.Generator(np.random.PCG64([k, crc32(array.tobytes())]))
    # Equal numbers stay equal: a tie is not for rounding to decide.
    values, places = np.unique(array, return_inverse=True)
    factors = 1 + 2.0**-23 * generator.uniform(-1, 1, values.shape)
    return np.asarray(array * factors[places].reshape(array.shape))


# Programs that take numbers out of the arithmetic, which is allowed as long as they are exact.
TAKEN_OUT = {
    "Tensor.to": "no noise can follow it",
    "bernoulli": "draws by what rounding moves",
    "multinomial": "no noise can follow it",
    "normal": "draws by what rounding moves",
}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.distribution])
def test_a_whole_program_gives_each_replicate_its_own(name, monkeypatch):
    """Without roundings, a result has the replicates that the program makes of its input's."""
    case = CASES[name]
    drawn = draw(name, case.space, 1, case.default_samples)
    # Of the conversions, noise cannot follow `Tensor.type`.
    first = next(each for each in drawn if name != "Tensor.to" or each.settings["form"] == "type")
    task = Task(case, first, "float64", carrier="float32")
    from_numpy, run = torch.from_numpy, pytorch.make().observables

    def alone(k):
        monkeypatch.setattr(torch, "from_numpy", lambda array: from_numpy(_moved(k, array)))
        return run(task)

    def held(array):
        tensor = from_numpy(array)
        if array.dtype == np.float64:
            moved = [from_numpy(_moved(k, array)) for k in range(COUNT)]
            mode._held.put(tensor, torch.stack(moved))
        return tensor

    clean, rows = alone(None), [alone(k) for k in range(COUNT)]
    # torch reads the factor of a step as a number; the guard makes it a product.
    guarded = name == "optim.LBFGS"
    with Arithmetic(1, COUNT, 0.0) as mode, mode.escapes() if guarded else nullcontext():
        monkeypatch.setattr(torch, "from_numpy", held)
        if name in TAKEN_OUT:
            # Not every form of them does.
            tasks = [Task(case, each, "float64", carrier="float32") for each in draw(name, case.space, 1, 8)]
            with pytest.raises(NoiseError, match=TAKEN_OUT[name]):
                list(map(run, tasks))
            return
        found = run(task)
    assert mode.steady
    for key, value in found.items():
        if value.is_floating_point():
            expected, got = (
                torch.stack([row[key] for row in rows]) - clean[key],
                mode.replicates(value) - value,
            )
            largest = float(expected.abs().nan_to_num(posinf=0.0).max()) if expected.numel() else 0.0
            atol = 1e-6 * largest + 1e-13
            torch.testing.assert_close(got, expected, rtol=1e-5, atol=atol, equal_nan=True)
