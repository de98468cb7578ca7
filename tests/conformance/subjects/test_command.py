"""A program as a subject: what it gets, what its answer means, and every way to leave none."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import conformance
from conformance.cases import CASES
from conformance.cases._call import Unused
from conformance.errors import UsageError
from conformance.judging.asking import why_unsupported
from conformance.judging.bad_calls import judge_bad_calls
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.registry import find_implementation
from conformance.sampling.sample import Sample
from conformance.sampling.space import draw
from conformance.subjects import pytorch
from conformance.subjects.command import Command
from conformance.subjects.protocol import Task
from conformance.subjects.supports import Supports
from conformance.subjects.task_directory import (
    DTYPES,
    Asked,
    ProgramError,
    asked,
    read_arrays,
    write_arrays,
    write_task,
)

DOCUMENT = (Path(__file__).parents[3] / "docs" / "task_directory.md").read_text(encoding="utf-8")

RELU = """
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

folder = Path(sys.argv[-1])
given = load_file(folder / "inputs.safetensors")
x, cotangent = given["input"], given["cotangent.output"]
save_file({"output": x * (x > 0), "grad.input": cotangent * (x > 0)}, folder / "outputs.safetensors")
"""


def first(case, dtype="float32", **fields):
    case = CASES[case]
    (sample,) = draw(case.name, case.space, 1, 1)
    return Task(case, sample, dtype, **fields)


@pytest.fixture
def program(tmp_path):
    """Write a shell script that gets the task directory as $1, and return the subject that it is."""

    def write(lines, **options):
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return Command(shlex.quote(str(path)), **options)

    return write


def test_a_right_program_passes_in_both_lanes(tmp_path):
    (tmp_path / "relu.py").write_text(RELU, encoding="utf-8")
    subject = find_implementation(f"cmd:{sys.executable} {shlex.quote(str(tmp_path / 'relu.py'))}")
    prepared = prepare(CASES["relu"], first("relu").sample)
    verdicts = judge_sample(prepared, subject)
    assert {(v.status, v.lane) for v in verdicts} == {(Status.PASS, "float64"), (Status.PASS, "float32")}
    assert {v.observable for v in verdicts} == {"output", "grad.input"}


def test_a_program_gets_names_shapes_settings_and_arrays_but_no_results(program, tmp_path):
    task = first("nn.LSTMCell")
    with pytest.raises(ProgramError):
        program(f"cp -r $1 {tmp_path}/seen").run(task)
    seen = tmp_path / "seen"
    assert sorted(path.name for path in seen.iterdir()) == ["inputs.safetensors", "task.json"]
    about = json.loads((seen / "task.json").read_text(encoding="utf-8"))
    assert (about["case"], about["sample"], about["dtype"]) == ("nn.LSTMCell", task.sample.text, "float32")
    assert (about["use"], about["bad_call"], about["config"]) == (None, None, task.config)
    trace = pytorch.make().run(task)
    assert about["outputs"] == {
        name: {"shape": list(array.shape), "dtype": "float32", "cotangent": name in {"h", "c"}}
        for name, array in trace.items()
    }
    inputs = task.inputs()
    assert about["inputs"] == {
        name: {"shape": list(array.shape), "dtype": "float32", "gradient": True}
        for name, array in inputs.items()
    }
    expected = inputs | {f"cotangent.{name}": task.cotangent(name, trace[name].shape) for name in ("h", "c")}
    given = read_arrays(seen / "inputs.safetensors")
    assert given.keys() == expected.keys()
    for name, array in expected.items():
        assert given[name].tobytes() == array.tobytes(), name


def test_what_has_no_gradient_is_not_asked_for_one(program, tmp_path):
    with pytest.raises(ProgramError):
        program(f"cp -r $1 {tmp_path}/seen").run(first("eq"))
    about = json.loads((tmp_path / "seen" / "task.json").read_text(encoding="utf-8"))
    (output,) = about["outputs"].values()
    assert (output["dtype"], output["cotangent"]) == ("bool", False)
    assert [each["gradient"] for each in about["inputs"].values()] == [False] * len(about["inputs"])
    assert not any("cotangent" in name for name in read_arrays(tmp_path / "seen" / "inputs.safetensors"))


# The script, and what the ERROR tells.
BROKEN = [
    ("exit 3", "ended with exit status 3; it printed nothing"),
    ("echo no idea >&2; exit 1", "ended with exit status 1; it printed:\nno idea"),
    ("kill -SEGV $$", "was ended by SIGSEGV"),
    ("exec /dev/null", "ended with exit status 126"),
    ("echo done", "there is no outputs.safetensors; it printed:\ndone"),
    ("mkdir $1/outputs.safetensors", "there is no outputs.safetensors"),
    ("rm -r $1", "there is no outputs.safetensors"),
    ("echo 1 2 3 > $1/outputs.safetensors", "cannot be read: expected a complete safetensors file"),
    ("head -c 90 $1/inputs.safetensors > $1/outputs.safetensors", "expected a complete safetensors file"),
    ("head -c 9000000 /dev/zero > $1/outputs.safetensors", "has 9,000,000 bytes; expected at most"),
    (": > $1/unsupported.txt", "unsupported.txt is empty; expected the reason"),
    ("echo '{}' > $1/error.json", "error.json: expected {"),
    ('echo \'{"class": "Wrong", "message": ""}\' > $1/error.json', "'Wrong'"),
    ('echo \'{"class": "SystemExit", "message": ""}\' > $1/error.json', "got 'SystemExit'"),
    ('echo \'{"class": "OSError", "message": "2 ≠ 3"}\' > $1/error.json', "OSError: 2 ≠ 3"),
    ("printf '\\033[31m\\377'; exit 1", "it printed:\n\\x1b[31m\\xff"),
]


@pytest.mark.parametrize(("script", "words"), BROKEN)
def test_a_program_without_an_answer_is_an_error_that_says_why(program, script, words):
    verdicts = judge_sample(prepare(CASES["relu"], first("relu").sample), program(script))
    assert [v.status for v in verdicts] == [Status.ERROR, Status.ERROR]
    assert words in verdicts[0].reason


def test_an_answer_that_other_names_are_in_is_judged(program):
    subject = program("cp $1/inputs.safetensors $1/outputs.safetensors")
    verdicts = judge_sample(prepare(CASES["relu"], first("relu").sample, ["float64"]), subject)
    assert {v.observable: v.status for v in verdicts} == {
        **dict.fromkeys(("output", "input", "cotangent.output"), Status.FAIL),
        "grad.input": Status.SKIP,
    }
    assert any("unexpected: the reference has no cotangent.output" in v.reason for v in verdicts)


def test_a_program_may_decline_a_task(program):
    verdicts = judge_sample(
        prepare(CASES["relu"], first("relu").sample), program("echo only cells > $1/unsupported.txt")
    )
    assert [(v.status, v.reason) for v in verdicts] == [(Status.SKIP, "only cells")] * 2


def test_a_crash_after_declining_is_no_reason_to_skip(program):
    with pytest.raises(ProgramError, match="exit status 1"):
        program("echo only cells > $1/unsupported.txt; exit 1").run(first("relu"))


def test_only_the_last_of_what_a_program_prints_is_told(program):
    with pytest.raises(ProgramError) as caught:
        program("head -c 3000000 /dev/zero | tr '\\0' a; echo the end; exit 1").run(first("relu"))
    assert str(caught.value).endswith("the end")
    assert len(str(caught.value)) < 3000


def test_a_program_that_does_not_end_is_ended(program):
    with pytest.raises(ProgramError, match=r"did not end within 0\.2 s"):
        program("sleep 1000", time_limit=0.2).run(first("relu"))


@pytest.fixture
def fifo(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


# Says `here` to a fifo; another process of the program waits, and then says `alive`. A read of the fifo ends
# when nobody is left who could write.
ALIVE = "exec 3> {}; echo here >&3; (sleep 30; echo alive >&3)"


def test_what_a_program_started_is_ended_with_it(program, fifo, monkeypatch):
    monkeypatch.setattr(os, "getsid", lambda _: 0)  # the tests may lead a session
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(ProgramError):
        program(f"{ALIVE.format(fifo)} &").run(first("relu"))
    os.set_blocking(reading, True)
    with os.fdopen(reading, "rb") as said:
        assert said.read() == b"here\n"


def test_a_program_is_ended_with_the_group_of_a_process_that_leads_a_session(program, fifo, tmp_path):
    program(ALIVE.format(fifo))
    code = "import sys; from pathlib import Path; from conformance.subjects import command; "
    code += "command._call([sys.argv[1], '.'], Path.cwd(), 1000)"
    host = subprocess.Popen(  # noqa: S603 - the code is this test's own
        [sys.executable, "-c", code, tmp_path / "program"], start_new_session=True
    )
    with fifo.open("rb") as said:
        assert said.readline() == b"here\n"
        os.killpg(host.pid, signal.SIGKILL)
        host.wait()
        assert said.read() == b""


@pytest.mark.parametrize("own", ["", "own-packages"])
@pytest.mark.parametrize("in_process", [True, False])
def test_a_program_has_the_path_of_its_user_and_not_that_of_the_harness(
    tmp_path, monkeypatch, own, in_process
):
    """It may be another Python, whose packages are others."""
    script = tmp_path / "path.sh"
    script.write_text(
        '#!/bin/sh\nenv > "$(dirname "$0")/seen"\necho \'{"unsupported": "no"}\' > "$1/error.json"\n', "utf-8"
    )
    script.chmod(0o755)
    if own:
        monkeypatch.setenv("PYTHONPATH", own)
    else:
        monkeypatch.delenv("PYTHONPATH", raising=False)
    conformance.run(f"cmd:{script}", ["relu"], 1, in_process=in_process)
    seen = (tmp_path / "seen").read_text(encoding="utf-8").splitlines()
    paths = [each for each in seen if "PYTHONPATH" in each]
    assert paths == ([f"PYTHONPATH={own}"] if own else [])


def test_bad_calls_training_and_uses_are_outside_unless_they_are_declared(program):
    bad_call = CASES["nn.LSTMCell"].bad_calls[0]
    task = first("relu")
    tasks = {
        "no bad calls": first("nn.LSTMCell", bad_call=bad_call),
        "no training": first("optim.SGD"),
        "not the use twice": Task(task.case, task.sample.used("twice"), "float64"),
    }
    for outside, asked_for in tasks.items():
        assert why_unsupported(program("exit 1"), asked_for) == f"outside what it declares: {outside}"
        assert why_unsupported(program("exit 1", supports=Supports()), asked_for) is None
    assert program("exit 1", supports=Supports(uses=["twice"])).uses == {"twice"}


def test_what_a_program_is_not_asked_for_is_counted_apart_and_named_with_the_verdict(tmp_path):
    (tmp_path / "relu.py").write_text(RELU, encoding="utf-8")
    subject = f"cmd:{sys.executable} {shlex.quote(str(tmp_path / 'relu.py'))}"
    report = conformance.run(subject, ["relu", "optim.SGD", "unsqueeze"], 1, shrink=False, in_process=True)
    assert report.limits == "no training, plain calls only, no bad calls, 2 of 3 cases"
    assert report.scope.outside == {"cases": 1, "bad calls": len(CASES["unsqueeze"].bad_calls)}
    relu = [v.status for v in report.verdicts if v.case == "relu"]
    assert (set(relu), report.totals["skip"]) == ({Status.PASS}, 0)


OUTPUTS_ONLY = RELU.replace(', "grad.input": cotangent * (x > 0)', "")


def test_a_program_without_gradients_is_judged_forward_only(tmp_path):
    (tmp_path / "relu.py").write_text(OUTPUTS_ONLY, encoding="utf-8")
    subject = f"cmd:{sys.executable} {shlex.quote(str(tmp_path / 'relu.py'))}"
    report = conformance.run(subject, ["relu"], 1, shrink=False, in_process=True)
    assert (report.exit_code, report.limits.partition(",")[0]) == (0, "forward only")
    command = Command(subject.removeprefix("cmd:"), supports=Supports(uses=(), bad_calls=False))
    whole = conformance.run(command, ["relu"], 1, in_process=True)
    assert {v.observable for v in whole.failures} == {"grad.input"}


def test_the_exception_that_a_program_reports_is_judged_in_a_bad_call(program):
    about = {"class": "RuntimeError", "message": "input: expected 3 numbers per row, got 4"}
    case = CASES["nn.LSTMCell"]

    def judged(script):
        verdicts = judge_bad_calls(case, program(script, supports=Supports()))
        return {v.observable: v for v in verdicts}

    reported = judged(f"echo '{json.dumps(about)}' > $1/error.json")
    assert reported["width of the input"].status is Status.PASS
    assert reported["width of h0"].reason.startswith("the message does not name hidden0")
    # A crash is not an exception, whatever the program prints.
    crashed = judged("echo input 4 3 >&2; exit 1")["width of the input"]
    assert (crashed.status, "got ProgramError" in crashed.reason) == (Status.FAIL, True)


def test_a_bad_call_that_is_code_cannot_be_written(program):
    subject = program("exit 1", supports=Supports())
    calls = [(case, bad) for case in CASES.values() for bad in case.bad_calls if bad.call]
    case, bad_call = calls[0]
    assert "cannot be written" in subject.unsupported(first(case.name, bad_call=bad_call))


def test_a_declined_task_of_a_use_is_written_with_its_name(program, tmp_path):
    task = first("relu")
    used = Task(task.case, task.sample.used("twice"), "float64")
    with pytest.raises(ProgramError):
        program(f"cp -r $1 {tmp_path}/seen", supports=Supports(uses=["twice"])).run(used)
    about = json.loads((tmp_path / "seen" / "task.json").read_text(encoding="utf-8"))
    assert about["use"] == "twice"
    assert any("/" in name for name in about["outputs"])


@pytest.mark.parametrize("dtype", DTYPES.values())
def test_arrays_of_every_dtype_that_travels_come_back_bit_for_bit(tmp_path, dtype):
    given = {"a": np.array([[0, 1], [1, 3]]).astype(dtype), "scalar": np.array(1, dtype)}
    write_arrays(tmp_path / "arrays", given)
    found = read_arrays(tmp_path / "arrays")
    assert list(found) == list(given)
    for name, array in given.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()


def answering(program, tmp_path, dtype, data, shape):
    """A program whose output has some dtype and bytes."""
    header = json.dumps({"output": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]}}).encode()
    (tmp_path / "answer").write_bytes(len(header).to_bytes(8, "little") + header + data)
    return program(f"cp {tmp_path}/answer $1/outputs.safetensors")


def test_an_answer_of_float16_is_a_wrong_dtype_whose_numbers_are_reported(program, tmp_path):
    task = first("relu")
    right = pytorch.make().run(task)["output"]
    subject = answering(program, tmp_path, "F16", right.astype("float16").tobytes(), list(right.shape))
    (verdict, _) = judge_sample(prepare(task.case, task.sample, ["float32"]), subject)
    assert (verdict.status, verdict.elements) == (Status.FAIL, right.size)
    assert verdict.reason.startswith("dtype: expected float32, got float16; ")


def test_an_answer_of_bfloat16_is_an_error_that_names_the_array_and_its_case(program, tmp_path):
    """NumPy has no such dtype, and its words would pass for integers."""
    task = first("relu")
    shape = list(task.inputs()["input"].shape)
    subject = answering(program, tmp_path, "BF16", bytes(2 * task.inputs()["input"].size), shape)
    (verdict,) = judge_sample(prepare(task.case, task.sample, ["float32"]), subject)
    assert (verdict.status, verdict.case) == (Status.ERROR, "relu")
    assert "outputs.safetensors cannot be read: output is BF16; expected one of F64, F32" in verdict.reason


def test_an_input_that_cannot_be_written_is_refused_with_its_case(tmp_path):
    class Complex(Task):
        def inputs(self):
            return {"input": np.zeros(2, "complex128")}

    task = first("relu")
    with pytest.raises(
        UsageError, match=r"^relu: cannot be written .*: input is complex128; expected one of"
    ):
        write_task(tmp_path, Complex(task.case, task.sample, "float32"), Asked({}, {}))


def test_the_reason_of_a_program_is_raised_as_that(program):
    with pytest.raises(Unused, match="only float64"):
        program("echo only float64 > $1/unsupported.txt").run(first("relu"))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", "expected cmd:PROGRAM, got no program"),
        ("'open", "No closing quotation"),
        ("nobody-has-this", "expected a program that can be run, got 'nobody-has-this'"),
        ("./program.txt", "got './program.txt'"),
    ],
)
def test_a_command_that_cannot_be_run_is_wrong_usage(command, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.txt").write_text("not executable", encoding="utf-8")
    with pytest.raises(UsageError, match=r"^cmd: ") as caught:
        find_implementation(f"cmd:{command}")
    assert words in str(caught.value)


def test_a_path_means_the_same_after_the_directory_changed(program, tmp_path, monkeypatch):
    program("echo here > $1/unsupported.txt")
    monkeypatch.chdir(tmp_path)
    subject = find_implementation("cmd:./program")
    monkeypatch.chdir("/")
    with pytest.raises(Unused, match="here"):
        subject.run(first("relu"))


def test_views_are_written_with_their_own_elements(program, tmp_path):
    case = CASES["relu"]
    sample = next(s for s in draw("relu", case.space, 1, 60) if s.shape_class == "strided")
    task = Task(case, sample, "float64")
    assert not task.inputs()["input"].flags.c_contiguous
    with pytest.raises(ProgramError):
        program(f"cp -r $1 {tmp_path}/seen").run(task)
    assert np.array_equal(
        read_arrays(tmp_path / "seen" / "inputs.safetensors")["input"], task.inputs()["input"]
    )


def test_the_document_shows_the_table_that_is_written(tmp_path):
    (shown,) = re.findall(r"```json\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    sample = Sample.parse(json.loads(shown)["sample"])
    task = Task(CASES[sample.case], sample, "float32")
    write_task(tmp_path, task, asked(task))
    assert (tmp_path / "task.json").read_text(encoding="utf-8") == shown


def test_the_header_can_be_searched_as_text(tmp_path):
    task = first("nn.LSTMCell")
    write_task(tmp_path, task, asked(task))
    data = (tmp_path / "inputs.safetensors").read_bytes()
    header = data[8 : 8 + int.from_bytes(data[:8], "little")].decode()
    entry = r'"[\w.]+":\{"dtype":"F32","shape":\[[\d,]+\],"data_offsets":\[\d+,\d+\]\}'
    assert re.fullmatch(rf"\{{{entry}(,{entry})*\}} *", header)
