"""The paths of torch's modules lead to the same names: `from mytorch.nn.modules.rnn import LSTM`."""

from __future__ import annotations

import importlib
import inspect

import pytest

NAMESPACES = ("autograd", "nn", "nn.utils", "nn.utils.rnn", "optim", "optim.lr_scheduler", "utils.data")
# Modules of torch's that are private or nothing but a place for what torch itself exports.
PRIVATE = ("torch._C", "torch.utils.data._utils")


def paths():
    """List path and name of every class and function that torch defines elsewhere than it exports it."""
    found = []
    for namespace in NAMESPACES:
        ours, theirs = (importlib.import_module(f"{t}.{namespace}") for t in ("mytorch", "torch"))
        for name in ours.__all__:
            value = getattr(theirs, name, None)
            path = getattr(value, "__module__", None) or ""
            if (inspect.isclass(value) or inspect.isfunction(value)) and not path.startswith(PRIVATE):
                found.append((namespace, path, name))
    return found


@pytest.mark.parametrize(("namespace", "path", "name"), paths())
def test_a_path_of_torchs_leads_to_the_same_name(namespace, path, name):
    module = importlib.import_module(path.replace("torch", "mytorch", 1))
    assert getattr(module, name) is getattr(importlib.import_module(f"mytorch.{namespace}"), name)


@pytest.mark.parametrize(
    "line",
    [
        "from mytorch.nn.modules.module import Module",
        "from mytorch.nn.parameter import Parameter",
        "from mytorch.utils.data.dataloader import DataLoader, default_collate",
        "from mytorch.utils.data.dataset import Dataset, random_split",
        "from mytorch.utils.data.sampler import RandomSampler, SubsetRandomSampler",
        "from mytorch.optim.lr_scheduler import _LRScheduler, StepLR",
        "import mytorch.nn.modules.loss as L; L.CrossEntropyLoss",
    ],
)
def test_other_paths_that_scripts_import(line):
    exec(line, {})  # noqa: S102 - the lines above
