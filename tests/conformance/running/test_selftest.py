"""The self-test catches a judge that lacks a check, and its files hold what it found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conformance.arithmetic.constants import constants_sha256
from conformance.cases import CASES
from conformance.errors import DegenerateError, NoiseError, UsageError
from conformance.faults import FAULTS
from conformance.faults._minimisers import lbfgs
from conformance.faults._optimisers import RULES, written_out
from conformance.faults._rewriting import in_place_of
from conformance.faults.equivalents import EQUIVALENTS
from conformance.faults.fault import LSTMS
from conformance.judging.criteria import CRITERIA
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.report.kills import details, markdown, write
from conformance.running import selftest as module
from conformance.running.kill_matrix import CONTROL, Cell, KillMatrix, OtherSeed, Trial
from conformance.running.selftest import selftest, telling_first, try_case
from conformance.sampling.space import draw
from conformance.subjects import protocol
from conformance.subjects.torchlike import TorchLike

ROOT = Path(__file__).parents[3]
# Per missing check, a fault that only this check catches.
FORWARD, BACKWARD, LOSS = "gates-figo", "gradient-of-bias_ih-doubled", "no-path-to-c"
SUBTLE = "tanh-fast"


@pytest.fixture
def few(monkeypatch):
    """Judge a handful of samples of the cell only, so that each variant takes a second."""
    case = CASES["models.LSTMCell"]
    small = replace(case, space=replace(case.space, classes=("small",), regimes=("normal",)), samples=3)
    monkeypatch.setitem(CASES, "models.LSTMCell", small)
    for name in (FORWARD, BACKWARD, SUBTLE, LOSS):
        monkeypatch.setitem(FAULTS, name, replace(FAULTS[name], cases=("models.LSTMCell",)))


def test_what_cannot_be_prepared_stops_it_because_nothing_can_be_judged_there(monkeypatch):
    case = replace(CASES["nn.Linear"], program=lambda t, x: {"output": t.ops.prims.cbrt(x["input"])})
    monkeypatch.setitem(CASES, "nn.Linear", case)
    with pytest.raises(NoiseError, match="cbrt") as caught:
        selftest(["linear-bias-gradient-mean"])
    assert caught.value.__notes__[0].startswith("in nn.Linear:seed=1,draw=0,")


@pytest.mark.usefixtures("few")
def test_of_some_cases_only_these_are_judged(monkeypatch):
    monkeypatch.setitem(FAULTS, FORWARD, replace(FAULTS[FORWARD], cases=("models.LSTMCell", "models.LSTM")))
    matrix = selftest([FORWARD], cases=["models.LSTMCell"])
    assert {trial.cell.case for trial in matrix.trials} == {"models.LSTMCell"}
    assert (matrix.survivors, matrix.exit_code) == ([], 0)
    assert selftest([FORWARD], cases=["nn.GRU"]).exit_code == 3
    with pytest.raises(UsageError, match=r"unknown case 'nn\.GRUs'"):
        selftest([FORWARD], cases=["nn.GRUs"])


@pytest.mark.usefixtures("few")
def test_of_whole_layers_only_no_fault_in_a_step_is_judged(monkeypatch):
    around = next(fault for fault in FAULTS.values() if fault.around and "models.LSTMCell" in fault.cases)
    monkeypatch.setitem(FAULTS, around.name, replace(around, cases=("models.LSTMCell",)))
    assert FAULTS[FORWARD].seams
    matrix = selftest([FORWARD, around.name], whole=True)
    assert matrix.faults == [around.name]


@pytest.mark.usefixtures("few")
class TestBlinded:
    def test_one_that_sees_passes(self):
        matrix = selftest([FORWARD, BACKWARD, SUBTLE, LOSS])
        assert (matrix.survivors, matrix.false_alarms, matrix.exit_code) == ([], [], 0)

    def test_one_that_compares_nothing(self, monkeypatch):
        monkeypatch.setattr(module, "judge", lambda *_: [])
        assert selftest([FORWARD]).exit_code == 1

    def test_one_whose_constants_are_a_thousandfold(self, monkeypatch):
        from conformance.arithmetic import tolerance

        c = tolerance.constants()
        loose = replace(c, tensor=c.tensor * 1000, element=c.element * 1000)
        monkeypatch.setattr(tolerance, "constants", lambda: loose)
        assert selftest([SUBTLE]).exit_code == 1
        monkeypatch.undo()

    def test_one_that_looks_forward_only(self, monkeypatch):
        judge = module.judge
        monkeypatch.setattr(
            module, "judge", lambda e, trace: [v for v in judge(e, trace) if v.check == "forward"]
        )
        assert selftest([FORWARD]).exit_code == 0
        assert selftest([BACKWARD]).exit_code == 1

    def test_one_with_constant_weights(self, monkeypatch):
        make = protocol.make

        def constant(sample, inputs, dtype):
            arrays = make(sample, inputs, dtype)
            return {n: np.full_like(a, 0.5) if inputs[n].weight else a for n, a in arrays.items()}

        monkeypatch.setattr(protocol, "make", constant)
        matrix = selftest([FORWARD], seeds=2)
        assert (matrix.exit_code, matrix.survivors) == (1, [(FORWARD, "models.LSTMCell")])
        assert all("weight_ih is constant" in told for told in matrix.degenerate)
        assert len(matrix.degenerate) == len(matrix.others[0].degenerate) == 3

    def test_one_with_the_sum_as_the_loss(self, monkeypatch):
        monkeypatch.setattr(
            protocol.Task, "cotangent", lambda task, _, shape: np.ones(shape, dtype=task.dtype)
        )
        matrix = selftest([LOSS])
        assert matrix.exit_code == 1
        assert all("cotangents are constant" in told for told in matrix.degenerate)

    def test_one_degenerate_sample_is_counted_and_the_others_are_judged(self, monkeypatch):
        prepare = module.prepare

        def fails_once(case, sample):
            if sample.draw == 1:
                raise DegenerateError("on purpose")
            return prepare(case, sample)

        monkeypatch.setattr(module, "prepare", fails_once)
        matrix = selftest([FORWARD])
        assert (matrix.survivors, matrix.degenerate, matrix.exit_code) == ([], ["on purpose"], 1)

    def test_one_that_skips_on_an_error(self, monkeypatch):
        def skip(prepared, lane, _):
            return (
                prepared.expectations[lane].oracle
                if lane == "float64"
                else prepared.expectations[lane].reference
            )

        monkeypatch.setattr(module, "run_subject", skip)
        assert selftest([FORWARD]).exit_code == 1

    def test_one_that_cries_wolf(self, monkeypatch):
        from conformance.arithmetic import tolerance

        strict = replace(tolerance.constants(), tensor=1e-3)
        monkeypatch.setattr(tolerance, "constants", lambda: strict)
        matrix = selftest([FORWARD])
        assert matrix.false_alarms
        assert matrix.exit_code == 1


WRITTEN_OUT = {**{name: written_out(rule) for name, rule in RULES.items()}, "LBFGS": lbfgs()}


@pytest.mark.parametrize("name", WRITTEN_OUT)
def test_the_rules_written_out_are_torchs_where_nothing_is_wrong(name):
    case = f"optim.{name}"
    spelled = TorchLike("spelled", "mytorch", around={case: in_place_of((case,), WRITTEN_OUT[name])})
    for sample in draw(case, CASES[case].space, 1, CASES[case].default_samples):
        verdicts = judge_sample(prepare(CASES[case], sample), spelled)
        assert {v.status for v in verdicts} == {Status.PASS}, sample.text


def trial(fault, seen_by, *, case="models.LSTM", missed_by=(), sample="sample"):
    return Trial(Cell(fault, case, "small", "normal", "float64"), sample, seen_by, missed_by)


def test_nothing_tried_is_no_pass():
    assert KillMatrix([], 1).exit_code == 3
    assert KillMatrix([trial(CONTROL, None)], 1).exit_code == 3


def test_a_fault_must_be_caught_in_every_case_of_its_own(monkeypatch):
    trials = [trial(FORWARD, "h"), trial(FORWARD, None, case="models.LSTMCell")]
    assert KillMatrix(trials, 1).survivors == [(FORWARD, "models.LSTMCell")]
    monkeypatch.setitem(EQUIVALENTS, (FORWARD, "models.LSTMCell"), "because")
    assert KillMatrix(trials, 1).exit_code == 0


def over_seeds(*missed, caught=True, seeds=10, **fields):
    """Return a matrix of some seeds, of which the given ones miss a fault; the first may too."""
    others = [OtherSeed(k, ((FORWARD, "models.LSTM"),) if k in missed else ()) for k in range(2, seeds + 1)]
    return KillMatrix([trial(FORWARD, "h" if caught else None)], 1, others=others, **fields)


@pytest.mark.parametrize(
    ("matrix", "missed_at", "code"),
    [
        (over_seeds(), [], 0),
        (over_seeds(7), [7], 0),
        (over_seeds(caught=False), [1], 0),
        (over_seeds(3, 7), [3, 7], 1),
        (over_seeds(3, caught=False), [1, 3], 1),
        (over_seeds(7, seeds=9), [7], 1),
        (over_seeds(7, 8, seeds=20), [7, 8], 0),
        (over_seeds(7, 8, 9, seeds=20), [7, 8, 9], 1),
    ],
)
def test_a_fault_may_be_missed_at_one_seed_of_ten(matrix, missed_at, code):
    assert matrix.missed_at.get(FORWARD, []) == missed_at
    assert matrix.exit_code == code
    (record,) = matrix.to_json()["faults"]
    assert record["missed_at"] == missed_at


def test_the_share_of_seeds_stands_in_the_matrix(tmp_path):
    matrix = over_seeds(3)
    write(matrix, tmp_path)
    data = json.loads((tmp_path / "kill_matrix.json").read_text(encoding="utf-8"))
    assert (data["seeds"], data["faults"][0]["missed_at"]) == (list(range(1, 11)), [3])
    text = markdown(matrix)
    assert "| 9 of 10 |" in text
    assert f"## Missed at further seeds\n\n- `{FORWARD}` in models.LSTM, seed 3" in text
    assert "on those of seeds 2 to 10" in text


@pytest.mark.parametrize("what", [{"false_alarms": ("x",)}, {"degenerate": ("x",)}])
def test_a_run_of_the_correct_program_that_is_red_at_another_seed_is_no_pass(what):
    matrix = KillMatrix([trial(FORWARD, "h")], 1, others=[OtherSeed(2, **what)])
    assert matrix.exit_code == 1


def test_a_fault_that_was_tried_nowhere_survives():
    matrix = KillMatrix([trial(FORWARD, "h")], 1, asked=[(FORWARD, "models.LSTM"), (BACKWARD, "models.LSTM")])
    assert matrix.survivors == [(BACKWARD, "models.LSTM")]


@pytest.mark.usefixtures("few")
class TestFurtherSeeds:
    def test_a_fault_is_judged_until_a_sample_shows_it(self, monkeypatch):
        tried, real = [], module.try_sample

        def counted(sample, names, uses):
            tried.append((sample.draw, tuple(names)))
            return real(sample, names, uses)

        monkeypatch.setattr(module, "try_sample", counted)
        assert try_case("models.LSTMCell", 5, [FORWARD, BACKWARD]) == OtherSeed(5)
        assert tried == [(0, (FORWARD, BACKWARD))]

    def test_the_draws_that_showed_most_come_first(self, monkeypatch):
        assert telling_first({0: {"a"}, 1: {"a", "b"}, 2: {"c"}, 3: set()}) == [1, 2, 0, 3]
        tried, real = [], module.try_sample

        def counted(sample, names, uses):
            tried.append(sample.draw)
            return real(sample, names, uses)

        monkeypatch.setattr(module, "try_sample", counted)
        assert try_case("models.LSTMCell", 5, [FORWARD, BACKWARD], [1, 0]) == OtherSeed(5)
        assert tried[0] == 1

    def test_it_finds_what_the_first_seed_finds(self, monkeypatch):
        unseen = "unseen"
        monkeypatch.setitem(
            FAULTS, unseen, replace(FAULTS[FORWARD], name=unseen, seams={}, around=lambda t, x, f: f(t, x))
        )
        matrix = selftest([FORWARD, unseen], seeds=3)
        assert matrix.survivors == [(unseen, "models.LSTMCell")]
        assert [other.missed for other in matrix.others] == [((unseen, "models.LSTMCell"),)] * 2
        assert matrix.missed_at == {unseen: [1, 2, 3]}
        assert matrix.exit_code == 1

    def test_one_that_cries_wolf(self, monkeypatch):
        from conformance.arithmetic import tolerance

        strict = replace(tolerance.constants(), tensor=1e-3)
        monkeypatch.setattr(tolerance, "constants", lambda: strict)
        (other,) = selftest([FORWARD], seeds=2).others
        assert other.false_alarms

    def test_progress_counts_samples_and_then_cases(self):
        told = []
        selftest([FORWARD], seeds=3, progress=lambda *each: told.append(each))
        assert told == [("models.LSTMCell", k, 5) for k in range(1, 6)]


@pytest.mark.parametrize("fault", ["mse-halved", "bce-with-an-epsilon", "kl-div-without-entropy"])
def test_a_function_may_stand_where_a_loss_module_was(fault):
    (case,) = FAULTS[fault].cases
    assert try_case(case, 2, [fault]) == OtherSeed(2)


def test_at_least_one_seed_is_asked_for():
    with pytest.raises(UsageError, match="seeds: expected a number of at least 1, got 0"):
        selftest([FORWARD], seeds=0)


def test_criteria_are_counted_by_fault_and_alarms_by_run():
    trials = [
        trial(FORWARD, "h", missed_by=("1e-2",)),
        trial(CONTROL, None, missed_by=tuple(CRITERIA)),
        trial(CONTROL, "h", sample="other"),
    ]
    rows = KillMatrix(trials, 1).criteria()
    common = {"caught_in_float32": 0, "faults": 1, "clean": 2, "false_alarms": 1}
    assert rows["this suite"] == common | {"caught": 1}
    assert rows["1e-2"] == common | {"caught": 0}


def test_a_criterion_that_calls_the_correct_text_wrong_too_catches_nothing_there():
    rows = KillMatrix([trial(FORWARD, "h"), trial(CONTROL, "h")], 1).criteria()
    assert {(row["caught"], row["false_alarms"]) for row in rows.values()} == {(0, 1)}


def test_other_criteria_are_not_asked_about_what_is_zero_but_for_rounding():
    residual = trial("rows-leak", "output", case="nn.Linear@single-rows")
    correct = trial(CONTROL, None, case="nn.Linear@single-rows")
    rows = KillMatrix([trial(FORWARD, "h"), trial(CONTROL, None), residual, correct], 1).criteria()
    assert (rows["this suite"]["faults"], rows["this suite"]["clean"]) == (2, 2)
    assert {(row["faults"], row["clean"]) for name, row in rows.items() if name != "this suite"} == {(1, 1)}


def test_an_unknown_fault_is_named():
    with pytest.raises(UsageError, match="Did you mean gates-fgoi or "):
        selftest(["gates-fgoi?"])


def test_the_files_are_written(tmp_path):
    matrix = KillMatrix([trial(FORWARD, "h_states"), trial(BACKWARD, None), trial(CONTROL, None)], 7)
    write(matrix, tmp_path)
    data = json.loads((tmp_path / "kill_matrix.json").read_text(encoding="utf-8"))
    assert data["constants_sha256"] == constants_sha256()
    faults = {fault["name"]: fault for fault in data["faults"]}
    assert {name: fault["killed"] for name, fault in faults.items()} == {FORWARD: True, BACKWARD: False}
    assert faults[FORWARD]["killed_by"] == {
        "sample": "sample",
        "lane": "float64",
        "observable": "h_states",
    }
    assert data.keys() == {"schema_version", "constants_sha256", "seeds", "faults"}
    assert data["faults"][0].keys() == {"name", "family", "killed", "killed_by", "equivalent", "missed_at"}
    whole = json.loads((tmp_path / "kill_matrix_details.json").read_text(encoding="utf-8"))
    assert whole == json.loads(json.dumps(matrix.to_json()))
    where = {fault["name"]: fault["where"] for fault in whole["faults"]}
    assert where[FORWARD] == {"models.LSTM": {"small/normal/float64": "1/1"}}
    text = (tmp_path / "kill_matrix.md").read_text(encoding="utf-8")
    assert text == markdown(matrix)
    assert "NOT shown" in text
    assert f"- `{BACKWARD}` in models.LSTM" in text
    assert f"| `{FORWARD}` | {FAULTS[FORWARD].story} | 1 of 1 runs | sample, h_states | 1 of 1 |" in text
    assert (tmp_path / "kill_matrix_details.md").read_text(encoding="utf-8") == details(matrix)
    assert f"| {FORWARD} | 1/1 | 1/1 | 1/1 |" in details(matrix)


def test_every_proof_belongs_to_a_fault_and_its_case():
    assert [(fault, case) for fault, case in EQUIVALENTS if case not in FAULTS[fault].cases] == []


class TestRatchet:
    """The committed matrix was made under the committed constants, with the committed faults."""

    matrix = json.loads((ROOT / "reports" / "kill_matrix.json").read_text(encoding="utf-8"))

    def test_under_these_constants(self):
        assert self.matrix["constants_sha256"] == constants_sha256(), "run conformance selftest again"

    def test_of_these_faults(self):
        assert {fault["name"] for fault in self.matrix["faults"]} == set(FAULTS)

    def test_all_caught(self):
        assert [fault["name"] for fault in self.matrix["faults"] if not fault["killed"]] == []

    def test_missed_at_one_seed_of_ten_at_most_and_at_none_of_fewer(self):
        seeds = len(self.matrix["seeds"])
        assert seeds >= 1
        missed = {fault["name"]: fault["missed_at"] for fault in self.matrix["faults"]}
        assert {name: at for name, at in missed.items() if len(at) > seeds // 10} == {}

    def test_without_a_false_alarm(self):
        # Only a matrix without false alarms has such a title; the faults missed at a seed are counted above.
        title = (ROOT / "reports" / "kill_matrix.md").read_text(encoding="utf-8").splitlines()[0]
        assert title in {
            "# Kill matrix: every fault is caught",
            "# Kill matrix: nearly every fault at every seed",
        }


def test_there_are_enough_faults():
    assert len(FAULTS) >= 120
    assert sum(LSTMS[1] in fault.cases for fault in FAULTS.values()) >= 90
