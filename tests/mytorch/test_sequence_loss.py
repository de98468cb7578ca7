"""Connectionist temporal classification against torch, and against the sum over all paths."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest
import torch

import mytorch


@pytest.mark.parametrize("seed", range(40))
def test_random_sequences(seed):
    rng = np.random.default_rng(seed)
    steps, count, classes, most = (int(rng.integers(*each)) for each in ((1, 9), (1, 4), (2, 6), (1, 4)))
    blank = int(rng.integers(0, classes))
    labels = rng.integers(0, classes - 1, (count, most))
    labels += labels >= blank
    lengths, taken = rng.integers(0, most + 1, count), rng.integers(0, steps + 1, count)
    if seed % 5 == 0:
        labels = np.concatenate([row[:n] for row, n in zip(labels, lengths, strict=True)])
    options = {"reduction": ("mean", "sum", "none")[seed % 3], "zero_infinity": bool(seed % 2)}
    found = []
    for t in (mytorch, torch):
        x = t.tensor(scores(seed, steps, count, classes), requires_grad=True)
        given = t.tensor(labels), t.tensor(taken), t.tensor(lengths)
        loss = t.nn.functional.ctc_loss(x.log_softmax(2), *given, blank=blank, **options)
        loss.sum().backward()
        found.append([loss.detach().numpy(), x.grad.numpy()])
    for got, expected in zip(*found, strict=True):
        assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def scores(*seed):
    return 3 * np.random.default_rng(seed).standard_normal(seed[1:])


def test_the_sum_over_all_paths():
    logs = mytorch.tensor(scores(1, 4, 1, 3)).log_softmax(2)
    p = np.exp(logs.numpy()[:, 0])
    wanted = [1, 1]
    total = sum(
        np.prod([p[t, c] for t, c in enumerate(path)])
        for path in product(range(3), repeat=4)
        if [c for c, _ in groupby(path) if c] == wanted
    )
    loss = mytorch.nn.functional.ctc_loss(logs, mytorch.tensor([wanted]), (4,), (2,), reduction="sum")
    np.testing.assert_allclose(loss.item(), -np.log(total), rtol=1e-12)


@pytest.mark.parametrize("tensors", [True, False])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_one_sequence_without_a_batch(tensors, reduction):
    found = []
    for t in (mytorch, torch):
        lengths = (t.tensor(5), t.tensor(2)) if tensors else ((5,), (2,))
        layer = t.nn.CTCLoss(reduction=reduction)
        found.append(layer(t.tensor(scores(2, 5, 4)).log_softmax(1), t.tensor([1, 3]), *lengths))
    assert found[0].shape == found[1].shape
    np.testing.assert_allclose(found[0].numpy(), found[1].numpy(), rtol=1e-12)


def ctc(labels=((1, 2), (3, 1)), steps=(5, 4), lengths=(2, 1), shape=(5, 2, 4), dtype="float32", **options):
    def call(t):
        x = t.zeros(*shape, dtype=getattr(t, dtype))
        given = [t.tensor(each) if isinstance(each, list) else each for each in (steps, lengths)]
        return t.nn.functional.ctc_loss(x, t.tensor(labels), *given, **options)

    return call


BAD = {
    "too few labels": ctc((1, 2)),
    "too many labels": ctc((1, 2, 3, 1)),
    "rows of labels": ctc(((1, 2),)),
    "rank of the labels": ctc((((1, 2), (3, 1)),)),
    "longer than the labels": ctc(lengths=(3, 1)),
    "longer than the input": ctc(steps=(6, 4)),
    "negative steps": ctc(steps=(-1, 4)),
    "negative lengths": ctc(lengths=(-1, 1)),
    "number of steps": ctc(steps=(5,)),
    "number of lengths": ctc(lengths=(2,)),
    "tensor and tuple": ctc(steps=[5, 4]),
    "floats": ctc(steps=[5.0, 4.0], lengths=[2.0, 1.0]),
    "blank": ctc(blank=4),
    "negative blank": ctc(blank=-1),
    "blank as a float": ctc(blank=1.0),
    "reduction": ctc(reduction="x"),
    "rank": ctc(shape=(5,)),
    "nothing": ctc(shape=(0, 2, 4), steps=(0, 0)),
    "half": ctc(dtype="float16"),
    "integers": ctc(dtype="int64"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_torch_refuses(bad, refused_alike):
    refused_alike(bad)


def test_a_label_that_is_no_class_is_refused():
    with pytest.raises(RuntimeError, match="classes from 0 to 3, but got 0 to 7"):
        ctc(((1, 2), (7, 1)))(mytorch)
