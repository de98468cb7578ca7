"""What every other part of mytorch may import: the tensor's storage, dtypes, promotion, devices and sizes."""
