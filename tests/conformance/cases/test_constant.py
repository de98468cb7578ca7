"""What a case declares constant by definition is what the judge cannot see, or the declaration is refused."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

import pytest

from conformance.cases import CASES
from conformance.cases._constant import where
from conformance.judging.chosen_uses import uses_of
from conformance.judging.prepared import prepare
from conformance.judging.sight import mistrusted
from conformance.sampling.sample import Sample
from conformance.sampling.space import HOLLOW, draw

DECLARED = [(name, pattern) for name, case in CASES.items() for pattern in case.constant]
# The relations of a layer have the declarations of its ordinary case, and are judged in few samples.
OWN = [(name, pattern) for name, pattern in DECLARED if not CASES[name].residuals]


def blind_in(case, pattern, samples):
    """Return the first sample in which an observable that a case declares constant is not seen."""
    for sample in samples:
        if pattern not in case.constant_in(sample) or sample.shape_class in HOLLOW:
            continue
        for expected in prepare(case, sample, ("float32",)).expectations.values():
            for name in expected.oracle:
                blind = expected.would_pass(name)
                names = (name, name.rpartition("/")[2])
                if blind and mistrusted(blind) and any(fnmatchcase(each, pattern) for each in names):
                    return sample
    return None


def drawn(case):
    """Return the samples of a default run, and after them those of its uses."""
    plain = draw(case.name, case.space, 1, case.default_samples)
    uses = uses_of(case, plain, ("float32",))
    return [*plain, *(s.used(use) for s, each in zip(plain, uses, strict=True) for use, _ in each)]


@pytest.mark.parametrize(("name", "pattern"), OWN)
def test_what_is_declared_constant_is_not_seen_in_a_default_run(name, pattern):
    assert blind_in(CASES[name], pattern, drawn(CASES[name])), (
        f"{name}: {pattern} is seen in every sample: remove the declaration"
    )


def test_a_declaration_about_what_is_seen_is_found():
    case = CASES["tanh"]
    assert blind_in(case, "output", []) is None
    wrong = replace(case, constant={"output": "it is 0"})
    assert blind_in(wrong, "output", drawn(wrong)[:3]) is None


def test_a_reason_is_a_sentence():
    reasons = [why for name, _ in DECLARED for why in CASES[name].constant.values() if isinstance(why, str)]
    assert reasons
    assert all(len(why) > 5 and not why.endswith(".") for why in reasons)


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({}, True),
        ({"N": 2}, True),
        ({"N": 3}, False),
        ({"N": (1, 2)}, True),
        ({"N": 2, "F": 2}, False),
        ({"missing": 2}, False),
        ({"regime": "normal"}, True),
        ({"regime": "tiny"}, False),
        ({"use": "twice"}, True),
        ({"use": "no-grad"}, False),
    ],
)
def test_where_a_reason_holds(asked, fits):
    sample = Sample("add", 1, 0, "small", "normal", (("N", 2), ("F", 3))).used("twice")
    assert where("why", **asked)(sample) == ("why" if fits else None)
