"""`conformance merge`: the files of the undivided run, its exit code, and what it refuses."""

from __future__ import annotations

import json
import resource
import shutil

import pytest

from conformance.cli.main import main
from conformance.running.merged_files import open_files
from conformance.running.output import FAILURES

SUBJECT = ("--implementation", "fault:relu-by-product")
ASKED = ("relu", "sigmoid", "--samples", "4", "--jobs", "1", "-q", *SUBJECT)


def read(folder):
    return json.loads((folder / "parity.json").read_text(encoding="utf-8"))


def lasting(folder):
    return {name: value for name, value in read(folder).items() if name not in {"timing", "environment"}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a folder with a failing run, whole and in two shards."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("conformance.running.run._diagnosed", lambda *_: {})
        assert main(["run", *ASKED, "--out", "whole"]) == 1
        codes = [main(["run", *ASKED, "--shard", f"{k}/2", "--out", f"shard-{k}"]) for k in (1, 2)]
    assert 1 in codes
    return folder


def test_shards_are_merged_to_the_files_of_the_undivided_run(runs, command_line, tmp_path):
    merged = ("merge", runs / "shard-2", runs / "shard-1" / "parity.json", "--out", tmp_path / "out")
    done = command_line(*merged, "--junit", "parity.xml", cwd=tmp_path)
    assert done.returncode == 1
    assert "NOT SHOWN: fault:relu-by-product against torch" in done.stdout
    assert done.stderr == ""
    assert lasting(tmp_path / "out") == lasting(runs / "whole")
    names = sorted(path.name for path in (runs / "whole").iterdir())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    assert "relu" in (tmp_path / "parity.xml").read_text(encoding="utf-8")


def test_the_bundle_of_a_failure_is_that_of_the_undivided_run_and_replays(runs, command_line, tmp_path):
    command_line("merge", runs / "shard-1", runs / "shard-2", "--out", "out", cwd=tmp_path)
    whole, merged = (
        json.loads((folder / FAILURES / "relu" / "bundle.json").read_text(encoding="utf-8"))
        for folder in (runs / "whole", tmp_path / "out")
    )
    assert [path.name for path in (tmp_path / "out" / FAILURES).iterdir()] == ["relu"]
    assert merged["failure"] == whole["failure"]
    assert merged["sha256"] == whole["sha256"]
    done = command_line("replay", tmp_path / "out" / FAILURES / "relu", cwd=tmp_path)
    assert done.returncode == 1
    assert "FAIL" in done.stdout


def test_reports_without_bundles_are_merged_without_them(runs, command_line, tmp_path):
    for k in (1, 2):
        (tmp_path / f"{k}").mkdir()
        shutil.copy(runs / f"shard-{k}" / "parity.json", tmp_path / f"{k}")
    assert command_line("merge", "1", "2", "--out", "out", cwd=tmp_path).returncode == 1
    assert not (tmp_path / "out" / FAILURES).exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["shard-1"], "merge: expected all 2 shards, got none for 2/2"),
        (["shard-1", "shard-1/parity.json"], "merge: shard-1/parity.json is given twice"),
        (["shard-1", "copy"], "merge: shard 1/2 is there twice: shard-1/parity.json and copy/parity.json"),
        (["shard-1", "whole"], "merge: whole/parity.json: expected the report of a shard"),
        (["shard-1", "missing"], "shard 'missing': expected the parity.json that `run` wrote, got none"),
        (["shard-1", "shard-2", "--implementation", "torch"], "implementation: expected that of the shards"),
        (["shard-1", "shard-2", "--out", "shard-2"], "out: expected another folder than that of the shard"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_merged_is_refused(runs, command_line, tmp_path, arguments, says):
    here = shutil.copytree(runs, tmp_path / "here")
    shutil.copytree(here / "shard-1", here / "copy")
    done = command_line("merge", *arguments, cwd=here)
    assert done.returncode == 2
    assert says in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"schema_version": 7', b'"schema_version": 6', "expected schema_version 7, got 6"),
        (b" judged ", b" judge ", "$.scope.shard.pieces["),
        (b" judged ", b" judged \xff ", "expected the parity.json that `run` wrote, got a file"),
    ],
)
def test_a_shard_that_cannot_be_read_is_named(runs, command_line, tmp_path, old, new, says):
    here = shutil.copytree(runs, tmp_path / "here")
    file = here / "shard-2" / "parity.json"
    file.write_bytes(file.read_bytes().replace(old, new))
    done = command_line("merge", "shard-1", "shard-2", "--out", "out", cwd=here)
    assert done.returncode == 2
    assert done.stderr.startswith(f"conformance: shard 'shard-2/parity.json': {says}")
    assert not (here / "out").exists()


@pytest.fixture
def few_files():
    """Let this process have few files open; return how many it may have at most."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (120, limits[1]))
    yield limits[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_as_many_files_may_be_open_as_shards_need(runs, few_files, tmp_path):
    assert main(["merge", *(str(runs / f"shard-{k}") for k in (1, 2)), "--out", str(tmp_path / "out")]) == 1
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (2 * 2 + 128, few_files)
    # Never fewer than before, and no more than this process may have.
    open_files(1)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (2 * 2 + 128, few_files)
    if few_files != resource.RLIM_INFINITY:
        open_files(few_files)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (few_files, few_files)
