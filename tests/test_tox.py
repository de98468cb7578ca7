"""The commands of tox.ini are commands that there are, and the baseline in them is the committed one."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from conformance.cli.main import _parser

ROOT = Path(__file__).parents[1]
TOX = configparser.RawConfigParser()
TOX.read(ROOT / "tox.ini", encoding="utf-8")
PLACES = {"{toxinidir}": str(ROOT), "{[reports]latest}": "latest", "{[reports]seeds}": "3", "{/}": "/"}


def _options(section, more=""):
    """Return what the command line reads in each command of ours in a section."""
    text = TOX.get(section, "commands", fallback="")
    for place, value in {**PLACES, "{posargs}": more}.items():
        text = text.replace(place, value)
    lines = [line.split() for line in text.splitlines()]
    return [_parser().parse_args(words[1:]) for words in lines if words[:1] == ["conformance"]]


@pytest.mark.parametrize("section", TOX.sections())
def test_the_commands_are_commands_that_there_are(section):
    for options in _options(section):
        assert getattr(options, "baseline", None) in {None, ROOT / "reports" / "baseline.json"}


def test_the_page_of_ci_says_what_changed_and_another_seed_may_be_named():
    (options,) = _options("testenv:conformance", "--seed 2")
    assert (options.seed, options.baseline) == (2, ROOT / "reports" / "baseline.json")
    assert options.baseline.is_file()
