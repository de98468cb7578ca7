"""The changelog names every public function and class of mytorch: what is new is announced."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
NAMESPACES = (
    "mytorch",
    "mytorch.models",
    "mytorch.nn",
    "mytorch.nn.functional",
    "mytorch.nn.init",
    "mytorch.nn.utils",
    "mytorch.nn.utils.rnn",
    "mytorch.optim",
    "mytorch.optim.lr_scheduler",
    "mytorch.utils.data",
)


def named(text):
    """Return the names in a text's code spans, without the modules before them."""
    words = {word for span in re.findall("`([^`]+)`", text) for word in re.split(r"[\s,=()]+", span)}
    return {word.rpartition(".")[2] for word in words}


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_public_function_and_class_is_named(namespace):
    module = import_module(namespace)
    names = getattr(module, "__all__", None) or [name for name in dir(module) if name[0] != "_"]
    public = [name for name in names if not inspect.ismodule(getattr(module, name))]
    functions = {name for name in public if callable(getattr(module, name))}
    missing = sorted(functions - named(CHANGELOG.read_text(encoding="utf-8")))
    assert functions
    assert not missing, f"say in CHANGELOG.md what is new: {', '.join(missing)}"


def test_names_are_read_from_code_spans():
    text = "add is new, and `nn.Linear`, `pow(2)`, `sub mul\n  div`."
    assert named(text) - {""} == {"Linear", "pow", "2", "sub", "mul", "div"}
