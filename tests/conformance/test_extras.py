"""Without the packages of an extra, one line says what to install."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

from conformance.errors import UsageError
from conformance.extras import EXTRAS, extras

ROOT = Path(__file__).parents[2]

# Every command, and what else runs a case, in a process where only NumPy is installed.
WITHOUT = """
import contextlib, io, sys

sys.modules.update(dict.fromkeys(MISSING))
import conformance
from conformance.cli.main import main

COMMANDS = ("run", "list cases", "list implementations", "list faults", "list rules", "selftest", "calibrate",
            "replay tanh:seed=1,draw=0,class=small,regime=normal,N=2,F=2,method=true")
for command in COMMANDS:
    said, shown = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(shown):
        code = main(command.split())
    print(code, repr(shown.getvalue()), repr(said.getvalue()))

from conformance.pytest_plugin import Check

calls = (
    lambda: conformance.run("mytorch", ["tanh"], samples=1),
    lambda: conformance.parametrize("mytorch", ["tanh"]),
    lambda: Check("mytorch", "tanh", "small", 1, ("float64",))(),
)
for call in calls:
    try:
        call()
    except conformance.UsageError as error:
        print(2, "''", repr(f"conformance: {error}\\n"))
"""


def test_each_command_says_in_one_line_what_to_install(python):
    script = WITHOUT.replace("MISSING", repr([*EXTRAS]))
    done = python("-W", "error", "-c", script, cwd=ROOT, COLUMNS="80")
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    install = r"pip install \"mytorch-conformance\[%s\]\""
    one = r"2 '' 'conformance: \w+ is not installed, which this needs: " + install + r"\\n'"
    wrong = [line for line in lines if not re.fullmatch(one % "conformance(,pytest)?", line)]
    assert (len(lines), wrong) == (11, [])
    assert re.fullmatch(one % "conformance,pytest", lines[9])


def test_each_package_is_brought_by_its_extra():
    # numba is mytorch's, which names its extra itself.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    brought = {
        (re.match(r"[\w-]+", requirement).group(), extra)
        for extra, requirements in project["optional-dependencies"].items()
        if extra not in {"dev", "docs", "examples", "numba"}
        for requirement in requirements
    }
    assert {*EXTRAS.items()} <= brought
    assert {package for package, _ in brought} == {*EXTRAS}
    assert project["name"] == "mytorch-conformance"


def test_each_package_that_is_imported_is_known():
    imported: set[str] = set()
    for source in (ROOT / "conformance").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            imported |= {name.partition(".")[0] for name in names}
    assert imported - sys.stdlib_module_names - {"conformance", "mytorch", "numpy"} == {*EXTRAS}


def test_another_missing_module_is_not_blamed_on_an_extra():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), extras():
        import no_such_module  # noqa: F401


def test_what_calibrating_needs_is_named_with_its_own_extra():
    with pytest.raises(UsageError, match=r"scipy .*mytorch-conformance\[conformance,calibrate\]"), extras():
        raise ModuleNotFoundError(name="scipy.stats")


# What only mytorch's own extras bring: `save` and `load` need it, and no verdict does.
JUDGES = """
import sys

sys.modules["safetensors"] = None
from conformance.cli.main import main

sys.exit(main("run sigmoid --samples 1 --in-process --jobs 1 --out out".split()))
"""


def test_judging_needs_none_of_the_extras_of_mytorch(python, tmp_path):
    done = python("-c", JUDGES, cwd=tmp_path)
    assert (done.returncode, "SHOWN: mytorch" in done.stdout) == (0, True), done.stdout + done.stderr
