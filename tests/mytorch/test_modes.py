"""The gradient modes as contexts and as decorators, of functions and of generators, in torch and mytorch."""

from __future__ import annotations

import pytest
import torch

import mytorch

BOTH = pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])

# name: (the decorator, what it sets)
MODES = {
    "no_grad": (lambda t: t.no_grad(), False),
    "no_grad bare": (lambda t: t.no_grad, False),
    "enable_grad": (lambda t: t.enable_grad(), True),
    "enable_grad bare": (lambda t: t.enable_grad, True),
    "set_grad_enabled": (lambda t: t.set_grad_enabled(mode=False), False),
    "inference_mode": (lambda t: t.inference_mode(), False),
    "inference_mode bare": (lambda t: t.inference_mode, False),
    "inference_mode off": (lambda t: t.inference_mode(mode=False), True),
}

EACH_MODE = pytest.mark.parametrize("name", MODES)


@BOTH
@EACH_MODE
def test_a_decorated_function_runs_in_the_mode(t, name):
    decorate, recorded = MODES[name]
    with t.set_grad_enabled(mode=not recorded):

        @decorate(t)
        def called(depth):
            """Recurse, so that the mode is entered while it holds."""
            return t.is_grad_enabled() if depth == 0 else called(depth - 1)

        assert called(2) is recorded
        assert called.__name__ == "called"
        assert t.is_grad_enabled() is not recorded


@BOTH
@EACH_MODE
def test_a_decorated_generator_runs_in_the_mode_and_its_consumer_does_not(t, name):
    decorate, recorded = MODES[name]
    seen = []

    def steps():
        try:
            while True:
                try:
                    got = yield t.is_grad_enabled()
                    seen.append((got, t.is_grad_enabled()))
                except KeyError:
                    seen.append(("thrown", t.is_grad_enabled()))
                    return "returned"
        finally:
            seen.append(("closed", t.is_grad_enabled()))

    with t.set_grad_enabled(mode=not recorded):
        decorated = decorate(t)(steps)
        generator = decorated()
        assert next(generator) is recorded
        assert t.is_grad_enabled() is not recorded
        assert generator.send("sent") is recorded
        with pytest.raises(StopIteration) as end:
            generator.throw(KeyError())
        assert end.value.value == "returned"
        assert t.is_grad_enabled() is not recorded
    assert seen == [("sent", recorded), ("thrown", recorded), ("closed", recorded)]


@BOTH
def test_a_decorated_generator_is_closed_in_the_mode(t):
    seen = []

    @t.no_grad()
    def steps():
        try:
            yield 1
        finally:
            seen.append(t.is_grad_enabled())

    generator = steps()
    next(generator)
    generator.close()
    assert seen == [False]
    assert t.is_grad_enabled()


@BOTH
def test_an_error_leaves_a_decorated_generator(t):
    @t.no_grad()
    def steps():
        yield 1
        raise KeyError

    generator = steps()
    next(generator)
    with pytest.raises(KeyError):
        next(generator)
    assert t.is_grad_enabled()


@BOTH
def test_inference_mode_nests(t):
    x = t.ones(1, requires_grad=True)
    assert not t.is_inference_mode_enabled()
    with t.inference_mode():
        assert t.is_inference_mode_enabled()
        assert not (x * 2).requires_grad
        with t.inference_mode(mode=False):
            assert not t.is_inference_mode_enabled()
            assert t.is_grad_enabled()
        assert t.is_inference_mode_enabled()
        assert not t.is_grad_enabled()
    assert not t.is_inference_mode_enabled()
    assert t.is_grad_enabled()


@BOTH
def test_nothing_is_recorded_in_inference_mode_where_gradients_are_asked_for(t):
    x = t.ones(1, requires_grad=True)
    with t.inference_mode():
        with t.enable_grad():
            assert t.is_grad_enabled()
            assert not (x * 2).requires_grad
        with t.set_grad_enabled(True), t.inference_mode(mode=False):
            assert (x * 2).requires_grad
    assert (x * 2).requires_grad
