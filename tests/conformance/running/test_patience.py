"""After three samples in a row that end the subject's process, the rest of a case is left out."""

from __future__ import annotations

from conformance.cases import CASES
from conformance.judging.verdict import Status
from conformance.running.patience import Patience
from conformance.running.plan import samples_of
from conformance.running.work import BadCallWork, Outcome

WORK = samples_of(CASES["nn.LSTMCell"], 1, 6, ("float64",))


def left(*ended):
    """How many verdicts each sample leaves, of one that it has."""
    patience, verdicts = Patience(), [object()]
    found = [patience.seen(w, Outcome(verdicts, True, e)).verdicts for w, e in zip(WORK, ended, strict=True)]
    bad = patience.seen(BadCallWork("nn.LSTMCell", 1), Outcome(verdicts, True)).verdicts
    return [len(each) for each in found], len(bad), found


def test_three_in_a_row_are_enough_and_the_rest_is_one_verdict():
    counts, bad_calls, found = left(True, True, True, False, True, False)
    assert counts == [1, 1, 1, 1, 0, 0]
    assert bad_calls == 0
    (verdict,) = found[3]
    assert verdict.status is Status.ERROR
    assert verdict.sample == WORK[3].sample.text
    assert "the rest of nn.LSTMCell is left out" in verdict.reason


def test_three_that_are_not_in_a_row_are_not():
    assert left(True, True, False, True, True, False)[:2] == ([1] * 6, 1)


def test_another_case_begins_anew():
    patience = Patience()
    for work in (*WORK[:2], *samples_of(CASES["relu"], 1, 2, ("float64",))):
        assert patience.seen(work, Outcome([object()], True, True)).verdicts
    assert patience.lost == set()
