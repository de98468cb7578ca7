"""Calls in worker processes: order, exceptions, Ctrl-C, and no process that is left."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from conformance.processes import in_processes, interrupts_held, meanwhile, worthwhile

# Two workers, one of which waits for ever. How all ends is the first argument.
WAITING = """
import os, signal, sys
from contextlib import closing

from conformance.processes import in_processes


def call(number):
    if number:
        open(sys.argv[2]).read()
    return number


def interrupt():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.killpg(os.getpgrp(), signal.SIGINT)
    next(found)


ENDS = {
    "closed": lambda: None,
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "interrupted": interrupt,
}
try:
    with closing(in_processes(call, [(0,), (1,), (0,)], 2)) as found:
        assert next(found) == 0
        ENDS[sys.argv[1]]()
except KeyboardInterrupt:
    sys.exit(130)
"""

# What a worker does with SIGINT, and what its starter does before and after.
STATES = """
import signal

from conformance.processes import in_processes


def state():
    held = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return signal.getsignal(signal.SIGINT), signal.SIGINT in held


before = state()
# Held back from whichever thread of a worker it reaches, and ignored by those that let it through.
found = [*in_processes(state, [()] * 2, 2)]
assert found == [(signal.SIG_IGN, True)] * 2, found
assert state() == before
assert before[1] is False
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals, and no named pipes")


@pytest.mark.parametrize("jobs", [1, 2, -1])
def test_results_are_those_of_the_calls(jobs):
    calls = [(7, 2), (7, 3), (9, 4), (1, 1)]
    assert [*in_processes(divmod, calls, jobs)] == [divmod(*each) for each in calls]


@pytest.mark.parametrize(
    ("jobs", "pieces", "used"),
    [(-1, 0, 1), (-1, 399, 1), (-1, 400, 2), (-1, 10_000, 8), (3, 1, 3), (1, 10_000, 1)],
)
def test_little_work_is_not_worth_another_process(monkeypatch, jobs, pieces, used):
    monkeypatch.setattr("joblib.cpu_count", lambda: 8)
    assert worthwhile(jobs, pieces) == used


@posix
def test_results_come_in_the_order_of_the_calls_whichever_ends_first(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    def call(number):
        # The first waits for the last, before which the other worker has answered those between them.
        if number == 0:
            Path(pipe).read_text(encoding="ascii")
        if number == 3:
            Path(pipe).write_text("", encoding="ascii")
        return number

    pipe = str(tmp_path / "pipe")
    assert [*in_processes(call, [(number,) for number in range(4)], 2)] == [0, 1, 2, 3]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_exception_of_a_call_comes_through(jobs):
    with pytest.raises(ZeroDivisionError):
        _ = [*in_processes(divmod, [(7, 2), (7, 0), (7, 1)], jobs)]
    # The next calls have workers too.
    assert [*in_processes(divmod, [(7, 2)], jobs)] == [(3, 1)]


def test_workers_do_other_calls_meanwhile():
    with meanwhile(divmod, [(9, 4), (9, 5)], 2) as found:
        assert [*in_processes(os.getppid, [()] * 3, 2)] == 3 * [os.getpid()]
        assert next(found) == (2, 1)
    with meanwhile(divmod, [(9, 4), (9, 5)], 2):
        pids = {*in_processes(os.getpid, [()] * 3, 2)}
    # They are still there.
    assert pids & {*in_processes(os.getpid, [()] * 9, 2)}


@posix
def test_workers_end_where_something_else_fails_meanwhile(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ZeroDivisionError), meanwhile(Path.read_text, [(tmp_path / "pipe",)], 2):
        raise ZeroDivisionError
    assert [*in_processes(divmod, [(7, 2)], 2)] == [(3, 1)]


@posix
def test_an_interrupt_reaches_this_process_only(tmp_path, python):
    """Also in the first calls of a process, which start more than workers."""
    (tmp_path / "states.py").write_text(STATES, encoding="utf-8")
    done = python("states.py", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@posix
def test_interrupts_are_let_through_again_after_an_exception():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with pytest.raises(ZeroDivisionError), interrupts_held():
        raise ZeroDivisionError
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


@posix
@pytest.mark.parametrize(("end", "code"), [("closed", 0), ("killed", -9), ("interrupted", 130)])
def test_workers_end_with_the_process_that_started_them_and_say_nothing(tmp_path, python, end, code):
    """They have its output, whose end is seen when the last of them ended."""
    (tmp_path / "waiting.py").write_text(WAITING, encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")
    done = python("waiting.py", end, "pipe", cwd=tmp_path, start_new_session=True)
    assert (done.returncode, done.stdout) == (code, "")
    # Of a process that is killed, joblib cleans up afterwards, and says so.
    theirs = re.compile(r".*resource_tracker.*\n +warnings\.warn\(\n" if end == "killed" else "")
    assert theirs.sub("", done.stderr) == ""


# Starts workers in a folder whose files are named as libraries.
SHADOWED = """
import os, sys
import joblib
from conformance.processes import in_processes, look_here
sys.path[:] = [each for each in sys.path if each]
if sys.argv[1] == "unset":
    del os.environ["PYTHONSAFEPATH"]
elif sys.argv[1] == "empty":
    os.environ["PYTHONSAFEPATH"] = ""
def found(_):
    import conformance.cases
    return os.environ.get("PYTHONSAFEPATH"), [*sys.path], conformance.cases.__file__
def failing(number):
    return 1 / number
own = found(0)
if sys.argv[2] == "looking here":
    look_here()
assert (os.getcwd() in sys.path) == (sys.argv[2] == "looking here")
path = [*sys.path]
assert [*in_processes(found, [(0,)] * 2, 2)] == [own] * 2
try:
    [*in_processes(failing, [(0,)], 2)]
except ZeroDivisionError:
    pass
assert (os.environ.get("PYTHONSAFEPATH"), sys.path) == (own[0], path)
"""


@pytest.mark.parametrize("looking", ["looking here", "not"])
@pytest.mark.parametrize("safe", ["unset", "empty", "set"])
def test_workers_look_for_modules_where_their_starter_did(tmp_path, python, safe, looking):
    """And not in the current directory first, as Python does for a module that it is started with."""
    for library in ("conformance", "joblib", "random"):
        (tmp_path / f"{library}.py").write_text("raise ImportError(__file__)", encoding="utf-8")
    done = python("-c", SHADOWED, safe, looking, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_where_python_looks_in_the_current_directory_first_workers_do(tmp_path, python):
    """Packages may be only there."""
    (tmp_path / "only_there.py").write_text("number = 3", encoding="utf-8")
    code = """
import sys
from conformance.processes import in_processes
sys.path.insert(0, "")
def number():
    import only_there
    return only_there.number
assert [*in_processes(number, [()] * 2, 2)] == [3, 3]
"""
    done = python("-c", code, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_worker_looks_through_what_it_has_imported_once(tmp_path, python):
    """And through what it makes later as often as any process; this one is left alone."""
    code = """
import gc
from conformance.processes import _CALLS, in_processes
def state(_):
    return gc.get_threshold()[2], gc.get_freeze_count() > 1000
before = gc.get_threshold(), gc.get_freeze_count()
calls = [(k,) for k in range(3 * _CALLS[0])]
here, there = ([*in_processes(state, calls, jobs)] for jobs in (1, 2))
assert before == (gc.get_threshold(), gc.get_freeze_count())
old = before[0][2]
assert set(here) == {(old, False)}, here
assert there[0][0] > old and not there[0][1], there
# One of the two did more calls than that.
assert (old, True) in there, there
def more():
    gc.__dict__.setdefault("kept", []).extend([] for _ in range(100))
    return gc.get_freeze_count()
frozen = [*in_processes(more, [()] * 2 * sum(_CALLS), 2)]
# And once again, what was made meanwhile.
assert max(frozen) > min(frozen) + 10_000, frozen
"""
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
