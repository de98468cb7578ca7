"""Compares a subject's traces with the oracle's, and makes verdicts of it.

`prepared.prepare` a sample once, then `sample_judge.judge_sample` for each subject.
"""
