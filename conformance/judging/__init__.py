"""Compares a subject's traces with the oracle's, and makes verdicts of it.

The entry is `sample_judge`: `prepare` a sample once, then `judge_sample` for each subject.
"""
