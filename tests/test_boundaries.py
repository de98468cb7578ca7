"""What importing and starting up may load, and where the packages come from, each seen in a fresh process."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRAMEWORKS = ("torch", "jax", "tensorflow", "keras", "onnxruntime")

# An audit hook cannot be taken off again, so nothing that runs after it can open a connection unseen.
NO_NETWORK = """
import sys
def refuse(event, args):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        raise SystemExit(f"{event} {args}")
sys.addaudithook(refuse)
"""


def python(code: str) -> str:
    """Run code in a fresh interpreter, started at the root of the checkout, and return what it printed."""
    done = subprocess.run(  # noqa: S603  # the code is this file's own
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# What is read when a name is missing.
TABLES = ("mytorch._core.torch_names", "mytorch._core.alternatives")


def loaded_by(code: str) -> set[str]:
    """Name the modules that stand in sys.modules after code has run."""
    return set(python(f"{code}\nimport sys\nprint('\\n' + ' '.join(sys.modules))").splitlines()[-1].split())


HELP = """
from conformance.cli.main import main
try:
    status = main(["--help"])
except SystemExit as leaving:
    status = leaving.code
assert not status, status
"""


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        pytest.param(
            "import mytorch",
            [*FRAMEWORKS, *TABLES, "conformance", "numpy.random", "safetensors"],
            id="import mytorch",
        ),
        pytest.param("import conformance", FRAMEWORKS, id="import conformance"),
        pytest.param(HELP, FRAMEWORKS, id="conformance --help"),
    ],
)
def test_starting_up_loads_only_what_is_needed(code, forbidden):
    modules = loaded_by(code)
    assert "sys" in modules, "the modules were not listed at all"
    assert modules.isdisjoint(forbidden)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import mytorch", id="import mytorch"),
        pytest.param(
            "from conformance.cli.main import main; assert not main(['list', 'cases'])", id="conformance list"
        ),
        pytest.param(
            "import tempfile\nfrom conformance.cli.main import main\n"
            "with tempfile.TemporaryDirectory() as out:\n"
            "    assert not main(['run', 'sigmoid', '--jobs', '1', '--out', out])",
            id="conformance run",
        ),
    ],
)
def test_nothing_touches_the_network(code):
    python(NO_NETWORK + code)


def test_the_network_guard_sees_a_connection():
    with pytest.raises(AssertionError, match=r"socket\.(connect|getaddrinfo)"):
        python(NO_NETWORK + "import socket; socket.create_connection(('127.0.0.1', 9))")


@pytest.mark.parametrize("package", ["mytorch", "conformance"])
def test_packages_come_from_where_the_environment_says(package):
    installed = os.environ.get("PACKAGES_FROM") == "site-packages"
    expected = Path(sysconfig.get_path("purelib")) if installed else ROOT
    origin = Path(python(f"import {package}; print({package}.__file__)").strip())
    assert origin == expected / package / "__init__.py"


def imports(source: Path) -> set[str]:
    """Name the top-level packages that a module imports anywhere, late imports included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"), filename=str(source))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_mytorch_imports_numpy_and_nothing_else():
    sources = sorted((ROOT / "mytorch").rglob("*.py"))
    assert sources
    foreign = {
        str(source.relative_to(ROOT)): found
        for source in sources
        if (found := imports(source) - set(sys.stdlib_module_names) - {"mytorch", "numpy"})
    }
    # Extras: imported when something is saved or loaded, and where the recurrent layers are compiled.
    assert foreign.pop("mytorch/serialization/_safetensors.py") == {"safetensors"}
    assert {str(Path(source).parent) for source in foreign} == {"mytorch/ops/compiled"}
    assert set().union(*foreign.values()) == {"numba"}


def layers(root: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of pyproject.toml, as ``tox run -e lint`` does, on the packages at a root."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-logo",
            "--no-cache",
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_every_package_imports_only_layers_below_it():
    done = layers(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        pytest.param(
            "mytorch/_core/size.py", "def f():\n    import mytorch.nn", "mytorch: each package", id="upwards"
        ),
        pytest.param(
            "mytorch/_core/size.py", "import mytorch._core.base", "mytorch: no circle", id="in a circle"
        ),
        pytest.param("mytorch/random.py", "import torch", "mytorch: never torch", id="torch"),
        pytest.param("mytorch/random.py", "import conformance", "mytorch: never torch", id="conformance"),
        pytest.param(
            "conformance/sampling/space.py",
            "def f():\n    import conformance.cases",
            "conformance: each package",
            id="a package above",
        ),
        pytest.param(
            "conformance/arithmetic/mode.py",
            "import conformance.subjects.protocol",
            "conformance: each package",
            id="arithmetic and a subject",
        ),
        pytest.param("conformance/attic.py", "", "conformance: each package", id="a package without a layer"),
        pytest.param(
            "conformance/arithmetic/rounding.py",
            "def f():\n    import conformance.arithmetic.mode",
            "conformance: no circle",
            id="a circle in a package",
        ),
        pytest.param(
            "conformance/judging/judge.py",
            "def f():\n    import conformance.subjects.mytorch",
            "conformance: judging",
            id="judging and a subject",
        ),
    ],
)
def test_a_wrong_import_breaks_a_contract(module, line, contract, tmp_path):
    for name in ("mytorch", "conformance"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / module).open("a", encoding="utf-8") as source:
        source.write(f"\n\n{line}\n")
    done = layers(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert any(row.startswith(contract) and " BROKEN" in row for row in done.stdout.splitlines())
