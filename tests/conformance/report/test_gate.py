"""The gate fails for each thing that can be lost, for that alone, and holds where nothing is."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from pathlib import Path

import jsonschema
import pytest

import conformance
from conformance import Excuse
from conformance.arithmetic.constants import constants
from conformance.errors import UsageError
from conformance.judging.sight import DECIDING
from conformance.judging.verdict import Status, Verdict
from conformance.report import changes
from conformance.report.baseline import Baseline
from conformance.report.changes import KINDS, fall, folded, gained, lost
from conformance.report.gate import Gate, text
from conformance.report.page import render_page
from conformance.report.record import Report
from conformance.subjects.declarations import Declarations

SCHEMA = json.loads(
    (Path(conformance.__file__).parent / "report" / "baseline.schema.json").read_text(encoding="utf-8")
)
FACTOR = constants().headroom_factor
# As near to the tolerance as rounding of the usual size comes.
TYPICAL = constants().element


def sample(case, draw, shape_class):
    """The verdicts of one sample: two observables in two lanes, and a use."""
    base = Verdict(
        case,
        f"{case}:{draw}",
        "forward",
        "float64",
        "output",
        Status.PASS,
        elements=4,
        headroom=TYPICAL,
        shape_class=shape_class,
        regime="normal",
    )
    for lane in ("float64", "float32"):
        yield replace(base, lane=lane)
        yield replace(base, lane=lane, check="backward", observable="grad.input")
        yield replace(base, lane=lane, check="use", use="twice", observable="twice/output")


BAD_CALL = Verdict("add", "", "errors", None, "rank", Status.PASS)
GOOD = Report(
    1,
    "mytorch",
    "torch",
    (
        *sample("add", 0, "small"),
        *sample("add", 1, "one"),
        *sample("add", 2, "small"),
        *sample("mul", 0, "small"),
        BAD_CALL,
        # The statistics of random draws come near their critical values by chance.
        Verdict("rand", "rand:0", "forward", "float32", "mean", Status.PASS, elements=9, headroom=3.0),
    ),
    environment={"torch": "2.13.0"},
    timing={"began": "2026-01-01T00:00:00+00:00", "seconds": 1.0},
)
BASELINE = Baseline.of(GOOD)


def with_verdicts(report, change, **where):
    """Return a report in which the verdicts at a place are changed, or left out where that returns None."""
    met = [v for v in report.verdicts if all(getattr(v, name) == value for name, value in where.items())]
    assert met, where
    verdicts = (change(v) if v in met else v for v in report.verdicts)
    return replace(report, verdicts=tuple(v for v in verdicts if v))


def ended(status):
    # Of what does not pass, no headroom is kept, whatever it was.
    return lambda v: replace(v, status=status, headroom=0.5, reason="because")


def blind(v):
    return replace(v, status=Status.MISTRUSTED, reason="because", would_pass=list(DECIDING))


def nearer(by):
    return lambda v: replace(v, headroom=v.headroom and v.headroom / by)


def without(_):
    return None


def looser(name, value):
    return replace(GOOD, constants=GOOD.constants | {name: value})


OUTPUT = {"case": "add", "sample": "add:0", "check": "forward", "lane": "float32"}
AT_OUTPUT = ("add", "float32", "forward", "output")

# By what is lost: the report, and each kind, place and reason that the gate gives.
LOSSES = {
    "a failure": (with_verdicts(GOOD, ended(Status.FAIL), **OUTPUT), [("verdicts", AT_OUTPUT, "worse")]),
    "an error": (with_verdicts(GOOD, ended(Status.ERROR), **OUTPUT), [("verdicts", AT_OUTPUT, "worse")]),
    "an excuse": (with_verdicts(GOOD, ended(Status.EXCUSED), **OUTPUT), [("verdicts", AT_OUTPUT, "worse")]),
    "a skip": (with_verdicts(GOOD, ended(Status.SKIP), **OUTPUT), [("verdicts", AT_OUTPUT, "worse")]),
    "nothing to compare": (
        with_verdicts(GOOD, ended(Status.EMPTY), **OUTPUT),
        [("verdicts", AT_OUTPUT, "worse")],
    ),
    "a failure at a new place": (
        replace(GOOD, verdicts=(*GOOD.verdicts, ended(Status.FAIL)(replace(BAD_CALL, observable="type")))),
        [("verdicts", ("add", "bad call", "errors", "type"), "worse")],
    ),
    "sight": (with_verdicts(GOOD, blind, **OUTPUT), [("verdicts", AT_OUTPUT, "worse")]),
    "sight in a use": (
        with_verdicts(GOOD, blind, case="mul", use="twice", lane="float32"),
        [("use", ("mul", "use", "twice"), "worse")],
    ),
    "a new sample that shows nothing": (
        replace(GOOD, verdicts=(*GOOD.verdicts, blind(replace(GOOD.verdicts[0], sample="add:3")))),
        [("verdicts", ("add", "float64", "forward", "output"), "worse")],
    ),
    "a new case that shows nothing": (
        replace(GOOD, verdicts=(*GOOD.verdicts, blind(next(sample("sub", 0, "small"))))),
        [("verdicts", ("sub", "float64", "forward", "output"), "worse")],
    ),
    "a failure in a use": (
        with_verdicts(GOOD, ended(Status.FAIL), case="mul", use="twice", lane="float32"),
        [("use", ("mul", "use", "twice"), "worse")],
    ),
    "a bad call that is no longer refused": (
        with_verdicts(GOOD, ended(Status.FAIL), check="errors"),
        [("verdicts", ("add", "bad call", "errors", "rank"), "worse")],
    ),
    "a case": (with_verdicts(GOOD, without, case="mul"), [("case", ("mul",), "gone")]),
    "a lane": (
        with_verdicts(
            with_verdicts(GOOD, without, case="mul", lane="float32"), without, case="mul", use="twice"
        ),
        [
            ("lane", ("mul", "float32"), "gone"),
            ("use", ("mul", "use", "twice"), "gone"),
            ("compared", ("mul",), "fewer"),
        ],
    ),
    "an observable": (
        with_verdicts(
            GOOD, lambda v: replace(v, observable="h"), case="mul", check="backward", lane="float32"
        ),
        [("verdicts", ("mul", "float32", "backward", "grad.input"), "gone")],
    ),
    "a use": (
        with_verdicts(GOOD, lambda v: replace(v, use="no-grad"), case="mul", use="twice"),
        [("use", ("mul", "use", "twice"), "gone")],
    ),
    "a class": (
        with_verdicts(GOOD, lambda v: replace(v, shape_class="small"), shape_class="one"),
        [("class", ("add", "class", "one"), "gone")],
    ),
    "a sample of a class": (
        with_verdicts(GOOD, lambda v: replace(v, shape_class="one"), sample="add:2"),
        [("class", ("add", "class", "small"), "fewer")],
    ),
    "a verdict": (
        with_verdicts(GOOD, lambda v: replace(v, observable="h"), **OUTPUT),
        [("verdicts", AT_OUTPUT, "fewer")],
    ),
    "compared elements": (
        with_verdicts(GOOD, lambda v: replace(v, elements=3), **OUTPUT),
        [("compared", ("add",), "fewer")],
    ),
    "headroom": (
        with_verdicts(GOOD, nearer(1.01 * FACTOR), **OUTPUT),
        [
            (
                "headroom",
                AT_OUTPUT,
                f"nearer to its tolerance by {1.01 * FACTOR:.2g} times, more than {FACTOR:g}",
            )
        ],
    ),
    "headroom that is no longer measured": (
        with_verdicts(GOOD, lambda v: replace(v, headroom=None), case="mul", check="forward", lane="float32"),
        [("headroom", ("mul", "float32", "forward", "output"), "gone")],
    ),
    **{
        f"a looser constant, {name}": (looser(name, value), [("constant", ("constants", name), why)])
        for name, value, why in (
            ("tensor", 9.0, "looser"),
            ("element", 9.0, "looser"),
            ("floor", 1.0, "looser"),
            ("oracle_share", 9.0, "looser"),
            ("headroom_factor", 99.0, "looser"),
            ("redraws", 5, "looser"),
            ("warn", 1.1, "looser"),
            ("replicates", 65, "another"),
        )
    },
    "a class of accuracy": (
        replace(GOOD, declarations=Declarations(accuracy="absolute")),
        [("constant", ("constants", "accuracy"), "another")],
    ),
    "the conventions at NaN": (
        replace(GOOD, declarations=Declarations(nan_conventions="own")),
        [("constant", ("constants", "nan_conventions"), "another")],
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_it_fails_for_what_is_lost_and_names_it_once(name):
    report, expected = LOSSES[name]
    # As CI has it, from a file.
    gate = Gate(Report.from_json(report.to_json()), Baseline.from_json(BASELINE.to_json()))
    assert [(c.kind, c.where, c.why) for c in gate.lost] == expected
    assert not gate.holds
    assert "GATE FAILS" in text(gate, "terminal")
    assert expected[0][2] in text(gate, "terminal")


def test_every_kind_of_loss_has_a_report_that_loses_it():
    assert {kind for _, expected in LOSSES.values() for kind, _, _ in expected} == {k.name for k in KINDS}


EXCUSE = Excuse(case="add", observable="output", reason="rounds", link="https://example.org/issues/1")

# What no reason makes a baseline of.
REFUSED = {
    "an excuse that is not needed": (
        replace(GOOD, declarations=Declarations((EXCUSE,))),
        "excuse not needed",
    ),
    "a run in the judge's process": (
        replace(GOOD, environment=GOOD.environment | {"subject": "in the judge's process, as asked for"}),
        "in the judge's process",
    ),
    "a run that ended early": (replace(GOOD, timing=GOOD.timing | {"stopped": "INTERRUPTED"}), "ended early"),
    "a run that compared nothing": (replace(GOOD, verdicts=(BAD_CALL,)), "nothing"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_fails_for_a_run_that_shows_nothing_which_cannot_be_accepted(name):
    report, what = REFUSED[name]
    gate = Gate(Report.from_json(report.to_json()), BASELINE)
    assert [(c.kind, c.where) for c in gate.refused] == [("run", (what,))]
    assert not gate.holds
    with pytest.raises(UsageError, match="no reason makes a baseline of this run"):
        gate.accept("we need it")


HELD = {
    "the same run": GOOD,
    "another time and machine": replace(
        GOOD, timing=GOOD.timing | {"seconds": 9}, environment={"torch": "2.14.0"}
    ),
    "a headroom that fell by less than the factor": with_verdicts(GOOD, nearer(0.99 * FACTOR), **OUTPUT),
    "more than one that did": with_verdicts(GOOD, nearer(0.99 * FACTOR), case="add"),
    "a statistic that fell": with_verdicts(GOOD, nearer(2.9), case="rand"),
    "a headroom that rose": with_verdicts(GOOD, lambda v: replace(v, headroom=inf), **OUTPUT),
    "a new case": replace(GOOD, verdicts=(*GOOD.verdicts, *sample("sub", 0, "small"))),
    "a new use": replace(
        GOOD, verdicts=(*GOOD.verdicts, *(replace(v, use="flags") for v in GOOD.verdicts if v.use))
    ),
    "a new case that is skipped": replace(
        GOOD, verdicts=(*GOOD.verdicts, *map(ended(Status.SKIP), sample("sub", 0, "small")))
    ),
    "tighter constants": replace(
        GOOD, constants=GOOD.constants | {"sha256": 64 * "0", "tensor": 3.0, "warn": 1.5, "redraws": 1}
    ),
}


@pytest.mark.parametrize("name", HELD)
def test_it_holds_where_nothing_is_lost(name):
    gate = Gate(Report.from_json(HELD[name].to_json()), BASELINE)
    assert (gate.holds, gate.lost, gate.refused) == (True, [], [])
    assert "GATE HOLDS" in text(gate, "markdown")


def test_what_is_exact_may_be_rounded_but_not_badly():
    exact = Baseline.of(with_verdicts(GOOD, lambda v: replace(v, headroom=inf), **OUTPUT))
    assert Gate(GOOD, exact).holds
    assert fall(inf, inf) == fall(99.0, TYPICAL) == fall(inf, TYPICAL) == 1
    assert fall(inf, TYPICAL / 4) == 4
    assert not Gate(with_verdicts(GOOD, nearer(1.01 * FACTOR), **OUTPUT), exact).holds


def test_what_is_mistrusted_in_the_baseline_may_stay_and_may_not_become_two():
    known = with_verdicts(GOOD, blind, **OUTPUT)
    assert Gate(known, Baseline.of(known)).holds
    assert Gate(GOOD, Baseline.of(known)).holds
    worse = Gate(with_verdicts(known, blind, **{**OUTPUT, "sample": "add:1"}), Baseline.of(known))
    assert [(c.before, c.after, c.why) for c in worse.lost] == [
        ("2 PASS, 1 MISTRUSTED", "1 PASS, 2 MISTRUSTED", "worse")
    ]
    assert worse.accept("saturated on purpose").accepted[0]["reason"] == "saturated on purpose"
    # Its headroom is kept, and a failure in its place is worse still.
    failed = Gate(with_verdicts(GOOD, ended(Status.FAIL), **OUTPUT), Baseline.of(known))
    assert [c.why for c in failed.lost] == ["worse"]


def test_a_failure_that_the_baseline_has_may_stay_and_may_not_become_two():
    failed = with_verdicts(GOOD, ended(Status.FAIL), **OUTPUT)
    known = Baseline.of(failed)
    assert Gate(failed, known).holds
    assert Gate(GOOD, known).holds
    assert [(c.where, c.why) for c in Gate(GOOD, known).gained] == [(AT_OUTPUT, "better")]
    worse = with_verdicts(failed, ended(Status.FAIL), **{**OUTPUT, "sample": "add:1"})
    assert [(c.before, c.after, c.why) for c in Gate(worse, known).lost][:1] == [
        ("2 PASS, 1 FAIL", "1 PASS, 2 FAIL", "worse")
    ]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (Status.PASS, Status.MISTRUSTED),
        (Status.EXCUSED, Status.SKIP),
        (Status.SKIP, Status.EMPTY),
        (Status.EMPTY, Status.FAIL),
        (Status.FAIL, Status.ERROR),
    ],
)
def test_the_order_of_statuses(better, worse):
    one, other = (Baseline.of(with_verdicts(GOOD, ended(s), **OUTPUT)) for s in (better, worse))
    assert [(c.where, c.why) for c in lost(one, other)] == [(AT_OUTPUT, "worse")]
    assert lost(other, one) == []


@pytest.mark.parametrize(("field", "value"), [("seed", 2), ("implementation", "other"), ("reference", "jax")])
def test_a_run_that_the_baseline_is_not_of_is_refused_with_both(field, value):
    with pytest.raises(UsageError, match=rf"{field}: the baseline is of .*, and the report of {value}"):
        Gate(replace(GOOD, **{field: value}), BASELINE)


def test_what_is_gained_is_told_by_the_opposite_word():
    report = replace(HELD["a new case"], constants=HELD["tighter constants"].constants)
    found = {(c.kind, c.where[-1], c.why) for c in gained(BASELINE, Baseline.of(report))}
    assert found >= {("case", "sub", "new"), ("constant", "tensor", "tighter")}
    assert "more than in the baseline" in Gate(report, BASELINE).sentence


def test_a_new_place_that_fails_is_lost_and_not_gained():
    gate = Gate(LOSSES["a failure at a new place"][0], BASELINE)
    assert (len(gate.lost), gate.gained) == (1, [])


def test_of_many_places_of_a_case_three_are_named_and_the_others_counted():
    many = [changes.Change("verdicts", ("add", str(k)), "1 PASS", "1 FAIL", "worse") for k in range(9)]
    one = changes.Change("verdicts", ("mul", "0"), "1 PASS", "1 FAIL", "worse")
    assert [(c.where, c.why) for c in folded([*many, one])] == [
        *((("add", str(k)), "worse") for k in range(3)),
        (("add",), "and 6 more"),
        (("mul", "0"), "worse"),
    ]


def test_the_failure_to_look_at_first_is_shown_with_the_command_that_replays_it():
    failed = with_verdicts(GOOD, ended(Status.FAIL), **OUTPUT)
    shown = text(Gate(failed, BASELINE), "markdown")
    assert "\n\nGATE FAILS: mytorch against torch, seed 1: 1 × verdicts" in shown
    assert "conformance replay add:0 --implementation mytorch" in shown
    drifted = with_verdicts(failed, nearer(2 * FACTOR), case="add", check="backward", lane="float32")
    known = Gate(drifted, Baseline.of(failed))
    assert [change.kind for change in known.lost] == ["headroom"]
    assert known.look_first == []
    assert "replay" not in text(known, "markdown")


def test_a_comment_has_ten_rows_at_most_and_the_terminal_all():
    cases = [f"c{k}" for k in range(14)]
    many = replace(GOOD, verdicts=tuple(v for case in cases for v in sample(case, 0, "small")))
    gate = Gate(with_verdicts(many, without, case="c0"), Baseline.of(many))
    assert "more rows" not in text(gate, "markdown")
    all_gone = Gate(GOOD, Baseline.of(many))
    assert text(all_gone, "markdown").count("| gone |") == 10
    # The three cases of `GOOD` are new.
    assert "And 7 more rows" in text(all_gone, "markdown")
    assert text(all_gone, "terminal").count("gone") == 14


def test_a_comment_begins_as_the_page_does_and_the_terminal_ends_with_the_verdict():
    gate = Gate(LOSSES["headroom"][0], BASELINE)
    shown, page = text(gate, "markdown"), render_page(gate.report, BASELINE)
    opening = shown.partition("\n\nGATE FAILS")[0]
    assert opening.startswith("**mytorch computes what torch 2.13.0 computes.** In 25 comparisons of ")
    headline, told = opening.replace("**", "").partition("\n")[0].split(". ", 1)
    assert f'<h1>{headline}</h1>\n<p class="lead">{told}</p>' in page
    assert text(gate, "terminal").splitlines()[-1] == gate.sentence


def test_what_is_lost_and_what_is_gained_are_counted_apart():
    one, other = (
        [changes.Change("verdicts", ("add", str(k)), "", "", why) for k in range(4)]
        for why in ("worse", "new")
    )
    assert [row["why"] for row in changes.rows(one, other)] == [
        *["worse"] * 3,
        "and 1 more",
        *["new"] * 3,
        "and 1 more",
    ]


def test_an_environment_that_could_explain_a_loss_is_shown_with_it():
    moved = replace(LOSSES["headroom"][0], environment={"torch": "2.14.0"})
    assert "| torch | 2.13.0 | 2.14.0 |" in text(Gate(moved, BASELINE), "markdown")
    assert "| 2.14.0 |" not in text(Gate(HELD["another time and machine"], BASELINE), "markdown")


def test_what_is_accepted_is_the_next_baseline_and_says_why():
    first = Gate(GOOD, None).accept("the first")
    assert first == BASELINE
    fewer = LOSSES["a case"][0]
    second = Gate(fewer, first).accept(" mul is\ntested elsewhere ")
    (entry,) = second.accepted
    assert entry == {"reason": "mul is tested elsewhere", "lost": ["case: mul: gone (24 numbers)"]}
    assert Gate(fewer, second).holds
    third = Gate(with_verdicts(fewer, nearer(2 * FACTOR), case="add", lane="float32"), second).accept(
        "float16"
    )
    assert third.accepted[0] == entry
    assert [each["reason"] for each in third.accepted] == ["mul is tested elsewhere", "float16"]
    jsonschema.validate(json.loads(third.to_json()), SCHEMA)
    assert Baseline.from_json(third.to_json()) == third


def test_where_nothing_is_lost_the_baseline_is_renewed_without_an_entry():
    report = HELD["a new case"]
    assert Gate(report, BASELINE).accept("sub is new") == Baseline.of(report)


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_loss_is_not_accepted_without_a_reason(reason):
    with pytest.raises(UsageError, match="expected a reason"):
        Gate(LOSSES["a case"][0], BASELINE).accept(reason)
