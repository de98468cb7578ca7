"""`python -m conformance.running.peers [NAME…] --out DIR`: judges the peers, and writes one report on all.

Run by `tox run -e peers`. Each peer is judged as `conformance run` judges any subject, in a process of its
own, into `DIR/peers/NAME`. `DIR/peers.json` and `DIR/peers.md` are written after each, and `--resume` goes on
from there. A peer that cannot be run here is skipped, with the reason; where that is a package which an extra
brings, the exit code is 1, as it is where torch in another form does not show parity with torch.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from conformance.arguments import Parser, path_of
from conformance.environment import environment
from conformance.errors import UsageError, unknown, whole
from conformance.paths import made_folder
from conformance.report import peers as report_on
from conformance.report.files import write_whole
from conformance.running.run import run
from conformance.running.work import prepared_once
from conformance.subjects.peers import PEERS
from conformance.text import safe_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Compiling may take minutes; a sample that hangs costs as long, once.
SECONDS = 600.0


def judge_peers(
    names: Sequence[str],
    out: Path,
    *,
    samples: int | None = None,
    seed: int = 1,
    resume: bool = False,
) -> dict[str, Any]:
    """Judge peers, and return the record of all, which is also written.

    Args:
        names: of the peers; all where there are none.
        out: the folder.
        samples: how many of each case; by default as many as the table says.
        seed: of the samples.
        resume: keep the peers that were judged by the record in `out`, where seed, samples and versions are
            alike.

    Raises:
        UsageError: a peer is not known, a number is not whole or too small, `out` cannot be written to, or
            its record cannot be read.
    """
    for name in names:
        if name not in PEERS:
            raise unknown("peer", name, PEERS)
    seed, samples = whole("seed", seed, 0), None if samples is None else whole("samples", samples, 1)
    record: dict[str, Any] = {
        "schema_version": report_on.SCHEMA_VERSION,
        "environment": environment(threads=1),
        "seed": seed,
        "peers": [],
    }
    made_folder("out", out)
    known = _known(out / "peers.json", record) if resume else {}
    for name in names or PEERS:
        count = PEERS[name].samples if samples is None else samples
        entry = known.get(name, {})
        if entry.get("samples") != count or entry["versions"] != _versions(name):
            entry = _judge(name, out, count, seed)
        record["peers"].append(entry)
        text = json.dumps(record, indent=1) + "\n"
        write_whole(out, {"peers.json": text, "peers.md": report_on.markdown(record)})
        ended = f"skipped: {entry['skipped']}" if entry["skipped"] else f"exit code {entry['exit_code']}"
        print(f"{name}: {ended}", flush=True)  # noqa: T201 - a command
    return record


def _judge(name: str, out: Path, samples: int, seed: int) -> dict[str, Any]:
    """Judge a peer, and return the record of it."""
    peer, folder = PEERS[name], f"peers/{name}"
    try:
        # Whether it can be had at all is told by what makes it, in its own process.
        report = run(name, peer.cases, samples, seed, out=out / folder, time_limit=SECONDS)
    except UsageError as error:
        return report_on.skipped(name, peer.told, str(error))
    return report_on.judged(name, peer.told, _versions(name), samples, report, folder)


def _versions(name: str) -> dict[str, str]:
    """Return the versions of the packages of a peer that are installed."""
    peer = PEERS[name]
    return {package: version(package) for package in peer.packages if package not in peer.lacking}


def _known(path: Path, record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the peers of a record that is like another but for them, by name; tell where there are none."""
    if not path.is_file():
        return _none(f"there is nothing to go on from in {path.parent}")
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
        others = [key for key, value in record.items() if key != "peers" and there.get(key) != value]
        if others:
            return _none(f"{path} is of another run, by its {', '.join(others)}")
        return {entry["name"]: entry for entry in there["peers"] if not entry["skipped"]}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path}: expected the record of a run of peers: {error}") from error


def _none(why: str) -> dict[str, dict[str, Any]]:
    print(f"peers: {safe_name(why)}: starts anew", file=sys.stderr)  # noqa: T201 - a command
    return {}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 1 where a package is not installed, or torch is not torch."""
    parser = Parser(prog="python -m conformance.running.peers", description="Judge the peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="peers; by default all")
    parser.add_argument("--out", type=path_of, required=True, help="the folder for the reports")
    parser.add_argument("--samples", type=int, help="samples of each case")
    parser.add_argument("--seed", type=int, default=1, help="of the samples (1)")
    parser.add_argument("--resume", action="store_true", help="keep the peers that are judged in DIR")
    try:
        given = vars(parser.parse_args(arguments))
        names, out = given.pop("names"), given.pop("out")
        # Most peers are judged on the same samples.
        with prepared_once():
            record = judge_peers(names, out, **given)
    except UsageError as error:
        print(f"peers: {error}", file=sys.stderr)  # noqa: T201 - a command
        return 2
    absent = any(PEERS[name].lacking for name in names or PEERS)
    # Another framework may be wrong, which the report shows; torch in another form may not.
    forms = (peer for peer in record["peers"] if not PEERS[peer["name"]].packages and not peer["skipped"])
    return int(absent or any(peer["exit_code"] for peer in forms))


if __name__ == "__main__":
    sys.exit(main())
