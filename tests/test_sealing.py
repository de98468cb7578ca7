"""The sealing fixture works: a test that changes all global state leaves the next one untouched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CARELESS = """
import pytest
import {name} as framework

seen = []

@pytest.mark.parametrize("turn", [1, 2])
def test_careless(turn):
    state = (
        framework.is_grad_enabled(),
        str(framework.get_default_dtype()),
        framework.rand(3).tolist(),
    )
    seen.append(state)
    assert state == seen[0]
    framework.set_grad_enabled(False)
    framework.set_default_dtype(framework.float64)
    framework.manual_seed(7)
"""


def run_careless(directory: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Run two careless tests, one after the other, in a session of their own."""
    return run(directory, CARELESS.format(name=name))


def run(directory: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a text in a session of their own."""
    (directory / "test_careless.py").write_text(text, encoding="utf-8")
    environment = {**os.environ, **environment}
    if environment.get("PACKAGES_FROM") != "site-packages":
        environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(  # noqa: S603  # the tests are this file's own
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(directory)],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize("name", ["mytorch", "torch"])
def test_a_careless_test_leaves_no_trace(tmp_path, name):
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    done = run_careless(tmp_path, name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_without_the_fixture_it_would_be_seen(tmp_path):
    done = run_careless(tmp_path, "torch")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout


SKIPPING = """
import pytest

{skip}

def test_passing():
    pass
"""
SKIPS = {
    "none": "",
    "a test": "@pytest.mark.skip(reason='not installed')\ndef test_skipped():\n    pass",
    "a file": "pytest.importorskip('no_such_module', reason='not installed')",
}


@pytest.mark.parametrize("skip", SKIPS)
def test_where_nothing_may_be_skipped_a_skip_fails_the_run(tmp_path, skip):
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    text = SKIPPING.format(skip=SKIPS[skip])
    allowed, refused = (run(tmp_path, text, TESTS_MAY_SKIP_NOTHING=value).returncode for value in ("", "1"))
    # Where the whole file is skipped, pytest tells by its code 5 that there was no test.
    assert (allowed, refused) == {"none": (0, 0), "a test": (0, 1), "a file": (5, 1)}[skip]
