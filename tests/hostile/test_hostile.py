"""What hostile subjects get: each the verdict that it deserves, from its own process and from the judge's."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.judging.bad_calls import judge_bad_calls
from conformance.judging.prepared import prepare
from conformance.judging.repeat import judge_repeatedly
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.registry import find_implementation
from conformance.sampling.space import draw
from conformance.subjects.host import Limits, Process
from conformance.subjects.hosted import Hosted
from conformance.subjects.in_process import InProcess, imported
from conformance.subjects.modes import quietly_on_one_thread

RELU = CASES["relu"]
HERE = Path(__file__).parent

PASS, FAIL, ERROR = Status.PASS, Status.FAIL, Status.ERROR

# The status of the first verdict, and what its reason must match.
IN_A_PROCESS_OF_ITS_OWN = {
    "Undisturbed": (PASS, ""),
    "Exits": (ERROR, r"SystemExit: 0$"),
    "ExitsAtOnce": (ERROR, r"ended with exit code 0 instead of an answer; it printed last:\nthe last words$"),
    "SegmentationFault": (ERROR, r"(?s)was killed by SIGSEGV.*in string_at"),
    "Aborts": (ERROR, r"(?s)was killed by SIGABRT.*subjects.py\", line \d+ in run"),
    "KillsItself": (ERROR, r"was killed by SIGKILL"),
    "EndsBeforeItsChild": (ERROR, r"ended with exit code 3 instead of an answer"),
    "Loops": (ERROR, r"(?s)did not answer within 2 s \(--time-limit\).*subjects.py\", line \d+ in run"),
    "LoopsInC": (ERROR, r"(?s)did not answer within 2 s \(--time-limit\).*subjects.py\", line \d+ in run"),
    "LoopsInItsReason": (ERROR, r"(?s)did not answer within 2 s .* in unsupported"),
    "Interrupts": (ERROR, r"KeyboardInterrupt$"),
    "Leaves": (ERROR, r"GeneratorExit: on purpose$"),
    "Unreadable": (ERROR, r"UnreadableError: <exception str\(\) failed>"),
    "LongMessage": (ERROR, r"ValueError: x+\[[\d,]+ characters cut\]x+$"),
    "ControlCharacters": (ERROR, r"ValueError: \\x1b\[2J\\x07\\udc80$"),
    "NoReturn": (ERROR, r"TypeError: run: expected a mapping of arrays by name, got NoneType$"),
    "NumbersForNames": (ERROR, r"TypeError: run: expected .* got dict with the keys \[0, 1\]$"),
    "ReturnsRaisingMapping": (ERROR, r"LookupError: on purpose$"),
    "Garbage": (ERROR, r"sent what is not an answer: it begins with b'garbage"),
    "ReadsItsInput": (ERROR, r"EOFError"),
    "TooMuchMemory": (ERROR, r"MemoryError"),
    "HugeAnswer": (ERROR, r"output: expected at most [\d,]+ bytes .* of shape \(1000000000,\)$"),
    "Masked": (FAIL, r"^type: expected an array, got MaskedArray$"),
    "Objects": (FAIL, r"^type: expected an array, got ndarray of object$"),
    "Lists": (FAIL, r"^type: expected an array, got list$"),
    "HalfTypes": (FAIL, r"^dtype: expected float64, got float16; "),
    "NoReason": (ERROR, r"TypeError: unsupported: expected None or the reason, got False$"),
    "EmptyReason": (ERROR, r"TypeError: unsupported: expected None or the reason, got ''$"),
    "RaisesItsOwn": (ERROR, r"(?s)^Traceback.*NamelessError: of its own; it printed:\nbefore it$"),
    "Prints": (PASS, ""),
    "PrintsAndIsWrong": (FAIL, r"differ by more than rounding explains; it printed:\n"),
    "ClosesItsOutput": (PASS, ""),
    "ChangesDirectory": (PASS, ""),
    "Forks": (PASS, ""),
    "Denormals": (PASS, ""),
    "DefaultDevice": (PASS, ""),
}

# Of a subject of altering.py in the judge's process: what its verdict says that it altered.
ALTERED = {
    "DefaultDtype": "default dtype: torch.float16",
    "DefaultDevice": "default device: meta",
    "Gradients": "gradient mode: False",
    "Inference": "inference mode: True",
    "Threads": "threads: 2",
    "Denormals": "denormal numbers: flushed to zero",
    "Rounding": "rounding: upward",
    "Deterministic": "choice of deterministic algorithms: True",
}

# Of a subject in the judge's process: what the reason of its verdict must match.
IN_THE_JUDGES_PROCESS = {name: rf"^altered the reference's {what}$" for name, what in ALTERED.items()} | {
    "ChangesDirectory": r"^altered the working directory: /$",
    "Exits": r"SystemExit: 0$",
    "Leaves": r"GeneratorExit: on purpose$",
    "Unreadable": r"UnreadableError: <exception str\(\) failed>",
    "NoReturn": r"got NoneType$",
    "ReturnsRaisingMapping": r"LookupError: on purpose$",
}


def spec(name):
    return str(HERE / ("altering.py" if name in ALTERED else "subjects.py")) + f":{name}"


@pytest.fixture(scope="module")
def prepared():
    (sample,) = draw("relu", RELU.space, 1, 1)
    with quietly_on_one_thread():
        return prepare(RELU, sample)


@pytest.fixture
def hosted():
    """Start the process of a subject, which ends with the test."""
    started = []

    def start(name):
        # Short for those that hang; long for those that do not, on a slow machine.
        limits = Limits(2.0 if name.startswith("Loops") else 60.0)
        started.append(Hosted(Process({"do": "load", "spec": spec(name)}, limits=limits)))
        return started[-1]

    yield start
    for each in started:
        each.close()


def first(verdicts):
    return next((v for v in verdicts if v.status is not PASS), verdicts[0])


@pytest.mark.parametrize("name", IN_A_PROCESS_OF_ITS_OWN)
def test_in_a_process_of_its_own(prepared, hosted, name):
    status, reason = IN_A_PROCESS_OF_ITS_OWN[name]
    found = first(judge_sample(prepared, hosted(name)))
    assert found.status is status, found.reason
    assert re.search(reason, found.reason or ""), found.reason
    assert len(found.reason or "") < 15_000


@pytest.mark.parametrize("name", IN_THE_JUDGES_PROCESS)
def test_in_the_judges_process(prepared, name):
    here = Path.cwd()
    with quietly_on_one_thread():
        subject = InProcess(find_implementation(spec(name)))
        found = judge_sample(prepared, subject)
        # Neither the oracle nor the next subject is another for it.
        after = judge_sample(prepare(RELU, prepared.sample), InProcess(find_implementation("mytorch")))
    assert found[0].status is ERROR
    assert re.search(IN_THE_JUDGES_PROCESS[name], found[0].reason), found[0].reason
    assert {v.status for v in after} == {PASS}
    assert any(v.observable == "grad.input" for v in after)
    assert Path.cwd() == here


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("FactoryExits", r"while it was imported, the subject's process ended with exit code 0"),
        ("FactoryRaisesExit", r"SystemExit: 0$"),
        ("Nameless", r"ValueError: no name"),
        ("Missing", r"has no attribute 'Missing'"),
    ],
)
def test_a_subject_that_cannot_be_made_is_wrong_use(hosted, name, told):
    with pytest.raises(UsageError, match=told) as caught:
        hosted(name)
    assert "\n" not in str(caught.value)


def test_a_factory_that_exits_is_wrong_use_in_the_judges_process_too():
    with pytest.raises(UsageError, match="SystemExit: 0"):
        imported(spec("FactoryRaisesExit"), find_implementation)


def test_an_undisturbed_subject_has_the_verdicts_that_it_has_in_the_judges_process(prepared, hosted):
    with quietly_on_one_thread():
        here = judge_sample(prepared, InProcess(find_implementation("mytorch")))
    assert judge_sample(prepared, hosted("Undisturbed")) == here


def test_the_process_is_started_anew_and_a_sample_that_ended_it_is_not_run_again(prepared, hosted):
    subject = hosted("KillsItself")
    for n in (1, 2):
        float64, float32 = judge_repeatedly(lambda each: judge_sample(prepared, each), subject)
        assert "was killed by SIGKILL" in float64.reason
        assert float32.reason.startswith("not run again after this")
        assert subject.deaths == n


def test_bad_calls_that_end_the_process_are_errors_and_the_rest_is_left_out_after_three(hosted):
    case = CASES["nn.LSTMCell"]
    subject = hosted("KillsItself")
    verdicts = judge_bad_calls(case, subject)
    assert len(case.bad_calls) > 3
    assert [v.status for v in verdicts] == [ERROR] * 4
    assert "in a row ended the subject's process" in verdicts[-1].reason
    assert subject.deaths == 3


def test_exceptions_of_bad_calls_have_the_class_and_the_message_that_they_had(hosted):
    case = CASES["nn.Linear"]
    assert case.bad_calls
    assert {v.status for v in judge_bad_calls(case, hosted("Undisturbed"))} == {PASS}
    wrong = judge_bad_calls(case, hosted("RaisesItsOwn"))
    assert {v.status for v in wrong} == {FAIL}
    # Its own class is below RuntimeError, so that some are of the right class.
    assert any(re.search(r"the message does not name .*: of its own$", v.reason) for v in wrong)


def test_inputs_are_the_same_bits_there(prepared, hosted):
    task = prepared.tasks["float32"]
    found = hosted("Undisturbed").run(task)["output"]
    assert np.array_equal(found, np.maximum(task.inputs()["input"], 0))
