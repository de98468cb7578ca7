"""Saving and loading: `save` and `load`, by safetensors files, or npz files with NumPy alone."""

from mytorch.serialization._files import load, save

__all__ = ["load", "save"]
