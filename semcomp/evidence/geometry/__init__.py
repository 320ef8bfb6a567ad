"""How two sets of item vectors lie to each other, and how one fills its space."""
