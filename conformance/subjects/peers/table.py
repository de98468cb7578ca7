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
from conformance.subjects.layouts import GATES

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
        kinds: the kinds of layers that it has.
        samples: of each case, by which it is judged with all others: fewer where each shape is compiled.
    """

    name: str
    make: str
    packages: tuple[str, ...]
    told: str
    kinds: tuple[str, ...] = tuple(GATES)
    samples: int = 24

    @property
    def cases(self) -> tuple[str, ...]:
        """The cases of its layers and cells."""
        return tuple(f"nn.{kind}{end}" for kind in self.kinds for end in ("", "Cell"))

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


_NNX = ("flax", "jax")
# Of what is compiled for each shape, forward and backward.
_FEW = 12
PEERS = {
    peer.name: peer
    for peer in (
        Peer("torch-without-onednn", "peers.torch_forms:without_onednn", (), "torch with oneDNN off"),
        Peer("torch-threads", "peers.torch_forms:threaded", (), "torch on eight threads"),
        Peer("torch-steps", "peers.torch_forms:step_by_step", (), "torch's cells, one step at a time"),
        Peer("torch-gates", "peers.torch_forms:gate_by_gate", (), "torch's layers, written out gate by gate"),
        Peer(
            "torch-compiled",
            "peers.torch_forms:compiled",
            (),
            "torch.compile of its LSTMCell",
            ("LSTM",),
            samples=_FEW,
        ),
        Peer("torch-half", "pytorch:half", (), "torch in bfloat16 and float16"),
        Peer("torch-cuda", "peers.torch_forms:on_cuda", (), "torch on a CUDA device"),
        Peer("onnxruntime", "peers.onnx:onnxruntime", ("onnxruntime", "onnx"), "ONNX's nodes by onnxruntime"),
        Peer("onnx-reference", "peers.onnx:reference_evaluator", ("onnx",), "ONNX's nodes by onnx itself"),
        Peer("jax", "peers.jax_scan:make", ("jax",), "JAX, by hand with lax.scan", samples=_FEW),
        Peer("flax-lstm", "peers.flax:lstm_cell", _NNX, "flax's LSTMCell", ("LSTM",), _FEW),
        Peer(
            "flax-optimized-lstm",
            "peers.flax:optimized_lstm_cell",
            _NNX,
            "flax's OptimizedLSTMCell",
            ("LSTM",),
            _FEW,
        ),
        Peer("flax-gru", "peers.flax:gru_cell", _NNX, "flax's GRUCell", ("GRU",), _FEW),
        Peer("flax-rnn", "peers.flax:simple_cell", _NNX, "flax's SimpleCell", ("RNN",), _FEW),
        Peer(
            "equinox",
            "peers.equinox:make",
            ("equinox", "jax"),
            "equinox's LSTMCell, GRUCell",
            ("LSTM", "GRU"),
            _FEW,
        ),
        Peer("keras-numpy", "peers.keras:on_numpy", ("keras",), "keras's layers on NumPy"),
        Peer("keras-jax", "peers.keras:on_jax", ("keras", "jax"), "keras's layers on JAX", samples=_FEW),
        Peer("mygrad", "peers.mygrad:mygrad", ("mygrad",), "MyGrad, by hand"),
        Peer("autograd", "peers.autograd:autograd", ("autograd",), "HIPS autograd, by hand"),
    )
}
