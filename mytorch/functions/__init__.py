"""The public functions, one module per family; `mytorch.ops` has the same families under the same names.

A function checks its arguments, raises the class of exception that torch raises for bad ones, and applies an
op of its family. Its text says only what differs from these rules:

- `input` is a Tensor of any shape and any dtype, like every argument that is annotated as one. The result
  is a new Tensor through which gradients flow, or a view where the text says so. TypeError: an argument is
  not a Tensor, an operand is neither a Tensor nor a Python scalar, or a dimension or a size is not an
  integer. The message gives the function, the argument and the type that was passed.
- An elementwise function of one operand returns a tensor of its shape and dtype. Two operands are broadcast
  to one shape and promoted to one dtype, those of the result; one of them may be a Python scalar.
  RuntimeError: the shapes do not broadcast.
- `dim` is a dimension, counted from 0, or from the end if it is negative. A reduction takes one dimension,
  several as a tuple, or None for all; with `keepdim` the reduced dimensions stay, with size 1. IndexError: a
  dimension is out of range. RuntimeError: a dimension is repeated.
- Reductions and functions along a dimension accept NumPy's names too: `axis` for `dim`, `keepdims` for
  `keepdim`, `x`, `a` or `x1` for `input`, and `x2` for `other`.
- `inplace` writes the result of an activation into `input`, which is then returned.
- A loss is a 0-dim tensor; with `reduction="none"` it has the shape of the elements or samples that it
  measures. `size_average` and `reduce` are torch's deprecated spelling of `reduction`; leave them out.

The `__all__` of a family lists the functions that torch has at top level; `mytorch` exports these. The
families that torch has in nn.functional (activations, losses, linear, embedding, …) are exported there in
the same way; relu, sigmoid and tanh are in both. All other functions are methods and operators of a tensor.
"""
