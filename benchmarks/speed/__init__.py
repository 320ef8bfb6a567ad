"""What `benchmarks/bench.py` measures: pieces of work, their sides, and what becomes of the times."""
