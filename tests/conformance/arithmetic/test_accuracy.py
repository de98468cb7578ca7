"""Errors of elementary functions, as benchmarks/accuracy.py measures them, against mpmath and the rules."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from math import inf, nan
from pathlib import Path

import mpmath
import numpy as np
import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def accuracy():
    spec = spec_from_file_location("accuracy", ROOT / "benchmarks" / "accuracy.py")
    module = module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # Its dataclasses look for it there.
        patch.setitem(sys.modules, "accuracy", module)
        spec.loader.exec_module(module)
        yield module


def test_the_table_has_every_elementary_function_of_mytorch(accuracy):
    from mytorch.functions import activation, elementary

    listed = {*accuracy.FUNCTIONS, *accuracy.EXACT}
    assert listed == {*elementary.__all__, *activation.__all__}
    assert not set(accuracy.FUNCTIONS) & set(accuracy.EXACT)


def test_the_committed_table_has_every_function_of_every_library(accuracy):
    text = (ROOT / "reports" / "accuracy.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| (\w+) \| (mytorch|torch|NumPy) \|", text, re.MULTILINE)
    expected = [(name, library) for name in accuracy.FUNCTIONS for library in accuracy.libraries(name)]
    assert found == expected * 2
    assert accuracy.COMMAND in text


def test_no_error_of_the_quick_sweep_exceeds_its_rule(accuracy):
    measured = {
        (name, library): accuracy.measure(name, library, quick=True)
        for name in accuracy.FUNCTIONS
        for library in accuracy.libraries(name)
    }
    used = {key: error.used for key, error in measured.items() if error.used is not None}
    assert {name for name, _ in used} == {name for name, each in accuracy.FUNCTIONS.items() if each.rule}
    limits = {name: most for name, (most, _) in accuracy.BEYOND.items()}
    assert {key: share for key, share in used.items() if share > limits.get(key[0], 1)} == {}
    # Every function rounds, and none is correct to the last bit of every result.
    assert all(error.largest > 0.49 for error in measured.values())


def test_in_float16_mytorch_is_rounded_once_wherever_torch_is(accuracy):
    for name in accuracy.FUNCTIONS:
        assert accuracy.measure(name, "mytorch", "float16").largest <= 0.51, name


def test_a_wrong_function_is_seen_and_the_command_fails(accuracy, monkeypatch, capsys):
    right = accuracy.libraries

    def by_halves(arrays):
        return np.exp(arrays[0].astype(np.float16)).astype(np.float32)

    monkeypatch.setattr(accuracy, "libraries", lambda name: right(name) | {"torch": by_halves})
    assert accuracy.measure("exp", "torch", quick=True).used > 100
    assert accuracy.main(["exp", "--quick"]) == 1
    assert "| exp | torch |" in capsys.readouterr().out


MPMATH = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "sqrt": mpmath.sqrt,
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "erf": mpmath.erf,
    "erfinv": mpmath.erfinv,
    "pow": mpmath.power,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "logsigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
}
# Near roots, near the ends of the range, in the denormal numbers, and where arguments are hard to reduce.
POSITIVE = [2.0**-149, 2.0**-126, 1e-6, 0.5, 0.7464124, 0.99999994, 1.0, 1.0000001, 2.5, 17.3, 88.0]
HARD = {
    "log": [*POSITIVE, 1e10, 3.4e38],
    "sqrt": [*POSITIVE, 3.4e38],
    "rsqrt": [*POSITIVE, 3.4e38],
    "erfinv": [-0.99999994, -0.5, 2.0**-126, 0.25, 0.75, 0.99999994],
    "log1p": [-0.99999994, -0.5, -(2.0**-126), *POSITIVE, 3.4e38],
    "sin": [16367173 * 2.0**72, 13760.1748, 3.1415927, 22.0, 6.2831855, 2.0**-126, -1e30],
    "cos": [16367173 * 2.0**72, 59541.0391, 1.5707964, 11.0, 4.712389, 2.0**-126, -1e30],
    "gelu": [-13.0, -12.6116934, -5.6, -1.0, 2.0**-126, 0.75, 6.0],
    "square": [2.0**-63, 1.5e-20, 3.0000002, -17.870789],
}
EITHER = [-103.0, -90.455, -88.722839, -16.999058, -0.5, -1e-6, -(2.0**-126), *POSITIVE]


@pytest.mark.parametrize("name", MPMATH)
def test_what_counts_as_exact_is_mpmaths_result(accuracy, name):
    """A thousandth of an ULP of float32 is a half of a millionth of float64's precision."""
    with mpmath.workdps(60):
        values = np.float32(HARD.get(name, EITHER))
        arrays = [values]
        if name == "pow":
            arrays = [np.abs(values), np.resize(np.float32([2, -0.5, 1 / 3, 1.2345]), values.shape)]
        found = accuracy.exact(name, arrays)
        for place, got in enumerate(found):
            right = MPMATH[name](*(mpmath.mpf(float(each[place])) for each in arrays))
            ulp = mpmath.mpf(2) ** (max(mpmath.frexp(right)[1] - 1, -126) - 23)
            assert abs(mpmath.mpf(float(got)) - right) < ulp / 1000, (name, values[place])


def test_the_table_of_mpmath_is_complete(accuracy):
    assert list(MPMATH) == list(accuracy.FUNCTIONS)


ULPS = {
    "half of one": (1.0, 1 + 2.0**-24, 0.5),
    "below a power of two": (1.0, 1 - 2.0**-25, 0.5),
    "the smallest": (2.0**-149, 2.0**-150, 0.5),
    "rounded to 0": (0.0, 2.0**-149, 1.0),
    "rightly infinite": (inf, 1e39, 0.0),
    "infinite too early": (inf, 2.0**128 - 2.0**104, 1.0),
    "the largest for infinity": (2.0**128 - 2.0**104, 1e39, 1.0),
    "NaN": (nan, 1.0, inf),
    "both NaN": (nan, nan, 0.0),
}


@pytest.mark.parametrize("what", ULPS)
def test_errors_in_ulp_are_those_computed_by_hand(accuracy, what):
    got, right, expected = ULPS[what]
    assert accuracy.ulps(np.float32([got]), np.array([right])).tolist() == [expected]
