"""How a subject is run: where, and what is said where it is not in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import pickle
import sys
import threading

import pytest

import conformance
from conformance.errors import UsageError
from conformance.report.record import Report
from conformance.running.subject import close, find_subject, opened, opened_here
from conformance.subjects.hosted import Hosted
from conformance.subjects.in_process import InProcess
from conformance.subjects.torchlike import TorchLike


class Unsendable(TorchLike):
    def __init__(self):
        super().__init__("unsendable", "mytorch")
        self.lock = threading.Lock()


class Unreadable(TorchLike):
    """Can be pickled, and read where it was pickled only."""

    def __init__(self):
        super().__init__("unreadable", "mytorch")

    def __reduce__(self):
        return _only_here, ()


def _only_here():
    if sys.modules["__main__"].__spec__.name == "conformance.running.host_main":
        raise LookupError("elsewhere")
    return Unreadable()


@pytest.fixture(autouse=True)
def _closed():
    yield
    close()


@pytest.mark.parametrize("name", ["torch", "fault:h0-ignored"])
def test_the_reference_and_the_faults_are_in_the_judges_process(name):
    subject = find_subject(name)
    assert (subject.limits, subject.note) == (None, "")


def test_a_file_is_known_by_one_name():
    assert {find_subject(f"{path}:mine").name for path in ("./a.py", "a.py", "x/../a.py")} == {"a.py:mine"}


def test_a_name_and_an_object_have_a_process_of_their_own():
    for implementation, name in (("mytorch", "mytorch"), (TorchLike("mine", "mytorch"), "mine")):
        subject, found = opened_here(find_subject(implementation))
        assert isinstance(found, Hosted)
        assert (subject.name, found.name, subject.note) == (name, name, "")
        assert opened(subject) is found


def test_an_object_is_not_read_by_a_process_that_judges():
    sent = pickle.loads(pickle.dumps(find_subject(TorchLike("mine", "mytorch"))))  # noqa: S301 - our own
    assert sent.live is None
    assert sent.pickled


def test_what_cannot_be_sent_is_run_here_and_the_report_says_so():
    report = conformance.run(Unsendable(), cases=["relu"], samples=1, jobs=2)
    assert report.exit_code == 0
    # A gate reads it in the file.
    written = json.loads(report.to_json())["environment"]["subject"]
    assert written.startswith("in the judge's process, because it cannot be sent")
    assert Report.from_json(report.to_json()).in_process == report.in_process == written
    assert conformance.run("torch", cases=["relu"], samples=1).in_process is None


def test_an_object_of_a_module_that_cannot_be_imported_there_is_sent_whole(tmp_path, monkeypatch):
    path = tmp_path / "nowhere.py"
    path.write_text(
        "from conformance import TorchLike\nNAME = 'mine'\n"
        "class Mine(TorchLike):\n    def __init__(self):\n        super().__init__(NAME, 'mytorch')\n"
        "    def run(self, task):\n        assert NAME == 'mine'\n        return super().run(task)\n",
        encoding="utf-8",
    )
    spec = importlib.util.spec_from_file_location("some.nowhere", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "some.nowhere", module)
    spec.loader.exec_module(module)
    report = conformance.run(module.Mine(), cases=["relu"], samples=1)
    assert report.exit_code == 0
    assert "subject" not in report.environment


def test_what_cannot_be_read_there_is_run_here():
    subject, found = opened_here(find_subject(Unreadable()))
    assert isinstance(found, InProcess)
    assert "cannot be sent to another: LookupError: elsewhere" in subject.note


def test_an_object_that_exits_when_it_is_pickled_is_run_here():
    class Exits(TorchLike):
        def __reduce__(self):
            raise SystemExit(0)

    assert "cannot be sent to another" in find_subject(Exits("exits", "mytorch")).note


@pytest.mark.parametrize("limit", [True, 0, -1, 1_000_000, float("nan"), float("inf"), "2"])
def test_a_limit_that_is_not_a_time_is_wrong_use(limit):
    expected = "a positive number of seconds, below 1,000,000"
    with pytest.raises(UsageError, match=f"time limit: expected {expected}, got"):
        find_subject("mytorch", time_limit=limit)


def test_the_subject_is_not_imported_by_the_judge(tmp_path, monkeypatch):
    (tmp_path / "elsewhere_only.py").write_text(
        "from conformance import TorchLike\nmade = TorchLike('made', 'mytorch')\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    report = conformance.run("elsewhere_only:made", cases=["relu"], samples=1)
    assert report.exit_code == 0
    assert "elsewhere_only" not in sys.modules
