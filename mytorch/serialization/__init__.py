"""Saving and loading: `save` and `load`, by safetensors files."""

from mytorch.serialization._files import load, save

__all__ = ["load", "save"]
