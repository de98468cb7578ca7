"""Compares a subject's answers with the oracle's: what is expected, and the verdicts."""
