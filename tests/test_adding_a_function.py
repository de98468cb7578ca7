"""Adding `hypot` to a copy of the repository takes the edits that docs/extending.md lists, at most six.

The guard tests run on the copy. They name the files that still need an edit, and pass when all have theirs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import mytorch

ROOT = Path(__file__).parents[1]
COPIED = ("mytorch", "conformance", "tests", "CHANGELOG.md", "pyproject.toml")

# The tests that fail where a public function lacks something.
GUARDS = (
    "tests/conformance/cases/test_operations.py",
    "tests/conformance/report/test_coverage.py",
    "tests/mytorch/test_families.py",
    "tests/mytorch/test_saved_values.py",
    "tests/test_changelog.py",
)

OP, FUNCTION = "mytorch/ops/elementary.py", "mytorch/functions/elementary.py"
METHOD = "mytorch/_tensor/methods.py"
CASE, RULE = "conformance/cases/elementary.py", "conformance/arithmetic/rules/elementary.py"
CHANGELOG = "CHANGELOG.md"
# Programs of torch have it, so that its rule is there already; the copy has to do without.
THERE = ("conformance/arithmetic/rules/trigonometric.py", '    _of_two("hypot", 2.0),\n')

# By file: the texts that an edit inserts, each by the text before which it goes; END is the end of the file.
END = ""
EDITS = {
    OP: {
        END: '''

class Hypot(Op):
    """The square root of a² + b²."""

    uses = ((0, OUT), (1, OUT))

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        out = np.hypot(a, b)
        return out, (a, b, out)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b, out = saved
        return lambda: grad * (a / out), lambda: grad * (b / out)
''',
    },
    FUNCTION: {
        "\nfrom mytorch.ops import": ", require_floating",
        '    "log",': '    "hypot",\n',
        "# torch's other names": '''def hypot(input: Tensor, other: Tensor) -> Tensor:
    """Return the length of the hypotenuse, √(input² + other²), broadcast, without overflow on the way.

    Args:
        other: any shape that broadcasts with `input`.

    Returns:
        The root, of the broadcast shape and the promoted dtype.

    Raises:
        NotImplementedError: both are integers or bools.
        RuntimeError: the shapes do not broadcast.
    """
    if array_of("hypot", other, "other", 2).dtype.kind != "f":
        require_floating("hypot", input)
    array_of("hypot", input)
    return binary(ops.Hypot, input, other)


''',
    },
    METHOD: {"    log = ": "    hypot = elementary.hypot\n"},
    CASE: {'    unary("log",': '    binary("hypot", "hypot", "normal", "huge", "nonfinite"),\n'},
    RULE: {
        '    rounded("log",': (
            '    rounded("hypot", Relative(2.0), binary("hypot"), source=SLEEF, elementwise=True),\n'
        )
    },
    CHANGELOG: {"- `mytorch`: tensors": "- `mytorch.hypot`.\n"},
}

# A run of the new case in the process of the guards, which has torch already.
JUDGED = """
import conformance
from conformance.report.markdown import markdown


def test_it_is_judged():
    report = conformance.run("mytorch", ["hypot"], 7, in_process=True)
    assert report.exit_code == 0, report.failures
    assert len({verdict.sample for verdict in report.verdicts if verdict.case == "hypot"}) >= 7
    assert "| hypot " in markdown(report)
"""


def insert(path: Path, before: str, text: str) -> None:
    """Insert a text into a file where another stands once, or at the end."""
    whole = path.read_text(encoding="utf-8")
    if before:
        count = whole.count(before)
        assert count == 1, f"{path}: expected {before!r} once, got it {count} times"
    place = whole.index(before) if before else len(whole)
    path.write_text(whole[:place] + text + whole[place:], encoding="utf-8")


def remove(path: Path, text: str) -> None:
    """Take a text out of a file where it stands once."""
    whole = path.read_text(encoding="utf-8")
    assert whole.count(text) == 1, f"{path}: expected {text!r} once, got it {whole.count(text)} times"
    path.write_text(whole.replace(text, ""), encoding="utf-8")


@pytest.fixture
def copy(tmp_path):
    """Return a function that copies the checkout and edits some files of it."""
    assert not hasattr(mytorch, "hypot"), (
        "mytorch has hypot now: let this test add a function that it has not"
    )

    def edited(files):
        for name in COPIED:
            if (ROOT / name).is_dir():
                # With the bytecode, which saves seconds, but for what another process is writing just now.
                shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.pyc.*"))
            else:
                shutil.copy2(ROOT / name, tmp_path / name)
        remove(tmp_path / THERE[0], THERE[1])
        for file in files:
            for before, text in EDITS[file].items():
                insert(tmp_path / file, before, text)
        return tmp_path

    return edited


def run_tests(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on the packages of a copy, whether others are installed or not."""
    environment = {k: v for k, v in os.environ.items() if k not in {"PACKAGES_FROM", "PYTEST_ADDOPTS"}}
    environment["PYTHONPATH"] = str(root)
    return subprocess.run(  # noqa: S603 - the arguments are this file's own
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def complaints(root: Path, *options: str) -> list[str]:
    """Run the guard tests of a copy, and return the message of each that fails."""
    report = root / "report.xml"
    done = run_tests(root, f"--junitxml={report}", *options, *GUARDS)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found = ET.parse(report).getroot()  # noqa: S314 - pytest wrote it just now
    failed = [*found.iter("failure"), *found.iter("error")]
    assert bool(failed) == bool(done.returncode), done.stdout
    return [each.get("message", "") for each in failed]


def files_in(message: str) -> set[str]:
    return set(re.findall(r"\b(?:mytorch|conformance|tests)/[\w/]+\.py\b|\b[A-Z]+\.md\b", message))


def test_the_page_lists_these_edits():
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    section = text.partition("\n## Add a function\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\d\. `([^`]+)`", section, flags=re.MULTILINE)
    assert [name.replace("FAMILY", "elementary") for name in listed] == list(EDITS)
    assert len(EDITS) <= 6


def test_after_the_op_and_the_function_three_guards_each_name_the_file_to_edit(copy):
    messages = complaints(copy([OP, FUNCTION]))
    assert len(messages) <= 3, messages
    assert all("hypot" in message for message in messages)
    assert [len(files_in(message)) for message in messages] == [1] * len(messages), messages
    assert set().union(*map(files_in, messages)) == {METHOD, CASE, CHANGELOG}


def test_without_the_rule_one_guard_names_its_file(copy):
    (message,) = complaints(copy([file for file in EDITS if file != RULE]), "-k", "hypot")
    assert files_in(message) == {RULE}


def test_after_all_edits_no_guard_fails_and_the_function_is_judged(copy):
    root = copy(EDITS)
    (root / "tests" / "test_judged.py").write_text(JUDGED, encoding="utf-8")
    assert complaints(root, "tests/test_judged.py") == []


def test_the_text_to_insert_before_must_be_there_once(tmp_path):
    (tmp_path / "x.py").write_text("a\na\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="expected 'a' once, got it 2 times"):
        insert(tmp_path / "x.py", "a", "b\n")


def test_files_are_found_in_a_message():
    message = "x has no case: add a row to conformance/cases/x.py\nassert not ['x'] in CHANGELOG.md"
    assert files_in(message) == {"conformance/cases/x.py", "CHANGELOG.md"}
