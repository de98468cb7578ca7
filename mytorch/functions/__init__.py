"""The public functions, one documented text each, by the families of `mytorch.ops`."""
