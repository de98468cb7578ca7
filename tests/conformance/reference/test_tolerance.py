"""Tolerances of any program: what they allow, where they come from, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import conformance
from conformance.arithmetic.constants import constants
from conformance.arithmetic.deviation import deviations
from conformance.arithmetic.rules import RULES
from conformance.reference import tolerance as module
from conformance.reference.program import Program
from conformance.reference.sources import without

A, B = (torch.randn(4, 64, generator=torch.Generator().manual_seed(k)) for k in range(2))


class Head(nn.Module):
    """A linear layer and a softmax."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 3)

    def forward(self, input):
        return self.linear(input).softmax(-1)


def test_names_of_several_outputs_and_inputs():
    found = conformance.tolerance(
        lambda a, pair: {"x": a * pair[0], "y": (a, pair[1].exp())}, A, (A, B), draws=1
    )
    outputs = ["output['x']", "output['y'][0]", "output['y'][1]"]
    assert list(found) == [*outputs, "grad[0]", "grad[1][0]", "grad[1][1]"]


def test_parameters_of_a_module_and_its_copy():
    head = Head()
    before = {name: value.clone() for name, value in head.state_dict().items()}
    found = conformance.tolerance(head, A, draws=1)
    assert list(found) == ["output", "grad[0]", "grad.linear.weight", "grad.linear.bias"]
    assert all(torch.equal(before[name], value) for name, value in head.state_dict().items())
    assert all(value.grad is None for value in head.parameters())


def test_buffers_of_a_module_do_not_change_from_run_to_run():
    norm = nn.BatchNorm1d(64)
    _ = conformance.tolerance(norm, A, draws=1)
    assert norm.num_batches_tracked == 0


def test_inputs_are_not_changed():
    given = A.clone()
    found = conformance.tolerance(lambda a: a.mul_(2).exp_(), given, draws=1, backward=False)
    assert torch.equal(given, A)
    assert found["output"].rtol > 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_torch_itself_is_within_the_pair(dtype):
    kind = getattr(torch, dtype)
    head = Head().to(kind)
    found = conformance.tolerance(head, A, dtype=kind, backward=False)["output"]
    right = Head()
    right.load_state_dict(head.state_dict())
    expected = right.double()(A.to(kind).double())
    np.testing.assert_allclose(
        head(A.to(kind)).detach().double(), expected.detach(), rtol=found.rtol, atol=found.atol
    )
    # And no more than a hundred roundings are allowed of numbers of size 1.
    assert found.atol + found.rtol < 100 * torch.finfo(kind).eps


def test_the_pair_holds_over_all_draws():
    scales = iter([1.0, 100.0, 1.0])

    def drawn():
        scale = next(scales)
        return scale * torch.randn(4, 64), torch.randn(64, 4)

    found = conformance.tolerance(torch.mm, drawn, draws=3, backward=False)["output"]
    assert found.draws == 3
    # The second draw needs a hundred times what the first one does.
    assert (found.atol + found.rtol * abs(found.expected)).max() > 10 * found.elementwise.max()


def test_where_it_comes_from():
    found = conformance.tolerance(lambda a, b: (a @ b.mT).sum(), A, B, draws=1)["output"]
    shares = {source.operation: source.share for source in found.sources}
    assert sum(shares.values()) == pytest.approx(1)
    assert {source.operation: source.terms for source in found.sources} == {"mm": 64, "sum": 16}
    # The result of the product has 64 terms to the sum's 16, and is that much more uncertain.
    assert shares["mm"] > shares["sum"] > 0
    product = next(source for source in found.sources if source.product)
    assert product.corridor("float32") == (8 * 2.0**-24, 64 * 2.0**-24)


def test_shares_add_up_to_the_whole():
    """The operations' own variances add up to that of all of them, as independent errors do."""
    run = Program(lambda a: a.exp().sum(-1).log(), (A,), "float32").observables
    whole = (deviations(run, "key")["output"].rms ** 2).sum()
    alone = 0.0
    for operation in ("exp", "sum", "log"):
        rules = {name: rule if name == operation else without(rule) for name, rule in RULES.items()}
        alone += (deviations(run, "key", rules=rules)["output"].rms ** 2).sum()
    # Of the four elements, from 64 replicates each, either is known to about a tenth.
    assert alone == pytest.approx(whole, rel=0.5)


def test_nothing_rounds():
    found = conformance.tolerance(torch.relu, A)["output"]
    assert (found.rtol, found.atol, found.bits, found.sources) == (0.0, 0.0, float("inf"), ())
    assert found.sentence == "output: nothing rounds, so bits agree"


INPUT = "the input itself"
POSITIVE = A.abs() + 0.5


def notices_the_input(fn, *inputs, name="output", **how):
    return conformance.tolerance(fn, *inputs, draws=1, **how)[name].notices.get(INPUT)


@pytest.mark.parametrize(
    ("fn", "inputs", "noticed"),
    [
        (torch.relu, (POSITIVE,), False),
        (torch.relu, (A,), True),
        (lambda x: x * 1.0, (A,), False),
        (torch.sin, (A * 1e-6,), False),
        (torch.sin, (A,), True),
        # One of the two is enough to pass.
        (torch.maximum, (A, A - 1), False),
        (torch.maximum, (A, B), True),
        # Its input is of another shape, so that it would be noticed by that.
        (lambda x: x.sum(0), (A,), None),
        (torch.sin, (A * 1e-2,), True),
    ],
)
def test_the_input_itself_is_a_wrong_answer_where_it_has_the_shape(fn, inputs, noticed):
    assert notices_the_input(fn, *inputs, backward=False) is noticed


def test_in_half_types_the_input_itself_passes_for_more():
    assert notices_the_input(torch.sin, A * 1e-2, backward=False, dtype="bfloat16") is False


def test_a_parameter_and_the_input_of_a_gradient_are_inputs_too():
    linear = nn.Linear(4, 4, bias=False)
    assert notices_the_input(lambda x: x.square().sum() / 2, A, name="grad[0]") is False
    assert notices_the_input(linear, torch.eye(4)[:, :3].T) is True
    with torch.no_grad():
        linear.weight.copy_(linear.weight.T + linear.weight)
    # The rows of a unit matrix give a symmetric matrix back.
    assert notices_the_input(linear, torch.eye(4), backward=False) is False


def test_the_sentence_says_whether_the_input_itself_would_pass():
    told = {
        name: conformance.tolerance(torch.sin, x, draws=1, backward=False)["output"].sentence
        for name, x in (("small", A * 1e-6), ("large", A))
    }
    assert told["small"].endswith("but the input itself would pass")
    assert told["large"].endswith("rolled rows, float16 rounding, the input itself")
    exact = conformance.tolerance(torch.relu, POSITIVE, draws=1, backward=False)["output"].sentence
    assert exact.startswith("output: nothing rounds, so bits agree; notices zeros, ")
    assert exact.endswith(", but the input itself would pass")


def test_an_input_that_has_the_shape_in_some_draws_only():
    widths = iter([3, 1, 2])

    def drawn():
        return torch.rand(4, next(widths)) + 0.5

    found = conformance.tolerance(lambda x: torch.relu(x)[:, :1], drawn, draws=3, backward=False)
    assert found["output"].notices[INPUT] is False


def test_whole_numbers_are_exact():
    assert not conformance.tolerance(lambda a: (a.exp(), a.argmax(-1)), A, draws=1)[
        "output[1]"
    ].elementwise.any()


def test_arrays_are_taken_too():
    found, same = (conformance.tolerance(torch.exp, given, draws=1) for given in (A, A.numpy()))
    assert str(found) == str(same)


def test_arrays_of_the_other_byte_order_are_taken_too():
    a = A.numpy()
    found = conformance.tolerance(torch.exp, a.astype(a.dtype.newbyteorder("S")), draws=1)
    np.testing.assert_array_equal(found["output"].expected, torch.exp(A.double()).numpy())


def test_the_same_seed_gives_the_same():
    first, second, other = (
        str(conformance.tolerance(torch.softmax, A, -1, draws=1, seed=seed)) for seed in (3, 3, 4)
    )
    assert first == second != other


def test_fused_attention_is_followed():
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval()
    found = conformance.tolerance(layer, torch.randn(2, 3, 4), draws=1)
    assert "bmm" in {source.operation for source in found["output"].sources}


def test_a_convolution_is_a_sum_of_so_many_products():
    layer = nn.Conv2d(4, 6, (3, 5), groups=2)
    found = conformance.tolerance(layer, torch.randn(2, 4, 6, 7), draws=1, backward=False)
    (source, *_) = found["output"].sources
    assert (source.operation, source.terms, source.product) == ("convolution", 2 * 3 * 5, True)


def test_the_gradient_of_an_unused_input_is_exactly_zero():
    found = conformance.tolerance(lambda a, _: a.exp(), A, B, draws=1)["grad[1]"]
    assert not found.expected.any()
    assert not found.elementwise.any()


def test_the_gradient_of_a_constant_is_exactly_zero():
    found = conformance.tolerance(torch.sgn, torch.tensor([1.5, -2.0]))
    assert found["grad[0]"].rtol == found["grad[0]"].atol == 0.0


@pytest.mark.parametrize(
    ("fn", "inputs", "exact"),
    [
        (torch.nn.functional.embedding, (torch.tensor([0, 2, 0]), A), False),
        (torch.nn.functional.max_pool2d, (A.reshape(1, 4, 8, 8), 2), True),
    ],
)
def test_gradients_that_are_accumulated_into_places(fn, inputs, exact):
    """They are exact where no two fall into one place."""
    found = conformance.tolerance(fn, *inputs, draws=1)
    (gradient,) = (bound for name, bound in found.items() if name.startswith("grad"))
    assert (gradient.elementwise == 0).all() == exact


def test_a_program_without_gradients():
    assert list(conformance.tolerance(torch.exp, A, draws=1, backward=False)) == ["output"]
    assert list(conformance.tolerance(lambda a: a.detach().exp(), A, draws=1)) == ["output"]


@pytest.fixture(scope="module")
def bound():
    return conformance.tolerance(lambda a, b: (a @ b.mT).tanh(), A, B, draws=2)["output"]


class TestSentence:
    """The justification, ready to paste."""

    def test_it_gives_the_pair(self, bound):
        assert f"atol {bound.atol:.1e}, rtol {bound.rtol:.1e}" in bound.sentence

    def test_it_says_how_it_came_about(self, bound):
        first = bound.sources[0]
        assert (
            f"{constants().replicates} replicates of float32 rounding through 2 operations" in bound.sentence
        )
        assert f"{first.share:.0%} of it from mm over 64 terms, in 2 draws" in bound.sentence

    def test_it_says_how_often_the_constants_were_wrong(self, bound, monkeypatch):
        assert "no false alarms in " in bound.sentence
        monkeypatch.setattr(module, "known", lambda _: None)
        assert "constants that no committed self-test was made with" in bound.sentence

    def test_it_says_what_would_pass(self):
        found = conformance.tolerance(lambda a: a.sum() * 0 + 1.1, A, draws=1)["output"]
        assert "the mean everywhere, rolled rows would pass" in found.sentence


@pytest.mark.parametrize(
    ("arguments", "options", "error", "told"),
    [
        ((3, A), {}, conformance.UsageError, "fn: expected a function of tensors or a module, got int"),
        ((torch.exp,), {}, conformance.UsageError, "inputs: expected the arguments of fn"),
        (
            (torch.exp, A),
            {"dtype": "half"},
            conformance.UsageError,
            "dtype: expected float32, float64, bfloat16 or float16, got half",
        ),
        (
            (torch.exp, A),
            {"accumulate": torch.int64},
            conformance.UsageError,
            "accumulate: expected float32, float64, bfloat16 or float16, got int64",
        ),
        (
            (torch.exp, A),
            {"compute": "float16"},
            conformance.UsageError,
            "compute: expected at least the precision of float32, got float16",
        ),
        (
            (torch.exp, A),
            {"dtype": "float64", "accumulate": "float32"},
            conformance.UsageError,
            "accumulate: expected float64 for results in float64, got float32",
        ),
        (
            (torch.exp, A),
            {"draws": 0},
            conformance.UsageError,
            "draws: expected a whole number of at least 1",
        ),
        ((torch.exp, A), {"seed": -1}, conformance.UsageError, "seed: expected a whole number of at least 0"),
        (
            (torch.exp, A + 1j),
            {},
            conformance.UsageError,
            "inputs: expected real tensors, got one of complex64",
        ),
        (
            (torch.exp, A.to("meta")),
            {},
            conformance.UsageError,
            "inputs: expected tensors with numbers, got one on the device meta",
        ),
        (
            (torch.nn.Linear(3, 2, device="meta"), A),
            {},
            conformance.UsageError,
            "fn: expected numbers in weight, which is on the device meta",
        ),
        (
            (torch.exp, A.to_sparse()),
            {},
            conformance.UsageError,
            "inputs: expected dense tensors, got one of the layout torch.sparse_coo",
        ),
        (
            (torch.add, A, np.array(["a"])),
            {},
            conformance.UsageError,
            r"inputs\[1\]: expected an array of numbers that torch has, got one of <U1",
        ),
        ((torch.mm, lambda: [A, A]), {}, conformance.UsageError, "a list is one argument: draw a tuple"),
        (
            (torch.exp, torch.arange(3)),
            {},
            conformance.NoiseError,
            "fn was given no floating-point tensors and returned float32",
        ),
        ((lambda a: a * a.sum().item(), A), {}, conformance.NoiseError, "Tensor.item, or float, int or bool"),
        ((torch.nn.Linear, A), {}, conformance.UsageError, "fn: expected a module, got the class Linear"),
        ((np.exp, A), {"backward": False}, conformance.NoiseError, "fn: makes an array of NumPy of a tensor"),
        (
            (lambda a: torch.from_numpy(np.exp(a.numpy())), A),
            {"backward": False},
            conformance.NoiseError,
            "fn: makes an array of NumPy of a tensor",
        ),
        ((lambda _: 3, A), {}, conformance.UsageError, "fn: expected it to return a tensor, or a tuple"),
        (
            (lambda a: a @ B.mT, A),
            {},
            conformance.UsageError,
            "such as a float32 module, has to be fn itself",
        ),
        ((torch.exp, A, 3), {}, conformance.UsageError, "fn: raised TypeError on float64 inputs"),
        ((lambda a: a.float(), A), {}, conformance.NoiseError, "returned float32, where no noise can follow"),
        ((torch.hash_tensor, A), {}, conformance.NoiseError, "no rule says how hash_tensor rounds"),
        (
            (lambda a: a.to(torch.complex64), A),
            {},
            conformance.NoiseError,
            "returned float32, where no noise",
        ),
        ((lambda a: torch.tensor(a.exp().tolist()), A), {}, conformance.NoiseError, "no noise can follow it"),
        (
            (lambda a: (a.exp() * 3).floor() / a.exp().ceil(), torch.zeros(9)),
            {},
            conformance.DegenerateError,
            "tie",
        ),
    ],
)
def test_what_is_refused(arguments, options, error, told):
    with pytest.raises(error, match=told):
        conformance.tolerance(*arguments, **options)


def test_a_draw_at_a_tie_is_drawn_again():
    ties = iter([torch.zeros(9), torch.ones(9)])
    found = conformance.tolerance(lambda a: a.exp().floor() * a.exp(), lambda: next(ties), draws=1)
    assert found["output"].expected == pytest.approx(2 * np.e)
