"""Seals what is global, for every test, and runs commands and programs, for those that ask."""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from conformance import processes
from conformance.cli.main import main
from conformance.running import run as judged

# Both speak the same API, so both are sealed through the same names.
FRAMEWORKS = ("mytorch", "torch")


# With it, a run in which a test was skipped fails: where all is installed, a skip would hide something.
NO_SKIPS = "TESTS_MAY_SKIP_NOTHING"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """Fail a run in which tests were skipped and none may be."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get(NO_SKIPS) and reporter and reporter.stats.get("skipped"):
        reporter.write_line(f"{NO_SKIPS} is set, and tests were skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def sealed_state():
    """Leave modes, default dtype and default generator of both frameworks as the test found them."""
    with ExitStack() as found:
        for name in FRAMEWORKS:
            # Late, so that collecting the tests does not take the seconds that importing torch does.
            framework = importlib.import_module(name)
            found.callback(framework.set_grad_enabled, framework.is_grad_enabled())
            found.callback(framework.set_default_dtype, framework.get_default_dtype())
            found.callback(
                framework.set_anomaly_enabled,
                framework.is_anomaly_enabled(),
                framework.is_anomaly_check_nan_enabled(),
            )
            found.callback(framework.random.set_rng_state, framework.random.get_rng_state())
            # What a test draws does not depend on the tests before it.
            framework.manual_seed(0)
        yield


@pytest.fixture(autouse=True)
def sealed_imports(tmp_path_factory):
    """Leave out of the path and the modules what a test that plugs its own files in has put there."""
    path, added, there = [*sys.path], [*processes._added], {*sys.modules}
    yield
    sys.path[:], processes._added[:] = path, added
    own = tmp_path_factory.getbasetemp()
    for name in {*sys.modules} - there:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(own):
            del sys.modules[name]


@pytest.fixture(autouse=True)
def undiagnosed(request, monkeypatch):
    """Leave out of runs what a failure is diagnosed as, which takes seconds, unless a test is about that."""
    if "diagnosed" not in request.keywords:
        monkeypatch.setattr(judged, "_diagnosed", lambda *_: {})


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
def own_process():
    """Run the command line in a process of its own, which imports torch; for tests of that process."""
    return partial(_run, "-m", "conformance")


@pytest.fixture
def command_line(capfd, monkeypatch):
    """Run the command line as a user would in some folder, but in this process, which has torch already."""

    def run(*arguments, cwd, **environment):
        words = [*map(str, arguments)]
        capfd.readouterr()
        with monkeypatch.context() as patch:
            patch.chdir(cwd)
            for name, value in environment.items():
                patch.setenv(name, value)
            try:
                code = main(words)
            except SystemExit as leaving:  # of argparse
                code = leaving.code
        return subprocess.CompletedProcess(words, code, *capfd.readouterr())

    return run


@pytest.fixture(autouse=True, scope="session")
def loggers_that_propagate():
    """Let torch's loggers pass on what they log.

    pytest adds its handlers to every logger that does not, six times per test, and torch has 42 of those:
    a third of what a test that does nothing costs.
    """
    importlib.import_module("torch")
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("torch")]:
        logging.getLogger(name).propagate = True


@pytest.fixture(autouse=True, scope="session")
def outside_a_github_job():
    """Let no test write into the summary of the job that runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        yield
