"""Page 13: time and memory beside other packages, as measured by `benchmarks/bench.py`."""
