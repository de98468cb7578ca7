"""The switches of torch's libraries for devices and products, none of which is here.

Programs set them before they ask for a device. They are kept, and change nothing.
"""

from __future__ import annotations

from mytorch.backends import cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
