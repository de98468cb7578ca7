"""What the documents say is run: snippets, commands, links. ``tox run -e docs`` builds the site of them.

A ``python`` fence is run as a program, or, with ``file=NAME``, written beside the others for them to import.
Of a ``console`` fence each line after ``$ `` is run and must leave with status 0, or with the one that
``exit=N`` states; its other lines but ``…`` must be printed, with any decimals and any diagnosis. A ``sh``
fence holds tox commands only: they set up the environment in which this test runs already, so only the
environments' names are checked. A fence in braces is a directive of the site: the files and lines that it
names must be there.
"""

from __future__ import annotations

import configparser
import importlib
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *("examples/README.md", "examples/c_lstm/README.md", "tests/README.md"),
    # All pages, so that none is forgotten; Sphinx writes others into docs/_build.
    *sorted(
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "docs").glob("**/*.md")
        if "_build" not in path.parts
    ),
)
DIRECTIVES = ("{toctree}", "{literalinclude}", "{eval-rst}")
INSTALLED = "conformance list cases"
SHOWN_ONLY = ("text", "json", "toml", "yaml")
TOX = re.compile(r"(?:python -m pip install tox && )?(?:python -m )?tox run (?:-r )?-e ([a-z,-]+)( -- .+)?")

# What another processor or version may compute otherwise; counts are the same everywhere.
NUMBER = re.compile(r"\d+(\.\d+)+(e[+-]?\d+)?|\d+e[+-]?\d+")


@dataclass(frozen=True)
class Fence:
    """A fenced block of a document, and the options that follow its language."""

    document: str
    line: int
    language: str
    options: dict[str, str]
    text: str

    def __str__(self):
        return f"{self.document}:{self.line}"


def fences(document: str, text: str) -> list[Fence]:
    """Take the fenced blocks out of a document; a fence that is never closed is an error."""
    found: list[Fence] = []
    opening: tuple[int, str] | None = None
    block: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("```"):
            block.append(line)
        elif opening is None:
            opening, block = (number, line.removeprefix("```")), []
        else:
            language, *options = opening[1].split() or [""]
            if language.startswith("{"):
                options = [f"argument={' '.join(options)}"]
            settings = dict(option.split("=", 1) for option in options)
            found.append(Fence(document, opening[0], language, settings, "\n".join(block) + "\n"))
            opening = None
    assert opening is None, f"{document}: the fence opened in line {opening} is never closed"
    return found


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


FENCES = [fence for document in DOCUMENTS for fence in fences(document, read(document))]


def of_language(*languages: str) -> list[Fence]:
    return [fence for fence in FENCES if fence.language in languages and "file" not in fence.options]


def readers() -> dict[str, str]:
    """Return what a reader's environment has and that of the tests may lack."""
    found = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])}
    return found if os.environ.get("PACKAGES_FROM") == "site-packages" else {**found, "PYTHONPATH": str(ROOT)}


def run(arguments: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
    """Run one command as a reader would, in a directory of its own."""
    environment = {**os.environ, **readers()}
    if arguments[0] == "conformance" and "PYTHONPATH" in readers():
        arguments = ["python", "-m", *arguments]
    if arguments[0] == "python":
        # The examples are meant to be started beside the reader's own files.
        environment.pop("PYTHONSAFEPATH", None)
        arguments = [sys.executable, *arguments[1:]]
    return subprocess.run(  # noqa: S603  # the documents are this repository's own
        arguments, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.fixture
def directory(tmp_path, request):
    """A directory with the files that the fence's document asks its reader to write."""
    document = request.getfixturevalue("fence").document
    for fence in FENCES:
        if fence.document == document and "file" in fence.options:
            (tmp_path / fence.options["file"]).write_text(fence.text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("fence", of_language("python"), ids=str)
def test_snippets_run(fence, directory):
    program = directory / "snippet.py"
    program.write_text(fence.text, encoding="utf-8")
    done = run(["python", program.name], directory)
    assert done.returncode == 0, f"{fence}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("fence", of_language("console"), ids=str)
def test_commands_print_what_is_shown_and_leave_with_the_stated_status(fence, directory, command_line):
    """The installed program runs one command; the others run here, where torch is loaded."""
    commands = [line.removeprefix("$ ") for line in fence.text.splitlines() if line.startswith("$ ")]
    assert commands, f"{fence}: a console fence without a command"
    printed = []
    for command in commands:
        program, *arguments = shlex.split(command)
        if program == "conformance" and command != INSTALLED:
            done = command_line(*arguments, cwd=directory, **readers())
        else:
            done = run([program, *arguments], directory)
        assert done.returncode == int(fence.options.get("exit", "0")), (
            f"{fence}: {command}\n{done.stdout}{done.stderr}"
        )
        printed += [f"$ {command}", *done.stdout.splitlines()]
    # The line on keras depends on what is installed, and a run here seeks no diagnosis.
    apart = ("…", "  keras: ", *(() if "diagnose" in commands[0] else ("  diagnosis", "  begins")))
    shown = [line for line in fence.text.splitlines() if line and not line.startswith(apart)]
    # Lines may be left out; those that are shown stand in the order in which they are printed.
    left = map(comparable, printed)
    for line in map(comparable, shown):
        assert line in left, f"{fence}: not printed, or not here: {line}\n{printed}"


def comparable(line: str) -> str:
    """Return a line that is shown or printed without its decimals."""
    return line if line.startswith("$ ") else NUMBER.sub("#", line)


@pytest.mark.parametrize("fence", of_language("sh"), ids=str)
def test_shell_fences_name_environments_of_tox(fence):
    sections = configparser.ConfigParser()
    sections.read(ROOT / "tox.ini", encoding="utf-8")
    for command in fence.text.splitlines():
        matched = TOX.fullmatch(command)
        assert matched, f"{fence}: write any other command in a console fence, where it is run: {command}"
        for name in matched[1].split(","):
            assert f"testenv:{name}" in sections, f"{fence}: tox.ini has no environment {name}"


def test_one_command_is_run_by_the_installed_program():
    assert sum(f"$ {INSTALLED}" in fence.text.splitlines() for fence in of_language("console")) == 1


def test_no_fence_escapes():
    known = {"python", "console", "sh", *SHOWN_ONLY, *DIRECTIVES}
    assert not [str(fence) for fence in FENCES if fence.language not in known]


def test_the_readme_gives_the_two_commands():
    prefix = "python -m pip install tox && python -m tox run -e"
    shell = "".join(fence.text for fence in of_language("sh") if fence.document == "README.md")
    assert shell.splitlines() == [f"{prefix} conformance", f"{prefix} tests"]


@pytest.mark.parametrize("fence", of_language("{literalinclude}"), ids=str)
def test_included_lines_are_there(fence):
    included = (ROOT / fence.document).parent.joinpath(fence.options["argument"]).read_text(encoding="utf-8")
    marks = dict(re.findall(r"^:(start-at|end-at): \"(.+)\"$", fence.text, flags=re.MULTILINE))
    assert len(marks) == 2, f"{fence}: give the text of the first and the last line"
    first, last = (included.find(mark) for mark in marks.values())
    assert 0 <= first < last, fence
    assert included.count(marks["start-at"]) == 1, fence


def test_every_page_is_on_the_site():
    lines = [line for fence in of_language("{toctree}") for line in fence.text.splitlines()[3:]]
    pages = [re.sub(r".*<(.+)>", r"\1", line) for line in lines]  # TITLE <PAGE>
    listed = {(ROOT / "docs" / f"{page}.md").resolve() for page in pages}
    shown = {ROOT / name for name in DOCUMENTS} | {*(ROOT / "reports").glob("*.md")}
    assert shown - listed == {ROOT / "docs" / "index.md", ROOT / "tests" / "README.md"}
    assert listed <= shown


def public_modules(name: str) -> set[str]:
    """Return a module and the modules of its package that it exports, and so on."""
    module = importlib.import_module(name)
    exported = [getattr(module, each) for each in getattr(module, "__all__", ())]
    inner = {each.__name__ for each in exported if isinstance(each, ModuleType)}
    return {name}.union(*(public_modules(each) for each in inner if each.startswith(f"{name}.")))


def test_the_reference_has_every_public_module():
    (table,) = [fence for fence in of_language("{eval-rst}") if fence.document == "docs/api.md"]
    listed = {line.strip() for line in table.text.splitlines() if re.match(r"   \w", line)}
    # Their names are those of other pages, except for `is_available`.
    elsewhere = {"mytorch.cuda", "mytorch.random", "mytorch.nn.modules", "mytorch.utils"}
    elsewhere |= public_modules("mytorch.backends")
    assert listed == (public_modules("mytorch") | public_modules("conformance")) - elsewhere
    for name in ("mytorch.random", "mytorch.nn.modules"):
        module, above = (importlib.import_module(each) for each in (name, name.rpartition(".")[0]))
        assert set(module.__all__) <= set(above.__all__)


def anchors(text: str) -> set[str]:
    """Name the headings of a document as links refer to them."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_relative_links_lead_somewhere(document):
    text = re.sub(r"^```.*?^```$", "", read(document), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        path = (ROOT / document).parent / target if target else ROOT / document
        if not path.exists() or (anchor and anchor not in anchors(path.read_text(encoding="utf-8"))):
            broken.append(link)
    assert not broken


def test_fences_are_taken_out_with_their_options():
    text = "before\n```console exit=1\n$ false\n```\n\n```\nplain\n```\n"
    assert fences("A.md", text) == [
        Fence("A.md", 2, "console", {"exit": "1"}, "$ false\n"),
        Fence("A.md", 6, "", {}, "plain\n"),
    ]


def test_an_unclosed_fence_is_an_error():
    with pytest.raises(AssertionError, match="never closed"):
        fences("A.md", "```python\n")


def rows(text: str) -> list[list[str]]:
    """Take the rows of a document's tables apart, without the rules between head and body."""
    lines = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    return [row for row in cells if not set("".join(row)) <= set("-")]


def test_the_readme_shows_rows_of_the_committed_reports():
    text = read("README.md")
    for report, head in (("parity.md", "case"), ("kill_matrix.md", "criterion")):
        (block,) = [each for each in text.split("\n\n") if each.startswith(f"| {head} ")]
        shown, committed = rows(block), rows(read(f"reports/{report}"))
        assert len(shown) > 2
        assert [row for row in shown if row not in committed] == []


@pytest.mark.diagnosed
def test_the_readme_names_the_mistake_of_its_port_and_the_order_that_is_right(tmp_path, command_line):
    """What the first screen shows is printed, and with torch's order all that it counts is right."""
    mine = [fence for fence in FENCES if fence.document == "README.md"]
    port, shown = (fence for fence in mine if "port.py" in f"{fence.options} {fence.text}")
    right = re.sub(r"\(z(\w), r\1", r"(r\1, z\1", port.text)
    for name, text in ((port.options["file"], port.text), ("right.py", right)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = command_line(*shlex.split(shown.text.splitlines()[0])[2:], cwd=tmp_path, **readers())
    lines = [line for line in shown.text.splitlines()[1:] if line != "…"]
    assert len(lines) == 6
    assert set(lines) <= set(done.stdout.splitlines())
    done = command_line(
        "run", "nn.GRUCell", "--implementation", "right.py:port", "-q", cwd=tmp_path, **readers()
    )
    (count,) = re.findall(r"SHOWN, by (\d+) comparisons", read("README.md"))
    assert (done.returncode, f"\n{count} pass; " in done.stdout) == (0, True), done.stdout


def test_the_readme_shows_the_page_and_says_what_is_seen_there():
    (picture,) = re.findall(r"!\[([^\]]+)\]\(([^)]+\.png)\)", read("README.md"))
    assert len(picture[0]) > 80
    file = ROOT / picture[1]
    assert file.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert file.stat().st_size < 200_000


def test_the_numbers_of_the_worked_example_are_those_of_the_constants():
    from conformance.arithmetic.constants import constants

    text, c = " ".join(read("docs/verdicts.md").split()), constants()
    assert f"carries {c.replicates} noisy replicates" in text
    assert f"smaller of {c.element:g} × its own deviation and {c.tensor:g} × the largest" in text
    assert f"tolerances are {c.oracle_share:g} × 2⁻²⁹ of these" in text
    assert ("at least a thousandth of the largest" in text) == (c.floor == 0.001)
    shown = re.search(r"min\(([\d.]+) × (\S+), ([\d.]+) × (\S+)\) = (\S+)\. An", text)
    element, rms, tensor, largest, tolerance = map(float, shown.groups())
    assert (element, tensor) == (c.element, c.tensor)
    assert min(element * rms, tensor * largest) == pytest.approx(tolerance, rel=0.01)


def test_the_documents_name_every_use_shape_class_and_regime():
    from conformance.cases._uses import USES
    from conformance.sampling.space import CLASSES, REGIMES

    table = {row[0]: row[-1] for row in rows(read("docs/glossary.md"))}
    uses = [row[0].strip("`") for row in rows(read("docs/uses.md"))[1:]]
    assert uses == [*USES]
    assert [name for name in CLASSES if f"`{name}`" not in table["shape class"]] == []
    assert [name for name in REGIMES if f"`{name}`" not in table["regime"]] == []


def test_the_page_on_safety_begins_with_its_limit_and_names_subjects_that_are_tested():
    from conformance.running.serving import MOST_MEMORY
    from conformance.subjects.host import Limits

    text = read("docs/safety.md")
    first = " ".join(text.split("\n\n")[1].split())
    assert first == (
        "A verdict is protected from accidents and from the cheats listed below, not from an attacker with "
        "your rights, who could read the judge's memory and write your files."
    )
    assert first.partition(", not ")[2] in " ".join(read("README.md").split())
    named = set(re.findall(r"`([A-Z]\w+)`", text.partition("## What is not")[0]))
    tested = set(re.findall(r'"([A-Z]\w+)"', read("tests/hostile/test_hostile.py")))
    assert len(named) > 30
    made = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "hostile").glob("*.py"))
    assert named <= tested & set(re.findall(r"^class (\w+)", made, re.MULTILINE))
    assert f"{MOST_MEMORY >> 30} GiB" in text
    assert f"`--time-limit` seconds ({Limits().seconds:g})" in text


def test_rows_are_compared_by_their_cells():
    assert rows("| a   | b |\n|-----|---|\n| 1   |   |\ntext | 2 |\n") == [["a", "b"], ["1", ""]]
