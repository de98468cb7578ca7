"""How numba is switched on, with and without it installed; what it then computes is in test_compiled.py."""

from __future__ import annotations

import pytest

import mytorch
from mytorch.backends import numba


@pytest.fixture
def missing(monkeypatch):
    monkeypatch.setattr(numba, "_NEEDED", ("numba_that_is_nowhere", "scipy_that_is_nowhere"))


@pytest.fixture
def there(monkeypatch):
    monkeypatch.setattr(numba, "_NEEDED", ("numpy",))


@pytest.mark.usefixtures("missing")
def test_without_numba_the_switch_says_what_to_install():
    assert not numba.is_available()
    told = (
        "needs numba_that_is_nowhere and scipy_that_is_nowhere.*pip install 'mytorch-conformance\\[numba\\]'"
    )
    with pytest.raises(ImportError, match=told):
        numba.enabled = True
    with pytest.raises(ImportError, match=told), numba.flags(enabled=True):
        pass
    numba.enabled = False
    assert numba.describe() == "not installed"


def test_the_switch_takes_a_bool_only():
    with pytest.raises(RuntimeError, match=r"backends\.numba\.enabled expects a bool, but got int"):
        numba.enabled = 1


@pytest.mark.usefixtures("there")
def test_flags_restore_the_switch_also_after_an_error():
    before = numba.enabled
    with numba.flags(enabled=True):
        assert numba.enabled
        with numba.flags():
            assert not numba.enabled
        assert numba.enabled
    with pytest.raises(KeyError), numba.flags(enabled=not before):
        raise KeyError
    assert numba.enabled is before


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(("value", "enabled"), [("", False), ("0", False), ("1", True)])
def test_the_environment_variable_switches_it_on(monkeypatch, value, enabled):
    monkeypatch.setenv("MYTORCH_NUMBA", value)
    assert numba._from_environment() is enabled


def test_another_value_of_the_variable_is_refused(monkeypatch):
    monkeypatch.setenv("MYTORCH_NUMBA", "yes")
    with pytest.raises(RuntimeError, match="MYTORCH_NUMBA has to be 0 or 1, but is 'yes'"):
        numba._from_environment()


@pytest.mark.usefixtures("missing")
def test_the_variable_without_numba_says_what_to_install(monkeypatch):
    monkeypatch.setenv("MYTORCH_NUMBA", "1")
    with pytest.raises(ImportError, match="pip install"):
        numba._from_environment()


def test_layers_that_are_not_switched_on_import_no_numba(python, tmp_path):
    code = (
        "import sys, mytorch as m; m.nn.LSTM(2, 3)(m.zeros(1, 1, 2)); "
        "print({'numba', 'scipy'} & set(sys.modules))"
    )
    done = python("-W", "error", "-c", code, cwd=tmp_path, MYTORCH_NUMBA="")
    assert (done.stdout.strip(), done.stderr) == ("set()", "")


def test_show_config_prints_numpy_blas_threads_and_numba(capsys):
    mytorch.show_config()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["mytorch", "NumPy", "BLAS:", "numba:"]
    assert lines[2].endswith((" thread", " threads"))
    assert numba.describe() in lines[3]
