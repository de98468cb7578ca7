"""The first sentence about a run, with which the page and the comment on a pull request begin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.judging.verdict import Status
from conformance.report.scope import Scope
from conformance.report.sentence import sentence
from conformance.report.suite import Suite
from conformance.subjects.declarations import Declarations


def test_a_sentence_says_of_how_much_and_how_narrowly(make):
    found = sentence(make.report(make.verdict(headroom=9.0), make.verdict(headroom=2.0, case="sub")), None)
    assert found.shown
    assert found.headline == "mytorch computes what torch 2.13.0 computes"
    assert found.text == "In 2 comparisons of 12 numbers. Nearest to its tolerance: 2 × away (sub, output)."
    assert (found.suite, found.limits) == ("", "fewer samples than by default")
    assert sentence(make.report(make.verdict(headroom=9.0), minimums={"small": 1}), None).limits == ""


def test_a_sentence_says_how_far_the_suite_can_be_relied_on(make):
    suite = Suite("", 10, (), (), 12.14)
    assert sentence(make.report(make.verdict(headroom=9.0)), suite).suite == (
        "This suite catches 0 of 0 known faults; false reds: fewer than 13 in 1,000 runs."
    )


@pytest.mark.parametrize(
    ("named", "headline"),
    [
        (("add", "sub"), "mytorch computes add, sub as torch 2.13.0 does"),
        (("add", "sub", "mul", "div"), "mytorch computes 4 cases as torch 2.13.0 does"),
    ],
)
def test_a_sentence_about_some_cases_names_them(make, named, headline):
    verdicts = (make.verdict(case, headroom=9.0) for case in named)
    assert sentence(make.report(*verdicts, scope=Scope(named=named)), None).headline == headline


def test_a_sentence_of_a_run_that_fails_counts_the_failures(every_status):
    found = sentence(every_status, None)
    assert not found.shown
    assert found.headline == "mytorch does not compute add, log as torch 2.13.0 does"
    assert found.text.startswith("6 of 17 verdicts fail, in 3 of 10 cases (12 comparisons of 72 numbers).")


@pytest.mark.parametrize(
    ("status", "headline"),
    [
        (Status.EMPTY, "It is not shown that mytorch computes what torch 2.13.0 computes"),
        (Status.SKIP, "Nothing of mytorch was compared with torch 2.13.0"),
    ],
)
def test_a_sentence_claims_nothing_that_is_not_shown(make, status, headline):
    others = [make.verdict(headroom=3.0)] if status is Status.EMPTY else []
    silent = make.verdict("sub", 0, status, observable=None, elements=0)
    found = sentence(make.report(*others, silent), None)
    assert (found.shown, found.headline) == (False, headline)


def test_a_sentence_says_where_and_by_which_rules_a_subject_was_judged(make):
    found = make.report(make.verdict(), minimums={"small": 1}, declarations=Declarations(accuracy="absolute"))
    found = replace(found, environment={"subject": "in this process, as asked"})
    assert sentence(found, None).limits == (
        "absolute accuracy of tanh and sigmoid (declared, and not needed), "
        "mytorch ran in this process, as asked"
    )


def test_in_markdown_it_is_a_paragraph_and_what_others_wrote_is_no_mark(make):
    found = replace(make.report(make.verdict(headroom=9.0), minimums={"small": 1}), implementation="<b>_my_")
    suite = Suite("", 10, (), (), None)
    assert sentence(found, suite).markdown() == (
        r"**\<b\>\_my\_ computes what torch 2.13.0 computes.** In 1 comparisons of 6 numbers. Nearest to its "
        "tolerance: 9 × away (add, output). This suite catches 0 of 0 known faults."
    )
    limited = replace(found, scope=Scope(limits=("no `float16`",)))
    assert sentence(limited, None).markdown().endswith("(add, output).\n\nJudged: no \\`float16\\`.")
