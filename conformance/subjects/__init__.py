"""Implementations, which can run a case: the protocol, the reference, and mytorch.

Called by judging, which gives each a task and gets a trace. How frameworks lay out recurrent parameters is
here too, for their implementations and for the conversion of checkpoints (layouts, convert).
"""
