"""How each op's gradient is made of ops that have gradients themselves: what `create_graph=True` records.

A formula takes what the op left behind (`Past`) and the gradient of its output, both as tensors with their
histories, and returns the gradients of its inputs. As in `Op.backward`, an entry may be None, or a
function that is called only where the gradient is needed. The engine undoes broadcasting and casts.
"""
