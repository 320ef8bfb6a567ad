"""What two and more rankings find together: overlap, hits, oracles, fusions, nulls."""
