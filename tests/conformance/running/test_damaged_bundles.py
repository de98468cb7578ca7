"""Every damaged or foreign bundle is refused in one line, by `conformance replay` and by its own repro.py."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.cli.main import main
from conformance.judging.verdict import Status, Verdict
from conformance.report.record import Report
from conformance.running import repro
from conformance.running.bundle import write_bundles
from conformance.running.stored import KEYS, digest
from conformance.subjects import pytorch

SAMPLE = "tanh:seed=1,draw=0,class=small,regime=normal,N=3,F=2,method=true"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Write one bundle, as the bytes of its files."""
    verdict = Verdict("tanh", SAMPLE, "forward", "float64", "output", Status.FAIL, reason="on purpose")
    folder = tmp_path_factory.mktemp("written")
    write_bundles([verdict], Report(1, "torch", "torch", (verdict,)), pytorch.make(), folder)
    return {path.name: path.read_bytes() for path in (folder / "tanh").iterdir()}


@pytest.fixture
def bundle(written, tmp_path):
    """Put the bundle into a folder of its own, for a test to damage."""
    folder = tmp_path / "tanh"
    folder.mkdir()
    for name, content in written.items():
        (folder / name).write_bytes(content)
    return folder


def about_of(bundle):
    return json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))


def arrays_of(bundle):
    with np.load(bundle / "arrays.npz") as stored:
        return dict(stored)


def write(bundle, about, arrays):
    """Write the content with its right hash: what is wrong has to be found by looking at it."""
    np.savez_compressed(bundle / "arrays.npz", **arrays)
    whole = about | {"sha256": digest(about, arrays)} if "sha256" in about else about
    (bundle / "bundle.json").write_text(json.dumps(whole), encoding="utf-8")


def refused(bundle, capsys, *mentions, by_repro=True):
    """Assert that both programs refuse a bundle with exit code 2 and one line."""
    assert main(["replay", str(bundle)]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n"), "Traceback" in shown.err) == ("", 1, False)
    assert [word for word in mentions if word not in shown.err] == []
    assert len(shown.err) < 2_200
    if by_repro:
        assert repro.main(bundle, []) == 2
        shown = capsys.readouterr()
        assert (shown.out, shown.err.count("\n"), "Traceback" in shown.err) == ("", 1, False)


def test_an_undamaged_one_is_read_by_both(bundle, capsys):
    assert main(["replay", str(bundle)]) == 0
    assert repro.main(bundle, []) == 0
    assert capsys.readouterr().err == ""
    write(bundle, about_of(bundle), arrays_of(bundle))
    assert repro.main(bundle, []) == 0


# --- files ---


def folder_instead(path):
    path.unlink()
    path.mkdir()


def pipe_instead(path):
    path.unlink()
    os.mkfifo(path)


def sparse(path):
    with path.open("wb") as file:
        file.truncate(2**40)


FILES = {
    "missing": lambda path: path.unlink(),
    "a folder": folder_instead,
    "a pipe": pipe_instead,
    "a link to nowhere": lambda path: (path.unlink(), path.symlink_to("nowhere")),
    "empty": lambda path: path.write_bytes(b""),
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "without its last byte": lambda path: path.write_bytes(path.read_bytes()[:-2]),
    "one bit flipped": lambda path: path.write_bytes(flipped(path.read_bytes())),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "a picture": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
    "a terabyte": sparse,
}


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("name", ["bundle.json", "arrays.npz"])
@pytest.mark.parametrize("damage", FILES.values(), ids=FILES)
def test_a_damaged_file(bundle, capsys, name, damage):
    damage(bundle / name)
    # Without it, a folder is not one of a bundle.
    none = name == "bundle.json" and damage in {FILES["missing"], FILES["a folder"]}
    refused(bundle, capsys, "a folder without bundle.json" if none else "cannot be read")


TEXTS = {
    "not JSON": b"bundle_version: 7",
    "not UTF-8": b'{"bundle_version": 7, "sample": "\xff"}',
    "UTF-16": '{"bundle_version": 7}'.encode("utf-16"),
    "a list": b"[]",
    "a number": b"4",
    "null": b"null",
    "a text": b'"tanh"',
    "an empty object": b"{}",
    "nested": 100_000 * b"[",
    "a number of ten thousand digits": b'{"bundle_version": ' + 10_000 * b"4" + b"}",
    "a key of a megabyte": b'{"bundle_version": 7, "' + 1_000_000 * b"\xc3\xbc" + b'": 1}',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_bundle_json_of_another_kind(bundle, capsys, text):
    (bundle / "bundle.json").write_bytes(text)
    refused(bundle, capsys, "cannot be read")


@pytest.mark.parametrize("version", [6, 8, 0, -1, 7.0, True, "7", None, [7], {}, float("nan")], ids=repr)
def test_another_version_is_named(bundle, capsys, version):
    write(bundle, about_of(bundle) | {"bundle_version": version}, arrays_of(bundle))
    refused(bundle, capsys, "expected bundle_version 7, got")


def test_a_link_to_a_bundle_is_one(bundle, capsys, tmp_path):
    (tmp_path / "link").symlink_to(bundle)
    assert main(["replay", str(tmp_path / "link")]) == 0
    capsys.readouterr()


# --- bundle.json ---

VALUES = (None, True, 3, 1.5, "text", "\x1b[31m\ud800", ["list"], {"key": 1}, 100_000 * "x")
PAIRS = [
    (key, value)
    for key, kind in KEYS.items()
    if key != "bundle_version"
    for value in VALUES
    if key in {"sample", "sha256", "failure", "inside"} or type(value) is not kind
]


@pytest.mark.parametrize(("key", "value"), PAIRS, ids=lambda each: repr(each)[:20])
def test_a_key_of_another_type_or_value(bundle, capsys, key, value):
    about, arrays = about_of(bundle), arrays_of(bundle)
    about[key] = value
    write(bundle, about, arrays)
    if key == "sha256":
        (bundle / "bundle.json").write_text(json.dumps(about), encoding="utf-8")
    # repro.py shows the texts as they are, and knows no case.
    refused(bundle, capsys, by_repro=type(value) is not KEYS[key] or key == "sha256")


@pytest.mark.parametrize(
    "inside",
    [
        {},
        {"compute": "float32"},
        {"compute": "float32", "accumulate": "half"},
        {"compute": ["float32"], "accumulate": "float32"},
        {"compute": "float32", "accumulate": "float32", "store": "float32"},
    ],
    ids=repr,
)
def test_dtypes_inside_operations_that_are_not_there(bundle, capsys, inside):
    write(bundle, about_of(bundle) | {"inside": inside}, arrays_of(bundle))
    refused(bundle, capsys, "inside: expected compute and accumulate", by_repro=False)


@pytest.mark.parametrize("key", [*KEYS])
def test_a_key_that_is_missing(bundle, capsys, key):
    about = about_of(bundle)
    del about[key]
    write(bundle, about, arrays_of(bundle))
    refused(bundle, capsys, key)


def test_a_key_that_is_not_known(bundle, capsys):
    write(bundle, about_of(bundle) | {"notes": 1}, arrays_of(bundle))
    refused(bundle, capsys, "has an unexpected 'notes'")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sample", SAMPLE.replace("N=3", "N=4")),
        ("implementation", "mytorch"),
        ("environment", {"numpy": "1.0"}),
    ],
)
def test_what_was_changed_by_hand_does_not_have_its_hash(bundle, capsys, key, value):
    (bundle / "bundle.json").write_text(json.dumps(about_of(bundle) | {key: value}), encoding="utf-8")
    refused(bundle, capsys, "its hash is not")


# What is replaced in the sample's text, by what, and what the line says.
TEXT_DAMAGE = {
    "an unknown case": ("tanh:", "tahn:", "unknown case 'tahn'. Did you mean tanh"),
    "an unknown class": (
        "class=small",
        "class=smal",
        "unknown shape class of tanh 'smal'. Did you mean small",
    ),
    "an unknown regime": (
        "regime=normal",
        "regime=norml",
        "regime of tanh 'norml'. Did you mean normal",
    ),
    "an unknown use": ("method=true", "method=true,use=twise", "unknown use 'twise'. Did you mean twice"),
    "another use": ("method=true", "method=true,use=twice", "the failure is of tanh"),
    "a use that does not fit": ("method=true", "method=true,use=state-dict", "does not apply"),
    "other sizes": ("N=3", "N=4", "input/input: expected ((4, 2), 'f'), got ((3, 2), 'f')"),
    "huge sizes": ("N=3", "N=100000000", "expected a size"),
    "huge sizes together": ("N=3,F=2", "N=10000000,F=10000000", "at most 10,000,000 elements"),
    "sizes of no machine": ("N=3", "N=1" + 5_000 * "0", "expected it written as"),
    "a negative size": ("N=3", "N=-3", "N: expected a size"),
    "a size that is not whole": ("N=3", "N=3.5", "N: expected a size"),
    "an unknown setting": ("method=true", "method=true,Q=1", "has no ['Q']"),
    "a missing setting": ("N=3,", "", "lacks ['N']"),
    "a setting twice": ("N=3,", "N=3,N=3,", "repeats a name"),
    "a flag of another value": ("method=true", "method=2", "method: expected one of"),
    "another order": ("N=3,F=2", "F=2,N=3", "the order"),
    "a negative seed": ("seed=1", "seed=-1", "seed: expected a whole number of at least 0, got -1"),
    "a negative draw": ("draw=0", "draw=-1", "draw: expected a whole number of at least 0, got -1"),
    "a draw of no run": ("draw=0", "draw=1" + 23 * "0", "draw: expected at most 1,000,000,000, got 1"),
    "a redraw of no run": ("method=true", "method=true,redraw=1" + 23 * "0", "redraw: expected at most"),
    "another spelling": ("seed=1", "seed=01", "expected it written as"),
    "no seed": ("seed=1,", "", "lacks ['seed']"),
    "another case": ("tanh:", "relu:", "the failure is of tanh"),
    "no settings": (",N=3,F=2,method=true", "", "lacks"),
    "control characters": ("small", "sm\x1b[31mall", r"\x1b[31m"),
    "half of a pair": ("small", "\ud800", r"\ud800"),
}


@pytest.mark.parametrize(("old", "new", "says"), TEXT_DAMAGE.values(), ids=TEXT_DAMAGE)
def test_a_damaged_sample(bundle, capsys, old, new, says):
    about = about_of(bundle)
    about["sample"] = about["sample"].replace(old, new)
    write(bundle, about, arrays_of(bundle))
    refused(bundle, capsys, says, by_repro=False)


def test_a_text_that_is_huge(bundle, capsys):
    write(bundle, about_of(bundle) | {"sample": SAMPLE + 1_000_000 * "x"}, arrays_of(bundle))
    refused(bundle, capsys, "characters cut", by_repro=False)


FAILURES = {
    "of another case": {"case": "relu"},
    "of another use": {"use": "twice"},
    "with an unknown status": {"status": "GOOD"},
    "with a number as its lane": {"lane": 64},
    "with an index that is a text": {"worst_index": ["0"]},
    "with a word as a number": {"headroom": "large"},
    "with an unknown key": {"colour": "red"},
    "with a profile of nothing": {"profile": {}},
}


@pytest.mark.parametrize("change", FAILURES.values(), ids=FAILURES)
def test_a_damaged_failure(bundle, capsys, change):
    about = about_of(bundle)
    about["failure"] |= change
    write(bundle, about, arrays_of(bundle))
    refused(bundle, capsys, by_repro=False)


@pytest.mark.parametrize("implementation", ["", "nobody", "fault:none", "no_such:x", "\x1b[31m", 9_000 * "x"])
def test_an_implementation_that_is_not_there(bundle, capsys, implementation):
    write(bundle, about_of(bundle) | {"implementation": implementation}, arrays_of(bundle))
    refused(bundle, capsys, by_repro=False)
    # The stored arrays can be compared all the same.
    assert repro.main(bundle, []) == 0
    assert capsys.readouterr().out.isascii()


# --- arrays.npz ---

GIVEN = np.ones((3, 2))

# The changes of the arrays, by name; None takes an array out. And whether repro.py can see the damage too: it
# does not know which arrays a case has.
ARRAYS = {
    "no arrays": (dict.fromkeys(["input/input", "input/cotangent.output"]), False),
    "no input": ({"input/input": None}, False),
    "no cotangent": ({"input/cotangent.output": None}, False),
    "another input": ({"input/other": GIVEN}, False),
    "a cotangent of no output": ({"input/cotangent.other": GIVEN}, False),
    "an input of another size": ({"input/input": np.ones((4, 2))}, False),
    "an input of another rank": ({"input/input": np.ones((3, 2, 1))}, False),
    "an input without elements": ({"input/input": np.ones((0, 2))}, False),
    "a cotangent of another size": ({"input/cotangent.output": np.ones((4, 2))}, False),
    "an input in float32": ({"input/input": GIVEN.astype("float32")}, False),
    "an input of integers": ({"input/input": GIVEN.astype("int64")}, False),
    "a complex input": ({"input/input": GIVEN.astype("complex128")}, False),
    "an input of flags": ({"input/input": GIVEN.astype("bool")}, False),
    "objects": ({"input/input": np.array([[object()]])}, True),
    "texts": ({"input/input": np.array([["1.0"]])}, True),
    "dates": ({"input/input": np.zeros((3, 2), "datetime64[s]")}, True),
    "records": ({"input/input": np.zeros((3, 2), [("a", "f8")])}, True),
    "an unknown kind": ({"output": GIVEN}, True),
    "no name": ({"input/": GIVEN}, True),
    "no observable": ({"got/float64/": GIVEN}, True),
    "an unknown lane": ({"oracle/float8/output": GIVEN}, True),
    "a lane that is not a dtype": ({"oracle/x/output": GIVEN}, True),
    "a tolerance of nothing": ({"tolerance/float64/other": GIVEN}, True),
    "a tolerance of another size": ({"tolerance/float64/output": np.ones((4, 2))}, True),
    "a reference of another size": ({"reference/float32/output": np.ones(3)}, True),
    "no oracle": ({"oracle/float64/output": None, "tolerance/float64/output": None}, False),
    "an oracle of another observable": ({"oracle/float64/other": GIVEN}, False),
}


@pytest.mark.parametrize(("change", "by_repro"), ARRAYS.values(), ids=ARRAYS)
def test_arrays_that_are_not_those_of_the_sample(bundle, capsys, change, by_repro):
    changed = arrays_of(bundle) | change
    arrays = {name: array for name, array in changed.items() if array is not None}
    write(bundle, about_of(bundle), arrays)
    refused(bundle, capsys, "arrays.npz", by_repro=by_repro)


@pytest.mark.parametrize("name", ["input/input", "oracle/float64/output", "got/float32/grad.input"])
def test_a_number_that_was_changed_does_not_have_its_hash(bundle, capsys, name):
    arrays = arrays_of(bundle)
    arrays[name].flat[0] += 1
    np.savez_compressed(bundle / "arrays.npz", **arrays)
    refused(bundle, capsys, "its hash is not")


HEADER = "{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}"
# The members of an archive, as bytes: a header may say what its data are not.
MEMBERS = {
    "not an array": b"text",
    "a huge shape": (HEADER.format("<f8", (10**12, 10**6)), 48),
    "a shape beyond 64 bits": (HEADER.format("<f8", (2**63, 2**63)), 48),
    "a negative shape": (HEADER.format("<f8", (-3, -2)), 48),
    "too few numbers": (HEADER.format("<f8", (3, 2)), 40),
    "too many numbers": (HEADER.format("<f8", (3, 2)), 56),
    "an unknown dtype": (HEADER.format("<q9", (3, 2)), 48),
    "a header that is a program": ("__import__('os').abort()", 48),
    "a nested header": (9_000 * "(", 48),
    "no shape": ("{}", 48),
}


@pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS)
def test_a_damaged_member(bundle, capsys, member):
    if isinstance(member, tuple):
        header = member[0].encode() + b"\n"
        member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(member[1])
    arrays = arrays_of(bundle)
    del arrays["input/input"]
    np.savez(bundle / "arrays.npz", **arrays)
    with zipfile.ZipFile(bundle / "arrays.npz", "a") as archive:
        archive.writestr("input/input.npy", member)
    refused(bundle, capsys, "arrays.npz")


def test_an_array_that_is_there_twice(bundle, capsys):
    with (
        zipfile.ZipFile(bundle / "arrays.npz", "a") as archive,
        pytest.warns(UserWarning, match="Duplicate name"),
    ):
        archive.writestr("input/input.npy", archive.read("input/input.npy"))
    refused(bundle, capsys, "twice")


def test_an_archive_that_unpacks_to_a_gigabyte(bundle, capsys):
    with zipfile.ZipFile(bundle / "arrays.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("input/input.npy", bytes(2**28 + 1))
    refused(bundle, capsys, "268,435,456 bytes at most")


def test_numbers_that_torch_cannot_take_are_told(bundle, capsys, monkeypatch):
    def program(t, x):
        return {"output": t.tanh(x["input"])[[int(x["input"].flatten()[0])]]}

    monkeypatch.setitem(CASES, "tanh", replace(CASES["tanh"], program=program))
    arrays = arrays_of(bundle)
    arrays["input/input"][:] = 1e9
    write(bundle, about_of(bundle), arrays)
    refused(bundle, capsys, "torch cannot run", by_repro=False)
