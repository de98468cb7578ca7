"""Reports for the page: one with every status in it, and hostile names."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from types import SimpleNamespace

import pytest

from conformance.judging.profile import Profile
from conformance.judging.verdict import Status, Verdict
from conformance.report.record import Report
from conformance.report.scope import Scope

# It would run in a page that does not escape it, in text and in an attribute.
HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='hacked=1'>\" onclick=\"hacked=1"

# The plain path asks for every setting of a recurrent layer.
LSTM = (
    "nn.LSTM:seed=1,draw=0,class=small,regime=normal,N=2,L=3,I=5,"
    "H=5,layers=1,bidirectional=false,batch_first=true,bias=true,states=false,form=equal,dropout=eval,projection=false"
)


def verdict(case="add", draw=0, status=Status.PASS, **fields):
    """Return a verdict about one number of a case, with numbers that fit its headroom."""
    headroom = fields.get("headroom")
    numbers = {}
    if headroom is not None:
        error = 0.0 if headroom == inf else 1e-6 / headroom if headroom else 1.0
        numbers = {"tolerance": 1e-6, "expected": 1.0, "got": 1.0 + error, "max_error": error, "max_ulp": 3.0}
        numbers |= {"worst_index": [0, 2]}
    values = {
        "case": case,
        "sample": f"{case}:seed=1,draw={draw},class=small,regime=normal,N=2,F=3",
        "check": "forward",
        "lane": "float32",
        "observable": "output",
        "elements": 6,
        "reason": None if status is Status.PASS else "because",
        "shape_class": "small",
        "regime": "normal",
    }
    return Verdict(**values | numbers | fields, status=status)


def report(*verdicts, **fields):
    """Return the report of some verdicts."""
    known = {
        "environment": {"torch": "2.13.0+cpu", "numpy": "2.4.6"},
        "timing": {"began": "then", "seconds": 2.0},
    }
    return Report(1, "mytorch", "torch", tuple(verdicts), **known | fields)


EVERY_STATUS = (
    verdict("add", headroom=12.0),
    verdict("add", headroom=inf, lane="float64"),
    verdict("add", headroom=5.0, check="backward", observable="grad.other"),
    verdict("add", lane=None, check="errors", observable="shapes do not fit", elements=0),
    verdict("sub", headroom=1.2),
    verdict(
        "mul", 0, Status.FAIL, headroom=0.25, reason="2 of 6 elements differ by more than rounding explains"
    ),
    verdict("mul", 1, Status.FAIL, headroom=0.0, check="backward", observable="grad.input"),
    verdict("mul", 2, Status.FAIL, headroom=nan, observable="other"),
    verdict(
        "mul",
        status=Status.FAIL,
        lane=None,
        check="errors",
        observable="shapes do not fit",
        elements=0,
        reason="expected RuntimeError (sizes), got no error",
    ),
    verdict(
        "div", status=Status.ERROR, observable=None, elements=0, reason="Traceback:\n  line 1\nValueError: no"
    ),
    verdict("exp", status=Status.EXCUSED, headroom=0.5, reason="off; excused: https://example.org says why"),
    verdict("log", status=Status.SKIP, observable=None, elements=0, reason="no float32 here"),
    verdict("cat", status=Status.EMPTY, observable=None, elements=0, reason="nothing to compare"),
    verdict("nn.Linear", headroom=4.0),
    verdict("nn.Linear", status=Status.FAIL, check="use", use="twice", headroom=0.5, observable="output"),
    verdict("nn.LSTM", sample=LSTM, headroom=6.0, check="backward", observable="sum/grad.weight_ih_l0"),
    verdict(f"other {HOSTILE}", headroom=3.0),
)


@pytest.fixture
def make():
    """The two functions that make verdicts and reports."""
    return SimpleNamespace(verdict=verdict, report=report, hostile=HOSTILE)


@pytest.fixture
def every_status():
    """The report of a run with every status, in which some cases were asked for by name."""
    return report(
        *EVERY_STATUS,
        scope=Scope(named=("add", "log"), limits=("no float16",)),
        minimums={"long": 3},
        shrunk={EVERY_STATUS[5].sample: "mul:seed=1,draw=0,class=small,regime=normal,N=1,F=1"},
        diagnosed={EVERY_STATUS[5].sample: ["the product is doubled", "grad.input, in all numbers"]},
    )


def lstm(draw, observable, *labels, **ratios):
    """Return a failure of nn.LSTM on the plain path, or of two layers in draw 0, with ratios `AXIS=...`."""
    ((axis, found),) = ratios.items()
    text = LSTM.replace("states=false", "states=true").replace("dropout=eval", "dropout=none")
    text = text.replace("draw=0", f"draw={draw}").replace("layers=1", f"layers={1 if draw else 2}")
    check = "backward" if observable.startswith("grad.") else "forward"
    fields = {"sample": text, "check": check, "observable": observable, "headroom": 1 / max(found)}
    return verdict("nn.LSTM", status=Status.FAIL, profile=Profile(axis, list(labels), list(found)), **fields)


@pytest.fixture
def recurrent():
    """The report of a recurrent layer that fails in two samples, of which the second is on the plain path."""
    spans = tuple(f"{5 * k}-{5 * k + 4}" for k in range(28))
    return report(
        verdict("relu", headroom=9.0),
        lstm(0, "output", *"012", step=(2.0, 2.0, 2.0)),
        lstm(1, "output", *spans, step=(0.0,) * 26 + (0.9, 5.0)),
        lstm(1, "grad.input", *spans, step=(20.0,) * 27 + (inf,)),
        lstm(1, "grad.weight_ih_l0", *"ifgo", gate=(2e3, 2e3, 2e3, 2e3)),
        lstm(1, "grad.bias_ih_l0", *"ifgo", gate=(1.0, 3e4, 0.2, 0.0)),
        verdict("mul", status=Status.FAIL, headroom=0.5),
    )


@pytest.fixture
def hostile():
    """The report of a subject that puts markup wherever it can."""
    case = HOSTILE
    fields = {"observable": HOSTILE, "reason": HOSTILE, "shape_class": HOSTILE, "regime": HOSTILE}
    verdicts = (
        verdict(case, headroom=2.0),
        verdict(case, 1, Status.FAIL, headroom=0.5, **fields),
        verdict(case, 2, Status.SKIP, **fields),
        verdict(case, 3, Status.EXCUSED, headroom=0.5, **fields | {"reason": f"off; excused: {HOSTILE}"}),
        verdict(case, 4, Status.FAIL, headroom=0.5, check="use", use=HOSTILE, reason=HOSTILE),
        verdict(case, 5, Status.ERROR, lane=None, check="errors", observable=HOSTILE, reason=HOSTILE),
    )
    found = report(
        *(replace(each, sample=f"{HOSTILE}:{index}") for index, each in enumerate(verdicts)),
        environment={HOSTILE: HOSTILE},
        scope=Scope(named=(HOSTILE, "unseen"), limits=(HOSTILE,), fewer={HOSTILE: HOSTILE}),
        shrunk={f"{HOSTILE}:1": HOSTILE},
        diagnosed={f"{HOSTILE}:1": [HOSTILE, HOSTILE]},
        timing={"began": HOSTILE, "seconds": 1.0, "stopped": HOSTILE},
    )
    return replace(found, implementation=HOSTILE, reference=HOSTILE)
