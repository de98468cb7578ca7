"""Seals what is global, for every test."""

from __future__ import annotations

import importlib
from contextlib import ExitStack

import pytest

# Both speak the same API, so both are sealed through the same names.
FRAMEWORKS = ("mytorch", "torch")


@pytest.fixture(autouse=True)
def sealed_state():
    """Leave gradient mode, default dtype and default generator of both frameworks as the test found them."""
    with ExitStack() as found:
        for name in FRAMEWORKS:
            # Late, so that collecting the tests does not take the seconds that importing torch does.
            framework = importlib.import_module(name)
            found.callback(framework.set_grad_enabled, framework.is_grad_enabled())
            found.callback(framework.set_default_dtype, framework.get_default_dtype())
            found.callback(framework.random.set_rng_state, framework.random.get_rng_state())
        yield
