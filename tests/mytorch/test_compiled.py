"""The recurrent ops compiled by numba compute what their NumPy text does, in every form and as accurately."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

import mytorch
from mytorch import nn
from mytorch.backends import numba
from mytorch.ops.gru import Gru
from mytorch.ops.lstm import Lstm
from mytorch.ops.recurrence import Compiled
from mytorch.ops.rnn import Rnn

if not numba.is_available():
    pytest.skip("numba and SciPy are not installed: tox run -e conformance-numba", allow_module_level=True)

RUNS = {"one step": ((1, 2),), "equal": ((5, 3),), "ragged": ((2, 4), (1, 2), (2, 1))}
OPS = {"LSTM": (Lstm, 4, {}), "GRU": (Gru, 3, {}), "RNN": (Rnn, 1, {}), "RNN relu": (Rnn, 1, {"relu": True})}
I, H, P = 3, 7, 2


@pytest.fixture(autouse=True)
def _off_again():
    before = numba.enabled
    yield
    numba.enabled = before


def inputs(kind, runs, dtype, *, projected=False, given=True):
    """Draw an op's arguments: (x, h0, [c0,] w_ih, w_hh, b_ih, b_hh[, w_hr])."""
    _, gates, _ = OPS[kind]
    rng, batch = np.random.default_rng(5), runs[0][1]
    width = P if projected else H
    heights = (width, H) if kind == "LSTM" else (width,)
    states = [rng.standard_normal((1, batch, h)).astype(dtype) if given else None for h in heights]
    shapes = [(gates * H, I), (gates * H, width)]
    weights = [rng.standard_normal(s).astype(dtype) / 2 for s in shapes]
    biases = [rng.standard_normal(gates * H).astype(dtype) if given else None for _ in range(2)]
    last = [rng.standard_normal((P, H)).astype(dtype) if projected else None] if kind == "LSTM" else []
    x = rng.standard_normal((sum(steps * n for steps, n in runs), I)).astype(dtype)
    return [x, *states, *weights, *biases, *last]


def both(kind, arrays, which=(0, 1, 2), **options):
    """Return outputs and gradients of the text of NumPy and of the compiled op, as lists of arrays."""
    op, _, more = OPS[kind]
    found = []
    for enabled in (False, True):
        with numba.flags(enabled=enabled):
            outs, saved = op.forward(*arrays, **options, **more)
        assert isinstance(saved, Compiled) == enabled
        rng = np.random.default_rng(6)
        drawn = [rng.standard_normal(out.shape).astype(out.dtype) for out in outs]
        grads = tuple(g if n in which else None for n, g in enumerate(drawn))
        pairs = zip(arrays, op.backward(saved, grads), strict=True)
        back = [g() if callable(g) else g for a, g in pairs if a is not None]
        found.append([*outs, *back])
    return found


def assert_same(kind, found):
    for n, (expected, got) in enumerate(zip(*found, strict=True)):
        assert (got.shape, got.dtype) == (expected.shape, expected.dtype), (kind, n)
        unit = np.finfo(got.dtype).eps
        np.testing.assert_allclose(got, expected, rtol=64 * unit, atol=64 * unit * np.abs(expected).max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("runs", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize("kind", OPS)
def test_outputs_and_gradients_are_those_of_the_text(kind, runs, reverse, dtype):
    for given in (True, False):
        arrays = inputs(kind, runs, dtype, given=given)
        assert_same(kind, both(kind, arrays, runs=runs, reverse=reverse))


@pytest.mark.parametrize("every_cell", [False, True])
@pytest.mark.parametrize("projected", [False, True])
@pytest.mark.parametrize("runs", RUNS.values(), ids=RUNS)
def test_projections_and_every_cell_state(runs, projected, every_cell):
    arrays = inputs("LSTM", runs, np.float64, projected=projected)
    assert_same("LSTM", both("LSTM", arrays, runs=runs, every_cell=every_cell, reverse=not every_cell))


@pytest.mark.parametrize("which", [(0,), (1,), (2,)])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_a_gradient_may_come_through_some_outputs_only(kind, which):
    if kind != "LSTM" and 2 in which:
        which = ()
    assert_same(kind, both(kind, inputs(kind, RUNS["ragged"], np.float64), which, runs=RUNS["ragged"]))


@pytest.mark.parametrize("kind", OPS)
def test_large_steps_are_run_by_python_to_the_same_end(kind, monkeypatch):
    from mytorch.ops.compiled import steps

    monkeypatch.setattr(steps, "_LARGE", 0)
    for runs in RUNS.values():
        assert_same(kind, both(kind, inputs(kind, runs, np.float64), runs=runs))


@pytest.mark.parametrize("kind", OPS)
def test_nan_and_infinity_come_out_where_they_do_of_the_text(kind):
    arrays = inputs(kind, RUNS["equal"], np.float32)
    arrays[0][0, 0], arrays[0][1, 1], arrays[0][2, 2] = np.nan, np.inf, -np.inf
    with np.errstate(all="ignore"):
        text, compiled = both(kind, arrays, runs=RUNS["equal"])
    for expected, got in zip(text, compiled, strict=True):
        np.testing.assert_array_equal(np.isfinite(got), np.isfinite(expected))
        np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_saved_arrays_are_not_the_outputs_nor_changed_by_backward(kind):
    layer = getattr(nn, kind)(I, H)
    x = mytorch.tensor(np.random.default_rng(0).standard_normal((4, 2, I)).astype(np.float32))
    with numba.flags(enabled=True):
        gradients = []
        for touched in (False, True):
            output, _ = layer(x)
            total = (output * output.detach().clone()).sum()
            if touched:
                with mytorch.no_grad():
                    output.detach().numpy()[...] = 7
            for again in (True, False):
                layer.zero_grad()
                total.backward(retain_graph=again)
                gradients.append([p.grad.numpy().copy() for p in layer.parameters()])
    for other in gradients[1:]:
        for once, twice in zip(gradients[0], other, strict=True):
            np.testing.assert_array_equal(once, twice)


def test_empty_batches_and_half_types_have_the_text():
    with numba.flags(enabled=True):
        for x in (mytorch.zeros(2, 0, I), mytorch.zeros(2, 1, I).half()):
            output, _ = nn.LSTM(I, H).to(x.dtype)(x)
            assert output.shape == (2, x.shape[1], H)


def test_products_of_compiled_code_have_as_many_threads_as_numpys():
    pools = pytest.importorskip("threadpoolctl")
    before = mytorch.get_num_threads()
    try:
        with numba.flags(enabled=True):
            nn.RNN(I, H)(mytorch.zeros(1, 1, I))
        for count in (2, 1):
            mytorch.set_num_threads(count)
            info = [each for each in pools.threadpool_info() if "openblas" in each["filepath"]]
            assert any("scipy" in str(Path(each["filepath"]).parent) for each in info), info
            assert {each["num_threads"] for each in info} == {count}, info
    finally:
        mytorch.set_num_threads(before)


def exactly(name, x):
    """Compute tanh or sigmoid of a Python float to many more digits than it has."""
    import mpmath

    with mpmath.workprec(200):
        return mpmath.tanh(x) if name == "tanh" else 1 / (1 + mpmath.exp(-mpmath.mpf(x)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_functions_are_accurate_relatively_over_the_whole_range(name, dtype):
    from mytorch.ops.compiled import functions
    from mytorch.ops.compiled.jit import _OPTIONS

    module = pytest.importorskip("numba")
    function = getattr(functions, name)

    @module.njit(**_OPTIONS)
    def run(x, out):
        for k in range(len(x)):
            out[k] = function(x[k])

    rng, info = np.random.default_rng(0), np.finfo(dtype)
    edge = math.log(float(info.max))
    sizes = 10.0 ** rng.uniform(math.log10(info.tiny), 0, 300)
    drawn = [rng.uniform(-edge, edge, 400), rng.uniform(-2, 2, 600), rng.uniform(-10, 10, 600), sizes, -sizes]
    x = np.concatenate(drawn).astype(dtype)
    out = np.empty_like(x)
    run(x, out)
    (text,) = run.inspect_llvm().values()
    assert re.search(r"<\d+ x (float|double)>", text), "the loop is not vectorized"
    for value, got in zip(x.tolist(), out, strict=True):
        expected = exactly(name, value)
        # Where a result is subnormal, its last place is coarser.
        assert abs(float(got) - expected) <= 3 * float(np.spacing(dtype(abs(expected)))), value
    special = np.array(
        [0, -0.0, np.inf, -np.inf, np.nan, info.smallest_subnormal, info.max, -info.max], dtype
    )
    got = np.empty_like(special)
    run(special, got)
    small = info.smallest_subnormal
    tanh, sigmoid = [0, -0.0, 1, -1, np.nan, small, 1, -1], [0.5, 0.5, 1, 0, np.nan, 0.5, 1, 0]
    expected = np.array(tanh if name == "tanh" else sigmoid, dtype)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got[:4]), np.signbit(expected[:4]))


def test_compiling_is_said_once_and_not_where_the_disk_has_it(python, tmp_path):
    layer = "m.nn.RNN(2, 3).to(dtype)(m.zeros(1, 1, 2).to(dtype))"
    code = f"import mytorch as m\nfor dtype in (m.float32, m.float64): {layer}"
    options = {"cwd": tmp_path, "MYTORCH_NUMBA": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    found = [python("-c", code, **options) for _ in range(2)]
    assert [done.returncode for done in found] == [0, 0], found
    assert [done.stderr.count("compiles") for done in found] == [1, 0]
