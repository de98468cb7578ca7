"""The committed reports: which they are, how large, and how they are renewed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.judging.verdict import Status, Verdict
from conformance.report.baseline import Baseline
from conformance.report.record import Report
from conformance.report.renew import LIMITS, renew
from conformance.report.suite import Criterion, Family, Suite

REPORTS = Path(__file__).parents[3] / "reports"
# As small a record of a self-test as there is, and the summary of an earlier one.
MATRIX = {
    "constants_sha256": "abc",
    "seeds": [1, 2],
    "criteria": {"this suite": {"caught": 1, "faults": 2, "false_alarms": 0, "clean": 9}},
    "faults": [
        {"name": "a", "family": "loss", "killed": True},
        {"name": "b", "family": "loss", "killed": False},
    ],
}
SUITE = Suite("abc", 1, (Family("loss", 1, 1),), (), 3.5)
OF_RUNS = ["baseline.json", "kill_matrix.json", "kill_matrix.md", "parity.md"]
OF_CALIBRATION = ["calibration.md", "tolerances.md"]


def baseline(*cases):
    verdicts = (
        Verdict(case, f"{case}:0", "forward", "float32", "output", Status.PASS, elements=4) for case in cases
    )
    return Baseline.of(Report(1, "mytorch", "torch", tuple(verdicts)))


OLD = baseline("add").with_accepted([{"reason": "mul is gone", "lost": ["case: mul: gone"]}])


@pytest.fixture
def written(tmp_path):
    """A folder with what the commands write, calibration apart."""
    folder = tmp_path / "latest"
    folder.mkdir()
    for name in (*OF_RUNS, "parity.json", "details.md"):
        (folder / name).write_text(f"new {name}", encoding="utf-8")
    (folder / "baseline.json").write_text(baseline("add", "sub").to_json(), encoding="utf-8")
    (folder / "kill_matrix_details.json").write_text(json.dumps(MATRIX), encoding="utf-8")
    return folder


@pytest.fixture
def suite(tmp_path):
    """The summary that the package ships, of the same constants."""
    path = tmp_path / "suite.json"
    path.write_text(SUITE.to_json(), encoding="utf-8")
    return path


@pytest.fixture
def committed(tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    for name in LIMITS:
        (folder / name).write_text("old", encoding="utf-8")
    (folder / "baseline.json").write_text(OLD.to_json(), encoding="utf-8")
    return folder


def calibrated(written, cases):
    whole = {part: {"bound": 1.5} for part in ("numbers", "random_draws", "anything_else")}
    whole["redraws"] = {"expected": {"norm": 0.25}}
    record = {"cases": cases, "whole_runs": whole}
    (written / "calibration.json").write_text(json.dumps(record), encoding="utf-8")
    for name in OF_CALIBRATION:
        (written / name).write_text(f"new {name}", encoding="utf-8")


def renewed(committed):
    old = ("old", OLD.to_json())
    return sorted(path.name for path in committed.iterdir() if path.read_text(encoding="utf-8") not in old)


def test_the_small_files_are_renewed_and_no_other(written, committed, suite):
    assert sorted(renew(written, committed, suite)) == sorted([*OF_RUNS, "suite.json"])
    assert renewed(committed) == OF_RUNS
    assert sorted(path.name for path in committed.iterdir()) == sorted(LIMITS)


def test_the_baseline_keeps_what_was_accepted(written, committed, suite):
    renew(written, committed, suite)
    found = Baseline.from_json((committed / "baseline.json").read_text(encoding="utf-8"))
    assert found == baseline("add", "sub").with_accepted(OLD.accepted)


def test_a_first_baseline_is_taken_as_it_is(written, committed, suite):
    (committed / "baseline.json").unlink()
    renew(written, committed, suite)
    assert (committed / "baseline.json").read_bytes() == (written / "baseline.json").read_bytes()


@pytest.mark.parametrize(
    ("found", "mentions"),
    [
        (baseline("sub"), "got 1 losses, the first case: add: gone .*--accept REASON"),
        (replace(baseline("add"), seed=2), "seed: the baseline is of 1, and the report of 2"),
    ],
)
def test_where_something_is_lost_nothing_is_renewed(written, committed, suite, found, mentions):
    (written / "baseline.json").write_text(found.to_json(), encoding="utf-8")
    with pytest.raises(UsageError, match=mentions):
        renew(written, committed, suite)
    assert renewed(committed) == []


def test_a_calibration_of_all_cases_is_taken_too(written, committed, suite):
    calibrated(written, list(CASES))
    for name in ("accuracy", "rule_coverage", "random_programs", "lapack", "peers", "diagnosis"):
        (written / f"{name}.md").write_text(f"new {name}", encoding="utf-8")
    for name in ("performance.md", "performance.svg"):
        (written / name).write_text(f"new {name}", encoding="utf-8")
    renew(written, committed, suite)
    assert renewed(committed) == sorted(LIMITS)


def test_a_calibration_of_some_cases_is_refused(written, committed, suite):
    calibrated(written, ["add"])
    with pytest.raises(UsageError, match=f"all {len(CASES)} cases, got one of 1"):
        renew(written, committed, suite)
    assert renewed(committed) == []


def test_a_missing_file_is_named_and_nothing_is_renewed(written, committed, suite):
    (written / "kill_matrix.json").unlink()
    with pytest.raises(UsageError, match=r"kill_matrix\.json: expected a report"):
        renew(written, committed, suite)
    assert renewed(committed) == []


def test_a_file_that_is_too_large_is_refused_with_both_numbers(written, committed, suite):
    (written / "kill_matrix.json").write_text("x" * 300_001, encoding="utf-8")
    with pytest.raises(UsageError, match="at most 300,000 bytes, got 300,001"):
        renew(written, committed, suite)
    assert renewed(committed) == []


def test_the_summary_is_of_the_new_kill_matrix_and_keeps_its_false_reds(written, committed, suite):
    renew(written, committed, suite)
    found = Suite.from_json(suite.read_text(encoding="utf-8"))
    assert found == Suite("abc", 2, (Family("loss", 1, 2),), (Criterion("this suite", 1, 2, 0, 9),), 3.5)
    assert found.in_words() == (
        "This suite catches 1 of 2 known faults; false reds: fewer than 4 in 1,000 runs."
    )


def test_the_false_reds_are_those_of_a_new_calibration(written, committed, suite):
    calibrated(written, list(CASES))
    renew(written, committed, suite)
    assert Suite.from_json(suite.read_text(encoding="utf-8")).false_reds == 4.75


def test_the_false_reds_of_other_constants_are_forgotten(written, committed, suite):
    record = json.dumps(MATRIX | {"constants_sha256": "def"})
    (written / "kill_matrix_details.json").write_text(record, encoding="utf-8")
    renew(written, committed, suite)
    found = Suite.from_json(suite.read_text(encoding="utf-8"))
    assert found.false_reds is None
    assert found.in_words() == "This suite catches 1 of 2 known faults."


def test_without_the_record_of_a_self_test_nothing_is_renewed(written, committed, suite):
    (written / "kill_matrix_details.json").unlink()
    with pytest.raises(UsageError, match="suite: expected the record of a self-test"):
        renew(written, committed, suite)
    assert renewed(committed) == []


def test_the_limits_are_those_that_were_agreed():
    assert sum(LIMITS.values()) < 1_500_000
    assert (LIMITS["baseline.json"], LIMITS["kill_matrix.json"]) == (500_000, 300_000)


def test_the_committed_files_keep_their_limits():
    sizes = {path.name: path.stat().st_size for path in REPORTS.iterdir() if path.is_file()}
    assert sizes.keys() == LIMITS.keys()
    assert {name: size for name, size in sizes.items() if size > LIMITS[name]} == {}


def test_the_parity_report_has_at_most_150_lines_and_one_per_case():
    lines = (REPORTS / "parity.md").read_text(encoding="utf-8").splitlines()
    rows = {line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")}
    judged = rows & set(CASES)
    assert len(judged) > 300, "renew the reports: tox run -e reports"
    assert len(lines) <= 150 + len(judged)
