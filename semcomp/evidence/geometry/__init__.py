"""How two sets of item vectors compare, and how one fills its space."""
