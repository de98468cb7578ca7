"""What the command line prints gets through: narrow, without colours, in ASCII, into a closed pipe."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from conformance.cli import list as list_command
from conformance.cli.main import main
from conformance.errors import UsageError

NARROW = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}
ASCII = {
    "PYTHONIOENCODING": "ascii",
    "LANG": "C",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
}


def test_a_failing_run_can_be_shown_in_ascii_without_colours(own_process, tmp_path):
    subject = "from conformance import TorchLike\n\nclass Wrong(TorchLike):\n    def run(self, task):\n"
    subject += (
        "        raise ValueError('\\x1b[31mgr\\u00f6\\u00dfer \\u00b7')\n\nwrong = Wrong('wrong', 'torch')\n"
    )
    (tmp_path / "mine.py").write_text(subject, encoding="utf-8")
    arguments = ("run", "relu", "--samples", 1, "--jobs", 1, "--implementation", "./mine.py:wrong")
    done = own_process(*arguments, cwd=tmp_path, **NARROW, **ASCII)
    assert done.returncode == 1
    assert "ERROR relu - whole sample - float64" in done.stdout
    assert r"ValueError: \x1b[31mgr\xf6\xdfer -" in done.stdout
    assert (done.stdout + done.stderr).isascii()
    assert "\x1b" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "list faults | head -1",
        "list cases | true",
        "list cases >&-",
        "list cases > /dev/full",
        "--help | true",
        "list sheep 2>&1 | true",
    ],
)
def test_output_that_nobody_takes_is_no_traceback(tmp_path, command):
    line = f"{sys.executable} -m conformance {command}"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603, S607 - the command is this file's own
    assert "Traceback" not in done.stdout + done.stderr
    assert "Exception" not in done.stdout + done.stderr
    assert len(done.stdout.splitlines()) <= 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_an_encoding_lacks_is_replaced(monkeypatch, encoding):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))

    def command(_):
        sys.stdout.write("a · b × 10 ≥ \ud800 ö\n")
        return 0

    monkeypatch.setattr(list_command, "command", command)
    assert main(["list", "cases"]) == 0
    expected = {
        "ascii": r"a - b x 10 >= \ud800 \xf6",
        "latin-1": r"a · b × 10 >= \ud800 ö",
        "utf-8": r"a · b × 10 ≥ \ud800 ö",
    }
    assert written.getvalue().decode(encoding) == expected[encoding] + "\n"


# What a command may raise, the exit code, and what the one line holds.
ERRORS = {
    "wrong use": (UsageError("x\n\x1b[31m" + 9000 * "y"), 2, r"conformance: x \x1b[31myyy"),
    "a full disk": (OSError(28, "No space left on device"), 2, "conformance: No space left"),
    "a file without permission": (PermissionError(13, "Denied", "a"), 2, "conformance: 'a': Denied"),
    "a file that is not replaced": (OSError(21, "Is one", "a", None, "b"), 2, "conformance: 'b': Is one"),
    "another": (OSError("odd"), 2, "conformance: odd"),
    "memory": (MemoryError("8 GiB"), 1, "conformance: there is not enough memory: 8 GiB"),
    "a mistake of ours": (KeyError("x"), 1, "conformance: unexpected KeyError: 'x'. With --debug"),
    "an exit with 0": (SystemExit(0), 1, "the process was told to exit, with 0"),
    "an interrupt": (KeyboardInterrupt(), 130, "conformance: INTERRUPTED"),
    "an extra": (ModuleNotFoundError(name="torch._C"), 2, 'pip install "mytorch-conformance[conformance]"'),
}


@pytest.mark.parametrize(("error", "code", "says"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_one_line_and_a_traceback_with_debug(monkeypatch, capsys, error, code, says):
    def command(_):
        raise error

    monkeypatch.setattr(list_command, "command", command)
    assert main(["list", "cases"]) == code
    told = capsys.readouterr().err
    assert says in told
    assert (told.count("\n"), "Traceback" in told, len(told) < 2_100) == (1, False, True)
    if isinstance(error, Exception):
        for arguments in (["--debug", "list", "cases"], ["list", "cases", "--debug"]):
            with pytest.raises((type(error), UsageError)):
                main(arguments)


def test_the_versions_are_shown(capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["--version"])
    assert not leaving.value.code
    words = capsys.readouterr().out.split()
    assert words[::2] == ["conformance", "torch", "numpy", "python"]
    assert all(version[0].isdigit() for version in words[1::2])
