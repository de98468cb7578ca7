"""What a subject raised is raised again: of the same class as far as that is known, with the same message."""

from __future__ import annotations

import json

import pytest
import torch

from conformance.subjects.raised import again, told


class OwnError(KeyError, RuntimeError):
    pass


def through(error):
    return again(json.loads(json.dumps(told(error))))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("a message"), ValueError),
        (KeyError("a message"), KeyError),
        (IndexError(), IndexError),
        (OSError(2, "no file"), FileNotFoundError),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "why"), UnicodeDecodeError),
        (torch.linalg.LinAlgError("singular"), RuntimeError),
        (ExceptionGroup("several", [ValueError("one")]), Exception),
        (SystemExit(0), Exception),
        (KeyboardInterrupt(), Exception),
    ],
)
def test_class_and_message_are_the_same(error, kind):
    found = through(error)
    assert isinstance(found, kind)
    assert type(found).__name__ == type(error).__name__
    assert str(found) == str(error)
    assert type(error).__name__ in found.formatted.splitlines()[-1] or kind is Exception


def test_a_class_of_the_subjects_own_is_below_those_that_python_has():
    found = through(OwnError("x"))
    assert isinstance(found, KeyError)
    assert isinstance(found, RuntimeError)
    assert (type(found).__name__, str(found)) == ("OwnError", "'x'")


@pytest.mark.parametrize(
    "text",
    [
        None,
        {},
        {"classes": [], "message": "", "traceback": ""},
        {"classes": ["x"], "message": "", "traceback": ""},
    ],
)
def test_what_tells_of_no_exception_is_refused(text):
    with pytest.raises(ValueError, match=r"no exception|without a class"):
        again(text)


def test_only_pythons_and_torchs_exceptions_are_known():
    body = {"message": "", "traceback": ""}
    for module, name in (
        ("os", "error"),
        ("builtins", "print"),
        ("builtins", "SystemExit"),
        ("x", "ValueError"),
    ):
        assert type(again({"classes": [[module, name]], **body})).__mro__[1] is Exception
