"""Intervals, tests and verdicts: what is needed to interpret a number."""
