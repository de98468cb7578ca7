"""The record of a run, a self-test or a calibration, and the files that are made from it.

Called by running.run and by the commands, which print some of the tables.
"""
