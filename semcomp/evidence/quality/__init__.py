"""How good a ranking is, by more than one measure."""
