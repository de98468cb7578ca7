"""The samples by which a subject of few abilities is judged: as many, and of the same kinds."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from conformance.cases import CASES
from conformance.sampling.space import BARE, draw, on_plain_path
from conformance.sampling.within import MOST, draw_within
from conformance.subjects.supports import Supports

LSTM = CASES["nn.LSTM"]
SMALL = Supports(layers=1, bidirectional=False, packed=False)


def within(case, supports, seed, count=None):
    def supported(sample):
        return supports.why_outside(case, sample.settings) is None

    return draw_within(case.name, case.space, seed, count or case.default_samples, supported)


def test_who_supports_everything_gets_the_first_of_the_stream():
    found = within(LSTM, Supports(), 1)
    assert (list(found), found.count, found.outside) == (draw("nn.LSTM", LSTM.space, 1, 80), 80, 0)
    assert list(draw_within("nn.LSTM", LSTM.space, 1, 80)) == list(found)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_partial_subject_gets_as_many_as_a_whole_one(seed):
    found = within(LSTM, SMALL, seed)
    samples, stream = list(found), draw("nn.LSTM", LSTM.space, seed, MOST * 80)
    assert len(samples) == found.count == 80
    assert samples == [sample for sample in stream if sample in set(samples)]
    assert found.outside == sum(
        SMALL.why_outside(LSTM, sample.settings) is not None for sample in stream[:80]
    )
    assert all(SMALL.why_outside(LSTM, sample.settings) is None for sample in samples)


@pytest.mark.parametrize("seed", [1, 2])
def test_it_gets_them_of_the_same_kinds(seed):
    """The first 80 that are supported would be three of four on the plain path, and two of one element."""
    found, whole = list(within(LSTM, SMALL, seed)), draw("nn.LSTM", LSTM.space, seed, 80)
    for kind in (lambda s: s.shape_class, lambda s: s.regime):
        missing = Counter(map(kind, whole)) - Counter(map(kind, found))
        assert missing.total() <= 4, missing
    assert 12 <= sum(on_plain_path(LSTM.space, sample) for sample in found) <= 30
    names = ("batch_first", "bias", "states", "projection")
    for a, b in combinations(names, 2):
        shown = {(s.settings[a], s.settings[b]) for s in found if s.shape_class not in BARE}
        assert len(shown) == 4, (a, b)


@pytest.mark.parametrize("seed", [3, 7, 8])
def test_a_pair_of_flags_is_met_however_late_it_is_drawn(seed):
    """The first of each kind, in the order of the stream, lack one of these pairs at these seeds."""
    found = within(CASES["nn.RNN"], Supports(layers=2, bidirectional=False, packed=False), seed)
    for name in ("batch_first", "states", "bias"):
        shown = {s.settings[name] for s in found if s.settings["dropout"] == "all"}
        assert shown == {True, False}, name


def test_a_class_that_is_not_supported_is_replaced_by_others():
    found = within(LSTM, Supports(empty_batch=False), 1)
    assert found.count == len(list(found)) == 80
    assert not any(sample.shape_class == "empty" for sample in found)


def test_fewer_are_found_where_there_are_no_more():
    found = draw_within("nn.LSTM", LSTM.space, 1, 4, lambda sample: sample.draw in {1, 150})
    assert [sample.draw for sample in found] == [1, 150]
    none = draw_within("nn.LSTM", LSTM.space, 1, 4, lambda _: False)
    assert (list(none), none.count, none.outside) == ([], 0, 4)
