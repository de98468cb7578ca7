"""Layers put together from one direction: of torch's own, and with the composition wrong in one line."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import conformance
from conformance import Excuse, Supports
from conformance.cases import CASES
from conformance.errors import UsageError
from conformance.judging.verdict import Status
from conformance.sampling.space import draw
from conformance.subjects.peers import _layers
from conformance.subjects.peers._layers import layers
from conformance.subjects.protocol import Task
from conformance.subjects.pytorch import make

TEXT = Path(_layers.__file__).read_text(encoding="utf-8")


def direction(kind, p, x, states, nonlinearity):
    """One direction of torch's layer, on a tape of torch's."""
    import torch

    options = {"nonlinearity": nonlinearity} if kind == "RNN" else {}
    made = getattr(torch.nn, kind)(
        x.shape[2], states[0].shape[1], bias="bias_ih" in p, dtype=torch.from_numpy(x).dtype, **options
    )
    made.load_state_dict({f"{name}_l0": torch.from_numpy(array) for name, array in p.items()})
    given = [torch.from_numpy(each).requires_grad_() for each in (x, *states)]
    initial = tuple(each[None] for each in given[1:])
    output, final = made(given[0], initial if kind == "LSTM" else initial[0])
    results = (output, *(each[0] for each in (final if kind == "LSTM" else (final,))))

    def pullback(of_output, of_lasts):
        cotangents = [torch.from_numpy(each) for each in (of_output, *of_lasts)]
        of_p = dict(zip(p, made.parameters(), strict=True))
        found = [each.numpy() for each in torch.autograd.grad(results, [*of_p.values(), *given], cotangents)]
        return dict(zip(p, found, strict=False)), found[len(p)], tuple(found[len(p) + 1 :])

    answer, *lasts = (each.detach().numpy() for each in results)
    return (answer, tuple(lasts)), pullback


def forward_only(*given):
    return direction(*given)[0], None


def judged(subject, cases, samples):
    return conformance.run(subject, cases, samples=samples, seed=1, shrink=False, in_process=True)


@cache
def tasks(case):
    """Return the first samples of a case that are neither packed nor projected, with torch's own trace."""
    limits, chosen = layers("any", direction).supports, CASES[case]
    drawn = draw(case, chosen.space, 1, 150 if case == "nn.LSTM" else 40)
    fitting = [each for each in drawn if limits.why_outside(chosen, each.settings) is None]
    found = [Task(chosen, each, "float64") for each in fitting if each.regime != "nonfinite"]
    return [(task, make().run(task)) for task in found if task.sample.shape_class not in {"large", "long"}]


def differs(subject, case):
    """Return the observables in which a subject differs from torch, in float64."""
    found = set()
    for task, expected in tasks(case):
        trace = subject.run(task)
        assert set(trace) == set(expected)
        close = {name: np.allclose(trace[name], each, 1e-9, 1e-12) for name, each in expected.items()}
        shaped = {name: np.shape(trace[name]) == each.shape for name, each in expected.items()}
        found |= {name for name in expected if not (shaped[name] and close[name])}
    return found


@pytest.mark.parametrize("case", ["nn.LSTM", "nn.GRU", "nn.RNN", "nn.LSTMCell", "nn.GRUCell", "nn.RNNCell"])
def test_torchs_own_direction_makes_torchs_layers(case):
    assert differs(layers("composed", direction), case) == set()


def test_what_is_put_together_is_in_what_is_compared():
    drawn = " ".join(task.sample.text for task, _ in tasks("nn.LSTM"))
    told = ("layers=3", "bidirectional=true", "batch_first=true", "states=false", "dropout=all", "N=-1")
    assert [each for each in told if each not in drawn] == []


def test_it_is_judged_forward_and_backward_and_the_limits_are_told():
    report = judged(layers("composed", direction), ["nn.GRU", "nn.LSTMCell"], samples=3)
    assert report.exit_code == 0, report.failures[:3]
    compared = {(v.case, v.check) for v in report.verdicts if v.status is Status.PASS}
    assert len(compared) == 2 * 2
    assert report.limits == "no projection, no packed sequences, plain calls only, no bad calls"


# One line of the composition that is changed, and the cases in which it is met.
WRONG = {
    "directions exchanged": ("in DIRECTIONS[:directions]", "in DIRECTIONS[:directions][::-1]"),
    "outputs not turned back": ("outputs.append(output[_ORDER[way]])", "outputs.append(output)"),
    "gradients of x not turned back": ("np.asarray(of_x)[_ORDER[way]]", "np.asarray(of_x)"),
    "gradients of one direction lost": ("lower = lower + np", "lower = np"),
    "cotangents of the first half for both": ("way * hidden : (way + 1) * hidden", ":hidden"),
    "states of the first layer for all": ("len(finals) : len(finals) + directions", ":directions"),
    "final states of the first layer for all": ("each[number].copy()", "each[0].copy()"),
    "batch_first ignored in the gradients": ('"input": turned(upper)', '"input": upper'),
    "nothing dropped": ('0 if config["dropout"] == "all" else 1', "1"),
    "nothing dropped in the gradients": ("lower * kept if layer else lower", "lower"),
    "everything dropped from the first input": ("lower * kept if layer else lower", "lower * kept"),
    "gradients of biases lost": (
        "name + end: np.asarray(each)",
        "name + end: np.asarray(each) * (name > 'c')",
    ),
    "states exchanged": ('("h_n", "c_n")', '("c_n", "h_n")'),
    "states of a cell exchanged": ('("h", "c")', '("c", "h")'),
    "cotangents of a cell lost": ("back(np.zeros_like(output), gradients)", "back(output * 0, lasts)"),
}


@pytest.fixture
def changed(monkeypatch):
    """Return the composition with one piece of its text changed."""

    def change(old, new):
        assert old in TEXT
        module = ModuleType("changed")
        monkeypatch.setitem(sys.modules, "changed", module)
        exec(TEXT.replace(old, new), vars(module))  # noqa: S102 - the text is ours
        return module.layers

    return change


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_composition_is_seen(changed, wrong):
    subject = changed(*WRONG[wrong])("wrong", direction)
    assert differs(subject, "nn.LSTM") | differs(subject, "nn.LSTMCell")


def test_without_a_pullback_it_is_judged_forward_only():
    report = judged(layers("forward", forward_only), ["nn.GRU", "nn.LSTMCell"], samples=3)
    assert report.exit_code == 0
    assert report.limits.startswith("forward only, ")


def test_the_kinds_are_its_cases_and_its_limits_are_kept():
    subject = layers("one", direction, kinds=["GRU"], supports=Supports(dtypes=["float32"], layers=1))
    assert set(subject.supports.cases) == {"nn.GRU", "nn.GRUCell"}
    assert subject.supports.words[:3] == ("float32", "one layer", "no projection")
    assert subject.supports.backward is None


def test_what_it_declines_is_skipped_with_the_reason():
    def declines(kind, config):
        return f"no bias in {kind}" if config["bias"] else None

    report = judged(layers("declining", direction, declines=declines), ["nn.GRUCell"], samples=6)
    assert report.exit_code == 0
    assert {v.reason for v in report.verdicts if v.status is Status.SKIP} == {"no bias in GRU"}
    assert {"bias=false" in v.sample for v in report.verdicts if v.status is Status.PASS} == {True}


def test_it_declares_its_differences():
    excuse = Excuse(case="nn.RNN*", observable="grad.*", regime="nonfinite", reason="r", link="https://l.org")
    subject = layers("own", direction, excuses=[excuse], accuracy="absolute", nan_conventions="own")
    assert (subject.excuses, subject.accuracy, subject.nan_conventions) == ([excuse], "absolute", "own")


@pytest.mark.parametrize("kinds", [[], ["Transformer"]])
def test_kinds_that_are_none_are_refused(kinds):
    with pytest.raises(UsageError, match="layers: kinds: expected some of LSTM, GRU, RNN, got"):
        layers("none", direction, kinds=kinds)


def both(kind, p, x, states, nonlinearity):
    """Both directions of torch's layer."""
    import torch

    options = {"nonlinearity": nonlinearity} if kind == "RNN" else {}
    options |= {"bias": "bias_ih" in p[0], "dtype": torch.from_numpy(x).dtype, "bidirectional": True}
    made = getattr(torch.nn, kind)(x.shape[2], states[0].shape[2], **options)
    ends = zip(("", "_reverse"), p, strict=True)
    made.load_state_dict({f"{n}_l0{end}": torch.from_numpy(a) for end, each in ends for n, a in each.items()})
    initial = tuple(map(torch.from_numpy, states))
    with torch.no_grad():
        output, final = made(torch.from_numpy(x), initial if kind == "LSTM" else initial[0])
    return output.numpy(), tuple(each.numpy() for each in (final if kind == "LSTM" else (final,)))


BIDIRECTIONAL = ["nn.LSTM", "nn.GRU", "nn.RNN"]


def test_both_directions_may_run_at_once():
    report = judged(layers("both", forward_only, both=both), BIDIRECTIONAL, samples=8)
    assert report.exit_code == 0, report.failures[:3]
    passed = [v for v in report.verdicts if v.status is Status.PASS]
    assert {v.case for v in passed if "bidirectional=true" in v.sample} == set(BIDIRECTIONAL)


def weights_exchanged(kind, p, *given):
    return both(kind, p[::-1], *given)


def states_exchanged(*given):
    output, lasts = both(*given)
    return output, tuple(each[::-1] for each in lasts)


@pytest.mark.parametrize("wrong", [weights_exchanged, states_exchanged])
def test_directions_that_are_exchanged_within_both_fail(wrong):
    report = judged(layers("wrong", forward_only, both=wrong), ["nn.LSTM"], samples=8)
    assert {v.status for v in report.failures} == {Status.FAIL}
    assert ["bidirectional=true" in v.sample for v in report.failures] == [True] * len(report.failures)
