"""How an implementation is found by its name, and what is said where there is none."""

from __future__ import annotations

import importlib
import sys

import pytest

from conformance.errors import UsageError
from conformance.registry import find_implementation, spelled

PLUGIN = """
from pathlib import Path

import numpy as np

from conformance import TorchLike, UsageError

mine = TorchLike("mine", "torch")
number = 3


class Mine(TorchLike):
    def __init__(self):
        super().__init__("mine", "torch")


class Needing(TorchLike):
    def __init__(self, name):
        super().__init__(name, "torch")


class Other:
    mine = mine

    class Inner:
        def make():
            return mine


def make():
    return mine


def make_of(name):
    return TorchLike(name, "torch")


def lacking():
    return number.missing


def cell(case, config, x):
    return {}


def program(t, x):
    return {}


_hidden = mine
"""


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN, encoding="utf-8")
    return path


def told(spec):
    with pytest.raises(UsageError) as caught:
        find_implementation(str(spec))
    return str(caught.value)


@pytest.mark.parametrize("attribute", ["mine", "Mine", "make", "Other.mine", "Other.Inner.make"])
def test_an_implementation_is_found_in_a_file(plugin, attribute):
    assert find_implementation(f"{plugin}:{attribute}").name == "mine"


def test_a_file_may_have_dataclasses_with_annotations_that_are_not_evaluated(tmp_path):
    path = tmp_path / "dated.py"
    path.write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from conformance import TorchLike\n"
        "@dataclass\n"
        "class State:\n"
        "    h: object\n"
        'mine = TorchLike("mine", "torch")\n',
        encoding="utf-8",
    )
    assert find_implementation(f"{path}:mine").name == "mine"


def test_a_file_that_raised_is_run_again(tmp_path):
    path = tmp_path / "raising.py"
    path.write_text("raise OSError('no weights')\n", encoding="utf-8")
    assert "OSError: no weights" in told(f"{path}:mine")
    path.write_text("from conformance import TorchLike\nmine = TorchLike('mine', 'torch')\n", "utf-8")
    assert find_implementation(f"{path}:mine").name == "mine"


def test_a_file_that_does_not_exist_is_named(tmp_path):
    path = tmp_path / "missing.py"
    assert told(f"{path}:mine") == f"implementation '{path}:mine': there is no file {path}"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("./mine.py:subject", "mine.py:subject"),
        (".//kernels/../mine.py:subject", "mine.py:subject"),
        ("/here/../mine.py:subject", "/mine.py:subject"),
        ("../mine.py:subject", "../mine.py:subject"),
        ("link/../mine.py:subject", "link/../mine.py:subject"),
        ("mine:subject", "mine:subject"),
        ("mytorch", "mytorch"),
        ("fault:./h0.py:ignored", "fault:./h0.py:ignored"),
        ("cmd:./program x.py:y", "cmd:./program x.py:y"),
    ],
)
def test_a_path_has_one_name_in_reports_where_it_is_one_file(tmp_path, monkeypatch, given, name):
    (tmp_path / "here").mkdir()
    (tmp_path / "there" / "below").mkdir(parents=True)
    (tmp_path / "here" / "link").symlink_to(tmp_path / "there" / "below")
    monkeypatch.chdir(tmp_path / "here")
    assert spelled(given) == name == spelled(name)


@pytest.mark.parametrize("attribute", ["yours", "Other.yours", "yours.mine"])
def test_a_missing_attribute_is_told_with_the_file_and_what_could_be_meant(plugin, attribute):
    assert told(f"{plugin}:{attribute}") == (
        f"implementation '{plugin}:{attribute}': {plugin} has no attribute '{attribute}'; "
        "these look like implementations: mine, Mine, make, lacking"
    )


def test_a_missing_attribute_of_a_module_without_implementations_is_told():
    assert told("sys:yours") == "implementation 'sys:yours': sys has no attribute 'yours'"


def test_an_attribute_that_the_file_lacks_itself_is_told_with_its_line(plugin):
    line = PLUGIN.splitlines().index("    return number.missing") + 1
    assert told(f"{plugin}:lacking").endswith(f"no attribute 'missing' ({plugin}, line {line})")


@pytest.mark.parametrize("colon", ["", ":"])
def test_a_file_without_an_attribute_is_told_what_is_expected(plugin, colon):
    text = told(f"{plugin}{colon}")
    assert text.startswith("unknown implementation")
    assert text.endswith(f"; expected {plugin}:ATTRIBUTE")


def test_a_name_is_not_taken_for_a_file():
    assert "ATTRIBUTE" not in told("mitorch")


def test_a_file_beside_is_found_by_a_path_with_a_dot(plugin, monkeypatch):
    monkeypatch.chdir(plugin.parent)
    assert find_implementation("./plugin.py:mine").name == "mine"


def test_a_subject_and_what_it_imports_later_are_looked_for_in_the_current_directory_first(
    monkeypatch, tmp_path
):
    elsewhere, here = tmp_path / "elsewhere", tmp_path / "here"
    for folder, name in ((elsewhere, "elsewhere"), (here, "mine")):
        folder.mkdir()
        for file in ("own_subject.py", "own_library.py"):
            (folder / file).write_text(PLUGIN.replace('"mine", "torch"', f'"{name}", "torch"'), "utf-8")
    before = [str(elsewhere), *sys.path]
    monkeypatch.setattr("sys.path", [*before])
    monkeypatch.chdir(here)
    for _ in range(2):
        assert find_implementation("own_subject:mine").name == "mine"
        assert sys.path == [str(here), *before]
    assert importlib.import_module("own_library").mine.name == "mine"


def test_where_the_current_directory_is_on_the_path_that_stays_as_it_is(plugin, monkeypatch):
    path = [*sys.path[:1], str(plugin.parent), *sys.path[1:]]
    monkeypatch.setattr("sys.path", [*path])
    monkeypatch.chdir(plugin.parent)
    assert find_implementation("plugin:mine").name == "mine"
    assert sys.path == path


@pytest.mark.parametrize("attribute", ["Needing", "make_of"])
def test_what_needs_arguments_is_told_which(plugin, attribute):
    assert told(f"{plugin}:{attribute}") == (
        f"implementation '{plugin}:{attribute}': {attribute} cannot be called without arguments: "
        "missing a required argument: 'name'"
    )


@pytest.mark.parametrize(
    ("attribute", "given"),
    [("cell", "Functional(NAME, cell)"), ("program", "TorchLike(NAME, MODULE, {CASE: program})")],
)
def test_a_bare_function_is_told_what_makes_an_implementation_of_it(plugin, attribute, given):
    assert told(f"{plugin}:{attribute}").endswith(f" is given as {given}")


def test_what_is_something_else_is_told_by_its_class_and_what_it_lacks(plugin):
    expected = "expected an Implementation, got an object of int without name, unsupported, run"
    assert told(f"{plugin}:number") == f"implementation '{plugin}:number': {expected}"


def test_a_syntax_error_is_told_with_its_file_and_line_once(tmp_path):
    (tmp_path / "mistyped.py").write_text("x = = 1\n", encoding="utf-8")
    assert told(tmp_path / "mistyped.py:x").endswith("SyntaxError: invalid syntax (mistyped.py, line 1)")


def test_what_is_raised_may_be_long_and_coloured(tmp_path):
    path = tmp_path / "loud.py"
    path.write_text("raise ValueError('\\x1b[31m' + 10_000_000 * 'x')\n", encoding="utf-8")
    text = told(f"{path}:x")
    assert len(text) < 2_000
    assert r"ValueError: \x1b[31mxxx" in text
    assert text.endswith(f"xxx ({path}, line 1)")


@pytest.mark.parametrize(
    ("given", "got"),
    [
        (None, "got None"),
        (3, "an object of int without name, unsupported, run"),
        (list, "got the class list"),
    ],
)
def test_what_is_given_itself_has_to_be_an_implementation(given, got):
    with pytest.raises(UsageError, match=r"^implementation: expected .*" + got):
        find_implementation(given)
