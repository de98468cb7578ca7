"""What to install where a package of an extra is missing.

Entered by the command line, by `conformance.run` and by the pytest plugin. `import conformance` and `--help`
need NumPy only.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

# The extra in pyproject.toml that brings each package that is imported.
EXTRAS = {
    "autograd": "autograd",
    "cloudpickle": "conformance",
    "distributed": "dask",
    "equinox": "equinox",
    "flax": "flax",
    "hypothesis": "conformance",
    "jax": "jax",
    "jinja2": "conformance",
    "joblib": "conformance",
    "jsonschema": "conformance",
    "keras": "keras",
    "markupsafe": "conformance",
    "matplotlib": "conformance",
    "mygrad": "mygrad",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "rich": "conformance",
    "tabulate": "conformance",
    "threadpoolctl": "conformance",
    "torch": "conformance",
    "scipy": "calibrate",
    "safetensors": "conformance",
    "pytest": "pytest",
}


@contextmanager
def extras() -> Iterator[None]:
    """Turn the ImportError about a missing package of an extra into one line that says what to install.

    Raises:
        UsageError: a package of an extra is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        raise UsageError(f"{package} is not installed, which this needs: {install(package)}") from error


def install(*packages: str) -> str:
    """Return the command that installs packages of extras, with what every command of conformance needs."""
    needed = dict.fromkeys(("conformance", *(EXTRAS[package] for package in packages)))
    return f'pip install "mytorch-conformance[{",".join(needed)}]"'
