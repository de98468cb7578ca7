"""Patterns of names say prefix, layer, direction and name, and are filled in."""

from __future__ import annotations

import pytest

from conformance.errors import UsageError
from conformance.subjects.layouts import FRAMEWORKS
from conformance.subjects.name_patterns import NamePattern, Place

TORCH = "{prefix}{name}_l{layer}{direction:|_reverse}"
NAMES = ["kernel", "recurrent_kernel", "bias", "bias_n", "B", "weight_ih"]

MATCHED = [
    (TORCH, "weight_ih_l0", Place("", 0, 0, "weight_ih")),
    (TORCH, "a.b.weight_ih_l12_reverse", Place("a.b.", 12, 1, "weight_ih")),
    (TORCH, "myweight_ih_l0", None),
    (TORCH, "weight_ih_l", None),
    (TORCH, "weight_ih_l0_forward", None),
    ("{prefix}{name}", "bias_n", Place("", 0, 0, "bias_n")),
    ("{prefix}{name}", "lstm/lstm_cell/recurrent_kernel", Place("lstm/lstm_cell/", 0, 0, "recurrent_kernel")),
    ("{prefix}{name}", "NUMB", None),
    ("seq/{layer:lstm|lstm_1}/cell/{name}", "seq/lstm_1/cell/bias", Place("", 1, 0, "bias")),
    ("seq/{layer:lstm|lstm_1}/cell/{name}", "seq/lstm_2/cell/bias", None),
    ("{direction:forward|backward}_lstm/{name}", "backward_lstm/kernel", Place("", 0, 1, "kernel")),
    ("a.b{name}", "axbkernel", None),
    ("{prefix}_{layer}.{name}", "enc_3.kernel", Place("enc", 3, 0, "kernel")),
]


@pytest.mark.parametrize(("text", "name", "place"), MATCHED)
def test_a_name_says_what_it_is(text, name, place):
    pattern = NamePattern(text)
    assert pattern.match(name, NAMES) == place
    if place is not None:
        assert pattern.filled(place) == name


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_every_name_that_is_written_is_read(framework):
    pattern = NamePattern(framework.patterns[0])
    for layout in framework.layouts:
        for entry in layout.entries:
            for direction in (0,) if layout.stacked else (0, 1):
                place = Place("x.", 3, direction, entry.target)
                assert pattern.match(pattern.filled(place), [e.target for e in layout.entries]) == place


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{prefix}", "expected the field {name}"),
        ("{name}{name}", "a field stands there twice"),
        ("{name}{gate}", "expected the fields {prefix}, {name}, {layer}"),
        ("{name}{", "expected the fields"),
        ("{name}{direction}", "expected two words"),
        ("{name}{direction:forward}", "expected two words"),
    ],
)
def test_what_is_not_a_pattern(text, told):
    with pytest.raises(UsageError, match=told):
        NamePattern(text)


def test_a_layer_without_a_word_is_refused():
    with pytest.raises(UsageError, match="there is no word for layer 2"):
        NamePattern("{layer:a|b}{name}").filled(Place("", 2, 0, "kernel"))
