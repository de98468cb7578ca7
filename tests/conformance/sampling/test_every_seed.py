"""What a default run of samples shows at every seed: the plain path, and every pair of flag values."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.sampling.sample import Sample
from conformance.sampling.space import BARE, HOLLOW, Space, draw, on_plain_path
from conformance.subjects import pytorch
from conformance.subjects.protocol import Task

PLAIN = {name: case for name, case in CASES.items() if case.space.plain}
# The others have fewer samples than their flags have pairs.
LAYERS = [name for name in sorted(PLAIN) if name.startswith(("models.", "nn.LSTM", "nn.GRU", "nn.RNN"))]
# These have all flags that the others have, and the most of them.
MOST = ("nn.LSTM", "nn.RNN")
LEAST = 12
MODES = ("reflect", "replicate", "circular")
NOT_PADDED = ({"padding": 0}, {"kernel": 1}, {"module": False})
UNTRACKED = [{"tracked": False, "training": False}, {"momentum": "none", "module": False}]
IMPOSSIBLE = {
    # Dropout is between layers. A relu of nothing is exactly 0, where it has no derivative.
    "nn.LSTM": [{"dropout": "all", "layers": 1}],
    "nn.GRU": [{"dropout": "all", "layers": 1}],
    "nn.RNN": [{"dropout": "all", "layers": 1}, {"dropout": "all", "nonlinearity": "relu"}],
    # Only the layer has modes of padding, and where nothing is padded, or little is there, they are one.
    "nn.Conv1d": [{"mode": mode, **other} for mode in MODES for other in NOT_PADDED],
    "nn.Conv2d": [{"mode": mode, **other} for mode in MODES for other in NOT_PADDED],
    # Evaluation needs statistics, and the function has no mean over all batches.
    "nn.BatchNorm1d": UNTRACKED,
    "nn.BatchNorm2d": UNTRACKED,
    # A single sequence that is too short would leave nothing to compare.
    "nn.functional.ctc_loss": [{"form": "one", "short": True}],
}


def _every_pair(space):
    flags = {name: dict.fromkeys(values) for name, values in space.flags.items()}
    pairs = {((a, x), (b, y)) for a, b in combinations(flags, 2) for x in flags[a] for y in flags[b]}
    impossible = space.impossible
    return {pair for pair in pairs if frozenset(pair) not in impossible}


def _shown(space, drawn):
    """Return the pairs of flag values in the samples of more than one element."""
    first = len(space.sizes)
    full = {sample.config[first:] for sample in drawn if sample.shape_class not in BARE}
    return {pair for flags in full for pair in combinations(flags, 2)}


def test_the_recurrent_cases_have_a_plain_path():
    assert set(LAYERS) >= {f"nn.{kind}{cell}" for kind in ("LSTM", "GRU", "RNN") for cell in ("", "Cell")}
    assert set(LAYERS) >= {"models.LSTM", "models.LSTMCell"}


@pytest.mark.parametrize("name", LAYERS)
def test_the_plain_path_and_every_pair_of_flags_are_drawn_at_any_seed(name):
    pairs = _every_pair(CASES[name].space)
    case = CASES[name]
    for seed in range(5000 if name in MOST else 500):
        drawn = draw(name, case.space, seed, case.default_samples)
        assert sum(on_plain_path(case.space, sample) for sample in drawn) >= LEAST, seed
        assert not pairs - _shown(case.space, drawn), seed


@pytest.mark.parametrize("name", sorted(set(PLAIN) - set(LAYERS)))
def test_a_case_of_few_samples_has_some_on_its_plain_path_at_any_seed(name):
    case = CASES[name]
    for seed in range(500):
        drawn = draw(name, case.space, seed, case.default_samples)
        assert sum(on_plain_path(case.space, sample) for sample in drawn) >= 6, seed


@pytest.mark.parametrize("name", sorted(set(PLAIN) & {"nn.LSTM", "nn.GRU", "nn.RNN"}))
def test_drawn_freely_the_plain_path_has_too_few_samples(name):
    case = CASES[name]
    free = replace(case.space, plain={})
    counts = [
        sum(on_plain_path(case.space, sample) for sample in draw(name, free, seed, case.default_samples))
        for seed in range(20)
    ]
    assert min(counts) < LEAST / 2


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_the_pairs_that_settling_makes_impossible_are_known(name):
    expected = {frozenset(pair.items()) for pair in IMPOSSIBLE.get(name, [])}
    assert CASES[name].space.impossible == expected


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.space.settle is dict])
def test_every_pair_of_flags_of_other_cases_is_drawn_where_the_samples_are_enough(name):
    case = CASES[name]
    pairs = _every_pair(case.space)
    for seed in range(20):
        drawn = draw(name, case.space, seed, case.default_samples)
        # Those on a plain path have its flags.
        full = sum(s.shape_class not in BARE and not on_plain_path(case.space, s) for s in drawn)
        if full >= len(case.space.covering(f"{name}|{seed}")):
            assert not pairs - _shown(case.space, drawn), seed


@pytest.mark.parametrize("name", CASES)
def test_every_seed_draws_the_same_number_of_each_class_and_regime(name):
    case = CASES[name]
    counts = [
        Counter(
            (sample.shape_class, sample.regime)
            for sample in draw(name, case.space, seed, case.default_samples)
        )
        for seed in (1, 2, 3)
    ]
    assert counts[0] == counts[1] == counts[2]


# The cases whose outputs have as many elements as the values decide, found by running all cases.
BY_VALUE = ("nonzero", "masked_select", "unique", "Tensor.__getitem__", "Tensor.__setitem__")


@pytest.mark.parametrize("name", BY_VALUE)
def test_no_values_leave_nothing_to_compare(name):
    case = CASES[name]
    reference = pytorch.make()
    for sample in draw(name, case.space, 1, case.default_samples):
        if sample.shape_class in HOLLOW | {"large"}:
            continue
        for value in (0.0, 1.0, -1.0):
            arrays = {key: np.full(spec.shape, value) for key, spec in case.inputs(sample.settings).items()}
            trace = reference.run(Task(case, sample, "float32", stored=arrays))
            assert any(array.size for array in trace.values()), (sample.text, value)


SPACE = Space(
    {"N": "batch", "L": "length"},
    flags={"layers": (1, 2), "form": ("a", "b", "c")},
    plain={"N": 2, "L": 2, "layers": 1, "form": ("a", "b")},
)


@pytest.mark.parametrize(
    ("differs", "plain"),
    [
        ({}, True),
        ({"form": "b"}, True),
        ({"form": "c"}, False),
        ({"layers": 2}, False),
        ({"L": 1}, False),
        ({"N": -1}, False),
        ({"L": 9}, True),
    ],
)
def test_a_sample_lies_on_the_plain_path_by_its_flags_and_least_sizes(differs, plain):
    config = {"N": 2, "L": 2, "layers": 1, "form": "a"} | differs
    sample = Sample("x", 1, 0, "small", "normal", tuple(config.items()))
    assert on_plain_path(SPACE, sample) == plain
    assert not on_plain_path(SPACE, replace(sample, shape_class="one"))
    assert not on_plain_path(replace(SPACE, plain={}), sample)
