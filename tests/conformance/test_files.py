"""A file as a module: what it may import, that its classes can be pickled, and what is said where not."""

from __future__ import annotations

import importlib
import pickle
import sys
from pathlib import Path

import pytest

import conformance
from conformance import processes
from conformance.errors import UsageError
from conformance.files import home
from conformance.registry import find_attribute, find_implementation, find_object

MINE = "from conformance import TorchLike\nclass Mine(TorchLike):\n    pass\nmine = Mine(name, 'mytorch')\n"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Be in another folder than the files."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")


def written(folder, **texts):
    folder.mkdir(exist_ok=True, parents=True)
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def refused(spec):
    with pytest.raises(UsageError) as caught:
        find_implementation(str(spec))
    return str(caught.value)


# What it imports.


def test_a_file_imports_what_is_next_to_it_from_any_directory(tmp_path):
    text = f"from beside_it import name\n{MINE}"
    written(tmp_path / "a", beside_it="name = 'from there'", own_subject=text)
    (tmp_path / "link.py").symlink_to(tmp_path / "a" / "own_subject.py")
    # The current directory comes after it, as it has nothing to do with the file.
    written(Path.cwd(), beside_it="name = 'from here'", only_here="")
    for path in (tmp_path / "a" / "own_subject.py", "../link.py"):
        assert find_implementation(f"{path}:mine").name == "from there"
    # What is imported later is Python's, a library's, or from there.
    assert (sys.path[0], sys.path[-1]) == (str(Path.cwd()), str(tmp_path / "a"))
    assert {sys.path[0], sys.path[-1]}.isdisjoint(processes.own_path())


def test_a_file_may_have_the_name_of_the_library_that_it_plugs_in(tmp_path):
    written(Path.cwd(), own_subject="raise ImportError")
    folder = written(tmp_path / "a", beside_it="", joblib="import joblib, beside_it")
    module, library = find_attribute("library", f"{folder / 'joblib.py'}:joblib")
    assert library.Parallel
    assert library is not module
    assert sys.path[-1] == str(folder)
    # It has nothing to do with files in the current directory.
    other = written(tmp_path / "b", own_subject="x = 1")
    find_object("number", f"{other / 'own_subject.py'}:x")
    assert sys.path[-2:] == [str(folder), str(other)]


def test_each_file_has_what_is_next_to_it_though_the_names_are_the_same(tmp_path):
    for name in ("a", "b"):
        written(
            tmp_path / name,
            beside_it=f"name = 'from {name}'",
            own_subject=f"from beside_it import name\n{MINE}",
        )
        written(tmp_path / name / "own_package", __init__="", inner=f"name = 'inside {name}'")
        written(tmp_path / name, late=f"from own_package.inner import name\n{MINE}")
    for name in ("a", "b"):
        assert find_implementation(f"{tmp_path / name / 'own_subject.py'}:mine").name == f"from {name}"
    # A third file, in a folder that is on the path already.
    for name in ("b", "a"):
        assert find_implementation(f"{tmp_path / name / 'late.py'}:mine").name == f"inside {name}"


def test_a_neighbour_with_the_name_of_a_module_of_python_is_not_taken_for_that_later(tmp_path):
    written(tmp_path / "a", colorsys="raise ImportError", own_subject=f"name = 'right'\n{MINE}")
    find_implementation(f"{tmp_path / 'a' / 'own_subject.py'}:mine")
    sys.modules.pop("colorsys", None)
    assert importlib.import_module("colorsys").rgb_to_hsv


@pytest.mark.parametrize("in_process", [False, True])
def test_a_run_does_it_in_either_process(tmp_path, in_process):
    folder = written(
        tmp_path / "a", beside_it="name = 'found'", own_subject=f"from beside_it import name\n{MINE}"
    )
    report = conformance.run(f"{folder / 'own_subject.py'}:mine", ["relu"], 1, in_process=in_process)
    assert report.exit_code == 0
    # What runs in a process of its own leaves this one as it was.
    assert (str(folder) in sys.path) == in_process


def test_of_a_package_the_folder_around_it_is_looked_in(tmp_path):
    """In the package `random.py` would be taken for Python's."""
    written(tmp_path / "a" / "own_package", __init__="", random="raise ImportError", named="name = 'found'")
    text = "from own_package.inner.own_subject import name as mine"
    inner = written(tmp_path / "a" / "own_package" / "inner", __init__="", own_subject="name = 3", other=text)
    assert find_object("number", f"{inner / 'other.py'}:mine") == 3
    assert home(inner / "other.py") == tmp_path / "a"
    assert str(inner) not in sys.path


# Its name.


def test_its_classes_can_be_pickled_here_and_in_another_process(tmp_path, python):
    folder = written(tmp_path / "a", own_subject="class Mine: pass")
    module, mine = find_attribute("class", f"{folder / 'own_subject.py'}:Mine")
    written_here = pickle.dumps(mine)
    assert pickle.loads(written_here) is mine  # noqa: S301 - the test's own
    assert module.__name__ == "own_subject"
    # As of a process that the subject starts, which gets its path.
    done = python("-c", f"import pickle; print(pickle.loads({written_here}))", cwd=folder, PYTHONPATH=folder)
    assert done.stdout == "<class 'own_subject.Mine'>\n", done.stderr


@pytest.mark.parametrize("name", ["own_subject", "json", "time", "two words", "v1.2"])
def test_files_whose_names_are_taken_are_modules_of_their_own(tmp_path, name):
    files = [written(tmp_path / each, **{name: f"class Mine: at = {each!r}"}) / f"{name}.py" for each in "ab"]
    before = sys.modules.get(name)
    found = [find_attribute("class", f"{file}:Mine")[1] for file in files]
    assert [each.at for each in found] == ["a", "b"]
    assert [pickle.loads(pickle.dumps(each)) for each in found] == found  # noqa: S301 - the test's own
    assert find_attribute("class", f"{files[1]}:Mine")[1] is found[1]
    assert before is None or sys.modules[name] is before


def test_an_object_of_a_file_whose_name_is_another_is_sent_whole(tmp_path, monkeypatch):
    folder = written(tmp_path / "a", **{"own-subject": f"name = 'x'\n{MINE}"})
    monkeypatch.syspath_prepend(folder)
    report = conformance.run(find_object("subject", f"{folder / 'own-subject.py'}:mine"), ["relu"], 1)
    assert report.exit_code == 0
    assert "subject" not in report.environment  # which says why, where it had no process of its own


def test_a_file_that_was_imported_by_its_name_is_not_run_again(tmp_path):
    folder = written(tmp_path / "a", beside="import own_subject", own_subject="import beside\nnumbers = []")
    module, numbers = find_attribute("list", f"{folder / 'own_subject.py'}:numbers")
    assert sys.modules["beside"].own_subject is module
    assert module.numbers is numbers


# What is said.


def test_an_import_from_its_own_package_is_told_how_to_name_it(tmp_path, monkeypatch):
    pack = written(tmp_path / "pack", __init__="from . import other", other="", mine="from . import other")
    assert find_object("module", f"{pack / '__init__.py'}:other").__name__.endswith("__init__.other")
    expected = "; a relative import needs the package: give pack.mine:mine"
    where = f", in {tmp_path} or with PYTHONPATH={tmp_path}"
    assert refused(f"{pack / 'mine.py'}:mine").endswith(f"line 1){expected}{where}")
    monkeypatch.chdir(tmp_path)
    assert refused("pack/mine.py:mine").endswith(expected)


@pytest.mark.parametrize("form", ["mine.py", "mine"])
def test_so_is_one_from_a_package_without_init(tmp_path, monkeypatch, form):
    monkeypatch.chdir(written(tmp_path / "pack", mine="from .other import x"))
    where = f", in {tmp_path} or with PYTHONPATH={tmp_path}"
    told = "; a relative import needs the package: give pack.mine:Mine"
    assert refused(f"{form}:Mine").endswith(told + where)


def test_a_relative_import_of_another_file_is_told_without_that(tmp_path):
    folder = written(tmp_path / "a", beside_it="from . import x", own_subject="import beside_it")
    assert refused(f"{folder / 'own_subject.py'}:x").endswith(f"({folder / 'beside_it.py'}, line 1)")


def test_where_the_folder_of_a_package_has_the_reference_that_inside_is_told(tmp_path):
    pack = written(tmp_path / "pack", __init__="", beside_it="", own_subject="import beside_it")
    with pytest.raises(UsageError) as caught:
        find_attribute("candidate", f"{pack / 'own_subject.py'}:x", here=False, beside=False)
    told = f"; beside_it is in {pack}, which is not looked in: set PYTHONPATH={pack}"
    assert str(caught.value).endswith(told)


def test_a_module_in_a_folder_that_is_not_looked_in_is_told_where(tmp_path):
    inner = written(tmp_path / "pack" / "inner", __init__="", near="", own_subject="import near")
    written(tmp_path / "pack", __init__="", further="", near="")
    told = f"; near is in {inner}, which is not looked in: set PYTHONPATH={inner}, or import pack.inner.near"
    assert refused(f"{inner / 'own_subject.py'}:x").endswith(told)
    above = written(tmp_path / "pack" / "data", own_subject="import further")
    told = f"; further is in {tmp_path / 'pack'}, which is not looked in: set PYTHONPATH={tmp_path / 'pack'}"
    assert refused(f"{above / 'own_subject.py'}:x").endswith(told)


@pytest.mark.parametrize("text", ["import nowhere_at_all", "import beside.part", "from beside import part"])
def test_what_is_nowhere_is_told_without_advice(tmp_path, text):
    folder = written(tmp_path / "a", beside="", own_subject=text)
    assert refused(f"{folder / 'own_subject.py'}:x").endswith(f"({folder / 'own_subject.py'}, line 1)")


@pytest.mark.parametrize("module", ["no_such_module", "no.such.module", "folder/mine"])
def test_a_module_that_is_not_found_is_told_where_it_was_looked_for(module):
    place = f"the current directory, {Path.cwd()}, and on PYTHONPATH"
    told = refused(f"{module}:Mine")
    assert told.endswith(f"; it was looked for in {place}, and a file is given as path.py:Mine")


def test_what_a_module_does_not_find_itself_is_told_without_that(tmp_path, monkeypatch):
    monkeypatch.chdir(written(tmp_path / "a", own_subject="import nowhere_at_all"))
    assert refused("own_subject:x").endswith("own_subject.py, line 1)")
