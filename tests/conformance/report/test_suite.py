"""The summary of the kill matrix that the package ships."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from conformance.report import suite
from conformance.report.suite import Suite, known

REPORTS = Path(__file__).parents[3] / "reports"


def shipped():
    return Suite.from_json(suite.FILE.read_text(encoding="utf-8"))


def test_it_is_that_of_the_committed_kill_matrix():
    matrix = json.loads((REPORTS / "kill_matrix.json").read_text(encoding="utf-8"))
    faults = Counter(fault["family"] for fault in matrix["faults"])
    caught = Counter(fault["family"] for fault in matrix["faults"] if fault["killed"])
    told = "renew it: tox run -e reports"
    assert shipped().constants_sha256 == matrix["constants_sha256"], told
    assert {family.name: (family.caught, family.faults) for family in shipped().families} == {
        name: (caught[name], count) for name, count in faults.items()
    }, told
    assert shipped().seeds == len(matrix["seeds"]), told


def test_its_first_criterion_is_this_suite():
    ours = shipped().criteria[0]
    assert (ours.name, ours.caught, ours.faults) == ("this suite", shipped().caught, shipped().faults)
    assert len(shipped().criteria) > 3


def test_it_reads_back_what_it_writes():
    assert Suite.from_json(shipped().to_json()) == shipped()


def test_it_is_known_for_the_constants_it_was_measured_with_and_no_others():
    assert known(shipped().constants_sha256) == shipped()
    assert known("of others") is None
