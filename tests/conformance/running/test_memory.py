"""The memory of a run does not grow with its samples: not by the plan, not by what is done, not by tables."""

from __future__ import annotations

import gc
import tracemalloc
from collections import Counter
from contextlib import nullcontext
from itertools import islice

import pytest

import conformance
from conformance import spooled
from conformance.cases import CASES
from conformance.judging import chosen_uses
from conformance.judging import verdicts as module
from conformance.judging.verdict import Status, Verdict
from conformance.judging.verdicts import Verdicts
from conformance.report.baseline import Baseline
from conformance.report.coverage import by_case, covered
from conformance.report.files import read_report, write_whole
from conformance.report.record import Report
from conformance.report.repeatability import repeated
from conformance.report.scope import Scope
from conformance.report.seen import seen
from conformance.report.shard import JUDGED, Piece, Pieces, Shard
from conformance.running import doing
from conformance.running.merge import merge
from conformance.running.plan import plan
from conformance.running.work import Outcome, SampleWork
from conformance.sampling.space import stream
from conformance.subjects.supports import EVERYTHING, Supports

FEW, MANY = 120, 360
# Of no other test in this process, so that its samples are told from theirs.
SEED = 20_261_128

# Bytes per sample: all that a plan, an outcome or a name could be is larger.
LEAST = 40


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    # So that no growth hides in a block that is filled.
    monkeypatch.setattr(spooled, "BLOCK", 16)
    monkeypatch.setattr(module, "HELD", 0)
    monkeypatch.setattr(chosen_uses, "_BLOCK", 64)
    yield
    tracemalloc.stop()


def verdict(sample):
    named = {"shape_class": sample.shape_class, "regime": sample.regime, "elements": 1, "repeatable": True}
    return Verdict(sample.case, sample.text, "forward", "float32", "output", Status.PASS, **named)


def growth(made, few=FEW, many=MANY, before=lambda _: None):
    """Return by how many bytes per sample the peak grows of what is made of so many samples.

    What is done before is not part of it.
    """

    def peak(samples):
        before(samples)
        tracemalloc.start()
        made(samples)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    # What is made once for all is made first.
    before(few)
    made(few)
    return (peak(many) - peak(few)) / (many - few)


@pytest.mark.parametrize("supports", [EVERYTHING, Supports(empty_batch=False, bad_calls=False)])
def test_a_plan_holds_no_samples(supports):
    def made(samples):
        planned = plan(["relu"], samples, 1, ["float32"], supports)
        assert Counter(map(type, planned))[SampleWork] == samples

    # Those among which the uses are chosen are found among the first few hundred.
    assert growth(made, 240, 600) < LEAST


@pytest.mark.parametrize("shard", [None, "2/2"])
def test_nothing_is_held_of_what_was_judged(monkeypatch, tmp_path, shard):
    held, alive = {}, []

    def progress(_, done, __, ___):
        if done == 1:
            tracemalloc.start()
        if done in {FEW, MANY}:
            gc.collect()
            held[done] = tracemalloc.get_traced_memory()[0]
            work = [each for each in gc.get_objects() if type(each) is SampleWork]
            alive.append(sum(each.sample.seed == SEED for each in work))
        if done == MANY:
            tracemalloc.stop()
            if not resume:
                raise KeyboardInterrupt

    monkeypatch.setattr(doing, "do", lambda work, _: Outcome([verdict(work.sample)], prepared=True))
    monkeypatch.setattr("conformance.report.files.write", lambda *_: None)
    # A run that is interrupted, and the one that goes on with it.
    for resume in (False, True):
        ends = nullcontext() if resume else pytest.raises(KeyboardInterrupt)
        with ends:
            conformance.run(
                "torch",
                ["tanh"],
                (2 if shard else 1) * MANY + FEW,
                SEED,
                in_process=True,
                out=tmp_path,
                resume=resume,
                shard=shard,
                progress=progress,
            )
        assert (held[MANY] - held[FEW]) / (MANY - FEW) < LEAST
    assert max(alive) <= 2


TABLES = [seen, repeated, by_case, lambda verdicts: covered(verdicts, {}), Baseline.of]


@pytest.mark.parametrize("table", TABLES)
def test_tables_hold_no_names_of_samples(table):
    case = CASES["nn.RNN"]

    class Drawn(Verdicts):
        def __init__(self, samples):
            self.samples = samples

        def __iter__(self):
            return map(verdict, islice(stream(case.name, case.space, 1), self.samples))

    def made(samples):
        verdicts = Drawn(samples)
        assert table(Report(1, "torch", "torch", verdicts) if table == Baseline.of else verdicts)

    assert growth(made) < LEAST


def written(file, report):
    write_whole(file.parent, {file.name: report.json_pieces()})


SHARDS = {
    "written": lambda reports: [written(*each) for each in reports.items()],
    "read": lambda files: [read_report(file) for file in files],
    "merged": lambda files: merge({str(file): read_report(file) for file in files}),
}


@pytest.mark.parametrize("what", SHARDS)
def test_no_pieces_are_held_while_shards_are(tmp_path, what):
    case = CASES["nn.RNN"]
    timing = {"began": "", "seconds": 1.0}
    files = [tmp_path / f"{index}.json" for index in range(2)]
    reports = {}

    def prepared(samples):
        verdicts, pieces = [Verdicts(), Verdicts()], [Pieces(), Pieces()]
        for place, sample in enumerate(islice(stream(case.name, case.space, 1), samples)):
            verdicts[place % 2].extend([verdict(sample)])
            pieces[place % 2].extend([Piece(place, 1, JUDGED, sample.text)])
        for index, file in enumerate(files):
            shard = Shard(index + 1, 2, samples, ("float32",), {}, {}, pieces[index])
            scope = Scope((case.name,), shard=shard)
            reports[file] = Report(1, "torch", "torch", verdicts[index], scope=scope, timing=timing)
            # What its tables count of it is counted once.
            written(file, reports[file])

    assert growth(lambda _: SHARDS[what](reports), before=prepared) < LEAST
