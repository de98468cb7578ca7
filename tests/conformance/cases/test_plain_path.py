"""A subject that supports the plain path only is judged on it: at any seed there are enough such samples."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Status, TorchLike
from conformance.cases import CASES
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.sampling.space import draw, on_plain_path

GRU = CASES["nn.GRU"]


def _gru(initial):
    """Return a GRU of one layer and direction, for equal lengths."""

    def program(t: Any, x: Any) -> dict[str, Any]:
        config = x.config
        h, outputs = initial(t, x), []
        ih, hh = (x[f"bias_{kind}_l0"] if config["bias"] else 0 for kind in ("ih", "hh"))
        for step in x["input"].transpose(0, 1) if config["batch_first"] else x["input"]:
            r1, z1, n1 = (step @ x["weight_ih_l0"].T + ih).chunk(3, -1)
            r2, z2, n2 = (h @ x["weight_hh_l0"].T + hh).chunk(3, -1)
            z, n = (z1 + z2).sigmoid(), (n1 + (r1 + r2).sigmoid() * n2).tanh()
            h = n + z * (h - n)
            outputs.append(h)
        return {"output": t.stack(outputs, 1 if config["batch_first"] else 0), "h_n": h.unsqueeze(0)}

    return program


def _zeros(t: Any, x: Any) -> Any:
    return t.zeros(x.config["N"], x.config["H"], dtype=x["input"].dtype)


class Plain(TorchLike):
    """What most ports support."""

    def unsupported(self, task: Any) -> str | None:
        c = task.config
        plain = c["layers"] == 1 and not c["bidirectional"] and c["form"] == "equal" and c["N"] > 0
        return None if plain else "one layer, one direction, equal lengths only"


def _verdicts(initial, seed):
    subject = Plain("plain", "torch", {"nn.GRU": _gru(initial)})
    verdicts = []
    for sample in draw(GRU.name, GRU.space, seed, GRU.default_samples):
        cheap = sample.shape_class in {"small", "strided", "square"} and sample.regime != "nonfinite"
        if cheap and on_plain_path(GRU.space, sample):
            verdicts += judge_sample(prepare(GRU, sample), subject)
    return verdicts


@pytest.mark.parametrize("seed", [1, 2])
def test_a_layer_that_forgets_its_first_state_fails_on_every_plain_sample(seed):
    wrong = _verdicts(_zeros, seed)
    failed = {verdict.sample for verdict in wrong if verdict.status is Status.FAIL}
    assert failed == {verdict.sample for verdict in wrong}
    assert len(failed) >= 4


def test_the_same_layer_with_its_state_passes():
    right = _verdicts(lambda t, x: x["h0"][0] if "h0" in x else _zeros(t, x), 1)
    assert all(verdict.agrees for verdict in right)
    assert len({verdict.sample for verdict in right}) >= 4
