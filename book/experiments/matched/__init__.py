"""Fusion and alignment, matched factor by factor, on every data set."""
