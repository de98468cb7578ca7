"""The run of the peers: right, wrong and absent ones, its files, and how it goes on."""

from __future__ import annotations

import json
import sys
from collections import Counter
from types import ModuleType

import numpy as np
import pytest

from conformance.judging import prepared as preparing
from conformance.running import peers as running
from conformance.subjects.peers import PEERS, Peer
from conformance.subjects.peers._layers import layers


def tanh_only(sign):
    """Return a direction of nn.RNNCell without its backward; sign -1 makes it a wrong one."""

    def direction(kind, p, x, states, nonlinearity):
        assert kind == "RNN"
        activation = np.tanh if nonlinearity == "tanh" else (lambda z: np.maximum(z, 0))
        z = x[0] @ p["weight_ih"].T + p.get("bias_ih", 0) + states[0] @ p["weight_hh"].T
        h = activation(z + sign * p.get("bias_hh", 0))
        return (h[None], (h,)), None

    return direction


@pytest.fixture
def table(monkeypatch):
    """Replace the table by a right peer, a wrong one, and one that is not installed, in this process."""
    module = ModuleType("made_for_a_test")
    for name, sign in {"right": 1, "wrong": -1}.items():
        setattr(module, name, lambda sign=sign: layers("mine", tanh_only(sign), kinds=["RNN"]))
    monkeypatch.setitem(sys.modules, "conformance.subjects.made_for_a_test", module)
    # Other tests see the table in its order again.
    before = dict(PEERS)
    PEERS.clear()
    for name in ("right", "wrong"):
        PEERS[name] = Peer(name, f"made_for_a_test:{name}", (), f"the {name} one", ("RNN",))
    PEERS["absent"] = Peer("absent", "made_for_a_test:right", ("onnxruntime",), "one that is not installed")
    monkeypatch.setattr(
        "conformance.subjects.peers.table.find_spec", lambda name: None if name == "onnxruntime" else name
    )
    judge = running.run

    def cells_alone(name, cases, *given, **options):
        return judge(name, cases[1:], *given, **options, in_process=True)

    monkeypatch.setattr(running, "run", cells_alone)
    yield
    PEERS.clear()
    PEERS.update(before)


@pytest.fixture
def judged(table, tmp_path, capsys):
    """Run the command with some arguments; return its exit code, what it printed, and the record."""
    del table

    def judge(*arguments):
        code = running.main([*arguments, "--samples", "2", "--out", str(tmp_path)])
        record = json.loads((tmp_path / "peers.json").read_text(encoding="utf-8"))
        return code, capsys.readouterr().out.splitlines(), {peer["name"]: peer for peer in record["peers"]}

    return judge


def test_all_are_judged_and_an_absent_one_fails_the_run(judged, tmp_path):
    code, printed, peers = judged()
    assert code == 1
    assert printed[:2] == ["right: exit code 0", "wrong: exit code 1"]
    assert printed[2].startswith("absent: skipped: implementation 'absent': onnxruntime is not installed")
    assert peers["right"]["limits"].startswith("forward only")
    (found,) = peers["wrong"]["found"]
    assert found["case"] == "nn.RNNCell"
    assert (tmp_path / found["bundle"] / "bundle.json").is_file()
    shown = (tmp_path / "peers.md").read_text(encoding="utf-8")
    assert "2 other implementations" in shown
    assert found["sample"] in shown


def test_those_that_are_named_are_judged(judged):
    code, _, peers = judged("right")
    assert (code, list(peers)) == (0, ["right"])


def test_it_goes_on_from_a_record_of_the_same_samples(judged, monkeypatch):
    _, _, before = judged("right")
    monkeypatch.setattr(
        running, "_judge", lambda name, *_: {**before["right"], "name": name, "limits": "new"}
    )
    _, _, after = judged("right", "wrong", "--resume")
    assert {name: peer["limits"] == "new" for name, peer in after.items()} == {"right": False, "wrong": True}
    # Of another seed nothing is kept, and without --resume neither.
    _, _, after = judged("right", "--resume", "--seed", "2")
    assert after["right"]["limits"] == "new"


NOTHING = "there is nothing to go on from in FOLDER"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], [NOTHING, ""]),
        (["--seed", "2"], [NOTHING, "FOLDER/peers.json is of another run, by its seed"]),
    ],
)
def test_where_it_starts_anew_it_says_so(table, monkeypatch, tmp_path, capsys, arguments, told):
    del table
    entry = {"name": "right", "skipped": "", "exit_code": 0, "samples": 2, "versions": {}}
    monkeypatch.setattr(running, "_judge", lambda *_: entry)
    monkeypatch.setattr(running.report_on, "markdown", lambda _: "")
    for given, why in zip(([], arguments), told, strict=True):
        assert running.main(["right", "--resume", "--samples", "2", "--out", str(tmp_path), *given]) == 0
        line = f"peers: {why.replace('FOLDER', str(tmp_path))}: starts anew\n" if why else ""
        assert capsys.readouterr().err == line


def test_torch_in_another_form_has_to_be_right(judged):
    assert judged("wrong")[0] == 1


def test_a_skipped_peer_and_one_of_another_version_are_judged_anew(judged, monkeypatch, tmp_path):
    judged("right", "absent")
    known = json.loads((tmp_path / "peers.json").read_text(encoding="utf-8"))
    known["peers"][0]["versions"] = {"jax": "0.1"}
    (tmp_path / "peers.json").write_text(json.dumps(known), encoding="utf-8")
    tried = []
    monkeypatch.setattr(running, "_judge", lambda name, *_: tried.append(name) or known["peers"][0])
    judged("right", "absent", "--resume")
    assert tried == ["right", "absent"]


@pytest.mark.parametrize(
    ("arguments", "mentions"),
    [
        (["--seed", "-1"], "seed: expected"),
        (["--samples", "0"], "samples: expected"),
        (["--samples", "few"], "peers: --samples: expected a whole number, got 'few'\n"),
        (["--resume"], "peers.json"),
    ],
)
def test_wrong_use_skips_nothing(table, tmp_path, capsys, arguments, mentions):
    del table
    (tmp_path / "peers.json").write_text("[", encoding="utf-8")
    assert running.main(["right", *arguments, "--out", str(tmp_path)]) == 2
    assert mentions in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_wrong_use(table, tmp_path, capsys):
    del table
    (tmp_path / "file").touch()
    assert running.main(["right", "--samples", "1", "--out", str(tmp_path / "file")]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_an_unknown_peer_is_refused(table, tmp_path, capsys):
    del table
    assert running.main(["rigth", "--out", str(tmp_path)]) == 2
    assert "unknown peer 'rigth'. There are: right, wrong, absent." in capsys.readouterr().err


def test_each_sample_is_prepared_once_for_all_peers(judged, monkeypatch):
    prepared = []
    prepare = preparing.prepare

    def counted(case, sample, *given, **options):
        prepared.append(sample.text)
        return prepare(case, sample, *given, **options)

    monkeypatch.setattr(preparing, "prepare", counted)
    alone = [judged(name)[2][name] for name in ("right", "wrong")]
    apart, prepared[:] = Counter(prepared), []
    both = judged("right", "wrong")[2]
    # A sample that is shrunk is prepared anew; those of the run come first.
    assert [apart[text] - prepared.count(text) for text in prepared[:2]] == [1, 1]
    assert [both[each["name"]]["cells"] for each in alone] == [each["cells"] for each in alone]
