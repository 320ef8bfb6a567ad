"""Intervals, tests and verdicts: what it takes to read a number."""
