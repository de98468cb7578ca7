"""`localise` finds the layer, direction, step and gate of subjects of which the place is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import conformance
from conformance.cases import CASES
from conformance.diagnosis import layers, refeeding
from conformance.diagnosis import steps as steps_module
from conformance.diagnosis.asking import MOST, Asker
from conformance.diagnosis.localise import localise
from conformance.errors import UsageError
from conformance.faults import FAULTS, faulty
from conformance.registry import find_implementation
from conformance.sampling.sample import Sample
from conformance.subjects import pytorch
from conformance.subjects.protocol import Task
from conformance.subjects.torchlike import TorchLike

_LAYER = "I=3,H=4,layers=1,bidirectional=false"
SETTINGS = {
    "nn.LSTM": f"N=2,L=5,{_LAYER},batch_first=false,bias=true,states=true,form=equal,dropout=none,"
    "projection=false",
    "nn.GRU": f"N=2,L=4,{_LAYER},batch_first=true,bias=true,states=false,form=equal,dropout=none",
    "nn.RNN": f"N=2,L=4,{_LAYER},batch_first=true,bias=true,states=true,form=equal,dropout=none,"
    "nonlinearity=tanh",
    "nn.LSTMCell": "N=3,I=4,H=3,bias=true,states=true",
    "nn.GRUCell": "N=3,I=4,H=3,bias=false,states=true",
    "models.LSTM": "N=2,L=4,I=3,H=4,O=2,init_states=true",
    "models.LSTMCell": "N=2,I=3,H=4,O=2",
    "tanh": "N=5,F=6,method=true",
}


def sample(case, regime="normal", **changes):
    text = f"{case}:seed=3,draw=0,class=small,regime={regime},{SETTINGS[case]}"
    drawn = Sample.parse(text)
    settings = tuple({**drawn.settings, **changes}.items())
    return Sample(case, 3, 0, "small", regime, settings)


def found(subject, case="nn.LSTM", **changes):
    return localise(case, sample(case, **changes), subject)


class Where:
    """The place in a run of `lstm`: `run` counts the steps in the order in which they run."""

    def __init__(self, layer, reverse, run, step):
        self.layer, self.reverse, self.run, self.step = layer, reverse, run, step


def lstm(bend=None, hand=None):
    """Return torch's LSTM written out.

    Args:
        bend: from the place and the gates of a step, before their functions, to wrong ones.
        hand: from the place and the state after a step to what the next step gets instead.
    """

    def program(_, x):
        config = x.config
        directions = 2 if config["bidirectional"] else 1
        given = x["input"].transpose(0, 1) if config["batch_first"] else x["input"]
        zeros = torch.zeros(given.shape[1], config["H"], dtype=given.dtype)
        finals = []
        for layer in range(config["layers"]):
            outs = []
            for reverse in (False, True)[:directions]:
                end = f"_l{layer}" + "_reverse" * reverse
                h, c = (x[n][len(finals)] if n in x else zeros for n in ("h0", "c0"))
                shown = [None] * len(given)
                order = range(len(given))
                for run, place in enumerate(reversed(order) if reverse else order):
                    z = given[place] @ x[f"weight_ih{end}"].T + h @ x[f"weight_hh{end}"].T
                    z = z + x[f"bias_ih{end}"] + x[f"bias_hh{end}"]
                    where = Where(layer, reverse, run, given[place])
                    z = bend(where, z) if bend else z
                    i, f, g, o = z.chunk(4, -1)
                    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                    h = o.sigmoid() * c.tanh()
                    shown[place] = h
                    last = h, c
                    h, c = hand(where, last) if hand else last
                outs.append(torch.stack(shown))
                finals.append(last)
            given = torch.cat(outs, -1)
        output = given.transpose(0, 1) if config["batch_first"] else given
        return {
            "output": output,
            "h_n": torch.stack([h for h, _ in finals]),
            "c_n": torch.stack([c for _, c in finals]),
        }

    return TorchLike("mine", "torch", programs={"nn.LSTM": program})


def gate_shifted(gate, holds):
    def bend(where, z):
        blocks = list(z.chunk(4, -1))
        if holds(where):
            k = "ifgo".index(gate)
            blocks[k] = blocks[k] * 0.9
        return torch.cat(blocks, -1)

    return bend


DEEP = {"layers": 2, "bidirectional": True}


@pytest.mark.parametrize("case", SETTINGS)
@pytest.mark.parametrize("name", ["torch", "mytorch"])
def test_of_a_right_subject_nothing_is_wrong(case, name):
    subject = pytorch.make() if name == "torch" else find_implementation(name)
    place = found(subject, case)
    assert (place.line, place.told, place.observable, place.introduced) == (None, "nothing wrong", None, None)
    assert place.calls == 2  # one in each lane


def test_the_subject_of_these_tests_is_right_where_it_is_not_bent():
    assert found(lstm(), **DEEP, batch_first=True).told == "nothing wrong"


def test_exchanged_gates_are_wrong_in_the_first_step_of_the_first_layer():
    place = found(faulty(FAULTS["gates-figo"]), **DEEP, batch_first=True)
    assert (place.layer, place.direction, place.step, place.gate) == (0, "forward", 0, "i and f")
    assert place.introduced
    assert place.line == (
        "layer 0 of 0–1, forward, step 0 of 0–4, gates i and f, in c_n (introduced there: its "
        "input and its state were the oracle's)"
    )
    assert not place.inherited


@pytest.mark.parametrize("gate", "ifgo")
@pytest.mark.parametrize("fault", ["bias-{}-dropped", "bias-{}-doubled", "gate-{}-negated", "gate-{}-rolled"])
def test_the_gate_of_a_layer_is_named(gate, fault):
    place = found(faulty(FAULTS[fault.format(gate)]), L=2)
    assert (place.layer, place.step, place.gate) == (0, 0, gate)


@pytest.mark.parametrize("gate", "ifgo")
def test_the_gate_whose_gradient_is_dropped_is_named(gate):
    def bend(where, z):
        del where
        return torch.cat(
            [b.detach() if k == gate else b for k, b in zip("ifgo", z.chunk(4, -1), strict=True)], -1
        )

    place = found(lstm(bend), **DEEP)
    assert (place.layer, place.direction, place.step, place.gate) == (0, "forward", 0, gate)
    assert place.observable == "grad.weight_ih_l0"
    assert place.told.startswith("the forward is right")


@pytest.mark.parametrize(
    ("fault", "gate"),
    [
        ("gru-no-reset", "r"),
        ("gru-update-complement", "z"),
        ("gru-update-ungated", "z"),
        ("gru-candidate-by-sigmoid", "n"),
        ("gru-no-path-through-z", "z"),
    ],
)
@pytest.mark.parametrize("case", ["nn.GRU", "nn.GRUCell"])
def test_the_gate_of_a_gru_is_named(fault, gate, case):
    assert found(faulty(FAULTS[fault]), case).gate == gate


def test_no_gate_is_named_where_the_state_is_made_wrongly_of_right_gates():
    place = found(faulty(FAULTS["plus-for-times-forget"]), L=2)
    assert (place.step, place.gate, place.introduced) == (0, None, True)
    assert "which gate cannot be told: wrong even where each gate is held constant" in place.notes


def test_every_gate_says_which_part_of_it():
    place = found(faulty(FAULTS["torch-bias_hh-dropped"]), L=2)
    assert place.gate == "every gate"
    assert place.notes[-1].endswith("right where bias_hh is 0")
    assert ", every gate, in c_n" in place.line


def test_a_mistake_that_begins_at_a_step_is_found_there():
    place = found(lstm(gate_shifted("g", lambda where: where.run >= 5)), L=8)
    assert (place.step, place.gate, place.introduced) == (5, "g", False)
    assert "step 5 alone is right, fed by the oracle" in place.told
    assert "wrong only as step 6" in place.told


def test_a_mistake_late_in_a_long_sequence_is_found_within_the_budget():
    backward = lstm(lambda where, z: z.detach() if where.run == 33 else z)
    for subject in (lstm(gate_shifted("o", lambda where: where.run == 33)), backward):
        place = found(subject, L=40)
        assert place.step == 33
        assert place.calls <= MOST


def test_a_mistake_only_in_the_upper_layer_is_found_there():
    place = found(lstm(gate_shifted("o", lambda where: where.layer == 1)), **DEEP)
    assert (place.layer, place.direction, place.step, place.gate) == (1, "both", 0, "o")
    assert place.introduced is False
    assert "each layer alone is right" in place.told
    assert place.observable in {"output", "h_n"}


@pytest.mark.parametrize("layer", [0, 1])
def test_a_mistake_only_in_the_reverse_direction_is_found_there(layer):
    wrong = gate_shifted("f", lambda where: where.reverse and where.layer == layer and where.run >= 2)
    place = found(lstm(wrong), **DEEP)
    # The third of five steps from the end.
    assert (place.layer, place.direction, place.step) == (layer, "reverse", 2)
    assert place.introduced is False


def test_a_gradient_that_is_wrong_only_in_the_reverse_direction_is_found_there():
    place = found(
        lstm(lambda where, z: z.detach() if where.reverse and where.run == 1 else z), bidirectional=True
    )
    assert (place.layer, place.direction, place.step) == (0, "reverse", 3)


def test_what_is_handed_on_wrongly_is_told_from_a_wrong_step():
    place = found(lstm(hand=lambda _, state: (state[0].roll(1, -1), state[1])))
    assert (place.step, place.introduced, place.gate) == (1, False, None)
    assert place.told == "each step alone is right, fed by the oracle: wrong in what step 0 hands to step 1"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("directions-swapped", "each direction alone is right: their features are joined in the other order"),
        ("reverse-not-reversed-back", "shown in the order in which it was computed"),
        ("reverse-not-reversed", "the reverse direction's order or place"),
        ("states-layers-reversed", "each final state is right, and they are in the order 3, 2, 1, 0"),
        ("directions-never-mixed", "each layer alone is right"),
        ("layer-reads-one-step-late", "layer 1 is wrong only among 2 layers"),
        ("state-of-next-layer", "wrong only where they are given"),
    ],
)
def test_parts_that_are_right_and_wrongly_joined(fault, told):
    place = found(faulty(FAULTS[fault]), **DEEP)
    assert told in place.told
    assert place.introduced is False
    assert place.gate is None


def test_what_is_wrong_only_in_a_form_says_so():
    assert (
        "only where sequences are packed"
        in found(faulty(FAULTS["padded-steps-leak"]), form="sorted", L=4).told
    )
    place = found(faulty(FAULTS["batch-first-ignored"]), batch_first=True, states=False)
    assert "wrong only with batch_first" in place.told


def test_a_packed_sequence_is_taken_apart_as_one_of_equal_lengths():
    place = found(faulty(FAULTS["bias-o-dropped"]), form="unsorted", **DEEP, batch_first=True)
    assert (place.layer, place.direction, place.step, place.gate) == (0, "forward", 0, "o")


# Of what follows a wrong step or layer, only what is wrong when fed by the oracle is blamed. The subjects are
# wrong by what they are fed, whether or not they are asked for a part.


def _largest():
    """Return a subject that is wrong in the step with the largest input, and that step."""
    drawn = sample("nn.LSTM")
    sizes = np.abs(Task(CASES["nn.LSTM"], drawn, "float64").inputs()["input"]).max((1, 2))
    limit = np.sort(sizes)[-2:].mean()
    return lstm(gate_shifted("g", lambda where: where.step.abs().max() > limit)), int(sizes.argmax())


def _narrow():
    """Return a subject that is wrong in layers of narrow input, as the lowest has."""
    return lstm(gate_shifted("g", lambda where: where.step.shape[-1] == 3))


def test_later_steps_that_inherit_are_not_blamed():
    subject, step = _largest()
    place = found(subject)
    assert 0 < step < 4
    assert (place.step, place.gate, place.introduced) == (step, "g", True)
    assert place.inherited == tuple(f"step {k}" for k in range(step + 1, 5))
    assert f"inherited by step {step + 1}" in str(place.line)
    assert not any("themselves" in note for note in place.notes)


def test_steps_fed_by_the_subjects_own_state_would_be_blamed(monkeypatch):
    monkeypatch.setattr(steps_module, "refed", lambda problem, _, stop: refeeding.steps(problem, 0, stop))
    place = found(_largest()[0])
    assert place.inherited == ()
    assert any("wrong by" in note for note in place.notes)


def test_upper_layers_that_inherit_are_not_blamed():
    place = found(_narrow(), **DEEP)
    assert (place.layer, place.direction, place.introduced) == (0, "forward", True)
    assert place.inherited == ("layer 1",)
    assert "reverse is wrong by itself too" in place.notes


def test_upper_layers_that_are_right_inherit_nothing():
    def around(t, x, correct):
        outputs = correct(t, x).outputs
        factors = t.tensor([1.5] + [1.0] * (len(outputs["c_n"]) - 1), dtype=outputs["c_n"].dtype)
        return {**outputs, "c_n": outputs["c_n"] * factors.reshape(-1, 1, 1)}

    place = found(TorchLike("mine", "torch", around={"nn.LSTM": around}), layers=2)
    assert (place.layer, place.observable, place.inherited) == (0, "c_n", ())
    assert not any("layer 1" in note for note in place.notes)


def test_a_mistake_only_in_one_direction_of_an_upper_layer_is_found_there():
    place = found(lstm(gate_shifted("o", lambda where: where.layer == 1 and not where.reverse)), **DEEP)
    assert (place.layer, place.direction, place.step, place.gate) == (1, "forward", 0, "o")


def test_layers_fed_by_the_subjects_own_output_would_be_blamed(monkeypatch):
    real = refeeding.one_layer

    def own(problem, layer, direction=None):
        return refeeding.first_layers(problem, layer + 1) if layer else real(problem, layer, direction)

    monkeypatch.setattr(layers, "one_layer", own)
    place = found(_narrow(), **DEEP)
    assert place.inherited == ()
    assert "layer 1 is wrong by itself too" in place.notes


def test_the_steps_of_a_model_and_its_head():
    place = found(faulty(FAULTS["bias-f-doubled"]), "models.LSTM")
    assert (place.layer, place.step, place.gate, place.observable) == (None, 0, "f", "c_states")
    for case in ("models.LSTM", "models.LSTMCell"):
        place = found(faulty(FAULTS["bias-head-dropped"]), case)
        assert "the states are right: wrong in the linear head" in place.told
        assert place.gate is None


def test_a_cell_has_a_gate_and_no_layer_or_step():
    place = found(faulty(FAULTS["no-output-gate"]), "nn.LSTMCell")
    assert (place.layer, place.direction, place.step, place.gate, place.observable) == (
        None,
        None,
        None,
        "o",
        "h",
    )


def test_without_gates_there_is_none():
    place = found(faulty(FAULTS["rnn-linear"]), "nn.RNN")
    assert (place.layer, place.step, place.gate, place.introduced) == (0, 0, None, True)


class Limited:
    """A wrong subject that cannot run some tasks."""

    name = "limited"

    def __init__(self, why, *, raises=False):
        self._why, self._raises = why, raises

    def unsupported(self, task):
        return None if self._raises else self._why(task.config)

    def run(self, task):
        if why := self._why(task.config):
            raise ValueError(why)
        return faulty(FAULTS["bias-o-dropped"]).run(task)


@pytest.mark.parametrize("raises", [False, True])
def test_what_a_subject_cannot_run_is_said(raises):
    told = "it fails: ValueError: no single step" if raises else "no single step"
    place = found(Limited(lambda config: "no single step" if config["L"] == 1 else None, raises=raises))
    assert (place.step, place.introduced) == (0, None)
    assert any(told in note for note in place.notes)
    place = found(Limited(lambda config: "no single layer" if config["layers"] == 1 else None), layers=2)
    assert any("no single layer" in note for note in place.notes)
    # The final states tell of the layer, and nothing shows that its input was right.
    assert (place.layer, place.introduced) == (0, None)


def test_a_subject_that_answers_nothing_is_not_located():
    place = found(Limited(lambda config: "nothing at all"))  # noqa: ARG005
    assert (place.line, place.told) == (None, "cannot be told: nothing at all")
    subject = Limited(lambda config: "broken", raises=True)  # noqa: ARG005
    subject.printed = "what it printed is not why"
    place = found(subject)
    assert (place.line, place.told) == (None, "cannot be told: it fails: ValueError: broken")


def test_a_subject_that_declares_one_layer_and_no_gradients():
    def f(case, config, arrays):
        del case
        x = {name: torch.from_numpy(array) for name, array in arrays.items()}
        cell = torch.nn.LSTM(config["I"], config["H"], dtype=x["input"].dtype)
        kept = {n: v.clone() for n, v in x.items() if n.startswith(("weight", "bias"))}
        kept["bias_ih_l0"][:4] = 0.0
        with torch.no_grad():
            cell.load_state_dict(kept)
            output, (h, c) = cell(x["input"], (x["h0"], x["c0"]))
        return {"output": output.numpy(), "h_n": h.numpy(), "c_n": c.numpy()}

    limits = conformance.Supports(
        cases=["nn.LSTM"], backward=False, layers=1, bidirectional=False, dtypes=["float32"]
    )
    place = found(conformance.Functional("mine", f, limits))
    assert (place.lane, place.layer, place.step, place.gate, place.introduced) == ("float32", 0, 0, "i", True)


def test_the_lane_is_the_first_that_fails():
    def bend(where, z):
        return z * (1 + 1e-4) if where.step.dtype == torch.float32 else z

    assert found(lstm(bend)).lane == "float32"
    drawn = sample("nn.LSTM")
    assert localise("nn.LSTM", drawn, lstm(bend), lane="float64").told == "nothing wrong"


def test_of_a_use_the_plain_call_is_looked_at():
    place = localise("nn.LSTM", sample("nn.LSTM").used("twice"), lstm())
    assert place.told == "the plain call is right, and only the use twice wrong"


def _tanh(change):
    def f(case, config, arrays):
        del case, config
        y = np.tanh(arrays["input"])
        return {"output": change(y, arrays["input"])}

    return conformance.Functional("mine", f, conformance.Supports(cases=["tanh"]))


def _set(index):
    def change(y, x):
        del x
        y[index] += 1.0
        return y

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_set(...), "every element"),
        (_set((4, 5)), "the last element only"),
        (_set((1, 2)), "one element"),
        (_set(1), "every element of row 1"),
        (_set((slice(None), -1)), "every element of the last column"),
        (_set((slice(None), [0, 3])), "every element of 2 of 6 columns"),
        (_set((2, [0, 3])), "2 of 30 elements, all in row 2"),
        (lambda y, x: np.where(x < 0, 0.5, y), "only where input is negative"),
        (lambda y, x: y[:2], "shape: expected (5, 6), got (2, 6)"),  # noqa: ARG005
    ],
)
def test_of_other_cases_the_pattern_is_told(change, told):
    place = found(_tanh(change), "tanh")
    assert told in place.told
    assert place.line.startswith("output (")
    assert (place.layer, place.step, place.introduced) == (None, None, None)


def test_a_process_of_its_own_is_asked_like_any_other(tmp_path):
    from conformance.running.subject import find_subject, opened

    path = tmp_path / "mine.py"
    path.write_text(
        "from conformance.faults import FAULTS, faulty\n"
        "subject = faulty(FAULTS['bias-o-dropped'], 'torch')\n",
        encoding="utf-8",
    )
    subject = opened(find_subject(f"{path}:subject", in_process=False, time_limit=60.0))
    place = found(subject, layers=2)
    assert (place.layer, place.step, place.gate, place.introduced) == (0, 0, "o", True)


def test_a_search_that_is_too_long_ends():
    asker = Asker(pytorch.make(), most=1)
    drawn = sample("nn.LSTM")
    arrays = Task(CASES["nn.LSTM"], drawn, "float64").inputs()
    problem = refeeding.Problem(CASES["nn.LSTM"], drawn, "float64", arrays)
    assert asker.ask(problem).why == ""
    assert asker.ask(problem).why == "the search ended after 1 tasks"


@pytest.mark.parametrize(
    ("case", "text", "lane", "message"),
    [
        ("nn.LSTMs", None, None, "unknown case"),
        ("nn.GRU", None, None, "expected one of nn.GRU"),
        ("nn.LSTM", None, "float128", "lane: expected one of float64"),
        ("nn.LSTM", "nonsense", None, "sample"),
        (
            "tanh",
            "tanh:seed=1,draw=0,class=small,regime=normal,N=5",
            None,
            "expected the settings F, N, method",
        ),
    ],
)
def test_wrong_arguments_are_named(case, text, lane, message):
    with pytest.raises(UsageError, match=message):
        localise(case, text or sample("nn.LSTM"), lstm(), lane)
