"""Where the judge's constants come from: the measured errors of correct implementations.

Called by the `calibrate` command; run.calibrate returns the constants with their evidence.
"""
