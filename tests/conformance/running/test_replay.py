"""Every sample that a run draws can be replayed by its text; so can one of other sizes."""

from __future__ import annotations

import pytest

from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.running import replay
from conformance.sampling.space import draw

LARGE = "nn.LSTMCell:seed=1,draw=40,class=large,regime=normal,N={N},I={I},H=2,bias=true,states=true"


@pytest.mark.parametrize("name", CASES)
def test_every_drawn_text_is_accepted(name):
    case = CASES[name]
    for sample in draw(name, case.space, 4, case.default_samples):
        assert replay._parsed(sample.text) == (case, sample)


@pytest.mark.parametrize("sizes", [{"N": 20, "I": 3}, {"N": 2, "I": 130}, {"N": 21, "I": 131}])
def test_a_large_sample_may_have_any_sizes(sizes):
    prepared = replay.prepare_text(LARGE.format(**sizes))
    assert prepared.sample.text == LARGE.format(**sizes)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("class=large", "class=zero"), ("regime=normal", "regime=ties")],
    ids=["class", "regime"],
)
def test_a_class_or_regime_that_the_case_does_not_have_is_refused(right, wrong):
    text = LARGE.format(N=20, I=3)
    with pytest.raises(UsageError, match="expected one of"):
        replay.prepare_text(text.replace(right, wrong))
