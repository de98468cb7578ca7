"""Forward and backward rules over NumPy arrays, one module per family of mathematics."""
