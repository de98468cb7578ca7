"""The changelog names what is new of mytorch, and whose verdicts other constants of the judge move."""

from __future__ import annotations

import inspect
import re
import tomllib
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from conformance.arithmetic.constants import constants_sha256

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
NAMESPACES = (
    "mytorch",
    "mytorch.linalg",
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


# Other constants of the judge can turn a verdict that someone relies on: they are a minor version, and its
# section says whose. Each section begins with the constants that its version ships.
CONSTANTS = re.compile(r"^Constants of the judge: `([0-9a-f]{12})`\.(.*)", re.MULTILINE | re.DOTALL)
MOVES = re.compile(r"Verdicts that move: \S")


class Section(NamedTuple):
    """What the changelog says of the constants of one version."""

    version: tuple[int, ...]
    constants: str
    moves: bool


def sections(text):
    """Read the sections of a changelog, the newest first; one without its constants is an error."""
    found = []
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        version = section.split(" ", 1)[0]
        constants = CONSTANTS.search(section)
        assert constants, f"{version}: say 'Constants of the judge: `DIGEST`.'"
        numbers = tuple(map(int, version.split(".")))
        found.append(Section(numbers, constants[1], bool(MOVES.search(constants[2]))))
    return found


def wrong_releases(text):
    """Name the versions that change the constants as a patch, or without saying whose verdicts move."""
    found = sections(text)
    changed = [(new, old) for new, old in pairwise(found) if new.constants != old.constants]
    return [new.version for new, old in changed if new.version[:2] == old.version[:2] or not new.moves]


def test_the_newest_section_is_of_this_version_and_its_constants():
    (newest, *_) = sections(CHANGELOG.read_text(encoding="utf-8"))
    project = tomllib.loads((CHANGELOG.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert newest.version == tuple(map(int, project["version"].split(".")))
    assert newest.constants == constants_sha256()[:12], "see CONTRIBUTING.md, Release"


def test_constants_change_with_a_minor_version_that_says_whose_verdicts_move():
    assert wrong_releases(CHANGELOG.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("version", "constants", "more", "right"),
    [
        ("0.2.1", "a" * 12, "", True),
        ("0.3.0", "b" * 12, " Verdicts that move: none, they are tighter.", True),
        ("1.0.0", "b" * 12, "\nVerdicts that move: those of tanh.", True),
        ("0.2.1", "b" * 12, " Verdicts that move: those of tanh.", False),
        ("0.3.0", "b" * 12, "", False),
        ("0.3.0", "b" * 12, " Verdicts that move:", False),
    ],
)
def test_a_wrong_release_is_named(version, constants, more, right):
    old = f"## 0.2.0 – 2026-01-01\n\nConstants of the judge: `{'a' * 12}`.\n"
    new = f"## {version} – unreleased\n\nConstants of the judge: `{constants}`.{more}\n\n"
    text = f"# Changelog\n\n{new}{old}"
    assert wrong_releases(text) == ([] if right else [tuple(map(int, version.split(".")))])


def test_a_section_without_its_constants_is_refused():
    with pytest.raises(AssertionError, match="say 'Constants"):
        sections("## 0.2.0 – 2026-01-01\n\n- Something.\n")
