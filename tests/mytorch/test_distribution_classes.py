"""The classes of `distributions` against torch: values, gradients, shapes, bad calls, and divergences."""

# A table of programs is one of lambdas, and every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
import torch

import mytorch
from mytorch.distributions import kl

RNG = np.random.Generator(np.random.PCG64(5))
BOTH = pytest.mark.parametrize("t", [torch, mytorch], ids=["torch", "mytorch"])


@pytest.fixture
def _registry(monkeypatch):
    """Forget what a test registers, in both libraries."""
    monkeypatch.setattr(kl, "_REGISTRY", dict(kl._REGISTRY))
    monkeypatch.setattr(torch.distributions.kl, "_KL_REGISTRY", dict(torch.distributions.kl._KL_REGISTRY))
    torch.distributions.kl._KL_MEMOIZE.clear()
    yield
    torch.distributions.kl._KL_MEMOIZE.clear()


@pytest.fixture
def _checked(monkeypatch):
    """Restore whether arguments are checked by default."""
    for t in (torch, mytorch):
        monkeypatch.setattr(t.distributions.Distribution, "_validate_args", True)


LOC, SCALE = RNG.standard_normal((3, 4)), np.abs(RNG.standard_normal(4)) + 0.5
VALUE, SHARE = RNG.standard_normal((2, 3, 4)), RNG.uniform(0.01, 0.99, (3, 4))
LOGITS, WEIGHTS = RNG.standard_normal((3, 4)), RNG.uniform(0.1, 2, (3, 4))
# Probabilities of 0 and 1, whose logarithms are bounded.
CERTAIN = np.array([[0.0, 1.0, 0.5, 0.0], [1.0, 0.0, 0.0, 0.0], [0.25, 0.75, 0.0, 1.0]])
IMPOSSIBLE = np.array([[0.5, -inf, 1.0, 0.0], [-inf, 2.0, -inf, 0.5], [0.0, 0.0, 0.0, 0.0]])


def normal(ask):
    return lambda t, loc, scale, *rest: ask(t.distributions.Normal(loc, scale), *rest)


def categorical(ask, given):
    return lambda t, a: ask(t, t.distributions.Categorical(**{given: a}))


def bernoulli(ask, given):
    return lambda t, a: ask(t, t.distributions.Bernoulli(**{given: a}))


def actions(t):
    return t.tensor([2, 0, 3])


def bits(t, m):
    return t.tensor([[0, 1, 1, 0], [1, 0, 0, 0], [0, 1, 0, 1]]).to(m.probs.dtype)


def divergence(make):
    return lambda t, p, q: t.distributions.kl_divergence(*make(t.distributions, p, q))


# name: (program over a namespace and its tensors, arrays)
CASES = {
    "normal log_prob": (normal(lambda m, v: m.log_prob(v)), [LOC, SCALE, VALUE]),
    "normal cdf": (normal(lambda m, v: m.cdf(v)), [LOC, SCALE, VALUE]),
    "normal icdf": (normal(lambda m, v: m.icdf(v)), [LOC, SCALE, SHARE]),
    "normal entropy": (normal(lambda m: m.entropy()), [LOC, SCALE]),
    "normal perplexity": (normal(lambda m: m.perplexity()), [LOC, SCALE]),
    "normal mode": (normal(lambda m: m.mode * m.stddev), [LOC, SCALE]),
    "normal expanded": (normal(lambda m: m.expand((2, 3, 4)).variance), [LOC, SCALE]),
    "normal of a number": (lambda t, s: t.distributions.Normal(1, s).log_prob(s), [SCALE]),
    "categorical log_prob of probs": (categorical(lambda t, m: m.log_prob(actions(t)), "probs"), [WEIGHTS]),
    "categorical log_prob of logits": (categorical(lambda t, m: m.log_prob(actions(t)), "logits"), [LOGITS]),
    "categorical log_prob of floats": (
        categorical(lambda t, m: m.log_prob(actions(t).double()), "probs"),
        [WEIGHTS],
    ),
    "categorical log_prob of one for all": (
        categorical(lambda t, m: m.log_prob(t.tensor(1)), "logits"),
        [LOGITS],
    ),
    "categorical entropy of probs": (categorical(lambda t, m: m.entropy(), "probs"), [CERTAIN]),
    "categorical entropy of logits": (categorical(lambda t, m: m.entropy(), "logits"), [IMPOSSIBLE]),
    "categorical probs of logits": (categorical(lambda t, m: m.probs, "logits"), [IMPOSSIBLE]),
    "categorical logits of probs": (categorical(lambda t, m: m.logits, "probs"), [CERTAIN]),
    "categorical expanded": (categorical(lambda t, m: m.expand((2, 3)).probs, "probs"), [WEIGHTS]),
    "categorical log_prob expanded": (
        categorical(lambda t, m: m.expand((2, 3)).log_prob(actions(t)), "logits"),
        [LOGITS],
    ),
    "bernoulli log_prob of probs": (bernoulli(lambda t, m: m.log_prob(bits(t, m)), "probs"), [CERTAIN]),
    "bernoulli log_prob of logits": (bernoulli(lambda t, m: m.log_prob(bits(t, m)), "logits"), [LOGITS]),
    "bernoulli entropy": (bernoulli(lambda t, m: m.entropy(), "probs"), [SHARE]),
    "bernoulli variance": (bernoulli(lambda t, m: m.variance + m.mean, "logits"), [LOGITS]),
    "bernoulli logits": (bernoulli(lambda t, m: m.logits, "probs"), [CERTAIN]),
    "bernoulli expanded": (bernoulli(lambda t, m: m.expand((2, 3, 4)).logits, "probs"), [SHARE]),
    "kl of normals": (
        divergence(lambda d, p, q: (d.Normal(p, q.abs()), d.Normal(q, p.abs() + 0.5))),
        [LOC, LOGITS],
    ),
    "kl of categoricals": (
        divergence(lambda d, p, q: (d.Categorical(logits=p), d.Categorical(q))),
        [LOGITS, WEIGHTS],
    ),
    "kl of categoricals that broadcast": (
        divergence(lambda d, p, q: (d.Categorical(logits=p), d.Categorical(q[0]))),
        [LOGITS, WEIGHTS],
    ),
    "kl to impossible categories": (
        divergence(lambda d, p, q: (d.Categorical(p), d.Categorical(q))),
        [CERTAIN[[0, 1, 2]], CERTAIN[[0, 2, 1]]],
    ),
    "kl of bernoullis": (
        divergence(lambda d, p, q: (d.Bernoulli(p), d.Bernoulli(logits=q))),
        [SHARE, LOGITS],
    ),
    "kl to impossible bits": (
        divergence(lambda d, p, q: (d.Bernoulli(p), d.Bernoulli(q))),
        [CERTAIN, CERTAIN[[1, 2, 0]]],
    ),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype, agree):
    agree(*CASES[name], dtype)


# Results that no gradient reaches, and what describes a distribution.
ANSWERS = {
    "text": lambda t, d: f"{d.Normal(0.5, 1)} {d.Normal(t.zeros(2), 1.0).expand((3, 2))}",
    "text of categories": lambda t, d: f"{d.Categorical(t.ones(3))} {d.Categorical(logits=t.zeros(1))}",
    "text of bits": lambda t, d: f"{d.Bernoulli(0.25)} {d.Bernoulli(logits=t.zeros(2, 3))}",
    "dtype of numbers": lambda t, d: (d.Normal(0, 1).loc.dtype, d.Bernoulli(1).probs.dtype),
    "dtype of a number and a tensor": lambda t, d: d.Normal(0, t.ones(2).double()).loc.dtype,
    "dtype of categories": lambda t, d: d.Categorical(t.ones(2)).sample().dtype,
    "shapes": lambda t, d: [*d.Normal(t.zeros(3, 1), t.ones(2)).batch_shape, *d.Normal(0.0, 1.0).batch_shape],
    "shapes of categories": lambda t, d: [*d.Categorical(t.ones(3, 2)).batch_shape],
    "parameter shapes": lambda t, d: [
        *d.Categorical(t.ones(3, 2)).param_shape,
        *d.Bernoulli(0.5).param_shape,
    ],
    "shapes of draws": lambda t, d: [
        tuple(m.sample(shape).shape)
        for m in (d.Normal(t.zeros(2), 1.0), d.Categorical(t.ones(2, 3)), d.Bernoulli(t.full((2,), 0.5)))
        for shape in ((), (4,), [4, 1], t.Size([5]))
    ],
    "shapes of no draws": lambda t, d: (
        tuple(d.Normal(0.0, 1.0).rsample((0, 2)).shape),
        tuple(d.Categorical(t.ones(0, 3)).sample((4,)).shape),
    ),
    "certain draws": lambda t, d: (
        d.Categorical(t.tensor([[0.0, 1.0], [1.0, 0.0]])).sample((2,)).tolist(),
        d.Bernoulli(t.tensor([0.0, 1.0])).sample((2,)).tolist(),
    ),
    "history of draws": lambda t, d: [
        m.sample().requires_grad
        for m in (
            d.Normal(t.zeros(2, requires_grad=True), 1.0),
            d.Bernoulli(t.full((2,), 0.5, requires_grad=True)),
        )
    ],
    "rsample": lambda t, d: (
        d.Normal(t.zeros(2, requires_grad=True), 1.0).rsample().requires_grad,
        [each.has_rsample for each in (d.Normal, d.Categorical, d.Bernoulli)],
    ),
    "all values": lambda t, d: (
        d.Categorical(t.ones(2, 3)).enumerate_support().tolist(),
        d.Categorical(t.ones(2, 3)).enumerate_support(expand=False).tolist(),
        d.Bernoulli(t.full((2,), 0.5)).enumerate_support().tolist(),
        [each.has_enumerate_support for each in (d.Normal, d.Categorical, d.Bernoulli)],
    ),
    "mode of categories": lambda t, d: d.Categorical(logits=t.tensor([[0.0, 2.0], [1.0, 0.0]])).mode.tolist(),
    "mode of bits": lambda t, d: str(d.Bernoulli(t.tensor([0.2, 0.5, 0.7])).mode.tolist()),
    "moments of categories": lambda t, d: str(
        [d.Categorical(t.ones(2, 3)).mean.tolist(), d.Categorical(t.ones(2, 3)).stddev.tolist()]
    ),
    "quantiles at the ends": lambda t, d: str(
        d.Normal(0.0, 1.0).icdf(t.tensor([0.0, 0.5, 1.0, 2.0])).tolist()
    ),
    "numbers that are not checked": lambda t, d: (
        round(d.Normal(0.0, 1.0, validate_args=False).log_prob(0.5).item(), 5),
        round(d.Bernoulli(0.25, validate_args=False).log_prob(1).item(), 5),
        str(d.Normal(0.0, -1.0, validate_args=False).entropy().item()),
    ),
    "a history where gradients are off": lambda t, d: reading_without_gradients(t, d.Bernoulli),
    "a kept parameter": lambda t, d: kept(d.Categorical(t.ones(3))),
}


def reading_without_gradients(t, kind):
    m = kind(t.full((2,), 0.5, requires_grad=True))
    with t.no_grad():
        return m.logits.requires_grad, m.log_prob(t.ones(2)).requires_grad


def kept(m):
    return "logits" in vars(m), m.logits is m.logits, "logits" in vars(m)


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name):
    expected, got = (ANSWERS[name](t, t.distributions) for t in (torch, mytorch))
    assert str(got).replace("mytorch.", "torch.") == str(expected)


# name: (program, words of the message); the class of the exception is torch's.
BAD = {
    "scale of zero": (lambda t, d: d.Normal(0.0, 0.0), ["scale", "Normal(loc: 0.0", "GreaterThan", "0.0"]),
    "one negative scale": (lambda t, d: d.Normal(0.0, t.tensor([1.0, -2.0])), ["scale", "(2,)", "-2."]),
    "nan as a mean": (lambda t, d: d.Normal(nan, 1.0), ["loc", "Real()", "nan"]),
    "list": (lambda t, d: d.Normal([0.0], 1.0), ["list"]),
    "sizes": (lambda t, d: d.Normal(t.zeros(2), t.ones(3)), ["2", "3"]),
    "value of a float": (lambda t, d: d.Normal(0.0, 1.0).log_prob(0.5), ["value", "Tensor", "float"]),
    "value of another size": (lambda t, d: d.Normal(t.zeros(3), 1.0).cdf(t.zeros(2)), ["(2,)", "(3,)"]),
    "nan as a value": (lambda t, d: d.Normal(0.0, 1.0).log_prob(t.tensor(nan)), ["value", "Real()", "nan"]),
    "integers": (lambda t, d: d.Normal(t.tensor(0), t.tensor(1)).sample(), ["Long"]),
    "number of draws": (lambda t, d: d.Normal(0.0, 1.0).sample(3), ["int"]),
    "part of a draw": (lambda t, d: d.Normal(0.0, 1.0).sample((2.5,)), ["sample_shape[0]", "int", "float"]),
    "expanded to less": (lambda t, d: d.Normal(t.zeros(2), 1.0).expand((3,)), ["2", "3"]),
    "both": (lambda t, d: d.Categorical(t.ones(2), t.ones(2)), ["probs", "logits", "both"]),
    "neither": (lambda t, d: d.Bernoulli(), ["probs", "logits"]),
    "probability without a dimension": (lambda t, d: d.Categorical(t.tensor(1.0)), ["probs", "dimension"]),
    "logit without a dimension": (lambda t, d: d.Categorical(logits=t.tensor(1.0)), ["logits", "dimension"]),
    "negative weight": (lambda t, d: d.Categorical(t.tensor([-1.0, 2.0])), ["probs", "Simplex()", "-1."]),
    "no weight": (lambda t, d: d.Categorical(t.zeros(2)), ["probs", "Categorical", "nan"]),
    "all impossible": (lambda t, d: d.Categorical(logits=t.tensor([-inf])), ["logits", "nan"]),
    "no such category": (lambda t, d: d.Categorical(t.ones(3)).log_prob(t.tensor(3)), ["value", "bound=2"]),
    "between categories": (lambda t, d: d.Categorical(t.ones(3)).log_prob(t.tensor(0.5)), ["0.5"]),
    "nothing drawn": (lambda t, d: d.Categorical(t.ones(3)).sample((0,)), ["0"]),
    "logits of no rows": (lambda t, d: d.Categorical(logits=t.ones(0, 3)), ["0"]),
    "above one": (
        lambda t, d: d.Bernoulli(1.5),
        ["probs", "Interval(lower_bound=0.0, upper_bound=1.0)", "1.5"],
    ),
    "half a bit": (lambda t, d: d.Bernoulli(0.5).log_prob(t.tensor(0.5)), ["value", "Boolean()", "0.5"]),
    "integers as bits": (lambda t, d: d.Bernoulli(0.5).log_prob(t.tensor(1)), ["Long"]),
    "integers as probabilities": (lambda t, d: d.Bernoulli(t.tensor(1)).logits, ["float"]),
    "draws of an impossible probability": (
        lambda t, d: d.Bernoulli(t.tensor([1.5]), validate_args=False).sample(),
        ["p"],
    ),
    "no quantiles": (lambda t, d: d.Bernoulli(0.5).icdf(t.tensor(0.5)), ["icdf", "Bernoulli"]),
    "no gradient of draws": (lambda t, d: d.Categorical(t.ones(2)).rsample(), ["rsample", "Categorical"]),
    "unlike": (
        lambda t, d: d.kl_divergence(d.Normal(0.0, 1.0), d.Categorical(t.ones(2))),
        ["Normal", "Categ"],
    ),
    "no class": (lambda t, d: d.register_kl(d.Normal, 2), ["type_q", "2"]),
    "no bool": (lambda t, d: d.Distribution.set_default_validate_args(3), ["3"]),
    "not a constraint": (lambda t, d: d.constraints.independent(1, 0), ["Constraint", "int"]),
    "fewer than no dimensions": (lambda t, d: d.constraints.independent(d.constraints.real, -1), ["-1"]),
    "too few dimensions": (lambda t, d: d.constraints.real_vector.check(t.tensor(1.0)), ["1", "0"]),
    "a dependent constraint": (lambda t, d: d.constraints.dependent.check(1), ["dependent"]),
    "an unknown size": (lambda t, d: d.constraints.dependent.event_dim, ["event_dim"]),
    "an unknown kind": (lambda t, d: d.constraints.dependent.is_discrete, ["is_discrete"]),
    "a constraint without a check": (lambda t, d: d.constraints.Constraint().check(1), ["check"]),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses_as_torch_does(name, fail_alike):
    program, words = BAD[name]
    fail_alike(lambda t, _: program(t, t.distributions), words)


VALUES = np.array([[0.0, 1.0], [0.5, 0.5], [-1.0, 2.0], [1.5, -0.5], [nan, 1.0], [inf, -inf]])
CONSTRAINTS = {
    "boolean": lambda c: c.boolean,
    "greater_than": lambda c: c.greater_than(1.0),
    "independent": lambda c: c.independent(c.unit_interval, 2),
    "integer_interval": lambda c: c.integer_interval(0, 1),
    "interval": lambda c: c.interval(-0.5, 1.5),
    "positive": lambda c: c.positive,
    "real": lambda c: c.real,
    "real_vector": lambda c: c.real_vector,
    "simplex": lambda c: c.simplex,
    "unit_interval": lambda c: c.unit_interval,
}


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_a_constraint_is_torchs(name):
    theirs, ours = (CONSTRAINTS[name](t.distributions.constraints) for t in (torch, mytorch))
    assert (repr(ours), ours.is_discrete, ours.event_dim) == (
        repr(theirs),
        theirs.is_discrete,
        theirs.event_dim,
    )
    assert ours.check(mytorch.tensor(VALUES)).tolist() == theirs.check(torch.tensor(VALUES)).tolist()


@BOTH
def test_a_support_may_depend_on_arguments(t):
    constraints = t.distributions.constraints
    support = t.distributions.Categorical.support
    assert constraints.is_dependent(support)
    assert not constraints.is_dependent(constraints.real)
    assert (support.is_discrete, support.event_dim) == (True, 0)
    assert (
        repr(t.distributions.Categorical(t.ones(3)).support)
        == "IntegerInterval(lower_bound=0, upper_bound=2)"
    )
    assert constraints.dependent(event_dim=1)(is_discrete=True).event_dim == 1


def reinforce(t, weights, rewards):
    """Return the gradient of a policy over three steps, whose actions are given."""
    policy = t.tensor(weights, requires_grad=True)
    state, losses = t.tensor([[1.0, -0.5, 2.0]], dtype=t.float64), []
    for action, reward in rewards:
        m = t.distributions.Categorical(t.softmax(state @ policy, dim=-1))
        losses.append(-m.log_prob(t.tensor([action])) * reward - 0.01 * m.entropy())
        state = (state * 0.9).roll(1, -1)
    t.cat(losses).sum().backward()
    return policy.grad.numpy()


def test_reinforce_has_torchs_gradients():
    given = RNG.standard_normal((3, 4)), [(2, 1.0), (0, -0.5), (3, 2.0)]
    np.testing.assert_allclose(reinforce(mytorch, *given), reinforce(torch, *given), rtol=1e-12)


def latent_loss(t, encoded, draw):
    """Return the gradient of a variational loss with respect to what an encoder made."""
    code = t.tensor(encoded, requires_grad=True)
    mean, log_variance = code.chunk(2, -1)
    q = t.distributions.Normal(mean, (log_variance / 2).exp())
    z, noise = draw(q)
    likelihood = t.distributions.Bernoulli(logits=z.sum(-1, keepdim=True) * z).log_prob((z > 0).to(z.dtype))
    divergence = t.distributions.kl_divergence(q, t.distributions.Normal(t.zeros_like(mean), 1.0))
    (divergence.sum() - likelihood.sum()).backward()
    return code.grad.numpy(), noise


def test_a_reparameterized_loss_has_torchs_gradients():
    def own(q):
        z = q.rsample()
        return z, ((z - q.loc) / q.scale).detach().numpy()

    encoded = RNG.standard_normal((3, 4))
    gradient, noise = latent_loss(mytorch, encoded, own)
    expected, _ = latent_loss(torch, encoded, lambda q: (q.loc + torch.tensor(noise) * q.scale, None))
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-12)


def test_draws_have_the_moments():
    mytorch.manual_seed(0)
    m = mytorch.distributions.Normal(mytorch.tensor([0.0, 5.0]), mytorch.tensor([1.0, 0.1]))
    for drawn in (m.sample((20_000,)), m.rsample((20_000,))):
        # Five standard deviations of the mean.
        np.testing.assert_allclose(drawn.mean(0).numpy(), m.loc.numpy(), atol=5 / 20_000**0.5)
        np.testing.assert_allclose(drawn.std(0).numpy(), m.scale.numpy(), rtol=0.03)
    drawn = mytorch.distributions.Categorical(mytorch.tensor([1.0, 0.0, 3.0])).sample((20_000,))
    assert np.bincount(drawn.numpy())[2] / 20_000 == pytest.approx(0.75, abs=0.02)


def test_bits_diverge_by_broadcasting():
    # torch raises an IndexError here, and of two rows and two columns it would mark rows.
    p, q = mytorch.distributions.Bernoulli(mytorch.tensor([[0.5], [0.0]])), mytorch.tensor([0.0, 0.5])
    found = mytorch.distributions.kl_divergence(p, mytorch.distributions.Bernoulli(q))
    np.testing.assert_allclose(found.numpy(), [[inf, 0], [0, np.log(2)]], atol=1e-6)


@BOTH
@pytest.mark.usefixtures("_checked")
def test_checks_may_be_left_out(t):
    t.distributions.Distribution.set_default_validate_args(False)
    t.distributions.Normal(0.0, -1.0)
    with pytest.raises(ValueError, match="scale"):
        t.distributions.Normal(0.0, -1.0, validate_args=True)
    expanded = t.distributions.Bernoulli(0.5, validate_args=True).expand((2,))
    with pytest.raises(ValueError, match="Boolean"):
        expanded.log_prob(t.tensor([0.0, 0.5]))
    t.distributions.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="probs"):
        t.distributions.Bernoulli(2.0)


@BOTH
@pytest.mark.usefixtures("_registry")
def test_the_divergence_of_the_nearest_classes_is_taken(t):
    d = t.distributions
    own = type("Own", (d.Normal,), {})
    p, q = d.Normal(0.0, 1.0), own(0.0, 1.0)
    assert d.kl_divergence(p, q).item() == 0
    assert d.register_kl(d.Normal, own)(first := lambda p, q: "first") is first
    d.register_kl(own, d.Normal)(lambda p, q: "second")
    assert (d.kl_divergence(p, q), d.kl_divergence(q, p)) == ("first", "second")
    with pytest.warns(RuntimeWarning, match=r"Ambiguous kl_divergence\(Own, Own\).*register_kl\(Own, Own\)"):
        assert d.kl_divergence(q, q) == "second"
    d.register_kl(own, own)(lambda p, q: "third")
    assert d.kl_divergence(q, q) == "third"


def fixed(t, **members):
    """Return a distribution of someone's own, which draws ones."""

    def rsample(self, sample_shape=()):
        return t.ones(self._extended_shape(sample_shape), requires_grad=True) * 1

    def log_prob(self, value):
        self._validate_sample(value)
        return value.sum(-1)

    defined = {"rsample": rsample, "log_prob": log_prob, "variance": property(lambda self: t.full((2,), 4.0))}
    return type("Fixed", (t.distributions.Distribution,), {**defined, **members})


@BOTH
def test_a_class_of_ones_own_has_what_follows_from_its_methods(t):
    kind = fixed(t, arg_constraints={}, support=t.distributions.constraints.real_vector)
    m = kind(t.Size([2]), t.Size([3]))
    assert (m.batch_shape, m.event_shape, repr(m)) == ((2,), (3,), "Fixed()")
    assert m.sample((4,)).shape == (4, 2, 3)
    assert not m.sample().requires_grad
    assert m.stddev.tolist() == [2, 2]
    assert m.log_prob(t.ones(2, 3)).tolist() == [3, 3]
    with pytest.warns(FutureWarning, match="sample_n"):
        assert m.sample_n(4).shape == (4, 2, 3)
    with pytest.raises(ValueError, match="event_shape"):
        m.log_prob(t.ones(2, 1))
    with pytest.raises(NotImplementedError):
        m.mean  # noqa: B018 - reading it raises


@BOTH
def test_what_a_class_of_ones_own_leaves_out_is_warned_of(t):
    with pytest.warns(UserWarning, match="arg_constraints"):
        m = fixed(t)()
    with pytest.warns(UserWarning, match="support"):
        m.log_prob(t.ones(3))


@BOTH
def test_a_subclass_with_parameters_of_its_own_has_to_expand_itself(t):
    class Shifted(t.distributions.Normal):
        def __init__(self, shift):
            super().__init__(shift, 1.0)

    with pytest.raises(NotImplementedError, match="Shifted of Normal"):
        Shifted(2.0).expand((2,))
    assert type("Own", (t.distributions.Normal,), {})(0.0, 1.0).expand((2,)).loc.shape == (2,)
