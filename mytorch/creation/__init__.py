"""Functions that make tensors: from data, filled, like another tensor, of ranges, and at random.

The text of a function says only what differs from these rules:

- Sizes are given one by one, as one tuple, or as a tuple named `size`. RuntimeError: a size is negative.
  TypeError: a size is not an integer.
- `dtype` is the default floating dtype if it is not given.
- `device` is "cpu" or None. AssertionError: another device.
- With `requires_grad` the ops on the tensor are recorded. RuntimeError: the dtype is not floating.
- `generator` is the stream that random numbers are drawn from, the default one if it is not given.
- `input` is a Tensor of any shape, which gives shape and dtype. TypeError: it is not a Tensor.
"""
