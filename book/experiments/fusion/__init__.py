"""The fusion that needs no training, beside its members, its controls and what is trained."""
