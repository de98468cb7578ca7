"""The peers: other implementations of torch's recurrent layers, by name.

Read by the registry, by `conformance list` and by running.peers. Adding one is one file in this folder, and
an entry here.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from conformance.errors import UsageError
from conformance.extras import install

if TYPE_CHECKING:
    from conformance.subjects.protocol import Implementation


@dataclass(frozen=True)
class Peer:
    """How a peer is made.

    Attributes:
        name: as on the command line.
        make: the function that makes it, as `module:function`; the module is looked for in `subjects`.
        packages: what it imports, and extras bring; none of those that every run imports.
        told: what it is, in words.
    """

    name: str
    make: str
    packages: tuple[str, ...]
    told: str

    @property
    def lacking(self) -> tuple[str, ...]:
        """The packages that are not installed; none is imported."""
        return tuple(package for package in self.packages if find_spec(package) is None)

    @property
    def install(self) -> str:
        """The command that installs what it needs."""
        return install(*self.packages)

    def made(self) -> Implementation:
        """Return the implementation; its framework is imported here, or when it runs.

        Raises:
            UsageError: a package is not installed, or the peer says what else is not there.
        """
        if self.lacking:
            those = f"{' and '.join(self.lacking)} {'is' if len(self.lacking) == 1 else 'are'} not installed"
            raise UsageError(f"implementation {self.name!r}: {those}, which it needs: {self.install}")
        module, _, function = self.make.partition(":")
        made: Implementation = getattr(import_module(f"conformance.subjects.{module}"), function)()
        return made


PEERS = {
    peer.name: peer
    for peer in (
        Peer("torch-without-onednn", "peers.torch_forms:without_onednn", (), "torch with oneDNN off"),
        Peer("torch-threads", "peers.torch_forms:threaded", (), "torch on many threads"),
        Peer("torch-steps", "peers.torch_forms:step_by_step", (), "torch's cells, one step at a time"),
        Peer(
            "torch-gates", "peers.torch_forms:gate_by_gate", (), "torch's layers written out in its functions"
        ),
        Peer("torch-compiled", "peers.torch_forms:compiled", (), "torch's cells, compiled by torch.compile"),
        Peer("torch-half", "pytorch:half", (), "torch in bfloat16 and float16"),
        Peer("torch-cuda", "peers.torch_forms:on_cuda", (), "torch on a CUDA device"),
        Peer("jax", "peers.jax_scan:make", ("jax",), "JAX, by hand with lax.scan"),
    )
}
