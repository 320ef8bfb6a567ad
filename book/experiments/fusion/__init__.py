"""The fusion in closed form, with its members, its controls and what is trained."""
