"""A use: a way in which a layer is called, other than one plain forward and backward.

The tables of uses (`_function_uses.py`, `_module_uses.py`) make them; `_uses.py` finds them by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases._call import Call
    from conformance.cases.case import Case, Config

    # From a case and settings to the reason why a use does not apply there, or None.
    Fits = Callable[[Case, Config], str | None]

# Where a case names uses that do not apply to it: all of them, but for those that it names one by one.
EVERY_USE = "*"


def anywhere(case: Case, config: Config) -> str | None:
    """Return None: the use applies to every case."""
    del case, config
    return None


@dataclass(frozen=True)
class Use:
    """One way in which a layer is called.

    Attributes:
        name: its name, in samples and reports.
        story: what is done, and what goes wrong there in real life.
        run: from the call to the trace. A name there is LABEL/OBSERVABLE or only OBSERVABLE; the part after
            the last slash is the observable of the plain call that it must equal. Flags are boolean or
            integer arrays.
        fits: returns why the use does not apply to a case with some settings, or None.
        measured: its values are others than those of the plain call, so that it has deviations of its own.
        samples: how many samples of a case are judged in it, of two lanes; one where deviations cost much.
        scale: the tolerances of the plain call are multiplied by it, as where a gradient is added twice.
        forward: its outputs show something by themselves, and are the same where nothing needs a gradient: a
            subject without backward is judged in it by its outputs.
        trains: it takes optimiser steps.
    """

    name: str
    story: str
    run: Callable[[Call], Mapping[str, Any]]
    fits: Fits = anywhere
    measured: bool = False
    samples: int = 2
    scale: float = 1.0
    forward: bool = False
    trains: bool = False

    def why_unused(self, case: Case, config: Config) -> str | None:
        """Return why the use does not apply to a case with some settings, or None."""
        if case.training:
            return "the case trains: its outputs are parameters after optimiser steps"
        if case.residuals:
            return "the case calls its layer in two ways itself"
        if case.distribution:
            return "the case draws at random: no two calls give the same"
        declared = case.unused.get(self.name, case.unused.get(EVERY_USE))
        why = declared(config) if callable(declared) else declared
        return why or self.fits(case, config)


def differentiable(case: Case, config: Config) -> tuple[list[str], list[str]]:
    """Return the names of the data and of the parameters whose gradients are observables."""
    from conformance.cases.case import is_parameter

    names = [name for name, spec in case.inputs(config).items() if spec.grad]
    return [n for n in names if not is_parameter(n)], [n for n in names if is_parameter(n)]
