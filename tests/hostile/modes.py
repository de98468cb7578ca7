"""A module that alters torch's modes where it is imported; its subject does no harm."""

import torch

from conformance.subjects.torchlike import TorchLike

torch.set_grad_enabled(False)
torch.set_default_device("meta")
torch.set_default_dtype(torch.float16)
torch.set_flush_denormal(True)  # as a library that was linked with -ffast-math does

subject = TorchLike("undisturbed", "mytorch")
