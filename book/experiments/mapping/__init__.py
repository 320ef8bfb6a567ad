"""Page 11: what of the collaborative vectors can be mapped from text, and what is private to each view."""
