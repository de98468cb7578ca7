"""The public functions, one module per family; `mytorch.ops` has the same families under the same names.

A function checks its arguments, raises the class of exception that torch raises for bad ones, and applies an
op of its family. Its text says only what differs from these rules:

- `input` is a Tensor of any shape and any dtype, like every argument that is annotated as one. An
  elementwise function of two operands also takes a Python scalar for one of them. The result is a new
  Tensor through which gradients flow, or a view where the text says so.
- TypeError: an argument is not a Tensor, an operand is neither a Tensor nor a Python scalar, or a dimension
  or a size is not an integer. The message gives the function, the argument and the type that was passed.
- Reductions and functions along a dimension accept NumPy's names too: `axis` for `dim`, `keepdims` for
  `keepdim`, and `x` or `a` for `input`.

The `__all__` of a family lists the functions that torch has at top level; `mytorch` exports these. The
families that torch has in nn.functional (activations, losses, linear, embedding, …) are exported there in
the same way; relu, sigmoid and tanh are in both. All other functions are methods and operators of a tensor.
"""
