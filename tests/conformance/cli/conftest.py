"""The command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def _run(*arguments, cwd, **environment):
    return subprocess.run(  # noqa: S603 - the command is this file's own
        [sys.executable, "-m", "conformance", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONSAFEPATH": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def command_line():
    """Run the command line; warnings and all, as a user would."""
    return _run
