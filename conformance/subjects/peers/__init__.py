"""Peers: other implementations of torch's recurrent layers, one file per framework, and their table."""

from conformance.subjects.peers._layers import layers
from conformance.subjects.peers.table import PEERS, Peer

__all__ = ["PEERS", "Peer", "layers"]
