"""Modules that all others may import: the tensor's storage, dtypes, promotion, devices and sizes."""
