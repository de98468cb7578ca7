"""Draws samples: each is a text, from which every bit of its arrays follows.

Called by running.plan and the calibration for the samples, and by subjects.protocol for the arrays.
"""
