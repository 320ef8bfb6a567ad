"""The global low-complexity alignment hypothesis: one simple map, good for every item."""
