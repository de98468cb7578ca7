"""A sample's text can be read back, and its bits follow from the text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.errors import UsageError
from conformance.sampling.sample import Sample, raw_words

CONFIG = (
    ("N", 3),
    ("lr", 0.0625),
    ("eps", 1e-08),
    ("bias", True),
    ("nesterov", False),
    ("form", "mm"),
    ("M", -1),
)
SAMPLE = Sample("nn.Linear", 1, 2, "small", "normal", CONFIG)
TEXT = (
    "nn.Linear:seed=1,draw=2,class=small,regime=normal,"
    "N=3,lr=0.0625,eps=1e-08,bias=true,nesterov=false,form=mm,M=-1"
)

MALFORMED = {
    "nothing": "",
    "no case": ":seed=1,draw=0,class=small,regime=normal",
    "no colon": "add",
    "no settings": "add:",
    "a setting without a value": "add:seed=1,draw=0,class=small,regime=normal,N",
    "a value without a name": "add:seed=1,draw=0,class=small,regime=normal,=3",
    "no seed": "add:draw=0,class=small,regime=normal,N=3",
    "no draw": "add:seed=1,class=small,regime=normal,N=3",
    "no class": "add:seed=1,draw=0,regime=normal,N=3",
    "no regime": "add:seed=1,draw=0,class=small,N=3",
    "a name twice": "add:seed=1,draw=0,class=small,regime=normal,N=3,N=4",
    "a seed in words": "add:seed=one,draw=0,class=small,regime=normal,N=3",
    "a seed with a fraction": "add:seed=1.5,draw=0,class=small,regime=normal,N=3",
    "a seed of true": "add:seed=true,draw=0,class=small,regime=normal,N=3",
    "a draw in words": "add:seed=1,draw=first,class=small,regime=normal,N=3",
    "a redraw in words": "add:seed=1,draw=0,class=small,regime=normal,N=3,redraw=once",
    "a redraw of zero": "add:seed=1,draw=0,class=small,regime=normal,N=3,redraw=0",
    "a leading zero": "add:seed=01,draw=0,class=small,regime=normal,N=3",
    "another order": "add:draw=0,seed=1,class=small,regime=normal,N=3",
}


def test_the_text_is_as_documented():
    assert SAMPLE.text == TEXT


def test_the_text_gives_the_sample_back():
    assert Sample.parse(TEXT) == SAMPLE


def test_the_case_of_a_text_may_have_an_aspect():
    sample = replace(SAMPLE, case="add@alpha")
    assert Sample.parse(sample.text) == sample


@pytest.mark.parametrize("name", [name for name, _ in CONFIG])
def test_a_setting_keeps_its_type(name):
    assert type(Sample.parse(TEXT).settings[name]) is type(SAMPLE.settings[name])


def test_a_redraw_is_in_the_text():
    again = SAMPLE.redrawn().redrawn()
    assert Sample.parse(again.text) == again


def test_a_redraw_keeps_the_configuration():
    assert SAMPLE.redrawn().config == SAMPLE.config


WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1).filter(
    lambda word: word not in {"true", "false", "inf", "nan", "infinity"}
)
SCALAR = st.booleans() | st.integers() | st.floats(allow_nan=False) | WORD


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.builds(
        Sample,
        st.sampled_from(["add", "nn.Linear"]),
        st.integers(0),
        st.integers(0),
        WORD,
        WORD,
        st.dictionaries(st.text("ABCXYZ", min_size=1), SCALAR).map(lambda config: tuple(config.items())),
        st.integers(0, 9),
    )
)
def test_every_text_gives_its_sample_back(sample):
    assert Sample.parse(sample.text) == sample


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_text_is_wrong_usage(text):
    with pytest.raises(UsageError, match=r"^sample: "):
        Sample.parse(text)


def test_a_malformed_text_is_quoted():
    with pytest.raises(UsageError, match="'add:seed'"):
        Sample.parse("add:seed")


def test_the_stream_is_the_one_that_old_reports_were_drawn_from():
    assert raw_words("golden", 2).tolist() == [0x677A1BBE8E1A742A, 0x6AAA3142256A0242]


def test_the_words_of_a_sample_are_the_ones_that_old_reports_were_drawn_from():
    expected = [0x53F7EFD32BE465C5, 0x56E9DE11C12AECC6, 0x4F79DE28BA017EFA]
    assert SAMPLE.words("input", 3).tolist() == expected


def test_words_depend_neither_on_what_was_drawn_before_nor_on_the_thread():
    texts = [f"text {number}" for number in range(20)] * 2
    alone = {text: raw_words(text, 5).tolist() for text in texts}
    assert len({tuple(words) for words in alone.values()}) == 20
    with ThreadPoolExecutor(4) as threads:
        for text, words in zip(texts, threads.map(lambda text: raw_words(text, 5), texts), strict=True):
            assert words.tolist() == alone[text]


def test_later_words_are_those_of_the_same_stream():
    words = raw_words("golden", 100).tolist()
    assert raw_words("golden", 60, 40).tolist() == words[40:]
    assert raw_words("golden", 40).tolist() == words[:40]


def test_more_words_begin_with_the_same():
    np.testing.assert_array_equal(SAMPLE.words("input", 100)[:7], SAMPLE.words("input", 7))


@pytest.mark.parametrize(
    "other",
    [
        SAMPLE.words("weight", 8),
        SAMPLE.redrawn().words("input", 8),
        Sample("nn.Linear", 2, 2, "small", "normal", CONFIG).words("input", 8),
        Sample("nn.Linear", 1, 3, "small", "normal", CONFIG).words("input", 8),
    ],
    ids=["name", "redraw", "seed", "draw"],
)
def test_another_name_redraw_seed_or_draw_has_no_word_in_common(other):
    assert not np.isin(other, SAMPLE.words("input", 8)).any()


def test_words_fill_all_64_bits():
    words = SAMPLE.words("input", 64)
    assert np.bitwise_or.reduce(words) == np.uint64(2**64 - 1)


def test_a_use_is_in_the_text_and_read_back():
    used = SAMPLE.redrawn().used("no-grad")
    assert used.text.endswith(",use=no-grad,redraw=1")
    assert Sample.parse(used.text) == used


def test_a_use_has_the_arrays_of_the_plain_sample():
    used = SAMPLE.used("no-grad")
    assert used.text != SAMPLE.text
    assert used.plain == SAMPLE
    assert np.array_equal(used.words("input", 8), SAMPLE.words("input", 8))
