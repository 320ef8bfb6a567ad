"""Page 13: time and memory compared with other packages, as measured by `benchmarks/bench.py`."""
