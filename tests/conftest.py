"""Seals what is global, for every test, and runs programs in processes of their own, for those that ask."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from contextlib import ExitStack
from functools import partial

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


def _run(*arguments, cwd, start_new_session=False, **environment):
    return subprocess.run(  # noqa: S603 - what is run is the test's own
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONSAFEPATH": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        start_new_session=start_new_session,
    )


@pytest.fixture
def python():
    """Run Python with some arguments, and return when it and all who have its output ended."""
    return _run


@pytest.fixture
def command_line():
    """Run the command line; warnings and all, as a user would."""
    return partial(_run, "-m", "conformance")


@pytest.fixture(autouse=True, scope="session")
def outside_a_github_job():
    """Let no test write into the summary of the job that runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        yield
