"""The seeded sweep and the Hypothesis strategy draw from the same space."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from conformance.cases import CASES
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.sampling import space as space_module
from conformance.sampling.space import BARE, CLASSES, REGIMES, Space, draw, draw_sized, strategy
from conformance.subjects import pytorch

SPACE = Space(
    sizes={"N": "batch", "L": "length", "F": "feature"},
    classes=("small", "empty", "long"),
    regimes=("normal", "integer"),
    flags={"bias": (True, False), "lr": (0.5, 0.25)},
)


def _allowed(case, sample):
    choices = case.space.choices(sample.shape_class)
    assert list(sample.settings) == list(choices), sample.text
    assert sample.shape_class in case.space.classes, sample.text
    assert sample.regime in case.space.regimes, sample.text
    for name, value in sample.settings.items():
        assert value in choices[name] or (
            sample.shape_class == "large" and value == case.space.larges.get(name)
        ), (sample.text, name)


def test_the_same_arguments_draw_the_same_samples():
    assert draw("x", SPACE, 7, 20) == draw("x", SPACE, 7, 20)


def test_a_longer_sweep_begins_with_the_shorter():
    assert draw("x", SPACE, 7, 20)[:5] == draw("x", SPACE, 7, 5)


def test_no_count_draws_nothing():
    assert draw("x", SPACE, 7, 0) == []


@pytest.mark.parametrize("other", [draw("x", SPACE, 8, 20), draw("y", SPACE, 7, 20)], ids=["seed", "case"])
def test_another_seed_or_case_draws_other_configurations(other):
    assert [sample.config for sample in other] != [sample.config for sample in draw("x", SPACE, 7, 20)]


def test_the_draws_are_the_ones_that_old_reports_were_made_from():
    assert [sample.text.partition("regime=")[2] for sample in draw("x", SPACE, 7, 4)] == [
        "normal,N=2,L=2,F=2,bias=false,lr=0.25",
        "normal,N=0,L=4,F=2,bias=true,lr=0.5",
        "normal,N=3,L=80,F=4,bias=true,lr=0.5",
        "integer,N=3,L=4,F=5,bias=false,lr=0.5",
    ]


# What holds for every case is a loop over them, which names the case that it fails at, not a test of each.


def test_no_flag_is_drawn_of_one_element_or_none_only():
    for case in CASES.values():
        drawn = draw(case.name, case.space, 1, case.default_samples)
        full = [sample.settings for sample in drawn if sample.shape_class not in BARE]
        for name, values in case.space.flags.items():
            assert {settings[name] for settings in full} == set(values), (case.name, name)


def test_a_round_of_draws_shows_every_class_in_every_regime_once():
    for case in CASES.values():
        drawn = draw(case.name, case.space, 1, case.space.combinations)
        pairs = Counter(
            (sample.shape_class, sample.regime) for sample in drawn if sample.shape_class != "large"
        )
        every = {(c, r) for c in case.space.classes for r in case.space.regimes if c != "large"}
        assert pairs == dict.fromkeys(every - set(case.space.without), 1), case.name
        assert pairs, case.name
        assert {c for c, _ in case.space.without} <= set(CLASSES), case.name
        assert {r for _, r in case.space.without} <= set(REGIMES), case.name


def test_one_size_at_a_time_is_large_in_the_first_regime():
    for case in CASES.values():
        drawn = draw(case.name, case.space, 1, 4 * case.space.combinations)
        large = [sample for sample in drawn if sample.shape_class == "large"]
        assert bool(large) == ("large" in case.space.classes and bool(case.space.sizes)), case.name
        for sample in large:
            assert sample.regime in {"normal", case.space.regimes[0]}, sample.text
            big = [name for name, size in case.space.larges.items() if sample.settings[name] == size]
            assert len(big) == 1, sample.text
            others = [
                size for name, size in sample.settings.items() if name in case.space.sizes and name not in big
            ]
            assert max(others, default=0) <= 5, sample.text


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("sizes", [None, {"N": 20, "F": 5000}], ids=["by kind", "declared"])
def test_every_size_takes_its_turn_to_be_large(sizes, seed):
    space = replace(SPACE, classes=("small", "large"), large=sizes)
    wanted = sizes or {"N": 300, "L": 140, "F": 130}
    rounds = 1 if sizes else len(wanted)
    assert space.combinations == (4 if sizes else 3)
    drawn = [s for s in draw("x", space, seed, rounds * space.combinations) if s.shape_class == "large"]
    big = [(name, size) for s in drawn for name, size in s.settings.items() if size == wanted.get(name)]
    assert sorted(big) == sorted(wanted.items())


def test_a_pair_that_is_left_out_is_neither_drawn_nor_found():
    space = Space(
        {"N": "batch"}, ("small", "long"), ("normal", "nonfinite"), without=(("long", "nonfinite"),)
    )
    wanted = [("small", "normal"), ("long", "normal"), ("small", "nonfinite")]
    assert space.pairs == wanted
    assert [(s.shape_class, s.regime) for s in draw("x", space, 1, 6)] == 2 * wanted

    @given(strategy("x", space, regime="nonfinite"))
    def found(sample):
        assert (sample.shape_class, sample.regime) == ("small", "nonfinite")

    found()


def test_the_default_size_holds_a_whole_round():
    fewer = [case.name for case in CASES.values() if case.default_samples < case.space.combinations]
    assert fewer == []


def test_draws_lie_in_the_space():
    for case in CASES.values():
        for sample in draw(case.name, case.space, 1, 2 * case.default_samples):
            _allowed(case, sample)


@pytest.mark.parametrize("seed", range(5))
def test_the_default_size_shows_every_value_of_every_flag(seed):
    for case in CASES.values():
        drawn = draw(case.name, case.space, seed, case.default_samples)
        shown = {name: {sample.settings[name] for sample in drawn} for name in case.space.flags}
        assert shown == {name: set(values) for name, values in case.space.flags.items()}, case.name


def _one_layer(config):
    return {"layers": 1} if config["L"] > 16 else {}


SETTLING = Space(
    {"L": "length"}, ("small", "long"), ("normal",), {"layers": (1, 2), "bias": (True,)}, settle=_one_layer
)


def test_what_is_drawn_is_settled_in_the_order_of_the_space():
    drawn = draw("x", SETTLING, 1, 20)
    free = draw("x", replace(SETTLING, settle=dict), 1, 20)
    changed = [before.text != after.text for before, after in zip(free, drawn, strict=True)]
    assert any(changed)
    assert not all(changed)
    for before, after in zip(free, drawn, strict=True):
        assert after.config == tuple({**before.settings, **_one_layer(before.settings)}.items())


def test_samples_of_given_sizes_are_settled():
    drawn = draw_sized("x", SETTLING, 1, 6, {"length": 80}, "normal")
    assert {sample.settings["layers"] for sample in drawn} == {1}
    assert {s.settings["layers"] for s in draw_sized("x", SETTLING, 1, 6, {"length": 8}, "normal")} == {1, 2}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategy("x", SETTLING))
def test_the_strategy_settles(sample):
    assert sample.config == tuple(SETTLING.settled(sample.settings).items())


def test_what_is_settled_stays():
    for case in CASES.values():
        for sample in draw(case.name, case.space, 1, case.default_samples):
            assert case.space.settled(sample.settings) == sample.settings, sample.text


def test_flags_are_not_tied_to_classes():
    flags = {"form": ("a", "b", "c")}
    drawn = draw("x", Space({"N": "batch"}, ("small", "one", "empty"), ("normal",), flags), 1, 60)
    assert len({(sample.shape_class, sample.settings["form"]) for sample in drawn}) == 9


def test_classes_and_regimes_are_known():
    for case in CASES.values():
        assert set(case.space.classes) <= set(CLASSES), case.name
        assert set(case.space.regimes) <= set(REGIMES), case.name


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_the_strategy_stays_in_the_space(data):
    case = data.draw(st.sampled_from(list(CASES.values())))
    _allowed(case, data.draw(strategy(case.name, case.space)))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategy("x", SPACE, seed=5, shape_class="long", regime="integer"))
def test_the_strategy_keeps_to_a_class_a_regime_and_a_seed(sample):
    assert (sample.shape_class, sample.regime, sample.seed) == ("long", "integer", 5)


@pytest.mark.parametrize("shape_class", SPACE.classes)
def test_the_strategy_shrinks_to_the_first_choice_of_everything(shape_class):
    how = settings(
        database=None,
        deadline=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    found = find(strategy("x", SPACE, shape_class=shape_class), lambda _: True, settings=how)
    assert found.regime == SPACE.regimes[0]
    assert found.settings == {name: values[0] for name, values in SPACE.choices(shape_class).items()}


@pytest.mark.parametrize(("wrong", "size"), [(lambda n: n > 17, 300), (lambda n: n % 300 == 299, 0)])
def test_the_strategy_finds_a_mistake_of_one_size_and_leaves_the_others_small(wrong, size):
    space = replace(SPACE, classes=("small", "large"), large={"N": 300, "F": 5000})
    how = settings(database=None, deadline=None, derandomize=True, phases=(Phase.generate, Phase.shrink))
    if not size:
        with pytest.raises(NoSuchExample):
            find(strategy("x", space), lambda sample: wrong(sample.settings["N"]), settings=how)
        return
    found = find(strategy("x", space), lambda sample: wrong(sample.settings["N"]), settings=how)
    assert (found.shape_class, found.regime) == ("large", "normal")
    assert {name: found.settings[name] for name in "NLF"} == {"N": size, "L": 2, "F": 2}


def test_samples_do_not_depend_on_how_many_are_drawn_at_once(monkeypatch):
    before = draw("x", SPACE, 3, 50)
    monkeypatch.setattr(space_module, "_DRAWS", 4)
    assert draw("x", SPACE, 3, 50) == before


def test_samples_do_not_depend_on_what_was_judged_before():
    case = CASES["add"]
    before = draw(case.name, case.space, 3, 10)
    judge_sample(prepare(case, before[0]), pytorch.make())
    assert draw(case.name, case.space, 3, 10) == before
