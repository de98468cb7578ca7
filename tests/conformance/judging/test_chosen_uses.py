"""Which samples a run judges each use in."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from conformance.cases import CASES
from conformance.cases._uses import USES
from conformance.errors import UsageError
from conformance.judging import chosen_uses
from conformance.judging.chosen_uses import use_table, uses_of
from conformance.judging.verdict import Status, Verdict
from conformance.running.replay import prepare_text
from conformance.running.shrink import shrink_sample
from conformance.sampling.sample import Sample
from conformance.sampling.space import BARE, draw
from conformance.subjects.protocol import LANES
from conformance.subjects.torchlike import TorchLike


def drawn(name, seed=1):
    case = CASES[name]
    return case, draw(name, case.space, seed, case.default_samples)


@pytest.mark.parametrize("name", ["nn.LSTM", "nn.Linear", "add", "split", "nn.Dropout"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_use_that_applies_is_judged_once_in_each_lane(name, seed):
    case, samples = drawn(name, seed)
    judged = Counter(pair for uses in uses_of(case, samples, LANES) for pair in uses)
    fitting = {
        use
        for use, each in USES.items()
        for sample in samples
        if each.why_unused(case, sample.settings) is None
    }
    assert judged == Counter((use, lane) for use in fitting for lane in LANES)


def test_uses_are_judged_where_there_is_enough_to_see():
    for name in ("nn.LSTM", "nn.Linear", "add"):
        case, samples = drawn(name)
        for sample, uses in zip(samples, uses_of(case, samples, LANES), strict=True):
            if uses:
                assert sample.shape_class not in BARE
                assert sample.regime != "nonfinite"
                assert all(USES[use].why_unused(case, sample.settings) is None for use, _ in uses)


def test_a_use_is_judged_in_another_sample_in_each_lane_unless_it_has_deviations_of_its_own():
    _, samples = drawn("nn.Linear")
    for name, use in USES.items():
        where = [
            k
            for k, uses in enumerate(uses_of(CASES["nn.Linear"], samples, LANES))
            for u, _ in uses
            if u == name
        ]
        assert len(set(where)) == (min(use.samples, 2) if where else 0), name


def test_zeros_among_values_hide_no_gradient_where_there_are_other_samples():
    case, samples = drawn("prod", 3)
    judged = {s.regime for s, uses in zip(samples, uses_of(case, samples, LANES), strict=True) if uses}
    assert judged == {"normal"}


def test_a_case_can_be_judged_in_no_use_with_some_settings():
    case, samples = drawn("pow@numbers")
    ways = {
        s.settings["form"] for s, uses in zip(samples, uses_of(case, samples, LANES), strict=True) if uses
    }
    assert ways
    assert "zero" not in ways
    constant = next(sample for sample in samples if sample.settings["form"] == "zero")
    assert "power 0" in USES["no-grad"].why_unused(case, constant.settings)


@pytest.mark.parametrize("name", ["nn.LSTM", "nn.GRU", "add", "prod", "pow@numbers"])
def test_they_are_the_same_however_many_samples_are_looked_at_together(name, monkeypatch):
    case, samples = drawn(name)
    found = uses_of(case, samples, LANES)
    for block in (1, 7):
        monkeypatch.setattr(chosen_uses, "_BLOCK", block)
        assert uses_of(case, samples, LANES) == found


def test_no_samples_have_no_uses():
    assert uses_of(CASES["add"], [], LANES) == []


def test_the_table_says_why_a_use_is_not_judged():
    table = use_table([CASES["nn.Linear"], CASES["optim.SGD"]])
    assert table["no-grad"]["nn.Linear"] is None
    assert "optimiser" in table["no-grad"]["optim.SGD"]
    assert "only one" in table["only-one-output"]["nn.Linear"]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", ["nn.Dropout", "nn.functional.leaky_relu", "softmax"])
def test_the_reason_of_a_function_that_is_also_a_module_is_the_modules(name, seed):
    table = use_table([CASES[name]], seed)
    for use in ("module-twice", "after-a-step", "zero-grad"):
        assert table[use][name] == "it has no parameters with gradients"


def test_the_reason_of_a_function_is_that_it_is_not_a_module():
    assert use_table([CASES["add"]])["module-twice"]["add"] == "it is not a module"


TEXT = "nn.Linear:seed=1,draw=0,class=small,regime=normal,N=3,L=2,I=4,O=5,rank=2,bias=true,use="


def test_a_text_with_a_use_replays_it():
    assert prepare_text(f"{TEXT}no-grad").expectations["float64"].oracle.keys() == {
        "output",
        "flag/output.is_leaf",
    }


@pytest.mark.parametrize(
    ("use", "told"),
    [("no-grads", "Did you mean no-grad"), ("only-one-output", "does not apply to nn.Linear here: only one")],
)
def test_a_use_that_is_unknown_or_does_not_apply_is_refused(use, told):
    with pytest.raises(UsageError, match=told):
        prepare_text(f"{TEXT}{use}")


def doubled_without_gradients(t, built):
    def call(data):
        outputs = built.call(data)
        return outputs if t.is_grad_enabled() else {name: 2 * output for name, output in outputs.items()}

    return replace(built, call=call)


def test_a_failure_in_a_use_is_shrunk_in_that_use():
    sample = Sample.parse(f"{TEXT}no-grad")
    verdict = Verdict.on(sample, "float32", "output", Status.FAIL, training=False)
    subject = TorchLike("doubling", "torch", wraps={"nn.Linear": doubled_without_gradients})
    found = Sample.parse(shrink_sample(verdict, subject, attempts=20))
    assert found.use == "no-grad"
    assert found.settings["I"] < sample.settings["I"]


def test_a_use_that_fits_in_no_usual_regime_is_judged_in_another():
    case, samples = drawn("pow", 7)
    same = [
        k for k, each in enumerate(samples) if USES["same-tensor"].why_unused(case, each.settings) is None
    ]
    chosen = [
        samples[k]
        for k, uses in enumerate(uses_of(case, samples, LANES))
        if ("same-tensor", "float64") in uses
    ]
    assert [each.regime for each in chosen] == ["zeros"]
    assert all(samples[k].regime != "normal" or samples[k].shape_class in {*BARE, "large"} for k in same)
