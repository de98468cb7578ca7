"""Uses: their tolerances, and that a subject that is wrong in one use only fails there by its name."""

from __future__ import annotations

import types

import numpy as np
import pytest
import torch

from conformance import TorchLike
from conformance.arithmetic.tolerance import Scale
from conformance.cases import CASES
from conformance.cases._function_uses import FUNCTION_USES
from conformance.cases._use import Use
from conformance.cases._uses import USES
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.uses import of_use
from conformance.judging.verdict import Status
from conformance.sampling.sample import Sample
from conformance.subjects.modes import quietly_on_one_thread

LINEAR = Sample.parse("nn.Linear:seed=1,draw=0,class=small,regime=normal,N=3,L=2,I=4,O=5,rank=2,bias=true")
LSTM = Sample.parse(
    "nn.LSTM:seed=1,draw=0,class=small,regime=normal,N=3,L=4,I=2,H=3,layers=1,bidirectional=false,"
    "batch_first=false,bias=true,states=true,form=equal,dropout=none,projection=false"
)


class InferencePathLinear(torch.nn.Linear):
    """A fast path for inference, with a mistake in it."""

    factor = 2

    def forward(self, x):
        return super().forward(x) * (1 if torch.is_grad_enabled() else self.factor)


class CorrectInferencePathLinear(InferencePathLinear):
    factor = 1


class DetachedLinear(torch.nn.Linear):
    """The weights learn only if the data requires a gradient."""

    def forward(self, x):
        y = super().forward(x)
        return y if x.requires_grad else self.cut(y)

    def cut(self, y):
        return y.detach().requires_grad_()


class CorrectDetachedLinear(DetachedLinear):
    def cut(self, y):
        return y


class ReusedBufferLinear(torch.nn.Linear):
    """The output is written into a buffer that the next call uses again."""

    buffer = None
    mistaken = True

    def forward(self, x):
        y = super().forward(x)
        if self.buffer is not None and self.mistaken:
            self.buffer.copy_(y.detach())
        self.buffer = y.detach()
        return y


class CorrectReusedBufferLinear(ReusedBufferLinear):
    mistaken = False


class _Joined(torch.autograd.Function):
    """Backward of a kernel, which may ask for a gradient of `output`."""

    @staticmethod
    def forward(ctx, asks, output, h, c):
        ctx.asks = asks
        ctx.set_materialize_grads(False)
        return output.clone(), h.clone(), c.clone()

    @staticmethod
    def backward(ctx, output, h, c):
        return (None, None, None, None) if ctx.asks and output is None else (None, output, h, c)


class OnlyOutputLSTM(torch.nn.LSTM):
    """No gradient unless `output` has a cotangent."""

    asks = True

    def forward(self, x, hx=None):
        output, (h, c) = super().forward(x, hx)
        output, h, c = _Joined.apply(self.asks, output, h, c)
        return output, (h, c)


class CorrectOnlyOutputLSTM(OnlyOutputLSTM):
    asks = False


class Subject(TorchLike):
    """torch, with another layer."""

    def __init__(self, name, layer):
        super().__init__(layer.__name__, "torch")
        self._layer = types.SimpleNamespace(**vars(torch))
        self._layer.nn = types.SimpleNamespace(**vars(torch.nn))
        setattr(self._layer.nn, name, layer)

    @property
    def namespace(self):
        return self._layer


WRONG = {
    "no-grad": (LINEAR, InferencePathLinear, CorrectInferencePathLinear),
    "frozen-inputs": (LINEAR, DetachedLinear, CorrectDetachedLinear),
    "twice": (LINEAR, ReusedBufferLinear, CorrectReusedBufferLinear),
    "only-one-output": (LSTM, OnlyOutputLSTM, CorrectOnlyOutputLSTM),
}


def verdicts(sample, subject, lanes=("float32",)):
    with quietly_on_one_thread():
        return judge_sample(prepare(CASES[sample.case], sample, lanes), subject)


@pytest.mark.parametrize("use", WRONG)
def test_a_subject_that_is_wrong_in_one_use_fails_there_only(use):
    sample, wrong, _ = WRONG[use]
    subject = Subject(sample.case.rpartition(".")[2], wrong)
    assert {v.status for v in verdicts(sample, subject)} == {Status.PASS}
    found = verdicts(sample.used(use), subject)
    assert Status.FAIL in {v.status for v in found}
    assert {(v.check, v.use) for v in found} == {("use", use)}


@pytest.mark.parametrize("use", WRONG)
def test_its_correct_twin_passes(use):
    sample, _, right = WRONG[use]
    subject = Subject(sample.case.rpartition(".")[2], right)
    assert {v.status for v in verdicts(sample.used(use), subject)} == {Status.PASS}


def test_a_use_has_the_tolerances_of_the_plain_call():
    with quietly_on_one_thread():
        plain = prepare(CASES["nn.Linear"], LINEAR, ("float32",))
        used = plain.used("twice", ("float32",))
    of_plain, of_use_ = plain.scales["float32"], used.scales["float32"]
    assert of_use_["first/grad.weight"].tensor == of_plain["grad.weight"].tensor > 0
    assert np.array_equal(of_use_["second/output"].element, of_plain["output"].element)


USE = Use("doubled", "", lambda _: {}, scale=2.0)
PLAIN = {"output": Scale(3.0, np.array([1.0, 2.0]))}


def test_a_use_may_scale_the_tolerance():
    found = of_use(USE, {"again/output": np.zeros(2)}, PLAIN)["again/output"]
    assert (found.tensor, found.element.tolist()) == (6.0, [2.0, 4.0])


def test_an_observable_of_a_use_only_is_exact():
    assert of_use(USE, {"after/input": np.zeros(3)}, PLAIN)["after/input"].exact


def test_an_observable_of_another_shape_is_an_error():
    with pytest.raises(ValueError, match=r"output has shape \(3,\), and output has \(2,\)"):
        of_use(USE, {"output": np.zeros(3)}, PLAIN)


class Undeclared:
    """An implementation that only knows plain calls."""

    name = "undeclared"

    def unsupported(self, _):
        return None

    def run(self, _):
        raise AssertionError("it must not be called in a use")


def test_a_subject_that_declares_no_uses_is_skipped_with_the_reason():
    (verdict,) = verdicts(LINEAR.used("no-grad"), Undeclared())
    assert (verdict.status, verdict.use) == (Status.SKIP, "no-grad")
    assert "`uses`" in verdict.reason


class Raising(TorchLike):
    """It cannot be called twice."""

    def run(self, task):
        if task.sample.use == "twice":
            raise RuntimeError("called twice")
        return super().run(task)


def by_hand(t, x):
    return {"output": t.nn.functional.linear(x["input"], x["weight"], x["bias"])}


def test_a_layer_that_cannot_be_used_in_a_way_is_skipped_with_the_reason(monkeypatch):
    def module_only(call):
        call.own()
        return {"output": torch.zeros(3, 5)}

    monkeypatch.setitem(USES, "of-modules", Use("of-modules", "", module_only))
    bare = TorchLike("bare", "torch", {"nn.Linear": by_hand})
    bare.uses = frozenset(USES)
    prepared = prepare(CASES["nn.Linear"], LINEAR, ("float32",))
    (verdict,) = judge_sample(prepared.used("of-modules", ("float32",)), bare)
    assert (verdict.status, verdict.reason) == (
        Status.SKIP,
        "a bare function has only the uses of a function",
    )


def test_a_subject_that_raises_in_a_use_is_an_error_of_that_use():
    (verdict,) = verdicts(LINEAR.used("twice"), Raising("raising", "torch"))
    assert (verdict.status, verdict.check, verdict.use) == (Status.ERROR, "use", "twice")


def gru(t, x):
    """A GRU of one layer, as a bare function that reads the sizes in its settings."""
    h = x["h0"].reshape(x.config["N"], x.config["H"])
    steps = []
    for step in x["input"]:
        r1, z1, n1 = (step @ x["weight_ih_l0"].T + x["bias_ih_l0"]).chunk(3, -1)
        r2, z2, n2 = (h @ x["weight_hh_l0"].T + x["bias_hh_l0"]).chunk(3, -1)
        z, n = (z1 + z2).sigmoid(), (n1 + (r1 + r2).sigmoid() * n2).tanh()
        h = n + z * (h - n)
        steps.append(h)
    return {"output": t.stack(steps), "h_n": h.unsqueeze(0)}


GRU = Sample.parse(LSTM.text.replace("nn.LSTM", "nn.GRU").replace(",projection=false", ""))


def test_a_correct_bare_function_passes_in_each_use_of_functions_and_skips_the_others():
    subject, case = TorchLike("bare", "torch", {"nn.GRU": gru}), CASES["nn.GRU"]
    statuses = {}
    with quietly_on_one_thread():
        plain = prepare(case, GRU, ("float32",))
        for use in USES.values():
            if use.why_unused(case, GRU.settings) is None:
                found = judge_sample(plain.used(use.name, ("float32",)), subject)
                statuses[use.name] = {verdict.status for verdict in found}
    assert set().union(*statuses.values()) == {Status.PASS, Status.SKIP}
    skipped = {name for name, found in statuses.items() if found == {Status.SKIP}}
    assert skipped & {*FUNCTION_USES} == {"other-size-between", "sharing", "flags"}
    assert skipped.isdisjoint({"no-grad", "frozen-inputs", "only-one-output", "twice"})


@pytest.mark.parametrize(("form", "applies"), [("largest", False), ("sum", True)])
def test_the_largest_of_equal_rows_is_not_asked_for(form, applies):
    """Noise decides between them in every repetition of a draw."""
    case = CASES["autograd.grad@second-reductions"]
    why = USES["expanded"].why_unused(case, {"N": 4, "F": 5, "form": form})
    assert (why is None) == applies
