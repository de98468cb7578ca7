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
    (directory / "test_careless.py").write_text(CARELESS.format(name=name), encoding="utf-8")
    environment = dict(os.environ)
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
