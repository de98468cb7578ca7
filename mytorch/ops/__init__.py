"""Forward and backward rules over NumPy arrays, one module a family of mathematics."""
