"""Implementations, which can run a case: the protocol, the reference, and mytorch.

Called by judging, which gives each a task and gets a trace.
"""
