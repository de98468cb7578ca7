"""`first_divergence` names the module that is wrong, and none of a correct model."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import conformance
import mytorch
from conformance.diagnosis import comparison
from conformance.diagnosis.recording import record

WORDS, SIZE, HIDDEN = 7, 4, 4
TOKENS = torch.tensor([[1, 4, 6, 2, 2], [3, 0, 1, 5, 6]])
ORDER = torch.cat([torch.arange(k * HIDDEN, (k + 1) * HIDDEN) for k in (1, 0, 2, 3)])


class Tagger(nn.Module):
    """The model of these tests; `between` is what it does outside its submodules."""

    def __init__(self, between=nn.functional.gelu):
        super().__init__()
        self.embed = nn.Embedding(WORDS, SIZE)
        self.lstm = nn.LSTM(SIZE, HIDDEN, batch_first=True)
        self.norm = nn.LayerNorm(HIDDEN)
        self.head = nn.Linear(HIDDEN, HIDDEN)
        self.between = between

    def forward(self, tokens):
        h, _ = self.lstm(self.embed(tokens))
        return self.head(self.between(self.norm(h)))


class MyTagger(mytorch.nn.Module):
    def __init__(self, eps=1e-5):
        super().__init__()
        self.embed = mytorch.nn.Embedding(WORDS, SIZE)
        self.lstm = mytorch.nn.LSTM(SIZE, HIDDEN, batch_first=True)
        self.norm = mytorch.nn.LayerNorm(HIDDEN, eps=eps)
        self.head = mytorch.nn.Linear(HIDDEN, HIDDEN)

    def forward(self, tokens):
        h, _ = self.lstm(self.embed(tokens))
        return self.head(mytorch.nn.functional.gelu(self.norm(h)))


class OwnLSTM(nn.Module):
    """An LSTM in plain operations; `swapped` takes the forget gate for the input gate."""

    def __init__(self, of, *, swapped=False, dtype=torch.float32):
        super().__init__()
        for name, value in of.named_parameters():
            self.register_parameter(name, nn.Parameter(value.detach().clone()))
        self.swapped, self.dtype = swapped, dtype

    def forward(self, x):
        w, u, b, c = (each.to(self.dtype) for each in self.parameters())
        x, outputs = x.to(self.dtype), []
        h = s = x.new_zeros(len(x), HIDDEN)
        for step in x.unbind(1):
            i, f, g, o = (step @ w.T + h @ u.T + b + c).chunk(4, 1)
            i, f = (f, i) if self.swapped else (i, f)
            s = f.sigmoid() * s + i.sigmoid() * g.tanh()
            h = o.sigmoid() * s.tanh()
            outputs.append(h)
        last = (h.float()[None], s.float()[None])
        return torch.stack(outputs, 1).float(), last


@pytest.fixture
def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = Tagger()
        for value in made.parameters():
            nn.init.normal_(value)
    return made


def put(model, name, module):
    """Return the model with another module at one place."""
    other = copy.deepcopy(model)
    setattr(other, name, module)
    return other


def missing_bias(model):
    module = copy.deepcopy(model.head)
    module.forward = lambda x: nn.functional.linear(x, module.weight)
    return put(model, "head", module)


def transposed(model):
    module = copy.deepcopy(model.head)
    module.forward = lambda x: nn.functional.linear(x, module.weight.T, module.bias)
    return put(model, "head", module)


def another_eps(model):
    norm = nn.LayerNorm(HIDDEN, eps=1e-3)
    norm.load_state_dict(model.norm.state_dict())
    return put(model, "norm", norm)


FAULTS = {
    "swapped gates": ("lstm", lambda model: put(model, "lstm", OwnLSTM(model.lstm, swapped=True))),
    "float16 inside": ("lstm", lambda model: put(model, "lstm", OwnLSTM(model.lstm, dtype=torch.float16))),
    "eps of 1e-3": ("norm", another_eps),
    "missing bias": ("head", missing_bias),
    "transposed": ("head", transposed),
}


@pytest.mark.parametrize(("name", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_by_its_module(model, name, fault):
    found = conformance.first_divergence(model, fault(model), TOKENS)
    assert (found.name, found.candidate, found.call) == (name, name, 1)
    assert found.output == ("output[0]" if name == "lstm" else "output")
    assert found.inputs_agree is True
    assert found.unmatched == ()
    assert len(found.worst) == 3
    assert 0 <= found.worst[0].headroom <= found.worst[-1].headroom < 1
    assert str(found).startswith(f"{name}, call 1: introduced here; its inputs agree\n{found.output}: ")


def test_a_correct_rewriting_diverges_nowhere(model):
    assert conformance.first_divergence(model, model, TOKENS) is None
    own = put(model, "lstm", OwnLSTM(model.lstm))
    assert conformance.first_divergence(model, own, TOKENS) is None
    assert conformance.first_divergence(copy.deepcopy(model).double(), own, TOKENS) is None


class Factors(nn.Module):
    """Returns vectors whose signs are free."""

    def forward(self, x):
        return torch.linalg.svd(x, full_matrices=False)


class OtherSigns(Factors):
    def forward(self, x):
        u, s, vh = super().forward(x)
        return -u, s, -vh


class SignOfOneSide(Factors):
    def forward(self, x):
        u, s, vh = super().forward(x)
        return -u, s, vh


def test_signs_of_vectors_are_no_fault():
    model, x = nn.Sequential(Factors()), torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert conformance.first_divergence(model, nn.Sequential(OtherSigns()), x) is None
    found = conformance.first_divergence(model, nn.Sequential(SignOfOneSide()), x)
    assert (found.name, found.output) == ("0", "output[0].residual")
    assert len(found.worst) == 3


def test_two_faults_are_named_in_order(model):
    both = put(another_eps(model), "head", missing_bias(model).head)
    assert conformance.first_divergence(model, both, TOKENS).name == "norm"
    both.norm = copy.deepcopy(model.norm)
    assert conformance.first_divergence(model, both, TOKENS).name == "head"


def test_a_fault_between_modules_is_the_whole_models_and_says_before_which(model):
    other = put(model, "between", nn.functional.relu)
    found = conformance.first_divergence(model, other, TOKENS)
    assert (found.name, found.first_inputs, found.inputs_agree) == ("", "head, call 1,", True)
    assert "head, call 1, is the first that is given other inputs" in str(found)


def test_inputs_that_differ_already_are_said(model):
    found = conformance.first_divergence(
        model, put(missing_bias(model), "between", nn.functional.relu), TOKENS
    )
    assert (found.name, found.inputs_agree) == ("head", False)
    assert "on inputs that differ already" in found.origin


def test_a_parameter_differs_before_anything_ran(model):
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.lstm.weight_hh_l0.copy_(other.lstm.weight_hh_l0[ORDER])
    found = conformance.first_divergence(model, other, TOKENS)
    assert (found.name, found.call, found.output) == ("lstm", 0, "weight_hh_l0")
    assert "lstm: differs before anything ran\nweight_hh_l0: 32 of 64 elements" in str(found)
    found = conformance.first_divergence(model, other, TOKENS, parameters=False)
    assert (found.name, found.call) == ("lstm", 1)


def test_a_module_of_half_precision_is_named_by_its_parameters(model):
    found = conformance.first_divergence(model, put(model, "head", copy.deepcopy(model.head).half()), TOKENS)
    assert (found.name, found.output) == ("head", "weight")
    assert "elements are not those of the reference, and are stored in float16" in found.told


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_a_whole_model_in_another_dtype_is_judged_in_it(model, dtype):
    assert conformance.first_divergence(model, copy.deepcopy(model).to(dtype), TOKENS) is None


def test_a_buffer_differs_before_anything_ran():
    model = nn.Sequential(nn.BatchNorm1d(3)).eval()
    other = copy.deepcopy(model)
    other[0].running_mean += 1
    assert conformance.first_divergence(model, other, torch.ones(2, 3)).output == "running_mean"


def test_mytorch_is_compared_too(model):
    for eps, name in ((1e-5, None), (1e-3, "norm")):
        mine = MyTagger(eps)
        mine.load_state_dict({key: mytorch.tensor(v.numpy()) for key, v in model.state_dict().items()})
        found = conformance.first_divergence(model, mine, TOKENS)
        assert (found and found.name) == name


def test_names_are_mapped_also_below_and_the_unmatched_told():
    reference = Called({"encoder": nn.Sequential(nn.Linear(4, 4), nn.Tanh()), "out": nn.Linear(4, 2)})
    other = Called({"enc": nn.Sequential(nn.Linear(4, 4), nn.Sigmoid()), "last": nn.Linear(4, 2)})
    other.inner["enc"].load_state_dict(reference.inner["encoder"].state_dict())
    x = torch.linspace(-1, 1, 8).reshape(2, 4)
    found = conformance.first_divergence(reference, other, x, names={"inner.encoder": "inner.enc"})
    assert (found.name, found.candidate) == ("inner.encoder.1", "inner.enc.1")
    assert found.unmatched == ("inner.out",)
    assert str(found).endswith("\nnot compared: inner.out")
    twice = {"inner.out": "inner.enc", "inner.encoder": "inner.enc"}
    with pytest.raises(conformance.UsageError, match=r"names: expected each module of the candidate once"):
        conformance.first_divergence(reference, other, x, names=twice)


def test_packed_sequences_are_torchs_on_both_sides():
    def model(t):
        class Packed(t.nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = t.nn.LSTM(4, 2)

            def forward(self, x):
                return self.lstm(t.nn.utils.rnn.pack_padded_sequence(x, [5, 3], batch_first=True))[1]

        return Packed()

    reference, mine = model(torch), model(mytorch)
    mine.load_state_dict({key: mytorch.tensor(v.numpy()) for key, v in reference.state_dict().items()})
    assert conformance.first_divergence(reference, mine, X) is None
    mine.lstm.register_forward_hook(lambda _module, _args, out: (out[0], (out[1][0] + 1, out[1][1])))
    found = conformance.first_divergence(reference, mine, X)
    assert (found.name, found.output) == ("lstm", "output[1][0]")


class Called(nn.Module):
    """A dict of modules with its forward, which a copy keeps."""

    def __init__(self, inner):
        super().__init__()
        self.inner = nn.ModuleDict(inner)
        self.order = [*inner]

    def forward(self, x):
        for name in self.order:
            x = self.inner[name](x)
        return x


def test_each_call_of_a_module_is_compared_and_inputs_are_kept_as_they_were():
    class Twice(nn.Module):
        def __init__(self, wrong=0):
            super().__init__()
            self.layer, self.relu, self.calls, self.wrong = nn.Linear(3, 3), nn.ReLU(inplace=True), 0, wrong
            self.layer.register_forward_hook(self._hook)

        def _hook(self, _module, _inputs, output):
            self.calls += 1
            return output + 1 if self.calls == self.wrong else None

        def forward(self, x):
            return self.layer(self.relu(self.layer(x)))

    model, other = Twice(), Twice(wrong=2)
    other.load_state_dict(model.state_dict())
    x = torch.linspace(-1, 1, 6).reshape(2, 3)
    found = conformance.first_divergence(model, other, x)
    assert (found.name, found.call) == ("layer", 2)
    # Had relu's inputs been noted after it ran, they would have no negative number.
    calls = record({"relu": model.relu}, lambda: model(x))
    assert calls[0].inputs["input[0][0]"].min() < 0


def test_shapes_and_missing_outputs_are_divergences(model):
    class Bare(OwnLSTM):
        def forward(self, x):
            return super().forward(x)[0]

    found = conformance.first_divergence(nn.Sequential(model.lstm), nn.Sequential(Bare(model.lstm)), X)
    assert found.told == "output[0]: missing; the candidate's module returns output"
    found = conformance.first_divergence(nn.Linear(4, 2), nn.Linear(4, 3), X)
    assert (found.name, found.worst) == ("", ())
    assert "expected the shape (2, 5, 2), got (2, 5, 3)" in str(found)


X = torch.linspace(-1, 1, 40).reshape(2, 5, 4)
BAD = {
    "reference": (lambda: (len, nn.Linear(4, 2), X), r"reference: expected a torch.nn.Module, got builtin"),
    "candidate": (lambda: (nn.Linear(4, 2), len, X), r"candidate: expected a module with named_modules"),
    "no inputs": (lambda: (nn.Linear(4, 2), nn.Linear(4, 2), ()), r"inputs: expected the arguments"),
    "none matched": (
        lambda: (Called({"a": nn.Linear(4, 2)}), nn.Sequential(nn.Linear(4, 2)), X),
        r"names: no submodule has the same name in both; the reference has inner, inner.a, the candidate 0",
    ),
    "dropout": (
        lambda: (nn.Sequential(nn.Dropout()), nn.Sequential(nn.Dropout()), X),
        r"reference: it draws at random, so that no two runs agree; call eval\(\) on both models",
    ),
    "training": (
        lambda: (nn.Sequential(nn.Dropout()).eval(), nn.Sequential(nn.Dropout()), X),
        r"candidate: the model is in training mode; call eval\(\)",
    ),
    "raises": (
        lambda: (
            nn.Sequential(nn.Linear(4, 2, bias=False)),
            nn.Sequential(nn.Linear(3, 2, bias=False)),
            X,
        ),
        r"candidate: 0 raised RuntimeError: mat1",
    ),
}


@pytest.mark.parametrize(("made", "message"), BAD.values(), ids=BAD)
def test_a_bad_call_is_an_error(made, message):
    with pytest.raises(conformance.UsageError, match=message):
        conformance.first_divergence(*made())


@pytest.mark.parametrize("names", [{"other": "norm"}, {"norm": "other"}])
def test_unknown_names_are_errors(model, names):
    with pytest.raises(conformance.UsageError, match=r"unknown module of the \w+ 'other'"):
        conformance.first_divergence(model, model, TOKENS, names=names)


def test_the_reference_on_its_own_inputs_would_blame_who_inherits(model, monkeypatch):
    """What each module is judged on is what tells the first from the others."""
    other = put(model, "between", nn.functional.relu)
    theirs = {call.name: call for call in record(dict(model.named_modules()), lambda: model(TOKENS))}
    judged = comparison._outputs

    def on_the_references_inputs(call, *rest):
        of = theirs[call.name]
        return judged(comparison.Called(call.name, call.number, of.args, of.kwargs, call.output), *rest)

    monkeypatch.setattr(comparison, "_outputs", on_the_references_inputs)
    assert conformance.first_divergence(model, other, TOKENS).name == "head"


def test_a_result_in_another_dtype_is_judged_in_the_models(model):
    other = copy.deepcopy(model)
    other.head.register_forward_hook(lambda _module, _args, output: output.half())
    assert conformance.first_divergence(model, other, TOKENS).name == "head"


class NearTie(nn.Module):
    def forward(self, x):
        total = x.exp().sum()
        return total > total * (1 + 1e-9)


class Narrow(nn.Module):
    def forward(self, x):
        return x.float()


@pytest.mark.parametrize(
    ("module", "error", "message"),
    [
        (NearTie(), conformance.DegenerateError, r"0, call 1: on these inputs rounding decides which branch"),
        (Narrow(), conformance.NoiseError, r"0, call 1: output: fn was given float64 and returned float32"),
    ],
    ids=["near tie", "another dtype"],
)
def test_what_cannot_be_judged_is_an_error_that_names_the_module(module, error, message):
    with pytest.raises(error, match=message):
        conformance.first_divergence(nn.Sequential(module), nn.Sequential(module), X)


def test_a_divergence_is_found_where_the_model_as_a_whole_cannot_be_measured(model):
    def by_number(x):
        return x * x.sum().item()

    found = conformance.first_divergence(
        put(model, "between", by_number), put(missing_bias(model), "between", by_number), TOKENS
    )
    assert (found.name, found.inputs_agree, found.origin) == ("head", None, "introduced here")
