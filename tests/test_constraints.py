"""constraints.txt names every distribution that is installed, in the version that was tested."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = [Requirement(text) for text in PROJECT["dependencies"]] + [
    Requirement(text) for extra in PROJECT["optional-dependencies"].values() for text in extra
]
CONSTRAINTS = {
    canonicalize_name(name): Version(version)
    for name, version in re.findall(
        r"^(\S+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
}


# Frameworks, compilers and clusters that this environment may lack.
PEERS = {
    canonicalize_name(Requirement(text).name)
    for extra in ("dask", "numba", "peers")
    for text in PROJECT["optional-dependencies"][extra]
}


def test_the_extra_of_all_peers_is_the_sum_of_theirs():
    extras = PROJECT["optional-dependencies"]
    own = ("autograd", "equinox", "flax", "jax", "keras", "mygrad", "onnx")
    assert sorted({text for name in own for text in extras[name]}) == extras["peers"]


def is_installed(name: str) -> bool:
    """Whether a distribution is there."""
    return any(metadata.distributions(name=name))


def required() -> dict[str, Requirement]:
    """Follow the declared requirements, as this machine installs them, to the last.

    A peer that is not installed is not followed. What a distribution pins exactly by itself (a CUDA build of
    torch, its libraries) needs no constraint.
    """
    found: dict[str, Requirement] = {}
    pending = [(requirement, False) for requirement in DECLARED]
    while pending:
        requirement, transitive = pending.pop()
        name = canonicalize_name(requirement.name)
        pinned = transitive and any(clause.operator == "==" for clause in requirement.specifier)
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if name in found or pinned or not wanted or (name in PEERS and not is_installed(name)):
            continue
        found[name] = requirement
        pending += [(Requirement(text), True) for text in metadata.requires(requirement.name) or []]
    return found


def test_every_requirement_has_a_constraint():
    assert {name for name in required() if name not in CONSTRAINTS} == set()


def test_what_is_installed_is_what_is_constrained():
    # torch's build suffix (+cpu, +cu…) names a build of the same release.
    installed = {name: Version(Version(metadata.version(name)).public) for name in required()}
    assert installed == {name: CONSTRAINTS[name] for name in installed}


@pytest.mark.parametrize("requirement", DECLARED, ids=str)
def test_the_tested_version_is_one_that_is_allowed(requirement):
    assert CONSTRAINTS[canonicalize_name(requirement.name)] in requirement.specifier
