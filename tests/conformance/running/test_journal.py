"""The journal: verdicts read back as they were, half a line dropped, and another run or damage refused."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import conformance
from conformance.errors import UsageError
from conformance.judging.verdict import Status, Verdict
from conformance.report.record import Report
from conformance.running import journal as journals
from conformance.running.journal import JOURNAL, Journal, common, kept
from conformance.running.plan import Plan, plan
from conformance.running.source import source_code
from conformance.running.work import Outcome
from conformance.subjects.command import Command
from conformance.subjects.torchlike import TorchLike

# Prints the identity of a run.
IDENTITY = """
import json
from conformance.running.journal import common
from conformance.running.plan import plan

planned = plan(["relu", "nn.LSTMCell"], 3, 1, ["float32"])
print(json.dumps(common({}, planned, "mytorch")))
"""

ABOUT = {"seed": 1, "cases": ("relu",), "numpy": "2.0"}


def outcome(draw=0, **fields):
    values = {"status": Status.PASS, "elements": 3, "expected": 1.0, "got": float("nan")} | fields
    return Outcome([Verdict("relu", f"relu:{draw}", "forward", "float32", "output", **values)], prepared=True)


def texts(outcomes):
    return [(each.prepared, [json.dumps(v.to_json()) for v in each.verdicts]) for each in outcomes]


def written(folder, *outcomes):
    """Write a journal as a run does that is killed, and return its file."""
    with kept(folder, ABOUT, resume=False) as journal:
        for each in outcomes:
            journal.add(each)
    return folder / JOURNAL


OUTCOMES = (
    outcome(0, headroom=float("inf"), max_error=-0.0, tolerance=1 / 3, worst_index=[0, 1]),
    Outcome([], prepared=True),
    outcome(
        1, status=Status.FAIL, reason="half a pair \udc80, a null \0 and a break \u2028\n", repeatable=False
    ),
    outcome(2, status=Status.ERROR, reason="no rule")._replace(prepared=False),
)


def test_outcomes_read_back_as_they_were(tmp_path):
    written(tmp_path, *OUTCOMES)
    with kept(tmp_path, ABOUT, resume=True) as journal:
        assert texts(journal.outcomes) == texts(OUTCOMES)


def test_half_a_line_is_dropped_and_what_is_added_follows_whole_lines(tmp_path):
    file = written(tmp_path, *OUTCOMES[:2])
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"prepared": tr')
    with kept(tmp_path, ABOUT, resume=True) as journal:
        assert texts(journal.outcomes) == texts(OUTCOMES[:2])
        journal.add(OUTCOMES[2])
    assert file.read_bytes().startswith(whole)
    with kept(tmp_path, ABOUT, resume=True) as journal:
        assert texts(journal.outcomes) == texts(OUTCOMES[:3])


@pytest.mark.parametrize("there", [None, b"", b'{"seed": 1'])
def test_where_no_run_was_begun_it_starts_anew_and_says_so(tmp_path, caplog, there):
    if there is not None:
        (tmp_path / JOURNAL).write_bytes(there)
    with kept(tmp_path, ABOUT, resume=True) as journal:
        assert list(journal.outcomes) == []
        journal.add(OUTCOMES[0])
    assert [message for message in caplog.messages if "nothing to go on from" in message] == caplog.messages
    assert len(caplog.messages) == 1
    with kept(tmp_path, ABOUT, resume=True) as journal:
        assert texts(journal.outcomes) == texts(OUTCOMES[:1])


def test_a_user_of_the_command_line_sees_that(tmp_path, python):
    """Where nothing handles what is logged, as there."""
    code = "from pathlib import Path; from conformance.running.journal import kept\n"
    done = python("-c", f"{code}with kept(Path('new'), {{}}, resume=True): pass", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"conformance: there is nothing to go on from in {Path('new')}: starts anew\n"


def test_a_run_that_is_not_to_go_on_begins_anew(tmp_path):
    written(tmp_path, *OUTCOMES)
    file = written(tmp_path, OUTCOMES[0])
    assert len(file.read_bytes().splitlines()) == 2


@pytest.mark.parametrize("change", [{"seed": 2}, {"cases": ["add"]}, {"numpy": "2.1"}, {"new": None, "a": 1}])
def test_another_run_is_refused_with_what_differs_and_is_not_lost(tmp_path, change):
    file = written(tmp_path, *OUTCOMES)
    before = file.read_bytes()
    going_on = kept(tmp_path, ABOUT | change, resume=True)
    with pytest.raises(UsageError, match=f"is of another run: .*{list(change)[-1]} was ") as caught, going_on:
        pass
    assert "\n" not in str(caught.value)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "line",
    [
        b"?",
        b"[]",
        b"{}",
        b'{"prepared": true, "verdicts": [{}]}',
        b'{"prepared": true, "verdicts": 3}',
        b"\xff",
    ],
)
def test_damage_is_refused(tmp_path, line):
    file = written(tmp_path, *OUTCOMES[:1])
    file.write_bytes(file.read_bytes() + line + b"\n")
    with pytest.raises(UsageError, match="is damaged"), kept(tmp_path, ABOUT, resume=True):
        pass


def test_on_a_full_disk_what_was_written_remains_and_the_file_is_named(tmp_path):
    file = written(tmp_path, *OUTCOMES[:2])

    class Full:
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=r"No space left on device: '.*verdicts\.jsonl'"):
        Journal(file, Full()).add(OUTCOMES[2])
    with kept(tmp_path, ABOUT, resume=True) as journal:
        assert texts(journal.outcomes) == texts(OUTCOMES[:2])


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with kept(None, {}, resume=False) as journal:
        journal.add(OUTCOMES[0])
        journal.remove()
    assert list(tmp_path.iterdir()) == []


def test_to_go_on_needs_a_folder():
    with pytest.raises(UsageError, match="resume: expected a folder"):
        conformance.run("torch", ["relu"], 1, resume=True)


# Identity.


def test_the_same_run_is_the_same_in_another_process():
    """Nothing in it may depend on addresses or on the order of a set."""
    found = [
        subprocess.run(  # noqa: S603 - the command is this file's own
            [sys.executable, "-c", IDENTITY],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert found[0] == found[1]
    assert b"source code" in found[0]


@pytest.mark.parametrize("named", ["mine.py:make", "mine:make", "package.inner:make"])
def test_a_subject_that_was_edited_is_another(tmp_path, monkeypatch, named):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    files = [tmp_path / "mine.py", tmp_path / "package" / "inner.py"]
    found = []
    for text in ("a = 1\n", "a = 2\n"):
        for file in files:
            file.write_text(text, encoding="utf-8")
        found.append(common({}, Plan((), {}), named))
    differ = [name for name in found[0] if found[0][name] != found[1][name]]
    assert differ == ["source code"]
    assert "mine" not in sys.modules
    assert "package" not in sys.modules


@pytest.mark.parametrize("named", ["mine.py:make", "mine:make", "package.inner:make", "spaces.inner:make"])
@pytest.mark.parametrize("edited", ["mine.py", "helpers.py", "package/deep/inner.py", "spaces/inner.py"])
def test_what_stands_beside_a_subject_is_its_own_too(tmp_path, monkeypatch, named, edited):
    """It may be imported only when it is called. The current directory is not on the path of the judge."""
    monkeypatch.chdir(tmp_path)
    files = ["mine.py", "helpers.py", "package/__init__.py", "package/deep/inner.py", "spaces/inner.py"]
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / file).touch()
    (tmp_path / "unread.py").symlink_to(tmp_path / "missing")
    before, again = source_code(named), source_code(named)
    (tmp_path / edited).write_text("a = 2\n", encoding="utf-8")
    assert before == again
    # A folder without __init__.py may be anything: it counts where the subject is in it.
    assert (source_code(named) != before) == (named.partition(".")[0] == "spaces" or "spaces" not in edited)


@pytest.mark.parametrize("edited", ["other.py", "pack/inner/mine.py", "pack/inner/deep.py", "pack/other.py"])
def test_of_a_file_in_a_package_all_that_counts(tmp_path, monkeypatch, edited):
    """And what is in the current directory, from which it may import, too."""
    monkeypatch.chdir(tmp_path)
    inner = ("pack/inner/__init__.py", "pack/inner/mine.py")
    for file in ("other.py", "pack/__init__.py", "pack/other.py", *inner):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    if edited != "other.py":
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
    before = source_code(f"{tmp_path / 'pack/inner/mine.py'}:make")
    (tmp_path / edited).write_text("a = 2\n", encoding="utf-8")
    assert source_code(f"{tmp_path / 'pack/inner/mine.py'}:make") != before


@pytest.mark.parametrize("named", ["mytorch", "fault:gates-gifo", "numpy:zeros"])
def test_files_beside_do_not_count_for_what_is_installed(tmp_path, monkeypatch, named):
    monkeypatch.chdir(tmp_path)
    before = source_code(named)
    for file in ("other.py", "conformance.py", "mytorch/__init__.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("a = 2\n", encoding="utf-8")
    assert source_code(named) == before


@pytest.mark.parametrize("named", ["program", "script", "object"])
def test_a_program_that_was_changed_is_another(tmp_path, monkeypatch, named):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my program"
    command = {"script": "sh 'my program'"}.get(named, "'./my program'")
    found = []
    for text in ("exit 1\n", "exit 2\n", "exit 2\n"):
        path.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        path.chmod(0o755)
        # What a module holds is not a name, but has one.
        subject = ("mine.py:mine", Command(command).name) if named == "object" else (f"cmd:{command}", "")
        found.append(common({}, Plan((), {}), *subject))
    assert [name for name in found[0] if found[0][name] != found[1][name]] == ["source code"]
    assert found[1] == found[2]


def test_a_run_with_another_program_is_not_resumed(tmp_path, monkeypatch):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setattr("conformance.running.run.shrink_failures", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            conformance.run(f"cmd:{program}", ["relu"], 1, out=tmp_path / "out", in_process=True)
    program.write_text("#!/bin/sh\nexit 2\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"resume: .* is of another run: source code was "):
        conformance.run(f"cmd:{program}", ["relu"], 1, out=tmp_path / "out", in_process=True, resume=True)


def test_a_run_in_the_judges_process_does_not_go_on_unmarked(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("conformance.running.run.shrink_failures", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            conformance.run("mytorch", ["relu"], 1, out=tmp_path, in_process=True)
    with pytest.raises(UsageError, match="in process was True and is False"):
        conformance.run("mytorch", ["relu"], 1, out=tmp_path, resume=True)


def _interrupted(*_):
    raise KeyboardInterrupt


def test_other_work_is_another_run():
    found = [common({}, plan(["relu"], 1, seed, ["float32"]), "torch") for seed in (1, 2)]
    assert [name for name in found[0] if found[0][name] != found[1][name]] == ["work"]


# Whole runs.


class Various(TorchLike):
    """Is wrong, raises, and answers with what is not finite, by the sample's number."""

    def run(self, task):
        trace = super().run(task)
        if task.sample.draw == 1:
            raise ValueError("half a pair \udc80, a null \0")
        if task.sample.draw == 2:
            return {name: np.full_like(array, np.nan) for name, array in trace.items()}
        return {name: array + (task.sample.draw == 3) for name, array in trace.items()}


# On mytorch, whose process starts without torch.
VARIOUS = Various("various", "mytorch")
FIVE = {"implementation": VARIOUS, "cases": ["relu"], "samples": 5}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The report of a whole run of five samples, and its folder."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return conformance.run(**FIVE, out=folder), folder


def lasting(folder):
    report = json.loads((folder / "parity.json").read_text(encoding="utf-8"))
    return {name: value for name, value in report.items() if name not in {"timing", "environment"}}


def interrupting(monkeypatch, after):
    """Let the journal be interrupted after so many outcomes."""
    added, real = [], Journal.add

    def add(self, each):
        real(self, each)
        added.append(each)
        if len(added) == after:
            raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "add", add)


@pytest.mark.diagnosed
@pytest.mark.parametrize("after", [1, 3, 5])
def test_an_interrupted_run_that_goes_on_gives_the_report_of_an_undisturbed_one(
    tmp_path, monkeypatch, undisturbed, after
):
    whole, whole_folder = undisturbed
    assert {"fail", "error", "pass"} <= {name for name, count in whole.totals.items() if count}
    with monkeypatch.context() as patch:
        interrupting(patch, after)
        with pytest.raises(KeyboardInterrupt, match=f"INTERRUPTED after {after - 1} of 5 .*--resume"):
            conformance.run(**FIVE, out=tmp_path / "part")
    part = Report.from_json((tmp_path / "part" / "parity.json").read_text(encoding="utf-8"))
    assert list(map(repr, part.verdicts)) == list(map(repr, whole.verdicts[: len(part.verdicts)]))
    assert not (tmp_path / "part" / "failures").exists()
    resumed = conformance.run(**FIVE, out=tmp_path / "part", resume=True)
    assert lasting(tmp_path / "part") == lasting(whole_folder)
    for folder in (tmp_path / "part", whole_folder):
        names = {path.name for path in folder.iterdir()}
        assert names == {"parity.json", "parity.html", "parity.md", "details.md", "baseline.json", "failures"}
    assert (resumed.stopped, resumed.exit_code) == (None, 1)


def test_an_interrupt_while_a_failure_is_shrunk_loses_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("conformance.running.run.shrink_failures", interrupted)
    with pytest.raises(KeyboardInterrupt, match="INTERRUPTED after 4 of 4 pieces of work"):
        conformance.run(VARIOUS, ["relu"], 4, out=tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr("conformance.running.doing.do", None)  # nothing is left to do
    assert conformance.run(VARIOUS, ["relu"], 4, out=tmp_path, resume=True).shrunk


def test_without_a_folder_an_interrupt_is_passed_on():
    def interrupted(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        conformance.run("torch", ["relu"], 2, progress=interrupted)


def test_of_a_whole_run_that_passes_the_part_is_not_shown(tmp_path, monkeypatch):
    interrupting(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        conformance.run("torch", ["relu"], 3, out=tmp_path)
    part = Report.from_json((tmp_path / "parity.json").read_text(encoding="utf-8"))
    assert (part.totals["fail"] + part.totals["error"], part.exit_code) == (0, 1)
    assert part.stopped == "INTERRUPTED after 1 of 3 pieces of work"


@pytest.mark.parametrize("jobs", [1, 2])
def test_exit_first_stops_at_the_first_failure_and_the_rest_can_be_done(tmp_path, undisturbed, jobs):
    report = conformance.run(**FIVE, out=tmp_path, exit_first=True, jobs=jobs)
    draws = list(dict.fromkeys(verdict.sample for verdict in report.verdicts if not verdict.use))
    assert [("draw=0" in draws[0], "draw=1" in draws[1])] == [(True, True)]
    assert len(draws) == 2
    assert (report.stopped, report.exit_code) == (
        "STOPPED at the first failure, after 2 of 5 pieces of work",
        1,
    )
    assert (tmp_path / "failures" / "relu" / "bundle.json").exists()
    rest = conformance.run(**FIVE, out=tmp_path, resume=True)
    assert rest.stopped is None
    assert lasting(tmp_path)["verdicts"] == [
        json.loads(json.dumps(verdict.to_json())) for verdict in undisturbed[0].verdicts
    ]


def test_where_the_last_piece_fails_or_none_the_run_is_whole():
    assert conformance.run(VARIOUS, ["relu"], 2, exit_first=True, shrink=False).stopped is None
    assert conformance.run("torch", ["relu"], 2, exit_first=True).stopped is None


def test_where_the_report_cannot_be_written_the_run_goes_on_from_what_is_judged(tmp_path, monkeypatch):
    def full(path, *_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="No space left"):
            conformance.run("torch", ["relu"], 2, out=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {JOURNAL}
    monkeypatch.setattr("conformance.running.doing.do", None)  # nothing is left to do
    assert conformance.run("torch", ["relu"], 2, out=tmp_path, resume=True).exit_code == 0
    assert not (tmp_path / journals.JOURNAL).exists()


class EveryThird(TorchLike):
    """Is wrong in every third call."""

    calls = 0

    def run(self, task):
        type(self).calls += 1
        return {name: array + (self.calls % 3 == 0) for name, array in super().run(task).items()}


def test_a_subject_that_is_wrong_in_every_third_call_is_reported_unshrunk(tmp_path):
    report = conformance.run(EveryThird("every third", "mytorch"), ["relu"], 3, out=tmp_path)
    (failed,) = report.shrunk.items()
    assert failed[0] == failed[1]
    assert "not repeatable: failed" in report.failures[0].reason
    assert (tmp_path / "failures" / "relu" / "bundle.json").exists()
