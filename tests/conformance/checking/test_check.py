"""What is compared of a candidate, and what is refused, by candidates that are wrong in one way each."""

from __future__ import annotations

import json
import os
import sys
from functools import cache

import numpy as np
import pytest
import torch

import conformance
from conformance.checking.candidate import Direct
from conformance.checking.check import judged, loading, seed_of_instances, trials_of
from conformance.checking.reference import find_reference, spec_of
from conformance.checking.result import CheckResult
from conformance.checking.trials import Key

# References.


def two(x, y):
    """A product, and the place of its largest element."""
    product = x @ y
    return product, product.argmax()


def flat(x):
    """What no rolled rows and no mean would be told apart from."""
    return x - x


def totals(x):
    """Sums of positive numbers."""
    return x.square().sum(0)


def totals_in_steps(x):
    """The same, each partial sum in the dtype of the numbers."""
    found = torch.zeros_like(x[0])
    for row in x.square():
        found = found + row
    return found


def picked(x, places):
    return x[places] * 2


def root(x):
    return (x + 9).sqrt()


def counted(places):
    return places.bincount(minlength=3)


def viewed(x):
    return x.mT


# Candidates for `two`.


def right(x, y):
    return two(x, y)


def one_output(x, y):
    return (x @ y,)


def three_outputs(x, y):
    return *two(x, y), x


def a_list_of_numbers(x, y):
    return (x @ y).tolist(), (x @ y).argmax()


def another_shape(x, y):
    product, place = two(x, y)
    return product[None], place


def another_kind(x, y):
    product, place = two(x, y)
    return product, place.float()


def another_place(x, y):
    product, place = two(x, y)
    return product, place * 0 + 2


def raises(x, y):
    del x, y
    raise ZeroDivisionError("no candidate today")


def leaves_the_process(x, y):
    del x, y
    sys.exit(0)


def no_gradient(x, y):
    return two(x.detach(), y.detach())


def backward_raises(x, y):
    product, place = two(x, y)
    if product.requires_grad:
        product.register_hook(lambda _: 1 / 0)
    return product, place


def wrong_behind_four_rows(x, y):
    product, place = two(x, y)
    return product * (1 + 1e-3 * (len(x) > 4)), place


def differentiable_under_no_grad(x, y):
    product, place = two(x, y)
    return product if product.requires_grad else product.requires_grad_(), place


# A reference whose vectors have a free sign, and candidates for it.


def factors(x):
    return torch.linalg.svd(x, full_matrices=False)


def _of_signs(x):
    """Signs that follow from the numbers, so that calls differ."""
    return torch.where(x[0] > 0, 1.0, -1.0).detach()


def other_signs(x):
    u, s, vh = factors(x)
    return u * _of_signs(x), s, vh * _of_signs(x).unsqueeze(-1)


def sign_of_one_side(x):
    u, s, vh = factors(x)
    return u * _of_signs(x), s, vh


def rolled_vectors(x):
    u, s, vh = factors(x)
    return u.roll(1, 1), s, vh


def half_values(x):
    u, s, vh = factors(x)
    return u, s.half().float(), vh


def half_vectors(x):
    u, s, vh = factors(x)
    return u.half(), s, vh


def no_gradient_of_vectors(x):
    u, s, vh = other_signs(x)
    return u.detach(), s, vh


def gradients_of_other_signs(x):
    """Vectors whose gradients are those of the opposite ones."""
    u, s, vh = factors(x)
    return u - 2 * (u - u.detach()), s, vh


def inputs():
    return torch.randn(3, 5), torch.randn(5, 4)


@cache
def trials(name, shapes=None, dtype="float32"):
    draw = {
        "two": inputs,
        "flat": lambda: (torch.randn(3, 4),),
        "picked": lambda: (torch.randn(3, 4), torch.randint(3, (5,))),
        "root": lambda: (torch.randn(3, 4),),
        "counted": lambda: (torch.randint(3, (5,)),),
        "viewed": lambda: (torch.randn(3, 4),),
        "factors": lambda: (torch.randn(6, 4),),
    }[name]
    reference = find_reference(globals()[name], None, seed_of_instances(1))
    return trials_of(reference, 1, draw, shapes, dtype=dtype)


def rows(candidate, reference="two", shapes=None, dtype="float32"):
    load = loading(f"{__file__}:{candidate}", (), dtype, "cpu", allow_tf32=False)
    found = judged(Direct(load), trials(reference, shapes, dtype))[0]
    return {row.criterion: row for row in found}


def wrong(found):
    return {name: row.reason for name, row in found.items() if not row.ok}


@pytest.mark.parametrize(
    ("candidate", "criterion", "told"),
    [
        ("one_output", "values", "output[1]: missing; returned are output[0]"),
        ("three_outputs", "values", "output[2]: unexpected"),
        ("a_list_of_numbers", "values", "output[0]: missing"),
        ("another_shape", "values", "output[0]: expected the shape (3, 4), got (1, 3, 4)"),
        ("another_kind", "values", "output[1]: expected numbers like int64, got float32"),
        ("another_place", "values", "output[1]: 1 of 1 elements are other numbers, which nothing rounds"),
        ("raises", "values", "ZeroDivisionError: no candidate today"),
        ("leaves_the_process", "values", "SystemExit: 0"),
        ("no_gradient", "gradients", "grad[0]: there is none, as if nothing depended on it"),
        ("backward_raises", "gradients", "backward: ZeroDivisionError"),
        ("differentiable_under_no_grad", "no_grad", "output[0]: requires a gradient under no_grad"),
    ],
)
def test_what_is_wrong_is_told(candidate, criterion, told):
    found = wrong(rows(candidate))
    assert [*found] == [criterion]
    assert told in found[criterion]


def test_what_is_right_passes():
    found = rows("right", shapes=(((3, 5), (5, 4)), ((1, 2), (2, 6))))
    assert wrong(found) == {}
    skipped = {name for name, row in found.items() if row.status == "SKIP"}
    assert skipped == {"two instances", "new parameters", "eval"}
    assert found["other shapes"].elements == (12 + 1 + 15 + 20) + (6 + 1 + 2 + 12)


def test_vectors_of_other_signs_are_right():
    found = rows("other_signs", "factors")
    assert wrong(found) == {}
    assert {row.status for row in found.values()} == {"PASS", "SKIP"}
    assert found["gradients"].status == "PASS"
    # Values, two matrices of products, and a residual.
    assert found["values"].elements == 4 + 16 + 16 + 24


@pytest.mark.parametrize(
    ("candidate", "criterion", "told"),
    [
        ("sign_of_one_side", "values", "output[0].residual: 24 of 24 elements are further away"),
        ("rolled_vectors", "values", "output[0].residual: 24 of 24 elements are further away"),
        ("half_values", "values", "output[1]: 4 of 4 elements are further away"),
        ("half_vectors", "values", "output[0]: expected float32, got float16"),
        ("no_gradient_of_vectors", "gradients", "grad[0]: 24 of 24 elements are further away"),
        ("gradients_of_other_signs", "gradients", "grad[0]: 24 of 24 elements are further away"),
    ],
)
def test_wrong_vectors_and_their_gradients_are_told(candidate, criterion, told):
    found = wrong(rows(candidate, "factors"))
    assert [*found] == [criterion]
    assert told in found[criterion]


def test_a_result_says_what_is_reported():
    reported = trials("factors").get(Key()).right.told
    found = [*rows("other_signs", "factors").values()]
    result = CheckResult.of(found, "a", "b", "float32", 1, told=reported)
    told = "output[0], output[2]: reported, not judged: signs of singular vectors are free"
    assert told in str(result)
    assert told in result.to_markdown()
    assert json.loads(result.to_json())["told"] == told
    assert trials("two").get(Key()).right.told == ""


def test_other_shapes_are_judged_where_they_are_asked_for():
    assert wrong(rows("wrong_behind_four_rows")) == {}
    found = wrong(rows("wrong_behind_four_rows", shapes=(((6, 5), (5, 4)),)))
    assert [*found] == ["other shapes"]


def test_a_scale_at_which_the_reference_is_not_finite_is_left_out():
    found = rows("root", "root")
    assert wrong(found) == {}
    # Nine and a number that is 16 times as large may be less than 0.
    assert found["scale 16"].status == "SKIP"
    assert "does not stay finite" in found["scale 16"].reason


def test_agreement_that_shows_nothing_is_not_trusted():
    found = rows("flat", "flat")
    assert (found["values"].status, wrong(found)) == ("MISTRUSTED", {})
    assert "zeros, the mean everywhere and rolled rows would pass" in found["values"].reason
    result = CheckResult.of([*found.values()], "flat", "flat", "float32", 1)
    assert (result.exit_code, result.passed) == (1, False)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_partial_sums_in_half_types_are_wrong_unless_they_are_declared(dtype):
    reference = find_reference(spec_of(totals), (), 0)

    def failed(candidate, **apart):
        x = 1 + torch.rand(512, 4, generator=torch.Generator().manual_seed(0))
        trials = trials_of(reference, 1, (x,), dtype=dtype, backward=False, **apart)
        load = loading(spec_of(candidate), (), dtype, "cpu", allow_tf32=False)
        return [row.criterion for row in judged(Direct(load), trials)[0] if not row.ok]

    assert failed(totals) == []
    assert failed(totals_in_steps)[:1] == ["values"]
    assert failed(totals_in_steps, accumulate=dtype) == []


def test_whole_numbers_among_the_inputs_are_drawn_and_handed_on():
    assert wrong(rows("picked", "picked")) == {}


def test_whole_numbers_are_not_scaled():
    found = rows("counted", "counted")
    assert wrong(found) == {}
    assert {found[name].reason for name in ("scale 16", "scale 1024")} == {"no input is a floating tensor"}


def test_one_seed_gives_the_same_rows():
    one = rows("right")
    trials.cache_clear()
    assert rows("right") == one


def test_memory_is_shared_where_the_reference_shares_it():
    assert wrong(rows("viewed", "viewed")) == {}


def test_a_dtype_is_that_of_inputs_and_results():
    assert wrong(rows("right", dtype="float64")) == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"reference": "no_such:fn"}, "reference 'no_such:fn': ModuleNotFoundError"),
        ({"reference": 3}, "reference: expected a function or a module of torch, got int"),
        ({"candidate": lambda x, y: x @ y}, "candidate: expected a function or class that another process"),
        ({"inputs": ()}, "inputs: expected the arguments of the reference, got none"),
        (
            {"inputs": None},
            "inputs: expected some, or a function get_inputs() in the reference's file; got neither",
        ),
        ({"shapes": [[(3, 5)]]}, "shapes: expected 2, one for each input, got 1"),
        ({"shapes": [3]}, "shapes: expected a list of lists with one shape for each input, got [3]"),
        ({"seed": -1}, "seed"),
        ({"dtype": "float7"}, "dtype"),
        ({"device": "tpu"}, "device: expected cpu or cuda, got 'tpu'"),
        ({"host_command": "'"}, 'host command: expected a program with its arguments, got "\'"'),
        ({"time_limit": 0}, "time limit: expected a positive number of seconds, below 1,000,000, got 0"),
    ],
)
def test_what_is_refused_before_anything_starts(change, told):
    arguments = {"reference": "torch:mm", "candidate": "torch:matmul", "inputs": inputs} | change
    with pytest.raises(conformance.UsageError) as refused:
        conformance.check(**arguments)
    assert told in str(refused.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device, which is not refused")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(conformance.UsageError, match="torch finds no CUDA device"):
        conformance.check("torch:mm", "torch:matmul", inputs=inputs, device="cuda")


def test_a_candidate_in_the_references_file_is_refused():
    with pytest.raises(conformance.UsageError, match="expected another file than the reference's"):
        conformance.check(two, right, inputs=inputs)


def test_functions_and_classes_are_found_by_their_file():
    assert spec_of(right) == f"{os.path.realpath(__file__)}:right"
    assert spec_of(torch.nn.Linear) == "torch.nn.modules.linear:Linear"


def test_a_reference_that_draws_at_random_is_refused():
    with pytest.raises(conformance.UsageError, match="it draws at random"):
        conformance.check(torch.nn.functional.dropout, "torch:relu", inputs=(np.ones((2, 2)),))


class Untrained(torch.nn.Module):
    """Refuses to be called after eval()."""

    def forward(self, x):
        if not self.training:
            raise RuntimeError("not before it is trained")
        return x.sin()


def test_what_the_reference_refuses_is_an_error_of_that_row_alone():
    made = trials_of(find_reference(Untrained, None, 1), 1, (torch.randn(4, 8),), dtype="float32")
    load = loading("torch:sin", (), "float32", "cpu", allow_tf32=False)
    rows, _ = judged(Direct(load), made)
    told = "reference: raised RuntimeError on float64 inputs: not before it is trained"
    assert [(row.criterion, row.reason) for row in rows if not row.ok] == [("eval", told)]
    assert [row.criterion for row in rows if row.status == "PASS"][-1] == "settings"


class Other(torch.nn.Linear):
    """Of another size than the reference."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features + 1)


def test_parameters_that_do_not_match_are_refused():
    reference = find_reference(torch.nn.Linear, (5, 3), seed_of_instances(1))
    made = trials_of(reference, 1, lambda: torch.randn(2, 5), dtype="float32")
    load = loading(f"{__file__}:Other", (), "float32", "cpu", allow_tf32=False)
    with pytest.raises(
        conformance.UsageError, match=r"it lacks weight \(3, 5\), bias \(3,\) of the reference"
    ):
        judged(Direct(load), made)


def test_the_file_of_a_reference_is_hidden_where_it_is_named(tmp_path, monkeypatch):
    """Also where packages are installed, of which a reference like torch:mm hides none."""
    file = tmp_path / "reference.py"
    file.write_text("import torch\n\ndouble = torch.nn.ReLU\n", encoding="utf-8")
    monkeypatch.setattr(torch, "__file__", str(tmp_path / "torch" / "__init__.py"))
    assert find_reference(f"{file}:double", (), 0).files == (str(file.resolve()),)
    assert find_reference("torch:mm", (), 0).files == ()
